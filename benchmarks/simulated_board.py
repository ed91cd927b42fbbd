# SPDX-License-Identifier: BSD-3-Clause
"""How fast the simulated board runs, and how well RTL and link use their cycles and bytes.

Speeds of the simulation are wall time on this machine; everything else counts board cycles and bytes.

    python benchmarks/simulated_board.py [--json FILE] [--only NAME ...]
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ohmloop._map import BAUD, CLK_HZ, Opcode, Register, Status
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    Identity,
    TableWriteRequest,
    VectorReply,
    VectorRequest,
    largest_reply_words,
    pack_inputs,
    pack_words,
    unpack_words,
)
from ohmloop.link.session import Reply, Request, Session
from ohmloop.link.wires.base import WireContext, WireUrl
from ohmloop.link.wires.sim import SimWire, open_wire
from ohmloop.profile import load_profile

PROFILE = "rrm-40nm-esgnn2023"
LINE_BITS_PER_BYTE = 10  # start, eight data, stop
ADCS = (1, 8, 64)


@dataclass(frozen=True, slots=True)
class Product:
    """One kind of MAC product: a window at the array's corner, unsigned inputs."""

    rows: int
    columns: int
    bits: int
    width_bits: int = 24

    @property
    def result_bytes(self) -> int:
        """Useful bytes of one result vector."""
        return self.columns * self.width_bits // 8

    def ideal_cycles(self, macro_lanes: int, adc_lanes: int) -> float:
        """Cycles that the array, the converters or the words of one product need at least."""
        groups = math.ceil(self.columns / macro_lanes)
        request = math.ceil(self.rows * self.bits / 32)
        reply = math.ceil(self.columns * self.width_bits / 32)
        return max(self.rows * groups, self.columns * self.bits / adc_lanes, request, reply)

    def request(self, vectors: int, index: int, read_code: int, seed: int) -> VectorRequest:
        """A request of random vectors."""
        x = np.random.default_rng(seed).integers(0, 1 << self.bits, (vectors, self.rows)).astype(np.int16)
        return VectorRequest(
            Opcode.MAC, 0, Axis(0, self.rows), Axis(0, self.columns), read_code, index, range=0,
            bits=self.bits, width_bits=self.width_bits, count=vectors,
            vectors=pack_inputs(x, self.bits, False).tobytes(),
        )  # fmt: skip

    def vectors_a_frame(self, max_payload: int) -> int:
        """Vectors whose request and reply fit a frame."""
        request = (max_payload // 4 - 9 - 32) // math.ceil(self.rows * self.bits / 32)
        reply_bits = 8 * (max_payload - 64)
        return max(
            1,
            min(request, reply_bits // (32 * math.ceil(self.columns * self.width_bits / 32) + self.columns)),
        )


@contextmanager
def board(options: str = "") -> Iterator[tuple[SimWire, Session, Identity]]:
    """A simulated board with profile and cells loaded, and its session."""
    profile = load_profile(PROFILE)
    wire = open_wire(WireUrl.parse(f"sim://?{options}"), WireContext("tmp:benchmark", profile))
    session = Session(wire, timeout_s=60.0)
    try:
        identity = session.hello()
        load(session, identity)
        yield wire, session, identity
    finally:
        session.close()


def load(session: Session, identity: Identity) -> None:
    """Loads the profile's tables and registers, the read limit, and cells with published statistics."""
    profile = load_profile(PROFILE)
    requests: list[Request] = [
        (Opcode.REG_WRITE, pack_words(register, value & 0xFFFF_FFFF), 3)
        for register, value in profile.emulator_registers(1, 2).items()
    ]
    requests.append((Opcode.REG_WRITE, pack_words(Register.LIMIT_READ_V, 65_535), 3))
    for table, values in profile.tables().items():
        for first in range(0, len(values), 200):
            part = np.asarray(values[first : first + 200], np.int32)
            requests.append((Opcode.TABLE_WRITE, TableWriteRequest(table, 0, first, part).encode(), 3))
    macro = identity.macros[0]
    g_codes = np.random.default_rng(1).integers(4, 700, (macro.rows, macro.columns)).astype(np.uint16)
    for row in range(macro.rows):
        cells = CellRequest(0, Axis(row, 1), Axis(0, macro.columns), g_codes[row : row + 1])
        requests.append((Opcode.CELL_LOAD, cells.encode(), 3))
    check(session.execute(requests))


def check(replies: Iterator[Reply]) -> int:
    """Consumes replies, all of which must be OK; returns how many there were."""
    count = 0
    for reply in replies:
        if reply.status != Status.OK:
            raise RuntimeError(f"{Status(reply.status).name}: {unpack_words(bytes(reply.payload))}")
        count += 1
    return count


def stream(product: Product, identity: Identity, vectors: int) -> list[Request]:
    """Requests of `vectors` products in all."""
    read_code = load_profile(PROFILE).volts_to_dac_codes(load_profile(PROFILE).read_v)
    each = min(vectors, product.vectors_a_frame(identity.max_payload))
    requests: list[Request] = []
    for first in range(0, vectors, each):
        request = product.request(min(each, vectors - first), first, read_code, first)
        requests.append((Opcode.MAC, request.encode(), largest_reply_words(request)))
    return requests


def speed(product: Product, vectors: int, repeats: int = 3) -> dict[str, float]:
    """Simulated cycles and products a second of wall time; busy over ideal cycles."""
    with board() as (wire, session, identity):
        requests = stream(product, identity, vectors)
        check(session.execute(requests[:1]))
        runs = []
        for _ in range(repeats):
            session.call(Opcode.REG_WRITE, pack_words(Register.CONTROL, 1 << 2), 3)
            cycles, begin = wire.board.cycles, time.perf_counter()
            check(session.execute(requests))
            seconds, cycles = time.perf_counter() - begin, wire.board.cycles - cycles
            reply = session.call(Opcode.REG_READ, pack_words(Register.BUSY_CYCLES, 1), 3)
            runs.append((cycles / seconds, vectors / seconds, unpack_words(bytes(reply.payload))[0]))
        macro = identity.macros[0]
    ideal = vectors * product.ideal_cycles(macro.lanes, macro.adc_lanes)
    return {
        "cycles_per_s": statistics.median(run[0] for run in runs),
        "products_per_s": statistics.median(run[1] for run in runs),
        "busy_over_ideal": ideal / runs[0][2],
        "cycles_per_product": runs[0][2] / vectors,
    }


def serial_stream(product: Product, vectors: int, baud: int = BAUD) -> dict[str, float]:
    """Products a second of board time on a bit-true serial line, and the use of its bytes.

    Counted from the first reply to the last: whole replies, result bytes over all byte times of the line.
    """
    options = f"rows=128&columns=64&lanes=64&payload=4096&front=uart&baud={baud}"
    with board(options) as (wire, session, identity):
        requests = stream(product, identity, vectors)
        ends: list[tuple[int, int]] = []
        saturated = 0
        for (_, payload, _), reply in zip(requests, session.execute(requests), strict=True):
            if reply.status != Status.OK:
                raise RuntimeError(Status(reply.status).name)
            count = int.from_bytes(payload[16:18], "little")
            decoded = VectorReply.decode(bytes(reply.payload), (count, product.columns), product.width_bits)
            saturated += int(np.count_nonzero(decoded.saturated))
            ends.append((wire.board.cycles, count))
    cycles = ends[-1][0] - ends[0][0]
    products = sum(count for _, count in ends[1:])
    line_bytes = cycles / CLK_HZ * baud / LINE_BITS_PER_BYTE
    return {
        "products_per_s": products * CLK_HZ / cycles,
        "useful_bytes_over_line_bytes": products * product.result_bytes / line_bytes,
        "frames": len(ends),
        "saturated": saturated,
    }


def front_end(product: Product) -> dict[str, float]:
    """Products a second with the profile's front-end timing, for several numbers of converters."""
    profile = load_profile(PROFILE)
    return {
        f"products_per_s_{adcs}_adcs": 1
        / profile.product_seconds(product.columns, bits=product.bits, adcs=adcs)
        for adcs in ADCS
    }


MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = {
    "MAC 512 x 512, 8 bits, 64 lanes": lambda: speed(Product(512, 512, 8), 600),
    "MAC 50 x 50, 4 bits, 64 lanes": lambda: speed(Product(50, 50, 4, 16), 20_000),
    "MAC 98 x 32, 3 bits, 3 Mbaud, bit-true": lambda: serial_stream(Product(98, 32, 3), 1200),
    "MAC 64 x 64, 4 bits, 3 Mbaud, bit-true": lambda: serial_stream(Product(64, 64, 4, 16), 1200),
    "MAC 98 x 32, 3 bits, front-end timing": lambda: front_end(Product(98, 32, 3)),
}


def main() -> None:
    """Runs the measurements and prints a line for each figure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", metavar="FILE", help="write the figures there too")
    parser.add_argument(
        "--only", nargs="*", default=[], metavar="NAME", help="measurements whose name holds this"
    )
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for name, measure in MEASUREMENTS.items():
        if arguments.only and not any(part in name for part in arguments.only):
            continue
        figures[name] = measure()
        for figure, value in figures[name].items():
            print(f"{name:42} {figure:32} {value:14.4g}", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=2)


if __name__ == "__main__":
    main()

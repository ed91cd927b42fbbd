# SPDX-License-Identifier: BSD-3-Clause
"""A board behind an AXI DMA: how well the streams use their beats, how fast products come, what holds them.

Everything counts clk cycles of the verilated board; the DMA is ours, in RTL. An access of the processor to a
register or a buffer lets a stated time of the board pass: 5 us on the board itself (ohmloop-boardd, assumed),
0.4 ms over the network (pynq.remote; 0.36 to 0.45 ms were measured on loopback). What Python does between
accesses and a real memory's latency (20 cycles here) are not in it.

    python benchmarks/dma_path.py [--json FILE] [--only NAME ...] [--products N]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ohmloop._map import CLK_HZ, Opcode, Register, Window
from ohmloop.boardd import ADDRESS, CONTROL, LENGTH, MM2S, RUN, S2MM, DmaStream
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import HelloRequest, pack_words, unpack_words
from ohmloop.link.session import Session
from ohmloop.link.wires.pynq import PynqWire
from simulated_board import Product, check, load, stream

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fpga" / "sim" / "axi"))
from axi_board import DMA, MEMORY_BASE, WINDOW, AxiBoard, Probe

GEOMETRY = {"ROWS": 128, "COLS": 64, "LANES": 16, "ADC_LANES": 4}
PRODUCT = Product(98, 32, 3)
PAYLOAD = bytes(4096)
FRAMES = 5  # full frames that requests' and replies' rings hold
UP = MEMORY_BASE + (1 << 20)


class Processor:
    """Registers and buffers of one board; every access costs `access_s` of its time.

    Attributes:
        accesses: how many there were.
    """

    def __init__(self, access_s: float) -> None:
        self.axi = AxiBoard(GEOMETRY)
        self.accesses = 0
        self._cycles = round(access_s * CLK_HZ)
        self._free_at = MEMORY_BASE

    def passes(self) -> None:
        """One access: counted, and the board's time passes."""
        self.accesses += 1
        self.axi.run(self._cycles)

    def allocate(self, size: int) -> Buffer:
        """A buffer that the DMA reaches."""
        address, self._free_at = self._free_at, self._free_at + -(-size // 4096) * 4096
        return Buffer.of(self, address, size)


class Registers:
    """A stretch of registers."""

    def __init__(self, processor: Processor, base: int) -> None:
        self._processor, self._base = processor, base

    def read(self, offset: int) -> int:
        """Reads a register."""
        self._processor.passes()
        return self._processor.axi.read(self._base + offset)

    def write(self, offset: int, value: int) -> None:
        """Writes a register."""
        self._processor.passes()
        self._processor.axi.write(self._base + offset, value)


class Buffer(np.ndarray):
    """A buffer as pynq.remote has it: its contents are one access, its caches another."""

    @classmethod
    def of(cls, processor: Processor, address: int, size: int) -> Buffer:
        """A buffer at `address`."""
        buffer = np.zeros(size, np.uint8).view(cls)
        buffer.processor, buffer.physical_address = processor, address
        buffer.memory = processor.axi.memory[address - MEMORY_BASE :][:size]
        return buffer

    def flush(self) -> None:
        """To memory."""
        self.processor.passes()
        self.memory[:] = self
        self.processor.passes()

    def invalidate(self) -> None:
        """From memory."""
        self.processor.passes()
        self.processor.passes()
        self[:] = self.memory

    def freebuffer(self) -> None:
        """Nothing is kept here."""


def transfer_down(axi: AxiBoard, data: bytes, cycles: int) -> None:
    """One transfer of commands, and time."""
    axi.memory[: len(data)] = np.frombuffer(data, np.uint8)
    axi.write(DMA + MM2S + ADDRESS, MEMORY_BASE)
    axi.write(DMA + MM2S + LENGTH, len(data))
    axi.run(cycles)


def transfer_up(axi: AxiBoard, cycles: int) -> bytes:
    """One transfer of replies, after some time."""
    axi.write(DMA + S2MM + ADDRESS, UP)
    axi.write(DMA + S2MM + LENGTH, 1 << 16)
    axi.run(cycles)
    return axi.memory[UP - MEMORY_BASE :][: axi.read(DMA + S2MM + LENGTH)].tobytes()


def beats(_products: int) -> dict[str, float]:
    """Use of the streams by full frames: payload over beats, beats over cycles, each way."""
    axi = AxiBoard(GEOMETRY)
    for channel in (MM2S, S2MM):
        axi.write(DMA + channel + CONTROL, RUN)
    transfer_down(
        axi, Frame(Opcode.HELLO, 1, 0, HelloRequest(0x10001, b"").encode(), urgent=True).encode(), 500
    )
    epoch = decode(transfer_up(axi, 500)).epoch
    frames = [Frame(Opcode.PING, number, epoch, PAYLOAD).encode() for number in range(FRAMES)]
    figures: dict[str, float] = {}
    ways = (
        ("down", Probe.WORDS_IN, Probe.FIRST_WORD_IN, Probe.LAST_WORD_IN),
        ("up", Probe.WORDS_OUT, Probe.FIRST_WORD_OUT, Probe.LAST_WORD_OUT),
    )
    for way, words, first, last in ways:
        axi.mark()
        before = axi.probe(words)
        if way == "down":
            transfer_down(axi, b"".join(frames), 50_000)  # no transfer of replies is armed: they wait
        elif len(transfer_up(axi, 10_000)) != sum(map(len, frames)):
            raise RuntimeError("the replies did not come in one packet")
        moved, cycles = axi.probe(words) - before, axi.probe(last) - axi.probe(first) + 1
        figures |= {
            f"{way}_payload_bytes_a_beat": FRAMES * len(PAYLOAD) / moved,
            f"{way}_payload_over_beats": FRAMES * len(PAYLOAD) / (4 * moved),
            f"{way}_beats_over_cycles": moved / cycles,
            f"{way}_payload_over_wire_cycles": FRAMES * len(PAYLOAD) / (4 * cycles),
        }
    axi.free()
    return figures


def products(count: int, access_s: float) -> dict[str, float]:
    """Products a second of board time through the DMA, and where the time went: shares of the whole run."""
    processor = Processor(access_s)
    axi, window = processor.axi, Registers(processor, WINDOW)
    link = DmaStream(
        Registers(processor, DMA), window, processor.allocate, 4 * axi.read(WINDOW + Window.PACKET_WORDS)
    )
    session = Session(PynqWire("pynq://model", link, give_back=lambda: None), timeout_s=300.0)
    identity = session.hello()
    load(session, identity)
    requests = stream(PRODUCT, identity, count)
    session.call(Opcode.REG_WRITE, pack_words(Register.CONTROL, 1 << 2), 3)
    before = {
        name: axi.read(WINDOW + name) for name in (Window.WORDS_IN, Window.WORDS_OUT, Window.PACKETS_OUT)
    }
    accesses, begin = processor.accesses, axi.cycles
    check(session.execute(requests))
    cycles, accesses = axi.cycles - begin, processor.accesses - accesses
    counted = {name: axi.read(WINDOW + name) - value for name, value in before.items()}
    reply = session.call(Opcode.REG_READ, pack_words(Register.BUSY_CYCLES, 1), 3)
    busy = unpack_words(bytes(reply.payload))[0]
    macro = identity.macros[0]
    axi.free()
    shares = {
        "accesses": accesses * access_s * CLK_HZ / cycles,
        "board_busy": busy / cycles,
        "array_and_converters": count * PRODUCT.ideal_cycles(macro.lanes, macro.adc_lanes) / cycles,
        "beats_down": counted[Window.WORDS_IN] / cycles,
        "beats_up": counted[Window.WORDS_OUT] / cycles,
    }
    return {
        "products_per_s": count * CLK_HZ / cycles,
        "macs_per_s": count * PRODUCT.rows * PRODUCT.columns * CLK_HZ / cycles,
        "products_a_packet_up": count / counted[Window.PACKETS_OUT],
        "accesses_a_packet_up": accesses / counted[Window.PACKETS_OUT],
        **{f"share_{name}": share for name, share in shares.items()},
    }


MEASUREMENTS: dict[str, Callable[[int], dict[str, float]]] = {
    "streams, full frames": beats,
    "98 x 32, 3 bits, free accesses": lambda count: products(count, 0.0),
    "98 x 32, 3 bits, 5 us an access": lambda count: products(count, 5e-6),
    "98 x 32, 3 bits, 0.4 ms an access": lambda count: products(count, 4e-4),
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
    parser.add_argument("--products", type=int, default=4000, help="products of a run")
    arguments = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for name, measure in MEASUREMENTS.items():
        if arguments.only and not any(part in name for part in arguments.only):
            continue
        figures[name] = measure(arguments.products)
        for figure, value in figures[name].items():
            print(f"{name:36} {figure:32} {value:14.4g}", flush=True)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: BSD-3-Clause
"""Vocabulary of the system tests: a board at the end of a packet wire, spoken to frame by frame."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ohmloop._map import Opcode, Register, Status, Table
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import (
    ArmRequest,
    Axis,
    CellRequest,
    HelloRequest,
    Identity,
    PulseRequest,
    TableWriteRequest,
    VectorRequest,
    limits_hash,
    pack_words,
    unpack_words,
)
from ohmloop.link.wires import Wire, WireContext, open_wire
from ohmloop.profile import Profile, load_profile

SMALL = "rows=64&columns=64&lanes=16&adc_lanes=4&payload=4096"
LIMITS = (60_000, 49_000, 50_000, 40_000, 65_000, 100_000)  # FORM, SET, RESET, READ, GATE codes; WIDTH cycles
CHUNK = 256  # table entries a request
REPLY_LIMIT_S = 0.5  # board time


class Peer:
    """One open epoch on a packet wire: numbered requests, one at a time, each answered before the next."""

    def __init__(self, wire: Wire, nonce: int = 0x1234_5678) -> None:
        self.wire = wire
        self.hello(nonce)

    def hello(self, nonce: int) -> Identity:
        self.epoch, self.sequence = nonce & 0xFFFF, 0
        request = HelloRequest(nonce, b"sample").encode()
        reply = self.urgent(Opcode.HELLO, request)
        assert reply.status == Status.OK
        self.identity = Identity.decode(reply.payload)
        return self.identity

    def urgent(self, opcode: Opcode, payload: bytes = b"") -> Frame:
        self.wire.write(Frame(opcode, 0x7777, self.epoch, payload, urgent=True).encode())
        return self.reply_to(0x7777, urgent=True)

    def send(self, opcode: int, payload: bytes) -> int:
        sequence = self.sequence
        self.wire.write(Frame(opcode, sequence, self.epoch, payload, acknowledge=sequence).encode())
        self.sequence = (sequence + 1) & 0xFFFF
        return sequence

    def reply_to(self, sequence: int, *, urgent: bool = False) -> Frame:
        frame = self.frame()
        assert (frame.sequence, frame.urgent, frame.reply) == (sequence, urgent, True)
        return frame

    def frame(self) -> Frame:
        data = self.wire.read(REPLY_LIMIT_S)
        assert data, "no answer"
        return decode(data)

    def call(self, opcode: int, payload: bytes = b"") -> Frame:
        return self.reply_to(self.send(opcode, payload))

    def ok(self, opcode: int, payload: bytes = b"") -> bytes:
        reply = self.call(opcode, payload)
        assert reply.status == Status.OK, (Status(reply.status), unpack_words(reply.payload))
        return reply.payload

    def write_registers(self, values: dict[Register, int]) -> None:
        for register, value in values.items():
            self.ok(Opcode.REG_WRITE, pack_words(register, value & 0xFFFF_FFFF))

    def read_register(self, register: Register) -> int:
        (value,) = unpack_words(self.ok(Opcode.REG_READ, pack_words(register, 1)))
        return value

    def write_table(self, table: Table, values: np.ndarray) -> None:
        for first in range(0, len(values), CHUNK):
            part = np.asarray(values[first : first + CHUNK], np.int32)
            self.ok(Opcode.TABLE_WRITE, TableWriteRequest(table, 0, first, part).encode())

    def load_profile(self, profile: Profile, chip_seed: int = 1, noise_seed: int = 2) -> None:
        self.write_registers(profile.emulator_registers(chip_seed, noise_seed))
        for table, values in profile.tables().items():
            self.write_table(table, values)

    def load_cells(self, g_codes: np.ndarray) -> None:
        step = max(1, self.identity.max_payload // 4 // (g_codes.shape[1] // 2 + 16))
        for first in range(0, len(g_codes), step):
            part = np.ascontiguousarray(g_codes[first : first + step], np.uint16)
            axes = Axis(first, len(part)), Axis(0, part.shape[1])
            self.ok(Opcode.CELL_LOAD, CellRequest(0, *axes, part).encode())

    def set_limits(self, limits: tuple[int, ...] = LIMITS) -> None:
        self.ok(Opcode.REG_WRITE, pack_words(Register.LIMIT_FORM_V, *limits))

    def arm(self, **changes: object) -> None:
        self.ok(Opcode.ARM, arm_request(self.identity, **changes).encode())

    def vector(self, request: VectorRequest) -> Frame:
        return self.call(request.opcode, request.encode())

    def pulse(self, request: PulseRequest) -> Frame:
        return self.call(Opcode.PULSE, request.encode())


def arm_request(identity: Identity, **changes: object) -> ArmRequest:
    """A token for the whole array and both operations; the limits are those of `set_limits`."""
    from ohmloop._map import Pulse

    macro = identity.macros[0]
    fields: dict[str, object] = {
        "limits_hash": limits_hash(LIMITS),
        "kinds": frozenset(Pulse),
        "macro": 0,
        "max_pulses": 10_000_000,
        "max_voltage_code": 65_535,
        "expiry_units": 2**31,
        "rows": Axis(0, macro.rows),
        "columns": Axis(0, macro.columns),
    }
    return ArmRequest(**{**fields, **changes})  # type: ignore[arg-type]


def nonces() -> Iterator[int]:
    """Nonces whose low halves differ."""
    return itertools.count(0x1001)


@contextmanager
def opened(url: str, chip: str | None = "tmp:system", profile: str | None = "ideal") -> Iterator[Wire]:
    """A wire, closed at the end; the chip is thrown away with it."""
    wire = open_wire(url, WireContext(chip, load_profile(profile) if profile else None))
    try:
        yield wire
    finally:
        wire.close()


@contextmanager
def peers(options: str = SMALL, profile: str = "ideal", **how: object) -> Iterator[tuple[Peer, Peer]]:
    """The same board twice: simulated Verilog and twin."""
    with opened(f"sim://?{options}&boot=7", profile=profile) as sim:
        with opened(f"twin://?{options}&boot=7", profile=profile) as twin:
            yield Peer(sim, **how), Peer(twin, **how)  # type: ignore[arg-type]

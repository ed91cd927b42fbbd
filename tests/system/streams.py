# SPDX-License-Identifier: BSD-3-Clause
"""Random command streams: hypothesis strategies for requests that a board takes, and for ones it must not."""

from dataclasses import dataclass

import numpy as np
from boards import LIMITS
from hypothesis import strategies as st

from ohmloop._map import Opcode, Pulse, Register, Table
from ohmloop.link.messages import (
    TABLE_SIZES,
    ArmRequest,
    Axis,
    CellRequest,
    EnvRequest,
    Point,
    PulseRequest,
    SweepRequest,
    TableWriteRequest,
    VectorRequest,
    limits_hash,
    pack_inputs,
    pack_words,
)

SAFE_TABLES = (Table.U, Table.V, Table.GAIN, Table.OFFSET, Table.INL, Table.DARK, Table.CORRECTION)
INDEX = st.integers(0, 2**64 - 1)


@dataclass(frozen=True)
class Command:
    """A request as it goes to both boards; `urgent` ones carry no number."""

    opcode: int
    payload: bytes
    urgent: bool = False

    def __repr__(self) -> str:
        name = Opcode(self.opcode).name if self.opcode in set(Opcode) else hex(self.opcode)
        return f"{name}({self.payload.hex(' ', 4)})"


@st.composite
def axes(draw: st.DrawFn, lines: int, *, even: bool = False) -> Axis:
    """An axis inside the macro: contiguous, strided or a bitmap."""
    kind = draw(st.sampled_from(("block", "stride", "bitmap")))
    if kind == "bitmap":
        chosen = draw(st.sets(st.integers(0, lines - 1), min_size=2, max_size=lines))
        ordered = sorted(chosen)
        return Axis.from_lines(np.array(ordered[: len(ordered) & ~1] if even else ordered))
    stride = draw(st.integers(1, 9)) if kind == "stride" else 1
    start = draw(st.integers(0, lines - 1 - stride * even))
    most = (lines - 1 - start) // stride + 1
    count = draw(st.integers(1, most))
    return Axis(start, max(2, count & ~1) if even else count, stride)


@st.composite
def vector_requests(draw: st.DrawFn, lines: int, opcode: Opcode) -> VectorRequest:
    """MAC, MAC_RAW or READ_CELLS with every field in use."""
    mac, raw, cells = (opcode == o for o in (Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS))
    bits = 1 if cells else draw(st.integers(1, 8))
    signed = not cells and draw(st.booleans())
    pairs = mac and draw(st.booleans())
    reference = not cells and draw(st.integers(0, 5)) == 0
    rows, columns = draw(axes(lines)), draw(axes(lines, even=pairs))
    count = 0 if cells else draw(st.integers(1, 5))
    vectors = b""
    if count and not reference:
        top = (1 << bits) - 1
        codes = st.sampled_from((0, 1, top, -top if signed else top)) | st.integers(
            -top if signed else 0, top
        )
        pool = draw(st.lists(codes, min_size=1, max_size=24))
        x = np.resize(np.array(pool, np.int16), (count, rows.count))
        vectors = pack_inputs(x, bits, signed).tobytes()
    return VectorRequest(
        opcode=opcode, macro=0, rows=rows, columns=columns, vectors=vectors, count=count, bits=bits,
        signed=signed, pairs=pairs, reference=reference,
        read_code=draw(st.sampled_from((2621, 2622, 500, 40_000, 39_999))),
        level=draw(st.integers(-2000, 2000)),
        operation_index=draw(INDEX), range=draw(st.integers(0, 3)),
        averages_log2=0 if raw else draw(st.sampled_from((0, 0, 0, 1, 2, 4))),
        width_bits=draw(st.sampled_from((16, 24, 32))),
        polarity=draw(st.integers(0, 1)), idle=draw(st.integers(0, 2)),
    )  # fmt: skip


@st.composite
def pulse_requests(draw: st.DrawFn, lines: int) -> PulseRequest:
    """A pulse of any kind, mostly inside the limits of `LIMITS`."""
    return PulseRequest(
        kind=draw(st.sampled_from(Pulse)), macro=0,
        voltage_code=draw(st.integers(0, 65_535) | st.integers(42_000, 50_000)),
        gate_code=draw(st.sampled_from((0, 13_107, 20_000, 40_000, 65_000, 65_001))),
        width_cycles=draw(st.integers(1, 40) | st.integers(1, 1200)),
        operation_index=draw(INDEX), pulses=draw(st.integers(1, 3)),
        rows=draw(axes(min(lines, 8))), columns=draw(axes(lines)),
        polarity=draw(st.integers(0, 1)), idle=draw(st.integers(0, 2)),
    )  # fmt: skip


@st.composite
def arm_requests(draw: st.DrawFn, lines: int) -> ArmRequest:
    """A token; most are wide enough for something."""
    whole = Axis(0, lines)
    return ArmRequest(
        limits_hash=limits_hash(LIMITS) ^ draw(st.sampled_from((0, 0, 0, 0, 1))),
        kinds=draw(st.frozensets(st.sampled_from(list(Pulse)))), macro=0,
        max_pulses=draw(st.sampled_from((100, 10_000, 10_000_000))),
        max_voltage_code=draw(st.sampled_from((45_000, 65_535))), expiry_units=2**31,
        rows=draw(st.just(whole) | axes(lines)), columns=draw(st.just(whole) | axes(lines)),
    )  # fmt: skip


def halves(low: st.SearchStrategy[int], high: st.SearchStrategy[int]) -> st.SearchStrategy[int]:
    """A register of two fields of 16 bits."""
    return st.tuples(low, high).map(lambda pair: pair[0] | pair[1] << 16)


@st.composite
def physics_writes(draw: st.DrawFn) -> bytes:
    """Registers of the programming physics, mostly in the ranges where cells differ."""
    any16, share, voltage = (
        st.integers(0, 65_535),
        st.sampled_from((0, 9000, 30_000)),
        st.integers(20_000, 50_000),
    )
    damage, spread = st.sampled_from((0, 44_000, 48_000, 65_535)), st.integers(0, 3000) | any16
    choices = {
        Register.EMU_PHYSICS: halves(
            st.tuples(st.integers(0, 3), st.integers(0, 63)).map(lambda t: t[0] | t[1] << 8), damage
        ),
        Register.EMU_STUCK: halves(share, share | any16),
        Register.EMU_LEAKY: halves(share | any16, st.integers(0, 1023)),
        Register.EMU_SET_DRIVE: halves(voltage | any16, st.integers(0, 3000) | any16),
        Register.EMU_SET_STEP: halves(spread, spread),
        Register.EMU_SET_LEVEL: halves(st.sampled_from((0, 13_107, 19_000)), st.integers(0, 2000) | any16),
        Register.EMU_LEVEL_SPREAD: halves(spread, spread),
        Register.EMU_STEP: halves(spread, share | any16),
        Register.EMU_RTN: halves(share | any16, share | any16),
        Register.EMU_WANDER: halves(spread, spread),
        Register.EMU_WEAR: st.sampled_from((0, 1 << 28, 1 << 31, (1 << 32) - 1)),
        Register.EMU_DAMAGE: halves(damage, damage),
        Register.EMU_DISTURB: halves(st.sampled_from((0, 0, 20_000, 65_535)), any16),
        Register.EMU_SWEEP: halves(
            st.sampled_from((0, 300, 65_535)), st.sampled_from((0, 0, 1, 4000)) | any16
        ),
        Register.EMU_DRIFT: halves(st.integers(0, 3000) | any16, spread),
        Register.EMU_RESET_SLOPE_V: st.integers(0, 3000),
        Register.EMU_STRESS_ORIGIN: st.integers(0, 4000),
    }
    register = draw(st.sampled_from(list(choices)))
    return pack_words(register, draw(choices[register]))


@st.composite
def register_writes(draw: st.DrawFn) -> bytes:
    """Emulator registers that change what a conversion does, and now and then a wrong address."""
    choices = {
        Register.EMU_READ_NOISE: st.sampled_from((0, 1311, 65_535)),
        Register.EMU_ADC_NOISE: st.sampled_from((0, 256, 65_535)),
        Register.EMU_ADC_MIN: st.sampled_from((-8192, -100, -(1 << 23))),
        Register.EMU_ADC_MAX: st.sampled_from((8191, 50, (1 << 23) - 1)),
        Register.EMU_RANGE_SHIFT: st.integers(0, 2**32 - 1),
        Register.EMU_READ_GAIN: st.integers(0, 2**32 - 1),
        Register.EMU_REFERENCE_UNIT: st.integers(0, 65_535),
        Register.EMU_FORMED_FLOOR: st.integers(0, 1023),
        Register.EMU_NOISE_SEED: st.integers(0, 2**32 - 1),
        Register.EMU_CHIP_SEED: st.integers(0, 2**32 - 1),
        Register.EMU_FLAGS: st.integers(0, 1),
        Register.EMU_RESET_SPREAD: st.integers(0, 65_535),
        Register.EMU_RESET_ONSET: st.integers(0, 65_535),
        Register.EMU_RESET_SLOPE_W: st.integers(0, 65_535),
        Register.EMU_STRESS_SLOPE: st.integers(0, 65_535),
        Register.LIMIT_READ_V: st.sampled_from((0, 40_000, 65_535)),
        Register.LIMIT_GATE_V: st.sampled_from((0, 65_000)),
        Register.LIMIT_LOCK: st.integers(0, 2),
        Register.CONTROL: st.sampled_from((1, 2, 2, 2)),
        Register.MAGIC: st.just(0),
    }
    register = draw(st.sampled_from(list(choices)))
    address = draw(st.sampled_from((register, register, register, register, register + 1, 0x100)))
    return pack_words(address, draw(choices[register]) & 0xFFFF_FFFF)


@st.composite
def table_writes(draw: st.DrawFn) -> TableWriteRequest:
    """A part of a table of the conversion."""
    table = draw(st.sampled_from(SAFE_TABLES))
    first = draw(st.integers(0, TABLE_SIZES[table]))
    values = draw(st.lists(st.integers(-(1 << 17), (1 << 17) - 1), max_size=8))
    return TableWriteRequest(table, 0, first, np.array(values, np.int32))


@st.composite
def cell_requests(draw: st.DrawFn, lines: int, *, load: bool) -> CellRequest:
    """CELL_LOAD or CELL_DUMP of a window."""
    rows, columns = draw(axes(min(lines, 12))), draw(axes(lines))
    if not load:
        return CellRequest(0, rows, columns)
    pool = draw(st.lists(st.integers(0, 1023), min_size=1, max_size=20))
    return CellRequest(0, rows, columns, np.resize(np.array(pool, np.uint16), (rows.count, columns.count)))


@st.composite
def env_requests(draw: st.DrawFn, lines: int) -> EnvRequest:
    """Time and reads on a window."""
    return EnvRequest(
        macro=0, log_seconds=draw(st.integers(0, 8000) | st.integers(0, 65_535)),
        reads=draw(st.sampled_from((0, 1000, 10_000_000, 2**32 - 1))), operation_index=draw(INDEX),
        rows=draw(axes(min(lines, 12))), columns=draw(axes(lines)),
    )  # fmt: skip


@st.composite
def points(draw: st.DrawFn) -> Point:
    """A point of SWEEP, on either side of the read limit of `LIMITS`."""
    low = st.sampled_from((0, 2622, 39_999, 40_000)) | st.integers(0, 40_000)
    high = st.sampled_from((40_001, 47_000)) | st.integers(40_001, 48_900)
    rare = draw(st.integers(0, 40)) == 0
    return Point(
        voltage_code=draw(st.integers(0, 65_535) if rare else low | high),
        gate_code=draw(st.sampled_from((0, 13_107, 20_000, 40_000, 65_000, 65_001 if rare else 64_999))),
        dwell_cycles=draw(st.integers(0 if rare else 1, 3) | st.integers(1, 300)),
        kind=draw(st.sampled_from((0, 1, 2, 3) if rare else (1, 2))), polarity=draw(st.integers(0, 1)),
    )  # fmt: skip


@st.composite
def sweep_requests(draw: st.DrawFn, lines: int) -> SweepRequest:
    """SWEEP of a few points on a few rows."""
    return SweepRequest(
        macro=0, rows=draw(axes(min(lines, 4))), columns=draw(axes(lines)),
        points=tuple(draw(st.lists(points(), min_size=1, max_size=5))), operation_index=draw(INDEX),
        range=draw(st.integers(0, 3)), width_bits=draw(st.sampled_from((16, 24, 32))),
        idle=draw(st.integers(0, 2)),
    )  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn, lines: int) -> Command:
    """A request with a word changed, cut or added: what a board refuses, it refuses for the same reason."""
    command = draw(wholesome(lines))
    words = bytearray(command.payload)
    how = draw(st.sampled_from(("change", "cut", "add")))
    if how == "add":
        return Command(command.opcode, bytes(words) + bytes(4))
    if how == "cut":
        return Command(command.opcode, bytes(words[: 4 * draw(st.integers(0, len(words) // 4))]))
    if words:
        place = 4 * draw(st.integers(0, min(len(words) // 4 - 1, 40)))
        bit = draw(st.integers(0, 31))
        words[place + bit // 8] ^= 1 << bit % 8
    return Command(command.opcode, bytes(words))


def wholesome(lines: int) -> st.SearchStrategy[Command]:
    """Requests of every kind, of right form."""
    vectors = [
        vector_requests(lines, opcode).map(lambda r: Command(r.opcode, r.encode()))
        for opcode in (Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS)
    ]
    return st.one_of(
        *vectors,
        vector_requests(lines, Opcode.MAC).map(lambda r: Command(r.opcode, r.encode())),
        pulse_requests(lines).map(lambda r: Command(Opcode.PULSE, r.encode())),
        pulse_requests(lines).map(lambda r: Command(Opcode.PULSE, r.encode())),
        arm_requests(lines).map(lambda r: Command(Opcode.ARM, r.encode())),
        register_writes().map(lambda p: Command(Opcode.REG_WRITE, p)),
        physics_writes().map(lambda p: Command(Opcode.REG_WRITE, p)),
        physics_writes().map(lambda p: Command(Opcode.REG_WRITE, p)),
        st.tuples(st.sampled_from((0x00, 0x40, 0x80)), st.integers(0, 8)).map(
            lambda t: Command(Opcode.REG_READ, pack_words(*t))
        ),
        table_writes().map(lambda r: Command(Opcode.TABLE_WRITE, r.encode())),
        cell_requests(lines, load=True).map(lambda r: Command(Opcode.CELL_LOAD, r.encode())),
        cell_requests(lines, load=False).map(lambda r: Command(Opcode.CELL_DUMP, r.encode())),
        sweep_requests(lines).map(lambda r: Command(Opcode.SWEEP, r.encode())),
        env_requests(lines).map(lambda r: Command(Opcode.ENV, r.encode())),
        st.binary(max_size=64).map(lambda b: Command(Opcode.PING, b[: len(b) & ~3])),
    )


def commands(lines: int) -> st.SearchStrategy[Command]:
    """Requests of every kind; one in six is damaged, few are urgent or unknown."""
    rare = st.one_of(
        st.just(Command(Opcode.DISARM, b"")),
        st.just(Command(Opcode.SAFE, b"", urgent=True)),
        st.just(Command(Opcode.HEARTBEAT, b"", urgent=True)),
        st.sampled_from((Opcode.SEARCH, Opcode.RUN, 0x7F)).map(lambda o: Command(o, b"\0\0\0\0")),
    )
    usual = wholesome(lines)
    return st.one_of(usual, usual, usual, usual, usual, damaged(lines), rare)

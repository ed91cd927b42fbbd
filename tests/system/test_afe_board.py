# SPDX-License-Identifier: BSD-3-Clause
"""The whole board at pin level: products, pulses, and every cause that makes it safe."""

from collections.abc import Iterator

import numpy as np
import pytest
from afe_system_bench import (
    CLEAR,
    LATCHED,
    LIMITS,
    READ_CODE,
    SETTLED,
    URL,
    WINDOW,
    afe_wire,
    cells,
    codes,
    cycles_s,
    goes_on,
    is_at_rest,
    pins_are_safe,
    products,
    pulse,
    quiet_profile,
    ready,
    seen_siemens,
)
from boards import Peer, arm_request

import ohmloop
from ohmloop._map import Opcode, Pulse, Register, Status
from ohmloop.cli.selftest import outcomes
from ohmloop.errors import LimitError
from ohmloop.link.frames import Frame
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    EnvRequest,
    Point,
    SweepRequest,
    VectorRequest,
    limits_hash,
    pack_words,
    unpack_words,
)
from ohmloop.link.packing import pack_inputs
from ohmloop.link.vectors import REPLY_HEAD_WORDS
from ohmloop.link.wires._sim_library import Probe
from ohmloop.link.wires.sim import AFE_COLUMNS, AFE_ROWS, SimWire

pytestmark = pytest.mark.slow  # its build is another board

EDGES = 1 << 8  # rule of the DACs: fewer than 24 edges
ALL = Axis(0, AFE_ROWS), Axis(0, AFE_COLUMNS)
STOP_CYCLES = 16  # from the last word of SAFE to the pins
FED_CYCLES = 100  # from the last word of a frame to the watchdog, and from there to the pins


@pytest.fixture
def wire() -> Iterator[SimWire]:
    with afe_wire() as wire:
        yield wire


@pytest.fixture
def peer(wire: SimWire) -> Peer:
    return ready(wire)


# Reading


def test_it_says_what_it_is(peer: Peer) -> None:
    identity = peer.identity
    assert (identity.emulated, identity.simulated, identity.analog_front_end) == (True, True, True)
    assert (identity.macros[0].rows, identity.macros[0].columns) == (AFE_ROWS, AFE_COLUMNS)


@pytest.mark.parametrize("signed", [False, True])
def test_a_product_is_the_nodal_solution_within_half_a_code_a_plane(peer: Peer, signed: bool) -> None:
    g = cells()
    peer.load_cells(g)
    seen = seen_siemens(g, slice(0, 50))[:50, :50]
    x = np.random.default_rng(1).integers(-15 if signed else 0, 16, (3, 50))
    got = products(peer, x, signed=signed)
    error = got - codes(x @ seen, 1)
    assert np.abs(error).max() <= 15 * (0.5 + SETTLED)
    ideal = codes(x @ (g[:50, :50] * 25e-9), 1)
    assert np.abs(ideal - got).max() > 20 * np.abs(error).max()  # lines and multiplexers take their part


def test_one_cell_at_a_time_and_the_reference(peer: Peer) -> None:
    g = cells()
    peer.load_cells(g)
    request = VectorRequest(Opcode.READ_CELLS, 0, Axis(7, 3), Axis(0, 50), READ_CODE, 1, range=3, bits=1)
    got = np.frombuffer(peer.ok(Opcode.READ_CELLS, request.encode()), np.int32)[REPLY_HEAD_WORDS:][
        :150
    ].reshape(3, 50)
    wanted = np.stack([codes(seen_siemens(g, slice(r, r + 1))[r, :50], 3) for r in (7, 8, 9)])
    assert np.abs(got - wanted).max() <= 0.5 + SETTLED
    reference = VectorRequest(
        Opcode.MAC, 0, *WINDOW, READ_CODE, 1, range=1, reference=True, level=100, count=1
    )
    read = np.frombuffer(peer.ok(Opcode.MAC, reference.encode()), np.int32)[REPLY_HEAD_WORDS:][:50]
    assert np.abs(read - 100 * 8192 / 1638.4).max() <= 0.5 + SETTLED


def test_an_amplifier_at_its_end_is_told(peer: Peer) -> None:
    peer.load_cells(np.full((AFE_ROWS, AFE_COLUMNS), 900))
    x = np.full((1, 50), 15)
    packed = pack_inputs(x, 4, False).tobytes()
    request = VectorRequest(Opcode.MAC, 0, *WINDOW, READ_CODE, 1, range=3, bits=4, count=1, vectors=packed)
    words = np.frombuffer(peer.ok(Opcode.MAC, request.encode()), np.uint32)[REPLY_HEAD_WORDS:]
    assert set(words[:50]) == {15 * 8191}
    assert sum(int(word).bit_count() for word in words[50:]) >= 50  # marks of saturation


def test_cells_are_loaded_and_dumped_and_time_is_refused(peer: Peer) -> None:
    g = cells(9)
    peer.load_cells(g)
    assert np.array_equal(dumped(peer, Axis(3, 2), Axis(1, 40)), g[3:5, 1:41])
    assert np.array_equal(dumped(peer), g)
    assert peer.call(Opcode.ENV, EnvRequest(0, 256, 0, 1, *WINDOW).encode()).status == Status.UNKNOWN_OPCODE


def test_selftest_is_green_at_pin_level() -> None:
    found = {outcome.name: outcome.colour for outcome in outcomes(URL, "rrm-40nm-esgnn2023")}
    assert {name for name, colour in found.items() if colour != "green"} == {"exact products"}
    assert found["exact products"] == "skipped" and len(found) == 13


def test_a_sweep_is_the_solution_at_the_voltage_of_each_point(peer: Peer) -> None:
    peer.load_cells(cells())
    points = (Point(READ_CODE, 20_000, 0), Point(2 * READ_CODE, 30_000, 0))
    request = SweepRequest(0, Axis(2, 1), Axis(0, 50), points, 1, range=3)
    got = np.frombuffer(peer.ok(Opcode.SWEEP, request.encode()), np.int32)[REPLY_HEAD_WORDS:][:100].reshape(
        2, 50
    )
    seen = codes(seen_siemens(cells(), slice(2, 3))[2, :50], 3)
    for found, factor in zip(got, (1, 2), strict=True):
        assert np.abs(found - np.clip(factor * seen, -8192, 8191)).max() <= 0.5 + SETTLED


def test_what_the_rails_do_not_reach_is_refused(peer: Peer) -> None:
    beyond = pack_words(Register.LIMIT_READ_V, 16_385)
    assert peer.call(Opcode.REG_WRITE, beyond).status == Status.OVER_CEILING
    assert swept(peer, Point(READ_CODE, 49_151, 0)).status == Status.OK
    refused = swept(peer, Point(READ_CODE, 49_151, 0), Point(READ_CODE, 49_152, 0))
    assert refused.status == Status.BAD_FIELD
    assert unpack_words(refused.payload)[:2] == (49_152, 49_151)


def test_a_sweep_reads_with_no_gate_above_its_limit(wire: SimWire) -> None:
    peer = ready(wire)
    peer.set_limits((*LIMITS[:4], 30_000, LIMITS[5]))
    assert swept(peer, Point(READ_CODE, 30_000, 0)).status == Status.OK
    refused = swept(peer, Point(READ_CODE, 30_001, 0))
    assert refused.status == Status.BAD_FIELD
    assert unpack_words(refused.payload)[:2] == (30_001, 30_000)


def test_a_sweep_pulses_nothing_because_its_reading_would_last_longer(peer: Peer) -> None:
    """Refused armed and within every limit, before anything is driven."""
    peer.arm(limits_hash=limits_hash(LIMITS))
    most = LIMITS[3]
    assert swept(peer, Point(most, 20_000, 0)).status == Status.OK
    refused = swept(peer, Point(READ_CODE, 20_000, 0), Point(most + 1, 20_000, 60, Pulse.SET, 1))
    assert refused.status == Status.BAD_FIELD
    assert unpack_words(refused.payload)[:2] == (most + 1, most)


def test_the_host_sends_no_sweep_with_pulses() -> None:
    profile = quiet_profile()
    with ohmloop.open("sim://?front=afe&boot=7", chip="tmp:seed:11", profile=profile) as board:
        cell = board.macro[0:1, 0:1]
        with board.armed(cell, ops={"form"}, max_pulses=3, max_voltage_v=3.6, expires_s=60):
            with pytest.raises(LimitError, match="lasts longer than a pulse may") as caught:
                board.macro.sweep(cell, [0.1, 3.0], gate_v=1.5, dwell_s=1e-5, kind="form")
            assert caught.value.value == pytest.approx(3.0, abs=1e-3) and caught.value.unit == "V"


def swept(peer: Peer, *points: Point) -> Frame:
    return peer.call(Opcode.SWEEP, SweepRequest(0, Axis(2, 1), Axis(0, 50), points, 1, range=3).encode())


# Pulses


def test_forming_breaks_the_cells_that_the_emulated_chip_breaks() -> None:
    profile = quiet_profile()
    dumps = []
    for url in ("sim://?front=afe&boot=7", f"twin://?rows={AFE_ROWS}&columns={AFE_COLUMNS}&lanes=56"):
        with ohmloop.open(url, chip="tmp:seed:11", profile=profile) as board:
            window = board.macro[0:6, 0:50]
            forming = profile.forming
            with board.armed(window, ops={"form"}, max_pulses=300, max_voltage_v=3.6, expires_s=60):
                board.macro.form(
                    window, voltage_v=forming.voltage_v, gate_v=forming.gate_v, width_s=forming.width_s
                )
            dumps.append(board.macro.dump_g_codes(board.macro[0:8, 0:50]).astype(int))
    pins, emulated = dumps
    formed = emulated >= profile.formed_floor
    assert np.array_equal(pins >= profile.formed_floor, formed)
    assert 0.3 < formed[:6].mean() < 0.7 and not formed[6:].any()
    assert np.abs(pins - emulated)[formed].max() <= 4  # the gate's table has 256 steps
    assert np.array_equal(pins[~formed], emulated[~formed])


def test_a_reset_moves_the_window_alone_and_only_the_other_way_round(peer: Peer) -> None:
    g = np.full((AFE_ROWS, AFE_COLUMNS), 500, np.uint16)
    peer.load_cells(g)
    peer.arm(limits_hash=limits_hash(LIMITS))
    rows, columns = Axis(4, 2), Axis(10, 20)
    forward = pulse(Pulse.FORM, rows, columns, voltage_code=20_000)
    assert peer.pulse(forward).status == Status.OK
    assert np.array_equal(dumped(peer), g)
    assert peer.pulse(pulse(Pulse.RESET, rows, columns, voltage_code=20_000)).status == Status.OK
    after = dumped(peer)
    assert (after[4:6, 10:30] < 400).all() and (after[4:6, 10:30] >= 16).all()
    after[4:6, 10:30] = 500
    assert np.array_equal(after, g)


@pytest.mark.parametrize("kind", [Pulse.FORM, Pulse.SET, Pulse.RESET])
def test_a_pulse_the_wrong_way_round_is_refused(peer: Peer, kind: Pulse) -> None:
    """The limit is that of the kind; the lines would be driven the other way."""
    peer.arm(limits_hash=limits_hash(LIMITS))
    wrong = int(kind == Pulse.RESET)
    refused = peer.pulse(pulse(kind, Axis(4, 1), Axis(10, 1), voltage_code=20_000, polarity=wrong))
    assert refused.status == Status.BAD_FIELD
    assert unpack_words(refused.payload)[:3] == (wrong, 1 - wrong, 0)


def dumped(peer: Peer, rows: Axis = ALL[0], columns: Axis = ALL[1]) -> np.ndarray:
    """The cells of a window, `[rows, columns]` g codes; the reply's first word are its cycles."""
    payload = peer.ok(Opcode.CELL_DUMP, CellRequest(0, rows, columns).encode())
    return np.frombuffer(payload[4:], np.uint16).reshape(rows.count, -1)[:, : columns.count].copy()


# Safe


def test_at_power_up_and_reset_the_pins_are_safe_until_the_dacs_are_there(wire: SimWire) -> None:
    assert pins_are_safe(wire) and not wire.board.probe(Probe.RAILS)
    wire.read(480e-6)  # the supplies, then the reset of the DACs
    assert pins_are_safe(wire) and not wire.board.probe(Probe.RAILS)
    wire.read(60e-6)
    assert is_at_rest(wire)


def in_the_middle_of(peer: Peer, what: str, after_cycles: int) -> int:
    """Starts an operation and lets it run; returns its number."""
    peer.load_cells(np.full((AFE_ROWS, AFE_COLUMNS), 4))
    if what == "pulse":
        peer.arm(limits_hash=limits_hash(LIMITS))
        request = pulse(Pulse.FORM, *WINDOW, width_cycles=5_000)
        sequence = peer.send(Opcode.PULSE, request.encode())
    else:
        reading = VectorRequest(Opcode.READ_CELLS, 0, *WINDOW, READ_CODE, 1, averages_log2=1)
        sequence = peer.send(Opcode.READ_CELLS, reading.encode())
    assert peer.wire.read(cycles_s(after_cycles)) == b"", "it ended before it could be stopped"
    assert not pins_are_safe(peer.wire)
    return sequence


@pytest.mark.parametrize("what", ["pulse", "read"])
@pytest.mark.parametrize("after_cycles", [4_000, 9_111])
def test_a_host_that_aborts(peer: Peer, what: str, after_cycles: int) -> None:
    sequence = in_the_middle_of(peer, what, after_cycles)
    peer.wire.write(Frame(Opcode.SAFE, 9, peer.epoch, urgent=True).encode())
    replies = {frame.sequence: frame for frame in (peer.frame(), peer.frame())}
    assert replies[sequence].status == Status.ABORTED
    board = peer.wire.board
    assert 0 <= board.probe(Probe.PINS_SAFE) - board.probe(Probe.INPUT_TAKEN) <= STOP_CYCLES
    goes_on(peer)


@pytest.mark.parametrize("what", ["pulse", "read"])
def test_a_host_that_falls_silent(peer: Peer, what: str) -> None:
    peer.write_registers({Register.WATCHDOG_CYCLES: 20_000})
    sequence = in_the_middle_of(peer, what, 15_000)
    board = peer.wire.board
    fed = board.probe(Probe.INPUT_TAKEN)
    reply = peer.reply_to(sequence)
    assert reply.status == Status.ABORTED
    assert 20_000 <= board.probe(Probe.PINS_SAFE) - fed <= 20_000 + FED_CYCLES
    peer.write_registers({Register.WATCHDOG_CYCLES: 10_000_000})  # longer than a product
    goes_on(peer)


@pytest.mark.parametrize("fault", ["sdo", "sdi", "sclk", "first supply", "last supply"])
def test_a_dac_that_does_not_answer_stops_the_next_operation(fault: str) -> None:
    # A frame without a clock has too few edges: the part itself says so.
    with afe_wire(forgiven=EDGES if fault == "sclk" else 0) as wire:
        stops_the_next_operation(ready(wire), fault)


def stops_the_next_operation(peer: Peer, fault: str) -> None:
    """The fault is found before a line moves, and stays a fault until it is mended."""
    board, wire = peer.wire.board, peer.wire
    peer.arm(limits_hash=limits_hash(LIMITS))
    cut = {"sdo": 1, "sdi": 2, "sclk": 4}.get(fault, 0)
    unpowered = {"first supply": 1, "last supply": 2}.get(fault, 0)
    board.set_faults(cut=cut, unpowered=unpowered)
    reply = peer.pulse(pulse(Pulse.FORM, *WINDOW))
    assert reply.status == Status.ABORTED
    assert pins_are_safe(wire) and board.probe(Probe.DRIVE_RISES) == 0
    _, rows, pulses = unpack_words(reply.payload)
    assert (rows, pulses) == (0, 0)
    assert peer.read_register(Register.STATE) & LATCHED
    peer.write_registers(CLEAR)  # the fault is still there: it makes the board safe again
    wire.read(600e-6)
    assert pins_are_safe(wire) and peer.read_register(Register.STATE) & LATCHED
    assert (
        peer.call(Opcode.ARM, arm_request(peer.identity, limits_hash=limits_hash(LIMITS)).encode()).status
        == Status.SAFE_LATCHED
    )
    board.set_faults()
    wire.read(600e-6)
    goes_on(peer)

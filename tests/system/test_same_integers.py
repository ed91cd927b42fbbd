# SPDX-License-Identifier: BSD-3-Clause
"""The Verilog and the twin are one board: same answers, bit by bit and cycle by cycle, to any stream."""

import numpy as np
import pytest
from boards import SMALL, Peer, opened, peers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streams import Command, commands, vector_requests

from ohmloop._map import Opcode, Pulse, Register
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    EnvRequest,
    Point,
    PulseRequest,
    SweepRequest,
    VectorRequest,
    pack_inputs,
    pack_words,
)
from ohmloop.profile import load_profile

LINES = 64
GROUPS = "rows=240&columns=240&lanes=24&adc_lanes=2&payload=16384"  # ten, and lanes that are no power of two
READER = "read_only=1&rows=32&columns=32&lanes=8&payload=4096"
PROFILE = "rrm-40nm-esgnn2023"
PROGRAMMABLE = "rram-130nm-yao2020"
SLOW_BUT_SURE = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def prepared(peer: Peer, seed: int, *, formed: float = 0.7, profile: str = PROFILE) -> None:
    """Loads profile, limits, a token where there are any, and random cells, some of them pristine."""
    generator = np.random.default_rng(seed)
    peer.load_profile(load_profile(profile))
    peer.set_limits()
    if not peer.identity.read_only:
        peer.arm()
    macro = peer.identity.macros[0]
    shape = (macro.rows, macro.columns)
    cells = np.where(generator.random(shape) < formed, generator.integers(16, 1024, shape), 4)
    peer.load_cells(cells)


def answer(peer: Peer, command: Command) -> tuple[int, bytes, int]:
    """Status, payload and state of the reply."""
    call = peer.urgent if command.urgent else peer.call
    reply = call(command.opcode, command.payload)
    return reply.status, reply.payload, reply.state


def assert_same(sim: Peer, twin: Peer, command: Command) -> None:
    assert answer(sim, command) == answer(twin, command), command


def assert_stream_same(options: str, seed: int, stream: list[Command]) -> None:
    """A stream on a prepared board and its twin: every answer, and every cell afterwards."""
    with peers(options, PROFILE) as (sim, twin):
        prepared(sim, seed)
        prepared(twin, seed)
        for command in stream:
            assert_same(sim, twin, command)
        sim.hello(0x5555)
        twin.hello(0x5555)
        assert all_cells(sim) == all_cells(twin)


def all_cells(peer: Peer) -> bytes:
    macro = peer.identity.macros[0]
    step = 8  # rows whose cells fit a small board's frame
    return b"".join(
        peer.ok(Opcode.CELL_DUMP, CellRequest(0, Axis(first, step), Axis(0, macro.columns)).encode())[4:]
        for first in range(0, macro.rows, step)
    )


@settings(SLOW_BUT_SURE, max_examples=60)
@given(seed=st.integers(0, 2**16), stream=st.lists(commands(LINES), min_size=10, max_size=40))
def test_random_streams_are_answered_alike(seed: int, stream: list[Command]) -> None:
    assert_stream_same(SMALL, seed, stream)


@settings(SLOW_BUT_SURE, max_examples=12)
@given(seed=st.integers(0, 2**16), stream=st.lists(commands(32), min_size=10, max_size=30))
def test_a_board_that_only_reads_is_answered_alike(seed: int, stream: list[Command]) -> None:
    assert_stream_same(READER, seed, stream)


@pytest.mark.slow  # its build is another board
@settings(SLOW_BUT_SURE, max_examples=8)
@given(seed=st.integers(0, 2**16), stream=st.lists(commands(240), min_size=10, max_size=30))
def test_more_than_eight_lane_groups_are_answered_alike(seed: int, stream: list[Command]) -> None:
    assert_stream_same(GROUPS, seed, stream)


def test_operation_indices_begin_again_after_2_to_the_64th() -> None:
    most = (1 << 64) - 1
    point = Point(46_000, 13_107, 600, Pulse.FORM, 1)
    sweep = SweepRequest(0, Axis(0, 2), Axis(0, 8), (point,) * 3, most - 1)
    pulses = PulseRequest(Pulse.FORM, 0, 46_000, 13_107, 600, most, 3, Axis(4, 2), Axis(0, 8))
    with peers(SMALL, PROFILE) as (sim, twin):
        for peer in (sim, twin):
            prepared(peer, 3, formed=0.0)
        before = all_cells(sim)
        assert_same(sim, twin, Command(Opcode.SWEEP, sweep.encode()))
        assert_same(sim, twin, Command(Opcode.PULSE, pulses.encode()))
        assert all_cells(sim) == all_cells(twin) != before


def test_programmable_cells_are_pulsed_alike() -> None:
    """The profile's own cells, with damage, wear and half-select so strong that a short test meets them."""
    generator = np.random.default_rng(7)
    with peers(SMALL, PROGRAMMABLE) as (sim, twin):
        for peer in (sim, twin):
            prepared(peer, 4, profile=PROGRAMMABLE)
            peer.ok(Opcode.REG_WRITE, pack_words(Register.EMU_WEAR, 1 << 25))
            peer.ok(Opcode.REG_WRITE, pack_words(Register.EMU_DISTURB, 2000))
            peer.ok(Opcode.REG_WRITE, pack_words(Register.EMU_DAMAGE, 58_000 | 46_000 << 16))
        before = all_cells(sim)
        for _ in range(24):
            request = PulseRequest(
                Pulse(generator.integers(3)), 0, int(generator.integers(15_000, 49_000)),
                int(generator.integers(0, 65_000)), int(generator.integers(1, 600)),
                int(generator.integers(2**63)), int(generator.integers(1, 4)),
                Axis(int(generator.integers(56)), 8), Axis(5, 50),
            )  # fmt: skip
            assert_same(sim, twin, Command(Opcode.PULSE, request.encode()))
        after = all_cells(sim)
        assert after == all_cells(twin)
    old, new = (np.frombuffer(cells, "<u2") for cells in (before, after))
    assert np.count_nonzero(new > old) > 100 < np.count_nonzero(new < old)
    assert np.count_nonzero((new == 1023) & (old != 1023)) > 0


def test_cells_age_alike_even_when_their_time_is_cut() -> None:
    with peers(SMALL, PROGRAMMABLE) as (sim, twin):
        for peer in (sim, twin):
            prepared(peer, 4, profile=PROGRAMMABLE)
        before = all_cells(sim)
        for index, longest in enumerate((1 << 30, 1 << 30, 1300, 500, 3)):
            for peer in (sim, twin):
                peer.write_registers({Register.OPERATION_CYCLES: longest})
            request = EnvRequest(0, 4000, 5_000_000 * index, index, Axis(3, 40), Axis(5, 50))
            assert_same(sim, twin, Command(Opcode.ENV, request.encode()))
            for peer in (sim, twin):
                peer.write_registers({Register.OPERATION_CYCLES: 1 << 30})
            peers_cells = all_cells(sim), all_cells(twin)
            assert peers_cells[0] == peers_cells[1]
    old, new = (np.frombuffer(cells, "<u2") for cells in (before, peers_cells[0]))
    assert np.count_nonzero(new < old) > 100 < np.count_nonzero(new > old)


def test_slow_effects_of_reading_are_alike() -> None:
    """Wander, telegraph noise and relaxation, strong; over epochs, repetitions, and pulses on two rows."""
    generator = np.random.default_rng(3)
    code = load_profile(PROGRAMMABLE).volts_to_dac_codes(load_profile(PROGRAMMABLE).read_v)
    slow = {
        Register.EMU_PHYSICS: 3 | 3 << 8, Register.EMU_STEP: 20_000 << 16,
        Register.EMU_RTN: 6000 | 30_000 << 16, Register.EMU_WANDER: 2000 | 4000 << 16,
    }  # fmt: skip

    def reading(opcode: Opcode, rows: Axis, index: int, **how: int) -> Command:
        x = generator.integers(-7, 8, (6, rows.count)).astype(np.int16)
        vectors = {} if opcode == Opcode.READ_CELLS else {
            "bits": 3, "signed": True, "count": 6, "vectors": pack_inputs(x, 3, True).tobytes(),
        }  # fmt: skip
        request = VectorRequest(opcode, 0, rows, Axis(1, 62), code, index, width_bits=32, **vectors, **how)
        return Command(opcode, request.encode())

    with peers(SMALL, PROGRAMMABLE) as (sim, twin):
        for peer in (sim, twin):
            prepared(peer, 4, profile=PROGRAMMABLE)
            peer.write_registers(dict.fromkeys(slow, 0))
        cells = reading(Opcode.READ_CELLS, Axis(20, 4), 2**64 - 3, averages_log2=1)
        still = answer(sim, cells)[1]
        for peer in (sim, twin):
            peer.write_registers(slow)
        seen = {still}
        for turn in range(4):
            for kind, row, columns in ((2, 21, Axis(0, 9)), (1, 21, Axis(5, 40)), (1, 22, Axis(3, 9)))[turn:]:
                request = PulseRequest(Pulse(kind), 0, 20_000, 30_000, 9, turn, 1, Axis(row, 1), columns)
                assert_same(sim, twin, Command(Opcode.PULSE, request.encode()))
            for _ in range(10):
                assert_same(sim, twin, cells)
                seen.add(answer(sim, cells)[1])
                answer(twin, cells)
            for opcode, averages in ((Opcode.MAC, 0), (Opcode.MAC, 2), (Opcode.MAC_RAW, 0)):
                index = int(generator.integers(2**63))
                assert_same(sim, twin, reading(opcode, Axis(0, 40), index, averages_log2=averages))
        assert len(seen) > 12  # what was pulsed settled, reading by reading
        fresh = Command(
            Opcode.PULSE, PulseRequest(Pulse.SET, 0, 1, 0, 9, 5, 1, Axis(22, 1), Axis(0, 64)).encode()
        )
        load = CellRequest(0, Axis(1, 1), Axis(2, 3), np.full((1, 3), 400, np.uint16))
        for settling in (
            Command(Opcode.ENV, EnvRequest(0, 0, 0, 1, Axis(40, 1), Axis(0, 9)).encode()),
            Command(Opcode.CELL_LOAD, load.encode()),
        ):
            read = []
            for command in (fresh, cells, fresh, settling, cells, cells):
                assert_same(sim, twin, command)
                read.append(answer(sim, cells)[1])
                answer(twin, cells)
            assert read[1] != read[4] == read[5]


@settings(SLOW_BUT_SURE, max_examples=15)
@given(seed=st.integers(0, 2**16), stream=st.lists(commands(LINES), min_size=10, max_size=40))
def test_a_clock_that_rests_would_have_changed_nothing(seed: int, stream: list[Command]) -> None:
    with opened(f"sim://?{SMALL}&boot=7", profile=PROFILE) as rest:
        with opened(f"sim://?{SMALL}&boot=7", profile=PROFILE) as run:
            run.board.run_all_clocks()
            resting, running = Peer(rest), Peer(run)
            prepared(resting, seed)
            prepared(running, seed)
            for command in stream:
                assert_same(resting, running, command)
                assert rest.board.cycles == run.board.cycles, command
            assert all_cells(resting) == all_cells(running)


@pytest.mark.parametrize(
    "options",
    [
        "rows=32&columns=32&lanes=8&adc_lanes=1&payload=4096",
        "rows=48&columns=64&lanes=8&adc_lanes=2&payload=4096",
    ],
)
def test_other_geometries_are_answered_alike(options: str) -> None:
    lines = 32

    @settings(SLOW_BUT_SURE, max_examples=8)
    @given(seed=st.integers(0, 2**16), stream=st.lists(commands(lines), min_size=10, max_size=30))
    def check(seed: int, stream: list[Command]) -> None:
        with peers(options, PROFILE) as (sim, twin):
            prepared(sim, seed)
            prepared(twin, seed)
            for command in stream:
                assert_same(sim, twin, command)

    check()


@pytest.mark.slow
@settings(SLOW_BUT_SURE, max_examples=12)
@given(
    st.lists(
        st.sampled_from((Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS)).flatmap(
            lambda opcode: vector_requests(512, opcode)
        ),
        min_size=1,
        max_size=4,
    )
)
def test_the_full_array_is_read_alike(stream: list[VectorRequest]) -> None:
    with peers("rows=512&columns=512&lanes=64&adc_lanes=4&payload=65536", PROFILE) as (sim, twin):
        prepared(sim, 5)
        prepared(twin, 5)
        for request in stream:
            assert_same(sim, twin, Command(request.opcode, request.encode()))


def test_with_all_effects_off_a_product_is_the_integer_product() -> None:
    generator = np.random.default_rng(1)
    g = generator.integers(0, 1024, (64, 64))
    x = generator.integers(-255, 256, (8, 64))
    with opened(f"sim://?{SMALL}&boot=7") as wire:
        peer = Peer(wire)
        profile = load_profile("ideal")
        peer.load_profile(profile)
        peer.set_limits()
        peer.load_cells(g)
        request = VectorRequest(
            Opcode.MAC, 0, Axis(0, 64), Axis(0, 64), profile.volts_to_dac_codes(profile.read_v), 0,
            bits=8, signed=True, count=8, vectors=pack_inputs(x.astype(np.int16), 8, True).tobytes(),
        )  # fmt: skip
        reply = peer.vector(request)
    results = np.frombuffer(reply.payload, "<i4", offset=8).reshape(8, 64)
    np.testing.assert_array_equal(results, x @ g)


def test_the_same_calls_give_the_same_cycles() -> None:
    def run() -> tuple[bytes, int]:
        with opened(f"sim://?{SMALL}&boot=7", profile=PROFILE) as wire:
            peer = Peer(wire)
            prepared(peer, 3)
            request = VectorRequest(Opcode.READ_CELLS, 0, Axis(0, 9), Axis(0, 64), 2622, 5)
            reply = peer.vector(request)
            cycles = peer.ok(Opcode.REG_READ, Register.CYCLES_LO.to_bytes(4, "little") + b"\1\0\0\0")
            return reply.payload + cycles, wire.board.cycles

    assert run() == run()

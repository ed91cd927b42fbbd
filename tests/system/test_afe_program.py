# SPDX-License-Identifier: BSD-3-Clause
"""PROGRAM at pin level: write-verify by the firmware through multiplexers, DACs and converters."""

import re
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from afe_system_bench import (
    LIMITS,
    URL,
    afe_wire,
    broken_rules,
    codes,
    cycles_s,
    goes_on,
    pins_are_safe,
    quiet_profile,
    ready,
    seen_siemens,
)
from boards import Peer

import ohmloop
from ohmloop._map import Algorithm, Opcode, Outcome, Register, Status
from ohmloop.link.frames import Frame
from ohmloop.link.messages import Axis, KindDrive, ProgramReply, ProgramRequest, limits_hash, unpack_words
from ohmloop.link.wires._sim_analog import analog_half
from ohmloop.link.wires._sim_library import Probe
from ohmloop.link.wires.sim import AFE_COLUMNS, AFE_ROWS
from ohmloop.profile import load_profile

pytestmark = pytest.mark.slow  # its build is another board

PROGRAMMABLE, FORMING = "rram-130nm-yao2020", "rrm-40nm-esgnn2023"
BRINGUP = Path(__file__).parents[2] / "docs" / "bringup.md"
SEED = 11
ROWS, COLUMNS = slice(3, 7), slice(8, 14)
TOLERANCE_S = 0.5e-6
WINDOW = Axis(3, 4), Axis(8, 6)
DRIVES = KindDrive(11_000, 100, 30_000, 16_000, 60), KindDrive(12_000, 100, 30_000, 0, 60)  # SET, RESET


@contextmanager
def chip(profile: str) -> Iterator[ohmloop.Board]:
    """A board with a chip; at its end no rule of any part has been broken."""
    with ohmloop.open(URL, chip=f"tmp:seed:{SEED}", profile=profile) as board:
        yield board
        assert broken_rules(board._core.session.wire) == 0


def whole_chip(board: ohmloop.Board) -> np.ndarray:
    """The cells themselves, `[rows, columns]` g codes."""
    macro = board.macro
    return macro.dump_g_codes(macro[0:AFE_ROWS, 0:AFE_COLUMNS]).astype(np.uint16)


def seen(g_codes: np.ndarray) -> np.ndarray:
    """What a reading of one row after the other sees of the window: the nodal solution, siemens."""
    rows = range(ROWS.start, ROWS.stop)
    return np.stack([seen_siemens(g_codes, slice(row, row + 1))[row, COLUMNS] for row in rows])


@pytest.mark.parametrize("algorithm", ["ispp", "ping_pong", "two_pulse"])
def test_write_verify_brings_cells_to_their_targets_and_no_other_cell(algorithm) -> None:
    with chip(PROGRAMMABLE) as board:
        macro, forming = board.macro, load_profile(PROGRAMMABLE).forming
        window = macro[ROWS, COLUMNS]
        with board.armed(window, ops={"form"}, max_pulses=100, max_voltage_v=4.0, expires_s=60):
            macro.form(window, voltage_v=forming.voltage_v, gate_v=forming.gate_v, width_s=forming.width_s)
        before = whole_chip(board)
        targets = np.random.default_rng(3).uniform(3e-6, 15e-6, window.shape)
        with board.armed(window, ops={"set", "reset"}, max_pulses=20_000, max_voltage_v=2.4, expires_s=60):
            result = macro.program(targets, window, tolerance_siemens=TOLERANCE_S, algorithm=algorithm)
        after = whole_chip(board)
    assert (result.status == Outcome.DONE).all()
    # Noise apart, a cell that was accepted is inside its band as the pins see it, and is told as it is.
    assert np.abs(seen(after) - targets).max() <= TOLERANCE_S
    off = (result.achieved_siemens - seen(after)) / result.uncertainty_siemens
    assert np.abs(off).max() < 5 and result.uncertainty_siemens.max() < 0.1e-6
    assert np.abs(seen(before) - targets).max() > 10 * TOLERANCE_S
    after[ROWS, COLUMNS] = before[ROWS, COLUMNS]
    assert np.array_equal(after, before)


def test_a_forming_ramp_stops_where_each_cell_breaks() -> None:
    profile = load_profile(PROGRAMMABLE)
    with chip(PROGRAMMABLE) as board:
        macro, start_v, step_v, end_v = board.macro, 2.4, 0.05, 3.7
        window = macro[ROWS, COLUMNS]
        width_s, gate_v = profile.forming.width_s, profile.forming.gate_v
        with board.armed(window, ops={"form"}, max_pulses=1000, max_voltage_v=4.0, expires_s=60):
            result = macro.form_ramp(
                window, gate_v=gate_v, start_v=start_v, step_v=step_v, end_v=end_v, width_s=width_s
            )
        after = whole_chip(board)
    shape = (AFE_ROWS, AFE_COLUMNS)
    breaks_v = analog_half(profile, SEED, shape, mux_ohm=125.0, line_ohm=None).breakdown_v[ROWS, COLUMNS]
    steps = np.ceil((breaks_v - start_v) / step_v).astype(int) + 1
    assert np.array_equal(result.pulses, steps) and len(set(steps.ravel())) > 3
    assert (result.status == Outcome.DONE).all() and (after[ROWS, COLUMNS] >= profile.formed_floor).all()
    after[ROWS, COLUMNS] = 0
    assert (after < profile.formed_floor).all()


def test_the_loop_of_bring_up_forms_one_cell_at_its_voltage() -> None:
    loop = re.search(r"```python\n(.*?)```", BRINGUP.read_text(), re.DOTALL)[1]
    profile = load_profile(FORMING)
    with chip(FORMING) as board:
        names = {"board": board, "macro": board.macro, "np": np}
        exec(textwrap.dedent(loop), names)
        after = whole_chip(board)
    shape = (AFE_ROWS, AFE_COLUMNS)
    breaks_v = analog_half(profile, SEED, shape, mux_ohm=125.0, line_ohm=None).breakdown_v[0, 0]
    assert 0 <= names["voltage_v"] - breaks_v < 0.05
    seen_s = seen_siemens(after, slice(0, 1))[0, 0]
    assert abs(names["g_siemens"] / seen_s - 1) < 0.02 and seen_s > 5e-6
    assert (after >= profile.formed_floor).sum() == 1


# Mishaps in the middle


def begun(peer: Peer) -> int:
    """Starts a write-verify that takes long, and lets pulses come; returns its number."""
    shape = (AFE_ROWS, AFE_COLUMNS)
    peer.load_cells(np.random.default_rng(1).integers(100, 900, shape))
    peer.arm(limits_hash=limits_hash(LIMITS))
    targets, tolerances = np.full((4, 6), 1500, np.int16), np.full((4, 6), 3, np.uint16)
    request = ProgramRequest(
        Algorithm.INCREMENTAL, 0, *WINDOW, targets, tolerances, 2621, 5, *DRIVES, range=3, budget=250
    )
    sequence = peer.send(Opcode.PROGRAM, request.encode())
    assert peer.wire.read(cycles_s(100_000)) == b"", "it ended before it could be stopped"
    assert peer.wire.board.probe(Probe.DRIVE_RISES) > 3
    return sequence


def test_one_reading_is_the_cell_behind_its_lines_within_half_a_code() -> None:
    with afe_wire(quiet_profile(PROGRAMMABLE)) as wire:
        peer = ready(wire, PROGRAMMABLE)
        g = np.random.default_rng(1).integers(100, 900, (AFE_ROWS, AFE_COLUMNS)).astype(np.uint16)
        peer.load_cells(g)
        peer.arm(limits_hash=limits_hash(LIMITS))
        now = np.rint(codes(seen(g), 3)).astype(np.int16)
        tolerances = np.full(now.shape, 2, np.uint16)
        request = ProgramRequest(
            Algorithm.INCREMENTAL, 0, *WINDOW, now, tolerances, 2621, 5, *DRIVES, range=3
        )
        reply = ProgramReply.decode(peer.ok(Opcode.PROGRAM, request.encode()), *now.shape)
        assert reply.pulses_given == wire.board.probe(Probe.DRIVE_RISES) == 0
        assert np.abs(reply.sums - codes(seen(g), 3)).max() <= 0.51


def test_safe_in_the_middle_of_programming_is_safe_at_the_pins() -> None:
    with afe_wire(quiet_profile(PROGRAMMABLE)) as wire:
        peer = ready(wire, PROGRAMMABLE)
        sequence = begun(peer)
        peer.wire.write(Frame(Opcode.SAFE, 9, peer.epoch, urgent=True).encode())
        replies = {frame.sequence: frame for frame in (peer.frame(), peer.frame())}
        assert replies[sequence].status == Status.ABORTED
        _, _, given = unpack_words(replies[sequence].payload)
        assert given == peer.read_register(Register.PULSES_SINCE_BOOT) > 0
        assert pins_are_safe(wire) and not wire.board.probe(Probe.DRIVE_ACTIVE)
        goes_on(peer)


def test_a_dac_that_is_lost_in_the_middle_of_programming_ends_it() -> None:
    with afe_wire(quiet_profile(PROGRAMMABLE)) as wire:
        peer = ready(wire, PROGRAMMABLE)
        sequence = begun(peer)
        wire.board.set_faults(unpowered=2)
        reply = peer.reply_to(sequence)
        assert reply.status == Status.ABORTED and pins_are_safe(wire)
        pulses = wire.board.probe(Probe.DRIVE_RISES)
        wire.read(1e-3)
        assert wire.board.probe(Probe.DRIVE_RISES) == pulses and pins_are_safe(wire)
        wire.board.set_faults()
        wire.read(600e-6)
        goes_on(peer)

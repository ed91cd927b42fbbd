# SPDX-License-Identifier: BSD-3-Clause
"""`macro.program` and `macro.form_ramp`: targets reached, faults told, permissions and budgets kept."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ohmloop
from ohmloop.board.contact import LineState
from ohmloop.errors import ContactNotPassed, LimitError, NotArmed, ProfileError, Refused, ShapeError
from ohmloop.profile.hashes import CellDraw, cell_hash, row_key
from ohmloop.programming import ALGORITHMS, ProgramStatus, clopper_pearson
from ohmloop.programming.job import Run
from ohmloop.registry import records_of

LEVELS = np.linspace(2e-6, 20e-6, 32)
HALF = (LEVELS[1] - LEVELS[0]) / 2
ARM = {"ops": {"set", "reset"}, "max_pulses": 200_000, "max_voltage_v": 2.5, "expires_s": 600.0}
SEED = 7


def levels(window, seed=0):
    return LEVELS[np.random.default_rng(seed).integers(0, 32, window.shape)]


def faulty(macro):
    """Cells that the emulator made stuck or leaky."""
    faults = macro.profile.chip.programming.faults
    rows, columns = np.arange(macro.rows), np.arange(macro.columns)
    group = cell_hash(row_key(SEED, 0, rows)[:, None], CellDraw.FAULT, columns) & np.uint32(0xFFFF)
    share = faults.stuck_low.value + faults.stuck_high.value + faults.leaky.value
    return group < round(share * 65536) + 2


def programmed(macro, window, targets, arm=ARM, **choices):
    with macro.board.armed(window, **arm):
        return macro.program(targets, window, tolerance_siemens=0.8 * HALF, **choices)


def test_the_ramp_forms_what_can_be_formed(board, ramp) -> None:
    macro = board.macro
    codes = macro.dump_g_codes(macro[:, :])
    healthy = ~faulty(macro)
    assert (ramp.status[healthy] != ProgramStatus.BUDGET).all() and (codes[healthy] >= 200).all()
    assert (codes[ramp.status == ProgramStatus.BUDGET] < 200).all()
    breaks = 2.4 + (ramp.pulses[healthy] - 1) * 0.05
    assert 2.9 < np.median(breaks) < 3.1 and breaks.max() <= 3.8
    assert ramp.algorithm == "form_ramp" and ramp.origin == "emulated"
    assert repr(ramp).startswith("EMULATED ProgramResult(32 x 48, form_ramp")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_cells_are_within_half_a_level_by_the_emulator_s_truth(macro, algorithm) -> None:
    window = macro[:, :]
    targets = levels(window, seed=len(algorithm))
    result = programmed(macro, window, targets, algorithm=algorithm)
    held = macro.g_codes_to_siemens(macro.dump_g_codes(window))
    healthy = ~faulty(macro)
    within = np.abs(held - targets) <= HALF
    assert within[healthy].mean() >= 0.99
    assert (result.status[healthy] == ProgramStatus.DONE).mean() >= 0.98
    off = (result.achieved_siemens - held)[healthy] / result.uncertainty_siemens[healthy]
    assert abs(off.mean()) < 0.2 and 0.8 < off.std() < 1.4  # telegraph noise and relaxation are not in it
    assert result.pulses.max() <= 80 and result.pulses[healthy].mean() > 3
    stuck = faulty(macro) & ~within
    assert stuck.any() and np.isin(result.status[stuck], (ProgramStatus.STUCK, ProgramStatus.BUDGET)).all()
    assert result.failed_fraction == pytest.approx(1 - (result.status == ProgramStatus.DONE).mean())
    low, high = result.failed_interval
    assert low <= result.failed_fraction <= high
    assert result.board_seconds > 0


def test_the_same_job_gives_the_same_and_another_does_not(macro, formed_codes) -> None:
    window, targets = macro[2:8, ::3], levels(macro[2:8, ::3])
    results = []
    for job in (4, 4, 5):
        macro.load_g_codes(formed_codes, macro[:, :])
        results.append(programmed(macro, window, targets, job=job))
    assert (results[0].pulses == results[1].pulses).all()
    assert (results[0].achieved_siemens == results[1].achieved_siemens).all()
    assert (results[0].achieved_siemens != results[2].achieved_siemens).any()


def test_lines_in_the_user_s_order_get_their_own_targets(macro) -> None:
    rows, columns = [9, 3, 20, 4], [40, 2, 31]
    window = macro[rows, :][:, columns]
    targets = np.array([[3, 6, 9], [12, 15, 18], [4, 8, 16], [5, 10, 19]]) * 1e-6
    result = programmed(macro, window, targets)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            held = macro.g_codes_to_siemens(macro.dump_g_codes(macro[row, column]))[0, 0]
            if result.status[i, j] == ProgramStatus.DONE:
                assert abs(held - targets[i, j]) < HALF, (row, column)
    assert (result.status == ProgramStatus.DONE).sum() >= 11


def test_other_cells_than_the_window_s_are_hardly_touched(macro, formed_codes) -> None:
    window = macro[4:9, 10:20]
    programmed(macro, window, levels(window))
    after = macro.dump_g_codes(macro[:, :]).astype(int)
    moved = after - formed_codes.astype(int)
    assert (np.delete(moved, np.s_[4:9], axis=0) == 0).all()
    outside = np.delete(moved[4:9], np.s_[10:20], axis=1)
    assert np.abs(outside).max() <= 1 and (outside != 0).mean() < 0.05  # half-select, as the profile says


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(budget=st.integers(1, 20), seed=st.integers(0, 99), algorithm=st.sampled_from(sorted(ALGORITHMS)))
def test_no_cell_gets_more_than_its_budget(macro, formed_codes, budget, seed, algorithm) -> None:
    macro.load_g_codes(formed_codes, macro[:, :])
    window = macro[1:5, 3:30:2]
    before = macro.board.read_registers(ohmloop._map.Register.PULSES_SINCE_BOOT)[0]
    result = programmed(macro, window, levels(window, seed), budget=budget, algorithm=algorithm)
    given = macro.board.read_registers(ohmloop._map.Register.PULSES_SINCE_BOOT)[0] - before
    assert result.pulses.max() <= budget and given == result.pulses.sum()
    gave_up = result.status == ProgramStatus.BUDGET
    least = budget if algorithm != "two_pulse" else budget - 1
    assert (result.pulses[gave_up] >= least).all()


def test_a_permission_that_runs_out_leaves_the_rest_unfinished(macro) -> None:
    window = macro[:8, :16]
    with macro.board.armed(window, **(ARM | {"max_pulses": 60})) as permission:
        result = macro.program(levels(window), window, tolerance_siemens=HALF)
        assert permission.pulses_left == 60 - result.pulses.sum() >= 0
    assert ProgramStatus.UNFINISHED in result.counts and result.failed.any()


def test_without_permission_nothing_is_sent(macro) -> None:
    window = macro[:4, :4]
    before = macro.board.stats.frames_sent
    with pytest.raises(NotArmed, match="armed"):
        macro.program(5e-6, window, tolerance_siemens=HALF)
    with pytest.raises(NotArmed, match="armed"):
        macro.form_ramp(window, gate_v=1.5)
    assert macro.board.stats.frames_sent == before
    with macro.board.armed(window, **(ARM | {"ops": {"set"}})):
        before = macro.board.stats.frames_sent
        with pytest.raises(NotArmed, match="reset"):
            macro.program(5e-6, window, tolerance_siemens=HALF)
        with pytest.raises(NotArmed):
            macro.program(5e-6, macro[:5, :4], tolerance_siemens=HALF)
        assert macro.board.stats.frames_sent == before


def test_a_permission_below_the_algorithm_s_voltages_is_refused_before_anything(macro) -> None:
    window = macro[:4, :4]
    with macro.board.armed(window, **(ARM | {"max_voltage_v": 1.9})):
        before = macro.board.stats.frames_sent
        with pytest.raises(LimitError, match=r"2\.4 V asked, armed up to 1\.9 V"):
            macro.program(5e-6, window, tolerance_siemens=HALF)
        assert macro.board.stats.frames_sent == before


@pytest.mark.parametrize(
    ("targets", "choices", "error", "where"),
    [
        (26e-6, {}, LimitError, "targets_siemens"),
        (-1e-6, {}, LimitError, "targets_siemens"),
        (float("nan"), {}, LimitError, "targets_siemens"),
        (np.zeros((3, 4)), {}, ShapeError, "targets_siemens"),
        ("a lot", {}, ShapeError, "targets_siemens"),
        (np.full((4, 4), 1e-5 + 1j), {}, ShapeError, "targets_siemens"),
        (5e-6, {"tolerance_siemens": 1e-12}, LimitError, "tolerance_siemens"),
        (5e-6, {"algorithm": "guess"}, LimitError, "algorithm"),
        (5e-6, {"budget": 256}, LimitError, "budget"),
        (5e-6, {"averages": 3}, LimitError, "averages"),
        (5e-6, {"most_readings": 65}, LimitError, "most_readings"),
        (5e-6, {"guard": float("inf")}, LimitError, "guard"),
        (5e-6, {"guard": 1e9}, LimitError, "guard"),
        (5e-6, {"delay_s": 1.5}, LimitError, "delay_s"),
        (5e-6, {"job": -1}, LimitError, "job"),
    ],
)
def test_bad_arguments_are_told_before_anything_is_sent(macro, targets, choices, error, where) -> None:
    window = macro[:4, :4]
    with macro.board.armed(window, **ARM):
        before = macro.board.stats.frames_sent
        with pytest.raises(error) as caught:
            macro.program(targets, window, **({"tolerance_siemens": HALF} | choices))
        assert caught.value.where.startswith(where)
        assert macro.board.stats.frames_sent == before


def test_a_profile_without_programmable_cells_says_so() -> None:
    with ohmloop.open("twin://?rows=8&columns=8&lanes=8", chip="tmp") as board:
        window = board.macro[:, :]
        with board.armed(window, **ARM), pytest.raises(ProfileError, match="not programmable"):
            board.macro.program(5e-6, window, tolerance_siemens=HALF)
        with pytest.raises(ProfileError, match="retention"):
            board.macro.environment(10.0)


def test_a_board_that_cannot_program_says_so(macro, monkeypatch) -> None:
    from ohmloop.emulator.procedures import Procedures
    from ohmloop.link.messages import Refusal

    def none(self, payload):
        raise Refusal(ohmloop._map.Status.NO_FIRMWARE, 0, 0, 0)

    monkeypatch.setattr(Procedures, "decode_program", none)
    window = macro[:4, :4]
    with macro.board.armed(window, **ARM), pytest.raises(Refused, match=r"NO_FIRMWARE|firmware"):
        macro.program(5e-6, window, tolerance_siemens=HALF)


def test_the_interval_is_the_exact_one() -> None:
    assert clopper_pearson(0, 100) == (0.0, pytest.approx(0.0362, abs=1e-4))
    assert clopper_pearson(100, 100) == (pytest.approx(0.9638, abs=1e-4), 1.0)
    assert clopper_pearson(5, 50) == (pytest.approx(0.0333, abs=1e-4), pytest.approx(0.2181, abs=1e-4))


def test_a_ramp_does_not_go_on_over_a_line_that_was_found_bad_since(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OHMLOOP_REGISTRY", str(tmp_path / "lab.sqlite"))

    def stopped(*_):
        raise ZeroDivisionError

    with ohmloop.open(
        "twin://?rows=32&columns=48&lanes=16", chip="lab", profile="rram-130nm-yao2020"
    ) as board:
        macro, ramp = board.macro, ARM | {"ops": {"form"}, "max_voltage_v": 3.9}
        window = macro[:4, :8]
        macro.check_contact(window)
        with monkeypatch.context() as patch, board.armed(window, **ramp), pytest.raises(ZeroDivisionError):
            patch.setattr(Run, "execute", stopped)
            macro.form_ramp(window, gate_v=1.5)
        one = {"rows": [0], "row_lines": [LineState.GOOD], "columns": [3], "column_lines": [LineState.SHORT]}
        board.contacts.accept(0, **one)
        with board.armed(window, **ramp), pytest.raises(ContactNotPassed, match="column 3 is short"):
            macro.resume_program(1)
        assert not records_of(board).registry.wear.pulses(records_of(board).chip, 0).any()
        board.contacts.accept(0, **one | {"column_lines": [LineState.GOOD]})
        with board.armed(window, **ramp):
            assert macro.resume_program(1).shape == (4, 8)

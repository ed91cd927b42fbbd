# SPDX-License-Identifier: BSD-3-Clause
"""Maps of chips with a name are jobs: journaled, kept, and resumed after any end."""

import numpy as np
import pytest
from mapping_bench import SMALL, fill, noisy, opened

from ohmloop.errors import JobConflict, LimitError, MapError
from ohmloop.mapping import CellState, latest_map
from ohmloop.registry import Cells, records_of
from ohmloop.registry import CellState as HealthState


class PowerLoss(Exception):
    """What ends a map in the middle."""


def after(conversions):
    """Returns a progress callback that fails once so many conversions are done."""

    def told(done, _expected):
        if done > conversions:
            raise PowerLoss

    return told


def registry(board):
    held = records_of(board)
    return held.registry, held.chip


def test_a_map_is_kept_with_the_cells_health():
    with opened(chip="lab") as board:
        fill(board.macro)
        measured = board.macro.map(samples=4)
        held, chip = registry(board)
        kept = latest_map(board.macro)
        assert np.array_equal(kept.siemens, measured.siemens)
        assert np.allclose(kept.uncertainty_siemens, measured.uncertainty_siemens)
        assert kept.facts == measured.facts
        formed = held.health.current(chip).cells == HealthState.FORMED
        assert np.array_equal(formed, measured.state == CellState.FORMED)
        assert [job.state for job in held.jobs.all(chip)] == ["done"]


@pytest.mark.parametrize("method", ["onehot", "multiplexed", "auto"])
def test_an_interrupted_map_goes_on_where_it_stood(method):
    profile = noisy(0.0, 0.0)
    with opened(chip="lab", profile=profile) as board:
        truth = fill(board.macro)
        with pytest.raises(PowerLoss):
            board.macro.map(board.macro[:, 4:], method=method, samples=8, progress=after(8000))
        held, chip = registry(board)
        (job,) = held.jobs.interrupted(chip)
    with opened(chip="lab", profile=profile) as board:
        frames = [board.stats.frames_sent]
        measured = board.macro.map(resume=job.id)
        frames.append(board.stats.frames_sent)
        assert np.allclose(measured.siemens, truth[:, 4:], atol=1e-15)
        held, chip = registry(board)
        assert held.jobs.get(job.id).state == "done"
        whole = board.macro.map(board.macro[:, 4:], method=method, samples=8)
        frames.append(board.stats.frames_sent)
        assert measured.conversions == whole.conversions
        assert 0 < frames[1] - frames[0] < 0.8 * (frames[2] - frames[1])


@pytest.mark.parametrize(
    ("found", "formed", "stays"),
    [
        (HealthState.STUCK_LOW, False, HealthState.STUCK_LOW),
        (HealthState.STUCK_LOW, True, HealthState.FORMED),
        (HealthState.STUCK_HIGH, True, HealthState.STUCK_HIGH),
        (HealthState.FORMED, False, HealthState.UNFORMED),
    ],
)
def test_cells_that_programming_found_stuck_stay_so_where_they_look_new_or_formed(found, formed, stays):
    with opened(chip="lab") as board:
        fill(board.macro)
        board.macro.load_g_codes([[480 if formed else 4]], board.macro[3, 4])
        held, chip = registry(board)
        cells = Cells(0, np.array([3]), np.array([4]))
        provenance = records_of(board).provenance
        held.health.store(chip, cells, source="program", states=[[found]], provenance=provenance)
        board.macro.map(board.macro[0:8, 0:8], samples=1)
        assert held.health.current(chip).cells[3, 4] == stays


def test_cells_that_programming_gave_up_stay_so():
    with opened(chip="lab") as board:
        fill(board.macro)
        held, chip = registry(board)
        cells = Cells(0, np.array([3]), np.array([4]))
        provenance = records_of(board).provenance
        held.health.store(
            chip, cells, source="program", states=[[HealthState.GAVE_UP]], provenance=provenance
        )
        board.macro.map(samples=1)
        assert held.health.current(chip).cells[3, 4] == HealthState.GAVE_UP
        assert held.health.current(chip).cells[3, 5] != HealthState.UNKNOWN


def test_what_cannot_be_resumed_is_refused():
    with opened(chip="lab") as board:
        board.macro.map(board.macro[:4, :4], samples=1)
        held, chip = registry(board)
        (job,) = held.jobs.all(chip)
        with pytest.raises(JobConflict):
            board.macro.map(resume=job.id)
    with opened(SMALL) as board, pytest.raises(MapError, match="in no registry"):
        board.macro.map(resume=1)


@pytest.mark.parametrize(
    ("rows", "asked", "where"),
    [
        (slice(0, 8), {}, "rows"),
        (slice(4, 12), {"method": "onehot"}, "method"),
        (None, {"samples": 4}, "samples"),
        (None, {"read_v": 0.1}, "read_v"),
        (None, {"order": 31}, "order"),
        (slice(4, 12), {"mask": np.eye(8, 32, dtype=bool)}, "mask"),
    ],
)
def test_a_map_asked_otherwise_than_begun_does_not_go_on(rows, asked, where):
    with opened(chip="lab") as board:
        truth = fill(board.macro)
        with pytest.raises(PowerLoss):
            board.macro.map(board.macro[4:12, :32], samples=8, progress=after(1000))
        held, chip = registry(board)
        (job,) = held.jobs.interrupted(chip)
        window = None if rows is None else board.macro[rows, :32]
        frames = board.stats.frames_sent
        with pytest.raises(MapError, match=f"begun with {where}") as refused:
            board.macro.map(window, **asked, resume=job.id)
        assert refused.value.where == where
        assert board.stats.frames_sent - frames <= 1  # the registry's look at the counter of pulses
        assert held.jobs.get(job.id).state == "interrupted"
        measured = board.macro.map(board.macro[4:12, :32], method="auto", samples=8, resume=job.id)
        assert np.abs(measured.siemens - truth[4:12, :32]).max() < 8 * measured.uncertainty_siemens.max()


def test_a_refused_map_leaves_no_job():
    with opened(chip="lab") as board:
        with pytest.raises(LimitError):
            board.macro.map(samples=3)
        held, chip = registry(board)
        assert held.jobs.all(chip) == []


def test_a_throw_away_chip_is_kept_nowhere(macro):
    macro.map(macro[:4, :4], samples=1)
    assert latest_map(macro) is None


@pytest.mark.parametrize("method", ["onehot", "multiplexed"])
def test_an_interrupted_map_equals_one_that_was_not(method, tmp_path, monkeypatch):
    found = []
    for number, stop in enumerate((None, 9000)):
        monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path / str(number)))
        monkeypatch.setenv("OHMLOOP_REGISTRY", str(tmp_path / f"{number}.sqlite"))
        with opened(chip="lab") as board:
            fill(board.macro)
        try:
            with opened(chip="lab") as board:
                found.append(board.macro.map(method=method, samples=8, progress=stop and after(stop)))
        except PowerLoss:
            with opened(chip="lab") as board:
                held, chip = registry(board)
                found.append(board.macro.map(resume=held.jobs.interrupted(chip)[0].id))
    assert np.array_equal(found[0].siemens, found[1].siemens)
    assert np.array_equal(found[0].uncertainty_siemens, found[1].uncertainty_siemens)

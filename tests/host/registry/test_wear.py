# SPDX-License-Identifier: BSD-3-Clause
"""The ledger: every pulse counted, none twice, the budget kept by every session."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from registry_bench import a_job, all_cells, step_rows

from ohmloop.errors import LimitError, ShapeError, WearExceeded
from ohmloop.registry import BoardCounter, Cells, Chip, Registry
from ohmloop.registry.settlement import pulses_row_by_row


def test_a_new_chip_has_seen_nothing(registry: Registry, chip: Chip) -> None:
    assert registry.wear.pulses(chip).shape == (8, 6)
    assert not registry.wear.pulses(chip).any() and registry.wear.totals(chip) == []


def test_pulses_add_up_cell_by_cell(registry: Registry, chip: Chip) -> None:
    expected = np.zeros((8, 6), np.int64)
    generator = np.random.default_rng(1)
    for kind in ("form", "reset", "form"):
        rows, columns = generator.permutation(8)[:3], generator.permutation(6)[:4]
        pulses = generator.integers(0, 100, (3, 4))
        assert registry.wear.charge(chip, Cells(0, rows, columns), pulses, kind) == pulses.sum()
        expected[np.ix_(rows, columns)] += pulses
    assert np.array_equal(registry.wear.pulses(chip), expected)
    totals = {total.kind: (total.operations, total.cell_pulses) for total in registry.wear.totals(chip)}
    assert [totals[kind][0] for kind in ("form", "reset")] == [2, 1]
    assert sum(pulses for _, pulses in totals.values()) == expected.sum()


@pytest.mark.parametrize(
    ("pulses", "error"),
    [(np.ones((3, 3), int), ShapeError), (0.5, ShapeError), (-1, LimitError)],
)
def test_what_cannot_be_charged_changes_nothing(registry: Registry, chip: Chip, pulses, error) -> None:
    with pytest.raises(error):
        registry.wear.charge(chip, all_cells(), pulses, "form")
    with pytest.raises(LimitError, match="row 8"):
        registry.wear.charge(chip, all_cells(rows=[7, 8]), 1, "form")
    assert not registry.wear.pulses(chip).any()


def test_a_count_stays_at_its_largest(registry: Registry, chip: Chip) -> None:
    for _ in range(2):
        registry.wear.charge(chip, all_cells(), 2**32 - 2, "form")
    assert (registry.wear.pulses(chip) == 2**32 - 1).all()


def test_the_budget_names_cell_count_and_limit(registry: Registry, chip: Chip) -> None:
    registry.wear.charge(chip, all_cells(rows=[3], columns=[2]), 8, "form")
    registry.chips.set_budget(chip, 10)
    registry.wear.require(chip, all_cells(), 2)
    with pytest.raises(WearExceeded, match="row 3, column 2: 8 pulses seen and up to 3") as caught:
        registry.wear.require(chip, all_cells(), 3)
    assert (caught.value.value, caught.value.limit, caught.value.unit) == (11, 10, "pulses")
    assert caught.value.where == "row 3, column 2" and isinstance(caught.value, LimitError)
    registry.wear.require(chip, all_cells(rows=[0, 1]), 10)


def test_the_budget_holds_across_sessions_and_for_old_chip_objects(registry: Registry, chip: Chip) -> None:
    registry.chips.set_budget(chip, 12)
    with a_job(registry, chip, steps=1) as job:
        job.begin(0)
        job.acknowledge(0, 5)
    with Registry.open() as other:
        with a_job(other, chip, steps=1) as job:
            job.begin(0)
            job.acknowledge(0, 5)
        with pytest.raises(WearExceeded):
            a_job(other, chip)
        a_job(other, chip, most_pulses=2).finish()


def test_a_resumed_job_needs_budget_only_for_what_is_left(registry: Registry, chip: Chip) -> None:
    registry.chips.set_budget(chip, 5)
    session = registry.jobs.session(chip)
    with a_job(registry, chip, session=session) as job:
        job.begin(0, rows=step_rows(0))
        job.acknowledge(0, 5)
    again = registry.jobs.resume(session, job.id)
    again.begin(1, rows=step_rows(1))
    with pytest.raises(WearExceeded):
        again.begin(2, rows=[0])


def test_what_is_under_way_counts_in_full(registry: Registry, chip: Chip) -> None:
    registry.chips.set_budget(chip, 7)
    job = a_job(registry, chip)
    job.begin(0, rows=step_rows(0))
    assert registry.wear.pulses(chip)[:2].tolist() == [[5] * 6] * 2
    assert registry.wear.unacknowledged(chip).sum() == 60 and registry.wear.totals(chip) == []
    with pytest.raises(WearExceeded):
        registry.wear.require(chip, all_cells(rows=[1]), 3)
    job.acknowledge(0, 1)
    assert registry.wear.pulses(chip).sum() == 12 and not registry.wear.unacknowledged(chip).any()
    registry.wear.require(chip, all_cells(rows=[1]), 6)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 7), st.integers(0, 200))
def test_a_count_says_which_rows_were_pulsed(rows: int, columns: int, most: int, left: int) -> None:
    cells = Cells(0, np.arange(rows), np.arange(columns))
    each = np.zeros((rows, columns), np.int64)
    for beat in range(min(left, rows * columns * most) // columns):  # a row's columns are pulsed together
        each[beat // most] += 1
    got = pulses_row_by_row(cells, most, left)
    assert (got >= each).all() and (got <= most).all()
    if left % columns == 0:
        assert np.array_equal(got, each)


def crashed(registry: Registry, chip: Chip, counter: BoardCounter, *, row_by_row: bool) -> None:
    """Leaves a session with one step acknowledged (2 pulses a cell) and two under way."""
    session = registry.jobs.session(chip, counter)
    job = a_job(registry, chip, session=session)
    for number in range(3):
        job.begin(number, rows=step_rows(number), row_by_row=row_by_row)
    job.acknowledge(0, 2)
    registry._sessions.release_all()


@pytest.mark.parametrize(
    ("after", "rows"),
    [
        (24, [2, 2, 0, 0, 0, 0]),  # nothing more than what was acknowledged
        (24 + 30, [2, 2, 5, 0, 0, 0]),  # one row of the second step
        (24 + 30 + 12, [2, 2, 5, 2, 0, 0]),
        (24 + 60 + 6, [2, 2, 5, 5, 1, 0]),
        (24 + 1000, [2, 2, 5, 5, 5, 5]),  # more than was asked: all of it
    ],
)
def test_the_boards_counter_settles_what_was_in_doubt(registry, chip, after: int, rows) -> None:
    crashed(registry, chip, BoardCounter("b", 1, 2**32 - 10), row_by_row=True)
    assert registry.wear.pulses(chip)[:6, 0].tolist() == [2, 2, 5, 5, 5, 5]
    session = registry.jobs.session(chip, BoardCounter("b", 1, (2**32 - 10 + after) % 2**32))
    assert registry.wear.pulses(chip)[:6].tolist() == [[count] * 6 for count in rows]
    assert not registry.wear.unacknowledged(chip).any()
    (job,) = registry.jobs.interrupted(chip)
    doubtful = [n for n in (1, 2) if sum(rows[2 * n : 2 * n + 2])]
    assert registry.jobs.resume(session, job.id).in_doubt() == doubtful


@pytest.mark.parametrize("counter", [BoardCounter("b", 2, 24), BoardCounter("c", 1, 24)])
def test_another_boot_or_board_charges_in_full(registry, chip, counter: BoardCounter) -> None:
    crashed(registry, chip, BoardCounter("b", 1, 0), row_by_row=True)
    registry.jobs.session(chip, counter)
    assert registry.wear.pulses(chip)[:6, 0].tolist() == [2, 2, 5, 5, 5, 5]
    assert not registry.wear.unacknowledged(chip).any()


def test_firmwares_steps_charge_every_cell_with_what_it_may_have_seen(registry, chip) -> None:
    crashed(registry, chip, BoardCounter("b", 1, 0), row_by_row=False)
    registry.jobs.session(chip, BoardCounter("b", 1, 24 + 3))
    assert registry.wear.pulses(chip)[:6, 0].tolist() == [2, 2, 3, 3, 3, 3]


def test_what_was_settled_is_not_charged_again(registry: Registry, chip: Chip) -> None:
    session = registry.jobs.session(chip, BoardCounter("b", 1, 0))
    for _ in range(2):
        job = a_job(registry, chip, session=session, resumable=False)
        for number in range(2):
            job.begin(number, rows=step_rows(number))
        job.settle(lambda: 3)  # the board's counter stays where the first job left it
        job.finish()
    assert registry.wear.pulses(chip)[:6, 0].tolist() == [3, 3, 3, 3, 0, 0]


def test_looking_at_a_chip_settles_no_doubt(registry: Registry, chip: Chip) -> None:
    crashed(registry, chip, BoardCounter("b", 1, 0), row_by_row=True)
    assert [job.state for job in registry.jobs.all(chip)] == ["interrupted"]
    assert registry.wear.unacknowledged(chip).sum() == 120
    registry.jobs.session(chip, BoardCounter("b", 1, 24))
    assert registry.wear.pulses(chip).sum() == 24

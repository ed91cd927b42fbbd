# SPDX-License-Identifier: BSD-3-Clause
"""Jobs: journaled step by step, resumed after any end, alone on their cells."""

from contextlib import suppress

import numpy as np
import pytest
from registry_bench import PROVENANCE, a_job, all_cells, step_rows

from ohmloop.errors import JobConflict, LimitError, NotRecorded, RegistryError, ShapeError
from ohmloop.registry import BoardCounter, Chip, Registry


def do(job, number: int, pulses=1, **kept) -> None:
    job.begin(number, rows=step_rows(number))
    job.acknowledge(number, pulses, **kept)


def states(registry: Registry, chip: Chip) -> list[str]:
    return [job.state for job in registry.jobs.all(chip)]


def test_a_job_goes_from_planned_to_done(registry: Registry, chip: Chip) -> None:
    with a_job(registry, chip) as job:
        assert states(registry, chip) == ["planned"]
        for number in job.remaining():
            assert job.first_step == number
            do(job, number)
            assert states(registry, chip) == ["running"]
        assert job.first_step == 4
    (record,) = registry.jobs.all(chip)
    assert (record.state, record.is_open, record.provenance) == ("done", False, PROVENANCE)
    assert record.ended is not None and record.made < record.ended


@pytest.mark.parametrize(("resumable", "state"), [(True, "interrupted"), (False, "failed")])
def test_an_exception_ends_a_job_in_the_middle(registry, chip, resumable: bool, state: str) -> None:
    with pytest.raises(KeyboardInterrupt), a_job(registry, chip, resumable=resumable) as job:
        do(job, 0)
        raise KeyboardInterrupt("stop")
    (record,) = registry.jobs.all(chip)
    assert (record.state, record.message) == (state, "KeyboardInterrupt: stop")


def test_steps_left_are_no_done_job(registry: Registry, chip: Chip) -> None:
    with a_job(registry, chip) as job:
        do(job, 0)
    assert states(registry, chip) == ["interrupted"]


def test_a_resumed_job_has_its_plan_its_results_and_its_rest(registry: Registry, chip: Chip) -> None:
    targets = np.linspace(0, 1, 48).reshape(8, 6)
    session = registry.jobs.session(chip)
    with pytest.raises(ZeroDivisionError):
        with a_job(registry, chip, session=session, plan={"n": np.int64(3)}, arrays={"t": targets}) as job:
            do(job, 0, np.full((2, 6), 4), values={"reads": 7}, arrays={"codes": targets[:2]})
            job.begin(1, rows=step_rows(1))
            raise ZeroDivisionError
    again = registry.jobs.resume(session, job.id)
    assert again.plan == {"n": 3} and np.array_equal(again.arrays()["t"], targets)
    assert again.remaining() == [1, 2, 3] and again.first_step == 1 and again.in_doubt() == [1]
    (step,) = again.results()
    assert (step.number, step.given, step.values) == (0, 48, {"reads": 7})
    assert np.array_equal(step.arrays["codes"], targets[:2]) and step.cells.rows.tolist() == [0, 1]
    for number in again.remaining():
        do(again, number)
    again.finish()
    assert states(registry, chip) == ["done"]
    assert registry.wear.pulses(chip)[:, 0].tolist() == [4, 4, 6, 6, 1, 1, 1, 1]  # 5 in doubt, then 1


def test_an_acknowledged_step_is_never_begun_again(registry: Registry, chip: Chip) -> None:
    session = registry.jobs.session(chip)
    with a_job(registry, chip, session=session) as job:
        do(job, 0)
        with pytest.raises(JobConflict, match="step 0 is acknowledged"):
            job.begin(0, rows=step_rows(0))
    again = registry.jobs.resume(session, job.id)
    with pytest.raises(JobConflict, match="step 0 is acknowledged"):
        again.begin(0)
    assert registry.wear.pulses(chip).sum() == 12


def test_a_step_is_answered_once_and_only_when_begun(registry: Registry, chip: Chip) -> None:
    job = a_job(registry, chip)
    with pytest.raises(RegistryError, match="step 2 is not under way"):
        job.acknowledge(2, 1)
    do(job, 0)
    with pytest.raises(RegistryError, match="step 0 is not under way"):
        job.acknowledge(0, 1)
    assert registry.wear.pulses(chip).sum() == 12


def test_pulses_that_do_not_fit_the_step_are_refused_and_it_stays_under_way(registry, chip) -> None:
    job = a_job(registry, chip)
    job.begin(0, rows=step_rows(0))
    with pytest.raises(ShapeError):
        job.acknowledge(0, np.ones((8, 6), int))
    job.acknowledge(0, np.ones((2, 6), int))
    assert registry.wear.pulses(chip).sum() == 12


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ({"number": 4}, LimitError),
        ({"number": -1}, LimitError),
        ({"number": 0, "rows": [6, 7]}, JobConflict),
        ({"number": 0, "columns": [5]}, JobConflict),
        ({"number": 0, "most_pulses": 6}, JobConflict),
        ({"number": 0, "rows": [1, 1]}, LimitError),
        ({"number": 0, "rows": []}, ShapeError),
    ],
)
def test_a_step_stays_inside_its_job(registry: Registry, chip: Chip, step, error) -> None:
    job = a_job(registry, chip, all_cells(rows=range(6), columns=range(5)))
    with pytest.raises(error):
        job.begin(**step)
    assert states(registry, chip) == ["planned"] and not registry.wear.pulses(chip).any()


def test_a_job_that_is_over_begins_nothing(registry: Registry, chip: Chip) -> None:
    job = a_job(registry, chip)
    job.finish("failed", "no use")
    with pytest.raises(JobConflict, match="over"):
        job.begin(0)


@pytest.mark.parametrize("change", [{"steps": 0}, {"most_pulses": -1}])
def test_no_job_without_steps(registry: Registry, chip: Chip, change) -> None:
    with pytest.raises(LimitError):
        a_job(registry, chip, **change)
    with pytest.raises(LimitError, match="row 8"):
        a_job(registry, chip, all_cells(rows=range(9)))
    assert registry.jobs.all(chip) == []


# Cells


def test_two_open_jobs_never_share_a_cell(registry: Registry, chip: Chip) -> None:
    running = a_job(registry, chip, all_cells(rows=[0, 1, 2, 3]))
    with pytest.raises(JobConflict, match=f"job {running.id} .* wait for it") as caught:
        a_job(registry, chip, all_cells(rows=[3, 4]))
    assert caught.value.value == running.id
    with pytest.raises(JobConflict):
        a_job(registry, chip, all_cells(rows=[3, 4]), most_pulses=0)
    a_job(registry, chip, all_cells(rows=[4, 5]))
    a_job(registry, a_second(registry), all_cells(rows=[3, 4]))


def a_second(registry: Registry) -> Chip:
    return registry.chips.ensure("b", origin="chip", profile="ideal", geometry=(1, 8, 6))


def test_an_interrupted_job_keeps_its_cells_until_given_up(registry: Registry, chip: Chip) -> None:
    with a_job(registry, chip) as job:
        do(job, 0)
    with pytest.raises(JobConflict, match=f"ohmloop chip abandon a {job.id}"):
        a_job(registry, chip, all_cells(rows=[7]))
    a_job(registry, chip, most_pulses=0, kind="map").finish("done")  # to look at them is allowed
    assert registry.jobs.abandon(job.id).state == "failed"
    a_job(registry, chip, all_cells(rows=[7])).finish()
    with pytest.raises(JobConflict, match="only an interrupted job"):
        registry.jobs.resume(registry.jobs.session(chip), job.id)


def test_an_interrupted_job_keeps_its_cells_from_its_own_session_too(registry, chip: Chip) -> None:
    session = registry.jobs.session(chip)
    with a_job(registry, chip, session=session) as job:
        do(job, 0)
    with pytest.raises(JobConflict, match="interrupted"):
        a_job(registry, chip, session=session)
    assert registry.jobs.resume(session, job.id).remaining() == [1, 2, 3]


def test_an_end_that_cannot_be_recorded_hides_no_error(registry: Registry, chip: Chip) -> None:
    with pytest.raises(ZeroDivisionError), a_job(registry, chip) as job:
        do(job, 0)
        registry.close()
        raise ZeroDivisionError


def test_pulsing_ends_an_interrupted_job_that_only_read(registry: Registry, chip: Chip) -> None:
    with a_job(registry, chip, most_pulses=0, kind="map") as job:
        do(job, 0, 0)
    a_job(registry, chip, all_cells(rows=[7])).finish("done")
    record = registry.jobs.get(job.id)
    assert (record.state, record.message) == ("failed", "its cells were pulsed before it was resumed")


def test_jobs_of_one_session_lie_within_each_other(registry: Registry, chip: Chip) -> None:
    session = registry.jobs.session(chip)
    with a_job(registry, chip, session=session, kind="ramp", steps=1) as outer:
        outer.begin(0, most_pulses=0)
        with a_job(registry, chip, all_cells(rows=[0, 1]), session=session, kind="form", steps=1) as inner:
            do(inner, 0)
        outer.acknowledge(0)
    assert states(registry, chip) == ["done", "done"]
    assert registry.wear.pulses(chip).sum() == 12


def test_settling_after_an_inner_job_leaves_the_outer_one_alone(registry: Registry, chip: Chip) -> None:
    session = registry.jobs.session(chip, BoardCounter("b", 1, 0))
    with a_job(registry, chip, session=session, kind="ramp", steps=2) as outer:
        outer.begin(0, most_pulses=0)
        with suppress(ZeroDivisionError), a_job(registry, chip, session=session, kind="form") as inner:
            inner.begin(0, rows=step_rows(0), row_by_row=True)
            raise ZeroDivisionError
        registry.jobs.settle(session, lambda: 6)
        assert registry.wear.pulses(chip).sum() == 6 and inner.in_doubt() == [0]
        outer.acknowledge(0)
        outer.begin(1, most_pulses=0)
        outer.settle(lambda: 6)
        assert outer.in_doubt() == [] and outer.remaining() == [1]


def test_a_running_job_is_neither_resumed_nor_given_up(registry: Registry, chip: Chip) -> None:
    job = a_job(registry, chip)
    do(job, 0)
    with Registry.open() as other:
        assert states(other, chip) == ["running"]
        with pytest.raises(JobConflict, match="it runs"):
            other.jobs.abandon(job.id)
        with pytest.raises(JobConflict, match="only an interrupted"):
            other.jobs.resume(other.jobs.session(chip), job.id)


def test_another_chips_job_is_not_resumed(registry: Registry, chip: Chip) -> None:
    with a_job(registry, chip) as job:
        do(job, 0)
    with pytest.raises(JobConflict):
        registry.jobs.resume(registry.jobs.session(a_second(registry)), job.id)
    with pytest.raises(NotRecorded):
        registry.jobs.get(99)


@pytest.mark.parametrize("resumable", [True, False])
def test_a_closed_registry_leaves_no_running_job(registry: Registry, chip: Chip, resumable: bool) -> None:
    with Registry.open() as other:
        do(a_job(other, chip, resumable=resumable), 0)
    (job,) = registry.jobs.all(chip)
    assert (job.state, job.message) == ("interrupted" if resumable else "failed", "its process ended")

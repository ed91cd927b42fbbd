# SPDX-License-Identifier: BSD-3-Clause
"""SIGKILL at any moment, many processes at once: the file opens, nothing acknowledged is lost or repeated."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from registry_bench import SHAPE, a_chip, a_job, all_cells, killed

from ohmloop.registry import BoardCounter, Cells, Job, Registry

STEPS = 30
STEP_S = 0.01
"""About a step's time: kills fall anywhere in it."""


class FakeBoard:
    """Gives pulses to a file that stands for a chip: a byte a step executed, nothing of it ever lost."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pulse(self, number: int) -> None:
        with self.path.open("ab", buffering=0) as file:
            file.write(bytes([number]))

    @property
    def given(self) -> np.ndarray:
        """Executions of every step, `[steps]`."""
        data = self.path.read_bytes() if self.path.exists() else b""
        return np.bincount(np.frombuffer(data, np.uint8), minlength=STEPS)

    @property
    def counter(self) -> BoardCounter:
        return BoardCounter("b", 1, int(self.given.sum()))


def has_given(board: FakeBoard, count: int) -> bool:
    return bool(board.given.sum() >= count)


def one_cell(number: int) -> tuple[list[int], list[int]]:
    return [number // 6 % 8], [number % 6]


def program(path: Path, board: FakeBoard, told: Path) -> None:
    """Opens or resumes the job and gives every step that is left, three under way at a time."""
    with Registry.open(path) as registry, told.open("ab", buffering=0) as log:
        chip = a_chip(registry)
        session = registry.jobs.session(chip, board.counter)
        open_jobs = registry.jobs.interrupted(chip)
        job = (
            registry.jobs.resume(session, open_jobs[0].id)
            if open_jobs
            else a_job(registry, chip, session=session, steps=STEPS, most_pulses=1)
        )
        with job:
            under_way: list[int] = []
            for number in [*job.remaining(), None]:
                if number is not None:
                    rows, columns = one_cell(number)
                    job.begin(number, rows=rows, columns=columns, row_by_row=True)
                    board.pulse(number)
                    under_way.append(number)
                while under_way and (number is None or len(under_way) == 3):
                    first = under_way.pop(0)
                    job.acknowledge(first, 1, values={"step": first})
                    log.write(bytes([first]))


@pytest.mark.parametrize("most", [30, pytest.param(300, marks=pytest.mark.slow)])
def test_a_job_killed_again_and_again_repeats_nothing_acknowledged(tmp_path: Path, most: int) -> None:
    generator = np.random.default_rng(5)
    kills = jobs = 0
    while kills < most:
        lab, board = tmp_path / f"{jobs}.sqlite", FakeBoard(tmp_path / f"{jobs}.chip")
        told = tmp_path / f"{jobs}.told"
        acknowledged: set[int] = set()
        while len(acknowledged) < STEPS and kills < most:
            acknowledged = set(told.read_bytes()) if told.exists() else set()
            given = board.given
            kills += killed(
                partial(program, lab, board, told),
                generator.uniform(0.0, STEP_S),
                partial(has_given, board, given.sum() + generator.integers(0, 12)),
            )
            assert [n for n in acknowledged if board.given[n] != given[n]] == [], "given again"
            acknowledged = assert_sound(lab, board, told)
        jobs += 1
    if len(acknowledged) < STEPS:
        program(lab, board, told)
    assert len(assert_sound(lab, board, told)) == STEPS
    assert (board.given >= 1).all()
    with Registry.open(lab) as registry:
        (job,) = registry.jobs.all(registry.chips.get("a"))
        assert job.state == "done"


def assert_sound(lab: Path, board: FakeBoard, told: Path) -> set[int]:
    """The registry opens, and knows of every step that was acknowledged and of every pulse.

    Returns the acknowledged steps.
    """
    with Registry.open(lab) as registry:
        assert registry.integrity_faults() == []
        if not registry.chips.all():
            assert board.given.sum() == 0
            return set()
        chip = registry.chips.get("a")
        jobs = registry.jobs.all(chip)
        acknowledged = registry.jobs.steps.acknowledged(jobs[0].id) if jobs else set()
        assert set(told.read_bytes() if told.exists() else b"") <= acknowledged
        truth = np.zeros(SHAPE[1:], np.int64)
        for number, count in enumerate(board.given):
            rows, columns = one_cell(number)
            truth[rows[0], columns[0]] += count
        assert (registry.wear.pulses(chip) >= truth).all()
        registry.jobs.session(chip, board.counter)  # what the next opening learns from the board
        assert np.array_equal(registry.wear.pulses(chip), truth)
        return acknowledged


@pytest.mark.parametrize("workers", [4])
def test_processes_that_write_at_once_lose_nothing(path: Path, workers: int) -> None:
    children = []
    for worker in range(workers):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                charge_rows(path, worker)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.WEXITSTATUS(os.waitpid(child, 0)[1]) for child in children] == [0] * workers
    with Registry.open(path) as registry:
        assert registry.integrity_faults() == []
        chip = registry.chips.get("a")
        assert registry.wear.pulses(chip)[: 2 * workers].tolist() == [[20] * 6] * (2 * workers)
        assert len(registry.jobs.all(chip)) == workers
        assert {job.state for job in registry.jobs.all(chip)} == {"done"}


def charge_rows(path: Path, worker: int) -> None:
    with Registry.open(path) as registry:
        chip = a_chip(registry)
        rows = [2 * worker, 2 * worker + 1]
        with a_job(registry, chip, all_cells(rows=rows), steps=20, most_pulses=20) as job:
            for number in job.remaining():
                job.begin(number, most_pulses=1)
                job.acknowledge(number, 1)


def test_a_crashed_writer_leaves_no_half_record(path: Path, tmp_path: Path) -> None:
    def die_inside() -> None:
        with Registry.open(path) as registry, registry.jobs._database.transaction():
            registry.wear.charge(a_chip(registry), Cells(0, np.arange(8), np.arange(6)), 9, "form")
            (tmp_path / "inside").touch()
            os.read(os.pipe()[0], 1)  # waits for the kill

    assert killed(die_inside, 0.0, (tmp_path / "inside").exists)
    with Registry.open(path) as registry:
        assert registry.chips.all() == [] and registry.integrity_faults() == []
        assert not registry.wear.pulses(a_chip(registry)).any()


def make(lab: Path) -> None:
    Registry.open(lab).close()


def test_a_file_whose_making_was_killed_is_made_again(path: Path) -> None:
    for trial in range(15):
        lab = path.parent / f"{trial}.sqlite"
        killed(partial(make, lab), 0.001 * trial)
        with Registry.open(lab) as registry:
            assert registry.integrity_faults() == [] and registry.version >= 1


def test_ctrl_c_anywhere_leaves_a_registry_that_still_commits(path: Path) -> None:
    generator = np.random.default_rng(3)
    told: set[int] = set()
    with Registry.open(path) as registry:
        chip = a_chip(registry)
        session = registry.jobs.session(chip)
        job = a_job(registry, chip, session=session, steps=STEPS, most_pulses=1)
        for _ in range(40):
            try:
                with interrupted_after(generator.uniform(0.0005, 0.01)), job:
                    give_what_is_left(job, told)
            except KeyboardInterrupt:
                pass
            with Registry.open(path) as other:
                assert told <= other.jobs.steps.acknowledged(job.id)
                assert other.integrity_faults() == []
            state = registry.jobs.get(job.id).state
            if state == "done":
                break
            if state != "interrupted":
                job.finish("interrupted")  # Ctrl-C fell before the `with` had begun
            job = registry.jobs.resume(session, job.id)
        with job:
            give_what_is_left(job, told)
    with Registry.open(path) as other:
        assert other.jobs.steps.acknowledged(job.id) == set(range(STEPS))
        assert other.jobs.get(job.id).state == "done"


def give_what_is_left(job: Job, told: set[int]) -> None:
    for number in job.remaining():
        rows, columns = one_cell(number)
        job.begin(number, rows=rows, columns=columns)
        job.acknowledge(number, 1)
        told.add(number)


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raises KeyboardInterrupt in the block, some time after its begin."""
    main = threading.main_thread().ident
    assert main is not None

    def interrupt(*_signal: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupt)
    timer = threading.Timer(seconds, signal.pthread_kill, (main, signal.SIGUSR1))
    timer.start()
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        timer.join()
        signal.signal(signal.SIGUSR1, before)

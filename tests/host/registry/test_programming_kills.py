# SPDX-License-Identifier: BSD-3-Clause
"""A programming job whose host is killed, or whose board loses power, at any moment: finished, and right."""

import json
import os
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from registry_bench import killed

import ohmloop
from ohmloop._map import Opcode, Register
from ohmloop.board import Board
from ohmloop.board.core import Core
from ohmloop.errors import BoardLost
from ohmloop.link.wires import WireContext
from ohmloop.link.wires.serve import serve
from ohmloop.profile import load_profile
from ohmloop.registry import Cells, Job, Registry, records_of

BOARD = "twin://?rows=64&columns=64&lanes=8&payload=256"
CHIP = {"chip": "seed:9", "profile": "rram-130nm-yao2020"}
SHAPE = (24, 20)
TOLERANCE_S = 1.0e-6
ARM = {"ops": {"set", "reset"}, "max_pulses": 10**6, "max_voltage_v": 2.5, "expires_s": 600.0}


def targets() -> np.ndarray:
    return np.random.default_rng(4).uniform(5e-6, 20e-6, SHAPE)


def opened(url: str = BOARD, **change) -> Board:
    return ohmloop.open(url, **(CHIP | change))


def formed(board: Board) -> None:
    """Gives a new chip cells that can be programmed."""
    cells = np.random.default_rng(8).integers(50, 300, (64, 64))
    board.macro.load_g_codes(cells, board.macro[:, :])


def program(board: Board):
    """Programs the window, or goes on with what was interrupted."""
    records, window = records_of(board), board.macro[: SHAPE[0], : SHAPE[1]]
    left = [] if records is None else records.registry.jobs.interrupted(records.chip)
    with board.armed(window, **ARM):
        if left:
            return board.macro.resume_program(left[0].id)
        return board.macro.program(targets(), window, tolerance_siemens=TOLERANCE_S, averages=1)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Status of every cell of a job that nothing interrupts, on a chip that is the same."""
    with pytest.MonkeyPatch.context() as elsewhere:
        elsewhere.setenv("OHMLOOP_STATE", str(tmp_path_factory.mktemp("elsewhere")))
        with opened(registry=False) as board:
            formed(board)
            return program(board).status


def acknowledged() -> dict[int, set[int]]:
    """Returns the operation indices of what is acknowledged, of every job."""
    with Registry.open() as registry:
        assert registry.integrity_faults() == []
        found: dict[int, set[int]] = {}
        for job in registry.jobs.all(registry.chips.get(CHIP["chip"])):
            rows = registry.jobs.steps.rows(job.id, "acknowledged")
            found[job.id] = {json.loads(row["request"])["operation_index"] for row in rows}
        return found


def require_right(result, uninterrupted: np.ndarray) -> None:
    """The job is done, its record covers every cell, and the cells are where they should be."""
    assert result.status.shape == SHAPE
    with Registry.open() as registry:
        chip = registry.chips.get(CHIP["chip"])
        job = registry.jobs.all(chip)[-1]
        assert job.state == "done"
        covered = np.zeros((64, 64), int)
        for row in registry.jobs.steps.rows(job.id, "acknowledged"):
            covered[Cells.from_blobs(row["macro"], row["rows"], row["columns"]).grid] += 1
        assert (covered[: SHAPE[0], : SHAPE[1]] == 1).all() and covered.sum() == SHAPE[0] * SHAPE[1]
        assert (registry.wear.pulses(chip)[: SHAPE[0], : SHAPE[1]] >= result.pulses).all()
    healthy = uninterrupted == 0
    off_s = np.abs(result.achieved_siemens - targets())
    assert np.array_equal(result.status == 0, healthy)
    assert np.mean(off_s[healthy] <= TOLERANCE_S) >= 0.99


# The host is killed


def program_and_tell(told: Path, counted: Path) -> None:
    """Programs; tells the operation index of every request that reaches the link, and counts answers."""
    stream, acknowledge = Core.stream, Job.acknowledge

    def counting(job: Job, *asked, **more) -> None:
        acknowledge(job, *asked, **more)
        with counted.open("ab", buffering=0) as file:
            file.write(b".")

    def telling(core: Core, requests, *rest):
        def tell(request):
            if request[0] == Opcode.PROGRAM:
                with told.open("ab", buffering=0) as file:
                    file.write(request[1][8:16])
            return request

        return stream(core, map(tell, requests), *rest)

    Core.stream, Job.acknowledge = telling, counting
    with opened() as board:
        program(board)


def sent(told: Path) -> list[int]:
    return [index for (index,) in struct.iter_unpack("<Q", told.read_bytes())]


@pytest.mark.parametrize("kills", [4, pytest.param(100, marks=pytest.mark.slow)])
def test_a_programming_job_whose_host_is_killed(tmp_path: Path, uninterrupted, kills: int) -> None:
    generator = np.random.default_rng(6)
    told, counted = tmp_path / "told", tmp_path / "counted"
    for file in (told, counted):
        file.touch()
    for _ in range(kills):
        left = interrupted()
        if left is None:
            with opened(registry=False) as board:
                formed(board)
        before, count = acknowledged() if is_known() else {}, len(sent(told))
        file, record = (told, 8) if generator.random() < 0.3 else (counted, 1)
        most = file.stat().st_size + record * generator.integers(0, 8)
        killed(
            partial(program_and_tell, told, counted),
            generator.uniform(0, 0.02),
            lambda file=file, most=most: file.stat().st_size > most,
        )
        again = set(sent(told)[count:]) & before.get(left, set())
        assert not again, "what was acknowledged was sent again"
        after = acknowledged()
        assert all(before[job] <= after[job] for job in before), "what was acknowledged is lost"
    assert any(acknowledged().values()), "no kill fell in the middle of a job"
    with opened() as board:
        if interrupted() is None:
            formed(board)
        result = program(board)
    require_right(result, uninterrupted)


def is_known() -> bool:
    with Registry.open() as registry:
        return bool(registry.chips.all())


def interrupted() -> int | None:
    """Returns the job that waits to be resumed."""
    with Registry.open() as registry:
        left = registry.jobs.interrupted(registry.chips.get(CHIP["chip"])) if is_known() else []
        return left[0].id if left else None


# The board loses its power


@contextmanager
def powered_board() -> Iterator[tuple[str, int]]:
    """Yields URL and process of a board that another process emulates."""
    tell, say = os.pipe()
    child = os.fork()
    if child == 0:
        context = WireContext(chip=CHIP["chip"], profile=load_profile(CHIP["profile"]))
        try:
            serve(
                BOARD, tcp_port=0, context=context, announce=lambda url: os.write(say, url.encode()) and None
            )
        finally:
            os._exit(0)
    try:
        yield os.read(tell, 1000).decode(), child
    finally:
        os.close(tell)
        os.close(say)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("losses", [2, pytest.param(100, marks=pytest.mark.slow)])
def test_a_programming_job_whose_board_loses_power(monkeypatch, uninterrupted, losses: int) -> None:
    generator = np.random.default_rng(7)
    with opened(registry=False) as board:
        formed(board)
    for _ in range(losses):
        before = acknowledged() if is_known() else {}
        with powered_board() as (url, process), monkeypatch.context() as patch:
            left = [int(generator.integers(0, 12))]
            call = ("begin", "acknowledge")[int(generator.integers(2))]
            do = getattr(Job, call)

            def until_the_power_fails(job, *asked, left=left, process=process, do=do, **more):
                do(job, *asked, **more)
                left[0] -= 1
                if left[0] == 0:
                    os.kill(process, signal.SIGKILL)

            patch.setattr(Job, call, until_the_power_fails)
            with suppress(BoardLost), opened(url) as board:
                program(board)
        after = acknowledged()
        assert all(before[job] <= after[job] for job in before)
    with opened() as board:
        require_right(program(board), uninterrupted)


# The host dies, the board lives


def reset_rows(url: str, counted: Path) -> None:
    with opened(url) as board, board.armed(board.macro[:, :], **ARM):
        for row in range(64):
            board.macro.reset(board.macro[row, :], voltage_v=1.0, gate_v=4.0, width_s=1e-7, pulses=3)
            with counted.open("ab", buffering=0) as file:
                file.write(b".")


def test_a_board_that_outlives_its_host_tells_what_it_gave(tmp_path: Path) -> None:
    generator = np.random.default_rng(8)
    counted = tmp_path / "counted"
    counted.touch()
    with powered_board() as (url, _):
        for _ in range(4):
            most = counted.stat().st_size + generator.integers(0, 5)
            work = partial(reset_rows, url, counted)
            assert killed(work, generator.uniform(0, 0.02), lambda most=most: counted.stat().st_size > most)
            with opened(url) as board, board.armed(board.macro[:2, :2], **ARM):
                board.macro.reset(board.macro[:2, :2], voltage_v=1.0, gate_v=4.0, width_s=1e-7)
                records = records_of(board)
                assert records is not None
                pulses = records.registry.wear.pulses(records.chip)
                assert pulses.sum() == board.read_registers(Register.PULSES_SINCE_BOOT)[0] > 0
                assert not records.registry.wear.unacknowledged(records.chip).any()

# SPDX-License-Identifier: BSD-3-Clause
"""Words that the registry's tests share."""

import os
import signal
import time
from collections.abc import Callable

import numpy as np

from ohmloop.registry import Cells, Chip, Job, Provenance, Registry

PROVENANCE = Provenance(origin="chip", chip="a", board_uid="0" * 16, commit="c0ffee")
SHAPE = (1, 8, 6)
LONGEST_WAIT_MS = 60_000
WAITING = os.WEXITED | os.WNOHANG | os.WNOWAIT


def a_chip(registry: Registry, name: str = "a", origin: str = "chip") -> Chip:
    return registry.chips.ensure(name, origin=origin, profile="ideal", geometry=SHAPE)


def all_cells(rows=range(8), columns=range(6)) -> Cells:
    return Cells(0, np.array(rows), np.array(columns))


def a_job(registry: Registry, chip: Chip, cells: Cells | None = None, **change) -> Job:
    """Opens a job of four steps of two rows each, up to five pulses a cell, in a session of its own."""
    keywords = {"steps": 4, "most_pulses": 5, "resumable": True, "provenance": PROVENANCE} | change
    session = keywords.pop("session", None) or registry.jobs.session(chip)
    return registry.jobs.open(session, keywords.pop("kind", "program"), cells or all_cells(), **keywords)


def step_rows(number: int) -> list[int]:
    return [2 * number, 2 * number + 1]


def killed(work: Callable[[], None], after_s: float, has_begun: Callable[[], bool] | None = None) -> bool:
    """Runs `work` in a process of its own and kills it; returns whether it was still at work.

    The time counts from when `has_begun` says so: how fast the machine is does not matter.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    for _ in range(LONGEST_WAIT_MS):
        if has_begun is None or has_begun() or os.waitid(os.P_PID, child, WAITING) is not None:
            break
        time.sleep(1e-3)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, "the work failed by itself"
    return os.WIFSIGNALED(status)

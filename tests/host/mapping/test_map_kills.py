# SPDX-License-Identifier: BSD-3-Clause
"""A map killed with SIGKILL, again and again, is finished by those that come after, and is right."""

import os
import signal
import time

import numpy as np
from mapping_bench import SMALL, fill, opened

import ohmloop
from ohmloop.registry import records_of

SAMPLES = 64
STEP_S = 0.02
"""Pause after each step, so that kills fall everywhere in it."""


def map_or_resume(progress=None):
    """Goes on with the interrupted map of the chip, or begins one; returns it."""
    with ohmloop.open(SMALL, chip="lab") as board:
        held = records_of(board)
        left = held.registry.jobs.interrupted(held.chip)
        if left:
            return board.macro.map(resume=left[0].id, progress=progress)
        return board.macro.map(method="onehot", samples=SAMPLES, progress=progress)


def killed_after(steps, seconds):
    """Maps in a process of its own, kills it some time after a step; returns whether it was still at it."""
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            map_or_resume(lambda *_: (os.write(tell, b"."), time.sleep(STEP_S)))
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(told, "rb", buffering=0) as steps_done:
        for _ in range(steps):
            steps_done.read(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_a_map_killed_again_and_again_is_finished():
    with opened(chip="lab") as board:
        truth = fill(board.macro)
    rng = np.random.default_rng(3)
    with opened(chip="lab") as board:
        whole = board.macro.map(method="onehot", samples=SAMPLES)
    kills = [killed_after(step, rng.uniform(0, 2 * STEP_S)) for step in range(1, 7)]
    measured = map_or_resume()
    assert all(kills)
    for one in (whole, measured):
        assert 0.9 < np.std((one.siemens - truth) / one.uncertainty_siemens) < 1.1
    assert not np.array_equal(whole.siemens, measured.siemens)
    with opened(chip="lab") as board:
        held = records_of(board)
        assert [job.state for job in held.registry.jobs.all(held.chip)] == ["done", "done"]
        assert len(held.registry.maps.history(held.chip)) == 2

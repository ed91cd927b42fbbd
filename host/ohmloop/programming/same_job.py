# SPDX-License-Identifier: BSD-3-Clause
"""Whether a job of programming is what is asked now, before it goes on: nothing asked is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import JobConflict
from ohmloop.programming.kept_plan import plan_of
from ohmloop.programming.plan import ALGORITHMS, checked_siemens, wired
from ohmloop.registry import Cells, JobRecord

if TYPE_CHECKING:
    from ohmloop.board.window import Window


def require_same_window(window: Window, job: JobRecord) -> None:
    """Raises JobConflict where a job was begun on other cells than these."""
    now = Cells.of(window)
    for axis in ("rows", "columns"):
        begun, asked = getattr(job.cells, axis), getattr(now, axis)
        if not np.array_equal(begun, asked):
            _refuse(job.id, axis, _told(begun), _told(asked))


def require_same(
    window: Window,
    job: JobRecord,
    arrays: Mapping[str, NDArray[Any]],
    targets_siemens: ArrayLike,
    *,
    tolerance_siemens: ArrayLike,
    algorithm: str | None,
    budget: int | None,
) -> None:
    """Raises JobConflict where a job of programming was begun otherwise than is asked.

    Args:
        window: the cells.
        job: the registry's record.
        arrays: what the job was opened with.
        targets_siemens: as in `Macro.program`.
        tolerance_siemens: as in `Macro.program`.
        algorithm: as in `Macro.program`; None: the job's.
        budget: as in `Macro.program`; None: the job's.
    """
    require_same_window(window, job)
    plan = plan_of(job.plan)
    begun = next((name for name, code in ALGORITHMS.items() if code is plan.algorithm), plan.algorithm.name)
    if algorithm not in (None, begun):
        _refuse(job.id, "algorithm", begun, algorithm)
    if budget not in (None, plan.budget):
        _refuse(job.id, "budget", plan.budget, budget)
    for name, values in (("targets_siemens", targets_siemens), ("tolerance_siemens", tolerance_siemens)):
        then, now = arrays[name], wired(window, checked_siemens(window, values, name))
        others = ~np.isclose(then, now, rtol=1e-9, atol=0)
        if others.any():
            told = f"{np.count_nonzero(others)} of {others.size} cells with"
            _refuse(job.id, name, f"{then[others][0]:g} S", f"{told} {now[others][0]:g} S")


def _told(lines: Any) -> str:
    return f"{lines.size} from {lines[0]} to {lines[-1]}"


def _refuse(job_id: int, where: str, then: Any, now: Any) -> NoReturn:
    raise JobConflict(
        f"job {job_id}: begun with {where} {then}, {now} asked", value=now, limit=then, where=where
    )

# SPDX-License-Identifier: BSD-3-Clause
"""`Macro.map`: a map measured, journaled and kept, or an interrupted one taken up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike

from ohmloop.board.estimate import require_calibration
from ohmloop.board.watching import JobWatch
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.measuring import check_plan, checked_mask, known_before, measure_map
from ohmloop.mapping.recorded import Asked, JobJournal, journaled, resumed
from ohmloop.mapping.steps import Progress

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.board.watching import Watch


USUAL: Final[dict[str, Any]] = {"method": "auto", "samples": 4, "order": None, "read_v": None}
"""Of a map's plan, where nothing else is asked."""


def map_macro(
    macro: Macro,
    window: Window | None,
    *,
    method: str | None,
    samples: int | None,
    order: int | None,
    mask: ArrayLike | None,
    read_v: float | None,
    calibration: Any,
    accept_mismatch: bool,
    earlier: ConductanceMap | None,
    progress: Progress | None,
    watch: Watch | None,
    resume: int | None,
) -> ConductanceMap:
    """Measures a map; see `Macro.map`."""

    def measure(
        cells: Window, plan: dict[str, Any], left_out: Any, journal: JobJournal | None
    ) -> ConductanceMap:
        return measure_map(
            macro,
            cells,
            **plan,
            mask=left_out,
            calibration=calibration,
            accept_mismatch=accept_mismatch,
            earlier=earlier,
            journal=journal,
            progress=progress,
            watch=watch,
        )

    asked: dict[str, Any] = {"method": method, "samples": samples, "order": order, "read_v": read_v}
    if resume is not None:
        return resumed(macro, resume, measure, Asked(window, mask, asked))
    whole = macro[:, :] if window is None else window
    plan = USUAL | {name: value for name, value in asked.items() if value is not None}
    left_out = checked_mask(mask, whole)
    check_plan(macro, int(np.count_nonzero(~left_out.all(axis=1))), **plan)
    known_before(earlier, whole, accept_mismatch)
    used = JobWatch(watch).calibration if calibration is None else calibration
    if used is not None:
        require_calibration(used, "siemens")
        used.require(macro.board, macro=macro.index, accept_mismatch=accept_mismatch)
    return journaled(macro, whole, plan, left_out, lambda journal: measure(whole, plan, left_out, journal))

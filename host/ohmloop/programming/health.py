# SPDX-License-Identifier: BSD-3-Clause
"""What programming says of the cells' health, to the chip's registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ohmloop.programming.results import ProgramResult, ProgramStatus
from ohmloop.registry import Cells, CellState, records_of

if TYPE_CHECKING:
    from ohmloop.board.window import Window


def keep_health(window: Window, result: ProgramResult, job_id: int | None) -> None:
    """Records which cells are formed, stuck or given up; does nothing for a chip without a registry."""
    records = records_of(window.macro.board)
    if records is None:
        return
    states = np.full(result.shape, CellState.UNKNOWN, np.uint8)
    states[np.isin(result.status, (ProgramStatus.DONE, ProgramStatus.MOVED))] = CellState.FORMED
    given_up = CellState.UNFORMED if result.algorithm == "form_ramp" else CellState.GAVE_UP
    states[result.status == ProgramStatus.BUDGET] = given_up
    stuck = result.status == ProgramStatus.STUCK
    below = result.achieved_siemens < result.targets_siemens
    states[stuck & below] = CellState.STUCK_LOW
    states[stuck & ~below] = CellState.STUCK_HIGH
    records.registry.health.store(
        records.chip,
        Cells.of(window),
        source="program",
        states=states,
        provenance=records.provenance.with_recipe(f"program {result.algorithm}"),
        job_id=job_id,
    )

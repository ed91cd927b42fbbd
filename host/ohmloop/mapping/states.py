# SPDX-License-Identifier: BSD-3-Clause
"""Conductances to what each cell is: unformed, formed, stuck, leaky."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.profile import Profile

Floats = NDArray[np.float64]
States = NDArray[np.uint8]

SURE: Final = 3.0
"""Standard uncertainties by which a cell must lie outside what its profile knows."""
ABOVE_FORMED: Final = 1.25
"""Conductance, over the largest that the profile knows, from which a cell counts as shorted."""
SIEMENS_PER_MICROSIEMENS: Final = 1e-6


class CellState(IntEnum):
    """What a cell is.

    UNFORMED: as a pristine cell. FORMED: conducts as formed cells do. STUCK_LOW: known as formed, conducts
    no more. STUCK_HIGH: conducts more than any formed cell, or saturates the coarsest range. LEAKY: conducts
    more than a pristine cell, less than a formed one. MASKED: not looked at.
    """

    UNFORMED = 0
    FORMED = 1
    STUCK_LOW = 2
    STUCK_HIGH = 3
    LEAKY = 4
    MASKED = 5


def shorted_siemens(profile: Profile) -> float:
    """Returns the conductance above which a cell counts as shorted, siemens."""
    return ABOVE_FORMED * profile.chip.cells.formed.points[-1][1] * SIEMENS_PER_MICROSIEMENS


def classified(
    siemens: Floats,
    uncertainty: Floats,
    profile: Profile,
    *,
    masked: NDArray[np.bool_],
    shorted: NDArray[np.bool_],
    known: States | None = None,
) -> States:
    """Returns a CellState for each cell, uint8 `[rows, columns]`.

    Args:
        siemens: conductances; NaN where none could be measured.
        uncertainty: standard uncertainties, siemens.
        profile: what pristine and formed cells conduct.
        masked: cells that were left out.
        shorted: cells that saturated the coarsest range.
        known: states of an earlier map: a cell formed then that conducts no more is stuck low.
    """
    cells = profile.chip.cells
    floor = profile.formed_floor * profile.g_lsb_siemens
    pristine = cells.pristine.points[-1][1] * SIEMENS_PER_MICROSIEMENS
    half_code = profile.g_lsb_siemens / 2
    value = np.nan_to_num(siemens, nan=np.inf)
    states = np.full(siemens.shape, CellState.FORMED, np.uint8)
    low = value < floor
    leaky = low & (value > pristine + half_code + SURE * uncertainty)
    states[low] = CellState.UNFORMED
    states[leaky] = CellState.LEAKY
    if known is not None:
        was_formed = np.isin(known, (CellState.FORMED, CellState.STUCK_LOW))
        states[low & was_formed] = CellState.STUCK_LOW
    high = shorted | (value > shorted_siemens(profile) + SURE * uncertainty)
    states[high] = CellState.STUCK_HIGH
    states[masked] = CellState.MASKED
    return states

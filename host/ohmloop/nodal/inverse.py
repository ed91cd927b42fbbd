# SPDX-License-Identifier: BSD-3-Clause
"""What cells seem to conduct at the ends of resistive lines to what they conduct."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from ohmloop.errors import NotConverged
from ohmloop.nodal.effective import effective_siemens
from ohmloop.nodal.network import Floats

TOLERANCE: Final = 1e-6
MOST_SOLUTIONS: Final = 60


def cells_behind_lines(
    seen_siemens: ArrayLike, *, row_ohm: ArrayLike, column_ohm: ArrayLike, tolerance: float = TOLERANCE
) -> tuple[Floats, Floats]:
    """Finds the cells whose effective matrix is `seen_siemens`, `[rows, columns]`.

    Each solution tells what the present guess loses, and that loss is added to what is seen; the error
    shrinks by about the lost fraction a time. What is seen below zero (noise) stays there, and loads no line.

    Args:
        seen_siemens: current of every column per volt on every row alone, all of them finite.
        row_ohm: as in `Network.of`.
        column_ohm: as in `Network.of`.
        tolerance: largest change by the last solution, over the largest cell.

    Returns:
        The cells and the effective matrix of the last guess, siemens.

    Raises:
        ShapeError, LimitError: the arguments are no array of resistors.
        NotConverged: no cells of positive conductance have this matrix, within the tolerance.
    """
    seen = np.asarray(seen_siemens, dtype=np.float64)
    cells = seen.copy()
    change = np.inf
    for _ in range(MOST_SOLUTIONS):
        guess = np.maximum(cells, 0.0)
        effective = effective_siemens(
            guess, row_ohm=row_ohm, column_ohm=column_ohm, tolerance=min(1e-2 * tolerance, 1e-4)
        )
        before, cells = cells, seen + guess - effective
        change = float(np.abs(cells - before).max()) / max(float(np.abs(cells).max()), np.finfo(float).tiny)
        if change <= tolerance:
            return cells, effective
        if not np.isfinite(change) or change > 1 / tolerance:
            break
    raise NotConverged(
        f"cells behind lines: the last solution still changed them by {change:.2g} of the largest, "
        f"{tolerance:g} asked; are the resistances too large for what is seen?",
        value=change,
        limit=tolerance,
        where="cells behind lines",
    )

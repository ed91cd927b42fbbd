# SPDX-License-Identifier: BSD-3-Clause
"""Position factors that stand for resistive lines, and an emulated macro that has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.nodal import effective_siemens

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window

FIT_SWEEPS = 30


@dataclass(frozen=True)
class PositionFactors:
    """Factors that turn cell conductances into effective ones: `rows[r] * g[r, c] * columns[c]`.

    `rows` is `[rows]`, `columns` `[columns]`, both without unit; `residual` is the root-mean-square
    difference from the exact effective conductances, relative to their root mean square.
    """

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    residual: float

    @classmethod
    def fit(cls, g_siemens: ArrayLike, effective: ArrayLike) -> PositionFactors:
        """Fits the factors by alternating least squares; both arguments are `[rows, columns]` siemens."""
        g = np.asarray(g_siemens, dtype=np.float64)
        target = np.asarray(effective, dtype=np.float64)
        rows, columns = np.ones(g.shape[0]), np.ones(g.shape[1])
        for _ in range(FIT_SWEEPS):
            rows = _scale(g * columns, target, axis=1)
            columns = _scale(g * rows[:, None], target, axis=0)
        difference = target - rows[:, None] * g * columns
        size = float(np.sqrt(np.mean(target**2)))
        residual = float(np.sqrt(np.mean(difference**2))) / size if size else 0.0
        return cls(rows, columns, residual)


def emulate_line_resistance(
    macro: Macro, window: Window, *, row_ohm: float | None = None, column_ohm: float | None = None
) -> PositionFactors:
    """Gives an emulated macro the line resistance of a window, until its cells change.

    The window's cells are dumped, solved exactly with all its columns connected, and the fitted factors
    are loaded for its lines. Lines outside the window keep the factor one. Resistances that are not given
    are the profile's, zero where it names none.

    Raises:
        NotEmulated: the macro is a chip.
        LimitError: a resistance is negative or not finite, or a factor does not fit its table.
    """
    lines = macro.profile.chip.lines
    row_ohm = row_ohm if row_ohm is not None else lines.row.value if lines else 0.0
    column_ohm = column_ohm if column_ohm is not None else lines.column.value if lines else 0.0
    g = macro.g_codes_to_siemens(macro.dump_g_codes(window))
    factors = PositionFactors.fit(g, effective_siemens(g, row_ohm=row_ohm, column_ohm=column_ohm))
    macro.load_position_factors(factors.rows, factors.columns, window)
    return factors


def _scale(g: NDArray[np.float64], target: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Least-squares factor of every line; one where the line conducts nothing."""
    size = np.sum(g * g, axis=axis)
    fitted: NDArray[np.float64] = np.ones_like(size)
    np.divide(np.sum(g * target, axis=axis), size, out=fitted, where=size > 0)
    return fitted

# SPDX-License-Identifier: BSD-3-Clause
"""Exact nodal solution of an array with resistive lines, and the position factors that stand for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from ohmloop.errors import LimitError, ShapeError

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


def effective_siemens(
    g_siemens: ArrayLike,
    *,
    row_ohm: float,
    column_ohm: float,
    source_ohm: float = 0.0,
    sense_ohm: float = 0.0,
) -> NDArray[np.float64]:
    """Solves Kirchhoff's equations of the array for every row driven alone.

    Rows are driven at column 0 through `source_ohm`; columns are sensed at virtual ground behind the
    last row through `sense_ohm`; `row_ohm` and `column_ohm` are the resistance of a line from one cell
    to the next. Every row that is not driven is grounded, every column is connected.

    Args:
        g_siemens: `[rows, columns]` cell conductances, siemens, not negative.
        row_ohm: ohms per cell pitch along a row, at least 0.
        column_ohm: ohms per cell pitch along a column, at least 0.
        source_ohm: ohms in series with every row, at least 0.
        sense_ohm: ohms in series with every column, at least 0.

    Returns:
        `[rows, columns]` siemens: the current of a column per volt on a row. A network of resistors
        is linear, so products with this matrix are exact for any input.
    """
    g = np.asarray(g_siemens, dtype=np.float64)
    _check(g, row_ohm=row_ohm, column_ohm=column_ohm, source_ohm=source_ohm, sense_ohm=sense_ohm)
    if not (row_ohm or column_ohm or source_ohm or sense_ohm):
        return g.copy()
    # A line without resistance gets one far below every other, so that one assembly serves all cases.
    tiny = 1e-9 / max(float(g.max(initial=0.0)) * max(g.shape), 1e-12)
    row_s, column_s = 1.0 / max(row_ohm, tiny), 1.0 / max(column_ohm, tiny)
    source_s, sense_s = 1.0 / max(source_ohm + row_ohm, tiny), 1.0 / max(sense_ohm + column_ohm, tiny)
    rows, columns = g.shape
    node = np.arange(rows * columns).reshape(rows, columns)
    under = node + rows * columns
    branches = [
        (node, under, g),
        (node[:, :-1], node[:, 1:], np.full((rows, columns - 1), row_s)),
        (under[:-1], under[1:], np.full((rows - 1, columns), column_s)),
    ]
    ends = [(node[:, 0], source_s), (under[-1], sense_s)]
    factors = splu(_conductance_matrix(branches, ends, 2 * rows * columns), permc_spec="MMD_AT_PLUS_A")
    effective = np.empty_like(g)
    for first in range(0, rows, 64):
        block = np.arange(first, min(first + 64, rows))
        injected = np.zeros((2 * rows * columns, block.size))
        injected[node[block, 0], np.arange(block.size)] = source_s
        effective[block] = (factors.solve(injected)[under[-1]] * sense_s).T
    return effective


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


def _conductance_matrix(
    branches: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]],
    ends: list[tuple[NDArray[np.intp], float]],
    nodes: int,
) -> sparse.csc_matrix:
    """Nodal matrix of resistors between nodes and from nodes to fixed potentials."""
    row: list[NDArray[np.intp]] = []
    column: list[NDArray[np.intp]] = []
    value: list[NDArray[np.float64]] = []
    for a, b, siemens in branches:
        x, y, s = a.ravel(), b.ravel(), siemens.ravel()
        row += [x, y, x, y]
        column += [x, y, y, x]
        value += [s, s, -s, -s]
    for at, siemens_to_end in ends:
        row.append(at)
        column.append(at)
        value.append(np.full(at.size, siemens_to_end))
    entries = (np.concatenate(value), (np.concatenate(row), np.concatenate(column)))
    return sparse.csc_matrix(entries, shape=(nodes, nodes))


def _check(g: NDArray[np.float64], **ohms: float) -> None:
    """Refuses what is no array of resistors."""
    if g.ndim != 2 or g.size == 0:
        raise ShapeError("conductances are [rows, columns]", value=g.shape, where="g_siemens")
    if not np.all(np.isfinite(g)) or float(g.min()) < 0:
        raise LimitError(
            "a conductance is negative or not finite",
            value=float(g.min()),
            limit=0.0,
            unit="S",
            where="g_siemens",
        )
    for name, ohm in ohms.items():
        if not (np.isfinite(ohm) and ohm >= 0):
            raise LimitError(
                "a resistance is negative or not finite", value=ohm, limit=0.0, unit="ohm", where=name
            )

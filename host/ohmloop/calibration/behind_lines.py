# SPDX-License-Identifier: BSD-3-Clause
"""Apparent conductances of a window to those of its cells, the resistance of lines taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.estimate import Floats
from ohmloop.calibration.artefact import Artefact
from ohmloop.calibration.line_resistance import PositionFactors
from ohmloop.nodal import cells_behind_lines, effective_siemens

Lines = NDArray[np.intp]
FINE = 1e-9
"""Residual of the solutions whose difference is the effect of an uncertainty."""


@dataclass(frozen=True, eq=False)
class BehindLines:
    """What cells conduct behind resistive lines, `[rows, columns]` each.

    Attributes:
        siemens: the cells' own; NaN where nothing was seen.
        passed: fraction of a small change of a cell that is seen at the ends of its lines.
        board: what the resistances' uncertainties leave, common to all cells, siemens.
        told: the resistances, for reports.
    """

    siemens: Floats
    passed: Floats
    board: Floats
    told: str


def behind_lines(
    artefact: Artefact, seen_siemens: Floats, *, rows: Lines, columns: Lines, shape: tuple[int, int]
) -> BehindLines:
    """Takes the lines of a "lines" artefact out of what each cell of a window seems to conduct alone.

    The network is the whole array: where nothing was seen, outside the window and at lost cells, cells
    conduct the mean that the artefact found; a column that is open loads a row too, through the other rows.

    Args:
        artefact: of kind "lines".
        seen_siemens: apparent conductances `[rows, columns]`, each row driven alone; NaN where not known.
        rows: of the window.
        columns: of the window.
        shape: of the array.
    """
    row, column = artefact["row_ohm"], artefact["column_ohm"]
    row_ohm, column_ohm = float(row.values), float(column.values)
    factors = np.outer(artefact["row_factors"].values, artefact["column_factors"].values)
    window = np.ix_(rows, columns)
    whole = float(artefact["cell_siemens"].values) * factors
    whole[window] = np.where(np.isfinite(seen_siemens), seen_siemens, whole[window])
    cells, effective = cells_behind_lines(whole, row_ohm=row_ohm, column_ohm=column_ohm)
    guess = np.maximum(cells, 0.0)

    def seen_with(row_more: float, column_more: float) -> Floats:
        ohms = row_ohm + row_more, column_ohm + column_more
        return effective_siemens(guess, row_ohm=ohms[0], column_ohm=ohms[1], tolerance=FINE)

    present = seen_with(0.0, 0.0)
    of_row = present - seen_with(float(row.uncertainty), 0.0)
    of_column = present - seen_with(0.0, float(column.uncertainty))
    fitted = PositionFactors.fit(guess, effective)
    passed = np.outer(fitted.rows, fitted.columns)
    return BehindLines(
        siemens=np.where(np.isfinite(seen_siemens), cells[window], np.nan),
        passed=passed[window],
        board=(np.hypot(of_row, of_column) / passed)[window],
        told=f"{artefact.name}: {artefact.notes[0]}",
    )

# SPDX-License-Identifier: BSD-3-Clause
"""An array's resistors: cells, the pieces of line between them, what drives and what senses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import LimitError, ShapeError

Floats = NDArray[np.float64]
RowSide = Literal["left", "right"]
ColumnSide = Literal["top", "bottom"]


@dataclass(frozen=True, eq=False)
class Network:
    """Cells between rows and columns; rows driven at one end, columns sensed at ground at one end.

    Attributes:
        g_siemens: cells `[rows, columns]`, siemens.
        row_ohm: piece of every row between a cell and its neighbour on the driven side, ohm `[columns]`;
            the one at the driver holds the source resistance.
        column_ohm: piece of every column between a cell and its neighbour on the sensed side, ohm `[rows]`;
            the one at the sense amplifier holds its input resistance.
        driven: "left" drives rows in front of column 0, "right" behind the last.
        sensed: "bottom" senses columns behind the last row, "top" in front of row 0.
    """

    g_siemens: Floats
    row_ohm: Floats
    column_ohm: Floats
    driven: RowSide = "left"
    sensed: ColumnSide = "bottom"

    @classmethod
    def of(
        cls,
        g_siemens: ArrayLike,
        *,
        row_ohm: ArrayLike,
        column_ohm: ArrayLike,
        source_ohm: float = 0.0,
        sense_ohm: float = 0.0,
        driven: RowSide = "left",
        sensed: ColumnSide = "bottom",
    ) -> Network:
        """Returns a checked network.

        Args:
            g_siemens: `[rows, columns]` siemens, not negative.
            row_ohm: of each piece of a row, `[columns]`, or one figure for all, the first piece included.
            column_ohm: of each piece of a column, `[rows]`, or one figure for all, the last one included.
            source_ohm: in series with every row, besides its first piece.
            sense_ohm: in series with every column, besides its last piece.
            driven: end of the rows that is driven.
            sensed: end of the columns that is sensed.

        Raises:
            ShapeError: the cells are no array, or pieces are not as many as cells of a line.
            LimitError: a conductance or a resistance is negative or not finite.
        """
        g = np.array(g_siemens, dtype=np.float64, order="C")
        if g.ndim != 2 or g.size == 0:
            raise ShapeError("conductances are [rows, columns]", value=g.shape, where="g_siemens")
        _check(g, "S", "conductance", "g_siemens")
        row, column = _pieces(row_ohm, g.shape[1], "row_ohm"), _pieces(column_ohm, g.shape[0], "column_ohm")
        for value, where in ((source_ohm, "source_ohm"), (sense_ohm, "sense_ohm")):
            _check(np.array(value, dtype=np.float64), "ohm", "resistance", where)
        row[0 if driven == "left" else -1] += source_ohm
        column[-1 if sensed == "bottom" else 0] += sense_ohm
        return cls(g, row, column, driven, sensed)

    @property
    def shape(self) -> tuple[int, int]:
        """`(rows, columns)`."""
        return self.g_siemens.shape[0], self.g_siemens.shape[1]

    @property
    def is_lossless(self) -> bool:
        """No piece of line has a resistance."""
        return not (self.row_ohm.any() or self.column_ohm.any())

    @property
    def flips(self) -> tuple[slice, slice]:
        """What turns the cells so that rows are driven at the left and columns sensed at the bottom."""
        forward, back = slice(None), slice(None, None, -1)
        return back if self.sensed == "top" else forward, back if self.driven == "right" else forward

    def turned(self) -> Network:
        """Returns the same network with its driven end at the left and its sensed end at the bottom."""
        rows, columns = self.flips
        g = np.ascontiguousarray(self.g_siemens[rows, columns])
        return Network(g, self.row_ohm[columns], self.column_ohm[rows])


def _pieces(ohm: ArrayLike, cells: int, where: str) -> Floats:
    given = np.asarray(ohm, dtype=np.float64)
    if given.ndim and given.shape != (cells,):
        raise ShapeError(
            f"{where}: shape {given.shape}, one figure or {(cells,)} expected",
            value=given.shape,
            limit=(cells,),
            where=where,
        )
    _check(given, "ohm", "resistance", where)
    return np.array(np.broadcast_to(given, (cells,)))


def _check(values: Floats, unit: str, kind: str, where: str) -> None:
    """Raises LimitError where a value is negative or not finite."""
    wrong = ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        raise LimitError(
            f"a {kind} is negative or not finite",
            value=float(values[wrong].flat[0]),
            limit=0.0,
            unit=unit,
            where=where,
        )

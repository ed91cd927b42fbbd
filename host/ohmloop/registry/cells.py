# SPDX-License-Identifier: BSD-3-Clause
"""Which cells a record speaks of: rows x columns of one macro."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import LimitError, ShapeError

Lines = NDArray[np.intp]
_LINE: Final = "<u2"
_MOST_LINE: Final = 0xFFFF


class MacroLike(Protocol):
    """What of a macro is looked at."""

    @property
    def index(self) -> int:
        """Its number on the board."""


class WindowLike(Protocol):
    """A window of a board's macro."""

    @property
    def macro(self) -> MacroLike:
        """The macro it lies on."""

    @property
    def rows(self) -> Lines:
        """Driven lines."""

    @property
    def columns(self) -> Lines:
        """Sensed lines."""


def _lines(values: ArrayLike, axis: str) -> Lines:
    lines = np.asarray(values)
    if lines.ndim != 1 or lines.size == 0 or not np.issubdtype(lines.dtype, np.integer):
        raise ShapeError(
            f"{axis}s: {lines.dtype} of shape {lines.shape}, integers [lines] expected",
            value=lines.shape,
            where=axis,
        )
    if lines.min() < 0 or lines.max() > _MOST_LINE:
        raise LimitError(
            f"{axis}s {lines.min()} .. {lines.max()} asked, 0 .. {_MOST_LINE} can be recorded",
            value=int(lines.max()),
            limit=_MOST_LINE,
            where=axis,
        )
    if np.unique(lines).size != lines.size:
        raise LimitError(f"a {axis} is named twice", value=lines.tolist(), where=axis)
    held = lines.astype(np.intp)
    held.setflags(write=False)
    return held


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows x columns of one macro, in the order in which arrays that go with them are laid out.

    Attributes:
        macro: the macro's number.
        rows: row numbers.
        columns: column numbers.
    """

    macro: int
    rows: Lines
    columns: Lines

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", _lines(self.rows, "row"))
        object.__setattr__(self, "columns", _lines(self.columns, "column"))

    @classmethod
    def of(cls, window: WindowLike) -> Self:
        """Returns the cells of a board's window."""
        return cls(window.macro.index, window.rows, window.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """`(rows, columns)`."""
        return self.rows.size, self.columns.size

    @property
    def size(self) -> int:
        """Number of cells."""
        return self.rows.size * self.columns.size

    @property
    def grid(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Index of these cells in an array `[macro's rows, macro's columns]`."""
        return self.rows[:, None], self.columns[None, :]

    def overlaps(self, other: Cells) -> bool:
        """They share a cell."""
        return (
            self.macro == other.macro
            and bool(np.isin(self.rows, other.rows).any())
            and bool(np.isin(self.columns, other.columns).any())
        )

    def require_inside(self, macros: int, rows: int, columns: int) -> None:
        """Raises LimitError where a cell lies outside a chip of this shape."""
        pairs = (("macro", self.macro, macros), ("row", self.rows.max(), rows))
        for axis, last, limit in (*pairs, ("column", self.columns.max(), columns)):
            if not 0 <= last < limit:
                raise LimitError(
                    f"{axis} {last} asked, the chip has {axis}s 0 .. {limit - 1}",
                    value=int(last),
                    limit=limit - 1,
                    where=axis,
                )

    def require_shape(self, values: NDArray[Any], where: str) -> None:
        """Raises ShapeError unless an array has one entry a cell."""
        if values.shape != self.shape:
            raise ShapeError(
                f"{where}: shape {values.shape}, {self.shape} expected",
                value=values.shape,
                limit=self.shape,
                where=where,
            )

    def blobs(self) -> tuple[bytes, bytes]:
        """Returns rows and columns as they are stored."""
        return self.rows.astype(_LINE).tobytes(), self.columns.astype(_LINE).tobytes()

    @classmethod
    def from_blobs(cls, macro: int, rows: bytes, columns: bytes) -> Self:
        """Returns the cells that `blobs` stored."""
        return cls(macro, np.frombuffer(rows, _LINE), np.frombuffer(columns, _LINE))

    def __repr__(self) -> str:
        return f"macro {self.macro}: {_told(self.rows, 'rows')}, {_told(self.columns, 'columns')}"


def _told(lines: Lines, name: str) -> str:
    span = f"{lines.min()}..{lines.max()}"
    whole = lines.max() - lines.min() + 1 == lines.size
    return f"{name} {span}" if whole else f"{lines.size} {name} in {span}"

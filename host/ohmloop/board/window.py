# SPDX-License-Identifier: BSD-3-Clause
"""NumPy indices to the rows and columns of a macro that an operation touches."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from types import EllipsisType
from typing import TYPE_CHECKING, NoReturn, Self, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop.errors import LimitError, OhmloopError, ShapeError
from ohmloop.link.messages import Axis

if TYPE_CHECKING:
    from ohmloop.board.macro import Macro

Lines = NDArray[np.intp]
Index = SupportsIndex | slice | EllipsisType | ArrayLike
Key = Index | tuple[Index, Index]


class Unpicklable:
    """Base of what stands for a board: copies are the thing itself, and it cannot be pickled."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise PickleRefused(
            f"a {type(self).__name__} is an open board and cannot be pickled; open one in each process",
            value=type(self).__name__,
            where="pickle",
        )


class PickleRefused(OhmloopError, TypeError):
    """An open board, or what belongs to one, cannot travel to another process."""


def _refuse_outside(line: int, lines: int, axis: str) -> NoReturn:
    raise LimitError(
        f"{axis} {line} asked, the macro has {axis}s 0 .. {lines - 1}",
        value=line,
        limit=lines - 1,
        where=axis,
    )


def _from_slice(key: slice, lines: int, axis: str) -> Lines:
    """Returns the lines of a slice; a bound outside the macro is refused, not clipped."""
    for part in (key.start, key.stop, key.step):
        if part is not None and not hasattr(part, "__index__"):
            raise ShapeError(
                f"{axis}s: {part!r} in a slice is no integer", value=part, limit="integers", where=axis
            )
    for bound, past in ((key.start, 0), (key.stop, 1)):
        if bound is not None and not -lines <= operator.index(bound) <= lines:
            line = operator.index(bound)
            _refuse_outside(line - past if line > 0 else line, lines, axis)
    if key.step is not None and operator.index(key.step) == 0:
        raise LimitError(f"{axis}s: a slice of step 0", value=0, limit=1, where=axis)
    chosen = np.arange(lines, dtype=np.intp)[key]
    if not chosen.size:
        asked = ":".join("" if part is None else str(part) for part in (key.start, key.stop))
        raise ShapeError(
            f"the window has no {axis}s: {asked} of 0 .. {lines - 1}", value=asked, limit=lines, where=axis
        )
    return chosen


def _from_array(key: ArrayLike, lines: int, axis: str) -> Lines:
    require_unmasked(key, axis)
    try:
        values = np.asarray(key)
    except ValueError as error:
        raise ShapeError(
            f"{axis}s: no array: {error}", value=type(key).__name__, limit="integers", where=axis
        ) from error
    if values.dtype == np.bool_:
        if values.shape != (lines,):
            raise ShapeError(
                f"a mask of {axis}s has shape {values.shape}, ({lines},) expected",
                value=values.shape,
                limit=(lines,),
                where=axis,
            )
        return np.flatnonzero(values)
    if values.ndim != 1 or not (np.issubdtype(values.dtype, np.integer) or values.size == 0):
        raise ShapeError(
            f"{axis}s are a slice, integers or a mask, not {values.dtype} of shape {values.shape}",
            value=str(values.dtype),
            limit="integers",
            where=axis,
        )
    outside = (values < -lines) | (values >= lines)
    if outside.any():
        _refuse_outside(int(values[outside][0]), lines, axis)
    numbers = values.astype(np.intp)
    return np.where(numbers < 0, numbers + lines, numbers)


def chosen_lines(key: Index, lines: int, axis: str) -> Lines:
    """Returns the line numbers that a NumPy index chooses, in its order.

    Args:
        key: a slice, an integer (one line), a mask `[lines]` or integers; negative ones count from the end.
        lines: lines of the macro.
        axis: "row" or "column", for messages.

    Raises:
        LimitError: a line is outside the macro, or chosen twice.
        ShapeError: nothing is chosen, or the key is no index.
    """
    if isinstance(key, slice):
        chosen = _from_slice(key, lines, axis)
    elif isinstance(key, EllipsisType):
        chosen = np.arange(lines, dtype=np.intp)
    elif isinstance(key, SupportsIndex) and not isinstance(key, bool | np.bool_ | np.ndarray):
        chosen = _from_array([operator.index(key)], lines, axis)
    else:
        chosen = _from_array(key, lines, axis)
    if chosen.size == 0:
        raise ShapeError(f"the window has no {axis}s", value=0, limit=1, where=axis)
    numbers, counts = np.unique(chosen, return_counts=True)
    if numbers.size != chosen.size:
        twice = int(numbers[counts > 1][0])
        raise LimitError(f"{axis} {twice} is chosen twice", value=twice, limit=1, where=axis)
    return chosen


@dataclass(frozen=True, slots=True, eq=False)
class Lineup:
    """The lines of one axis in the user's order, and how they travel: ascending.

    `order` sorts user order to wire order (None: already ascending); `back` undoes it.
    """

    lines: Lines
    axis: Axis = field(init=False)
    order: Lines | None = field(init=False)
    back: Lines | None = field(init=False)

    def __post_init__(self) -> None:
        ascending = bool(np.all(np.diff(self.lines) > 0))
        order = None if ascending else np.argsort(self.lines)
        object.__setattr__(self, "order", order)
        object.__setattr__(self, "back", None if order is None else np.argsort(order))
        object.__setattr__(self, "axis", Axis.from_lines(self.ascending))
        self.lines.setflags(write=False)

    @property
    def ascending(self) -> Lines:
        """The lines as they travel."""
        return self.lines if self.order is None else self.lines[self.order]

    @property
    def size(self) -> int:
        """Number of lines."""
        return int(self.lines.size)


class Window(Unpicklable):
    """Rows and columns of a macro; results and inputs follow the order in which lines were named.

    A window is made by indexing a macro, `macro[rows, columns]`, or a window.
    """

    __slots__ = ("_columns", "_macro", "_rows")

    def __init__(self, macro: Macro, rows: Lines, columns: Lines) -> None:
        self._macro = macro
        self._rows = Lineup(rows)
        self._columns = Lineup(columns)

    @property
    def macro(self) -> Macro:
        """The macro it lies on."""
        return self._macro

    @property
    def rows(self) -> Lines:
        """Driven lines, in the user's order."""
        return self._rows.lines

    @property
    def columns(self) -> Lines:
        """Sensed lines, in the user's order."""
        return self._columns.lines

    @property
    def row_lineup(self) -> Lineup:
        """The rows as they travel."""
        return self._rows

    @property
    def column_lineup(self) -> Lineup:
        """The columns as they travel."""
        return self._columns

    @property
    def shape(self) -> tuple[int, int]:
        """`(rows, columns)`."""
        return self._rows.size, self._columns.size

    @property
    def size(self) -> int:
        """Number of cells."""
        return self._rows.size * self._columns.size

    def __getitem__(self, key: Key) -> Window:
        """Returns a part of the window, indexed like an array of its shape."""
        rows, columns = split_key(key)
        chosen_rows = chosen_lines(rows, self._rows.size, "row")
        chosen_columns = chosen_lines(columns, self._columns.size, "column")
        return Window(self._macro, self.rows[chosen_rows], self.columns[chosen_columns])

    def __repr__(self) -> str:
        return f"Window({_told(self.rows, 'rows')}, {_told(self.columns, 'columns')})"


def split_key(key: Key) -> tuple[Index, Index]:
    """Returns the row and the column index of what stands in brackets; raises ShapeError for more."""
    if not isinstance(key, tuple):
        return key, slice(None)
    if len(key) != 2:
        raise ShapeError(f"a window has two axes, {len(key)} given", value=len(key), limit=2, where="window")
    return key[0], key[1]


def _told(lines: Lines, name: str) -> str:
    if lines.size == 1:
        return f"{name} {lines[0]}"
    steps = np.diff(lines)
    if (steps == steps[0]).all():
        step = f" step {steps[0]}" if steps[0] != 1 else ""
        return f"{name} {lines[0]}..{lines[-1]}{step}"
    return f"{lines.size} {name} in {lines.min()}..{lines.max()}"

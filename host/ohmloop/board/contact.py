# SPDX-License-Identifier: BSD-3-Clause
"""What contact checks have found of each line; FORM on a chip with a name waits for it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.board.window import Window
from ohmloop.errors import ContactNotPassed


class LineState(IntEnum):
    """Health of a row or column, numbered as in the registry."""

    UNKNOWN = 0
    GOOD = 1
    SHORT = 2
    OPEN = 3


class Contacts:
    """The line states of a board's macros, as far as checks were handed in.

    Attributes:
        required: the chip has a name, so that its lines must be good before it is formed.
    """

    def __init__(self, shapes: list[tuple[int, int]], *, required: bool) -> None:
        self.required = required
        self._lines = [tuple(np.zeros(size, np.uint8) for size in shape) for shape in shapes]

    def accept(
        self,
        macro: int,
        *,
        rows: ArrayLike,
        row_lines: ArrayLike,
        columns: ArrayLike,
        column_lines: ArrayLike,
    ) -> None:
        """Takes what a check found of some rows and columns; UNKNOWN leaves what was known."""
        for held, lines, found in zip(
            self._lines[macro], (rows, columns), (row_lines, column_lines), strict=True
        ):
            states = np.asarray(found, np.uint8)
            known = states != LineState.UNKNOWN
            held[np.asarray(lines)[known]] = states[known]

    def are_good(self, window: Window) -> bool:
        """Every line of a window is known as good, or need not be."""
        return not self.required or self._first_bad(window) is None

    def require(self, window: Window) -> None:
        """Raises ContactNotPassed that names the first line of a window that is not good."""
        bad = self._first_bad(window) if self.required else None
        if bad is None:
            return
        axis, line, state = bad
        told = "has not been tested: macro.check_contact(window) does it, or `ohmloop contact URL`"
        if state != LineState.UNKNOWN:
            told = f"is {state.name.lower()}: leave it out of the window, or repair it and check again"
        raise ContactNotPassed(
            f"form: {axis} {line} {told}", value=state.name.lower(), limit="good", where=f"{axis} {line}"
        )

    def _first_bad(self, window: Window) -> tuple[str, int, LineState] | None:
        for axis, held, lines in zip(
            ("row", "column"), self._lines[window.macro.index], (window.rows, window.columns), strict=True
        ):
            bad = _not_good(held, lines)
            if bad.size:
                line = int(lines[bad[0]])
                return axis, line, LineState(int(held[line]))
        return None


def _not_good(held: NDArray[np.uint8], lines: NDArray[np.intp]) -> NDArray[np.intp]:
    """Returns the places of lines that are not good, those known as bad first."""
    states = held[lines]
    bad = np.flatnonzero(states > LineState.GOOD)
    return bad if bad.size else np.flatnonzero(states == LineState.UNKNOWN)

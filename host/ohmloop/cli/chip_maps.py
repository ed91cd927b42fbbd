# SPDX-License-Identifier: BSD-3-Clause
"""Health and wear of a macro as small maps in the terminal."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from ohmloop.registry import CellState

MOST_ROWS: Final = 32
MOST_COLUMNS: Final = 72
GLYPHS: Final = {
    CellState.UNKNOWN: ("·", "dim"),
    CellState.UNFORMED: ("o", "blue"),
    CellState.FORMED: ("█", "green"),
    CellState.STUCK_LOW: ("v", "bold red"),
    CellState.STUCK_HIGH: ("^", "bold red"),
    CellState.LEAKY: ("~", "bold magenta"),
    CellState.GAVE_UP: ("x", "bold yellow"),
}
SHADES: Final = " ·░▒▓█"
_SOUND: Final = (CellState.UNKNOWN, CellState.UNFORMED, CellState.FORMED)


def _blocks(lines: int, most: int) -> list[slice]:
    """Returns the lines that share a character, at most `most` characters."""
    size = -(-lines // most)
    return [slice(at, at + size) for at in range(0, lines, size)]


def _block_state(cells: NDArray[np.uint8]) -> CellState:
    """Returns the commonest fault of a block; without any, the commonest state."""
    numbers = np.bincount(cells.ravel(), minlength=len(CellState))
    faults = [state for state in CellState if state not in _SOUND and numbers[state]]
    return max(faults or _SOUND, key=lambda state: numbers[state])


def health_map(cells: NDArray[np.uint8]) -> Text:
    """Returns a map of cell states, `[rows, columns]`, and its legend."""
    rows, columns = _blocks(cells.shape[0], MOST_ROWS), _blocks(cells.shape[1], MOST_COLUMNS)
    text = Text()
    for row in rows:
        for column in columns:
            text.append(*GLYPHS[_block_state(cells[row, column])])
        text.append("\n")
    present = [state for state in CellState if (cells == state).any()]
    for state in present:
        text.append(*GLYPHS[state])
        text.append(f" {state.name.lower().replace('_', ' ')}   ")
    text.append(_scale(cells.shape, rows, columns, "a fault shows before what is sound"))
    return text


def wear_map(pulses: NDArray[np.int64], budget: int | None) -> Text:
    """Returns a map of pulses, `[rows, columns]`, and its legend; the darkest is the budget or the most."""
    rows, columns = _blocks(pulses.shape[0], MOST_ROWS), _blocks(pulses.shape[1], MOST_COLUMNS)
    top = max(1, int(pulses.max()) if budget is None else budget)
    text = Text()
    for row in rows:
        for column in columns:
            count = int(pulses[row, column].max())
            level = 0 if count == 0 else 1 + min(len(SHADES) - 2, count * (len(SHADES) - 1) // (top + 1))
            text.append(SHADES[level], "red" if budget is not None and count >= budget else "")
        text.append("\n")
    named = "budget" if budget is not None else "most"
    text.append(f"{SHADES[1]} 1 .. {SHADES[-1]} {top} pulses ({named})   ")
    text.append(_scale(pulses.shape, rows, columns, "the most worn shows"))
    return text


def _scale(shape: tuple[int, ...], rows: list[slice], columns: list[slice], rule: str) -> str:
    if len(rows) == shape[0] and len(columns) == shape[1]:
        return ""
    height, width = rows[0].stop - rows[0].start, columns[0].stop - columns[0].start
    return f"\n(a character is {height} x {width} cells: {rule})"

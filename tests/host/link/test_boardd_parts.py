# SPDX-License-Identifier: BSD-3-Clause
"""boardd as a file of its own: what it may import, its copies of the map's numbers, its COBS, its frames."""

from __future__ import annotations

import ast
import hashlib
import json
import random
import socket
import sys
import types
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


def test_a_port_that_is_taken_is_told_before_the_bitstream_is_loaded(tmp_path, monkeypatch, capsys):
    """Another server's client would lose its board."""
    (tmp_path / "ohmloop.bit").write_bytes(b"bits")
    told = {"build_hash": "0x1", "bitstream_sha256": hashlib.sha256(b"bits").hexdigest()}
    (tmp_path / "ohmloop.json").write_text(json.dumps(told))
    loaded = []
    stand_in = types.ModuleType("pynq")
    stand_in.Overlay, stand_in.MMIO, stand_in.allocate = (loaded.append for _ in range(3))
    monkeypatch.setitem(sys.modules, "pynq", stand_in)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert boardd.main([str(tmp_path / "ohmloop.bit"), "--port", str(port)]) == 1
    assert f"port {port} of 127.0.0.1" in capsys.readouterr().err
    assert not loaded


class Stream:
    """A board that only notes whether it is open."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def open(self) -> None:
        self.said.append("open")

    def close(self) -> None:
        self.said.append("close")

    def receive(self) -> list[bytes]:
        return []


def test_whatever_ends_the_server_makes_the_board_safe(monkeypatch):
    stream = Stream()
    server = boardd.Server(stream, boardd.listening(0))
    with socket.create_connection(("127.0.0.1", server.port)):
        server.step()

        def fails() -> None:
            raise MemoryError

        monkeypatch.setattr(server, "step", fails)
        with pytest.raises(MemoryError):
            server.run()
    assert stream.said == ["open", "close"]


def test_a_client_that_left_before_it_was_taken_does_not_end_the_server(monkeypatch, capsys):
    server, steps = boardd.Server(Stream(), boardd.listening(0)), []

    def aborted() -> None:
        steps.append(0)
        server.ended = len(steps) == 2
        raise ConnectionAbortedError("the client is gone")

    monkeypatch.setattr(server, "step", aborted)
    server.run()
    assert len(steps) == 2 and "the client is gone" in capsys.readouterr().err


class Words(dict[int, int]):
    """A register window."""

    def read(self, place: int) -> int:
        return self.get(place, 0)

    def write(self, place: int, word: int) -> None:
        self[place] = word


def test_a_dma_that_hangs_leaves_a_safe_board(monkeypatch):
    monkeypatch.setattr(boardd, "LIMIT_S", 0.01)
    registers, window = Words(), Words()
    stream = boardd.DmaStream(registers, window, lambda size: None, 64)
    stream._open = True
    with pytest.raises(boardd.BoardFault, match="does not end its reset"):
        stream.close()  # RESET stays as it was written
    assert window == {boardd.LINK_RESET: 1}

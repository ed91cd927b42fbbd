# SPDX-License-Identifier: BSD-3-Clause
"""ohmloop-boardd over the verilated design: `tcp://` to its server on loopback, the DMA in RTL.

The board's own pynq 3.x is not here: `Board3` stands in for the calls that boardd makes of it
(`Overlay.ip_dict`, `MMIO.read` and `write`, `allocate` and its buffers), written from its documentation; it
shows nothing else of it. Its buffers are caches: what is not flushed or invalidated is not seen.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path

import axi_board
import numpy as np
import pytest
from axi_board import BUILD_HASH, MEMORY_BASE, AxiBoard, Probe

import ohmloop
from ohmloop import boardd
from ohmloop._map import Opcode
from ohmloop.errors import BoardBusy
from ohmloop.link.frames import Frame, StreamDecoder, decode, stuff
from ohmloop.link.messages import HelloRequest

pytest.importorskip("pynq", reason="make test-pynq runs these")  # with the other tests of the model

from design_bench import DMA_ADDRESS, RANGE, WINDOW_ADDRESS, write_design

HELLO = Frame(Opcode.HELLO, 5, 0, HelloRequest(0x0001_0001, b"x").encode(), urgent=True)
CYCLES_AN_ACCESS = 300


class Board3:
    """Stand-in for pynq 3.x on a board: its classes, over the model."""

    def __init__(self) -> None:
        self.axi = AxiBoard()
        self.free_at, self.kept = MEMORY_BASE, 0
        self.ip_dict = {
            boardd.DMA_NAME: {
                "phys_addr": DMA_ADDRESS,
                "addr_range": RANGE,
                "parameters": {"c_include_sg": "0", "c_sg_length_width": "23"},
            },
            boardd.BOARD_NAME: {"phys_addr": WINDOW_ADDRESS, "addr_range": RANGE, "parameters": {}},
        }

    def mmio(self, address: int, length: int) -> Registers:
        assert length == RANGE
        inside = {DMA_ADDRESS: axi_board.DMA, WINDOW_ADDRESS: axi_board.WINDOW}[address]
        return Registers(self.axi, inside)

    def allocate(self, size: int) -> Buffer:
        place, self.free_at = self.free_at, self.free_at + -(-size // 4096) * 4096
        self.kept += 1
        return Buffer.of(self, place, size)


class Registers:
    def __init__(self, axi: AxiBoard, base: int) -> None:
        self.axi, self.base = axi, base

    def read(self, offset: int) -> int:
        self.axi.run(CYCLES_AN_ACCESS)
        return self.axi.read(self.base + offset)

    def write(self, offset: int, value: int) -> None:
        self.axi.write(self.base + offset, value)


class Buffer(np.ndarray):
    """The processor's cache of a stretch of memory."""

    @classmethod
    def of(cls, board: Board3, address: int, size: int) -> Buffer:
        buffer = np.full(size, 0xA5, np.uint8).view(cls)
        buffer.board, buffer.physical_address = board, address
        buffer.memory = board.axi.memory[address - MEMORY_BASE :][:size]
        return buffer

    def flush(self) -> None:
        self.memory[:] = self

    def invalidate(self) -> None:
        self[:] = self.memory

    def freebuffer(self) -> None:
        self.board.kept -= 1


@contextlib.contextmanager
def serving(board: Board3) -> Iterator[boardd.Server]:
    server = boardd.Server(boardd.attach(board, board.mmio, board.allocate, BUILD_HASH), boardd.listening(0))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.ended = True
        thread.join(10.0)
        assert not thread.is_alive()
        board.axi.free()


def exchanged(peer: socket.socket, frame: Frame, pieces: int = 1) -> Frame:
    """One frame there, cut into pieces, and the first one back."""
    line = stuff(frame.encode())
    for place in range(pieces):
        peer.sendall(line[place * len(line) // pieces : (place + 1) * len(line) // pieces])
        time.sleep(0.002 if pieces > 1 else 0.0)
    decoder, frames = StreamDecoder(), []
    peer.settimeout(10.0)
    while not frames:
        frames = decoder.feed(peer.recv(65536))
    return decode(frames[0])


def until(holds, limit_s: float = 10.0) -> None:
    end_s = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def test_a_script_runs_through_it_as_on_any_board():
    with serving(Board3()) as server:
        cells = np.random.default_rng(1).integers(0, 1024, (64, 50))
        x = np.random.default_rng(2).integers(0, 16, (40, 64))
        url = f"tcp://127.0.0.1:{server.port}"
        with ohmloop.open(url, chip="tmp", profile="ideal", timeout_s=30.0) as ours:
            window = ours.macro[0:64, 0:50]
            ours.macro.load_g_codes(cells, window)
            assert np.array_equal(ours.macro.mac(x, window, bits=4).values, x @ cells)


def test_a_second_client_is_told_and_the_first_notices_nothing():
    with serving(Board3()) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as first:
            epoch = exchanged(first, HELLO).epoch
            with pytest.raises(BoardBusy):
                ohmloop.open(f"tcp://127.0.0.1:{server.port}", chip="tmp", profile="ideal")
            assert exchanged(first, Frame(Opcode.PING, 0, epoch, b"here")).payload == b"here"


def test_a_client_that_leaves_makes_the_board_safe_and_the_next_one_begins_afresh():
    board = Board3()
    with serving(board) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as first:
            exchanged(first, HELLO)
            assert board.kept > 0 and board.axi.probe(Probe.SAFE_LATCHED) == 0
        until(lambda: board.kept == 0)
        board.axi.run(20)
        assert board.axi.probe(Probe.SAFE_LATCHED) == 1
        assert board.axi.read(boardd.S2MM + boardd.STATUS) & boardd.HALTED
        with socket.create_connection(("127.0.0.1", server.port)) as second:
            assert exchanged(second, HELLO).opcode == Opcode.HELLO


def test_frames_that_come_in_pieces_are_put_together():
    with serving(Board3()) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
        epoch = exchanged(peer, HELLO, pieces=30).epoch
        payload = bytes(range(256)) * 4
        assert exchanged(peer, Frame(Opcode.PING, 0, epoch, payload), pieces=7).payload == payload


def test_bytes_that_are_no_frame_are_dropped():
    with serving(Board3()) as server, socket.create_connection(("127.0.0.1", server.port)) as peer:
        peer.sendall(b"\0\xff\x01\x02\0" + b"hello there\0" + b"\x05\x01\0")
        assert exchanged(peer, HELLO).opcode == Opcode.HELLO


def test_a_fault_of_the_dma_ends_its_client_and_not_the_server(capfd):
    board = Board3()
    with serving(board) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as peer:
            exchanged(peer, HELLO)
            board.axi.write(axi_board.DMA + boardd.LENGTH, 0)
            peer.sendall(stuff(HELLO.encode()) * 2)
            peer.settimeout(10.0)
            with contextlib.suppress(ConnectionError):
                while peer.recv(65536):
                    pass
        with socket.create_connection(("127.0.0.1", server.port)) as peer:
            assert exchanged(peer, HELLO).opcode == Opcode.HELLO
    assert "internal" in capfd.readouterr().err


def test_main_serves_a_bitstream_until_it_is_told_to_end(tmp_path, monkeypatch, capsys):
    board, servers = Board3(), []
    stand_in = types.ModuleType("pynq")
    stand_in.Overlay = lambda path, download: board
    stand_in.MMIO = board.mmio
    stand_in.allocate = lambda shape, dtype: board.allocate(*shape)
    monkeypatch.setitem(sys.modules, "pynq", stand_in)

    def run(server: boardd.Server) -> None:
        servers.append(server)

    monkeypatch.setattr(boardd.Server, "run", run)
    assert boardd.main([str(write_design(tmp_path, BUILD_HASH)), "--port", "0"]) == 0
    assert f"tcp://127.0.0.1:{servers[0].port}" in capsys.readouterr().out
    assert boardd.main([str(write_design(tmp_path, 0xBAD)), "--port", "0"]) == 1
    assert "build hash" in capsys.readouterr().err
    Path(tmp_path / "ohmloop.json").unlink()
    assert boardd.main([str(tmp_path / "ohmloop.bit")]) == 1
    assert "are needed" in capsys.readouterr().err

# SPDX-License-Identifier: BSD-3-Clause
"""`pynq://` through the real, unmodified pynq 4.0 client: our design, DMA and window in RTL, behind gRPC.

`make test-pynq` runs these in an environment of their own; elsewhere they are skipped with that word.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pynq", reason="pynq 4.0 is not in this environment: make test-pynq")

from axi_board import BUILD_HASH, Probe
from design_bench import DMA_ADDRESS, WINDOW_ADDRESS, write_design
from remote_bench import Board, served

import ohmloop
from ohmloop._map import Opcode, Window
from ohmloop.boardd import BoardFault
from ohmloop.errors import BoardLost, UrlError, WrongDevice
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import HelloRequest, Identity
from ohmloop.link.wires import WireContext, _pynq_remote, open_wire

HELLO = Frame(Opcode.HELLO, 5, 0, HelloRequest(0x0001_0001, b"x").encode(), urgent=True)


@pytest.fixture
def bitstream(tmp_path: Path) -> Path:
    return write_design(tmp_path, BUILD_HASH)


@pytest.fixture
def far():
    """A board at the end of a network: (board, host:port)."""
    board = Board()
    with served(board) as port:
        yield board, f"127.0.0.1:{port}"


def opened(address: str, bitstream: Path, **options: object):
    more = "".join(f"&{name}={value}" for name, value in options.items())
    return open_wire(f"pynq://{address}?bitstream={bitstream}{more}", WireContext())


def answer(wire, frame: Frame, timeout_s: float = 5.0) -> Frame:
    wire.write(frame.encode())
    data = wire.read(timeout_s)
    assert data, "no answer"
    return decode(data)


def test_a_script_runs_through_it_as_on_any_board(far, bitstream):
    board, address = far
    url = f"pynq://{address}?bitstream={bitstream}"
    cells = np.random.default_rng(1).integers(0, 1024, (64, 50))
    x = np.random.default_rng(2).integers(0, 16, (40, 64))
    with ohmloop.open(url, chip="tmp", profile="ideal", timeout_s=30.0) as ours:
        window = ours.macro[0:64, 0:50]
        ours.macro.load_g_codes(cells, window)
        assert np.array_equal(ours.macro.mac(x, window, bits=4).values, x @ cells)
        with ours.armed(window, ops={"form"}, max_pulses=64 * 50, max_voltage_v=3.5, expires_s=60):
            ours.macro.form(window, voltage_v=3.4, gate_v=1.5, width_s=1e-6)
    assert board.buffers == {} and board.freed > 0, "every buffer was given back"
    assert board.axi is not None and board.axi.probe(Probe.DRIVE_ACTIVE) == 0


def test_amds_own_selftest_passes(far, tmp_path):
    """With the AXI GPIO that it wants beside our design: plain registers of the server, no RTL."""
    _, address = far
    bitstream = write_design(tmp_path, BUILD_HASH, leave_out="")
    command = [
        sys.executable,
        "-m",
        "pynq.remote.selftest",
        "--ip",
        "127.0.0.1",
        "--port",
        address.split(":")[1],
    ]
    done = subprocess.run(
        [*command, "--bitstream", str(bitstream)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = next(line for line in done.stdout.splitlines() if "summary" in line)
    assert summary.split(":")[1].strip() == "11 passed, 0 failed, 0 skipped", done.stdout


def test_pynqs_own_dma_driver_and_registers_drive_the_rtl(far, bitstream, monkeypatch):
    """`Overlay`, `MMIO`, `allocate` and `pynq.lib.dma.DMA` as any PYNQ script uses them."""
    from pynq import MMIO, Clocks, Device, Overlay, allocate
    from pynq.pl_server.remote_device import RemoteDevice

    _, address = far
    device = RemoteDevice(0, "127.0.0.1", int(address.split(":")[1]))
    Device.active_device = device  # as in a process of its own
    monkeypatch.delattr(Clocks, "_real_instance", raising=False)
    overlay = Overlay(str(bitstream), device=device)
    assert MMIO(WINDOW_ADDRESS, 0x1000, device=device).read(Window.BUILD_HASH) == BUILD_HASH
    dma = overlay.ohmloop_dma
    down, up = (allocate((size,), np.uint8, target=device) for size in (len(HELLO.encode()), 4096))
    down[:] = np.frombuffer(HELLO.encode(), np.uint8)
    dma.recvchannel.transfer(up)
    dma.sendchannel.transfer(down)
    dma.sendchannel.wait()
    dma.recvchannel.wait()
    size = dma.recvchannel.transferred
    assert Identity.decode(decode(bytes(up[:size])).payload).build_hash == BUILD_HASH


def test_a_window_of_requests_leaves_in_one_transfer(far, bitstream):
    board, address = far
    with contextlib.closing(opened(address, bitstream)) as wire:
        epoch = decode_epoch(answer(wire, HELLO))
        before = board.calls["buffer write"]
        for number in range(20):
            wire.write(Frame(Opcode.PING, number, epoch, b"word" * number).encode())
        got = [decode(wire.read(5.0)) for _ in range(20)]
        assert [frame.payload for frame in got] == [b"word" * number for number in range(20)]
        assert board.calls["buffer write"] == before + 1


def test_what_is_written_between_frames_of_a_packet_leaves_when_the_packet_is_read(far, bitstream):
    board, address = far
    with contextlib.closing(opened(address, bitstream)) as wire:
        epoch = decode_epoch(answer(wire, HELLO))
        before = board.calls.copy()
        for number in range(40):
            wire.write(Frame(Opcode.PING, number, epoch, b"", acknowledge=max(0, number - 20)).encode())
            if number >= 20:
                assert decode(wire.read(5.0)).sequence == number - 20
        packets = board.calls["buffer read"] - before["buffer read"]
        assert board.calls["buffer write"] - before["buffer write"] <= packets + 1
        assert packets < 15


def decode_epoch(frame: Frame) -> int:
    assert frame.opcode == Opcode.HELLO
    return frame.epoch


def test_buffers_are_used_again(far, bitstream):
    board, address = far
    with contextlib.closing(opened(address, bitstream)) as wire:
        epoch = decode_epoch(answer(wire, HELLO))
        answer(wire, Frame(Opcode.PING, 0, epoch, b"once"))
        made = board.calls["buffer allocate"]
        for number in range(1, 30):
            answer(wire, Frame(Opcode.PING, number, epoch, b"more", acknowledge=number))
        assert board.calls["buffer allocate"] == made


def test_silence_ends_in_time_and_nothing_comes(far, bitstream):
    _, address = far
    with contextlib.closing(opened(address, bitstream)) as wire:
        start = time.monotonic()
        assert wire.read(0.2) == b""
        assert 0.2 <= time.monotonic() - start < 2.0


def test_another_bitstream_than_its_build_tells_of_is_refused_before_it_is_sent(far, bitstream):
    board, address = far
    bitstream.write_bytes(bitstream.read_bytes() + b"\0")
    with pytest.raises(WrongDevice, match="SHA-256"):
        opened(address, bitstream)
    assert board.programmed == [] and board.calls == {}


def test_a_board_with_another_build_is_refused(far, tmp_path):
    _, address = far
    with pytest.raises(WrongDevice, match=f"build hash {BUILD_HASH:#010x}, 0x00000bad expected"):
        opened(address, write_design(tmp_path, 0xBAD))


@pytest.mark.parametrize("lacking", ["ohmloop_dma", "ohmloop_board"])
def test_a_design_without_its_parts_is_refused(far, tmp_path, lacking):
    _, address = far
    with pytest.raises(WrongDevice, match="are needed"):
        opened(address, write_design(tmp_path, BUILD_HASH, leave_out=lacking))


def test_a_dma_in_another_mode_is_refused(far, tmp_path):
    _, address = far
    with pytest.raises(WrongDevice, match="c_include_sg 1"):
        opened(address, write_design(tmp_path, BUILD_HASH, c_include_sg="1"))


def test_a_bitstream_of_the_same_name_is_sent_again_when_it_changed(far, tmp_path):
    """pynq does not send a file whose name the board has; ours are named by their content."""
    board, address = far
    (tmp_path / "new").mkdir()
    first = write_design(tmp_path, BUILD_HASH)
    second = write_design(tmp_path / "new", BUILD_HASH)
    second.write_bytes(second.read_bytes().replace(b"12:00:00", b"13:00:00"))
    told = json.loads(second.with_suffix(".json").read_text())
    import hashlib

    told["bitstream_sha256"] = hashlib.sha256(second.read_bytes()).hexdigest()
    second.with_suffix(".json").write_text(json.dumps(told))
    for bitstream in (first, second, first):
        opened(address, bitstream).close()
    assert board.programmed[0] == board.programmed[2] != board.programmed[1]


def test_the_clocks_that_are_set_are_this_boards(far, bitstream):
    """pynq 4.0.0 keeps the clocks of the first device for all; so a second board's were never set."""
    board, address = far
    other = Board()
    with served(other) as port:
        opened(f"127.0.0.1:{port}", bitstream).close()
        before = dict(board.registers)
        opened(address, bitstream).close()
    assert board.registers != before


def test_what_is_loaded_stays_with_download_0(far, bitstream):
    board, address = far
    opened(address, bitstream).close()
    with contextlib.closing(opened(address, bitstream, download=0)) as wire:
        assert decode_epoch(answer(wire, HELLO)) == 1
    assert len(board.programmed) == 1


def test_a_pulled_cable_is_board_lost(far, bitstream):
    board, address = far
    wire = opened(address, bitstream)
    board.dead = True
    with pytest.raises(BoardLost, match="the cable is pulled"):
        wire.read(1.0)
    with pytest.raises(BoardLost):
        wire.close()


def test_a_network_that_never_answers_ends_by_the_calls_deadline(far, bitstream, monkeypatch):
    board, address = far
    monkeypatch.setattr(_pynq_remote, "CALL_LIMIT_S", 0.3)
    wire = opened(address, bitstream)
    board.stall_s = 1.0
    start = time.monotonic()
    with pytest.raises(BoardLost, match="Deadline"):
        wire.read(60.0)
    assert time.monotonic() - start < 5.0
    board.stall_s = 0.0
    with contextlib.suppress(BoardLost):
        wire.close()


def test_nobody_there_is_board_lost(bitstream):
    with pytest.raises(BoardLost, match="connect"):
        opened("127.0.0.1:9", bitstream)


def test_a_dma_with_an_error_is_board_lost_and_says_which(far, bitstream):
    board, address = far
    wire = opened(address, bitstream)
    board.write(DMA_ADDRESS + 0x28, 0)  # MM2S_LENGTH of nothing: an internal error by the product guide
    with pytest.raises(BoardLost, match="internal"):
        wire.write(HELLO.encode())
        wire.write(HELLO.encode())
        for _ in range(3):
            wire.read(0.5)
            wire.write(HELLO.encode())
    with contextlib.suppress(BoardLost):
        wire.close()
    board.axi.run(20)
    assert board.axi.probe(Probe.SAFE_LATCHED) == 1, "closed all the same"


def test_a_second_host_that_resets_the_dma_is_told_to_the_first(far, bitstream):
    _, address = far
    first = opened(address, bitstream)
    second = opened(address, bitstream, download=0)
    second.close()
    with pytest.raises(BoardLost, match="stopped by somebody else"):
        first.read(1.0)


def test_a_dma_that_ends_no_transfer_is_told_within_its_limit(far, bitstream, monkeypatch):
    board, address = far
    monkeypatch.setattr("ohmloop.boardd.LIMIT_S", 0.3)
    wire = opened(address, bitstream)
    epoch = decode_epoch(answer(wire, HELLO))
    monkeypatch.setattr(board, "cycles_a_call", 0)  # board time stands still but for the accesses themselves
    monkeypatch.setattr(board.axi, "read", lambda address: 0)
    start = time.monotonic()
    with pytest.raises(BoardLost, match="does not end a transfer"):
        for number in range(3):
            wire.write(Frame(Opcode.PING, number, epoch, b"").encode())
            wire.read(0.0)
    assert time.monotonic() - start < 3.0


def test_safe_from_another_thread_reaches_a_board_that_is_read(far, bitstream):
    board, address = far
    with contextlib.closing(opened(address, bitstream)) as wire:
        epoch = decode_epoch(answer(wire, HELLO))
        safe = Frame(Opcode.SAFE, 9, epoch, urgent=True)
        threading.Timer(0.3, wire.write, [safe.encode()]).start()
        assert decode(wire.read(10.0)).opcode == Opcode.SAFE
        assert board.axi is not None and board.axi.probe(Probe.SAFE_LATCHED) == 1


def test_closing_makes_the_board_safe_and_stops_the_dma(far, bitstream):
    board, address = far
    wire = opened(address, bitstream)
    answer(wire, HELLO)
    assert board.axi is not None and board.axi.probe(Probe.SAFE_LATCHED) == 0
    wire.close()
    wire.close()
    board.axi.run(20)
    assert board.axi.probe(Probe.SAFE_LATCHED) == 1
    assert board.read(DMA_ADDRESS + 0x34) & 1, "S2MM halted: no buffer that is given back is written to"
    with pytest.raises(BoardLost, match="closed"):
        wire.read(0.0)


@pytest.mark.parametrize(
    "rest", ["127.0.0.1", "?bitstream=x.bit", "host:0?bitstream=x.bit", "host?bitstream=x.bit&speed=9"]
)
def test_a_url_that_cannot_be_is_refused(rest):
    with pytest.raises(UrlError):
        open_wire(f"pynq://{rest}", WireContext())


def test_the_environment_variables_of_pynq_are_not_needed():
    assert "PYNQ_REMOTE_DEVICES" not in os.environ
    assert issubclass(BoardFault, OSError)

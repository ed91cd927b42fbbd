# SPDX-License-Identifier: BSD-3-Clause
"""A board of this process as a pseudo-terminal or a TCP port, with an echo in place of the board."""

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from ohmloop.errors import BoardBusy, UrlError
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.link.wires import serve as serve_module
from ohmloop.link.wires.serve import serve
from ohmloop.link.wires.tcp import BUSY_LINE

ECHO_URL = "sim://?rows=16&columns=16&lanes=8&payload=1024&boot=1"
Serving = Callable[..., str]


@contextmanager
def serving(**how: object) -> Iterator[str]:
    """Serves the echo in a thread and gives the URL that reaches it."""
    stop = threading.Event()
    announced: queue.Queue[str] = queue.Queue()
    options = {"stop": stop, "announce": announced.put, **how}
    thread = threading.Thread(target=serve, args=(ECHO_URL,), kwargs=options)
    thread.start()
    try:
        yield announced.get(timeout=60)
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def port_of(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("tcp://").partition(":")
    return host, int(port)


def test_pyserial_opens_the_pseudo_terminal(echo: Path) -> None:
    with serving(pty=True) as url:
        with serial.Serial(url.removeprefix("serial://"), 3_000_000, timeout=10) as port:
            port.write(b"\0hello\0")
            assert port.read(7) == b"\0hello\0"


def test_a_client_may_leave_and_come_back(echo: Path) -> None:
    with serving(pty=True) as url:
        for text in (b"\0one\0", b"\0two\0"):
            with serial.Serial(url.removeprefix("serial://"), timeout=10) as port:
                port.write(text)
                assert port.read(5) == text


def test_every_byte_value_passes_unchanged(echo: Path) -> None:
    data = bytes(range(256)) * 16 + b"\0"
    with serving(pty=True) as url, serial.Serial(url.removeprefix("serial://"), timeout=10) as port:
        port.write(data)
        assert port.read(len(data)) == data


def test_tcp_is_on_loopback_and_takes_one_client(echo: Path) -> None:
    with serving(tcp_port=0) as url:
        address = port_of(url)
        assert address[0] == "127.0.0.1"
        with socket.create_connection(address, timeout=10) as first:
            first.sendall(b"\0mine\0")
            assert first.recv(100) == b"\0mine\0"
            with socket.create_connection(address, timeout=10) as second:
                assert second.recv(100) == BUSY_LINE  # turned away
                assert second.recv(1) == b""
            first.sendall(b"\0still\0")
            assert first.recv(100) == b"\0still\0"


def test_a_board_that_waits_for_nothing_stands_nearly_still(echo: Path) -> None:
    """It runs while something may follow from the last byte; then the client is waited for."""

    class Client:
        url = "tcp://client"

        def __init__(self) -> None:
            self.waits: list[float] = []
            self.said = b""

        def exchange(self, timeout_s: float) -> bytes:
            self.waits.append(timeout_s)
            if len(self.waits) == 3000:
                ended.set()
            return b"\0hello\0" if len(self.waits) == 10 else b""

        def send(self, data: bytes) -> None:
            self.said += data

        def close(self) -> None:
            pass

    client, ended = Client(), threading.Event()
    with contextlib.closing(open_wire(f"{ECHO_URL}&front=bytes", WireContext())) as wire:
        serve_module._pump(serve_module._SimulatedPipe(wire), client, ended)
        assert client.said == b"\0hello\0"
        at_full_speed = [turn for turn, wait_s in enumerate(client.waits) if wait_s == 0]
        assert 0 < len(at_full_speed) < 100
        assert wire.now_s() < 3001 * serve_module._STEP_S  # one step a turn, the idle ones 50 ms apart


def test_after_a_client_has_gone_the_next_is_taken(echo: Path) -> None:
    with serving(tcp_port=0) as url:
        for text in (b"\0one\0", b"\0two\0"):
            with socket.create_connection(port_of(url), timeout=10) as client:
                client.sendall(text)
                assert client.recv(100) == text


def test_a_taken_port_is_refused_before_the_board_is_built() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BoardBusy) as caught:
            serve(ECHO_URL, tcp_port=port)
    assert caught.value.value == port


@pytest.mark.parametrize("how", [{}, {"pty": True, "tcp_port": 0}])
def test_serve_wants_one_place(how: dict[str, object]) -> None:
    with pytest.raises(UrlError):
        serve(ECHO_URL, **how)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_cleanly(echo: Path, number: signal.Signals) -> None:
    program = (
        "import pathlib, sys\n"
        "from ohmloop.link.wires import _sim_build, serve\n"
        f"_sim_build.sources = lambda: pathlib.Path({str(echo)!r})\n"
        f"serve.serve({ECHO_URL!r}, tcp_port=0, announce=lambda url: print(url, flush=True))\n"
        "print('ended', flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("tcp://")
    process.send_signal(number)
    output, _ = process.communicate(timeout=20)
    assert output == "ended\n"
    assert process.returncode == 0

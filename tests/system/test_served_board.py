# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board and the twin, served by another process, opened like any board on a wire."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from boards import SMALL

import ohmloop
from ohmloop._map import CLK_HZ, Field, Register, Status
from ohmloop.errors import BoardBusy, BoardLost
from ohmloop.link.messages import pack_words, unpack_words
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, open_wire

SERVER = """
import sys
from ohmloop.link.wires import WireContext
from ohmloop.link.wires.serve import serve
from ohmloop.profile import load_profile
how = {"pty": True} if sys.argv[2] == "pty" else {"tcp_port": 0}
serve(sys.argv[1], context=WireContext("tmp:served", load_profile("ideal")),
      announce=lambda url: print(url, flush=True), **how)
"""


@contextmanager
def server(url: str, how: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that serves `url`, and the URL that reaches it."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, url, how], stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait(10)
        process.stdout.close()


@contextmanager
def session_at(url: str, timeout_s: float = 10.0) -> Iterator[Session]:
    session = Session(open_wire(url, WireContext()), timeout_s=timeout_s)
    try:
        yield session
    finally:
        session.close()


@pytest.mark.parametrize("how", ["pty", "tcp"])
@pytest.mark.parametrize("url", [f"sim://?{SMALL}", f"sim://?{SMALL}&front=uart", f"twin://?{SMALL}"])
def test_a_served_board_computes_exactly(url: str, how: str) -> None:
    generator = np.random.default_rng(8)
    g = generator.integers(0, 1024, (64, 64))
    x = generator.integers(0, 16, (40, 64))
    with server(url, how) as (_, address), ohmloop.open(address, profile="ideal", timeout_s=60) as board:
        window = board.macro[:, :]
        board.macro.load_g_codes(g, window)
        np.testing.assert_array_equal(np.asarray(board.macro.mac(x, window, bits=4)), x @ g)


def test_a_client_may_come_back_to_a_board_that_kept_its_cells() -> None:
    g = np.arange(64 * 64).reshape(64, 64) % 1000
    with server(f"sim://?{SMALL}", "pty") as (_, address):
        with ohmloop.open(address, profile="ideal", timeout_s=30) as board:
            board.macro.load_g_codes(g, board.macro[:, :])
        with ohmloop.open(address, profile="ideal", timeout_s=30) as board:
            np.testing.assert_array_equal(board.macro.dump_g_codes(board.macro[:, :]), g)


@pytest.mark.parametrize("how", ["pty", "tcp"])
def test_a_killed_board_is_lost_and_the_next_opens(how: str) -> None:
    with server(f"sim://?{SMALL}", how) as (process, address), session_at(address, 5.0) as session:
        session.hello()
        requests = ((0x02, pack_words(*range(200)), 200) for _ in range(100_000))
        answers = session.execute(requests)
        for _ in range(20):
            next(answers)
        process.send_signal(signal.SIGKILL)
        begin = time.monotonic()
        with pytest.raises(BoardLost):
            for _ in answers:
                pass
        assert time.monotonic() - begin < 6.0
    with server(f"sim://?{SMALL}", how) as (_, address), session_at(address) as session:
        assert session.hello().simulated


def test_a_second_opener_of_one_port_is_refused() -> None:
    with server(f"sim://?{SMALL}", "pty") as (_, address), session_at(address) as session:
        session.hello()
        with pytest.raises(BoardBusy):
            open_wire(address, WireContext())
        assert session.call(0x02, pack_words(1), 3).status == Status.OK


def test_the_watchdog_of_a_served_board_acts_while_nobody_talks() -> None:
    with server(f"sim://?{SMALL}", "tcp") as (_, address), session_at(address) as session:
        session.hello()
        watchdog = pack_words(Register.WATCHDOG_CYCLES, CLK_HZ // 1000)
        assert session.call(0x04, watchdog, 3).status == Status.OK
        assert session.call(0x05, _token(), 3).status == Status.OK
        deadline = time.monotonic() + 30
        tripped = 0
        while not tripped and time.monotonic() < deadline:
            time.sleep(3.0)  # silence: every frame would feed it
            reply = session.call(0x03, pack_words(Register.STATE, 1), 3)
            tripped = unpack_words(bytes(reply.payload))[0] & 1 << Field.STATE_WATCHDOG_TRIPPED
        assert tripped


def _token() -> bytes:
    from boards import arm_request

    from ohmloop.link.messages import Identity, MacroGeometry, limits_hash

    identity = Identity(0, (MacroGeometry(64, 64, 16, 4, 4, 8),))
    return arm_request(identity, limits_hash=limits_hash((0,) * 6)).encode()

# SPDX-License-Identifier: BSD-3-Clause
"""The twin as a TCP port: one client at a time, and a pump that waits instead of turning."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

import ohmloop
from ohmloop._map import CLK_HZ, Field, Opcode, Register, Status
from ohmloop.cli.bench import arm_one_cell
from ohmloop.errors import BoardBusy
from ohmloop.link.frames import Frame, StreamDecoder, decode, stuff
from ohmloop.link.messages import HelloRequest, limits_hash, pack_words
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.link.wires import serve as serve_module
from ohmloop.link.wires.serve import serve
from ohmloop.link.wires.twin import TwinWire
from ohmloop.profile import load_profile

WAIT = serve_module._IDLE_WAIT_S
URL = "twin://?rows=32&columns=32&lanes=16&payload=1024"


@contextmanager
def serving() -> Iterator[str]:
    stop, announced = threading.Event(), queue.Queue()
    how = {"stop": stop, "announce": announced.put, "context": WireContext("tmp", load_profile("ideal"))}
    thread = threading.Thread(target=serve, args=(URL,), kwargs={"tcp_port": 0, **how})
    thread.start()
    try:
        yield announced.get(timeout=60)
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def address_of(url: str) -> tuple[str, int]:
    host, _, port = url.removeprefix("tcp://").partition(":")
    return host, int(port)


def test_a_second_client_is_told_that_the_board_is_taken_and_the_first_goes_on():
    with serving() as url, ohmloop.open(url, profile="ideal") as first:
        before = first.stats.as_dict()
        with pytest.raises(BoardBusy, match="serves another client") as caught:
            ohmloop.open(url, profile="ideal")
        assert (caught.value.value, caught.value.limit) == ("a second client", "one client")
        assert caught.value.where == url
        assert not first.state.is_safe_latched
        after = first.stats.as_dict()
        assert [after[name] - before[name] for name in ("retries", "naks", "crc_errors")] == [0, 0, 0]


def test_a_second_client_that_talks_much_is_told_too():
    """Closing a socket with bytes unread would take back what was said."""
    with serving() as url, closing(Session(open_wire(url, WireContext()), timeout_s=5)) as first:
        first.hello()
        with socket.create_connection(address_of(url), timeout=10) as second:
            second.sendall(bytes(1 << 20))
            assert second.recv(64).strip(b"\0") == b"ohmloop: busy\n"
            assert second.recv(64) == b""
        assert first.call(Opcode.PING, pack_words(7), 3).status == Status.OK


def test_a_client_that_leaves_with_bytes_unread_makes_room_at_once():
    with serving() as url:
        for _ in range(20):
            with socket.create_connection(address_of(url), timeout=10) as client:
                client.sendall(bytes(1 << 16))
            with closing(Session(open_wire(url, WireContext()), timeout_s=5)) as session:
                session.hello()


class Script:
    """A client that writes what it was given, a turn at a time, and then ends the server."""

    now_s = 0.0
    """A clock for tests: 20 ms a turn."""

    def __init__(self, turns: list[bytes], ended: threading.Event) -> None:
        self.url = "tcp://script"
        self.turns, self.ended = turns, ended
        self.waits: list[float] = []
        self.sent = b""

    def exchange(self, timeout_s: float) -> bytes:
        self.waits.append(timeout_s)
        Script.now_s += 0.02
        if not self.turns:
            self.ended.set()
            return b""
        return self.turns.pop(0)

    def send(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        pass


def frame(opcode: int, sequence: int, payload: bytes = b"", *, urgent: bool = False) -> bytes:
    return stuff(Frame(opcode, sequence, 0x1234, payload, acknowledge=sequence, urgent=urgent).encode())


def hello() -> bytes:
    return frame(Opcode.HELLO, 0, HelloRequest(0x1234, b"sample").encode(), urgent=True)


def pumped(turns: list[bytes]) -> Script:
    ended = threading.Event()
    script = Script(turns, ended)
    with closing(open_wire(URL, WireContext("tmp", load_profile("ideal")))) as wire:
        serve_module._pump(serve_module._BytePipe(wire), script, ended)
    return script


def test_what_a_turn_brings_is_answered_in_that_turn_and_then_the_client_is_waited_for():
    pings = b"".join(frame(Opcode.PING, number, pack_words(number)) for number in range(9))
    script = pumped([hello(), pings, b"", b""])
    replies = [decode(packet) for packet in StreamDecoder().feed(script.sent)]
    assert [reply.opcode for reply in replies] == [Opcode.HELLO, *[Opcode.PING] * 9]
    assert min(script.waits) > 0, "it turns without waiting"


def test_the_wall_s_time_passes_on_the_board_whatever_is_said(monkeypatch):
    """A client that talks all the time does not keep its token alive; one that is silent loses it."""
    monkeypatch.setattr(time, "monotonic", lambda: Script.now_s)
    arm = arm_one_cell(CLK_HZ, limits_hash((0,) * 6), 0).encode()  # for a second: 50 turns
    beat = frame(Opcode.HEARTBEAT, 9, urgent=True)
    talking = states(pumped([hello(), frame(Opcode.ARM, 0, arm), *[beat] * 60]))
    armed = [bool(state >> Field.STATE_ARMED & 1) for state in talking]
    assert 45 <= armed.count(True) <= 52 and not armed[-1]
    assert not talking[-1] >> Field.STATE_SAFE_LATCHED & 1
    watchdog = pack_words(Register.WATCHDOG_CYCLES, round(0.03 * CLK_HZ))
    begin = [hello(), frame(Opcode.REG_WRITE, 0, watchdog) + frame(Opcode.ARM, 1, arm)]
    silent = states(pumped([*begin, b"", b"", beat]))
    assert silent[-1] >> Field.STATE_SAFE_LATCHED & 1


def test_time_in_which_requests_are_executed_is_no_silence_and_no_reply_waits_for_all(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: Script.now_s)
    write, sent = TwinWire.write, []

    def slow(wire: TwinWire, data: bytes) -> None:
        write(wire, data)
        Script.now_s += 0.5

    def noted(script: Script, data: bytes) -> None:
        sent.append([decode(packet).opcode for packet in StreamDecoder().feed(data)])
        script.sent += data

    monkeypatch.setattr(TwinWire, "write", slow)
    monkeypatch.setattr(Script, "send", noted)
    watchdog = pack_words(Register.WATCHDOG_CYCLES, round(0.1 * CLK_HZ))
    arm = arm_one_cell(CLK_HZ, limits_hash((0,) * 6), 0).encode()
    beat = frame(Opcode.HEARTBEAT, 9, urgent=True)
    begin = frame(Opcode.REG_WRITE, 0, watchdog) + frame(Opcode.ARM, 1, arm)
    script = pumped([hello(), begin, frame(Opcode.PING, 2) + frame(Opcode.PING, 3), b"", b"", beat])
    each = [Opcode.HELLO, Opcode.REG_WRITE, Opcode.ARM, Opcode.PING, Opcode.PING, Opcode.HEARTBEAT]
    assert sent == [[one] for one in each]
    assert states(script)[-1] >> Field.STATE_ARMED & 1
    assert not states(script)[-1] >> Field.STATE_WATCHDOG_TRIPPED & 1
    assert script.waits == [WAIT, WAIT, 0, 0, 0, WAIT, WAIT]


class FrameBoard:
    """A simulation that takes frames and answers each with itself."""

    packet = True
    needs_time = False
    rate = 3e5

    def __init__(self) -> None:
        self.replies: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def write(self, data: bytes) -> None:
        self.replies.put(data)

    def read(self, timeout_s: float) -> bytes:
        return b"" if self.replies.empty() else self.replies.get()

    def now_s(self) -> float:
        return 0.0

    def close(self) -> None:
        pass


def test_a_simulation_that_takes_frames_is_served_too():
    pipe = serve_module._SimulatedPipe(FrameBoard())
    pings = [frame(Opcode.PING, number) for number in range(3)]
    assert [pipe.step(received) for received in (b"".join(pings), b"", b"")] == pings


def states(script: Script) -> list[int]:
    return [decode(packet).state for packet in StreamDecoder().feed(script.sent)]

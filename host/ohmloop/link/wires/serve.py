# SPDX-License-Identifier: BSD-3-Clause
"""A board of this process as a byte stream for others: a pseudo-terminal or a loopback TCP port."""

import contextlib
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final

from ohmloop.errors import UrlError
from ohmloop.link.frames import StreamDecoder, stuff
from ohmloop.link.wires._endpoints import Endpoint, PtyEndpoint, TcpEndpoint
from ohmloop.link.wires.base import Wire, WireContext, byte_rate, open_wire
from ohmloop.link.wires.sim import SimWire

_IDLE_WAIT_S: Final = 0.05  # wall time between steps of a board that waits for nothing
_TURN_S: Final = 0.05  # wall time of a step after which what else the client wrote waits for the next
_STEP_S: Final = 2e-5  # board time of a simulation's step: a byte of the client waits for one at most
_QUIET_S: Final = 4e-4  # a simulation waits for nothing when it has said nothing for so long: above the time
_QUIET_BYTES: Final = 4  # that the largest PING takes to its first byte, and above so many bytes on the line


def serve(
    url: str,
    *,
    pty: bool = False,
    tcp_port: int | None = None,
    context: WireContext | None = None,
    announce: Callable[[str], None] = print,
    stop: threading.Event | None = None,
) -> None:
    """Serves the board at `url` to one client at a time until SIGINT, SIGTERM or `stop`.

    Args:
        url: `sim://...` or `twin://...`; the simulated board gets its byte front unless the URL names one.
        pty: serve on a new pseudo-terminal.
        tcp_port: serve on this port of 127.0.0.1 only; 0 takes a free one.
        context: chip and profile of the board.
        announce: called once with the URL that reaches the board.
        stop: ends the server when set, from any thread.

    Raises:
        UrlError: not exactly one of `pty` and `tcp_port`, or a URL that cannot be served.
        BoardBusy: the port is taken.
    """
    if pty == (tcp_port is not None):
        raise UrlError(
            "serve takes either a pseudo-terminal (--pty) or a TCP port (--tcp PORT)",
            value=url,
            where="serve",
        )
    ended = stop or threading.Event()
    endpoint: Endpoint = TcpEndpoint(tcp_port) if tcp_port is not None else PtyEndpoint()
    with contextlib.closing(endpoint):
        wire = open_wire(_with_byte_front(url), context or WireContext())
        pipe = _SimulatedPipe(wire) if isinstance(wire, SimWire) else _BytePipe(wire)
        with contextlib.closing(pipe), _signals_set(ended):
            announce(endpoint.url)
            _pump(pipe, endpoint, ended)


def _pump(pipe: "_BytePipe", endpoint: Endpoint, ended: threading.Event) -> None:
    """Moves bytes both ways and lets the board's time run on, also when nobody talks."""
    while not ended.is_set():
        received = endpoint.exchange(0.0 if pipe.runs else _IDLE_WAIT_S)
        if sent := pipe.step(received):
            endpoint.send(sent)


class _BytePipe:
    """A wire as a byte stream, whether it carries bytes or packets.

    Its time is the wall's, less what executing requests takes: in that the client is not silent. A step ends
    after a frame that took long, so that a reply does not wait for all the requests behind its own.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._decoder = StreamDecoder()
        self._frames: deque[bytes] = deque()
        self._stepped_s = time.monotonic()

    @property
    def runs(self) -> bool:
        """True while something on the board waits for a time that only steps let pass, or for its turn."""
        return bool(self._frames)

    def step(self, received: bytes) -> bytes:
        """Lets time pass, hands on what the client wrote then, and returns what the board says."""
        begun_s = time.monotonic()
        sent = bytearray(self._read(0.0 if self._frames else begun_s - self._stepped_s))
        self._write(received)
        self._stepped_s = begun_s
        while self._frames and self._stepped_s - begun_s < _TURN_S:
            self._wire.write(self._frames.popleft())
            self._stepped_s = time.monotonic()
        while data := self._read(0.0):
            sent += data
        return bytes(sent)

    def close(self) -> None:
        """Closes the wire."""
        self._wire.close()

    def _write(self, data: bytes) -> None:
        """Passes bytes on; where the wire takes frames, they wait for `step`."""
        if not data:
            return
        if not self._wire.packet:
            self._wire.write(data)
            return
        self._frames.extend(self._decoder.feed(data))

    def _read(self, timeout_s: float) -> bytes:
        """Returns the bytes that come within `timeout_s` of board time."""
        data = self._wire.read(timeout_s)
        return stuff(data) if data and self._wire.packet else data


class _SimulatedPipe(_BytePipe):
    """A simulation, slower than the board it is: it runs only while there is something to wait for."""

    def __init__(self, wire: SimWire) -> None:
        super().__init__(wire)
        self._wire: SimWire = wire
        self._spoken_s = wire.now_s()
        self._quiet_s = max(_QUIET_S, _QUIET_BYTES / byte_rate(wire))

    @property
    def runs(self) -> bool:
        """True while a token, an operation, bytes on the line or the last byte's effects are under way."""
        return self._wire.now_s() - self._spoken_s < self._quiet_s or self._wire.needs_time

    def step(self, received: bytes) -> bytes:
        """Hands on what the client wrote, lets a step of time pass, and returns what the board says."""
        self._write(received)
        while self._frames:
            self._wire.write(self._frames.popleft())
        sent = self._read(_STEP_S)
        if received or sent:
            self._spoken_s = self._wire.now_s()
        return sent


def _with_byte_front(url: str) -> str:
    """Returns `url` with the simulated board's byte front chosen where it names none."""
    scheme, _, rest = url.partition("://")
    if scheme == "sim" and "front=" not in rest:
        return f"{url}{'&' if '?' in url else '?'}front=bytes"
    return url


@contextlib.contextmanager
def _signals_set(ended: threading.Event) -> Iterator[None]:
    """Makes SIGINT and SIGTERM set `ended` while inside, where this is the main thread."""

    def note(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

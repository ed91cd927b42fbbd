# SPDX-License-Identifier: BSD-3-Clause
"""A board of this process as a byte stream for others: a pseudo-terminal or a loopback TCP port."""

import contextlib
import errno
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Final, Protocol

from ohmloop.errors import BoardBusy, UrlError
from ohmloop.link.frames import StreamDecoder, stuff
from ohmloop.link.wires.base import Wire, WireContext, open_wire

LOOPBACK: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 1 << 16
_SLICE_S: Final = 0.0005  # board time of one step: some milliseconds of wall time on the simulated board
_IDLE_WAIT_S: Final = 0.05  # wall time between steps of a board that waits for nothing
_ACTIVE_WALL_S: Final = 0.05  # after the last byte, the board runs on at full speed for this long
_PENDING_LIMIT: Final = 1 << 24  # bytes for a client that does not read; then it is cut off


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
    endpoint: _Endpoint = _TcpEndpoint(tcp_port) if tcp_port is not None else _PtyEndpoint()
    with contextlib.closing(endpoint):
        pipe = _BytePipe(open_wire(_with_byte_front(url), context or WireContext()))
        with contextlib.closing(pipe), _signals_set(ended):
            announce(endpoint.url)
            _pump(pipe, endpoint, ended)


def _pump(pipe: "_BytePipe", endpoint: "_Endpoint", ended: threading.Event) -> None:
    """Moves bytes both ways and lets the board's time run on, also when nobody talks."""
    last_byte = last_step = time.monotonic()
    while not ended.is_set():
        active = pipe.needs_time or time.monotonic() - last_byte < _ACTIVE_WALL_S
        received = endpoint.exchange(0.0 if active else _IDLE_WAIT_S)
        if received:
            pipe.write(received)
        now = time.monotonic()
        sent = pipe.read(_SLICE_S if pipe.owns_pace else now - last_step)
        last_step = now
        if sent:
            endpoint.send(sent)
        if sent or received:
            last_byte = time.monotonic()
        elif active and not pipe.owns_pace:
            time.sleep(_SLICE_S)


class _BytePipe:
    """A wire as a byte stream, whether it carries bytes or packets."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._decoder = StreamDecoder()
        self.owns_pace = hasattr(wire, "needs_time")  # a simulation is slower than the board it is

    @property
    def needs_time(self) -> bool:
        """True while something on the board waits for time to pass."""
        return bool(getattr(self._wire, "needs_time", False))

    def write(self, data: bytes) -> None:
        """Passes bytes on, as frames where the wire takes frames."""
        if not self._wire.packet:
            self._wire.write(data)
            return
        for frame in self._decoder.feed(data):
            self._wire.write(frame)

    def read(self, timeout_s: float) -> bytes:
        """Returns the bytes that come within `timeout_s` of board time."""
        data = self._wire.read(timeout_s)
        return stuff(data) if data and self._wire.packet else data

    def close(self) -> None:
        """Closes the wire."""
        self._wire.close()


class _Endpoint(Protocol):
    """Where the client is. `exchange` waits for bytes and returns them; `send` never blocks."""

    url: str

    def exchange(self, timeout_s: float) -> bytes:
        """Returns what the client wrote within `timeout_s`."""
        ...

    def send(self, data: bytes) -> None:
        """Queues bytes for the client."""
        ...

    def close(self) -> None:
        """Ends the service."""
        ...


class _PtyEndpoint:
    """A raw pseudo-terminal. Its slave is kept open, so that clients may come and go."""

    def __init__(self) -> None:
        import tty

        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._pending = bytearray()
        self.url = f"serial://{os.ttyname(self._slave)}"

    def exchange(self, timeout_s: float) -> bytes:
        """Returns what the client wrote within `timeout_s`; passes on what waits for it."""
        writers = [self._master] if self._pending else []
        readable, writable, _ = select.select([self._master], writers, [], timeout_s)
        if writable:
            self._flush()
        return os.read(self._master, _CHUNK_BYTES) if readable else b""

    def send(self, data: bytes) -> None:
        """Queues bytes for the client; what nobody reads is lost, as on a wire."""
        self._pending += data
        self._flush()
        if len(self._pending) > _PENDING_LIMIT:
            self._pending.clear()

    def close(self) -> None:
        """Closes both ends."""
        os.close(self._master)
        os.close(self._slave)

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            del self._pending[: os.write(self._master, self._pending)]


class _TcpEndpoint:
    """A listening socket on loopback and its one client; a second client is turned away."""

    def __init__(self, port: int) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind((LOOPBACK, port))
        except OSError as error:
            self._listener.close()
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise BoardBusy(
                f"port {port} of {LOOPBACK}: {error.strerror}", value=port, where=LOOPBACK
            ) from error
        self._listener.listen(2)
        self._client: socket.socket | None = None
        self._pending = bytearray()
        self.url = f"tcp://{LOOPBACK}:{self._listener.getsockname()[1]}"

    def exchange(self, timeout_s: float) -> bytes:
        """Returns what the client wrote within `timeout_s`; takes new clients and sends what waits."""
        watched: list[socket.socket] = [self._listener] + ([self._client] if self._client else [])
        writers = [self._client] if self._client and self._pending else []
        readable, writable, _ = select.select(watched, writers, [], timeout_s)
        if writable:
            self._flush()
        received = self._receive() if self._client in readable else b""
        if self._listener in readable:
            self._accept()
        return received

    def send(self, data: bytes) -> None:
        """Queues bytes for the client, if there is one."""
        if self._client is None:
            return
        self._pending += data
        self._flush()
        if len(self._pending) > _PENDING_LIMIT:
            self._drop_client()

    def close(self) -> None:
        """Closes the port and the client."""
        self._drop_client()
        self._listener.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._client is not None:
            client.close()
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client

    def _receive(self) -> bytes:
        data = b""
        try:
            if self._client is not None:
                data = self._client.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except ConnectionError:
            pass
        if not data:
            self._drop_client()
        return data

    def _flush(self) -> None:
        if self._client is None:
            return
        try:
            del self._pending[: self._client.send(self._pending)]
        except BlockingIOError:
            return
        except ConnectionError:
            self._drop_client()

    def _drop_client(self) -> None:
        self._pending.clear()
        if self._client is not None:
            self._client.close()
            self._client = None


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

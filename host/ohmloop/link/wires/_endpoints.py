# SPDX-License-Identifier: BSD-3-Clause
"""Where the client of a served board is: a pseudo-terminal or a loopback TCP port."""

import contextlib
import errno
import os
import select
import socket
import time
from dataclasses import dataclass
from typing import Final, Protocol

from ohmloop.errors import BoardBusy
from ohmloop.link.wires.tcp import BUSY_LINE

LOOPBACK: Final = "127.0.0.1"
_CHUNK_BYTES: Final = 1 << 16
_PENDING_LIMIT: Final = 1 << 24  # bytes for a client that does not read; then it is cut off
_FAREWELL_S: Final = 2.0  # a client that is turned away has this long to read why
_HUNG_UP: Final = getattr(select, "POLLRDHUP", 0x2000) | select.POLLHUP | select.POLLERR


class Endpoint(Protocol):
    """Where the client is. `exchange` waits for bytes and returns them; `send` never blocks."""

    url: str

    def exchange(self, timeout_s: float) -> bytes:
        """Returns what the client wrote within `timeout_s`; passes on what waits for it."""
        ...

    def send(self, data: bytes) -> None:
        """Queues bytes for the client."""
        ...

    def close(self) -> None:
        """Ends the service."""
        ...


class PtyEndpoint:
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


@dataclass(slots=True)
class _TurnedAway:
    """A client that came while another was served: it was told, and has until `end_s` to read it."""

    peer: socket.socket
    end_s: float

    def has_left(self) -> bool:
        """Takes what it still writes, for closing on unread bytes would take back what it was told."""
        over = time.monotonic() > self.end_s
        try:
            return not self.peer.recv(_CHUNK_BYTES) or over
        except BlockingIOError:
            return over
        except ConnectionError:
            return True


class TcpEndpoint:
    """A listening socket on loopback and its one client; a second client is told so and turned away."""

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
        self._turned_away: list[_TurnedAway] = []
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
            received += self._rest_of_a_gone_client()
            self._accept()
        for one in [one for one in self._turned_away if one.has_left()]:
            one.peer.close()
            self._turned_away.remove(one)
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
        """Closes the port and its clients."""
        self._drop_client()
        for one in self._turned_away:
            one.peer.close()
        self._listener.close()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._client is None:
            self._client = client
            return
        with contextlib.suppress(OSError):  # it may have left already
            client.send(BUSY_LINE)
            client.shutdown(socket.SHUT_WR)
        self._turned_away.append(_TurnedAway(client, time.monotonic() + _FAREWELL_S))

    def _rest_of_a_gone_client(self) -> bytes:
        """Returns what a client that has left wrote before, so that the next one finds its place free."""
        rest = b""
        if self._client is not None:
            poll = select.poll()
            poll.register(self._client, _HUNG_UP)
            if poll.poll(0):
                while self._client is not None and (data := self._receive()):
                    rest += data
        return rest

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

# SPDX-License-Identifier: BSD-3-Clause
"""A byte stream with a file descriptor: reads while it writes, so that two full buffers never lock."""

import select
import time
from collections.abc import Callable
from typing import Final

from ohmloop.errors import BoardLost

WRITE_LIMIT_S: Final = 10.0
"""How long a peer may take no byte before it counts as gone."""
_READ_BYTES: Final = 1 << 16
_INPUT = select.POLLIN if hasattr(select, "POLLIN") else 1
_OUTPUT = select.POLLOUT if hasattr(select, "POLLOUT") else 4


class DuplexWire:
    """A wire over a non-blocking descriptor.

    Args:
        url: the URL that opened it.
        descriptor: what to wait on.
        receive: reads up to so many bytes; b"" at the end of the stream.
        send: writes what it can, returns how much.
        close: gives the descriptor back.
        rate: bytes a second each way; 0 where it is not known.
    """

    packet = False
    origin = ""

    def __init__(
        self,
        url: str,
        *,
        descriptor: int,
        receive: Callable[[int], bytes],
        send: Callable[[memoryview], int],
        close: Callable[[], None],
        rate: float,
    ) -> None:
        self.url = url
        self.rate = rate
        self._receive_some = receive
        self._send_some = send
        self._close = close
        self._inbox = bytearray()
        self._closed = False
        self._input = select.poll()
        self._input.register(descriptor, _INPUT)
        self._both = select.poll()
        self._both.register(descriptor, _INPUT | _OUTPUT)

    def write(self, data: bytes) -> None:
        """Sends all of `data`, keeping what comes meanwhile; raises BoardLost."""
        self._require_open()
        rest, end_s = memoryview(data), time.monotonic() + WRITE_LIMIT_S
        while rest:
            for _, events in self._both.poll(1000.0):
                if events & ~_OUTPUT:
                    self._inbox += self._receive()
                if events & _OUTPUT and (sent := self._send(rest)):
                    rest, end_s = rest[sent:], time.monotonic() + WRITE_LIMIT_S
            if time.monotonic() > end_s:
                raise BoardLost(
                    f"{self.url}: took no byte for {WRITE_LIMIT_S} s",
                    value=len(rest),
                    limit=WRITE_LIMIT_S,
                    unit="s",
                    where=self.url,
                )

    def read(self, timeout_s: float) -> bytes:
        """Returns what has come, waiting up to `timeout_s` for a first byte; raises BoardLost."""
        self._require_open()
        if not self._inbox and self._input.poll(1000.0 * max(0.0, timeout_s)):
            self._inbox += self._receive()
        data = bytes(self._inbox)
        self._inbox.clear()
        return data

    def now_s(self) -> float:
        """Returns monotonic time in seconds."""
        return time.monotonic()

    def close(self) -> None:
        """Closes the descriptor."""
        if not self._closed:
            self._closed = True
            self._close()

    def _receive(self) -> bytes:
        try:
            data = self._receive_some(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data:
            raise self._lost("the other end has closed")
        return data

    def _send(self, data: memoryview) -> int:
        try:
            return self._send_some(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise self._lost(str(error)) from error

    def _lost(self, reason: str) -> BoardLost:
        return BoardLost(f"{self.url}: the board is gone: {reason}", value=reason, where=self.url)

    def _require_open(self) -> None:
        if self._closed:
            raise BoardLost(f"{self.url} is closed", value="closed", limit="open", where=self.url)

# SPDX-License-Identifier: BSD-3-Clause
"""`pynq://HOST?bitstream=FILE.bit`: a Zynq UltraScale+ board's AXI DMA, through pynq 4.0's remote device."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ohmloop.boardd import DmaStream, WrongDesign
from ohmloop.errors import BoardLost, UrlError, WrongDevice
from ohmloop.link.wires.base import WireContext, WireUrl

PORT: Final = 7967  # of pynq.remote's server
OPTIONS: Final = ("bitstream", "download")
Failures = tuple[type[Exception], ...]
_FLUSH_BYTES: Final = 1 << 16  # so many bytes of commands do not wait for the next read


class PynqWire:
    """A board behind a DMA as a packet wire; one frame a write, one a read.

    What is written waits until a read has no frame left of the last packet, so that a whole window of
    requests leaves in one transfer: each costs several calls over the network. Any thread may write while
    another reads.
    """

    packet = True
    origin = ""

    def __init__(
        self, url: str, stream: DmaStream, *, failures: Failures = (OSError,), give_back: Callable[[], None]
    ) -> None:
        """Takes an attached stream and opens it.

        Args:
            url: the URL that opened it.
            stream: the board's, closed.
            failures: what the stream raises when board, DMA or network are gone.
            give_back: ends what carries the stream.
        """
        self.url = url
        self._stream = stream
        self._failures = failures
        self._give_back = give_back
        self._lock = threading.RLock()
        self._outbox: deque[bytes] = deque()
        self._inbox: deque[bytes] = deque()
        self._closed = False
        self._do(stream.open)

    def write(self, data: bytes) -> None:
        """Queues one frame; raises BoardLost."""
        self._require_open()
        self._outbox.append(data)  # no lock: a signal handler or another thread may be the one that writes
        if sum(map(len, tuple(self._outbox))) >= _FLUSH_BYTES:
            self._flush()

    def read(self, timeout_s: float) -> bytes:
        """Returns the next frame; with none left of the last packet, sends what waits and looks for one.

        b"" when none came in time; raises BoardLost.
        """
        end_s = time.monotonic() + timeout_s
        waiting = True
        while waiting:
            waiting = time.monotonic() < end_s  # looks once at least
            with self._lock:
                self._require_open()
                if not self._inbox:
                    self._flush()
                    self._inbox.extend(self._do(self._stream.receive))
                if self._inbox:
                    return self._inbox.popleft()
        return b""

    def now_s(self) -> float:
        """Returns monotonic time in seconds."""
        return time.monotonic()

    def close(self) -> None:
        """Sends what waits, stops the DMA, which makes the board safe, and frees its buffers."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            with contextlib.ExitStack() as last:  # each of the three, whatever becomes of the one before
                last.callback(self._give_back)
                last.callback(self._do, self._stream.close)
                self._flush()

    def _flush(self) -> None:
        with self._lock:
            frames = []
            while self._outbox:
                frames.append(self._outbox.popleft())
            if frames:
                self._do(self._stream.send, b"".join(frames))

    def _do(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Calls the stream; what board, DMA or network say against it is BoardLost."""
        try:
            return call(*arguments)
        except self._failures as error:
            raise self._lost(error) from error

    def _lost(self, error: Exception) -> BoardLost:
        said = _words(error)
        return BoardLost(f"{self.url}: the board is gone: {said}", value=said, where=self.url)

    def _require_open(self) -> None:
        if self._closed:
            raise BoardLost(f"{self.url} is closed", value="closed", limit="open", where=self.url)


def open_wire(url: WireUrl, context: WireContext) -> PynqWire:
    """Loads the bitstream (`download=0`: it is loaded) and opens the board behind it.

    NAME.hwh and NAME.json lie beside NAME.bit, as the build leaves them (docs/pynq.md).

    Raises:
        UrlError: no host, no bitstream, or an unknown option; pynq is not installed.
        BoardLost: nobody answers at HOST, or the DMA does not start.
        WrongDevice: the bitstream is not the one its build tells of, or another board answers.
    """
    url.require_known(*OPTIONS)
    host, port = _address(url)
    bitstream = url.options.get("bitstream", "")
    if not bitstream:
        raise UrlError(
            f"{url.text}: no bitstream; one looks like pynq://HOST?bitstream=ohmloop.bit", where=url.text
        )
    download = bool(url.integer("download", 1, highest=1))
    try:
        from ohmloop.link.wires import _pynq_remote
    except ImportError as error:
        raise UrlError(
            f"{url.text}: needs pynq 4.0 (pip install 'ohmloop[pynq]', Python 3.11 or 3.12): {error}",
            value=str(error),
            where=url.text,
        ) from error
    try:
        stream, give_back = _pynq_remote.attached(host, port, bitstream, download=download)
    except WrongDesign as error:
        raise WrongDevice(f"{url.text}: {error}", value=str(error), where=url.text) from error
    except _pynq_remote.FAILURES as error:
        said = _words(error)
        raise BoardLost(f"{url.text}: {said}", value=said, where=url.text) from error
    try:
        return PynqWire(url.text, stream, failures=_pynq_remote.FAILURES, give_back=give_back)
    except BaseException:
        give_back()
        raise


def _address(url: WireUrl) -> tuple[str, int]:
    """Returns host and port; raises UrlError."""
    host, mark, port = url.address.rpartition(":") if "]" not in url.address[-1:] else (url.address, "", "")
    if not mark:
        host, port = url.address, str(PORT)
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UrlError(f"{url.text}: pynq://HOST[:PORT] expected", value=url.address, where=url.text)
    return host, int(port)


def _words(error: Exception) -> str:
    """Returns what an error says, in one line; gRPC's are long."""
    details = getattr(error, "details", None)
    said = details() if callable(details) else str(error)
    return " ".join(str(said).split()) or type(error).__name__

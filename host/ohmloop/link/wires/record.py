# SPDX-License-Identifier: BSD-3-Clause
"""`record://FILE?via=URL`: another wire, with every exchange written to a file as it happens."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from ohmloop.errors import UrlError
from ohmloop.link.wires.base import Wire, WireContext, WireUrl, byte_rate
from ohmloop.link.wires.base import open_wire as open_any

FORMAT: Final = "ohmloop-recording"
VERSION: Final = 1
TO_BOARD: Final = ">"
FROM_BOARD: Final = "<"


class RecordWire:
    """Passes everything on and writes it down: one JSON object a line, a header first.

    A line is `{"t": seconds of the wire's clock, "d": ">" or "<", "hex": bytes}`.
    """

    def __init__(self, url: str, inner: Wire, file: TextIO) -> None:
        self.url = url
        self.packet = inner.packet
        self.origin = inner.origin
        self.rate = byte_rate(inner)
        self._inner = inner
        self._file = file
        header = {
            "format": FORMAT,
            "version": VERSION,
            "url": inner.url,
            "origin": inner.origin,
            "packet": inner.packet,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._put(header)

    def write(self, data: bytes) -> None:
        """Sends `data`; it is on file before it leaves."""
        self._exchange(TO_BOARD, data)
        self._inner.write(data)

    def read(self, timeout_s: float) -> bytes:
        """Returns what the inner wire has read; it is on file before it is returned."""
        data = self._inner.read(timeout_s)
        if data:
            self._exchange(FROM_BOARD, data)
        return data

    def now_s(self) -> float:
        """Returns the inner wire's clock."""
        return self._inner.now_s()

    def close(self) -> None:
        """Closes the file and the inner wire."""
        self._file.close()
        self._inner.close()

    def _exchange(self, direction: str, data: bytes) -> None:
        self._put({"t": round(self._inner.now_s(), 9), "d": direction, "hex": data.hex()})

    def _put(self, record: dict[str, object]) -> None:
        if not self._file.closed:
            self._file.write(json.dumps(record, separators=(",", ":")) + "\n")
            self._file.flush()


def open_wire(url: WireUrl, context: WireContext) -> RecordWire:
    """Opens the wire of `via=` and a new file beside it.

    Raises:
        UrlError: no file, no `via=`, or the file is there already (a recording is never overwritten).
    """
    url.require_known("via")
    via = url.options.get("via")
    if not url.address or not via:
        raise UrlError(f"{url.text}: record://FILE?via=URL expected", value=url.text, where="url")
    inner = open_any(via, context)
    try:
        file = Path(url.address).open("x", encoding="ascii")
    except OSError as error:
        inner.close()
        raise UrlError(
            f"{url.text}: cannot write a new recording: {error}", value=url.address, where=url.text
        ) from error
    return RecordWire(url.text, inner, file)

# SPDX-License-Identifier: BSD-3-Clause
"""`replay://FILE`: a recording that answers a program which asks what was asked then."""

import struct
from collections import deque
from pathlib import Path
from typing import Final

from ohmloop._map import Opcode
from ohmloop.errors import BoardLost, RecordingError, ReplayMismatch, UrlError
from ohmloop.link.frames import Frame, FrameCorrupt, decode
from ohmloop.link.identity import HelloRequest
from ohmloop.link.wires.base import WireContext, WireUrl
from ohmloop.link.wires.recording import Epoch, hello_answer, read_recording

_OPCODE_NAMES: Final = {int(code): code.name for code in Opcode}


class ReplayWire:
    """Answers numbered requests from a recording, in its order and at its times.

    Every request must equal the recorded one of the same number, opcode and payload byte for byte.
    Epochs are matched by order, so nonces may differ. Urgent frames are confirmed here and compared with
    nothing: they depend on the time they were sent at.
    """

    packet = True

    def __init__(self, url: str, epochs: list[Epoch]) -> None:
        self.url = url
        kind = "emulated" if epochs[0].identity.emulated else "chip"
        self.origin = f"replay of {kind}"
        self._epochs = epochs
        self._at = -1
        self._nonce = -1
        self._next = 0
        self._state = 0
        self._now_s = epochs[0].hello_s
        self._outbox: deque[tuple[float, Frame]] = deque()
        self._closed = False

    def write(self, data: bytes) -> None:
        """Takes one frame; raises ReplayMismatch where it is another than the recorded one."""
        self._require_open()
        try:
            frame = decode(data)
        except FrameCorrupt:
            return
        if frame.opcode == Opcode.HELLO:
            self._take_hello(frame)
        elif self._at < 0 or frame.epoch != self._nonce & 0xFFFF:
            return
        elif frame.urgent:
            self._reply(frame, Frame(frame.opcode, 0, 0, urgent=True, state=self._state), self._now_s)
        elif frame.sequence == self._next & 0xFFFF:
            self._take_request(frame)

    def read(self, timeout_s: float) -> bytes:
        """Returns the next recorded reply; b"" when the recording has none for what was asked."""
        self._require_open()
        if not self._outbox:
            self._now_s += max(0.0, timeout_s)
            return b""
        due_s, frame = self._outbox.popleft()
        self._now_s = max(self._now_s, due_s)
        self._state = frame.state
        return frame.encode()

    def now_s(self) -> float:
        """Returns the recorded clock in seconds; a wait for what never comes goes by at once."""
        return self._now_s

    def close(self) -> None:
        """Ends the replay."""
        self._closed = True

    def _take_hello(self, frame: Frame) -> None:
        request = HelloRequest.decode(frame.payload)
        if request.nonce != self._nonce:
            if self._at + 1 == len(self._epochs):
                raise ReplayMismatch(
                    f"{self.url}: HELLO {self._at + 2} asked, the recording has {len(self._epochs)}",
                    value=self._at + 2,
                    limit=len(self._epochs),
                    where="HELLO",
                )
            self._at += 1
            self._nonce, self._next = request.nonce, 0
            self._outbox.clear()
        epoch = self._epochs[self._at]
        answer = Frame(Opcode.HELLO, 0, 0, hello_answer(epoch, request).encode(), urgent=True)
        self._reply(frame, answer, epoch.hello_s)

    def _take_request(self, frame: Frame) -> None:
        epoch = self._epochs[self._at]
        number = self._next
        if number >= len(epoch.requests):
            raise ReplayMismatch(
                f"{self.url}: {_name(frame)} is request {number}, the recording ends before it",
                value=number,
                limit=len(epoch.requests) - 1,
                where=f"request {number}",
            )
        _compare(self.url, number, frame, epoch.requests[number])
        self._next += 1
        if number in epoch.replies:
            due_s, answer = epoch.replies[number]
            self._reply(frame, answer, due_s)

    def _reply(self, request: Frame, answer: Frame, due_s: float) -> None:
        frame = Frame(
            opcode=answer.opcode,
            sequence=request.sequence,
            epoch=self._nonce & 0xFFFF,
            payload=answer.payload,
            acknowledge=self._next & 0xFFFF,
            status=answer.status,
            state=answer.state,
            reply=True,
            urgent=answer.urgent,
        )
        self._outbox.append((due_s, frame))

    def _require_open(self) -> None:
        if self._closed:
            raise BoardLost(f"{self.url} is closed", value="closed", limit="open", where=self.url)


def _name(frame: Frame) -> str:
    return _OPCODE_NAMES.get(frame.opcode, hex(frame.opcode))


def _compare(url: str, number: int, asked: Frame, recorded: Frame) -> None:
    """Raises ReplayMismatch at the first difference of opcode, length or payload."""
    if asked.opcode == recorded.opcode and asked.payload == recorded.payload:
        return
    if asked.opcode != recorded.opcode:
        place, value, limit = "opcode", _name(asked), _name(recorded)
    elif len(asked.payload) != len(recorded.payload):
        place, value, limit = "payload words", *(str(len(f.payload) // 4) for f in (asked, recorded))
    else:
        words = [struct.unpack(f"<{len(f.payload) // 4}I", f.payload) for f in (asked, recorded)]
        at = next(i for i, (a, b) in enumerate(zip(*words, strict=True)) if a != b)
        place, value, limit = f"payload word {at}", f"{words[0][at]:#010x}", f"{words[1][at]:#010x}"
    raise ReplayMismatch(
        f"{url}: request {number} ({_name(asked)}) differs in its {place}: {value} asked, {limit} recorded",
        value=value,
        limit=limit,
        where=f"request {number}, {place}",
    )


def open_wire(url: WireUrl, context: WireContext) -> ReplayWire:
    """Opens a recording.

    Raises:
        UrlError: no file is named.
        RecordingError: the file is no recording, or no board answered in it.
    """
    url.require_known()
    if not url.address:
        raise UrlError(f"{url.text}: replay://FILE expected", value=url.text, where="url")
    epochs = read_recording(Path(url.address))
    if not epochs:
        raise RecordingError(f"{url.text}: no board answered in this recording", where=url.text)
    return ReplayWire(url.text, epochs)

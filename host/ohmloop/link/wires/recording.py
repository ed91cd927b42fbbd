# SPDX-License-Identifier: BSD-3-Clause
"""A recording to the requests and replies that it holds, epoch by epoch."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ohmloop._map import Opcode
from ohmloop.errors import RecordingError
from ohmloop.link.frames import Frame, FrameCorrupt, StreamDecoder, decode
from ohmloop.link.identity import HelloRequest, Identity
from ohmloop.link.windows import Refusal
from ohmloop.link.wires.record import FORMAT, TO_BOARD, VERSION


@dataclass
class Epoch:
    """What was asked and answered between one HELLO and the next, by request number.

    Repetitions, gaps and urgent frames are left out: they belong to the wire of that day.
    """

    identity: Identity
    hello_s: float
    requests: list[Frame] = field(default_factory=list)
    replies: dict[int, tuple[float, Frame]] = field(default_factory=dict)

    def take_request(self, frame: Frame) -> None:
        """Takes a numbered request, once."""
        if frame.sequence == len(self.requests) & 0xFFFF:
            self.requests.append(frame)

    def take_reply(self, frame: Frame, t_s: float) -> None:
        """Takes the reply to a numbered request, once."""
        count = len(self.requests)
        number = count - ((count - frame.sequence) & 0xFFFF)
        if 0 <= number < count:
            self.replies.setdefault(number, (t_s, frame))


def read_recording(path: Path) -> list[Epoch]:
    """Returns the epochs of a recording; a last line that was cut off is left out.

    Raises:
        RecordingError: the file cannot be read or is no recording; the message names the line.
    """
    epochs: list[Epoch] = []
    for t_s, to_board, frame in _frames(path):
        if frame.opcode == Opcode.HELLO and frame.urgent:
            if not to_board:
                _open_epoch(epochs, frame, t_s)
        elif frame.urgent or not epochs or frame.epoch != epochs[-1].identity.epoch:
            continue
        elif to_board:
            epochs[-1].take_request(frame)
        else:
            epochs[-1].take_reply(frame, t_s)
    return epochs


def _open_epoch(epochs: list[Epoch], frame: Frame, t_s: float) -> None:
    try:
        identity = Identity.decode(frame.payload)
    except Refusal:
        return
    if all(epoch.identity.nonce != identity.nonce for epoch in epochs):
        epochs.append(Epoch(identity, t_s))


def _frames(path: Path) -> Iterator[tuple[float, bool, Frame]]:
    """Yields time, direction and frame of everything good in the file."""
    lines = _lines(path)
    _, header = next(lines, (0, {}))
    if header.get("format") != FORMAT or header.get("version") != VERSION:
        raise RecordingError(f"{path}: no recording of version {VERSION}", limit=VERSION, where=str(path))
    packet = bool(header.get("packet"))
    decoders = {True: StreamDecoder(), False: StreamDecoder()}
    for number, line in lines:
        try:
            t_s, to_board, data = float(line["t"]), line["d"] == TO_BOARD, bytes.fromhex(line["hex"])
        except (KeyError, TypeError, ValueError) as error:
            raise RecordingError(f"{path}, line {number}: no exchange", where=f"{path}:{number}") from error
        for data_frame in [data] if packet else decoders[to_board].feed(data):
            frame = _decoded(data_frame)
            if frame is not None and frame.reply != to_board:
                yield t_s, to_board, frame


def _decoded(data: bytes) -> Frame | None:
    try:
        return decode(data)
    except FrameCorrupt:
        return None


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {error}", where=str(path)) from error
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines) and not text.endswith("\n"):
                return
            raise RecordingError(f"{path}, line {number}: no JSON", where=f"{path}:{number}") from error
        yield number, record if isinstance(record, dict) else {}


def hello_answer(epoch: Epoch, request: HelloRequest) -> Identity:
    """Returns the recorded identity as it answers `request`: with its nonce and chip id."""
    return replace(epoch.identity, nonce=request.nonce, chip_id=request.chip_id)

# SPDX-License-Identifier: BSD-3-Clause
"""A board at the end of a wire, spoken to frame by frame: nothing is sent again, nothing is put in order."""

from __future__ import annotations

import os
import struct
import time
from collections import deque
from typing import Final

from ohmloop._map import Opcode, Status
from ohmloop.conformance.verdicts import Broken
from ohmloop.link.frames import Frame, FrameCorrupt, StreamDecoder, decode, stuff
from ohmloop.link.messages import HelloRequest, Identity, Refusal
from ohmloop.link.wires import Wire

WALL_LIMIT_S: Final = 120.0
"""Longest wall time of one wait, for a wire whose own clock has stopped."""
CHIP_ID: Final = b"conformance"
_SLICE_S: Final = 0.005
_LEAST_S: Final = 1e-6  # a clock that counts cycles would stand still for less
_HELLOS: Final = 3
_FENCES: Final = (0xFFF0, 0xFFF1)
_URGENT_NUMBER: Final = 0x7777


class Peer:
    """One board and one epoch at a time.

    Attributes:
        wire: what the board is on.
        epoch: the open one.
        sequence: number of the next request.
        limit_s: longest wait for an answer, by the wire's clock.
    """

    def __init__(self, wire: Wire, limit_s: float) -> None:
        self.wire = wire
        self.limit_s = limit_s
        self.epoch = 0
        self.sequence = 0
        self._decoder = StreamDecoder()
        self._inbox: deque[Frame] = deque()

    # Frames

    def send(self, frame: Frame) -> None:
        """Sends one frame."""
        self.send_packet(frame.encode())

    def send_packet(self, packet: bytes) -> None:
        """Sends the bytes of a frame, good or not."""
        self.wire.write(packet if self.wire.packet else stuff(packet))

    def receive(self, limit_s: float | None = None) -> Frame | None:
        """Returns the next good frame from the board; None when the time is over."""
        end_s = self.wire.now_s() + (self.limit_s if limit_s is None else limit_s)
        wall_end_s = time.monotonic() + WALL_LIMIT_S
        while not self._inbox:
            left_s = end_s - self.wire.now_s()
            if left_s <= 0 or time.monotonic() > wall_end_s:
                return None
            self._take(self.wire.read(min(_SLICE_S, max(_LEAST_S, left_s))))
        return self._inbox.popleft()

    def _take(self, data: bytes) -> None:
        packets = [data] if self.wire.packet and data else self._decoder.feed(data)
        for packet in packets:
            try:
                frame = decode(packet)
            except FrameCorrupt:
                continue  # the answer it was is missed by whoever waits for it
            if frame.reply:
                self._inbox.append(frame)

    def stay_silent(self, silence_s: float) -> None:
        """Lets time pass on the wire's clock; what comes is dropped."""
        end_s, wall_end_s = self.wire.now_s() + silence_s, time.monotonic() + WALL_LIMIT_S
        while (left_s := end_s - self.wire.now_s()) > 0 and time.monotonic() < wall_end_s:
            self.wire.read(max(_LEAST_S, left_s))

    def settle(self) -> list[Frame]:
        """Returns all that the board sends before it has answered two HEARTBEATs, one after the other."""
        seen: list[Frame] = []
        for number in _FENCES:
            self.send(Frame(Opcode.HEARTBEAT, number, self.epoch, urgent=True))
            frame = self.receive()
            while frame is not None and not (frame.urgent and frame.sequence == number):
                seen.append(frame)
                frame = self.receive()
        return seen

    # An epoch

    def open(self, nonce: int | None = None) -> Identity:
        """Opens a new epoch; what still comes of the old one is dropped.

        Raises:
            Broken: no identity came.
        """
        wanted = _nonce(self.epoch) if nonce is None else nonce
        self.epoch, self.sequence = wanted & 0xFFFF, 0
        self._inbox.clear()
        for _ in range(_HELLOS):
            request = HelloRequest(wanted, CHIP_ID).encode()
            self.send(Frame(Opcode.HELLO, 0, self.epoch, request, urgent=True))
            while (frame := self.receive()) is not None:
                if frame.opcode == Opcode.HELLO and frame.epoch == self.epoch:
                    return _identity(frame)
        raise Broken(f"HELLO: no identity within {_HELLOS * self.limit_s:g} s")

    def post(self, opcode: int, payload: bytes = b"", *, acknowledge: int | None = None) -> int:
        """Sends the next request; returns its number. All before it is acknowledged unless told."""
        number = self.sequence
        known = number if acknowledge is None else acknowledge
        self.send(Frame(opcode, number, self.epoch, payload, acknowledge=known))
        self.sequence = (number + 1) & 0xFFFF
        return number

    def reply_to(self, number: int) -> Frame:
        """Returns the reply to a request, which must be what comes next; raises Broken."""
        frame = self.receive()
        if frame is None:
            raise Broken(f"request {number}: no answer within {self.limit_s:g} s")
        if frame.urgent or frame.sequence != number:
            kind = "urgent " if frame.urgent else ""
            seen = f"{kind}{_status(frame)} of opcode {frame.opcode:#04x}, number {frame.sequence},"
            raise Broken(f"request {number}: {seen} came in place of its reply")
        return frame

    def call(self, opcode: int, payload: bytes = b"") -> Frame:
        """Sends a request and returns its reply; raises Broken."""
        return self.reply_to(self.post(opcode, payload))

    def urgent(self, opcode: int, payload: bytes = b"") -> Frame:
        """Sends an urgent frame and returns its answer; replies that come before are kept; raises Broken."""
        self.send(Frame(opcode, _URGENT_NUMBER, self.epoch, payload, urgent=True))
        kept: list[Frame] = []
        while (frame := self.receive()) is not None:
            if frame.urgent and frame.sequence == _URGENT_NUMBER:
                self._inbox.extendleft(reversed(kept))
                return frame
            kept.append(frame)
        raise Broken(f"urgent opcode {opcode:#04x}: no answer within {self.limit_s:g} s")


def _identity(frame: Frame) -> Identity:
    try:
        return Identity.decode(frame.payload)
    except Refusal as refusal:
        raise Broken(f"HELLO: the answer is no identity: {refusal}") from None


def _nonce(avoid_epoch: int) -> int:
    high, low = struct.unpack("<HH", os.urandom(4))
    epoch = next(one for one in (low, low ^ 1, low ^ 2) if one not in (0, avoid_epoch))
    return int(high << 16 | epoch)


def _status(frame: Frame) -> str:
    return Status(frame.status).name if frame.status in set(Status) else f"status {frame.status:#04x}"

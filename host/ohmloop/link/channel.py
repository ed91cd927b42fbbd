# SPDX-License-Identifier: BSD-3-Clause
"""Frames to what a wire carries and back, counted."""

import time

from ohmloop.link.frames import Frame, FrameCorrupt, StreamDecoder, decode, stuff
from ohmloop.link.stats import LinkStats
from ohmloop.link.wires.base import Wire

_SEEN_BYTES = 32


class Channel:
    """Sends and receives frames over one wire.

    Attributes:
        seen: the first bytes that came since `forget`, for the report on a foreign device.
        echoes: frames of ours that came back.
    """

    def __init__(self, wire: Wire, stats: LinkStats) -> None:
        self.wire = wire
        self.stats = stats
        self.seen = b""
        self.echoes = 0
        self._decoder = StreamDecoder()

    def forget(self) -> None:
        """Starts `seen` and `echoes` afresh."""
        self.seen = b""
        self.echoes = 0

    def line(self, frame: Frame) -> bytes:
        """Returns `frame` as the wire carries it."""
        encoded = frame.encode()
        return encoded if self.wire.packet else stuff(encoded)

    def send(self, frame: Frame) -> None:
        """Sends one frame; raises BoardLost."""
        self.send_line(self.line(frame), len(frame.payload))

    def send_line(self, line: bytes, payload_bytes: int) -> None:
        """Sends one frame that `line` has made; raises BoardLost."""
        begin = time.perf_counter()
        self.wire.write(line)
        stats = self.stats
        stats.wire_s += time.perf_counter() - begin
        stats.frames_sent += 1
        stats.line_bytes_sent += len(line)
        stats.payload_bytes_sent += payload_bytes

    def receive(self, timeout_s: float) -> list[Frame]:
        """Returns the good frames from the board that one read completes; raises BoardLost."""
        begin = time.perf_counter()
        data = self.wire.read(timeout_s)
        stats = self.stats
        stats.wire_s += time.perf_counter() - begin
        if not data:
            return []
        stats.line_bytes_received += len(data)
        if len(self.seen) < _SEEN_BYTES:
            self.seen += data[: _SEEN_BYTES - len(self.seen)]
        return [frame for packet in self._packets(data) if (frame := self._frame(packet)) is not None]

    def _packets(self, data: bytes) -> list[bytes]:
        if self.wire.packet:
            return [data]
        before = self._decoder.malformed
        packets = self._decoder.feed(data)
        self.stats.crc_errors += self._decoder.malformed - before
        return packets

    def _frame(self, packet: bytes) -> Frame | None:
        try:
            frame = decode(packet)
        except FrameCorrupt:
            self.stats.crc_errors += 1
            return None
        if not frame.reply:
            self.echoes += 1
            return None
        self.stats.frames_received += 1
        self.stats.payload_bytes_received += len(frame.payload)
        return frame

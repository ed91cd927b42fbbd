# SPDX-License-Identifier: BSD-3-Clause
"""A board's receiver, written from docs/protocol.md, and a wire to it that loses and spoils frames."""

import heapq
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from ohmloop._map import CLK_HZ, MAP_HASH, Field, Opcode, Status
from ohmloop.errors import BoardLost
from ohmloop.link.frames import Frame, FrameCorrupt, StreamDecoder, decode, stuff
from ohmloop.link.messages import HelloRequest, Identity, MacroGeometry, pack_words

GEOMETRY = MacroGeometry(64, 64, 8, 4, 4, 8)


@dataclass
class Peer:
    """The numbered, urgent and epoch rules; `execute` does the work of one request."""

    execute: Callable[[int, bytes], tuple[int, bytes, float]]
    max_payload: int = 4096
    request_bytes: int = 8192
    reply_bytes: int = 16384
    map_hash: int = MAP_HASH
    boot_id: int = 77
    version: int = 1
    identity: Identity | None = None
    expected: int = 0
    acknowledged: int = 0
    gap_told: bool = False
    latched: bool = False
    busy_until_s: float = 0.0
    queue: list[Frame] = field(default_factory=list)
    ring: dict[int, Frame] = field(default_factory=dict)
    safe_count: int = 0
    ring_peak: int = 0
    queue_peak: int = 0

    def state(self, now_s: float) -> int:
        latched = 1 << Field.STATE_SAFE_LATCHED if self.latched else 0
        busy = 1 << Field.STATE_BUSY if now_s < self.busy_until_s or self.queue else 0
        return latched | busy

    def power_up(self) -> None:
        self.identity, self.expected, self.acknowledged = None, 0, 0
        self.queue, self.ring, self.gap_told, self.latched = [], {}, False, False
        self.boot_id += 1

    def receive(self, data: bytes, now_s: float) -> list[Frame]:
        try:
            frame = decode(data, max_payload=self.max_payload)
        except FrameCorrupt:
            return self._gap(now_s) if self.identity else []
        if frame.reply:
            return []
        if frame.version != self.version:
            return [self._nak(Status.BAD_VERSION, frame.sequence, frame.epoch, now_s)]
        if frame.opcode == Opcode.HELLO and frame.urgent:
            return [self._hello(frame, now_s)]
        if self.identity is None or frame.epoch != self.identity.epoch:
            epoch = self.identity.epoch if self.identity else 0
            return [self._nak(Status.NO_EPOCH, frame.sequence, epoch, now_s)]
        if frame.urgent:
            return [self._urgent(frame, now_s)]
        return self._numbered(frame, now_s)

    def _hello(self, frame: Frame, now_s: float) -> Frame:
        request = HelloRequest.decode(frame.payload)
        if self.identity is None or self.identity.nonce != request.nonce:
            self.expected = self.acknowledged = 0
            self.queue, self.ring, self.gap_told, self.latched = [], {}, False, False
            self.busy_until_s = now_s
            self.identity = Identity(
                nonce=request.nonce,
                macros=(GEOMETRY,),
                emulated=True,
                map_hash=self.map_hash,
                clk_hz=CLK_HZ,
                max_payload=self.max_payload,
                request_bytes=self.request_bytes,
                reply_bytes=self.reply_bytes,
                boot_id=self.boot_id,
                chip_id=request.chip_id,
            )
        return self._answer(frame, Status.OK, self.identity.encode(), now_s, urgent=True)

    def _urgent(self, frame: Frame, now_s: float) -> Frame:
        if frame.opcode == Opcode.SAFE:
            self.latched = True
            self.safe_count += 1
            self.busy_until_s = now_s
            for request in self.queue:
                reply = self._answer(request, Status.ABORTED, pack_words(0, 0, 0), now_s)
                self.ring[request.sequence] = reply
            self.queue = []
        elif frame.opcode != Opcode.HEARTBEAT:
            return self._nak(Status.UNKNOWN_OPCODE, frame.sequence, frame.epoch, now_s)
        return self._answer(frame, Status.OK, b"", now_s, urgent=True)

    def _numbered(self, frame: Frame, now_s: float) -> list[Frame]:
        sent = (self.expected - len(self.queue)) & 0xFFFF
        ahead = (frame.acknowledge - self.acknowledged) & 0xFFFF
        if ahead <= (sent - self.acknowledged) & 0xFFFF:
            for number in range(ahead):
                self.ring.pop((self.acknowledged + number) & 0xFFFF, None)
            self.acknowledged = frame.acknowledge
        distance = (frame.sequence - self.expected) & 0xFFFF
        waiting = sum(f.cost for f in self.queue)
        if distance == 0 and waiting + frame.cost <= self.request_bytes:
            self.queue.append(frame)
            self.queue_peak = max(self.queue_peak, waiting + frame.cost)
            self.expected = (self.expected + 1) & 0xFFFF
            self.gap_told = False
            return []
        if distance < 0x8000:
            return self._gap(now_s)
        again = self.ring.get(frame.sequence)
        return [again] if again is not None else []

    def step(self, now_s: float) -> list[Frame]:
        """Executes what is due; returns the replies."""
        replies = []
        while self.queue and now_s >= self.busy_until_s:
            request = self.queue.pop(0)
            status, payload, seconds = self.execute(request.opcode, request.payload)
            reply = self._answer(request, status, payload, now_s)
            self.busy_until_s = now_s + seconds
            self.ring[request.sequence] = reply
            self.ring_peak = max(self.ring_peak, sum(f.cost for f in self.ring.values()))
            assert self.ring_peak <= self.reply_bytes, "the host has overdrawn the reply credit"
            replies.append(reply)
        return replies

    def _gap(self, now_s: float) -> list[Frame]:
        assert self.identity is not None
        if self.gap_told:
            return []
        self.gap_told = True
        return [self._nak(Status.GAP, self.expected, self.identity.epoch, now_s)]

    def _nak(self, status: Status, sequence: int, epoch: int, now_s: float) -> Frame:
        return Frame(
            Opcode.NAK,
            sequence,
            epoch,
            acknowledge=self.expected,
            status=status,
            state=self.state(now_s),
            reply=True,
            urgent=True,
            version=self.version,
        )

    def _answer(
        self, request: Frame, status: int, payload: bytes, now_s: float, *, urgent: bool = False
    ) -> Frame:
        assert self.identity is not None
        return Frame(
            request.opcode,
            request.sequence,
            self.identity.epoch,
            payload,
            acknowledge=self.expected,
            status=status,
            state=self.state(now_s),
            reply=True,
            urgent=urgent,
            version=self.version,
        )


@dataclass
class Faults:
    """Probability of each fault of a frame, either direction."""

    drop: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    truncate: float = 0.0
    delay: float = 0.0

    def spoil(self, data: bytes, rng: random.Random) -> list[tuple[bytes, float]]:
        """Returns what arrives instead of one frame: bytes and extra delay in seconds."""
        copies = [data, data] if rng.random() < self.duplicate else [data]
        arrived = []
        for copy in copies:
            if rng.random() < self.drop:
                continue
            changed = bytearray(copy)
            if rng.random() < self.corrupt:
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            if rng.random() < self.truncate:
                del changed[rng.randrange(1, len(changed)) :]
            arrived.append((bytes(changed), 0.02 if rng.random() < self.delay else 0.0))
        return arrived


class PeerWire:
    """A wire to a Peer with a clock of its own; every frame takes `latency_s` each way."""

    def __init__(
        self, peer: Peer, *, packet: bool = True, faults: Faults | None = None, seed: int = 0
    ) -> None:
        self.packet = packet
        self.url = "peer://"
        self.origin = "emulated"
        self.peer = peer
        self.faults = faults or Faults()
        self.alive = True
        self.written: list[bytes] = []
        self.on_read: Callable[[], None] = lambda: None
        self._rng = random.Random(seed)
        self._now_s = 0.0
        self._latency_s = 0.001
        self._events: list[tuple[float, int, bool, bytes]] = []
        self._order = 0
        self._decoder = StreamDecoder()
        self._inbox: list[bytes] = []

    def now_s(self) -> float:
        return self._now_s

    def close(self) -> None:
        self.alive = False

    def write(self, data: bytes) -> None:
        if not self.alive:
            raise BoardLost("gone", where=self.url)
        self.written.append(data)
        self._send(data, to_board=True)

    def _send(self, data: bytes, *, to_board: bool) -> None:
        for arrived, delay_s in self.faults.spoil(data, self._rng):
            self._order += 1
            due_s = self._now_s + self._latency_s + delay_s
            heapq.heappush(self._events, (due_s, self._order, to_board, arrived))

    def read(self, timeout_s: float) -> bytes:
        self.on_read()
        if not self.alive:
            raise BoardLost("gone", where=self.url)
        end_s = self._now_s + timeout_s
        while not self._inbox:
            due_s = min(self._events[0][0] if self._events else end_s, self._peer_due_s(), end_s)
            self._now_s = max(self._now_s, due_s)
            for frame in self.peer.step(self._now_s):
                self._send_frame(frame)
            if self._events and self._events[0][0] <= self._now_s:
                self._arrive()
            elif self._now_s >= end_s:
                return b""
        return self._inbox.pop(0)

    def _peer_due_s(self) -> float:
        return self.peer.busy_until_s if self.peer.queue else float("inf")

    def _arrive(self) -> None:
        _, _, to_board, data = heapq.heappop(self._events)
        if not to_board:
            self._inbox.append(data)
            return
        before = self._decoder.malformed
        packets = [data] if self.packet else self._decoder.feed(data)
        for packet in packets + [b"\0"] * (self._decoder.malformed - before):
            for frame in self.peer.receive(packet, self._now_s):
                self._send_frame(frame)

    def _send_frame(self, frame: Frame) -> None:
        encoded = frame.encode()
        self._send(encoded if self.packet else stuff(encoded), to_board=False)


def echo(opcode: int, payload: bytes) -> tuple[int, bytes, float]:
    """Executes PING, and everything else as one."""
    return Status.OK, payload, 0.0


def word(payload: bytes) -> int:
    """Returns the first word of a payload."""
    return int(struct.unpack_from("<I", payload)[0])

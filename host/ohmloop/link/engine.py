# SPDX-License-Identifier: BSD-3-Clause
"""One epoch on one wire: numbers, credits, lost frames, silence. Used by one thread at a time."""

import os
import struct
import time
from dataclasses import dataclass
from typing import Final

from ohmloop._map import CLK_HZ, PROTOCOL_VERSION, RESET_VALUES, Field, Opcode, Register, Status
from ohmloop.errors import BoardReset, DeadlineExceeded, LimitError
from ohmloop.link.channel import Channel
from ohmloop.link.frames import FRAME_OVERHEAD_BYTES, Frame
from ohmloop.link.identity import Identity
from ohmloop.link.opening import SLICE_S, WALL_LIMIT_S
from ohmloop.link.outstanding import Job, Outstanding, Pending
from ohmloop.link.wires.base import byte_rate

SHORTEST_SILENCE_S: Final = 0.05
HEARTBEAT_S: Final = RESET_VALUES[Register.WATCHDOG_CYCLES] / CLK_HZ / 4
"""Longest silence of a waiting host: a quarter of the watchdog's."""
_PROBES_KEPT: Final = 16
_BUSY: Final = 1 << Field.STATE_BUSY
_COUNTS_CYCLES: Final = frozenset(
    (Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS, Opcode.PULSE, Opcode.CELL_LOAD, Opcode.CELL_DUMP)
)


@dataclass(slots=True)
class _Probe:
    """A HEARTBEAT on its way: its answer tells which requests before it the board has."""

    sent_s: float
    next: int
    heard: int
    silence: bool


class Engine:
    """Sends numbered requests and takes their replies, through faults, until the epoch ends.

    Attributes:
        identity: the board's answer to HELLO.
        state: the board's state in the last frame seen.
        heartbeat_s: longest time that a waiting host says nothing.
        safe_sent, safe_done: counts of SAFE frames asked for and confirmed.
    """

    def __init__(self, channel: Channel, identity: Identity) -> None:
        self.identity = identity
        self.state = 0
        self.heartbeat_s = HEARTBEAT_S
        self.safe_sent = 0
        self.safe_done = 0
        self._channel = channel
        self._wire = channel.wire
        self._stats = channel.stats
        self._window = Outstanding(identity.request_bytes, identity.reply_bytes)
        self._probes: dict[int, _Probe] = {}
        self._probe_number = int.from_bytes(os.urandom(2), "little")
        self._round_trip_s = 0.0
        self._quiet_since_s = self._sent_s = self._progress_s = self._wire.now_s()
        self._backoff = 0
        self._heard = 0
        self._suspicious: set[int] | None = None

    @property
    def epoch(self) -> int:
        """The open epoch."""
        return self.identity.epoch

    def reply_cost(self, payload_bytes: int, largest_reply_words: int, where: str) -> int:
        """Returns the reply credit that a request needs.

        Raises:
            LimitError: the request or its reply is larger than this board ever takes; nothing was sent.
        """
        most = self.identity.max_payload
        if payload_bytes > most:
            raise LimitError(
                f"{where}: payload of {payload_bytes} bytes, the board takes {most}",
                value=payload_bytes,
                limit=most,
                unit="byte",
                where=where,
            )
        return FRAME_OVERHEAD_BYTES + min(4 * largest_reply_words, most)

    def submit(self, job: Job, opcode: int, payload: bytes, reply_cost: int) -> bool:
        """Sends one request where the credits allow it; says whether it did."""
        cost = FRAME_OVERHEAD_BYTES + len(payload)
        if not self._window.fits(cost, reply_cost):
            return False
        begin = time.perf_counter()
        window = self._window
        frame = Frame(opcode, window.next, self.epoch, payload, acknowledge=window.base)
        line = self._channel.line(frame)
        self._stats.encode_s += time.perf_counter() - begin
        pending = Pending(frame.sequence, opcode, line, len(payload), cost, reply_cost, job)
        window.add(pending)
        self._send(line, len(payload))
        return True

    def resume(self) -> None:
        """Begins a wait: what came meanwhile is read first, and silence counts from now."""
        self._quiet_since_s = self._progress_s = self._wire.now_s()
        self._backoff = 0

    def pump(self, longest_s: float = SLICE_S) -> None:
        """Reads once and acts on what came, or on nothing having come.

        Raises:
            BoardLost, BoardReset: the epoch is over.
        """
        for frame in self._channel.receive(longest_s):
            self._take(frame)
        self._mind_silence()

    def check_deadline(self, timeout_s: float, wall_since_s: float) -> None:
        """Raises DeadlineExceeded when the oldest request has waited longer than `timeout_s`."""
        waited_s = self._wire.now_s() - self._progress_s
        if waited_s <= timeout_s and time.monotonic() - wall_since_s <= WALL_LIMIT_S:
            return
        oldest = self._window.oldest
        what = oldest.describe() if oldest else "SAFE"
        raise DeadlineExceeded(
            f"{what} unanswered after {waited_s:.3f} s at {self._wire.url}, limit {timeout_s:.3f} s",
            value=waited_s,
            limit=timeout_s,
            unit="s",
            where=what,
        )

    def send_safe(self) -> None:
        """Sends SAFE; `safe_done` reaches `safe_sent` when the board has confirmed."""
        self.safe_sent += 1
        self._send_urgent(Opcode.SAFE, self.safe_sent & 0xFFFF)

    def fail(self, failure: Exception) -> tuple[str, ...]:
        """Gives every request up; returns what is in doubt."""
        return self._window.fail(failure)

    # Sending

    def _send(self, line: bytes, payload_bytes: int) -> None:
        self._channel.send_line(line, payload_bytes)
        self._sent_s = self._quiet_since_s = self._wire.now_s()

    def _send_again(self, requests: list[Pending]) -> None:
        for pending in requests:
            self._stats.retries += 1
            self._send(pending.line, pending.payload_bytes)

    def _send_lost(self, requests: list[Pending]) -> None:
        """Sends again what the board does not have, and asks at once whether it has it now.

        The board tells of a gap once: without asking, a second loss would show only by silence.
        """
        self._send_again(requests)
        if requests:
            self._window.shrink()
            self._probe(silence=False)

    def _send_urgent(self, opcode: Opcode, sequence: int) -> None:
        frame = Frame(opcode, sequence, self.epoch, acknowledge=self._window.base, urgent=True)
        self._send(self._channel.line(frame), 0)

    def _probe(self, *, silence: bool) -> int:
        self._probe_number = (self._probe_number + 1) & 0xFFFF
        self._probes[self._probe_number] = _Probe(self._wire.now_s(), self._window.next, self._heard, silence)
        if len(self._probes) > _PROBES_KEPT:
            del self._probes[next(iter(self._probes))]
        self._stats.heartbeats += 1
        self._send_urgent(Opcode.HEARTBEAT, self._probe_number)
        return self._probe_number

    # Silence

    def _silence_s(self) -> float:
        """How long nothing may come before we ask: round trip, transfer time, or the shortest."""
        rate = byte_rate(self._wire)
        transfer_s = self._window.line_bytes / rate if rate else 0.0
        first_s = max(2 * self._round_trip_s, transfer_s, SHORTEST_SILENCE_S)
        return min(first_s * (1 << min(self._backoff, 5)), max(first_s, self.heartbeat_s))

    def _mind_silence(self) -> None:
        now_s = self._wire.now_s()
        if now_s - self._quiet_since_s >= self._silence_s():
            self._backoff += 1
            if self.safe_done != self.safe_sent:
                self._send_urgent(Opcode.SAFE, self.safe_sent & 0xFFFF)
            else:
                self._probe(silence=True)
        elif now_s - self._sent_s >= self.heartbeat_s:
            self._probe(silence=False)

    # Receiving

    def _take(self, frame: Frame) -> None:
        if frame.opcode == Opcode.NAK:
            self._take_nak(frame)
            return
        if frame.epoch != self.epoch or frame.version != PROTOCOL_VERSION:
            self._stats.stale += 1
            return
        self.state = frame.state
        self._heard += 1
        self._quiet_since_s = self._wire.now_s()
        self._backoff = 0
        if not frame.urgent:
            self._take_reply(frame)
        elif frame.opcode == Opcode.HEARTBEAT:
            self._take_heartbeat(frame)
        elif frame.opcode == Opcode.SAFE and frame.sequence == self.safe_sent & 0xFFFF:
            self.safe_done = self.safe_sent

    def _take_reply(self, frame: Frame) -> None:
        base = self._window.base
        if not self._window.take(frame):
            self._stats.duplicates += 1
            return
        if frame.opcode in _COUNTS_CYCLES and frame.status == Status.OK and frame.payload:
            (cycles,) = struct.unpack_from("<I", frame.payload)
            self._stats.execute_s += cycles / (self.identity.clk_hz or CLK_HZ)
        if self._window.base != base:
            self._progress_s = self._wire.now_s()
        else:
            self._send_again(list(self._window.skipped()))

    def _take_heartbeat(self, frame: Frame) -> None:
        probe = self._probes.pop(frame.sequence, None)
        if probe is None:
            return
        sample_s = self._wire.now_s() - probe.sent_s
        self._round_trip_s += (sample_s - self._round_trip_s) / 4
        lost = self._window.unanswered(frame.acknowledge, probe.next)
        self._send_lost(lost)
        heard_since = self._heard - probe.heard > 1
        if not lost and probe.silence and not heard_since and not frame.state & _BUSY:
            oldest = self._window.oldest
            self._send_again([oldest] if oldest is not None else [])

    def _take_nak(self, frame: Frame) -> None:
        self._stats.naks += 1
        if frame.status == Status.GAP and frame.epoch == self.epoch:
            self.state = frame.state
            self._quiet_since_s = self._wire.now_s()
            self._send_lost(self._window.unanswered(frame.sequence))
        elif frame.status == Status.NO_EPOCH and frame.epoch != self.epoch:
            self._suspect(frame)

    def _suspect(self, frame: Frame) -> None:
        """Asks once more before it believes that the board was reset: a late frame says the same."""
        if self._suspicious is None:
            self._suspicious = set()
        elif frame.sequence in self._suspicious:
            failure = BoardReset(
                f"{self._wire.url}: the board was reset or opened by another host; "
                f"its epoch is {frame.epoch:#06x}, ours was {self.epoch:#06x}",
                value=f"{frame.epoch:#06x}",
                limit=f"{self.epoch:#06x}",
                where=self._wire.url,
            )
            failure.in_doubt = self.fail(failure)
            raise failure
        self._suspicious.add(self._probe(silence=False))

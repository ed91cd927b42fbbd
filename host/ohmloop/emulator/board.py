# SPDX-License-Identifier: BSD-3-Clause
"""The twin: frames in, frames out, as docs/protocol.md has the board behave."""

from collections import deque
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode, Status
from ohmloop.emulator.array import EmulatedArray
from ohmloop.emulator.condition import Condition
from ohmloop.emulator.executor import Executor
from ohmloop.emulator.guard import Guard
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.tables import Tables
from ohmloop.link.frames import FRAME_OVERHEAD_BYTES, Frame, FrameCorrupt, decode
from ohmloop.link.messages import HelloRequest, Identity, Refusal, pack_counts

_HALF: Final = 0x8000
_NUMBERS: Final = 0xFFFF


@dataclass(slots=True)
class _Queued:
    """An accepted request that waits for room in the reply ring."""

    frame: Frame
    dropped: bool = False


class EmulatedBoard:
    """One board: give it packets with `receive`, take packets with `send`.

    A request is executed when it arrives; it waits only while the reply ring has no room.

    Attributes:
        condition: time, counters and safety of the board.
    """

    def __init__(self, identity: Identity, cells: NDArray[np.uint16]) -> None:
        """Powers the board up.

        Args:
            identity: what HELLO answers; nonce, chip id and pulse count are filled in live.
            cells: g codes, uint16 `[macros, rows, columns]`, written in place as pulses are given.
        """
        registers = Registers()
        self.condition = Condition(registers, Guard(registers), identity.boot_id)
        tables = [Tables() for _ in identity.macros]
        slow = not identity.read_only
        arrays = [EmulatedArray(cells[i], i, registers, table, slow=slow) for i, table in enumerate(tables)]
        self._executor = Executor(identity, self.condition, tables, arrays)
        self._identity = replace(identity, nonce=0)
        self._expected = 0
        self._acknowledged = 0
        self._in_gap = False
        self._queue: deque[_Queued] = deque()
        self._queue_bytes = 0
        self._ring: deque[bytes] = deque()  # replies as sent, from number `_acknowledged` on
        self._ring_bytes = 0
        self._outgoing: deque[bytes] = deque()
        self._safe_events = 0

    @property
    def _epoch(self) -> int:
        return self._identity.epoch if self.condition.epoch_open else 0

    def receive(self, data: bytes) -> None:
        """Takes one packet, as the board's receiver does."""
        condition = self.condition
        condition.advance(len(data) // 4)
        self._drop_queue_if_safe()
        try:
            frame = decode(data, max_payload=self._identity.max_payload)
        except FrameCorrupt:
            condition.crc_errors += 1
            if condition.epoch_open:
                self._report_gap()
            return
        condition.frames_received += 1
        if not frame.reply:
            self._take(frame)
            self._execute_queue()

    def send(self) -> bytes:
        """Returns the next packet that the board sends; b"" when there is none."""
        if not self._outgoing:
            return b""
        packet = self._outgoing.popleft()
        self.condition.advance(len(packet) // 4)
        self._drop_queue_if_safe()
        return packet

    def idle(self, cycles: int) -> None:
        """Lets modelled time pass."""
        self.condition.advance(cycles)
        self._drop_queue_if_safe()
        self._execute_queue()

    def _take(self, frame: Frame) -> None:
        if frame.version != self._identity.protocol_version:
            self._answer(frame, Opcode.NAK, Status.BAD_VERSION, epoch=frame.epoch)
        elif frame.urgent and frame.opcode == Opcode.HELLO:
            self._hello(frame)
        elif not self.condition.epoch_open or frame.epoch != self._epoch:
            self._answer(frame, Opcode.NAK, Status.NO_EPOCH)
        elif frame.urgent:
            self.condition.feed()
            self._urgent(frame)
        else:
            self.condition.feed()
            self._numbered(frame)

    def _hello(self, frame: Frame) -> None:
        try:
            request = HelloRequest.decode(frame.payload)
        except Refusal as refusal:
            self._answer(frame, Opcode.NAK, refusal.status)
            return
        if not self.condition.epoch_open or request.nonce != self._identity.nonce:
            self._open_epoch(request)
        image = self._executor.image
        answer = replace(
            self._identity,
            pulses_since_boot=self.condition.pulses & 0xFFFFFFFF,
            firmware_present=image.present,
            firmware_crc=image.crc if image.present else 0,
        )
        self._answer(frame, Opcode.HELLO, Status.OK, payload=answer.encode())

    def _open_epoch(self, request: HelloRequest) -> None:
        self._identity = replace(self._identity, nonce=request.nonce, chip_id=request.chip_id)
        self.condition.epoch_open = True
        self.condition.guard.disarm()
        self.condition.release()
        self.condition.feed()
        self._expected = self._acknowledged = 0
        self._in_gap = False
        self._queue.clear()
        self._ring.clear()
        self._queue_bytes = self._ring_bytes = 0

    def _urgent(self, frame: Frame) -> None:
        if frame.opcode == Opcode.SAFE:
            self.condition.make_safe()
            self._drop_queue_if_safe()
        elif frame.opcode != Opcode.HEARTBEAT:
            self._answer(frame, Opcode.NAK, Status.UNKNOWN_OPCODE)
            return
        self._answer(frame, Opcode(frame.opcode), Status.OK)

    def _numbered(self, frame: Frame) -> None:
        self._free_replies(frame.acknowledge)
        ahead = (frame.sequence - self._expected) & _NUMBERS
        if ahead >= _HALF:
            self._repeat(frame.sequence)
        elif ahead or self._queue_bytes + frame.cost > self._identity.request_bytes:
            self._report_gap()
        else:
            self._expected = (self._expected + 1) & _NUMBERS
            self._in_gap = False
            self._queue.append(_Queued(frame))
            self._queue_bytes += frame.cost

    def _free_replies(self, acknowledge: int) -> None:
        """Frees replies below `acknowledge`, never past those sent."""
        freed = (acknowledge - self._acknowledged) & _NUMBERS
        if freed >= _HALF:  # a late frame
            return
        freed = min(freed, len(self._ring))
        for _ in range(freed):
            self._ring_bytes -= len(self._ring.popleft())
        self._acknowledged = (self._acknowledged + freed) & _NUMBERS

    def _repeat(self, sequence: int) -> None:
        place = (sequence - self._acknowledged) & _NUMBERS
        if place < len(self._ring):
            self.condition.duplicates += 1
            self._outgoing.append(self._ring[place])

    def _report_gap(self) -> None:
        if self._in_gap:
            return
        self._in_gap = True
        self.condition.gaps += 1
        self._send(Frame(Opcode.NAK, self._expected, self._epoch, status=Status.GAP, urgent=True))

    def _drop_queue_if_safe(self) -> None:
        if self._safe_events != self.condition.safe_events:
            self._safe_events = self.condition.safe_events
            for queued in self._queue:
                queued.dropped = True

    def _execute_queue(self) -> None:
        """Executes queued requests, in order, while the reply ring has room."""
        for _ in range(len(self._queue)):
            queued = self._queue[0]
            if not self._has_room(queued):
                return
            self._queue.popleft()
            self._queue_bytes -= queued.frame.cost
            given = self.condition.pulses
            try:
                status, payload = self._answer_to(queued)
            except BaseException:  # Ctrl-C: the numbers must stay whole, and say what was driven
                self._reply(queued.frame, Status.ABORTED, pack_counts(1, 0, self.condition.pulses - given))
                raise
            self._drop_queue_if_safe()
            self._reply(queued.frame, status, payload)

    def _answer_to(self, queued: _Queued) -> tuple[Status, bytes]:
        if queued.dropped:
            return Status.ABORTED, pack_counts(0, 0, 0)
        return self._executor.execute(queued.frame.opcode, queued.frame.payload)

    def _reply(self, request: Frame, status: Status, payload: bytes) -> None:
        """Answers a numbered request and keeps the reply."""
        self.condition.counters.answered(request.opcode, status, payload)
        packet = self._send(Frame(request.opcode, request.sequence, self._epoch, payload, status=status))
        self._ring.append(packet)
        self._ring_bytes += len(packet)

    def _has_room(self, queued: _Queued) -> bool:
        free = self._identity.reply_bytes - self._ring_bytes
        if free >= self._identity.max_payload + FRAME_OVERHEAD_BYTES:
            return True
        words = self._executor.largest_reply_words(queued.frame.opcode, queued.frame.payload)
        return free >= 4 * words + FRAME_OVERHEAD_BYTES

    def _answer(
        self, frame: Frame, opcode: Opcode, status: Status, *, payload: bytes = b"", epoch: int | None = None
    ) -> None:
        """Answers an unnumbered frame: its sequence echoed."""
        shown = self._epoch if epoch is None else epoch
        self._send(Frame(opcode, frame.sequence, shown, payload=payload, status=status, urgent=True))

    def _send(self, frame: Frame) -> bytes:
        """Queues a frame for the host, with the live acknowledge and state; returns its bytes."""
        live = replace(frame, reply=True, acknowledge=self._expected, state=self.condition.state)
        packet = live.encode()
        self._outgoing.append(packet)
        return packet

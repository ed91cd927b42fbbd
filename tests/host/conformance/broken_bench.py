# SPDX-License-Identifier: BSD-3-Clause
"""Boards that break one rule each: a wire in between, or a twin that was changed."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ohmloop._map import Opcode, Register, Status, Telemetry
from ohmloop.conformance import Permission, Report, examine
from ohmloop.emulator import board as twin_board
from ohmloop.emulator.condition import Condition
from ohmloop.emulator.executor import Executor
from ohmloop.emulator.guard import Guard
from ohmloop.emulator.registers import Registers
from ohmloop.link.frames import Frame, FrameCorrupt, decode
from ohmloop.link.messages import Axis, pack_words, unpack_words
from ohmloop.link.wires import Wire, WireContext, open_wire

__all__ = ["Axis"]
URL = "twin://?rows=64&columns=64&lanes=16&payload=4096"
LATE = 0xFF00
Change = Callable[[Frame], Frame | None]


class ChangedWire:
    """A wire whose frames pass through a function each way; None swallows a frame."""

    def __init__(self, wire: Wire, request: Change, reply: Change) -> None:
        self.packet, self.url, self.origin = wire.packet, wire.url, wire.origin
        self.asked: list[Frame] = []
        self._wire, self._request, self._reply = wire, request, reply

    def write(self, data: bytes) -> None:
        try:
            frame = decode(data)
        except FrameCorrupt:
            self._wire.write(data)
            return
        self.asked.append(frame)
        changed = self._request(frame)
        if changed is not None:
            self._wire.write(changed.encode())

    def read(self, timeout_s: float) -> bytes:
        data = self._wire.read(timeout_s)
        changed = self._reply(decode(data)) if data else None
        return changed.encode() if changed is not None else b""

    def now_s(self) -> float:
        return self._wire.now_s()

    def close(self) -> None:
        self._wire.close()


def same(frame: Frame) -> Frame:
    return frame


def report_of(
    request: Change = same, reply: Change = same, *, url: str = URL, **leave: Any
) -> tuple[Report, ChangedWire]:
    """Every rule on the twin behind a wire that calls itself `url`."""
    wire = ChangedWire(open_wire(URL, WireContext("tmp")), request, reply)
    wire.url = url
    report = Report(url)
    try:
        list(examine(wire, report, Permission(**leave), limit_s=0.02))
    finally:
        wire.close()
    return report, wire


def rows(report: Report, verdict: str) -> set[str]:
    return {row.rule for row in report.rows if row.verdict == verdict}


# Wires


def changed_pings(frame: Frame) -> Frame:
    large = frame.opcode == Opcode.PING and len(frame.payload) == 4096 and any(frame.payload)
    return replace(frame, payload=b"\xff" * 4 + frame.payload[4:]) if large else frame


def another_chip(frame: Frame) -> Frame:
    if frame.opcode != Opcode.HELLO:
        return frame
    return replace(frame, payload=frame.payload[:56] + b"another".ljust(16, b"\0") + frame.payload[72:])


def place_of_refusals(frame: Frame) -> Frame:
    """MAC names another payload word than it should."""
    if frame.opcode != Opcode.MAC or frame.status not in (Status.BAD_FIELD, Status.BAD_WINDOW):
        return frame
    return replace(frame, payload=frame.payload[:8] + pack_words(9))


def telemetry_counts_twice(frame: Frame) -> Frame:
    if frame.opcode != Opcode.TELEMETRY or frame.status:
        return frame
    words = list(unpack_words(frame.payload))
    words[Telemetry.REFUSED] *= 2
    return replace(frame, payload=pack_words(*words))


def cells_change(frame: Frame) -> Frame:
    """CELL_DUMP tells another last cell than was loaded."""
    if frame.opcode != Opcode.CELL_DUMP or frame.status:
        return frame
    return replace(frame, payload=frame.payload[:-4] + b"\x01\x00" + frame.payload[-2:])


def as_a_chip(frame: Frame) -> Frame:
    if frame.opcode != Opcode.HELLO:
        return frame
    flags = bytes([frame.payload[8] & ~5])  # neither emulated nor with a reference input
    return replace(frame, payload=frame.payload[:8] + flags + frame.payload[9:])


# Twins


def executes_again(patch) -> None:
    """A number that comes again is executed again."""
    kept = twin_board.EmulatedBoard._numbered

    def numbered(self, frame: Frame) -> None:
        if (frame.sequence - self._expected) & 0xFFFF < 0x8000:
            kept(self, frame)
            return
        status, payload = self._executor.execute(frame.opcode, frame.payload)
        self._send(Frame(frame.opcode, frame.sequence, self._epoch, payload, status=status))

    patch(twin_board.EmulatedBoard, "_numbered", numbered)


def begins_late(patch) -> None:
    """The first number of an epoch is LATE, so that a test is at the last one soon."""
    kept = twin_board.EmulatedBoard._open_epoch

    def open_epoch(self, request) -> None:
        kept(self, request)
        self._expected = self._acknowledged = LATE

    patch(twin_board.EmulatedBoard, "_open_epoch", open_epoch)


def numbers_end(patch) -> None:
    """Numbers are compared as they are: after the last one those before it count as beyond a gap."""
    kept = twin_board.EmulatedBoard._numbered

    def numbered(self, frame: Frame) -> None:
        if frame.sequence > self._expected:
            self._report_gap()
        else:
            kept(self, frame)

    patch(twin_board.EmulatedBoard, "_numbered", numbered)


def forgets_what_it_kept(patch) -> None:
    """A reply of before the last number is not found again after it."""
    kept = twin_board.EmulatedBoard._repeat

    def repeat(self, sequence: int) -> None:
        if sequence <= self._expected:
            kept(self, sequence)

    patch(twin_board.EmulatedBoard, "_repeat", repeat)


def counts_a_repetition(patch) -> None:
    """A request that is answered from the ring is counted as executed."""
    kept = twin_board.EmulatedBoard._repeat

    def repeat(self, sequence: int) -> None:
        kept(self, sequence)
        self.condition.counters._values[Telemetry.REQUESTS] += 1

    patch(twin_board.EmulatedBoard, "_repeat", repeat)


def fills_gaps(patch) -> None:
    """A number beyond the expected one is executed as if it were that."""
    kept = twin_board.EmulatedBoard._numbered

    def numbered(self, frame: Frame) -> None:
        if 0 < (frame.sequence - self._expected) & 0xFFFF < 0x8000:
            self._expected = frame.sequence
        kept(self, frame)

    patch(twin_board.EmulatedBoard, "_numbered", numbered)


def tells_a_gap_twice(patch) -> None:
    """The second frame of a gap is answered by a second NAK."""
    kept = twin_board.EmulatedBoard._report_gap

    def report(self) -> None:
        again = self._in_gap and not self._told_again
        self._told_again = again
        self._in_gap = self._in_gap and not again
        kept(self)

    patch(twin_board.EmulatedBoard, "_report_gap", report)
    patch(twin_board.EmulatedBoard, "_told_again", False, raising=False)


def any_epoch(patch) -> None:
    """Numbered frames of other epochs are executed."""
    kept = twin_board.EmulatedBoard._take

    def take(self, frame: Frame) -> None:
        other = self.condition.epoch_open and not frame.urgent and frame.version == 1
        kept(self, replace(frame, epoch=self._epoch) if other else frame)

    patch(twin_board.EmulatedBoard, "_take", take)


def deaf_to_safe(patch) -> None:
    """SAFE is confirmed and the token stays."""
    kept = Condition.make_safe

    def make_safe(self, *, latch: bool = True) -> None:
        token = self.guard._token
        kept(self, latch=latch)
        self.guard._token = token

    patch(Condition, "make_safe", make_safe)


def keeps_the_queue(patch) -> None:
    """What waits when SAFE comes is executed later."""
    patch(twin_board.EmulatedBoard, "_drop_queue_if_safe", lambda self: None)


def drops_what_must_wait(patch) -> None:
    """Without room for its reply a request is dropped."""
    kept = twin_board.EmulatedBoard._numbered

    def numbered(self, frame: Frame) -> None:
        free = self._identity.reply_bytes - self._ring_bytes
        if free < self._identity.max_payload and not frame.acknowledge:
            self._report_gap()
        else:
            kept(self, frame)

    patch(twin_board.EmulatedBoard, "_numbered", numbered)


def sleeping_watchdog(patch) -> None:
    """Silence never trips."""

    def advance(self, cycles: int) -> None:
        self.cycles += cycles

    patch(Condition, "advance", advance)


def nervous_watchdog(patch) -> None:
    """Silence trips a board that is not armed, too."""

    def advance(self, cycles: int) -> None:
        self.cycles += cycles
        if self.fed + self.registers[Register.WATCHDOG_CYCLES] < self.cycles:
            if not self.watchdog_tripped:
                self.watchdog_trips += 1
            self.watchdog_tripped = True
            self.make_safe()

    patch(Condition, "advance", advance)


def forgets_registers(patch) -> None:
    """A new epoch resets WATCHDOG_CYCLES."""
    kept = twin_board.EmulatedBoard._open_epoch

    def open_epoch(self, request) -> None:
        kept(self, request)
        self.condition.registers._values[Register.WATCHDOG_CYCLES] = 0x7270E00

    patch(twin_board.EmulatedBoard, "_open_epoch", open_epoch)


def open_lock(patch) -> None:
    """Locked limits can be raised."""
    patch(Registers, "locked", property(lambda self: False))


def no_ceiling(patch) -> None:
    """A limit takes any number."""
    patch(Registers, "_check_limit", lambda self, register, value, place: None)


def reads_at_any_voltage(patch) -> None:
    patch(Guard, "check_read", lambda self, code: None)


def counts_no_budget(patch) -> None:
    patch(Guard, "check_budget", lambda self, cell_pulses, place: None)


def looks_at_no_window(patch) -> None:
    patch(Guard, "_check_window", staticmethod(lambda *_: None))


def no_time_limit(patch) -> None:
    """OPERATION_CYCLES means nothing to a reading."""
    kept = Executor._read_array

    def read_array(self, opcode, payload):
        registers = self._condition.registers
        held = registers._values[Register.OPERATION_CYCLES]
        registers._values[Register.OPERATION_CYCLES] = 600_000_000
        try:
            return kept(self, opcode, payload)
        finally:
            registers._values[Register.OPERATION_CYCLES] = held

    patch(Executor, "_read_array", read_array)


def eternal_token(patch) -> None:
    """A token has no end."""
    kept = Guard.arm

    def arm(self, request, now: int) -> None:
        kept(self, replace(request, expiry_units=2**31), now)

    patch(Guard, "arm", arm)


def takes_large_frames(patch) -> None:
    patch(twin_board, "decode", lambda data, max_payload: decode(data))

# SPDX-License-Identifier: BSD-3-Clause
"""What a rule is, what it may do to the board, and how it ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ohmloop._map import Opcode, Register, Status, Telemetry
from ohmloop.conformance.peer import Peer
from ohmloop.conformance.verdicts import Broken, NotRun
from ohmloop.link.frames import Frame
from ohmloop.link.messages import (
    Axis,
    Identity,
    Refusal,
    TelemetryReply,
    pack_words,
    unpack_words,
)
from ohmloop.profile import LIMIT_REGISTERS

RECEIVER = "What the receiver does with a frame"
CREDITS = "Credits"
EPOCHS = "Epochs"
SAFE_STATE = "Safe state"
REQUESTS = "Requests"
REFUSALS = "Refusals, word by word"
ORDER = "Checking order of a request"
FRAME = "Frame"
READER = "the board only reads"
"""Why a rule that drives is skipped there."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What the user lets the rules do beyond asking.

    Attributes:
        rows, columns: cells that may be pulsed, with the smallest pulse there is; None: no pulse on a chip.
        lock: limits may be locked, which only another configuration of the FPGA undoes.
        empty: there is no chip in the socket, so that nothing can be harmed.
        long: what takes minutes on a slow wire is tried too.
    """

    rows: Axis | None = None
    columns: Axis | None = None
    lock: bool = False
    empty: bool = False
    long: bool = False


@dataclass(slots=True)
class Trial:
    """One rule's turn: the board, in an epoch of its own, and what may be done to it.

    Attributes:
        owned: the board begins and ends with its wire (twin://, sim://).
        random: the rule's own generator.
    """

    peer: Peer
    identity: Identity
    permission: Permission
    owned: bool
    random: random.Random = field(default_factory=lambda: random.Random(0))

    def ok(self, opcode: int, payload: bytes = b"") -> bytes:
        """Executes a request that must be answered OK; returns the reply's payload."""
        reply = self.peer.call(opcode, payload)
        require(reply.status == Status.OK, f"{_name(opcode)} answered {shown(reply)}, OK expected")
        return reply.payload

    def refused(self, opcode: int, payload: bytes, status: Status, words: Sequence[int]) -> None:
        """Executes a request that must be refused with a status and these three words."""
        reply = self.peer.call(opcode, payload)
        wanted = (status, tuple(words))
        seen = (reply.status, unpack_words(reply.payload))
        require(
            seen == wanted,
            f"{_name(opcode)} answered {shown(reply)}, {status.name} {_words(words)} expected",
        )

    def read(self, register: Register, count: int = 1) -> tuple[int, ...]:
        """Returns consecutive registers."""
        values = unpack_words(self.ok(Opcode.REG_READ, pack_words(register, count)))
        require(len(values) == count, f"REG_READ of {count} answered {len(values)} words")
        return values

    def write(self, register: Register, *values: int) -> None:
        """Writes consecutive registers."""
        self.ok(Opcode.REG_WRITE, pack_words(register, *values))

    def limits(self) -> tuple[int, ...]:
        """Returns the six limits."""
        return self.read(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS))

    def telemetry(self) -> TelemetryReply:
        """Returns what the board has counted."""
        payload = self.ok(Opcode.TELEMETRY)
        try:
            return TelemetryReply.decode(payload)
        except Refusal as refusal:
            raise Broken(f"TELEMETRY is none: {refusal}") from None

    def executed(self) -> int | None:
        """Returns how many requests the board has answered; None where it only reads, and counts none."""
        return None if self.identity.read_only else self.telemetry().counters[Telemetry.REQUESTS]

    def require_executed(self, before: int | None, expected: int) -> None:
        """Raises Broken unless as many requests as expected were counted since `executed`, this one too."""
        now = self.executed()
        if before is not None and now is not None:
            told = f"{now - before} requests counted, {expected} expected"
            require(now - before == expected, told)

    def state(self) -> int:
        """Returns the STATE register."""
        return self.read(Register.STATE)[0]

    @property
    def may_harm(self) -> bool:
        """A chip would be harmed by a board that does what it must refuse."""
        return not (self.identity.emulated or self.permission.empty)

    def require_emulated(self) -> None:
        """Ends the rule on a chip."""
        if not self.identity.emulated:
            raise NotRun("emulated macros only")


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of docs/protocol.md, and how a board is asked whether it keeps it."""

    name: str
    section: str
    run: Callable[[Trial], str]
    drives: bool = False
    """It needs what a board that only reads lacks: tokens, pulses, TELEMETRY."""
    closed: bool = False
    """It needs a board whose epoch was never opened, and opens none before."""


def require(holds: bool, told: str) -> None:
    """Raises Broken unless a rule holds."""
    if not holds:
        raise Broken(told)


def shown(frame: Frame) -> str:
    """Returns a frame as a row shows it."""
    status = Status(frame.status).name if frame.status in set(Status) else f"status {frame.status:#04x}"
    words = unpack_words(frame.payload)
    return f"{status} {_words(words)}" if frame.status and len(words) <= 3 else status


def _words(words: Sequence[int]) -> str:
    return f"[{', '.join(map(str, words))}]"


def _name(opcode: int) -> str:
    return Opcode(opcode).name if opcode in set(Opcode) else f"opcode {opcode:#04x}"

# SPDX-License-Identifier: BSD-3-Clause
"""Which requests are on their way, what credit they hold, and which were lost."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ohmloop._map import Opcode
from ohmloop.link.frames import Frame

_SEQUENCE_MASK = 0xFFFF
_MOST_OUTSTANDING = 0x4000  # well below the window of 2^15, whatever credit a board announces
_FEWEST_OUTSTANDING = 8
_GROWTH = 1 / 8  # requests more at a time, for every reply in order


class Reply(NamedTuple):
    """The answer to one numbered request; any status, the caller judges it."""

    opcode: int
    status: int
    payload: bytes
    state: int


@dataclass(slots=True, eq=False)
class Job:
    """One `execute`: its replies, in order, and how many are still to come."""

    ready: deque[Reply] = field(default_factory=deque)
    unanswered: int = 0
    failure: Exception | None = None


@dataclass(slots=True, eq=False)
class Pending:
    """One numbered request that is not answered, or whose reply waits for an earlier one."""

    sequence: int
    opcode: int
    line: bytes
    payload_bytes: int
    cost: int
    reply_cost: int
    job: Job
    reply: Reply | None = None
    asked_again: bool = False

    def describe(self) -> str:
        """Returns the request's name and number, for messages."""
        names = {int(code): code.name for code in Opcode}
        return f"{names.get(self.opcode, hex(self.opcode))} (request {self.sequence})"


class Outstanding:
    """The window of numbered requests of one epoch.

    Attributes:
        base: every reply below this number has been handed on; what `acknowledge` says.
        line_bytes: bytes that may still be on the wire, both directions together.
    """

    def __init__(self, request_bytes: int, reply_bytes: int) -> None:
        self.base = 0
        self.line_bytes = 0
        self._window: deque[Pending] = deque()
        self._request_credit = request_bytes
        self._reply_credit = reply_bytes
        self._most = float(_MOST_OUTSTANDING)

    def __len__(self) -> int:
        return len(self._window)

    @property
    def next(self) -> int:
        """The number of the next new request."""
        return (self.base + len(self._window)) & _SEQUENCE_MASK

    @property
    def oldest(self) -> Pending | None:
        """The request that the others wait for; None when nothing is outstanding."""
        return self._window[0] if self._window else None

    def fits(self, cost: int, reply_cost: int) -> bool:
        """Says whether both credits allow one more request."""
        return (
            len(self._window) < self._most
            and cost <= self._request_credit
            and reply_cost <= self._reply_credit
        )

    def add(self, pending: Pending) -> None:
        """Takes a request into the window; its number is `next`."""
        self._window.append(pending)
        pending.job.unanswered += 1
        self._request_credit -= pending.cost
        self._reply_credit -= pending.reply_cost
        self.line_bytes += len(pending.line) + pending.reply_cost

    def take(self, frame: Frame) -> bool:
        """Takes a reply and hands on what is in order; False for one that is not awaited."""
        at = (frame.sequence - self.base) & _SEQUENCE_MASK
        if at >= len(self._window):
            return False
        pending = self._window[at]
        if pending.reply is not None or pending.opcode != frame.opcode:
            return False
        pending.reply = Reply(frame.opcode, frame.status, frame.payload, frame.state)
        self._request_credit += pending.cost
        self._hand_on()
        return True

    def _hand_on(self) -> None:
        while self._window and (reply := self._window[0].reply) is not None:
            pending = self._window.popleft()
            self.base = (self.base + 1) & _SEQUENCE_MASK
            self._reply_credit += pending.reply_cost
            self.line_bytes -= len(pending.line) + pending.reply_cost
            pending.job.unanswered -= 1
            pending.job.ready.append(reply)
            self._most = min(self._most + _GROWTH, _MOST_OUTSTANDING)

    def shrink(self) -> None:
        """Halves how many requests may be out: all that follow a lost one go over the wire again."""
        self._most = max(len(self._window) / 2, _FEWEST_OUTSTANDING)

    def skipped(self) -> Iterator[Pending]:
        """Yields, once each, the unanswered requests that a later request's reply has overtaken."""
        last = max((i for i, p in enumerate(self._window) if p.reply is not None), default=0)
        for pending in list(self._window)[:last]:
            if pending.reply is None and not pending.asked_again:
                pending.asked_again = True
                yield pending

    def unanswered(self, first: int, end: int | None = None) -> list[Pending]:
        """Returns the unanswered requests from number `first` up to, without, `end`."""
        low = (first - self.base) & _SEQUENCE_MASK
        if low > len(self._window):
            return []
        high = len(self._window) if end is None else (end - self.base) & _SEQUENCE_MASK
        if high > len(self._window):
            high = 0
        return [p for p in list(self._window)[low:high] if p.reply is None]

    def fail(self, failure: Exception) -> tuple[str, ...]:
        """Gives every request up with `failure`; returns what is in doubt, in order."""
        in_doubt = tuple(p.describe() for p in self._window if p.reply is None)
        for pending in self._window:
            pending.job.failure = failure
        self._window.clear()
        self.line_bytes = 0
        return in_doubt

# SPDX-License-Identifier: BSD-3-Clause
"""The requests of one call, taken as the board's buffers allow."""

from collections.abc import Iterable

from ohmloop.link.engine import Engine

Request = tuple[int, bytes, int]
"""Opcode, payload, words of the largest reply."""


class Source:
    """The requests of one `execute`, taken one at a time, none lost when it does not fit yet."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._rest = iter(requests)
        self._held: Request | None = None
        self.taken = 0
        self.done = False

    def peek(self, engine: Engine) -> tuple[int, bytes, int] | None:
        """Returns opcode, payload and reply cost of the next request; None when there is none."""
        if self._held is None and not self.done:
            item = next(self._rest, None)
            if item is None:
                self.done = True
                return None
            opcode, payload, words = item
            where = f"request {self.taken} of this call"
            self._held = (opcode, payload, engine.reply_cost(len(payload), words, where))
        return self._held

    @property
    def exhausted(self) -> bool:
        """No request is left."""
        return self.done and self._held is None

    def drop(self) -> None:
        """The request that `peek` showed has been sent."""
        self._held = None
        self.taken += 1

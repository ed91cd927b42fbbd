# SPDX-License-Identifier: BSD-3-Clause
"""How much of one call is done, over all the requests that it became."""

from __future__ import annotations

from dataclasses import dataclass

from ohmloop.errors import Aborted, OhmloopError


@dataclass(slots=True)
class Tally:
    """What a call asks for, and what the board has answered of it.

    Attributes:
        what: the operation, for messages.
        asked: vectors or rows of the whole call; None where only one request of it is known.
        unit: "vectors" or "rows".
        each: results of the board that make one of them: a MAC_RAW has one a bit plane.
    """

    what: str
    asked: int | None
    unit: str
    each: int = 1
    _results: int = 0
    _requests: int = 0
    _pulses: int = 0

    def add(self, results: int, pulses: int = 0) -> None:
        """Counts one request that was answered OK."""
        self._requests += 1
        self._results += results
        self._pulses += pulses

    def restart(self) -> None:
        """Begins the same vectors again, on other columns: none of them is done before its last columns."""
        self._results = 0

    @property
    def has_begun(self) -> bool:
        """A request of the call has been executed."""
        return self._requests > 0

    def aborted(self, reason: str, *, started: bool = False, results: int = 0, pulses: int = 0) -> Aborted:
        """Returns the error of a call that ended early; `results` and `pulses` are of its last request."""
        started = started or self.has_begun
        done, given = (self._results + results) // self.each, self._pulses + pulses
        asked = "" if self.asked is None else f" of {self.asked}"
        told = f"{done}{asked} {self.unit} done" + (f", {given} cell pulses given" if given else "")
        return Aborted(
            f"{self.what}: {reason}; {told if started else 'nothing was driven'}",
            value=done,
            limit=self.asked,
            unit=self.unit,
            where=self.what,
            started=started,
            rows_done=done,
            pulses_given=given,
        )

    def note(self, error: OhmloopError) -> None:
        """Says on an error of the link what was answered before it."""
        if self.has_begun:
            error.add_note(str(self.aborted("at least, before the error")))

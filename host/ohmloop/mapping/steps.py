# SPDX-License-Identifier: BSD-3-Clause
"""A measurement cut into steps that a journal remembers, so that an interrupted one goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from numpy.typing import NDArray

from ohmloop.board.watching import JobWatch

STEP_INDICES: Final = 1 << 20
"""Operation indices set aside for a step: more than it has readings."""
Arrays = dict[str, NDArray[Any]]
Progress = Callable[[int, int], None]
"""Called with conversions done and conversions expected."""


class Journal(Protocol):
    """Where the results of steps are kept as they arrive.

    Attributes:
        first_index: operation index of the first step. Each step has indices of its own, the same in every
            run, so that a map that was interrupted equals one that was not.
        drift: what a watch said before steps that are done already.
    """

    first_index: int
    drift: list[str]

    def recall(self, step: str) -> Arrays | None:
        """Returns what a step gave, or None when it has not been done."""

    def record(self, step: str, arrays: Arrays, drift: list[str]) -> None:
        """Keeps what a step gave, and what a watch said before it; returns when it is safe."""


@dataclass(slots=True)
class Steps:
    """Runs steps, each once in the life of a journal.

    Attributes:
        journal: where their results are kept; None keeps nothing.
        progress: told after each step.
        watch: looked at before steps.
        expected: conversions that the whole will take, as far as is known.
        conversions: conversions taken, those of an interrupted run included.
        board_seconds: time of the board, likewise.
        recalled: steps that were not measured again.
    """

    journal: Journal | None = None
    progress: Progress | None = None
    watch: JobWatch = field(default_factory=JobWatch)
    expected: int = 0
    conversions: int = 0
    board_seconds: float = 0.0
    recalled: int = 0
    _number: int = 0

    def run(self, step: str, conversions: int, measure: Callable[[int | None], Arrays]) -> Arrays:
        """Returns what a step gives; measures it unless the journal has it.

        Args:
            step: its name, the same in every run of the same measurement.
            conversions: that it takes.
            measure: does it, given its first operation index (None: the session's next); its arrays hold
                `board_seconds`, one number.
        """
        number, self._number = self._number, self._number + 1
        arrays = None if self.journal is None else self.journal.recall(step)
        if arrays is None:
            told = len(self.watch.events)
            self.watch.look(self.board_seconds)
            arrays = measure(
                None if self.journal is None else self.journal.first_index + number * STEP_INDICES
            )
            if self.journal is not None:
                self.journal.record(step, arrays, self.watch.events[told:])
        else:
            self.recalled += 1
        self.conversions += conversions
        self.board_seconds += float(arrays["board_seconds"])
        if self.progress is not None:
            self.progress(self.conversions, max(self.expected, self.conversions))
        return arrays

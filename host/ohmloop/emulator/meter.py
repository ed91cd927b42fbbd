# SPDX-License-Identifier: BSD-3-Clause
"""What a PROGRAM may use and has used: cycles, pulses, operation indices (docs/programming.md, "Cycles")."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Pulse
from ohmloop.emulator.core_cost import COST, Work


@dataclass(slots=True)
class Meter:
    """What a request may use and has used.

    Attributes:
        read_cycles: cycles of a cell read of some columns, by averages.
        pulse_cycles: cycles of a pulse on some columns, by width.
        judgement: cycles in which the guard judges a pulse, or a mask of columns is looked through.
        take: takes cell pulses of a kind off the token at a cycle; False where it cannot.
        longest: cycles after which the operation is stopped.
    """

    read_cycles: Callable[[NDArray[np.intp], int], int]
    pulse_cycles: Callable[[NDArray[np.intp], int], int]
    judgement: int
    take: Callable[[Pulse, int, int], bool]
    longest: int
    cycles: int = 0
    given: int = 0
    readings: int = 0
    index: int = 0
    stopped: bool = False

    def spend(self, work: Work, count: int = 1) -> None:
        """Counts the core's own cycles of `count` pieces of work."""
        self.cycles += COST[work] * count

    @property
    def timed_out(self) -> bool:
        """The operation has passed its time."""
        return self.cycles > self.longest

    @property
    def over(self) -> bool:
        """Rounds and rows end here."""
        return self.stopped or self.timed_out

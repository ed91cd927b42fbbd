# SPDX-License-Identifier: BSD-3-Clause
"""The cells of one row in PROGRAM (docs/programming.md)."""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.link.messages import MOST_READINGS

Codes = NDArray[np.int64]
OPEN: Final = 255
"""Outcome of a cell that is not decided yet; never sent."""
ROOT: Final = np.array([math.isqrt(256 * m - 1) + 1 if m else 0 for m in range(MOST_READINGS + 1)], np.int64)
"""ceil(16 sqrt(m))."""


@dataclass(slots=True)
class Row:
    """The cells of one row: arrays `[columns]`."""

    targets: Codes
    tolerances: Codes
    guards: Codes
    outcomes: Codes = field(init=False)
    sums: Codes = field(init=False)
    count: Codes = field(init=False)
    pulses: Codes = field(init=False)
    reads: Codes = field(init=False)
    run: Codes = field(init=False)
    mark: Codes = field(init=False)
    steps: Codes = field(init=False)
    direction: Codes = field(init=False)
    gates: Codes = field(init=False)

    def __post_init__(self) -> None:
        zeros = np.zeros(self.targets.size, np.int64)
        self.outcomes = zeros + OPEN
        for name in ("sums", "count", "pulses", "reads", "run", "mark", "steps", "gates"):
            setattr(self, name, zeros.copy())
        self.direction = zeros - 1


def guard_of(targets: Codes, words: tuple[int, int]) -> Codes:
    """Returns k standard deviations of a reading: A + (B |t| >> 16)."""
    return words[0] + ((words[1] * np.abs(targets)) >> 16)

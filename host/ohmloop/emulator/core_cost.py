# SPDX-License-Identifier: BSD-3-Clause
"""What the firmware's own work takes on the soft core, in clk cycles (docs/programming.md, "Cycles").

Measured on the simulated core over all algorithms, window shapes, tolerances and noise; `python
benchmarks/firmware.py` compares, tests/system/test_firmware_on_sim.py holds core and twin together.
"""

from enum import Enum, auto
from typing import Final

from ohmloop._map import Algorithm


class Work(Enum):
    """A piece of PROGRAM."""

    REQUEST = auto()
    JUDGED = auto()
    """A row judged for one kind of pulse."""
    LINE = auto()
    """A line of an axis."""
    BITMAP = auto()
    """A bitmap of an axis."""
    CELL = auto()
    """A cell of the window, once."""
    ROW = auto()
    ROUND = auto()
    MASK_WORD = auto()
    """A word of columns for the bridge, of a reading."""
    VERIFIED = auto()
    """An open cell after a reading."""
    CLOSED = auto()
    """One of them that is then decided."""
    ERASED = auto()
    """One that waits for both pulses of two-pulse."""
    GROUP = auto()
    GROUP_WORD = auto()
    """A word of columns of a group."""
    VISITED = auto()
    """A cell that waits in the group's bucket, looked at for it."""
    PULSED = auto()
    """A cell of a group."""
    FINAL_ROW = auto()
    FINAL_CELL = auto()
    TESTED = auto()
    """A SELF_TEST."""
    MARCHED = auto()
    """A word of memory that it tests."""
    LEVEL_CHANNEL = auto()
    """A channel at one level."""
    CALIBRATED = auto()
    """An ADC_SELFCAL."""
    READING = auto()
    READING_CHANNEL = auto()
    CHANNEL = auto()
    FLAG = auto()
    """A saturated reading."""
    DECIDED_INCREMENTAL = auto()
    DECIDED_PING_PONG = auto()
    DECIDED_TWO_PULSE = auto()
    DECIDED_FORM_RAMP = auto()


DECIDED: Final = {
    Algorithm.INCREMENTAL: Work.DECIDED_INCREMENTAL,
    Algorithm.PING_PONG: Work.DECIDED_PING_PONG,
    Algorithm.TWO_PULSE: Work.DECIDED_TWO_PULSE,
    Algorithm.FORM_RAMP: Work.DECIDED_FORM_RAMP,
}

COST: Final = {
    Work.REQUEST: 3649,
    Work.JUDGED: 385,
    Work.LINE: 141,
    Work.BITMAP: 11400,
    Work.CELL: 179,
    Work.ROW: 190,
    Work.ROUND: 499,
    Work.MASK_WORD: 25,
    Work.VERIFIED: 165,
    Work.CLOSED: 30,
    Work.ERASED: 44,
    Work.GROUP: 382,
    Work.GROUP_WORD: 41,
    Work.VISITED: 51,
    Work.PULSED: 15,
    Work.FINAL_ROW: 198,
    Work.FINAL_CELL: 179,
    Work.TESTED: 4006,
    Work.MARCHED: 94,
    Work.LEVEL_CHANNEL: 132,
    Work.CALIBRATED: 2379,
    Work.READING: 495,
    Work.READING_CHANNEL: 96,
    Work.CHANNEL: 151,
    Work.FLAG: 14,
    Work.DECIDED_INCREMENTAL: 362,
    Work.DECIDED_PING_PONG: 352,
    Work.DECIDED_TWO_PULSE: 386,
    Work.DECIDED_FORM_RAMP: 358,
}
"""Cycles of each, beside the macro's."""

BUCKETS: Final = 32
"""Chains of the cells that wait for one kind of pulse, by the distance of their drive from the lowest."""


def bucket_shift(lowest: int, highest: int) -> int:
    """Returns the bits of a drive's distance from the lowest possible that do not count for its bucket."""
    return max((highest - lowest).bit_length() - (BUCKETS - 1).bit_length(), 0)

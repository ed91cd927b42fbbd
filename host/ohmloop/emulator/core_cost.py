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
    KIND = auto()
    """A kind of pulse for which a cell of the row waits."""
    SOUGHT = auto()
    """An open cell looked at for one kind."""
    WAITING = auto()
    """A cell that waits for that kind."""
    GROUP = auto()
    GROUP_WORD = auto()
    """A word of columns of a group."""
    VISITED = auto()
    """A cell that waits, looked at for one group."""
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
    Work.REQUEST: 2939,
    Work.JUDGED: 269,
    Work.LINE: 115,
    Work.BITMAP: 11000,
    Work.CELL: 171,
    Work.ROW: 177,
    Work.ROUND: 441,
    Work.MASK_WORD: 28,
    Work.VERIFIED: 197,
    Work.CLOSED: 30,
    Work.KIND: 349,
    Work.SOUGHT: 24,
    Work.WAITING: 23,
    Work.GROUP: 281,
    Work.GROUP_WORD: 29,
    Work.VISITED: 35,
    Work.PULSED: 44,
    Work.FINAL_ROW: 184,
    Work.FINAL_CELL: 171,
    Work.TESTED: 6600,
    Work.MARCHED: 60,
    Work.LEVEL_CHANNEL: 116,
    Work.CALIBRATED: 1466,
    Work.READING: 295,
    Work.READING_CHANNEL: 96,
    Work.CHANNEL: 151,
    Work.FLAG: 14,
    Work.DECIDED_INCREMENTAL: 250,
    Work.DECIDED_PING_PONG: 243,
    Work.DECIDED_TWO_PULSE: 299,
    Work.DECIDED_FORM_RAMP: 237,
}
"""Cycles of each, beside the macro's."""

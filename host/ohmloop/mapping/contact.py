# SPDX-License-Identifier: BSD-3-Clause
"""Every line at 50 mV to its health: good, short, open; FORM waits for it on a named chip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.contact import LineState
from ohmloop.mapping.measuring import setup_for
from ohmloop.mapping.onehot import read_onehot
from ohmloop.mapping.recorded import record_contact
from ohmloop.mapping.states import SIEMENS_PER_MICROSIEMENS, SURE, shorted_siemens
from ohmloop.mapping.steps import Steps

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.mapping.steps import Progress

Floats = NDArray[np.float64]
States = NDArray[np.uint8]

READ_V: Final = 0.05
SAMPLES: Final = 4
OPEN_PART: Final = 0.5
"""A line conducts less than this part of the least pristine cell: open."""
BRIDGED: Final = 1.5
"""A line of unformed cells conducts more than the largest pristine cell by this factor: two lines in one."""
SHORTED_PART: Final = 0.25
"""Part of a line's cells that are shorted from which the line counts as short; at least two."""
MEDIAN_SPREAD: Final = 1.2533
"""Standard deviation of a median over that of a mean, for normal numbers."""


@dataclass(frozen=True, eq=False)
class ContactReport:
    """What a contact check found.

    Attributes:
        rows: driven lines tested.
        columns: sensed lines tested.
        row_lines: a LineState each.
        column_lines: a LineState each.
        shorted: single cells that are shorted, bool `[rows, columns]`.
        siemens: conductance of every cell `[rows, columns]`; NaN where it saturated the coarsest range.
        read_v: voltage of the test, volts.
        opens_testable: pristine cells of the profile conduct, so that an open line differs from a good one.
        facts: `origin`, `chip`, `profile`, `macro`, `board_seconds`, `conversions`.
    """

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    row_lines: States
    column_lines: States
    shorted: NDArray[np.bool_]
    siemens: Floats
    read_v: float
    opens_testable: bool
    facts: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Every line tested may be formed."""
        return not self.bad_lines()

    def bad_lines(self) -> list[tuple[str, int, LineState]]:
        """Returns the lines that may not be formed: axis, number, state."""
        good = [LineState.GOOD] if self.opens_testable else [LineState.GOOD, LineState.UNKNOWN]
        found = []
        for axis, lines, states in (
            ("row", self.rows, self.row_lines),
            ("column", self.columns, self.column_lines),
        ):
            bad = np.flatnonzero(~np.isin(states, good))
            found += [(axis, int(lines[at]), LineState(states[at])) for at in bad]
        return found

    def summary(self) -> dict[str, Any]:
        """Returns what a report says of it, JSON-ready."""
        bad = self.bad_lines()
        return {
            "passed": self.passed,
            "bad_lines": [f"{axis} {line}: {state.name.lower()}" for axis, line, state in bad],
            "shorted_cells": int(np.count_nonzero(self.shorted)),
            "opens_testable": self.opens_testable,
            "read_v": self.read_v,
            "shape": [self.rows.size, self.columns.size],
            **self.facts,
        }

    def __repr__(self) -> str:
        mark = "EMULATED " if "emulated" in self.facts["origin"] else ""
        verdict = "passed" if self.passed else f"{len(self.bad_lines())} bad lines"
        return f"{mark}ContactReport({self.rows.size} x {self.columns.size} lines, {verdict})"


def check_contact(
    macro: Macro,
    window: Window | None = None,
    *,
    read_v: float = READ_V,
    short_siemens: float | None = None,
    progress: Progress | None = None,
) -> ContactReport:
    """Reads every cell of a window at a low voltage and tells good lines from short and open ones.

    Args:
        macro: the array.
        window: its lines are tested; the whole array by default.
        read_v: voltage on the rows, volts.
        short_siemens: conductance from which a cell counts as shorted; 1.25 times the largest formed one
            of the profile by default.
        progress: told conversions done and expected.

    Raises:
        LimitError: the voltage is above the read limit; nothing was sent.
    """
    whole = macro[:, :] if window is None else window
    steps = Steps(progress=progress, expected=whole.size * SAMPLES)
    setup = setup_for(macro, SAMPLES, read_v, None, False, steps)
    reading = read_onehot(setup, whole, "contact")
    limit = shorted_siemens(macro.profile) if short_siemens is None else short_siemens
    spread = np.sqrt(reading.noise + reading.dark)
    shorted = reading.saturated | (np.nan_to_num(reading.siemens) > limit + SURE * np.nan_to_num(spread))
    pristine = macro.profile.chip.cells.pristine.points
    least, most = pristine[0][1] * SIEMENS_PER_MICROSIEMENS, pristine[-1][1] * SIEMENS_PER_MICROSIEMENS
    floor = macro.profile.formed_floor * macro.profile.g_lsb_siemens
    judge = _Judge(least, most, floor)
    report = ContactReport(
        rows=np.array(whole.rows),
        columns=np.array(whole.columns),
        row_lines=judge.lines(reading.siemens, spread, shorted),
        column_lines=judge.lines(reading.siemens.T, spread.T, shorted.T),
        shorted=shorted,
        siemens=reading.siemens,
        read_v=setup.read_v,
        opens_testable=least > 0,
        facts={
            "origin": macro.board.origin,
            "chip": macro.board.chip,
            "profile": macro.profile.name,
            "macro": macro.index,
            "board_seconds": steps.board_seconds,
            "conversions": steps.conversions,
        },
    )
    _hand_over(macro, whole, report)
    return report


def _hand_over(macro: Macro, window: Window, report: ContactReport) -> None:
    """Tells the registry and the board what was found.

    Where pristine cells conduct nothing an open line looks as a good one: the board then takes lines that are
    not short as good, the registry as unknown.
    """
    record_contact(macro, window, report)
    rows, columns = (
        np.where((lines == LineState.UNKNOWN) & ~np.bool_(report.opens_testable), LineState.GOOD, lines)
        for lines in (report.row_lines, report.column_lines)
    )
    macro.board.contacts.accept(
        macro.index, rows=report.rows, row_lines=rows, columns=report.columns, column_lines=columns
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """Tells lines by their median cell: `least` and `most` pristine, `floor` of formed ones, siemens."""

    least: float
    most: float
    floor: float

    def lines(self, siemens: Floats, spread: Floats, shorted: NDArray[np.bool_]) -> States:
        """Returns a LineState for each line of cells `[lines, cells]`."""
        cells = siemens.shape[1]
        median = np.nanmedian(np.where(shorted, np.inf, siemens), axis=1)
        sure = SURE * MEDIAN_SPREAD * np.nanmedian(spread, axis=1) / np.sqrt(cells)
        states = np.full(siemens.shape[0], LineState.GOOD, np.uint8)
        if self.least > 0:
            states[median - sure < OPEN_PART * self.least] = LineState.UNKNOWN
            states[median + sure < OPEN_PART * self.least] = LineState.OPEN
            states[(median - sure > BRIDGED * self.most) & (median < self.floor)] = LineState.SHORT
        else:
            states[median <= sure] = LineState.UNKNOWN
        few = max(2, int(np.ceil(SHORTED_PART * cells)))
        states[shorted.sum(axis=1) >= few] = LineState.SHORT
        return states

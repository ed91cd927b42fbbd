# SPDX-License-Identifier: BSD-3-Clause
"""A job looks now and then whether the board has moved since it was calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import LimitError, ShapeError

if TYPE_CHECKING:
    from ohmloop.board.window import Window

Lines = NDArray[np.intp]


class Watch(Protocol):
    """What is called between pieces of a job; `ohmloop.calibration.DriftWatch` is one.

    Attributes:
        calibration: what holds now; another one after the converters were measured again.
        interval_s: time of the board between two looks, seconds.
        events: what was seen that matters, sentences.
    """

    calibration: Any
    interval_s: float
    events: list[str]

    @property
    def cells(self) -> tuple[Lines, Lines]:
        """Rows and columns of the reference cells."""
        ...

    def __call__(self) -> object:
        """Looks; raises CalibrationExpired by its policy."""
        ...


def in_short(events: Sequence[str]) -> str:
    """Returns what a watch said as one text: the first and the last sentence, and how many lie between."""
    if len(events) <= 2:
        return "; ".join(events)
    return f"{events[0]}; {len(events) - 2} more; {events[-1]}"


@dataclass(slots=True)
class JobWatch:
    """One job's use of a watch: when it is due, and what it has said; does nothing without one."""

    watch: Watch | None = None
    events: list[str] = field(default_factory=list)
    _due_s: float = 0.0

    def __post_init__(self) -> None:
        needed = ("calibration", "interval_s", "events", "cells")
        if self.watch is not None and not all(hasattr(self.watch, name) for name in needed):
            kind = type(self.watch).__name__
            raise ShapeError(
                f"watch: a {kind}, an ohmloop.calibration.DriftWatch expected",
                value=kind,
                limit="DriftWatch",
                where="watch",
            )

    @property
    def calibration(self) -> Any:
        """What the watch holds for true now; None without one."""
        return None if self.watch is None else self.watch.calibration

    def look(self, board_seconds: float, *, last: bool = False) -> bool:
        """Looks where it is due; returns whether another calibration holds from now on.

        Args:
            board_seconds: time of the board that the job has taken.
            last: the job is at its end: look whenever the last look was.

        Raises:
            CalibrationExpired: the board has moved, and the policy is to stop.
        """
        watch = self.watch
        if watch is None or (board_seconds < self._due_s and not last):
            return False
        self._due_s = board_seconds + watch.interval_s
        known, held = len(watch.events), watch.calibration
        held_adc = held["adc"]
        watch()
        self.events += watch.events[known:]
        return watch.calibration["adc"] is not held_adc

    def require_apart(self, window: Window) -> None:
        """Raises LimitError where the job pulses cells that the watch refers to."""
        if self.watch is None:
            return
        rows, columns = self.watch.cells
        if np.isin(rows, window.rows).any() and np.isin(columns, window.columns).any():
            told = ", ".join(map(str, columns[np.isin(columns, window.columns)]))
            raise LimitError(
                f"{window!r} holds cells of the reference columns {told}: pulsing them is no drift; leave "
                "them out, watch others (a recipe of your own), or do not watch",
                value=int(columns[-1]),
                limit="columns outside the window",
                where="watch",
            )

# SPDX-License-Identifier: BSD-3-Clause
"""What options name of calibrations and of drift: found, watched, and kept again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from ohmloop.board.watching import JobWatch
from ohmloop.calibration import (
    POLICIES,
    Calibration,
    DriftWatch,
    recorded_calibration,
    store_calibration,
    watch_drift,
)
from ohmloop.errors import CalibrationMismatch, LimitError, NotCalibrated

if TYPE_CHECKING:
    from ohmloop.board import Board, Macro, Window

NO_CALIBRATION: Final = "none"
REGISTRY: Final = "registry"
OFF: Final = "off"
CONVERTERS: Final = "adc"


@dataclass(frozen=True, slots=True)
class Choice:
    """What `--calibration`, `--accept-mismatch` and `--drift` asked for."""

    calibration: str | None = None
    accept_mismatch: bool = False
    drift: str | None = None

    def __post_init__(self) -> None:
        known = (OFF, *POLICIES)
        if self.drift is not None and self.drift not in known:
            raise LimitError(
                f"--drift: {self.drift!r} is none of {', '.join(known)}",
                value=self.drift,
                limit=known,
                where="drift",
            )


@dataclass(slots=True)
class Used:
    """A calibration and a watch over it, where there are such; sentences for the user."""

    calibration: Calibration | None = None
    watch: DriftWatch | None = None
    notes: list[str] = field(default_factory=list)

    def keep(self, board: Board) -> None:
        """Puts what the watch measured again into the registry."""
        if self.watch is None or self.calibration is None:
            return
        if self.watch.calibration[CONVERTERS] is not self.calibration[CONVERTERS]:
            count = store_calibration(self.watch.calibration, board, since=self.calibration)
            self.notes.append(f"{count} new artefacts in the registry")


def found_for(macro: Macro, choice: Choice, pulsed: Window | None = None) -> Used:
    """Returns what a job on a macro is to use.

    Without `--drift` the reference columns are watched with a warning where the calibration has measured
    them and the job leaves their cells alone.

    Args:
        macro: of the open board.
        choice: the options.
        pulsed: the window that the job pulses; None where it only reads.

    Raises:
        NotCalibrated, CalibrationMismatch, CalibrationExpired: what was asked for does not hold here.
        LimitError: reference columns to be watched lie in the window.
    """
    used = _calibration(macro, choice)
    if choice.drift == OFF or (choice.drift is None and not _watchable(used.calibration, choice)):
        return used
    if used.calibration is None:
        raise NotCalibrated(
            f"--drift {choice.drift}: drift is seen against a calibration; `ohmloop calibrate` measures one",
            value=choice.drift,
            where="drift",
        )
    policy: Any = choice.drift or "warn"
    watch = watch_drift(macro.board, used.calibration, macro=macro.index, policy=policy)
    try:
        if pulsed is not None:
            JobWatch(watch).require_apart(pulsed)
    except LimitError as error:
        if choice.drift is not None:
            raise
        used.notes.append(f"drift is not watched: {error}")
        return used
    used.watch = watch
    return used


def _watchable(calibration: Calibration | None, choice: Choice) -> bool:
    return calibration is not None and "drift" in calibration.artefacts and not choice.accept_mismatch


def _calibration(macro: Macro, choice: Choice) -> Used:
    """Returns the calibration asked for; by default the registry's, else a sentence why there is none."""
    asked, board = choice.calibration, macro.board
    if asked == NO_CALIBRATION:
        return Used()
    if asked not in (None, REGISTRY):
        return Used(Calibration.load(str(asked)))
    try:
        found = recorded_calibration(board, macro=macro.index)
        found.require(board, macro=macro.index)
        found[CONVERTERS]
    except (NotCalibrated, CalibrationMismatch) as error:
        if asked == REGISTRY:
            raise
        return Used(notes=[f"not calibrated, siemens by the profile's nominal gains: {error}"])
    return Used(found)

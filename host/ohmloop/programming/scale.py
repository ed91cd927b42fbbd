# SPDX-License-Identifier: BSD-3-Clause
"""Siemens to the ADC codes that the board compares, and back: nominal gains or a calibration's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.core import Core
from ohmloop.board.estimate import CellCalibration, Floats, require_calibration
from ohmloop.board.limits import flag

if TYPE_CHECKING:
    from ohmloop.board.window import Window
    from ohmloop.programming.plan import Plan

Lines = NDArray[np.intp]
_STEPS: Final = 12
"""Of the inversion: a gain within the recipe's 20 % of its nominal one is then found to 1e-8."""


class Scale(Protocol):
    """Mean codes of one conversion in the range of a plan, and the siemens they stand for."""

    @property
    def name(self) -> str:
        """Of the calibration; empty for nominal gains."""

    @property
    def mismatches(self) -> tuple[str, ...]:
        """What did not match and was accepted."""

    def codes(self, siemens: Floats, columns: Lines) -> Floats:
        """Returns the codes of conductances `[..., columns]`."""

    def siemens(self, codes: Floats, columns: Lines) -> tuple[Floats, Floats]:
        """Returns the conductances of codes, and what of their standard uncertainty no repeats remove."""


@dataclass(frozen=True, slots=True)
class NominalScale:
    """The gains that the profile names, without offsets."""

    siemens_per_code: float
    name: str = ""
    mismatches: tuple[str, ...] = ()

    def codes(self, siemens: Floats, columns: Lines) -> Floats:
        """Returns codes; see Scale."""
        return np.asarray(siemens / self.siemens_per_code)

    def siemens(self, codes: Floats, columns: Lines) -> tuple[Floats, Floats]:
        """Returns siemens and no uncertainty: nothing is known of the gains; see Scale."""
        return np.asarray(codes * self.siemens_per_code), np.zeros_like(codes, np.float64)


@dataclass(frozen=True, slots=True)
class CalibratedScale:
    """Gains, offsets and bend of a calibration, of raw codes in one range."""

    calibration: CellCalibration
    range: int
    siemens_per_code: float
    mismatches: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The calibration's; see Scale."""
        return self.calibration.name

    def codes(self, siemens: Floats, columns: Lines) -> Floats:
        """Returns codes, by inversion of what the calibration says of them; see Scale."""
        codes = np.asarray(siemens / self.siemens_per_code)
        for _ in range(_STEPS):
            codes = codes + (siemens - self._estimate(codes, columns).values) / self.siemens_per_code
        return codes

    def siemens(self, codes: Floats, columns: Lines) -> tuple[Floats, Floats]:
        """Returns siemens and their uncertainty; see Scale."""
        found = self._estimate(codes, columns)
        return found.values, found.uncertainty

    def _estimate(self, codes: Floats, columns: Lines) -> Any:
        return self.calibration.siemens(codes, range_index=self.range, columns=columns)


def scale_for(
    core: Core, window: Window, plan: Plan, calibration: CellCalibration | None, accept_mismatch: bool
) -> Scale:
    """Returns the scale of a plan on a window.

    Raises:
        ShapeError: it is no calibration.
        CalibrationMismatch, CalibrationExpired, NotCalibrated: the calibration does not hold here, or the
            board's own tables correct its codes already; nothing was sent.
    """
    accepted = flag(accept_mismatch, "accept_mismatch")
    if calibration is None:
        return NominalScale(plan.siemens_per_code)
    require_calibration(calibration, "siemens")
    told = calibration.require(
        window.macro.board, macro=window.macro.index, columns=window.columns, accept_mismatch=accepted
    )
    core.require_uncorrected(
        window.macro.index,
        "codes already; write zeros to them, or program without a calibration",
        what="program",
        where="calibration",
    )
    return CalibratedScale(calibration, plan.range, plan.siemens_per_code, told)

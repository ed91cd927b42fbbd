# SPDX-License-Identifier: BSD-3-Clause
"""What programming and sweeps return: frozen, in SI units, with origin."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Outcome
from ohmloop.board.results import Conditions
from ohmloop.board.watching import in_short
from ohmloop.programming.interval import clopper_pearson

Floats = NDArray[np.float64]


class ProgramStatus(IntEnum):
    """What is said of one cell."""

    DONE = Outcome.DONE
    """Accepted, and the independent reading agrees."""
    BUDGET = Outcome.BUDGET
    """Given up: its pulses are used up."""
    STUCK = Outcome.STUCK
    """Given up: it does not answer to pulses."""
    MOVED = Outcome.MOVED
    """Accepted, but the independent reading is outside its tolerance."""
    SATURATED = Outcome.SATURATED
    """The independent reading is saturated."""
    UNFINISHED = Outcome.UNFINISHED
    """Stopped before it was decided: the permission was used up."""


@dataclass(frozen=True, eq=False, repr=False)
class ProgramResult:
    """What write-verify, or a forming ramp, gave; arrays are `[rows, columns]` of the window.

    Attributes:
        targets_siemens: what was asked (a ramp: the threshold).
        tolerance_siemens: likewise.
        achieved_siemens: by the independent reading alone, with the calibration's gains, else nominal ones.
        uncertainty_siemens: its standard uncertainty, from the profile's noise and the calibration; nominal
            gains count as exact.
        status: ProgramStatus codes, uint8.
        pulses: pulses that each cell got.
        reads: readings that decided it, the independent one not counted (255: as many or more).
        algorithm: name of the algorithm.
        averages: conversions in one reading.
        first_job: number of the first request's job; request i used job `first_job` + i.
        calibration: name of the calibration, of several in order; empty: nominal gains.
        mismatches: what of it did not match and was accepted, sentences.
        drift: what a watch saw beyond its threshold, and what was done, sentences.
    """

    targets_siemens: Floats
    tolerance_siemens: Floats
    achieved_siemens: Floats
    uncertainty_siemens: Floats
    status: NDArray[np.uint8]
    pulses: NDArray[np.uint8]
    reads: NDArray[np.uint8]
    algorithm: str
    averages: int
    first_job: int
    conditions: Conditions
    calibration: str = ""
    mismatches: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for array in (self.achieved_siemens, self.uncertainty_siemens, self.status, self.pulses, self.reads):
            array.setflags(write=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the window."""
        return self.status.shape

    @property
    def failed(self) -> NDArray[np.bool_]:
        """Cells that are not DONE."""
        return np.asarray(self.status != ProgramStatus.DONE)

    @property
    def failed_fraction(self) -> float:
        """Fraction of the cells that are not DONE."""
        return float(self.failed.mean())

    @property
    def failed_interval(self) -> tuple[float, float]:
        """Its 95 % interval (Clopper-Pearson), as if cells failed independently."""
        return clopper_pearson(int(self.failed.sum()), self.status.size)

    @property
    def counts(self) -> dict[ProgramStatus, int]:
        """Number of cells of each status that occurs."""
        numbers, counts = np.unique(self.status, return_counts=True)
        return {ProgramStatus(int(one)): int(count) for one, count in zip(numbers, counts, strict=True)}

    @property
    def board_seconds(self) -> float:
        """Time the board took, by its own cycle counter."""
        return self.conditions.board_seconds

    @property
    def origin(self) -> str:
        """Whose data it is: "chip" or "emulated", or "replay of" either."""
        return self.conditions.origin

    def __repr__(self) -> str:
        low, high = self.failed_interval
        rows, columns = self.shape
        told = ", ".join(f"{count} {status.name}" for status, count in self.counts.items())
        by = f"calibration {self.calibration!r}" if self.calibration else "nominal gains"
        notes = "".join(
            f", {what}: {in_short(texts)}"
            for what, texts in (("accepted", self.mismatches), ("drift", self.drift))
            if texts
        )
        return (
            f"{self.conditions.mark}ProgramResult({rows} x {columns}, {self.algorithm}: {told}; "
            f"failed {self.failed_fraction:.4f} ({low:.4f} .. {high:.4f}), "
            f"{self.pulses.mean():.1f} pulses and {self.reads.mean():.1f} reads a cell, "
            f"{self.board_seconds:.4g} s, {by}, origin {self.origin!r}, "
            f"chip {self.conditions.chip!r}{notes})"
        )


@dataclass(frozen=True, eq=False, repr=False)
class SweepResult:
    """Currents at the points of a sweep, on every cell of a window.

    Attributes:
        current_amperes: `[points, rows, columns]`, with nominal gains.
        saturated: bool, same shape.
        voltage_v: of the points as driven, `[points]`.
        gate_v: likewise.
        pulsed: bool `[points]`: above the read limit, so given as a pulse.
        range: current range, 0 the coarsest.
    """

    current_amperes: Floats
    saturated: NDArray[np.bool_]
    voltage_v: Floats
    gate_v: Floats
    pulsed: NDArray[np.bool_]
    range: int
    conditions: Conditions

    def __post_init__(self) -> None:
        for array in (self.current_amperes, self.saturated, self.voltage_v, self.gate_v, self.pulsed):
            array.setflags(write=False)

    @property
    def siemens(self) -> Floats:
        """Current over voltage, `[points, rows, columns]`; NaN at zero volts."""
        volts = np.where(self.voltage_v > 0, self.voltage_v, np.nan)[:, None, None]
        return np.asarray(self.current_amperes / volts)

    @property
    def origin(self) -> str:
        """Whose data it is: "chip" or "emulated", or "replay of" either."""
        return self.conditions.origin

    def __repr__(self) -> str:
        points, rows, columns = self.current_amperes.shape
        return (
            f"{self.conditions.mark}SweepResult({points} points on {rows} x {columns} cells, "
            f"{self.voltage_v.min():.3f} .. {self.voltage_v.max():.3f} V, {int(self.pulsed.sum())} pulsed, "
            f"range {self.range}, saturated {int(self.saturated.sum())}, origin {self.origin!r}, "
            f"chip {self.conditions.chip!r})"
        )

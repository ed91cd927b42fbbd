# SPDX-License-Identifier: BSD-3-Clause
"""What a way of reading needs, and what it gives: estimates of cells with their variances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.inputs import MAX_AVERAGES
from ohmloop.board.limits import whole
from ohmloop.errors import LimitError
from ohmloop.mapping.noise import NoiseModel
from ohmloop.mapping.scale import Scale
from ohmloop.mapping.steps import Arrays, Steps

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.board.results import CodesResult

    Measure = Callable[[slice, int | None], CodesResult]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_GROUPS: Final = 8
MAX_SAMPLES: Final = MAX_GROUPS * MAX_AVERAGES


@dataclass(frozen=True, slots=True)
class Setup:
    """One measurement: the array, how codes become siemens, and how often each cell is read.

    Attributes:
        macro: the array.
        scale: codes to siemens.
        noise: of one conversion.
        read_v: voltage on the rows, volts.
        samples: readings of each cell or pattern, a power of two.
        steps: runs the measurement.
    """

    macro: Macro
    scale: Scale
    noise: NoiseModel
    read_v: float
    samples: int
    steps: Steps

    @property
    def groups(self) -> int:
        """Means that come back apart, so that their scatter can be seen."""
        return min(self.samples, MAX_GROUPS)

    @property
    def averages(self) -> int:
        """Readings behind each of these means."""
        return self.samples // self.groups

    @property
    def drive(self) -> float:
        """Read voltage over the nominal one."""
        return self.read_v / self.macro.profile.read_v

    def dark_readings(self, rows: int) -> int:
        """Returns how many readings without any row on go with `rows` rows: about sqrt(rows) a sample."""
        return min(self.samples << ((rows - 1).bit_length() // 2), MAX_SAMPLES)


def checked_samples(samples: object) -> int:
    """Returns a number of samples; raises LimitError unless it is a power of two up to 1024."""
    number = whole(samples, "samples", lowest=1, highest=MAX_SAMPLES)
    if number & (number - 1):
        raise LimitError(
            f"samples: {number} asked, a power of two up to {MAX_SAMPLES} expected",
            value=number,
            limit=MAX_SAMPLES,
            where="samples",
        )
    return number


@dataclass(slots=True)
class Reading:
    """Estimates of the cells of a window, `[rows, columns]` each; NaN where nothing could be measured.

    Attributes:
        siemens: the estimates.
        noise: variance of each from noise and rounding, independent of every other's, siemens^2.
        dark: variance that all cells of a column share: of the dark code that was subtracted.
        scatter: variance of a single reading about the mean as measured, NaN with one sample.
        range: current range of each.
        saturated: could not be measured even in the coarsest range.
    """

    siemens: Floats
    noise: Floats
    dark: Floats
    scatter: Floats
    range: NDArray[np.int8]
    saturated: Bools

    @classmethod
    def empty(cls, shape: tuple[int, int]) -> Reading:
        """Returns a reading in which nothing is known."""
        siemens, noise, dark, scatter = (np.full(shape, np.nan) for _ in range(4))
        ranges, saturated = np.full(shape, -1, np.int8), np.zeros(shape, np.bool_)
        return cls(siemens, noise, dark, scatter, ranges, saturated)

    def put(self, part: Reading, where: tuple[NDArray[np.intp], NDArray[np.intp]], chosen: Bools) -> None:
        """Takes over the chosen cells of a part that lies at rows and columns `where`."""
        at = tuple(index[chosen] for index in np.broadcast_arrays(where[0][:, None], where[1][None, :]))
        for name in ("siemens", "noise", "dark", "scatter", "range", "saturated"):
            getattr(self, name)[at] = getattr(part, name)[chosen]


@dataclass(frozen=True, slots=True)
class Means:
    """Mean codes `[groups, n, columns]` of n vectors or rows, and which of `[n, columns]` saturated."""

    codes: Floats
    saturated: Bools


def read_groups(setup: Setup, name: str, n: int, columns: int, block: int, measure: Measure) -> Means:
    """Reads n rows or vectors in every group, block by block; each block is a step.

    Args:
        setup: the measurement.
        name: of the step, unique within the measurement.
        n: rows or vectors.
        columns: sensed lines.
        block: rows or vectors a step.
        measure: reads the rows or vectors of a slice, `setup.averages` times, from an operation index on.
    """
    codes = np.empty((setup.groups, n, columns))
    saturated = np.zeros((n, columns), np.bool_)
    for group in range(setup.groups):
        for start in range(0, n, block):
            part = slice(start, min(start + block, n))
            count = (part.stop - part.start) * columns * setup.averages
            arrays = setup.steps.run(f"{name}/{group}/{start}", count, partial(_measured, measure, part))
            codes[group, part] = arrays["sums"] / setup.averages
            saturated[part] |= arrays["saturated"].astype(np.bool_)
    return Means(codes, saturated)


def _measured(measure: Measure, part: slice, index: int | None) -> Arrays:
    return taken(measure(part, index))


def taken(result: CodesResult) -> Arrays:
    """Returns what a step keeps of a result."""
    return {
        "sums": result.adc_code_sums,
        "saturated": result.saturated,
        "board_seconds": np.array(result.board_seconds),
    }


def read_dark(setup: Setup, name: str, window: Window, range_index: int, readings: int) -> Floats:
    """Returns the mean codes of a window's columns with no row on, `[columns]`."""
    averages = min(readings, MAX_AVERAGES)
    nothing = np.zeros((readings // averages, window.shape[0]), np.uint8)
    arrays = setup.steps.run(
        f"{name}/dark",
        readings * window.shape[1],
        lambda index: taken(
            setup.macro.mac(
                nothing,
                window,
                bits=1,
                range=range_index,
                averages=averages,
                read_v=setup.read_v,
                operation_index=index,
            )
        ),
    )
    return np.asarray(np.asarray(arrays["sums"], dtype=np.float64).sum(axis=0) / readings)

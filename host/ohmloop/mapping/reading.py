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
from ohmloop.errors import LimitError, MapError
from ohmloop.mapping.noise import NoiseModel
from ohmloop.mapping.scale import Scale
from ohmloop.mapping.steps import Arrays, Steps

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.board.results import CodesResult

    Measure = Callable[[slice, int | None], CodesResult]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Lines = NDArray[np.intp]

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

    def taken(self, result: CodesResult, columns: Lines, averages: int) -> Arrays:
        """Returns what a step keeps of a result: as read, and corrected by the calibration that holds now."""
        arrays = taken(result)
        straight = self.scale.straight(arrays["sums"] / averages, result.range, columns)
        return arrays if straight is None else arrays | {"straight": straight}

    def codes(self, arrays: Arrays, columns: Lines, averages: int, range_index: int) -> Floats:
        """Returns the mean codes of a step, corrected where the map has a calibration.

        Raises:
            MapError: the step was corrected when it was measured, and the map has no calibration now.
        """
        means = np.asarray(arrays["sums"] / averages, dtype=np.float64)
        straight = self.scale.straight(means, range_index, columns)
        if straight is None and "straight" in arrays:
            raise MapError("the map was begun with a calibration: resume it with one", where="calibration")
        return means if straight is None else np.asarray(arrays.get("straight", straight))

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


def read_groups(
    setup: Setup, name: str, n: int, columns: Lines, range_index: int, block: int, measure: Measure
) -> Means:
    """Reads n rows or vectors in every group, block by block; each block is a step.

    Args:
        setup: the measurement.
        name: of the step, unique within the measurement.
        n: rows or vectors.
        columns: sensed lines, the macro's numbers.
        range_index: current range.
        block: rows or vectors a step.
        measure: reads the rows or vectors of a slice, `setup.averages` times, from an operation index on.
    """
    codes = np.empty((setup.groups, n, columns.size))
    saturated = np.zeros((n, columns.size), np.bool_)
    how = columns, setup.averages

    def kept(part: slice, index: int | None) -> Arrays:
        return setup.taken(measure(part, index), *how)

    for group in range(setup.groups):
        for start in range(0, n, block):
            part = slice(start, min(start + block, n))
            count = (part.stop - part.start) * columns.size * setup.averages
            arrays = setup.steps.run(f"{name}/{group}/{start}", count, partial(kept, part))
            codes[group, part] = setup.codes(arrays, *how, range_index)
            saturated[part] |= arrays["saturated"].astype(np.bool_)
    return Means(codes, saturated)


def taken(result: CodesResult) -> Arrays:
    """Returns what a step keeps of a result."""
    return {
        "sums": result.adc_code_sums,
        "saturated": result.saturated,
        "board_seconds": np.array(result.board_seconds),
    }


def read_dark(setup: Setup, name: str, window: Window, range_index: int, readings: int) -> Floats:
    """Returns the mean codes of a window's columns with no row on, `[columns]`, corrected as the others."""
    averages = min(readings, MAX_AVERAGES)
    nothing = np.zeros((readings // averages, window.shape[0]), np.uint8)

    def kept(index: int | None) -> Arrays:
        result = setup.macro.mac(
            nothing,
            window,
            bits=1,
            range=range_index,
            averages=averages,
            read_v=setup.read_v,
            operation_index=index,
        )
        return setup.taken(result, window.columns, averages)

    arrays = setup.steps.run(f"{name}/dark", readings * window.shape[1], kept)
    return np.asarray(setup.codes(arrays, window.columns, averages, range_index).mean(axis=0))

# SPDX-License-Identifier: BSD-3-Clause
"""A few rows read at a glance to the variances that either way of reading will have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from ohmloop.mapping.multiplexed import first_ranges
from ohmloop.mapping.noise import multiplexed_variance, onehot_variance
from ohmloop.mapping.patterns import patterns_for
from ohmloop.mapping.reading import Floats, Setup, taken

if TYPE_CHECKING:
    from ohmloop.board import Window

Method = Literal["onehot", "multiplexed"]
GLANCED_ROWS: Final = 32


@dataclass(frozen=True, slots=True)
class Predicted:
    """Standard deviations that a cell of a window will have, root mean square over its columns.

    Attributes:
        onehot_siemens: read one by one.
        multiplexed_siemens: decoded from patterns, at as many conversions.
        read_siemens: read noise of one reading of an average cell.
        adc_siemens: converter noise and rounding of one reading, in the range that one cell takes.
    """

    onehot_siemens: float
    multiplexed_siemens: float
    read_siemens: float
    adc_siemens: float

    @property
    def better(self) -> Method:
        """The way with the smaller variance."""
        return "multiplexed" if self.multiplexed_siemens < self.onehot_siemens else "onehot"


def predicted(setup: Setup, window: Window, *, order: int | None = None) -> Predicted:
    """Reads up to 32 rows once and returns what both ways will give; the cost is counted in the map's."""
    rows = window.shape[0]
    mean, square = _glance(setup, window)
    finest = setup.macro.profile.range_for(1, setup.drive)
    code = setup.scale.code_siemens(finest)
    dark = setup.noise.dark_variance(setup.dark_readings(rows)) * code**2
    onehot = onehot_variance(setup.noise, np.sqrt(square), code, setup.samples) + dark
    patterns = patterns_for(rows, order)
    ranges = first_ranges(setup, rows * mean, patterns)
    codes = np.array([setup.scale.code_siemens(int(one)) for one in ranges])
    dark_codes = setup.noise.dark_variance(setup.dark_readings(patterns.order))
    multiplexed = multiplexed_variance(setup.noise, rows * square, patterns, codes, setup.samples)
    multiplexed = multiplexed + dark_codes * (2 / (patterns.order + 1) * codes) ** 2
    read = setup.noise.read_noise * np.sqrt(square.mean())
    return Predicted(
        onehot_siemens=float(np.sqrt(onehot.mean())),
        multiplexed_siemens=float(np.sqrt(multiplexed.mean() * patterns.order / rows)),
        read_siemens=float(read),
        adc_siemens=float(np.sqrt(setup.noise.mean_variance(read / code, 1) * code**2 - read**2)),
    )


def _glance(setup: Setup, window: Window) -> tuple[Floats, Floats]:
    """Returns mean and mean square of each column's conductances, `[columns]`, from some of its rows."""
    rows = window.shape[0]
    picked = np.unique(np.linspace(0, rows - 1, min(rows, GLANCED_ROWS)).round().astype(np.intp))
    part, finest = window[picked, :], setup.macro.profile.range_for(1, setup.drive)
    arrays = setup.steps.run(
        "glance",
        part.size,
        lambda index: taken(
            setup.macro.read_adc_codes(part, range=finest, read_v=setup.read_v, operation_index=index)
        ),
    )
    codes = np.asarray(arrays["sums"], dtype=np.float64)
    siemens = setup.scale.siemens(codes, finest, window.columns)
    noise = onehot_variance(setup.noise, siemens, setup.scale.code_siemens(finest), 1)
    square = np.mean(siemens**2 - noise, axis=0)
    return np.maximum(siemens.mean(axis=0), 0), np.maximum(square, 0)

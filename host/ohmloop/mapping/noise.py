# SPDX-License-Identifier: BSD-3-Clause
"""Read noise, converter noise and rounding to the variance of a mapped cell (docs/mapping.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from ohmloop.mapping.patterns import Patterns
from ohmloop.profile import Profile

Floats = NDArray[np.float64]

ROUNDING: Final = 1 / 12
"""Variance of rounding to whole codes, codes^2."""
_HARMONICS: Final = np.arange(1, 21)


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Noise of one conversion.

    Attributes:
        read_noise: of one cell, relative to its conductance.
        adc_noise_codes: of the converter, ADC codes.
        dithered: the converter's noise acts before it rounds, as on a chip's board. An emulated converter
            rounds signal and noise each by itself (docs/emulator.md).
        source: where the figures come from.
    """

    read_noise: float
    adc_noise_codes: float
    dithered: bool
    source: str

    @classmethod
    def of_profile(cls, profile: Profile, *, emulated: bool) -> NoiseModel:
        """Returns what a profile says."""
        cells, front = profile.chip.cells, profile.chip.front_end
        return cls(cells.read_noise.value, front.adc.noise.value, not emulated, f"profile {profile.name}")

    @property
    def converter_variance(self) -> float:
        """Variance of a conversion apart from read noise and the rounding of the signal, codes^2."""
        own_rounding = ROUNDING if self.adc_noise_codes > 0 and not self.dithered else 0.0
        return self.adc_noise_codes**2 + own_rounding

    def mean_variance(self, cell_codes: Floats | float, readings: int) -> Floats:
        """Returns the variance of the mean of `readings` conversions, codes^2.

        Args:
            cell_codes: standard deviation of the read noise of one conversion, ADC codes.
            readings: conversions in the mean.
        """
        read = np.asarray(cell_codes, dtype=np.float64) ** 2
        dither = read + (self.adc_noise_codes**2 if self.dithered else 0.0)
        left = rounding_left(np.sqrt(dither))
        return np.asarray((read + self.converter_variance + ROUNDING - left) / readings + left)

    def dark_variance(self, readings: int) -> float:
        """Returns the variance of the mean of `readings` conversions without current, codes^2."""
        if not self.dithered:  # an emulated converter without input gives whole codes
            return self.converter_variance / readings
        return float(self.mean_variance(0.0, readings))


def rounding_left(dither_codes: Floats) -> Floats:
    """Returns the variance of rounding that no averaging removes, codes^2, for a normal dither.

    The mean of a dithered quantiser is periodic in its input; its k-th harmonic has the amplitude
    exp(-2 (pi k d)^2) / (pi k) (B. Widrow, I. Kollar, "Quantization noise", 2008, chapter 19).
    """
    squared = np.asarray(dither_codes, dtype=np.float64)[..., None] ** 2 * (2 * np.pi * _HARMONICS) ** 2
    left = np.sum(np.exp(-squared) / (2 * (np.pi * _HARMONICS) ** 2), axis=-1)
    none = np.sum(1 / (2 * (np.pi * _HARMONICS) ** 2))
    return np.asarray(left * ROUNDING / none)


def onehot_variance(model: NoiseModel, siemens: Floats, code_siemens: Floats | float, samples: int) -> Floats:
    """Returns the variance of cells read one by one, siemens^2.

    Args:
        model: noise of one conversion.
        siemens: of the cells.
        code_siemens: of one ADC code in the range used, broadcast against `siemens`.
        samples: readings of each cell.
    """
    cell_codes = model.read_noise * np.abs(siemens) / code_siemens
    return np.asarray(np.asarray(code_siemens) ** 2 * model.mean_variance(cell_codes, samples))


def multiplexed_variance(
    model: NoiseModel, square_sums: Floats, patterns: Patterns, code_siemens: Floats | float, samples: int
) -> Floats:
    """Returns the variance of every cell of columns read by patterns, siemens^2 `[columns]`.

    Args:
        model: noise of one conversion.
        square_sums: sums of the squared conductances of each column's rows, siemens^2.
        patterns: the patterns.
        code_siemens: of one ADC code in the range used.
        samples: readings of each pattern.
    """
    share = patterns.rows_on / patterns.order
    sum_codes = model.read_noise * np.sqrt(share * square_sums) / code_siemens
    of_sum = np.asarray(code_siemens) ** 2 * model.mean_variance(sum_codes, samples)
    return np.asarray(patterns.variance_factor * of_sum)


def multiplexing_gain(order: int, adc_over_read: float) -> float:
    """Returns how many times smaller a multiplexed cell's standard deviation is than a one-hot one's.

    At equal conversions, all rows present, additive noise alike in both, rounding left out.

    Args:
        order: of the S-matrix.
        adc_over_read: standard deviation of the converter's noise over the read noise of a cell of
            root-mean-square conductance.
    """
    ratio = adc_over_read**2
    multiplexed = 2 * order / (order + 1) + 4 * order / (order + 1) ** 2 * ratio
    return float(np.sqrt((1 + ratio) / multiplexed))


def fitted(model: NoiseModel, siemens: Floats, variances: Floats, code_siemens: Floats) -> NoiseModel:
    """Returns the model that the scatter of single readings shows: read noise and converter noise.

    Args:
        model: the model believed so far; its variances weight the fit.
        siemens: of the cells `[cells]`.
        variances: of single readings about their mean `[cells]`, siemens^2.
        code_siemens: of one ADC code for each cell `[cells]`.
    """
    weights = 1 / np.maximum(onehot_variance(model, siemens, code_siemens, 1), 1e-30)
    columns = np.stack([siemens**2, code_siemens**2], axis=1) * weights[:, None]
    (read, codes), _ = nnls(columns, variances * weights)
    rounding = ROUNDING if model.dithered else 2 * ROUNDING
    adc = np.sqrt(max(float(codes) - rounding, 0.0))
    return NoiseModel(float(np.sqrt(read)), float(adc), model.dithered, f"scatter of {siemens.size} cells")

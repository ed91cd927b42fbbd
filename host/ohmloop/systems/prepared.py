# SPDX-License-Identifier: BSD-3-Clause
"""Formed windows that were measured, and their products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.systems.bitserial import QuantizedVectors, quantize, restore

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.board.estimate import ProductCalibration

SIEMENS_TO_US: Final = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class PreparedWindow:
    """A formed window with what its products need.

    Attributes:
        window: rows driven, columns sensed.
        range: current range of every product: the finest that all rows together do not saturate.
        us_per_code: nominal conversion of the profile, microsiemens a code in that range.
        dark_codes: `[cols]`, mean code with no row driven.
        row_sum_codes: `[cols]`, mean code with every row driven, dark subtracted.
        formed_fraction: part of the cells that conduct.
        averages: readings behind each mean.
        blocks: blocks of rows in which the sums were measured; 1 unless the coarsest range saturated.
        pulses_given: cell pulses that `prepare` gave; 0 where the cells were formed before.
        calibration: products and row sums are by it; None: by nominal gains, dark codes subtracted.
    """

    window: Window
    range: int
    us_per_code: float
    dark_codes: NDArray[np.float64]
    row_sum_codes: NDArray[np.float64]
    formed_fraction: float
    averages: int
    blocks: int
    pulses_given: int = 0
    calibration: ProductCalibration | None = None

    @property
    def row_sum_us(self) -> NDArray[np.float64]:
        """Sum of each column's conductances, `[cols]` microsiemens."""
        return self.row_sum_codes * self.us_per_code

    def product(
        self, macro: Macro, vectors: NDArray[np.float64], bits: int
    ) -> tuple[NDArray[np.float64], Any]:
        """Multiplies vectors `[n, rows]` by the window, as one stream.

        Returns:
            Products `[n, cols]` in microsiemens, and the MacResult or MatvecResult behind them.

        Raises:
            NotCalibrated, CalibrationMismatch, CalibrationExpired: the calibration does not hold any more.
        """
        quantized = quantize(vectors, bits)
        if self.calibration is not None:
            return self._calibrated(macro, quantized, self.calibration)
        result = macro.mac(quantized.x_codes, self.window, bits=bits, range=self.range)
        product = restore(
            result.adc_codes, quantized, dark_codes=self.dark_codes, row_sum_codes=self.row_sum_codes
        )
        product *= self.us_per_code
        return product, result

    def _calibrated(
        self, macro: Macro, quantized: QuantizedVectors, calibration: ProductCalibration
    ) -> tuple[NDArray[np.float64], Any]:
        levels = (1 << quantized.bits) - 1
        result = macro.matvec(
            quantized.x_codes / levels,
            self.window,
            calibration=calibration,
            x_unit="1",
            bits=quantized.bits,
            range=self.range,
        )
        product = result.values * (levels * SIEMENS_TO_US) * quantized.step
        product += quantized.low * self.row_sum_us
        return product, result

    def __deepcopy__(self, memo: object) -> PreparedWindow:
        return self


@dataclass(frozen=True, slots=True, eq=False)
class PreparedWindows:
    """The two windows of an echo-state network.

    Attributes:
        input: `[features + 1, hidden]`.
        recurrent: `[hidden, hidden]`.
    """

    input: PreparedWindow
    recurrent: PreparedWindow

    @property
    def features(self) -> int:
        """Number of node features, without the bias row."""
        return int(self.input.window.shape[0]) - 1

    @property
    def hidden(self) -> int:
        """Number of states of a node."""
        return int(self.recurrent.window.shape[0])

    def __deepcopy__(self, memo: object) -> PreparedWindows:
        return self

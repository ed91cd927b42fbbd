# SPDX-License-Identifier: BSD-3-Clause
"""A linear layer whose weights are pairs of programmed cells: y = x W + b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ohmloop.board.estimate import Estimate, ProductCalibration
from ohmloop.board.limits import finite
from ohmloop.board.results import Conditions
from ohmloop.errors import LimitError, ProfileError, ShapeError
from ohmloop.nn.pairs import Floats, WeightPairs

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.programming import ProgramResult


@dataclass(frozen=True, eq=False, repr=False)
class LayerResult:
    """Outputs `[n, outputs]` of a layer, used like an array of its `values`.

    Attributes:
        values: x W + b.
        uncertainty: standard uncertainty of each from reading and calibration; None without a calibration.
        saturated: bool, same shape: a conversion behind it was at its limit.
        calibration: name; empty for the profile's nominal gains.
        mismatches: what of it did not match and was accepted, sentences.
    """

    values: Floats
    uncertainty: Floats | None
    saturated: NDArray[np.bool_]
    calibration: str
    mismatches: tuple[str, ...]
    conditions: Conditions

    @property
    def origin(self) -> str:
        """Whose data it is: "chip" or "emulated", or "replay of" either."""
        return self.conditions.origin

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=bool(copy) or dtype is not None)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        by = f"calibration {self.calibration!r}" if self.calibration else "nominal gains"
        text = f", accepted: {'; '.join(self.mismatches)}" if self.mismatches else ""
        return (
            f"{self.conditions.mark}LayerResult({' x '.join(map(str, self.values.shape))}, {by}, saturated "
            f"{int(self.saturated.sum())}, origin {self.origin!r}, chip {self.conditions.chip!r}{text})"
        )


class DifferentialLinear:
    """A linear layer on neighbouring column pairs of a window: column 2j less column 2j + 1 is output j.

    Weights are clipped to the conductance window, products are the board's, the bias is added on the host:

        layer = DifferentialLinear(macro, weights, bias, row=0, column=0)
        with board.armed(layer.window, ops={"set", "reset"}, ...):
            layer.program(tolerance_siemens=0.2e-6, calibration=found)
        y = layer(x, calibration=found)

    Attributes:
        window: the cells.
        pairs: weights to conductances.
        targets_siemens: `[rows, 2 * outputs]`.
        bias: `[outputs]`.
        largest_input: magnitude of x that is driven with the largest code.
        range: current range of the products; None: by the rows alone, the safe and coarse choice.
    """

    def __init__(
        self,
        macro: Macro,
        weights: ArrayLike,
        bias: ArrayLike | None = None,
        *,
        row: int = 0,
        column: int = 0,
        pairs: WeightPairs | None = None,
        largest_input: float = 1.0,
    ) -> None:
        """Lays weights `[rows, outputs]` out from a corner; drives nothing.

        Args:
            macro: of an open board.
            weights: `[rows, outputs]`.
            bias: `[outputs]`; zeros by default.
            row: first row.
            column: first column.
            pairs: weights to conductances; by default the profile's window and the largest weight.
            largest_input: magnitude of x that takes all codes.

        Raises:
            LimitError, ShapeError: weights, bias or window do not fit.
            ProfileError: the profile names no conductance window, and no `pairs` are given.
        """
        self.macro = macro
        self.pairs = _usual_pairs(macro, weights) if pairs is None else pairs
        self.targets_siemens = self.pairs.siemens(weights)
        rows, columns = self.targets_siemens.shape
        self.window: Window = macro[row : row + rows, column : column + columns]
        if self.window.shape != (rows, columns):
            raise LimitError(
                f"weights: {rows} rows and {columns} columns from row {row}, column {column} pass the macro "
                f"of {macro.rows} x {macro.columns}",
                value=(rows, columns),
                limit=self.window.shape,
                where="weights",
            )
        self.bias = np.zeros(columns // 2) if bias is None else np.asarray(bias, np.float64)
        if self.bias.shape != (columns // 2,):
            raise ShapeError(
                f"bias: {self.bias.shape}, {(columns // 2,)} expected",
                value=self.bias.shape,
                limit=(columns // 2,),
                where="bias",
            )
        self.largest_input = finite(largest_input, "", "largest_input")
        self.range: int | None = None

    def program(self, *, tolerance_siemens: ArrayLike, **how: Any) -> ProgramResult:
        """Programs the targets; needs `board.armed()`. Arguments and errors are those of `Macro.program`."""
        return self.macro.program(
            self.targets_siemens, self.window, tolerance_siemens=tolerance_siemens, **how
        )

    def retarget(self, result: ProgramResult) -> int:
        """Has the partner of every cell that programming gave up make up for it; drives nothing.

        Args:
            result: of `program`. Program again afterwards: cells within their tolerance get no pulse.

        Returns:
            Number of cells with another target.

        Raises:
            ShapeError: the result is of another window.
        """
        if result.shape != self.window.shape:
            raise ShapeError(
                f"result: {result.shape}, {self.window.shape} of the layer expected",
                value=result.shape,
                limit=self.window.shape,
                where="result",
            )
        top = self.macro.profile.g_code_max * self.macro.profile.g_lsb_siemens
        held = np.clip(result.achieved_siemens, 0, top)
        found = self.pairs.around_faults(self.targets_siemens, held, result.failed)
        changed = int(np.count_nonzero((found != self.targets_siemens) & ~result.failed))
        self.targets_siemens = found
        return changed

    def choose_range(self, x: ArrayLike, *, bits: int = 8) -> int:
        """Takes the finest current range in which none of these inputs `[n, rows]` saturates; returns it."""
        codes = self._codes(x, bits)
        for one in range(self.macro.ranges - 1, 0, -1):
            if not self.macro.mac(codes, self.window, bits=bits, range=one).saturated.any():
                self.range = one
                return one
        self.range = 0
        return 0

    def __call__(
        self,
        x: ArrayLike,
        *,
        calibration: ProductCalibration | None = None,
        accept_mismatch: bool = False,
        bits: int = 8,
        averages: int = 1,
    ) -> LayerResult:
        """Computes x W + b on the board.

        Args:
            x: `[n, rows]`, within +-`largest_input`.
            calibration: as in `Macro.matvec`; without one the profile's nominal gains hold.
            accept_mismatch: as in `Macro.matvec`.
            bits: of an input.
            averages: readings of each product.

        Raises:
            ShapeError, LimitError, NotCalibrated, CalibrationMismatch, CalibrationExpired: nothing was sent.
        """
        if calibration is None:
            return self._nominal(x, bits, averages)
        got = self.macro.matvec(
            self._scaled(x),
            self.window,
            calibration=calibration,
            x_unit="1",
            bits=bits,
            range=self.range,
            averages=averages,
            accept_mismatch=accept_mismatch,
        )
        factor = self.pairs.weight_per_siemens * self.largest_input
        return LayerResult(
            values=_difference(got.values) * factor + self.bias,
            uncertainty=_uncertainty(got.estimate) * factor,
            saturated=_either(got.saturated),
            calibration=got.calibration,
            mismatches=got.mismatches,
            conditions=got.conditions,
        )

    def _nominal(self, x: ArrayLike, bits: int, averages: int) -> LayerResult:
        got = self.macro.mac(
            self._codes(x, bits), self.window, bits=bits, averages=averages, range=self.range
        )
        siemens = got.adc_code_sums / averages * self.macro.profile.siemens_per_adc_code(got.range)
        factor = self.pairs.weight_per_siemens * self.largest_input / ((1 << bits) - 1)
        return LayerResult(
            values=_difference(siemens) * factor + self.bias,
            uncertainty=None,
            saturated=_either(got.saturated),
            calibration="",
            mismatches=(),
            conditions=got.conditions,
        )

    def _scaled(self, x: ArrayLike) -> Floats:
        """Returns inputs over the largest one; raises ShapeError, LimitError."""
        values = np.asarray(x, np.float64)
        if values.ndim != 2 or values.shape[1] != self.window.shape[0]:
            raise ShapeError(
                f"x: {values.shape}, [n, {self.window.shape[0]}] expected",
                value=values.shape,
                limit=(None, self.window.shape[0]),
                where="x",
            )
        outside = ~(np.abs(values) <= self.largest_input)
        if outside.any():
            place = tuple(int(one) for one in np.argwhere(outside)[0])
            raise LimitError(
                f"x{list(place)}: {values[place]:g} is outside +-{self.largest_input:g}; clip it, or give "
                "the layer a larger largest_input",
                value=float(values[place]),
                limit=self.largest_input,
                where=f"x{list(place)}",
            )
        return values / self.largest_input

    def _codes(self, x: ArrayLike, bits: int) -> NDArray[np.int64]:
        return np.rint(self._scaled(x) * ((1 << bits) - 1)).astype(np.int64)


def _usual_pairs(macro: Macro, weights: ArrayLike) -> WeightPairs:
    programming = macro.profile.chip.programming
    if programming is None or programming.write_verify is None:
        raise ProfileError(
            f"profile {macro.profile.name} names no conductance window: give `pairs`",
            value=macro.profile.name,
            limit="programming.write_verify",
            where="profile",
        )
    held = programming.write_verify
    largest = float(np.max(np.abs(np.asarray(weights, np.float64)), initial=0.0))
    return WeightPairs(held.lowest.value * 1e-6, held.highest.value * 1e-6, largest)


def _difference(columns: Floats) -> Floats:
    return np.asarray(columns[:, 0::2] - columns[:, 1::2])


def _either(columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(columns[:, 0::2] | columns[:, 1::2])


def _uncertainty(estimate: Estimate) -> Floats:
    """Returns the uncertainty of differences: what is common to the board cancels as far as it is equal."""
    own = np.hypot(estimate.independent, estimate.channel) ** 2
    return np.asarray(np.sqrt(own[:, 0::2] + own[:, 1::2] + _difference(estimate.board) ** 2))

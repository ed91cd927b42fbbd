# SPDX-License-Identifier: BSD-3-Clause
"""Numbers with a standard uncertainty in three parts, and what a product needs to get one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import ShapeError

if TYPE_CHECKING:
    from ohmloop.board.board import Board

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Values with standard uncertainties of the same unit and shape, by what they are common to.

    Attributes:
        values: the numbers.
        unit: "S", "A" or "codes".
        independent: own of every reading.
        channel: common to all readings of a column in a range; columns are independent.
        board: common to every reading of the board.
        repeatability: scatter of repeated readings; what is in `independent` beyond it does not average out.
    """

    values: Floats
    unit: str
    independent: Floats
    channel: Floats
    board: Floats
    repeatability: Floats

    @property
    def uncertainty(self) -> Floats:
        """Standard uncertainty of each number alone: the root of the sum of the squares of the parts."""
        return np.asarray(np.sqrt(self.independent**2 + self.channel**2 + self.board**2))

    def widened(self, relative: float) -> Estimate:
        """Returns the estimate with one more relative uncertainty, common to the board."""
        return replace(self, board=np.hypot(self.board, self.values * relative)) if relative else self

    def scaled(self, factor: float, unit: str) -> Estimate:
        """Returns the estimate in another unit, `factor` of it to one of this."""
        parts = ("values", "independent", "channel", "board", "repeatability")
        return replace(self, unit=unit, **{name: getattr(self, name) * factor for name in parts})


@dataclass(frozen=True, eq=False)
class Reading:
    """How products were read.

    Attributes:
        range: current range.
        averages: readings behind each number.
        bits: bit planes.
        columns: the macro's numbers of the sensed columns, `[columns]`.
        rows_on: rows driven in each plane, `[n, bits]`.
        signed: rows were driven both ways.
        drive: read voltage over the nominal one.
        per_plane: codes are means `[n, bits, columns]`; else sums over planes `[n, columns]`.
    """

    range: int
    averages: int
    bits: int
    columns: NDArray[np.intp]
    rows_on: NDArray[np.intp]
    signed: bool
    drive: float
    per_plane: bool


class ProductCalibration(Protocol):
    """What turns the ADC codes of products into siemens; `ohmloop.calibration.Calibration` is one."""

    @property
    def name(self) -> str:
        """What to call it in results."""
        ...

    @property
    def bends(self) -> bool:
        """Converters bend so much that planes are corrected one by one."""
        ...

    def require(
        self, board: Board, *, macro: int, columns: NDArray[np.intp], accept_mismatch: bool
    ) -> tuple[str, ...]:
        """Returns what does not match or has failed; raises a typed error unless that is accepted."""
        ...

    def true_drive(self, drive: float) -> tuple[float, float]:
        """Returns a nominal ratio of read voltages as measured, and its relative standard uncertainty."""
        ...

    def products(self, codes: Floats, reading: Reading) -> Estimate:
        """Returns sums of input code times conductance, siemens `[n, columns]`."""
        ...


class CellCalibration(Protocol):
    """What turns the ADC codes of single cells into siemens; `ohmloop.calibration.Calibration` is one."""

    @property
    def name(self) -> str:
        """What to call it in results."""
        ...

    def require(
        self, board: Board, *, macro: int, columns: NDArray[np.intp], accept_mismatch: bool
    ) -> tuple[str, ...]:
        """Returns what does not match or has failed; raises a typed error unless that is accepted."""
        ...

    def siemens(self, mean_codes: Floats, *, range_index: int, columns: NDArray[np.intp]) -> Estimate:
        """Returns what mean codes `[..., columns]` of one conversion stand for."""
        ...


def require_calibration(given: object, method: str) -> None:
    """Raises ShapeError unless an argument is a calibration that has a method, "products" or "siemens"."""
    if not all(callable(getattr(given, name, None)) for name in ("require", method)):
        kind = type(given).__name__
        raise ShapeError(
            f"calibration: a {kind}, an ohmloop.calibration.Calibration expected",
            value=kind,
            limit="Calibration",
            where="calibration",
        )

# SPDX-License-Identifier: BSD-3-Clause
"""Real inputs to calibrated products in SI units, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop.board import readings
from ohmloop.board.core import Core
from ohmloop.board.estimate import (
    Estimate,
    Floats,
    ProductCalibration,
    Reading,
    require_calibration,
)
from ohmloop.board.inputs import averages_log2
from ohmloop.board.limits import finite, flag, whole
from ohmloop.board.results import Conditions, MacResult
from ohmloop.board.window import Unpicklable, Window
from ohmloop.errors import LimitError, NotCalibrated, ShapeError

if TYPE_CHECKING:
    from ohmloop.board.board import Board

InputUnit = Literal["V", "1"]
Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class MatvecResult:
    """Calibrated products `[n, columns]`, used like an array of its `values`.

    Attributes:
        estimate: values and standard uncertainties, amperes or siemens.
        inputs: what was applied after rounding to codes, `[n, rows]`, in the unit of the call.
        saturated: bool `[n, columns]`: a conversion was at its limit, the value is not to be trusted.
        calibration: name of the calibration.
        mismatches: texts of what did not match and was accepted; empty when all did.
    """

    estimate: Estimate
    inputs: Floats
    saturated: NDArray[np.bool_]
    range: int
    averages: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    calibration: str
    mismatches: tuple[str, ...]
    conditions: Conditions

    @property
    def values(self) -> Floats:
        """Products, in `unit`."""
        return self.estimate.values

    @property
    def unit(self) -> str:
        """Unit: "A" for inputs in volts, "S" for inputs without unit."""
        return self.estimate.unit

    @property
    def uncertainty(self) -> Floats:
        """Standard uncertainty of each product, all parts."""
        return self.estimate.uncertainty

    @property
    def repeatability(self) -> Floats:
        """Standard deviation that the same product has when it is taken again."""
        return self.estimate.repeatability

    @property
    def origin(self) -> str:
        """Whose data it is: "chip" or "emulated", or "replay of" either."""
        return self.conditions.origin

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype=dtype, copy=bool(copy) or dtype is not None)

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.values.shape)
        text = f", accepted: {'; '.join(self.mismatches)}" if self.mismatches else ""
        return (
            f"{self.conditions.mark}MatvecResult({shape} {self.unit}, range {self.range}, averages "
            f"{self.averages}, saturated {int(self.saturated.sum())}, calibration {self.calibration!r}, "
            f"origin {self.origin!r}{text})"
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """How products are asked for; see `Matvec.matvec`."""

    x_unit: InputUnit
    bits: int
    range_index: int | None
    averages: int
    read_v: float
    per_plane: bool
    operation_index: int | None

    @property
    def levels(self) -> int:
        """Input codes above zero."""
        return (1 << self.bits) - 1


def matvec(
    core: Core,
    window: Window,
    x: ArrayLike,
    calibration: ProductCalibration,
    asked: Asked,
    mismatches: tuple[str, ...],
) -> MatvecResult:
    """Multiplies real vectors by a window; see `Matvec.matvec`."""
    in_volts = asked.x_unit == "V"
    driven_v, nominal_v = _driven_v(core, asked.read_v), _driven_v(core, core.profile.read_v)
    codes = _input_codes(x, window, asked.levels, driven_v if in_volts else 1.0, asked.x_unit)
    if not asked.per_plane:
        core.require_uncorrected(
            window.macro.index,
            "sums; planes=True reads codes that they do not touch",
            what="matvec",
            where="planes",
        )
    got = _read(core, window, codes, asked)
    n, averages = codes.shape[0], asked.averages
    split = (n, averages, asked.bits, -1) if asked.per_plane else (n, 1, -1)
    reading = Reading(
        range=got.range,
        averages=averages,
        bits=asked.bits,
        columns=window.columns,
        rows_on=_rows_on(codes, asked.bits),
        signed=bool(codes.min() < 0),
        drive=got.read_v / nominal_v,
        per_plane=asked.per_plane,
    )
    apparent = calibration.products(got.adc_code_sums.reshape(split).sum(axis=1) / averages, reading)
    drive, unsure = calibration.true_drive(reading.drive)
    return MatvecResult(
        estimate=apparent.scaled(nominal_v / asked.levels, "A")
        if in_volts
        else apparent.scaled(1 / drive / asked.levels, "S").widened(unsure),
        inputs=np.asarray(codes * ((driven_v if in_volts else 1.0) / asked.levels), dtype=np.float64),
        saturated=np.asarray(got.saturated.reshape(n, -1, window.shape[1]).any(axis=1)),
        range=got.range,
        averages=averages,
        rows=window.rows,
        columns=window.columns,
        calibration=calibration.name,
        mismatches=mismatches,
        conditions=got.conditions,
    )


def _driven_v(core: Core, volts: float) -> float:
    """Returns the voltage that the nearest code drives."""
    return core.profile.dac_codes_to_volts(core.profile.volts_to_dac_codes(volts))


def _read(core: Core, window: Window, codes: Integers, asked: Asked) -> MacResult:
    """Reads the products: `averages` times plane by plane, or as sums that the board makes."""
    return readings.mac(
        core,
        window,
        np.repeat(codes, asked.averages, axis=0) if asked.per_plane else codes,
        bits=asked.bits,
        raw=asked.per_plane,
        range_index=asked.range_index,
        averages=1 if asked.per_plane else asked.averages,
        subtract_pairs=False,
        read_v=asked.read_v,
        operation_index=asked.operation_index,
    )


def _input_codes(x: ArrayLike, window: Window, most: int, full: float, unit: str) -> Integers:
    """Returns the nearest input codes `[n, rows]`; raises ShapeError, LimitError."""
    require_unmasked(x, "x")
    values = np.asarray(x)
    if values.dtype.kind not in "fiu" or values.ndim != 2 or values.shape[1] != window.shape[0]:
        raise ShapeError(
            f"x: {values.dtype} of shape {values.shape}, real numbers [n, {window.shape[0]}] expected",
            value=values.shape,
            limit=(None, window.shape[0]),
            where="x",
        )
    step = full / most
    with np.errstate(invalid="ignore"):
        codes = np.rint(values / step)
        bad = ~(np.abs(codes) <= most)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise LimitError(
            f"x{list(place)}: {values[place]:g} {unit} is outside {-full:g} .. {full:g} {unit}",
            value=float(values[place]),
            limit=full,
            unit=unit,
            where=f"x{list(place)}",
        )
    return codes.astype(np.int64)


def _rows_on(codes: Integers, bits: int) -> NDArray[np.intp]:
    """Returns the rows that are on in each plane, `[n, bits]`."""
    magnitude = np.abs(codes)
    return np.stack([np.count_nonzero(magnitude >> bit & 1, axis=1) for bit in range(bits)], axis=1)


class Matvec(Unpicklable):
    """What a macro gains with a calibration: products in SI units."""

    _board: Board
    _core: Core

    def matvec(
        self,
        x: ArrayLike,
        window: Window,
        *,
        calibration: ProductCalibration | None,
        x_unit: InputUnit = "V",
        bits: int = 8,
        range: int | None = None,
        averages: int = 1,
        read_v: float | None = None,
        planes: bool | None = None,
        accept_mismatch: bool = False,
        operation_index: int | None = None,
    ) -> MatvecResult:
        """Multiplies real vectors by the conductances of a window, calibrated, with uncertainties.

        Args:
            x: `[n, rows]`; volts within +-`read_v` give amperes; without unit, within +-1, siemens.
            window: cells of this macro.
            calibration: of this chip and board; see `ohmloop.calibration`.
            x_unit: "V" or "1".
            bits: as in `mac`, like `range`, `averages`, `read_v` and `operation_index`.
            range: see above.
            averages: see above.
            read_v: see above.
            planes: correct each bit plane by itself, which alone removes the converters' bend, with `bits`
                times the data; by default where the calibration found a bend.
            accept_mismatch: use a calibration of another chip, board or gateware, or an expired one; the
                result says so.
            operation_index: see above.

        Raises:
            NotCalibrated, CalibrationMismatch, CalibrationExpired, ShapeError, LimitError: nothing was sent.
        """
        if calibration is None:
            raise NotCalibrated("matvec: no calibration; `calibrate` measures one", where="calibration")
        window, volts = self._own(window), self._core.profile.read_v if read_v is None else read_v
        if x_unit not in {"V", "1"}:
            raise ShapeError(f"x_unit: {x_unit!r}, 'V' or '1' expected", value=x_unit, where="x_unit")
        averages_log2(averages)
        if finite(volts, "V", "read_v") == 0:
            raise LimitError(
                "read_v: 0 V asked, above 0 V expected: nothing would flow",
                value=0.0,
                limit=0.0,
                unit="V",
                where="read_v",
            )
        require_calibration(calibration, "products")
        found = calibration.require(
            self._board,
            macro=window.macro.index,
            columns=window.columns,
            accept_mismatch=flag(accept_mismatch, "accept_mismatch"),
        )
        asked = Asked(
            x_unit=x_unit,
            bits=whole(bits, "bits", lowest=1, highest=window.macro.input_bits),
            range_index=range,
            averages=averages,
            read_v=finite(volts, "V", "read_v"),
            per_plane=calibration.bends if planes is None else flag(planes, "planes"),
            operation_index=operation_index,
        )
        return matvec(self._core, window, x, calibration, asked, found)

    if TYPE_CHECKING:

        def _own(self, window: Any) -> Window: ...

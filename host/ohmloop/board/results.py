# SPDX-License-Identifier: BSD-3-Clause
"""What operations return: frozen, with unit and origin, and used like arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    import xarray as xr

EMULATED = "EMULATED"


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under what a result was taken.

    Attributes:
        origin: "chip" or "emulated", or "replay of" either.
        chip: the sample's name.
        profile: name of the chip profile.
        url: the board's URL.
        operation_index: index of the first operation.
        board_seconds: time the board took, by its own clock.
    """

    origin: str
    chip: str
    profile: str
    url: str
    operation_index: int
    board_seconds: float

    @property
    def is_emulated(self) -> bool:
        """The data is no chip's."""
        return "emulated" in self.origin

    @property
    def mark(self) -> str:
        """What a repr begins with: the word EMULATED where the data is no chip's."""
        if not self.is_emulated:
            return ""
        return f"{EMULATED} (replay) " if self.origin.startswith("replay") else f"{EMULATED} "


class _Conditioned:
    """Gives a result its conditions by their own names."""

    __slots__ = ()
    conditions: Conditions

    @property
    def origin(self) -> str:
        """Whose data it is: "chip" or "emulated", or "replay of" either."""
        return self.conditions.origin

    @property
    def operation_index(self) -> int:
        """Index of the first operation; the same index gives the same noise."""
        return self.conditions.operation_index

    @property
    def board_seconds(self) -> float:
        """Time the board took, by its own clock, seconds."""
        return self.conditions.board_seconds


@dataclass(frozen=True, eq=False, repr=False)
class CodesResult(_Conditioned, NDArrayOperatorsMixin):
    """Digital codes, as an array of `adc_codes` with what is known about them.

    Attributes:
        values: int32, as the board returned them: sums over the averaged readings.
        saturated: bool, same shape: a conversion behind this number was at its limit.
        range: current range, 0 the coarsest.
        averages: readings summed in each number.
        read_v: voltage on the rows, volts.
        rows: driven lines `[rows]`.
        columns: sensed lines (with pairs: the positive ones), one a result column.
        tables_hash: CRC-32 of the on-board dark and correction tables that were applied; 0 when untouched.
    """

    values: NDArray[np.int32]
    saturated: NDArray[np.bool_]
    range: int
    averages: int
    read_v: float
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    tables_hash: int
    conditions: Conditions

    DIMENSIONS: ClassVar[tuple[str, ...]] = ("vector", "column")

    def __post_init__(self) -> None:
        codes = self.values
        if self.averages > 1:
            codes = ((self.adc_code_sums + self.averages // 2) // self.averages).astype(np.int32)
        for array in (codes, self.values, self.saturated):
            array.setflags(write=False)
        object.__setattr__(self, "_adc_codes", codes)

    @property
    def adc_codes(self) -> NDArray[np.int32]:
        """Codes, int32: the sum over bit planes, the mean over averaged readings (rounded)."""
        codes: NDArray[np.int32] = self.__dict__["_adc_codes"]
        return codes

    @property
    def adc_code_sums(self) -> NDArray[np.int64]:
        """Sums over the averaged readings, int64; exact."""
        return self.values.astype(np.int64)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the codes."""
        return self.adc_codes.shape

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        codes: NDArray[Any] = self.adc_codes
        if dtype is not None and np.dtype(dtype) != codes.dtype:
            if copy is False:
                raise ValueError(f"a {np.dtype(dtype)} view of int32 codes needs a copy")
            return codes.astype(dtype)
        return codes.copy() if copy else codes

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        arrays = [value.adc_codes if isinstance(value, CodesResult) else value for value in inputs]
        return getattr(ufunc, method)(*arrays, **keywords)

    def __len__(self) -> int:
        return len(self.adc_codes)

    def __getitem__(self, key: Any) -> Any:
        return self.adc_codes[key]

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.shape)
        saturated = int(np.count_nonzero(self.saturated))
        return (
            f"{self.conditions.mark}{type(self).__name__}({shape} ADC codes, range {self.range}, "
            f"averages {self.averages}, saturated {saturated}, operation index {self.operation_index}, "
            f"origin {self.origin!r}, chip {self.conditions.chip!r}, {self.conditions.profile})"
        )

    def _coordinates(self) -> dict[str, NDArray[Any]]:
        return {"column": self.columns}

    def to_xarray(self) -> xr.Dataset:
        """Returns `adc_codes`, `adc_code_sums` and `saturated` as a labelled data set (extra `data`)."""
        import xarray as xr

        dimensions = self.DIMENSIONS
        conditions = self.conditions
        return xr.Dataset(
            {
                "adc_codes": (dimensions, self.adc_codes, {"units": "ADC codes"}),
                "adc_code_sums": (dimensions, self.adc_code_sums, {"units": "ADC codes"}),
                "saturated": (dimensions, self.saturated),
            },
            coords=self._coordinates(),
            attrs={
                "origin": conditions.origin,
                "chip": conditions.chip,
                "profile": conditions.profile,
                "url": conditions.url,
                "range": self.range,
                "averages": self.averages,
                "read_v": self.read_v,
                "operation_index": conditions.operation_index,
                "board_seconds": conditions.board_seconds,
                "tables_hash": self.tables_hash,
            },
        )


@dataclass(frozen=True, eq=False, repr=False)
class MacResult(CodesResult):
    """Products `[n, columns]`."""


@dataclass(frozen=True, eq=False, repr=False)
class RawMacResult(MacResult):
    """One untouched code per bit plane, `[n, bits, columns]`, plane 0 the least significant."""

    DIMENSIONS: ClassVar[tuple[str, ...]] = ("vector", "bit", "column")


@dataclass(frozen=True, eq=False, repr=False)
class ReadResult(CodesResult):
    """One code a cell, `[rows, columns]`, one row on at a time."""

    DIMENSIONS: ClassVar[tuple[str, ...]] = ("row", "column")

    def _coordinates(self) -> dict[str, NDArray[Any]]:
        return {"row": self.rows, "column": self.columns}


@dataclass(frozen=True, slots=True)
class PulseResult(_Conditioned):
    """What a pulse operation gave; voltages and width as driven, after rounding to codes.

    Attributes:
        rows_done: rows pulsed.
        pulses_given: cell pulses (cells x pulses).
    """

    rows_done: int
    pulses_given: int
    voltage_v: float
    gate_v: float
    width_s: float
    pulses: int
    conditions: Conditions

    def __repr__(self) -> str:
        return (
            f"{self.conditions.mark}{type(self).__name__}({self.rows_done} rows, "
            f"{self.pulses_given} cell pulses, "
            f"{self.voltage_v:.4f} V, gate {self.gate_v:.4f} V, {self.width_s:.4g} s x {self.pulses}, "
            f"origin {self.origin!r}, chip {self.conditions.chip!r})"
        )


@dataclass(frozen=True, slots=True, repr=False)
class FormResult(PulseResult):
    """What forming gave."""


@dataclass(frozen=True, slots=True, repr=False)
class SetResult(PulseResult):
    """What SET gave."""


@dataclass(frozen=True, slots=True, repr=False)
class ResetResult(PulseResult):
    """What RESET gave."""

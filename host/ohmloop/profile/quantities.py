# SPDX-License-Identifier: BSD-3-Clause
"""Profile entries: a value or a table of quantiles with its unit and its source."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, FiniteFloat, ValidationInfo

SOURCE_KINDS = ("measured", "published", "simulation parameter", "data sheet", "assumed", "chosen")


def _known_source(text: str) -> str:
    if not text.startswith(SOURCE_KINDS):
        raise ValueError(f"source {text!r} must begin with one of: {', '.join(SOURCE_KINDS)}")
    return text


Source = Annotated[str, AfterValidator(_known_source)]


class Entry(BaseModel):
    """Base of everything in a profile: frozen, and no field that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Quantity(Entry):
    """One number, in the unit that the field asks for."""

    value: FiniteFloat
    unit: str
    source: Source


class Quantiles(Entry):
    """A measured distribution: points (cumulative fraction, value), linear between them."""

    MIN_POINTS: ClassVar[int] = 2

    unit: str
    source: Source
    points: tuple[tuple[FiniteFloat, FiniteFloat], ...]

    def at(self, fraction: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Returns the values at cumulative fractions, 0 to 1."""
        table = np.asarray(self.points, dtype=np.float64)
        return np.asarray(np.interp(fraction, table[:, 0], table[:, 1]), dtype=np.float64)

    def sampled(self, entries: int) -> NDArray[np.float64]:
        """Returns the values at (i + 0.5) / entries, `[entries]`."""
        return self.at((np.arange(entries) + 0.5) / entries)


class Curve(Entry):
    """A function given by points (place, value), linear between them."""

    unit: str
    source: Source
    points: tuple[tuple[FiniteFloat, FiniteFloat], ...]

    def at(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Returns the values at places, same shape."""
        table = np.asarray(self.points, dtype=np.float64)
        return np.asarray(np.interp(place, table[:, 0], table[:, 1]), dtype=np.float64)


def _in_unit(unit: str, low: float, high: float) -> AfterValidator:
    def check(quantity: Quantity, info: ValidationInfo) -> Quantity:
        if quantity.unit != unit:
            raise ValueError(f"unit {quantity.unit!r} where {info.field_name} is in {unit!r}")
        if not low <= quantity.value <= high:
            raise ValueError(f"{quantity.value:g} {unit} is outside {low:g} .. {high:g} {unit}")
        return quantity

    return AfterValidator(check)


def _quantiles_in(unit: str, low: float, high: float) -> AfterValidator:
    def check(quantiles: Quantiles, info: ValidationInfo) -> Quantiles:
        if quantiles.unit != unit:
            raise ValueError(f"unit {quantiles.unit!r} where {info.field_name} is in {unit!r}")
        if len(quantiles.points) < Quantiles.MIN_POINTS:
            raise ValueError(f"{len(quantiles.points)} points, at least {Quantiles.MIN_POINTS} are needed")
        fractions, values = np.asarray(quantiles.points, dtype=np.float64).T
        if fractions[0] != 0 or fractions[-1] != 1 or np.any(np.diff(fractions) <= 0):
            raise ValueError("fractions must rise strictly from 0 to 1")
        if np.any(np.diff(values) < 0):
            raise ValueError(f"values must not fall, in {unit}")
        if values[0] < low or values[-1] > high:
            raise ValueError(f"{values[0]:g} .. {values[-1]:g} {unit} is outside {low:g} .. {high:g} {unit}")
        return quantiles

    return AfterValidator(check)


def _bends(curve: Curve) -> Curve:
    places = np.asarray(curve.points, dtype=np.float64).T[0]
    if curve.unit != "codes" or len(curve.points) < Quantiles.MIN_POINTS:
        raise ValueError(f"at least {Quantiles.MIN_POINTS} points in 'codes' are needed")
    if places[0] != -1 or places[-1] != 1 or np.any(np.diff(places) <= 0):
        raise ValueError("fractions must rise strictly from -1 to 1")
    return curve


InlCurve = Annotated[Curve, AfterValidator(_bends)]
Volts = Annotated[Quantity, _in_unit("V", 0, 20)]
Seconds = Annotated[Quantity, _in_unit("s", 0, 10)]
Microsiemens = Annotated[Quantity, _in_unit("uS", 0, 1e5)]
Ratio = Annotated[Quantity, _in_unit("1", 0, 64)]
PerVolt = Annotated[Quantity, _in_unit("1/V", 0, 100)]
PerDecade = Annotated[Quantity, _in_unit("1/decade", 0, 10)]
VoltsPerDecade = Annotated[Quantity, _in_unit("V/decade", 0, 5)]
Ohms = Annotated[Quantity, _in_unit("ohm", 0, 1e6)]
Codes = Annotated[Quantity, _in_unit("codes", 0, 2**23)]
VoltQuantiles = Annotated[Quantiles, _quantiles_in("V", 0, 20)]
MicrosiemensQuantiles = Annotated[Quantiles, _quantiles_in("uS", 0, 1e5)]
MicrosiemensPerVolt = Annotated[Quantity, _in_unit("uS/V", 0, 1e5)]
PerVoltSquared = Annotated[Quantity, _in_unit("1/V^2", 0, 100)]
ElectronVolts = Annotated[Quantity, _in_unit("eV", 0, 10)]
Celsius = Annotated[Quantity, _in_unit("degC", -200, 500)]
Pulses = Annotated[Quantity, _in_unit("pulses", 1, 2**32)]

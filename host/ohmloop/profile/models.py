# SPDX-License-Identifier: BSD-3-Clause
"""What a chip profile and a board profile hold, validated."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from ohmloop._map import G_BITS, MAX_LINES, RANGES
from ohmloop.profile.physics import Programming
from ohmloop.profile.quantities import (
    Codes,
    Entry,
    InlCurve,
    Microsiemens,
    MicrosiemensQuantiles,
    Ohms,
    PerDecade,
    PerVolt,
    Ratio,
    Seconds,
    Source,
    VoltQuantiles,
    Volts,
    VoltsPerDecade,
)

MAX_MACROS = 16
"""Most macros of one board."""
Lines = Annotated[int, Field(ge=1, le=MAX_LINES)]


class Geometry(Entry):
    """Lines of one macro: rows are driven, columns are sensed."""

    rows: Lines
    columns: Lines
    source: Source


class Forming(Entry):
    """How a pristine cell breaks, and the pulse that `prepare` gives.

    `unbroken_fraction` is what one pulse of `width` leaves pristine at `forming_voltage_for` that fraction.
    """

    unbroken_fraction: Ratio
    gate: Volts
    width: Seconds
    fall: VoltsPerDecade


class Gate(Entry):
    """Formed conductance against the gate: proportional to gate - threshold, one at `nominal`."""

    threshold: Volts
    nominal: Volts

    @model_validator(mode="after")
    def _opens(self) -> Gate:
        if self.nominal.value <= self.threshold.value:
            raise ValueError(
                f"nominal gate {self.nominal.value:g} V is not above the threshold {self.threshold.value:g} V"
            )
        return self


class Reset(Entry):
    """How a RESET pulse lowers a formed cell: the fraction of (g - floor) that it removes."""

    onset: Volts
    removed_per_volt: PerVolt
    removed_per_decade: PerDecade
    spread: Ratio


class Cells(Entry):
    """Statistics of the cells."""

    g_lsb: Microsiemens
    formed_floor: Microsiemens
    pristine: MicrosiemensQuantiles
    breakdown: VoltQuantiles
    formed: MicrosiemensQuantiles
    forming: Forming
    gate: Gate
    reset: Reset
    read_noise: Ratio

    @model_validator(mode="after")
    def _fits_the_codes(self) -> Cells:
        lsb = self.g_lsb.value
        if lsb <= 0:
            raise ValueError(f"g_lsb {lsb:g} uS is not above 0 uS")
        full_us = ((1 << G_BITS) - 1) * lsb
        floor_us, formed_us = self.formed_floor.value, self.formed.points[-1][1]
        if not lsb <= floor_us <= full_us:
            raise ValueError(f"formed_floor {floor_us:g} uS is outside {lsb:g} .. {full_us:g} uS")
        if self.pristine.points[-1][1] > floor_us - lsb:
            raise ValueError(f"pristine cells reach the formed floor of {floor_us:g} uS")
        if formed_us > full_us:
            raise ValueError(f"formed cells reach {formed_us:g} uS, the largest code is {full_us:g} uS")
        return self


class Limits(Entry):
    """What the chip survives; the board is locked to these at open."""

    form: Volts
    set: Volts
    reset: Volts
    read: Volts
    gate: Volts
    width: Seconds


class Dac(Entry):
    """The converter of every driven voltage: straight binary, volts = code * full_scale / 2^16."""

    full_scale: Volts


class Reference(Entry):
    """The reference input: one level is this much conductance at the nominal read voltage."""

    unit: Microsiemens
    uncertainty: Ratio


class Channels(Entry):
    """Errors of the sense channels, drawn per column; off by default.

    `inl` is the bend that all share: codes by fraction of the converter's full scale, -1 to 1.
    `scale_uncertainty` is how well the front end's nominal gains are known where there is no reference.
    """

    enabled: bool
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    gain_spread: Ratio
    offset_spread: Codes
    inl: InlCurve | None = None
    scale_uncertainty: Ratio | None = None


class LineResistance(Entry):
    """Resistance of a line from one cell to the next."""

    row: Ohms
    column: Ohms


class AdcEntry(Entry):
    """The converter of every sensed current; a transparent one is as wide as any sum."""

    kind: Literal["14-bit", "transparent"]
    noise: Codes
    source: Source


class FrontEnd(Entry):
    """From codes to volts on the rows, and from column currents to codes.

    Ranges are full scales as the sum of cell conductances at the nominal read voltage, coarsest first; with
    a transparent converter one code is one g code in every range.
    """

    read: Volts
    dac: Dac
    adc: AdcEntry
    ranges: Annotated[tuple[Microsiemens, ...], Field(min_length=RANGES, max_length=RANGES)]
    channels: Channels
    reference: Annotated[Reference | None, BeforeValidator(lambda given: None if given == "none" else given)]

    @model_validator(mode="after")
    def _scale_is_known(self) -> FrontEnd:
        if self.reference is None and self.channels.scale_uncertainty is None:
            raise ValueError("reference: none needs channels.scale_uncertainty")
        return self

    @model_validator(mode="after")
    def _ranges_fall(self) -> FrontEnd:
        values = [scale.value for scale in self.ranges]
        if any(b > a for a, b in pairwise(values)) or values[-1] <= 0:
            raise ValueError(f"ranges must fall and be above 0 uS, they are {values} uS")
        return self


class ChipProfile(Entry):
    """One kind of chip and the front end that its statistics were measured with.

    `board` names the profile of the board that carries it, where that is not the default one.
    """

    format: Literal["ohmloop-chip-1"]
    name: str
    title: str
    cite: tuple[str, ...] = ()
    board: str | None = None
    geometry: Geometry
    cells: Cells
    limits: Limits
    front_end: FrontEnd
    lines: LineResistance | None = None
    programming: Programming | None = None

    @model_validator(mode="after")
    def _drivable(self) -> ChipProfile:
        full_scale_v = self.front_end.dac.full_scale.value
        for name, limit in self.limits:
            if name != "width" and limit.value > full_scale_v:
                raise ValueError(
                    f"limit {name} {limit.value:g} V is above the converter's full scale {full_scale_v:g} V"
                )
        if not 0 < self.front_end.read.value <= self.limits.read.value:
            raise ValueError(
                f"front_end.read {self.front_end.read.value:g} V is outside 0 .. {self.limits.read.value:g} V"
            )
        return self


class Timing(Entry):
    """The front end's clock: what a product costs on a board with real converters."""

    conversion: Seconds
    adcs: Annotated[int, Field(ge=1, le=MAX_LINES)]
    settle: Seconds
    source: Source


class Arrays(Entry):
    """How many macros of the chip's geometry a board carries."""

    count: Annotated[int, Field(ge=1, le=MAX_MACROS)]
    source: Source


class BoardProfile(Entry):
    """One kind of board; one macro where `macros` is missing."""

    format: Literal["ohmloop-board-1"]
    name: str
    title: str
    macros: Arrays | None = None
    timing: Timing
    watchdog: Seconds
    operation: Seconds

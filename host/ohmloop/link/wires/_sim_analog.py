# SPDX-License-Identifier: BSD-3-Clause
"""The analog half of `sim://?front=afe`: a profile's chip and front end as numbers of fpga/sim/analog.h."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import CLK_HZ, TABLE_ENTRIES

if TYPE_CHECKING:
    from ohmloop.profile.profile import Profile

MUX_OHM: Final = 125.0  # CD4051B, on-resistance at 15 V; data sheet, from memory
LINE_OHM: Final = 2.0  # from cell to cell, where the profile has no lines; assumed
REFERENCE_V: Final = 1.2  # of the converters, so that an amplifier reaches past their ends
SWING_V: Final = 1.24  # OPA4322 about COMMON, 1.25 V above its negative supply
TIME_CONSTANT_S: Final = 5e-7  # lines and amplifiers; assumed
DAC_CODES: Final = 1 << 16
ENTRY_MASK: Final = TABLE_ENTRIES - 1
_NEVER_V: Final = 1e9
_MICRO: Final = 1e-6


@dataclass(frozen=True, slots=True)
class AnalogHalf:
    """What the array model behind the pins is given.

    Attributes:
        numbers: in the order of `AnalogNumbers`.
        breakdown_v: voltage at which each cell breaks, `[rows, columns]` volts.
        formed: g code to which each cell breaks at the nominal gate, `[rows, columns]`.
    """

    numbers: NDArray[np.float64]
    breakdown_v: NDArray[np.float64]
    formed: NDArray[np.float64]


def analog_half(
    profile: Profile | None, seed: int, shape: tuple[int, int], *, mux_ohm: float, line_ohm: float | None
) -> AnalogHalf:
    """Returns the analog half of a board `[rows, columns]`.

    Amplifiers are those that make the profile's ranges; cells break as those of the emulated chip
    of this seed do, one by one. Without a profile cells of 25 nS a code neither break nor move.

    Args:
        profile: chip and front end.
        seed: of the chip.
        shape: `(rows, columns)`.
        mux_ohm: on-resistance of a multiplexer, ohm.
        line_ohm: from cell to cell, ohm; None takes the profile's lines, else `LINE_OHM`.
    """
    if profile is None:
        scale = [REFERENCE_V / (0.2 * full * _MICRO) for full in (13107.2, 1638.4, 204.8, 25.6)]
        rest = [1.0, 5.0 / DAC_CODES, TIME_CONSTANT_S * CLK_HZ, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, _NEVER_V]
        ohm = LINE_OHM if line_ohm is None else line_ohm
        known = [25e-9, mux_ohm, ohm, ohm, REFERENCE_V, SWING_V, *scale, *rest, *[0.0] * 7]
        return AnalogHalf(np.array(known), np.full(shape, _NEVER_V), np.zeros(shape))
    breakdown_v, formed = _cells(profile, seed, shape)
    numbers = _front_end(profile, mux_ohm, line_ohm) + _physics(profile)
    return AnalogHalf(np.array(numbers, dtype=np.float64), breakdown_v, formed)


def _front_end(profile: Profile, mux_ohm: float, line_ohm: float | None) -> list[float]:
    chip, front = profile.chip, profile.chip.front_end
    volt = front.dac.full_scale.value / DAC_CODES
    row = column = LINE_OHM if line_ohm is None else line_ohm
    if chip.lines is not None and line_ohm is None:
        row, column = chip.lines.row.value, chip.lines.column.value
    feedback = [REFERENCE_V / (full.value * _MICRO * profile.read_v) for full in front.ranges]
    unit_us = 1.0 if front.reference is None else front.reference.unit.value
    reference_ohm = volt / (unit_us * _MICRO * profile.read_v)
    noises = [front.adc.noise.value, chip.cells.read_noise.value]
    known = [
        profile.g_lsb_siemens,
        mux_ohm,
        row,
        column,
        REFERENCE_V,
        SWING_V,
        *feedback,
        reference_ohm,
        volt,
    ]
    return [*known, TIME_CONSTANT_S * CLK_HZ, *noises]


def _physics(profile: Profile) -> list[float]:
    cells, programming = profile.chip.cells, profile.chip.programming
    forming, reset = cells.forming, cells.reset
    found = [float(profile.formed_floor), cells.gate.threshold.value, cells.gate.nominal.value]
    found += [forming.width.value * CLK_HZ, forming.fall.value]
    found += [reset.onset.value, reset.removed_per_volt.value, reset.removed_per_decade.value]
    if programming is None:
        return [*found, _NEVER_V, 0.0, 0.0, 0.0, 0.0]
    one = programming.set
    level = one.level_per_volt.value / cells.g_lsb.value
    return [
        *found,
        one.onset.value,
        one.step_per_volt.value,
        one.step_per_decade.value,
        one.gate_onset.value,
        level,
    ]


def _cells(
    profile: Profile, seed: int, shape: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns breakdown volts and formed g codes as the emulated chip of this seed draws them."""
    from ohmloop.profile import tables
    from ohmloop.profile.hashes import CellDraw, cell_hash, row_key

    keys = row_key(seed, 0, np.arange(shape[0]))[:, None]
    places = np.arange(shape[1])[None, :]
    volt = profile.chip.front_end.dac.full_scale.value / DAC_CODES
    broken = cell_hash(keys, CellDraw.BREAKDOWN, places) & np.uint32(ENTRY_MASK)
    formed = cell_hash(keys, CellDraw.FORMED, places) & np.uint32(ENTRY_MASK)
    levels = profile.chip.cells.formed.sampled(TABLE_ENTRIES) / profile.chip.cells.g_lsb.value
    breakdown = tables.breakdown_table(profile.chip) * volt
    return (
        np.ascontiguousarray(breakdown[broken], np.float64),
        np.ascontiguousarray(levels[formed], np.float64),
    )

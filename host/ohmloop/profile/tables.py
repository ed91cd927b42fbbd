# SPDX-License-Identifier: BSD-3-Clause
"""A chip profile to the integers that the emulator is loaded with (docs/emulator.md)."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import (
    ADC_BITS,
    GATE_ENTRIES,
    INL_ENTRIES,
    MAX_LINES,
    RANGES,
    TABLE_ENTRIES,
    WRITE_MASKS,
    Register,
    Table,
)
from ohmloop.profile.hashes import CellDraw, cell_hash, row_key
from ohmloop.profile.models import ChipProfile

I32 = NDArray[np.int32]

ONE_Q6: Final = 1 << 6
ONE_Q12: Final = 1 << 12
ONE_Q14: Final = 1 << 14
ONE_Q15: Final = 1 << 15
DAC_CODES: Final = 1 << 16
CODE_BITS: Final = 24
"""Width of the code path, wide enough for the transparent converter."""
UNIT_SHIFT: Final = 22
"""Range shift at which GAIN = 2^16 makes one code of one g code."""
UNIT_GAIN: Final = 1 << 16


@lru_cache(maxsize=1)
def gauss_table() -> tuple[int, ...]:
    """Returns the half-normal quantiles at (i + 0.5) / 1024 with mean square one, Q12."""
    normal = NormalDist()
    values = [normal.inv_cdf(0.5 + (i + 0.5) / (2 * TABLE_ENTRIES)) for i in range(TABLE_ENTRIES)]
    size = math.sqrt(sum(value * value for value in values) / TABLE_ENTRIES)
    return tuple(round(value / size * ONE_Q12) for value in values)


def log2_q8(cycles: int) -> int:
    """Returns the emulator's `L` of an elapsed time in clk cycles: about log2, Q8."""
    exponent = cycles.bit_length() - 1
    return (exponent << 8) | ((cycles << 8) >> exponent) & 0xFF


def dac_code(chip: ChipProfile, volts: float) -> int:
    """Returns the nearest converter code of a voltage, at most the largest."""
    return min(round(volts / chip.front_end.dac.full_scale.value * DAC_CODES), DAC_CODES - 1)


def g_codes_rounded(chip: ChipProfile, microsiemens: NDArray[np.float64] | float) -> I32:
    """Returns the nearest conductance codes."""
    return np.rint(np.asarray(microsiemens) / chip.cells.g_lsb.value).astype(np.int32)


def breakdown_table(chip: ChipProfile) -> I32:
    """Returns breakdown voltage quantiles as DAC codes, `[1024]`."""
    volts = chip.cells.breakdown.sampled(TABLE_ENTRIES)
    codes = np.rint(volts / chip.front_end.dac.full_scale.value * DAC_CODES)
    return codes.astype(np.int32)


def pristine_table(chip: ChipProfile) -> I32:
    """Returns pristine conductance quantiles as g codes, `[1024]`."""
    return g_codes_rounded(chip, chip.cells.pristine.sampled(TABLE_ENTRIES))


def codes_per_g_code(chip: ChipProfile) -> tuple[float, ...]:
    """Returns the nominal ADC codes of one g code, one number a range."""
    if chip.front_end.adc.kind == "transparent":
        return (1.0,) * RANGES
    top = 1 << (ADC_BITS - 1)
    return tuple(top * chip.cells.g_lsb.value / scale.value for scale in chip.front_end.ranges)


def adc_limits(chip: ChipProfile) -> tuple[int, int]:
    """Returns the lowest and the highest ADC code."""
    top = 1 << ((CODE_BITS if chip.front_end.adc.kind == "transparent" else ADC_BITS) - 1)
    return -top, top - 1


def gain_and_shift(scale: float) -> tuple[float, int]:
    """Returns GAIN in 2^16 .. 2^17 and the shift with which a g code becomes `scale` ADC codes."""
    exponent = math.floor(math.log2(scale))
    return scale * 2.0**-exponent * UNIT_GAIN, UNIT_SHIFT - exponent


def _channel_draw(chip: ChipProfile, macro: int, row: int) -> NDArray[np.float64]:
    """Returns one standard-normal number per column, from the channel seed, `[512]`."""
    key = row_key(chip.front_end.channels.seed, macro, row)
    field = cell_hash(key, CellDraw.BREAKDOWN, np.arange(MAX_LINES)) & np.uint32(0x7FF)
    size = np.asarray(gauss_table(), dtype=np.float64)[field & np.uint32(0x3FF)] / ONE_Q12
    return np.asarray(np.where(field >> np.uint32(10), -size, size))


def _channels(chip: ChipProfile) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns gain factors and offsets in codes of the 512 sense channels."""
    channels = chip.front_end.channels
    if not channels.enabled:
        return np.ones(MAX_LINES), np.zeros(MAX_LINES)
    gains = 1.0 + channels.gain_spread.value * _channel_draw(chip, 0, 0)
    return gains, channels.offset_spread.value * _channel_draw(chip, 0, 1)


def _inl_table(chip: ChipProfile) -> I32:
    """Returns the bend of every 256 codes, codes; the curve at the middle of each."""
    channels = chip.front_end.channels
    if not channels.enabled or channels.inl is None:
        return np.zeros(INL_ENTRIES, np.int32)
    middles = (np.arange(INL_ENTRIES) + 0.5) * 2 / INL_ENTRIES - 1
    return np.asarray(np.rint(channels.inl.at(middles)), dtype=np.int32)


def _gate_table(chip: ChipProfile) -> I32:
    """Returns the conductance factor of every gate code / 256, exactly one at the nominal gate, Q14."""
    gate = chip.cells.gate
    step_v = chip.front_end.dac.full_scale.value / GATE_ENTRIES
    volts = np.arange(GATE_ENTRIES) * step_v
    nominal_v = (dac_code(chip, gate.nominal.value) >> 8) * step_v
    factor = (volts - gate.threshold.value) / (nominal_v - gate.threshold.value)
    return np.asarray(np.rint(np.clip(factor, 0, 7) * ONE_Q14), dtype=np.int32)


def _gain_table(chip: ChipProfile) -> I32:
    gains, _ = _channels(chip)
    nominal = [gain_and_shift(scale)[0] for scale in codes_per_g_code(chip)]
    return np.asarray(np.rint(np.outer(nominal, gains)), dtype=np.int32).ravel()


def emulator_tables(chip: ChipProfile) -> dict[Table, I32]:
    """Returns every table of the emulator, corrections being identity."""
    noisy = chip.cells.read_noise.value > 0 or chip.front_end.adc.noise.value > 0
    spread = chip.cells.reset.spread.value > 0 or chip.programming is not None
    gauss = (
        np.asarray(gauss_table(), dtype=np.int32) if noisy or spread else np.zeros(TABLE_ENTRIES, np.int32)
    )
    formed_us = chip.cells.formed.sampled(TABLE_ENTRIES)
    return {
        Table.GAUSS: gauss,
        Table.BREAKDOWN: breakdown_table(chip),
        Table.FORMED: np.rint(formed_us / chip.cells.g_lsb.value * ONE_Q6).astype(np.int32),
        Table.GATE: _gate_table(chip),
        Table.U: np.zeros(MAX_LINES, np.int32),
        Table.V: np.zeros(MAX_LINES, np.int32),
        Table.GAIN: _gain_table(chip),
        Table.OFFSET: np.rint(_channels(chip)[1]).astype(np.int32),
        Table.INL: _inl_table(chip),
        Table.DARK: np.zeros(RANGES * MAX_LINES, np.int32),
        Table.CORRECTION: np.zeros(RANGES * MAX_LINES, np.int32),
    }


def emulator_registers(
    chip: ChipProfile, chip_seed: int, noise_seed: int, clk_hz: int
) -> dict[Register, int]:
    """Returns every EMU register as the word that REG_WRITE takes."""
    cells, front = chip.cells, chip.front_end
    volts_per_code = front.dac.full_scale.value / DAC_CODES
    shifts = [gain_and_shift(scale)[1] for scale in codes_per_g_code(chip)]
    adc_min, adc_max = adc_limits(chip)
    doubling = math.log10(2)
    reference_us = 0.0 if front.reference is None else front.reference.unit.value
    values = {
        Register.EMU_CHIP_SEED: chip_seed,
        Register.EMU_NOISE_SEED: noise_seed,
        Register.EMU_READ_NOISE: round(cells.read_noise.value * (1 << 16)),
        Register.EMU_ADC_NOISE: round(front.adc.noise.value * (1 << 8)),
        Register.EMU_ADC_MIN: adc_min,
        Register.EMU_ADC_MAX: adc_max,
        Register.EMU_RANGE_SHIFT: sum(shift << (8 * i) for i, shift in enumerate(shifts)),
        Register.EMU_READ_GAIN: round((1 << 31) / dac_code(chip, front.read.value)),
        Register.EMU_REFERENCE_UNIT: round(reference_us / cells.g_lsb.value * ONE_Q6),
        Register.EMU_FORMED_FLOOR: int(g_codes_rounded(chip, cells.formed_floor.value)),
        Register.EMU_STRESS_ORIGIN: log2_q8(round(cells.forming.width.value * clk_hz)),
        Register.EMU_STRESS_SLOPE: round(cells.forming.fall.value * doubling / volts_per_code),
        Register.EMU_RESET_ONSET: dac_code(chip, cells.reset.onset.value),
        Register.EMU_RESET_SLOPE_V: round(cells.reset.removed_per_volt.value * volts_per_code * (1 << 24)),
        Register.EMU_RESET_SLOPE_W: round(cells.reset.removed_per_decade.value * doubling * (1 << 16)),
        Register.EMU_RESET_SPREAD: round(cells.reset.spread.value * ONE_Q12),
        Register.EMU_FLAGS: 0,
    }
    return {register: value & WRITE_MASKS[register] for register, value in values.items()}

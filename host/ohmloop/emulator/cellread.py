# SPDX-License-Identifier: BSD-3-Clause
"""One row of cells to codes, compiled: a cell read, and what SWEEP bends (docs/emulator.md)."""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Register, Table
from ohmloop.emulator.compiling import Number, compiled
from ohmloop.emulator.noise import absorb_index, mix32, second_key, seeded
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.steps import clamp, set_level
from ohmloop.emulator.tables import Tables

_ONE_Q15: Final = 1 << 15
_LARGEST_DRIVE: Final = 65535
_BANK: Final = 512
_NO_CAP: Final = 1 << 40
_CODE_TOP: Final = (1 << 23) - 1
_ACC_TOP: Final = (1 << 31) - 1
_SWEEP_BITS: Final = 4
"""Bits by which SWEEP's drive is coarser."""


class Bias(NamedTuple):
    """How a row is driven: gain of the drive, bits that the range is coarser, largest signal, polarity."""

    drive: int
    coarser: int = 0
    cap: int = _NO_CAP
    polarity: int = 0


def read_bias(registers: Registers, code: int, polarity: int = 0) -> Bias:
    """Returns the bias of a read at a DAC code."""
    gain = registers[Register.EMU_READ_GAIN]
    return Bias(min(_LARGEST_DRIVE, (code * gain + 32768) >> 16), polarity=polarity)


def sweep_bias(registers: Registers, code: int, gate: int, polarity: int) -> Bias:
    """Returns the bias of a point of SWEEP."""
    beta, compliance = registers.halves(Register.EMU_SWEEP)
    onset, slope = registers.halves(Register.EMU_SET_LEVEL)
    drive = min((code * registers[Register.EMU_READ_GAIN] + (1 << 19)) >> 20, _LARGEST_DRIVE)
    bent = min((drive * (65536 + (((code * code) >> 16) * beta >> 8))) >> 16, _LARGEST_DRIVE)
    cap = _NO_CAP
    if compliance and bent:
        cap = int(set_level(gate, onset, slope)) * compliance // bent
    return Bias(bent, _SWEEP_BITS, cap, polarity)


@compiled(
    "void(i8[::1], i8[::1], u8, u4, i8, i8, i8, i8, i8, i8, i8, i8, i8, i8[::1], i8[::1], i8[::1], i8[::1],"
    " i8[::1], i8[::1], i8[::1], b1[::1])"
)
def _read_row(
    g: NDArray[np.int64],
    columns: NDArray[np.int64],
    index: Number,
    noise_seed: Number,
    repeats: Number,
    polarity: Number,
    cap: Number,
    read_noise: Number,
    adc_noise: Number,
    shift: Number,
    lowest: Number,
    highest: Number,
    noisy: Number,
    position: NDArray[np.int64],
    scale: NDArray[np.int64],
    offset: NDArray[np.int64],
    dark: NDArray[np.int64],
    gauss: NDArray[np.int64],
    inl: NDArray[np.int64],
    acc: NDArray[np.int64],
    saturated: NDArray[np.bool_],
) -> None:
    """Adds the codes of `repeats` conversions of every cell to `acc`."""
    seed_key = seeded(np.uint32(noise_seed))
    half = (1 << (shift - 1)) if shift > 0 else 0
    for repeat in range(repeats):
        key = absorb_index(seed_key, index + np.uint64(repeat))
        second = second_key(key)
        for i in range(g.size):
            z = z2 = 0
            if noisy:
                drawn = mix32(key ^ np.uint32(columns[i])) ^ second
                z = gauss[np.uintp(drawn & np.uint32(2047))]
                z2 = gauss[np.uintp((drawn >> np.uint32(16)) & np.uint32(2047))]
            driven = -g[i] if polarity else g[i]
            signal = (driven * position[i] + 256) >> 9
            signal += (((read_noise * (g[i] << 6)) >> 16) * z + 2048) >> 12
            signal = clamp(signal, -cap, cap)
            code = clamp((signal * scale[i] + half) >> shift, -_CODE_TOP - 1, _CODE_TOP)
            bend = inl[(clamp(code, -8192, 8191) + 8192) >> 8]
            wanted = code + bend + offset[i] + ((adc_noise * z2 + (1 << 19)) >> 20)
            kept = clamp(wanted, lowest, highest)
            saturated[i] |= kept != wanted
            acc[i] += kept - dark[i]


class CellReader:
    """Cell reads of one macro."""

    def __init__(self, registers: Registers, tables: Tables) -> None:
        self._registers = registers
        self._tables = tables
        self._gauss_version = -1
        self._gauss = np.zeros(0, np.int64)

    @property
    def gauss(self) -> NDArray[np.int64]:
        """Normal numbers by hash field, Q12, `[2048]`."""
        if self._gauss_version != self._tables.version:
            self._gauss_version = self._tables.version
            self._gauss = self._tables.normal_numbers()
        return self._gauss

    def read(
        self,
        g: NDArray[np.int64],
        columns: NDArray[np.int64],
        bias: Bias,
        range_: int,
        index: int,
        repeats: int,
        wander: NDArray[np.int64],
        *,
        corrected: bool = True,
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Reads one row of cells.

        Args:
            g: effective g codes `[columns]`.
            columns: column numbers.
            bias: how the row is driven.
            range_: current range.
            index: operation index of the first repetition.
            repeats: conversions that are summed.
            wander: w of every column, Q16.
            corrected: DARK and CORRECTION are applied.

        Returns:
            Sums int64 `[columns]`, and which are saturated.
        """
        registers, tables = self._registers, self._tables
        banked = range_ * _BANK + columns
        shift = registers[Register.EMU_RANGE_SHIFT] >> (8 * range_) & 0x3F
        dark = tables[Table.DARK][banked] if corrected else np.zeros(columns.size, np.int64)
        acc, saturated = np.zeros(columns.size, np.int64), np.zeros(columns.size, np.bool_)
        scale = (tables[Table.GAIN][banked] * bias.drive + 16384) >> 15
        read_noise, adc_noise = registers[Register.EMU_READ_NOISE], registers[Register.EMU_ADC_NOISE]
        _read_row(
            g, columns, index, registers[Register.EMU_NOISE_SEED], repeats, bias.polarity, bias.cap,
            read_noise, adc_noise, max(shift - bias.coarser, 0),
            registers.signed(Register.EMU_ADC_MIN, 24), registers.signed(Register.EMU_ADC_MAX, 24),
            int(bool(read_noise or adc_noise)), _ONE_Q15 + tables[Table.V][columns],
            scale + ((scale * wander) >> 16), tables[Table.OFFSET][columns], dark,
            self.gauss, tables[Table.INL], acc, saturated,
        )  # fmt: skip
        kept = np.clip(acc, -_ACC_TOP - 1, _ACC_TOP)
        saturated |= kept != acc
        if corrected:
            kept = (kept * (_ONE_Q15 + tables[Table.CORRECTION][banked]) + 16384) >> 15
        return kept, saturated

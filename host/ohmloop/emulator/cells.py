# SPDX-License-Identifier: BSD-3-Clause
"""Pulses to conductance codes, compiled: forming and RESET (docs/emulator.md, "Cells")."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Pulse, Register, Table
from ohmloop.emulator.compiling import Number, compiled
from ohmloop.emulator.noise import absorb_index, mix32, seeded
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.tables import Tables
from ohmloop.link.messages import PulseRequest

_LONGEST: Final = 0xFFFFFFFF
_FULL: Final = 65535
_KIND_SHIFT: Final = 9


@dataclass(frozen=True, slots=True)
class Train:
    """A train of pulses and the constants of the cells it meets.

    Attributes:
        kind: FORM or RESET.
        voltage, gate: DAC codes.
        width: clk cycles.
        index: operation index of the first pulse.
        constants: `[9]` chip seed, floor, stress origin and slope, RESET's onset, slopes and spread.
        breakdown, formed, gates, gauss: tables.
    """

    kind: Pulse
    voltage: int
    gate: int
    width: int
    index: int
    chip_seed: int
    constants: NDArray[np.int64]
    breakdown: NDArray[np.int64]
    formed: NDArray[np.int64]
    gates: NDArray[np.int64]
    gauss: NDArray[np.int64]

    @classmethod
    def of(cls, request: PulseRequest, registers: Registers, tables: Tables) -> "Train":
        """Returns the train that a request asks for."""
        constants = [registers[register] for register in _CONSTANTS]
        return cls(
            kind=request.kind,
            voltage=request.voltage_code,
            gate=request.gate_code,
            width=request.width_cycles,
            index=request.operation_index,
            chip_seed=registers[Register.EMU_CHIP_SEED],
            constants=np.array(constants, np.int64),
            breakdown=tables[Table.BREAKDOWN],
            formed=tables[Table.FORMED],
            gates=tables[Table.GATE],
            gauss=tables.normal_numbers().astype(np.int64),
        )


_CONSTANTS: Final = (
    Register.EMU_FORMED_FLOOR,
    Register.EMU_STRESS_ORIGIN,
    Register.EMU_STRESS_SLOPE,
    Register.EMU_RESET_ONSET,
    Register.EMU_RESET_SLOPE_V,
    Register.EMU_RESET_SLOPE_W,
    Register.EMU_RESET_SPREAD,
)


@compiled("i8(i8, i8, i8)")
def _clamp(value: Number, low: Number, high: Number) -> Number:
    """Returns `value` within `low`..`high`."""
    return min(max(value, low), high)


@compiled("i8(i8, i8)")
def log2_q8(width: Number, pulses: Number) -> Number:
    """Returns L: log2 of `width * pulses` cycles, Q8, eight bits below the leading one kept."""
    elapsed = _clamp(width * pulses, 0, _LONGEST)
    position = 0
    while (elapsed >> (position + 1)) != 0:
        position += 1
    if position >= 8:
        return (position << 8) | ((elapsed >> (position - 8)) & 0xFF)
    return (position << 8) | ((elapsed << (8 - position)) & 0xFF)


@compiled("i8(i8, u4, i8, i8, i8, i8, i8[::1], i8[::1], i8[::1], i8[::1])")
def _form(
    g: Number,
    row_key: Number,
    column: Number,
    voltage: Number,
    gate: Number,
    log_elapsed: Number,
    constants: NDArray[np.int64],
    breakdown: NDArray[np.int64],
    formed: NDArray[np.int64],
    gates: NDArray[np.int64],
) -> Number:
    """Returns a cell's code after a forming pulse."""
    floor, origin, slope = constants[0], constants[1], constants[2]
    if g >= floor:
        return g
    place = mix32(row_key ^ np.uint32(column))
    threshold = breakdown[np.uintp(place & np.uint32(1023))] - (((log_elapsed - origin) * slope) >> 8)
    if voltage < threshold:
        return g
    quantile = mix32(row_key ^ np.uint32((1 << _KIND_SHIFT) | column))
    code = (formed[np.uintp(quantile & np.uint32(1023))] * gates[gate >> 8] + (1 << 19)) >> 20
    return _clamp(code, floor, 1023)


@compiled("i8(i8, u4, i8, i8, i8, i8[::1], i8[::1])")
def _reset(
    g: Number,
    pulse_key: Number,
    column: Number,
    voltage: Number,
    log_elapsed: Number,
    constants: NDArray[np.int64],
    gauss: NDArray[np.int64],
) -> Number:
    """Returns a cell's code after a RESET pulse."""
    floor, origin = constants[0], constants[1]
    over = voltage - constants[3]
    if g < floor or over <= 0:
        return g
    stress = log_elapsed - origin
    step = _clamp((over * constants[4] + stress * constants[5]) >> 8, 0, _FULL)
    place = mix32(pulse_key ^ np.uint32((2 << _KIND_SHIFT) | column))
    spread = (constants[6] * gauss[np.uintp(place & np.uint32(2047))]) >> 12
    step = _clamp((step * (4096 + spread)) >> 12, 0, _FULL)
    left: Number = g - (((g - floor) * step + 32768) >> 16)
    return left


@compiled(
    "void(u2[:,:], i8, i8[::1], i8[::1], i8[::1], b1, i8, i8, i8, u8, u4, i8[::1],"
    " i8[::1], i8[::1], i8[::1], i8[::1])"
)
def _pulse_rows(
    cells: NDArray[np.uint16],
    macro: Number,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    pulses_each: NDArray[np.int64],
    forming: bool,
    voltage: Number,
    gate: Number,
    width: Number,
    index: Number,
    chip_seed: Number,
    constants: NDArray[np.int64],
    breakdown: NDArray[np.int64],
    formed: NDArray[np.int64],
    gates: NDArray[np.int64],
    gauss: NDArray[np.int64],
) -> None:
    """Pulses rows in order, all columns at once, as `pulse_window` says."""
    seed_key = seeded(np.uint32(chip_seed))
    for i in range(rows.size):
        row_key = mix32(seed_key ^ np.uint32((macro << 9) | rows[i]))
        for n in range(pulses_each[i]):
            log_elapsed = log2_q8(width, n + 1)
            pulse_key = absorb_index(row_key, index + np.uint64(n))
            for column in columns:
                g: Number = np.int64(cells[rows[i], column])
                if forming:
                    g = _form(
                        g, row_key, column, voltage, gate, log_elapsed, constants, breakdown, formed, gates
                    )
                else:
                    g = _reset(g, pulse_key, column, voltage, log_elapsed, constants, gauss)
                cells[rows[i], column] = g


def pulse_window(
    cells: NDArray[np.uint16],
    macro: int,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    train: Train,
    pulses_each: NDArray[np.int64],
) -> None:
    """Pulses a window of cells in place.

    Args:
        cells: g codes of the whole macro, `[rows, columns]`.
        macro: its number.
        rows: lines of the window.
        columns: likewise.
        train: the pulses.
        pulses_each: how many of them each row gets, `[rows]`.
    """
    _pulse_rows(
        cells,
        macro,
        rows.astype(np.int64),
        columns.astype(np.int64),
        pulses_each,
        train.kind == Pulse.FORM,
        train.voltage,
        train.gate,
        train.width,
        train.index,
        train.chip_seed,
        train.constants,
        train.breakdown,
        train.formed,
        train.gates,
        train.gauss,
    )

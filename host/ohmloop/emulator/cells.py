# SPDX-License-Identifier: BSD-3-Clause
"""Pulses and time on windows of cells, compiled (docs/emulator.md, "Cells", "Programming physics")."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Register, Table
from ohmloop.emulator.compiling import Number, compiled
from ohmloop.emulator.noise import absorb_index, mix32, seeded
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.steps import HALF_SELECT, aged_code, clamp, constants_of, disturbed_code, pulsed_code
from ohmloop.emulator.tables import Tables

_LONGEST: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Matter:
    """What cells are made of: the registers and tables that pulses and time read.

    Attributes:
        constants: see `steps`.
        breakdown, formed, gates, gauss: tables.
    """

    chip_seed: int
    constants: NDArray[np.int64]
    breakdown: NDArray[np.int64]
    formed: NDArray[np.int64]
    gates: NDArray[np.int64]
    gauss: NDArray[np.int64]

    @classmethod
    def of(cls, registers: Registers, tables: Tables) -> "Matter":
        """Returns what the registers and tables hold now."""
        return cls(
            chip_seed=registers[Register.EMU_CHIP_SEED],
            constants=constants_of(registers),
            breakdown=tables[Table.BREAKDOWN],
            formed=tables[Table.FORMED],
            gates=tables[Table.GATE],
            gauss=tables.normal_numbers(),
        )


@dataclass(frozen=True, slots=True)
class Train:
    """A train of pulses: kind, DAC codes, clk cycles, operation index of the first."""

    kind: int
    voltage: int
    gate: int
    width: int
    index: int


@compiled("i8(i8, i8)")
def log2_q8(width: Number, pulses: Number) -> Number:
    """Returns L: log2 of `width * pulses` cycles, Q8, eight bits below the leading one kept."""
    elapsed = clamp(width * pulses, 0, _LONGEST)
    position = 0
    while (elapsed >> (position + 1)) != 0:
        position += 1
    if position >= 8:
        return (position << 8) | ((elapsed >> (position - 8)) & 0xFF)
    return (position << 8) | ((elapsed << (8 - position)) & 0xFF)


@compiled(
    "void(u2[:,:], i8, i8[::1], i8[::1], i8[::1], i8[::1], i8, i8, i8, i8, u8, u4, i8[::1],"
    " i8[::1], i8[::1], i8[::1], i8[::1])"
)
def _pulse_rows(
    cells: NDArray[np.uint16],
    macro: Number,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    others: NDArray[np.int64],
    pulses_each: NDArray[np.int64],
    kind: Number,
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
    """Pulses rows in order, all columns at once, as `pulse_window` says; `others` are half-selected."""
    seed_key = seeded(np.uint32(chip_seed))
    for i in range(rows.size):
        row_key = mix32(seed_key ^ np.uint32((macro << 9) | rows[i]))
        for n in range(pulses_each[i]):
            log_elapsed = log2_q8(width, n + 1)
            pulse_key = absorb_index(row_key, index + np.uint64(n))
            for column in columns:
                g: Number = np.int64(cells[rows[i], column])
                cells[rows[i], column] = pulsed_code(
                    g, kind, row_key, pulse_key, column, voltage, gate, log_elapsed,
                    constants, breakdown, formed, gates, gauss,
                )  # fmt: skip
            for column in others:
                g = np.int64(cells[rows[i], column])
                cells[rows[i], column] = disturbed_code(g, kind, row_key, pulse_key, column, constants)


@compiled("void(u2[:,:], i8, i8[::1], i8[::1], i8, i8, u8, u4, i8[::1], i8[::1])")
def _age_rows(
    cells: NDArray[np.uint16],
    macro: Number,
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    log_seconds: Number,
    reads: Number,
    index: Number,
    chip_seed: Number,
    constants: NDArray[np.int64],
    gauss: NDArray[np.int64],
) -> None:
    """Ages a window as `age_window` says."""
    seed_key = seeded(np.uint32(chip_seed))
    for row in rows:
        row_key = mix32(seed_key ^ np.uint32((macro << 9) | row))
        pulse_key = absorb_index(row_key, index)
        for column in columns:
            g = np.int64(cells[row, column])
            cells[row, column] = aged_code(
                g, row_key, pulse_key, column, log_seconds, reads, constants, gauss
            )


def pulse_window(
    cells: NDArray[np.uint16],
    macro: int,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    train: Train,
    pulses_each: NDArray[np.int64],
    matter: Matter,
) -> None:
    """Pulses a window of cells in place; with half-select, its rows' other cells too.

    Args:
        cells: g codes of the whole macro, `[rows, columns]`.
        macro: its number.
        rows: lines of the window.
        columns: likewise.
        train: the pulses.
        pulses_each: how many of them each row gets, `[rows]`.
        matter: what the cells are made of.
    """
    others = np.zeros(0, np.int64)
    if matter.constants[HALF_SELECT]:
        others = np.setdiff1d(np.arange(cells.shape[1], dtype=np.int64), columns)
    _pulse_rows(
        cells, macro, rows.astype(np.int64), columns.astype(np.int64), others, pulses_each,
        train.kind, train.voltage, train.gate, train.width, train.index,
        matter.chip_seed, matter.constants, matter.breakdown, matter.formed, matter.gates, matter.gauss,
    )  # fmt: skip


def age_window(
    cells: NDArray[np.uint16],
    macro: int,
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    log_seconds: int,
    reads: int,
    index: int,
    matter: Matter,
) -> None:
    """Lets time and reads act on a window of cells in place (ENV).

    Args:
        cells: as in `pulse_window`.
        macro: likewise.
        rows: likewise.
        columns: likewise.
        matter: likewise.
        log_seconds: log2 of the equivalent time in seconds, Q8.
        reads: reads of every cell in that time.
        index: operation index.
    """
    _age_rows(
        cells, macro, rows.astype(np.int64), columns.astype(np.int64), log_seconds, reads, index,
        matter.chip_seed, matter.constants, matter.gauss,
    )  # fmt: skip

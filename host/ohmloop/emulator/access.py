# SPDX-License-Identifier: BSD-3-Clause
"""Single cells of one macro: pulsed, aged, read a row at a time (docs/emulator.md)."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Register, Table
from ohmloop.emulator.cellread import Bias, CellReader
from ohmloop.emulator.cells import Matter, Train, age_window, pulse_window
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.tables import Tables
from ohmloop.emulator.wander import CELL, Freshness, SlowEffects

_G_MAX = 1023
_ONE_Q15 = 1 << 15
_INDEX = (1 << 64) - 1


class CellAccess:
    """The cells of one macro as pulses, time and single reads find them.

    Attributes:
        cells: g codes, uint16 `[rows, columns]`.
        slow: slow effects of reading.
    """

    def __init__(
        self,
        cells: NDArray[np.uint16],
        number: int,
        registers: Registers,
        tables: Tables,
        *,
        slow: bool = True,
    ) -> None:
        """Takes the cells of a macro; without `slow` it has no slow effects of reading."""
        self.cells = cells
        self.slow = SlowEffects(registers, number, Freshness(np.zeros(cells.shape[1], np.int64)), slow)
        self._number = number
        self._registers = registers
        self._tables = tables
        self._reader = CellReader(registers, tables)

    @property
    def half_select(self) -> bool:
        """Pulses act on other columns of their row too."""
        return bool(self._registers.halves(Register.EMU_DISTURB)[0])

    def matter(self) -> Matter:
        """Returns what the cells are made of, by the registers and tables as they are now."""
        return Matter.of(self._registers, self._tables)

    def give(
        self,
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
        train: Train,
        pulses_each: NDArray[np.int64],
        matter: Matter | None = None,
    ) -> None:
        """Pulses rows in order; `pulses_each` says how many pulses each gets."""
        matter = self.matter() if matter is None else matter
        train = replace(train, index=train.index & _INDEX)
        pulse_window(self.cells, self._number, rows, columns, train, pulses_each, matter)
        for row in rows[pulses_each > 0]:
            self.slow.fresh.pulsed(int(row), columns, train.kind)

    def age(
        self, rows: NDArray[np.intp], columns: NDArray[np.intp], log_seconds: int, reads: int, index: int
    ) -> None:
        """Lets time and reads act on a window."""
        age_window(self.cells, self._number, rows, columns, log_seconds, reads, index, self.matter())
        if rows.size:
            self.slow.fresh.settle()

    def factors(self, kind: int, columns: NDArray[np.int64], index: int) -> NDArray[np.int64]:
        """Returns w, Q16, of every column for sums or the reference at an operation index."""
        return self.slow.factors(kind, columns, index, self._reader.gauss)

    def read_row(
        self,
        row: int,
        columns: NDArray[np.int64],
        bias: Bias,
        range_: int,
        index: int,
        repeats: int,
        *,
        corrected: bool = True,
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Reads cells of one row; returns sums int64 `[columns]` and which are saturated."""
        index &= _INDEX
        g = self.cells[row, columns].astype(np.int64)
        if self._registers[Register.EMU_FLAGS] & 1:
            g = np.clip((g * (_ONE_Q15 + self._tables[Table.U][row]) + _ONE_Q15 // 2) >> 15, 0, _G_MAX)
        wander = self.slow.factors(CELL, columns, index, self._reader.gauss, row=row)
        return self._reader.read(g, columns, bias, range_, index, repeats, wander, corrected=corrected)

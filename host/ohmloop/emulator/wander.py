# SPDX-License-Identifier: BSD-3-Clause
"""Slow effects of reading, compiled: channel wander, telegraph noise, relaxation (docs/emulator.md)."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Pulse, Register
from ohmloop.emulator.compiling import Number, compiled
from ohmloop.emulator.noise import absorb_index, mix32, seeded
from ohmloop.emulator.registers import Registers

SUM: Final = 0
CELL: Final = 1
REFERENCE: Final = 2
SETTLED: Final = 8
"""Cell reads after which nothing is left of a pulse."""
_SALT: Final = 0xC2B2AE35
_EPOCH_BITS: Final = 0x3F
_LARGEST: Final = 65535


@dataclass(slots=True)
class Freshness:
    """The row pulsed last: which of its cells, in which direction, and how often it was read since.

    Attributes:
        row: -1 where no cell is fresh.
        marks: `[columns]` 1 after SET or FORM, -1 after RESET, 0 where settled.
    """

    marks: NDArray[np.int64]
    row: int = -1
    age: int = SETTLED

    def pulsed(self, row: int, columns: NDArray[np.intp], kind: int) -> None:
        """Marks the cells of a pulse."""
        if row != self.row:
            self.marks[:] = 0
        self.row, self.age = row, 0
        self.marks[columns] = -1 if kind == Pulse.RESET else 1

    def read(self, row: int) -> int:
        """Counts a cell read of a row; returns the age it is taken at."""
        if row != self.row:
            return SETTLED
        age = self.age
        self.age = min(age + 1, SETTLED)
        return age

    def read_any(self, rows: NDArray[np.intp]) -> None:
        """Counts a cell read of each of these rows."""
        if self.row >= 0 and self.row in rows:
            self.read(self.row)

    def settle(self) -> None:
        """Leaves no fresh cell."""
        self.row, self.age = -1, SETTLED


@compiled("void(i8[::1], i8, u8, u4, u4, i8, i8, i8, i8, i8, i8[::1], i8, i8[::1], i8[::1])")
def _wander(
    columns: NDArray[np.int64],
    kind: Number,
    epoch: Number,
    noise_seed: Number,
    row_key: Number,
    common: Number,
    telegraph: Number,
    fraction: Number,
    summed: Number,
    relaxation: Number,
    marks: NDArray[np.int64],
    age: Number,
    gauss: NDArray[np.int64],
    out: NDArray[np.int64],
) -> None:
    """Fills in w of every column of one vector, Q16."""
    slow_key = mix32(absorb_index(seeded(np.uint32(noise_seed)), epoch) ^ np.uint32(_SALT))
    for i in range(columns.size):
        column = columns[i]
        slow = mix32(slow_key ^ np.uint32(column))
        w = (common * gauss[np.uintp(slow & np.uint32(2047))]) >> 12
        if kind == SUM:
            w += (summed * gauss[np.uintp((slow >> np.uint32(16)) & np.uint32(2047))]) >> 12
        elif kind == CELL:
            cell = mix32(row_key ^ np.uint32((4 << 9) | column))
            if np.int64(cell >> np.uint32(16)) < fraction:
                bit = (slow >> np.uint32(16 + (cell & np.uint32(15)))) & np.uint32(1)
                w += telegraph if bit else -telegraph
            if age < SETTLED and marks[column] != 0:
                share = (relaxation * np.int64((cell >> np.uint32(4)) & np.uint32(15))) >> 3
                w += marks[column] * (share >> age)
        out[i] = min(max(w, -_LARGEST - 1), _LARGEST)


@dataclass(slots=True)
class SlowEffects:
    """The slow effects of one macro's reads; none where it is not `able`, whatever its registers hold."""

    registers: Registers
    number: int
    fresh: Freshness
    able: bool = True
    _row_keys: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def on(self) -> bool:
        """Any of them is switched on."""
        registers = self.registers
        return self.able and bool(
            registers[Register.EMU_WANDER]
            or registers.halves(Register.EMU_RTN)[0]
            or registers.halves(Register.EMU_STEP)[1]
        )

    def epoch(self, index: int) -> int:
        """Returns the epoch of an operation index below 2^64."""
        return index >> (self.registers[Register.EMU_PHYSICS] >> 8 & _EPOCH_BITS)

    def factors(
        self, kind: int, columns: NDArray[np.int64], index: int, gauss: NDArray[np.int64], *, row: int = 0
    ) -> NDArray[np.int64]:
        """Returns w, Q16, of every column for one vector; a cell read of a row counts for its age.

        Args:
            kind: SUM, CELL or REFERENCE.
            columns: `[columns]` column numbers.
            index: operation index of the vector's first repetition.
            gauss: `[2048]` normal numbers, Q12.
            row: of a cell read.
        """
        registers = self.registers
        common, summed = registers.halves(Register.EMU_WANDER)
        telegraph, fraction = registers.halves(Register.EMU_RTN)
        age = self.fresh.read(row) if kind == CELL else SETTLED
        out = np.zeros(columns.size, np.int64)
        _wander(
            columns, kind, self.epoch(index), registers[Register.EMU_NOISE_SEED], self._row_key(row), common,
            telegraph, fraction, summed, registers.halves(Register.EMU_STEP)[1], self.fresh.marks, age,
            gauss, out,
        )  # fmt: skip
        return out

    def _row_key(self, row: int) -> int:
        seed = self.registers[Register.EMU_CHIP_SEED]
        key = self._row_keys.get((seed, row))
        if key is None:
            key = int(mix32(np.uint32(int(seeded(np.uint32(seed))) ^ (self.number << 9 | row))))
            self._row_keys[seed, row] = key
        return key

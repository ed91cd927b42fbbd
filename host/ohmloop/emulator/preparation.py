# SPDX-License-Identifier: BSD-3-Clause
"""What a reading takes from cells, registers and tables, made once and kept until one of them changes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import MAX_LINES, Opcode, Register, Table
from ohmloop.emulator import conversion
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.sums import BLOCK, STEP_ROWS
from ohmloop.emulator.tables import Tables
from ohmloop.link.messages import Axis, VectorRequest

_WINDOWS_KEPT: Final = 8
_READINGS_KEPT: Final = 16
_G_MAX: Final = 1023
_UNIT_Q15: Final = 1 << 15
_DRIVE_MAX: Final = 65535
Made = TypeVar("Made")


class _Kept(OrderedDict[Hashable, Made], Generic[Made]):
    """What was made last, at most `most` of it."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def get_or_make(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Returns what was made for `key`, or makes it."""
        if key not in self:
            self[key] = make()
            if len(self) > self._most:
                self.popitem(last=False)
        self.move_to_end(key)
        return self[key]


@dataclass(frozen=True, slots=True)
class Window:
    """The cells of a window as the kernels read them.

    Attributes:
        columns: column numbers.
        codes: effective codes `[blocks, rows padded to whole steps, 32]`.
        numbers: column numbers `[blocks, 32]`, padded with zeros.
    """

    columns: NDArray[np.intp]
    codes: NDArray[np.uint16]
    numbers: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a reading takes besides its vectors: see `conversion.convert_block`."""

    window: Window
    parameters: NDArray[np.float64]
    noise: NDArray[np.float32]
    inl: NDArray[np.float64]


class Preparations:
    """Prepares readings of one macro."""

    def __init__(self, cells: NDArray[np.uint16], registers: Registers, tables: Tables) -> None:
        self._cells = cells
        self._registers = registers
        self._tables = tables
        self._roots = np.zeros(cells.shape[1])
        self._windows = _Kept[Window](_WINDOWS_KEPT)
        self._readings = _Kept[Prepared](_READINGS_KEPT)

    def refresh(self, columns: NDArray[np.intp]) -> None:
        """Computes mroot of `columns` anew and forgets what was made of the cells."""
        codes = self._cells[:, columns].astype(np.int64)
        s1, s2 = codes.sum(axis=0), (codes * codes).sum(axis=0)
        quotient = np.where(s1 > 0, (s2 << 10) // np.maximum(s1, 1), 0)
        self._roots[columns] = np.floor(np.sqrt((quotient << 4).astype(np.float64)))
        self._windows.clear()
        self._readings.clear()

    def of(self, request: VectorRequest) -> Prepared:
        """Returns what `request` takes; it depends neither on its vectors nor on its operation index."""
        key = (
            request.rows, request.columns, request.opcode, request.range, request.read_code, request.bits,
            request.averages_log2, request.width_bits, request.polarity, request.reference, request.level,
            self._registers.version, self._tables.version,
        )  # fmt: skip
        return self._readings.get_or_make(key, lambda: self._prepare(request))

    def _prepare(self, request: VectorRequest) -> Prepared:
        position = self._registers[Register.EMU_FLAGS] & 1
        key = (request.rows, request.columns, position, self._tables.version if position else 0)
        window = self._windows.get_or_make(key, lambda: self._window(request.rows, request.columns))
        noise = self._tables.noise(self._registers[Register.EMU_ADC_NOISE])
        return Prepared(window, self._parameters(window, request), noise, self._tables.inl())

    def _window(self, rows_axis: Axis, columns_axis: Axis) -> Window:
        rows, columns = rows_axis.lines, columns_axis.lines
        blocks, steps = -(-columns.size // BLOCK), -(-rows.size // STEP_ROWS)
        padded = np.zeros((steps * STEP_ROWS, blocks * BLOCK), np.uint16)
        padded[: rows.size, : columns.size] = self._effective(rows, columns)
        numbers = np.zeros(blocks * BLOCK, np.uint32)
        numbers[: columns.size] = columns
        by_block = np.ascontiguousarray(padded.reshape(-1, blocks, BLOCK).transpose(1, 0, 2))
        return Window(columns, by_block, numbers.reshape(blocks, BLOCK))

    def _effective(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        codes: NDArray[np.uint16] = self._cells[np.ix_(rows, columns)]
        if not self._registers[Register.EMU_FLAGS] & 1:
            return codes
        factor = _UNIT_Q15 + self._tables[Table.U][rows, None]
        bent = np.clip((codes.astype(np.int64) * factor + _UNIT_Q15 // 2) >> 15, 0, _G_MAX)
        effective: NDArray[np.uint16] = bent.astype(np.uint16)
        return effective

    def _parameters(self, window: Window, request: VectorRequest) -> NDArray[np.float64]:
        """Returns `[blocks, COLUMN_ROWS, 32]` for `convert_block`."""
        columns, banked = window.columns, request.range * MAX_LINES + window.columns
        tables, shift = self._tables, self._registers[Register.EMU_RANGE_SHIFT] >> (8 * request.range) & 0x3F
        rows = np.zeros((conversion.COLUMN_ROWS, *window.numbers.shape))
        flat = rows.reshape(conversion.COLUMN_ROWS, -1)[:, : columns.size]
        position = (_UNIT_Q15 + tables[Table.V][columns]) * 2.0**-9
        flat[conversion.POSITION] = -position if request.polarity else position
        scale = (tables[Table.GAIN][banked] * self._drive(request) + _UNIT_Q15 // 2) >> 15
        flat[conversion.SCALE] = scale * 2.0**-shift
        flat[conversion.ROOT] = self._roots[columns] * 2.0**-3
        flat[conversion.OFFSET] = tables[Table.OFFSET][columns]
        flat[conversion.CORRECTION] = 1.0
        if request.opcode != Opcode.MAC_RAW:
            counted = ((1 << request.bits) - 1) << request.averages_log2
            flat[conversion.DARK] = tables[Table.DARK][banked] * counted
            flat[conversion.CORRECTION] += tables[Table.CORRECTION][banked] * 2.0**-15
        rows[conversion.SETTINGS, :, : conversion.SETTINGS_GIVEN] = self._settings(request, shift)
        return np.ascontiguousarray(rows.transpose(1, 0, 2))

    def _drive(self, request: VectorRequest) -> int:
        """Returns the read voltage, Q15: one at the nominal read voltage."""
        if request.reference:
            return _UNIT_Q15
        return min(_DRIVE_MAX, (request.read_code * self._registers[Register.EMU_READ_GAIN] + 32768) >> 16)

    def _settings(self, request: VectorRequest, shift: int) -> list[float]:
        """Returns the settings of `convert_block`, in its order."""
        registers = self._registers
        level = request.level * registers[Register.EMU_REFERENCE_UNIT] if request.reference else 0
        top = 1 << (request.width_bits - 1)
        return [
            registers[Register.EMU_READ_NOISE] * 2.0**-16,
            level,
            0.5 if shift else 0.0,
            registers.signed(Register.EMU_ADC_MIN, 24),
            registers.signed(Register.EMU_ADC_MAX, 24),
            -top,
            top - 1,
        ]

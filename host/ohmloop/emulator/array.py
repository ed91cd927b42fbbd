# SPDX-License-Identifier: BSD-3-Clause
"""One emulated macro: requests on windows of its cells to packed results (docs/emulator.md)."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import MAX_LINES, Opcode, Register, Table
from ohmloop.emulator import conversion, vectors
from ohmloop.emulator.access import CellAccess
from ohmloop.emulator.cellread import read_bias
from ohmloop.emulator.cells import Train
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.sums import BLOCK, STEP_ROWS
from ohmloop.emulator.tables import Tables
from ohmloop.link.messages import Axis, PulseRequest, VectorRequest, pack_flags, pack_results

_WINDOWS_KEPT: Final = 8
_G_MAX: Final = 1023
_UNIT_Q15: Final = 1 << 15
_DRIVE_MAX: Final = 65535
_OVERHANG: Final = 9  # bytes that the kernel may read behind the vectors


class Reading(NamedTuple):
    """Packed results, how many are saturated, and, where any is, their packed flags."""

    data: bytes
    saturated: int
    flags: bytes

    @classmethod
    def of(cls, values: NDArray[np.int32], saturated: NDArray[np.bool_], width_bits: int) -> "Reading":
        """Returns results `[n, m]` that fit a width as a reply carries them."""
        count = int(np.count_nonzero(saturated))
        return cls(pack_results(values, width_bits), count, pack_flags(saturated) if count else b"")


@dataclass(frozen=True, slots=True)
class _Window:
    """What is kept of a window until cells, U or its switch change.

    Attributes:
        columns: column numbers.
        codes: effective codes `[blocks, rows padded to whole steps, 32]`.
        numbers: column numbers `[blocks, 32]`, padded with zeros.
    """

    columns: NDArray[np.intp]
    codes: NDArray[np.uint16]
    numbers: NDArray[np.uint32]


def packed(values: NDArray[np.int64], saturated: NDArray[np.bool_], width_bits: int) -> Reading:
    """Returns results `[n, m]`, clamped to a width, as a reply carries them."""
    top = (1 << (width_bits - 1)) - 1
    kept = np.clip(values, -top - 1, top)
    return Reading.of(kept.astype(np.int32), saturated | (kept != values), width_bits)


class EmulatedArray:
    """The cells of one macro and what computes with them.

    Attributes:
        cells: g codes, uint16 `[rows, columns]`: a view of the state file.
        access: the same cells, one row at a time.
    """

    def __init__(self, cells: NDArray[np.uint16], number: int, registers: Registers, tables: Tables) -> None:
        self.cells = cells
        self.access = CellAccess(cells, number, registers, tables)
        self._registers = registers
        self._tables = tables
        self._windows: OrderedDict[tuple[object, ...], _Window] = OrderedDict()
        self._cell_version = 0
        self._roots = np.zeros(cells.shape[1])
        self.refresh(np.arange(cells.shape[1]))

    def load(self, rows: Axis, columns: Axis, g_codes: NDArray[np.uint16], moved: int | None = None) -> None:
        """Writes g codes `[rows, columns]` of a window, row by row; the low 10 bits count.

        Args:
            rows: of the window.
            columns: of the window.
            g_codes: to write.
            moved: cells written, fewer than all where the operation is stopped.
        """
        whole, rest = divmod(g_codes.size if moved is None else moved, columns.count)
        self.cells[np.ix_(rows.lines[:whole], columns.lines)] = g_codes[:whole] & _G_MAX
        if rest:
            self.cells[rows.lines[whole], columns.lines[:rest]] = g_codes[whole, :rest] & _G_MAX
        self.access.slow.fresh.settle()
        self.refresh(columns.lines)

    def dump(self, rows: Axis, columns: Axis) -> NDArray[np.uint16]:
        """Returns the g codes `[rows, columns]` of a window."""
        codes: NDArray[np.uint16] = self.cells[np.ix_(rows.lines, columns.lines)]
        return codes

    def pulse(self, request: PulseRequest, pulses_each: NDArray[np.int64]) -> None:
        """Pulses the rows of a window.

        Args:
            request: what to give.
            pulses_each: how many pulses each row gets, `[rows]`: fewer where the operation is stopped.
        """
        train = Train(
            request.kind,
            request.voltage_code,
            request.gate_code,
            request.width_cycles,
            request.operation_index,
        )
        self.access.give(request.rows.lines, request.columns.lines, train, pulses_each)
        self.refresh(request.columns.lines)

    def read(self, request: VectorRequest) -> Reading:
        """Runs MAC, MAC_RAW or READ_CELLS.

        Args:
            request: decoded and checked.

        Returns:
            Results packed as the reply carries them.
        """
        if request.opcode == Opcode.READ_CELLS:
            if self.access.slow.on:
                return self._read_slowly(request)
            self.access.slow.fresh.read_any(request.rows.lines)
        window = self._window(request)
        n, m = request.result_shape
        raw, cells = request.opcode == Opcode.MAC_RAW, request.opcode == Opcode.READ_CELLS
        room = window.numbers.size // 2 if request.pairs else window.numbers.size
        values, flags = np.empty((n, room), np.int32), np.empty((n, room), np.bool_)
        data = np.zeros(len(request.vectors) + _OVERHANG, np.uint8)
        data[:-_OVERHANG] = np.frombuffer(request.vectors, np.uint8)
        source = vectors.Source.CELLS if cells else vectors.Source.VECTORS
        source = vectors.Source.REFERENCE if request.reference else source
        vectors.run(
            int(source),
            data,
            4 * request.vector_words,
            request.rows.count if cells else request.count,
            request.rows.count,
            request.bits,
            request.signed and not request.reference,
            raw,
            request.pairs,
            1 << request.averages_log2,
            request.operation_index,
            self._registers[Register.EMU_NOISE_SEED],
            window.codes,
            window.numbers,
            self._parameters(window, request),
            self._tables.noise(self._registers[Register.EMU_ADC_NOISE]),
            self._tables.inl(),
            values,
            flags,
        )
        return Reading.of(values[:, :m], flags[:, :m], request.width_bits)

    def _read_slowly(self, request: VectorRequest) -> Reading:
        """Reads cells with the slow effects, a row at a time."""
        bias = read_bias(self._registers, request.read_code, request.polarity)
        repeats = 1 << request.averages_log2
        read = [
            self.access.read_row(
                int(row),
                request.columns.lines,
                bias,
                request.range,
                request.operation_index + i * repeats,
                repeats,
            )
            for i, row in enumerate(request.rows.lines)
        ]
        values, saturated = np.stack([one[0] for one in read]), np.stack([one[1] for one in read])
        return packed(values, saturated, request.width_bits)

    def refresh(self, columns: NDArray[np.intp]) -> None:
        """Computes mroot of `columns` anew and forgets what was made of the cells."""
        if self.access.half_select:
            columns = np.arange(self.cells.shape[1])
        codes = self.cells[:, columns].astype(np.int64)
        s1, s2 = codes.sum(axis=0), (codes * codes).sum(axis=0)
        quotient = np.where(s1 > 0, (s2 << 10) // np.maximum(s1, 1), 0)
        self._roots[columns] = np.floor(np.sqrt((quotient << 4).astype(np.float64)))
        self._cell_version += 1
        self._windows.clear()

    def _effective(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        codes: NDArray[np.uint16] = self.cells[np.ix_(rows, columns)]
        if not self._registers[Register.EMU_FLAGS] & 1:
            return codes
        factor = _UNIT_Q15 + self._tables[Table.U][rows, None]
        bent = np.clip((codes.astype(np.int64) * factor + _UNIT_Q15 // 2) >> 15, 0, _G_MAX)
        effective: NDArray[np.uint16] = bent.astype(np.uint16)
        return effective

    def _window(self, request: VectorRequest) -> _Window:
        position = self._registers[Register.EMU_FLAGS] & 1
        key = (request.rows, request.columns, position, self._tables.version if position else 0)
        window = self._windows.get(key)
        if window is None:
            window = self._make_window(request.rows.lines, request.columns.lines)
            self._windows[key] = window
            while len(self._windows) > _WINDOWS_KEPT:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        return window

    def _make_window(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> _Window:
        codes = self._effective(rows, columns)
        blocks, steps = -(-columns.size // BLOCK), -(-rows.size // STEP_ROWS)
        padded = np.zeros((steps * STEP_ROWS, blocks * BLOCK), np.uint16)
        padded[: rows.size, : columns.size] = codes
        numbers = np.zeros(blocks * BLOCK, np.uint32)
        numbers[: columns.size] = columns
        by_block = np.ascontiguousarray(padded.reshape(-1, blocks, BLOCK).transpose(1, 0, 2))
        return _Window(columns, by_block, numbers.reshape(blocks, BLOCK))

    def _parameters(self, window: _Window, request: VectorRequest) -> NDArray[np.float64]:
        """Returns `[blocks, COLUMN_ROWS, 32]` for `convert_block`."""
        columns, banked = window.columns, request.range * MAX_LINES + window.columns
        tables, shift = self._tables, self._shift(request.range)
        rows = np.zeros((conversion.COLUMN_ROWS, *window.numbers.shape))
        flat = rows.reshape(conversion.COLUMN_ROWS, -1)[:, : columns.size]
        position = (_UNIT_Q15 + tables[Table.V][columns]) * 2.0**-9
        flat[conversion.POSITION] = -position if request.polarity else position
        drive = self._drive(request)
        flat[conversion.SCALE] = (tables[Table.GAIN][banked] * drive + 16384 >> 15) * 2.0**-shift
        flat[conversion.ROOT] = self._roots[columns] * 2.0**-3
        flat[conversion.OFFSET] = tables[Table.OFFSET][columns]
        flat[conversion.CORRECTION] = 1.0
        if request.opcode != Opcode.MAC_RAW:
            counted = ((1 << request.bits) - 1) << request.averages_log2
            flat[conversion.DARK] = tables[Table.DARK][banked] * counted
            flat[conversion.CORRECTION] += tables[Table.CORRECTION][banked] * 2.0**-15
        self._settings(request, shift, rows[conversion.SETTINGS])
        return np.ascontiguousarray(rows.transpose(1, 0, 2))

    def _shift(self, range_: int) -> int:
        return self._registers[Register.EMU_RANGE_SHIFT] >> (8 * range_) & 0x3F

    def _drive(self, request: VectorRequest) -> int:
        """Returns the read voltage, Q15: one at the nominal read voltage."""
        if request.reference:
            return _UNIT_Q15
        return min(_DRIVE_MAX, (request.read_code * self._registers[Register.EMU_READ_GAIN] + 32768) >> 16)

    def _settings(self, request: VectorRequest, shift: int, settings: NDArray[np.float64]) -> None:
        """Fills in the settings of `convert_block`, the same for every block: `[blocks, 32]`."""
        registers = self._registers
        settings[:, conversion.READ_NOISE] = registers[Register.EMU_READ_NOISE] * 2.0**-16
        if request.reference:
            settings[:, conversion.REFERENCE] = request.level * registers[Register.EMU_REFERENCE_UNIT]
        settings[:, conversion.HALF] = 0.5 if shift else 0.0
        settings[:, conversion.LOWEST] = registers.signed(Register.EMU_ADC_MIN, 24)
        settings[:, conversion.HIGHEST] = registers.signed(Register.EMU_ADC_MAX, 24)
        settings[:, conversion.SMALLEST] = -(1 << request.width_bits - 1)
        settings[:, conversion.LARGEST] = (1 << request.width_bits - 1) - 1

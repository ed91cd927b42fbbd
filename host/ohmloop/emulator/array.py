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
from ohmloop.emulator.sums import COLUMN_BLOCK, build_tables
from ohmloop.emulator.tables import Tables
from ohmloop.link.messages import Axis, PulseRequest, VectorRequest, pack_results, result_words

_WINDOWS_KEPT: Final = 8
_G_MAX: Final = 1023
_UNIT_Q15: Final = 1 << 15
_DRIVE_MAX: Final = 65535
_WORD: Final = np.dtype("<u4")


class Reading(NamedTuple):
    """Packed results and, where any is saturated, their flags (uint8, one each)."""

    data: bytes
    saturated: int
    flags: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class _Window:
    """What is kept of a window until cells, U or its switch change.

    Attributes:
        columns: column numbers.
        codes: effective codes `[rows, padded columns]`.
        tables: `build_tables` of them.
        numbers: column numbers `[blocks, 32]`, padded with zeros.
    """

    columns: NDArray[np.intp]
    codes: NDArray[np.uint16]
    tables: NDArray[np.uint16]
    numbers: NDArray[np.uint32]


def packed(values: NDArray[np.int64], saturated: NDArray[np.bool_], width_bits: int) -> Reading:
    """Returns results `[n, m]`, clamped to a width, as a reply carries them."""
    top = (1 << (width_bits - 1)) - 1
    kept = np.clip(values, -top - 1, top)
    flags = saturated | (kept != values)
    data = pack_results(kept.astype(np.int32), width_bits)
    return Reading(data, int(np.count_nonzero(flags)), flags.reshape(-1).astype(np.uint8))


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
        out = np.zeros((n, 4 * result_words(m, request.width_bits)), np.uint8)
        flags = np.zeros(n * m, np.uint8)
        words = np.zeros(
            len(request.vectors) // 4 + 1, np.uint32
        )  # one more: fields are read in pairs of words
        words[:-1] = np.frombuffer(request.vectors, _WORD)
        source = vectors.Source.CELLS if cells else vectors.Source.VECTORS
        source = vectors.Source.REFERENCE if request.reference else source
        saturated = vectors.run(
            int(source),
            words,
            request.vector_words,
            request.rows.count if cells else request.count,
            request.rows.count,
            request.bits,
            request.signed and not request.reference,
            raw,
            1 << request.averages_log2,
            request.operation_index,
            self._registers[Register.EMU_NOISE_SEED],
            window.codes,
            window.tables,
            window.numbers,
            self._parameters(window, request, raw),
            self._settings(request),
            self._tables.normal_numbers(),
            self._tables[Table.INL].astype(np.float64),
            self._correction(window, request.range, raw),
            request.pairs,
            request.width_bits // 8,
            out,
            flags,
        )
        return Reading(out.tobytes(), int(saturated), flags)

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
        tables = build_tables(codes)
        blocks = tables.shape[0]
        padded = np.zeros((codes.shape[0], blocks * COLUMN_BLOCK), np.uint16)
        padded[:, : codes.shape[1]] = codes
        numbers = np.zeros(blocks * COLUMN_BLOCK, np.uint32)
        numbers[: columns.size] = columns
        return _Window(columns, padded, tables, numbers.reshape(blocks, COLUMN_BLOCK))

    def _parameters(self, window: _Window, request: VectorRequest, raw: bool) -> NDArray[np.float64]:
        """Returns `[blocks, COLUMN_ROWS, 32]` for `convert_block`."""
        columns, banked = window.columns, request.range * MAX_LINES + window.columns
        drive = _UNIT_Q15
        if not request.reference:
            gain = self._registers[Register.EMU_READ_GAIN]
            drive = min(_DRIVE_MAX, (request.read_code * gain + 32768) >> 16)
        rows = np.zeros((conversion.COLUMN_ROWS, window.numbers.size))
        position = _UNIT_Q15 + self._tables[Table.V][columns]
        rows[conversion.POSITION, : columns.size] = -position if request.polarity else position
        rows[conversion.SCALE, : columns.size] = (self._tables[Table.GAIN][banked] * drive + 16384) >> 15
        rows[conversion.ROOT, : columns.size] = self._roots[columns]
        rows[conversion.OFFSET, : columns.size] = self._tables[Table.OFFSET][columns]
        if not raw:
            rows[conversion.DARK, : columns.size] = self._tables[Table.DARK][banked]
        blocks = window.numbers.shape[0]
        return np.ascontiguousarray(rows.reshape(conversion.COLUMN_ROWS, blocks, -1).transpose(1, 0, 2))

    def _settings(self, request: VectorRequest) -> NDArray[np.float64]:
        """Returns `[SETTINGS]` for `convert_block`."""
        registers = self._registers
        shift = registers[Register.EMU_RANGE_SHIFT] >> (8 * request.range) & 0x3F
        settings = np.zeros(conversion.SETTINGS)
        settings[conversion.READ_NOISE] = registers[Register.EMU_READ_NOISE]
        settings[conversion.ADC_NOISE] = registers[Register.EMU_ADC_NOISE]
        if request.reference:
            settings[conversion.REFERENCE] = request.level * registers[Register.EMU_REFERENCE_UNIT]
        settings[conversion.SHIFT] = 2.0**-shift
        settings[conversion.HALF] = 0.5 if shift else 0.0
        settings[conversion.LOWEST] = registers.signed(Register.EMU_ADC_MIN, 24)
        settings[conversion.HIGHEST] = registers.signed(Register.EMU_ADC_MAX, 24)
        return settings

    def _correction(self, window: _Window, range_: int, raw: bool) -> NDArray[np.int64]:
        if raw:
            return np.full(window.columns.size, _UNIT_Q15, np.int64)
        return _UNIT_Q15 + self._tables[Table.CORRECTION][range_ * MAX_LINES + window.columns]

# SPDX-License-Identifier: BSD-3-Clause
"""One emulated macro: requests on windows of its cells to packed results (docs/emulator.md)."""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode, Register
from ohmloop.emulator import vectors
from ohmloop.emulator.access import CellAccess
from ohmloop.emulator.cellread import read_bias
from ohmloop.emulator.cells import Train
from ohmloop.emulator.conversion import SCALE
from ohmloop.emulator.preparation import Preparations, Prepared
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.tables import Tables
from ohmloop.emulator.wander import REFERENCE, SUM
from ohmloop.link.messages import Axis, PulseRequest, VectorRequest, pack_flags, pack_results

_G_MAX: Final = 1023
_OVERHANG: Final = 9  # bytes that the kernel may read behind the vectors
_INDEX: Final = (1 << 64) - 1


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


def packed(values: NDArray[np.int64], saturated: NDArray[np.bool_], width_bits: int) -> Reading:
    """Returns results `[n, m]`, clamped to a width, as a reply carries them."""
    top = (1 << (width_bits - 1)) - 1
    kept = np.clip(values, -top - 1, top)
    return Reading.of(kept.astype(np.int32), saturated | (kept != values), width_bits)


def _wandered(prepared: Prepared, factors: NDArray[np.int64], shift: int) -> Prepared:
    """Returns what a reading takes with its gains changed by w, Q16, of every column."""
    parameters = prepared.parameters.copy()
    padded = np.zeros(prepared.window.numbers.shape)
    padded.reshape(-1)[: factors.size] = factors
    gains = parameters[:, SCALE, :] * 2.0**shift  # whole numbers
    parameters[:, SCALE, :] = (gains + np.floor(gains * padded * 2.0**-16)) * 2.0**-shift
    return replace(prepared, parameters=parameters)


class EmulatedArray:
    """The cells of one macro and what computes with them.

    Attributes:
        cells: g codes, uint16 `[rows, columns]`: a view of the state file.
        access: the same cells, one row at a time.
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
        self.access = CellAccess(cells, number, registers, tables, slow=slow)
        self._registers = registers
        self._preparations = Preparations(cells, registers, tables)
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
        if moved != 0:
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
        prepared = self._preparations.of(request)
        if self.access.slow.on:
            return self._read_in_epochs(request, prepared)
        values, flags = self._run(request, prepared)
        return Reading.of(values, flags, request.width_bits)

    def _run(self, request: VectorRequest, prepared: Prepared) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Runs vectors, cells or the reference; returns results `[n, m]`, and which are saturated."""
        window = prepared.window
        n, m = request.result_shape
        cells, reference = request.opcode == Opcode.READ_CELLS, request.reference
        room = window.numbers.size // 2 if request.pairs else window.numbers.size
        values, flags = np.empty((n, room), np.int32), np.empty((n, room), np.bool_)
        data = np.zeros(len(request.vectors) + _OVERHANG, np.uint8)
        data[:-_OVERHANG] = np.frombuffer(request.vectors, np.uint8)
        source = vectors.Source.REFERENCE if reference else vectors.Source.VECTORS
        vectors.run(
            int(vectors.Source.CELLS if cells else source), data, 4 * request.vector_words,
            request.rows.count if cells else request.count, request.rows.count, request.bits,
            request.signed and not reference, request.opcode == Opcode.MAC_RAW, request.pairs,
            1 << request.averages_log2, request.operation_index, self._registers[Register.EMU_NOISE_SEED],
            window.codes, window.numbers, prepared.parameters, prepared.noise, prepared.inl, values, flags,
        )  # fmt: skip
        return values[:, :m], flags[:, :m]

    def _read_in_epochs(self, request: VectorRequest, prepared: Prepared) -> Reading:
        """Runs MAC or MAC_RAW with the slow effects: they are the same for all vectors of an epoch."""
        per = 1 if request.opcode == Opcode.MAC_RAW else 1 << request.averages_log2
        kind = REFERENCE if request.reference else SUM
        shift = self._registers[Register.EMU_RANGE_SHIFT] >> (8 * request.range) & 0x3F
        indices = [(request.operation_index + i * per) & _INDEX for i in range(request.count)]
        parts, first = [], 0
        for last in range(1, request.count + 1):
            epoch = self.access.slow.epoch(indices[first])
            if last < request.count and self.access.slow.epoch(indices[last]) == epoch:
                continue
            step = 4 * request.vector_words
            some = replace(
                request,
                count=last - first,
                operation_index=indices[first],
                vectors=request.vectors[first * step : last * step],
            )
            factors = self.access.factors(kind, request.columns.lines, indices[first])
            parts.append(self._run(some, _wandered(prepared, factors, shift)))
            first = last
        values, flags = (np.concatenate(one) for one in zip(*parts, strict=True))
        return Reading.of(values, flags, request.width_bits)

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
        self._preparations.refresh(columns)

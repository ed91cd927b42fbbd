# SPDX-License-Identifier: BSD-3-Clause
"""Requests to clk cycles, by the formula of docs/emulator.md ("Cycles")."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode
from ohmloop.emulator.compiling import Number, compiled
from ohmloop.link.messages import Axis, CellRequest, PulseRequest, VectorRequest

_CONVERT: Final = 18
_SUM: Final = 13
_SEND: Final = 8
_LONG_AGO: Final = -(1 << 40)
_READING: Final = 3
"""Counted besides: two cycles before the first beat, and that of the last result."""
_PULSE: Final = 5
_AGING: Final = 4
"""Cycle of ENV in which the macro takes its first row."""
_LOAD: Final = 4
_DUMP: Final = 5
"""What PULSE, CELL_LOAD and CELL_DUMP take besides their cells."""
_SCAN_BITS: Final = 32  # columns that the guard judges a cycle


@compiled("UniTuple(i8, 2)(i8, i8, i8, i8, i8, i8, i8, i8[::1], i8)")
def _last_word(
    vectors: Number,
    passes: Number,
    results: Number,
    rows: Number,
    subpasses: Number,
    floor: Number,
    columns: Number,
    drains: NDArray[np.int64],
    until: Number,
) -> tuple[Number, Number]:
    """Returns when the last result leaves, beats offered from cycle 0 on, and how many leave by `until`.

    Args:
        vectors: vectors of the request.
        passes: passes over each vector.
        results: results of each vector: 1, or as many as passes.
        rows: beats of a vector.
        subpasses: 2 where inputs are signed.
        floor: shortest sub-pass.
        columns: of the window.
        drains: `[groups]` cycles of each group's conversions.
        until: last cycle of the count.
    """
    finished = np.full(4, _LONG_AGO)  # f of the last four units
    freed = np.full(4, _LONG_AGO)  # b of the last four results
    loaded = -1  # l
    done = np.full(2, _LONG_AGO)  # E of the last two vectors
    read = _LONG_AGO  # e
    converting = _LONG_AGO  # c[u-1] + D[u-1]
    offered = _LONG_AGO  # o[r-1] + K
    unit = 0
    result = 0
    left = 0
    for vector in range(vectors):
        loaded = max(loaded, done[vector % 2]) + rows
        for turn in range(passes):
            for group in range(drains.size):
                for half in range(subpasses):
                    read = max(read + max(rows, floor), finished[unit % 4] + 1)
                    if turn == 0 and group == 0 and half == 0:
                        read = max(read, loaded + rows + 1)
                first = max(read + floor + 7, converting)
                if group == 0 and (turn == 0 or results > 1):
                    first = max(first, freed[result % 4] + 2)
                converting = first + drains[group]
                finished[unit % 4] = converting - 1
                unit += 1
            if turn == passes - 1 or results > 1:
                start = max(converting - 1 + _CONVERT + _SUM, offered)
                offered = start + columns
                freed[result % 4] = offered - 1 - _SEND
                result += 1
                left += 1 if offered - 1 <= until else 0
        done[vector % 2] = read
    return offered - 1, left


@lru_cache(maxsize=32)
def _drains(columns: Axis, lanes: int, adc_lanes: int, planes: int) -> NDArray[np.int64]:
    """Returns the conversion cycles of each lane group from the first to the last touched."""
    groups = np.unique(columns.lines // adc_lanes) * adc_lanes // lanes
    counts = np.bincount(groups - groups[0], minlength=1)
    return np.maximum(1, planes * counts).astype(np.int64)


@dataclass(frozen=True, slots=True)
class CostModel:
    """What a board of this geometry takes for a request, in clk cycles."""

    columns: int
    lanes: int
    adc_lanes: int
    half_select: bool = False

    def reading(self, request: VectorRequest, bound: int) -> tuple[int, int]:
        """Returns the cycles of MAC, MAC_RAW or READ_CELLS, and the results that leave within `bound`."""
        cells, raw = request.opcode == Opcode.READ_CELLS, request.opcode == Opcode.MAC_RAW
        passes = request.bits if raw else 1 << request.averages_log2
        last, left = _last_word(
            request.rows.count if cells else request.count,
            passes,
            passes if raw else 1,
            1 if cells or request.reference else request.rows.count,
            2 if request.signed else 1,
            max(16, self.lanes // self.adc_lanes),
            request.columns.count,
            _drains(request.columns, self.lanes, self.adc_lanes, 1 if raw else request.bits),
            bound + 1 - _READING,
        )
        return int(last) + _READING, int(left)

    def pulse_row(self, request: PulseRequest) -> int:
        """Returns the cycles of one pulse on one row: judged, driven, stored."""
        return self.pulse_of(request.columns.lines, request.width_cycles)

    def pulse_of(self, columns: NDArray[np.intp], width: int) -> int:
        """Returns the cycles of one pulse on these columns of a row: judged, driven, stored."""
        return self.judgement + 1 + max(width + 1, self.stored(columns, half_select=self.half_select))

    def stored(self, columns: NDArray[np.intp], *, half_select: bool) -> int:
        """Returns the macro's cycles of a pulse on these columns of a row."""
        every = self.columns // self.lanes
        groups = every if half_select else np.unique(columns // self.lanes).size
        return 18 + (2 * self.lanes + 15) * groups + every - groups

    def aged(self, columns: Axis) -> int:
        """Returns the cycles of one row of ENV."""
        return self.stored(columns.lines, half_select=False)

    def aged_within(self, rows: Axis, columns: Axis, cycles: int) -> int:
        """Returns the rows of ENV that the macro took before cycle `cycles` of the operation."""
        return min(rows.count, max(0, -(-(cycles - _AGING) // self.aged(columns))))

    def pulse_start(self, request: PulseRequest) -> int:
        """Returns the cycles of PULSE besides its pulses: the dry pass over every row, and the refresh."""
        return _PULSE + request.rows.count * self.judgement + self.refresh(self.touched(request.columns))

    def pulses_within(self, request: PulseRequest, cycles: int) -> tuple[int, int]:
        """Returns the row pulses begun, and the rows finished, before cycle `cycles` of the operation."""
        first, each = _PULSE - 1 + (request.rows.count + 1) * self.judgement, self.pulse_row(request)
        asked = request.rows.count * request.pulses
        begun = max(0, -(-(cycles - first) // each))
        ended = max(0, -(-(cycles - first - request.width_cycles) // each))
        return min(asked, begun), min(asked, ended) // request.pulses

    def cells(self, request: CellRequest) -> int:
        """Returns the cycles of CELL_LOAD or CELL_DUMP."""
        cells = request.rows.count * request.columns.count
        if request.g_codes is None:
            return _DUMP + 3 * cells
        return _LOAD + 5 * cells + self.refresh(request.columns.count)

    def cells_within(self, request: CellRequest, cycles: int) -> int:
        """Returns the cells of CELL_LOAD or CELL_DUMP that the macro took before cycle `cycles`."""
        first, each = (2, 3) if request.g_codes is None else (3, 5)
        return min(request.rows.count * request.columns.count, max(0, -(-(cycles - first) // each)))

    @property
    def judgement(self) -> int:
        """Cycles in which the guard judges a pulse on a row."""
        return -(-self.columns // _SCAN_BITS) + 2

    def touched(self, columns: Axis) -> int:
        """Returns the columns that pulses on a window touch."""
        return self.columns if self.half_select else columns.count

    def refresh(self, touched: int) -> int:
        """Returns the cycles to bring the sums of `touched` columns up to date."""
        return self.columns + 4 + 35 * touched

# SPDX-License-Identifier: BSD-3-Clause
"""Requests to clk cycles where a board only reads, as docs/emulator.md says ("The serial macro")."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ohmloop._map import Opcode, Register
from ohmloop.emulator.cost import CostModel
from ohmloop.emulator.registers import Registers
from ohmloop.link.messages import VectorRequest

_KEYS: Final = 34
_CONVERSION: Final = 59
_SAMPLE: Final = 6
"""Cycles of a conversion before its sums are taken."""
_SUM: Final = 13
_READING: Final = 3
"""Counted besides: two cycles before the first beat, and that of the last result."""
_SPREAD: Final = 35


@dataclass(frozen=True, slots=True)
class SerialCost(CostModel):
    """What a board with a serial macro of this geometry takes for a request, in clk cycles.

    Attributes:
        rows: of the macro.
        registers: those of the board; a conversion takes as long as its range's shift says.
    """

    rows: int = field(kw_only=True)
    registers: Registers = field(kw_only=True)

    def reading(self, request: VectorRequest, bound: int) -> tuple[int, int]:
        """Returns the cycles of MAC, MAC_RAW or READ_CELLS, and the results that leave within `bound`."""
        cells, raw = request.opcode == Opcode.READ_CELLS, request.opcode == Opcode.MAC_RAW
        vectors = request.rows.count if cells else request.count
        rows = 1 if cells or request.reference else request.rows.count
        length = self._pass(request, rows, 1 if raw else request.bits)
        passes = request.bits if raw else 1 << request.averages_log2
        each = rows + passes * length
        ends = np.arange(1, passes + 1) if raw else np.array([passes])
        leaves = each * np.arange(vectors)[:, None] + rows + length * ends
        leaves += _SUM + request.columns.count - 2
        return int(leaves[-1, -1]) + _READING, int(np.count_nonzero(leaves <= bound + 1 - _READING))

    def refresh(self, touched: int) -> int:
        """Returns the cycles to bring the spread of every column up to date."""
        return self.columns * (self.rows + _SPREAD)

    def _pass(self, request: VectorRequest, rows: int, planes: int) -> int:
        """Returns the cycles of one pass over a vector of some rows."""
        shift = self.registers[Register.EMU_RANGE_SHIFT] >> 8 * request.range & 63
        conversion = _CONVERSION + shift
        lines = request.columns.lines
        steps = np.maximum(conversion, np.diff(lines) + max(rows + 4, 7))
        taken = max(_KEYS, rows + 5) + int(steps.sum())
        taken += lines.size * (planes - 1) * max(conversion, rows + 4)
        return taken + conversion - _SAMPLE

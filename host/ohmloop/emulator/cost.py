# SPDX-License-Identifier: BSD-3-Clause
"""Requests to clk cycles, by the formula of docs/emulator.md ("Cycles")."""

from dataclasses import dataclass

from ohmloop._map import Opcode
from ohmloop.link.messages import CellRequest, PulseRequest, VectorRequest


@dataclass(frozen=True, slots=True)
class CostModel:
    """What a board of this geometry takes for a request, in clk cycles."""

    lanes: int
    adc_lanes: int

    def reading(self, request: VectorRequest) -> int:
        """Returns the cycles of MAC, MAC_RAW or READ_CELLS."""
        columns = request.columns.lines
        groups = int(columns[-1] // self.lanes - columns[0] // self.lanes) + 1
        cells = request.opcode == Opcode.READ_CELLS
        vectors = request.rows.count if cells else request.count
        passes = vectors * (request.bits if request.opcode == Opcode.MAC_RAW else 1 << request.averages_log2)
        rows = 1 if request.reference else request.rows.count
        gather = max(16, rows) * groups * (2 if request.signed else 1)
        drain = -(-request.columns.count // self.adc_lanes) * request.bits
        return passes * max(gather, drain) + 64

    def pulse_row(self, request: PulseRequest) -> int:
        """Returns the cycles of one pulse on one row."""
        return request.width_cycles + 8 * request.columns.count + 32

    def pulse_start(self, request: PulseRequest) -> int:
        """Returns the cycles of PULSE besides its pulses: checks and refresh."""
        return 16 * request.rows.count + 64 * request.columns.count

    def pulses_within(self, request: PulseRequest, cycles: int) -> int:
        """Returns how many row pulses begin within `cycles` of the operation's start."""
        return max(0, cycles - 16 * request.rows.count) // self.pulse_row(request) + 1

    def cells(self, request: CellRequest) -> int:
        """Returns the cycles of CELL_LOAD or CELL_DUMP."""
        return 4 * request.rows.count * request.columns.count + 32

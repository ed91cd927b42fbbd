# SPDX-License-Identifier: BSD-3-Clause
"""board_core that only reads: every request costs what the twin says, to the cycle, and values are exact."""

from __future__ import annotations

import cocotb
import numpy as np
import pytest
from tests.fpga.board_host import COLS, LANES, PARAMETERS, ROWS, BoardHost
from tests.fpga.runner import build_and_test
from tests.fpga.test_board_core import results, vectors

from ohmloop._map import Opcode, Register, Status
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.serial_cost import SerialCost
from ohmloop.link.requests import CellRequest, unpack_words
from ohmloop.link.windows import Axis

READ_ONLY = {**PARAMETERS, "ADC_LANES": 1, "READ_ONLY": 1}
ALL, SCATTERED = Axis(0, 32), Axis.from_lines(np.array([0, 3, 4, 9, 30, 31]))
AXES = (ALL, Axis(0, 1), Axis(3, 9), SCATTERED, Axis(0, 8, 4), Axis(9, 14))
SHIFTS = 0x3F00_1816


@pytest.mark.slow
def test_read_board_cycles() -> None:
    build_and_test("board_core", ["fpga/rtl/board_core.v"], __name__, READ_ONLY, internals=False)


@cocotb.test()
async def requests_cost_what_the_twin_says(dut) -> None:
    host, rng = await BoardHost.start(dut, limits=None), np.random.default_rng(7)
    await host.write(Register.LIMIT_READ_V, 30_000)
    await host.write(Register.EMU_RANGE_SHIFT, SHIFTS)
    registers = Registers()
    registers.write(Register.EMU_RANGE_SHIFT, SHIFTS, 0)
    cost = SerialCost(COLS, LANES, 1, rows=ROWS, registers=registers)
    g = rng.integers(0, 1024, (ROWS, COLS)).astype(np.uint16)
    for first in range(0, ROWS, 16):
        load = CellRequest(0, Axis(first, 16), ALL, g[first : first + 16])
        reply = await host.call(Opcode.CELL_LOAD, load.encode())
        assert (reply.status, *unpack_words(reply.payload)) == (Status.OK, cost.cells(load))
    for number in range(24):
        rows, columns = (AXES[i] for i in rng.integers(0, len(AXES), 2))
        opcode = (Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS)[number % 3]
        cells = opcode == Opcode.READ_CELLS
        fields = {"width_bits": 32, "range": int(rng.integers(4))}
        fields |= {"averages_log2": int(rng.integers(2))} if opcode == Opcode.MAC else {}
        fields |= {} if cells else {"bits": int(rng.integers(1, 4))}
        x = None if cells else rng.integers(0, 1 << fields["bits"], (2, rows.count))
        request = vectors(opcode, rows, columns, x, **fields)
        expected, _ = cost.reading(request, 1 << 40)
        if expected > 15_000:
            continue
        reply = await host.call(opcode, request.encode())
        cycles, _, values = results(request, reply.payload)
        assert (reply.status, cycles) == (Status.OK, expected), request
        if request.range == 0 and opcode == Opcode.MAC:
            np.testing.assert_array_equal(
                values, (x @ g[np.ix_(rows.lines, columns.lines)].astype(int)) << request.averages_log2
            )

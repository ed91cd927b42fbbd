# SPDX-License-Identifier: BSD-3-Clause
"""Cycles of a board that only reads: the twin's closed form against the events of the serial macro."""

import numpy as np
import pytest
from tests.fpga.emulator_cycles import expected_serial
from tests.fpga.emulator_model import Config

from ohmloop._map import Opcode, Register
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.serial_cost import SerialCost
from ohmloop.link.messages import Axis, VectorRequest

WINDOWS = (Axis(0, 1), Axis(0, 64), Axis(3, 20, 3), Axis.from_lines(np.array([0, 63])))


@pytest.mark.parametrize("columns", WINDOWS)
@pytest.mark.parametrize("rows", [Axis(5, 1), Axis(0, 2), Axis(0, 64)])
@pytest.mark.parametrize("raw", [False, True])
def test_readings_end_with_their_last_result(rows: Axis, columns: Axis, raw: bool) -> None:
    registers = Registers()
    registers.write(Register.EMU_RANGE_SHIFT, 63 << 24 | 22 << 8, 0)
    cost = SerialCost(64, 8, 1, rows=64, registers=registers)
    opcode = Opcode.MAC_RAW if raw else Opcode.MAC
    for number, shift in ((0, 0), (1, 22), (3, 63)):
        request = VectorRequest(
            opcode, 0, rows, columns, 0, 0, range=number, averages_log2=0 if raw else 2, bits=5, count=3
        )
        cfg = Config(bits=5, raw=raw, repeats=1 if raw else 4, range=number)
        told = expected_serial(cfg, rows.count, 3, columns.lines.tolist(), shift)
        cycles, left = cost.reading(request, 1 << 40)
        assert (cycles, left) == (told.result_last[-1] + 3, len(told.result_last))
        for result, end in enumerate(told.result_last):
            assert cost.reading(request, end + 1)[1] == result
            assert cost.reading(request, end + 2)[1] == result + 1


def test_a_refresh_takes_every_column() -> None:
    cost = SerialCost(64, 8, 1, rows=32, registers=Registers())
    assert cost.refresh(1) == cost.refresh(64) == 64 * 67

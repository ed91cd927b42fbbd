# SPDX-License-Identifier: BSD-3-Clause
"""sync_bit: the harmless level at reset, then the pin, STAGES edges later."""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from tests.fpga.runner import build_and_test


def test_sync_bit() -> None:
    build_and_test("sync_bit", ["fpga/rtl/sync_bit.v"], __name__, {"STAGES": 3, "RESET_VALUE": "1'b1"})


@cocotb.test()
async def reset_shows_the_harmless_level(dut) -> None:
    Clock(dut.clk, 10, unit="ns").start()
    dut.rst_n.value = 0
    dut.__getattr__("in").value = 0
    await FallingEdge(dut.clk)
    for _ in range(3):
        await FallingEdge(dut.clk)
        assert dut.out.value == 1


@cocotb.test()
async def a_change_appears_after_exactly_three_edges(dut) -> None:
    Clock(dut.clk, 10, unit="ns").start()
    pin = dut.__getattr__("in")
    dut.rst_n.value = 1
    pin.value = 0
    for _ in range(4):
        await FallingEdge(dut.clk)
    for level in (1, 0, 1):
        pin.value = level
        seen = []
        for _ in range(4):
            await FallingEdge(dut.clk)
            seen.append(int(dut.out.value))
        assert seen == [1 - level, 1 - level, level, level]

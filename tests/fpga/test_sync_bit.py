# SPDX-License-Identifier: BSD-3-Clause
"""sync_bit: the harmless level at reset, then the pin, STAGES edges later."""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge
from tests.fpga import parts
from tests.fpga.runner import build_and_test


def test_sync_bit() -> None:
    build_and_test(parts.TOP, parts.SOURCES, __name__)


@cocotb.test()
async def reset_shows_the_harmless_level(dut) -> None:
    await parts.start(dut)
    dut.pin.value = 1
    await parts.cycles(dut, 4)
    assert dut.pin_default.value == 1
    dut.pin.value = 0
    await parts.cycles(dut, 4)
    dut.rst_n.value = 0
    await parts.cycles(dut, 1)
    assert (dut.pin_default.value, dut.pin_high.value) == (0, 1)


@cocotb.test()
async def a_change_appears_after_exactly_that_many_edges(dut) -> None:
    await parts.start(dut)
    await parts.cycles(dut, 4)
    for level in (1, 0, 1):
        dut.pin.value = level
        seen = []
        for _ in range(4):
            await FallingEdge(dut.clk)
            seen.append((int(dut.pin_default.value), int(dut.pin_high.value)))
        old, new = 1 - level, level
        assert seen == [(old, old), (new, old), (new, new), (new, new)]

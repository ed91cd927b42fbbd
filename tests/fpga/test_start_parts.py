# SPDX-License-Identifier: BSD-3-Clause
"""reset_start and boot_stamp: reset until the clock was good for 16 cycles, a boot id that stays."""

from __future__ import annotations

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from tests.fpga.runner import build_and_test

AFTER = 2 + 16
"""Edges from `good` to the end of reset: two of sync_bit, CYCLES of the chain."""


def test_start_parts() -> None:
    build_and_test("start_parts", ["tests/fpga/tops/start_parts.v"], __name__)


async def edges(dut, count: int) -> None:
    for _ in range(count):
        await FallingEdge(dut.clk)


async def locked(dut) -> None:
    """A clock that runs, then is good; ends just before reset does."""
    dut.good.value = dut.seen.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    await edges(dut, 30)
    assert int(dut.rst_n.value) == 0
    dut.good.value = 1
    await edges(dut, AFTER - 1)
    assert int(dut.rst_n.value) == 0


@cocotb.test()
async def reset_ends_after_exactly_that_many_edges_and_returns_with_the_lock_lost(dut) -> None:
    await locked(dut)
    await edges(dut, 1)
    assert int(dut.rst_n.value) == 1
    dut.good.value = 0
    await edges(dut, 3)
    assert int(dut.rst_n.value) == 0


@cocotb.test()
async def the_boot_id_is_when_the_host_first_spoke(dut) -> None:
    await locked(dut)
    await edges(dut, 1 + 77)
    dut.seen.value = 1
    await edges(dut, 1)
    dut.seen.value = 0
    assert int(dut.stamp.value) == 77
    await edges(dut, 50)
    assert int(dut.stamp.value) == 77

# SPDX-License-Identifier: BSD-3-Clause
"""macro_afe between limit_guard and accumulate: what is permitted reaches the pins; kill ends it."""

from __future__ import annotations

from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout
from cocotb.utils import get_sim_time
from tests.fpga.afe_board_bench import SOURCES
from tests.fpga.runner import build_and_test

from ohmloop import _map as board_map

ZEROS = """kill safe_latched arm g_valid g_kind g_row g_mask g_voltage g_width cfg_bits cfg_mask read_code
    x_valid_in x_line x_code x_last level""".split()
LIMIT_NS = 300_000


def test_afe_guarded() -> None:
    sources = ["tests/fpga/tops/afe_guarded.v", *SOURCES]
    build_and_test("afe_guarded", sources, __name__, internals=False)


async def start(dut: Any) -> None:
    """Resets the board; ends when it is up and a token is held."""
    for name in ZEROS:
        getattr(dut, name).value = 0
    dut.rst_n.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    await ClockCycles(dut.clk, 1210)
    dut.rst_n.value = 1
    await FallingEdge(dut.clk)
    await with_timeout(FallingEdge(dut.inhibit), 10 * LIMIT_NS, "ns")
    await arm(dut)


async def arm(dut: Any) -> None:
    await FallingEdge(dut.clk)
    dut.arm.value = 1
    await FallingEdge(dut.clk)
    dut.arm.value = 0


async def ask(dut: Any, *, row: int = 2, voltage: int = 0x5000, width: int = 40) -> None:
    """Asks the guard for a SET; the guard is idle in the cycle after its last answer."""
    for _ in range(2):
        await FallingEdge(dut.clk)
    dut.g_kind.value, dut.g_row.value, dut.g_mask.value = 1, row, 0x0030
    dut.g_voltage.value, dut.g_width.value, dut.g_valid.value = voltage, width, 1
    await FallingEdge(dut.clk)
    dut.g_valid.value = 0


@cocotb.test()
async def a_permitted_pulse_has_the_guards_width_at_the_pin(dut) -> None:
    await start(dut)
    for width in (1, 40, 777):
        await ask(dut, width=width)
        await with_timeout(RisingEdge(dut.pulse_on), LIMIT_NS, "ns")
        begin = get_sim_time("ns")
        await with_timeout(FallingEdge(dut.pulse_on), LIMIT_NS, "ns")
        assert get_sim_time("ns") - begin == 10 * width
        await with_timeout(RisingEdge(dut.g_done), LIMIT_NS, "ns")
        assert int(dut.g_status.value) == board_map.Status.OK
    await ClockCycles(dut.clk, 4)  # the models see a pin two cycles late
    assert int(dut.broken.value) == 0 and int(dut.rails.value) == 0


@cocotb.test()
async def what_the_guard_refuses_moves_nothing(dut) -> None:
    await start(dut)
    for fields in ({"voltage": 0x6001}, {"row": 8}, {"width": 5001}):
        await ask(dut, **fields)
        await with_timeout(RisingEdge(dut.g_done), LIMIT_NS, "ns")
        assert int(dut.g_status.value) != board_map.Status.OK
        for _ in range(3):
            await ClockCycles(dut.clk, 1000)
            assert int(dut.rails.value) == int(dut.row_channel.value) == int(dut.column_channel.value) == 0
    assert int(dut.pulse_on.value) == 0


@cocotb.test()
async def kill_ends_a_pulse_at_the_pins_in_two_cycles(dut) -> None:
    await start(dut)
    await ask(dut, width=4000)
    await with_timeout(RisingEdge(dut.pulse_on), LIMIT_NS, "ns")
    await ClockCycles(dut.clk, 100)
    await FallingEdge(dut.clk)
    dut.kill.value = 1
    await FallingEdge(dut.clk)
    dut.kill.value = 0
    assert (int(dut.pulse_on.value), int(dut.inhibit.value), int(dut.oe_n.value)) == (0, 1, 1)
    await with_timeout(RisingEdge(dut.g_done), LIMIT_NS, "ns")
    assert int(dut.g_status.value) == board_map.Status.ABORTED
    await with_timeout(FallingEdge(dut.inhibit), 10 * LIMIT_NS, "ns")
    assert int(dut.rails.value) == int(dut.row_channel.value) == int(dut.column_channel.value) == 0
    await arm(dut)
    await ask(dut)
    await with_timeout(RisingEdge(dut.pulse_on), LIMIT_NS, "ns")
    assert int(dut.broken.value) == 0


@cocotb.test()
async def results_are_the_sums_of_the_planes(dut) -> None:
    await start(dut)
    levels = [100, -200, 300, -8192]
    dut.level.value = sum((level & 0x3FFF) << 14 * i for i, level in enumerate(levels))
    dut.cfg_bits.value, dut.cfg_mask.value, dut.read_code.value = 3, 0xF0F0, 2621
    results: list[int] = []
    for vector in range(2):
        for row in range(4):
            dut.x_valid_in.value, dut.x_line.value = 1, row
            dut.x_code.value, dut.x_last.value = vector + row, row == 3
            assert int(dut.x_ready_in.value)
            await FallingEdge(dut.clk)
    dut.x_valid_in.value = 0
    while len(results) < 16:
        await with_timeout(RisingEdge(dut.r_valid), 4 * LIMIT_NS, "ns")
        await FallingEdge(dut.clk)
        while int(dut.r_valid.value):
            results.append(dut.r_data.value.to_signed())
            await FallingEdge(dut.clk)
    assert results == [7 * level for level in levels] * 4
    assert int(dut.broken.value) == 0

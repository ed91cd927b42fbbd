# SPDX-License-Identifier: BSD-3-Clause
"""What the benches of the link's small parts share: the top, its reset, and a sampler of each cycle."""

from __future__ import annotations

from collections.abc import Callable

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

TOP = "link_parts"
SOURCES = ["tests/fpga/tops/link_parts.v"]
INPUTS = """pin uart_tx_valid uart_tx_data uart_tx_last in_valid in_data in_bad tx_valid tx_data tx_last
    crc_enable crc_first crc_data""".split()


async def start(dut) -> None:
    """Idle inputs, three cycles of reset; ends at a falling edge."""
    for name in INPUTS:
        getattr(dut, name).value = 0
    dut.rxd.value = 7
    dut.out_ready.value = 1
    dut.rst_n.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(4):
        await FallingEdge(dut.clk)
    dut.rst_n.value = 1


async def cycles(dut, count: int) -> None:
    for _ in range(count):
        await FallingEdge(dut.clk)


def each_cycle(look: Callable[[int], None]) -> None:
    """Calls `look(cycle)` just before every rising edge: it sees what the edge captures."""

    async def sampler() -> None:
        await Timer(4, "ns")
        for cycle in range(10_000_000):
            look(cycle)
            await Timer(10, "ns")

    cocotb.start_soon(sampler())


async def wait_before_edge() -> None:
    """From a falling edge to just before the rising one, when handshakes are decided."""
    await Timer(4, "ns")

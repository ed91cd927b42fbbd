# SPDX-License-Identifier: BSD-3-Clause
"""Drives `afe_parts`: the drivers of the analog front end on their parts, and the parts' open pins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

TOP = "afe_parts"
PARTS = ["part_edge", "part_dac80508", "part_hc595", "part_ads8324"]
SOURCES = ["tests/fpga/tops/afe_parts.v", *(f"fpga/sim/parts/{part}.v" for part in PARTS)]
DACS, CHAINS, BITS, ADCS = 3, 2, 16, 3
BRINGUP, CHECK, LOAD, ZERO = range(4)
DAC_RULES = (
    """t_SCLKHIGH t_SCLKLOW f_SCLK t_SDIS t_SDIH t_CSS t_CSH t_CSHIGH edges reserved read power""".split()
)
CHAIN_RULES = """t_w-high t_w-low t_su-SER t_w-RCLK t_su-RCLK t_w-SRCLR t_su-cleared t_su-inactive""".split()
ADC_RULES = "high low f_DCLOCK slowest t_SUCS t_CSD t_CONV t_CYC".split()
ZEROS = """
    dac_halt dac_start dac_command dac_channels dac_codes chain_start chain_latch chain_clear chain_pattern
    adc_go adc_level x_sclk x_sdi x_ser x_srclk x_rclk x_dclock""".split()
ONES = ["x_cs_n", "x_srclr_n", "x_adc_cs_n"]


def broken(word: int, rules: list[str], parts: int = 1) -> set[str]:
    """Names of the rules that any of the parts saw broken."""
    return {
        name for part in range(parts) for i, name in enumerate(rules) if word >> part * len(rules) + i & 1
    }


def field(value: Any, index: int, width: int) -> int:
    """One field of a packed port."""
    return int(value.value) >> index * width & (1 << width) - 1


async def start(dut: Any) -> None:
    """Idle inputs, reset for longer than a conversion; ends at a falling edge."""
    for name in (*ZEROS, *ONES):
        getattr(dut, name).value = int(name in ONES)
    dut.dac_power.value = dut.x_power.value = dut.rst_n.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(1210):
        await FallingEdge(dut.clk)
    dut.dac_power.value, dut.x_power.value, dut.rst_n.value = 7, 1, 1
    await FallingEdge(dut.clk)


async def cycles(dut: Any, count: int) -> None:
    """Waits `count` cycles."""
    for _ in range(count):
        await FallingEdge(dut.clk)


async def until(dut: Any, seen: Callable[[], int], limit: int) -> int:
    """Cycles until `seen` says so."""
    for count in range(limit):
        if seen():
            return count
        await FallingEdge(dut.clk)
    raise AssertionError(f"not seen within {limit} cycles")


async def pulse(dut: Any, name: str) -> None:
    """One cycle of an input."""
    getattr(dut, name).value = 1
    await FallingEdge(dut.clk)
    getattr(dut, name).value = 0


async def command(dut: Any, which: int, *, channels: int = 0, codes: int = 0) -> int:
    """Gives a command to the DACs; returns the cycles from `start` to `done`."""
    dut.dac_command.value, dut.dac_channels.value, dut.dac_codes.value = which, channels, codes
    await pulse(dut, "dac_start")
    took = await until(dut, lambda: int(dut.dac_done.value), 60_000) + 1
    await FallingEdge(dut.clk)
    return took


def nothing_broken(dut: Any) -> None:
    """No part behind a driver saw a rule broken."""
    found = {
        *broken(int(dut.dac_broken.value), DAC_RULES, DACS),
        *broken(int(dut.chain_broken.value), CHAIN_RULES, CHAINS),
        *broken(int(dut.adc_broken.value), ADC_RULES, ADCS),
    }
    assert not found

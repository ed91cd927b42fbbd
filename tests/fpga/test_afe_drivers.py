# SPDX-License-Identifier: BSD-3-Clause
"""dac80508 (with spi_frame), hc595_chain, ads8324: what the parts do, in how many cycles, no rule broken."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import FallingEdge, Timer
from tests.fpga import afe_bench as bench
from tests.fpga.runner import build_and_test

WRITE = 2 + 48 + 1 + 1  # LEAD, 24 periods of two cycles, T_CSHIGH, the cycle of the request
READ = 2 + 24 * 8 + 1 + 1
RESET = 15_000
PERIOD, SUCS, CYC = 50, 3, 1200
ALL = [0x1111 * (i + 1) for i in range(8)]


def test_afe_drivers() -> None:
    build_and_test(bench.TOP, bench.SOURCES, __name__, internals=False)


def packed(codes: list[int]) -> int:
    return sum(code << 16 * i for i, code in enumerate(codes))


async def brought_up(dut) -> int:
    await bench.start(dut)
    took = await bench.command(dut, bench.BRINGUP)
    assert dut.dac_present.value == 1
    return took


@cocotb.test()
async def bring_up_finds_every_dac_and_leaves_zero_at_the_outputs(dut) -> None:
    took = await brought_up(dut)
    assert took == 2 * RESET + 6 * WRITE - WRITE + 2 * READ + 1
    assert dut.dac_out.value == 0
    assert [bench.field(dut.dac_gain, i, 16) for i in range(bench.DACS)] == [0xFF] * bench.DACS
    bench.nothing_broken(dut)


@cocotb.test()
async def channels_of_all_parts_step_in_one_cycle(dut) -> None:
    await brought_up(dut)
    dut.dac_command.value, dut.dac_channels.value, dut.dac_codes.value = bench.LOAD, 0xFF, packed(ALL)
    await bench.pulse(dut, "dac_start")
    seen = []
    for _ in range(9 * WRITE + 4):
        seen.append(int(dut.dac_out.value))
        await FallingEdge(dut.clk)
    wanted = sum(packed(ALL) << 128 * i for i in range(bench.DACS))
    assert set(seen) == {0, wanted} and 0 < seen.count(wanted) < 8
    bench.nothing_broken(dut)


@cocotb.test()
async def a_load_costs_a_frame_a_channel_one_more_and_the_readback(dut) -> None:
    await brought_up(dut)
    for channels in (0x00, 0x01, 0xA5, 0xFF):
        took = await bench.command(dut, bench.LOAD, channels=channels, codes=packed(ALL))
        assert took == (channels.bit_count() + 1) * WRITE + 2 * READ + 1
        assert dut.dac_present.value == 1
    await bench.command(dut, bench.LOAD, channels=0x04, codes=packed([7] * 8))
    await bench.cycles(dut, 3)
    assert bench.field(dut.dac_out, 1, 128) == packed([*ALL[:2], 7, *ALL[3:]])
    bench.nothing_broken(dut)


@cocotb.test()
async def zero_is_one_broadcast(dut) -> None:
    await brought_up(dut)
    await bench.command(dut, bench.LOAD, channels=0xFF, codes=packed(ALL))
    assert await bench.command(dut, bench.ZERO) == 2 * WRITE + 1
    await bench.cycles(dut, 3)
    assert dut.dac_out.value == 0
    bench.nothing_broken(dut)


@cocotb.test()
async def a_dac_that_lost_its_supply_is_named(dut) -> None:
    await brought_up(dut)
    assert await bench.command(dut, bench.CHECK) == 2 * READ + 1
    assert dut.dac_present.value == 1
    for part in reversed(range(bench.DACS)):
        dut.dac_power.value = (1 << part) - 1
        await bench.command(dut, bench.CHECK)
        assert (int(dut.dac_present.value), int(dut.dac_missing.value)) == (0, part)


@cocotb.test()
async def bring_up_without_a_dac_writes_nothing(dut) -> None:
    await bench.start(dut)
    dut.dac_power.value = 0b011
    await bench.command(dut, bench.BRINGUP)
    assert (int(dut.dac_present.value), int(dut.dac_missing.value)) == (0, 2)
    assert dut.dac_gain.value == 0
    bench.nothing_broken(dut)


@cocotb.test()
async def halt_ends_after_the_frame_on_the_wire(dut) -> None:
    await brought_up(dut)
    for wait in (0, 1, 20, WRITE, 3 * WRITE - 1):
        dut.dac_command.value, dut.dac_channels.value, dut.dac_codes.value = bench.LOAD, 0xFF, packed(ALL)
        await bench.pulse(dut, "dac_start")
        await bench.cycles(dut, wait)
        await bench.pulse(dut, "dac_halt")
        assert await bench.until(dut, lambda: int(dut.dac_ready.value), 2 * WRITE) <= WRITE
        assert await bench.command(dut, bench.ZERO) == 2 * WRITE + 1
        assert dut.dac_out.value == 0
    bench.nothing_broken(dut)


@cocotb.test()
async def a_pattern_comes_out_where_it_belongs(dut) -> None:
    await bench.start(dut)
    await bench.pulse(dut, "chain_clear")
    await bench.until(dut, lambda: int(dut.chain_shown.value), 20)
    await FallingEdge(dut.clk)
    for _ in range(3):
        before, pattern = int(dut.chain_q.value), random.getrandbits(bench.CHAINS * bench.BITS)
        dut.chain_pattern.value = pattern
        await bench.pulse(dut, "chain_start")
        took = await bench.until(dut, lambda: int(dut.chain_loaded.value), 200) + 1
        assert took == 4 + 2 * bench.BITS * 2
        assert dut.chain_q.value == before
        await bench.pulse(dut, "chain_latch")
        assert await bench.until(dut, lambda: int(dut.chain_shown.value), 20) == 3
        assert dut.chain_q.value == pattern
        await FallingEdge(dut.clk)
    bench.nothing_broken(dut)


@cocotb.test()
async def clear_empties_at_any_moment(dut) -> None:
    await bench.start(dut)
    dut.chain_pattern.value = (1 << bench.CHAINS * bench.BITS) - 1
    for wait in (*range(8), 30, 67, 68, 69, 70, 71, 72):
        await bench.pulse(dut, "chain_start")
        await bench.until(dut, lambda: int(dut.chain_loaded.value), 200)
        await bench.pulse(dut, "chain_latch")
        await bench.until(dut, lambda: int(dut.chain_shown.value), 20)
        await FallingEdge(dut.clk)
        await bench.pulse(dut, "chain_start")
        await bench.cycles(dut, wait)
        await bench.pulse(dut, "chain_clear")
        assert await bench.until(dut, lambda: int(dut.chain_shown.value), 20) == 7
        assert dut.chain_q.value == 0
        await FallingEdge(dut.clk)
    bench.nothing_broken(dut)


@cocotb.test()
async def converters_give_what_they_sampled_all_at_once(dut) -> None:
    await bench.start(dut)
    levels = [0x2AAA, 0x1FFF, 0x2001]
    dut.adc_level.value = sum(level << 14 * i for i, level in enumerate(levels))
    dut.adc_go.value = 1
    await FallingEdge(dut.clk)
    dut.adc_go.value = 0
    assert (
        await bench.until(dut, lambda: int(dut.adc_held.value), CYC) + 1
        == SUCS + 5 * PERIOD - PERIOD // 2 + 1
    )
    await bench.cycles(dut, 3)
    dut.adc_level.value = 0
    assert await bench.until(dut, lambda: int(dut.adc_valid.value), CYC) + 3 == 17 * PERIOD + PERIOD // 2 - 1
    assert [bench.field(dut.adc_codes, i, 14) for i in range(bench.ADCS)] == levels
    bench.nothing_broken(dut)


@cocotb.test()
async def conversions_follow_each_other_at_the_fastest_rate(dut) -> None:
    await bench.start(dut)
    dut.adc_go.value = 1
    begins, codes = [], []
    for cycle in range(5 * CYC):
        await Timer(1, "ns")
        if dut.adc_begins.value == 1:
            begins.append(cycle)
            level = random.getrandbits(42)
            dut.adc_level.value = level
            codes.append(level)
        if dut.adc_valid.value == 1:
            assert dut.adc_codes.value == codes[-1]
        await FallingEdge(dut.clk)
    assert begins == [CYC * i for i in range(5)]
    bench.nothing_broken(dut)

# SPDX-License-Identifier: BSD-3-Clause
"""The part models: a gentle hand breaks no rule; every rule fires, alone, when broken on the open pins."""

from __future__ import annotations

from dataclasses import dataclass

import cocotb
from cocotb.triggers import FallingEdge
from tests.fpga import afe_bench as bench
from tests.fpga.runner import build_and_test

Events = list[tuple[int, str, int]]
POWERED = 1100  # cycles after which the open DAC may be spoken to


def test_afe_rules() -> None:
    build_and_test(bench.TOP, bench.SOURCES, __name__, internals=False)


@dataclass(frozen=True)
class Frame:
    """One SPI frame, in ns; `data_at` is when SDI changes, from SCLK's rising edge."""

    word: int = 0x0A5A5A
    edges: int = 24
    lead: int = 20
    high: int = 12
    low: int = 12
    data_at: int = 0
    tail: int = 12
    gap: int = 30

    def events(self, begin: int = 0) -> Events:
        rises = [begin + self.lead + i * (self.high + self.low) for i in range(self.edges)]
        found: Events = [(begin, "x_cs_n", 0), (rises[-1] + self.high + self.tail, "x_cs_n", 1)]
        for i, rise in enumerate(rises):
            found += [(rise + self.data_at, "x_sdi", self.word >> self.edges - 1 - i & 1)]
            found += [(rise, "x_sclk", 1), (rise + self.high, "x_sclk", 0)]
        return found

    def twice(self) -> Events:
        end = max(time for time, _, _ in self.events())
        return self.events() + self.events(end + self.gap)


@dataclass(frozen=True)
class Shift:
    """Bits into the chain, then a latch, then a clear with its latch and one more bit, in ns."""

    setup: int = 26
    high: int = 22
    low: int = 26
    before_latch: int = 22
    latch: int = 22
    clear: int = 22
    cleared: int = 30
    free: int = 14

    def events(self) -> Events:
        found: Events = []
        for i in range(8):
            rise = 40 + i * (self.high + self.low)
            found += [
                (rise - self.setup, "x_ser", ~i & 1),
                (rise, "x_srclk", 1),
                (rise + self.high, "x_srclk", 0),
            ]
        show = rise + self.before_latch
        empty = show + self.latch + 60
        again = empty + self.cleared
        more = empty + self.clear + self.free
        found += [(show, "x_rclk", 1), (show + self.latch, "x_rclk", 0)]
        found += [(empty, "x_srclr_n", 0), (empty + self.clear, "x_srclr_n", 1)]
        if self.free == 14:
            found += [(again, "x_rclk", 1), (again + 22, "x_rclk", 0)]
        else:
            found += [(more, "x_srclk", 1), (more + self.high, "x_srclk", 0)]
        return found


@dataclass(frozen=True)
class Conversion:
    """Two conversions, in units of 10 ns."""

    ready: int = 0
    lead: int = 6
    high: int = 42
    low: int = 42
    clocks: int = 22
    pause: int = 0
    cycle: int = 2000

    def events(self) -> Events:
        found: Events = []
        for begin in (10, 10 + self.cycle):
            found += [(begin - 5, "x_dclock", self.ready), (begin, "x_adc_cs_n", 0)]
            for i in range(self.clocks):
                rise = begin + self.lead + i * (self.high + self.low) + (self.pause if i > 8 else 0)
                found += [(rise, "x_dclock", 1), (rise + self.high, "x_dclock", 0)]
            found += [(rise + self.high + 10, "x_adc_cs_n", 1)]
        return sorted(found, key=lambda event: event[0])


SPI = {
    "t_SCLKHIGH": Frame(high=8, low=14, tail=14),
    "t_SCLKLOW": Frame(high=14, low=8, data_at=4),
    "f_SCLK": Frame(high=9, low=10),
    "t_SDIS": Frame(data_at=8),
    "t_SDIH": Frame(data_at=-3),
    "t_CSS": Frame(lead=0),
    "t_CSH": Frame(tail=9),
    "t_CSHIGH": Frame(gap=14),
    "edges": Frame(edges=23),
    "reserved": Frame(word=0x2A5A5A),
    "read": Frame(word=0x810000),
}
SHIFTS = {
    "t_w-high": Shift(high=19, low=30),
    "t_w-low": Shift(high=30, low=19),
    "t_su-SER": Shift(setup=24),
    "t_w-RCLK": Shift(latch=19),
    "t_su-RCLK": Shift(before_latch=18),
    "t_w-SRCLR": Shift(clear=19),
    "t_su-cleared": Shift(cleared=12),
    "t_su-inactive": Shift(free=11),
}
CONVERSIONS = {
    "high": Conversion(high=19, low=65),
    "low": Conversion(high=65, low=19),
    "f_DCLOCK": Conversion(high=41, low=41),
    "slowest": Conversion(pause=4200, cycle=8000),
    "t_SUCS": Conversion(lead=4),
    "t_CSD": Conversion(ready=1),
    "t_CONV": Conversion(clocks=20),
    "t_CYC": Conversion(cycle=1990),
}


async def play(dut, events: Events) -> None:
    """Drives the pins; afterwards they rest for a while, and nothing more is judged."""
    now = 0
    for time, pin, value in sorted(events, key=lambda event: event[0]):
        await bench.cycles(dut, time - now)
        now = time
        getattr(dut, pin).value = value
    await bench.cycles(dut, 60)


async def judged(dut, events: Events, rules: list[str], port: str) -> set[str]:
    """What one stream of events breaks."""
    dut.rst_n.value = 0
    await FallingEdge(dut.clk)
    dut.rst_n.value = 1
    await play(dut, events)
    return bench.broken(int(getattr(dut, port).value), rules)


@cocotb.test()
async def the_dac_obeys_a_gentle_hand(dut) -> None:
    await bench.start(dut)
    await bench.cycles(dut, POWERED)
    assert await judged(dut, Frame().twice(), bench.DAC_RULES, "x_dac_broken") == set()
    assert bench.field(dut.x_out, 2, 16) == 0x5A5A
    assert await judged(dut, Frame(edges=30, word=0).twice(), bench.DAC_RULES, "x_dac_broken") == set()
    slow = Frame(word=0x810000, high=28, low=28, tail=28)
    assert await judged(dut, slow.twice(), bench.DAC_RULES, "x_dac_broken") == set()


@cocotb.test()
async def every_rule_of_the_dac_fires_alone(dut) -> None:
    await bench.start(dut)
    await bench.cycles(dut, POWERED)
    for rule, frame in SPI.items():
        assert await judged(dut, frame.twice(), bench.DAC_RULES, "x_dac_broken") == {rule}, rule
        await judged(
            dut, Frame(word=0).twice(), bench.DAC_RULES, "x_dac_broken"
        )  # a read ends with its answer
    dut.x_power.value = 0
    await FallingEdge(dut.clk)
    dut.x_power.value = 1
    assert await judged(dut, Frame().events(900), bench.DAC_RULES, "x_dac_broken") == {"power"}
    assert set(SPI) | {"power"} == set(bench.DAC_RULES)


@cocotb.test()
async def every_rule_of_the_chain_fires_alone(dut) -> None:
    await bench.start(dut)
    assert await judged(dut, Shift().events(), bench.CHAIN_RULES, "x_chain_broken") == set()
    assert dut.x_q.value == 0
    for rule, shift in SHIFTS.items():
        assert await judged(dut, shift.events(), bench.CHAIN_RULES, "x_chain_broken") == {rule}, rule
    assert set(SHIFTS) == set(bench.CHAIN_RULES)


@cocotb.test()
async def every_rule_of_the_converter_fires_alone(dut) -> None:
    await bench.start(dut)
    assert await judged(dut, Conversion().events(), bench.ADC_RULES, "x_adc_broken") == set()
    for rule, conversion in CONVERSIONS.items():
        await bench.cycles(dut, 2000)
        assert await judged(dut, conversion.events(), bench.ADC_RULES, "x_adc_broken") == {rule}, rule
    assert set(CONVERSIONS) == set(bench.ADC_RULES)

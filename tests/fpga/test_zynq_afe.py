# SPDX-License-Identifier: BSD-3-Clause
"""The top with the analog front end, at its named pins: safe unconfigured and when stopped; it works."""

from __future__ import annotations

import cocotb
import numpy as np
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, Timer, with_timeout
from tests.fpga.board_host import BoardHost, pulse_request
from tests.fpga.runner import build_and_test

from ohmloop._map import Opcode, Pulse, Register, Status
from ohmloop.link.packing import pack_inputs
from ohmloop.link.requests import limits_hash
from ohmloop.link.vectors import REPLY_HEAD_WORDS, VectorRequest
from ohmloop.link.windows import Axis

ROWS, COLS, ADCS, DACS = 16, 32, 4, 2
OPEN, PLUS, PULSE = 7, 1, 3
UP_CYCLES = 40_000
LIMITS = (60_000, 0, 50_000, 16_384, 65_535, 5_000)
"""FORM, SET, RESET, read as high as its rails go, gate; width."""


@pytest.mark.slow
def test_zynq_afe() -> None:
    parts = [f"fpga/sim/parts/part_{name}.v" for name in "edge dac80508 hc595 ads8324 lines board".split()]
    boards = ["fpga/boards/zynq_core.v", "fpga/boards/zynq_afe.v"]
    build_and_test("zynq_pins", ["tests/fpga/tops/zynq_pins.v", *boards, *parts], __name__, internals=False)


async def unconfigured(dut, *, floating: int = 0, power: int = 3) -> BoardHost:
    """The supplies are there, the FPGA is not; the clock runs for the models."""
    for name in ("watch", "configured", "rst_n", "stop", "rx_valid", "rx_data", "rx_last", "power", "level"):
        getattr(dut, name).value = 0
    dut.floating.value, dut.tx_ready.value = floating, 1
    Clock(dut.clk, 10, unit="ns").start()
    await ClockCycles(dut.clk, 1210)  # T_CYC of the converters' models has passed
    dut.watch.value, dut.power.value = 1, power
    await ClockCycles(dut.clk, 1500)
    return BoardHost(dut)


async def up(dut, *, power: int = 3) -> BoardHost:
    """Configured, out of reset, an epoch open, limits set."""
    host = await unconfigured(dut, power=power)
    dut.configured.value = 1
    await ClockCycles(dut.clk, 100)
    await FallingEdge(dut.clk)
    dut.rst_n.value = 1
    host.listen()
    await with_timeout(FallingEdge(dut.inhibit), 10 * UP_CYCLES, "ns")
    await FallingEdge(dut.clk)
    await host.hello(0x0001_0001)  # makes it safe: it comes up once more
    await ClockCycles(dut.clk, UP_CYCLES)
    await FallingEdge(dut.clk)
    await host.write(Register.LIMIT_FORM_V, *LIMITS)
    return host


def is_off(dut) -> bool:
    """No multiplexer on, no word line, no pulse, every rail at zero, amplifiers shorted."""
    pins = int(dut.inhibit.value), int(dut.oe_n.value), int(dut.pulse_on.value), int(dut.tia_short.value)
    lines = channels(dut.row_channel, ROWS) + channels(dut.column_channel, COLS)
    return pins == (1, 1, 0, 1) and set(lines) == {OPEN} and not int(dut.word_line.value)


def channels(signal, count: int) -> list[int]:
    """What each multiplexer is connected to."""
    return [int(signal.value) >> 3 * i & 7 for i in range(count)]


@cocotb.test()
async def nothing_is_on_between_configuration_and_the_first_clock_edge(dut) -> None:
    for name in ("watch", "rst_n", "stop", "rx_valid", "clk", "level", "floating"):
        getattr(dut, name).value = 0
    dut.configured.value, dut.power.value = 1, 3
    await Timer(1, "ns")
    pins = ("inhibit", "oe_n", "pulse_on", "tia_short")
    assert [int(getattr(dut, name).value) for name in pins] == [1, 1, 0, 1]


@cocotb.test()
async def nothing_is_on_without_the_fpga_whatever_the_free_pins_do(dut) -> None:
    for floating in (0, 1):
        await unconfigured(dut, floating=floating)
        for _ in range(20):
            await ClockCycles(dut.clk, 50)
            assert is_off(dut) and int(dut.rails.value) == 0
        assert int(dut.broken.value) == 0


@cocotb.test()
async def configuration_and_reset_move_nothing(dut) -> None:
    await unconfigured(dut, floating=1)
    dut.configured.value = 1
    for _ in range(50):
        await FallingEdge(dut.clk)
        assert is_off(dut) and int(dut.rails.value) == 0
    dut.rst_n.value = 1
    while is_off(dut):
        await ClockCycles(dut.clk, 10)
        assert int(dut.rails.value) == 0 and int(dut.broken.value) == 0
    assert not int(dut.pulse_on.value) and not int(dut.word_line.value)


@cocotb.test()
async def a_product_comes_through_the_named_pins(dut) -> None:
    host = await up(dut)
    levels = [100, -200, 300, -8192]
    dut.level.value = sum((level & 0x3FFF) << 14 * i for i, level in enumerate(levels))
    x = np.ones((1, ROWS), dtype=int)
    request = VectorRequest(
        Opcode.MAC_RAW, 0, Axis(0, ROWS), Axis(0, COLS), 2621, 1, range=1, count=1,
        vectors=pack_inputs(x, 1, False).tobytes(),
    )  # fmt: skip
    known = await host.post(Opcode.MAC_RAW, request.encode())
    await with_timeout(RisingEdge(dut.begun), 100_000, "ns")
    assert channels(dut.row_channel, ROWS) == [PLUS] * ROWS and int(dut.word_line.value) == 0xFFFF
    assert channels(dut.column_channel, COLS) == [1] * ADCS + [0] * (COLS - ADCS)
    reply = await host.reply(known, limit=100_000)
    assert reply.status == Status.OK
    words = np.frombuffer(reply.payload, np.int32)[REPLY_HEAD_WORDS:]
    assert words[:COLS].tolist() == levels * (COLS // ADCS)
    assert int(dut.broken.value) == 0


@cocotb.test()
async def a_limit_that_the_rails_do_not_reach_cannot_be_set(dut) -> None:
    host = await up(dut)
    status, _ = await host.words(Opcode.REG_WRITE, Register.LIMIT_READ_V, 16_385)
    assert status == Status.OVER_CEILING
    await host.write(Register.LIMIT_READ_V, 16_384)
    await host.write(Register.LIMIT_FORM_V, 65_535)


@cocotb.test()
async def the_stop_input_ends_a_pulse_at_the_pins(dut) -> None:
    host = await up(dut)
    window = Axis(3, 1), Axis(0, COLS)
    armed = await host.arm(*window, limits_hash=limits_hash(LIMITS), kinds=frozenset({Pulse.FORM}))
    assert armed.status == Status.OK
    request = pulse_request(*window, width_cycles=4_000, voltage_code=52_429, polarity=1)
    known = await host.post(Opcode.PULSE, request.encode())
    await with_timeout(RisingEdge(dut.pulse_on), 100_000, "ns")
    await ClockCycles(dut.clk, 3)
    assert channels(dut.column_channel, COLS) == [PULSE] * COLS and int(dut.word_line.value) == 1 << 3
    assert int(dut.rails.value) >> 32 & 0xFFFF == 52_429  # 4.0 V
    await ClockCycles(dut.clk, 100)
    dut.stop.value = 1
    await ClockCycles(dut.clk, 8)
    assert is_off(dut)
    reply = await host.reply(known)
    assert reply.status == Status.ABORTED
    await ClockCycles(dut.clk, 600)
    assert is_off(dut) and int(dut.rails.value) == 0 and int(dut.safe_latched.value)
    assert int(dut.broken.value) == 0


@cocotb.test()
async def a_board_with_a_dac_missing_stays_off(dut) -> None:
    for power in (0b01, 0b10):
        host = await unconfigured(dut, power=power)
        dut.configured.value = 1
        await ClockCycles(dut.clk, 100)
        await FallingEdge(dut.clk)
        dut.rst_n.value = 1
        host.listen()
        await ClockCycles(dut.clk, UP_CYCLES)
        assert is_off(dut) and int(dut.rails.value) == 0

# SPDX-License-Identifier: BSD-3-Clause
"""sweep_bias: drive and largest signal of a point of SWEEP by the formula, in their cycles."""

from __future__ import annotations

import random
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from tests.fpga.runner import build_and_test

DRIVE_CYCLES, CAP_CYCLES = 4, 28
MOST, MOST_CAP = (1 << 16) - 1, (1 << 23) - 1


def test_sweep_bias() -> None:
    build_and_test("sweep_bias", ["fpga/rtl/sweep_bias.v"], __name__)


def bent(voltage: int, gain: int, beta: int) -> int:
    """Returns dn of docs/emulator.md."""
    dq = min((voltage * gain + (1 << 19)) >> 20, MOST)
    return min((dq * (65536 + ((((voltage * voltage) >> 16) * beta) >> 8))) >> 16, MOST)


def largest(dn: int, gate: int, onset: int, slope: int, compliance: int) -> int | None:
    """Returns cap of docs/emulator.md, or None."""
    level = min((max(gate - onset, 0) * slope) >> 10, MOST)
    return (level * compliance) // dn if compliance and dn else None


async def ticks(dut: Any, count: int) -> None:
    for _ in range(count):
        await FallingEdge(dut.clk)


async def start(dut: Any, **fields: int) -> None:
    """Gives a point, whose codes then stay."""
    for name, value in fields.items():
        getattr(dut, name).value = value
    dut.start.value = 1
    await ticks(dut, 1)
    dut.start.value = 0


@cocotb.test()
async def points_bend_by_the_formula_in_their_cycles(dut: Any) -> None:
    rng = random.Random(4)
    Clock(dut.clk, 10, unit="ns").start()
    dut.sweeps.value, dut.start.value = 1, 0
    await ticks(dut, 3)
    caps = []
    for _ in range(400):
        voltage, gate = rng.choice((0, 1, MOST, rng.randrange(MOST))), rng.randrange(MOST)
        gain = rng.choice((0, 1 << 20, (1 << 32) - 1, rng.getrandbits(24)))
        beta, compliance = (
            rng.choice((0, MOST, rng.randrange(900))),
            rng.choice((0, 1, MOST, rng.randrange(9000))),
        )
        onset, slope = rng.choice((0, 13_107, MOST)), rng.choice((0, MOST, rng.randrange(3000)))
        range_, shifts = rng.randrange(4), [rng.choice((0, 3, 4, 5, 22, 63)) for _ in range(4)]
        physics = beta << 320 | compliance << 336 | onset << 160 | slope << 176
        word = sum(shift << 8 * i for i, shift in enumerate(shifts))
        await start(
            dut, voltage=voltage, gate=gate, range=range_, emu_read_gain=gain, emu_range_shift=word,
            emu_physics=physics,
        )  # fmt: skip
        await ticks(dut, DRIVE_CYCLES - 1)
        dn = bent(voltage, gain, beta)
        assert (int(dut.read_code.value), int(dut.read_gain.value)) == (dn, 1 << 16)
        assert int(dut.range_shift.value) >> 8 * range_ & 0x3F == max(shifts[range_] - 4, 0)
        await ticks(dut, CAP_CYCLES - DRIVE_CYCLES)
        cap, found = largest(dn, gate, onset, slope, compliance), int(dut.cap.value)
        assert found >> 23 == (cap is not None)
        if cap is not None:
            assert found & MOST_CAP == min(cap, MOST_CAP)
            caps.append(cap)
    assert min(caps) == 0 and max(caps) > MOST_CAP and sum(0 < cap < MOST_CAP for cap in caps) > 30


@cocotb.test()
async def without_a_sweep_everything_goes_through(dut: Any) -> None:
    Clock(dut.clk, 10, unit="ns").start()
    dut.sweeps.value = 0
    await start(dut, voltage=2622, gate=9, range=1, emu_read_gain=77, emu_range_shift=0x16161616)
    await ticks(dut, CAP_CYCLES)
    seen = [int(getattr(dut, name).value) for name in ("read_code", "read_gain", "range_shift")]
    assert seen == [2622, 77, 0x16161616] and int(dut.cap.value) >> 23 == 0

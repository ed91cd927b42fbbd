# SPDX-License-Identifier: BSD-3-Clause
"""stream_fifo: order, capacity, latency and rate."""

from __future__ import annotations

import random

import cocotb
from tests.fpga import parts
from tests.fpga.runner import build_and_test

HELD = 4 + 1  # memory and output register


def test_stream_fifo() -> None:
    build_and_test(parts.TOP, parts.SOURCES, __name__)


def watch(dut) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Returns two growing lists: (cycle, word) taken in and given out."""
    taken: list[tuple[int, int]] = []
    given: list[tuple[int, int]] = []

    def look(cycle: int) -> None:
        if dut.fifo_in_valid.value == 1 and dut.fifo_in_ready.value == 1:
            taken.append((cycle, int(dut.fifo_in_data.value)))
        if dut.fifo_out_valid.value == 1 and dut.fifo_out_ready.value == 1:
            given.append((cycle, int(dut.fifo_out_data.value)))

    parts.each_cycle(look)
    return taken, given


@cocotb.test()
async def words_leave_in_order_whatever_the_pace(dut) -> None:
    await parts.start(dut)
    taken, given = watch(dut)
    generator = random.Random(5)
    for _ in range(2000):
        dut.fifo_in_valid.value = generator.random() < 0.6
        dut.fifo_in_data.value = generator.randrange(256)
        dut.fifo_out_ready.value = generator.random() < 0.5
        await parts.cycles(dut, 1)
    dut.fifo_in_valid.value, dut.fifo_out_ready.value = 0, 1
    await parts.cycles(dut, 10)
    assert len(given) > 500 and [word for _, word in given] == [word for _, word in taken]


@cocotb.test()
async def it_holds_exactly_its_depth_and_one(dut) -> None:
    await parts.start(dut)
    taken, _ = watch(dut)
    dut.fifo_in_valid.value = 1
    await parts.cycles(dut, 20)
    assert len(taken) == HELD and dut.fifo_in_ready.value == 0


@cocotb.test()
async def latency_is_two_and_rate_one_word_a_cycle(dut) -> None:
    await parts.start(dut)
    taken, given = watch(dut)
    dut.fifo_out_ready.value = 1
    for word in range(30):
        dut.fifo_in_valid.value, dut.fifo_in_data.value = 1, word
        await parts.cycles(dut, 1)
    dut.fifo_in_valid.value = 0
    await parts.cycles(dut, 5)
    assert [b[0] - a[0] for a, b in zip(taken, given, strict=True)] == [2] * 30

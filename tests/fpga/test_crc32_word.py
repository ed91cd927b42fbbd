# SPDX-License-Identifier: BSD-3-Clause
"""crc32_word: zlib's CRC of a word a cycle."""

from __future__ import annotations

import random
import zlib

import cocotb
from tests.fpga import parts
from tests.fpga.runner import build_and_test

RESIDUE = 0xDEBB20E3


def test_crc32_word() -> None:
    build_and_test(parts.TOP, parts.SOURCES, __name__)


async def push(dut, word: int, first: bool) -> None:
    dut.crc_enable.value, dut.crc_first.value, dut.crc_data.value = 1, int(first), word
    await parts.cycles(dut, 1)
    dut.crc_enable.value = 0


@cocotb.test()
async def sum_is_zlibs_one_cycle_after_each_word(dut) -> None:
    await parts.start(dut)
    generator = random.Random(3)
    for length in (1, 2, 7, 40):
        data = generator.randbytes(4 * length)
        for place in range(length):
            await push(dut, int.from_bytes(data[4 * place : 4 * place + 4], "little"), place == 0)
            assert int(dut.crc.value) ^ 0xFFFFFFFF == zlib.crc32(data[: 4 * place + 4])
        await push(dut, zlib.crc32(data), False)
        assert dut.crc.value == RESIDUE


@cocotb.test()
async def without_enable_the_sum_stays(dut) -> None:
    await parts.start(dut)
    await push(dut, 0x12345678, True)
    before = int(dut.crc.value)
    dut.crc_data.value, dut.crc_first.value = 0xFFFFFFFF, 1
    await parts.cycles(dut, 3)
    assert dut.crc.value == before

# SPDX-License-Identifier: BSD-3-Clause
"""uart_front: bit times as cycles, tolerance of the other side's clock, framing errors, BREAK."""

from __future__ import annotations

import struct

import cocotb
from cobs import cobs
from tests.fpga import parts
from tests.fpga.runner import build_and_test

from ohmloop._map import CLK_HZ

BAUDS = (3_000_000, 12_000_000, 921_600)
DATA = bytes([0x00, 0xFF, 0x55, 0xAA, 0x01, 0x80, 0x7E, 0x00])


def test_uart_front() -> None:
    build_and_test(parts.TOP, parts.SOURCES, __name__)


class Lane:
    """One serial lane: its line as levels a cycle, and the packets it gave."""

    def __init__(self, dut, number: int) -> None:
        self.dut = dut
        self.number = number
        self.cycles_per_bit = CLK_HZ / BAUDS[number]
        self.levels: list[int] = []
        self.packets: list[tuple[bytes, bool]] = []
        self.breaks: list[int] = []
        self._words: list[int] = []
        parts.each_cycle(self._look)

    def _look(self, cycle: int) -> None:
        dut, bit = self.dut, self.number
        self.levels.append(int(dut.txd.value) >> bit & 1)
        if int(dut.break_seen.value) >> bit & 1:
            self.breaks.append(cycle)
        if int(dut.uart_rx_valid.value) >> bit & 1:
            self._words.append(int(dut.uart_rx_data.value) >> 32 * bit & 0xFFFFFFFF)
        if int(dut.uart_rx_last.value) >> bit & 1:
            data = struct.pack(f"<{len(self._words)}I", *self._words)
            self.packets.append((data, bool(int(dut.uart_rx_bad.value) >> bit & 1)))
            self._words.clear()

    def drive(self, level: int) -> None:
        self.dut.rxd.value = 7 if level else 7 & ~(1 << self.number)

    async def low(self, bits: float) -> None:
        self.drive(0)
        await parts.cycles(self.dut, round(bits * self.cycles_per_bit))
        self.drive(1)

    async def receive(self, data: bytes, *, pace: float = 1.0, stop: int = 1) -> None:
        """Drives bytes onto the line back to back; `pace` scales the other side's bit time."""
        begin, now = 0.0, 0
        for byte in data:
            for place, level in enumerate([0, *(byte >> k & 1 for k in range(8)), stop]):
                self.drive(level)
                until = round(begin + (place + 1) * self.cycles_per_bit * pace)
                await parts.cycles(self.dut, until - now)
                now = until
            begin = now
        self.drive(1)

    async def send(self, word: int) -> None:
        dut = self.dut
        dut.uart_tx_valid.value, dut.uart_tx_data.value, dut.uart_tx_last.value = 1 << self.number, word, 1
        for _ in range(100):
            await parts.wait_before_edge()
            taken = int(dut.uart_tx_ready.value) >> self.number & 1
            await parts.cycles(dut, 1)
            if taken:
                break
        dut.uart_tx_valid.value = 0


def runs(levels: list[int]) -> list[tuple[int, int]]:
    """Returns the line as (level, cycles), without the idle time at both ends."""
    found: list[tuple[int, int]] = []
    for level in levels:
        if found and found[-1][0] == level:
            found[-1] = (level, found[-1][1] + 1)
        else:
            found.append((level, 1))
    return found[1:-1]


def line_bits(data: bytes) -> str:
    return "".join("0" + "".join(str(byte >> k & 1) for k in range(8)) + "1" for byte in data)


async def sent_line_is_exact(dut, number: int) -> None:
    await parts.start(dut)
    lane = Lane(dut, number)
    await parts.cycles(dut, 5)
    await lane.send(0x00FF55A1)
    data = b"\0" + cobs.encode(struct.pack("<I", 0x00FF55A1)) + b"\0"
    await parts.cycles(dut, round(len(data) * 10 * lane.cycles_per_bit) + 100)
    bits = line_bits(data).rstrip("1")
    edges = [k for k in range(1, len(bits)) if bits[k] != bits[k - 1]] + [len(bits)]
    seen, place = [], 0
    for _, length in runs(lane.levels):
        place += length
        seen.append(place)
    # Every edge of all bytes back to back stands where the bit clock has it, to the cycle.
    assert seen == [-int(-edge * lane.cycles_per_bit // 1) for edge in edges]


@cocotb.test()
async def sent_bits_take_20_cycles_at_3_mbaud(dut) -> None:
    await sent_line_is_exact(dut, 0)


@cocotb.test()
async def sent_bits_take_5_cycles_at_12_mbaud(dut) -> None:
    await sent_line_is_exact(dut, 1)


@cocotb.test()
async def sent_bits_are_exact_on_average_at_921600_baud(dut) -> None:
    await sent_line_is_exact(dut, 2)


@cocotb.test()
async def bytes_are_received_with_the_other_clock_3_percent_off(dut) -> None:
    await parts.start(dut)
    for number in (0, 1, 2):
        lane = Lane(dut, number)
        for pace in (0.97, 1.0, 1.03):
            await lane.receive(b"\0" + cobs.encode(DATA) + b"\0", pace=pace)
            await parts.cycles(dut, 300)
        assert lane.packets == [(DATA, False)] * 3 and lane.breaks == []


@cocotb.test()
async def a_glitch_is_no_byte(dut) -> None:
    await parts.start(dut)
    lane = Lane(dut, 0)
    await lane.receive(b"\0")
    await lane.low(0.3)
    await parts.cycles(dut, 300)
    await lane.receive(cobs.encode(DATA) + b"\0")
    await parts.cycles(dut, 100)
    assert lane.packets == [(DATA, False)]


@cocotb.test()
async def a_low_stop_bit_marks_the_frame_bad(dut) -> None:
    await parts.start(dut)
    lane = Lane(dut, 0)
    line = b"\0" + cobs.encode(DATA) + b"\0"
    await lane.receive(line[:4])
    await lane.receive(line[4:5], stop=0)
    await parts.cycles(dut, 50)
    await lane.receive(line[5:] + line)
    await parts.cycles(dut, 100)
    assert [bad for _, bad in lane.packets] == [True, False] and lane.packets[1][0] == DATA
    assert lane.breaks == []


@cocotb.test()
async def break_is_seen_once_after_two_bytes_of_low(dut) -> None:
    await parts.start(dut)
    lane = Lane(dut, 0)
    await lane.low(18)
    await parts.cycles(dut, 400)
    assert lane.breaks == []
    begin = len(lane.levels)
    await lane.low(100)
    await parts.cycles(dut, 400)
    # 19.5 bits of 20 cycles, 2 cycles of sync_bit, 1 of the pulse's register.
    assert lane.breaks == [begin + round(19.5 * 20) + 2]
    await lane.receive(b"\0" + cobs.encode(DATA) + b"\0")
    await parts.cycles(dut, 100)
    assert lane.packets == [(DATA, False)]

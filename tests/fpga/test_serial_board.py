# SPDX-License-Identifier: BSD-3-Clause
"""serial_board, bit by bit on its line: it starts by itself, says who it is, and stops by its pin."""

from __future__ import annotations

import cocotb
import pytest
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge
from tests.fpga.board_host import PARAMETERS
from tests.fpga.runner import build_and_test

from ohmloop._map import BAUD, CLK_HZ, Opcode
from ohmloop.link.frames import Frame, StreamDecoder, decode, stuff
from ohmloop.link.messages import HelloRequest
from ohmloop.link.requests import unpack_words

BIT = CLK_HZ // BAUD
UID = 0x4F4D_0001_0000_0002
LIMIT_BYTES = 400


@pytest.mark.slow
def test_serial_board() -> None:
    parameters = {**PARAMETERS, "UID": f"64'h{UID:X}", "BUILD_HASH": "32'hB0A4D"}
    build_and_test("serial_board", ["fpga/boards/serial_board.v"], __name__, parameters, internals=False)


class Line:
    """The host's end of the serial line: sends bytes, gathers frames."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.frames: list[Frame] = []
        cocotb.start_soon(self._listen())

    async def _listen(self) -> None:
        decoder = StreamDecoder()
        for _ in range(LIMIT_BYTES):
            await FallingEdge(self.dut.txd)
            await ClockCycles(self.dut.clk, BIT // 2)
            byte = 0
            for place in range(8):
                await ClockCycles(self.dut.clk, BIT)
                byte |= int(self.dut.txd.value) << place
            await ClockCycles(self.dut.clk, BIT)
            assert int(self.dut.txd.value) == 1, "no stop bit"
            self.frames += map(decode, decoder.feed(bytes([byte])))

    async def send(self, frame: Frame) -> None:
        for byte in stuff(frame.encode()):
            for level in (0, *(byte >> place & 1 for place in range(8)), 1):
                self.dut.rxd.value = level
                await ClockCycles(self.dut.clk, BIT)

    async def reply(self, count: int) -> Frame:
        """The last frame, when there are that many."""
        for _ in range(LIMIT_BYTES):
            if len(self.frames) >= count:
                return self.frames[-1]
            await ClockCycles(self.dut.clk, 10 * BIT)
        raise AssertionError(f"{len(self.frames)} of {count} frames")


async def hello(line: Line, nonce: int, count: int) -> tuple[Frame, list[int]]:
    await line.send(Frame(Opcode.HELLO, 0, 0, HelloRequest(nonce, b"chip").encode(), urgent=True))
    reply = await line.reply(count)
    return reply, list(unpack_words(reply.payload))


@cocotb.test()
async def it_starts_by_itself_says_who_it_is_and_stops_by_its_pin(dut) -> None:
    dut.rxd.value, dut.stop.value, dut.clk_good.value = 1, 0, 0
    Clock(dut.clk, 10, unit="ns").start()
    await ClockCycles(dut.clk, 20)
    assert int(dut.txd.value) == 1 and int(dut.drive_active.value) == 0
    dut.clk_good.value = 1
    await ClockCycles(dut.clk, 1000)
    line = Line(dut)
    reply, words = await hello(line, 0x0001_0001, 1)
    assert reply.reply and (words[10] | words[11] << 32) == UID and words[4] == 0xB0A4D
    boot = words[12]
    assert 1000 - 20 < boot < 1000 + 80 * 10 * BIT  # the host's first word, counted from the end of reset
    _, words = await hello(line, 0x0002_0002, 2)
    assert words[12] == boot
    assert int(dut.safe_latched.value) == 0
    dut.stop.value = 1
    await ClockCycles(dut.clk, 6)
    assert int(dut.safe_latched.value) == 1

# SPDX-License-Identifier: BSD-3-Clause
"""ft245_front beside a model of the FT232H's synchronous FIFO mode, which asserts the chip's own rules."""

from __future__ import annotations

import random
import struct

import cocotb
from cobs import cobs
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge
from tests.fpga.runner import build_and_test

BURST = 40


def test_ft245_front() -> None:
    build_and_test("ft245_front", ["fpga/rtl/ft245_front.v"], __name__, {"BURST": BURST, "W_A": 4})


def packet(words: list[int]) -> bytes:
    """Words as the line carries them: COBS between zero bytes."""
    return b"\0" + cobs.encode(struct.pack(f"<{len(words)}I", *words)) + b"\0"


class Chip:
    """FT232H in synchronous FIFO mode, by its data sheet: OE# an edge before RD#, one driver of the bus."""

    def __init__(self, dut, rng: random.Random, *, busy: float) -> None:
        self.dut, self.rng, self.busy = dut, rng, busy
        self.to_board: list[int] = []
        self.from_board: list[int] = []
        self.turns: list[str] = []
        self.oe_before = 1
        self.drove_before = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut = self.dut
        for _ in range(200_000):
            await RisingEdge(dut.ft_clk)
            # What held before the edge; signals change after it.
            oe, rd, wr = int(dut.ft_oe_n.value), int(dut.ft_rd_n.value), int(dut.ft_wr_n.value)
            drive = int(dut.ft_data_drive.value)
            assert not (drive and not oe), "both sides drive the bus"
            assert not (drive and not self.oe_before), "no idle edge after the chip drove"
            assert not (not oe and self.drove_before), "no idle edge before the chip drives"
            assert rd or (not oe and not self.oe_before), "RD# without OE# an edge before"
            if not rd and not int(dut.ft_rxf_n.value):
                self.to_board.pop(0)
                self._turn("r")
            if not wr:
                assert drive
                if not int(dut.ft_txe_n.value):
                    self.from_board.append(int(dut.ft_data_out.value))
                    self._turn("w")
            self.oe_before, self.drove_before = oe, drive
            await FallingEdge(dut.ft_clk)
            dut.ft_rxf_n.value = int(not self.to_board or self.rng.random() < self.busy)
            dut.ft_txe_n.value = int(self.rng.random() < self.busy)
            dut.ft_data_in.value = self.to_board[0] if self.to_board else 0xEE

    def _turn(self, way: str) -> None:
        self.turns.append(way)


class Core:
    """The link engine's side: packets received, packets to send."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.packets: list[tuple[list[int], bool]] = []
        self.words: list[int] = []
        cocotb.start_soon(self._receive())

    async def _receive(self) -> None:
        for _ in range(200_000):
            await FallingEdge(self.dut.clk)
            if int(self.dut.rx_valid.value):
                self.words.append(int(self.dut.rx_data.value))
            if int(self.dut.rx_last.value):
                self.packets.append((self.words, bool(int(self.dut.rx_bad.value))))
                self.words = []

    async def send(self, words: list[int]) -> None:
        for place, word in enumerate(words):
            self.dut.tx_valid.value, self.dut.tx_data.value = 1, word
            self.dut.tx_last.value = int(place == len(words) - 1)
            for _ in range(5000):
                await ReadOnly()
                taken = int(self.dut.tx_ready.value)
                await FallingEdge(self.dut.clk)
                if taken:
                    break
            else:
                raise AssertionError("a word was not taken in 5000 cycles")
        self.dut.tx_valid.value = 0


async def started(dut, *, core_ns: int, chip_ns: int, busy: float) -> tuple[Chip, Core, random.Random]:
    """Both clocks, both resets; the chip and the core at work."""
    rng = random.Random(core_ns * 1000 + chip_ns)
    for name in ("tx_valid", "tx_data", "tx_last", "ft_data_in", "rst_n", "ft_rst_n"):
        getattr(dut, name).value = 0
    dut.ft_rxf_n.value = dut.ft_txe_n.value = 1
    Clock(dut.clk, core_ns, unit="ns").start()
    Clock(dut.ft_clk, chip_ns, unit="ns").start()
    await ClockCycles(dut.ft_clk, 8)
    await FallingEdge(dut.clk)
    dut.rst_n.value = dut.ft_rst_n.value = 1
    await FallingEdge(dut.clk)
    return Chip(dut, rng, busy=busy), Core(dut), rng


async def exchange(dut, core_ns: int, chip_ns: int, busy: float) -> None:
    """Packets both ways at once: each arrives once, whole, in order."""
    chip, core, rng = await started(dut, core_ns=core_ns, chip_ns=chip_ns, busy=busy)
    down = [[rng.getrandbits(32) for _ in range(rng.randint(1, 30))] for _ in range(12)]
    up = [[rng.getrandbits(32) for _ in range(rng.randint(1, 30))] for _ in range(12)]
    chip.to_board += b"".join(map(packet, down))
    for words in up:
        await core.send(words)
    for _ in range(100):
        await ClockCycles(dut.ft_clk, 200)
        if len(core.packets) == len(down) and bytes(chip.from_board).count(0) >= 2 * len(up):
            break
    assert core.packets == [(words, False) for words in down]
    got = [cobs.decode(part) for part in bytes(chip.from_board).split(b"\0") if part]
    assert got == [struct.pack(f"<{len(words)}I", *words) for words in up]


@cocotb.test()
async def packets_cross_whole_from_a_slower_clock(dut) -> None:
    await exchange(dut, core_ns=26, chip_ns=16, busy=0.0)


@cocotb.test()
async def packets_cross_whole_to_a_faster_clock(dut) -> None:
    await exchange(dut, core_ns=10, chip_ns=16, busy=0.3)


@cocotb.test()
async def packets_cross_whole_when_the_chip_is_often_busy(dut) -> None:
    await exchange(dut, core_ns=16, chip_ns=14, busy=0.6)


@cocotb.test()
async def neither_direction_starves_the_other(dut) -> None:
    chip, core, rng = await started(dut, core_ns=16, chip_ns=16, busy=0.0)
    chip.to_board += [0] * 4000
    words = [rng.getrandbits(32) for _ in range(200)]
    await core.send(words)
    way = "".join(chip.turns)
    inside = way[way.index("ww") : way.rindex("w")]  # before it, the encoder gathers its first block
    assert "r" in inside
    assert max(map(len, inside.replace("w", " ").split())) <= BURST + 1
    assert max(map(len, inside.replace("r", " ").split())) <= BURST + 1

# SPDX-License-Identifier: BSD-3-Clause
"""axi_front: frames in packets both ways, a word a cycle; the window shows, counts and resets the link."""

from __future__ import annotations

import random
import struct

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)
from tests.fpga.runner import build_and_test

from ohmloop._map import MAP_HASH, PROTOCOL_VERSION, Opcode, Window
from ohmloop.link.frames import Frame
from ohmloop.link.identity import MAGIC

GAP = 16
MAX_PAYLOAD, PACKET = 32, 96
UID, BUILD, BOOT = 0x0123_4567_89AB_CDEF, 0xB0A4D, 0xB007
PARAMETERS = {
    "PACKET_WORDS": PACKET, "MAX_PAYLOAD_WORDS": MAX_PAYLOAD, "UID": f"64'h{UID:X}",
    "BUILD_HASH": f"32'h{BUILD:X}",
}  # fmt: skip


def test_axi_front() -> None:
    build_and_test("axi_front", ["fpga/rtl/axi_front.v"], __name__, PARAMETERS)


def frame(words: int, number: int = 0) -> list[int]:
    """The words of a frame with a payload unlike any other's."""
    payload = struct.pack(f"<{words}I", *(number << 16 | place for place in range(words)))
    data = Frame(Opcode.PING, number, 7, payload).encode()
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def packet(words: list[int]) -> AxiStreamFrame:
    return AxiStreamFrame(struct.pack(f"<{len(words)}I", *words))


class Bench:
    """A host at the streams and the window, the link engine's side in Python.

    Attributes:
        cycle: clk cycles since the start.
        received: frames that the engine got: words, bad, cycle of each word.
    """

    def __init__(self, dut) -> None:
        self.dut = dut
        reset = {"reset": dut.rst_n, "reset_active_level": False}
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, "s_axis"), dut.clk, **reset)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, "m_axis"), dut.clk, **reset)
        self.window = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, **reset)
        self.cycle = 0
        self.received: list[tuple[list[int], bool, list[int]]] = []
        self.gone: list[tuple[int, bool]] = []
        self.breaks: list[int] = []

    @classmethod
    async def start(cls, dut) -> Bench:
        for name in ("tx_valid", "tx_data", "tx_last", "drive_active", "read_active", "safe_latched"):
            getattr(dut, name).value = 0
        dut.boot_id.value = BOOT
        dut.rst_n.value = 0
        bench = cls(dut)
        Clock(dut.clk, 10, unit="ns").start()
        await ClockCycles(dut.clk, 4)
        await FallingEdge(dut.clk)
        dut.rst_n.value = 1
        cocotb.start_soon(bench._watch())
        await ClockCycles(dut.clk, 2)
        return bench

    async def _watch(self) -> None:
        dut, words, cycles = self.dut, [], []
        for _ in range(1_000_000):
            await FallingEdge(dut.clk)
            self.cycle += 1
            if dut.rx_valid.value == 1:
                words.append(int(dut.rx_data.value))
                cycles.append(self.cycle)
            if dut.rx_last.value == 1:
                self.received.append((words, dut.rx_bad.value == 1, cycles))
                words, cycles = [], []
            if dut.m_axis_tvalid.value == 1 and dut.m_axis_tready.value == 1:
                self.gone.append((self.cycle, dut.m_axis_tlast.value == 1))
            if dut.break_seen.value == 1:
                self.breaks.append(self.cycle)

    async def reply(self, words: list[int]) -> None:
        """The engine sends one frame, its words one behind the other."""
        dut = self.dut
        for place, word in enumerate(words):
            dut.tx_valid.value, dut.tx_data.value = 1, word
            dut.tx_last.value = int(place == len(words) - 1)
            for _ in range(1000):
                await RisingEdge(dut.clk)
                if dut.tx_ready.value == 1:
                    break
            else:
                raise AssertionError("a word was not taken in 1000 cycles")
        dut.tx_valid.value = 0

    async def packets(self, count: int, within: int = 2000) -> list[list[int]]:
        """The next packets of replies, as words."""
        for _ in range(within):
            if self.sink.count() >= count:
                break
            await RisingEdge(self.dut.clk)
        assert self.sink.count() >= count, f"{self.sink.count()} of {count} packets"
        got = [bytes((self.sink.recv_nowait()).tdata) for _ in range(count)]
        return [list(struct.unpack(f"<{len(data) // 4}I", data)) for data in got]

    async def shown(self, register: Window) -> int:
        return int(await self.window.read_dword(register))


@cocotb.test()
async def frames_of_one_packet_are_told_apart_a_word_a_cycle(dut) -> None:
    bench = await Bench.start(dut)
    frames = [frame(words, number) for number, words in enumerate((0, 1, 32, 7, 0, 0, 32))]
    await bench.source.send(packet([word for words in frames for word in words]))
    await bench.source.wait()
    await ClockCycles(dut.clk, 4)
    assert [(words, bad) for words, bad, _ in bench.received] == [(words, False) for words in frames]
    cycles = [cycle for _, _, of_frame in bench.received for cycle in of_frame]
    assert cycles == list(range(cycles[0], cycles[0] + sum(map(len, frames))))
    assert await bench.shown(Window.WORDS_IN) == sum(map(len, frames))
    assert await bench.shown(Window.FRAMES_IN) == len(frames)
    assert await bench.shown(Window.CUT_FRAMES) == 0


@cocotb.test()
async def a_word_is_with_the_engine_one_cycle_after_it_was_taken(dut) -> None:
    bench = await Bench.start(dut)
    await bench.source.send(packet(frame(3)))
    for _ in range(50):
        await FallingEdge(dut.clk)
        if dut.s_axis_tvalid.value == 1:
            break
    assert dut.rx_valid.value == 0
    await FallingEdge(dut.clk)
    assert dut.rx_valid.value == 1


@cocotb.test()
async def the_end_of_a_packet_ends_the_frame_whatever_its_length_says(dut) -> None:
    bench = await Bench.start(dut)
    whole = frame(5, 3)
    for part in (whole[:1], whole[:2], whole[:6], whole):
        await bench.source.send(packet(part))
    torn = AxiStreamFrame(packet(whole).tdata[:-2])
    await bench.source.send(torn)
    await bench.source.send(packet(whole))
    await bench.source.wait()
    await ClockCycles(dut.clk, 4)
    lengths = [(len(words), bad) for words, bad, _ in bench.received]
    assert lengths == [(1, False), (2, False), (6, False), (9, False), (9, True), (9, False)]
    assert await bench.shown(Window.CUT_FRAMES) == 4


@cocotb.test()
async def replies_that_wait_leave_in_one_packet_and_a_silence_ends_it(dut) -> None:
    bench = await Bench.start(dut)
    first = [frame(2, 1), frame(9, 2), frame(0, 3)]
    bench.sink.pause = True
    sender = cocotb.start_soon(bench.reply(first[0]))
    await ClockCycles(dut.clk, 50)
    bench.sink.pause = False
    await sender
    for words in first[1:]:
        await bench.reply(words)
    assert await bench.packets(1) == [[word for words in first for word in words]]
    ended, before = bench.gone[-1][0], bench.gone[-2][0]
    assert ended - before == GAP + 1
    await bench.reply(frame(1, 4))
    assert await bench.packets(1) == [frame(1, 4)]
    assert await bench.shown(Window.PACKETS_OUT) == 2
    assert await bench.shown(Window.WORDS_OUT) == sum(map(len, first)) + 5


@cocotb.test()
async def a_packet_never_outgrows_what_was_announced_and_loses_no_word(dut) -> None:
    bench = await Bench.start(dut)
    rng = random.Random(5)
    frames = [frame(rng.choice((0, 1, 5, MAX_PAYLOAD)), number) for number in range(60)]
    bench.sink.set_pause_generator(iter([rng.random() < 0.3 for _ in range(20_000)]))
    for words in frames:
        await bench.reply(words)
    await ClockCycles(dut.clk, 200)
    packets = await bench.packets(bench.sink.count())
    assert [word for words in packets for word in words] == [word for words in frames for word in words]
    assert max(map(len, packets)) <= await bench.shown(Window.PACKET_WORDS) == PACKET
    assert min(map(len, packets[:-1])) > PACKET - MAX_PAYLOAD - 4  # ended for want of room, not before


@cocotb.test()
async def replies_leave_a_word_a_cycle(dut) -> None:
    bench = await Bench.start(dut)
    for number in range(2):
        await bench.reply(frame(MAX_PAYLOAD, number))
    await bench.packets(1)
    cycles = [cycle for cycle, _ in bench.gone]
    words = 2 * (MAX_PAYLOAD + 4)
    assert cycles[:-1] == list(range(cycles[0], cycles[0] + words - 1)), (
        "all but the last, which waits for GAP"
    )


@cocotb.test()
async def a_link_reset_forgets_halves_both_ways_and_is_a_break(dut) -> None:
    bench = await Bench.start(dut)
    bench.sink.pause = True
    await bench.source.send(packet(frame(9)[:-3]))
    sender = cocotb.start_soon(bench.reply(frame(9, 1)))
    await ClockCycles(dut.clk, 40)
    state = await bench.shown(Window.STATE)
    assert state & 0b011 == 0b010, "a reply waits; TLAST has ended the frame that came"
    dut.s_axis_tvalid.value = 0
    await bench.window.write_dword(Window.LINK_RESET, 1)
    bench.sink.pause = False
    await sender
    await ClockCycles(dut.clk, 2 * GAP)
    assert bench.sink.count() == 0 and bench.gone == []
    assert len(bench.breaks) == 1
    await bench.reply(frame(4, 2))
    await bench.source.send(packet(frame(3, 5)))
    assert await bench.packets(1) == [frame(4, 2)]
    assert bench.received[-1][:2] == (frame(3, 5), False)


@cocotb.test()
async def a_link_reset_ends_a_frame_that_has_begun_as_a_bad_one(dut) -> None:
    bench = await Bench.start(dut)
    for word in frame(9)[:5]:
        await FallingEdge(dut.clk)
        bench.source.bus.tvalid.value, bench.source.bus.tdata.value = 1, word
        bench.source.bus.tkeep.value, bench.source.bus.tlast.value = 15, 0
    await FallingEdge(dut.clk)
    bench.source.bus.tvalid.value = 0
    await ClockCycles(dut.clk, 3)
    assert await bench.shown(Window.STATE) & 1 == 1 and bench.received == []
    await bench.window.write_dword(Window.LINK_RESET, 1)
    await ClockCycles(dut.clk, 3)
    assert [(len(words), bad) for words, bad, _ in bench.received] == [(5, True)]
    assert await bench.shown(Window.STATE) & 1 == 0
    assert await bench.shown(Window.CUT_FRAMES) == 1


@cocotb.test()
async def the_window_tells_who_the_board_is_and_lets_nothing_else_be_written(dut) -> None:
    bench = await Bench.start(dut)
    identity = [
        Window.MAGIC,
        Window.PROTOCOL,
        Window.MAP_HASH,
        Window.BUILD_HASH,
        Window.UID_LO,
        Window.UID_HI,
    ]
    expected = [MAGIC, PROTOCOL_VERSION, MAP_HASH, BUILD, UID & 0xFFFF_FFFF, UID >> 32]
    for register in range(0, 0x200, 4):
        if register != Window.LINK_RESET:
            await bench.window.write_dword(register, 0xFFFF_FFFF)
    await bench.window.write_dword(Window.LINK_RESET, 2)
    await bench.window.write_byte(Window.LINK_RESET, 1)
    assert [await bench.shown(register) for register in identity] == expected
    assert await bench.shown(Window.BOOT_ID) == BOOT
    assert await bench.shown(0x44) == 0 and await bench.shown(0x100) == 0
    assert bench.breaks == []
    dut.drive_active.value, dut.read_active.value, dut.safe_latched.value = 1, 0, 1
    assert await bench.shown(Window.STATE) >> 8 == 0b101


@cocotb.test()
async def waiting_and_time_are_counted_in_cycles(dut) -> None:
    bench = await Bench.start(dut)
    bench.sink.pause = True
    before = await bench.shown(Window.CYCLES)
    start = bench.cycle
    await bench.reply(frame(0)[:2])
    await ClockCycles(dut.clk, 100)
    waited = await bench.shown(Window.WAIT_CYCLES)
    assert 90 < waited < 130
    passed = await bench.shown(Window.CYCLES) - before
    assert abs(passed - (bench.cycle - start)) <= 4

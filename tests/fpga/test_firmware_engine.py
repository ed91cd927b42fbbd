# SPDX-License-Identifier: BSD-3-Clause
"""The soft core runs the built image behind its bridge; a behavioural guard and macro answer on the port."""

from __future__ import annotations

import zlib

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from tests.firmware.bridge_model import place_name
from tests.fpga.runner import ROOT, build_and_test

from ohmloop._map import Opcode, Status

ROWS = COLS = 64
LIMIT_READ = 4000
REFERENCE = 1 << 27
INPUTS = (
    "start stop opcode q_words head largest cycles q_data armed pulses_left limit_read "
    "g_done g_status g_limit given given_cells x_ready macro_idle "
    "r_valid r_data r_saturated r_last refresh_done"
)


def test_firmware_engine() -> None:
    build_and_test("firmware_engine", ["fpga/rtl/firmware_engine.v"], __name__, {"ROWS": ROWS, "COLS": COLS})


class Bench:
    """A request memory, a guard that refuses, a macro that reads 3 * level + column + (index mod 4)."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.payload: list[int] = []
        self.reply: dict[int, int] = {}
        self.readings: list[tuple[int, int]] = []  # operation index, row code
        self.judged: list[tuple[int, int, int]] = []  # dry, voltage and gate, width
        self.refreshed = 0
        self.traffic: list[str] = []
        self.mute = False  # the macro takes rows and never converts

    async def reset(self) -> None:
        for name in INPUTS.split():
            getattr(self.dut, name).value = 0
        self.dut.limit_read.value = LIMIT_READ
        self.dut.largest.value = 1000
        self.dut.x_ready.value = 1
        self.dut.macro_idle.value = 1
        self.dut.rst_n.value = 0
        Clock(self.dut.clk, 10, unit="ns").start()
        for _ in range(3):
            await FallingEdge(self.dut.clk)
        self.dut.rst_n.value = 1
        await FallingEdge(self.dut.clk)
        for part in (self.memory(), self.guard(), self.macro(), self.refresher(), self.spy()):
            cocotb.start_soon(part)

    async def memory(self) -> None:
        while True:
            await ReadOnly()
            at = int(self.dut.q_address.value)
            if int(self.dut.w_write.value):
                self.reply[int(self.dut.w_address.value)] = int(self.dut.w_data.value)
            await FallingEdge(self.dut.clk)
            self.dut.q_data.value = self.payload[at] if at < len(self.payload) else 0

    async def guard(self) -> None:
        while True:
            await ReadOnly()
            asked = int(self.dut.g_valid.value)
            if asked:
                fields = int(self.dut.op_fields.value)
                self.judged.append((int(self.dut.g_dry.value), fields >> 32 & 0xFFFF_FFFF, fields >> 64))
            await FallingEdge(self.dut.clk)
            if asked:
                for _ in range(5):
                    await FallingEdge(self.dut.clk)
                self.dut.g_status.value, self.dut.g_done.value = Status.NOT_ARMED, 1
                await FallingEdge(self.dut.clk)
                self.dut.g_done.value = 0

    async def macro(self) -> None:
        while True:
            await ReadOnly()
            beat = int(self.dut.x_valid.value)
            index, code = int(self.dut.p_index.value), int(self.dut.x_code.value)
            mask, fields = int(self.dut.op_mask.value), int(self.dut.op_fields.value)
            await FallingEdge(self.dut.clk)
            if not beat or self.mute:
                continue
            self.readings.append((index, code))
            self.dut.macro_idle.value = 0
            level = (fields >> 48 & 0xFFFF ^ 0x8000) - 0x8000
            columns = [c for c in range(COLS) if mask >> c & 1]
            assert int(self.dut.op_first.value) == columns[0] and int(self.dut.op_last.value) == columns[-1]
            for column in columns:
                self.dut.r_data.value = 3 * level + column + (index & 3) & 0xFFFF_FFFF
                self.dut.r_saturated.value = column % 4 == 1
                self.dut.r_last.value = column == columns[-1]
                self.dut.r_valid.value = 1
                await FallingEdge(self.dut.clk)
            self.dut.r_valid.value = 0
            for _ in range(7):
                await FallingEdge(self.dut.clk)
            self.dut.macro_idle.value = 1

    async def refresher(self) -> None:
        while True:
            await ReadOnly()
            asked = int(self.dut.refresh.value)
            self.refreshed += asked
            await FallingEdge(self.dut.clk)
            self.dut.refresh_done.value = asked

    async def spy(self) -> None:
        """Notes the bus as the PC's recordings do."""
        bus = self.dut.u_core
        while True:
            await ReadOnly()
            if int(bus.bus_valid.value) and (int(bus.bus_ready.value) or int(self.dut.finish.value)):
                address = int(bus.bus_address.value)
                write = int(bus.bus_write.value)
                value = int((bus.bus_wdata if write else bus.bus_rdata).value)
                self.traffic.append(f"{'rw'[write]} {place_name(address)} {value:08x}")
            await FallingEdge(self.dut.clk)

    async def run(self, opcode: int, payload: list[int], *, limit: int = 2_000_000, stop_after: int = 0):
        """Runs a request; returns its status, its words as they go to the wire, and the cycles."""
        self.payload, self.reply = payload, {}
        dut = self.dut
        dut.opcode.value, dut.q_words.value = opcode, len(payload)
        dut.head.value = sum(word << 32 * i for i, word in enumerate(payload[:3]))
        dut.start.value = 1
        await FallingEdge(dut.clk)
        dut.start.value = 0
        for cycle in range(1, limit):
            if stop_after and cycle == stop_after:
                dut.stop.value = 1
            if int(dut.done.value):
                break
            await FallingEdge(dut.clk)
        else:
            raise AssertionError("no answer")
        answer = int(dut.answer.value)
        status, words, count, total = answer & 0xFF, answer >> 8, answer >> 104 & 3, answer >> 106
        head = [words >> 32 * i & 0xFFFF_FFFF for i in range(count)]
        dut.stop.value = 0
        await FallingEdge(dut.clk)
        assert not int(dut.done.value)
        return (
            status,
            head + [self.reply[place] for place in range(count, total)] if count == 1 else head,
            cycle,
        )


def request(start: int, count: int, *, level: int = 100, n: int = 0, index: int = 0, read_code: int = 500):
    words = [REFERENCE, (level & 0xFFFF) << 16 | read_code, index & 0xFFFF_FFFF, index >> 32, n]
    return [*words, 1 << 16, 1, count << 16 | start, 1]


def collapsed(lines: list[str]) -> list[str]:
    """Traffic without the looks at STATE: how many there are is a matter of time."""
    return [line for line in lines if not line.startswith("r STATE")]


@cocotb.test()
async def the_core_s_traffic_is_that_of_the_c_on_the_pc(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    recorded = (ROOT / "tests/firmware/recordings/adc_selfcal.txt").read_text().splitlines()
    status, words, _ = await bench.run(Opcode.ADC_SELFCAL, request(30, 3, n=2, index=9))
    assert collapsed(bench.traffic) == collapsed(recorded)
    assert status == Status.OK and words[2:] == [int(x[-8:], 16) for x in recorded if "REPLY_WORD" in x][1:]


@cocotb.test()
async def every_run_begins_anew_and_gives_one_answer(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    first = await bench.run(Opcode.ADC_SELFCAL, request(5, 2, n=3))
    refused = await bench.run(Opcode.ADC_SELFCAL, request(5, 2, n=0))
    unknown = await bench.run(Opcode.PROGRAM + 0x50, [])
    assert refused[:2] == (Status.BAD_FIELD, [0, 1, 4])
    assert unknown[:2] == (Status.UNKNOWN_OPCODE, [Opcode.PROGRAM + 0x50, 0, 0])
    assert await bench.run(Opcode.ADC_SELFCAL, request(5, 2, n=3)) == first
    dut._log.info(f"ADC_SELFCAL of 2 columns, 3 readings: {first[2]} cycles")


@cocotb.test()
async def a_reading_above_the_limit_is_refused_by_the_board(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    payload = request(5, 2, n=1, read_code=LIMIT_READ + 1)
    assert (await bench.run(Opcode.ADC_SELFCAL, payload))[:2] == (
        Status.OVER_READ_LIMIT,
        [LIMIT_READ + 1, LIMIT_READ, 1],
    )
    assert bench.readings == []


@cocotb.test()
async def stop_ends_a_run_within_a_few_cycles_and_the_board_counts(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    bench.mute = True
    status, words, cycles = await bench.run(Opcode.ADC_SELFCAL, request(0, 64, n=5), stop_after=20000)
    assert (status, words) == (Status.ABORTED, [1, 0, 0])
    assert cycles - 20000 <= 5
    bench.mute = False
    assert (await bench.run(Opcode.ADC_SELFCAL, request(0, 8, n=1)))[0] == Status.OK


def image(*instructions: int) -> list[int]:
    return [*instructions, *[0] * (8 - len(instructions))]


def load(words: list[int], *, first: int = 0, total: int = 0, crc: int | None = None) -> list[int]:
    data = b"".join(word.to_bytes(4, "little") for word in words)
    return [first, total or len(words), zlib.crc32(data) if crc is None else crc, *words]


EBREAK, FOREVER = 0x00100073, 0x0000006F
LUI_A0_BRIDGE, SW_ZERO_TEXT, LOAD_WILD = 0x10000537, 0x00002023, 0x00052583 | 0 << 20


@cocotb.test()
async def an_image_is_loaded_in_parts_and_counts_when_its_sum_is_right(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    built = int(dut.image_crc.value)
    words = image(EBREAK)
    whole = zlib.crc32(b"".join(word.to_bytes(4, "little") for word in words))
    assert built != 0 and int(dut.present.value)
    assert (await bench.run(Opcode.FIRMWARE, load(words[:5], total=8, crc=whole)))[:2] == (Status.OK, [5])
    assert not int(dut.present.value) and int(dut.image_crc.value) == 0
    assert (await bench.run(Opcode.SELF_TEST, request(0, 1)))[:2] == (Status.NO_FIRMWARE, [0, 0, 0])
    assert (await bench.run(Opcode.FIRMWARE, load(words[6:], first=6, total=8, crc=whole)))[:2] == (
        Status.BAD_FIELD,
        [6, 5, 0],
    )
    assert (await bench.run(Opcode.FIRMWARE, load(words[5:], first=5, total=8, crc=whole)))[:2] == (
        Status.OK,
        [8],
    )
    assert int(dut.present.value) and int(dut.image_crc.value) == whole
    assert (await bench.run(Opcode.FIRMWARE, load(words, crc=1)))[:2] == (Status.BAD_IMAGE, [1, whole, 2])
    assert not int(dut.present.value)


@cocotb.test()
async def an_image_is_refused_while_armed_or_too_large(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    built = int(dut.image_crc.value)
    dut.armed.value = 1
    assert (await bench.run(Opcode.FIRMWARE, load(image(EBREAK))))[:2] == (Status.STILL_ARMED, [0, 0, 0])
    dut.armed.value = 0
    assert (await bench.run(Opcode.FIRMWARE, load([0], total=8193)))[:2] == (
        Status.BAD_FIELD,
        [8193, 8192, 1],
    )
    assert (await bench.run(Opcode.FIRMWARE, load([0, 0], total=1)))[:2] == (Status.BAD_FIELD, [2, 1, 0])
    assert int(dut.image_crc.value) == built


@cocotb.test()
async def firmware_that_goes_astray_is_answered_by_the_board(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    wild = {
        "breakpoint": [EBREAK],
        "an illegal instruction": [0xFFFF_FFFF],
        "a store into the image": [SW_ZERO_TEXT],
        "an address that nothing owns": [0x40000537, 0x00052583],
        "a store into the request": [0x20000537, 0x00052023],
        "a byte store into the bridge": [LUI_A0_BRIDGE, 0x00050023],
        "a reply beyond its room": [0x30001537, 0x00052023],
        "the board's own reply word": [0x30000537, 0x00052023],
    }
    for what, instructions in wild.items():
        assert (await bench.run(Opcode.FIRMWARE, load(image(*instructions))))[0] == Status.OK, what
        status, words, cycles = await bench.run(Opcode.PROGRAM, [0] * 20, limit=2000)
        assert (status, words, cycles < 100) == (Status.FIRMWARE_FAULT, [0, 0, 0], True), what


@cocotb.test()
async def firmware_that_never_ends_is_ended_by_stop(dut) -> None:
    bench = Bench(dut)
    await bench.reset()
    await bench.run(Opcode.FIRMWARE, load(image(FOREVER)))
    status, words, cycles = await bench.run(Opcode.PROGRAM, [0] * 20, stop_after=3000)
    assert (status, words, cycles <= 3003) == (Status.ABORTED, [0, 0, 0], True)

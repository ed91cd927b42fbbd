# SPDX-License-Identifier: BSD-3-Clause
"""telemetry: what it counts, and its answer, to the cycle; beside the twin's counters on random requests."""

from __future__ import annotations

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge
from tests.fpga.runner import build_and_test

from ohmloop._map import Opcode, Pulse, Status, Telemetry
from ohmloop.emulator.telemetry import Counters
from ohmloop.link.messages import pack_words, unpack_words

WORDS = len(Telemetry)
OPCODES = [Opcode.MAC, Opcode.READ_CELLS, Opcode.PULSE, Opcode.PROGRAM, Opcode.ADC_SELFCAL, Opcode.PING,
           Opcode.SWEEP, Opcode.ENV, Opcode.ARM, Opcode.CELL_DUMP, Opcode.TELEMETRY]  # fmt: skip
INPUTS = ("begun", "answered", "r_write", "result", "given", "start")


def test_telemetry() -> None:
    build_and_test("telemetry", ["fpga/rtl/telemetry.v"], __name__)


class Bench:
    """The module at reset, and the twin's counters."""

    def __init__(self, dut) -> None:
        self.dut, self.twin = dut, Counters()

    async def start(self) -> Bench:
        cocotb.start_soon(Clock(self.dut.clk, 2, "step").start())
        for name in (*INPUTS, "rst_n"):
            getattr(self.dut, name).value = 0
        await self.tick(2)
        self.dut.rst_n.value = 1
        return self

    async def tick(self, cycles: int = 1, **values: int) -> None:
        """Puts values for some cycles, then takes the one-bit ones back."""
        for name, value in values.items():
            getattr(self.dut, name).value = value
        for _ in range(cycles):
            await FallingEdge(self.dut.clk)
        for name in INPUTS:
            getattr(self.dut, name).value = 0

    async def request(self, opcode: int, status: int, words: tuple[int, int], results: int) -> None:
        await self.tick(begun=1, opcode=int(opcode))
        await self.tick(results, result=1)
        for place in (1, 0):
            await self.tick(r_write=1, r_address=place, r_data=words[place])
        await self.tick(r_write=1, r_address=2, r_data=0xFFFF_FFFF)
        await self.tick(answered=1, status=int(status))
        self.twin.results = results
        self.twin.answered(opcode, Status(status), pack_words(*words))

    async def answer(self) -> tuple[int, ...]:
        """The words; that they are one a cycle and `done` comes when it should."""
        await self.tick(start=1)
        seen = []
        for _ in range(WORDS):
            assert (int(self.dut.w_write.value), int(self.dut.done.value)) == (1, 0)
            assert int(self.dut.w_address.value) == len(seen)
            seen.append(int(self.dut.w_data.value))
            await self.tick()
        assert (int(self.dut.w_write.value), int(self.dut.done.value)) == (0, 1)
        assert int(self.dut.total.value) == WORDS
        await self.tick()
        assert int(self.dut.done.value) == 0
        return tuple(seen)


@cocotb.test()
async def a_board_just_powered_up_has_done_nothing(dut) -> None:
    bench = await Bench(dut).start()
    assert await bench.answer() == (WORDS, *[0] * (WORDS - 1))
    assert await bench.answer() == (WORDS, *[0] * (WORDS - 1))


@cocotb.test()
async def counters_are_the_twin_s_on_random_requests(dut) -> None:
    bench, rng = await Bench(dut).start(), random.Random(3)
    for _ in range(300):
        status = rng.choice([Status.OK] * 4 + list(Status))
        words = (rng.randrange(1 << rng.randrange(1, 33)), rng.randrange(50))
        await bench.request(rng.choice(OPCODES), status, words, rng.randrange(4))
        kind, cells = rng.choice(list(Pulse)), rng.randrange(1, 513)
        await bench.tick(given=1, given_kind=int(kind), given_cells=cells)
        bench.twin.pulsed(kind, cells)
    found = await bench.answer()
    assert found == unpack_words(bench.twin.payload)
    assert all(found)


@cocotb.test()
async def the_longest_is_the_first_of_its_length(dut) -> None:
    bench = await Bench(dut).start()
    for opcode, cycles in ((Opcode.PULSE, 90), (Opcode.MAC, 900), (Opcode.PROGRAM, 900), (Opcode.PING, 9999)):
        await bench.request(opcode, Status.OK, (cycles, 0), 0)
    await bench.request(Opcode.MAC, Status.ABORTED, (5000, 0), 3)
    found = await bench.answer()
    assert (found[Telemetry.LONGEST], found[Telemetry.LONGEST_OPCODE]) == (900, Opcode.MAC)
    assert found[Telemetry.LAST_STOP] == Opcode.MAC | Status.ABORTED << 8
    assert (found[Telemetry.STOPPED], found[Telemetry.RESULTS]) == (1, 0)

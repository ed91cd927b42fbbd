# SPDX-License-Identifier: BSD-3-Clause
"""board_core when its host falls silent, in each state of its engines: safe within the watchdog's time."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge, RisingEdge
from tests.fpga.board_host import PARAMETERS, BoardHost, pulse_request
from tests.fpga.runner import build_and_test
from tests.fpga.test_board_core import ALL, vectors
from tests.fpga.test_board_safety import ARMED, LATCHED, PART, TRIPPED, forming

from ohmloop._map import Opcode, Register, Status, Table
from ohmloop.link.requests import CellRequest, TableWriteRequest, unpack_words
from ohmloop.link.windows import Axis

LIMIT = 1200  # WATCHDOG_CYCLES
WITHIN = 8  # cycles after it: from a frame's last word to the watchdog, and from there to the latch
ALL_BUT_EIGHT = Axis(0, 24)
REFERENCE = vectors(Opcode.MAC, Axis(0, 1), ALL, reference=True, count=1).encode()
SETTLED = 9 * 600  # cycles in which every reply that waits has left
PINGED = np.zeros(500, "<u4").tobytes()


def test_watchdog_states() -> None:
    build_and_test("board_core", ["fpga/rtl/board_core.v"], __name__, PARAMETERS, internals=False)


async def rest(host: BoardHost, cycles: int) -> None:
    for _ in range(cycles):
        await FallingEdge(host.dut.clk)


async def ready(host: BoardHost, level: int) -> None:
    """Lets replies out or holds them, between two looks of the host at the wire."""
    await RisingEdge(host.dut.clk)
    host.dut.tx_ready.value = level
    await FallingEdge(host.dut.clk)


async def silent(
    dut, opcode: Opcode | None, payload: bytes = b"", *, output: str = "", wait: int = 60, armed: bool = True
) -> None:
    """Posts a request, falls silent while it runs, and looks when outputs and token are gone.

    `output` is what must be on then; without one `wait` cycles pass first. A HEARTBEAT is the last frame.
    """
    host = await forming(dut)
    await host.write(Register.WATCHDOG_CYCLES, LIMIT)
    if not armed:
        assert (await host.call(Opcode.DISARM)).status == Status.OK
    known = len(host.frames)
    if opcode is not None:
        await host.post(opcode, payload)
    for _ in range(LIMIT if output else wait):
        if output and int(getattr(dut, output).value):
            break
        await FallingEdge(dut.clk)
    assert [frame for _, frame in host.frames[known:]] == [], "it was over before the silence"
    await host.urgent(Opcode.HEARTBEAT)
    await tripped(host, output)
    if opcode is not None:
        replies = [frame for _, frame in host.frames[known:] if frame.opcode == opcode]
        assert [frame.status for frame in replies] == [Status.ABORTED]


async def tripped(host: BoardHost, output: str = "", waiting: int = 0) -> None:
    """From the last word of the last frame: everything off and latched after LIMIT, within WITHIN cycles.

    `waiting` replies come only when the next request acknowledges those before them.
    """
    last = host.cycle
    while not int(host.dut.safe_latched.value) and host.cycle <= last + LIMIT + WITHIN:
        await FallingEdge(host.dut.clk)
    assert LIMIT < host.cycle - last <= LIMIT + WITHIN
    assert not int(host.dut.drive_active.value) and not int(host.dut.read_active.value)
    if output:
        assert host.falls[output][-1] - last <= LIMIT + WITHIN
    await ready(host, 1)
    await rest(host, SETTLED)
    known = await host.post(Opcode.REG_READ, np.array([Register.STATE, 1], "<u4").tobytes())
    (state,) = unpack_words((await host.reply(known + waiting)).payload)
    assert state & (ARMED | LATCHED | TRIPPED) == LATCHED | TRIPPED


@cocotb.test()
async def waiting_with_a_token(dut) -> None:
    await silent(dut, None)


@cocotb.test()
async def reading(dut) -> None:
    request = vectors(Opcode.READ_CELLS, ALL, PART, width_bits=16, averages_log2=7)
    await silent(dut, Opcode.READ_CELLS, request.encode(), output="read_active")


@cocotb.test()
async def reading_without_a_token(dut) -> None:
    request = vectors(Opcode.READ_CELLS, ALL, PART, width_bits=16, averages_log2=7)
    await silent(dut, Opcode.READ_CELLS, request.encode(), output="read_active", armed=False)


@cocotb.test()
async def pulsing(dut) -> None:
    await silent(
        dut, Opcode.PULSE, pulse_request(PART, PART, width_cycles=3000).encode(), output="drive_active"
    )


@cocotb.test()
async def judging_and_pulsing_by_turns(dut) -> None:
    request = pulse_request(PART, PART, width_cycles=20, pulses=50)
    await silent(dut, Opcode.PULSE, request.encode(), output="drive_active")


@cocotb.test()
async def a_program_running_on_the_core(dut) -> None:
    await silent(dut, Opcode.SELF_TEST, REFERENCE, wait=300)


@cocotb.test()
async def writing_cells(dut) -> None:
    codes = np.full((24, 32), 77, np.uint16)
    await silent(dut, Opcode.CELL_LOAD, CellRequest(0, ALL_BUT_EIGHT, ALL, codes).encode(), wait=200)


@cocotb.test()
async def dumping_cells(dut) -> None:
    await silent(dut, Opcode.CELL_DUMP, CellRequest(0, ALL_BUT_EIGHT, ALL).encode(), wait=200)


@cocotb.test()
async def writing_a_table(dut) -> None:
    payload = TableWriteRequest(Table.GAUSS, 0, 0, np.zeros(500, np.int32)).encode()
    host = await forming(dut)
    await host.write(Register.WATCHDOG_CYCLES, LIMIT)
    assert (await host.arm(PART, PART)).status == Status.OK
    await host.post(Opcode.TABLE_WRITE, payload)
    await tripped(host)


@cocotb.test()
async def replying_into_a_full_ring(dut) -> None:
    host = await forming(dut)
    await host.write(Register.WATCHDOG_CYCLES, 60_000)
    assert (await host.arm(PART, PART)).status == Status.OK
    await host.write(Register.WATCHDOG_CYCLES, LIMIT)
    await ready(host, 0)
    known = len(host.frames)
    for _ in range(9):  # 8 of them fill the ring; the last waits for room
        await host.post(Opcode.PING, PINGED)
    await tripped(host, waiting=1)
    replies = [frame for _, frame in host.frames[known:] if frame.opcode == Opcode.PING]
    assert [frame.status for frame in replies] == [Status.OK] * 9  # PING drives nothing and runs to its end
    assert unpack_words(replies[7].payload) == (0,) * 500

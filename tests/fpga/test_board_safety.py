# SPDX-License-Identifier: BSD-3-Clause
"""board_core where it could hurt a chip: tokens, limits, pulses, safe states, and what they answer."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import FallingEdge
from tests.fpga.board_host import LIMITS, PARAMETERS, READ_CODE, BoardHost, pulse_request
from tests.fpga.runner import build_and_test
from tests.fpga.test_board_core import ALL, vectors

from ohmloop._map import Opcode, Pulse, Register, Status, Table
from ohmloop.link.requests import CellRequest, unpack_words
from ohmloop.link.windows import Axis

PART = Axis(4, 8)
ARMED, LATCHED, BUSY, LOCKED, TRIPPED = 1, 2, 4, 8, 16


def test_board_safety() -> None:
    build_and_test("board_core", ["fpga/rtl/board_core.v"], __name__, PARAMETERS, internals=False)


async def forming(dut, **arm) -> BoardHost:
    """A board with pristine cells, armed on PART x PART, whose FORM always breaks a cell to code 500."""
    host = await BoardHost.start(dut)
    for first in range(0, 1024, 256):
        await host.table(Table.FORMED, np.full(256, 500 << 6), first=first)
    await host.table(Table.GATE, np.full(256, 1 << 14))
    await host.write(Register.EMU_FORMED_FLOOR, 10)
    await host.write(Register.EMU_RESET_ONSET, 1000, 60000, 0, 0)
    reply = await host.arm(PART, PART, **arm)
    assert (reply.status, reply.payload) == (Status.OK, b"")
    return host


async def answer(host: BoardHost, *arguments, **changes) -> tuple[Status, tuple[int, ...]]:
    reply = await host.pulse(*arguments, **changes)
    return Status(reply.status), unpack_words(reply.payload)


async def pulses_seen(host: BoardHost) -> list[int]:
    """Widths of the drive pulses so far, clk cycles."""
    await FallingEdge(host.dut.clk)
    return [
        fall - rise for rise, fall in zip(host.rises["drive_active"], host.falls["drive_active"], strict=True)
    ]


@cocotb.test()
async def a_pulse_lasts_exactly_its_width_and_forms_the_window(dut) -> None:
    host = await forming(dut)
    status, (cycles, rows, pulses) = await answer(host, Axis(4, 3), Axis(5, 2), width_cycles=123, pulses=2)
    assert (status, rows, pulses) == (Status.OK, 3, 12) and cycles > 6 * 123
    assert await pulses_seen(host) == [123] * 6
    assert await host.read(Register.PULSES_SINCE_BOOT) == (12,)
    request = vectors(Opcode.READ_CELLS, Axis(3, 5), Axis(4, 4), width_bits=32)
    reply = await host.call(Opcode.READ_CELLS, request.encode())
    cells = np.array(unpack_words(reply.payload)[2:]).reshape(5, 4)
    expected = np.zeros((5, 4), int)
    expected[1:4, 1:3] = 500
    assert (cells == expected).all()


@cocotb.test()
async def what_the_token_or_a_limit_forbids_drives_nothing(dut) -> None:
    host = await forming(dut, max_pulses=100, kinds=frozenset({Pulse.FORM}), max_voltage_code=55000)
    form, gate, width = LIMITS[0], LIMITS[4], LIMITS[5]
    cases = [
        ({"kind": Pulse.RESET}, Status.OPERATION_NOT_ARMED, (2, 1, 0)),
        ({"rows": Axis(5, 8)}, Status.OUTSIDE_TOKEN, (12, 0, 6)),
        ({"rows": Axis(5, 8), "voltage_code": 65535}, Status.OUTSIDE_TOKEN, (12, 0, 6)),
        ({"columns": Axis(3, 2)}, Status.OUTSIDE_TOKEN, (4, 0, 6)),
        ({"voltage_code": form + 1}, Status.OVER_VOLTAGE_LIMIT, (form + 1, form, 1)),
        ({"voltage_code": 55001}, Status.OVER_TOKEN_VOLTAGE, (55001, 55000, 1)),
        ({"gate_code": gate + 1}, Status.OVER_GATE_LIMIT, (gate + 1, gate, 1)),
        ({"width_cycles": width + 1}, Status.OVER_WIDTH_LIMIT, (width + 1, width, 2)),
        ({"pulses": 2}, Status.PULSE_BUDGET, (128, 100, 5)),
    ]
    for changes, status, words in cases:
        fields = {"rows": PART, "columns": PART, **changes}
        assert await answer(host, fields.pop("rows"), fields.pop("columns"), **fields) == (status, words), (
            changes
        )
    assert await pulses_seen(host) == []
    assert await host.read(Register.PULSES_SINCE_BOOT) == (0,)
    assert (await answer(host, PART, PART))[0] == Status.OK
    assert (await answer(host, PART, PART))[1] == (64, 36, 5)


@cocotb.test()
async def arming_needs_the_hash_of_the_limits_and_expires(dut) -> None:
    host = await forming(dut, expiry_units=8)
    assert (await host.read(Register.STATE))[0] & ARMED
    for _ in range(8 * 1024):
        await FallingEdge(dut.clk)
    assert await answer(host, PART, PART) == (Status.TOKEN_EXPIRED, (0, 0, 0))
    assert not (await host.read(Register.STATE))[0] & ARMED
    reply = await host.arm(PART, PART, limits_hash=1)
    assert reply.status == Status.LIMITS_MISMATCH and unpack_words(reply.payload)[0] == 1
    assert (await host.arm(PART, PART)).status == Status.OK
    assert (await host.call(Opcode.DISARM)).status == Status.OK
    assert await answer(host, PART, PART) == (Status.NOT_ARMED, (0, 0, 0))
    assert await pulses_seen(host) == []


@cocotb.test()
async def reset_pulses_lower_the_conductance(dut) -> None:
    host = await forming(dut)
    await host.load(np.full((8, 8), 1000, np.uint16), PART, PART)
    status, _ = await answer(host, PART, PART, kind=Pulse.RESET, voltage_code=3000)
    assert status == Status.OK
    request = vectors(Opcode.READ_CELLS, PART, PART, width_bits=32)
    cells = np.array(unpack_words((await host.call(Opcode.READ_CELLS, request.encode())).payload)[2:])
    assert (cells < 1000).all() and (cells >= 10).all()


async def stopped(host: BoardHost, opcode: Opcode, payload: bytes, when: str, wait: int, queue: int = 2):
    """Sends a request and `queue` more behind it, waits for its output and `wait` cycles, sends SAFE.

    Returns the reply, the replies behind it, and the cycles from SAFE's last word to the output's end.
    """
    known = await host.post(opcode, payload)
    for _ in range(queue):
        await host.post(Opcode.REG_READ, np.array([0, 1], "<u4").tobytes())
    for _ in range(20_000):
        if host.rises[when]:
            break
        await FallingEdge(host.dut.clk)
    for _ in range(wait):
        await FallingEdge(host.dut.clk)
    await host.urgent(Opcode.SAFE)
    sent = host.cycle
    replies = [await host.reply(known + i) for i in range(queue + 2)]
    numbered = [frame for frame in replies if not frame.urgent]
    return numbered[0], numbered[1:], host.falls[when][-1] - sent


@cocotb.test()
async def safe_ends_a_pulse_within_eight_cycles_and_drops_the_queue(dut) -> None:
    host = await forming(dut)
    payload = pulse_request(PART, PART, width_cycles=2000).encode()
    first, others, cycles = await stopped(host, Opcode.PULSE, payload, "drive_active", 3000)
    assert cycles <= 8
    assert (first.status, unpack_words(first.payload)) == (Status.ABORTED, (1, 1, 16))
    assert [(f.status, unpack_words(f.payload)) for f in others] == [(Status.ABORTED, (0, 0, 0))] * 2
    assert (await host.read(Register.STATE))[0] & (ARMED | LATCHED) == LATCHED
    assert await answer(host, PART, PART) == (Status.SAFE_LATCHED, (0, 0, 0))
    assert (await host.arm(PART, PART)).status == Status.SAFE_LATCHED
    await host.write(Register.CONTROL, 2)
    assert await answer(host, PART, PART) == (Status.NOT_ARMED, (0, 0, 0))
    assert len(await pulses_seen(host)) == 2


@cocotb.test()
async def safe_ends_reading_within_eight_cycles(dut) -> None:
    host = await forming(dut)
    request = vectors(Opcode.READ_CELLS, ALL, Axis(0, 16), width_bits=16, averages_log2=7)
    first, others, cycles = await stopped(host, Opcode.READ_CELLS, request.encode(), "read_active", 5000)
    assert cycles <= 8 and len(others) == 2
    started, rows, pulses = unpack_words(first.payload)
    assert first.status == Status.ABORTED and started == 1 and 0 < rows < 32 and pulses == 0
    reply = await host.call(Opcode.READ_CELLS, request.encode())
    assert (reply.status, unpack_words(reply.payload)) == (Status.SAFE_LATCHED, (0, 0, 0))
    await host.hello(0x0003_0003)
    reply = await host.call(Opcode.READ_CELLS, vectors(Opcode.READ_CELLS, PART, PART, width_bits=16).encode())
    assert reply.status == Status.OK


@cocotb.test()
async def stop_pin_break_and_register_do_what_safe_does(dut) -> None:
    host = await forming(dut)
    for cause in ("stop_pin", "break_seen", "control"):
        assert (await host.arm(PART, PART)).status == Status.OK
        if cause == "control":
            await host.write(Register.CONTROL, 1)
        else:
            getattr(dut, cause).value = 1
            await FallingEdge(dut.clk)
            getattr(dut, cause).value = 0
        assert (await host.read(Register.STATE))[0] & (ARMED | LATCHED | TRIPPED) == LATCHED, cause
        await host.write(Register.CONTROL, 2)
    dut.stop_pin.value = 1
    await host.write(Register.CONTROL, 2)
    assert (await host.read(Register.STATE))[0] & LATCHED
    dut.stop_pin.value = 0


@cocotb.test()
async def silence_trips_while_armed_and_never_before(dut) -> None:
    host = await BoardHost.start(dut)
    await host.write(Register.WATCHDOG_CYCLES, 1000)
    for _ in range(3000):
        await FallingEdge(dut.clk)
    assert (await host.read(Register.STATE))[0] & LATCHED == 0
    assert (await host.arm(PART, PART)).status == Status.OK
    for _ in range(20):
        for _ in range(900):
            await FallingEdge(dut.clk)
        await host.urgent(Opcode.HEARTBEAT)
        await host.reply(len(host.frames))
    assert (await host.read(Register.STATE))[0] & ARMED
    for _ in range(1010):
        await FallingEdge(dut.clk)
    assert (await host.read(Register.STATE))[0] & (ARMED | LATCHED | TRIPPED) == LATCHED | TRIPPED
    assert await host.read(Register.WATCHDOG_TRIPS) == (1,)


@cocotb.test()
async def an_operation_past_its_time_is_stopped_without_a_latch(dut) -> None:
    host = await forming(dut)
    await host.write(Register.OPERATION_CYCLES, 3000)
    status, (started, rows, pulses) = await answer(host, PART, PART, width_cycles=800)
    assert (status, started, rows, pulses) == (Status.OPERATION_TIMEOUT, 1, 3, 32)
    widths = await pulses_seen(host)
    assert widths[:3] == [800] * 3 and widths[3] < 800 and len(widths) == 4
    assert (await host.read(Register.STATE))[0] & (ARMED | LATCHED) == 0


@cocotb.test()
async def an_operation_of_exactly_its_time_ends_well_and_keeps_the_token(dut) -> None:
    host = await forming(dut)
    rows = Axis(4, 2)
    reading = vectors(Opcode.READ_CELLS, rows, PART, width_bits=32).encode()
    (cycles, _, *_) = unpack_words((await host.call(Opcode.READ_CELLS, reading)).payload)
    for bound, status in ((cycles, Status.OK), (cycles - 1, Status.OPERATION_TIMEOUT)):
        await host.write(Register.OPERATION_CYCLES, bound)
        assert (await host.call(Opcode.READ_CELLS, reading)).status == status
        assert (await host.read(Register.STATE))[0] & ARMED == int(status == Status.OK)
    await host.write(Register.OPERATION_CYCLES, 100_000)
    assert (await host.arm(PART, PART)).status == Status.OK
    status, (cycles, _, _) = await answer(host, rows, PART, width_cycles=300)
    assert status == Status.OK
    for bound, status in ((cycles, Status.OK), (cycles - 1, Status.OPERATION_TIMEOUT)):
        await host.write(Register.OPERATION_CYCLES, bound)
        assert (await answer(host, rows, PART, width_cycles=300))[0] == status
        assert (await host.read(Register.STATE))[0] & ARMED == int(status == Status.OK)


@cocotb.test()
async def cells_past_their_time_are_stopped_and_counted_by_rows(dut) -> None:
    host = await forming(dut)
    dump = CellRequest(0, Axis(0, 4), Axis(0, 4)).encode()
    load = CellRequest(0, Axis(0, 4), Axis(0, 4), np.full((4, 4), 77, np.uint16)).encode()
    for opcode, payload, first, each in ((Opcode.CELL_DUMP, dump, 2, 3), (Opcode.CELL_LOAD, load, 3, 5)):
        await host.write(Register.OPERATION_CYCLES, 100_000)
        (cycles, *_) = unpack_words((await host.call(opcode, payload)).payload)
        seventh = first + 7 * each  # when the eighth cell is asked for: the second row's last
        bounds = ((cycles, None), (cycles - 1, 4), (seventh + 1, 2), (seventh, 1), (first, 0))
        for bound, rows in bounds:
            await host.write(Register.OPERATION_CYCLES, bound)
            reply = await host.call(opcode, payload)
            if rows is None:
                assert reply.status == Status.OK and unpack_words(reply.payload)[0] == bound
            else:
                assert reply.status == Status.OPERATION_TIMEOUT, (opcode, bound)
                assert unpack_words(reply.payload) == (1, rows, 0), (opcode, bound)


@cocotb.test()
async def a_safe_latch_is_not_released_by_what_was_asked_before_it(dut) -> None:
    host = await forming(dut)
    await host.write(Register.CONTROL, 1)
    await host.write(Register.CONTROL, 2)
    assert (await host.read(Register.STATE))[0] & LATCHED == 0
    known = await host.post(Opcode.REG_WRITE, np.array([Register.CONTROL, 2], "<u4").tobytes())
    await host.urgent(Opcode.SAFE)  # seen while the request is judged
    await host.reply(known + 1)
    assert (await host.read(Register.STATE))[0] & LATCHED


@cocotb.test()
async def a_new_epoch_stops_what_runs_and_keeps_registers(dut) -> None:
    host = await forming(dut)
    await host.post(Opcode.PULSE, pulse_request(PART, PART, width_cycles=2000).encode())
    for _ in range(3000):
        await FallingEdge(dut.clk)
    reply = await host.hello(0x0005_0005)
    assert reply.opcode == Opcode.HELLO and unpack_words(reply.payload)[13] == 16
    assert host.falls["drive_active"][-1] < host.cycle
    state, floor = (await host.read(Register.STATE))[0], await host.read(Register.EMU_FORMED_FLOOR)
    assert state & (ARMED | LATCHED) == 0 and floor == (10,)
    assert await answer(host, PART, PART) == (Status.NOT_ARMED, (0, 0, 0))


@cocotb.test()
async def a_limit_lowered_after_arming_still_refuses(dut) -> None:
    host = await forming(dut)
    await host.write(Register.LIMIT_FORM_V, 100)
    assert await answer(host, PART, PART) == (Status.OVER_VOLTAGE_LIMIT, (50000, 100, 1))
    await host.write(Register.LIMIT_READ_V, READ_CODE - 1)
    reply = await host.call(Opcode.READ_CELLS, vectors(Opcode.READ_CELLS, PART, PART).encode())
    assert (reply.status, unpack_words(reply.payload)) == (
        Status.OVER_READ_LIMIT,
        (READ_CODE, READ_CODE - 1, 1),
    )

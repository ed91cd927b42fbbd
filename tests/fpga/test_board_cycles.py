# SPDX-License-Identifier: BSD-3-Clause
"""board_core's `cycles`: every request costs what docs/emulator.md says, to the cycle."""

from __future__ import annotations

import cocotb
import numpy as np
from tests.fpga.board_host import ADC_LANES, COLS, LANES, BoardHost
from tests.fpga.board_host import PARAMETERS as SMALL
from tests.fpga.runner import build_and_test
from tests.fpga.test_board_core import ALL, vectors

from ohmloop._map import Opcode, Pulse, Register, Status
from ohmloop.emulator.cost import CostModel
from ohmloop.link.requests import CellRequest, unpack_words
from ohmloop.link.sweeps import EnvRequest, Point, SweepRequest
from ohmloop.link.windows import Axis

PARAMETERS = SMALL | {"REPLY_WORDS": 2048, "MAX_PAYLOAD_WORDS": 1000}  # rings and frame of ulx3s_85f
JUDGE = -(-COLS // 32) + 2
SCATTERED = Axis.from_lines(np.array([0, 3, 4, 9, 30, 31]))
AXES = (ALL, Axis(0, 1), Axis(3, 20), SCATTERED, Axis(0, 8, 4), Axis(9, 14))


def test_board_cycles() -> None:
    build_and_test("board_core", ["fpga/rtl/board_core.v"], __name__, PARAMETERS, internals=False)


def refresh(columns: Axis) -> int:
    """Cycles of a refresh after these columns were touched."""
    return COLS + 4 + 35 * columns.count


def row_pulse(columns: Axis) -> int:
    """The macro's cycles for a short pulse on one row."""
    touched = len(set((columns.lines // LANES).tolist()))
    return 18 + (2 * LANES + 15) * touched + (COLS // LANES - touched)


@cocotb.test()
async def readings_cost_what_the_twin_says(dut) -> None:
    host = await BoardHost.start(dut)
    cost, rng = CostModel(COLS, LANES, ADC_LANES), np.random.default_rng(7)
    busy = (await host.read(Register.BUSY_CYCLES))[0]
    for _ in range(40):
        rows, columns = (AXES[i] for i in rng.integers(0, len(AXES), 2))
        opcode = (Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS)[rng.integers(3)]
        fields = {"width_bits": 16, "averages_log2": int(rng.integers(3)) * (opcode != Opcode.MAC_RAW)}
        x = None
        if opcode != Opcode.READ_CELLS:
            fields |= {"bits": int(rng.integers(1, 6)), "signed": bool(rng.integers(2))}
            fields["pairs"] = opcode == Opcode.MAC and columns.count % 2 == 0 and bool(rng.integers(2))
            x = rng.integers(0, 1 << fields["bits"], (int(rng.integers(1, 5)), rows.count))
        request = vectors(opcode, rows, columns, x, **fields)
        if request.largest_reply_words > PARAMETERS["MAX_PAYLOAD_WORDS"]:
            continue
        reply = await host.call(opcode, request.encode())
        assert reply.status == Status.OK
        expected, _ = cost.reading(request, 1 << 40)
        assert unpack_words(reply.payload)[0] == expected, request
        busy += expected
    assert await host.read(Register.BUSY_CYCLES) == (busy,)
    await host.write(Register.CONTROL, 4)
    assert await host.read(Register.BUSY_CYCLES) == (0,)


@cocotb.test()
async def pulses_cost_their_formula(dut) -> None:
    host = await BoardHost.start(dut)
    assert (await host.arm(ALL, ALL)).status == Status.OK
    for rows, columns, width, pulses in (
        (Axis(0, 1), Axis(0, 1), 1, 1),
        (Axis(0, 1), Axis(0, 1), 51, 1),
        (Axis(0, 1), Axis(0, 1), 52, 1),
        (Axis(4, 3), Axis(2, 9), 300, 2),
        (Axis(4, 3), SCATTERED, 10, 3),
        (SCATTERED, ALL, 1, 1),
    ):
        reply = await host.pulse(rows, columns, width_cycles=width, pulses=pulses)
        each = JUDGE + 1 + max(row_pulse(columns), width + 1)
        expected = 5 + rows.count * JUDGE + rows.count * pulses * each + refresh(columns)
        given = rows.count * columns.count * pulses
        assert unpack_words(reply.payload) == (expected, rows.count, given)


@cocotb.test()
async def cells_cost_their_formula(dut) -> None:
    host = await BoardHost.start(dut)
    for rows, columns in (
        (Axis(0, 1), Axis(0, 1)),
        (Axis(3, 3), Axis(2, 7)),
        (SCATTERED, ALL),
        (ALL, SCATTERED),
    ):
        cells = rows.count * columns.count
        codes = np.full((rows.count, columns.count), 9, np.uint16)
        assert await host.load(codes, rows, columns) == (4 + 5 * cells + refresh(columns),)
        reply = await host.call(Opcode.CELL_DUMP, CellRequest(0, rows, columns).encode())
        assert unpack_words(reply.payload)[0] == 5 + 3 * cells


@cocotb.test()
async def time_costs_its_formula(dut) -> None:
    host = await BoardHost.start(dut)
    for rows, columns in ((Axis(0, 1), Axis(0, 1)), (Axis(3, 3), Axis(2, 7)), (SCATTERED, ALL)):
        reply = await host.call(Opcode.ENV, EnvRequest(0, 5000, 9, 3, rows, columns).encode())
        expected = 5 + rows.count * row_pulse(columns) + refresh(columns)
        assert unpack_words(reply.payload) == (expected,)


@cocotb.test()
async def sweeps_cost_their_formula(dut) -> None:
    host = await BoardHost.start(dut)
    assert (await host.arm(ALL, ALL)).status == Status.OK
    cost = CostModel(COLS, LANES, ADC_LANES)
    quiet, pulse, long = (
        Point(20_000, 0, 0),
        Point(40_000, 9, 1, Pulse.RESET),
        Point(45_000, 9, 900, Pulse.FORM),
    )
    waits = Point(30_000, 0, 77)
    for rows, columns, points in (
        (Axis(0, 1), Axis(0, 1), (quiet,)),
        (Axis(3, 2), SCATTERED, (waits, quiet, waits)),
        (Axis(0, 1), Axis(9, 14), (pulse,)),
        (Axis(4, 3), SCATTERED, (quiet, long, pulse, waits)),
    ):
        one = vectors(Opcode.READ_CELLS, Axis(0, 1), columns, width_bits=16)
        reading, _ = cost.reading(one, 1 << 40)
        pulsed = [point for point in points if point.voltage_code > 30_000]
        each = sum(JUDGE + 1 + max(row_pulse(columns), point.dwell_cycles + 1) for point in pulsed)
        each += sum(point.dwell_cycles for point in points if point not in pulsed)
        expected = 5 + rows.count * (JUDGE + len(points) * reading + each)
        expected += refresh(columns) if pulsed else COLS + 4
        request = SweepRequest(0, rows, columns, points, 5, width_bits=16)
        reply = await host.call(Opcode.SWEEP, request.encode())
        assert (reply.status, unpack_words(reply.payload)[0]) == (Status.OK, expected), request

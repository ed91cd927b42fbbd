# SPDX-License-Identifier: BSD-3-Clause
"""board_core over its word front: every request, every refusal, safe states, cycles."""

from __future__ import annotations

import cocotb
import numpy as np
from tests.fpga.board_host import COLS, LIMITS, PARAMETERS, READ_CODE, ROWS, BoardHost
from tests.fpga.runner import build_and_test

from ohmloop._map import MAP_HASH, RESET_VALUES, Opcode, Register, Status, Table
from ohmloop.link.packing import pack_inputs, unpack_results
from ohmloop.link.requests import CellRequest, unpack_words
from ohmloop.link.vectors import VectorRequest
from ohmloop.link.windows import Axis

ALL = Axis(0, 32)


def test_board_core() -> None:
    build_and_test("board_core", ["fpga/rtl/board_core.v"], __name__, PARAMETERS, internals=False)


def vectors(opcode: Opcode, rows: Axis, columns: Axis, x=None, **fields) -> VectorRequest:
    """A reading request at the nominal voltage; `x` are its input codes."""
    given = {"macro": 0, "read_code": READ_CODE, "operation_index": 5, **fields}
    if x is not None:
        packed = pack_inputs(np.asarray(x), given["bits"], given.get("signed", False)).tobytes()
        given |= {"count": len(x), "vectors": packed}
    return VectorRequest(opcode, rows=rows, columns=columns, **given)


def results(request: VectorRequest, payload: bytes):
    """Cycles, saturated results and values of a reply."""
    cycles, saturated = unpack_words(payload[:8])
    n, m = request.result_shape
    return cycles, saturated, unpack_results(payload[8:], n, m, request.width_bits)


async def loaded(dut, rng) -> tuple[BoardHost, np.ndarray]:
    """A board whose cells hold known random codes."""
    host = await BoardHost.start(dut)
    g = rng.integers(1, 1024, (ROWS, COLS)).astype(np.uint16)
    for first in range(0, ROWS, 16):
        await host.load(g[first : first + 16], Axis(first, 16), ALL)
    return host, g


@cocotb.test()
async def hello_names_the_board(dut) -> None:
    host = await BoardHost.start(dut)
    reply = await host.hello(0x0002_0002)
    words = unpack_words(reply.payload)
    assert words[0] == RESET_VALUES[Register.MAGIC] and words[3] == MAP_HASH and words[12] == 0xB007
    assert (words[19], words[20]) == (COLS << 16 | ROWS, 0x08040408)


@cocotb.test()
async def registers_read_as_written_and_refuse_what_is_not_there(dut) -> None:
    host = await BoardHost.start(dut, limits=None)
    assert await host.read(Register.MAGIC, 3) == (RESET_VALUES[Register.MAGIC], MAP_HASH, 0xB007)
    await host.write(Register.EMU_READ_NOISE, 0x12345)
    assert await host.read(Register.EMU_READ_NOISE) == (0x2345,)
    await host.write(Register.WATCHDOG_CYCLES, 0xFFFF_FFFF)
    assert await host.read(Register.WATCHDOG_CYCLES) == (600_000_000,)
    assert await host.words(Opcode.REG_READ, 0x08, 2) == (Status.BAD_ADDRESS, (0x0C, 0, 0))
    assert await host.words(Opcode.REG_READ, 0x41, 1) == (Status.BAD_ADDRESS, (0x41, 0, 0))
    assert await host.words(Opcode.REG_READ, 0x00, 0) == (Status.BAD_FIELD, (0, 1, 1))
    assert await host.words(Opcode.REG_WRITE, Register.OPERATION_CYCLES, 9, 9) == (
        Status.BAD_ADDRESS, (Register.FRAMES_RECEIVED, 0, 2),
    )  # fmt: skip
    assert await host.read(Register.OPERATION_CYCLES) == (9,)


@cocotb.test()
async def limits_start_at_zero_and_only_fall_after_the_lock(dut) -> None:
    host = await BoardHost.start(dut, limits=None)
    assert await host.read(Register.LIMIT_FORM_V, 7) == (0,) * 7
    await host.write(Register.LIMIT_FORM_V, *LIMITS, 1)
    assert await host.read(Register.LIMIT_FORM_V, 7) == (*LIMITS, 1)
    over = LIMITS[0] + 1
    assert await host.words(Opcode.REG_WRITE, Register.LIMIT_FORM_V, over) == (
        Status.LIMITS_LOCKED, (over, LIMITS[0], 1),
    )  # fmt: skip
    assert await host.words(Opcode.REG_WRITE, Register.LIMIT_LOCK, 0) == (Status.LIMITS_LOCKED, (0, 1, 1))
    assert await host.words(Opcode.REG_WRITE, Register.LIMIT_READ_V, 1, 0x10000) == (
        Status.OVER_CEILING, (0x10000, 65535, 2),
    )  # fmt: skip
    assert await host.read(Register.LIMIT_READ_V, 2) == (1, LIMITS[4])


@cocotb.test()
async def ping_returns_its_payload_and_tables_take_a_word_a_cycle(dut) -> None:
    host = await BoardHost.start(dut)
    data = np.random.default_rng(1).bytes(4 * 500)
    assert (await host.call(Opcode.PING, data)).payload == data
    assert (await host.call(Opcode.PING)).payload == b""
    assert await host.words(Opcode.TABLE_WRITE, 11, 5) == (Status.BAD_ADDRESS, (11, 10, 0))
    assert await host.words(Opcode.TABLE_WRITE, Table.INL | 63 << 16, 5, 6) == (
        Status.BAD_ADDRESS,
        (64, 63, 0),
    )
    assert await host.words(Opcode.TABLE_WRITE, 0) == (Status.BAD_LENGTH, (1, 2, 0))


@cocotb.test()
async def cells_come_back_as_loaded(dut) -> None:
    rng = np.random.default_rng(2)
    host, g = await loaded(dut, rng)
    for rows, columns in (
        (Axis(3, 5), Axis(1, 7)),
        (Axis(0, 8, 4), Axis(2, 6, 5)),
        (Axis.from_lines(np.array([0, 3, 4, 30, 31])), Axis.from_lines(np.array([1, 2, 9, 17, 28]))),
    ):
        reply = await host.call(Opcode.CELL_DUMP, CellRequest(0, rows, columns).encode())
        assert reply.status == Status.OK
        data = np.frombuffer(reply.payload[4:], "<u2").reshape(rows.count, -1)[:, : columns.count]
        assert (data == g[np.ix_(rows.lines, columns.lines)]).all()


@cocotb.test()
async def products_are_exact_on_an_ideal_chip(dut) -> None:
    rng = np.random.default_rng(3)
    host, g = await loaded(dut, rng)
    scattered = Axis.from_lines(np.array([0, 3, 4, 9, 30, 31]))
    for rows, columns, bits, signed, width in (
        (ALL, ALL, 8, False, 32),
        (ALL, ALL, 8, True, 24),
        (Axis(5, 9), Axis(3, 11), 3, False, 24),
        (Axis(1, 10, 3), Axis(0, 8, 4), 4, True, 32),
        (scattered, scattered, 5, False, 24),
        (Axis(7, 1), Axis(7, 1), 1, False, 16),
    ):
        top = (1 << bits) - 1
        x = rng.integers(-top if signed else 0, top + 1, (5, rows.count))
        request = vectors(Opcode.MAC, rows, columns, x, bits=bits, signed=signed, width_bits=width)
        reply = await host.call(Opcode.MAC, request.encode())
        assert reply.status == Status.OK, (reply.status, unpack_words(reply.payload))
        cycles, saturated, y = results(request, reply.payload)
        assert saturated == 0 and cycles > 0
        assert (y == x @ g[np.ix_(rows.lines, columns.lines)].astype(int)).all()


@cocotb.test()
async def planes_pairs_averages_and_cells_are_exact(dut) -> None:
    rng = np.random.default_rng(4)
    host, g = await loaded(dut, rng)
    rows, columns = Axis(2, 12), Axis(4, 10)
    part = g[np.ix_(rows.lines, columns.lines)].astype(int)
    x = rng.integers(0, 16, (3, 12))
    raw = vectors(Opcode.MAC_RAW, rows, columns, x, bits=4, width_bits=24)
    _, _, planes = results(raw, (await host.call(Opcode.MAC_RAW, raw.encode())).payload)
    expected = np.stack([(x >> p & 1) @ part for p in range(4)], axis=1).reshape(12, 10)
    assert (planes == expected).all()
    pairs = vectors(Opcode.MAC, rows, columns, x, bits=4, pairs=True, averages_log2=2)
    _, _, y = results(pairs, (await host.call(Opcode.MAC, pairs.encode())).payload)
    assert (y == 4 * (x @ (part[:, 0::2] - part[:, 1::2]))).all()
    cells = vectors(Opcode.READ_CELLS, rows, columns, width_bits=16)
    _, _, read = results(cells, (await host.call(Opcode.READ_CELLS, cells.encode())).payload)
    assert (read == part).all()


@cocotb.test()
async def saturated_results_are_clamped_and_marked(dut) -> None:
    rng = np.random.default_rng(5)
    host, _ = await loaded(dut, rng)
    x = np.concatenate([np.zeros((3, ROWS), int), np.full((2, ROWS), 255)])
    request = vectors(Opcode.MAC, ALL, Axis(0, 9), x, bits=8, width_bits=16)
    reply = await host.call(Opcode.MAC, request.encode())
    _, saturated, y = results(request, reply.payload)
    flags = np.unpackbits(np.frombuffer(reply.payload[8 + 5 * 20 :], np.uint8), bitorder="little")
    assert saturated == 18 and (y[:3] == 0).all() and (y[3:] == 32767).all()
    assert len(reply.payload) == 8 + 5 * 20 + 8 and flags.tolist() == [0] * 27 + [1] * 18 + [0] * 19


@cocotb.test()
async def forms_of_requests_are_refused_with_the_documented_words(dut) -> None:
    host = await BoardHost.start(dut)
    axis = (0 | 32 << 16, 1)
    head = (8 << 16 | 2 << 20, READ_CODE, 0, 0, 1)
    cases = [
        (Opcode.SEARCH, (1, 2), Status.UNKNOWN_OPCODE, (Opcode.SEARCH, 0, 0)),
        (Opcode.TELEMETRY, (1,), Status.BAD_LENGTH, (1, 0, 0)),
        (Opcode.DISARM, (1,), Status.BAD_LENGTH, (1, 0, 0)),
        (Opcode.MAC, head, Status.BAD_LENGTH, (5, 9, 0)),
        (Opcode.MAC, (*head, *axis, *axis), Status.BAD_LENGTH, (9, 17, 0)),
        (Opcode.MAC, (*head, 0, 1 << 31, *axis), Status.BAD_LENGTH, (9, 25, 0)),
        (Opcode.MAC, (head[0] | 1, *head[1:], *axis, *axis, *[0] * 8), Status.BAD_FIELD, (1, 0, 0)),
        (Opcode.MAC, (head[0] | 4 << 8, *head[1:], *axis, *axis, *[0] * 8), Status.BAD_FIELD, (4, 3, 0)),
        (Opcode.MAC, (*head, 1 | 32 << 16, 1, *axis, *[0] * 8), Status.BAD_WINDOW, (32, 31, 5)),
        (Opcode.MAC, (*head, *axis, 0 | 5 << 16, 0, *[0] * 8), Status.BAD_WINDOW, (0, 1, 8)),
        (Opcode.MAC, (*head, *axis, 0 | 3 << 16, 1 << 31, 7 << 31 & 0xFFFF_FFFF, 1, *[0] * 14, *[0] * 8),
         Status.BAD_WINDOW, (2, 3, 7)),
        (Opcode.MAC, (*head, *axis, 0 | 2 << 16, 1 << 31, 1, 1, *[0] * 14, *[0] * 8),
         Status.BAD_WINDOW, (32, 31, 7)),
        (Opcode.READ_CELLS, (1 << 16 | 2 << 20, READ_CODE, 0, 0, 0, *axis, *axis), Status.REPLY_TOO_LARGE,
         (2 + 1024 + 32, 512, 5)),
        (Opcode.READ_CELLS, (1 << 16, LIMITS[3] + 1, 0, 0, 0, 0 | 4 << 16, 1, *axis), Status.OVER_READ_LIMIT,
         (LIMITS[3] + 1, LIMITS[3], 1)),
        (Opcode.PULSE, (3 << 8, 1, 1, 0, 0, 1, *axis, *axis), Status.BAD_FIELD, (3, 2, 0)),
        (Opcode.PULSE, (0, 1, 0, 0, 0, 1, *axis, *axis), Status.BAD_FIELD, (0, 1, 2)),
        (Opcode.PULSE, (0, 1, 9, 0, 0, 1, *axis, *axis), Status.NOT_ARMED, (0, 0, 0)),
        (Opcode.ARM, (5, 8, 0, 0, 0, *axis, *axis), Status.BAD_FIELD, (8, 7, 1)),
        (Opcode.CELL_DUMP, (0, *axis, *axis), Status.REPLY_TOO_LARGE, (513, 512, 1)),
    ]  # fmt: skip
    for opcode, payload, status, words in cases:
        assert await host.words(opcode, *payload) == (status, words), (Opcode(opcode).name, payload[:8])
    assert host.rises["drive_active"] == [] and host.rises["read_active"] == []

# SPDX-License-Identifier: BSD-3-Clause
"""The small modules of the core: what they give, and in which cycle."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from tests.fpga.runner import build_and_test

from ohmloop._map import Pulse, Status
from ohmloop.link.packing import pack_inputs, pack_results

INPUTS = {
    "axis": "load start count stride bitmap w_valid w_data restart next",
    "wide": "load start count stride bitmap w_valid w_data",
    "narrow": "load start count stride bitmap w_valid w_data",
    "unpack": "start stop first width q_data f_ready end_vector",
    "pack": "clear width r_valid r_data r_saturated r_last flush",
    "dog": "active feed limit",
    "guard": "kill safe_latched limit_voltage limit_gate limit_width arm disarm arm_rows arm_columns "
    "arm_operations arm_pulses arm_voltage arm_expiry g_sweep g_valid g_dry g_kind g_row g_mask g_voltage "
    "g_gate g_width p_ready p_done read_code x_line x_valid_in x_ready",
}
SCATTERED = [0, 3, 4, 31, 32, 63, 100, 250, 251, 252, 511]


def test_core_parts() -> None:
    build_and_test("core_parts", ["tests/fpga/tops/core_parts.v"], __name__)


async def reset(dut) -> None:
    for part, names in INPUTS.items():
        for name in names.split():
            getattr(dut, f"{part}_{name}").value = 0
    dut.unpack_width.value = 1
    dut.rst_n.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    await ticks(dut, 3)
    dut.rst_n.value = 1
    await ticks(dut, 1)


async def ticks(dut, count: int) -> None:
    for _ in range(count):
        await FallingEdge(dut.clk)


def bitmap_words(lines: list[int]) -> list[int]:
    bits = sum(1 << line for line in lines)
    return [bits >> 32 * i & 0xFFFF_FFFF for i in range(16)]


async def load_axis(dut, lines: list[int], start: int, stride: int, *, bitmap: bool) -> int:
    """Loads the axis; returns the cycles from `load` until `loaded`."""
    dut.axis_start.value, dut.axis_stride.value = start, stride
    dut.axis_count.value, dut.axis_bitmap.value, dut.axis_load.value = len(lines), bitmap, 1
    await ticks(dut, 1)
    dut.axis_load.value = 0
    words, cycles = bitmap_words(lines), 1
    while int(dut.axis_loaded.value) == 0 and cycles < 2000:
        dut.axis_w_valid.value = bool(words)
        dut.axis_w_data.value = words[0] if words else 0
        await ReadOnly()
        taken = words and int(dut.axis_w_ready.value)
        await FallingEdge(dut.clk)
        words = words[1:] if taken else words
        cycles += 1
    dut.axis_w_valid.value = 0
    return cycles


@cocotb.test()
async def an_axis_walks_one_line_a_cycle_over_and_over(dut) -> None:
    await reset(dut)
    for lines, start, stride, bitmap in (
        ([7], 7, 1, False),
        (list(range(3, 60, 7)), 3, 7, False),
        (list(range(512)), 0, 1, False),
        (SCATTERED, 0, 1, True),
        (list(range(512)), 0, 1, True),
    ):
        cycles = await load_axis(dut, lines, start, stride, bitmap=bitmap)
        dense = sum(max(1, bin(word).count("1")) for word in bitmap_words(lines))
        last = bitmap_words(lines)[-1]
        assert cycles == (1 + dense + (last != 0) if bitmap else 1)
        if bitmap:
            assert (int(dut.axis_bits_set.value), int(dut.axis_last_line.value)) == (len(lines), lines[-1])
            assert int(dut.axis_first_line.value) == lines[0]
        dut.axis_restart.value = 1
        await ticks(dut, 1)
        dut.axis_restart.value, dut.axis_next.value = 0, 1
        for _ in range(2):
            for line in lines:
                assert (int(dut.axis_line.value), int(dut.axis_last.value)) == (line, line == lines[-1])
                await ticks(dut, 1)
        dut.axis_next.value = 0


async def load_mask(dut, part: str, lines: list[int], start: int, stride: int, *, bitmap: bool) -> int:
    """Builds a mask; returns the cycles from `load` until `done`."""
    for name, value in (("start", start), ("stride", stride), ("count", len(lines)), ("bitmap", bitmap)):
        getattr(dut, f"{part}_{name}").value = value
    getattr(dut, f"{part}_load").value = 1
    await ticks(dut, 1)
    getattr(dut, f"{part}_load").value = 0
    words, cycles = bitmap_words(lines), 1
    while int(getattr(dut, f"{part}_done").value) == 0 and cycles < 2000:
        getattr(dut, f"{part}_w_valid").value = bitmap
        getattr(dut, f"{part}_w_data").value = words.pop(0) if bitmap else 0
        await ticks(dut, 1)
        cycles += 1
    getattr(dut, f"{part}_w_valid").value = 0
    return cycles


@cocotb.test()
async def a_mask_has_exactly_the_lines_of_its_axis(dut) -> None:
    await reset(dut)
    rng = np.random.default_rng(1)
    for part, size in (("wide", 512), ("narrow", 40)):
        words = -(-size // 32)
        for _ in range(12):
            start, end = sorted(rng.integers(0, size, 2).tolist())
            span, steps = list(range(start, end + 1)), list(range(start, size, 5))
            assert await load_mask(dut, part, span, start, 1, bitmap=False) == words + 1
            assert int(getattr(dut, f"{part}_mask").value) == sum(1 << line for line in span)
            assert await load_mask(dut, part, steps, start, 5, bitmap=False) == len(steps) + 1
            assert int(getattr(dut, f"{part}_mask").value) == sum(1 << line for line in steps)
    assert await load_mask(dut, "wide", SCATTERED, 0, 1, bitmap=True) == 17
    assert int(dut.wide_mask.value) == sum(1 << line for line in SCATTERED)


async def memory(dut, words: list[int]) -> None:
    """The request memory: data one cycle after its address."""
    for _ in range(200_000):
        await ReadOnly()
        address = int(dut.unpack_q_address.value)
        await FallingEdge(dut.clk)
        dut.unpack_q_data.value = words[address] if address < len(words) else 0xDEAD_BEEF


@cocotb.test()
async def fields_of_every_width_come_one_a_cycle(dut) -> None:
    await reset(dut)
    rng = np.random.default_rng(2)
    for width in range(1, 10):
        for rows in (1, 2, 31, 32, 33, 50):
            codes = rng.integers(0, 1 << min(width, 8), (4, rows))
            if width == 9:
                data = pack_inputs(np.where(codes > 99, -codes, codes), 8, True)
                codes = np.where(codes > 99, codes | 256, codes)
            else:
                data = pack_inputs(codes, width, False)
            words = [7, 7, 7, *np.frombuffer(data.tobytes(), "<u4").tolist()]
            task = cocotb.start_soon(memory(dut, words))
            dut.unpack_first.value, dut.unpack_width.value, dut.unpack_start.value = 3, width, 1
            await ticks(dut, 1)
            dut.unpack_start.value = 0
            await ticks(dut, 2)
            for i, code in enumerate(codes.reshape(-1).tolist()):
                dut.unpack_f_ready.value = 1
                dut.unpack_end_vector.value = i % rows == rows - 1
                await ReadOnly()
                seen = (int(dut.unpack_f_valid.value), int(dut.unpack_f_data.value))
                assert seen == (1, code), (width, rows, i)
                await FallingEdge(dut.clk)
            dut.unpack_f_ready.value, dut.unpack_stop.value = 0, 1
            await ticks(dut, 1)
            dut.unpack_stop.value = 0
            task.cancel()


@cocotb.test()
async def results_leave_packed_with_their_flags(dut) -> None:
    await reset(dut)
    rng = np.random.default_rng(3)
    for code, width in ((0, 16), (1, 24), (2, 32)):
        for n, m, marked in ((1, 1, 0), (3, 2, 1), (4, 5, 1), (2, 32, 1), (5, 3, 0), (6, 1, 1)):
            values = rng.integers(-(1 << width - 1), 1 << width - 1, (n, m))
            flags = rng.integers(0, 2, (n, m)) * marked
            flags[0, 0] = marked
            got = await packed(dut, values, flags, code)
            bits = sum(int(flag) << i for i, flag in enumerate(flags.reshape(-1)))
            extra = bits.to_bytes(4 * -(-n * m // 32), "little") if marked else b""
            expected = pack_results(values, width) + extra
            assert b"".join(word.to_bytes(4, "little") for word in got) == expected, (width, n, m)
            assert int(dut.pack_saturated.value) == flags.sum()
            assert int(dut.pack_words.value) == 2 + len(got)


async def packed(dut, values, flags, code: int) -> list[int]:
    """Gives results one a cycle, flushes, returns the words in the order of their addresses."""
    out: dict[int, int] = {}
    beats = [
        (int(v), int(f), j == values.shape[1] - 1)
        for v, f in zip(values, flags, strict=True)
        for j, (v, f) in enumerate(zip(v, f, strict=True))
    ]
    dut.pack_clear.value, dut.pack_width.value = 1, code
    await ticks(dut, 1)
    dut.pack_clear.value = 0
    for i in range(len(beats) + 60):
        value, flag, last = beats[i] if i < len(beats) else (0, 0, False)
        dut.pack_r_valid.value = i < len(beats)
        dut.pack_r_data.value = value & 0xFFFF_FFFF
        dut.pack_r_saturated.value, dut.pack_r_last.value = flag, last
        dut.pack_flush.value = i == len(beats) + 3
        await ReadOnly()
        if int(dut.pack_w_write.value):
            assert int(dut.pack_w_address.value) not in out
            out[int(dut.pack_w_address.value)] = int(dut.pack_w_data.value)
        await FallingEdge(dut.clk)
    assert int(dut.pack_idle.value) == 1 and int(dut.pack_flushed.value) == 1
    assert sorted(out) == list(range(2, 2 + len(out)))
    return [out[address] for address in sorted(out)]


@cocotb.test()
async def the_watchdog_trips_after_its_limit_and_not_before(dut) -> None:
    await reset(dut)
    dut.dog_limit.value = 10
    await ticks(dut, 1)  # a limit counts from the next cycle on
    dut.dog_active.value = 1
    trips = []
    for _ in range(24):
        await ReadOnly()
        trips.append(int(dut.dog_trip.value))
        await FallingEdge(dut.clk)
    assert [i for i, trip in enumerate(trips) if trip] == [10, 21]
    assert int(dut.dog_trips.value) == 2
    for cycle in range(60):
        dut.dog_feed.value = cycle % 11 == 0
        await ReadOnly()
        assert int(dut.dog_trip.value) == 0
        await FallingEdge(dut.clk)


async def armed_guard(dut) -> None:
    await reset(dut)
    dut.guard_limit_voltage.value = 900 << 48 | 500 << 32 | 400 << 16 | 300
    dut.guard_limit_gate.value, dut.guard_limit_width.value = 50, 20
    dut.guard_arm_rows.value, dut.guard_arm_columns.value = 0b110, 0xF0_0000_000F
    dut.guard_arm_operations.value, dut.guard_arm_pulses.value = 1 << Pulse.FORM, 9
    dut.guard_arm_voltage.value, dut.guard_arm_expiry.value = 290, 100
    dut.guard_arm.value = 1
    await ticks(dut, 1)
    dut.guard_arm.value = 0


async def ask(dut, *, dry: bool = False, **changes: int) -> tuple[int, int, int, int]:
    """Asks the guard for one pulse; returns status, limit, cycles until the answer and cycles of drive."""
    fields = {"kind": 0, "row": 1, "mask": 0x80_0000_0001, "voltage": 290, "gate": 50, "width": 20, **changes}
    for name, value in fields.items():
        getattr(dut, f"guard_g_{name}").value = value
    dut.guard_g_valid.value, dut.guard_g_dry.value, dut.guard_p_ready.value = 1, dry, 1
    driven = 0
    for cycle in range(200):
        await ReadOnly()
        done, on = int(dut.guard_g_done.value), int(dut.guard_p_drive.value)
        answer = (int(dut.guard_g_status.value), int(dut.guard_g_limit.value))
        await FallingEdge(dut.clk)
        dut.guard_g_valid.value = 0
        driven += on
        dut.guard_p_done.value = driven and not on
        if done:
            dut.guard_p_done.value = 0
            return (*answer, cycle, driven)
    raise AssertionError("the guard does not answer")


@cocotb.test()
async def the_guard_drives_what_is_permitted_for_its_width_and_nothing_else(dut) -> None:
    await armed_guard(dut)
    judged = 3
    for changes, status, limit in (
        ({"kind": Pulse.SET}, Status.OPERATION_NOT_ARMED, 1),
        ({"kind": Pulse.RESET}, Status.OPERATION_NOT_ARMED, 1),
        ({"row": 3}, Status.OUTSIDE_TOKEN, 0),
        ({"row": 9}, Status.OUTSIDE_TOKEN, 0),
        ({"mask": 0x10}, Status.OUTSIDE_TOKEN, 0),
        ({"mask": 0x1_0000_0000}, Status.OUTSIDE_TOKEN, 0),
        ({"voltage": 301}, Status.OVER_VOLTAGE_LIMIT, 300),
        ({"voltage": 291}, Status.OVER_TOKEN_VOLTAGE, 290),
        ({"gate": 51}, Status.OVER_GATE_LIMIT, 50),
        ({"width": 21}, Status.OVER_WIDTH_LIMIT, 20),
        ({"width": 0}, Status.OVER_WIDTH_LIMIT, 20),
    ):
        assert await ask(dut, **changes) == (status, limit, judged, 0), changes
    assert await ask(dut, dry=True) == (Status.OK, 0, judged, 0)
    for width, left in ((20, 7), (1, 5), (7, 3), (3, 1)):
        assert await ask(dut, width=width) == (Status.OK, 0, judged + 1 + width + 2, width)
        assert int(dut.guard_pulses_left.value) == left
    assert await ask(dut) == (Status.PULSE_BUDGET, 1, judged, 0)


@cocotb.test()
async def every_kind_has_its_own_voltage_limit(dut) -> None:
    await armed_guard(dut)
    dut.guard_arm_operations.value, dut.guard_arm_voltage.value = 7, 600
    dut.guard_arm_pulses.value, dut.guard_arm.value = 6, 1
    await ticks(dut, 1)
    dut.guard_arm.value = 0
    for kind, limit in ((Pulse.FORM, 300), (Pulse.SET, 400), (Pulse.RESET, 500)):
        status, told, _, driven = await ask(dut, kind=kind, voltage=limit + 1)
        assert (status, told, driven) == (Status.OVER_VOLTAGE_LIMIT, limit, 0), kind
        status, _, _, driven = await ask(dut, kind=kind, voltage=limit)
        assert (status, driven) == (Status.OK, 20), kind


@cocotb.test()
async def kill_ends_drive_and_reading_in_its_cycle(dut) -> None:
    await armed_guard(dut)
    dut.guard_read_code.value, dut.guard_x_valid_in.value, dut.guard_x_ready.value = 901, 1, 1
    await ReadOnly()
    assert int(dut.guard_x_valid.value) == 0
    await FallingEdge(dut.clk)
    dut.guard_read_code.value = 900
    task = cocotb.start_soon(ask(dut))
    await ticks(dut, 10)
    assert (int(dut.guard_p_drive.value), int(dut.guard_x_valid.value)) == (1, 1)
    dut.guard_kill.value = 1
    await ReadOnly()
    assert (int(dut.guard_p_drive.value), int(dut.guard_x_valid.value)) == (0, 0)
    await FallingEdge(dut.clk)
    dut.guard_kill.value = 0
    status, _, _, driven = await task
    assert status == Status.ABORTED and driven < 20 and int(dut.guard_armed.value) == 0
    assert (await ask(dut))[0] == Status.NOT_ARMED


@cocotb.test()
async def a_reading_above_its_limit_passes_once_after_its_pulse_and_nowhere_else(dut) -> None:
    await armed_guard(dut)
    dut.guard_limit_voltage.value = 200 << 48 | 500 << 32 | 400 << 16 | 300

    async def passes(row: int, code: int, *, ready: bool = True) -> int:
        dut.guard_x_line.value, dut.guard_read_code.value = row, code
        await ticks(dut, 1)  # the guard compares them in the cycle before
        dut.guard_x_valid_in.value, dut.guard_x_ready.value = 1, ready
        await ReadOnly()
        seen = int(dut.guard_x_valid.value)
        await ticks(dut, 1)
        dut.guard_x_valid_in.value = 0
        return seen

    for sweep, cases in (
        (0, [(1, 290, 0), (1, 200, 1)]),
        (1, [(2, 290, 0), (1, 289, 0), (1, 201, 0), (1, 290, 1), (1, 290, 0)]),
    ):
        dut.guard_g_sweep.value = sweep
        assert (await ask(dut, mask=1, width=5))[0] == Status.OK
        for row, code, expected in cases:
            assert await passes(row, code) == expected, (sweep, row, code)
    assert (await ask(dut, mask=1, width=5))[0] == Status.OK
    dut.guard_limit_voltage.value = 200 << 48 | 500 << 32 | 400 << 16 | 289
    assert await passes(1, 290, ready=False) == 0
    dut.guard_limit_voltage.value = 200 << 48 | 500 << 32 | 400 << 16 | 300
    assert await passes(1, 290, ready=False) == 1
    dut.guard_x_line.value, dut.guard_x_valid_in.value = 2, 1  # another row in the cycle of the beat
    await ReadOnly()
    assert int(dut.guard_x_valid.value) == 0
    await ticks(dut, 1)
    dut.guard_x_valid_in.value, dut.guard_disarm.value = 0, 1
    await ticks(dut, 1)
    dut.guard_disarm.value = 0
    assert await passes(1, 290) == 0

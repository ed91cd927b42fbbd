# SPDX-License-Identifier: BSD-3-Clause
"""Checks of a board, on the command stream itself: nothing that is checked passes through the host API.

On a chip nothing is driven: there, requests that must be refused ask for one DAC code at most and the
smallest width, so a board that does not refuse them does no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from ohmloop._map import CLK_HZ, G_BITS, WRITABLE, WRITE_MASKS, Field, Opcode, Register, Status
from ohmloop.cli.bench import (
    Bench,
    CheckFailed,
    arm_one_cell,
    dump_cells,
    kept_cells,
    load_cells,
    one_cell,
    pulse_one_cell,
    write_tables,
)
from ohmloop.cli.firmware_check import check_firmware
from ohmloop.link.messages import (
    Axis,
    VectorReply,
    VectorRequest,
    largest_reply_words,
    limits_hash,
    pack_inputs,
    pack_words,
)
from ohmloop.profile import LIMIT_REGISTERS, load_profile

WATCHDOG_S: Final = 0.01
SERVED_SILENCES_S: Final = (0.3, 3.0, 15.0)
ROUND_TRIPS: Final = 32
STREAM_FRAMES: Final = 8
RAM_BLOCK_ROWS: Final = 16
_LATCHED: Final = 1 << Field.STATE_SAFE_LATCHED
_TRIPPED: Final = 1 << Field.STATE_WATCHDOG_TRIPPED
_ARMED: Final = 1 << Field.STATE_ARMED
_EMULATED_FROM: Final = Register.EMU_CHIP_SEED
_TOP_CODE: Final = 0xFFFF


def check_identity(bench: Bench) -> str:
    """A second HELLO gives the same board in a new epoch."""
    again, first = bench.session.hello(), bench.identity
    if (again.uid, again.boot_id, again.macros) != (first.uid, first.boot_id, first.macros):
        raise CheckFailed(
            f"uid {again.uid:x}, boot {again.boot_id:x}; before {first.uid:x}, {first.boot_id:x}"
        )
    if again.clk_hz != CLK_HZ or not again.macros:
        raise CheckFailed(f"clock {again.clk_hz} Hz, {CLK_HZ} Hz expected; {len(again.macros)} macros")
    bench.identity = again
    return f"protocol {again.protocol_version}, map {again.map_hash:08x}, build {again.build_hash:08x}"


def check_round_trip(bench: Bench) -> str:
    """PINGs of every size come back unchanged."""
    most = bench.identity.max_payload // 4
    sizes = [0, 1, 2, most, *bench.rng.integers(0, most, ROUND_TRIPS - 4)]
    start = time.perf_counter()
    for size in sizes:
        payload = bench.rng.bytes(4 * int(size))
        if bench.ok(Opcode.PING, payload, largest_reply_words(int(size))) != payload:
            raise CheckFailed(f"a PING of {size} words came back changed")
    each_ms = 1e3 * (time.perf_counter() - start) / len(sizes)
    return f"{len(sizes)} PINGs of 0 to {most} words, {each_ms:.2f} ms each"


def check_throughput(bench: Bench) -> str:
    """A stream of the largest frames arrives whole, with no frame lost or broken."""
    words = bench.identity.max_payload // 4
    payloads = [bench.rng.bytes(4 * words) for _ in range(STREAM_FRAMES)]
    stats = bench.session.stats
    before, start = (stats.retries, stats.crc_errors), time.perf_counter()
    replies = bench.session.execute((Opcode.PING, payload, words) for payload in payloads)
    wrong = sum(reply.payload != payload for reply, payload in zip(replies, payloads, strict=True))
    seconds = time.perf_counter() - start
    lost = (stats.retries - before[0], stats.crc_errors - before[1])
    if wrong or any(lost):
        raise CheckFailed(f"{wrong} frames changed, {lost[0]} sent again, {lost[1]} CRC errors")
    return f"{2 * 4 * words * STREAM_FRAMES / seconds / 1e6:.2f} MB/s both ways, no frame lost"


def check_registers(bench: Bench) -> str:
    """Ones and zeros walk through every writable register that is safe to change; read-only ones stay."""
    walked = 0
    for register in sorted(WRITABLE):
        limit = bench.read(register)[0]
        is_cap = register in {Register.WATCHDOG_CYCLES, Register.OPERATION_CYCLES}
        if not is_cap and not (bench.identity.emulated and register >= _EMULATED_FROM):
            continue
        mask = WRITE_MASKS[register]
        bits = [1 << b for b in range(32) if mask >> b & 1 and (not is_cap or 1 << b <= limit)]
        with bench.restored(register):
            for value in (*bits, *((mask & ~bit) for bit in bits if not is_cap)):
                bench.write(register, value)
                seen = bench.read(register)[0]
                if seen != value:
                    raise CheckFailed(f"{register.name}: {value:#x} written, {seen:#x} read")
        walked += 1
    magic = bench.read(Register.MAGIC)[0]
    bench.refused(Opcode.REG_WRITE, pack_words(Register.MAGIC, 0), Status.BAD_ADDRESS, "a write of MAGIC")
    if bench.read(Register.MAGIC)[0] != magic:
        raise CheckFailed("MAGIC was changed")
    return f"{walked} registers walked, MAGIC is read-only"


def check_interlock(bench: Bench) -> str:
    """What is not armed, or above a limit, is refused and drives nothing."""
    given = bench.read(Register.PULSES_SINCE_BOOT)[0]
    limits = bench.read(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS))
    bench.ok(Opcode.DISARM, b"")
    bench.refused(Opcode.PULSE, pulse_one_cell(1).encode(), Status.NOT_ARMED, "a pulse that is not armed")
    wrong = arm_one_cell(limits_hash(limits) ^ 1, 0).encode()
    bench.refused(Opcode.ARM, wrong, Status.LIMITS_MISMATCH, "ARM with other limits than the board's")
    checked = ["not armed", "other limits"]
    read_v = limits[LIMIT_REGISTERS.index(Register.LIMIT_READ_V)]
    if read_v < _TOP_CODE and (bench.identity.emulated or read_v == 0):
        over = one_cell(Opcode.READ_CELLS, read_v + 1)
        bench.refused(Opcode.READ_CELLS, over.encode(), Status.OVER_READ_LIMIT, "a reading above its limit")
        checked.append("read limit")
    if bench.identity.emulated and limits[0] < _TOP_CODE:
        bench.ok(Opcode.ARM, arm_one_cell(limits_hash(limits), _TOP_CODE).encode())
        over_form = pulse_one_cell(limits[0] + 1).encode()
        bench.refused(Opcode.PULSE, over_form, Status.OVER_VOLTAGE_LIMIT, "a pulse above its limit")
        bench.ok(Opcode.DISARM, b"")
        checked.append("pulse limit")
    now = bench.read(Register.PULSES_SINCE_BOOT)[0]
    if now != given:
        raise CheckFailed(f"{now - given} cell pulses were given by refused requests")
    return f"refused: {', '.join(checked)}; no pulse given"


def check_safe(bench: Bench) -> str:
    """SAFE disarms and latches; array operations are refused until the latch is released."""
    limits = bench.read(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS))
    bench.ok(Opcode.ARM, arm_one_cell(limits_hash(limits), 0).encode())
    bench.session.safe()
    state = bench.read(Register.STATE)[0]
    if state & (_LATCHED | _ARMED) != _LATCHED:
        raise CheckFailed(f"state {state:#04x} after SAFE: latched and disarmed expected")
    request = one_cell(Opcode.READ_CELLS, 0).encode()
    bench.refused(Opcode.READ_CELLS, request, Status.SAFE_LATCHED, "a reading while latched")
    bench.write(Register.CONTROL, 1 << Field.CONTROL_CLEAR_SAFE)
    if bench.read(Register.STATE)[0] & _LATCHED:
        raise CheckFailed("the latch was not released")
    return "latched, disarmed, released"


def check_watchdog(bench: Bench) -> str:
    """A silent host finds the board disarmed and latched."""
    limits = bench.read(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS))
    trips = bench.read(Register.WATCHDOG_TRIPS)[0]
    with bench.restored(Register.WATCHDOG_CYCLES):
        bench.write(Register.WATCHDOG_CYCLES, round(WATCHDOG_S * CLK_HZ))
        bench.ok(Opcode.ARM, arm_one_cell(limits_hash(limits), 0).encode())
        # A served simulation counts its own, slower time: it gets longer silences.
        for silence_s in (3 * WATCHDOG_S, *(SERVED_SILENCES_S if bench.identity.simulated else ())):
            _stay_silent(bench, silence_s)
            state = bench.read(Register.STATE)[0]
            if state & _TRIPPED:
                break
        bench.write(Register.CONTROL, 1 << Field.CONTROL_CLEAR_SAFE)
    if state & (_LATCHED | _TRIPPED | _ARMED) != _LATCHED | _TRIPPED:
        raise CheckFailed(f"state {state:#04x} after {silence_s:g} s of silence: tripped expected")
    if bench.read(Register.WATCHDOG_TRIPS)[0] != trips + 1:
        raise CheckFailed("the trip was not counted once")
    return f"tripped within {1e3 * silence_s:g} ms of silence, limit {1e3 * WATCHDOG_S:g} ms"


def _stay_silent(bench: Bench, silence_s: float) -> None:
    end_s = bench.session.wire.now_s() + silence_s
    while (left_s := end_s - bench.session.wire.now_s()) > 0:
        bench.session.wire.read(left_s)


def check_cells(bench: Bench) -> str:
    """Every emulated cell holds every code bit; the cells are put back."""
    bench.require_emulated()
    cells = 0
    for number, macro in enumerate(bench.identity.macros):
        columns = Axis(0, macro.columns)
        for top in range(0, macro.rows, RAM_BLOCK_ROWS):
            rows = Axis(top, min(RAM_BLOCK_ROWS, macro.rows - top))
            with kept_cells(bench, number, rows, columns) as before:
                _check_block(bench, number, rows, columns)
            cells += before.size
    return f"{cells} cells, two patterns each"


def _check_block(bench: Bench, number: int, rows: Axis, columns: Axis) -> None:
    pattern = bench.rng.integers(0, 1 << G_BITS, (rows.count, columns.count)).astype(np.uint16)
    for written in (pattern, pattern ^ np.uint16((1 << G_BITS) - 1)):
        load_cells(bench, number, rows, columns, written)
        wrong = dump_cells(bench, number, rows, columns) != written
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise CheckFailed(
                f"macro {number}, row {rows.start + row}, column {column}: {wrong.sum()} cells differ"
            )


def check_products(bench: Bench) -> str:
    """With every effect off, a product is the exact integer product; loads the profile `ideal`."""
    bench.require_emulated()
    macro = bench.identity.macros[0]
    n, bits = 16, 8
    rows, columns = Axis(0, min(40, macro.rows)), Axis(0, min(24, macro.columns))
    ideal = load_profile("ideal")
    read_code = ideal.volts_to_dac_codes(ideal.read_v)
    registers = ideal.emulator_registers(0, 0)
    g_codes = bench.rng.integers(0, 1 << G_BITS, (rows.count, columns.count)).astype(np.uint16)
    x_codes = bench.rng.integers(0, 1 << bits, (n, rows.count))
    kept = kept_cells(bench, 0, rows, columns)
    with bench.restored(*registers), bench.restored(Register.LIMIT_READ_V), kept:
        for register, value in registers.items():
            bench.write(register, value)
        write_tables(bench, ideal)
        if bench.read(Register.LIMIT_READ_V)[0] < read_code:
            bench.write(Register.LIMIT_READ_V, read_code)
        load_cells(bench, 0, rows, columns, g_codes)
        vectors = pack_inputs(x_codes, bits, False).tobytes()
        request = VectorRequest(
            Opcode.MAC, 0, rows, columns, read_code, 0, bits=bits, count=n, vectors=vectors
        )
        data = bench.ok(Opcode.MAC, request.encode(), request.largest_reply_words)
    got = VectorReply.decode(data, request.result_shape, request.width_bits).values
    wrong = np.count_nonzero(got != x_codes @ g_codes.astype(np.int64))
    if wrong:
        raise CheckFailed(f"{wrong} of {got.size} products differ from the integer product")
    return f"{got.size} sums of {rows.count} products, {bits} bits, exact"


Check = Callable[[Bench], str]
CHECKS: Final[dict[str, Check]] = {
    "identity": check_identity,
    "link round trip": check_round_trip,
    "link throughput": check_throughput,
    "register walk": check_registers,
    "interlock": check_interlock,
    "safe state": check_safe,
    "watchdog": check_watchdog,
    "emulated cells": check_cells,
    "exact products": check_products,
    "firmware": check_firmware,
}

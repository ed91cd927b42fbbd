# SPDX-License-Identifier: BSD-3-Clause
"""Checks of what must be refused, and of the safe state; nothing is driven."""

from __future__ import annotations

from typing import Final

from ohmloop._map import Field, Opcode, Register, Status
from ohmloop.cli.bench import Bench, CheckFailed, arm_one_cell, one_cell, pulse_one_cell
from ohmloop.link.messages import ABSENT_IF_READ_ONLY, limits_hash
from ohmloop.profile import LIMIT_REGISTERS

WATCHDOG_S: Final = 0.01
SERVED_SILENCES_S: Final = (0.3, 3.0, 15.0)
_LATCHED: Final = 1 << Field.STATE_SAFE_LATCHED
_TRIPPED: Final = 1 << Field.STATE_WATCHDOG_TRIPPED
_ARMED: Final = 1 << Field.STATE_ARMED
_TOP_CODE: Final = 0xFFFF


def check_interlock(bench: Bench) -> str:
    """What is not armed, or above a limit, is refused and drives nothing."""
    given = bench.read(Register.PULSES_SINCE_BOOT)[0]
    limits = bench.read(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS))
    bench.ok(Opcode.DISARM, b"")
    checked = _unknown(bench) if bench.identity.read_only else _unarmed(bench, limits)
    read_v = limits[LIMIT_REGISTERS.index(Register.LIMIT_READ_V)]
    if read_v < _TOP_CODE and (bench.identity.emulated or read_v == 0):
        over = one_cell(Opcode.READ_CELLS, read_v + 1)
        bench.refused(Opcode.READ_CELLS, over.encode(), Status.OVER_READ_LIMIT, "a reading above its limit")
        checked.append("read limit")
    if bench.identity.emulated and not bench.identity.read_only and limits[0] < _TOP_CODE:
        bench.ok(Opcode.ARM, arm_one_cell(bench.identity.clk_hz, limits_hash(limits), _TOP_CODE).encode())
        over_form = pulse_one_cell(limits[0] + 1).encode()
        bench.refused(Opcode.PULSE, over_form, Status.OVER_VOLTAGE_LIMIT, "a pulse above its limit")
        bench.ok(Opcode.DISARM, b"")
        checked.append("pulse limit")
    now = bench.read(Register.PULSES_SINCE_BOOT)[0]
    if now != given:
        raise CheckFailed(f"{now - given} cell pulses were given by refused requests")
    return f"refused: {', '.join(checked)}; no pulse given"


def _unarmed(bench: Bench, limits: tuple[int, ...]) -> list[str]:
    """A pulse without a token is refused, and a token for other limits."""
    bench.refused(Opcode.PULSE, pulse_one_cell(1).encode(), Status.NOT_ARMED, "a pulse that is not armed")
    wrong = arm_one_cell(bench.identity.clk_hz, limits_hash(limits) ^ 1, 0).encode()
    bench.refused(Opcode.ARM, wrong, Status.LIMITS_MISMATCH, "ARM with other limits than the board's")
    return ["not armed", "other limits"]


def _unknown(bench: Bench) -> list[str]:
    """A board that only reads knows no opcode that drives."""
    for opcode in sorted(ABSENT_IF_READ_ONLY):
        bench.refused(opcode, b"", Status.UNKNOWN_OPCODE, opcode.name)
    return ["what drives"]


def check_safe(bench: Bench) -> str:
    """SAFE disarms and latches; array operations are refused until the latch is released."""
    limits = bench.read(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS))
    if not bench.identity.read_only:
        bench.ok(Opcode.ARM, arm_one_cell(bench.identity.clk_hz, limits_hash(limits), 0).encode())
    bench.session.safe()
    try:
        state = bench.read(Register.STATE)[0]
        if state & (_LATCHED | _ARMED) != _LATCHED:
            raise CheckFailed(f"state {state:#04x} after SAFE: latched and disarmed expected")
        request = one_cell(Opcode.READ_CELLS, 0).encode()
        bench.refused(Opcode.READ_CELLS, request, Status.SAFE_LATCHED, "a reading while latched")
    finally:
        bench.write(Register.CONTROL, 1 << Field.CONTROL_CLEAR_SAFE)
    if bench.read(Register.STATE)[0] & _LATCHED:
        raise CheckFailed("the latch was not released")
    return "latched, released" if bench.identity.read_only else "latched, disarmed, released"


def check_watchdog(bench: Bench) -> str:
    """A silent host finds the board disarmed and latched."""
    bench.require_pulses()
    limits = bench.read(LIMIT_REGISTERS[0], len(LIMIT_REGISTERS))
    trips = bench.read(Register.WATCHDOG_TRIPS)[0]
    with bench.restored(Register.WATCHDOG_CYCLES):
        bench.write(Register.WATCHDOG_CYCLES, round(WATCHDOG_S * bench.identity.clk_hz))
        bench.ok(Opcode.ARM, arm_one_cell(bench.identity.clk_hz, limits_hash(limits), 0).encode())
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
    slow = ", a simulation's time being slower" if silence_s > 3 * WATCHDOG_S else ""
    return f"tripped within {1e3 * silence_s:g} ms of silence{slow}, limit {1e3 * WATCHDOG_S:g} ms"


def _stay_silent(bench: Bench, silence_s: float) -> None:
    end_s = bench.session.wire.now_s() + silence_s
    while (left_s := end_s - bench.session.wire.now_s()) > 0:
        bench.session.wire.read(left_s)

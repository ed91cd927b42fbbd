# SPDX-License-Identifier: BSD-3-Clause
"""Rules of safety: limits, the safe state, the watchdog, bounded operations; nothing is driven."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ohmloop._map import Field, Opcode, Pulse, Register, Status
from ohmloop.conformance.requests import TOP_CODE, arm, pulse, reference
from ohmloop.conformance.rules import EPOCHS, ORDER, REQUESTS, SAFE_STATE, Rule, Trial, require, shown
from ohmloop.conformance.verdicts import Broken, NotRun
from ohmloop.link.messages import Axis, VectorRequest, limits_hash, pack_words, unpack_words
from ohmloop.profile import LIMIT_REGISTERS

LATCHED: Final = 1 << Field.STATE_SAFE_LATCHED
ARMED: Final = 1 << Field.STATE_ARMED
TRIPPED: Final = 1 << Field.STATE_WATCHDOG_TRIPPED
LOCKED: Final = 1 << Field.STATE_LOCKED
WATCHDOG_S: Final = 0.01
SERVED_SILENCES_S: Final = (0.3, 3.0, 15.0)
SHORT_OPERATION: Final = 200
ABORT_TRIES: Final = 3
_ANY: Final = 0xFFFF_FFFF


def rules() -> list[Rule]:
    """Returns these rules."""
    return [
        Rule("a limit above the ceiling: refused", ORDER, _ceiling),
        Rule("a reading above its limit: refused", ORDER, _over_read),
        Rule("SAFE: disarmed and latched until released", SAFE_STATE, _safe),
        Rule("CONTROL.SAFE does what SAFE does", SAFE_STATE, _control_safe),
        Rule("a new epoch: disarmed, released, registers kept", EPOCHS, _new_epoch),
        Rule("watchdog: silence while armed makes safe", SAFE_STATE, _watchdog, drives=True),
        Rule("watchdog: silence while disarmed does nothing", SAFE_STATE, _idle),
        Rule("an operation past its time: OPERATION_TIMEOUT", SAFE_STATE, _timeout),
        Rule("SAFE in an operation: ABORTED, and how far it was", SAFE_STATE, _aborted),
        Rule("DISARM withdraws the permission", REQUESTS, _disarm, drives=True),
    ]


def last_rules() -> list[Rule]:
    """Returns the rule after which no limit rises again."""
    return [Rule("locked limits: only lowered", ORDER, _locked)]


def _ceiling(trial: Trial) -> str:
    """No limit passes its ceiling."""
    before = trial.limits()
    for register in LIMIT_REGISTERS:
        reply = trial.peer.call(Opcode.REG_WRITE, pack_words(register, _ANY))
        words = unpack_words(reply.payload)
        fits = reply.status == Status.OVER_CEILING and len(words) == 3 and words[::2] == (_ANY, 1)
        require(fits, f"{register.name} = {_ANY:#x} answered {shown(reply)}; OVER_CEILING expected")
    require(trial.limits() == before, "a limit was changed")
    return f"{len(LIMIT_REGISTERS)} limits"


def _locked(trial: Trial) -> str:
    """Locked limits take equal and lower values; the lock stays."""
    if not trial.state() & LOCKED:
        if not (trial.owned or trial.permission.lock):
            raise NotRun("would lock the limits until the FPGA is configured again; --lock")
        trial.write(Register.LIMIT_LOCK, 1)
    for place, register in enumerate(LIMIT_REGISTERS):
        held = trial.limits()[place]
        if held < TOP_CODE:
            reply = trial.peer.call(Opcode.REG_WRITE, pack_words(register, held + 1))
            at_ceiling = reply.status == Status.OVER_CEILING  # which is judged first
            fits = at_ceiling or reply.status == Status.LIMITS_LOCKED
            fits = fits and unpack_words(reply.payload) == (held + 1, held, 1)
            require(fits, f"{register.name} = {held + 1} answered {shown(reply)}; LIMITS_LOCKED expected")
        trial.write(register, held)
    unlock = pack_words(Register.LIMIT_LOCK, 0)
    trial.refused(Opcode.REG_WRITE, unlock, Status.LIMITS_LOCKED, (0, 1, 1))
    require(bool(trial.state() & LOCKED), "STATE does not say LOCKED")
    return "no limit raised, no lock opened"


def _over_read(trial: Trial) -> str:
    """A read voltage above LIMIT_READ_V is refused, for the array and for the reference input."""
    (limit,) = trial.read(Register.LIMIT_READ_V)
    if limit == TOP_CODE:
        raise NotRun("the read limit is the largest code")
    if limit and not trial.identity.emulated:
        raise NotRun("a chip: a board that does not refuse would read above its limit")
    over = VectorRequest(Opcode.READ_CELLS, 0, Axis(0, 1), Axis(0, 1), limit + 1, 0)
    trial.refused(Opcode.READ_CELLS, over.encode(), Status.OVER_READ_LIMIT, (limit + 1, limit, 1))
    if trial.identity.reference_input:
        request = reference(1, read_code=limit + 1)
        trial.refused(Opcode.MAC, request, Status.OVER_READ_LIMIT, (limit + 1, limit, 1))
    return f"code {limit + 1} refused"


def _require_safe(trial: Trial, cause: str) -> None:
    """The board is latched and disarmed, refuses what drives, and CLEAR_SAFE releases it."""
    state = trial.state()
    told = f"STATE {state:#04x} after {cause}: latched, disarmed expected"
    require(state & (LATCHED | ARMED) == LATCHED, told)
    cell = VectorRequest(Opcode.READ_CELLS, 0, Axis(0, 1), Axis(0, 1), 0, 0)
    trial.refused(Opcode.READ_CELLS, cell.encode(), Status.SAFE_LATCHED, (0, 0, 0))
    if not trial.identity.read_only:
        trial.refused(Opcode.PULSE, pulse(), Status.SAFE_LATCHED, (0, 0, 0))
        trial.refused(Opcode.ARM, arm(trial), Status.SAFE_LATCHED, (0, 0, 0))
    trial.write(Register.CONTROL, 1 << Field.CONTROL_CLEAR_SAFE)
    require(not trial.state() & LATCHED, "CLEAR_SAFE did not release the latch")


def _arm(trial: Trial) -> None:
    """Arms for one pulse of 0 V, where there are pulses."""
    if not trial.identity.read_only:
        trial.ok(Opcode.ARM, arm(trial))
        require(bool(trial.state() & ARMED), "STATE does not say ARMED after ARM")


def _safe(trial: Trial) -> str:
    """SAFE withdraws the token and latches."""
    _arm(trial)
    answer = trial.peer.urgent(Opcode.SAFE)
    require(answer.status == Status.OK, f"SAFE answered {shown(answer)}")
    _require_safe(trial, "SAFE")
    return f"refused READ_CELLS{'' if trial.identity.read_only else ', PULSE and ARM'} until CLEAR_SAFE"


def _control_safe(trial: Trial) -> str:
    """So does the register bit."""
    _arm(trial)
    trial.write(Register.CONTROL, 1 << Field.CONTROL_SAFE)
    _require_safe(trial, "CONTROL.SAFE")
    return "the same"


def _new_epoch(trial: Trial) -> str:
    """HELLO with a new nonce withdraws the token and releases the latch; registers stay."""
    peer = trial.peer
    with _kept(trial, Register.WATCHDOG_CYCLES):
        (held,) = trial.read(Register.WATCHDOG_CYCLES)
        trial.write(Register.WATCHDOG_CYCLES, held - 1)
        _arm(trial)
        peer.open()
        require(not trial.state() & ARMED, "the token outlived its epoch")
        kept = trial.read(Register.WATCHDOG_CYCLES)[0]
        peer.urgent(Opcode.SAFE)
        peer.open()
        require(not trial.state() & LATCHED, "the latch outlived its epoch")
        require(kept == held - 1, f"WATCHDOG_CYCLES {kept} in the new epoch, {held - 1} written before")
    return "numbers from 0, disarmed, released"


@contextmanager
def _kept(trial: Trial, register: Register) -> Iterator[None]:
    """Puts a register back, in a new epoch where the old one does not answer."""
    (held,) = trial.read(register)
    try:
        yield
    finally:
        try:
            trial.write(register, held)
        except Broken:
            trial.peer.open()
            trial.write(register, held)


def _watchdog(trial: Trial) -> str:
    """A host that falls silent while armed leaves a board that is disarmed and latched."""
    with _kept(trial, Register.WATCHDOG_CYCLES):
        trial.write(Register.WATCHDOG_CYCLES, round(WATCHDOG_S * trial.identity.clk_hz))
        (trips,) = trial.read(Register.WATCHDOG_TRIPS)
        trial.ok(Opcode.ARM, arm(trial))
        # A served simulation counts its own, slower time: it gets longer silences.
        for silence_s in (3 * WATCHDOG_S, *(SERVED_SILENCES_S if trial.identity.simulated else ())):
            trial.peer.stay_silent(silence_s)
            state = trial.state()
            if state & TRIPPED:
                break
        require(
            state & (LATCHED | TRIPPED | ARMED) == LATCHED | TRIPPED,
            f"STATE {state:#04x} after {silence_s:g} s of silence while armed: tripped expected",
        )
        counted = trial.read(Register.WATCHDOG_TRIPS)[0] - trips
        require(counted == 1, f"{counted} trips counted")
    slow = ", a simulation's time being slower" if silence_s > 3 * WATCHDOG_S else ""
    return f"tripped within {1e3 * silence_s:g} ms{slow}, limit {1e3 * WATCHDOG_S:g} ms"


def _idle(trial: Trial) -> str:
    """With neither token nor operation the watchdog does not count."""
    with _kept(trial, Register.WATCHDOG_CYCLES):
        trial.write(Register.WATCHDOG_CYCLES, round(WATCHDOG_S * trial.identity.clk_hz))
        trial.peer.stay_silent(3 * WATCHDOG_S)
        state = trial.state()
        require(not state & (LATCHED | TRIPPED), f"STATE {state:#04x} after silence while disarmed")
    return f"{3e3 * WATCHDOG_S:g} ms of silence"


def readings_that_fit(trial: Trial, most: int) -> int:
    """Returns how many readings of one column a reply holds: a word each and the bitmap."""
    return min(most, 32 * (trial.identity.max_payload // 4 - 2) // 33)


def _require_reference(trial: Trial) -> None:
    if not trial.identity.reference_input:
        raise NotRun("the board has no reference input, and nothing else runs without driving the array")


def _timeout(trial: Trial) -> str:
    """An operation is ended at OPERATION_CYCLES and says how far it was; the latch stays open."""
    _require_reference(trial)
    with _kept(trial, Register.OPERATION_CYCLES):
        trial.write(Register.OPERATION_CYCLES, SHORT_OPERATION)
        count = readings_that_fit(trial, 64)
        reply = trial.peer.call(Opcode.MAC, reference(count))
        words = unpack_words(reply.payload)
        fits = reply.status == Status.OPERATION_TIMEOUT and len(words) == 3 and (words[0], words[2]) == (1, 0)
        told = f"a reading past {SHORT_OPERATION} cycles answered {shown(reply)}"
        require(fits, f"{told}; OPERATION_TIMEOUT expected")
        require(not trial.state() & LATCHED, "a timeout latched the board")
    return f"ended after {words[1]} of {count} readings"


def _aborted(trial: Trial) -> str:
    """SAFE stops what runs: ABORTED tells what was done of it."""
    _require_reference(trial)
    peer, count = trial.peer, readings_that_fit(trial, 256)
    for _ in range(ABORT_TRIES):
        number = peer.post(Opcode.MAC, reference(count, averages_log2=7))
        peer.urgent(Opcode.SAFE)
        reply = peer.reply_to(number)
        if reply.status != Status.OK:
            break
        peer.open()
    else:
        raise NotRun("each reading had ended before SAFE came")
    words = unpack_words(reply.payload)
    told = reply.status == Status.ABORTED and len(words) == 3 and words[1] < count and words[2] == 0
    require(told, f"answered {shown(reply)}; ABORTED [started, fewer than {count}, 0] expected")
    require(words[0] == (1 if words[1] else words[0]), f"{words[1]} readings done, not started")
    require(bool(trial.state() & LATCHED), "not latched")
    return f"stopped after {words[1]} of {count} readings"


def _disarm(trial: Trial) -> str:
    """After DISARM a pulse is not armed; ARM with other limits than the board's arms nothing."""
    limits = trial.limits()
    trial.ok(Opcode.ARM, arm(trial))
    trial.ok(Opcode.DISARM)
    require(not trial.state() & ARMED, "STATE says ARMED after DISARM")
    trial.refused(Opcode.PULSE, pulse(), Status.NOT_ARMED, (0, 0, 0))
    held = limits_hash(limits)
    wrong = arm(trial, hash_error=1)
    trial.refused(Opcode.ARM, wrong, Status.LIMITS_MISMATCH, (held ^ 1, held, 0))
    trial.refused(Opcode.PULSE, pulse(kind=Pulse.FORM), Status.NOT_ARMED, (0, 0, 0))
    return "NOT_ARMED, LIMITS_MISMATCH"

# SPDX-License-Identifier: BSD-3-Clause
"""Rules of pulses: what is refused, and what is given exactly once.

Whatever is asked is one DAC code for one clk cycle with the gate closed; pulses that are given need leave.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ohmloop._map import Opcode, Pulse, Register, Status, Telemetry
from ohmloop.conformance.requests import ONE, TOP_CODE, arm, pulse
from ohmloop.conformance.rules import ORDER, RECEIVER, REQUESTS, SAFE_STATE, Rule, Trial, require, shown
from ohmloop.conformance.safety import ARMED, LOCKED
from ohmloop.conformance.verdicts import NotRun
from ohmloop.link.messages import Axis, unpack_words
from ohmloop.profile import LIMIT_REGISTERS

SMALLEST: Final = 1
BUDGET: Final = 64
EXPIRY_S: Final = 0.001
SERVED_EXPIRY_S: Final = 1.0
_RESET_V: Final = LIMIT_REGISTERS.index(Register.LIMIT_RESET_V)
_GATE_V: Final = LIMIT_REGISTERS.index(Register.LIMIT_GATE_V)
_WIDTH: Final = LIMIT_REGISTERS.index(Register.LIMIT_WIDTH)


def rules() -> list[Rule]:
    """Returns these rules."""
    return [
        Rule("a pulse that the token does not name: refused", ORDER, _kind, drives=True),
        Rule("a pulse outside the token's window: refused", ORDER, _window, drives=True),
        Rule("a pulse above its limits: refused", ORDER, _over_limits, drives=True),
        Rule("a pulse above the token's voltage: refused", ORDER, _over_token, drives=True),
        Rule("a token whose time is over: refused", ORDER, _expired, drives=True),
        Rule("pulses beyond the token's count: refused", ORDER, _budget, drives=True),
        Rule("a repeated PULSE: given once", RECEIVER, _once, drives=True),
        Rule("PULSE counts cells x pulses", REQUESTS, _counted, drives=True),
        Rule("SAFE in a train of pulses: ABORTED tells those given", SAFE_STATE, _aborted, drives=True),
    ]


def _given(trial: Trial) -> int:
    return trial.read(Register.PULSES_SINCE_BOOT)[0]


@contextmanager
def nothing_given(trial: Trial) -> Iterator[None]:
    """Raises Broken when a refused request gave pulses."""
    before = _given(trial)
    yield
    count = _given(trial) - before
    require(count == 0, f"{count} cell pulses were given by refused requests")


def _kind(trial: Trial) -> str:
    """FORM and SET are refused under a token for RESET."""
    with nothing_given(trial):
        trial.ok(Opcode.ARM, arm(trial))
        for kind in (Pulse.FORM, Pulse.SET):
            words = (kind, 1 << Pulse.RESET, 0)
            trial.refused(Opcode.PULSE, pulse(kind=kind), Status.OPERATION_NOT_ARMED, words)
    return "FORM and SET under a token for RESET"


def _window(trial: Trial) -> str:
    """A row or a column outside is refused; the first row at fault is named."""
    macro = trial.identity.macros[0]
    with nothing_given(trial):
        trial.ok(Opcode.ARM, arm(trial))
        if macro.rows > 1:
            request = pulse(rows=Axis(0, 2))
            trial.refused(Opcode.PULSE, request, Status.OUTSIDE_TOKEN, (1, 0, 6))
        if macro.columns > 1:
            request = pulse(columns=Axis(1, 1))
            trial.refused(Opcode.PULSE, request, Status.OUTSIDE_TOKEN, (0, 0, 6))
    return "a row and a column beside it"


def _over_limits(trial: Trial) -> str:
    """Voltage, gate and width above their limits are refused, in that order."""
    limits, tried = trial.limits(), []
    reset_v, gate_v, width = limits[_RESET_V], limits[_GATE_V], limits[_WIDTH]
    with nothing_given(trial):
        trial.ok(Opcode.ARM, arm(trial, max_voltage_code=0))
        if reset_v < TOP_CODE and (trial.identity.emulated or reset_v == 0):
            asked = pulse(voltage=reset_v + 1, gate=gate_v, width=max(1, width))
            words = (reset_v + 1, reset_v, 1)
            trial.refused(Opcode.PULSE, asked, Status.OVER_VOLTAGE_LIMIT, words)
            tried.append("voltage")
        if gate_v < TOP_CODE and (trial.identity.emulated or gate_v == 0):
            asked = pulse(voltage=0, gate=gate_v + 1)
            trial.refused(Opcode.PULSE, asked, Status.OVER_GATE_LIMIT, (gate_v + 1, gate_v, 1))
            tried.append("gate")
        asked = pulse(voltage=0, width=width + 1)
        trial.refused(Opcode.PULSE, asked, Status.OVER_WIDTH_LIMIT, (width + 1, width, 2))
    return ", ".join([*tried, "width"])


def _over_token(trial: Trial) -> str:
    """A pulse within the limits and above the token's own voltage is refused."""
    with permitted(trial), nothing_given(trial):
        trial.ok(Opcode.ARM, arm(trial, max_voltage_code=0))
        trial.refused(Opcode.PULSE, pulse(), Status.OVER_TOKEN_VOLTAGE, (1, 0, 1))
    return "1 code above a token for 0"


def _expired(trial: Trial) -> str:
    """A token ends by itself."""
    with nothing_given(trial):
        trial.ok(Opcode.ARM, arm(trial, expiry_units=1))
        trial.peer.stay_silent(EXPIRY_S)
        if trial.identity.simulated and trial.state() & ARMED:
            trial.peer.stay_silent(SERVED_EXPIRY_S)  # a served simulation counts its own, slower time
        trial.refused(Opcode.PULSE, pulse(), Status.TOKEN_EXPIRED, (0, 0, 0))
    return "1024 cycles"


@contextmanager
def permitted(trial: Trial) -> Iterator[tuple[Axis, Axis]]:
    """Gives the cells that may be pulsed, with limits that allow the smallest pulse; puts limits back.

    Raises:
        NotRun: no leave, or limits that are locked at nothing.
    """
    allowed = trial.permission
    if allowed.rows is None and trial.may_harm:
        raise NotRun("a chip: no pulse without --pulses ROWS,COLUMNS")
    before = trial.limits()
    asked = list(before)
    asked[_RESET_V], asked[_WIDTH] = max(SMALLEST, before[_RESET_V]), max(SMALLEST, before[_WIDTH])
    if tuple(asked) != before:
        if trial.state() & LOCKED:
            raise NotRun("the limits are locked below the smallest pulse")
        trial.write(LIMIT_REGISTERS[0], *asked)
    try:
        yield allowed.rows or ONE, allowed.columns or ONE
    finally:
        trial.peer.open()  # withdraws the token, whatever happened
        trial.write(LIMIT_REGISTERS[0], *before)


def _arm(trial: Trial, cells: tuple[Axis, Axis], max_pulses: int) -> None:
    rows, columns = cells
    trial.ok(
        Opcode.ARM,
        arm(
            trial, max_pulses=max_pulses, max_voltage_code=SMALLEST, rows=rows, columns=columns,
            expiry_units=0x7FFF_FFFF,
        ),
    )  # fmt: skip


def _budget(trial: Trial) -> str:
    """The token counts cell pulses; the one too many is refused, and names what is left."""
    with permitted(trial) as cells, nothing_given(trial):
        count = cells[0].count * cells[1].count
        _arm(trial, cells, count - 1)
        asked = pulse(rows=cells[0], columns=cells[1])
        trial.refused(Opcode.PULSE, asked, Status.PULSE_BUDGET, (count, count - 1, 5))
    return f"{count} pulses of {count - 1}"


def _once(trial: Trial) -> str:
    """A PULSE whose number comes again is answered again and not given again."""
    peer = trial.peer
    with permitted(trial) as cells:
        count = cells[0].count * cells[1].count
        _arm(trial, cells, 8 * count)
        before, request = _given(trial), pulse(rows=cells[0], columns=cells[1])
        number = peer.post(Opcode.PULSE, request)
        first = peer.reply_to(number)
        require(first.status == Status.OK, f"PULSE answered {shown(first)}")
        for _ in range(3):
            peer.sequence = number
            again = peer.reply_to(peer.post(Opcode.PULSE, request))
            require(again.payload == first.payload, f"{again.payload.hex()}, then {first.payload.hex()}")
        given = _given(trial) - before
        require(given == count, f"{given} cell pulses given, {count} expected")
    return f"four frames, {count} cell pulses"


def _counted(trial: Trial) -> str:
    """The reply, PULSES_SINCE_BOOT, TELEMETRY and the token agree on what was given."""
    with permitted(trial) as cells:
        each = 2 * cells[0].count * cells[1].count
        _arm(trial, cells, each + BUDGET)
        counted = trial.telemetry().counters[Telemetry.RESET_PULSES]
        before = _given(trial)
        words = unpack_words(trial.ok(Opcode.PULSE, pulse(rows=cells[0], columns=cells[1], pulses=2)))
        seen = (
            words[1:],
            _given(trial) - before,
            trial.telemetry().counters[Telemetry.RESET_PULSES] - counted,
        )
        wanted = ((cells[0].count, each), each, each)
        require(seen == wanted, f"reply, register and telemetry say {seen}, {wanted} expected")
        left = pulse(rows=cells[0], columns=cells[1], pulses=TOP_CODE)
        asked = TOP_CODE * each // 2
        trial.refused(Opcode.PULSE, left, Status.PULSE_BUDGET, (asked, BUDGET, 5))
    return f"{each} cell pulses"


def _aborted(trial: Trial) -> str:
    """A train that SAFE stops tells the pulses that were given, and no more are."""
    peer = trial.peer
    with permitted(trial) as (rows, columns):
        cells = rows.count * columns.count
        train = min(TOP_CODE, 1 << 14)
        _arm(trial, (rows, columns), cells * train)
        before = _given(trial)
        number = peer.post(Opcode.PULSE, pulse(rows=rows, columns=columns, pulses=train))
        peer.urgent(Opcode.SAFE)
        reply = peer.reply_to(number)
        if reply.status == Status.OK:
            raise NotRun("the train had ended before SAFE came")
        words = unpack_words(reply.payload)
        require(reply.status == Status.ABORTED and len(words) == 3, f"answered {shown(reply)}, not ABORTED")
        given = _given(trial) - before
        require(words[2] == given < cells * train, f"ABORTED tells {words[2]} pulses, {given} were given")
        require(words[0] == int(given > 0), f"started is {words[0]} with {given} pulses given")
    return f"stopped after {given} of {cells * train} cell pulses"

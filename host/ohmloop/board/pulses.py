# SPDX-License-Identifier: BSD-3-Clause
"""FORM and RESET: checked against the limits and the permission, split at whole rows, counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from ohmloop._map import Pulse, Register
from ohmloop.board.arming import Permission
from ohmloop.board.core import LOAD_CELLS, Core
from ohmloop.board.limits import whole
from ohmloop.board.recording import counter_of, described, journaled_pulses
from ohmloop.board.results import PulseResult
from ohmloop.board.stream import COMMAND_S
from ohmloop.board.tally import Tally
from ohmloop.board.window import Window
from ohmloop.errors import LimitError, NotArmed
from ohmloop.link.messages import Axis, PulseRequest, unpack_words

MAX_PULSES: Final = 0xFFFF
POLARITY: Final = {Pulse.FORM: 1, Pulse.SET: 1, Pulse.RESET: 0}
"""FORM and SET drive the SLs, BLs at ground, RESET the BL, its SL at ground, as the published boards do."""
IDLE: Final = {Pulse.FORM: 0, Pulse.SET: 0, Pulse.RESET: 1}
"""Unselected lines: grounded while forming and setting, floating during RESET."""
Result = TypeVar("Result", bound=PulseResult)


@dataclass(frozen=True, slots=True)
class PulseShape:
    """A pulse as the user asks for it."""

    voltage_v: float
    gate_v: float
    width_s: float
    pulses: int
    operation_index: int | None


def run_pulses(core: Core, window: Window, kind: Pulse, shape: PulseShape, result: type[Result]) -> Result:
    """Pulses every cell of a window.

    Raises:
        ReadOnlyBoard, LimitError, ShapeError, NotArmed, ContactNotPassed: nothing was driven.
        Aborted: stopped in the middle.
    """
    what = kind.name.lower()
    core.require_more_than_reading(what, LOAD_CELLS)
    request = _checked(core, window, kind, shape)
    permitted = core.permission
    if permitted is None:
        raise NotArmed(
            f"{what}: the board is not armed; use `with board.armed(window, ops={{{what!r}}}, ...)`",
            value=what,
            limit="not armed",
            where=what,
        )
    permitted.check(kind, window, request.voltage_code, request.pulses)
    if kind == Pulse.FORM:
        core.contacts.require(window)
    index = core.take_indices(request.pulses, shape.operation_index)
    step = _rows_per_request(core, request)
    cycles, rows_done, given = _driven(core, permitted, replace(request, operation_index=index), step)
    return result(
        rows_done=rows_done,
        pulses_given=given,
        voltage_v=core.profile.dac_codes_to_volts(request.voltage_code),
        gate_v=core.profile.dac_codes_to_volts(request.gate_code),
        width_s=core.profile.cycles_to_seconds(request.width_cycles),
        pulses=request.pulses,
        conditions=core.conditions(index, cycles),
    )


def _checked(core: Core, window: Window, kind: Pulse, shape: PulseShape) -> PulseRequest:
    what, limits = kind.name.lower(), core.limits
    return PulseRequest(
        kind=kind,
        macro=window.macro.index,
        voltage_code=limits.pulse_voltage_code(kind, shape.voltage_v, f"{what}: voltage_v"),
        gate_code=limits.voltage_code(shape.gate_v, Register.LIMIT_GATE_V, f"{what}: gate_v"),
        width_cycles=limits.width_cycles(shape.width_s, f"{what}: width_s"),
        operation_index=0,
        pulses=whole(shape.pulses, f"{what}: pulses", lowest=1, highest=MAX_PULSES),
        rows=window.row_lineup.axis,
        columns=window.column_lineup.axis,
        polarity=POLARITY[kind],
        idle=IDLE[kind],
    )


def _rows_per_request(core: Core, request: PulseRequest) -> int:
    """Returns how many rows make a command of about 0.3 s; a row's train of pulses is never cut."""
    row_s = core.profile.cycles_to_seconds(request.pulses * request.width_cycles)
    longest_s = core.profile.board.operation.value
    if row_s > longest_s:
        raise LimitError(
            f"{request.kind.name.lower()}: {request.pulses} pulses of one row, {row_s:.4g} s, asked, "
            f"limit {longest_s:.4g} s",
            value=row_s,
            limit=longest_s,
            unit="s",
            where="pulses",
        )
    return max(1, int(COMMAND_S / row_s))


def _driven(core: Core, permitted: Permission, request: PulseRequest, step: int) -> tuple[int, int, int]:
    """Pulses, every part recorded before it is sent and after it is answered.

    Returns:
        Cycles, rows done, cell pulses given.
    """
    what, lines, records = request.kind.name.lower(), request.rows.lines, core.records
    parts = [
        replace(request, rows=Axis.from_lines(lines[at : at + step])) for at in range(0, lines.size, step)
    ]
    counter = counter_of(core.read_registers)
    records.settle(counter)
    with records.open_job(what, steps=len(parts), **described(request)) as journal:
        cycles = rows_done = given = 0
        tally = Tally(what, lines.size, "rows")
        permitted.pulses_left -= request.cell_pulses
        try:
            for number, reply in enumerate(core.stream(journaled_pulses(journal, parts), what, tally)):
                took, rows, pulses = unpack_words(reply.payload)
                cycles, rows_done, given = cycles + took, rows_done + rows, given + pulses
                tally.add(rows, pulses)
                journal.acknowledge(number, request.pulses)
        except Exception:
            journal.settle(counter)
            raise
        permitted.pulses_left += request.cell_pulses - given
    return cycles, rows_done, given

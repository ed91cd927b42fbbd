# SPDX-License-Identifier: BSD-3-Clause
"""Current against voltage on every cell of a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop._map import Opcode, Pulse, Register
from ohmloop.board.arming import OPERATIONS
from ohmloop.board.core import Core, Request
from ohmloop.board.limits import VOLTAGE_LIMIT, whole
from ohmloop.board.recording import counter_of
from ohmloop.board.stream import COMMAND_S, result_width
from ohmloop.errors import LimitError, NotArmed, ShapeError
from ohmloop.link.messages import Axis, Point, SweepRequest, VectorReply, largest_reply_words
from ohmloop.programming.results import SweepResult

if TYPE_CHECKING:
    from ohmloop.board.window import Window

_HIGHEST_POINTS: Final = 0x3FF


def sweep(
    core: Core,
    window: Window,
    voltages_v: ArrayLike,
    *,
    gate_v: ArrayLike,
    dwell_s: float,
    kind: str,
    range_index: int | None,
    operation_index: int | None,
) -> SweepResult:
    """Sweeps a window; see `Macro.sweep`."""
    core.require_more_than_reading("sweep", "read_adc_codes takes read_v")
    points = _points(core, voltages_v, gate_v, dwell_s, kind)
    limit = core.limits.codes[Register.LIMIT_READ_V]
    pulsed = np.array([point.voltage_code > limit for point in points])
    _require_permission(core, window, points, pulsed)
    volts = np.array([core.profile.dac_codes_to_volts(point.voltage_code) for point in points])
    chosen = _range(core, window, range_index, float(volts.max()))
    rows, columns = window.shape
    template = SweepRequest(
        macro=window.macro.index,
        rows=window.row_lineup.axis,
        columns=window.column_lineup.axis,
        points=points,
        operation_index=core.take_indices(rows * len(points), operation_index),
        range=chosen,
        width_bits=result_width(core.profile.adc_bound, core.packet),
    )
    values, saturated, cycles = _run(core, template, pulsed)
    shape = (rows, len(points), columns)
    amperes = core.profile.siemens_per_adc_code(chosen) * core.profile.read_v
    return SweepResult(
        current_amperes=_in_users_order(window, values.reshape(shape)) * amperes,
        saturated=_in_users_order(window, saturated.reshape(shape)),
        voltage_v=volts,
        gate_v=np.array([core.profile.dac_codes_to_volts(point.gate_code) for point in points]),
        pulsed=pulsed,
        range=chosen,
        conditions=core.conditions(template.operation_index, cycles),
    )


def _points(
    core: Core, voltages_v: ArrayLike, gate_v: ArrayLike, dwell_s: float, kind: str
) -> tuple[Point, ...]:
    if kind not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise LimitError(f"kind: {kind!r} is none of {known}", value=kind, limit=known, where="kind")
    require_unmasked(voltages_v, "voltages_v")
    require_unmasked(gate_v, "gate_v")
    try:
        volts, gates = np.broadcast_arrays(np.asarray(voltages_v, np.float64), np.asarray(gate_v, np.float64))
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"voltages_v, gate_v: {error}; numbers, a gate a point or one for all, expected",
            where="voltages_v",
        ) from error
    if volts.ndim != 1 or not 1 <= volts.size <= _HIGHEST_POINTS:
        raise ShapeError(
            f"voltages_v: shape {volts.shape}, 1 .. {_HIGHEST_POINTS} points expected",
            value=volts.shape,
            limit=_HIGHEST_POINTS,
            where="voltages_v",
        )
    dwell = core.limits.width_cycles(dwell_s, "dwell_s")
    pulse = OPERATIONS[kind]
    highest = max((VOLTAGE_LIMIT[pulse], Register.LIMIT_READ_V), key=lambda one: core.limits.codes[one])
    return tuple(
        Point(
            core.limits.voltage_code(float(v), highest, f"voltages_v[{at}]"),
            core.limits.voltage_code(float(gate), Register.LIMIT_GATE_V, f"gate_v[{at}]"),
            dwell,
            pulse,
        )
        for at, (v, gate) in enumerate(zip(volts, gates, strict=True))
    )


def _require_permission(
    core: Core, window: Window, points: tuple[Point, ...], pulsed: NDArray[np.bool_]
) -> None:
    """Raises NotArmed or LimitError where points that are pulses are not permitted."""
    if not pulsed.any():
        return
    kind = Pulse(points[0].kind)
    if core.identity.analog_front_end:
        highest = max(point.voltage_code for point in points)
        raise LimitError(
            f"sweep: {int(pulsed.sum())} points are above the read limit of {core.limits.read_v:.4g} V, and "
            "behind an analog front end a reading lasts longer than a pulse may; pulse (set, reset, form), "
            "then read",
            value=core.profile.dac_codes_to_volts(highest),
            limit=core.limits.read_v,
            unit="V",
            where="sweep",
        )
    if core.permission is None:
        raise NotArmed(
            f"sweep: {int(pulsed.sum())} points are above the read limit of {core.limits.read_v:.4g} V; use "
            f"`with board.armed(window, ops={{{kind.name.lower()!r}}}, ...)`",
            value="sweep",
            limit="not armed",
            where="sweep",
        )
    highest = max(point.voltage_code for point in points)
    core.permission.check(kind, window, highest, int(pulsed.sum()))
    if kind is Pulse.FORM:
        core.contacts.require(window)


def _range(core: Core, window: Window, chosen: int | None, highest_v: float) -> int:
    """Returns the chosen range, else the finest that the largest cell cannot saturate at any point."""
    if chosen is not None:
        return whole(chosen, "range", highest=window.macro.ranges - 1)
    programming = core.profile.chip.programming
    beta = programming.sweep.beta.value if programming is not None and programming.sweep is not None else 0.0
    drive = highest_v / core.profile.read_v * (1 + beta * highest_v**2)
    return core.profile.range_for(1, max(drive, 1.0))


def _run(
    core: Core, template: SweepRequest, pulsed: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.bool_], int]:
    """Streams a sweep, split at whole rows; returns results in wire order, and cycles."""
    lines, points, pulses = template.rows.lines, len(template.points), int(pulsed.sum())
    step = _rows_per_request(core, template)
    parts = [
        replace(
            template,
            rows=Axis.from_lines(lines[at : at + step]),
            operation_index=template.operation_index + at * points,
        )
        for at in range(0, lines.size, step)
    ]
    counter = counter_of(core.read_registers)
    with core.records.open_job(
        "sweep",
        macro=template.macro,
        rows=lines,
        columns=template.columns.lines,
        steps=len(parts),
        most_pulses=pulses,
        plan={"points": points},
    ) as journal:

        def requests() -> Iterator[Request]:
            for number, part in enumerate(parts):
                begun: dict[str, Any] = {"rows": part.rows.lines, "columns": part.columns.lines}
                journal.begin(number, most_pulses=pulses, row_by_row=pulses > 0, **begun)
                yield int(Opcode.SWEEP), part.encode(), largest_reply_words(part)

        replies, cycles = [], 0
        try:
            for number, reply in enumerate(core.stream(requests(), "sweep")):
                part = parts[number]
                got = VectorReply.decode(reply.payload, part.result_shape, part.width_bits)
                replies.append(got)
                cycles += got.cycles
                if core.permission is not None:
                    core.permission.pulses_left -= part.rows.count * part.columns.count * pulses
                journal.acknowledge(number, pulses)
        except Exception:
            journal.settle(counter)
            raise
    values = np.concatenate([one.values for one in replies])
    return values, np.concatenate([one.saturated for one in replies]), cycles


def _rows_per_request(core: Core, template: SweepRequest) -> int:
    """Returns how many rows fit a frame and about 0.3 s."""
    one = replace(template, rows=Axis.from_lines(template.rows.lines[:1]))
    most = core.identity.max_payload // 4
    if one.largest_reply_words > most or len(one.encode()) > 4 * most:
        raise LimitError(
            f"sweep: {len(template.points)} points of {template.columns.count} columns pass a frame; "
            "sweep fewer at a time",
            value=one.largest_reply_words,
            limit=most,
            unit="words",
            where="voltages_v",
        )
    seconds = core.profile.cycles_to_seconds(sum(point.dwell_cycles for point in template.points))
    return max(1, min(most // one.largest_reply_words, int(COMMAND_S / seconds)))


def _in_users_order(window: Window, array: NDArray[Any]) -> NDArray[Any]:
    """Returns `[rows, points, columns]` as `[points, rows, columns]`, lines as the user named them."""
    array = np.moveaxis(array, 1, 0)
    for axis, lineup in ((1, window.row_lineup), (2, window.column_lineup)):
        if lineup.back is not None:
            array = np.take(array, lineup.back, axis=axis)
    return array

# SPDX-License-Identifier: BSD-3-Clause
"""Permission to pulse: what `board.armed()` asked for, checked on the host before anything is sent."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import MAX_LINES, Pulse, Register
from ohmloop.board.limits import VOLTAGE_LIMIT, Limits, finite, whole
from ohmloop.board.window import Window
from ohmloop.errors import LimitError, NotArmed, ShapeError
from ohmloop.link.messages import EXPIRY_CYCLES, ArmRequest, limits_hash

MAX_WORD: Final = 2**32 - 1
OPERATIONS: Final = {"form": Pulse.FORM, "set": Pulse.SET, "reset": Pulse.RESET}


@dataclass(slots=True)
class Permission:
    """What may be pulsed until `board.armed()` ends.

    Attributes:
        window: cells that may be pulsed.
        kinds: kinds of pulse.
        max_voltage_v: highest pulse voltage, volts.
        pulses_left: cell pulses left, as the host counts them.
    """

    window: Window
    kinds: frozenset[Pulse]
    max_voltage_v: float
    max_voltage_code: int
    pulses_left: int
    expiry_units: int
    _rows: NDArray[np.bool_] = field(init=False, repr=False)
    _columns: NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rows = np.zeros(MAX_LINES, np.bool_)
        self._rows[self.window.rows] = True
        self._columns = np.zeros(MAX_LINES, np.bool_)
        self._columns[self.window.columns] = True

    def request(self, limits: Limits) -> ArmRequest:
        """Returns the ARM request."""
        return ArmRequest(
            limits_hash=limits_hash(limits.words),
            kinds=self.kinds,
            macro=self.window.macro.index,
            max_pulses=self.pulses_left,
            max_voltage_code=self.max_voltage_code,
            expiry_units=self.expiry_units,
            rows=self.window.row_lineup.axis,
            columns=self.window.column_lineup.axis,
        )

    def check(self, kind: Pulse, window: Window, voltage_code: int, pulses: int) -> None:
        """Raises NotArmed when a pulse operation is not permitted; the board checks again."""
        what = kind.name.lower()
        if kind not in self.kinds:
            armed = ", ".join(sorted(one.name.lower() for one in self.kinds))
            raise NotArmed(f"{what}: armed for {armed} only", value=what, limit=armed, where="ops")
        outside_rows = ~self._rows[window.rows]
        outside_columns = ~self._columns[window.columns]
        if window.macro is not self.window.macro or outside_rows.any() or outside_columns.any():
            raise NotArmed(
                f"{what}: {window} is not inside the armed {self.window}",
                value=repr(window),
                limit=repr(self.window),
                where="window",
            )
        if voltage_code > self.max_voltage_code:
            asked_v = window.macro.profile.dac_codes_to_volts(voltage_code)
            raise LimitError(
                f"{what}: voltage_v: {asked_v:.4g} V asked, armed up to {self.max_voltage_v:.4g} V",
                value=asked_v,
                limit=self.max_voltage_v,
                unit="V",
                where="voltage_v",
            )
        if window.size * pulses > self.pulses_left:
            raise NotArmed(
                f"{what}: {window.size * pulses} cell pulses asked, {self.pulses_left} left permitted",
                value=window.size * pulses,
                limit=self.pulses_left,
                unit="cell pulses",
                where="max_pulses",
            )


def _kinds(ops: str | Iterable[str]) -> frozenset[Pulse]:
    known = ", ".join(OPERATIONS)
    if not isinstance(ops, Iterable):
        raise ShapeError(f"ops: {ops!r}, some of {known} expected", value=ops, limit=known, where="ops")
    names = [ops] if isinstance(ops, str) else list(ops)
    unknown = [name for name in names if not isinstance(name, str) or name not in OPERATIONS]
    if unknown or not names:
        raise LimitError(
            f"ops: {unknown[0]!r} is none of {known}" if unknown else f"ops: empty, some of {known} expected",
            value=unknown[0] if unknown else None,
            limit=known,
            where="ops",
        )
    return frozenset(OPERATIONS[name] for name in names)


def permission(
    window: Window,
    limits: Limits,
    *,
    ops: str | Iterable[str],
    max_pulses: int,
    max_voltage_v: float,
    expires_s: float,
) -> Permission:
    """Returns the checked permission; raises LimitError or ShapeError."""
    if not isinstance(window, Window):
        raise ShapeError(f"window: {window!r} is no window of a macro", value=window, where="window")
    kinds = _kinds(ops)
    register: Register = max((VOLTAGE_LIMIT[kind] for kind in kinds), key=lambda one: limits.codes[one])
    code = limits.voltage_code(max_voltage_v, register, "max_voltage_v")
    budget = whole(max_pulses, "max_pulses", lowest=1, highest=MAX_WORD)
    longest_s = limits.profile.cycles_to_seconds(MAX_WORD * EXPIRY_CYCLES)
    seconds = finite(expires_s, "s", "expires_s")
    if not 0 < seconds <= longest_s:
        raise LimitError(
            f"expires_s: {seconds:g} s asked, above 0 s and at most {longest_s:g} s allowed",
            value=seconds,
            limit=longest_s,
            unit="s",
            where="expires_s",
        )
    units = math.ceil(seconds * limits.profile.clk_hz / EXPIRY_CYCLES)
    return Permission(window, kinds, float(max_voltage_v), code, budget, units)

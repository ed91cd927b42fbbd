# SPDX-License-Identifier: BSD-3-Clause
"""The limit guard: what pulses and reads the limits and the token permit."""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Pulse, Register, Status
from ohmloop.emulator.registers import Registers
from ohmloop.link.messages import EXPIRY_CYCLES, ArmRequest, Axis, PulseRequest, Refusal, limits_hash

_VOLTAGE_LIMITS: Final = {
    Pulse.FORM: Register.LIMIT_FORM_V,
    Pulse.SET: Register.LIMIT_SET_V,
    Pulse.RESET: Register.LIMIT_RESET_V,
}
_COUNT_MAX: Final = 0xFFFFFFFF


@dataclass(slots=True)
class Token:
    """What ARM permits.

    Attributes:
        rows, columns: permitted lines, ascending.
        kinds: permitted pulse kinds.
        left: cell pulses left.
        cap: largest voltage code.
        expires: cycle from which nothing is permitted.
    """

    macro: int
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    kinds: frozenset[Pulse]
    left: int
    cap: int
    expires: int


class Drive(NamedTuple):
    """What a pulse drives: macro, kind, DAC codes, clk cycles, and the payload words that hold these."""

    macro: int
    kind: Pulse
    voltage: int
    gate: int
    width: int
    places: tuple[int, int, int]


class Guard:
    """Holds the token and judges requests against it and the limits."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._token: Token | None = None

    def armed(self, now: int) -> bool:
        """Returns whether a token permits pulses at cycle `now`."""
        return self._token is not None and now < self._token.expires

    @property
    def expires(self) -> int:
        """Cycle at which the token's time is over; 0 without one."""
        return 0 if self._token is None else self._token.expires

    def arm(self, request: ArmRequest, now: int) -> None:
        """Replaces the token; raises Refusal (LIMITS_MISMATCH), then the old one stays."""
        held = limits_hash(self._registers.limits)
        if request.limits_hash != held:
            raise Refusal(Status.LIMITS_MISMATCH, request.limits_hash, held, 0)
        self._token = Token(
            macro=request.macro,
            rows=request.rows.lines,
            columns=request.columns.lines,
            kinds=request.kinds,
            left=request.max_pulses,
            cap=request.max_voltage_code,
            expires=now + request.expiry_units * EXPIRY_CYCLES,
        )

    def disarm(self) -> None:
        """Withdraws the token."""
        self._token = None

    def take(self, cell_pulses: int) -> None:
        """Takes pulses given off the token."""
        if self._token is not None:
            self._token.left -= cell_pulses

    def check_read(self, code: int) -> None:
        """Raises Refusal (OVER_READ_LIMIT) when a read voltage is above its limit."""
        limit = self._registers[Register.LIMIT_READ_V]
        if code > limit:
            raise Refusal(Status.OVER_READ_LIMIT, code, limit, 1)

    def check_pulse(self, request: PulseRequest, now: int) -> None:
        """Raises Refusal, in the order of docs/protocol.md, unless every row may be pulsed."""
        drive = Drive(
            request.macro,
            request.kind,
            request.voltage_code,
            request.gate_code,
            request.width_cycles,
            (1, 1, 2),
        )
        self.judge(drive, request.rows, request.columns, now, 6)
        self.check_budget(request.cell_pulses, 5)

    def judge(self, drive: Drive, rows: Axis, columns: Axis, now: int, place: int) -> None:
        """Raises Refusal unless every row of a window may be driven so; `place` is that of the window."""
        token = self._token
        if token is None:
            raise Refusal(Status.NOT_ARMED, 0, 0, 0)
        if now >= token.expires:
            raise Refusal(Status.TOKEN_EXPIRED, 0, 0, 0)
        if drive.kind not in token.kinds:
            kinds = sum(1 << kind for kind in token.kinds)
            raise Refusal(Status.OPERATION_NOT_ARMED, drive.kind, kinds, 0)
        self._check_window(rows, columns, token, place, drive.macro)
        limits, (at_voltage, at_gate, at_width) = self._registers, drive.places
        for status, value, limit, at in (
            (Status.OVER_VOLTAGE_LIMIT, drive.voltage, limits[_VOLTAGE_LIMITS[drive.kind]], at_voltage),
            (Status.OVER_TOKEN_VOLTAGE, drive.voltage, token.cap, at_voltage),
            (Status.OVER_GATE_LIMIT, drive.gate, limits[Register.LIMIT_GATE_V], at_gate),
            (Status.OVER_WIDTH_LIMIT, drive.width, limits[Register.LIMIT_WIDTH], at_width),
        ):
            if value > limit:
                raise Refusal(status, value, limit, at)

    def check_budget(self, cell_pulses: int, place: int) -> None:
        """Raises Refusal (PULSE_BUDGET) when the token has fewer pulses left."""
        asked = min(cell_pulses, _COUNT_MAX)
        if asked > self.left:
            raise Refusal(Status.PULSE_BUDGET, asked, self.left, place)

    @property
    def left(self) -> int:
        """Cell pulses that the token permits yet; 0 without one."""
        return 0 if self._token is None else self._token.left

    @staticmethod
    def _check_window(rows: Axis, columns: Axis, token: Token, place: int, macro: int) -> None:
        lines = rows.lines
        outside = ~np.isin(lines, token.rows)
        if macro != token.macro or not np.isin(columns.lines, token.columns).all():
            outside[:] = True
        if outside.any():
            raise Refusal(Status.OUTSIDE_TOKEN, int(lines[np.argmax(outside)]), 0, place)

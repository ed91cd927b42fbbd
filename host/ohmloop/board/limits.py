# SPDX-License-Identifier: BSD-3-Clause
"""The host's own check of what may be driven, independent of the board's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ohmloop._map import Pulse, Register
from ohmloop.errors import LimitError, ShapeError
from ohmloop.profile import LIMIT_REGISTERS, Profile
from ohmloop.profile.tables import DAC_CODES

VOLTAGE_LIMIT: Final = {
    Pulse.FORM: Register.LIMIT_FORM_V,
    Pulse.SET: Register.LIMIT_SET_V,
    Pulse.RESET: Register.LIMIT_RESET_V,
}


def finite(value: object, unit: str, where: str) -> float:
    """Returns a real, finite, non-negative number; raises LimitError (ShapeError for what is no number)."""
    no_number = ShapeError(
        f"{where}: {value!r} is no number", value=value, limit="number", unit=unit, where=where
    )
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise no_number
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise no_number from error
    if not (math.isfinite(number) and number >= 0):
        told, least = (f"{one:g} {unit}".strip() for one in (number, 0.0))
        raise LimitError(
            f"{where}: {told} asked, at least {least} and finite expected",
            value=number,
            limit=0.0,
            unit=unit,
            where=where,
        )
    return number


def flag(value: object, where: str) -> bool:
    """Returns a Boolean, Python's or NumPy's; raises ShapeError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise ShapeError(f"{where}: {value!r} is no bool", value=value, limit="bool", where=where)
    return bool(value)


def whole(value: object, where: str, *, lowest: int = 0, highest: int) -> int:
    """Returns an integer within bounds; raises LimitError, or ShapeError for what is no integer."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ShapeError(f"{where}: {value!r} is no integer", value=value, limit="integer", where=where)
    number = int(value.__index__())
    if not lowest <= number <= highest:
        raise LimitError(
            f"{where}: {number} asked, {lowest} .. {highest} allowed",
            value=number,
            limit=lowest if number < lowest else highest,
            where=where,
        )
    return number


@dataclass(frozen=True, slots=True)
class Limits:
    """What the open board permits, as it holds it: volts and seconds, and the codes behind them.

    The board may have been locked lower than the profile asks; the lower values count.
    """

    codes: dict[Register, int]
    profile: Profile = field(repr=False)

    @property
    def form_v(self) -> float:
        """Highest FORM voltage, volts."""
        return self._volts(Register.LIMIT_FORM_V)

    @property
    def set_v(self) -> float:
        """Highest SET voltage, volts."""
        return self._volts(Register.LIMIT_SET_V)

    @property
    def reset_v(self) -> float:
        """Highest RESET voltage, volts."""
        return self._volts(Register.LIMIT_RESET_V)

    @property
    def read_v(self) -> float:
        """Highest read voltage, volts."""
        return self._volts(Register.LIMIT_READ_V)

    @property
    def gate_v(self) -> float:
        """Highest gate voltage, volts."""
        return self._volts(Register.LIMIT_GATE_V)

    @property
    def width_s(self) -> float:
        """Longest pulse, seconds."""
        return self.profile.cycles_to_seconds(self.codes[Register.LIMIT_WIDTH])

    def _volts(self, register: Register) -> float:
        return self.profile.dac_codes_to_volts(self.codes[register])

    @property
    def words(self) -> tuple[int, ...]:
        """The six limit words, in the order of the limits hash."""
        return tuple(self.codes[register] for register in LIMIT_REGISTERS)

    def voltage_code(self, volts: object, register: Register, where: str) -> int:
        """Returns the DAC code of a voltage that `register` permits; raises LimitError.

        0 V is a voltage; what is not 0 V and would be driven as 0 V is refused.
        """
        asked_v = finite(volts, "V", where)
        limit_v = self._volts(register)
        full_scale_v = self.profile.chip.front_end.dac.full_scale.value
        code = self.profile.volts_to_dac_codes(asked_v) if asked_v <= full_scale_v else None
        if code is None or code > self.codes[register]:
            raise LimitError(
                f"{where}: {asked_v:.4g} V asked, limit {limit_v:.4g} V ({register.name})",
                value=asked_v,
                limit=limit_v,
                unit="V",
                where=where,
            )
        if code == 0 and asked_v > 0:
            raise LimitError(
                f"{where}: {asked_v:.4g} V asked, the converter's step is {full_scale_v / DAC_CODES:.4g} V",
                value=asked_v,
                limit=full_scale_v / DAC_CODES,
                unit="V",
                where=where,
            )
        return code

    def pulse_voltage_code(self, kind: Pulse, volts: object, where: str) -> int:
        """Returns the DAC code of a pulse voltage; raises LimitError."""
        return self.voltage_code(volts, VOLTAGE_LIMIT[kind], where)

    def width_cycles(self, width_s: object, where: str) -> int:
        """Returns a pulse width in clk cycles; raises LimitError below one cycle or above the limit."""
        asked_s = finite(width_s, "s", where)
        cycles = self.profile.seconds_to_cycles(asked_s)
        if not 1 <= cycles <= self.codes[Register.LIMIT_WIDTH]:
            limit_s = self.profile.cycles_to_seconds(1) if cycles < 1 else self.width_s
            raise LimitError(
                f"{where}: {asked_s:.4g} s asked, limit {limit_s:.4g} s",
                value=asked_s,
                limit=limit_s,
                unit="s",
                where=where,
            )
        return cycles

    def __str__(self) -> str:
        return (
            f"form {self.form_v:.3f} V, set {self.set_v:.3f} V, reset {self.reset_v:.3f} V, "
            f"read {self.read_v:.3f} V, gate {self.gate_v:.3f} V, width {self.width_s:.4g} s"
        )

# SPDX-License-Identifier: BSD-3-Clause
"""Siemens, volts and seconds to the codes of PROGRAM (docs/programming.md), checked first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop._map import Algorithm, Pulse, Register
from ohmloop.board.core import Core
from ohmloop.board.inputs import averages_log2
from ohmloop.board.limits import finite, whole
from ohmloop.errors import LimitError, ProfileError, ShapeError
from ohmloop.link.messages import MOST_READINGS, KindDrive
from ohmloop.profile import Profile
from ohmloop.profile.physics import Drive, SetStep, WriteVerify

if TYPE_CHECKING:
    from ohmloop.board.window import Window

Floats = NDArray[np.float64]
ALGORITHMS: Final = {
    "ispp": Algorithm.INCREMENTAL,
    "ping_pong": Algorithm.PING_PONG,
    "two_pulse": Algorithm.TWO_PULSE,
}
_CODE_TOP: Final = 0x7FFF
_HALF: Final = 0xFFFF
_Q16: Final = 1 << 16
_BUDGET_TOP: Final = 255
_SPARE_STEPS: Final = 6
"""Pulses without an answer beyond a whole ramp before a cell counts as stuck."""
_GATE_GAIN: Final = 0.5
"""Share of the error that TWO_PULSE corrects at once: two SETs of one gate differ by their own noise."""
_QUANTUM: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything of PROGRAM but its window, targets and index.

    Attributes:
        algorithm: its code.
        range: current range.
        siemens_per_code: of one conversion.
        noise: relative standard deviation of a conversion, and its additive part in codes.
        guard: k: accepted is |mean - target| + k u(mean) <= tolerance.
    """

    algorithm: Algorithm
    range: int
    siemens_per_code: float
    noise: tuple[float, float]
    guard: float
    read_code: int
    averages_log2: int
    final_log2: int
    most_readings: int
    budget: int
    stall: int
    set: KindDrive
    reset: KindDrive
    gates: tuple[int, int, int, int]
    delay_cycles: int
    quantum: int = _QUANTUM

    def deviation(self, codes: Floats, conversions: int) -> Floats:
        """Returns the standard deviation of the mean of `conversions`, ADC codes."""
        relative, additive = self.noise
        return np.asarray(np.sqrt(((relative * codes) ** 2 + additive**2) / conversions))

    def guard_words(self, codes: NDArray[np.int16], log2: int) -> tuple[int, int]:
        """Returns A and B of k standard deviations of a reading of 2^log2 conversions.

        The deviation is convex in the target, so its chord over the targets asked bounds it from above.
        """
        conversions = 1 << log2
        low, high = (float(abs(int(one))) for one in (codes.min(), codes.max()))
        low, high = min(low, high), max(low, high)
        at_low, at_high = (
            self.guard * conversions * float(self.deviation(np.array(one), conversions))
            for one in (low, high)
        )
        slope = 0.0 if high == low else (at_high - at_low) / ((high - low) * conversions)
        words = (math.ceil(at_low - slope * low * conversions), math.ceil(slope * _Q16))
        if max(words) > _HALF:
            raise LimitError(
                f"guard: {self.guard:g} standard deviations of the profile's noise pass the board's words",
                value=max(words),
                limit=_HALF,
                where="guard",
            )
        return words


def write_verify(profile: Profile) -> tuple[WriteVerify, SetStep]:
    """Returns the profile's programming pulses and its SET; raises ProfileError where it has none."""
    programming = profile.chip.programming
    if programming is None or programming.write_verify is None:
        raise ProfileError(
            f"profile {profile.name} has no programming.write_verify: its cells are not programmable",
            value=profile.name,
            limit="programming.write_verify",
            where="profile",
        )
    return programming.write_verify, programming.set


def make_plan(
    core: Core,
    *,
    algorithm: str,
    budget: int,
    averages: int = 4,
    final_averages: int = 16,
    most_readings: int = 16,
    guard: float = 3.0,
    delay_s: float | None = None,
) -> Plan:
    """Returns the plan of write-verify by the profile's pulses; raises before anything is sent."""
    if algorithm not in ALGORITHMS:
        known = ", ".join(ALGORITHMS)
        raise LimitError(
            f"algorithm: {algorithm!r} is none of {known}", value=algorithm, limit=known, where="algorithm"
        )
    kind, (profile, one) = ALGORITHMS[algorithm], write_verify(core.profile)
    fine = kind is Algorithm.PING_PONG
    up = _drive(core, Pulse.SET, profile.fine_set if fine else profile.set)
    down = _drive(core, Pulse.RESET, profile.fine_reset if fine else profile.reset)
    stall = _stall(up, down) + _SPARE_STEPS
    gates = (0, 0, 0, 0)
    if kind is Algorithm.TWO_PULSE:
        up, down = up._replace(start=up.end, step=0), down._replace(start=down.end, step=0)
        gates, stall = _gates(core, one, profile.highest.value), 3 * _SPARE_STEPS
    return Plan(
        algorithm=kind,
        set=up,
        reset=down,
        gates=gates,
        stall=min(stall, _BUDGET_TOP),
        budget=whole(budget, "budget", lowest=1, highest=_BUDGET_TOP),
        **_reading(core, averages, final_averages, most_readings, guard, delay_s, profile.delay.value),
    )


def _reading(
    core: Core,
    averages: int,
    final_averages: int,
    most_readings: int,
    guard: float,
    delay_s: float | None,
    usual_delay_s: float,
) -> dict[str, Any]:
    chip, one = core.profile.chip, core.profile.range_for(1)
    delay = finite(usual_delay_s if delay_s is None else delay_s, "s", "delay_s")
    longest_s = core.profile.board.operation.value / 2
    if delay > longest_s:
        raise LimitError(
            f"delay_s: {delay:g} s asked, at most {longest_s:g} s",
            value=delay, limit=longest_s, unit="s", where="delay_s",
        )  # fmt: skip
    rounding = 1 / math.sqrt(12)
    return {
        "range": one,
        "siemens_per_code": core.profile.siemens_per_adc_code(one),
        "noise": (chip.cells.read_noise.value, math.hypot(chip.front_end.adc.noise.value, rounding)),
        "guard": finite(guard, "", "guard"),
        "read_code": core.limits.voltage_code(core.profile.read_v, Register.LIMIT_READ_V, "read_v"),
        "averages_log2": averages_log2(averages),
        "final_log2": averages_log2(final_averages),
        "most_readings": whole(most_readings, "most_readings", lowest=1, highest=MOST_READINGS),
        "delay_cycles": core.profile.seconds_to_cycles(delay),
    }


def make_ramp(
    core: Core,
    *,
    drive: tuple[float, float, float, float, float],
    averages: int,
    final_averages: int,
) -> Plan:
    """Returns the plan of a forming ramp: start, step, end, gate (volts) and width (seconds)."""
    start_v, step_v, end_v, gate_v, width_s = drive
    limits, profile = core.limits, core.profile
    up = KindDrive(
        limits.pulse_voltage_code(Pulse.FORM, start_v, "form_ramp: start_v"),
        profile.volts_to_dac_codes(finite(step_v, "V", "form_ramp: step_v")),
        limits.pulse_voltage_code(Pulse.FORM, end_v, "form_ramp: end_v"),
        limits.voltage_code(gate_v, Register.LIMIT_GATE_V, "form_ramp: gate_v"),
        limits.width_cycles(width_s, "form_ramp: width_s"),
    )
    if up.step < 1 or up.end < up.start:
        raise LimitError(
            f"form_ramp: from {start_v:g} V by {step_v:g} V to {end_v:g} V does not rise",
            value=step_v, limit=end_v, unit="V", where="step_v",
        )  # fmt: skip
    return Plan(
        algorithm=Algorithm.FORM_RAMP,
        set=up,
        reset=KindDrive(0, 0, 0, 0, 1),
        gates=(0, 0, 0, 0),
        stall=0,
        budget=whole(
            -(-(up.end - up.start) // up.step) + 1, "form_ramp: steps", lowest=1, highest=_BUDGET_TOP
        ),
        **_reading(core, averages, final_averages, 1, 2.0, 0.0, 0.0),
    )


def wired(window: Window, array: Floats) -> Floats:
    """Returns an array in the user's order of lines in wire order."""
    for axis, lineup in ((0, window.row_lineup), (1, window.column_lineup)):
        if lineup.order is not None:
            array = np.take(array, lineup.order, axis=axis)
    return array


def checked_siemens(window: Window, siemens: ArrayLike, where: str) -> Floats:
    """Returns conductances (or one for all) as `[rows, columns]`; raises LimitError, ShapeError."""
    require_unmasked(siemens, where)
    if np.iscomplexobj(siemens):
        raise ShapeError(
            f"{where}: complex numbers, real ones expected", value="complex", limit="real", where=where
        )
    try:
        values = np.asarray(siemens, np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(
            f"{where}: no array of numbers: {error}", value=type(siemens).__name__, where=where
        ) from error
    if values.shape not in ((), window.shape):
        raise ShapeError(
            f"{where}: shape {values.shape}, {window.shape} expected",
            value=values.shape, limit=window.shape, unit="S", where=where,
        )  # fmt: skip
    values = np.broadcast_to(values, window.shape)
    highest = window.macro.profile.g_code_max * window.macro.profile.g_lsb_siemens
    bad = ~((values >= 0) & (values <= highest))
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise LimitError(
            f"{where}[{row}, {column}]: {values[row, column]:g} S is outside 0 .. {highest:g} S",
            value=float(values[row, column]), limit=highest, unit="S", where=f"{where}[{row}, {column}]",
        )  # fmt: skip
    return values


def target_codes(codes: Floats) -> NDArray[np.int16]:
    """Returns targets as the board compares them."""
    return np.minimum(np.rint(codes), _CODE_TOP).astype(np.int16)


def _drive(core: Core, kind: Pulse, drive: Drive) -> KindDrive:
    """Returns a profile's pulses as codes, checked against the board's limits."""
    limits, profile, what = core.limits, core.profile, kind.name.lower()
    return KindDrive(
        limits.pulse_voltage_code(kind, drive.start.value, f"{what}.start"),
        profile.volts_to_dac_codes(drive.step.value),
        limits.pulse_voltage_code(kind, drive.end.value, f"{what}.end"),
        limits.voltage_code(drive.gate.value, Register.LIMIT_GATE_V, f"{what}.gate"),
        limits.width_cycles(drive.width.value, f"{what}.width"),
    )


def _stall(up: KindDrive, down: KindDrive) -> int:
    """Returns the pulses of the longer whole ramp."""
    return max(-(-abs(one.end - one.start) // max(one.step, 1)) for one in (up, down))


def _gates(core: Core, one: SetStep, highest_us: float) -> tuple[int, int, int, int]:
    """Returns GATE_SLOPE, GATE_GAIN, GATE_LOW and GATE_HIGH: the gate's level is the target."""
    per_volt_us, onset_v = one.level_per_volt.value, one.gate_onset.value
    code_us = core.profile.siemens_per_adc_code(core.profile.range_for(1)) * 1e6
    codes_per_code = code_us / per_volt_us / core.profile.dac_codes_to_volts(1)
    low = core.limits.voltage_code(onset_v, Register.LIMIT_GATE_V, "gate_onset")
    top_v = onset_v + highest_us / per_volt_us * 1.5
    high = core.limits.voltage_code(min(top_v, core.limits.gate_v), Register.LIMIT_GATE_V, "two_pulse: gate")
    slope = round(codes_per_code * 256)
    return slope, round(slope * _GATE_GAIN), low, high

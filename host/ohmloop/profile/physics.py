# SPDX-License-Identifier: BSD-3-Clause
"""What a chip profile says about programming, and the emulator registers that follow (docs/emulator.md)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field as Bounded
from pydantic import model_validator

from ohmloop._map import WRITE_MASKS, Field, Register
from ohmloop.errors import ProfileError
from ohmloop.profile.quantities import (
    Celsius,
    ElectronVolts,
    Entry,
    Microsiemens,
    MicrosiemensPerVolt,
    PerDecade,
    PerVolt,
    PerVoltSquared,
    Pulses,
    Ratio,
    Seconds,
    Source,
    Volts,
)

if TYPE_CHECKING:
    from ohmloop.profile.models import ChipProfile

_Q6: Final = 1 << 6
_Q12: Final = 1 << 12
_Q16: Final = 1 << 16
_Q24: Final = 1 << 24
_Q32: Final = 1 << 32
_DAC_CODES: Final = 1 << 16
_SUMMED_CELLS: Final = 64
"""Cells of the sum at which RTN_SUM is right."""
_BOLTZMANN_EV: Final = 8.617333e-5
_KELVIN: Final = 273.15


class SetStep(Entry):
    """How a SET pulse raises a formed cell toward the level that the gate permits."""

    onset: Volts
    step_per_volt: PerVolt
    step_per_decade: PerDecade
    spread: Ratio
    gate_onset: Volts
    level_per_volt: MicrosiemensPerVolt
    level_cell_spread: Ratio
    level_cycle_spread: Ratio


class Faults(Entry):
    """Fractions of cells that do not program, and what a leaky one keeps."""

    stuck_low: Ratio
    stuck_high: Ratio
    leaky: Ratio
    leak: Microsiemens


class Wear(Entry):
    """Mean life of a cell in pulses, and the voltages that destroy one at once."""

    life: Pulses
    destructive_form: Volts
    destructive_set: Volts
    destructive_reset: Volts


class Disturb(Entry):
    """Probability a pulse that a half-selected cell moves; fraction of the way up that a read moves one."""

    half_select: Ratio
    read: Ratio


class Retention(Entry):
    """Loss of g - floor per decade of time after one second, at `temperature`; faster by Arrhenius above."""

    loss: PerDecade
    spread: Ratio
    activation: ElectronVolts
    temperature: Celsius


class SlowNoise(Entry):
    """Random telegraph noise of some cells, wander of channels, relaxation after a pulse.

    `epoch` is how many operation indices (a power of two) a state lasts.
    """

    telegraph: Ratio
    telegraph_fraction: Ratio
    channel: Ratio
    relaxation: Ratio
    epoch: Annotated[int, Bounded(ge=1, le=1 << 40)]
    source: Source


class Nonlinearity(Entry):
    """I = g V (1 + beta V^2), up to the current at which the selector saturates.

    `saturation` is the voltage at which that current is the gate's level of conductance.
    """

    beta: PerVoltSquared
    saturation: Volts


class Drive(Entry):
    """Amplitudes of one kind of pulse: from `start` by `step` to `end`, with gate and width."""

    start: Volts
    step: Volts
    end: Volts
    gate: Volts
    width: Seconds


class WriteVerify(Entry):
    """What `macro.program` and `macro.form_ramp` give when the caller names no other.

    `fine_set` and `fine_reset` are the amplitudes of ping-pong: from `start` down to `end`.
    """

    set: Drive
    reset: Drive
    fine_set: Drive
    fine_reset: Drive
    forming: Drive
    formed: Microsiemens
    delay: Seconds
    lowest: Microsiemens
    highest: Microsiemens


class Programming(Entry):
    """Statistics of programmable cells; a section that is missing is off in the emulator."""

    set: SetStep
    step_spread: Ratio
    faults: Faults | None = None
    wear: Wear | None = None
    disturb: Disturb | None = None
    retention: Retention | None = None
    slow: SlowNoise | None = None
    sweep: Nonlinearity | None = None
    write_verify: WriteVerify | None = None

    @model_validator(mode="after")
    def _fractions_fit(self) -> Programming:
        faults = self.faults
        if faults and faults.stuck_low.value + faults.stuck_high.value + faults.leaky.value > 1:
            raise ValueError("stuck and leaky cells are more than all")
        return self


def equivalent_log2(retention: Retention, seconds: float, temperature_c: float) -> int:
    """Returns ENV's L of a time at a temperature: log2 of the equivalent seconds, Q8, at least 0."""
    cold, hot = retention.temperature.value + _KELVIN, temperature_c + _KELVIN
    faster = math.exp(retention.activation.value / _BOLTZMANN_EV * (1 / cold - 1 / hot))
    return min(max(0, round(256 * math.log2(max(1.0, seconds * faster)))), 0xFFFF)


def programming_registers(chip: ChipProfile) -> dict[Register, int]:
    """Returns the registers of the programming physics, all zero without a `programming` section.

    Raises:
        ProfileError: a number does not fit its field.
    """
    found = {register: 0 for register in Register if Register.EMU_PHYSICS <= register <= Register.EMU_WANDER}
    if chip.programming is None:
        return found
    for field, value in _fields(chip, chip.programming).items():
        register = max(
            (one for one in found if field.name.startswith(one.name)), key=lambda one: len(one.name)
        )
        room = WRITE_MASKS[register] >> field.value
        highest = _width_mask(register, field)
        if not 0 <= value <= (room & highest):
            raise ProfileError(
                f"profile {chip.name}: {field.name} would be {value}, 0 .. {room & highest} fit",
                value=value,
                limit=room & highest,
                where=field.name,
            )
        found[register] |= value << field.value
    if chip.programming.wear is not None:
        found[Register.EMU_WEAR] = min(round(_Q32 / chip.programming.wear.life.value), _Q32 - 1)
    return found


def _width_mask(register: Register, field: Field) -> int:
    above = [
        one.value for one in Field if one.name.startswith(f"{register.name}_") and one.value > field.value
    ]
    return (1 << (min(above, default=32) - field.value)) - 1


def _fields(chip: ChipProfile, programming: Programming) -> dict[Field, int]:
    full_v, lsb = chip.front_end.dac.full_scale.value, chip.cells.g_lsb.value
    code_v, doubling = full_v / _DAC_CODES, math.log10(2)
    one = programming.set
    found = {
        Field.EMU_PHYSICS_DITHER: 1,
        Field.EMU_SET_DRIVE_SET_ONSET: _dac(one.onset.value, code_v),
        Field.EMU_SET_DRIVE_SET_SLOPE: round(one.step_per_volt.value * code_v * _Q24),
        Field.EMU_SET_STEP_SET_SLOPE_W: round(one.step_per_decade.value * doubling * _Q16),
        Field.EMU_SET_STEP_SET_SPREAD: round(one.spread.value * _Q12),
        Field.EMU_SET_LEVEL_LEVEL_ONSET: _dac(one.gate_onset.value, code_v),
        Field.EMU_SET_LEVEL_LEVEL_SLOPE: round(one.level_per_volt.value / lsb * code_v * _Q16),
        Field.EMU_LEVEL_SPREAD_LEVEL_CELL: round(one.level_cell_spread.value * _Q12),
        Field.EMU_LEVEL_SPREAD_LEVEL_CYCLE: round(one.level_cycle_spread.value * _Q12),
        Field.EMU_STEP_STEP_SPREAD: round(programming.step_spread.value * _Q12),
    }
    return found | _fault_fields(programming, code_v, lsb) | _slow_fields(chip, programming, full_v)


def _fault_fields(programming: Programming, code_v: float, lsb: float) -> dict[Field, int]:
    found: dict[Field, int] = {}
    if (faults := programming.faults) is not None:
        found |= {
            Field.EMU_STUCK_LOW: _fraction(faults.stuck_low.value),
            Field.EMU_STUCK_HIGH: _fraction(faults.stuck_high.value),
            Field.EMU_LEAKY_LEAKY: _fraction(faults.leaky.value),
            Field.EMU_LEAKY_LEAK: round(faults.leak.value / lsb),
        }
    if (wear := programming.wear) is not None:
        found |= {
            Field.EMU_PHYSICS_SHORTS: 1,
            Field.EMU_PHYSICS_DAMAGE_RESET: _dac(wear.destructive_reset.value, code_v),
            Field.EMU_DAMAGE_DAMAGE_FORM: _dac(wear.destructive_form.value, code_v),
            Field.EMU_DAMAGE_DAMAGE_SET: _dac(wear.destructive_set.value, code_v),
        }
    if (disturb := programming.disturb) is not None:
        found |= {
            Field.EMU_DISTURB_HALF_SELECT: _fraction(disturb.half_select.value),
            Field.EMU_DISTURB_READ_DISTURB: round(disturb.read.value * _Q32),
        }
    return found


def _slow_fields(chip: ChipProfile, programming: Programming, full_v: float) -> dict[Field, int]:
    found: dict[Field, int] = {}
    if (kept := programming.retention) is not None:
        found |= {
            Field.EMU_DRIFT_DRIFT_SLOPE: round(kept.loss.value * math.log10(2) * _Q16),
            Field.EMU_DRIFT_DRIFT_SPREAD: round(kept.spread.value * _Q12),
        }
    if (slow := programming.slow) is not None:
        telegraph, fraction = slow.telegraph.value, slow.telegraph_fraction.value
        found |= {
            Field.EMU_PHYSICS_EPOCH: round(math.log2(slow.epoch)),
            Field.EMU_STEP_RELAXATION: _fraction(slow.relaxation.value),
            Field.EMU_RTN_RTN: _fraction(telegraph),
            Field.EMU_RTN_RTN_FRACTION: _fraction(fraction),
            Field.EMU_WANDER_COMMON: _fraction(slow.channel.value),
            Field.EMU_WANDER_RTN_SUM: _fraction(telegraph * math.sqrt(fraction / _SUMMED_CELLS)),
        }
    if (sweep := programming.sweep) is not None:
        found |= {
            Field.EMU_SWEEP_BETA: round(sweep.beta.value * full_v**2 * 256),
            Field.EMU_SWEEP_COMPLIANCE: round(sweep.saturation.value / chip.front_end.read.value * 2048),
        }
    return found


def _dac(volts: float, code_v: float) -> int:
    return min(round(volts / code_v), _DAC_CODES - 1)


def _fraction(value: float) -> int:
    return min(round(value * _Q16), _Q16 - 1)

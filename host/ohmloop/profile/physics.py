# SPDX-License-Identifier: BSD-3-Clause
"""What a chip profile says about programming, and the emulator registers that follow (docs/emulator.md)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field as Bounded
from pydantic import model_validator

from ohmloop._map import G_BITS, Field, Register
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

_Q12: Final = 1 << 12
_Q16: Final = 1 << 16
_Q24: Final = 1 << 24
_Q32: Final = 1 << 32
_HALF: Final = _Q16 - 1
_DOUBLING: Final = math.log10(2)
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
    halves = _set_halves(chip, chip.programming) | _fault_halves(chip, chip.programming)
    halves |= _slow_halves(chip, chip.programming)
    for register, (low, high) in halves.items():
        for value in (low, high):
            if not 0 <= value <= _HALF:
                raise ProfileError(
                    f"profile {chip.name}: a field of {register.name} would be {value}, 0 .. {_HALF} fit",
                    value=value,
                    limit=_HALF,
                    where=register.name,
                )
        found[register] = low | high << 16
    if (wear := chip.programming.wear) is not None:
        found[Register.EMU_WEAR] = min(round(_Q32 / wear.life.value), _Q32 - 1)
    return found


def _set_halves(chip: ChipProfile, programming: Programming) -> dict[Register, tuple[int, int]]:
    one, code_v, lsb = programming.set, _code_volts(chip), chip.cells.g_lsb.value
    physics = 1 << Field.EMU_PHYSICS_DITHER
    damage = 0
    if (wear := programming.wear) is not None:
        physics |= 1 << Field.EMU_PHYSICS_SHORTS
        damage = _dac(wear.destructive_reset.value, code_v)
    if programming.slow is not None:
        physics |= round(math.log2(programming.slow.epoch)) << Field.EMU_PHYSICS_EPOCH
    relaxation = programming.slow.relaxation.value if programming.slow is not None else 0.0
    return {
        Register.EMU_PHYSICS: (physics, damage),
        Register.EMU_SET_DRIVE: (
            _dac(one.onset.value, code_v),
            round(one.step_per_volt.value * code_v * _Q24),
        ),
        Register.EMU_SET_STEP: (
            round(one.step_per_decade.value * _DOUBLING * _Q16),
            round(one.spread.value * _Q12),
        ),
        Register.EMU_SET_LEVEL: (
            _dac(one.gate_onset.value, code_v),
            round(one.level_per_volt.value / lsb * code_v * _Q16),
        ),
        Register.EMU_LEVEL_SPREAD: (
            round(one.level_cell_spread.value * _Q12),
            round(one.level_cycle_spread.value * _Q12),
        ),
        Register.EMU_STEP: (round(programming.step_spread.value * _Q12), _fraction(relaxation)),
    }


def _fault_halves(chip: ChipProfile, programming: Programming) -> dict[Register, tuple[int, int]]:
    found: dict[Register, tuple[int, int]] = {}
    if (faults := programming.faults) is not None:
        leak = round(faults.leak.value / chip.cells.g_lsb.value)
        found[Register.EMU_STUCK] = (_fraction(faults.stuck_low.value), _fraction(faults.stuck_high.value))
        found[Register.EMU_LEAKY] = (_fraction(faults.leaky.value), min(leak, (1 << G_BITS) - 1))
    if (wear := programming.wear) is not None:
        form, set_ = wear.destructive_form.value, wear.destructive_set.value
        found[Register.EMU_DAMAGE] = (_dac(form, _code_volts(chip)), _dac(set_, _code_volts(chip)))
    if (disturb := programming.disturb) is not None:
        found[Register.EMU_DISTURB] = (_fraction(disturb.half_select.value), round(disturb.read.value * _Q32))
    return found


def _slow_halves(chip: ChipProfile, programming: Programming) -> dict[Register, tuple[int, int]]:
    found: dict[Register, tuple[int, int]] = {}
    if (kept := programming.retention) is not None:
        loss = round(kept.loss.value * _DOUBLING * _Q16)
        found[Register.EMU_DRIFT] = (loss, round(kept.spread.value * _Q12))
    if (slow := programming.slow) is not None:
        telegraph, fraction = slow.telegraph.value, slow.telegraph_fraction.value
        of_sums = telegraph * math.sqrt(fraction / _SUMMED_CELLS)
        found[Register.EMU_RTN] = (_fraction(telegraph), _fraction(fraction))
        found[Register.EMU_WANDER] = (_fraction(slow.channel.value), _fraction(of_sums))
    if (sweep := programming.sweep) is not None:
        full_v = chip.front_end.dac.full_scale.value
        found[Register.EMU_SWEEP] = (
            round(sweep.beta.value * full_v**2 * 256),
            round(sweep.saturation.value / chip.front_end.read.value * 2048),
        )
    return found


def _code_volts(chip: ChipProfile) -> float:
    return chip.front_end.dac.full_scale.value / _DAC_CODES


def _dac(volts: float, code_v: float) -> int:
    return min(round(volts / code_v), _DAC_CODES - 1)


def _fraction(value: float) -> int:
    return min(round(value * _Q16), _Q16 - 1)

# SPDX-License-Identifier: BSD-3-Clause
"""What one pulse, and time, leave of one cell, compiled (docs/emulator.md, "Programming physics")."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Pulse, Register
from ohmloop.emulator.compiling import Number, compiled
from ohmloop.emulator.noise import mix32
from ohmloop.emulator.registers import Registers

# Entries of the constants array.
FLOOR: Final = 0
ORIGIN: Final = 1
STRESS_SLOPE: Final = 2
RESET_ONSET: Final = 3
RESET_SLOPE: Final = 4
RESET_SLOPE_W: Final = 5
RESET_SPREAD: Final = 6
DITHER: Final = 7
SHORTS: Final = 8
DAMAGE: Final = 9
"""And the two after it: of FORM, SET, RESET."""
STUCK_LOW: Final = 12
STUCK: Final = 13
"""Stuck low and stuck high."""
LEAKY: Final = 14
"""And leaky: where the three classes end."""
LEAK: Final = 15
SET_ONSET: Final = 16
SET_SLOPE: Final = 17
SET_SLOPE_W: Final = 18
SET_SPREAD: Final = 19
LEVEL_ONSET: Final = 20
LEVEL_SLOPE: Final = 21
LEVEL_CELL: Final = 22
LEVEL_CYCLE: Final = 23
STEP_SPREAD: Final = 24
WEAR: Final = 25
HALF_SELECT: Final = 26
READ_DISTURB: Final = 27
DRIFT_SLOPE: Final = 28
DRIFT_SPREAD: Final = 29
CONSTANTS: Final = 30

_SHORT: Final = 1023
_FULL: Final = 65535
_STRONG: Final = (1 << 20) - 1
_SET: Final = int(Pulse.SET)
_FORM: Final = int(Pulse.FORM)


def constants_of(registers: Registers) -> NDArray[np.int64]:
    """Returns the registers that cells depend on as `[CONSTANTS]`."""
    low, high = registers.halves(Register.EMU_STUCK)
    leaky, leak = registers.halves(Register.EMU_LEAKY)
    physics, damage_reset = registers.halves(Register.EMU_PHYSICS)
    damage_form, damage_set = registers.halves(Register.EMU_DAMAGE)
    values = (
        registers[Register.EMU_FORMED_FLOOR],
        registers[Register.EMU_STRESS_ORIGIN],
        registers[Register.EMU_STRESS_SLOPE],
        registers[Register.EMU_RESET_ONSET],
        registers[Register.EMU_RESET_SLOPE_V],
        registers[Register.EMU_RESET_SLOPE_W],
        registers[Register.EMU_RESET_SPREAD],
        *(physics & 1, physics >> 1 & 1),
        *(damage_form, damage_set, damage_reset),
        *(low, low + high, low + high + leaky, leak),
        *registers.halves(Register.EMU_SET_DRIVE),
        *registers.halves(Register.EMU_SET_STEP),
        *registers.halves(Register.EMU_SET_LEVEL),
        *registers.halves(Register.EMU_LEVEL_SPREAD),
        registers.halves(Register.EMU_STEP)[0],
        registers[Register.EMU_WEAR],
        *registers.halves(Register.EMU_DISTURB),
        *registers.halves(Register.EMU_DRIFT),
    )
    return np.array(values, np.int64)


@compiled("i8(i8, i8, i8)")
def clamp(value: Number, low: Number, high: Number) -> Number:
    """Returns `value` within `low`..`high`."""
    return min(max(value, low), high)


@compiled("u4(u4, i8, i8)")
def place_hash(key: Number, kind: Number, column: Number) -> Number:
    """Returns the hash of one cell: of a kind, in a column, `key` being its row's or the pulse's."""
    return mix32(key ^ np.uint32((kind << 9) | column))


@compiled("i8(u4, i8, i8[::1])")
def _normal(hashed: Number, low: Number, gauss: NDArray[np.int64]) -> Number:
    """Returns the normal number, Q12, of the 11 bits of a hash from bit `low` on."""
    drawn: Number = gauss[np.uintp((hashed >> np.uint32(low)) & np.uint32(2047))]
    return drawn


@compiled("i8(i8, i8, i8)")
def set_level(gate: Number, onset: Number, slope: Number) -> Number:
    """Returns the level that a gate permits, g codes in Q6."""
    return min((max(gate - onset, 0) * slope) >> 10, _FULL)


@compiled("i8(i8, i8, i8, i8, i8, i8)")
def _fraction(
    over: Number, slope: Number, stress: Number, slope_w: Number, spread: Number, most: Number
) -> Number:
    """Returns the fraction, of 65536, that a pulse moves a cell; `spread` is the relative deviation, Q12."""
    step = clamp((over * slope + stress * slope_w) >> 8, 0, most)
    return clamp((step * (4096 + spread)) >> 12, 0, most)


@compiled("i8(u4, i8)")
def _rounding(pulse: Number, dither: Number) -> Number:
    """Returns what is added before a step is rounded down."""
    if dither == 0:
        return 32768
    return np.int64(pulse >> np.uint32(22)) * 64 + 32


@compiled("i8(i8, u4, i8, i8, i8, i8, i8[::1], i8[::1], i8[::1], i8[::1])")
def formed_code(
    g: Number, row_key: Number, column: Number, voltage: Number, gate: Number, log_elapsed: Number,
    c: NDArray[np.int64], breakdown: NDArray[np.int64], formed: NDArray[np.int64], gates: NDArray[np.int64],
) -> Number:  # fmt: skip
    """Returns a cell's code after a forming pulse."""
    if g >= c[FLOOR]:
        return g
    place = place_hash(row_key, 0, column)
    threshold = breakdown[np.uintp(place & np.uint32(1023))] - (
        ((log_elapsed - c[ORIGIN]) * c[STRESS_SLOPE]) >> 8
    )
    if voltage < threshold:
        return g
    quantile = place_hash(row_key, 1, column)
    code = (formed[np.uintp(quantile & np.uint32(1023))] * gates[gate >> 8] + (1 << 19)) >> 20
    return clamp(code, c[FLOOR], _SHORT - c[SHORTS])


@compiled("i8(i8, u4, u4, i8, i8, i8, i8, i8[::1], i8[::1])")
def set_code(
    g: Number, drawn: Number, cell: Number, voltage: Number, gate: Number, log_elapsed: Number, top: Number,
    c: NDArray[np.int64], gauss: NDArray[np.int64],
) -> Number:  # fmt: skip
    """Returns a formed cell's code after a SET pulse; `drawn` is the pulse hash, `cell` the one of kind 5."""
    over = voltage - c[SET_ONSET]
    if over <= 0 or gate <= c[LEVEL_ONSET]:
        return g
    spread = (c[SET_SPREAD] * _normal(drawn, 0, gauss)) >> 12
    step = _fraction(over, c[SET_SLOPE], log_elapsed - c[ORIGIN], c[SET_SLOPE_W], spread, _STRONG)
    step = clamp((step * (4096 + ((c[STEP_SPREAD] * _normal(cell, 16, gauss)) >> 12))) >> 12, 0, _FULL)
    factor = 4096 + ((c[LEVEL_CELL] * _normal(cell, 0, gauss)) >> 12)
    factor += (c[LEVEL_CYCLE] * _normal(drawn, 11, gauss)) >> 12
    nominal = set_level(gate, c[LEVEL_ONSET], c[LEVEL_SLOPE])
    level = clamp((nominal * factor + (1 << 17)) >> 18, 0, top)
    if level <= g:
        return g
    return g + (((level - g) * step + _rounding(drawn, c[DITHER])) >> 16)


@compiled("i8(i8, u4, u4, i8, i8, i8[::1], i8[::1])")
def reset_code(
    g: Number, drawn: Number, cell: Number, voltage: Number, log_elapsed: Number,
    c: NDArray[np.int64], gauss: NDArray[np.int64],
) -> Number:  # fmt: skip
    """Returns a formed cell's code after a RESET pulse; hashes as in `set_code`."""
    over = voltage - c[RESET_ONSET]
    if over <= 0:
        return g
    spread = (c[RESET_SPREAD] * _normal(drawn, 0, gauss)) >> 12
    step = _fraction(over, c[RESET_SLOPE], log_elapsed - c[ORIGIN], c[RESET_SLOPE_W], spread, _FULL)
    step = clamp((step * (4096 + ((c[STEP_SPREAD] * _normal(cell, 16, gauss)) >> 12))) >> 12, 0, _FULL)
    left: Number = g - (((g - c[FLOOR]) * step + _rounding(drawn, c[DITHER])) >> 16)
    return left


@compiled(
    "i8(i8, i8, u4, u4, i8, i8, i8, i8, i8[::1], i8[::1], i8[::1], i8[::1], i8[::1])",
)
def pulsed_code(
    g: Number, kind: Number, row_key: Number, pulse_key: Number, column: Number, voltage: Number,
    gate: Number, log_elapsed: Number, c: NDArray[np.int64], breakdown: NDArray[np.int64],
    formed: NDArray[np.int64], gates: NDArray[np.int64], gauss: NDArray[np.int64],
) -> Number:  # fmt: skip
    """Returns the code of a cell of the pulse's mask after it."""
    if c[SHORTS] and g == _SHORT:
        return g
    if c[SHORTS] and c[DAMAGE + kind] != 0 and voltage > c[DAMAGE + kind]:
        return _SHORT
    top = _SHORT - c[SHORTS]
    group = np.int64(place_hash(row_key, 4, column)) & _FULL
    if group < c[STUCK]:
        stuck: Number = min(g, c[FLOOR]) if group < c[STUCK_LOW] else top
        return stuck
    before = g
    if kind == _FORM:
        g = formed_code(g, row_key, column, voltage, gate, log_elapsed, c, breakdown, formed, gates)
    elif g >= c[FLOOR]:
        drawn, cell = place_hash(pulse_key, 2, column), place_hash(row_key, 5, column)
        if kind == _SET:
            g = set_code(g, drawn, cell, voltage, gate, log_elapsed, top, c, gauss)
        else:
            g = reset_code(g, drawn, cell, voltage, log_elapsed, c, gauss)
    worn = c[SHORTS] and kind != _FORM and before >= c[FLOOR]
    if worn and np.int64(place_hash(pulse_key, 6, column)) < c[WEAR]:
        return _SHORT
    kept: Number = max(g, c[LEAK]) if group < c[LEAKY] else g
    return kept


@compiled("i8(i8, i8, u4, u4, i8, i8[::1])")
def disturbed_code(
    g: Number, kind: Number, row_key: Number, pulse_key: Number, column: Number, c: NDArray[np.int64]
) -> Number:
    """Returns the code of a half-selected cell after a pulse on its row."""
    top = _SHORT - c[SHORTS]
    if g < c[FLOOR] or g > top or np.int64(place_hash(row_key, 4, column)) & _FULL < c[STUCK]:
        return g
    if np.int64(place_hash(pulse_key, 6, column)) & _FULL >= c[HALF_SELECT]:
        return g
    moved: Number = min(g + 1, top) if kind in (_FORM, _SET) else max(g - 1, c[FLOOR])
    return moved


@compiled("i8(i8, u4, u4, i8, i8, i8, i8[::1], i8[::1])")
def aged_code(
    g: Number, row_key: Number, pulse_key: Number, column: Number, log_seconds: Number, reads: Number,
    c: NDArray[np.int64], gauss: NDArray[np.int64],
) -> Number:  # fmt: skip
    """Returns the code of a cell after ENV."""
    top = _SHORT - c[SHORTS]
    group = np.int64(place_hash(row_key, 4, column)) & _FULL
    if g < c[FLOOR] or g > top or group < c[STUCK]:
        return g
    drawn = place_hash(pulse_key, 2, column)
    loss = min((log_seconds * c[DRIFT_SLOPE]) >> 8, _FULL)
    spread = (c[DRIFT_SPREAD] * _normal(drawn, 0, gauss)) >> 12
    loss = clamp((loss * (4096 + spread)) >> 12, -_FULL - 1, _FULL)
    kept = g - (((g - c[FLOOR]) * loss + _rounding(drawn, 1)) >> 16)
    gain = min((reads * c[READ_DISTURB]) >> 16, _FULL)
    lift = np.int64((drawn >> np.uint32(12)) & np.uint32(1023)) * 64 + 32
    kept = clamp(kept + (((top - kept) * gain + lift) >> 16), c[FLOOR], top)
    left: Number = max(kept, c[LEAK]) if group < c[LEAKY] else kept
    return left

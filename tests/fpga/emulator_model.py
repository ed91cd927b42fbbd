# SPDX-License-Identifier: BSD-3-Clause
"""docs/emulator.md once more, one number at a time: slow, obvious, and independent of twin and RTL."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt
from typing import Any

MASK32 = 0xFFFFFFFF
MASK64 = (1 << 64) - 1
GOLDEN = 0x9E3779B9
TABLES = {
    "GAUSS": 1024, "BREAKDOWN": 1024, "FORMED": 1024, "GATE": 256, "U": 512, "V": 512,
    "GAIN": 2048, "OFFSET": 512, "INL": 64, "DARK": 2048, "CORRECTION": 2048,
}  # fmt: skip


def mix32(x: int) -> int:
    """Hashes one word."""
    x = (x ^ (x >> 16)) * 0x7FEB352D & MASK32
    x = (x ^ (x >> 15)) * 0x846CA68B & MASK32
    return x ^ (x >> 16)


def clamp(value: int, low: int, high: int) -> int:
    """Limits a value."""
    return max(low, min(high, value))


@dataclass
class Config:
    """One reading request, as `cfg_*` of the macro port."""

    bits: int = 8
    signed: bool = False
    raw: bool = False
    repeats: int = 1
    polarity: bool = False
    reference: bool = False
    level: int = 0
    read_code: int = 0
    range: int = 0
    width: int = 2
    pairs: bool = False
    cells: bool = False


@dataclass
class Physics:
    """The registers from EMU_PHYSICS to EMU_WANDER that pulses, time and reads look at, field by field."""

    dither: int = 0
    shorts: int = 0
    damage: tuple[int, int, int] = (0, 0, 0)  # FORM, SET, RESET
    low: int = 0
    high: int = 0
    leaky: int = 0
    leak: int = 0
    set_onset: int = 0
    set_slope: int = 0
    set_slope_w: int = 0
    set_spread: int = 0
    level_onset: int = 0
    level_slope: int = 0
    level_cell: int = 0
    level_cycle: int = 0
    step_spread: int = 0
    wear: int = 0
    half_select: int = 0
    read_disturb: int = 0
    drift_slope: int = 0
    drift_spread: int = 0
    epoch: int = 0
    relaxation: int = 0
    rtn: int = 0
    rtn_fraction: int = 0
    common: int = 0
    rtn_sum: int = 0

    @property
    def wandering(self) -> bool:
        return bool(self.common or self.rtn_sum or self.rtn or self.relaxation)

    def packed(self) -> int:
        """Returns fifteen registers, a word each, as docs/registers.md lays them out."""
        halves = (
            (self.dither | self.shorts << 1 | self.epoch << 8, self.damage[2]), (self.low, self.high),
            (self.leaky, self.leak), (self.set_onset, self.set_slope), (self.set_slope_w, self.set_spread),
            (self.level_onset, self.level_slope), (self.level_cell, self.level_cycle),
            (self.step_spread, self.relaxation), (self.wear & 0xFFFF, self.wear >> 16), self.damage[:2],
            (0, 0), (self.half_select, self.read_disturb), (self.drift_slope, self.drift_spread),
            (self.rtn, self.rtn_fraction), (self.common, self.rtn_sum),
        )  # fmt: skip
        return sum(half << 32 * i + 16 * j for i, pair in enumerate(halves) for j, half in enumerate(pair))


@dataclass
class Registers:
    """The EMU registers, as reset but for `formed_floor`."""

    chip_seed: int = 0
    noise_seed: int = 0
    read_noise: int = 0
    adc_noise: int = 0
    adc_min: int = 0
    adc_max: int = 0
    range_shift: tuple[int, int, int, int] = (0, 0, 0, 0)
    read_gain: int = 0
    reference_unit: int = 0
    formed_floor: int = 1
    stress_origin: int = 0
    stress_slope: int = 0
    reset_onset: int = 0
    reset_slope_v: int = 0
    reset_slope_w: int = 0
    reset_spread: int = 0
    row_position: int = 0
    physics: Physics = field(default_factory=Physics)


@dataclass
class Model:
    """An emulated macro: its cells, tables, registers, and the mroot of the last refresh."""

    rows: int
    columns: int
    macro: int = 0
    registers: Registers = field(default_factory=Registers)
    tables: dict[str, list[int]] = field(default_factory=lambda: {n: [0] * k for n, k in TABLES.items()})
    g: list[list[int]] = field(default_factory=list)
    mroot: list[int] = field(default_factory=list)
    fresh: dict[int, int] = field(default_factory=dict)  # of the row pulsed last: 1 or -1, by column
    fresh_row: int = -1
    fresh_age: int = 8

    def __post_init__(self) -> None:
        self.g = self.g or [[0] * self.columns for _ in range(self.rows)]
        self.mroot = self.mroot or [0] * self.columns

    # Hashes
    def gauss(self, bits: int) -> int:
        value = self.tables["GAUSS"][bits & 1023]
        return -value if bits >> 10 & 1 else value

    def key(self, index: int) -> int:
        first = mix32((self.registers.noise_seed + GOLDEN) & MASK32)
        return mix32(mix32(first ^ (index & MASK32)) ^ (index >> 32))

    def row_key(self, row: int) -> int:
        return mix32(mix32((self.registers.chip_seed + GOLDEN) & MASK32) ^ (self.macro << 9 | row))

    # One conversion
    def wander(self, cfg: Config, row: int, column: int, first: int) -> int:
        """Returns w of a vector's conversions; `first` is the index of its first repetition."""
        p = self.registers.physics
        if not p.wandering:
            return 0
        cell = mix32(self.row_key(row) ^ (4 << 9 | column))
        slow = mix32(mix32(self.key(first >> p.epoch) ^ 0xC2B2AE35) ^ column)
        w = (p.common * self.gauss(slow & 2047)) >> 12
        if cfg.reference:
            return clamp(w, -65536, 65535)
        if not cfg.cells:
            return clamp(w + ((p.rtn_sum * self.gauss(slow >> 16 & 2047)) >> 12), -65536, 65535)
        if cell >> 16 < p.rtn_fraction:
            w += p.rtn if slow >> (16 + (cell & 15)) & 1 else -p.rtn
        if row == self.fresh_row and self.fresh_age < 8:
            w += self.fresh.get(column, 0) * ((p.relaxation * (cell >> 4 & 15)) >> 3 >> self.fresh_age)
        return clamp(w, -65536, 65535)

    def mark(self, kind: str, row: int, columns: list[int]) -> None:
        """Makes the cells of a pulse fresh."""
        if row != self.fresh_row:
            self.fresh = {}
        self.fresh_row, self.fresh_age = row, 0
        self.fresh |= dict.fromkeys(columns, -1 if kind == "RESET" else 1)

    def conversion(
        self, cfg: Config, vector: list[tuple[int, int]], column: int, plane: int, index: int, first: int
    ) -> tuple[int, bool]:
        """Returns the code and its saturation; `vector` holds (row, code with sign in bit 8)."""
        reg, table = self.registers, self.tables
        plus = minus = on = 0
        for row, code in vector:
            if not code >> plane & 1:
                continue
            on += 1
            g = self.g[row][column]
            if reg.row_position:
                g = clamp((g * (32768 + table["U"][row]) + 16384) >> 15, 0, 1023)
            if cfg.signed and code >> 8:
                minus += g
            else:
                plus += g
        difference, total = plus - minus, plus + minus
        if cfg.polarity:
            difference = -difference
        if cfg.reference:
            difference = total = 0
        key = self.key(index)
        h = mix32(key ^ (plane << 9 | column)) ^ mix32(key ^ 0x85EBCA6B)
        ir = (difference * (32768 + table["V"][column]) + 256) >> 9
        a = total << 6 if on == 1 else (self.mroot[column] * isqrt(total << 4)) >> 3
        sigma = (reg.read_noise * a) >> 16
        noise = (sigma * self.gauss(h & 2047) + 2048) >> 12
        ref = cfg.level * reg.reference_unit if cfg.reference else 0
        drive = 32768 if cfg.reference else min(65535, (cfg.read_code * reg.read_gain + 32768) >> 16)
        gain = (table["GAIN"][cfg.range * 512 + column] * drive + 16384) >> 15
        gain += (gain * self.wander(cfg, vector[0][0], column, first)) >> 16
        shift = reg.range_shift[cfg.range]
        product = (ir + noise + ref) * gain
        code0 = (product + (1 << shift >> 1)) >> shift if shift else product
        code0 = clamp(code0, -(1 << 23), (1 << 23) - 1)
        n = (clamp(code0, -8192, 8191) + 8192) >> 8
        e = (reg.adc_noise * self.gauss(h >> 16 & 2047) + (1 << 19)) >> 20
        c1 = code0 + table["INL"][n] + table["OFFSET"][column] + e
        code = clamp(c1, reg.adc_min, reg.adc_max)
        return code, code != c1

    # Results
    def results(
        self, cfg: Config, vectors: list[list[tuple[int, int]]], columns: list[int], base: int
    ) -> list[list[tuple[int, bool]]]:
        """Returns (value, saturated) of every result of every vector (raw: of every plane)."""
        out = []
        for v, vector in enumerate(vectors):
            first = (base + v * cfg.repeats) & MASK64
            if cfg.raw:
                for plane in range(cfg.bits):
                    codes = [self.conversion(cfg, vector, c, plane, first, first) for c in columns]
                    out.append([_fit(code, hit, cfg.width) for code, hit in codes])
                continue
            sums = [self._sum(cfg, vector, c, first) for c in columns]
            if cfg.cells and vector[0][0] == self.fresh_row:
                self.fresh_age = min(self.fresh_age + 1, 8)
            if cfg.pairs:
                pairs = zip(sums[::2], sums[1::2], strict=True)
                sums = [(a[0] - b[0], a[1] or b[1]) for a, b in pairs]
            out.append([_fit(value, hit, cfg.width) for value, hit in sums])
        return out

    def _sum(self, cfg: Config, vector: list[tuple[int, int]], column: int, first: int) -> tuple[int, bool]:
        entry = cfg.range * 512 + column
        acc, any_hit = 0, False
        for k in range(cfg.repeats):
            for plane in range(cfg.bits):
                code, hit = self.conversion(cfg, vector, column, plane, (first + k) & MASK64, first)
                acc += (code - self.tables["DARK"][entry]) << plane
                any_hit = any_hit or hit
        acc, hit = _fit(acc, any_hit, 2)
        return (acc * (32768 + self.tables["CORRECTION"][entry]) + 16384) >> 15, hit

    # Cells
    def refresh(self, columns: list[int]) -> None:
        """Recomputes mroot of columns."""
        for column in columns:
            values = [self.g[row][column] for row in range(self.rows)]
            s1, s2 = sum(values), sum(g * g for g in values)
            self.mroot[column] = isqrt(((s2 << 10) // s1 if s1 else 0) << 4)

    def pulse(
        self, kind: str, row: int, columns: list[int], *, voltage: int, gate: int, elapsed: int, index: int
    ) -> None:
        """Gives one pulse to some cells of a row; with HALF_SELECT, the others of the row feel it."""
        self.mark(kind, row, columns)
        exponent = elapsed.bit_length() - 1
        below = (elapsed << 8 >> exponent) & 255
        stress = (exponent << 8 | below) - self.registers.stress_origin
        key = self.row_key(row)
        draw = mix32(mix32(key ^ (index & MASK32)) ^ (index >> 32))
        for column in range(self.columns):
            at = _Hashes(key, draw, column)
            g = self.g[row][column]
            if column in columns:
                self.g[row][column] = self._pulsed(g, kind, at, voltage, gate, stress)
            elif self.registers.physics.half_select:
                self.g[row][column] = self._neighbour(g, kind, at)

    def age(self, row: int, columns: list[int], *, log_seconds: int, reads: int, index: int) -> None:
        """Lets time and reads act on some cells of a row (ENV)."""
        self.fresh_row = -1
        physics, floor = self.registers.physics, self.registers.formed_floor
        key = self.row_key(row)
        draw = mix32(mix32(key ^ (index & MASK32)) ^ (index >> 32))
        for column in columns:
            at, g = _Hashes(key, draw, column), self.g[row][column]
            u, q = at.cell(4) & 0xFFFF, at.pulse(2)
            if not floor <= g <= self.top or u < physics.low + physics.high:
                continue
            f = min((log_seconds * physics.drift_slope) >> 8, 65535)
            f = (f * (4096 + ((physics.drift_spread * self.gauss(q & 2047)) >> 12))) >> 12
            g -= ((g - floor) * clamp(f, -65536, 65535) + 64 * (q >> 22) + 32) >> 16
            d = min((reads * physics.read_disturb) >> 16, 65535)
            g = clamp(g + (((self.top - g) * d + 64 * (q >> 12 & 1023) + 32) >> 16), floor, self.top)
            leaky = u < physics.low + physics.high + physics.leaky
            self.g[row][column] = max(g, physics.leak) if leaky else g

    @property
    def top(self) -> int:
        return 1023 - self.registers.physics.shorts

    def _pulsed(self, g: int, kind: str, at: _Hashes, voltage: int, gate: int, stress: int) -> int:
        reg, physics = self.registers, self.registers.physics
        formed = g >= reg.formed_floor
        limit = physics.damage[("FORM", "SET", "RESET").index(kind)]
        u = at.cell(4) & 0xFFFF
        if physics.shorts and (g == 1023 or (limit and voltage > limit)):
            return 1023
        if u < physics.low:
            return min(g, reg.formed_floor)
        if u < physics.low + physics.high:
            return self.top
        if kind == "FORM" and not formed:
            g = self._form(g, at, voltage, gate, stress)
        if kind == "SET" and formed:
            g = self._set(g, at, voltage, gate, stress)
        if kind == "RESET" and formed:
            g = self._reset(g, at, voltage, stress)
        if physics.shorts and kind != "FORM" and formed and at.pulse(6) < physics.wear:
            return 1023
        return max(g, physics.leak) if u < physics.low + physics.high + physics.leaky else g

    def _neighbour(self, g: int, kind: str, at: _Hashes) -> int:
        physics, floor = self.registers.physics, self.registers.formed_floor
        if not floor <= g <= self.top or at.cell(4) & 0xFFFF < physics.low + physics.high:
            return g
        if at.pulse(6) & 0xFFFF >= physics.half_select:
            return g
        return max(g - 1, floor) if kind == "RESET" else min(g + 1, self.top)

    def _form(self, g: int, at: _Hashes, voltage: int, gate: int, stress: int) -> int:
        fall = (stress * self.registers.stress_slope) >> 8
        if voltage < self.tables["BREAKDOWN"][at.cell(0) & 1023] - fall:
            return g
        formed = self.tables["FORMED"][at.cell(1) & 1023] * self.tables["GATE"][gate >> 8]
        return min(max((formed + (1 << 19)) >> 20, self.registers.formed_floor), self.top)

    def _spread(self, f: int, deviation: int, z: int, most: int) -> int:
        return clamp((f * (4096 + ((deviation * z) >> 12))) >> 12, 0, most)

    def _rounding(self, at: _Hashes) -> int:
        return 64 * (at.pulse(2) >> 22) + 32 if self.registers.physics.dither else 32768

    def _set(self, g: int, at: _Hashes, voltage: int, gate: int, stress: int) -> int:
        p, q, h5 = self.registers.physics, at.pulse(2), at.cell(5)
        over, opened, most = voltage - p.set_onset, gate - p.level_onset, (1 << 20) - 1
        if over <= 0 or opened <= 0:
            return g
        f = clamp((over * p.set_slope + stress * p.set_slope_w) >> 8, 0, most)
        f = self._spread(f, p.set_spread, self.gauss(q & 2047), most)
        f = self._spread(f, p.step_spread, self.gauss(h5 >> 16 & 2047), 65535)
        level = min((opened * p.level_slope) >> 10, 65535)
        k = 4096 + ((p.level_cell * self.gauss(h5 & 2047)) >> 12)
        k += (p.level_cycle * self.gauss(q >> 11 & 2047)) >> 12
        level = clamp((level * k + (1 << 17)) >> 18, 0, self.top)
        return g + (((level - g) * f + self._rounding(at)) >> 16) if level > g else g

    def _reset(self, g: int, at: _Hashes, voltage: int, stress: int) -> int:
        reg, over = self.registers, voltage - self.registers.reset_onset
        if over <= 0:
            return g
        f = clamp((over * reg.reset_slope_v + stress * reg.reset_slope_w) >> 8, 0, 65535)
        f = self._spread(f, reg.reset_spread, self.gauss(at.pulse(2) & 2047), 65535)
        f = self._spread(f, reg.physics.step_spread, self.gauss(at.cell(5) >> 16 & 2047), 65535)
        return g - (((g - reg.formed_floor) * f + self._rounding(at)) >> 16)


@dataclass(frozen=True)
class _Hashes:
    """The hashes of one cell in one pulse, by kind."""

    row_key: int
    pulse_key: int
    column: int

    def cell(self, kind: int) -> int:
        return mix32(self.row_key ^ (kind << 9 | self.column))

    def pulse(self, kind: int) -> int:
        return mix32(self.pulse_key ^ (kind << 9 | self.column))


def _fit(value: int, hit: bool, width: int) -> tuple[int, bool]:
    top = 1 << (15, 23, 31)[width]
    fitted = clamp(value, -top, top - 1)
    return fitted, hit or fitted != value


def random_tables(model: Model, rng: Any) -> None:
    """Fills every table with plausible random entries."""
    t = model.tables
    t["GAUSS"] = [min(16000, i * 13 + 5) for i in range(1024)]
    t["BREAKDOWN"] = [30000 + 12 * i for i in range(1024)]
    t["FORMED"] = [20000 + 23 * i for i in range(1024)]
    t["GATE"] = [rng.randrange(8000, 24000) for _ in range(256)]
    t["U"] = [-rng.randrange(3000) for _ in range(512)]
    t["V"] = [-rng.randrange(3000) for _ in range(512)]
    t["GAIN"] = [rng.randrange(50000, 80000) for _ in range(2048)]
    t["OFFSET"] = [rng.randrange(-90, 90) for _ in range(512)]
    t["INL"] = [rng.randrange(-9, 9) for _ in range(64)]
    t["DARK"] = [rng.randrange(-90, 90) for _ in range(2048)]
    t["CORRECTION"] = [rng.randrange(-900, 900) for _ in range(2048)]

# SPDX-License-Identifier: BSD-3-Clause
"""docs/emulator.md once more, one number at a time: slow, obvious, and independent of twin and RTL."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt
from typing import Any

MASK32 = 0xFFFFFFFF
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
    def conversion(
        self, cfg: Config, vector: list[tuple[int, int]], column: int, plane: int, index: int
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
            first = base + v * cfg.repeats
            if cfg.raw:
                for plane in range(cfg.bits):
                    codes = [self.conversion(cfg, vector, c, plane, first) for c in columns]
                    out.append([_fit(code, hit, cfg.width) for code, hit in codes])
                continue
            sums = [self._sum(cfg, vector, c, first) for c in columns]
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
                code, hit = self.conversion(cfg, vector, column, plane, first + k)
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
        """Gives one pulse to some cells of a row."""
        reg = self.registers
        exponent = elapsed.bit_length() - 1
        below = (elapsed << 8 >> exponent) & 255
        stress = (exponent << 8 | below) - reg.stress_origin
        key = self.row_key(row)
        draw = mix32(mix32(key ^ (index & MASK32)) ^ (index >> 32))
        for column in columns:
            g = self.g[row][column]
            if kind == "FORM" and g < reg.formed_floor:
                self.g[row][column] = self._form(g, key, column, voltage, gate, stress)
            if kind == "RESET" and g >= reg.formed_floor and voltage > reg.reset_onset:
                z = self.gauss(mix32(draw ^ (2 << 9 | column)) & 2047)
                self.g[row][column] = self._reset(g, voltage - reg.reset_onset, stress, z)

    def _form(self, g: int, key: int, column: int, voltage: int, gate: int, stress: int) -> int:
        h0, h1 = mix32(key ^ column), mix32(key ^ (1 << 9 | column))
        fall = (stress * self.registers.stress_slope) >> 8
        if voltage < self.tables["BREAKDOWN"][h0 & 1023] - fall:
            return g
        formed = self.tables["FORMED"][h1 & 1023] * self.tables["GATE"][gate >> 8]
        return clamp((formed + (1 << 19)) >> 20, self.registers.formed_floor, 1023)

    def _reset(self, g: int, over: int, stress: int, z: int) -> int:
        reg = self.registers
        f = clamp((over * reg.reset_slope_v + stress * reg.reset_slope_w) >> 8, 0, 65535)
        f = clamp((f * (4096 + ((reg.reset_spread * z) >> 12))) >> 12, 0, 65535)
        return g - (((g - reg.formed_floor) * f + 32768) >> 16)


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

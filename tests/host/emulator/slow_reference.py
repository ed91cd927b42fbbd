# SPDX-License-Identifier: BSD-3-Clause
"""docs/emulator.md in plain Python integers, one cell and one conversion at a time: slow and obvious."""

from dataclasses import dataclass, field
from math import isqrt

M32 = 0xFFFFFFFF


def mix32(x):
    x &= M32
    x ^= x >> 16
    x = x * 0x7FEB352D & M32
    x ^= x >> 15
    x = x * 0x846CA68B & M32
    return x ^ x >> 16


def key(noise_seed, index):
    return mix32(mix32(mix32(noise_seed + 0x9E3779B9) ^ index & M32) ^ index >> 32)


def sample_hash(noise_seed, index, plane, column):
    k = key(noise_seed, index)
    return mix32(k ^ (plane << 9 | column)) ^ mix32(k ^ 0x85EBCA6B)


def row_key(chip_seed, macro, row):
    return mix32(mix32(chip_seed + 0x9E3779B9) ^ (macro << 9 | row))


def cell_hash(chip_seed, macro, row, kind, column):
    return mix32(row_key(chip_seed, macro, row) ^ (kind << 9 | column))


def pulse_hash(chip_seed, macro, row, index, column):
    k = row_key(chip_seed, macro, row)
    return mix32(mix32(mix32(k ^ index & M32) ^ index >> 32) ^ (2 << 9 | column))


def clamp(value, low, high):
    return low if value < low else high if value > high else value


@dataclass
class Chip:
    """Everything that the arithmetic reads: plain ints and lists."""

    g: list
    registers: dict = field(default_factory=dict)
    tables: dict = field(default_factory=dict)
    scales: dict = field(default_factory=dict)  # A of columns where slow effects change it

    def gauss(self, b):
        value = self.tables["GAUSS"][b & 1023]
        return -value if b >> 10 & 1 else value

    def mroot(self, column):
        s1 = sum(row[column] for row in self.g)
        s2 = sum(row[column] ** 2 for row in self.g)
        q = (s2 << 10) // s1 if s1 else 0
        return isqrt(q << 4)

    def effective(self, row, column):
        g = self.g[row][column]
        if not self.registers["ROW_POSITION"]:
            return g
        return min(1023, g * (32768 + self.tables["U"][row]) + 16384 >> 15)

    def convert(self, x, rows, column, plane, index, *, range_, read_code, polarity, level):
        """One conversion: `x` are signed codes of `rows`, or None for the reference; (code, saturated)."""
        r = self.registers
        p = m = on = 0
        for code, row in zip(x or [], rows, strict=False):
            if abs(code) >> plane & 1:
                on += 1
                if code < 0:
                    m += self.effective(row, column)
                else:
                    p += self.effective(row, column)
        d, t = (m - p if polarity else p - m), p + m
        ir = d * (32768 + self.tables["V"][column]) + 256 >> 9
        a = t << 6 if on == 1 else self.mroot(column) * isqrt(t << 4) >> 3
        sigma = r["READ_NOISE"] * a >> 16
        h = sample_hash(r["NOISE_SEED"], index, plane, column)
        noise = sigma * self.gauss(h & 0x7FF) + 2048 >> 12
        ref = level * r["REFERENCE_UNIT"] if x is None else 0
        drive = 32768 if x is None else min(65535, read_code * r["READ_GAIN"] + 32768 >> 16)
        scale = self.tables["GAIN"][range_ * 512 + column] * drive + 16384 >> 15
        scale = self.scales.get(column, scale)
        s = r["RANGE_SHIFT"][range_]
        product = (ir + noise + ref) * scale
        code0 = clamp(product + (1 << s - 1) >> s if s else product, -(1 << 23), (1 << 23) - 1)
        n = clamp(code0, -8192, 8191) + 8192 >> 8
        e = r["ADC_NOISE"] * self.gauss(h >> 16 & 0x7FF) + (1 << 19) >> 20
        c1 = code0 + self.tables["INL"][n] + self.tables["OFFSET"][column] + e
        code = clamp(c1, r["ADC_MIN"], r["ADC_MAX"])
        return code, code != c1

    def accumulate(self, x, rows, column, bits, base, repeats, **how):
        """Sum of one vector and column, corrected: (y, saturated)."""
        acc, bad = 0, False
        at = how["range_"] * 512 + column
        for k in range(repeats):
            for plane in range(bits):
                code, saturated = self.convert(x, rows, column, plane, base + k, **how)
                acc += code - self.tables["DARK"][at] << plane
                bad |= saturated
        kept = clamp(acc, -(1 << 31), (1 << 31) - 1)
        return kept * (32768 + self.tables["CORRECTION"][at]) + 16384 >> 15, bad or kept != acc

    def mac(self, vectors, rows, columns, bits, base, repeats, width, *, pairs=False, **how):
        """MAC, or READ_CELLS with one-hot vectors: lists of results and of flags."""
        top = 1 << width - 1
        values, flags = [], []
        rows, columns = [int(r) for r in rows], [int(c) for c in columns]
        for i, x in enumerate(vectors):
            ys = [self.accumulate(x, rows, c, bits, base + i * repeats, repeats, **how) for c in columns]
            if pairs:
                ys = [(a[0] - b[0], a[1] or b[1]) for a, b in zip(ys[::2], ys[1::2], strict=True)]
            values.append([clamp(y, -top, top - 1) for y, _ in ys])
            flags.append([bad or not -top <= y < top for y, bad in ys])
        return values, flags

    def mac_raw(self, vectors, rows, columns, bits, base, width, **how):
        """MAC_RAW: one row of results a plane of a vector."""
        top = 1 << width - 1
        values, flags = [], []
        rows, columns = [int(r) for r in rows], [int(c) for c in columns]
        for i, x in enumerate(vectors):
            for plane in range(bits):
                codes = [self.convert(x, rows, c, plane, base + i, **how) for c in columns]
                values.append([clamp(y, -top, top - 1) for y, _ in codes])
                flags.append([bad or not -top <= y < top for y, bad in codes])
        return values, flags

    def log2(self, elapsed):
        elapsed = min(elapsed, M32)
        e = elapsed.bit_length() - 1
        return e << 8 | (elapsed << 8 >> e) & 0xFF

    def pulse(self, kind, macro, rows, columns, voltage, gate, width, base, pulses):
        r, t, seed = self.registers, self.tables, self.registers["CHIP_SEED"]
        floor = r["FORMED_FLOOR"]
        rows, columns = [int(row) for row in rows], [int(c) for c in columns]
        for row in rows:
            for n in range(pulses):
                stress = self.log2(width * (n + 1)) - r["STRESS_ORIGIN"]
                for c in columns:
                    g = self.g[row][c]
                    if kind == "FORM" and g < floor:
                        h0 = cell_hash(seed, macro, row, 0, c)
                        h1 = cell_hash(seed, macro, row, 1, c)
                        if voltage >= t["BREAKDOWN"][h0 & 1023] - (stress * r["STRESS_SLOPE"] >> 8):
                            formed = t["FORMED"][h1 & 1023] * t["GATE"][gate >> 8] + (1 << 19) >> 20
                            self.g[row][c] = clamp(formed, floor, 1023)
                    over = voltage - r["RESET_ONSET"]
                    if kind == "RESET" and g >= floor and over > 0:
                        f = clamp(over * r["RESET_SLOPE_V"] + stress * r["RESET_SLOPE_W"] >> 8, 0, 65535)
                        z = self.gauss(pulse_hash(seed, macro, row, base + n, c) & 0x7FF)
                        f = clamp(f * (4096 + (r["RESET_SPREAD"] * z >> 12)) >> 12, 0, 65535)
                        self.g[row][c] = g - ((g - floor) * f + 32768 >> 16)

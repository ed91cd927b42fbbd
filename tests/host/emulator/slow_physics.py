# SPDX-License-Identifier: BSD-3-Clause
"""docs/emulator.md, "Programming physics", in plain Python integers, one cell at a time."""

from dataclasses import dataclass, field

from slow_reference import M32, Chip, cell_hash, clamp, key, mix32, pulse_hash, row_key, sample_hash


def wear_hash(seed, macro, row, index, column):
    k = row_key(seed, macro, row)
    return mix32(mix32(mix32(k ^ index & M32) ^ index >> 32) ^ (6 << 9 | column))


@dataclass
class Matter:
    """A chip with programming physics: `parts` are the fields of the registers by name."""

    chip: Chip
    parts: dict
    fresh_row: int = -1
    marks: dict = field(default_factory=dict)
    age: int = 8

    def __getattr__(self, name):
        return self.parts[name]

    @property
    def top(self):
        return 1022 if self.SHORTS else 1023

    @property
    def floor(self):
        return self.chip.registers["FORMED_FLOOR"]

    @property
    def seed(self):
        return self.chip.registers["CHIP_SEED"]

    def group(self, row, column):
        u = cell_hash(self.seed, 0, row, 4, column) & 0xFFFF
        if u < self.LOW:
            return "low"
        if u < self.LOW + self.HIGH:
            return "high"
        return "leaky" if u < self.LOW + self.HIGH + self.LEAKY else "good"

    def rounding(self, q):
        return 64 * (q >> 22) + 32 if self.DITHER else 32768

    def step(self, over, slope, stress, slope_w, spread, q, h5, most=65535):
        gauss = self.chip.gauss
        f = clamp(over * slope + stress * slope_w >> 8, 0, most)
        f = clamp(f * (4096 + (spread * gauss(q & 0x7FF) >> 12)) >> 12, 0, most)
        return clamp(f * (4096 + (self.STEP_SPREAD * gauss(h5 >> 16 & 0x7FF) >> 12)) >> 12, 0, 65535)

    def level(self, gate):
        return min(max(gate - self.LEVEL_ONSET, 0) * self.LEVEL_SLOPE >> 10, 65535)

    def pulsed(self, g, kind, row, column, voltage, gate, stress, index):
        r, t, gauss = self.chip.registers, self.chip.tables, self.chip.gauss
        if self.SHORTS and g == 1023:
            return g
        damage = self.parts["DAMAGE_" + kind]
        if self.SHORTS and damage and voltage > damage:
            return 1023
        group = self.group(row, column)
        if group == "low":
            return min(g, self.floor)
        if group == "high":
            return self.top
        q, h5 = pulse_hash(self.seed, 0, row, index, column), cell_hash(self.seed, 0, row, 5, column)
        before = g
        if kind == "FORM" and g < self.floor:
            h0, h1 = (cell_hash(self.seed, 0, row, one, column) for one in (0, 1))
            if voltage >= t["BREAKDOWN"][h0 & 1023] - (stress * r["STRESS_SLOPE"] >> 8):
                code = t["FORMED"][h1 & 1023] * t["GATE"][gate >> 8] + (1 << 19) >> 20
                g = clamp(code, self.floor, self.top)
        elif kind == "SET" and g >= self.floor and voltage > self.SET_ONSET and gate > self.LEVEL_ONSET:
            f = self.step(
                voltage - self.SET_ONSET,
                self.SET_SLOPE,
                stress,
                self.SET_SLOPE_W,
                self.SET_SPREAD,
                q,
                h5,
                (1 << 20) - 1,
            )
            k = 4096 + (self.LEVEL_CELL * gauss(h5 & 0x7FF) >> 12)
            k += self.LEVEL_CYCLE * gauss(q >> 11 & 0x7FF) >> 12
            level = clamp(self.level(gate) * k + (1 << 17) >> 18, 0, self.top)
            if level > g:
                g += (level - g) * f + self.rounding(q) >> 16
        elif kind == "RESET" and g >= self.floor and voltage > r["RESET_ONSET"]:
            over = voltage - r["RESET_ONSET"]
            f = self.step(over, r["RESET_SLOPE_V"], stress, r["RESET_SLOPE_W"], r["RESET_SPREAD"], q, h5)
            g -= (g - self.floor) * f + self.rounding(q) >> 16
        worn = self.SHORTS and kind != "FORM" and before >= self.floor
        if worn and wear_hash(self.seed, 0, row, index, column) < self.WEAR:
            return 1023
        return max(g, self.LEAK) if group == "leaky" else g

    def disturbed(self, g, kind, row, column, index):
        if g < self.floor or g > self.top or self.group(row, column) in ("low", "high"):
            return g
        if wear_hash(self.seed, 0, row, index, column) & 0xFFFF >= self.HALF_SELECT:
            return g
        return max(g - 1, self.floor) if kind == "RESET" else min(g + 1, self.top)

    def pulse(self, kind, rows, columns, voltage, gate, width, base, pulses):
        rows, columns = [int(row) for row in rows], [int(c) for c in columns]
        for row in rows:
            for n in range(pulses):
                stress = self.chip.log2(width * (n + 1)) - self.chip.registers["STRESS_ORIGIN"]
                for c in range(len(self.chip.g[row])):
                    g = self.chip.g[row][c]
                    if c in columns:
                        g = self.pulsed(g, kind, row, c, voltage, gate, stress, base + n)
                    elif self.HALF_SELECT:
                        g = self.disturbed(g, kind, row, c, base + n)
                    self.chip.g[row][c] = g
            if row != self.fresh_row:
                self.marks = {}
            self.fresh_row, self.age = row, 0
            self.marks |= dict.fromkeys(columns, -1 if kind == "RESET" else 1)

    def env(self, rows, columns, log_seconds, reads, index):
        gauss = self.chip.gauss
        for row in map(int, rows):
            for c in map(int, columns):
                g, group = self.chip.g[row][c], self.group(row, c)
                if g < self.floor or g > self.top or group in ("low", "high"):
                    continue
                q = pulse_hash(self.seed, 0, row, index, c)
                f = min(log_seconds * self.DRIFT_SLOPE >> 8, 65535)
                f = f * (4096 + (self.DRIFT_SPREAD * gauss(q & 0x7FF) >> 12)) >> 12
                f = clamp(f, -65536, 65535)
                g1 = g - ((g - self.floor) * f + 64 * (q >> 22) + 32 >> 16)
                d = min(reads * self.READ_DISTURB >> 16, 65535)
                g = clamp(g1 + ((self.top - g1) * d + 64 * (q >> 12 & 1023) + 32 >> 16), self.floor, self.top)
                self.chip.g[row][c] = max(g, self.LEAK) if group == "leaky" else g
        self.fresh_row, self.age = -1, 8

    def wander(self, how, row, column, index):
        """w of one conversion; `how` is "cell", "sum" or "reference"."""
        gauss, seed = self.chip.gauss, self.chip.registers["NOISE_SEED"]
        hs = mix32(mix32(key(seed, index >> self.EPOCH) ^ 0xC2B2AE35) ^ column)
        w = self.COMMON * gauss(hs & 0x7FF) >> 12
        if how == "sum":
            w += self.RTN_SUM * gauss(hs >> 16 & 0x7FF) >> 12
        if how == "cell":
            h4 = cell_hash(self.seed, 0, row, 4, column)
            if h4 >> 16 < self.RTN_FRACTION:
                w += self.RTN if hs >> 16 + (h4 & 15) & 1 else -self.RTN
            if row == self.fresh_row and self.age < 8:
                m = self.RELAXATION * (h4 >> 4 & 15) >> 3
                w += self.marks.get(column, 0) * (m >> self.age)
        return clamp(w, -65536, 65535)

    def cell(self, row, column, index, range_, wander, *, read_code=None, point=None, polarity=0):
        """One conversion of a cell read, or of a point (voltage, gate) of SWEEP: (code, saturated)."""
        r, t = self.chip.registers, self.chip.tables
        g = self.chip.effective(row, column)
        s, cap = r["RANGE_SHIFT"][range_], None
        if point is None:
            drive = min(65535, read_code * r["READ_GAIN"] + 32768 >> 16)
        else:
            voltage, gate = point
            drive = min(voltage * r["READ_GAIN"] + (1 << 19) >> 20, 65535)
            bent = 65536 + ((voltage * voltage >> 16) * self.BETA >> 8)
            drive = min(drive * bent >> 16, 65535)
            s = max(s - 4, 0)
            if self.COMPLIANCE and drive:
                cap = self.level(gate) * self.COMPLIANCE // drive
        h = sample_hash(r["NOISE_SEED"], index, 0, column)
        v = (-g if polarity else g) * (32768 + t["V"][column]) + 256 >> 9
        noise = (r["READ_NOISE"] * (g << 6) >> 16) * self.chip.gauss(h & 0x7FF) + 2048 >> 12
        signal = v + noise
        if cap is not None:
            signal = clamp(signal, -cap, cap)
        scale = t["GAIN"][range_ * 512 + column] * drive + 16384 >> 15
        scale += scale * wander >> 16
        product = signal * scale
        code0 = clamp(product + (1 << s - 1) >> s if s else product, -(1 << 23), (1 << 23) - 1)
        n = clamp(code0, -8192, 8191) + 8192 >> 8
        e = r["ADC_NOISE"] * self.chip.gauss(h >> 16 & 0x7FF) + (1 << 19) >> 20
        c1 = code0 + t["INL"][n] + t["OFFSET"][column] + e
        code = clamp(c1, r["ADC_MIN"], r["ADC_MAX"])
        return code, code != c1

    def reading(self, row, columns, base, repeats, range_, read_code, polarity=0):
        """One cell read of a row, corrected, as READ_CELLS and PROGRAM do: ([y], [saturated])."""
        values, flags = [], []
        for c in map(int, columns):
            w = self.wander("cell", row, c, base)
            codes = [
                self.cell(row, c, base + k, range_, w, read_code=read_code, polarity=polarity)
                for k in range(repeats)
            ]
            at = range_ * 512 + c
            acc = sum(code for code, _ in codes) - repeats * self.chip.tables["DARK"][at]
            values.append(acc * (32768 + self.chip.tables["CORRECTION"][at]) + 16384 >> 15)
            flags.append(any(bad for _, bad in codes))
        if row == self.fresh_row:
            self.age = min(self.age + 1, 8)
        return values, flags

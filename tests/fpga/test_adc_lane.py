# SPDX-License-Identifier: BSD-3-Clause
"""adc_lane and the units around it: every conversion as documented, 17 enabled cycles after it enters."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from math import isqrt
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from tests.fpga.emulator_model import TABLES, Config, Model, Physics, Registers, mix32, random_tables
from tests.fpga.runner import build_and_test

LANES = [(512, 4, 3), (48, 2, 1), (16, 1, 0)]  # columns, lanes, number of the lane
LATENCY = 17
ROWS = 8
SALT = 0xC2B2AE35
TOP, BOTTOM, MOST = (1 << 23) - 1, -(1 << 23), (1 << 19) - 1
OPEN = Registers(noise_seed=9, adc_min=BOTTOM, adc_max=TOP, range_shift=(22,) * 4, read_gain=214748)
NOISY = replace(OPEN, read_noise=1311, adc_noise=300, range_shift=(22, 21, 23, 20), reference_unit=91)
READ_CODE = 10_000
INPUTS = """en cfg_polarity cfg_reference cfg_range emu_read_noise emu_adc_noise emu_adc_min emu_adc_max
    reference_in drive shift half wandering cfg_cells emu_physics plus minus stage1_slow stage1_cell
    stage1_column stage2_hash stage5_column stage6_key2 stage7_one stage7_fresh stage7_reset stage7_age
    gain_column stage14_column t_valid t_table t_index t_data m_write m_column m_root square word keys_clear
    noise_seed keys_start keys_slot keys_index keys_slow keys_macro chip_seed keys_epoch keys_vector keys_row
    keys_age keys_read""".split()


def test_adc_lane() -> None:
    build_and_test("adc_parts", ["tests/fpga/tops/adc_parts.v"], __name__)


@dataclass
class Conversion:
    """What one conversion brings."""

    plus: int
    minus: int
    column: int
    plane: int
    index: int
    one: bool = False
    row: int = 0
    mark: int = 0  # of a fresh cell: 1, or -1 after RESET
    age: int = 8


class Lane:
    """One of LANES with its model, two rows of which hold the sums."""

    def __init__(self, dut: Any, which: int) -> None:
        self.dut, self.which = dut, which
        cols, lanes, lane = LANES[which]
        self.columns = range(lane, cols, lanes)
        self.rng = random.Random(which)
        self.model = Model(ROWS, 512)

    async def load(self) -> None:
        """Fills tables and mroot; entries of other lanes and beyond the last column are to be ignored."""
        random_tables(self.model, self.rng)
        for number, (name, size) in enumerate(TABLES.items()):
            if name in ("GAUSS", "V", "GAIN", "OFFSET", "INL"):
                for index in range(size):
                    await self.entry(number, index, self.model.tables[name][index])
        self.dut.t_valid.value = 0
        self.model.mroot = [self.rng.randrange(4096) for _ in range(512)]
        self.dut.m_write.value = 1
        for column in range(LANES[self.which][0]):
            self.dut.m_column.value, self.dut.m_root.value = column, self.model.mroot[column]
            await FallingEdge(self.dut.clk)
        self.dut.m_write.value = 0

    async def entry(self, number: int, index: int, value: int) -> None:
        self.dut.t_valid.value, self.dut.t_table.value = 1, number
        self.dut.t_index.value, self.dut.t_data.value = index, value & 0x3FFFF
        await FallingEdge(self.dut.clk)

    async def fill(self, name: str, value: int) -> None:
        """Gives every entry of a table one value."""
        self.model.tables[name] = [value] * TABLES[name]
        for index in range(TABLES[name]):
            await self.entry(list(TABLES).index(name), index, value)
        self.dut.t_valid.value = 0

    def set(self, registers: Registers, cfg: Config) -> None:
        """Sets the configuration and what follows from it outside the lane."""
        dut, self.model.registers = self.dut, registers
        for name in ("read_noise", "adc_noise", "adc_min", "adc_max"):
            handle = getattr(dut, f"emu_{name}")
            handle.value = getattr(registers, name) & ((1 << len(handle)) - 1)
        dut.cfg_polarity.value, dut.cfg_reference.value = int(cfg.polarity), int(cfg.reference)
        dut.wandering.value, dut.cfg_cells.value = int(registers.physics.wandering), int(cfg.cells)
        dut.emu_physics.value = registers.physics.packed()
        shift = registers.range_shift[cfg.range]
        dut.cfg_range.value, dut.shift.value, dut.half.value = cfg.range, shift, 1 << shift >> 1
        level = cfg.level * registers.reference_unit if cfg.reference else 0
        dut.reference_in.value = level & ((1 << 33) - 1)
        wide = (cfg.read_code * registers.read_gain + 32768) >> 16
        dut.drive.value = 32768 if cfg.reference else min(65535, wide)

    def draw(self, n: int, most: int = MOST) -> list[Conversion]:
        """Draws conversions: large and small sums, single rows, zeros."""
        out = []
        for _ in range(n):
            top = self.rng.choice((most, 3000, 40))
            plus, minus = self.rng.randint(0, top), self.rng.randint(0, top) * self.rng.randint(0, 1)
            one = self.rng.random() < 0.25
            where = self.rng.choice(self.columns), self.rng.randrange(8), self.rng.getrandbits(64)
            out.append(Conversion(plus % 1024, 0, *where, True) if one else Conversion(plus, minus, *where))
        return out

    def draw_cells(self, n: int) -> list[Conversion]:
        """Draws reads of single cells, fresh ones of every age among them."""
        rng = self.rng
        return [
            replace(c, plus=c.plus % 1024, minus=0, plane=0, one=True, row=rng.randrange(ROWS),
                    mark=rng.choice((-1, 0, 1)), age=rng.randrange(9))
            for c in self.draw(n)
        ]  # fmt: skip

    def expected(self, cfg: Config, c: Conversion) -> tuple[int, bool]:
        """The documented conversion, of one row that holds the sum or of two of opposite sign."""
        model, other = self.model, (c.row + 1) % ROWS
        model.g[c.row][c.column], model.g[other][c.column] = c.plus, c.minus
        model.fresh_row, model.fresh, model.fresh_age = c.row, {c.column: c.mark}, c.age
        vector = [(c.row, 1 << c.plane)] + [(other, 1 << c.plane | 256)] * (not c.one)
        return model.conversion(replace(cfg, signed=True), vector, c.column, c.plane, c.index, c.index)

    async def check(
        self, registers: Registers, cfg: Config, conversions: list[Conversion], *, halts: bool = False
    ) -> list[tuple[int, bool]]:
        """Feeds conversions one an enabled cycle, compares what leaves 17 of them later; returns it."""
        self.set(registers, cfg)
        keys = [self.model.key(c.index) for c in conversions]
        expected = [self.expected(cfg, c) for c in conversions]
        seen = []
        for cycle in range(len(conversions) + LATENCY):
            while halts and self.rng.random() < 0.4:
                self._feed([], [], self.rng.randrange(9))  # rubbish
                self.dut.en.value = 0
                await FallingEdge(self.dut.clk)
            self.dut.en.value = 1
            self._feed(conversions, keys, cycle)
            await FallingEdge(self.dut.clk)
            if cycle >= LATENCY - 1:
                code = int(self.dut.code.value) >> 24 * self.which & 0xFFFFFF
                hit = int(self.dut.saturated.value) >> self.which & 1
                seen.append((code - (code >> 23 << 24), bool(hit)))
        self.dut.en.value = 0
        wrong = [(c, a, b) for c, a, b in zip(conversions, seen, expected, strict=False) if a != b]
        assert not wrong, f"{len(wrong)} of {len(expected)}, {registers} {cfg}: {wrong[:3]}"
        return seen[: len(conversions)]

    def _feed(self, conversions: list[Conversion], keys: list[int], cycle: int) -> None:
        """Gives every stage the fields of the conversion that is in it; rubbish where there is none."""
        dut, rng = self.dut, self.rng

        def stage(number: int) -> tuple[Conversion, int]:
            at = cycle - number + 1
            if 0 <= at < len(conversions):
                return conversions[at], keys[at]
            return Conversion(rng.getrandbits(19), rng.getrandbits(19), rng.choice(self.columns), 1, 0), 7

        first, _ = stage(1)
        physics = self.model.registers.physics
        dut.stage1_slow.value = mix32(self.model.key(first.index >> physics.epoch) ^ SALT) ^ first.column
        dut.stage1_cell.value = self.model.row_key(first.row) ^ (4 << 9 | first.column)
        dut.plus.value, dut.minus.value, dut.stage1_column.value = first.plus, first.minus, first.column
        second, key = stage(2)
        dut.stage2_hash.value = key ^ (second.plane << 9 | second.column)
        dut.stage5_column.value = stage(5)[0].column
        dut.stage6_key2.value = mix32(stage(6)[1] ^ 0x85EBCA6B)
        seventh, _ = stage(7)
        dut.stage7_one.value, dut.stage7_age.value = int(seventh.one), seventh.age % 8
        dut.stage7_fresh.value = int(seventh.mark != 0 and seventh.age < 8)
        dut.stage7_reset.value = int(seventh.mark < 0)
        dut.gain_column.value = stage(6 if physics.wandering else 7)[0].column
        dut.stage14_column.value = stage(14)[0].column


async def reset(dut: Any) -> None:
    for name in INPUTS:
        getattr(dut, name).value = 0
    dut.rst_n.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst_n.value = 1


async def lanes(dut: Any) -> list[Lane]:
    """Resets the bench; each lane loads tables of its own when its turn comes."""
    await reset(dut)
    return [Lane(dut, which) for which in range(3)]


@cocotb.test()
async def every_conversion_is_the_documented_one(dut) -> None:
    for lane in await lanes(dut):
        await lane.load()
        for number in range(4):
            for noise in (NOISY, replace(NOISY, read_noise=0), replace(NOISY, adc_noise=0), OPEN):
                cfg = Config(range=number, polarity=number % 2 == 1, read_code=READ_CODE)
                await lane.check(noise, cfg, lane.draw(60))


@cocotb.test()
async def a_halt_in_any_cycle_changes_nothing(dut) -> None:
    for lane in await lanes(dut):
        await lane.load()
        for polarity in (False, True):
            cfg = Config(range=1, polarity=polarity, read_code=READ_CODE)
            await lane.check(NOISY, cfg, lane.draw(150), halts=True)


@cocotb.test()
async def the_reference_replaces_the_array(dut) -> None:
    for lane in await lanes(dut):
        await lane.load()
        for level, unit in ((-32768, 65535), (32767, 65535), (-1, 1), (700, 91), (0, 91)):
            for polarity in (False, True):
                registers = replace(NOISY, reference_unit=unit, range_shift=(22, 22, 40, 0))
                for number in (0, 2, 3):
                    cfg = Config(reference=True, level=level, polarity=polarity, range=number)
                    seen = await lane.check(registers, cfg, lane.draw(20))
                    assert any(code for code, _ in seen)


@cocotb.test()
async def codes_saturate_at_both_ends(dut) -> None:
    lane = (await lanes(dut))[1]
    await lane.load()
    column = lane.columns[3]
    ends = [Conversion(MOST, 0, column, 0, 5), Conversion(0, MOST, column, 0, 6)]
    for low, high, shift in (
        (-8192, 8191, 22), (-50, 700, 22), (BOTTOM // 2, TOP // 2, 10), (BOTTOM, TOP, 0), (0, 0, 22),
        (5, 5, 22),
    ):  # fmt: skip
        registers = replace(NOISY, adc_min=low, adc_max=high, range_shift=(shift,) * 4)
        for polarity in (False, True):
            cfg = Config(polarity=polarity, read_code=READ_CODE)
            seen = await lane.check(registers, cfg, ends + lane.draw(30))
            at_ends = [(high, True), (low, True)]
            assert shift == 0 or seen[:2] == (at_ends[::-1] if polarity else at_ends)


@cocotb.test()
async def a_code_at_its_limit_is_not_saturated(dut) -> None:
    lane = (await lanes(dut))[2]
    for name, value in (("GAUSS", 0), ("V", 0), ("GAIN", 1 << 16), ("OFFSET", 0), ("INL", 0)):
        await lane.fill(name, value)
    cfg = Config(read_code=READ_CODE)
    registers = replace(OPEN, read_gain=0x8000_0000 // READ_CODE, adc_min=-100, adc_max=100)
    sums = [(100, 0), (101, 0), (0, 100), (0, 101), (MOST, MOST), (MOST, 0), (0, MOST)]
    seen = await lane.check(registers, cfg, [Conversion(p, m, 7, 0, 0) for p, m in sums])
    assert seen == [
        (100, False),
        (100, True),
        (-100, False),
        (-100, True),
        (0, False),
        (100, True),
        (-100, True),
    ]


@cocotb.test()
async def every_shift_rounds_as_documented(dut) -> None:
    for lane in await lanes(dut):
        await lane.load()
        for shift in (0, 1, 2, 7, 15, 22, 31, 32, 33, 39, 40, 47, 53, 54, 62, 63):
            registers = replace(NOISY, range_shift=(shift,) * 4, read_noise=shift % 2 * 65535)
            for read_code in (0, READ_CODE, 65535):
                await lane.check(registers, Config(read_code=read_code), lane.draw(12))


@cocotb.test()
async def tables_at_their_ends_do_not_overflow(dut) -> None:
    low, high, all_ones = -(1 << 17), (1 << 17) - 1, (1 << 18) - 1
    lane = (await lanes(dut))[1]
    await lane.load()
    lane.model.mroot = [4095] * 512
    dut.m_write.value = 1
    for column in range(48):
        dut.m_column.value, dut.m_root.value = column, 4095
        await FallingEdge(dut.clk)
    dut.m_write.value = 0
    for position, offset, inl in ((low, high, high), (high, low, low)):
        for name, value in (("V", position), ("OFFSET", offset), ("INL", inl)):
            await lane.fill(name, value)
        for gain, gauss in ((all_ones, all_ones), (1, all_ones), (all_ones, 0)):
            await lane.fill("GAIN", gain)
            await lane.fill("GAUSS", gauss)
            for shift in (0, 20, 30, 40):
                registers = replace(NOISY, read_noise=65535, adc_noise=65535, range_shift=(shift,) * 4)
                cfg = Config(read_code=65535, range=shift % 4)
                await lane.check(replace(registers, read_gain=(1 << 32) - 1), cfg, lane.draw(40))


SLOW = {
    "channel": {"common": 3000},
    "sums": {"rtn_sum": 5000},
    "telegraph": {"rtn": 9000, "rtn_fraction": 30_000},
    "relaxation": {"relaxation": 40_000},
    "all": {"common": 900, "rtn_sum": 2000, "rtn": 4000, "rtn_fraction": 20_000, "relaxation": 8000},
    "ends": dict.fromkeys(("common", "rtn_sum", "rtn", "rtn_fraction", "relaxation"), 65_535),
}


@cocotb.test()
async def slow_effects_bend_the_gain_as_documented(dut) -> None:
    for lane in await lanes(dut):
        await lane.load()
        for number, parts in enumerate(SLOW.values()):
            physics = Physics(epoch=(0, 7, 40, 63)[number % 4], **parts)
            registers = replace(NOISY, chip_seed=3, physics=physics)
            for halts in (False, True):
                for kind in ("cells", "sums", "reference"):
                    cfg = Config(
                        cells=kind == "cells", reference=kind == "reference", level=700, read_code=READ_CODE,
                        range=number % 4, polarity=halts,
                    )  # fmt: skip
                    drawn = lane.draw_cells(60) if cfg.cells else lane.draw(60)
                    seen = await lane.check(registers, cfg, drawn, halts=halts)
                    lane.model.registers = replace(registers, physics=Physics())
                    moved = [lane.expected(cfg, c) for c in drawn] != seen
                    acts = {"channel": True, "sums": kind == "sums"}.get(list(SLOW)[number], kind == "cells")
                    assert moved == acts or number > 3, (kind, parts)


@cocotb.test()
async def slow_effects_at_their_ends_do_not_overflow(dut) -> None:
    lane = (await lanes(dut))[1]
    await lane.load()
    await lane.fill("GAIN", (1 << 18) - 1)
    for gauss in (0, 4096, (1 << 18) - 1):
        await lane.fill("GAUSS", gauss)
        for shift in (0, 20, 40):
            physics = Physics(epoch=3, **SLOW["ends"])
            registers = replace(NOISY, read_gain=(1 << 32) - 1, range_shift=(shift,) * 4, physics=physics)
            for cells in (True, False):
                cfg = Config(read_code=65535, cells=cells)
                await lane.check(registers, cfg, lane.draw_cells(40) if cells else lane.draw(40))


@cocotb.test()
async def the_root_is_the_floor_of_every_kind_of_number(dut) -> None:
    await reset(dut)
    squares = [min(n * n + d, (1 << 24) - 1) for n in range(1, 4096, 3) for d in (-1, 0, 1)] + [
        0,
        (1 << 24) - 1,
    ]
    dut.en.value = 1
    for cycle in range(len(squares) + 3):
        dut.square.value = squares[min(cycle, len(squares) - 1)]
        await FallingEdge(dut.clk)
        if cycle >= 3:
            assert int(dut.root.value) == isqrt(squares[cycle - 3]), squares[cycle - 3]


@cocotb.test()
async def the_hash_is_mix32_four_cycles_later(dut) -> None:
    await reset(dut)
    rng = random.Random(1)
    words = [0, 0xFFFFFFFF, *(1 << bit for bit in range(32)), *(rng.getrandbits(32) for _ in range(1500))]
    dut.en.value = 1
    for cycle in range(len(words) + 3):
        dut.word.value = words[min(cycle, len(words) - 1)]
        await FallingEdge(dut.clk)
        if cycle >= 3:
            assert int(dut.mixed.value) == mix32(words[cycle - 3]), hex(words[cycle - 3])
    held = int(dut.mixed.value)
    dut.en.value, dut.word.value = 0, 1
    for _ in range(6):
        await FallingEdge(dut.clk)
        assert int(dut.mixed.value) == held


@cocotb.test()
async def keys_can_be_read_18_cycles_after_their_start(dut) -> None:
    await reset(dut)
    rng = random.Random(2)
    model = Model(1, 1, macro=201, registers=Registers(noise_seed=0xFFFF_FFF0, chip_seed=0x9999_9999))
    dut.noise_seed.value, dut.chip_seed.value = model.registers.noise_seed, model.registers.chip_seed
    dut.keys_macro.value, dut.keys_slow.value = model.macro, 1
    draws = [rng.choice((rng.getrandbits(64), n, n << 32)) for n in range(60)]
    indices, vectors = draws[:25], draws[25:50]
    rows, ages = [rng.randrange(512) for _ in indices], [rng.randrange(9) for _ in indices]
    for epoch in (0, 5, 33, 63):
        dut.keys_epoch.value = epoch
        for cycle in range(16 * len(indices)):
            n, since = divmod(cycle, 16)
            dut.keys_start.value, dut.keys_slot.value = int(since == 0), n % 4
            dut.keys_index.value, dut.keys_vector.value = (
                (indices[n], vectors[n]) if since == 0 else (rng.getrandbits(64), 0)
            )
            dut.keys_row.value = rows[n] if since == 1 else rng.randrange(512)
            dut.keys_age.value = ages[n] if since == 1 else 3
            known = n - (1 if since == 2 else 2)  # at 2, the one started 18 cycles ago
            dut.keys_read.value = known % 4
            await ReadOnly()
            if known >= 0:
                key = model.key(indices[known])
                seen = int(dut.key.value), int(dut.key2.value)
                assert seen == (key, mix32(key ^ 0x85EBCA6B)), (cycle, known)
            if known >= 0 and since != 2:  # those of the slow effects come one cycle later
                slow = mix32(model.key(vectors[known] >> epoch) ^ SALT)
                assert int(dut.slow_key.value) == slow, (cycle, known)
                assert int(dut.row_key.value) == model.row_key(rows[known])
                assert int(dut.row_age.value) == ages[known]
            await FallingEdge(dut.clk)

# SPDX-License-Identifier: BSD-3-Clause
"""Drives `afe_board` through its macro port as the command engine does; computes the board's analog half."""

from __future__ import annotations

from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge, Timer, with_timeout
from cocotb.utils import get_sim_time
from numpy.typing import NDArray
from tests.fpga import afe_bench
from tests.fpga.afe_analog_bench import Analog

TOP = "afe_board"
PARTS = [*afe_bench.PARTS, "part_lines", "part_board"]
SMALL = {"ROWS": 16, "COLS": 16, "ADC_LANES": 2, "ADCS": 4, "DACS": 2, "ROW_CHAINS": 2, "COL_CHAINS": 1}
SOURCES = ["tests/fpga/tops/afe_board.v", *(f"fpga/sim/parts/{part}.v" for part in PARTS)]
FORM, SET, RESET = range(3)
GROUND, PLUS, MINUS, PULSE, BIAS, OPEN = 0, 1, 2, 3, 4, 7
SENSED = 1
RAILS = {PLUS: 0, MINUS: 1, PULSE: 2, BIAS: 4}  # channel of a multiplexer: channel of the DAC
GATE, REFERENCE, COMMON = 3, 5, 6
COMMON_CODE, READ_GATE = 0x4000, 0x8000
LINE_RULES = """rail-moved pulse-switched sampling settling range two-on-pulse two-on-amplifier release
    word-line""".split()
VOLT = 5 / 65536
SAMPLE = 228  # cycles from CS falling to the sample
INPUTS = """
    safe cfg_range cfg_bits cfg_raw cfg_repeats cfg_polarity cfg_idle cfg_reference cfg_sweep
    cfg_level cfg_read_code
    cfg_mask x_valid x_line x_code x_last s_ready
    p_valid p_kind p_row p_mask p_voltage p_gate p_drive refresh drop power level cut""".split()


async def started(dut: Any, analog: Analog | None = None) -> Board:
    """Returns a board that is up."""
    board = Board(dut, analog)
    await board.start()
    await board.up()
    return board


class Board:
    """One `afe_board` with its analog half."""

    def __init__(self, dut: Any, analog: Analog | None = None) -> None:
        self.dut = dut
        self.rows, self.columns = int(dut.ROWS.value), int(dut.COLS.value)
        self.adcs, self.lanes, self.dacs = int(dut.ADCS.value), int(dut.ADC_LANES.value), int(dut.DACS.value)
        self.analog = analog
        self.samples: list[dict[str, int]] = []
        self.began: list[int] = []
        self.takes = 0
        self.now = np.zeros(self.adcs)  # codes at the amplifiers when the lines last moved
        self.target = np.zeros(self.adcs)
        self.moved = 0

    @property
    def cycle(self) -> int:
        """The present clk cycle."""
        return int(get_sim_time("ns")) // 10

    async def start(self, *, power: int = -1) -> None:
        """Resets the board and starts its clock; ends when it is up."""
        dut = self.dut
        for name in INPUTS:
            getattr(dut, name).value = 0
        dut.cfg_bits.value = dut.cfg_repeats.value = dut.s_ready.value = 1
        dut.rst_n.value = 0
        Clock(dut.clk, 10, unit="ns").start()
        for _ in range(1210):
            await FallingEdge(dut.clk)
        dut.power.value = power & (1 << self.dacs) - 1
        dut.rst_n.value = 1
        cocotb.start_soon(self._follow())

    async def up(self) -> int:
        """Waits until the board is up; returns the cycles."""
        return await self.wait("inhibit", 40_000, level=0)

    async def wait(self, name: str, limit: int, *, level: int = 1) -> int:
        """Waits for a level of a signal; returns the cycles. Ends at a falling edge."""
        signal, begin = getattr(self.dut, name), self.cycle
        await Timer(1, "ns")
        if int(signal.value) != level:
            await with_timeout(RisingEdge(signal) if level else FallingEdge(signal), 10 * limit, "ns")
        await FallingEdge(self.dut.clk)
        return self.cycle - begin

    async def cycles(self, count: int) -> None:
        """Waits; ends at a falling edge."""
        await Timer(10 * count - 1, "ns")
        await FallingEdge(self.dut.clk)

    async def feed(self, vectors: list[dict[int, int]], *, limit: int = 400_000) -> None:
        """Gives vectors of row codes (signed), a row a beat, as soon as they are taken."""
        dut = self.dut
        for vector in vectors:
            for i, (line, code) in enumerate(vector.items()):
                dut.x_valid.value, dut.x_line.value = 1, line
                dut.x_code.value, dut.x_last.value = abs(code) | (code < 0) << 8, i == len(vector) - 1
                await self.wait("x_ready", limit)
        dut.x_valid.value = 0

    async def idle(self, *, limit: int = 400_000) -> int:
        """Waits until the macro is idle; returns the cycles."""
        return await self.wait("idle", limit)

    async def multiply(self, vectors: list[dict[int, int]], mask: int, **config: int) -> NDArray[np.int64]:
        """Runs a batch; returns the sums, [results, kept columns]."""
        self.configure(mask, **config)
        self.samples.clear()
        await self.feed(vectors)
        await self.idle()
        return self.results(mask)

    def configure(self, mask: int, **config: int) -> None:
        """Sets the configuration of the next vectors."""
        settings = {"bits": 1, "repeats": 1, "read_code": 2621, **config}
        for name in ("range", "raw", "polarity", "idle", "reference", "sweep", "level"):
            settings.setdefault(name, 0)
        self.dut.cfg_mask.value = mask
        for name, value in settings.items():
            getattr(self.dut, f"cfg_{name}").value = value & 0xFFFF if name == "level" else value

    def results(self, mask: int) -> NDArray[np.int64]:
        """Sums of the samples so far, as `accumulate` forms them; checks what the port promises."""
        kept = [c for c in range(self.columns) if mask >> c & 1]
        found, sums = [], {}
        for sample in self.samples:
            for lane in range(self.lanes):
                if not sample["keep"] >> lane & 1:
                    continue
                column = sample["column"] + lane
                code = (sample["code"] >> 24 * lane & 0xFFFFFF) - (sample["code"] >> 24 * lane & 0x800000) * 2
                if sample["first"] and (sample["plane"] == 0 or int(self.dut.cfg_raw.value)):
                    assert column not in sums
                    sums[column] = 0
                sums[column] += code << (0 if int(self.dut.cfg_raw.value) else sample["plane"])
            if sample["last"]:
                assert sorted(sums) == kept
                found.append([sums[column] for column in kept])
                sums = {}
        assert not sums
        return np.array(found, dtype=np.int64).reshape(-1, len(kept))

    async def pulse(self, kind: int, row: int, mask: int, *, width: int = 100, **fields: int) -> int:
        """One pulse as the guard gives it; returns the cycles until `p_ready`."""
        dut = self.dut
        dut.p_kind.value, dut.p_row.value, dut.p_mask.value = kind, row, mask
        dut.p_voltage.value = fields.get("voltage", 0x6000)
        dut.p_gate.value = fields.get("gate", 0x2000)
        dut.p_valid.value = 1
        took = await self.wait("p_ready", 20_000)
        await FallingEdge(dut.clk)
        dut.p_valid.value, dut.p_drive.value = 0, 1
        await self.cycles(width)
        dut.p_drive.value = 0
        await self.wait("p_done", 4_000)
        await FallingEdge(dut.clk)
        return took

    def channels(self) -> tuple[list[int], list[int], int]:
        """What rows and columns are connected to, and the word lines that are on."""
        rows, columns = int(self.dut.row_channel.value), int(self.dut.column_channel.value)
        return (
            [rows >> 3 * i & 7 for i in range(self.rows)],
            [columns >> 3 * i & 7 for i in range(self.columns)],
            int(self.dut.word_line.value),
        )

    def rail(self, channel: int, dac: int = 0) -> int:
        """The code at one output of a DAC."""
        return int(self.dut.rails.value) >> 128 * dac + 16 * channel & 0xFFFF

    def broken(self) -> set[str]:
        """Rules that any part, or the lines, saw broken."""
        adcs, chains = afe_bench.ADC_RULES, afe_bench.CHAIN_RULES
        rules = [*afe_bench.DAC_RULES, *chains, *chains, *adcs, *LINE_RULES]
        return afe_bench.broken(int(self.dut.broken.value), rules)

    def is_safe(self) -> bool:
        """Multiplexers and shift registers off, no pulse."""
        dut = self.dut
        return bool(int(dut.inhibit.value) and int(dut.oe_n.value) and not int(dut.pulse_on.value))

    # ---- The analog half ----

    def codes(self) -> NDArray[np.float64]:
        """What the amplifiers settle to, [converters] codes."""
        analog, dut = self.analog, self.dut
        if analog is None or int(dut.tia_short.value) or int(dut.inhibit.value):
            return np.zeros(self.adcs)
        rows, columns, words = self.channels()
        which, common = int(dut.tia_range.value), self.rail(COMMON)
        if int(dut.reference_on.value):
            amperes = (self.rail(REFERENCE) - common) * VOLT / analog.reference_ohm
            return np.full(self.adcs, analog.codes(np.array(amperes), which))
        volts = np.full(self.rows, np.nan)
        for i, channel in enumerate(rows):
            if channel == GROUND:
                volts[i] = 0.0
            elif channel in RAILS and (channel != PULSE or int(dut.pulse_on.value)):
                volts[i] = (self.rail(RAILS[channel]) - common) * VOLT
        on = np.array([words >> i & 1 for i in range(self.rows)], dtype=bool)
        grounded = np.array([channel in (GROUND, SENSED) for channel in columns])
        out = analog.codes(analog.currents(volts, on, grounded), which)
        found = np.zeros(self.adcs)
        for column in np.flatnonzero(np.array(columns) == SENSED):
            found[column % self.adcs] = out[column]
        return found

    async def _follow(self) -> None:
        """Keeps samples and begins of conversions; gives the converters what their inputs will be."""
        dut = self.dut
        for _ in range(10_000_000):
            await RisingEdge(dut.stir)
            while int(dut.stir.value):
                await FallingEdge(dut.clk)
                self._step()
                await RisingEdge(dut.clk)
                await Timer(1, "ns")

    def _step(self) -> None:
        """What happens in this cycle."""
        dut, now = self.dut, self.cycle
        if int(dut.changed.value) and self.analog is not None:
            self.now, self.target, self.moved = self._at(now), self.codes(), now
        if int(dut.begun.value):
            self.began.append(now)
            self._convert(now)
        if int(dut.s_take.value):
            self.takes += 1
        if int(dut.s_valid.value):
            names = ("column", "plane", "keep", "code", "saturated", "first", "last")
            self.samples.append({name: int(getattr(dut, f"s_{name}").value) for name in names})

    def _convert(self, now: int) -> None:
        if self.analog is None:
            return
        level = self._at(now + SAMPLE) + self.analog.noise * self.analog.rng.standard_normal(self.adcs)
        clipped = np.clip(np.round(level), -8192, 8191).astype(int)
        self.dut.level.value = sum((int(code) & 0x3FFF) << 14 * i for i, code in enumerate(clipped))

    def _at(self, cycle: int) -> NDArray[np.float64]:
        tau = 1.0 if self.analog is None else self.analog.tau
        return self.target + (self.now - self.target) * np.exp(-(cycle - self.moved) / tau)

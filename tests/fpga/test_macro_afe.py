# SPDX-License-Identifier: BSD-3-Clause
"""macro_afe at pin level: order, patterns, pulses, products; no rule of any part broken."""

from __future__ import annotations

import cocotb
import numpy as np
import pytest
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb.utils import get_sim_time
from tests.fpga.afe_analog_bench import Analog, array
from tests.fpga.afe_board_bench import (
    BIAS,
    COMMON,
    COMMON_CODE,
    FORM,
    GATE,
    GROUND,
    MINUS,
    OPEN,
    PLUS,
    PULSE,
    READ_GATE,
    RESET,
    SENSED,
    SET,
    SMALL,
    SOURCES,
    TOP,
    VOLT,
    Board,
    started,
)
from tests.fpga.runner import build_and_test

LARGE = {"ROWS": 64, "COLS": 64, "ADC_LANES": 4, "ADCS": 4, "DACS": 8, "ROW_CHAINS": 1, "COL_CHAINS": 2}


def test_macro_afe() -> None:
    build_and_test(TOP, SOURCES, __name__, SMALL, tests="^(?!.*of_50)", internals=False)


@pytest.mark.slow
@pytest.mark.parametrize("adcs", [4, 8])
def test_busy_converters(adcs: int) -> None:
    build_and_test(TOP, SOURCES, __name__, {**LARGE, "ADCS": adcs}, tests="of_50", internals=False)


@cocotb.test()
async def nothing_is_on_before_the_dacs_are_up(dut) -> None:
    board = Board(dut)
    await board.start()
    assert board.is_safe() and int(dut.tia_short.value)
    took = await board.up()
    assert 30_000 < took < 33_000
    assert board.channels() == ([GROUND] * 16, [GROUND] * 16, 0)
    assert int(dut.rails.value) == 0 and not int(dut.oe_n.value)
    assert board.broken() == set()


@cocotb.test()
async def a_product_through_pins_is_the_nodal_solution(dut) -> None:
    analog = Analog(array())
    board = await started(dut, analog)
    rng = np.random.default_rng(5)
    mask = 0xFFF0
    for signed, polarity in ((False, 0), (True, 0), (False, 1)):
        low = -15 if signed else 0
        x = rng.integers(low, 16, (2, 10))
        lines = list(range(3, 13))
        vectors = [dict(zip(lines, map(int, row), strict=True)) for row in x]
        got = await board.multiply(vectors, mask, bits=4, polarity=polarity)
        wanted = np.array([product(analog, dict(vector), 4, polarity) for vector in vectors])[:, 4:]
        assert got.shape == (2, 12)
        assert np.abs(got - wanted).max() <= 0.51 * 15 and np.abs(wanted).max() > 300
    assert board.broken() == set()


def product(analog: Analog, vector: dict[int, int], bits: int, polarity: int) -> np.ndarray:
    """The exact sums of a vector in codes: one nodal solution a plane."""
    total, words = np.zeros(16), np.array([row in vector for row in range(16)])
    for plane in range(bits):
        volts = np.zeros(16)
        for row, code in vector.items():
            volts[row] = np.sign(code) * (abs(code) >> plane & 1) * 2621 * VOLT * (1 - 2 * polarity)
        total += 2**plane * analog.codes(analog.currents(volts, words, np.ones(16, bool)), 0)
    return total


@cocotb.test()
async def converters_never_rest_in_a_batch(dut) -> None:
    board = await started(dut, Analog(array()))
    vectors = [{row: (row * 7 + i) % 16 for row in range(16)} for i in range(4)]
    await board.multiply(vectors, 0xFFFF, bits=4)
    assert np.diff(board.began).tolist() == [1200] * (4 * 4 * 4 - 1)
    assert board.broken() == set()


@cocotb.test()
async def converters_are_busy_in_a_batch_of_50_outputs(dut) -> None:
    board = await started(dut)
    count, steps = 8, -(-50 // board.adcs)
    vectors = [{row: (row * 7 + i) % 16 for row in range(50)} for i in range(count)]
    begin = board.cycle
    got = await board.multiply(vectors, (1 << 50) - 1, bits=4)
    assert got.shape == (count, 50) and len(board.began) == count * 4 * steps
    assert np.diff(board.began).tolist() == [1200] * (count * 4 * steps - 1)
    busy = 1200 * len(board.began) / (board.cycle - begin)
    dut._log.info(f"{board.adcs} converters: busy {busy:.3f} of a request of {count} vectors")
    assert busy >= 0.95 and board.broken() == set()


@cocotb.test()
async def repeats_and_raw_planes_come_in_order(dut) -> None:
    analog = Analog(array())
    board = await started(dut, analog)
    vector = {row: row for row in range(16)}
    once = await board.multiply([vector], 0x0FF1, bits=2)
    assert (await board.multiply([vector], 0x0FF1, bits=2, repeats=4) == 4 * once).all()
    assert board.takes == 2
    raw = await board.multiply([vector, vector], 0x0FF1, bits=2, raw=1)
    assert raw.shape == (4, 9) and (raw[0] + 2 * raw[1] == once).all() and (raw[2:] == raw[:2]).all()
    assert board.takes == 6 and board.broken() == set()


@cocotb.test()
async def a_window_of_any_columns_converts_only_its_steps(dut) -> None:
    board = await started(dut, Analog(array()))
    for mask, steps in ((0x0001, 1), (0x8000, 1), (0x00FF, 2), (0x8001, 2), (0x0810, 2), (0x1111, 4)):
        board.began.clear()
        await board.multiply([{0: 1, 15: 1}], mask)
        assert len(board.began) == steps
    assert board.broken() == set()


@cocotb.test()
async def a_full_sink_holds_the_next_result_back(dut) -> None:
    board = await started(dut, Analog(array()))
    board.configure(0xFFFF, bits=1)
    dut.s_ready.value = 0
    await board.feed([{0: 1}, {1: 1}])
    await board.cycles(8_000)
    assert board.began == [] and board.takes == 0
    await RisingEdge(dut.clk)
    dut.s_ready.value = 1
    await board.idle()
    assert board.takes == 2 and board.results(0xFFFF).shape == (2, 16)
    assert board.broken() == set()


@cocotb.test()
async def the_reference_takes_the_place_of_the_array(dut) -> None:
    analog = Analog(array())
    board = await started(dut, analog)
    for level in (8000, -8000):
        got = await board.multiply([{0: 0}], 0xFFFF, reference=1, level=level, range=1)
        wanted = analog.codes(np.array(level * VOLT / analog.reference_ohm), 1)
        assert np.abs(got - wanted).max() <= 0.51
    assert int(dut.tia_range.value) == 1 and board.broken() == set()


@cocotb.test()
async def lines_of_a_read_are_where_they_belong(dut) -> None:
    board = await started(dut, Analog(array()))
    for idle, rest, gate in ((0, GROUND, 0), (1, OPEN, 0x2345), (2, BIAS, 0)):  # a sweep names its gate
        board.configure(0x00F8, bits=2, idle=idle, polarity=0, sweep=int(gate > 0), level=gate)
        board.began.clear()
        await board.feed([{2: 1, 5: -1, 9: 2}])
        await board.wait("begun", 20_000)
        rows, columns, words = board.channels()
        assert [rows[i] for i in (2, 5, 9)] == [PLUS, MINUS, GROUND] and words == 1 << 2 | 1 << 5 | 1 << 9
        assert {rows[i] for i in range(16) if i not in (2, 5, 9)} == {rest}
        assert (
            columns[3] == SENSED and columns[4:8] == [GROUND] * 4 and set(columns[:3] + columns[8:]) == {rest}
        )
        assert board.rail(0) == COMMON_CODE + 2621 and board.rail(1) == COMMON_CODE - 2621
        assert (board.rail(GATE), board.rail(COMMON)) == (COMMON_CODE + (gate or READ_GATE), COMMON_CODE)
        await board.idle()
        assert board.channels() == ([GROUND] * 16, [GROUND] * 16, 0)
        await board.cycles(200)
        assert int(dut.rails.value) == 0
    assert board.broken() == set()


@cocotb.test()
async def a_pulse_drives_its_cells_for_exactly_its_width(dut) -> None:
    board = await started(dut)
    for kind, polarity, columns_driven in (
        (FORM, 1, True),
        (SET, 1, True),
        (RESET, 0, False),
        (SET, 0, False),
    ):
        for idle, rest in ((0, GROUND), (1, OPEN), (2, BIAS)):
            dut.cfg_polarity.value, dut.cfg_idle.value = polarity, idle
            seen = cocotb.start_soon(driven(dut, board))
            await board.pulse(kind, 6, 0x0402, width=37, voltage=0xCCCD, gate=0x1234)
            width, rows, columns, words = await seen
            taken, held = (PULSE, GROUND) if columns_driven else (GROUND, PULSE)
            assert width == 37 and words == 1 << 6
            assert rows == [held if i == 6 else rest for i in range(16)]
            assert columns == [taken if i in (1, 10) else rest for i in range(16)]
            assert board.channels() == ([GROUND] * 16, [GROUND] * 16, 0) and int(dut.rails.value) == 0
    assert board.broken() == set()


async def driven(dut, board: Board) -> tuple[float, list[int], list[int], int]:
    """The width of the next pulse at the pin, and the lines in its middle."""
    await RisingEdge(dut.pulse_on)
    begin = get_sim_time("ns")
    await FallingEdge(dut.clk)
    assert (board.rail(2), board.rail(GATE), board.rail(COMMON)) == (0xCCCD, 0x1234, 0)  # the whole range
    lines = board.channels()
    await FallingEdge(dut.pulse_on)
    return (get_sim_time("ns") - begin) / 10, *lines


@cocotb.test()
async def a_pulse_that_is_withdrawn_is_not_driven(dut) -> None:
    board = await started(dut)
    for wait in (1, 100, 700, 1100, 1500):
        dut.p_valid.value, dut.p_mask.value, dut.p_voltage.value = 1, 3, 0x5000
        await board.cycles(wait)
        dut.p_valid.value = 0
        await FallingEdge(dut.clk)
        await board.idle(limit=4_000)
        assert int(dut.pulse_on.value) == 0 and int(dut.rails.value) == 0
    assert board.broken() == set()


@cocotb.test()
async def a_drop_grounds_the_lines_within_64_cycles(dut) -> None:
    board = await started(dut, Analog(array()))
    for wait in (10, 300, 700, 1000, 2000, 2600, 2900, 4000):
        board.configure(0xFFFF, bits=4)
        await board.feed([{0: 15, 3: 7}, {1: 15}])
        await board.cycles(wait)
        board.samples.clear()
        dut.drop.value = 1
        await FallingEdge(dut.clk)
        dut.drop.value = 0
        assert await board.idle(limit=64) <= 64
        assert board.channels() == ([GROUND] * 16, [GROUND] * 16, 0)
        await board.cycles(1500)
        assert board.samples == []
    got = await board.multiply([{0: 1}], 0x000F)
    assert got.shape == (1, 4) and board.broken() == set()


@cocotb.test()
async def requests_and_pulses_cost_what_the_page_says(dut) -> None:
    board = await started(dut)
    write, read, settle, mux, dac, clear = 52, 196, 300, 44, 300, 10
    board.configure(0xFFFF)
    begin = board.cycle
    await board.feed([{0: 1}])
    await board.wait("idle", 20_000)
    ready = 4 * read + 8 * write + dac
    assert board.began[0] - begin == ready + mux + settle + 10
    begin = board.cycle
    took = await board.pulse(SET, 3, 0xFFFF, width=100)
    assert took == ready + mux + 6
    assert board.cycle - begin == took + 100 + mux + 2 * clear + 2 * write + 2

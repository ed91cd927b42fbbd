# SPDX-License-Identifier: BSD-3-Clause
"""macro_afe made safe, at the pins: reset, `safe` in every phase, a drop, a lost DAC, a broken wire."""

from __future__ import annotations

import cocotb
from cocotb.triggers import FallingEdge, ValueChange
from tests.fpga.afe_analog_bench import Analog, array
from tests.fpga.afe_board_bench import GROUND, SET, SMALL, SOURCES, TOP, Board, started
from tests.fpga.runner import build_and_test


def test_afe_safe() -> None:
    build_and_test(TOP, SOURCES, __name__, SMALL, internals=False)


async def safe(dut, board: Board, *, hold: int = 5) -> None:
    """Makes the board safe: pins off in the next cycle, then rails at zero, then up again."""
    dut.safe.value = 1
    await FallingEdge(dut.clk)
    assert board.is_safe() and not int(dut.reference_on.value) and int(dut.tia_short.value)
    await board.cycles(hold)
    dut.safe.value = 0
    await board.cycles(600)
    assert board.is_safe() and int(dut.rails.value) == 0
    await board.up()
    assert board.channels() == ([GROUND] * 16, [GROUND] * 16, 0) and int(dut.rails.value) == 0


@cocotb.test()
async def a_reset_shuts_the_board_off_at_once(dut) -> None:
    board = await started(dut, Analog(array()))
    board.configure(0xFFFF, bits=4)
    await board.feed([{0: 15}])
    await board.wait("begun", 20_000)
    assert not board.is_safe()
    dut.rst_n.value = 0
    await FallingEdge(dut.clk)
    assert board.is_safe()
    await board.cycles(3)
    dut.rst_n.value = 1
    await board.up()
    assert board.channels() == ([GROUND] * 16, [GROUND] * 16, 0) and int(dut.rails.value) == 0


@cocotb.test()
async def safe_in_the_middle_of_a_read(dut) -> None:
    board = await started(dut, Analog(array()))
    for wait in (1, 250, 700, 1020, 1500, 2400, 2700, 3300):
        board.configure(0xFFFF, bits=4)
        await board.feed([{0: 15, 3: 7}, {1: 15}])
        await board.cycles(wait)
        board.samples.clear()
        await safe(dut, board)
        assert board.samples == [] and int(dut.idle.value)
    got = await board.multiply([{0: 1}], 0x000F)
    assert got.shape == (1, 4) and board.broken() == set()


@cocotb.test()
async def safe_in_the_middle_of_a_pulse(dut) -> None:
    board = await started(dut)
    for wait in (1, 300, 900, 1400):
        dut.p_valid.value, dut.p_mask.value, dut.p_voltage.value = 1, 0xFFFF, 0x5000
        await board.cycles(wait)
        dut.p_valid.value = 0
        await safe(dut, board)
    await board.cycles(10)
    dut.p_valid.value = 1
    await board.wait("p_ready", 20_000)
    await FallingEdge(dut.clk)
    dut.p_valid.value, dut.p_drive.value = 0, 1
    await board.cycles(20)
    assert int(dut.pulse_on.value)
    dut.safe.value = 1
    for _ in range(3):  # whatever the drive still asks
        await FallingEdge(dut.clk)
        assert board.is_safe()
    dut.p_drive.value = 0
    await FallingEdge(dut.clk)
    assert board.is_safe()
    dut.safe.value = 0
    await board.wait("p_done", 1_000)
    await board.up()
    await board.pulse(SET, 3, 0x0F00)
    assert board.broken() == set()


@cocotb.test()
async def a_pulse_ends_with_its_drive_whatever_else(dut) -> None:
    board = await started(dut)
    dut.p_valid.value, dut.p_mask.value, dut.p_voltage.value = 1, 0xFFFF, 0x5000
    await board.wait("p_ready", 20_000)
    await FallingEdge(dut.clk)
    dut.p_drive.value, dut.drop.value = 1, 1
    await board.cycles(50)
    assert int(dut.pulse_on.value)
    dut.p_drive.value, dut.p_valid.value = 0, 0
    await FallingEdge(dut.clk)
    assert not int(dut.pulse_on.value)
    await board.wait("p_done", 4_000)
    assert board.broken() == set()


@cocotb.test()
async def a_dac_that_browned_out_stops_the_next_operation(dut) -> None:
    board = await started(dut, Analog(array()))
    for part in range(board.dacs):
        dut.power.value = 3 & ~(1 << part)
        await board.cycles(10)
        dut.power.value = 3
        await board.cycles(16_000)
        assert not int(dut.fault.value)
        dut.power.value = 3 & ~(1 << part)
        dut.p_valid.value, dut.p_mask.value = 1, 0xFFFF
        await board.wait("fault", 2_000)
        assert board.is_safe() and int(dut.missing.value) == part and not int(dut.p_ready.value)
        dut.p_valid.value = 0
        await board.cycles(40_000)
        assert board.is_safe() and int(dut.rails.value) == 0
        dut.power.value = 3
        dut.safe.value = 1
        await board.cycles(3)
        dut.safe.value = 0
        await board.up()
        assert not int(dut.fault.value)
    got = await board.multiply([{0: 1}], 0x000F)
    assert got.shape == (1, 4)


@cocotb.test()
async def a_board_without_its_dacs_never_comes_up(dut) -> None:
    board = Board(dut)
    await board.start(power=0b10)
    await board.wait("fault", 40_000)
    assert board.is_safe() and int(dut.missing.value) == 0
    dut.p_valid.value = 1
    await board.feed([{0: 1}])
    await board.cycles(40_000)
    assert board.is_safe() and not int(dut.p_ready.value) and board.began == []


@cocotb.test()
async def a_broken_wire_of_the_spi_stops_the_next_operation(dut) -> None:
    board = await started(dut)
    for wire in range(3):  # SDO, SDI, SCLK of the second DAC
        dut.cut.value = 1 << wire
        dut.p_valid.value, dut.p_mask.value = 1, 0xFFFF
        await board.wait("fault", 2_000)
        assert board.is_safe() and int(dut.missing.value) == 1
        dut.p_valid.value, dut.cut.value, dut.safe.value = 0, 0, 1
        await board.cycles(600)
        dut.safe.value = 0
        await board.up()
        assert not int(dut.fault.value) and int(dut.rails.value) == 0
    await board.pulse(SET, 3, 0x0F00)


@cocotb.test()
async def a_code_that_did_not_arrive_is_found_before_a_line_moves(dut) -> None:
    board, moves = await started(dut), []

    async def watch() -> None:
        await ValueChange(dut.word_line)
        moves.append(board.cycle)

    for wire in (1, 2):  # SDI, SCLK of the second DAC, while the rails are written
        cocotb.start_soon(watch())
        dut.p_valid.value, dut.p_mask.value, dut.p_voltage.value = 1, 0xFFFF, 0x5000
        await board.cycles(400)
        dut.cut.value = 1 << wire
        await board.cycles(400)
        dut.cut.value = 0
        await board.wait("fault", 1_000)
        assert board.is_safe() and int(dut.missing.value) == 1
        assert not moves
        dut.p_valid.value, dut.safe.value = 0, 1
        await board.cycles(600)
        dut.safe.value = 0
        await board.up()
    await board.pulse(SET, 3, 0x0F00)


@cocotb.test()
async def rails_are_at_zero_while_safe_lasts(dut) -> None:
    board = await started(dut)
    dut.p_valid.value, dut.p_mask.value, dut.p_voltage.value = 1, 0xFFFF, 0x5000
    await board.wait("p_ready", 20_000)
    assert int(dut.rails.value)
    dut.p_valid.value, dut.safe.value = 0, 1
    await board.cycles(600)
    assert board.is_safe() and int(dut.rails.value) == 0
    await board.cycles(40_000)
    assert board.is_safe() and int(dut.rails.value) == 0
    dut.safe.value = 0
    await board.up()
    assert board.broken() == set()


@cocotb.test()
async def safe_in_the_middle_of_bring_up_speaks_to_no_part_that_comes_out_of_reset(dut) -> None:
    board = Board(dut)
    await board.start()
    for wait in (10, 15_020, 15_300, 29_000, 30_500):
        await board.cycles(wait)
        assert board.is_safe()
        dut.safe.value = 1
        await FallingEdge(dut.clk)
        assert board.is_safe()
        await board.cycles(200)
        dut.safe.value = 0
    await board.up()
    assert board.broken() == set() and int(dut.rails.value) == 0
    await board.pulse(SET, 3, 0x0F00)
    assert board.broken() == set()

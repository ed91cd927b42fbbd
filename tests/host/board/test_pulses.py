# SPDX-License-Identifier: BSD-3-Clause
"""Pulses need a permission, on the host and, independently, on the board."""

from dataclasses import replace

import numpy as np
import pytest
from board_bench import ARM, NOMINAL, SMALL

import ohmloop
from ohmloop._map import Opcode, Pulse, Register
from ohmloop.board import Board, Macro
from ohmloop.errors import LimitError, NotArmed, SafeLatched
from ohmloop.link.messages import PulseRequest, largest_reply_words


def pulses_since_boot(board: Board) -> int:
    return board.read_registers(Register.PULSES_SINCE_BOOT)[0]


def raw_pulse(macro: Macro, **change) -> None:
    """Sends a pulse past the host's own checks."""
    window = macro[0:2, 0:3]
    request = PulseRequest(
        kind=Pulse.FORM,
        macro=0,
        voltage_code=macro.profile.volts_to_dac_codes(3.42),
        gate_code=macro.profile.volts_to_dac_codes(1.5),
        width_cycles=600,
        operation_index=0,
        pulses=1,
        rows=window.row_lineup.axis,
        columns=window.column_lineup.axis,
    )
    request = replace(request, **change)
    macro._core.call(Opcode.PULSE, request.encode(), largest_reply_words(request), "form")


def test_forming_breaks_cells_and_counts_pulses(macro: Macro) -> None:
    window = macro[:, :]
    with macro.board.armed(window, **ARM) as permission:
        result = macro.form(window, **NOMINAL)
        assert permission.pulses_left == 0
    assert (result.rows_done, result.pulses_given) == (64, 4096)
    g_codes = macro.dump_g_codes(window)
    assert 0.4 < np.mean(g_codes < macro.profile.formed_floor) < 0.6
    assert pulses_since_boot(macro.board) == 4096


def test_forming_a_split_window_equals_forming_it_at_once(macro: Macro) -> None:
    long = NOMINAL | {"width_s": 0.009}
    with macro.board.armed(macro[:, :], **ARM):
        before = macro.board.stats.frames_sent
        macro.form(macro[:, :], **long)
        assert macro.board.stats.frames_sent - before == 2
    with ohmloop.open(SMALL, chip="tmp:seed:3") as other:
        with other.armed(other.macro[:, :], **ARM):
            for row in range(64):
                other.macro.form(other.macro[row, :], **long)
        assert np.array_equal(other.macro.dump_g_codes(other.macro[:, :]), macro.dump_g_codes(macro[:, :]))


def test_reset_lowers_formed_cells_only(macro: Macro) -> None:
    window = macro[10:20, ::-1]
    macro.load_g_codes(np.tile([500, 4], (10, 32)), window)
    with macro.board.armed(window, **(ARM | {"ops": "reset", "max_voltage_v": 1.6})):
        result = macro.reset(window, voltage_v=1.5, gate_v=2.0, width_s=1e-5)
    g_codes = macro.dump_g_codes(window)
    assert result.pulses_given == 640
    assert np.all(g_codes[:, 0::2] < 500) and np.all(g_codes[:, 0::2] >= macro.profile.formed_floor)
    assert np.all(g_codes[:, 1::2] == 4)


def test_driven_values_are_reported_as_driven(macro: Macro) -> None:
    with macro.board.armed(macro[:, :], **ARM):
        result = macro.form(macro[:1, :1], voltage_v=3.41234, gate_v=1.5, width_s=1.001e-5, pulses=3)
    assert result.voltage_v == pytest.approx(3.41234, abs=4e-5) and result.voltage_v != 3.41234
    assert result.width_s == pytest.approx(601 / 60e6) and result.pulses_given == 3
    assert repr(result).startswith("EMULATED FormResult(1 rows")


def test_an_unarmed_pulse_is_refused_by_the_host(macro: Macro) -> None:
    before = macro.board.stats.frames_sent
    with pytest.raises(NotArmed, match=r"board\.armed"):
        macro.form(macro[:2, :2], **NOMINAL)
    assert macro.board.stats.frames_sent == before


def test_an_unarmed_pulse_is_refused_by_the_board(macro: Macro) -> None:
    with pytest.raises(NotArmed, match="refused by the board"):
        raw_pulse(macro)
    assert pulses_since_boot(macro.board) == 0


@pytest.mark.parametrize(
    ("change", "error", "unit"),
    [
        ({"voltage_code": 65535}, LimitError, "V"),
        ({"voltage_code": 50000}, LimitError, "V"),
        ({"gate_code": 65535}, LimitError, "V"),
        ({"width_cycles": 2**31}, LimitError, "s"),
        ({"kind": Pulse.RESET}, NotArmed, ""),
        ({"pulses": 4000}, NotArmed, "cell pulses"),
    ],
)
def test_the_board_refuses_what_the_host_let_through(macro, change, error, unit: str) -> None:
    with macro.board.armed(macro[:, :], **ARM), pytest.raises(error, match="refused by the board") as caught:
        raw_pulse(macro, **change)
    assert caught.value.unit == unit and caught.value.where == "form"
    assert pulses_since_boot(macro.board) == 0


def test_the_board_refuses_a_window_outside_its_token(macro: Macro) -> None:
    with macro.board.armed(macro[1:, :], **ARM), pytest.raises(NotArmed, match="first in row 0"):
        raw_pulse(macro)


def test_each_kind_keeps_its_own_limit_under_one_permission(macro: Macro) -> None:
    with macro.board.armed(macro[:, :], **(ARM | {"ops": ["form", "reset"]})):
        with pytest.raises(LimitError, match=r"reset: voltage_v: 2.6 V asked, limit 2.5 V"):
            macro.reset(macro[0, 0], voltage_v=2.6, gate_v=1.5, width_s=1e-5)


@pytest.mark.parametrize(
    ("call", "where"),
    [
        (lambda m: m.form(m[3:6, :], **NOMINAL), "window"),
        (lambda m: m.form(m[4, :], **NOMINAL), "window"),
        (lambda m: m.reset(m[5, :2], voltage_v=1.5, gate_v=1.5, width_s=1e-5), "ops"),
        (lambda m: m.form(m[5, :2], **NOMINAL, pulses=9), "max_pulses"),
        (lambda m: m.form(m[5, :2], **(NOMINAL | {"voltage_v": 3.75})), "voltage_v"),
    ],
)
def test_what_is_outside_the_permission_is_refused(macro: Macro, call, where: str) -> None:
    with macro.board.armed(macro[3:6:2, :], **(ARM | {"max_pulses": 17})):
        with pytest.raises((NotArmed, LimitError)) as caught:
            call(macro)
    assert caught.value.where == where
    assert pulses_since_boot(macro.board) == 0


def test_the_permission_ends_with_its_block(board: Board) -> None:
    with board.armed(board.macro[:, :], **ARM):
        assert board.state.is_armed
    assert not board.state.is_armed
    with pytest.raises(NotArmed):
        board.macro.form(board.macro[0, 0], **NOMINAL)


def test_the_permission_ends_with_an_exception(board: Board) -> None:
    with pytest.raises(ZeroDivisionError), board.armed(board.macro[:, :], **ARM):
        raise ZeroDivisionError
    assert not board.state.is_armed and not board.state.is_safe_latched


def test_a_permission_inside_a_permission_is_refused(board: Board) -> None:
    with board.armed(board.macro[:, :], **ARM):
        with pytest.raises(NotArmed, match="already armed"), board.armed(board.macro[:, :], **ARM):
            pass
        assert board.state.is_armed


def test_a_latched_board_is_not_armed(board: Board) -> None:
    board.safe()
    with pytest.raises(SafeLatched), board.armed(board.macro[:, :], **ARM):
        pass
    board.clear_safe()
    with board.armed(board.macro[:, :], **ARM):
        assert board.state.is_armed


def test_an_expired_permission_is_refused_by_the_board(board: Board) -> None:
    macro = board.macro
    with board.armed(macro[:, :], **(ARM | {"expires_s": 1e-4, "max_pulses": 10**6})):
        with pytest.raises(ohmloop.OhmloopError) as caught:
            for _ in range(10):
                macro.form(macro[:, :], **NOMINAL)
    assert isinstance(caught.value, NotArmed | ohmloop.Aborted)

# SPDX-License-Identifier: BSD-3-Clause
"""The board is safe after every exit, looked at through its STATE register before the wire closes."""

import signal
import threading
import time

import numpy as np
import pytest
from board_bench import ARM, NOMINAL, SMALL

import ohmloop
from ohmloop._map import Field, Opcode, Register
from ohmloop.board import Board, Macro
from ohmloop.board import core as core_module
from ohmloop.errors import Aborted, BoardLost, SafeLatched
from ohmloop.link.messages import largest_reply_words, pack_words, unpack_words
from ohmloop.link.session import Session

UNSAFE = 1 << Field.STATE_ARMED | 1 << Field.STATE_DRIVING | 1 << Field.STATE_BUSY
LATCHED = 1 << Field.STATE_SAFE_LATCHED


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """STATE words of boards as they were left."""
    states: list[int] = []
    close = Session.close

    def close_looking(session: Session) -> None:
        request = (Opcode.REG_READ, pack_words(Register.STATE, 1), largest_reply_words(1))
        states.append(unpack_words(session.call(*request).payload)[0])
        close(session)

    monkeypatch.setattr(Session, "close", close_looking)
    return states


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("armed", [False, True])
def test_every_exit_is_safe(left: list[int], error: type[BaseException] | None, armed: bool) -> None:
    def use() -> None:
        with ohmloop.open(SMALL) as board:
            if not armed:
                if error:
                    raise error
                return
            with board.armed(board.macro[:, :], **ARM):
                board.macro.form(board.macro[:2, :], **NOMINAL)
                if error:
                    raise error

    if error is None:
        use()
    else:
        with pytest.raises(error):
            use()
    assert len(left) == 1 and left[0] & LATCHED and not left[0] & UNSAFE


def test_a_board_that_is_dropped_is_left_safe(left: list[int]) -> None:
    import gc

    ohmloop.open(SMALL)
    gc.collect()
    assert len(left) == 1 and left[0] & LATCHED and not left[0] & UNSAFE


def test_ctrl_c_while_forming_stops_and_latches(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), board.armed(board.macro[:, :], **ARM):
        monkeypatch.setattr(core_module, "require_ok", interrupted)
        board.macro.form(board.macro[:, :], **NOMINAL)
    monkeypatch.undo()
    state = board.state
    assert state.is_safe_latched and not state.is_armed and not state.is_driving


def test_ctrl_c_is_not_hidden_by_a_board_that_is_gone(board: Board) -> None:
    with pytest.raises(KeyboardInterrupt), board.armed(board.macro[:, :], **ARM):
        board._core.session.close()
        raise KeyboardInterrupt


def test_a_closed_board_says_so(board: Board) -> None:
    board.close()
    board.close()
    with pytest.raises(BoardLost, match="closed"):
        board.macro.read_adc_codes(board.macro[0, 0])


def test_a_latched_board_reads_nothing_until_cleared(board: Board) -> None:
    board.safe()
    with pytest.raises(SafeLatched, match="clear_safe"):
        board.macro.read_adc_codes(board.macro[:2, :2])
    assert board.state.is_safe_latched
    board.clear_safe()
    assert board.macro.read_adc_codes(board.macro[:2, :2]).shape == (2, 2)


def keep_multiplying(macro: Macro, until_s: float) -> None:
    end_s = time.monotonic() + until_s
    while time.monotonic() < end_s:
        macro.mac(np.ones((400, 64), np.uint8), macro[:, :])
    pytest.fail("nothing stopped the work")


def test_safe_from_a_signal_handler_stops_the_work(board: Board) -> None:
    before = signal.signal(signal.SIGALRM, lambda *_: board.safe())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises((SafeLatched, Aborted)):
            keep_multiplying(board.macro, 20)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert board.state.is_safe_latched


def test_safe_from_another_thread_stops_the_work(board: Board) -> None:
    timer = threading.Timer(0.1, board.safe)
    timer.start()
    try:
        with pytest.raises((SafeLatched, Aborted)):
            keep_multiplying(board.macro, 20)
    finally:
        timer.join()
    assert board.state.is_safe_latched


def test_open_touches_no_output(left: list[int]) -> None:
    with ohmloop.open(SMALL) as board:
        assert board.identity.pulses_since_boot == 0
        state = board.state
        assert state.is_locked and not (state.is_armed or state.is_driving or state.is_busy)
        assert board.read_registers(Register.PULSES_SINCE_BOOT) == (0,)

# SPDX-License-Identifier: BSD-3-Clause
"""A call that ends early says how much of it, over all its requests, was done."""

import struct

import numpy as np
import pytest
from board_bench import ARM, NOMINAL

import ohmloop
from ohmloop._map import Opcode, Register, Status
from ohmloop.board import Board, Macro
from ohmloop.board import core as core_module
from ohmloop.board import stream as stream_module
from ohmloop.board.statuses import require_ok
from ohmloop.board.tally import Tally
from ohmloop.errors import Aborted, BoardLost, NotArmed, SafeLatched
from ohmloop.link.session import Reply
from ohmloop.profile import load_profile

LONG = NOMINAL | {"width_s": 0.009}  # 33 rows a request


@pytest.fixture
def safe_after_third(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """SAFE leaves, as from another thread, when three requests of a call are answered."""
    seen = []

    def looked_at(reply: Reply, *more: object) -> None:
        require_ok(reply, *more)
        seen.append(reply)
        if len(seen) == 3:
            board.safe()

    monkeypatch.setattr(core_module, "require_ok", looked_at)


def test_a_token_that_ends_in_the_second_request_leaves_the_count_of_both(macro: Macro) -> None:
    board, before = macro.board, macro.dump_g_codes(macro[:, :])
    with board.armed(macro[:, :], **(ARM | {"expires_s": 0.4})), pytest.raises(Aborted) as caught:
        macro.form(macro[:, :], **LONG)
    error = caught.value
    assert 33 < error.rows_done == error.value <= 1 + 0.4 / 0.009
    assert error.pulses_given == 64 * error.rows_done == board.read_registers(Register.PULSES_SINCE_BOOT)[0]
    assert (error.limit, error.unit, error.where, error.started) == (64, "rows", "form", True)
    assert f"{error.rows_done} of 64 rows done, {error.pulses_given} cell pulses given" in str(error)
    changed = (macro.dump_g_codes(macro[:, :]) != before).any(axis=1)
    assert changed[: error.rows_done].all() and not changed[error.rows_done :].any()


def test_a_refusal_after_pulses_does_not_say_that_nothing_was_driven(macro: Macro) -> None:
    """The token ends between the first request and the second: the second is refused, the first was given."""
    with (
        macro.board.armed(macro[:, :], **(ARM | {"expires_s": 33 * 0.009})),
        pytest.raises(Aborted) as caught,
    ):
        macro.form(macro[:, :], **LONG)
    given = macro.board.read_registers(Register.PULSES_SINCE_BOOT)[0]
    assert caught.value.pulses_given == given > 0
    assert caught.value.value == given // 64


def test_products_that_safe_has_stopped_are_counted(
    macro: Macro, safe_after_third: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    decode = stream_module.VectorReply.decode

    def counted(payload: bytes, shape: tuple[int, int], width: int) -> object:
        decoded.append(shape[0])
        return decode(payload, shape, width)

    monkeypatch.setattr(stream_module.VectorReply, "decode", counted)
    with pytest.raises(Aborted) as caught:
        macro.mac(np.ones((900, 64), np.uint8), macro[:, :])
    error = caught.value
    assert error.value == error.rows_done == sum(decoded) and len(decoded) > 2
    assert (error.limit, error.unit) == (900, "vectors")
    assert f"{error.value} of 900 vectors done" in str(error)
    assert isinstance(error.__cause__, SafeLatched)


def test_cells_that_were_loaded_before_safe_are_counted(
    macro: Macro, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operation limit ends the second of several requests."""
    board, codes = macro.board, np.full((64, 64), 700)
    last = []

    def looked_at(reply: Reply, *more: object) -> None:
        stopped = Reply(reply.opcode, Status.ABORTED, struct.pack("<3I", 1, 2, 0), reply.state)
        last.append(reply)
        require_ok(stopped if len(last) == 3 else reply, *more)

    monkeypatch.setattr(core_module, "require_ok", looked_at)
    with pytest.raises(Aborted) as caught:
        macro.load_g_codes(codes, macro[:, :])
    each = (board.identity.max_payload // 4 - 37) // 32
    assert (caught.value.value, caught.value.limit, caught.value.unit) == (2 * each + 2, 64, "rows")


def test_planes_of_a_vector_make_no_vector() -> None:
    tally = Tally("MAC_RAW", 40, "vectors", each=8)
    tally.add(80)
    reply = Reply(Opcode.MAC_RAW, Status.ABORTED, struct.pack("<3I", 1, 15, 0), 0)
    with pytest.raises(Aborted) as caught:
        require_ok(reply, "MAC_RAW", load_profile(), tally)
    assert caught.value.value == (80 + 15) // 8 == 11


def test_a_queued_first_request_has_driven_nothing() -> None:
    reply = Reply(Opcode.PULSE, Status.ABORTED, struct.pack("<3I", 0, 0, 0), 0)
    with pytest.raises(Aborted, match="nothing was driven") as caught:
        require_ok(reply, "form", load_profile(), Tally("form", 64, "rows"))
    assert (caught.value.started, caught.value.value, caught.value.limit) == (False, 0, 64)


def test_a_board_that_is_lost_in_a_call_leaves_what_was_answered_as_a_note(
    macro: Macro, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def cut_after_second(reply: Reply, *more: object) -> None:
        require_ok(reply, *more)
        seen.append(reply)
        if len(seen) == 2:
            macro.board._core.session.close()

    monkeypatch.setattr(core_module, "require_ok", cut_after_second)
    with pytest.raises(BoardLost) as caught:
        macro.mac(np.ones((900, 64), np.uint8), macro[:, :])
    assert any("of 900 vectors done" in note for note in caught.value.__notes__)
    assert (caught.value.value, caught.value.limit) == ("closed", "open")


# What was asked and what was there, on errors that had said neither


def test_a_latched_board_says_what_it_is(board: Board) -> None:
    board.safe()
    with pytest.raises(SafeLatched) as caught:
        board.macro.read_adc_codes(board.macro[0, 0])
    assert (caught.value.value, caught.value.limit) == ("safe latched", "not latched")


def test_not_armed_says_what_was_asked_and_what_holds(board: Board) -> None:
    with pytest.raises(NotArmed) as caught:
        board.macro.form(board.macro[0, 0], **NOMINAL)
    assert (caught.value.value, caught.value.limit) == ("form", "not armed")
    with board.armed(board.macro[:2, :], **ARM):
        with pytest.raises(NotArmed) as caught, board.armed(board.macro[4:, :], **ARM):
            pass
    assert caught.value.value == "Window(rows 4..63, columns 0..63)"
    assert caught.value.limit == "Window(rows 0..1, columns 0..63)"


@pytest.mark.parametrize(
    ("status", "words", "value", "limit"),
    [
        (Status.NOT_ARMED, (0, 0), "form", "not armed"),
        (Status.TOKEN_EXPIRED, (0, 0), "form", "a permission whose time is over"),
        (Status.OPERATION_NOT_ARMED, (2, 1), "reset", "form"),
        (Status.OUTSIDE_TOKEN, (7, 0), "row 7", "the armed window"),
        (Status.PULSE_BUDGET, (40, 3), 40, 3),
    ],
)
def test_a_board_s_refusal_says_what_was_asked(status: Status, words, value, limit) -> None:
    reply = Reply(Opcode.PULSE, status, struct.pack("<3I", *words, 0), 0)
    with pytest.raises(NotArmed) as caught:
        require_ok(reply, "form", load_profile())
    assert (caught.value.value, caught.value.limit) == (value, limit)


def test_a_closed_board_says_that_it_is_closed(board: Board) -> None:
    board.close()
    with pytest.raises(ohmloop.BoardLost) as caught:
        board.macro.read_adc_codes(board.macro[0, 0])
    assert (caught.value.value, caught.value.limit) == ("closed", "open")

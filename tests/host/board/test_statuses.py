# SPDX-License-Identifier: BSD-3-Clause
"""Every status of a reply is a typed error that says what was asked."""

import struct

import pytest

from ohmloop._map import Field, Opcode, Status
from ohmloop.board.statuses import require_ok
from ohmloop.errors import (
    Aborted,
    LimitError,
    NotArmed,
    NotEmulated,
    OhmloopError,
    Refused,
    SafeLatched,
)
from ohmloop.link.session import Reply
from ohmloop.profile import load_profile

PROFILE = load_profile()
TYPES = {
    Status.ABORTED: Aborted,
    Status.OPERATION_TIMEOUT: Aborted,
    Status.FIRMWARE_FAULT: Aborted,
    Status.MACRO_TIMEOUT: Aborted,
    Status.SAFE_LATCHED: SafeLatched,
    Status.NOT_ARMED: NotArmed,
    Status.TOKEN_EXPIRED: NotArmed,
    Status.OPERATION_NOT_ARMED: NotArmed,
    Status.OUTSIDE_TOKEN: NotArmed,
    Status.PULSE_BUDGET: NotArmed,
    Status.OVER_VOLTAGE_LIMIT: LimitError,
    Status.OVER_TOKEN_VOLTAGE: LimitError,
    Status.OVER_GATE_LIMIT: LimitError,
    Status.OVER_READ_LIMIT: LimitError,
    Status.OVER_WIDTH_LIMIT: LimitError,
    Status.LIMITS_MISMATCH: LimitError,
    Status.LIMITS_LOCKED: LimitError,
    Status.OVER_CEILING: LimitError,
}


def error_of(status: Status, *words: int, opcode: Opcode = Opcode.PULSE, state: int = 0) -> OhmloopError:
    reply = Reply(opcode, status, struct.pack(f"<{len(words)}I", *words), state)
    with pytest.raises(OhmloopError) as caught:
        require_ok(reply, "form", PROFILE)
    return caught.value


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.OK])
def test_every_status_has_its_type_and_place(status: Status) -> None:
    error = error_of(status, 1, 2, 3)
    assert type(error) is TYPES.get(status, Refused)
    assert error.where == "form" and str(error).startswith("form: ")


def test_ok_is_no_error() -> None:
    require_ok(Reply(Opcode.PULSE, Status.OK, b"", 0), "form", PROFILE)


def test_codes_come_back_as_volts() -> None:
    error = error_of(Status.OVER_VOLTAGE_LIMIT, 49152, 32768, 1)
    assert (error.value, error.limit, error.unit) == (3.75, 2.5, "V")
    assert "3.75 V asked, limit 2.5 V" in str(error)


def test_cycles_come_back_as_seconds() -> None:
    error = error_of(Status.OVER_WIDTH_LIMIT, 600, 60, 2)
    assert (error.value, error.limit, error.unit) == (1e-5, 1e-6, "s")


def test_a_stopped_operation_says_what_had_been_driven() -> None:
    error = error_of(Status.ABORTED, 1, 12, 600)
    assert (error.started, error.rows_done, error.pulses_given) == (True, 12, 600)
    assert "600 cell pulses given" in str(error)
    assert "nothing was driven" in str(error_of(Status.ABORTED, 0, 0, 0))


def test_a_watchdog_s_latch_is_named() -> None:
    tripped = 1 << Field.STATE_WATCHDOG_TRIPPED
    assert "watchdog" in str(error_of(Status.SAFE_LATCHED, 0, 0, 0, state=tripped))
    assert "watchdog" not in str(error_of(Status.SAFE_LATCHED, 0, 0, 0))


def test_a_chip_that_knows_no_cell_load_is_told_so() -> None:
    assert isinstance(error_of(Status.UNKNOWN_OPCODE, 21, 0, 0, opcode=Opcode.CELL_LOAD), NotEmulated)


def test_an_unexpected_status_keeps_its_code_and_words() -> None:
    error = error_of(Status.BAD_FIELD, 9, 8, 4)
    assert (error.value, error.limit, error.status) == (9, 8, Status.BAD_FIELD)

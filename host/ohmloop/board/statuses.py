# SPDX-License-Identifier: BSD-3-Clause
"""Status codes of replies to typed errors that say what was asked, the limit, the unit and the place."""

from __future__ import annotations

from typing import Final, Protocol

from ohmloop._map import Field, Opcode, Pulse, Status
from ohmloop.board.tally import Tally
from ohmloop.errors import Aborted, LimitError, NotArmed, NotEmulated, OhmloopError, Refused, SafeLatched
from ohmloop.link.messages import COUNT_WORDS, unpack_words
from ohmloop.profile import Profile

_NOT_ARMED: Final = {
    Status.NOT_ARMED: "the board is not armed; use `with board.armed(...)`",
    Status.TOKEN_EXPIRED: "the permission's time is over",
    Status.OPERATION_NOT_ARMED: "the permission does not name this operation",
    Status.OUTSIDE_TOKEN: "a cell lies outside the armed window, first in row {value}",
    Status.PULSE_BUDGET: "{value} cell pulses asked, {limit} left of the permission",
}
_VOLTS: Final = {
    Status.OVER_VOLTAGE_LIMIT: "pulse voltage",
    Status.OVER_TOKEN_VOLTAGE: "pulse voltage against the permission",
    Status.OVER_GATE_LIMIT: "gate voltage",
    Status.OVER_READ_LIMIT: "read voltage",
}
_LIMITS: Final = {
    Status.LIMITS_MISMATCH: "other limits expected than the board holds (hash {value:#x}, {limit:#x})",
    Status.LIMITS_LOCKED: "a locked limit can only be lowered: {value} asked, {limit} held",
    Status.OVER_CEILING: "limit {value} asked, the board's ceiling is {limit}",
}
_STOPPED: Final = {
    Status.ABORTED: "stopped safe",
    Status.OPERATION_TIMEOUT: "stopped by its time limit",
    Status.FIRMWARE_FAULT: "stopped by a fault of the board's firmware",
    Status.MACRO_TIMEOUT: "stopped, the macro did not answer in time",
}
_CELLS: Final = (Opcode.CELL_LOAD, Opcode.CELL_DUMP)


class ReplyLike(Protocol):
    """What of a reply is looked at here."""

    @property
    def opcode(self) -> int:
        """Opcode of the request."""

    @property
    def status(self) -> int:
        """Status code."""

    @property
    def payload(self) -> bytes:
        """Payload."""

    @property
    def state(self) -> int:
        """Bits 7:0 of the STATE register."""


def require_ok(reply: ReplyLike, what: str, profile: Profile, tally: Tally | None = None) -> None:
    """Raises the typed error of a reply unless its status is OK.

    Args:
        reply: what the board answered.
        what: the operation, for the message.
        profile: turns codes into volts.
        tally: of the call that the request is a part of. Once an earlier part was executed, every refusal
            is an Aborted that counts the whole call.
    """
    if reply.status == Status.OK:
        return
    error = _error_of(reply, what, profile, tally)
    if tally is not None and tally.has_begun and not isinstance(error, Aborted):
        raise tally.aborted(f"stopped ({str(error).removeprefix(f'{what}: ')})") from error
    raise error


def _error_of(reply: ReplyLike, what: str, profile: Profile, tally: Tally | None) -> OhmloopError:
    status = Status(reply.status)
    words = unpack_words(reply.payload[: 4 * COUNT_WORDS])
    value, limit, place = (*words, 0, 0, 0)[:3]
    if status in _STOPPED:
        counted = Tally(what, None, "rows or vectors") if tally is None else tally
        reason = _STOPPED[status] + _cause(reply.state)
        return counted.aborted(reason, started=bool(value), results=limit, pulses=place)
    if status is Status.SAFE_LATCHED:
        text = f"{what}: the board is latched safe{_cause(reply.state)}; `board.clear_safe()` releases it"
        return SafeLatched(text, value=_state_names(reply.state), limit="not latched", where=what)
    if status in _NOT_ARMED:
        return _not_armed(status, what, value, limit)
    if status is Status.UNKNOWN_OPCODE and reply.opcode in _CELLS:
        return NotEmulated(f"{what}: the macro is a chip; its cells are not written by fiat", where=what)
    over = _over_limit(status, value, limit, what, profile)
    if over is not None:
        return over
    text = f"{what}: {status.name}: {value} asked, limit {limit}, payload word {place}"
    return Refused(text, value=value, limit=limit, where=what, status=int(status))


def _over_limit(status: Status, value: int, limit: int, what: str, profile: Profile) -> LimitError | None:
    if status in _VOLTS:
        name, unit = _VOLTS[status], "V"
        asked, most = profile.dac_codes_to_volts(value), profile.dac_codes_to_volts(limit)
    elif status is Status.OVER_WIDTH_LIMIT:
        name, unit = "pulse", "s"
        asked, most = profile.cycles_to_seconds(value), profile.cycles_to_seconds(limit)
    elif status in _LIMITS:
        text = f"{what}: {_LIMITS[status].format(value=value, limit=limit)}"
        return LimitError(text, value=value, limit=limit, where=what)
    else:
        return None
    text = f"{what}: {name} {asked:.4g} {unit} asked, limit {most:.4g} {unit} (refused by the board)"
    return LimitError(text, value=asked, limit=most, unit=unit, where=what)


def _not_armed(status: Status, what: str, value: int, limit: int) -> NotArmed:
    text = f"{what}: {_NOT_ARMED[status].format(value=value, limit=limit)} (refused by the board)"
    unit = ""
    asked: object = what
    permitted: object = "not armed"
    if status is Status.TOKEN_EXPIRED:
        permitted = "a permission whose time is over"
    elif status is Status.OPERATION_NOT_ARMED:
        asked = _pulse_names(1 << value)
        permitted = _pulse_names(limit)
    elif status is Status.OUTSIDE_TOKEN:
        asked, permitted = f"row {value}", "the armed window"
    elif status is Status.PULSE_BUDGET:
        asked, permitted, unit = value, limit, "cell pulses"
    return NotArmed(text, value=asked, limit=permitted, unit=unit, where=what)


def _pulse_names(bits: int) -> str:
    return ", ".join(kind.name.lower() for kind in Pulse if bits >> kind & 1) or "none"


def _state_names(state: int) -> str:
    names = {"safe latched": Field.STATE_SAFE_LATCHED, "watchdog tripped": Field.STATE_WATCHDOG_TRIPPED}
    return ", ".join(name for name, field in names.items() if state >> field & 1) or "safe latched"


def _cause(state: int) -> str:
    tripped = state >> Field.STATE_WATCHDOG_TRIPPED & 1
    return " (its watchdog: the host was silent too long)" if tripped else ""

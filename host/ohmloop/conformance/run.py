# SPDX-License-Identifier: BSD-3-Clause
"""A board to rows: rules kept, broken, or not tried."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Final

from ohmloop._map import PROTOCOL_VERSION, Field, Opcode, Register, Status
from ohmloop.conformance import faults, numbers, pulses, safety, vectors, wrap
from ohmloop.conformance.peer import Peer
from ohmloop.conformance.rules import READER, SAFE_STATE, Permission, Rule, Trial
from ohmloop.conformance.verdicts import Broken, NotRun
from ohmloop.errors import BoardLost
from ohmloop.link.messages import Identity, pack_words, unpack_words
from ohmloop.link.wires import Wire

FORMAT: Final = "ohmloop-conformance-1"
LIMIT_S: Final = 2.0
LAST: Final = "the board is left safe"
_OWNED: Final = ("twin://", "sim://")
_SAFE_BITS: Final = 1 << Field.STATE_SAFE_LATCHED | 1 << Field.STATE_ARMED
_NOBODY: Final = Identity(0, ())


class Verdict(StrEnum):
    """How a rule ended."""

    PASS = "pass"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `section` is that of docs/protocol.md."""

    rule: str
    section: str
    verdict: Verdict
    detail: str


@dataclass(slots=True)
class Report:
    """All rows of one board, as far as they were tried."""

    url: str
    identity: Identity = _NOBODY
    rows: list[Row] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """No rule is broken."""
        return not self.count(Verdict.FAIL)

    def count(self, verdict: Verdict) -> int:
        """Returns how many rules ended so."""
        return sum(row.verdict == verdict for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Returns the report as plain objects."""
        told = self.identity
        return {
            "format": FORMAT,
            "protocol_version": PROTOCOL_VERSION,
            "url": self.url,
            "board": {
                "uid": f"{told.uid:016x}",
                "boot_id": f"{told.boot_id:08x}",
                "map_hash": f"{told.map_hash:08x}",
                "build_hash": f"{told.build_hash:08x}",
                "firmware_crc": f"{told.firmware_crc:08x}",
                "emulated": told.emulated,
                "simulated": told.simulated,
                "read_only": told.read_only,
                "macros": [[macro.rows, macro.columns] for macro in told.macros],
                "max_payload": told.max_payload,
            },
            "counts": {verdict.value: self.count(verdict) for verdict in Verdict},
            "rows": [
                {"rule": row.rule, "section": row.section, "verdict": row.verdict.value, "detail": row.detail}
                for row in self.rows
            ],
        }


def rules() -> list[Rule]:
    """Returns every rule, in the order in which they are tried; NotPrepared without the vectors' file."""
    modules = (vectors, numbers, wrap, safety, pulses, faults)
    found = [rule for module in modules for rule in module.rules()] + safety.last_rules()
    return sorted(found, key=lambda rule: not rule.closed)  # what needs a closed board comes first


def examine(
    wire: Wire, report: Report, permission: Permission, *, limit_s: float = LIMIT_S, seed: int = 0
) -> Generator[Row, None, None]:
    """Tries every rule on the board at the end of a wire, into a report; the board is left safe.

    Args:
        wire: open; it stays open.
        report: takes the identity and the rows.
        permission: what may be done beyond asking.
        limit_s: longest wait for an answer, by the wire's clock.
        seed: of the faults.

    Yields:
        A row for every rule as it ends.
    """
    peer = Peer(wire, limit_s)
    owned, lost = wire.url.startswith(_OWNED), ""
    try:
        for rule in rules():
            trial = Trial(peer, report.identity, permission, owned, Random(seed))
            row, lost = _tried(rule, trial, report, lost)
            report.rows.append(row)
            yield row
        report.rows.append(_left_safe(peer, lost))
        yield report.rows[-1]
    finally:
        with suppress(Broken, BoardLost):  # a board that is gone has its watchdog
            peer.urgent(Opcode.SAFE)


def _tried(rule: Rule, trial: Trial, report: Report, lost: str) -> tuple[Row, str]:
    """Returns a rule's row, and why no further one can be tried."""
    verdict, detail = Verdict.PASS, ""
    try:
        if lost:
            raise NotRun(lost)
        if not rule.closed:
            report.identity = trial.identity = trial.peer.open()
        if rule.drives and trial.identity.read_only:
            raise NotRun(READER)
        detail = rule.run(trial)
    except NotRun as reason:
        verdict, detail = Verdict.SKIPPED, str(reason)
    except Broken as seen:
        verdict, detail = Verdict.FAIL, str(seen)
    except BoardLost as error:
        verdict, detail, lost = Verdict.FAIL, str(error), "the board is lost"
    return Row(rule.name, rule.section, verdict, detail), lost


def _left_safe(peer: Peer, lost: str) -> Row:
    """The last row: SAFE is confirmed, and the board says that it is latched and disarmed."""
    if lost:
        return Row(LAST, SAFE_STATE, Verdict.SKIPPED, lost)
    try:
        peer.open()
        answer = peer.urgent(Opcode.SAFE)
        reply = peer.call(Opcode.REG_READ, pack_words(Register.STATE, 1))
        state = unpack_words(reply.payload)[0]
        safe = answer.status == Status.OK and state & _SAFE_BITS == 1 << Field.STATE_SAFE_LATCHED
    except (Broken, BoardLost, IndexError) as error:
        return Row(LAST, SAFE_STATE, Verdict.FAIL, str(error))
    return Row(LAST, SAFE_STATE, Verdict.PASS if safe else Verdict.FAIL, f"STATE {state:#04x} after SAFE")

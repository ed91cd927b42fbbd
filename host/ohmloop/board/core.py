# SPDX-License-Identifier: BSD-3-Clause
"""What a Board and its Macros share: the session, what the board is, and what it may do."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop._map import MAX_LINES, RANGES, Opcode, Register, Table
from ohmloop.board.arming import MAX_WORD, Permission
from ohmloop.board.contact import Contacts
from ohmloop.board.limits import Limits, whole
from ohmloop.board.recording import Records, Unrecorded
from ohmloop.board.results import Conditions
from ohmloop.board.statuses import require_ok
from ohmloop.board.tally import Tally
from ohmloop.errors import (
    Aborted,
    LimitError,
    NotCalibrated,
    NotEmulated,
    OhmloopError,
    ReadOnlyBoard,
    ShapeError,
)
from ohmloop.link.messages import (
    TABLE_SIZES,
    Identity,
    TableWriteRequest,
    largest_reply_words,
    pack_words,
    unpack_words,
)
from ohmloop.link.session import Reply, Session
from ohmloop.profile import Profile

INDEX_LIMIT: Final = 2**56
"""Operation indices of the host: 56 bits, their space (bits 63:56) is zero."""
ENTRY_BITS: Final = 18
LOAD_CELLS: Final = "load_g_codes writes its emulated cells"
NO_CORE: Final = "it has no core for firmware"
CORRECTIONS: Final = (Table.DARK, Table.CORRECTION)
Request = tuple[int, bytes, int]
Member = TypeVar("Member", Register, Table)


@dataclass(slots=True)
class Core:
    """One open board."""

    session: Session
    identity: Identity
    profile: Profile
    limits: Limits
    chip: str
    url: str
    origin: str
    packet: bool
    contacts: Contacts
    permission: Permission | None = None
    records: Records = field(default_factory=Unrecorded)
    recognised: set[int] = field(default_factory=set)
    _next_index: int = 0
    _next_job: int = 0
    _corrections: dict[tuple[int, Table], NDArray[np.int32]] = field(default_factory=dict)

    @property
    def emulated(self) -> bool:
        """The macro is emulated."""
        return self.identity.emulated

    def require_emulated(self, what: str) -> None:
        """Raises NotEmulated on a chip."""
        if not self.emulated:
            raise NotEmulated(f"{what}: only an emulated macro can do this, this is a chip", where=what)

    @property
    def read_only(self) -> bool:
        """The board has nothing that drives a pulse, no firmware and no counters."""
        return self.identity.read_only

    def require_more_than_reading(self, what: str, instead: str) -> None:
        """Raises ReadOnlyBoard on a board that only reads; `instead` says what is there in its place."""
        if self.read_only:
            raise ReadOnlyBoard(
                f"{what}: this board only reads; {instead}",
                value=what,
                limit="reading",
                where=what,
            )

    # Requests

    def stream(self, requests: Iterable[Request], what: str, tally: Tally | None = None) -> Iterator[Reply]:
        """Yields the OK replies of pipelined requests, in order; raises the typed error of any other.

        The caller adds to `tally` what each reply has done, so that an error counts the whole call.
        """
        try:
            for reply in self.session.execute(requests):
                require_ok(reply, what, self.profile, tally)
                yield reply
        except OhmloopError as error:
            if tally is not None and not isinstance(error, Aborted):
                tally.note(error)
            raise

    def call(self, opcode: Opcode, payload: bytes, reply_words: int, what: str) -> Reply:
        """Returns the OK reply of one request; raises the typed error of any other."""
        reply = self.session.call(opcode, payload, reply_words)
        require_ok(reply, what, self.profile)
        return reply

    def read_registers(self, first: Register, count: int = 1) -> tuple[int, ...]:
        """Returns consecutive registers, unsigned words."""
        first = _member(Register, first, "register")
        count = whole(count, "count", lowest=1, highest=self.identity.max_payload // 4)
        reply = self.call(
            Opcode.REG_READ, pack_words(first, count), largest_reply_words(count), f"read {first.name}"
        )
        return unpack_words(reply.payload)

    def write_registers(self, first: Register, *values: int) -> None:
        """Writes consecutive registers, unsigned words."""
        first = _member(Register, first, "register")
        words = [whole(value, f"{first.name}[{at}]", highest=MAX_WORD) for at, value in enumerate(values)]
        self.call(Opcode.REG_WRITE, pack_words(first, *words), largest_reply_words(1), f"write {first.name}")

    def write_table(self, macro: int, table: Table, values: ArrayLike, first: int = 0) -> None:
        """Writes consecutive entries of a table: integers that fit 18 bits.

        Raises:
            ShapeError, LimitError: before anything is sent.
        """
        table = _member(Table, table, "table")
        entries = _table_entries(table, values, first)
        step = self.identity.max_payload // 4 - 1
        requests = (
            TableWriteRequest(table, macro, first + at, entries[at : at + step])
            for at in range(0, entries.size, step)
        )
        sent = ((Opcode.TABLE_WRITE, one.encode(), largest_reply_words(one)) for one in requests)
        for _ in self.stream(sent, f"write table {table.name}"):
            pass
        if table in CORRECTIONS:
            held = self._correction(macro, table).copy()
            held[first : first + entries.size] = entries
            self._corrections[macro, table] = held

    # On-board corrections

    def _correction(self, macro: int, table: Table) -> NDArray[np.int32]:
        held = self._corrections.get((macro, table))
        return np.zeros(RANGES * MAX_LINES, np.int32) if held is None else held

    def tables_hash(self, macro: int) -> int:
        """Returns the CRC-32 of the dark and correction tables that a macro's results pass."""
        return zlib.crc32(
            b"".join(self._correction(macro, one).astype("<i4").tobytes() for one in CORRECTIONS)
        )

    def corrected_bound(self, macro: int, code: int) -> int:
        """Returns the largest magnitude that one conversion of at most `code` has after the corrections."""
        dark, correction = (int(np.abs(self._correction(macro, one)).max()) for one in CORRECTIONS)
        return ((code + dark) * ((1 << 15) + correction) >> 15) + 1 if dark or correction else code

    def require_uncorrected(self, macro: int, said: str, *, what: str, where: str) -> None:
        """Raises NotCalibrated where dark and correction tables have corrected a macro's results already."""
        if self.corrected_bound(macro, 0):
            tables = ", ".join(one.name for one in CORRECTIONS)
            raise NotCalibrated(
                f"{what}: tables {tables} of the board correct its {said}",
                value=f"{self.tables_hash(macro):08x}",
                where=where,
            )

    # Operations

    def take_indices(self, count: int, chosen: int | None) -> int:
        """Returns the first of `count` operation indices: the chosen one, else the next of this session."""
        if chosen is not None:
            first = whole(chosen, "operation_index", highest=INDEX_LIMIT - 1)
        else:
            first, self._next_index = self._next_index, self._next_index + count
        if first + count > INDEX_LIMIT:
            raise LimitError(
                f"operation_index: {count} operations from {first} pass {INDEX_LIMIT - 1}",
                value=first,
                limit=INDEX_LIMIT - count,
                where="operation_index",
            )
        return first

    def take_jobs(self, count: int) -> int:
        """Returns the first of `count` numbers of programming jobs, each 2^20 indices of the firmware."""
        first, self._next_job = self._next_job, self._next_job + count
        return first

    def conditions(self, operation_index: int, cycles: int) -> Conditions:
        """Returns under what an operation ran."""
        seconds = self.profile.cycles_to_seconds(cycles)
        return Conditions(self.origin, self.chip, self.profile.name, self.url, operation_index, seconds)


def _member(kind: type[Member], value: int, where: str) -> Member:
    """Returns the register or table of a number; raises LimitError where there is none."""
    try:
        return kind(value)
    except ValueError as error:
        raise LimitError(
            f"{where}: {value!r} is none of the map", value=value, limit=kind.__name__, where=where
        ) from error


def _table_entries(table: Table, values: ArrayLike, first: int) -> NDArray[np.int32]:
    require_unmasked(values, table.name)
    entries = np.asarray(values)
    if entries.ndim != 1 or entries.size == 0 or not np.issubdtype(entries.dtype, np.integer):
        raise ShapeError(
            f"table {table.name}: {entries.dtype} of shape {entries.shape}, integers [entries] expected",
            value=entries.shape,
            where=table.name,
        )
    whole(first, f"table {table.name}: first", highest=TABLE_SIZES[table] - entries.size)
    low, high = int(entries.min()), int(entries.max())
    least, most = -(1 << (ENTRY_BITS - 1)), (1 << ENTRY_BITS) - 1
    if low < least or high > most:
        raise LimitError(
            f"table {table.name}: entries {low} .. {high}, {least} .. {most} fit",
            value=low if low < least else high,
            limit=least if low < least else most,
            where=table.name,
        )
    return entries.astype(np.int32)

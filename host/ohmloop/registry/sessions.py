# SPDX-License-Identifier: BSD-3-Clause
"""Which process owns a running job: it holds a lock that the system releases however it dies."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ohmloop.errors import RegistryError
from ohmloop.registry.chips import Chip
from ohmloop.registry.database import Database
from ohmloop.registry.packing import now_text

try:
    import fcntl
except ImportError:  # a system without POSIX locks: another process's jobs are taken for dead
    fcntl = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class BoardCounter:
    """A board's own count of the cell pulses it has given since it was powered up.

    Attributes:
        uid: 16 hexadecimal digits.
        boot_id: drawn at power-up.
        pulses: the counter, modulo 2^32.
    """

    uid: str
    boot_id: int
    pulses: int


@dataclass(frozen=True, slots=True)
class Session:
    """One process that works on one chip; `base` is the board's counter at its begin."""

    id: str
    chip: Chip
    base: BoardCounter | None


class Sessions:
    """The sessions of this process, and whether others still live."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._folder = database.path.with_name(f"{database.path.name}.sessions")
        self._held: dict[str, IO[bytes]] = {}

    def begin(self, chip: Chip, base: BoardCounter | None) -> Session:
        """Begins a session; the lock is held before anyone can see it."""
        session = Session(uuid.uuid4().hex, chip, base)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._path(session.id).open("wb")
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RegistryError(f"{self._folder}: {error}", where=str(self._folder)) from error
        self._held[session.id] = file
        self._database.run(
            "INSERT INTO sessions (id, chip_id, board_uid, boot_id, counter_base, started_utc)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            session.id,
            chip.id,
            *((None, None, None) if base is None else (base.uid, base.boot_id, base.pulses)),
            now_text(),
        )
        return session

    def is_alive(self, session_id: str) -> bool:
        """The process that began a session still runs and has not ended it."""
        if session_id in self._held:
            return True
        try:
            with self._path(session_id).open("rb") as file:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False

    def dead(self, chip: Chip) -> list[Any]:
        """Returns the rows of a chip's sessions that died before they were ended."""
        rows = self._database.all(
            "SELECT * FROM sessions WHERE chip_id = ? AND ended_utc IS NULL ORDER BY rowid", chip.id
        )
        return [row for row in rows if not self.is_alive(row["id"])]

    def bury(self, session_id: str) -> None:
        """Records the end of a session, and removes its lock."""
        self._database.run("UPDATE sessions SET ended_utc = ? WHERE id = ?", now_text(), session_id)
        self.release(session_id)

    def release(self, session_id: str) -> None:
        """Lets go of a session's lock."""
        file = self._held.pop(session_id, None)
        if file is not None:
            file.close()
        self._path(session_id).unlink(missing_ok=True)

    def release_all(self) -> None:
        """Lets go of every lock of this process; what is unfinished is for the next to settle."""
        for session_id in list(self._held):
            self.release(session_id)

    def _path(self, session_id: str) -> Path:
        return self._folder / f"{os.path.basename(session_id)}.lock"

# SPDX-License-Identifier: BSD-3-Clause
"""One SQLite file that many processes share: opened, migrated, backed up; every error typed."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Final

from ohmloop.errors import NotRecorded, RegistryError, RegistryVersion
from ohmloop.registry.packing import now_text

APPLICATION_ID: Final = 0x4F484D4C  # "OHML": the file is a registry and nothing else
BUSY_S: Final = 10.0
"""Longest wait for another process that writes, seconds."""
_RETRY_S: Final = 0.02


def scripts() -> tuple[str, ...]:
    """Returns the migrations; the number of those that a file has had is its version."""
    folder = resources.files("ohmloop.registry").joinpath("schema")
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda f: f.name)
    return tuple(file.read_text("utf-8") for file in files)


def _statements(script: str) -> Iterator[str]:
    held = ""
    for line in script.splitlines(keepends=True):
        held += line
        if sqlite3.complete_statement(held):
            yield held
            held = ""


class Database:
    """An open registry file.

    Durable: a transaction that has ended survives SIGKILL and a power failure (WAL, synchronous FULL).
    """

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        busy_s: float = BUSY_S,
        migrations: Sequence[str] | None = None,
    ) -> None:
        """Opens the file, or makes it.

        Args:
            path: the file.
            create: make it (and its folder) where there is none.
            busy_s: longest wait for another process, seconds.
            migrations: numbered scripts; the shipped ones by default.

        Raises:
            NotRecorded: there is no file, and none is to be made.
            RegistryVersion: a newer Ohmloop wrote it.
            RegistryError: it cannot be opened, or is no registry.
        """
        self.path = path
        self._busy_s = busy_s
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._depth = 0
        if not create and not path.is_file():
            raise NotRecorded(
                f"no registry yet at {path}; it is made when a named chip is first opened", where=str(path)
            )
        with self._typed():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=busy_s, isolation_level=None, check_same_thread=False
            )
        try:
            with self._typed():
                self._prepare(scripts() if migrations is None else migrations)
        except BaseException:
            self._connection.close()
            raise

    @property
    def version(self) -> int:
        """Version of the schema in the file."""
        return int(self.one("PRAGMA user_version")[0])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Writes all of a block or nothing; a block within a block belongs to the outer one."""
        with self._lock, self._typed():
            self._require_own_process()
            depth = self._depth
            try:  # Ctrl-C may fall between any two of these lines
                if depth == 0:
                    self._roll_back()
                    self._connection.execute("BEGIN IMMEDIATE")
                self._depth = depth + 1
                yield self._connection
                if depth == 0:
                    self._connection.execute("COMMIT")
            except BaseException:
                if depth == 0:
                    self._roll_back()
                raise
            finally:
                self._depth = depth

    def all(self, sql: str, *values: object) -> list[Any]:
        """Returns every row of a query."""
        with self._lock, self._typed():
            self._require_own_process()
            return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Any:
        """Returns the first row of a query; None where there is none."""
        with self._lock, self._typed():
            self._require_own_process()
            return self._connection.execute(sql, values).fetchone()

    def run(self, sql: str, *values: object) -> int:
        """Runs one statement inside a transaction of its own or the present one; returns the last row id."""
        with self.transaction() as connection:
            return int(connection.execute(sql, values).lastrowid or 0)

    def integrity_faults(self) -> list[str]:
        """Returns what SQLite finds wrong in the file; empty when it is sound."""
        faults = [str(row[0]) for row in self.all("PRAGMA integrity_check") if row[0] != "ok"]
        return faults + [
            f"foreign key: {row[0]} row {row[1]}" for row in self.all("PRAGMA foreign_key_check")
        ]

    def back_up(self, path: Path) -> None:
        """Copies the file as it is, while others use it; the copy appears whole or not at all."""
        partial = path.with_name(f"{path.name}.part")
        with (
            self._typed(),
            closing(sqlite3.connect(self.path, timeout=self._busy_s)) as source,
            closing(sqlite3.connect(partial)) as target,
        ):
            source.backup(target)
        os.replace(partial, path)

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        if self._pid == os.getpid():
            self._connection.close()

    # Opening

    def _prepare(self, migrations: Sequence[str]) -> None:
        self._connection.row_factory = sqlite3.Row
        held = self.version
        tables = self.one("SELECT count(*) FROM sqlite_master")[0]
        known = self.one("PRAGMA application_id")[0] == APPLICATION_ID
        if tables and not known:
            raise RegistryError(f"{self.path}: an SQLite file, but no registry", where=str(self.path))
        if held > len(migrations):
            raise RegistryVersion(
                f"{self.path}: schema version {held}, this Ohmloop knows up to {len(migrations)}; "
                "use a newer Ohmloop",
                value=held,
                limit=len(migrations),
                where=str(self.path),
            )
        self._use_wal()
        self._connection.execute("PRAGMA synchronous = FULL")
        if held < len(migrations):
            self._migrate(migrations)
        self._connection.execute("PRAGMA foreign_keys = ON")

    def _use_wal(self) -> None:
        """Switches to WAL; another process that does the same at this moment is waited for."""
        mode = ""
        for _ in range(int(self._busy_s / _RETRY_S) + 1):
            try:
                mode = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                time.sleep(_RETRY_S)
        if mode != "wal":
            raise RegistryError(
                f"{self.path}: no write-ahead log on this file system ({mode or 'locked'}); "
                "put the registry on a local disk: OHMLOOP_REGISTRY",
                value=mode,
                limit="wal",
                where=str(self.path),
            )

    def _migrate(self, migrations: Sequence[str]) -> None:
        with self.transaction() as connection:
            held = self.version  # another process may have migrated meanwhile
            if 0 < held < len(migrations):
                stamp = now_text()[:19].replace(":", "").replace("-", "")
                self.back_up(self.path.with_name(f"{self.path.name}.version{held}.{stamp}.bak"))
            for script in migrations[held:]:
                for statement in _statements(script):
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {max(held, len(migrations))}")
            broken = connection.execute("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RegistryError(
                    f"{self.path}: a migration would break {len(broken)} references; nothing was changed",
                    value=len(broken),
                    limit=0,
                    where=str(self.path),
                )

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    # Errors

    def _require_own_process(self) -> None:
        if os.getpid() != self._pid:
            raise RegistryError(
                f"{self.path}: opened in process {self._pid}, used in {os.getpid()}; open it in each process",
                value=os.getpid(),
                limit=self._pid,
                where=str(self.path),
            )

    @contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            text = f"{self.path}: {error}"
            if "locked" in str(error) or "busy" in str(error):
                text += f" by another process for {self._busy_s:g} s"
            raise RegistryError(text, limit=self._busy_s, unit="s", where=str(self.path)) from error
        except OSError as error:
            raise RegistryError(f"{self.path}: {error}", where=str(self.path)) from error

# SPDX-License-Identifier: BSD-3-Clause
"""The steps of jobs: on disk before they are sent, ended when they are answered."""

from __future__ import annotations

import sqlite3
from typing import Any

from numpy.typing import ArrayLike

from ohmloop.errors import JobConflict, RegistryError
from ohmloop.registry.cells import Cells
from ohmloop.registry.database import Database
from ohmloop.registry.packing import now_text
from ohmloop.registry.record import JobRecord
from ohmloop.registry.sessions import Session
from ohmloop.registry.wear import Wear


class Steps:
    """The steps of a registry's jobs, with their pulses in the ledger."""

    def __init__(self, database: Database, wear: Wear) -> None:
        self._database = database
        self._wear = wear

    def begin(
        self,
        session: Session,
        job: JobRecord,
        number: int,
        cells: Cells,
        *,
        most_pulses: int,
        row_by_row: bool,
        request: str,
    ) -> None:
        """Writes a step that is about to be sent."""
        with self._database.transaction() as connection:
            if most_pulses:
                self._wear.require(session.chip, cells, most_pulses)
            connection.execute(
                "UPDATE jobs SET state = 'running' WHERE id = ? AND state = 'planned'", (job.id,)
            )
            try:
                connection.execute(
                    "INSERT INTO steps (job_id, session_id, number, state, macro, rows, columns, most_pulses,"
                    " row_by_row, request, planned_utc) VALUES (?, ?, ?, 'planned', ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(job.id, session.id, number, cells.macro, *cells.blobs(), most_pulses),
                        *(row_by_row, request, now_text()),
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise JobConflict(
                    f"{job}: step {number} is acknowledged or under way; it is not given again",
                    value=number,
                    where=f"job {job.id}",
                ) from error

    def end(
        self,
        session: Session,
        job: JobRecord,
        number: int,
        pulses: ArrayLike,
        *,
        result: str,
        arrays: bytes | None,
    ) -> None:
        """Writes what was answered to a step, and its pulses."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT * FROM steps WHERE job_id = ? AND number = ? AND session_id = ?"
                " AND state = 'planned'",
                (job.id, number, session.id),
            ).fetchone()
            if row is None:
                raise RegistryError(f"{job}: step {number} is not under way", value=number)
            given = 0
            if row["most_pulses"]:
                cells = Cells.from_blobs(row["macro"], row["rows"], row["columns"])
                given = self._wear.charge(session.chip, cells, pulses, job.kind)
            connection.execute(
                "UPDATE steps SET state = 'acknowledged', given = ?, result = ?, arrays = ?, ended_utc = ?"
                " WHERE id = ?",
                (given, result, arrays, now_text(), row["id"]),
            )

    def any_under_way(self, session: Session, job_id: int | None) -> bool:
        """Something is sent and not answered, of this job or (None) of the session's jobs that are over."""
        sql = (
            "SELECT 1 FROM steps JOIN jobs ON jobs.id = job_id WHERE steps.session_id = ?"
            " AND steps.state = 'planned'"
            " AND (job_id = ? OR ? AND jobs.state NOT IN ('planned', 'running')) LIMIT 1"
        )
        return self._database.one(sql, session.id, job_id, job_id is None) is not None

    def acknowledged(self, job_id: int) -> set[int]:
        """Returns the numbers of a job's acknowledged steps."""
        rows = self._database.all(
            "SELECT number FROM steps WHERE job_id = ? AND state = 'acknowledged'", job_id
        )
        return {row[0] for row in rows}

    def doubtful(self, job_id: int) -> list[int]:
        """Returns the numbers of the steps that may have been executed and are not acknowledged."""
        rows = self._database.all(
            "SELECT DISTINCT number FROM steps WHERE job_id = ? AND state IN ('planned', 'in_doubt')", job_id
        )
        return sorted({row[0] for row in rows} - self.acknowledged(job_id))

    def rows(self, job_id: int, state: str) -> list[Any]:
        """Returns the rows of a job's steps in a state, by number."""
        return self._database.all(
            "SELECT * FROM steps WHERE job_id = ? AND state = ? ORDER BY number", job_id, state
        )

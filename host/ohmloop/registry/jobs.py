# SPDX-License-Identifier: BSD-3-Clause
"""Jobs: opened on cells that no other open job holds, journaled step by step, resumed after any end."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import JobConflict, LimitError, NotRecorded, RegistryError
from ohmloop.registry.cells import Cells
from ohmloop.registry.chips import Chip
from ohmloop.registry.database import Database
from ohmloop.registry.journal import Job
from ohmloop.registry.packing import (
    Arrays,
    Plain,
    now_text,
    pack_arrays,
    pack_plain,
    time_of,
    unpack_arrays,
    unpack_plain,
)
from ohmloop.registry.provenance import Provenance
from ohmloop.registry.sessions import BoardCounter, Session, Sessions
from ohmloop.registry.settlement import Settlement
from ohmloop.registry.wear import Wear

OPEN: Final = ("planned", "running", "interrupted")
_NONE: Plain = {}


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What the registry holds of a job.

    Attributes:
        kind: "form", "program", "map" ...
        pulsing: it pulses its cells; else it reads only.
        resumable: an unfinished one is interrupted, not failed.
        steps: their number.
        most_pulses: most pulses that one of its cells can get.
        state: "planned", "running", "done", "failed" or "interrupted".
        message: why it ended so.
    """

    id: int
    chip_id: int
    session_id: str
    kind: str
    cells: Cells
    pulsing: bool
    resumable: bool
    steps: int
    most_pulses: int
    state: str
    message: str
    plan: dict[str, Any]
    provenance: Provenance
    made: datetime
    ended: datetime | None

    @classmethod
    def of(cls, row: Any) -> JobRecord:
        """Returns the job of a database row."""
        return cls(
            **{name: row[name] for name in ("id", "chip_id", "session_id", "kind")},
            cells=Cells.from_blobs(row["macro"], row["rows"], row["columns"]),
            pulsing=bool(row["pulsing"]),
            resumable=bool(row["resumable"]),
            **{name: row[name] for name in ("steps", "most_pulses", "state", "message")},
            plan=unpack_plain(row["plan"]),
            provenance=Provenance.of(row["provenance"]),
            made=time_of(row["made_utc"]),
            ended=None if row["ended_utc"] is None else time_of(row["ended_utc"]),
        )

    @property
    def is_open(self) -> bool:
        """It holds its cells."""
        return self.state in OPEN

    def __str__(self) -> str:
        return f"job {self.id} ({self.kind}, {self.state})"


class Jobs:
    """The jobs of a registry."""

    def __init__(self, database: Database, wear: Wear, sessions: Sessions) -> None:
        self._database = database
        self._wear = wear
        self._sessions = sessions
        self._settlement = Settlement(database, wear, sessions)

    def session(self, chip: Chip, counter: BoardCounter | None = None) -> Session:
        """Begins this process's work on a chip, after settling what dead processes left on it.

        Args:
            chip: the chip.
            counter: the board's own count of pulses, as it stands now; None without a board.
        """
        self._settlement.settle_dead(chip, counter)
        return self._sessions.begin(chip, counter)

    def open(
        self,
        session: Session,
        kind: str,
        cells: Cells,
        *,
        steps: int,
        provenance: Provenance,
        most_pulses: int = 0,
        resumable: bool = False,
        plan: Plain = _NONE,
        arrays: Arrays = _NONE,
    ) -> Job:
        """Opens a job on cells of a session's chip.

        Args:
            session: of this process.
            kind: "form", "program", "map" ...
            cells: what it touches, and nothing else.
            steps: number of its steps, at least 1.
            provenance: where its data will come from.
            most_pulses: most pulses that one of its cells can get; 0: it reads only.
            resumable: `resume` can go on after any end.
            plan: plain values that are needed to go on.
            arrays: arrays that are needed to go on: targets, tolerances ...

        Raises:
            JobConflict: another open job holds some of the cells.
            WearExceeded: a cell could pass its budget of pulses.
            LimitError: outside the chip.
        """
        chip = session.chip
        if steps < 1 or most_pulses < 0:
            raise LimitError(
                f"{kind}: {steps} steps, {most_pulses} pulses", value=steps, limit=1, where="steps"
            )
        cells.require_inside(*chip.geometry)
        blob = pack_arrays(arrays) if arrays else None
        self._settlement.settle_dead(chip, session.base)
        with self._database.transaction() as connection:
            self._take(session, cells, pulsing=most_pulses > 0)
            if most_pulses:
                self._wear.require(chip, cells, most_pulses)
            number = connection.execute(
                "INSERT INTO jobs (chip_id, session_id, kind, macro, rows, columns, pulsing, resumable,"
                " steps, most_pulses, state, plan, arrays, provenance, made_utc)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', ?, ?, ?, ?)",
                (
                    *(chip.id, session.id, kind, cells.macro, *cells.blobs(), most_pulses > 0, resumable),
                    *(steps, most_pulses, pack_plain(plan), blob, provenance.text(), now_text()),
                ),
            ).lastrowid
        return Job(self, session, self.get(int(number or 0)))

    def resume(self, session: Session, job_id: int) -> Job:
        """Goes on with an interrupted job; its acknowledged steps stay, the others are to be done.

        Raises:
            NotRecorded: there is no such job.
            JobConflict: it is no interrupted job of this chip, or runs elsewhere.
            WearExceeded: a cell could pass its budget of pulses.
        """
        self._settlement.settle_dead(session.chip, session.base)
        with self._database.transaction():
            found = self.get(job_id)
            if found.chip_id != session.chip.id or found.state != "interrupted":
                raise JobConflict(
                    f"{found}: only an interrupted job of {session.chip} can be resumed",
                    value=found.state,
                    limit="interrupted",
                    where=f"job {job_id}",
                )
            self._settle_rest(session.chip, found)
            if found.most_pulses:
                self._wear.require(session.chip, found.cells, found.most_pulses)
            self._database.run(
                "UPDATE jobs SET state = 'running', session_id = ?, message = '', ended_utc = NULL"
                " WHERE id = ?",
                session.id,
                job_id,
            )
        return Job(self, session, self.get(job_id))

    def abandon(self, job_id: int) -> JobRecord:
        """Ends an interrupted job for good, so that its cells are free; raises JobConflict while it runs."""
        found = self.get(job_id)
        if found.state == "running" and self._sessions.is_alive(found.session_id):
            raise JobConflict(f"{found}: it runs; stop it first", value=found.state, where=f"job {job_id}")
        if found.is_open:
            self.set_state(job_id, "failed", "abandoned")
        return self.get(job_id)

    def get(self, job_id: int) -> JobRecord:
        """Returns a job; raises NotRecorded."""
        row = self._database.one("SELECT * FROM jobs WHERE id = ?", job_id)
        if row is None:
            raise NotRecorded(f"no job {job_id} in {self._database.path}", value=job_id, where="job")
        return JobRecord.of(row)

    def all(self, chip: Chip) -> list[JobRecord]:
        """Returns a chip's jobs, the oldest first; a job whose process died shows so."""
        self._settlement.settle_dead(chip, None)
        return [
            JobRecord.of(row)
            for row in self._database.all("SELECT * FROM jobs WHERE chip_id = ? ORDER BY id", chip.id)
        ]

    def interrupted(self, chip: Chip) -> list[JobRecord]:
        """Returns the jobs of a chip that `resume` can go on with."""
        return [job for job in self.all(chip) if job.state == "interrupted"]

    # What a Job's journal needs

    def begin_step(
        self, job: Job, number: int, cells: Cells, most_pulses: int, row_by_row: bool, request: str
    ) -> None:
        """Writes a step that is about to be sent."""
        with self._database.transaction() as connection:
            chip = job.session.chip
            if most_pulses:
                self._wear.require(chip, cells, most_pulses)
            try:
                connection.execute(
                    "INSERT INTO steps (job_id, session_id, number, state, macro, rows, columns, most_pulses,"
                    " row_by_row, request, planned_utc) VALUES (?, ?, ?, 'planned', ?, ?, ?, ?, ?, ?, ?)",
                    (
                        *(job.id, job.session.id, number, cells.macro, *cells.blobs(), most_pulses),
                        *(row_by_row, request, now_text()),
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise JobConflict(
                    f"{job.record}: step {number} is acknowledged or under way; it is not given again",
                    value=number,
                    where=f"job {job.id}",
                ) from error

    def end_step(self, job: Job, number: int, pulses: ArrayLike, result: str, arrays: bytes | None) -> None:
        """Writes what was answered to a step, and its pulses."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT * FROM steps WHERE job_id = ? AND number = ? AND session_id = ?"
                " AND state = 'planned'",
                (job.id, number, job.session.id),
            ).fetchone()
            if row is None:
                raise RegistryError(f"{job.record}: step {number} is not under way", value=number)
            given = 0
            if row["most_pulses"]:
                cells = Cells.from_blobs(row["macro"], row["rows"], row["columns"])
                given = self._wear.charge(job.session.chip, cells, pulses, job.record.kind)
            connection.execute(
                "UPDATE steps SET state = 'acknowledged', given = ?, result = ?, arrays = ?, ended_utc = ?"
                " WHERE id = ?",
                (given, result, arrays, now_text(), row["id"]),
            )

    def has_open_steps(self, session: Session) -> bool:
        """Something was sent in a session and is not answered yet."""
        sql = "SELECT 1 FROM steps WHERE session_id = ? AND state = 'planned' LIMIT 1"
        return self._database.one(sql, session.id) is not None

    def settle_session(self, session: Session, counter: BoardCounter) -> None:
        """Ends what a session of this process sent and never saw answered."""
        row = self._database.one("SELECT * FROM sessions WHERE id = ?", session.id)
        self._settlement.settle(session.chip, row, counter)

    def set_state(self, job_id: int, state: str, message: str = "") -> None:
        """Writes a job's state."""
        ended = None if state == "running" else now_text()
        self._database.run(
            "UPDATE jobs SET state = ?, message = ?, ended_utc = ? WHERE id = ?",
            state,
            message,
            ended,
            job_id,
        )

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

    def step_rows(self, job_id: int, state: str) -> list[Any]:
        """Returns the rows of a job's steps in a state, by number."""
        return self._database.all(
            "SELECT * FROM steps WHERE job_id = ? AND state = ? ORDER BY number", job_id, state
        )

    def arrays(self, job_id: int) -> dict[str, NDArray[Any]]:
        """Returns the arrays that a job was opened with."""
        row = self._database.one("SELECT arrays FROM jobs WHERE id = ?", job_id)
        return unpack_arrays(row["arrays"], f"job {job_id}")

    def _settle_rest(self, chip: Chip, job: JobRecord) -> None:
        """Charges in full what a live session's job left under way, so that it can be begun again."""
        for row in self._database.all(
            "SELECT DISTINCT sessions.* FROM sessions JOIN steps ON session_id = sessions.id"
            " WHERE job_id = ? AND state = 'planned'",
            job.id,
        ):
            self._settlement.settle(chip, row, None)

    def _take(self, session: Session, cells: Cells, *, pulsing: bool) -> None:
        """Raises JobConflict where another open job holds some of the cells.

        Jobs of the same session may lie within each other: one process does one thing at a time. Reading
        leaves an interrupted job as it is; pulsing ends an interrupted job that only read.
        """
        for row in self._database.all(
            "SELECT * FROM jobs WHERE chip_id = ? AND state IN ('planned', 'running', 'interrupted')",
            session.chip.id,
        ):
            other = JobRecord.of(row)
            if not other.cells.overlaps(cells):
                continue
            if other.session_id == session.id and other.state != "interrupted":
                continue
            if other.state == "interrupted" and not pulsing:
                continue
            if other.state == "interrupted" and not other.pulsing:
                self.set_state(other.id, "failed", "its cells were pulsed before it was resumed")
                continue
            raise JobConflict(
                f"{other} of {session.chip} holds {other.cells}; "
                + (
                    f"resume it, or give it up: ohmloop chip abandon {session.chip.name} {other.id}"
                    if other.state == "interrupted"
                    else "wait for it"
                ),
                value=other.id,
                where=repr(cells),
            )

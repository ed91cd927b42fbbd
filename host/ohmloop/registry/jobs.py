# SPDX-License-Identifier: BSD-3-Clause
"""Jobs: opened on cells that no other open job holds, journaled step by step, resumed after any end."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from ohmloop.errors import JobConflict, LimitError, NotRecorded, OhmloopError
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
    unpack_arrays,
)
from ohmloop.registry.provenance import Provenance
from ohmloop.registry.record import JobRecord
from ohmloop.registry.sessions import BoardCounter, Session, Sessions
from ohmloop.registry.settlement import Settlement
from ohmloop.registry.steps import Steps
from ohmloop.registry.wear import Wear

_log = logging.getLogger(__name__)
_NONE: Plain = {}
Counter = Callable[[], int]


class Jobs:
    """The jobs of a registry.

    Attributes:
        steps: the steps of all of them.
    """

    def __init__(self, database: Database, wear: Wear, sessions: Sessions) -> None:
        self._database = database
        self._wear = wear
        self._sessions = sessions
        self._settlement = Settlement(database, wear, sessions)
        self.steps = Steps(database, wear)

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

    def check(self, session: Session, cells: Cells, pulses: int, *, after: int | None) -> None:
        """Raises what `open` would of a job that pulses; opens and ends nothing.

        Args:
            session: of this process.
            cells: what it would pulse.
            pulses: most that one of them would get.
            after: a job that will be done by then, so that its cells are free.

        Raises:
            JobConflict, WearExceeded, LimitError: as `open`.
        """
        cells.require_inside(*session.chip.geometry)
        self._settlement.settle_dead(session.chip, session.base)
        self._in_the_way(session, cells, pulsing=True, but=after)
        self._wear.require(session.chip, cells, pulses)

    def resume(self, session: Session, job_id: int) -> Job:
        """Goes on with an interrupted job; its acknowledged steps stay, the others are to be done.

        The budget of pulses is checked as each of them begins.

        Raises:
            NotRecorded: there is no such job.
            JobConflict: it is no interrupted job of this chip, or runs elsewhere.
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

    def settle(self, session: Session, read_counter: Counter, *, job_id: int | None = None) -> None:
        """Ends what a session of this process sent and never saw answered.

        Args:
            session: of this process.
            read_counter: reads the board's own count of cell pulses; where it cannot, the steps stay as they
                are, charged in full, until the chip is opened again.
            job_id: steps of this job; None: of all jobs that are over.
        """
        if session.base is None or not self.steps.any_under_way(session, job_id):
            return
        try:
            counter = BoardCounter(session.base.uid, session.base.boot_id, read_counter())
            row = self._database.one("SELECT * FROM sessions WHERE id = ?", session.id)
            self._settlement.settle(session.chip, row, counter, job_id=job_id)
        except OhmloopError as error:  # what went wrong before is what the caller must see
            _log.warning("%s: pulses in doubt, charged in full: %s", session.chip, error)

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
        """Takes cells for a new job: pulsing ends an interrupted job that only read; raises JobConflict."""
        for other in self._in_the_way(session, cells, pulsing=pulsing):
            self.set_state(other.id, "failed", "its cells were pulsed before it was resumed")

    def _in_the_way(
        self, session: Session, cells: Cells, *, pulsing: bool, but: int | None = None
    ) -> list[JobRecord]:
        """Returns the jobs, `but` aside, that a new one here ends; raises JobConflict where one holds cells.

        Jobs of the same session may lie within each other: one process does one thing at a time. Reading
        leaves an interrupted job as it is.
        """
        ended = []
        for row in self._database.all(
            "SELECT * FROM jobs WHERE chip_id = ? AND state IN ('planned', 'running', 'interrupted')",
            session.chip.id,
        ):
            other = JobRecord.of(row)
            if other.id == but or not other.cells.overlaps(cells):
                continue
            if other.session_id == session.id and other.state != "interrupted":
                continue
            if other.state == "interrupted" and not pulsing:
                continue
            if other.state == "interrupted" and not other.pulsing:
                ended.append(other)
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
        return ended

# SPDX-License-Identifier: BSD-3-Clause
"""Steps that were sent and never acknowledged, to pulses charged: exact where the board's counter tells."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.registry.cells import Cells
from ohmloop.registry.chips import Chip
from ohmloop.registry.database import Database
from ohmloop.registry.packing import now_text
from ohmloop.registry.sessions import BoardCounter, Sessions
from ohmloop.registry.wear import Wear

_WORD: Final = 2**32
IN_DOUBT, NOT_DRIVEN = "in_doubt", "not_driven"


def pulses_row_by_row(cells: Cells, most: int, left: int) -> NDArray[np.int64]:
    """Returns the pulses of every cell, `[rows, columns]`, when `left` cell pulses were given in order.

    A row's columns are pulsed together, `most` times, before the next row begins; what does not divide
    is rounded up.
    """
    width = cells.columns.size
    before = np.arange(cells.rows.size, dtype=np.int64) * width * most
    given = np.clip(-(-(left - before) // width), 0, most)
    return np.repeat(given[:, None], width, axis=1)


class Settlement:
    """Settles the steps of sessions that are over."""

    def __init__(self, database: Database, wear: Wear, sessions: Sessions) -> None:
        self._database = database
        self._wear = wear
        self._sessions = sessions
        self._counted = False

    def settle_dead(self, chip: Chip, counter: BoardCounter | None) -> None:
        """Settles every session of a chip that died: its steps, its jobs, its lock.

        Args:
            chip: the chip.
            counter: of the board that the chip is on now; None where no board is open: then a session with
                steps in doubt is left for when there is one.
        """
        for row in self._sessions.dead(chip):
            with self._database.transaction():
                open_steps = self._database.one(
                    "SELECT count(*) FROM steps WHERE session_id = ? AND state = 'planned'", row["id"]
                )[0]
                self._end_jobs(row["id"])
                if open_steps and counter is None:
                    continue
                self.settle(chip, row, counter)
                self._sessions.bury(row["id"])

    def settle(
        self, chip: Chip, session: Any, counter: BoardCounter | None, *, job_id: int | None = None
    ) -> None:
        """Charges what a session sent and never saw acknowledged.

        With the same board, not powered up since, its counter says how many cell pulses there were at most;
        without, every step is charged in full.

        Args:
            chip: the chip.
            session: its row.
            counter: the board's, now; None where it is not known.
            job_id: steps of this job; None: of all jobs that are over.
        """
        with self._database.transaction():
            left = self._given_since(session, counter)
            self._counted = False
            steps = self._database.all(
                "SELECT steps.*, kind, pulsing FROM steps JOIN jobs ON jobs.id = job_id"
                " WHERE steps.session_id = ? AND steps.state = 'planned'"
                " AND (job_id = ? OR ? AND jobs.state NOT IN ('planned', 'running')) ORDER BY steps.id",
                *(session["id"], job_id, job_id is None),
            )
            for step in steps:
                left = self._settle_step(chip, step, left)

    def _given_since(self, session: Any, counter: BoardCounter | None) -> int | None:
        """Returns the cell pulses that the board gave and nobody saw acknowledged; None: not known."""
        same = counter is not None and (counter.uid, counter.boot_id) == (
            session["board_uid"],
            session["boot_id"],
        )
        if not same or counter is None:
            return None
        seen = self._database.one("SELECT total(given) FROM steps WHERE session_id = ?", session["id"])[0]
        return (counter.pulses - int(session["counter_base"]) - int(seen)) % _WORD

    def _settle_step(self, chip: Chip, step: Any, left: int | None) -> int | None:
        cells = Cells.from_blobs(step["macro"], step["rows"], step["columns"])
        most = int(step["most_pulses"])
        if not step["pulsing"] or left == 0:
            self._end(step["id"], NOT_DRIVEN, 0)
            return left
        if left is None:
            self._end(step["id"], IN_DOUBT, self._wear.charge(chip, cells, most, step["kind"]))
            return None
        if step["row_by_row"]:
            given = min(left, cells.size * most)
            self._wear.charge(chip, cells, pulses_row_by_row(cells, most, given), step["kind"])
            self._end(step["id"], IN_DOUBT, given)
            return left - given
        # Which of its cells were pulsed is not known: each may have seen them all.
        self._wear.charge(chip, cells, min(left, most), step["kind"])
        self._end(step["id"], IN_DOUBT, 0 if self._counted else left)
        self._counted = True
        return left

    def _end(self, step_id: int, state: str, given: int) -> None:
        self._database.run(
            "UPDATE steps SET state = ?, given = ?, ended_utc = ? WHERE id = ?",
            *(state, given, now_text(), step_id),
        )

    def _end_jobs(self, session_id: str) -> None:
        self._database.run(
            "UPDATE jobs SET state = CASE WHEN resumable THEN 'interrupted' ELSE 'failed' END,"
            " message = 'its process ended', ended_utc = ?"
            " WHERE session_id = ? AND state IN ('planned', 'running')",
            *(now_text(), session_id),
        )

# SPDX-License-Identifier: BSD-3-Clause
"""One job's journal: what is about to be done is on disk before it is sent, what was answered after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import JobConflict, LimitError, RegistryError
from ohmloop.registry.cells import Cells
from ohmloop.registry.packing import Arrays, Plain, pack_arrays, pack_plain, unpack_arrays, unpack_plain
from ohmloop.registry.record import JobRecord
from ohmloop.registry.sessions import Session

if TYPE_CHECKING:
    from ohmloop.registry.jobs import Jobs

_log = logging.getLogger(__name__)
_NO_ARRAYS: Arrays = {}
_NO_VALUES: Plain = {}


@dataclass(frozen=True, slots=True)
class StepResult:
    """An acknowledged step: `given` cell pulses, and what the caller recorded with it."""

    number: int
    cells: Cells
    given: int
    values: dict[str, Any]
    arrays: dict[str, NDArray[Any]]


class Job:
    """A running job; leave it with `with`.

    Without an exception it is done when every step is acknowledged. With one, or with steps left, it is
    interrupted where it can be resumed, else failed.
    """

    def __init__(self, jobs: Jobs, session: Session, record: JobRecord) -> None:
        self._jobs = jobs
        self.session = session
        self.record = record
        self._over = False

    @property
    def id(self) -> int:
        """Its number in the registry."""
        return self.record.id

    @property
    def plan(self) -> dict[str, Any]:
        """What it was opened with."""
        return self.record.plan

    @property
    def first_step(self) -> int:
        """First step that is not acknowledged; the number of steps when all are."""
        left = self.remaining()
        return left[0] if left else self.record.steps

    def remaining(self) -> list[int]:
        """Returns the steps that are not acknowledged, in order."""
        done = self._jobs.steps.acknowledged(self.id)
        return [number for number in range(self.record.steps) if number not in done]

    def in_doubt(self) -> list[int]:
        """Returns the steps that were sent, perhaps executed, and not acknowledged: read before pulsing."""
        return self._jobs.steps.doubtful(self.id)

    def begin(
        self,
        number: int,
        *,
        rows: ArrayLike | None = None,
        columns: ArrayLike | None = None,
        most_pulses: int | None = None,
        request: Plain = _NO_VALUES,
        row_by_row: bool = False,
    ) -> None:
        """Puts a step on disk; call it before the step is sent.

        Args:
            number: 0 .. steps - 1.
            rows: rows that it touches; the job's by default.
            columns: columns that it touches; the job's by default.
            most_pulses: most pulses that one of its cells can get; the job's by default.
            request: plain values that say what is asked.
            row_by_row: every cell gets `most_pulses`, row after row, so that a count says which.

        Raises:
            JobConflict: the step is acknowledged or begun already, or touches cells that are not the job's.
            WearExceeded: a cell would pass its budget.
            RegistryError: it could not be written; do not send it.
        """
        own = self.record.cells
        cells = Cells(
            own.macro,
            own.rows if rows is None else np.asarray(rows),
            own.columns if columns is None else np.asarray(columns),
        )
        most = self.record.most_pulses if most_pulses is None else most_pulses
        self._require_own(number, cells, most)
        self._jobs.steps.begin(
            *(self.session, self.record, number, cells),
            most_pulses=most,
            row_by_row=row_by_row,
            request=pack_plain(request),
        )

    def acknowledge(
        self,
        number: int,
        pulses: ArrayLike = 0,
        *,
        values: Plain = _NO_VALUES,
        arrays: Arrays = _NO_ARRAYS,
    ) -> None:
        """Records what the board answered to a step, with its pulses in the ledger.

        Args:
            number: the step.
            pulses: that every cell got: one number, or integers `[rows, columns]` of the step.
            values: plain values to keep with the step, for a resumed job.
            arrays: arrays to keep with the step.
        """
        packed = pack_arrays(arrays, compressed=False) if arrays else None
        result = pack_plain(values)
        self._jobs.steps.end(self.session, self.record, number, pulses, result=result, arrays=packed)

    def settle(self, read_counter: Callable[[], int]) -> None:
        """Ends its steps that were sent and never answered; call it when something went wrong in the middle.

        Args:
            read_counter: reads the board's own count of cell pulses: what is charged is what was given.
        """
        self._jobs.settle(self.session, read_counter, job_id=self.id)

    def results(self) -> Iterator[StepResult]:
        """Yields the acknowledged steps, in order."""
        for row in self._jobs.steps.rows(self.id, "acknowledged"):
            yield StepResult(
                number=row["number"],
                cells=Cells.from_blobs(row["macro"], row["rows"], row["columns"]),
                given=row["given"],
                values=unpack_plain(row["result"]),
                arrays=unpack_arrays(row["arrays"], f"job {self.id}, step {row['number']}"),
            )

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Returns the arrays that it was opened with."""
        return self._jobs.arrays(self.id)

    def finish(self, state: str | None = None, message: str = "") -> None:
        """Ends the job: "done", "failed" or "interrupted"; by default what fits. Once."""
        if self._over:
            return
        self._over = True
        unfinished = "interrupted" if self.record.resumable else "failed"
        if state is None:
            state = "done" if self.first_step == self.record.steps else unfinished
        self._jobs.set_state(self.id, state, message)

    def _require_own(self, number: int, cells: Cells, most: int) -> None:
        own = self.record
        if self._over:
            raise JobConflict(f"{own}: it is over", value=number, where=f"job {own.id}")
        if not 0 <= number < own.steps:
            raise LimitError(
                f"{own}: step {number} asked, it has {own.steps}",
                value=number,
                limit=own.steps - 1,
                where=f"job {own.id}",
            )
        inside = np.isin(cells.rows, own.cells.rows).all() and np.isin(cells.columns, own.cells.columns).all()
        if not inside or most > own.most_pulses:
            raise JobConflict(
                f"{own}: step {number} asks {cells}, up to {most} pulses; it holds {own.cells}, "
                f"up to {own.most_pulses} pulses",
                value=most,
                limit=own.most_pulses,
                where=f"job {own.id}",
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
            return
        try:
            told = ": ".join(one for one in (type(error).__name__, str(error)) if one)
            self.finish("interrupted" if self.record.resumable else "failed", told)
        except RegistryError as second:  # what went wrong first is what the caller must see
            _log.warning("%s: its end is not recorded: %s", self.record, second)

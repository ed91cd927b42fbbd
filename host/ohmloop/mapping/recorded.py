# SPDX-License-Identifier: BSD-3-Clause
"""Maps and contact checks to the lab's registry: journaled while they run, kept when they are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.board.watching import in_short
from ohmloop.errors import MapError
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.states import CellState
from ohmloop.mapping.steps import STEP_INDICES, Arrays
from ohmloop.registry import Cells, records_of
from ohmloop.registry import CellState as HealthState

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.mapping.contact import ContactReport
    from ohmloop.registry import ChipRecords, Job

MOST_STEPS: Final = 4096
"""Steps that a map's job may have: how many it will take is not known when it begins."""
KIND: Final = "map"


class JobJournal:
    """A registry's job as the journal of a map: steps are numbered in the order in which they come."""

    def __init__(self, job: Job) -> None:
        self.first_index = (job.id + 1) * MOST_STEPS * STEP_INDICES
        self._job = job
        self._done = {step.number: step for step in job.results()}
        self.drift = [text for step in self._done.values() for text in step.values.get("drift", [])]
        self._next = 0

    def recall(self, step: str) -> Arrays | None:
        """Returns what a step gave before the job was interrupted, or None; the step is then begun."""
        number, self._next = self._next, self._next + 1
        found = self._done.get(number)
        if found is None:
            self._job.begin(number, most_pulses=0)
            return None
        if found.values.get("step") != step:
            raise MapError(
                f"job {self._job.id}: step {number} is {found.values.get('step')!r}, {step!r} expected: "
                "it was measured in another way",
                value=found.values.get("step"),
                limit=step,
                where=f"job {self._job.id}",
            )
        return dict(found.arrays)

    def record(self, step: str, arrays: Arrays, drift: list[str]) -> None:
        """Keeps what a step gave, and what a watch said before it."""
        values: dict[str, Any] = {"step": step} | ({"drift": drift} if drift else {})
        self._job.acknowledge(self._next - 1, values=values, arrays=arrays)


def journaled(
    macro: Macro,
    window: Window,
    plan: dict[str, Any],
    mask: NDArray[np.bool_],
    measure: Callable[[JobJournal | None], ConductanceMap],
) -> ConductanceMap:
    """Measures a map as a job of the chip's registry, and keeps it; without a registry it only measures.

    Args:
        macro: the array.
        window: its cells.
        plan: plain values from which the measurement can be taken up again.
        mask: cells that are left out.
        measure: measures, with a journal or without.
    """
    records = records_of(macro.board)
    if records is None:
        return measure(None)
    with records.open_job(
        KIND,
        macro=macro.index,
        rows=window.rows,
        columns=window.columns,
        steps=MOST_STEPS,
        resumable=True,
        plan=plan,
        arrays={"mask": mask},
    ) as job:
        return _finished(macro, job, measure)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a map that goes on; None asks for what its job has."""

    window: Window | None
    mask: ArrayLike | None
    plan: dict[str, Any]

    def require_same(self, job: Job, mask: NDArray[np.bool_]) -> None:
        """Raises MapError where the job was begun otherwise."""
        pairs = {name: (job.plan[name], now) for name, now in self.plan.items()}
        if self.window is not None:
            cells = job.record.cells
            pairs["rows"] = cells.rows.tolist(), self.window.rows.tolist()
            pairs["columns"] = cells.columns.tolist(), self.window.columns.tolist()
        if self.mask is not None:
            pairs["mask"] = mask.tolist(), np.asarray(self.mask).tolist()
        for name, (then, now) in pairs.items():
            if now is not None and now != then:
                told = "others" if isinstance(now, list) else f"{then} and not {now}"
                raise MapError(
                    f"job {job.id}: it was begun with {name} {told}", value=now, limit=then, where=name
                )


def resumed(
    macro: Macro,
    job_id: int,
    measure: Callable[[Window, dict[str, Any], Any, JobJournal], ConductanceMap],
    asked: Asked,
) -> ConductanceMap:
    """Goes on with an interrupted map of this chip; steps that are journaled are not measured again.

    Args:
        macro: the array.
        job_id: the registry's number of the job.
        measure: measures, given window, plan, mask and journal.
        asked: what of window, plan and mask is asked to be so.

    Raises:
        MapError: the board keeps no registry, the job is no map of this macro, or it is not what is asked.
    """
    records = records_of(macro.board)
    if records is None:
        raise MapError(
            f"job {job_id}: {macro.board.chip!r} is in no registry; open the board with the chip's name",
            value=macro.board.chip,
            where="chip",
        )
    with records.resume_job(job_id) as job:
        record = job.record
        if record.kind != KIND or record.cells.macro != macro.index:
            raise MapError(
                f"job {job_id}: a {record.kind} of macro {record.cells.macro}, no map of macro {macro.index}",
                value=record.kind,
                limit=KIND,
                where=f"job {job_id}",
            )
        window = macro[record.cells.rows, record.cells.columns]
        mask = job.arrays()["mask"].astype(np.bool_)
        asked.require_same(job, mask)
        return _finished(macro, job, lambda journal: measure(window, dict(job.plan), mask, journal))


def _finished(macro: Macro, job: Job, measure: Callable[[JobJournal], ConductanceMap]) -> ConductanceMap:
    measured = measure(JobJournal(job))
    keep_map(macro, measured, job_id=job.id)
    job.finish("done", in_short(measured.facts["drift"]))
    return measured


def keep_map(macro: Macro, measured: ConductanceMap, *, job_id: int | None = None) -> None:
    """Puts a map and what it says of the cells' health into the chip's registry, where there is one."""
    records = records_of(macro.board)
    if records is None:
        return
    cells = Cells(macro.index, measured.rows, measured.columns)
    provenance = records.provenance.with_recipe(f"map {measured.method}")
    kept = ("independent_siemens", "channel_siemens", "board_siemens", "state", "range")
    records.registry.maps.store(
        records.chip,
        cells,
        measured.siemens,
        measured.uncertainty_siemens,
        method=measured.method,
        provenance=provenance,
        arrays={name: getattr(measured, name) for name in kept},
        about={
            "samples": measured.samples,
            "conversions": measured.conversions,
            "facts": dict(measured.facts),
        },
        job_id=job_id,
    )
    states = np.array([_health(one) for one in CellState], np.uint8)[measured.state]
    states[_known_better(records, cells, states)] = HealthState.UNKNOWN
    records.registry.health.store(
        records.chip, cells, source=KIND, states=states, provenance=provenance, job_id=job_id
    )


def _known_better(records: ChipRecords, cells: Cells, states: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Returns where programming knows better: a stuck cell may conduct as a formed or a new one."""
    known = records.registry.health.current(records.chip, cells.macro).cells[cells.grid]
    high = (states == HealthState.FORMED) & (known == HealthState.STUCK_HIGH)
    low = (states == HealthState.UNFORMED) & (known == HealthState.STUCK_LOW)
    return np.asarray((known == HealthState.GAVE_UP) | high | low, dtype=np.bool_)


def _health(state: CellState) -> HealthState:
    return HealthState.UNKNOWN if state == CellState.MASKED else HealthState[state.name]


def latest_map(macro: Macro) -> ConductanceMap | None:
    """Returns the last map of the chip on a macro from its registry; None where there is none."""
    records = records_of(macro.board)
    found = None if records is None else records.registry.maps.latest(records.chip, macro.index)
    if found is None:
        return None
    return ConductanceMap(
        siemens=found.siemens,
        **{name: np.asarray(array) for name, array in found.arrays.items()},
        rows=found.cells.rows,
        columns=found.cells.columns,
        method=found.method,
        samples=int(found.about["samples"]),
        conversions=int(found.about["conversions"]),
        facts=found.about["facts"],
    )


def record_contact(macro: Macro, window: Window, report: ContactReport) -> None:
    """Puts what a contact check found into the chip's registry, where there is one."""
    records = records_of(macro.board)
    if records is None:
        return
    states = np.where(report.shorted, HealthState.STUCK_HIGH, HealthState.UNKNOWN)
    records.registry.health.store(
        records.chip,
        Cells.of(window),
        source="contact",
        states=states,
        row_lines=report.row_lines,
        column_lines=report.column_lines,
        provenance=records.provenance.with_recipe("contact"),
    )

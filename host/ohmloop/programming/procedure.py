# SPDX-License-Identifier: BSD-3-Clause
"""Write-verify of a window and the forming ramp: one call each, a job of the registry, resumable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import Algorithm, Pulse
from ohmloop.board.core import LOAD_CELLS, Core
from ohmloop.board.estimate import CellCalibration
from ohmloop.board.limits import whole
from ohmloop.board.recording import Journal
from ohmloop.board.watching import JobWatch, Watch, in_short
from ohmloop.errors import JobConflict, LimitError, NotArmed, NotCalibrated
from ohmloop.programming.health import keep_health
from ohmloop.programming.job import MAX_JOB, Run
from ohmloop.programming.kept_plan import plain_of, plan_of
from ohmloop.programming.plan import Plan, checked_siemens, make_plan, make_ramp, wired, write_verify
from ohmloop.programming.results import ProgramResult
from ohmloop.programming.scale import NominalScale, scale_for
from ohmloop.registry import records_of

if TYPE_CHECKING:
    from ohmloop.board.window import Window
    from ohmloop.registry import Job

PROGRAM_KIND: Final = "program"
RAMP_KIND: Final = "form_ramp"
_MOST_BEFORE: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Known:
    """By what siemens are known, and whether that is watched; see `Macro.program`."""

    calibration: CellCalibration | None = None
    accept_mismatch: bool = False
    watch: Watch | None = None

    def __post_init__(self) -> None:
        if self.calibration is None:
            object.__setattr__(self, "calibration", JobWatch(self.watch).calibration)


def program(
    core: Core,
    window: Window,
    targets_siemens: ArrayLike,
    tolerance_siemens: ArrayLike,
    job: int | None,
    known: Known,
    **choices: Any,
) -> ProgramResult:
    """Programs a window; see `Macro.program`."""
    run = _prepared(core, window, targets_siemens, tolerance_siemens, known, choices)
    _require_permission(core, window, run.plan)
    return _run(run, job)


def check_program(
    core: Core,
    window: Window,
    targets_siemens: ArrayLike,
    tolerance_siemens: ArrayLike,
    pulses_before: int,
    after_job: int | None,
    known: Known,
    **choices: Any,
) -> None:
    """Raises what `program` would but for permission; see `Macro.check_program`."""
    run = _prepared(core, window, targets_siemens, tolerance_siemens, known, choices)
    core.records.check_job(
        PROGRAM_KIND,
        macro=window.macro.index,
        rows=window.rows,
        columns=window.columns,
        pulses=run.plan.budget + whole(pulses_before, "pulses_before", highest=_MOST_BEFORE),
        after=after_job,
    )


def _prepared(
    core: Core,
    window: Window,
    targets: ArrayLike,
    tolerance: ArrayLike,
    known: Known,
    choices: dict[str, Any],
) -> Run:
    core.require_more_than_reading("program", LOAD_CELLS)
    plan = make_plan(core, **choices)
    wanted = checked_siemens(window, targets, "targets_siemens")
    tolerances = checked_siemens(window, tolerance, "tolerance_siemens")
    if (np.rint(tolerances / plan.siemens_per_code) < 1).any():
        least = float(tolerances.min())
        raise LimitError(
            f"tolerance_siemens: {least:g} S asked, at least an ADC code, {plan.siemens_per_code:.3g} S",
            value=least, limit=plan.siemens_per_code, unit="S", where="tolerance_siemens",
        )  # fmt: skip
    scale = scale_for(core, window, plan, known.calibration, known.accept_mismatch)
    watch = JobWatch(known.watch)
    watch.require_apart(window)
    return Run(
        core, window, plan, wired(window, wanted), wired(window, tolerances), scale, watch, PROGRAM_KIND
    )


def form_ramp(
    core: Core,
    window: Window,
    *,
    gate_v: float,
    start_v: float | None,
    step_v: float | None,
    end_v: float | None,
    width_s: float | None,
    formed_siemens: float | None,
    job: int | None,
) -> ProgramResult:
    """Forms a window by a ramp; see `Macro.form_ramp`."""
    core.require_more_than_reading("form_ramp", LOAD_CELLS)
    usual, formed = None, formed_siemens
    if None in (start_v, step_v, end_v, width_s, formed_siemens):
        profile, _ = write_verify(core.profile)
        usual, formed = profile.forming, profile.formed.value * 1e-6 if formed is None else formed
    numbers = [
        getattr(usual, name).value if given is None else given
        for name, given in (("start", start_v), ("step", step_v), ("end", end_v), ("width", width_s))
    ]
    drive = (numbers[0], numbers[1], numbers[2], gate_v, numbers[3])
    plan = make_ramp(core, drive=drive, averages=1, final_averages=4)
    thresholds = checked_siemens(window, 0.0 if formed is None else formed, "formed_siemens")
    core.contacts.require(window)
    _require_permission(core, window, plan)
    scale, targets = NominalScale(plan.siemens_per_code), wired(window, thresholds)
    return _run(Run(core, window, plan, targets, np.zeros(window.shape), scale, JobWatch(), RAMP_KIND), job)


def resume(core: Core, window: Window, job_id: int, known: Known) -> ProgramResult:
    """Goes on with an interrupted job; what was acknowledged is not given again.

    Args:
        core: the board.
        window: every cell of the macro that the job is on; its own cells are taken.
        job_id: the registry's number.
        known: as in `program`; where the job began with a calibration it needs one, this or a newer one.

    Raises:
        JobConflict: there is no such job on this chip and macro, or it reads the board in another way.
        NotCalibrated: it was begun with a calibration, and none is given.
        ContactNotPassed: it forms, and a line has been found bad since.
    """
    core.require_more_than_reading("program", LOAD_CELLS)
    macro = window.macro
    records = records_of(macro.board)
    if records is None:
        raise JobConflict(
            f"job {job_id}: {macro.board.chip!r} is in no registry; open the board with the chip's name",
            value=macro.board.chip,
            where="chip",
        )
    with records.resume_job(job_id) as job:
        record, arrays = job.record, job.arrays()
        if record.kind not in (PROGRAM_KIND, RAMP_KIND) or record.cells.macro != macro.index:
            raise JobConflict(
                f"job {job_id}: a {record.kind} of macro {record.cells.macro}, "
                f"no programming of macro {macro.index}",
                value=record.kind,
                limit=PROGRAM_KIND,
                where=f"job {job_id}",
            )
        plan = plan_of(job.plan)
        _require_same_reading(core, macro.index, job, known)
        window = macro[record.cells.rows, record.cells.columns]
        if record.kind == RAMP_KIND:
            core.contacts.require(window)
        scale = scale_for(core, window, plan, known.calibration, known.accept_mismatch)
        watch = JobWatch(known.watch)
        watch.require_apart(window)
        _require_permission(core, window, plan)
        targets, tolerances = (np.asarray(arrays[name]) for name in ("targets_siemens", "tolerance_siemens"))
        run = Run(core, window, plan, targets, tolerances, scale, watch, record.kind)
        run.first_job = int(job.plan["first_job"])
        return _go_on(run, job)


def _require_same_reading(core: Core, macro: int, job: Job, known: Known) -> None:
    """Raises where what is left would be read otherwise than what is done."""
    begun_with, where = job.plan["calibration"], f"job {job.id}"
    if begun_with and known.calibration is None:
        raise NotCalibrated(
            f"{where}: it was begun with calibration {begun_with!r}; give it, or a newer one, to go on",
            value=begun_with,
            where=where,
        )
    tables, then = f"{core.tables_hash(macro):08x}", job.plan["tables"]
    if known.calibration is not None and not begun_with:
        raise JobConflict(f"{where}: it was begun without a calibration", value="calibration", where=where)
    if tables != then:
        raise JobConflict(
            f"{where}: the board's tables were {then} when it was begun, {tables} now",
            value=tables,
            limit=then,
            where=where,
        )


def _go_on(run: Run, job: Job) -> ProgramResult:
    for step in job.results():
        run.found.put(run.parts[step.number], step.arrays, int(step.values["cycles"]))
        run.used(step.values["calibration"])
        run.watch.events += step.values.get("drift", [])
    return _finished(run, job, job.remaining())


def _run(run: Run, job: int | None) -> ProgramResult:
    window, core, plan = run.window, run.core, run.plan
    run.first_job = core.take_jobs(len(run.parts)) if job is None else whole(job, "job", highest=MAX_JOB - 1)
    with core.records.open_job(
        run.what,
        macro=window.macro.index,
        rows=window.rows,
        columns=window.columns,
        steps=len(run.parts),
        most_pulses=plan.budget,
        resumable=True,
        plan={
            "plan": plain_of(plan),
            "first_job": run.first_job,
            "calibration": run.scale.name,
            "mismatches": list(run.scale.mismatches),
            "tables": f"{core.tables_hash(window.macro.index):08x}",
        },
        arrays={"targets_siemens": run.targets, "tolerance_siemens": run.tolerances},
    ) as journal:
        return _finished(run, journal, list(range(len(run.parts))))


def _finished(run: Run, journal: Journal, remaining: list[int]) -> ProgramResult:
    """Executes what remains; the job's record says what the watch has said."""
    run.execute(journal, remaining)
    result = _result(run)
    keep_health(run.window, result, getattr(journal, "id", None))
    if result.drift:
        journal.finish("done", in_short(result.drift))
    return result


def _require_permission(core: Core, window: Window, plan: Plan) -> None:
    """Raises NotArmed or LimitError unless the permission covers the strongest pulse of each kind."""
    permitted = core.permission
    ramp = plan.algorithm is Algorithm.FORM_RAMP
    kinds = {Pulse.FORM: plan.set} if ramp else {Pulse.SET: plan.set, Pulse.RESET: plan.reset}
    if permitted is None:
        ops = {kind.name.lower() for kind in kinds}
        raise NotArmed(
            f"program: the board is not armed; use `with board.armed(window, ops={ops}, ...)`",
            value="program",
            limit="not armed",
            where="program",
        )
    for kind, drive in kinds.items():
        permitted.check(kind, window, max(drive.start, drive.end), 0)
    if permitted.pulses_left < 1:
        raise NotArmed(
            "program: no cell pulse left permitted", value=1, limit=0, unit="cell pulses", where="max_pulses"
        )


def _in_users_order(window: Window, array: NDArray[Any]) -> NDArray[Any]:
    for axis, lineup in ((0, window.row_lineup), (1, window.column_lineup)):
        if lineup.back is not None:
            array = np.take(array, lineup.back, axis=axis)
    return array


def _result(run: Run) -> ProgramResult:
    window, plan, found = run.window, run.plan, run.found
    targets, tolerances, siemens, uncertainty, status, pulses, reads = (
        _in_users_order(window, array)
        for array in (
            run.targets, run.tolerances, found.siemens, found.uncertainty,
            found.outcomes, found.pulses, found.reads,
        )
    )  # fmt: skip
    return ProgramResult(
        targets_siemens=targets,
        tolerance_siemens=tolerances,
        achieved_siemens=siemens.copy(),
        uncertainty_siemens=uncertainty.copy(),
        status=status.copy(),
        pulses=pulses.copy(),
        reads=reads.copy(),
        algorithm=plan.algorithm.name.lower(),
        averages=1 << plan.averages_log2,
        first_job=run.first_job,
        conditions=run.core.conditions(run.first_job, run.found.cycles),
        calibration=", then ".join(run.names),
        mismatches=run.scale.mismatches,
        drift=tuple(run.watch.events),
    )

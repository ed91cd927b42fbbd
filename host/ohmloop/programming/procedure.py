# SPDX-License-Identifier: BSD-3-Clause
"""Write-verify of a window and the forming ramp: one call each, a job of the registry, resumable."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import Algorithm, Pulse
from ohmloop.board.core import Core
from ohmloop.board.limits import whole
from ohmloop.errors import JobConflict, LimitError, NotArmed, ShapeError
from ohmloop.link.messages import KindDrive
from ohmloop.programming.health import keep_health
from ohmloop.programming.job import MAX_JOB, Run
from ohmloop.programming.plan import Plan, make_plan, make_ramp, target_codes, write_verify
from ohmloop.programming.results import ProgramResult
from ohmloop.registry import records_of

if TYPE_CHECKING:
    from ohmloop.board.window import Window
    from ohmloop.registry import Job

KIND: Final = "program"
RAMP_KIND: Final = "form_ramp"


def program(
    core: Core,
    window: Window,
    targets_siemens: ArrayLike,
    tolerance_siemens: ArrayLike,
    job: int | None,
    **choices: Any,
) -> ProgramResult:
    """Programs a window; see `Macro.program`."""
    plan = make_plan(core, **choices)
    targets = target_codes(plan, window, targets_siemens, "targets_siemens")
    tolerances = target_codes(plan, window, tolerance_siemens, "tolerance_siemens")
    if (tolerances < 1).any():
        raise LimitError(
            f"tolerance_siemens: below one ADC code, {plan.siemens_per_code:.3g} S",
            value=float(np.min(tolerance_siemens)), limit=plan.siemens_per_code, unit="S",
            where="tolerance_siemens",
        )  # fmt: skip
    _require_permission(core, window, plan)
    return _run(core, window, plan, targets, tolerances, KIND, job)


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
    thresholds = target_codes(plan, window, 0.0 if formed is None else formed, "formed_siemens")
    core.contacts.require(window)
    _require_permission(core, window, plan)
    return _run(core, window, plan, thresholds, np.zeros_like(thresholds), RAMP_KIND, job)


def resume(core: Core, window: Window, job_id: int) -> ProgramResult:
    """Goes on with an interrupted job; what was acknowledged is not given again.

    Args:
        core: the board.
        window: every cell of the macro that the job is on; its own cells are taken.
        job_id: the registry's number.

    Raises:
        JobConflict: there is no such job on this chip and macro.
    """
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
        if record.kind not in (KIND, RAMP_KIND) or record.cells.macro != macro.index:
            raise JobConflict(
                f"job {job_id}: a {record.kind} of macro {record.cells.macro}, "
                f"no programming of macro {macro.index}",
                value=record.kind,
                limit=KIND,
                where=f"job {job_id}",
            )
        plan = _plan_of(job.plan["plan"])
        window = macro[record.cells.rows, record.cells.columns]
        _require_permission(core, window, plan)
        run = Run(
            core, window, plan, np.asarray(arrays["targets"]), np.asarray(arrays["tolerances"]),
            int(job.plan["first_job"]), record.kind,
        )  # fmt: skip
        return _go_on(run, job)


def _go_on(run: Run, job: Job) -> ProgramResult:
    for step in job.results():
        kept = step.arrays
        part = run.parts[step.number]
        run.found.put(part, kept["sums"], kept["outcomes"], kept["pulses"], kept["reads"])
        run.found.cycles += int(step.values["cycles"])
        run.found.given += step.given
    run.execute(job, job.remaining())
    result = _result(run)
    keep_health(run.window, result, job.id)
    return result


def _run(
    core: Core,
    window: Window,
    plan: Plan,
    targets: NDArray[np.int16],
    tolerances: NDArray[np.int16],
    what: str,
    job: int | None,
) -> ProgramResult:
    wired = [_wired(window, array) for array in (targets, tolerances)]
    first = 0 if job is None else whole(job, "job", highest=MAX_JOB - 1)
    run = Run(core, window, plan, wired[0], wired[1].astype(np.uint16), first, what)
    if job is None:
        run.first_job = core.take_jobs(len(run.parts))
    with core.records.open_job(
        what,
        macro=window.macro.index,
        rows=window.rows,
        columns=window.columns,
        steps=len(run.parts),
        most_pulses=plan.budget,
        resumable=True,
        plan={"plan": _plain(plan), "first_job": run.first_job},
        arrays={"targets": run.targets, "tolerances": run.tolerances},
    ) as journal:
        run.execute(journal, list(range(len(run.parts))))
        result = _result(run)
        keep_health(window, result, getattr(journal, "id", None))
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


def _wired(window: Window, array: NDArray[np.int16]) -> NDArray[np.int16]:
    """Returns an array in the user's order of lines in wire order."""
    for axis, lineup in ((0, window.row_lineup), (1, window.column_lineup)):
        if lineup.order is not None:
            array = np.take(array, lineup.order, axis=axis)
    return array


def _in_users_order(window: Window, array: NDArray[Any]) -> NDArray[Any]:
    for axis, lineup in ((0, window.row_lineup), (1, window.column_lineup)):
        if lineup.back is not None:
            array = np.take(array, lineup.back, axis=axis)
    return array


def _result(run: Run) -> ProgramResult:
    window, plan = run.window, run.plan
    found = run.found
    targets, tolerances, sums, status, pulses, reads = (
        _in_users_order(window, array)
        for array in (run.targets, run.tolerances, found.sums, found.outcomes, found.pulses, found.reads)
    )
    conversions = 1 << plan.final_log2
    means = sums / conversions
    return ProgramResult(
        targets_siemens=targets * plan.siemens_per_code,
        tolerance_siemens=tolerances * plan.siemens_per_code,
        achieved_siemens=means * plan.siemens_per_code,
        uncertainty_siemens=plan.deviation(means, conversions) * plan.siemens_per_code,
        status=status.copy(),
        pulses=pulses.copy(),
        reads=reads.copy(),
        algorithm=plan.algorithm.name.lower(),
        averages=1 << plan.averages_log2,
        first_job=run.first_job,
        conditions=run.core.conditions(run.first_job, run.found.cycles),
    )


def _plain(plan: Plan) -> dict[str, Any]:
    plain = asdict(plan)
    plain["algorithm"] = int(plan.algorithm)
    for name in ("set", "reset", "gates", "noise"):
        plain[name] = list(getattr(plan, name))
    return plain


def _plan_of(plain: dict[str, Any]) -> Plan:
    try:
        slope, gain, low, high = plain["gates"]
        relative, additive = plain["noise"]
        kinds = {
            "algorithm": Algorithm(plain["algorithm"]),
            "set": KindDrive(*plain["set"]),
            "reset": KindDrive(*plain["reset"]),
            "gates": (slope, gain, low, high),
            "noise": (relative, additive),
        }
        return Plan(**(plain | kinds))
    except (TypeError, ValueError, KeyError) as error:
        raise ShapeError(f"job: its plan is of another version: {error}", where="job") from error

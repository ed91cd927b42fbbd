# SPDX-License-Identifier: BSD-3-Clause
"""A file of target conductances to programmed cells: on the screen, and in files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

import ohmloop
from ohmloop._map import Register
from ohmloop.cli.calibrations import Choice, Used, found_for
from ohmloop.cli.choices import MICRO, macro_of, require_figure, require_file, window_of
from ohmloop.cli.going_on import how_to_go_on
from ohmloop.cli.program_report import table_of, told_of_ramp, written
from ohmloop.errors import LimitError
from ohmloop.programming import (
    PROGRAM_KIND,
    RAMP_KIND,
    ProgramResult,
    require_same,
    require_same_window,
    write_verify,
)
from ohmloop.registry import records_of

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.profile.physics import Drive

USUAL: Final[dict[str, Any]] = {"algorithm": "ispp", "budget": 80}
SPARE: Final = 2
"""Cell pulses permitted, in budgets of every cell: ramps that are taken back count too."""
EXPIRES_S: Final = 600.0
EXPIRES_CELL_S: Final = 0.02
"""Of the permission, a cell more: a front end of one converter takes 2 ms a cell."""


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """What `ohmloop program` was asked for; see its options."""

    url: str
    targets: Path
    chip: str | None
    profile: str | None
    macro: int
    rows: str | None
    columns: str | None
    tolerance_us: float
    algorithm: str | None
    budget: int | None
    form_gate_v: float | None
    choice: Choice
    resume: int | None
    out: Path | None
    json_file: Path | None
    png: Path | None


def run_program(plan: ProgramPlan) -> None:
    """Programs a window, shows what was reached and writes what was asked for."""
    _check_files(plan)
    targets = read_targets(plan.targets)
    console = Console()
    with ohmloop.open(plan.url, chip=plan.chip, profile=plan.profile) as board, how_to_go_on(board):
        macro = macro_of(board, plan.macro)
        window = _window(macro, plan, targets)
        write_verify(board.profile)
        used = found_for(macro, plan.choice, window)
        ramp = False
        if plan.resume is not None:
            ramp, budget = _to_resume(macro, window, plan, targets)
            plan = replace(plan, budget=budget if plan.budget is None else plan.budget)
        if ramp or plan.resume is None:
            _check(macro, window, plan, targets, used)
            formed = _formed(macro, window, plan, console)
            if formed is not None:
                console.print(told_of_ramp(formed), markup=False, highlight=False)
        with console.status("programming"):
            result = _program(macro, window, replace(plan, resume=None) if ramp else plan, targets, used)
        used.keep(board)
    console.print(table_of(plan.url, result))
    for note in used.notes:
        console.print(note, highlight=False, markup=False)
    for path in written(result, out=plan.out, png=plan.png, json_file=plan.json_file):
        console.print(f"written: {path}", highlight=False, markup=False)


def read_targets(path: Path) -> NDArray[np.float64]:
    """Returns the targets of a .npy or .csv file, siemens `[rows, columns]`.

    Raises:
        LimitError: the file cannot be read, or holds no such numbers.
    """
    try:
        if not path.stat().st_size:
            raise ValueError("the file is empty")
        found: Any = np.load(path) if path.suffix == ".npy" else np.loadtxt(path, delimiter=",", ndmin=2)
        if np.iscomplexobj(found):
            raise TypeError("the numbers are complex")
        targets = np.asarray(found, np.float64)
    except (OSError, ValueError, TypeError, EOFError) as error:
        fault = "this is no array of numbers" if "pickle" in str(error) else str(error)
        raise LimitError(
            f"{path}: no targets can be read: {fault}", value=str(path), limit=".npy or .csv", where=str(path)
        ) from error
    if targets.ndim != 2 or not targets.size:
        raise LimitError(
            f"{path}: numbers [rows, columns] expected, shape {targets.shape} found",
            value=targets.shape,
            limit="[rows, columns]",
            unit="S",
            where=str(path),
        )
    missing = np.argwhere(~np.isfinite(targets))
    if missing.size:
        row, column = (int(one) for one in missing[0])
        place = f"{path}[{row}, {column}]"
        raise LimitError(
            f"{place}: {targets[row, column]:g} S is no target; a finite number expected",
            value=float(targets[row, column]),
            limit="finite",
            unit="S",
            where=place,
        )
    return targets


def _window(macro: Macro, plan: ProgramPlan, targets: NDArray[np.float64]) -> Window:
    """The window of the options; by default the array's first corner, as large as the targets."""
    rows = plan.rows or f"0:{targets.shape[0]}"
    columns = plan.columns or f"0:{targets.shape[1]}"
    return window_of(macro, rows, columns)


def _highest(*drives: Drive) -> float:
    return max(max(drive.start.value, drive.end.value) for drive in drives)


def _check(macro: Macro, window: Window, plan: ProgramPlan, targets: NDArray[np.float64], used: Used) -> None:
    """Refuses what cannot be, before forming, which cannot be taken back."""
    if plan.form_gate_v is not None:
        macro.board.limits.voltage_code(plan.form_gate_v, Register.LIMIT_GATE_V, "--form-gate-v")
    macro.check_program(
        targets,
        window,
        tolerance_siemens=plan.tolerance_us / MICRO,
        **_settled(plan),
        pulses_before=_ramp_steps(macro) if plan.resume is None and plan.form_gate_v is not None else 0,
        after_job=plan.resume,
        calibration=used.calibration,
        accept_mismatch=plan.choice.accept_mismatch,
        watch=used.watch,
    )


def _to_resume(
    macro: Macro, window: Window, plan: ProgramPlan, targets: NDArray[np.float64]
) -> tuple[bool, int | None]:
    """Returns whether the job is a forming ramp, with the programming still to come, else its budget.

    Raises:
        JobConflict: it was begun otherwise than the command says.
    """
    records, job = records_of(macro.board), int(plan.resume or 0)
    if records is None:  # going on will be refused
        return False, None
    jobs = records.registry.jobs
    found = jobs.get(job)
    if found.kind == RAMP_KIND:
        require_same_window(window, found)
        return True, None
    if found.kind != PROGRAM_KIND:  # likewise
        return False, None
    require_same(
        window,
        found,
        jobs.arrays(job),
        targets,
        tolerance_siemens=plan.tolerance_us / MICRO,
        algorithm=plan.algorithm,
        budget=plan.budget,
    )
    return False, found.most_pulses


def _formed(macro: Macro, window: Window, plan: ProgramPlan, console: Console) -> ProgramResult | None:
    """Goes on with a ramp, or forms what does not conduct yet, after a contact check; None: neither."""
    if plan.resume is None and plan.form_gate_v is None:
        return None
    drives, _ = write_verify(macro.board.profile)
    with console.status("contact check"):
        macro.check_contact(window)
    with (
        console.status("forming"),
        macro.board.armed(
            window,
            ops={"form"},
            max_pulses=window.size * _ramp_steps(macro),
            max_voltage_v=_highest(drives.forming),
            expires_s=_expiry_s(window),
        ),
    ):
        if plan.resume is not None:
            return macro.resume_program(plan.resume)
        return macro.form_ramp(window, gate_v=float(plan.form_gate_v or 0))


def _ramp_steps(macro: Macro) -> int:
    drives, _ = write_verify(macro.board.profile)
    ramp = drives.forming
    return round((ramp.end.value - ramp.start.value) / ramp.step.value) + 1


def _settled(plan: ProgramPlan) -> dict[str, Any]:
    """What was asked, and the usual where nothing was."""
    asked = {"algorithm": plan.algorithm, "budget": plan.budget}
    return USUAL | {name: value for name, value in asked.items() if value is not None}


def _expiry_s(window: Window) -> float:
    return EXPIRES_S + EXPIRES_CELL_S * window.size


def _program(
    macro: Macro,
    window: Window,
    plan: ProgramPlan,
    targets: NDArray[np.float64],
    used: Used,
) -> ProgramResult:
    drives, _ = write_verify(macro.board.profile)
    known: dict[str, Any] = {
        "calibration": used.calibration,
        "accept_mismatch": plan.choice.accept_mismatch,
        "watch": used.watch,
    }
    with macro.board.armed(
        window,
        ops={"set", "reset"},
        max_pulses=window.size * int(_settled(plan)["budget"]) * SPARE,
        max_voltage_v=_highest(drives.set, drives.reset, drives.fine_set, drives.fine_reset),
        expires_s=_expiry_s(window),
    ):
        if plan.resume is not None:
            return macro.resume_program(plan.resume, **known)
        return macro.program(
            targets,
            window,
            tolerance_siemens=plan.tolerance_us / MICRO,
            **_settled(plan),
            **known,
        )


def _check_files(plan: ProgramPlan) -> None:
    if plan.out is not None and plan.out.suffix not in (".npz", ".csv"):
        raise LimitError(f"--out: {plan.out} is neither .npz nor .csv", value=str(plan.out), where="out")
    require_figure(plan.png)
    for path in (plan.out, plan.json_file):
        require_file(path)

# SPDX-License-Identifier: BSD-3-Clause
"""A file of target conductances to programmed cells: on the screen, and in files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

import ohmloop
from ohmloop.board.watching import in_short
from ohmloop.cli.calibrations import Choice, Used, found_for
from ohmloop.cli.choices import MICRO, NANO, macro_of, require_folder, require_module, window_of
from ohmloop.errors import LimitError
from ohmloop.programming import ProgramResult, ProgramStatus, write_verify

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.profile.physics import Drive, WriteVerify

SPARE: Final = 2
"""Cell pulses permitted, in budgets of every cell: ramps that are taken back count too."""
EXPIRES_S: Final = 600.0


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
    algorithm: str
    budget: int
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
    with ohmloop.open(plan.url, chip=plan.chip, profile=plan.profile) as board:
        macro = macro_of(board, plan.macro)
        window = _window(macro, plan, targets)
        drives, _ = write_verify(board.profile)
        used = found_for(macro, plan.choice, window)
        if plan.form_gate_v is not None:
            with console.status("forming"):
                formed = _form(macro, window, drives, plan.form_gate_v)
            console.print(repr(formed), markup=False, highlight=False)
        with console.status("programming"):
            result = _program(macro, window, drives, plan, targets, used)
        used.keep(board)
    console.print(_table(plan.url, result))
    for note in used.notes:
        console.print(note, highlight=False, markup=False)
    for path in _written(plan, result):
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
        targets = np.asarray(found, np.float64)
    except (OSError, ValueError, TypeError) as error:
        raise LimitError(
            f"{path}: no targets can be read: {error}", value=str(path), limit=".npy or .csv", where=str(path)
        ) from error
    if targets.ndim != 2 or not targets.size or not np.all(np.isfinite(targets)):
        raise LimitError(
            f"{path}: finite numbers [rows, columns] expected, {targets.shape} found",
            value=targets.shape,
            limit="[rows, columns]",
            unit="S",
            where=str(path),
        )
    return targets


def _window(macro: Macro, plan: ProgramPlan, targets: NDArray[np.float64]) -> Window:
    """The window of the options; by default the array's first corner, as large as the targets."""
    rows = plan.rows or f"0:{targets.shape[0]}"
    columns = plan.columns or f"0:{targets.shape[1]}"
    return window_of(macro, rows, columns)


def _highest(*drives: Drive) -> float:
    return max(max(drive.start.value, drive.end.value) for drive in drives)


def _form(macro: Macro, window: Window, drives: WriteVerify, gate_v: float) -> ProgramResult:
    """The contact check, then a ramp on every cell that does not conduct yet."""
    macro.check_contact(window)
    ramp = drives.forming
    steps = round((ramp.end.value - ramp.start.value) / ramp.step.value) + 1
    with macro.board.armed(
        window,
        ops={"form"},
        max_pulses=window.size * steps,
        max_voltage_v=_highest(ramp),
        expires_s=EXPIRES_S,
    ):
        return macro.form_ramp(window, gate_v=gate_v)


def _program(
    macro: Macro,
    window: Window,
    drives: WriteVerify,
    plan: ProgramPlan,
    targets: NDArray[np.float64],
    used: Used,
) -> ProgramResult:
    known: dict[str, Any] = {
        "calibration": used.calibration,
        "accept_mismatch": plan.choice.accept_mismatch,
        "watch": used.watch,
    }
    with macro.board.armed(
        window,
        ops={"set", "reset"},
        max_pulses=window.size * plan.budget * SPARE,
        max_voltage_v=_highest(drives.set, drives.reset, drives.fine_set, drives.fine_reset),
        expires_s=EXPIRES_S,
    ):
        if plan.resume is not None:
            return macro.resume_program(plan.resume, **known)
        return macro.program(
            targets,
            window,
            tolerance_siemens=plan.tolerance_us / MICRO,
            algorithm=plan.algorithm,
            budget=plan.budget,
            **known,
        )


def summary_of(result: ProgramResult) -> dict[str, Any]:
    """Returns the figures of a result under fixed keys; conductances in siemens."""
    done = ~result.failed
    error = (result.achieved_siemens - result.targets_siemens)[done]
    low, high = result.failed_interval
    return {
        "origin": result.origin,
        "chip": result.conditions.chip,
        "cells": int(result.status.size),
        "algorithm": result.algorithm,
        "calibration": result.calibration or None,
        "mismatches": list(result.mismatches),
        "drift": list(result.drift),
        "status": {status.name.lower(): count for status, count in result.counts.items()},
        "failed_fraction": result.failed_fraction,
        "failed_interval": [low, high],
        "error_rms_siemens": float(np.sqrt(np.mean(error**2))) if error.size else None,
        "uncertainty_siemens": float(np.median(result.uncertainty_siemens)),
        "pulses_mean": float(result.pulses.mean()),
        "pulses_p99": float(np.percentile(result.pulses, 99)),
        "reads_mean": float(result.reads.mean()),
        "board_seconds": result.board_seconds,
        "cells_per_board_second": result.status.size / result.board_seconds if result.board_seconds else None,
    }


def _table(url: str, result: ProgramResult) -> Table:
    found = summary_of(result)
    table = Table(title=f"{url} - {result.origin.upper()}", show_header=False)
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found["status"].items())
    table.add_row("chip, algorithm", f"{found['chip']}, {result.algorithm}")
    table.add_row("cells", f"{result.shape[0]} x {result.shape[1]}: {told}")
    low, high = found["failed_interval"]
    table.add_row("failed", f"{100 * found['failed_fraction']:.2f} % ({100 * low:.2f} .. {100 * high:.2f})")
    if found["error_rms_siemens"] is not None:
        table.add_row(
            "error of done cells",
            f"rms {NANO * found['error_rms_siemens']:.4g} nS by the independent reading, "
            f"itself known to {NANO * found['uncertainty_siemens']:.4g} nS",
        )
    table.add_row("pulses a cell", f"mean {found['pulses_mean']:.3g}, 99 % within {found['pulses_p99']:.3g}")
    table.add_row("readings a cell", f"mean {found['reads_mean']:.3g}")
    table.add_row("board time", f"{result.board_seconds:.4g} s")
    table.add_row("gains", f"calibrated by {result.calibration}" if result.calibration else "nominal")
    for name, texts in (("accepted", result.mismatches), ("drift", result.drift)):
        if texts:
            table.add_row(name, in_short(texts))
    return table


def _check_files(plan: ProgramPlan) -> None:
    if plan.out is not None and plan.out.suffix not in (".npz", ".csv"):
        raise LimitError(f"--out: {plan.out} is neither .npz nor .csv", value=str(plan.out), where="out")
    if plan.png is not None:
        require_module("matplotlib", "demo", "--png")
    for path in (plan.out, plan.json_file, plan.png):
        require_folder(path)


def _written(plan: ProgramPlan, result: ProgramResult) -> list[Path]:
    if plan.out is not None:
        _save(result, plan.out)
    if plan.png is not None:
        draw_program(result, plan.png)
    if plan.json_file is not None:
        plan.json_file.write_text(json.dumps(summary_of(result), indent=1) + "\n", encoding="utf-8")
    return [path for path in (plan.out, plan.png, plan.json_file) if path is not None]


def _save(result: ProgramResult, path: Path) -> None:
    """Every cell of a result: arrays by name, or a line a cell."""
    names = ("targets_siemens", "achieved_siemens", "uncertainty_siemens", "status", "pulses", "reads")
    arrays = {name: np.asarray(getattr(result, name)) for name in names}
    if path.suffix == ".npz":
        np.savez_compressed(path, allow_pickle=False, origin=result.origin, **arrays)
        return
    rows, columns = np.indices(result.shape)
    table = np.column_stack([rows.ravel(), columns.ravel(), *(one.ravel() for one in arrays.values())])
    header = f"{result.conditions.mark}{result.conditions.chip}\nrow,column," + ",".join(names)
    np.savetxt(
        path, table, delimiter=",", fmt=["%d", "%d", "%.9g", "%.9g", "%.9g", "%d", "%d", "%d"], header=header
    )


def draw_program(result: ProgramResult, path: Path) -> None:
    """Draws achieved against target, the errors against the tolerance, and which cells failed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.2), layout="constrained")
    against, errors, cells = figure.subplots(1, 3)
    target, achieved = MICRO * result.targets_siemens.ravel(), MICRO * result.achieved_siemens.ravel()
    failed = result.failed.ravel()
    against.plot(target[~failed], achieved[~failed], ".", ms=3, alpha=0.5, label="done")
    against.plot(target[failed], achieved[failed], "x", color="tab:red", label="failed")
    against.set(xlabel="target (µS)", ylabel="achieved, independent reading (µS)")
    against.legend()
    half = MICRO * float(result.tolerance_siemens.max())
    errors.hist((achieved - target)[~failed], bins=60)
    for edge in (-half, half):
        errors.axvline(edge, color="black", ls="--", lw=1)
    errors.set(xlabel="achieved - target (µS), done cells; dashed: tolerance", ylabel="cells")
    image = cells.imshow(result.pulses, aspect="auto", interpolation="nearest")
    marked = np.argwhere(result.failed)
    cells.plot(marked[:, 1], marked[:, 0], "rx", ms=4)
    cells.set(xlabel="column", ylabel="row", title="pulses; crosses: failed")
    figure.colorbar(image, ax=cells)
    done = int(np.count_nonzero(result.status == ProgramStatus.DONE))
    mark = result.conditions.mark
    figure.suptitle(f"{mark}{result.conditions.chip}: {result.algorithm}, {done} of {failed.size} cells done")
    figure.savefig(path, dpi=120)

# SPDX-License-Identifier: BSD-3-Clause
"""What became of programmed cells: on the screen, and in files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from ohmloop.board.watching import in_short
from ohmloop.cli.choices import MICRO, NANO
from ohmloop.programming import ProgramResult, ProgramStatus


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


def told_of_ramp(formed: ProgramResult) -> str:
    """Returns a sentence on what a forming ramp did."""
    told = ", ".join(f"{count} {status.name.lower()}" for status, count in formed.counts.items())
    what = f"{formed.conditions.mark}forming ramp, {formed.shape[0]} x {formed.shape[1]} cells"
    cost = f"{formed.pulses.mean():.3g} pulses a cell, {formed.board_seconds:.4g} s of the board"
    return f"{what}: {told}; {cost}"


def table_of(url: str, result: ProgramResult) -> Table:
    """Returns what the screen shows of a result."""
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


def written(
    result: ProgramResult, *, out: Path | None, png: Path | None, json_file: Path | None
) -> list[Path]:
    """Writes the files that have a name: every cell, a figure, the summary; returns their paths."""
    if out is not None:
        _save(result, out)
    if png is not None:
        draw_program(result, png)
    if json_file is not None:
        json_file.write_text(json.dumps(summary_of(result), indent=1) + "\n", encoding="utf-8")
    return [path for path in (out, png, json_file) if path is not None]


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

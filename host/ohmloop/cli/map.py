# SPDX-License-Identifier: BSD-3-Clause
"""A board to a conductance map, or a contact check: on the screen, and in files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

import ohmloop
from ohmloop.board.watching import in_short
from ohmloop.cli.calibrations import Choice, found_for
from ohmloop.cli.choices import (
    MICRO,
    NANO,
    macro_of,
    require_figure,
    require_file,
    require_module,
    window_of,
)
from ohmloop.cli.going_on import how_to_go_on
from ohmloop.errors import LimitError, NotRecorded
from ohmloop.mapping import ConductanceMap, draw_map, fit_profile, latest_map
from ohmloop.mapping.files import require_known_ending

if TYPE_CHECKING:
    from ohmloop.board import Macro
    from ohmloop.mapping import MapComparison

LAST: Final = "last"


@dataclass(frozen=True, slots=True)
class MapPlan:
    """What `ohmloop map` was asked for; see its options."""

    url: str
    chip: str | None
    profile: str | None
    macro: int
    rows: str | None
    columns: str | None
    method: str | None
    samples: int | None
    choice: Choice
    earlier: str | None
    resume: int | None
    out: Path | None
    json_file: Path | None
    png: Path | None
    fit: Path | None


def run_map(plan: MapPlan) -> None:
    """Maps a window, shows a summary and writes what was asked for."""
    _check_files(plan)
    console = Console()
    earlier = None if plan.earlier in (None, LAST) else ConductanceMap.load(str(plan.earlier))
    with ohmloop.open(plan.url, chip=plan.chip, profile=plan.profile) as board, how_to_go_on(board):
        macro = macro_of(board, plan.macro)
        chosen = plan.rows is not None or plan.columns is not None
        window = window_of(macro, plan.rows, plan.columns) if chosen else None
        used = found_for(macro, plan.choice)
        earlier = _last(macro) if plan.earlier == LAST else earlier
        with _progress(console, "mapping") as told:
            measured = macro.map(
                window,
                method=plan.method,
                samples=plan.samples,
                calibration=used.calibration,
                accept_mismatch=plan.choice.accept_mismatch,
                earlier=earlier,
                progress=told,
                watch=used.watch,
                resume=plan.resume,
            )
        used.keep(board)
        base = board.profile
    change = None if earlier is None else measured.compare(earlier)
    console.print(_table(plan.url, measured, change))
    for note in used.notes:
        console.print(note, highlight=False, markup=False)
    for path in _written(plan, measured, change, base):
        console.print(f"written: {path}", highlight=False, markup=False)


def _written(
    plan: MapPlan, measured: ConductanceMap, change: MapComparison | None, base: ohmloop.Profile
) -> Iterator[Path]:
    if plan.out is not None:
        yield measured.save(plan.out)
    if plan.png is not None:
        yield draw_map(measured, plan.png)
    if plan.json_file is not None:
        found = measured.summary() | ({} if change is None else {"change": change.summary()})
        plan.json_file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        yield plan.json_file
    if plan.fit is not None:  # last: a map of too few formed cells is refused
        yield fit_profile([measured], name=plan.fit.stem, base=base).write(plan.fit)


def run_contact(
    url: str,
    *,
    chip: str | None,
    profile: str | None,
    macro: int,
    rows: str | None,
    columns: str | None,
    json_file: Path | None,
) -> bool:
    """Checks the contact of every line, shows what is bad, and returns whether none is."""
    require_file(json_file)
    console = Console()
    with ohmloop.open(url, chip=chip, profile=profile) as board:
        array = macro_of(board, macro)
        with _progress(console, "contact") as told:
            report = array.check_contact(window_of(array, rows, columns), progress=told)
    found = report.summary()
    rows, columns = found["shape"]
    verdict = "passed" if report.passed else "NOT PASSED"
    mark = "EMULATED " if array.is_emulated else ""
    what = f"{mark}contact of {rows} rows and {columns} columns at {report.read_v * 1e3:.0f} mV"
    console.print(f"{url}: {what}: {verdict}", markup=False, highlight=False)
    for text in found["bad_lines"]:
        console.print(text, style="bold red", markup=False, highlight=False)
    if found["shorted_cells"]:
        console.print(f"{found['shorted_cells']} cells conduct as shorts", markup=False, highlight=False)
    if not report.opens_testable:
        console.print("pristine cells of this profile conduct nothing: an open line cannot be told")
    if json_file is not None:
        json_file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return report.passed


def _last(macro: Macro) -> ConductanceMap:
    found = latest_map(macro)
    if found is None:
        raise NotRecorded(
            f"--earlier last: chip {macro.board.chip!r} has no map in the registry",
            value=LAST,
            where="earlier",
        )
    return found


def _check_files(plan: MapPlan) -> None:
    """Raises what would keep a file from being written, before anything is measured."""
    if plan.out is not None:
        require_known_ending(plan.out)
    if plan.fit is not None and plan.fit.suffix not in (".yaml", ".yml"):
        raise LimitError(f"--fit: {plan.fit} is no .yaml file", value=str(plan.fit), where="fit")
    require_figure(plan.png)
    if plan.out is not None and plan.out.suffix == ".nc":
        require_module("xarray", "data", "--out FILE.nc")
    for path in (plan.out, plan.json_file, plan.png, plan.fit):
        require_file(path)


@contextmanager
def _progress(console: Console, text: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what a measurement tells its conversions to."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, expected: progress.update(task, completed=done, total=expected)


def _table(url: str, measured: ConductanceMap, change: MapComparison | None) -> Table:
    table = Table(title=f"{url} - {measured.origin.upper()}", show_header=False)
    for name, value in summary_lines(measured).items():
        table.add_row(name, value)
    if change is not None:
        found = change.summary()
        moves = [f"{count} {move.replace('_', ' ')}" for move, count in found["state_changes"].items()]
        table.add_row("changed since", f"{found['changed']} cells; {', '.join(moves) or 'no other state'}")
        if found["drift"] is not None:
            table.add_row("drift of formed cells", f"{100 * found['drift']:+.2f} %")
    return table


def summary_lines(measured: ConductanceMap) -> dict[str, str]:
    """Returns what is shown of a map, by name."""
    found, facts = measured.summary(), measured.facts
    predicted = facts["predicted"]
    states = ", ".join(
        f"{count} {name.replace('_', ' ')}" for name, count in found["states"].items() if count
    )

    def told(one: dict[str, float | None]) -> str:
        if one["mean"] is None or one["sd"] is None:
            return "none"
        return f"mean {MICRO * one['mean']:.4g} µS, sd {MICRO * one['sd']:.4g} µS"

    lines = {
        "chip, profile": f"{measured.chip}, {facts['profile']}",
        "cells": f"{measured.shape[0]} x {measured.shape[1]}: {states}",
        "all": told(found["siemens"]),
        "formed": told(found["formed_siemens"]),
        "method": f"{measured.method}, {measured.samples} samples, {measured.conversions} conversions, "
        f"{facts['board_seconds']:.4g} s of the board",
        "predicted sd of a cell": f"one by one {NANO * predicted['onehot_siemens']:.4g} nS, "
        f"multiplexed {NANO * predicted['multiplexed_siemens']:.4g} nS at as many conversions",
        "one reading of an average cell": f"read noise {NANO * predicted['read_siemens']:.4g} nS, "
        f"converter {NANO * predicted['adc_siemens']:.4g} nS",
        "noise": f"{100 * facts['noise']['read_noise']:.3g} % read, "
        f"{facts['noise']['adc_noise_codes']:.3g} codes converter ({facts['noise']['source']})",
        "gains": facts["scale"],
    }
    if facts["drift"]:
        lines["drift"] = in_short(facts["drift"])
    if found["median_uncertainty_siemens"] is not None:
        lines["uncertainty"] = f"median {NANO * found['median_uncertainty_siemens']:.4g} nS"
    return lines

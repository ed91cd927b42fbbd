# SPDX-License-Identifier: BSD-3-Clause
"""A recipe to artefacts on disk and in the registry, a table, figures and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import ohmloop
from ohmloop.calibration import (
    Artefact,
    Calibration,
    calibrate,
    load_recipe,
    recorded_calibration,
    store_calibration,
)
from ohmloop.cli.calibration_figures import draw_artefact
from ohmloop.cli.choices import macro_of, require_file
from ohmloop.errors import LimitError, NotCalibrated
from ohmloop.registry import records_of

if TYPE_CHECKING:
    from ohmloop.board import Board

MAIN = "adc"
"""Kind whose figures head the JSON, where it was measured."""


def run_calibrate(
    url: str,
    *,
    recipe: str,
    chip: str | None,
    profile: str | None,
    macro: int,
    out: Path,
    json_file: Path | None,
) -> bool:
    """Calibrates a board and reports; returns whether every column of every artefact is good.

    Every artefact is on disk and in the registry as soon as it is measured, whatever ends the command.
    """
    console = Console()
    for folder in (out, *(() if json_file is None else (json_file.parent,))):
        _make(folder)  # before anything is measured that could not be kept
    require_file(json_file)
    load_recipe(recipe)
    fresh: list[Artefact] = []
    recorded = 0
    with ohmloop.open(url, chip=chip, profile=profile) as board:
        before = _known(board, macro_of(board, macro).index)

        def keep(one: Artefact) -> None:
            nonlocal recorded
            kept = Calibration.of(one)
            kept.save(out)
            fresh.append(one)
            recorded += store_calibration(kept, board)

        where = f"{out} and the registry" if records_of(board) else str(out)
        with _progress(console) as told, _told_what_is_kept(fresh, where):
            found = calibrate(board, recipe, macro=macro, using=before, progress=told, keep=keep)
    _show(console, url, fresh, found.skipped)
    figures = len([draw_artefact(one, out) for one in fresh])
    counted = "1 artefact with its figure" if figures == 1 else f"{figures} artefacts with their figures"
    place = f"{counted} in {out}, {recorded} in the registry"
    console.print(place, highlight=False, markup=False, soft_wrap=True)
    if json_file is not None:
        json_file.write_text(json.dumps(outcome_of(fresh, found.skipped), indent=1) + "\n", encoding="utf-8")
    return bool(fresh) and all(one.columns_ok.all() for one in fresh)


def _show(console: Console, url: str, fresh: list[Artefact], skipped: tuple[str, ...]) -> None:
    console.print(_table(url, fresh))
    for one in fresh:
        for note in one.notes:
            console.print(f"{one.kind}: {note}", highlight=False, markup=False, soft_wrap=True)
    for text in skipped:
        console.print(f"skipped: {text}", style="yellow", highlight=False, markup=False, soft_wrap=True)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LimitError(
            f"{folder}: no such folder can be made: {error.strerror}",
            value=str(folder),
            limit="a folder",
            where=str(folder),
        ) from error


@contextmanager
def _told_what_is_kept(fresh: list[Artefact], where: str) -> Iterator[None]:
    """Says on stderr what an interrupted calibration has left, and where."""
    try:
        yield
    except BaseException:
        if fresh:
            kinds = ", ".join(one.kind for one in fresh)
            typer.echo(f"measured and kept in {where}: {kinds}", err=True)
        raise


def _known(board: Board, macro: int) -> Calibration | None:
    """Returns what the registry holds for this macro and chip; None where that is nothing."""
    try:
        return recorded_calibration(board, macro=macro)
    except NotCalibrated:
        return None


@contextmanager
def _progress(console: Console) -> Iterator[Any]:
    """Yields what `calibrate` tells its progress to; one bar a recipe."""
    columns = (TextColumn("{task.description:40}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def tell(name: str, what: str, fraction: float) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=1.0)
            progress.update(tasks[name], description=f"{name}: {what}", completed=fraction)

        yield tell


def outcome_of(artefacts: list[Artefact], skipped: tuple[str, ...] = ()) -> dict[str, Any]:
    """Returns the figures of a calibration under fixed keys; the converters' head them where measured."""
    main = next((one for one in artefacts if one.kind == MAIN), artefacts[0])
    kinds = {one.kind: _figures(one) for one in artefacts}
    return {**_figures(main), "artefacts": kinds, "skipped": list(skipped)}


def _figures(artefact: Artefact) -> dict[str, Any]:
    residual, taken = artefact.residual, artefact.taken
    return {
        "kind": artefact.kind,
        "name": artefact.name,
        "residual": residual.residual,
        "noise_floor": residual.noise_floor,
        "residual_uncalibrated": residual.uncalibrated,
        "unit": residual.unit,
        "values_compared": residual.values,
        "columns_ok": int(artefact.columns_ok.sum()),
        "columns": int(artefact.columns_ok.size),
        "columns_failed": [int(one) for one in (~artefact.columns_ok).nonzero()[0]],
        "validity": {"from": taken.time_utc.isoformat(), "until": artefact.valid_until.isoformat()},
        "origin": taken.origin,
        "chip": taken.chip,
        "board_uid": taken.board_uid,
        "gateware": taken.gateware,
        "profile": taken.profile,
        "recipe": taken.recipe,
        "version": taken.version,
        "commit": taken.commit,
        "notes": list(artefact.notes),
    }


def _table(url: str, artefacts: list[Artefact]) -> Table:
    origin = artefacts[0].taken.origin.upper() if artefacts else ""
    table = Table(title=f"{url} - {origin}", box=SIMPLE_HEAD)  # narrow: whole at 80 characters
    headings = ("kind", "residual", "floor", "before", "unit", "columns", "valid until, UTC")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "kind" else "right", no_wrap=True)
    for one in artefacts:
        residual = one.residual
        numbers = (residual.residual, residual.noise_floor, residual.uncalibrated)
        table.add_row(
            one.kind,
            *(f"{number:.3g}" for number in numbers),
            residual.unit,
            f"{int(one.columns_ok.sum())} of {one.columns_ok.size}",
            f"{one.valid_until:%Y-%m-%d %H:%M}",
            style="" if one.columns_ok.all() else "red",
        )
    return table

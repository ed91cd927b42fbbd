# SPDX-License-Identifier: BSD-3-Clause
"""A chip's records to tables on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ohmloop.cli.chip_facts import Event
from ohmloop.cli.chip_maps import health_map, wear_map
from ohmloop.registry import LineState

if TYPE_CHECKING:
    from ohmloop.registry import Chip, HealthMap, Registry


def show(*parts: RenderableType) -> None:
    """Prints what the other functions return."""
    console = Console()
    for part in parts:
        console.print(part)


def _time(time: datetime | str | None) -> str:
    if time is None:
        return "never"
    held = datetime.fromisoformat(time) if isinstance(time, str) else time
    return f"{held:%Y-%m-%d %H:%M:%S} UTC"


def chips_table(registry: Registry, chips: Sequence[Chip]) -> Table:
    """Returns one line a chip."""
    table = Table(title=f"{len(chips)} chips in {registry.path}")
    for heading in ("name", "origin", "profile", "size", "last seen", "notes"):
        table.add_column(heading)
    for chip in chips:
        retired = " (retired)" if chip.retired is not None else ""
        many = f"{chip.macros} x " if chip.macros > 1 else ""
        table.add_row(
            Text(chip.name + retired),
            "EMULATED" if chip.origin == "emulated" else chip.origin,
            chip.profile,
            f"{many}{chip.rows} x {chip.columns}",
            _time(chip.last_seen),
            Text(chip.notes),
        )
    return table


def facts_table(chip: Chip, facts: dict[str, Any]) -> Table:
    """Returns what `chip show` tells."""
    budget = "none" if chip.pulse_budget is None else f"{chip.pulse_budget} pulses a cell"
    many = f"{chip.macros} macros of " if chip.macros > 1 else ""
    health = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in facts["health"].items())
    table = Table(title=str(chip), show_header=False)
    for name, text in {
        "profile": chip.profile,
        "size": f"{many}{chip.rows} x {chip.columns}",
        "made": chip.made or "not told",
        "notes": chip.notes or "none",
        "seen": f"{_time(chip.first_seen)} to {_time(chip.last_seen)}",
        "health": health,
        "wear": f"{facts['cell_pulses']} cell pulses, most worn cell {facts['most_worn_cell_pulses']}",
        "pulse budget": budget,
        "last map": _time(facts["last_map_utc"]),
        "calibrations": str(facts["calibrations"]),
        "jobs": str(facts["jobs"]),
    }.items():
        table.add_row(name, Text(text))
    for job in facts["open_jobs"]:
        table.add_row(f"open job {job['id']}", f"{job['kind']}, {job['state']}: {job['cells']}")
    return table


def health_view(chip: Chip, macro: int, health: HealthMap) -> list[RenderableType]:
    """Returns a line, a map, and the bad lines."""
    counts = health.counts().items()
    told = ", ".join(f"{count} {state.name.lower().replace('_', ' ')}" for state, count in counts)
    parts: list[RenderableType] = [
        Text.assemble(
            (str(chip), "bold"),
            f", macro {macro}: {told}; {int(health.usable.sum())} usable. ",
            f"Last finding: {_time(health.known)}",
        ),
        health_map(health.cells),
    ]
    for axis, lines in (("rows", health.row_lines), ("columns", health.column_lines)):
        for state in (LineState.SHORT, LineState.OPEN):
            bad = np.flatnonzero(lines == state)
            if bad.size:
                parts.append(Text(f"{axis} {state.name.lower()}: {', '.join(map(str, bad))}", "bold red"))
    return parts


def wear_view(chip: Chip, facts: dict[str, Any], pulses: NDArray[np.int64]) -> list[RenderableType]:
    """Returns a line, the totals, and a map."""
    budget = "no budget" if chip.pulse_budget is None else f"budget {chip.pulse_budget}"
    place = facts["most_at"]
    table = Table("operation", "operations", "cell pulses")
    for total in facts["totals"]:
        table.add_row(total["kind"], str(total["operations"]), str(total["cell_pulses"]))
    parts: list[RenderableType] = [
        Text.assemble(
            (str(chip), "bold"),
            f", macro {facts['macro']}: pulses a cell: mean {facts['mean']:.4g}, "
            f"99 % up to {facts['p99']:.4g}, most {facts['most']} at row {place['row']}, ",
            f"column {place['column']}; {budget}",
        )
    ]
    if facts["in_doubt"]:
        parts.append(
            Text(
                f"{facts['in_doubt']} cell pulses were sent and never acknowledged; they count in full until "
                "the board is opened again",
                "yellow",
            )
        )
    return [*parts, table, wear_map(pulses, chip.pulse_budget)]


def events_table(chip: Chip, events: Sequence[Event]) -> Table:
    """Returns one line an event."""
    table = Table("time", "what", "number", "", title=f"{chip}")
    for event in events:
        table.add_row(_time(event.time), event.what, str(event.number), Text(event.text))
    return table

# SPDX-License-Identifier: BSD-3-Clause
"""A chip's records to plain values, for tables and JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from ohmloop.registry import CellState, LineState

if TYPE_CHECKING:
    from ohmloop.registry import Chip, HealthMap, JobRecord, Registry


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was recorded of a chip."""

    time: datetime
    what: str
    number: int
    text: str


def chip_facts(registry: Registry, chip: Chip) -> dict[str, Any]:
    """Returns what `chip show` tells."""
    last_map = registry.maps.latest(chip)
    jobs = registry.jobs.all(chip)
    return {
        "name": chip.name,
        "origin": chip.origin,
        "profile": chip.profile,
        "macros": chip.macros,
        "rows": chip.rows,
        "columns": chip.columns,
        "made": chip.made,
        "notes": chip.notes,
        "pulse_budget": chip.pulse_budget,
        "first_seen_utc": chip.first_seen.isoformat(),
        "last_seen_utc": chip.last_seen.isoformat(),
        "health": _all_counts(registry, chip),
        "cell_pulses": sum(total.cell_pulses for total in registry.wear.totals(chip)),
        "most_worn_cell_pulses": max(int(registry.wear.pulses(chip, m).max()) for m in range(chip.macros)),
        "last_map_utc": None if last_map is None else last_map.made.isoformat(),
        "calibrations": len(registry.calibrations.history(chip=chip)),
        "jobs": len(jobs),
        "open_jobs": [job_facts(job) for job in jobs if job.is_open],
    }


def _all_counts(registry: Registry, chip: Chip) -> dict[str, int]:
    counts: dict[str, int] = {}
    for macro in range(chip.macros):
        for state, count in registry.health.current(chip, macro).counts().items():
            counts[state.name.lower()] = counts.get(state.name.lower(), 0) + count
    return counts


def job_facts(job: JobRecord) -> dict[str, Any]:
    """Returns what is told of a job."""
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "cells": repr(job.cells),
        "steps": job.steps,
        "most_pulses": job.most_pulses,
        "made_utc": job.made.isoformat(),
        "ended_utc": None if job.ended is None else job.ended.isoformat(),
        "message": job.message,
    }


def health_facts(chip: Chip, macro: int, health: HealthMap) -> dict[str, Any]:
    """Returns what `chip health` tells; states by name."""
    cells, lines = ([state.name.lower() for state in kind] for kind in (CellState, LineState))
    return {
        "name": chip.name,
        "origin": chip.origin,
        "macro": macro,
        "known_utc": None if health.known is None else health.known.isoformat(),
        "counts": {state.name.lower(): count for state, count in health.counts().items()},
        "usable": int(health.usable.sum()),
        "row_lines": [lines[state] for state in health.row_lines],
        "column_lines": [lines[state] for state in health.column_lines],
        "cells": [[cells[state] for state in row] for row in health.cells],
    }


def wear_facts(registry: Registry, chip: Chip, macro: int) -> dict[str, Any]:
    """Returns what `chip wear` tells; counts are pulses."""
    pulses = registry.wear.pulses(chip, macro)
    worst = np.unravel_index(int(pulses.argmax()), pulses.shape)
    return {
        "name": chip.name,
        "origin": chip.origin,
        "macro": macro,
        "pulse_budget": chip.pulse_budget,
        "totals": [
            {"kind": total.kind, "operations": total.operations, "cell_pulses": total.cell_pulses}
            for total in registry.wear.totals(chip)
        ],
        "mean": float(pulses.mean()),
        "median": float(np.median(pulses)),
        "p99": float(np.percentile(pulses, 99)),
        "most": int(pulses.max()),
        "most_at": {"row": int(worst[0]), "column": int(worst[1])},
        "in_doubt": int(registry.wear.unacknowledged(chip, macro).sum()),
        "pulses": pulses.tolist(),
    }


def events(registry: Registry, chip: Chip) -> list[Event]:
    """Returns what was recorded of a chip, the oldest first."""
    found = [Event(chip.first_seen, "chip", chip.id, f"first seen, profile {chip.profile}")]
    for job in registry.jobs.all(chip):
        told = f": {job.message}" if job.message else ""
        found.append(Event(job.made, "job", job.id, f"{job.kind}, {job.state}{told}; {job.cells}"))
    for health in registry.health.history(chip):
        counts = np.bincount(health.states.ravel(), minlength=len(CellState))
        lines = np.concatenate([health.row_lines, health.column_lines])
        named = [f"{counts[state]} {_words(state.name)}" for state in CellState if state and counts[state]]
        named += [
            f"{int((lines == line).sum())} lines {_words(line.name)}"
            for line in LineState
            if line and (lines == line).any()
        ]
        text = f"{health.source}: {', '.join(named) or 'nothing known'}"
        found.append(Event(health.made, "health", health.id, text))
    for one in registry.maps.history(chip):
        mean_us = float(one.siemens.mean()) * 1e6
        found.append(Event(one.made, "map", one.id, f"{one.method}, {one.cells}, mean {mean_us:.3g} uS"))
    for artefact in registry.calibrations.history(chip=chip):
        old = f", superseded by {artefact.superseded_by}" if artefact.superseded_by else ""
        found.append(
            Event(artefact.made or chip.first_seen, "calibration", artefact.id, f"{artefact.kind}{old}")
        )
    return sorted(found, key=lambda event: event.time)


def _words(name: str) -> str:
    return name.lower().replace("_", " ")

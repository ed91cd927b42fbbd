# SPDX-License-Identifier: BSD-3-Clause
"""What is known of every cell and line of a chip, and how it came to be known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import LimitError
from ohmloop.registry.cells import Cells
from ohmloop.registry.chips import Chip
from ohmloop.registry.database import Database
from ohmloop.registry.packing import now_text, pack_arrays, time_of, unpack_arrays
from ohmloop.registry.provenance import Provenance

States = NDArray[np.uint8]


class CellState(IntEnum):
    """Health of a cell; a record leaves cells that it calls UNKNOWN as they were."""

    UNKNOWN = 0
    UNFORMED = 1
    FORMED = 2
    STUCK_LOW = 3
    STUCK_HIGH = 4
    LEAKY = 5
    GAVE_UP = 6


class LineState(IntEnum):
    """Health of a row or column."""

    UNKNOWN = 0
    GOOD = 1
    SHORT = 2
    OPEN = 3


@dataclass(frozen=True, slots=True, eq=False)
class HealthMap:
    """Health of one macro: `cells` `[rows, columns]`, `row_lines` `[rows]`, `column_lines` `[columns]`.

    Attributes:
        known: time of the last record; None where there is none.
    """

    cells: States
    row_lines: States
    column_lines: States
    known: datetime | None

    def counts(self) -> dict[CellState, int]:
        """Returns the number of cells in every state that occurs."""
        numbers = np.bincount(self.cells.ravel(), minlength=len(CellState))
        return {state: int(numbers[state]) for state in CellState if numbers[state]}

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Cells that are formed, on lines that are neither short nor open, `[rows, columns]`."""
        rows, columns = (
            (lines != LineState.SHORT) & (lines != LineState.OPEN)
            for lines in (self.row_lines, self.column_lines)
        )
        usable: NDArray[np.bool_] = (self.cells == CellState.FORMED) & rows[:, None] & columns[None, :]
        return usable


@dataclass(frozen=True, slots=True, eq=False)
class HealthRecord:
    """One finding: states of some cells and their lines; `source` is what found it."""

    id: int
    job_id: int | None
    source: str
    cells: Cells
    states: States
    row_lines: States
    column_lines: States
    provenance: Provenance
    made: datetime


def _states(values: ArrayLike | None, kind: type[IntEnum], shape: tuple[int, ...], where: str) -> States:
    if values is None:
        return np.zeros(shape, np.uint8)
    states = np.asarray(values)
    if states.shape != shape or states.dtype.kind not in "iu":
        raise LimitError(
            f"{where}: {states.dtype} of shape {states.shape}, {kind.__name__} of shape {shape} expected",
            value=states.shape,
            limit=shape,
            where=where,
        )
    if states.size and not 0 <= int(states.min()) <= int(states.max()) < len(kind):
        raise LimitError(
            f"{where}: {int(states.max())} is no {kind.__name__}",
            value=int(states.max()),
            limit=len(kind) - 1,
            where=where,
        )
    return states.astype(np.uint8)


class Health:
    """The health records of a registry; nothing is ever overwritten."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(
        self,
        chip: Chip,
        cells: Cells,
        *,
        source: str,
        provenance: Provenance,
        states: ArrayLike | None = None,
        row_lines: ArrayLike | None = None,
        column_lines: ArrayLike | None = None,
        job_id: int | None = None,
    ) -> int:
        """Records a finding, and returns its number.

        Args:
            chip: the chip.
            cells: the cells and lines that it speaks of.
            source: what found it: "contact", "map", "program" ...
            provenance: where the data came from.
            states: CellState of every cell, `[rows, columns]`.
            row_lines: LineState of every row of `cells`, `[rows]`.
            column_lines: LineState of every column of `cells`, `[columns]`.
            job_id: the job that found it.

        Raises:
            LimitError: outside the chip, or no such state; nothing was recorded.
        """
        cells.require_inside(*chip.geometry)
        arrays: dict[str, NDArray[Any]] = {
            "rows": cells.rows,
            "columns": cells.columns,
            "states": _states(states, CellState, cells.shape, "states"),
            "row_lines": _states(row_lines, LineState, cells.shape[:1], "row_lines"),
            "column_lines": _states(column_lines, LineState, cells.shape[1:], "column_lines"),
        }
        return self._database.run(
            "INSERT INTO health (chip_id, job_id, source, macro, arrays, provenance, made_utc)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(chip.id, job_id, source, cells.macro, pack_arrays(arrays), provenance.text(), now_text()),
        )

    def current(self, chip: Chip, macro: int = 0) -> HealthMap:
        """Returns what is known now: every finding laid over those before it."""
        health = HealthMap(
            np.zeros((chip.rows, chip.columns), np.uint8),
            np.zeros(chip.rows, np.uint8),
            np.zeros(chip.columns, np.uint8),
            None,
        )
        last = None
        for record in self.history(chip, macro):
            cells = record.cells
            for held, index, found in (
                (health.cells, cells.grid, record.states),
                (health.row_lines, cells.rows, record.row_lines),
                (health.column_lines, cells.columns, record.column_lines),
            ):
                held[index] = np.where(found != 0, found, held[index])
            last = record.made
        return HealthMap(health.cells, health.row_lines, health.column_lines, last)

    def history(self, chip: Chip, macro: int | None = None) -> list[HealthRecord]:
        """Returns a chip's findings, the oldest first."""
        rows = self._database.all("SELECT * FROM health WHERE chip_id = ? ORDER BY id", chip.id)
        return [_record(row) for row in rows if macro in (None, row["macro"])]


def _record(row: Any) -> HealthRecord:
    arrays = unpack_arrays(row["arrays"], f"health record {row['id']}")
    return HealthRecord(
        id=row["id"],
        job_id=row["job_id"],
        source=row["source"],
        cells=Cells(row["macro"], arrays["rows"], arrays["columns"]),
        states=arrays["states"],
        row_lines=arrays["row_lines"],
        column_lines=arrays["column_lines"],
        provenance=Provenance.of(row["provenance"]),
        made=time_of(row["made_utc"]),
    )

# SPDX-License-Identifier: BSD-3-Clause
"""The ledger: pulses that every cell of a chip has seen, and the budget that no session may pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import LimitError, ShapeError, WearExceeded
from ohmloop.registry.cells import Cells
from ohmloop.registry.chips import Chip
from ohmloop.registry.database import Database

_COUNT: Final = np.dtype("<u4")
MOST_COUNT: Final = int(np.iinfo(_COUNT).max)
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WearTotal:
    """What one kind of operation has given to a chip: operations on the board, cell pulses."""

    kind: str
    operations: int
    cell_pulses: int


class Wear:
    """The ledger of a registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def pulses(self, chip: Chip, macro: int = 0) -> Counts:
        """Returns the pulses that every cell has seen, `[rows, columns]`.

        What was sent and never acknowledged counts in full until the board's own counter says better.
        """
        return self._pulses(chip, macro, range(chip.rows))

    def unacknowledged(self, chip: Chip, macro: int = 0) -> Counts:
        """Returns what of `pulses` was sent and never acknowledged, `[rows, columns]`."""
        held = np.zeros((chip.rows, chip.columns), np.int64)
        for cells, most in self._unacknowledged(chip, macro):
            held[cells.grid] += most
        return held

    def totals(self, chip: Chip) -> list[WearTotal]:
        """Returns operations and acknowledged cell pulses of every kind, by kind."""
        rows = self._database.all(
            "SELECT kind, operations, cell_pulses FROM wear_totals WHERE chip_id = ? ORDER BY kind", chip.id
        )
        return [WearTotal(*row) for row in rows]

    def require(self, chip: Chip, cells: Cells, most_pulses: int) -> None:
        """Raises WearExceeded where a cell could pass the chip's budget; LimitError outside the chip."""
        cells.require_inside(*chip.geometry)
        budget = self._budget(chip)
        if budget is None:
            return
        span = range(int(cells.rows.min()), int(cells.rows.max()) + 1)
        after = self._pulses(chip, cells.macro, span)[cells.grid] + most_pulses
        worst = np.unravel_index(int(after.argmax()), after.shape)
        count = int(after[worst])
        if count > budget:
            row, column = int(cells.rows[worst[0]]), int(cells.columns[worst[1]])
            raise WearExceeded(
                f"{chip}: macro {cells.macro}, row {row}, column {column}: {count - most_pulses} pulses "
                f"seen and up to {most_pulses} asked, budget {budget} pulses",
                value=count,
                limit=budget,
                unit="pulses",
                where=f"row {row}, column {column}",
            )

    def charge(self, chip: Chip, cells: Cells, pulses: ArrayLike, kind: str) -> int:
        """Adds pulses that were given, also elsewhere, and returns their sum.

        Args:
            chip: the chip.
            cells: its cells.
            pulses: of every cell, one number or integers `[rows, columns]`.
            kind: what gave them: "form", "reset", "set", "program" ...

        Raises:
            ShapeError, LimitError: nothing was changed.
        """
        given = np.asarray(pulses)
        if given.dtype.kind not in "iu":
            raise ShapeError(f"pulses: dtype {given.dtype}, integers expected", value=str(given.dtype))
        if given.ndim:
            cells.require_shape(given, "pulses")
        cells.require_inside(*chip.geometry)
        if given.size and int(given.min()) < 0:
            raise LimitError("pulses: a count below zero", value=int(given.min()), limit=0, unit="pulses")
        counts = np.broadcast_to(given.astype(np.int64), cells.shape)
        with self._database.transaction() as connection:
            for line, added in zip(cells.rows.tolist(), counts, strict=True):
                self._add(chip, cells, line, added)
            total = int(counts.sum())
            connection.execute(
                "INSERT INTO wear_totals VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET"
                " operations = operations + 1, cell_pulses = cell_pulses + excluded.cell_pulses",
                (chip.id, kind, total),
            )
        return total

    def _pulses(self, chip: Chip, macro: int, lines: range) -> Counts:
        """Returns `pulses` of some lines, `[rows, columns]`; the other lines are zero."""
        held = np.zeros((chip.rows, chip.columns), np.int64)
        for row in self._database.all(
            "SELECT line, pulses FROM wear WHERE chip_id = ? AND macro = ? AND line BETWEEN ? AND ?",
            *(chip.id, macro, lines.start, lines.stop - 1),
        ):
            held[row["line"]] = np.frombuffer(row["pulses"], _COUNT)
        for cells, most in self._unacknowledged(chip, macro):
            held[cells.grid] += most
        return held

    def _add(self, chip: Chip, cells: Cells, line: int, added: Counts) -> None:
        held = self._database.one(
            "SELECT pulses FROM wear WHERE chip_id = ? AND macro = ? AND line = ?", chip.id, cells.macro, line
        )
        counts = np.zeros(chip.columns, np.int64)
        if held is not None:
            counts += np.frombuffer(held["pulses"], _COUNT)
        counts[cells.columns] += added
        blob = np.minimum(counts, MOST_COUNT).astype(_COUNT).tobytes()
        self._database.run(
            "INSERT OR REPLACE INTO wear VALUES (?, ?, ?, ?)", chip.id, cells.macro, line, blob
        )

    def _budget(self, chip: Chip) -> int | None:
        row = self._database.one("SELECT pulse_budget FROM chips WHERE id = ?", chip.id)
        return None if row is None or row[0] is None else int(row[0])

    def _unacknowledged(self, chip: Chip, macro: int) -> list[tuple[Cells, int]]:
        rows = self._database.all(
            "SELECT steps.rows, steps.columns, steps.most_pulses FROM steps JOIN jobs ON jobs.id = job_id"
            " WHERE steps.state = 'planned' AND chip_id = ? AND steps.macro = ? AND pulsing",
            chip.id,
            macro,
        )
        return [(Cells.from_blobs(macro, row[0], row[1]), int(row[2])) for row in rows]

# SPDX-License-Identifier: BSD-3-Clause
"""Conductance maps, and the 64 cells of the last one by which a chip is known again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import ShapeError, WrongChip
from ohmloop.registry.cells import Cells
from ohmloop.registry.chips import Chip
from ohmloop.registry.database import Database
from ohmloop.registry.packing import (
    Arrays,
    Plain,
    now_text,
    pack_arrays,
    pack_plain,
    time_of,
    unpack_arrays,
    unpack_plain,
)
from ohmloop.registry.provenance import Provenance
from ohmloop.registry.wear import Wear

FINGERPRINT_LINES: Final = 8
FEWEST_CELLS: Final = 16
"""With fewer cells that were not pulsed since the map nothing is said."""
COVERAGE: Final = 3.0
"""Cells may differ by this many standard uncertainties, and by DRIFT."""
DRIFT: Final = 0.2
"""Relative change that a resting cell may show between map and opening."""
FEWEST_ALIKE: Final = 0.8
"""Fraction of the cells that must be alike: of the same chip nearly all are, of two half-formed ones half."""
_NONE: Plain = {}


@dataclass(frozen=True, slots=True, eq=False)
class MapRecord:
    """A conductance map: `siemens`, `uncertainty_siemens` (standard) and `arrays`, `[rows, columns]`."""

    id: int
    job_id: int | None
    method: str
    cells: Cells
    siemens: NDArray[np.float64]
    uncertainty_siemens: NDArray[np.float64]
    arrays: dict[str, NDArray[Any]]
    about: dict[str, Any]
    provenance: Provenance
    made: datetime


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """64 cells of a chip's last map, 8 rows x 8 columns: siemens, its uncertainty, and their wear then."""

    cells: Cells
    siemens: NDArray[np.float64]
    uncertainty_siemens: NDArray[np.float64]
    pulses: NDArray[np.int64]

    def alike(
        self, siemens: ArrayLike, uncertainty_siemens: ArrayLike, pulses: ArrayLike
    ) -> tuple[float, int]:
        """Returns the fraction of comparable cells that are alike, and the number of comparable cells.

        Args:
            siemens: measured now, `[8, 8]`.
            uncertainty_siemens: of these, one number or `[8, 8]`.
            pulses: the cells' wear now, `[8, 8]`: what was pulsed since cannot be compared.
        """
        now = np.asarray(siemens, np.float64)
        self.cells.require_shape(now, "siemens")
        resting = np.asarray(pulses) == self.pulses
        spread = np.hypot(self.uncertainty_siemens, np.asarray(uncertainty_siemens, np.float64))
        near = np.abs(now - self.siemens) <= COVERAGE * spread + DRIFT * np.abs(self.siemens)
        count = int(resting.sum())
        return (float(near[resting].mean()) if count else 1.0), count


class Maps:
    """The conductance maps of a registry."""

    def __init__(self, database: Database, wear: Wear) -> None:
        self._database = database
        self._wear = wear

    def store(
        self,
        chip: Chip,
        cells: Cells,
        siemens: ArrayLike,
        uncertainty_siemens: ArrayLike,
        *,
        method: str,
        provenance: Provenance,
        arrays: Arrays = _NONE,
        about: Plain = _NONE,
        job_id: int | None = None,
    ) -> int:
        """Records a map and its fingerprint, and returns its number.

        Args:
            chip: the chip.
            cells: the cells, in the order of the arrays.
            siemens: conductances, `[rows, columns]`.
            uncertainty_siemens: standard uncertainties, `[rows, columns]`.
            method: "onehot", "multiplexed" ...
            provenance: where the data came from.
            arrays: what else is known of every cell, by name.
            about: plain values: range, samples, conversions ...
            job_id: the job that measured it.
        """
        cells.require_inside(*chip.geometry)
        measured = np.asarray(siemens, np.float64)
        spread = np.asarray(uncertainty_siemens, np.float64)
        for name, values in (("siemens", measured), ("uncertainty_siemens", spread)):
            cells.require_shape(values, name)
        reserved = {"rows", "columns", "siemens", "uncertainty_siemens"} & set(arrays)
        if reserved:
            raise ShapeError(f"arrays: {sorted(reserved)} are the map's own", value=sorted(reserved))
        held = {
            "rows": cells.rows,
            "columns": cells.columns,
            "siemens": measured,
            "uncertainty_siemens": spread,
        }
        with self._database.transaction() as connection:
            number = connection.execute(
                "INSERT INTO maps (chip_id, job_id, method, macro, arrays, about, provenance, made_utc)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(chip.id, job_id, method, cells.macro, pack_arrays(held | dict(arrays))),
                    *(pack_plain(about), provenance.text(), now_text()),
                ),
            ).lastrowid
            self._store_fingerprint(int(number or 0), chip, cells, measured, spread)
        return int(number or 0)

    def latest(self, chip: Chip, macro: int = 0) -> MapRecord | None:
        """Returns a chip's last map; None where there is none."""
        row = self._database.one(
            "SELECT * FROM maps WHERE chip_id = ? AND macro = ? ORDER BY id DESC LIMIT 1", chip.id, macro
        )
        return None if row is None else _record(row)

    def history(self, chip: Chip) -> list[MapRecord]:
        """Returns a chip's maps, the oldest first."""
        rows = self._database.all("SELECT * FROM maps WHERE chip_id = ? ORDER BY id", chip.id)
        return [_record(row) for row in rows]

    def fingerprint(self, chip: Chip, macro: int = 0) -> Fingerprint | None:
        """Returns the fingerprint of a chip's last map that has one; None where none has."""
        row = self._database.one(
            "SELECT * FROM fingerprints WHERE chip_id = ? AND macro = ? ORDER BY map_id DESC LIMIT 1",
            *(chip.id, macro),
        )
        if row is None:
            return None
        arrays = unpack_arrays(row["arrays"], f"fingerprint of {chip}")
        cells = Cells(macro, arrays["rows"], arrays["columns"])
        return Fingerprint(cells, arrays["siemens"], arrays["uncertainty_siemens"], arrays["pulses"])

    def require_same_chip(
        self, chip: Chip, siemens: ArrayLike, uncertainty_siemens: ArrayLike, macro: int = 0
    ) -> None:
        """Raises WrongChip where the fingerprint's cells, measured now, are those of another chip.

        Args:
            chip: the chip that was named.
            siemens: conductances of the fingerprint's cells, `[8, 8]`.
            uncertainty_siemens: of these.
            macro: the macro they are on.
        """
        held = self.fingerprint(chip, macro)
        if held is None:
            return
        worn = self._wear.pulses(chip, macro)[held.cells.grid]
        fraction, count = held.alike(siemens, uncertainty_siemens, worn)
        if count >= FEWEST_CELLS and fraction < FEWEST_ALIKE:
            raise WrongChip(
                f"{chip}: {fraction:.0%} of {count} cells are as in its last map, "
                f"{FEWEST_ALIKE:.0%} expected; another chip is on the board, or this one has "
                "changed: map it anew",
                value=fraction,
                limit=FEWEST_ALIKE,
                where="fingerprint",
            )

    def _store_fingerprint(
        self,
        map_id: int,
        chip: Chip,
        cells: Cells,
        siemens: NDArray[np.float64],
        spread: NDArray[np.float64],
    ) -> None:
        if min(cells.shape) < FINGERPRINT_LINES:
            return
        rows, columns = (
            np.linspace(0, size - 1, FINGERPRINT_LINES).round().astype(np.intp) for size in cells.shape
        )
        chosen = Cells(cells.macro, cells.rows[rows], cells.columns[columns])
        index = np.ix_(rows, columns)
        arrays = {
            "rows": chosen.rows,
            "columns": chosen.columns,
            "siemens": siemens[index],
            "uncertainty_siemens": spread[index],
            "pulses": self._wear.pulses(chip, cells.macro)[chosen.grid],
        }
        self._database.run(
            "INSERT INTO fingerprints VALUES (?, ?, ?, ?)", map_id, chip.id, cells.macro, pack_arrays(arrays)
        )


def _record(row: Any) -> MapRecord:
    arrays = unpack_arrays(row["arrays"], f"map {row['id']}")
    return MapRecord(
        id=row["id"],
        job_id=row["job_id"],
        method=row["method"],
        cells=Cells(row["macro"], arrays.pop("rows"), arrays.pop("columns")),
        siemens=arrays.pop("siemens"),
        uncertainty_siemens=arrays.pop("uncertainty_siemens"),
        arrays=arrays,
        about=unpack_plain(row["about"]),
        provenance=Provenance.of(row["provenance"]),
        made=time_of(row["made_utc"]),
    )

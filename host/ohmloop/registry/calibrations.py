# SPDX-License-Identifier: BSD-3-Clause
"""Calibration artefacts: found by what they hold for, superseded, never deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from numpy.typing import NDArray

from ohmloop.errors import NotRecorded, ShapeError
from ohmloop.registry.chips import Chip
from ohmloop.registry.database import Database
from ohmloop.registry.packing import (
    now_text,
    pack_arrays,
    pack_plain,
    time_of,
    time_text,
    unpack_arrays,
    unpack_plain,
)
from ohmloop.registry.provenance import Provenance


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationRecord:
    """One artefact.

    Attributes:
        kind: what is calibrated: "adc", "dark", "line resistance" ...
        chip_id: the chip that it holds for; None: for any chip on this board.
        board_uid: the board that it holds for, 16 hexadecimal digits.
        build_hash: the gateware that it holds for, 8 hexadecimal digits.
        current_range: the current range that it holds for; None: for all.
        arrays: values, standard uncertainties, success mask and residuals, by name.
        units: unit of every array that has one, by its name.
        conditions: temperature, recipe, voltages ... under which it was measured.
        figures: plain results: `residual`, `noise_floor` ...
        valid_until: when it ends to hold; None: when the drift check says so.
        id: its number; 0 before it is stored.
        superseded_by: number of the artefact that took its place.
    """

    kind: str
    board_uid: str
    build_hash: str
    arrays: dict[str, NDArray[Any]]
    units: dict[str, str]
    provenance: Provenance
    chip_id: int | None = None
    current_range: int | None = None
    job_id: int | None = None
    conditions: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    valid_until: datetime | None = None
    id: int = 0
    made: datetime | None = None
    superseded_by: int | None = None

    def is_valid_at(self, time: datetime) -> bool:
        """It has not expired at this time."""
        return self.valid_until is None or time < self.valid_until


class Calibrations:
    """The calibrations of a registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(self, record: CalibrationRecord) -> CalibrationRecord:
        """Records an artefact; it supersedes the present one of the same kind, chip, board, gateware, range.

        Raises:
            ShapeError: a unit names no array; nothing was recorded.
        """
        stray = set(record.units) - set(record.arrays)
        if stray:
            raise ShapeError(f"units: {sorted(stray)} name no array", value=sorted(stray), where="units")
        key = (record.kind, record.chip_id, record.board_uid, record.build_hash, record.current_range)
        until = None if record.valid_until is None else time_text(record.valid_until)
        with self._database.transaction() as connection:
            number = connection.execute(
                "INSERT INTO calibrations (kind, chip_id, board_uid, build_hash, current_range, job_id,"
                " arrays, units, conditions, figures, provenance, made_utc, valid_until_utc)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(*key, record.job_id, pack_arrays(record.arrays), pack_plain(record.units)),
                    *(pack_plain(record.conditions), pack_plain(record.figures)),
                    *(record.provenance.text(), now_text(), until),
                ),
            ).lastrowid
            connection.execute(
                "UPDATE calibrations SET superseded_by = ? WHERE id != ? AND superseded_by IS NULL"
                " AND kind IS ? AND chip_id IS ? AND board_uid IS ? AND build_hash IS ?"
                " AND current_range IS ?",
                (number, number, *key),
            )
        return self.get(int(number or 0))

    def get(self, number: int) -> CalibrationRecord:
        """Returns an artefact, superseded or not; raises NotRecorded."""
        row = self._database.one("SELECT * FROM calibrations WHERE id = ?", number)
        if row is None:
            raise NotRecorded(f"no calibration {number} in {self._database.path}", value=number)
        return _record(row)

    def current(
        self,
        kind: str,
        *,
        board_uid: str,
        build_hash: str,
        chip: Chip | None = None,
        current_range: int | None = None,
        at: datetime | None = None,
    ) -> CalibrationRecord | None:
        """Returns the artefact that holds; one for this chip and range goes before one for any.

        Args:
            kind: what is calibrated.
            board_uid: the board.
            build_hash: its gateware.
            chip: the chip on it.
            current_range: the range.
            at: the time; now by default. What has expired is not returned; `history` has it.
        """
        time = datetime.now(UTC) if at is None else at
        rows = self._database.all(
            "SELECT * FROM calibrations WHERE kind = ? AND board_uid = ? AND build_hash = ?"
            " AND superseded_by IS NULL AND (chip_id IS NULL OR chip_id IS ?)"
            " AND (current_range IS NULL OR current_range IS ?)"
            " ORDER BY chip_id IS NULL, current_range IS NULL, id DESC",
            *(kind, board_uid, build_hash, None if chip is None else chip.id, current_range),
        )
        for row in rows:
            record = _record(row)
            if record.is_valid_at(time):
                return record
        return None

    def history(
        self, *, chip: Chip | None = None, board_uid: str | None = None, kind: str | None = None
    ) -> list[CalibrationRecord]:
        """Returns the artefacts of a chip, a board or a kind, superseded ones too, the oldest first."""
        rows = self._database.all("SELECT * FROM calibrations ORDER BY id")
        return [
            _record(row)
            for row in rows
            if (chip is None or row["chip_id"] == chip.id)
            and board_uid in (None, row["board_uid"])
            and kind in (None, row["kind"])
        ]


def _record(row: Any) -> CalibrationRecord:
    until = row["valid_until_utc"]
    return CalibrationRecord(
        **{name: row[name] for name in ("kind", "board_uid", "build_hash", "chip_id", "current_range")},
        **{name: row[name] for name in ("job_id", "id", "superseded_by")},
        arrays=unpack_arrays(row["arrays"], f"calibration {row['id']}"),
        units=unpack_plain(row["units"]),
        conditions=unpack_plain(row["conditions"]),
        figures=unpack_plain(row["figures"]),
        provenance=Provenance.of(row["provenance"]),
        valid_until=None if until is None else time_of(until),
        made=time_of(row["made_utc"]),
    )

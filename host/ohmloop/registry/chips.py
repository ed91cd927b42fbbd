# SPDX-License-Identifier: BSD-3-Clause
"""The lab's samples and the boards that were seen: who they are, when, with what budget of pulses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ohmloop.errors import LimitError, NotRecorded, ProfileError
from ohmloop.registry.database import Database
from ohmloop.registry.packing import now_text, time_of

ORIGINS = ("chip", "emulated")


@dataclass(frozen=True, slots=True)
class Chip:
    """A sample, physical or emulated; the two never share a name's records.

    Attributes:
        id: its number in this registry.
        origin: "chip" or "emulated".
        made: when and where it was made, as the lab writes it.
        pulse_budget: pulses that any of its cells may see in its life; None: no budget.
        retired: when its name was given back; None while it is in use.
    """

    id: int
    name: str
    origin: str
    profile: str
    macros: int
    rows: int
    columns: int
    made: str
    notes: str
    pulse_budget: int | None
    first_seen: datetime
    last_seen: datetime
    retired: datetime | None

    @classmethod
    def of(cls, row: Any) -> Chip:
        """Returns the chip of a database row."""
        retired = row["retired_utc"]
        return cls(
            **{name: row[name] for name in ("id", "name", "origin", "profile", "macros", "rows", "columns")},
            **{name: row[name] for name in ("made", "notes", "pulse_budget")},
            first_seen=time_of(row["first_seen_utc"]),
            last_seen=time_of(row["last_seen_utc"]),
            retired=None if retired is None else time_of(retired),
        )

    @property
    def geometry(self) -> tuple[int, int, int]:
        """`(macros, rows, columns)`."""
        return self.macros, self.rows, self.columns

    def __str__(self) -> str:
        return f"{'EMULATED ' if self.origin == 'emulated' else ''}chip {self.name!r}"


@dataclass(frozen=True, slots=True)
class BoardSeen:
    """A board with one gateware and one firmware, and when it was seen; hashes are hexadecimal."""

    uid: str
    build_hash: str
    firmware_crc: str
    map_hash: str
    profile: str
    origin: str
    first_seen: datetime
    last_seen: datetime


class Chips:
    """The chips of a registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ensure(
        self, name: str, *, origin: str, profile: str, geometry: tuple[int, int, int], notes: str = ""
    ) -> Chip:
        """Returns a chip, recording it when it is new.

        Args:
            name: the sample's name.
            origin: "chip" or "emulated".
            profile: name of its chip profile; the last one is kept.
            geometry: `(macros, rows, columns)`.
            notes: the lab's words about a new chip.

        Raises:
            ProfileError: it is recorded with another geometry.
            LimitError: no such origin.
        """
        if origin not in ORIGINS:
            raise LimitError(f"origin {origin!r}: one of {', '.join(ORIGINS)} expected", value=origin)
        now = now_text()
        with self._database.transaction() as connection:
            found = self._find(name, origin)
            if found is None:
                connection.execute(
                    "INSERT INTO chips (name, origin, profile, macros, rows, columns, notes, first_seen_utc,"
                    " last_seen_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (name, origin, profile, *geometry, notes, now, now),
                )
            else:
                self._require_size(found, geometry)
                connection.execute(
                    "UPDATE chips SET last_seen_utc = ?, profile = ? WHERE id = ?", (now, profile, found.id)
                )
            return self.get(name, origin=origin)

    def get(self, name: str, *, origin: str | None = None) -> Chip:
        """Returns the chip of a name, the physical one first; raises NotRecorded."""
        for one in ORIGINS if origin is None else (origin,):
            found = self._find(name, one)
            if found is not None:
                return found
        raise NotRecorded(f"chip {name!r} is not in {self._database.path}", value=name, where="chip")

    def all(self, *, retired: bool = False) -> list[Chip]:
        """Returns the chips in use, by name; with `retired`, also those whose name was given back."""
        where = "" if retired else "WHERE retired_utc IS NULL"
        rows = self._database.all(f"SELECT * FROM chips {where} ORDER BY name, origin, id")
        return [Chip.of(row) for row in rows]

    def describe(self, chip: Chip, *, notes: str | None = None, made: str | None = None) -> Chip:
        """Changes a chip's notes or its making, and returns it."""
        with self._database.transaction() as connection:
            for field, text in (("notes", notes), ("made", made)):
                if text is not None:
                    connection.execute(f"UPDATE chips SET {field} = ? WHERE id = ?", (text, chip.id))
            return self._by_id(chip.id)

    def set_budget(self, chip: Chip, pulses: int | None) -> Chip:
        """Sets how many pulses any cell of a chip may see in its life, and returns it; None: no budget."""
        if pulses is not None and pulses < 0:
            raise LimitError(
                f"budget: {pulses} pulses asked, 0 or more", value=pulses, limit=0, unit="pulses"
            )
        self._database.run("UPDATE chips SET pulse_budget = ? WHERE id = ?", pulses, chip.id)
        return self._by_id(chip.id)

    def retire(self, chip: Chip) -> None:
        """Gives a chip's name back; its records stay."""
        self._database.run("UPDATE chips SET retired_utc = ? WHERE id = ?", now_text(), chip.id)

    def _by_id(self, chip_id: int) -> Chip:
        return Chip.of(self._database.one("SELECT * FROM chips WHERE id = ?", chip_id))

    def _find(self, name: str, origin: str) -> Chip | None:
        row = self._database.one(
            "SELECT * FROM chips WHERE name = ? AND origin = ? AND retired_utc IS NULL", name, origin
        )
        return None if row is None else Chip.of(row)

    @staticmethod
    def _require_size(found: Chip, geometry: tuple[int, int, int]) -> None:
        if geometry != found.geometry:
            asked, held = (f"{shape[0]} x {shape[1]} x {shape[2]}" for shape in (geometry, found.geometry))
            raise ProfileError(
                f"{found}: macros x rows x columns {asked} on the board, recorded as {held}; choose another "
                f"chip=, or give the name back: ohmloop chip retire {found.name}",
                value=geometry,
                limit=found.geometry,
                where="chip",
            )


class Boards:
    """The boards of a registry."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def seen(
        self, uid: str, *, build_hash: str, firmware_crc: str, map_hash: str, profile: str, origin: str
    ) -> None:
        """Records that a board was opened."""
        now = now_text()
        self._database.run(
            "INSERT INTO boards VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " map_hash = excluded.map_hash, profile = excluded.profile,"
            " last_seen_utc = excluded.last_seen_utc",
            *(uid, build_hash, firmware_crc, map_hash, profile, origin, now, now),
        )

    def all(self, uid: str | None = None) -> list[BoardSeen]:
        """Returns every board (or one), each gateware and firmware it had, the last seen first."""
        rows = self._database.all("SELECT * FROM boards ORDER BY last_seen_utc DESC")
        return [
            BoardSeen(
                **{name: row[name] for name in ("uid", "build_hash", "firmware_crc", "map_hash")},
                profile=row["profile"],
                origin=row["origin"],
                first_seen=time_of(row["first_seen_utc"]),
                last_seen=time_of(row["last_seen_utc"]),
            )
            for row in rows
            if uid in (None, row["uid"])
        ]

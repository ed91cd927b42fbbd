# SPDX-License-Identifier: BSD-3-Clause
"""What the registry holds of a job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ohmloop.registry.cells import Cells
from ohmloop.registry.packing import time_of, unpack_plain
from ohmloop.registry.provenance import Provenance

OPEN: Final = ("planned", "running", "interrupted")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """What the registry holds of a job.

    Attributes:
        kind: "form", "program", "map" ...
        pulsing: it pulses its cells; else it reads only.
        resumable: an unfinished one is interrupted, not failed.
        steps: their number.
        most_pulses: most pulses that one of its cells can get.
        state: "planned", "running", "done", "failed" or "interrupted".
        message: why it ended so.
    """

    id: int
    chip_id: int
    session_id: str
    kind: str
    cells: Cells
    pulsing: bool
    resumable: bool
    steps: int
    most_pulses: int
    state: str
    message: str
    plan: dict[str, Any]
    provenance: Provenance
    made: datetime
    ended: datetime | None

    @classmethod
    def of(cls, row: Any) -> JobRecord:
        """Returns the job of a database row."""
        return cls(
            **{name: row[name] for name in ("id", "chip_id", "session_id", "kind")},
            cells=Cells.from_blobs(row["macro"], row["rows"], row["columns"]),
            pulsing=bool(row["pulsing"]),
            resumable=bool(row["resumable"]),
            **{name: row[name] for name in ("steps", "most_pulses", "state", "message")},
            plan=unpack_plain(row["plan"]),
            provenance=Provenance.of(row["provenance"]),
            made=time_of(row["made_utc"]),
            ended=None if row["ended_utc"] is None else time_of(row["ended_utc"]),
        )

    @property
    def is_open(self) -> bool:
        """It holds its cells."""
        return self.state in OPEN

    def __str__(self) -> str:
        return f"job {self.id} ({self.kind}, {self.state})"

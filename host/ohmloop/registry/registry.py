# SPDX-License-Identifier: BSD-3-Clause
"""The lab's registry: one file with its chips, boards, health, maps, calibrations, wear and jobs."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from ohmloop.registry.calibrations import Calibrations
from ohmloop.registry.chips import Boards, Chips
from ohmloop.registry.database import BUSY_S, Database
from ohmloop.registry.health import Health
from ohmloop.registry.jobs import Jobs
from ohmloop.registry.location import registry_path
from ohmloop.registry.maps import Maps
from ohmloop.registry.sessions import Sessions
from ohmloop.registry.wear import Wear


class Registry:
    """An open registry; several processes may have it open at once. Leave it with `with` or `close`.

    Attributes:
        chips: the samples.
        boards: the boards that were seen.
        health: states of cells and lines, with history.
        maps: conductance maps and fingerprints.
        calibrations: artefacts.
        wear: the ledger of pulses.
        jobs: jobs and their journals.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sessions = Sessions(database)
        self.chips = Chips(database)
        self.boards = Boards(database)
        self.health = Health(database)
        self.calibrations = Calibrations(database)
        self.wear = Wear(database)
        self.maps = Maps(database, self.wear)
        self.jobs = Jobs(database, self.wear, self._sessions)

    @classmethod
    def open(cls, path: str | Path | None = None, *, create: bool = True, busy_s: float = BUSY_S) -> Self:
        """Opens a registry, or makes it.

        Args:
            path: the file; by default `registry_path()`.
            create: make it where there is none.
            busy_s: longest wait for another process that writes, seconds.

        Raises:
            NotRecorded: there is none, and none is to be made.
            RegistryVersion: a newer Ohmloop wrote it.
            RegistryError: it cannot be opened, or is no registry.
        """
        chosen = registry_path() if path is None else Path(path)
        return cls(Database(chosen, create=create, busy_s=busy_s))

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    @property
    def version(self) -> int:
        """Version of its schema."""
        return self._database.version

    def integrity_faults(self) -> list[str]:
        """Returns what is wrong in the file; empty when it is sound."""
        return self._database.integrity_faults()

    def back_up(self, path: str | Path) -> None:
        """Copies the registry while it is in use; the copy appears whole or not at all."""
        self._database.back_up(Path(path))

    def close(self) -> None:
        """Closes the file; a second call does nothing."""
        self._sessions.release_all()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

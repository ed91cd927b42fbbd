# SPDX-License-Identifier: BSD-3-Clause
"""What an open board writes into the registry: the hook that `ohmloop.open` hands to `ohmloop.board`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self

from numpy.typing import ArrayLike

from ohmloop.errors import BoardLost
from ohmloop.registry.cells import Cells, Lines
from ohmloop.registry.chips import Chip
from ohmloop.registry.jobs import Counter
from ohmloop.registry.journal import Job
from ohmloop.registry.packing import Arrays, Plain
from ohmloop.registry.provenance import Provenance
from ohmloop.registry.registry import Registry
from ohmloop.registry.sessions import BoardCounter, Session

_NONE: Plain = {}


class HasRecords(Protocol):
    """An open board."""

    @property
    def records(self) -> Any:
        """What it writes to."""


class ChipRecords:
    """The registry as one open board uses it: one chip, one board, one session.

    Attributes:
        registry: the lab's registry.
        chip: the chip on the board.
        provenance: of everything that this board measures.
        board_uid: 16 hexadecimal digits.
        build_hash: the gateware's, 8 hexadecimal digits.
    """

    is_kept = True

    def __init__(
        self, registry: Registry, chip: Chip, provenance: Provenance, *, boot_id: int, pulses: int
    ) -> None:
        self.registry = registry
        self.chip = chip
        self.provenance = provenance
        self.board_uid = provenance.board_uid
        self.build_hash = provenance.build_hash
        self._base = BoardCounter(provenance.board_uid, boot_id, pulses)
        self._session: Session | None = None
        self._closed = False

    @classmethod
    def open(
        cls,
        path: str | Path | None,
        provenance: Provenance,
        *,
        geometry: tuple[int, int, int],
        boot_id: int,
        pulses: int,
    ) -> Self:
        """Opens the registry for a board that was just opened, and records that chip and board were seen.

        Args:
            path: the registry; None: the lab's.
            provenance: names the chip, the board and what it runs.
            geometry: `(macros, rows, columns)`.
            boot_id: the board's.
            pulses: the board's own count of cell pulses, now.
        """
        registry = Registry.open(path)
        try:
            chip = registry.chips.ensure(
                provenance.chip, origin=provenance.origin, profile=provenance.profile, geometry=geometry
            )
            _note_board(registry, provenance)
        except BaseException:
            registry.close()
            raise
        return cls(registry, chip, provenance, boot_id=boot_id, pulses=pulses)

    def firmware_changed(self, crc: int) -> None:
        """Notes the CRC-32 of the firmware that the board runs from now on."""
        self.provenance = replace(self.provenance, firmware_crc=f"{crc:08x}")
        _note_board(self.registry, self.provenance)

    @property
    def session(self) -> Session:
        """This board's session; the first use settles what dead ones left on the chip."""
        if self._session is None:
            self._session = self.registry.jobs.session(self.chip, self._base)
        return self._session

    def open_job(
        self,
        kind: str,
        *,
        macro: int,
        rows: ArrayLike,
        columns: ArrayLike,
        steps: int,
        most_pulses: int = 0,
        resumable: bool = False,
        plan: Plain = _NONE,
        arrays: Arrays = _NONE,
    ) -> Job:
        """Opens a job on this chip; arguments and errors are those of `Jobs.open`."""
        self._require_open(kind)
        cells = Cells(macro, rows, columns)  # type: ignore[arg-type]  # Cells checks and converts
        return self.registry.jobs.open(
            self.session,
            kind,
            cells,
            steps=steps,
            provenance=self.provenance,
            most_pulses=most_pulses,
            resumable=resumable,
            plan=plan,
            arrays=arrays,
        )

    def check_job(
        self, kind: str, *, macro: int, rows: ArrayLike, columns: ArrayLike, pulses: int, after: int | None
    ) -> None:
        """Raises what `open_job` of `pulses` pulses a cell would, once job `after` is done."""
        self._require_open(kind)
        cells = Cells(macro, rows, columns)  # type: ignore[arg-type]  # Cells checks and converts
        self.registry.jobs.check(self.session, cells, pulses, after=after)

    def resume_job(self, job_id: int) -> Job:
        """Goes on with an interrupted job of this chip; errors are those of `Jobs.resume`."""
        self._require_open(f"resume of job {job_id}")
        return self.registry.jobs.resume(self.session, job_id)

    def settle(self, read_counter: Counter) -> None:
        """Charges what jobs that are over sent and never saw answered; see `Jobs.settle`."""
        if self._session is not None:
            self.registry.jobs.settle(self._session, read_counter)

    def fingerprint(self, macro: int) -> tuple[Lines, Lines] | None:
        """Returns the rows and columns by which this chip is known; None for an emulated one or a new one.

        An emulated chip's cells are its state file's, so that it cannot be mistaken.
        """
        if self.chip.origin == "emulated":
            return None
        found = self.registry.maps.fingerprint(self.chip, macro)
        return None if found is None else (found.cells.rows, found.cells.columns)

    def require_same_chip(self, macro: int, siemens: ArrayLike, uncertainty_siemens: ArrayLike) -> None:
        """Raises WrongChip where the fingerprint's cells, measured now, are another chip's."""
        self.registry.maps.require_same_chip(self.chip, siemens, uncertainty_siemens, macro)

    def close(self) -> None:
        """Closes the registry; a second call does nothing."""
        self._closed = True
        self.registry.close()

    def _require_open(self, asked: str) -> None:
        if self._closed:
            raise BoardLost(
                f"{asked}: the board of {self.chip} is closed", value="closed", limit="open", where=asked
            )


def records_of(board: HasRecords) -> ChipRecords | None:
    """Returns the records of an open board; None for a chip that is thrown away."""
    records = board.records
    return records if isinstance(records, ChipRecords) else None


def _note_board(registry: Registry, provenance: Provenance) -> None:
    registry.boards.seen(
        provenance.board_uid,
        build_hash=provenance.build_hash,
        firmware_crc=provenance.firmware_crc,
        map_hash=provenance.map_hash,
        profile=provenance.profile,
        origin=provenance.origin,
    )

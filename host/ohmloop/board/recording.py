# SPDX-License-Identifier: BSD-3-Clause
"""The hook through which pulses and jobs reach the lab's records, whatever keeps them.

`ohmloop.registry.ChipRecords` keeps them; `Unrecorded` does not, for chips that are thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import Opcode, Register
from ohmloop.errors import NotArmed
from ohmloop.link.messages import Identity, PulseRequest, largest_reply_words
from ohmloop.profile import Profile

Lines = NDArray[np.intp]
Plain = Mapping[str, Any]
Arrays = Mapping[str, ArrayLike]
_NO_VALUES: Plain = {}
_NO_ARRAYS: Arrays = {}


class Journal(Protocol):
    """One job: every step is put down before it is sent, and again when it is answered."""

    @property
    def first_step(self) -> int:
        """First step that is not acknowledged."""

    def remaining(self) -> list[int]:
        """Returns the steps that are not acknowledged, in order."""

    def begin(
        self,
        number: int,
        *,
        rows: ArrayLike | None = None,
        columns: ArrayLike | None = None,
        most_pulses: int | None = None,
        request: Plain = _NO_VALUES,
        row_by_row: bool = False,
    ) -> None:
        """Puts a step on disk before it is sent; raises what forbids to send it."""

    def acknowledge(
        self,
        number: int,
        pulses: ArrayLike = 0,
        *,
        values: Plain = _NO_VALUES,
        arrays: Arrays = _NO_ARRAYS,
    ) -> None:
        """Puts down what was answered: pulses of every cell, and what else is to be kept."""

    def settle(self, read_counter: Callable[[], int]) -> None:
        """Ends the steps that were sent and never answered, by the board's own counter of pulses."""

    def finish(self, state: str | None = None, message: str = "") -> None:
        """Ends the job with a sentence for its record."""


class Records(Protocol):
    """Where an open board's pulses and jobs are recorded."""

    is_kept: bool

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
        plan: Plain = _NO_VALUES,
        arrays: Arrays = _NO_ARRAYS,
    ) -> AbstractContextManager[Journal]:
        """Opens a job on cells of the chip; raises before anything is driven."""

    def check_job(
        self, kind: str, *, macro: int, rows: ArrayLike, columns: ArrayLike, pulses: int, after: int | None
    ) -> None:
        """Raises what `open_job` of `pulses` pulses a cell would, once job `after` is done; opens nothing."""

    def settle(self, read_counter: Callable[[], int]) -> None:
        """Ends what earlier jobs sent and never saw answered, by the board's own counter of pulses."""

    def fingerprint(self, macro: int) -> tuple[Lines, Lines] | None:
        """Returns the rows and columns by which the chip is known; None where nothing is known of it."""

    def require_same_chip(self, macro: int, siemens: ArrayLike, uncertainty_siemens: ArrayLike) -> None:
        """Raises WrongChip where these cells, measured now, are another chip's."""

    def firmware_changed(self, crc: int) -> None:
        """Notes the CRC-32 of the firmware that the board runs from now on."""

    def close(self) -> None:
        """Closes the records."""


class _NoJournal:
    """A job that nobody keeps."""

    first_step = 0

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def remaining(self) -> list[int]:
        """Returns every step: nothing is known as done."""
        return list(range(self._steps))

    def begin(self, number: int, **_kept: object) -> None:
        """Keeps nothing."""

    def acknowledge(self, number: int, pulses: ArrayLike = 0, **_kept: object) -> None:
        """Keeps nothing."""

    def settle(self, read_counter: Callable[[], int]) -> None:
        """Keeps nothing."""

    def finish(self, state: str | None = None, message: str = "") -> None:
        """Keeps nothing."""

    def __enter__(self) -> _NoJournal:
        return self

    def __exit__(self, *_exception: object) -> None:
        return None


class Unrecorded:
    """Records of a chip that is thrown away: none."""

    is_kept = False

    def open_job(self, kind: str, *, steps: int, **_asked: object) -> AbstractContextManager[Journal]:
        """Returns a job that nobody keeps."""
        return _NoJournal(steps)

    def check_job(self, kind: str, *, pulses: int, **_cells: object) -> None:
        """Raises what `open_job` would."""
        self.open_job(kind, steps=1, most_pulses=pulses)

    def settle(self, read_counter: Callable[[], int]) -> None:
        """Does nothing."""

    def fingerprint(self, macro: int) -> None:
        """Returns None: nothing is known."""

    def require_same_chip(self, macro: int, siemens: ArrayLike, uncertainty_siemens: ArrayLike) -> None:
        """Does nothing."""

    def firmware_changed(self, crc: int) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""


class Unnamed(Unrecorded):
    """Records of a physical chip without a name: it is read, and not pulsed."""

    def open_job(self, kind: str, *, steps: int, **asked: object) -> AbstractContextManager[Journal]:
        """Raises NotArmed for a job that pulses."""
        if asked.get("most_pulses"):
            raise NotArmed(
                f"{kind}: a chip is pulsed under its name only: ohmloop.open(url, chip=NAME)",
                value=kind,
                limit="a chip's name",
                where="chip",
            )
        return _NoJournal(steps)


RecordsFor = Callable[[Identity, Profile, str | None, str, str], Records]
"""Makes the records of a board: its identity, profile, `chip=`, origin and URL."""


def unrecorded(*_board: object) -> Records:
    """Returns records that keep nothing."""
    return Unrecorded()


def described(request: PulseRequest) -> dict[str, Any]:
    """Returns what a job's record says of a PULSE request, as keywords of `open_job`."""
    return {
        "macro": request.macro,
        "rows": request.rows.lines,
        "columns": request.columns.lines,
        "most_pulses": request.pulses,
        "plan": {
            "voltage_code": request.voltage_code,
            "gate_code": request.gate_code,
            "width_cycles": request.width_cycles,
            "operation_index": request.operation_index,
        },
    }


def journaled_pulses(journal: Journal, parts: Iterable[PulseRequest]) -> Iterator[tuple[int, bytes, int]]:
    """Yields PULSE requests, each put down before it is handed to the link."""
    for number, part in enumerate(parts):
        journal.begin(
            number,
            rows=part.rows.lines,
            columns=part.columns.lines,
            most_pulses=part.pulses,
            request={"operation_index": part.operation_index},
            row_by_row=True,
        )
        yield int(Opcode.PULSE), part.encode(), largest_reply_words(part)


def counter_of(read_registers: Callable[[Register], tuple[int, ...]]) -> Callable[[], int]:
    """Returns what reads the board's own counter of cell pulses."""
    return lambda: read_registers(Register.PULSES_SINCE_BOOT)[0]

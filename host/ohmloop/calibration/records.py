# SPDX-License-Identifier: BSD-3-Clause
"""Artefacts to the lab's registry and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohmloop.calibration.artefact import Artefact
from ohmloop.calibration.bundle import Calibration
from ohmloop.calibration.files import arrays_of, artefact_of, plain_of
from ohmloop.errors import NotCalibrated
from ohmloop.registry import CalibrationRecord, ChipRecords, records_of

if TYPE_CHECKING:
    from ohmloop.board import Board


def store_calibration(calibration: Calibration, board: Board, *, since: Calibration | None = None) -> int:
    """Records the artefacts of an open board's chip; returns how many (0 for a throw-away chip).

    Args:
        calibration: what was measured.
        board: the open board.
        since: what was known before: its artefacts are recorded already.
    """
    records = records_of(board)
    if records is None:
        return 0
    known = {one.name for one in since.artefacts.values()} if since is not None else set()
    fresh = [one for one in calibration.artefacts.values() if one.name not in known]
    for one in fresh:
        records.registry.calibrations.store(_record(one, records))
    return len(fresh)


def recorded_calibration(board: Board, *, macro: int = 0) -> Calibration:
    """Returns the newest valid artefact of each kind that the registry holds for an open board and chip.

    Raises:
        NotCalibrated: the chip is a throw-away one, or nothing valid is recorded.
    """
    records = records_of(board)
    held = [] if records is None else records.registry.calibrations.history(chip=records.chip)
    found = [
        artefact_of(record.conditions["artefact"], dict(record.arrays), f"calibration {record.id}")
        for record in held
        if record.superseded_by is None and "artefact" in record.conditions
    ]
    valid = [one for one in found if not one.require(board, macro=macro, accept_mismatch=True)]
    if not valid:
        raise NotCalibrated(
            f"chip {board.chip!r}: no valid calibration is recorded; `ohmloop calibrate` measures one",
            value=board.chip,
            where="registry",
        )
    return Calibration.of(*valid)


def _record(artefact: Artefact, records: ChipRecords) -> CalibrationRecord:
    plain: dict[str, Any] = plain_of(artefact)
    return CalibrationRecord(
        kind=artefact.kind if artefact.taken.macro == 0 else f"{artefact.kind} macro {artefact.taken.macro}",
        chip_id=records.chip.id,
        board_uid=artefact.taken.board_uid,
        build_hash=artefact.taken.gateware,
        arrays=arrays_of(artefact),
        units={f"{name}.values": unit for name, unit in plain["units"].items()},
        conditions={"artefact": plain},
        figures=plain["residual"],
        valid_until=artefact.valid_until,
        provenance=records.provenance.with_recipe(artefact.taken.recipe),
    )

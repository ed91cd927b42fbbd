# SPDX-License-Identifier: BSD-3-Clause
"""The lab's registry: chips, boards, health, maps, calibrations, wear and jobs in one SQLite file."""

from ohmloop.registry.calibrations import CalibrationRecord
from ohmloop.registry.cells import Cells
from ohmloop.registry.chips import BoardSeen, Chip
from ohmloop.registry.health import CellState, HealthMap, HealthRecord, LineState
from ohmloop.registry.journal import Job, StepResult
from ohmloop.registry.location import registry_path
from ohmloop.registry.maps import Fingerprint, MapRecord
from ohmloop.registry.provenance import Provenance
from ohmloop.registry.record import JobRecord
from ohmloop.registry.records import ChipRecords, records_of
from ohmloop.registry.registry import Registry
from ohmloop.registry.sessions import BoardCounter
from ohmloop.registry.wear import WearTotal

__all__ = [
    "BoardCounter",
    "BoardSeen",
    "CalibrationRecord",
    "CellState",
    "Cells",
    "Chip",
    "ChipRecords",
    "Fingerprint",
    "HealthMap",
    "HealthRecord",
    "Job",
    "JobRecord",
    "LineState",
    "MapRecord",
    "Provenance",
    "Registry",
    "StepResult",
    "WearTotal",
    "records_of",
    "registry_path",
]

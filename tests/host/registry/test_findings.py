# SPDX-License-Identifier: BSD-3-Clause
"""Health, maps and calibrations: added, laid over each other, superseded, never overwritten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from registry_bench import PROVENANCE, all_cells

from ohmloop.errors import LimitError, NotRecorded, RegistryError, ShapeError, WrongChip
from ohmloop.registry import CalibrationRecord, Cells, CellState, Chip, LineState, Provenance, Registry

# Health


def find(registry: Registry, chip: Chip, cells: Cells, **found) -> int:
    return registry.health.store(chip, cells, source="map", provenance=PROVENANCE, **found)


def test_a_new_chips_health_is_unknown(registry: Registry, chip: Chip) -> None:
    health = registry.health.current(chip)
    assert health.counts() == {CellState.UNKNOWN: 48} and health.known is None
    assert not health.usable.any()


def test_later_findings_lie_over_earlier_ones(registry: Registry, chip: Chip) -> None:
    first = np.full((8, 6), CellState.UNFORMED)
    find(registry, chip, all_cells(), states=first)
    part = Cells(0, np.array([5, 2]), np.array([4, 0, 1]))
    second = np.array([[CellState.FORMED, 0, CellState.LEAKY], [0, CellState.STUCK_LOW, 0]])
    find(registry, chip, part, states=second, row_lines=[LineState.GOOD, 0], column_lines=[0, 2, 0])
    expected = first.copy()
    expected[5, 4], expected[5, 1], expected[2, 0] = CellState.FORMED, CellState.LEAKY, CellState.STUCK_LOW
    health = registry.health.current(chip)
    assert np.array_equal(health.cells, expected)
    assert health.row_lines.tolist() == [0, 0, 0, 0, 0, LineState.GOOD, 0, 0]
    assert health.column_lines.tolist() == [LineState.SHORT, 0, 0, 0, 0, 0]
    assert health.counts()[CellState.UNFORMED] == 45


def test_the_history_keeps_every_finding(registry: Registry, chip: Chip) -> None:
    numbers = [find(registry, chip, all_cells(), states=np.full((8, 6), state)) for state in (1, 2)]
    history = registry.health.history(chip)
    assert [record.id for record in history] == numbers and history[0].made < history[1].made
    assert [int(record.states[0, 0]) for record in history] == [1, 2]
    assert history[0].provenance == PROVENANCE and history[0].source == "map"


def test_cells_on_bad_lines_are_not_usable(registry: Registry, chip: Chip) -> None:
    lines = np.full(8, LineState.GOOD)
    lines[3] = LineState.OPEN
    columns = [LineState.SHORT, 0, 0, 0, 0, 0]
    find(registry, chip, all_cells(), states=np.full((8, 6), 2), row_lines=lines, column_lines=columns)
    usable = registry.health.current(chip).usable
    assert usable.sum() == 7 * 5 and not usable[3].any() and not usable[:, 0].any()


@pytest.mark.parametrize(
    "found",
    [
        {"states": np.full((8, 6), 7)},
        {"states": np.full((8, 6), -1)},
        {"states": np.full((6, 8), 1)},
        {"states": np.full((8, 6), 0.5)},
        {"row_lines": [4] * 8},
        {"column_lines": [1] * 8},
    ],
)
def test_what_is_no_state_is_refused(registry: Registry, chip: Chip, found) -> None:
    with pytest.raises(LimitError):
        find(registry, chip, all_cells(), **found)
    with pytest.raises(LimitError, match="macro 1"):
        find(registry, chip, Cells(1, np.arange(2), np.arange(2)))
    assert registry.health.history(chip) == []


# Maps


def siemens(seed: int, shape: tuple[int, int] = (32, 24)) -> np.ndarray:
    return np.random.default_rng(seed).uniform(5e-6, 50e-6, shape)


@pytest.fixture
def large(registry: Registry) -> Chip:
    return registry.chips.ensure("large", origin="chip", profile="ideal", geometry=(1, 32, 24))


def store(registry: Registry, chip: Chip, values: np.ndarray) -> int:
    cells = Cells(0, np.arange(values.shape[0]), np.arange(values.shape[1]))
    return registry.maps.store(
        *(chip, cells, values, np.full(values.shape, 1e-7)),
        method="onehot",
        provenance=PROVENANCE,
        arrays={"state": np.ones(values.shape, np.uint8)},
        about={"range": 2},
    )


def test_a_map_comes_back_as_it_was(registry: Registry, large: Chip) -> None:
    store(registry, large, siemens(1))
    number = store(registry, large, siemens(2))
    found = registry.maps.latest(large)
    assert found is not None and found.id == number and found.about == {"range": 2}
    assert np.array_equal(found.siemens, siemens(2)) and found.arrays["state"].dtype == np.uint8
    assert found.uncertainty_siemens[0, 0] == 1e-7 and found.method == "onehot"
    assert len(registry.maps.history(large)) == 2 and registry.maps.latest(large, macro=1) is None


def test_a_map_of_another_shape_is_refused(registry: Registry, large: Chip) -> None:
    with pytest.raises(ShapeError, match="siemens"):
        registry.maps.store(
            *(large, all_cells(), siemens(1), siemens(1)), method="onehot", provenance=PROVENANCE
        )
    with pytest.raises(ShapeError, match="the map's own"):
        registry.maps.store(
            *(large, all_cells(), np.ones((8, 6)), np.ones((8, 6))),
            method="onehot",
            provenance=PROVENANCE,
            arrays={"rows": [1]},
        )


def measured_now(registry: Registry, chip: Chip, values: np.ndarray) -> np.ndarray:
    fingerprint = registry.maps.fingerprint(chip)
    assert fingerprint is not None and fingerprint.cells.size == 64
    return values[fingerprint.cells.grid]


def test_the_same_chip_is_known_again_after_noise_and_some_drift(registry, large: Chip) -> None:
    store(registry, large, siemens(1))
    noisy = siemens(1) * 0.9 * np.random.default_rng(3).normal(1, 0.02, (32, 24))
    registry.maps.require_same_chip(large, measured_now(registry, large, noisy), 1e-7)


def test_another_chip_is_told(registry: Registry, large: Chip) -> None:
    store(registry, large, siemens(1))
    with pytest.raises(WrongChip, match="of 64 cells") as caught:
        registry.maps.require_same_chip(large, measured_now(registry, large, siemens(2)), 1e-7)
    assert caught.value.value < caught.value.limit


def test_cells_that_were_pulsed_since_are_not_compared(registry: Registry, large: Chip) -> None:
    store(registry, large, siemens(1))
    other = measured_now(registry, large, siemens(2))
    registry.wear.charge(large, Cells(0, np.arange(26), np.arange(24)), 1, "form")
    registry.wear.charge(large, Cells(0, np.arange(26, 30), np.arange(24)), 0, "form")
    with pytest.raises(WrongChip, match="of 16 cells"):
        registry.maps.require_same_chip(large, other, 1e-7)
    registry.wear.charge(large, Cells(0, np.arange(26, 32), np.arange(24)), 1, "form")
    registry.maps.require_same_chip(large, other, 1e-7)


def test_without_a_map_nothing_is_compared(registry: Registry, chip: Chip) -> None:
    registry.maps.require_same_chip(chip, np.zeros((8, 8)), 0.0)
    cells = all_cells(columns=range(6))
    registry.maps.store(chip, cells, np.ones((8, 6)), np.ones((8, 6)), method="onehot", provenance=PROVENANCE)
    assert registry.maps.fingerprint(chip) is None, "too few lines for 8 x 8"


# Calibrations

ADC = CalibrationRecord(
    kind="adc",
    board_uid="b",
    build_hash="g",
    current_range=2,
    arrays={"gain": np.linspace(0.9, 1.1, 8), "gain_u": np.full(8, 1e-3), "ok": np.ones(8, bool)},
    units={"gain": "", "gain_u": ""},
    conditions={"temperature_c": 25.0},
    figures={"residual": np.float64(0.3), "noise_floor": 0.28},
    provenance=PROVENANCE.with_recipe("adc", levels=5),
)
HERE = {"board_uid": "b", "build_hash": "g", "current_range": 2}


def test_a_calibration_comes_back_as_it_was(registry: Registry) -> None:
    stored = registry.calibrations.store(ADC)
    found = registry.calibrations.current("adc", **HERE)
    assert found is not None and found.id == stored.id > 0 and found.made is not None
    assert np.array_equal(found.arrays["gain"], ADC.arrays["gain"]) and found.arrays["ok"].dtype == np.bool_
    assert (found.units, found.conditions) == (ADC.units, ADC.conditions)
    assert found.figures == {"residual": 0.3, "noise_floor": 0.28}
    assert found.provenance.recipe == "adc" and found.provenance.seeds == {"levels": 5}


@pytest.mark.parametrize(
    "place", [{"board_uid": "c"}, {"build_hash": "h"}, {"current_range": 1}, {"current_range": None}]
)
def test_a_calibration_holds_nowhere_else(registry: Registry, place) -> None:
    registry.calibrations.store(ADC)
    assert registry.calibrations.current("adc", **(HERE | place)) is None
    assert registry.calibrations.current("dark", **HERE) is None


def test_a_newer_calibration_supersedes_only_its_own_kind(registry: Registry, chip: Chip) -> None:
    old = registry.calibrations.store(ADC)
    others = [replace(ADC, current_range=3), replace(ADC, kind="dark"), replace(ADC, chip_id=chip.id)]
    numbers = [registry.calibrations.store(one).id for one in others]
    new = registry.calibrations.store(ADC)
    history = {record.id: record.superseded_by for record in registry.calibrations.history()}
    assert history == {old.id: new.id, new.id: None} | dict.fromkeys(numbers)
    assert registry.calibrations.get(old.id).superseded_by == new.id
    found = registry.calibrations.current("adc", **HERE)
    assert found is not None and found.id == new.id


def test_the_chips_own_calibration_goes_first(registry: Registry, chip: Chip) -> None:
    own = registry.calibrations.store(replace(ADC, chip_id=chip.id))
    for_all = registry.calibrations.store(replace(ADC, current_range=None))
    other = registry.chips.ensure("b", origin="chip", profile="ideal", geometry=(1, 8, 6))
    found = [registry.calibrations.current("adc", **HERE, chip=one) for one in (chip, other)]
    assert [record and record.id for record in found] == [own.id, for_all.id]
    assert [one.id for one in registry.calibrations.history(chip=chip)] == [own.id]


def test_an_expired_calibration_is_history(registry: Registry) -> None:
    now = datetime.now(UTC)
    registry.calibrations.store(replace(ADC, valid_until=now + timedelta(hours=1)))
    assert registry.calibrations.current("adc", **HERE) is not None
    assert registry.calibrations.current("adc", **HERE, at=now + timedelta(hours=2)) is None
    assert len(registry.calibrations.history(kind="adc")) == 1
    with pytest.raises(ShapeError, match="zone"):
        registry.calibrations.store(replace(ADC, valid_until=datetime(2030, 1, 1)))


def test_what_cannot_be_kept_is_refused(registry: Registry) -> None:
    with pytest.raises(ShapeError, match="name no array"):
        registry.calibrations.store(replace(ADC, units={"offset": "codes"}))
    with pytest.raises(ShapeError, match="object"):
        registry.calibrations.store(replace(ADC, arrays={"gain": np.array([None])}, units={}))
    with pytest.raises(ShapeError, match="recorded"):
        registry.calibrations.store(replace(ADC, figures={"residual": object()}))
    with pytest.raises(NotRecorded):
        registry.calibrations.get(1)
    assert registry.calibrations.history() == []


def test_damaged_arrays_are_a_typed_error(registry: Registry) -> None:
    number = registry.calibrations.store(ADC).id
    database = registry.jobs._database
    blob = bytearray(database.one("SELECT arrays FROM calibrations")["arrays"])
    blob[len(blob) // 3] ^= 0xFF
    database.run("UPDATE calibrations SET arrays = ?", bytes(blob))
    with pytest.raises(RegistryError, match=f"calibration {number}"):
        registry.calibrations.get(number)


def test_provenance_names_software_and_commit() -> None:
    told = Provenance(origin="chip", chip="a")
    assert told.version and (told.commit is None or len(told.commit) == 40)
    assert Provenance.of(told.text()) == told

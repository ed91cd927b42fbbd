# SPDX-License-Identifier: BSD-3-Clause
"""Artefacts on disk and in the registry, and recipes: what goes in comes out, what is damaged is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

import ohmloop
from ohmloop.calibration import (
    Calibration,
    Values,
    calibrate,
    load_artefact,
    load_recipe,
    recipe_names,
    recorded_calibration,
    store_calibration,
)
from ohmloop.errors import ArtefactError, NotCalibrated, ShapeError

SMALL = "twin://?rows=64&columns=64&lanes=8"


def same(one: Calibration, other: Calibration) -> None:
    assert set(one.artefacts) == set(other.artefacts)
    for kind, artefact in one.artefacts.items():
        again = other[kind]
        assert again.taken == artefact.taken and again.residual == artefact.residual
        assert (again.valid_until, again.notes) == (artefact.valid_until, artefact.notes)
        assert dict(again.settings) == dict(artefact.settings)
        assert np.array_equal(again.columns_ok, artefact.columns_ok)
        for name, quantity in artefact.quantities.items():
            for part in ("values", "independent", "channel", "board", "ok"):
                assert np.array_equal(getattr(again[name], part), getattr(quantity, part))
            assert again[name].unit == quantity.unit


def test_a_calibration_comes_back_from_disk_as_it_was(calibration: Calibration, tmp_path: Path):
    files = calibration.save(tmp_path / "held")
    assert len(files) == len(calibration.artefacts) == 5
    same(calibration, Calibration.load(tmp_path / "held"))
    one = load_artefact(files[0])
    assert Calibration.load(files[0]).name == one.name
    plain = json.loads(files[0].read_text())
    assert plain["taken"]["chip"] == "tmp:seed:3" and plain["taken"]["origin"] == "emulated"


def test_the_newest_of_a_kind_is_loaded(calibration: Calibration, bench, tmp_path: Path):
    calibration.save(tmp_path)
    newer = calibrate(bench.board, "dark")
    newer.save(tmp_path)
    held = Calibration.load(tmp_path)
    assert held["dark"].name == newer["dark"].name and held["adc"].name == calibration["adc"].name


def test_damaged_files_are_refused_and_named(calibration: Calibration, tmp_path: Path):
    file = calibration.of(calibration["dark"]).save(tmp_path)[0]
    arrays = file.with_suffix(".npz")
    data = arrays.read_bytes()
    arrays.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ArtefactError, match=r"dark-.*CRC"):
        load_artefact(file)
    arrays.write_bytes(data)
    plain = json.loads(file.read_text())
    file.write_text(json.dumps(plain | {"format": "ohmloop-artefact-9"}))
    with pytest.raises(ArtefactError, match="'ohmloop-artefact-1' expected"):
        load_artefact(file)
    file.write_text(json.dumps({key: value for key, value in plain.items() if key != "residual"}))
    with pytest.raises(ArtefactError, match="residual"):
        load_artefact(file)
    arrays.unlink()
    with pytest.raises(ArtefactError, match="cannot be read"):
        load_artefact(file)
    with pytest.raises(ArtefactError, match="no artefact in this folder"):
        Calibration.load(tmp_path.parent)


def test_a_missing_kind_is_told(calibration: Calibration):
    with pytest.raises(NotCalibrated, match="no 'adc' artefact among dark"):
        calibration.of(calibration["dark"]).bends  # noqa: B018
    with pytest.raises(ShapeError, match="ok: shape"):
        Values(np.zeros(3), "S", np.zeros(3), np.zeros(3), np.zeros(3), np.ones(2, bool))


def test_every_shipped_recipe_is_valid_and_named_as_its_file():
    assert {"adc", "adc-fine", "dark", "noise", "dac", "lines", "drift", "full"} <= set(recipe_names())
    for name in recipe_names():
        assert load_recipe(name).name == name


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("procedure: adcc", "adcc"),
        ("readings: 1", "readings"),
        ("full_scale: 1.5", "full_scale"),
        ("levells: 5", "levells"),
        ("valid_hours: -1", "valid_hours"),
    ],
)
def test_a_recipe_that_is_not_valid_names_file_and_field(tmp_path: Path, line: str, words: str):
    path = tmp_path / "mine.yaml"
    good = (Path(__file__).parents[3] / "calibration" / "recipes" / "adc.yaml").read_text()
    key = line.partition(":")[0]
    path.write_text("\n".join([text for text in good.splitlines() if not text.startswith(key)] + [line]))
    with pytest.raises(ArtefactError, match=words) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)


def test_the_registry_gives_back_what_holds_for_board_and_chip(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    with ohmloop.open(SMALL, chip="lab-7", profile="rrm-40nm-front-end") as board:
        with pytest.raises(NotCalibrated, match="no valid calibration"):
            recorded_calibration(board)
        found = calibrate(board, "adc")
        assert store_calibration(found, board) == 1
        later = calibrate(board, "dark", using=found)
        assert store_calibration(later, board, since=found) == 1
        same(recorded_calibration(board), later)
    with ohmloop.open(SMALL, chip="lab-8", profile="rrm-40nm-front-end") as board:
        with pytest.raises(NotCalibrated):
            recorded_calibration(board)
    with ohmloop.open(SMALL, chip="tmp", profile="rrm-40nm-front-end") as board:
        assert store_calibration(calibrate(board, "adc"), board) == 0

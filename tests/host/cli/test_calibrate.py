# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop calibrate`: table, figures, JSON, exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ohmloop
from ohmloop.calibration import Calibration, recorded_calibration
from ohmloop.calibration.procedures import PROCEDURES
from ohmloop.cli.app import app
from ohmloop.errors import ArtefactError, LimitError

BOARD = ["twin://?rows=64&columns=64&lanes=8", "--profile", "rrm-40nm-front-end"]


def run(tmp_path: Path, *options: str):
    places = ["--out", str(tmp_path / "held"), "--json", str(tmp_path / "result.json")]
    shown = CliRunner().invoke(app, ["calibrate", *BOARD, *options, *places], catch_exceptions=False)
    return shown, json.loads((tmp_path / "result.json").read_text())


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path / "chips"))


def test_the_figures_are_under_their_keys_and_every_artefact_has_a_picture(tmp_path: Path):
    shown, result = run(tmp_path, "--recipe", "adc-fine")
    assert shown.exit_code == 0 and "EMULATED" in shown.stdout
    assert result["residual"] <= 1.2 * result["noise_floor"]
    assert result["residual_uncalibrated"] >= 5 * result["residual"]
    assert result["columns_ok"] == result["columns"] == 64
    assert result["validity"]["from"] < result["validity"]["until"]
    for kind, one in result["artefacts"].items():
        assert kind == "adc"
        for ending in ("json", "npz", "png"):
            assert (tmp_path / "held" / f"{one['name']}.{ending}").stat().st_size > 1000


def test_what_is_recorded_is_used_and_what_cannot_be_measured_is_said(tmp_path: Path):
    first, _ = run(tmp_path, "--recipe", "adc", "--chip", "lab-1")
    assert "1 in the registry" in first.stdout
    second, result = run(tmp_path, "--recipe", "full", "--chip", "lab-1")
    assert second.exit_code == 0 and any(text.startswith("noise:") for text in result["skipped"])
    third, result = run(tmp_path, "--recipe", "dark", "--chip", "lab-1")
    assert third.exit_code == 0 and list(result["artefacts"]) == ["dark"]


def test_an_unknown_recipe_lists_the_known_ones(tmp_path: Path):
    with pytest.raises(ArtefactError, match="adc-fine"):
        run(tmp_path, "--recipe", "nothing")


def test_a_recipe_that_is_no_yaml_is_named_with_its_line(tmp_path: Path):
    (tmp_path / "mine.yaml").write_text("a: [1,\n")
    with pytest.raises(ArtefactError, match=r"mine\.yaml:2: no valid YAML"):
        run(tmp_path, "--recipe", str(tmp_path / "mine.yaml"))


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_measured(tmp_path: Path):
    (tmp_path / "held").write_text("a file")
    with pytest.raises(LimitError, match="no such folder can be made"):
        run(tmp_path, "--recipe", "adc")
    (tmp_path / "held").unlink()
    (tmp_path / "result.json").mkdir()
    with pytest.raises(LimitError, match="this is a folder"):
        run(tmp_path, "--recipe", "adc")
    assert not (tmp_path / "chips").exists()


def test_another_macro_is_calibrated_and_its_artefacts_are_used(tmp_path: Path):
    board = [
        "twin://?rows=64&columns=64&lanes=8&macros=2",
        "--profile",
        "rrm-40nm-front-end",
        "--chip",
        "lab-2",
    ]
    places = ["--macro", "1", "--out", str(tmp_path / "held"), "--json", str(tmp_path / "result.json")]
    shown = CliRunner().invoke(app, ["calibrate", *board, "--recipe", "adc", *places], catch_exceptions=False)
    assert shown.exit_code == 0
    arguments = ["--rows", "0:8", "--columns", "0:8", "--samples", "1", "--json", str(tmp_path / "map.json")]
    for macro, told in (("1", "calibrated by adc-"), ("0", "nominal gains")):
        CliRunner().invoke(app, ["map", *board, "--macro", macro, *arguments], catch_exceptions=False)
        assert json.loads((tmp_path / "map.json").read_text())["scale"].startswith(told)


def test_what_was_measured_before_an_interruption_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def stopped(_setting: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(PROCEDURES, "dac", stopped)
    arguments = ["calibrate", *BOARD, "--chip", "lab-3", "--out", str(tmp_path / "held")]
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 130
    assert "registry: adc, dark" in shown.stderr
    monkeypatch.undo()
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path / "chips"))
    assert set(Calibration.load(tmp_path / "held").artefacts) == {"adc", "dark"}
    with ohmloop.open(BOARD[0], chip="lab-3", profile="rrm-40nm-front-end") as opened:
        assert set(recorded_calibration(opened).artefacts) == {"adc", "dark"}


def test_a_registry_that_keeps_nothing_is_not_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def stopped(_setting: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(PROCEDURES, "dark", stopped)
    shown = CliRunner().invoke(app, ["calibrate", *BOARD, "--out", str(tmp_path / "held")])
    assert f"kept in {tmp_path / 'held'}: adc" in shown.stderr


def test_the_table_is_whole_on_a_narrow_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("ohmloop.cli.calibrate.draw_artefact", lambda *_: None)
    shown, result = run(tmp_path, "--recipe", "full")
    assert "…" not in shown.stdout
    assert f"{result['validity']['until'][:10]} {result['validity']['until'][11:16]}" in shown.stdout

# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop calibrate`: table, figures, JSON, exit codes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ohmloop.cli.app import app
from ohmloop.errors import ArtefactError

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

# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop chip`: what is recorded of a sample, as tables, maps, JSON and figures."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmloop.cli.app import app
from ohmloop.cli.chip_maps import health_map, wear_map
from ohmloop.errors import LimitError, NotRecorded
from ohmloop.registry import Cells, CellState, LineState, Provenance, Registry

PROVENANCE = Provenance(origin="chip", chip="a", commit=None)
ALL = Cells(0, np.arange(8), np.arange(6))


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "registry.sqlite"
    monkeypatch.setenv("OHMLOOP_REGISTRY", str(file))
    monkeypatch.setenv("COLUMNS", "120")
    return file


@pytest.fixture
def lab() -> int:
    """A chip with wear, health, a map and an interrupted job; returns the job's number."""
    with Registry.open() as registry:
        registry.chips.ensure("a", origin="emulated", profile="ideal", geometry=(1, 8, 6))
        chip = registry.chips.ensure("a", origin="chip", profile="ideal", geometry=(1, 8, 6), notes="[red]")
        registry.wear.charge(chip, Cells(0, np.array([2]), np.array([3])), 9, "form")
        states = np.full((8, 6), CellState.FORMED)
        states[1, 1] = CellState.STUCK_LOW
        lines = np.zeros(8, int)
        lines[4] = LineState.SHORT
        registry.health.store(chip, ALL, source="map", provenance=PROVENANCE, states=states, row_lines=lines)
        registry.maps.store(
            *(chip, ALL, np.full((8, 6), 1e-5), np.full((8, 6), 1e-7)), method="onehot", provenance=PROVENANCE
        )
        session = registry.jobs.session(chip)
        with registry.jobs.open(
            *(session, "program", ALL), steps=2, most_pulses=3, resumable=True, provenance=PROVENANCE
        ) as job:
            job.begin(0, rows=[0])
        return job.id


def run(*words: str) -> str:
    result = CliRunner().invoke(app, ["chip", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def told(*words: str):
    return json.loads(run(*words, "--json"))


def test_without_a_registry_a_sentence_says_so_and_none_is_made(path: Path) -> None:
    assert run("list").startswith(f"No registry yet at {path};")
    assert told("list") == []
    with pytest.raises(NotRecorded, match="no registry yet"):
        run("show", "a")
    assert not path.exists()


def test_list_names_every_chip(lab: int) -> None:
    text = run("list")
    assert "2 chips" in text and "EMULATED" in text and "[red]" in text
    assert [(chip["name"], chip["origin"]) for chip in told("list")] == [("a", "chip"), ("a", "emulated")]


def test_show_tells_the_physical_chip_first(lab: int) -> None:
    facts = told("show", "a")
    assert (facts["origin"], facts["most_worn_cell_pulses"], facts["cell_pulses"]) == ("chip", 9, 9)
    assert facts["health"] == {"formed": 47, "stuck_low": 1}
    assert [job["id"] for job in facts["open_jobs"]] == [lab]
    assert told("show", "a", "--emulated")["most_worn_cell_pulses"] == 0
    assert "47 formed, 1 stuck low" in run("show", "a") and "interrupted" in run("show", "a")


def test_health_shows_faults_and_lines(lab: int, tmp_path: Path) -> None:
    text = run("health", "a", "--png", str(tmp_path / "health.png"))
    lines = text.splitlines()
    assert "████" in text and any(line.startswith("█v████") for line in lines) and "rows short: 4" in text
    assert (tmp_path / "health.png").read_bytes().startswith(b"\x89PNG")
    facts = told("health", "a")
    assert facts["cells"][1][1] == "stuck_low" and facts["row_lines"][4] == "short"
    assert facts["usable"] == 47 - 6


def test_wear_shows_counts_and_doubts(lab: int, tmp_path: Path) -> None:
    text = run("wear", "a", "--png", str(tmp_path / "wear.png"))
    assert "most 9 at row 2, column 3" in text and "form" in text
    assert "18 cell pulses were sent and never acknowledged" in text
    assert (tmp_path / "wear.png").read_bytes().startswith(b"\x89PNG")
    facts = told("wear", "a")
    expected = np.zeros((8, 6), int)
    expected[0], expected[2, 3] = 3, 9
    assert facts["pulses"] == expected.tolist() and facts["in_doubt"] == 18
    assert facts["totals"] == [{"kind": "form", "operations": 1, "cell_pulses": 9}]


def test_history_is_in_order(lab: int) -> None:
    events = told("history", "a")
    assert [event["what"] for event in events] == ["chip", "health", "map", "job"]
    assert [event["time_utc"] for event in events] == sorted(event["time_utc"] for event in events)
    assert "47 formed, 1 stuck low, 1 lines short" in run("history", "a")


def test_the_budget_is_set_and_taken_away(lab: int) -> None:
    assert "12 pulses a cell" in run("budget", "a", "12")
    assert told("wear", "a")["pulse_budget"] == 12
    assert "no budget" in run("budget", "a") and told("wear", "a")["pulse_budget"] is None


def test_an_interrupted_job_is_given_up(lab: int) -> None:
    with pytest.raises(NotRecorded, match="no job of EMULATED"):
        run("abandon", "a", str(lab), "--emulated")
    assert "failed" in run("abandon", "a", str(lab)) and told("show", "a")["open_jobs"] == []


def test_notes_and_retirement(lab: int) -> None:
    run("note", "a", "cracked", "--made", "lot 4")
    assert (told("show", "a")["notes"], told("show", "a")["made"]) == ("cracked", "lot 4")
    assert "its name is free" in run("retire", "a")
    assert told("show", "a")["origin"] == "emulated"
    assert [chip["retired"] for chip in told("list", "--retired")] == [True, False]


def test_a_macro_that_is_not_there_is_a_typed_error(lab: int) -> None:
    with pytest.raises(LimitError, match="macro 1 asked"):
        run("health", "a", "--macro", "1")


def test_large_maps_are_made_small_and_show_the_worst() -> None:
    cells = np.full((512, 512), CellState.FORMED, np.uint8)
    cells[511, 511] = CellState.GAVE_UP
    lines = health_map(cells).plain.splitlines()
    assert len(lines[:32]) == 32 and {len(line) for line in lines[:32]} == {64}
    assert lines[31] == "█" * 63 + "x" and "16 x 8 cells" in lines[-1]
    pulses = np.zeros((512, 512), np.int64)
    pulses[0, 0], pulses[511, 511] = 1, 100
    for budget in (None, 100, 50):
        lines = wear_map(pulses, budget).plain.splitlines()
        assert lines[0].startswith("· ") and lines[31].endswith("  █")

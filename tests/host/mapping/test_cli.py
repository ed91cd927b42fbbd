# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop map` and `ohmloop contact` show and write what they found, and refuse before they measure."""

import json

import numpy as np
import pytest
from mapping_bench import SMALL, fill, opened
from typer.testing import CliRunner

from ohmloop.cli.app import app
from ohmloop.errors import LimitError, MapError, NotRecorded, ShapeError
from ohmloop.mapping import ConductanceMap
from ohmloop.profile import load_profile
from ohmloop.registry import records_of


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def lab():
    with opened(chip="lab") as board:
        return fill(board.macro, formed=0.7)


def test_every_file_is_written(lab, tmp_path):
    files = {name: tmp_path / f"one.{name}" for name in ("nc", "json", "png", "yaml")}
    output = run(
        *("map", SMALL, "--chip", "lab", "--samples", "16", "--out", files["nc"], "--json", files["json"]),
        *("--png", files["png"], "--fit", files["yaml"]),
    )
    assert "EMULATED" in output
    assert "not calibrated" in output
    measured = ConductanceMap.load(files["nc"])
    assert np.abs(measured.siemens - lab).max() < 6 * measured.uncertainty_siemens.max()
    found = json.loads(files["json"].read_text())
    assert found["states"] == measured.counts()
    assert found["method"] == "onehot"
    assert {"onehot_siemens", "multiplexed_siemens"} <= set(found["predicted"])
    assert files["png"].stat().st_size > 10_000
    assert load_profile(files["yaml"]).name == "one"


def test_an_earlier_map_is_compared(lab, tmp_path):
    first, second = tmp_path / "one.npz", tmp_path / "two.json"
    run("map", SMALL, "--chip", "lab", "--out", first)
    with opened(chip="lab") as board:
        board.macro.load_g_codes([[4 if lab[3, 3] > 1e-6 else 600]], board.macro[3, 3])
    for earlier in ("last", first):
        output = run("map", SMALL, "--chip", "lab", "--earlier", earlier, "--json", second)
        assert json.loads(second.read_text())["change"]["changed"] == 1
        assert "changed since" in output


def test_a_map_of_another_chip_is_not_compared(lab, tmp_path):
    other, told = tmp_path / "other.npz", tmp_path / "told.json"
    run("map", SMALL, "--chip", "other", "--out", other)
    with pytest.raises(MapError, match="chip 'other', 'lab' here"):
        run("map", SMALL, "--chip", "lab", "--earlier", other)
    with opened(chip="lab") as board:
        held = records_of(board)
        assert held.registry.jobs.all(held.chip) == []
    run("map", SMALL, "--chip", "lab", "--earlier", other, "--accept-mismatch", "--json", told)
    assert json.loads(told.read_text())["change"]["changed"] > 100


def test_what_was_measured_is_written_before_a_fit_that_is_refused(tmp_path):
    with pytest.raises(LimitError, match="64 make a distribution"):
        run(
            *("map", SMALL, "--chip", "new", "--out", tmp_path / "one.npz", "--json", tmp_path / "one.json"),
            *("--fit", tmp_path / "one.yaml"),
        )
    assert {path.name for path in tmp_path.glob("one.*")} == {"one.npz", "one.json"}


def test_a_window_is_chosen(lab, tmp_path):
    path = tmp_path / "one.csv"
    run("map", SMALL, "--chip", "lab", "--rows", "2:10:2", "--columns", "5", "--out", path)
    measured = ConductanceMap.load(path)
    assert measured.rows.tolist() == [2, 4, 6, 8]
    assert measured.columns.tolist() == [5]


def test_an_interrupted_map_is_resumed(lab, tmp_path):
    def stop(done, _expected):
        if done > 4000:
            raise RuntimeError("power loss")

    with opened(chip="lab") as board:
        with pytest.raises(RuntimeError):
            board.macro.map(samples=8, progress=stop)
        held = records_of(board)
        (job,) = held.registry.jobs.interrupted(held.chip)
    for other in (("--samples", 4), ("--rows", "0:4"), ("--method", "onehot")):
        with pytest.raises(MapError, match=other[0].strip("-")):
            run("map", SMALL, "--chip", "lab", "--resume", job.id, *other)
    run("map", SMALL, "--chip", "lab", "--resume", job.id, "--out", tmp_path / "one.npz")
    measured = ConductanceMap.load(tmp_path / "one.npz")
    assert measured.samples == 8
    assert np.abs(measured.siemens - lab).max() < 6 * measured.uncertainty_siemens.max()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("--method", "best"), LimitError, "method"),
        (("--out", "one.h5"), LimitError, "h5"),
        (("--fit", "one.txt"), LimitError, "no .yaml"),
        (("--out", "/nowhere/one.nc"), LimitError, "no folder"),
        (("--png", "one.foo"), LimitError, "no .png"),
        (("--rows", "a:b"), LimitError, "0:64"),
        (("--rows", "-3:5"), ShapeError, "no rows: -3:5 of 0 .. "),
        (("--macro", "3"), LimitError, "the board has 0"),
        (("--earlier", "nowhere.npz"), MapError, "nowhere"),
        (("--earlier", "last"), NotRecorded, "no map"),
    ],
)
def test_bad_options_are_refused(lab, arguments, error, text):
    with pytest.raises(error, match=text):
        run("map", SMALL, "--chip", "lab", *arguments)


def test_contact_tells_bad_lines_by_its_exit_code(tmp_path):
    path = tmp_path / "one.json"
    assert "passed" in run("contact", SMALL, "--chip", "new", "--json", path)
    assert json.loads(path.read_text())["passed"]
    with opened(chip="bad") as board:
        board.macro.load_g_codes(np.zeros((1, 32), int), board.macro[5, :])
    assert "row 5: open" in run("contact", SMALL, "--chip", "bad", "--json", path, code=1)
    assert json.loads(path.read_text())["bad_lines"] == ["row 5: open"]

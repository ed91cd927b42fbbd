# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop program` forms, programs, shows and writes; what it cannot do it refuses before it pulses."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import ohmloop
from ohmloop.calibration import calibrate, store_calibration
from ohmloop.cli.app import app
from ohmloop.errors import JobConflict, LimitError, NotRecorded, ProfileError, ShapeError, WearExceeded
from ohmloop.programming.job import Run
from ohmloop.registry import records_of

URL = "twin://?rows=32&columns=48&lanes=16&payload=1024"
PROFILE = "rram-130nm-yao2020"
FRONT_END = "rram-130nm-front-end"
LEVELS = np.linspace(2e-6, 20e-6, 32)


def run(*arguments, code=0):
    result = CliRunner().invoke(app, ["program", *(str(one) for one in arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture
def targets(tmp_path):
    values = LEVELS[np.random.default_rng(2).integers(0, 32, (8, 12))]
    np.save(tmp_path / "targets.npy", values)
    np.savetxt(tmp_path / "targets.csv", values, delimiter=",")
    return values


def test_a_new_chip_is_formed_and_programmed_in_one_command(targets, tmp_path):
    files = {name: tmp_path / f"one.{name}" for name in ("npz", "json", "png")}
    output = run(
        *(URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", PROFILE, "--tolerance-us", 0.25),
        *("--rows", "4:12", "--columns", "0:24:2", "--form-gate-v", 1.5),
        *("--out", files["npz"], "--json", files["json"], "--png", files["png"]),
    )
    assert "EMULATED" in output
    found = json.loads(files["json"].read_text())
    assert found["cells"] == 96
    assert sum(found["status"].values()) == 96
    assert found["failed_fraction"] < 0.1
    with np.load(files["npz"]) as file:
        saved = dict(file)
    assert str(saved["origin"]) == "emulated"
    with ohmloop.open(URL, chip="lab", profile=PROFILE) as board:
        held = board.macro.g_codes_to_siemens(board.macro.dump_g_codes(board.macro[4:12, 0:24:2]))
        records = records_of(board)
        jobs = [one.kind for one in records.registry.jobs.all(records.chip)]
    done = saved["status"] == 0
    assert np.abs(held - targets)[done].max() < 0.5e-6
    assert jobs == ["form_ramp", "program"]
    assert files["png"].stat().st_size > 10_000


def test_a_line_a_cell(targets, tmp_path):
    out = tmp_path / "one.csv"
    run(
        *(URL, tmp_path / "targets.csv", "--chip", "tmp", "--profile", PROFILE, "--tolerance-us", 0.25),
        *("--form-gate-v", 1.5, "--out", out),
    )
    first, names, *cells = out.read_text().splitlines()
    assert first.startswith("# EMULATED")
    assert names.startswith("# row,column,targets_siemens,achieved_siemens")
    assert len(cells) == 96
    row, column, target, *_ = cells[13].split(",")
    assert (int(row), int(column)) == (1, 1)
    assert float(target) == pytest.approx(targets[1, 1], abs=1e-8)  # a code of the range


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (["--algorithm", "guess"], LimitError, "guess"),
        (["--rows", "0:4"], ShapeError, "12"),
        (["--rows", "30:38"], LimitError, "rows"),
        (["--profile", "ideal"], ProfileError, "programmable"),
        (["--out", "x.pickle"], LimitError, "npz"),
        (["--json", "nowhere/x.json"], LimitError, "nowhere"),
        (["--json", "."], LimitError, "this is a folder"),
        (["--macro", "3"], LimitError, "macro"),
        (["--resume", "99"], NotRecorded, "99"),
        (["--png", "x.foo"], LimitError, "no .png"),
        (["--tolerance-us", "0"], LimitError, "0 S asked"),
        (["--budget", "-5"], LimitError, "budget: -5"),
        (["--form-gate-v", "30"], LimitError, "30 V asked, limit"),
        (["--form-gate-v", "1.5", "--tolerance-us", "0"], LimitError, "0 S asked"),
        (["--form-gate-v", "1.5", "--budget", "300"], LimitError, "budget: 300"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_pulsed(change, error, says, targets, tmp_path):
    with ohmloop.open(URL, chip="lab", profile="ideal" if "ideal" in change else PROFILE):
        pass
    usual = [URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", PROFILE, "--tolerance-us", 0.25]
    with pytest.raises(error, match=says):
        run(*usual, *change)
    with ohmloop.open(URL, chip="lab", profile="ideal" if "ideal" in change else PROFILE) as board:
        records = records_of(board)
        assert records.registry.wear.totals(records.chip) == []


def test_worn_cells_are_refused_before_forming(targets, tmp_path):
    usual = (URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", PROFILE, "--tolerance-us", 0.25)
    with ohmloop.open(URL, chip="lab", profile=PROFILE) as board:
        records = records_of(board)
        records.registry.chips.set_budget(records.chip, 100)  # 80 to program, and a ramp of more than 20
    with pytest.raises(WearExceeded, match=r"up to \d+ asked, budget 100 pulses") as refused:
        run(*usual, "--form-gate-v", 1.5)
    with ohmloop.open(URL, chip="lab", profile=PROFILE) as board:
        records = records_of(board)
        assert records.registry.wear.totals(records.chip) == []
        assert records.registry.jobs.all(records.chip) == []
        records.registry.chips.set_budget(records.chip, refused.value.value)
    run(*usual, "--form-gate-v", 1.5)


def test_cells_of_an_interrupted_job_are_refused_before_forming(targets, tmp_path, monkeypatch):
    usual = (URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", PROFILE, "--tolerance-us", 0.25)
    with monkeypatch.context() as patched, pytest.raises(PowerLoss):
        patched.setattr(Run, "execute", lambda *_: (_ for _ in ()).throw(PowerLoss))
        run(*usual)
    with pytest.raises(JobConflict, match=r"job 1 \(program, interrupted\)"):
        run(*usual, "--form-gate-v", 1.5, "--rows", "7:15")
    with ohmloop.open(URL, chip="lab", profile=PROFILE) as board:
        records = records_of(board)
        assert [job.kind for job in records.registry.jobs.all(records.chip)] == ["program"]
        assert records.registry.wear.totals(records.chip) == []


def test_a_recorded_calibration_is_used_and_its_reference_columns_watched(targets, tmp_path):
    board_and_chip = (URL.replace("rows=32", "rows=64"), tmp_path / "targets.npy", "--chip", "lab")
    usual = (*board_and_chip, "--profile", FRONT_END, "--tolerance-us", 0.25, "--json", tmp_path / "one.json")
    with ohmloop.open(board_and_chip[0], chip="lab", profile=FRONT_END) as board:
        board.macro.load_g_codes(np.full(board.macro.shape, 400), board.macro[:, :])
        store_calibration(calibrate(board, "drift"), board)
    run(*usual)
    found = json.loads((tmp_path / "one.json").read_text())
    assert found["calibration"].startswith("adc-") and found["drift"] == [] and found["mismatches"] == []
    last = ("--columns", "36:48")
    assert "driftisnotwatched" in "".join(one for one in run(*usual, *last) if one.isalnum())
    with pytest.raises(LimitError, match="reference columns"):
        run(*usual, *last, "--drift", "stop")
    run(*usual, "--calibration", "none")
    assert json.loads((tmp_path / "one.json").read_text())["calibration"] is None


class PowerLoss(Exception):
    """What ends a job in the middle."""


@pytest.mark.parametrize("kind", ["form_ramp", "program"])
def test_the_same_command_goes_on_with_what_was_interrupted(kind, targets, tmp_path, monkeypatch, capfd):
    real, sent = Run.execute, []

    def fails_once(run, journal, remaining):
        if run.what == kind and not sent:
            sent.append(kind)
            real(run, journal, remaining[:1])
            raise PowerLoss
        real(run, journal, remaining)

    monkeypatch.setattr(Run, "execute", fails_once)
    usual = (URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", FRONT_END, "--tolerance-us", 0.25)
    usual = (*usual, "--form-gate-v", 1.5, "--json", tmp_path / "one.json")
    with ohmloop.open(URL, chip="lab", profile=FRONT_END) as board:
        store_calibration(calibrate(board, "adc"), board)
    with pytest.raises(PowerLoss):
        run(*usual)
    with ohmloop.open(URL, chip="lab", profile=FRONT_END) as board:
        records = records_of(board)
        (job,) = records.registry.jobs.interrupted(records.chip)
    assert job.kind == kind
    with pytest.raises(JobConflict, match="rows 8 from 0 to 7, 8 from 4 to 11 asked"):
        run(*usual, "--resume", job.id, "--rows", "4:12")
    run(*usual, "--resume", job.id)
    found = json.loads((tmp_path / "one.json").read_text())
    assert found["cells"] == 96 and found["algorithm"] == "incremental" and found["failed_fraction"] < 0.1
    with ohmloop.open(URL, chip="lab", profile=FRONT_END) as board:
        records = records_of(board)
        told = [(one.kind, one.state) for one in records.registry.jobs.all(records.chip)]
    assert told == [("form_ramp", "done"), ("program", "done")]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--columns", "12:24"], "columns 12 from 0 to 11, 12 from 12 to 23 asked"),
        (["--algorithm", "two_pulse"], "algorithm ping_pong, two_pulse asked"),
        (["--budget", "80"], "budget 100, 80 asked"),
        (["--tolerance-us", "0.5"], r"tolerance_siemens 2\.5e-07 S, 96 of 96 cells with 5e-07 S asked"),
        ([], r"targets_siemens 2e-06 S, 1 of 96 cells with 3e-06 S asked"),
    ],
)
def test_a_job_asked_otherwise_than_begun_does_not_go_on(change, says, targets, tmp_path, monkeypatch):
    real = Run.execute

    def stopped(run, journal, remaining):
        real(run, journal, remaining[:1])
        raise PowerLoss

    def keep_targets(siemens):
        targets[2, 3] = siemens
        np.save(tmp_path / "targets.npy", targets)

    keep_targets(2e-6)
    usual = (URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", PROFILE, "--tolerance-us", 0.25)
    with monkeypatch.context() as patched, pytest.raises(PowerLoss):
        patched.setattr(Run, "execute", stopped)
        run(*usual, "--algorithm", "ping_pong", "--budget", 100)
    if not change:
        keep_targets(3e-6)
    with pytest.raises(JobConflict, match=says):
        run(*usual, "--resume", 1, *change)  # the last of two options of one name holds
    keep_targets(2e-6)
    run(*usual, "--resume", 1)


def test_another_kind_of_job_does_not_go_on(targets, tmp_path):
    def stopped(_done, _expected):
        raise PowerLoss

    with ohmloop.open(URL, chip="lab", profile=PROFILE) as board, pytest.raises(PowerLoss):
        board.macro.map(samples=1, progress=stopped)
    usual = (URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", PROFILE, "--tolerance-us", 0.25)
    with pytest.raises(JobConflict, match="job 1: a map of macro 0, no programming of macro 0"):
        run(*usual, "--resume", 1)


def test_an_interruption_names_the_job_and_how_to_go_on(targets, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Run, "execute", stopped)
    arguments = ["program", URL, tmp_path / "targets.npy", "--chip", "lab", "--profile", PROFILE]
    result = CliRunner().invoke(app, [str(one) for one in (*arguments, "--tolerance-us", 0.25)])
    assert result.exit_code == 130
    assert "job 1 (program) can go on: the same command with --resume 1" in result.stderr
    assert "ohmloop chip abandon lab 1" in result.stderr
    again = CliRunner().invoke(app, [*map(str, arguments), "--tolerance-us", "0.25", "--resume", "1"])
    assert again.exit_code == 130
    assert "job 1 (program) can go on: the same command with --resume 1" in again.stderr


def test_complex_targets_are_refused(tmp_path):
    np.save(tmp_path / "targets.npy", np.full((2, 2), 5e-6 + 1j))
    with pytest.raises(LimitError, match="complex"):
        run(URL, tmp_path / "targets.npy", "--profile", PROFILE, "--tolerance-us", 0.25)


@pytest.mark.parametrize("text", ["", "a,b\n", "1e-6,nan\n"])
def test_targets_that_are_no_numbers_are_refused(text, tmp_path):
    file = tmp_path / "targets.csv"
    file.write_text(text)
    with pytest.raises(LimitError, match=r"targets\.csv"):
        run(URL, file, "--profile", PROFILE, "--tolerance-us", 0.25)

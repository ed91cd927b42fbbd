# SPDX-License-Identifier: BSD-3-Clause
"""The board drifts in the middle of a job: the user is told, the job stops, or goes on calibrated anew."""

import numpy as np
import pytest
from typer.testing import CliRunner

import ohmloop
from ohmloop._map import Table
from ohmloop.calibration import DriftWatch, calibrate, store_calibration, watch_drift
from ohmloop.cli.app import app
from ohmloop.errors import CalibrationExpired, CalibrationMismatch, LimitError, MapError, NotCalibrated
from ohmloop.registry import records_of

URL = "twin://?rows=64&columns=32&lanes=16&payload=256"
PROFILE = "rram-130nm-front-end"
ARM = {"ops": {"set", "reset"}, "max_pulses": 10**6, "max_voltage_v": 2.5, "expires_s": 600.0}
TARGET = 10e-6
TOLERANCE = 0.3e-6
RISE = 1.04
"""Of all gains, in the middle of a job."""


class Drifting(DriftWatch):
    """A watch of which the board drifts right before a look."""

    def __call__(self):
        self.looks = getattr(self, "looks", 0) + 1
        if self.looks == self.at:
            self.drift()
        return super().__call__()


@pytest.fixture
def board(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    monkeypatch.setenv("OHMLOOP_REGISTRY", str(tmp_path / "lab.sqlite"))
    with ohmloop.open(URL, chip="lab", profile=PROFILE, noise_seed=2) as opened:
        macro = opened.macro
        macro.load_g_codes(np.random.default_rng(8).integers(300, 700, macro.shape), macro[:, :])
        yield opened


def rise(board):
    board.write_table(Table.GAIN, np.rint(board.profile.tables()[Table.GAIN] * RISE).astype(int))


def drifting(board, policy, at=2):
    watch = watch_drift(board, calibrate(board, "drift"), policy=policy, interval_s=0.0)
    watch.__class__ = Drifting
    watch.at, watch.drift = at, lambda: rise(board)
    return watch


def truth(board, window):
    return board.macro.g_codes_to_siemens(board.macro.dump_g_codes(window))


def job_of(board):
    held = records_of(board)
    return held.registry.jobs.all(held.chip)[-1]


def programmed(board, watch, rows=10):
    window = board.macro[:rows, :24]
    with board.armed(window, **ARM):
        return window, board.macro.program(TARGET, window, tolerance_siemens=TOLERANCE, watch=watch)


def ratio(board, window, result, rows):
    """Median of what cells conduct over what is reported, of some rows."""
    return float(np.median((truth(board, window) / result.achieved_siemens)[rows]))


def test_programming_goes_on_with_converters_measured_again(board):
    window, found = programmed(board, drifting(board, "recalibrate"))
    assert "recalibrating with adc" in found.drift[0] and ", then " in found.calibration
    assert ratio(board, window, found, slice(5, None)) == pytest.approx(1, abs=5e-3)
    told = job_of(board)
    assert told.state == "done" and "recalibrating" in told.message


def test_programming_with_a_warning_goes_on_and_says_so(board, caplog):
    window, found = programmed(board, drifting(board, "warn"))
    assert "calibrate again" in found.drift[0] and "calibrate again" in job_of(board).message
    assert ratio(board, window, found, slice(5, None)) == pytest.approx(1 / RISE, abs=5e-3)
    assert "drift: reference column" in repr(found) and "calibrate again" in caplog.text


def test_programming_stops_and_goes_on_with_a_new_calibration(board):
    watch = drifting(board, "stop")
    with pytest.raises(CalibrationExpired, match="reference column"):
        programmed(board, watch)
    told = job_of(board)
    assert told.state == "interrupted" and "reference column" in told.message
    fresh = calibrate(board, "adc", using=watch.calibration)
    window = board.macro[:10, :24]
    with board.armed(window, **ARM):
        with pytest.raises(NotCalibrated, match="begun with calibration"):
            board.macro.resume_program(told.id)
        found = board.macro.resume_program(told.id, calibration=fresh)
    assert job_of(board).state == "done" and ", then " in found.calibration
    assert ratio(board, window, found, slice(5, None)) == pytest.approx(1, abs=5e-3)


def test_without_drift_nothing_is_told(board):
    watch = watch_drift(board, calibrate(board, "drift"), policy="stop", interval_s=0.0)
    _, found = programmed(board, watch, rows=4)
    assert found.drift == () and job_of(board).message == ""


def test_reference_columns_are_not_programmed(board):
    watch = watch_drift(board, calibrate(board, "drift"))
    with board.armed(board.macro[:4, :], **ARM):
        before = board.stats.frames_sent
        with pytest.raises(LimitError, match="reference columns 28, 29, 30, 31"):
            board.macro.program(TARGET, board.macro[:4, :], tolerance_siemens=TOLERANCE, watch=watch)
        assert board.stats.frames_sent == before


@pytest.mark.parametrize("method", ["onehot", "multiplexed"])
def test_each_step_of_a_map_is_corrected_by_what_held_then(board, method):
    watch = drifting(board, "recalibrate", at=6)
    found = board.macro.map(method=method, samples=8, watch=watch)
    assert "recalibrating" in found.facts["drift"][0] and ", then adc" in found.facts["scale"]
    cells = truth(board, board.macro[:, :])
    assert float(np.median(found.siemens / cells)) == pytest.approx(1, abs=0.006)
    assert "recalibrating" in job_of(board).message


def test_a_map_stops_and_goes_on_with_a_new_calibration(board):
    watch = drifting(board, "stop", at=6)
    with pytest.raises(CalibrationExpired):
        board.macro.map(method="onehot", samples=8, watch=watch)
    told = job_of(board)
    assert told.state == "interrupted"
    fresh = calibrate(board, "adc", using=watch.calibration)
    with pytest.raises(MapError, match="begun with a calibration"):
        board.macro.map(resume=told.id)
    found = board.macro.map(resume=told.id, calibration=fresh)
    cells = truth(board, board.macro[:, :])
    assert float(np.median(found.siemens / cells)) == pytest.approx(1, abs=0.006)


def run(*arguments):
    result = CliRunner().invoke(app, [str(one) for one in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return "".join(one for one in result.output if one.isalnum())


def test_commands_watch_and_take_what_does_not_match_only_when_told(board, tmp_path):
    store_calibration(calibrate(board, "drift"), board)
    calibrate(board, "adc").save(tmp_path / "held")
    board.close()
    lab = ("--chip", "lab", "--profile", PROFILE, "--samples", 1, "--rows", "0:4")
    assert "calibratedbyadc" in run("map", URL, *lab, "--drift", "stop")
    with pytest.raises(LimitError, match="off, warn, stop, recalibrate"):
        run("map", URL, *lab, "--drift", "often")
    with pytest.raises(NotCalibrated, match="--drift warn"):
        run("map", URL, *lab, "--calibration", "none", "--drift", "warn")
    other = ("--chip", "other", *lab[2:], "--calibration", tmp_path / "held")
    with pytest.raises(CalibrationMismatch):
        run("map", URL, *other)
    assert "chiplabmeasuredotherhere" in run("map", URL, *other, "--accept-mismatch")

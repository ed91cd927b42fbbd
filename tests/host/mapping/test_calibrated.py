# SPDX-License-Identifier: BSD-3-Clause
"""With a calibration a map loses the converters' errors; without one it says how large they may be."""

import numpy as np
import pytest
from mapping_bench import fill, opened

from ohmloop.calibration import calibrate
from ohmloop.errors import CalibrationMismatch, NotCalibrated

FRONT_END = "rrm-40nm-front-end"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A board with converter errors, its cells, its calibration, and maps with and without it."""
    patch = pytest.MonkeyPatch()
    patch.setenv("OHMLOOP_STATE", str(tmp_path_factory.mktemp("chips")))
    with opened(chip="tmp:one", profile=FRONT_END) as board:
        truth = fill(board.macro)
        calibration = calibrate(board, "adc")
        maps = {
            name: board.macro.map(method="onehot", samples=64, calibration=used)
            for name, used in (("nominal", None), ("calibrated", calibration))
        }
    patch.undo()
    return truth, calibration, maps


@pytest.mark.parametrize("name", ["nominal", "calibrated"])
def test_uncertainties_hold_for_gain_and_noise_together(found, name):
    truth, _, maps = found
    errors = (maps[name].siemens - truth) / maps[name].uncertainty_siemens
    assert abs(errors.mean()) < 0.2
    assert 0.85 < errors.std() < 1.15


def test_a_calibration_takes_the_converters_errors_out(found):
    truth, _, maps = found
    formed = truth > 1e-6
    rms = {name: np.sqrt(np.mean((one.siemens - truth)[formed] ** 2)) for name, one in maps.items()}
    assert rms["nominal"] > 3 * rms["calibrated"]
    assert np.median(maps["nominal"].channel_siemens[formed]) > 0.009 * 12e-6
    assert np.all(maps["calibrated"].board_siemens[formed] > 0)


def test_the_map_says_where_its_gains_come_from(found):
    _, _, maps = found
    assert maps["nominal"].facts["scale"].endswith("not calibrated")
    assert maps["calibrated"].facts["scale"].startswith("calibrated by adc-")


def test_a_calibration_of_another_chip_or_profile_is_refused(found):
    _, calibration, _ = found
    with opened(chip="tmp:one") as board:
        frames = board.stats.frames_sent
        with pytest.raises(CalibrationMismatch):
            board.macro.map(calibration=calibration)
        assert board.stats.frames_sent == frames
        taken = board.macro.map(board.macro[:4, :4], samples=1, calibration=calibration, accept_mismatch=True)
        assert FRONT_END in taken.facts["scale"]


def test_a_calibration_without_converters_is_refused():
    with opened(chip="tmp:one", profile=FRONT_END) as board:
        calibration = calibrate(board, "dark")
        frames = board.stats.frames_sent
        with pytest.raises(NotCalibrated):
            board.macro.map(calibration=calibration)
        assert board.stats.frames_sent == frames

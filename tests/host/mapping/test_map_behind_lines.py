# SPDX-License-Identifier: BSD-3-Clause
"""A map with a calibration of the lines tells what the cells conduct, not what they seem to."""

import numpy as np
import pytest
from mapping_bench import fill

import ohmloop
from ohmloop.calibration import Calibration, calibrate, emulate_line_resistance
from ohmloop.nodal import effective_siemens

ROW_OHM, COLUMN_OHM = 1.5, 1.0


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Cells, what they seem to be by the exact network, the calibration, and maps with it and without."""
    patch = pytest.MonkeyPatch()
    patch.setenv("OHMLOOP_STATE", str(tmp_path_factory.mktemp("chips")))
    url = "twin://?rows=96&columns=96&lanes=8"
    with ohmloop.open(url, chip="tmp:lines", profile="rrm-40nm-front-end", noise_seed=4) as board:
        truth = fill(board.macro)
        ohms = {"row_ohm": ROW_OHM, "column_ohm": COLUMN_OHM}
        factors = emulate_line_resistance(board.macro, board.macro[:, :], **ohms)
        calibration = calibrate(board, "lines")
        plain = Calibration.of(calibration["adc"])
        maps = {
            "seen": board.macro.map(method="onehot", samples=16, calibration=plain),
            "own": board.macro.map(method="onehot", samples=16, calibration=calibration),
            "window": board.macro.map(
                board.macro[60:90, 70:96], method="onehot", samples=16, calibration=calibration
            ),
        }
    patch.undo()
    return truth, effective_siemens(truth, **ohms), calibration, maps, factors


def common(truth, calibration):
    """What one standard uncertainty of each resistance does to the cells, siemens `[2, rows, columns]`."""
    ohms = {"row_ohm": ROW_OHM, "column_ohm": COLUMN_OHM}
    here = effective_siemens(truth, **ohms)
    moved = (ohms | {name: ohm + float(calibration["lines"][name].uncertainty)} for name, ohm in ohms.items())
    return np.stack([here - effective_siemens(truth, **one) for one in moved])


def test_the_cells_own_conductances_are_found(found):
    truth, _, _, maps, _ = found
    formed = truth > 1e-6
    lost = np.mean((maps["seen"].siemens / truth - 1)[formed])
    assert lost < -0.03
    assert abs(np.mean((maps["own"].siemens / truth - 1)[formed])) < 0.2 * abs(lost)


def test_normalised_own_errors_have_standard_deviation_one_and_common_ones_are_within_theirs(found):
    truth, _, calibration, maps, factors = found
    one, formed = maps["own"], truth > 1e-6
    # The emulator has factors a line in place of the network; what they miss is no fault of the map.
    emulated = truth * np.outer(factors.rows, factors.columns)
    missed = emulated - effective_siemens(truth, row_ohm=ROW_OHM, column_ohm=COLUMN_OHM)
    error = (one.siemens - truth - missed)[formed]
    own = np.hypot(one.independent_siemens, one.channel_siemens)[formed]
    shapes = common(truth, calibration)[:, formed] / own
    weights = np.linalg.lstsq(shapes.T, error / own, rcond=None)[0]
    left = error / own - weights @ shapes
    assert formed.sum() >= 512
    assert 0.9 < left.std() < 1.1 and abs(left.mean()) < 0.15
    assert np.abs(weights).max() < 3  # in standard uncertainties of the resistances


def test_the_uncertainty_of_the_resistances_is_the_board_s(found):
    truth, _, calibration, maps, _ = found
    formed = truth > 1e-6
    expected = np.sqrt(np.sum(common(truth, calibration) ** 2, axis=0))[formed]
    added = np.sqrt(maps["own"].board_siemens ** 2 - maps["seen"].board_siemens ** 2)[formed]
    assert np.median(added / expected) == pytest.approx(1, abs=0.1)
    assert maps["own"].board_siemens[0, -1] != maps["own"].board_siemens[-1, 0]


def test_a_window_s_cells_are_those_of_the_whole_map(found):
    truth, _, _, maps, _ = found
    part, here = maps["window"], np.ix_(np.arange(60, 90), np.arange(70, 96))
    formed = truth[here] > 1e-6
    lost = np.mean((maps["seen"].siemens[here] / truth[here] - 1)[formed])
    assert abs(np.mean((part.siemens / truth[here] - 1)[formed])) < 0.3 * abs(lost)


def test_the_map_says_whether_lines_were_taken_out(found):
    _, _, _, maps, _ = found
    assert maps["seen"].facts["lines"] == "resistance of lines not taken out"
    assert maps["own"].facts["lines"].startswith("lines-") and "ohm" in maps["own"].facts["lines"]

# SPDX-License-Identifier: BSD-3-Clause
"""Weights on pairs of cells: products as the weights say, faults made up for, bad input refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import ohmloop
from ohmloop.calibration import calibrate
from ohmloop.errors import LimitError, ProfileError, ShapeError
from ohmloop.nn import DifferentialLinear, WeightPairs

URL = "twin://?rows=64&columns=64&lanes=16"
PROFILE = "rram-130nm-front-end"
ARM = {"ops": {"set", "reset"}, "max_pulses": 10**6, "max_voltage_v": 2.5, "expires_s": 600.0}
PAIRS = WeightPairs(2e-6, 20e-6, 1.5)


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path / "chips"))


@pytest.fixture
def board():
    with ohmloop.open(URL, chip="tmp:seed:4", profile=PROFILE, noise_seed=1) as opened:
        macro = opened.macro
        macro.load_g_codes(np.random.default_rng(1).integers(300, 700, macro.shape), macro[:, :])
        yield opened


@given(arrays(np.float64, (3, 4), elements=st.floats(-2, 2)))
def test_weights_come_back_clipped_to_the_window(weights):
    siemens = PAIRS.siemens(weights)
    assert siemens.shape == (3, 8) and siemens.min() >= 2e-6 and siemens.max() <= 20e-6 * (1 + 1e-12)
    assert np.allclose(PAIRS.weights(siemens), np.clip(weights, -1.5, 1.5), atol=1e-12)
    assert (siemens.reshape(3, 4, 2).min(axis=2) == 2e-6).all()


def test_the_partner_of_a_stuck_cell_makes_up_for_it():
    targets = PAIRS.siemens([[0.5, -1.0, 1.5, 0.2]])
    held, stuck = targets.copy(), np.zeros(targets.shape, bool)
    for column, siemens in ((0, 12e-6), (3, 4e-6), (4, 2e-6), (6, 9e-6), (7, 9e-6)):
        held[0, column], stuck[0, column] = siemens, True
    found = PAIRS.around_faults(targets, held, stuck)
    assert np.allclose(PAIRS.weights(found), [[0.5, -2 * 1.5 / 18, 0.0, 0.0]])
    assert np.array_equal(found[stuck], held[stuck]) and found.min() >= 2e-6


def test_a_programmed_layer_multiplies_by_its_weights(board):
    rng = np.random.default_rng(3)
    weights, bias = rng.normal(0, 0.5, (40, 12)), rng.normal(0, 1, 12)
    layer = DifferentialLinear(board.macro, weights, bias, row=3, column=5, largest_input=2.0)
    found = calibrate(board, "adc")
    with board.armed(layer.window, **ARM):
        first = layer.program(tolerance_siemens=0.23e-6, calibration=found)
        assert layer.retarget(first) <= 2 * first.failed.sum()
        layer.program(tolerance_siemens=0.23e-6, calibration=found)
    x = rng.uniform(-2, 2, (30, 40))
    layer.choose_range(x)
    plain, fine = layer(x), layer(x, calibration=found, averages=16)
    held = layer.pairs.weights(board.macro.g_codes_to_siemens(board.macro.dump_g_codes(layer.window)))
    assert np.median(np.abs(held - weights)) < 0.02
    exact = np.rint(x / 2 * 255) / 255 * 2 @ held + bias
    before, after = (np.asarray(one) - exact for one in (plain, fine))
    assert before.std() > 5 * after.std() and after.std() < 0.01 * exact.std()
    assert 0.2 < np.std(after / fine.uncertainty) < 1.3
    assert not fine.saturated.any() and plain.uncertainty is None
    assert repr(plain).startswith("EMULATED LayerResult(30 x 12, nominal gains")


def test_what_does_not_fit_is_refused_and_nothing_is_sent(board):
    macro, frames = board.macro, board.stats.frames_sent
    layer = DifferentialLinear(macro, np.eye(4))
    for x, error in (
        (np.ones((1, 3)), ShapeError),
        (np.full((1, 4), 1.01), LimitError),
        ([[np.nan] * 4], LimitError),
    ):
        with pytest.raises(error, match="x"):
            layer(x)
    with pytest.raises(LimitError):
        DifferentialLinear(macro, np.ones((4, 33)))
    with pytest.raises(ShapeError, match="bias"):
        DifferentialLinear(macro, np.eye(4), np.zeros(3))
    with pytest.raises(LimitError, match="finite"):
        DifferentialLinear(macro, np.full((4, 4), np.nan), pairs=PAIRS)
    with pytest.raises(LimitError, match="largest_weight"):
        DifferentialLinear(macro, np.zeros((4, 4)))
    assert board.stats.frames_sent == frames
    with ohmloop.open(URL, chip="tmp", profile="ideal") as other:
        with pytest.raises(ProfileError, match="give `pairs`"):
            DifferentialLinear(other.macro, np.eye(4))

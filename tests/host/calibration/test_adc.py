# SPDX-License-Identifier: BSD-3-Clause
"""Converters on the emulated board against what the emulator was loaded with."""

import numpy as np
import pytest
from calibration_bench import WIDE, Bench, Truth

import ohmloop
from ohmloop._map import Register, Table
from ohmloop.board import Board, Macro
from ohmloop.calibration import Calibration, calibrate
from ohmloop.calibration.recipes import AdcRecipe, load_recipe
from ohmloop.errors import LimitError

BIN = (np.arange(64) - 31.5) * 256


def test_levels_not_fitted_are_predicted_within_a_fifth_of_the_noise_floor(calibration: Calibration):
    residual = calibration["adc"].residual
    assert residual.values > 512
    assert residual.residual <= 1.2 * residual.noise_floor
    assert residual.uncalibrated >= 5 * residual.residual
    assert calibration["adc"].columns_ok.all()


def test_normalised_errors_of_gains_have_standard_deviation_one(bench: Bench, calibration: Calibration):
    gain, slope = calibration["adc"]["gain"], np.polyfit(BIN, bench.truth.inl, 1)[0]
    errors = (gain.values / (bench.truth.gain * (1 + slope)) - 1) * gain.values
    own = (errors - errors.mean(axis=1, keepdims=True)) / gain.channel
    assert own.size >= 512 and 0.9 < own.std() < 1.1
    assert np.all(np.abs(errors.mean(axis=1)) < 2 * gain.board.mean(axis=1))


def test_normalised_errors_of_offsets_have_standard_deviation_one(bench: Bench, calibration: Calibration):
    adc = calibration["adc"]
    offset, bend = adc["offset"], adc["bend"]
    at_zero, known = (np.interp(0, adc["bend_knots"].values, one) for one in (bend.values, bend.board))
    errors = offset.values + at_zero - bench.truth.offset - bench.truth.inl[32]
    own = (errors - errors.mean(axis=1, keepdims=True)) / offset.channel
    assert own.size >= 512 and 0.9 < own.std() < 1.1
    assert np.all(np.abs(errors.mean(axis=1)) < 2 * np.hypot(offset.board.mean(axis=1), known))


def test_the_bend_is_that_of_the_converters(bench: Bench, calibration: Calibration):
    adc = calibration["adc"]
    place = np.arange(-7800, 7801, 40)
    slope, level = np.polyfit(BIN, bench.truth.inl, 1)
    true = bench.truth.inl[(place + 8192) // 256] - slope * place - level
    left = np.interp(place, adc["bend_knots"].values, adc["bend"].values) - true
    assert np.sqrt(np.mean(left**2)) < 0.25 * np.sqrt(np.mean(true**2))
    assert calibration.bends


def test_no_level_is_both_fitted_and_held_out(board: Board, monkeypatch):
    read, plain = [], Macro.read_reference

    def spy(macro, level, **how):
        read.append((how["range"], level))
        return plain(macro, level, **how)

    monkeypatch.setattr(Macro, "read_reference", spy)
    calibrate(board, "adc")
    assert len(set(read)) == 4 * (5 + 1 + 5 + 6) and len(read) == 16 * len(set(read))
    for one in range(4):
        levels = {level for where, level in read if where == one}
        assert min(levels) < 0 < max(levels) and not any(-level in levels for level in levels if level)


def test_a_reference_that_is_off_shifts_all_gains_together(board: Board):
    plain = calibrate(board, "adc")["adc"]["gain"]
    (unit,) = board.read_registers(Register.EMU_REFERENCE_UNIT)
    board.write_registers(Register.EMU_REFERENCE_UNIT, round(unit * 1.001))
    off = calibrate(board, "adc")["adc"]["gain"]
    change = off.values / plain.values - 1
    assert change.mean() == pytest.approx(round(unit * 1.001) / unit - 1, rel=0.05)
    assert change.std() < 0.1 * change.mean()
    assert np.all(
        change * plain.values < 2 * plain.board
    )  # the board part covers it, the channel part does not
    assert np.all(change * plain.values > 10 * plain.channel)


def test_a_dead_channel_is_masked_and_leaves_the_others_alone(board: Board):
    before = calibrate(board, "adc")["adc"]
    gains = board.profile.tables()[Table.GAIN].copy()
    gains[7] = 0
    board.write_table(Table.GAIN, gains)
    after = calibrate(board, "adc")["adc"]
    assert np.flatnonzero(~after.columns_ok).tolist() == [7]
    kept = np.delete(after["gain"].values / before["gain"].values, 7, axis=1)
    assert np.abs(kept - 1).max() < 1e-3


def test_five_levels_show_the_same_gains_with_larger_uncertainty(bench: Bench, calibration: Calibration):
    five = calibrate(bench.board, "adc")["adc"]["gain"]
    fine = calibration["adc"]["gain"]
    assert np.all(np.abs(five.values / fine.values - 1) < 2e-4)
    assert five.channel.mean() > 1.5 * fine.channel.mean()


def test_a_reference_of_too_few_levels_is_refused(board: Board):
    recipe = load_recipe("adc")
    assert isinstance(recipe, AdcRecipe)
    with pytest.raises(LimitError, match="range 3: 2 levels of the reference fit") as caught:
        calibrate(board, recipe.model_copy(update={"full_scale": 0.1}))
    assert caught.value.value == 2 and caught.value.unit == "levels"


def test_transparent_converters_are_found_exact():
    with ohmloop.open("twin://?rows=64&columns=64&lanes=8", chip="tmp:seed:3", profile="ideal") as board:
        found = calibrate(board, "adc")
        nominal = 1 / board.profile.siemens_per_adc_code(0)
    assert np.allclose(found["adc"]["gain"].values, nominal, rtol=1e-6) and not found.bends
    assert found["adc"].columns_ok.all() and found["adc"].residual.residual < 1e-3


NONE = """format: ohmloop-chip-1
name: no-reference
title: No reference input
base: rrm-40nm-front-end
front_end:
  reference: none
  channels:
    scale_uncertainty: {value: 0.02, unit: "1", source: "assumed: parts"}
"""


def test_without_a_reference_gains_are_relative_and_the_scale_is_one_common_uncertainty(tmp_path):
    path = tmp_path / "none.yaml"
    path.write_text(NONE)
    with ohmloop.open("twin://?rows=64&columns=64&lanes=8", chip="tmp:seed:3", profile=path) as board:
        adc = calibrate(board, "adc")["adc"]
        tables = board.profile.tables()
        with pytest.raises(ohmloop.Refused, match="reference: none"):
            board.macro.read_reference(3)
    gain = adc["gain"]
    assert np.allclose(gain.board / gain.values, 0.02)
    assert np.all(gain.channel[:, 0] == 0) and np.allclose(
        gain.channel[:, 1:] / gain.values[:, 1:], 0.01 * np.sqrt(2)
    )
    seen = tables[Table.OFFSET][:64] + tables[Table.INL][32]
    assert np.abs(adc["offset"].values - seen).max() < 6 * adc["offset"].channel.max()
    assert any("reference: none" in note for note in adc.notes)


@pytest.fixture(scope="module")
def wandering():
    """Channels without errors whose gains wander, 0.05 % from epoch to epoch."""
    with ohmloop.open(WIDE, chip="tmp:seed:3", profile="rram-130nm-yao2020", noise_seed=5) as board:
        yield calibrate(board, "adc")["adc"], Truth.of(board.profile, 256)


def test_wander_averages_out_of_the_levels_and_is_reported(wandering):
    adc, _ = wandering
    assert adc.residual.residual <= 1.2 * adc.residual.noise_floor < 0.5
    assert adc["wander"].values == pytest.approx(0.0005, rel=0.3)


def test_gains_are_as_uncertain_as_wander_leaves_them(wandering):
    adc, truth = wandering
    errors = (adc["gain"].values - truth.gain) / adc["gain"].channel
    assert errors.size >= 512 and 0.9 < errors.std() < 1.1 and abs(errors.mean()) < 0.15
    without = adc["gain"].channel < 5e-5 * adc["gain"].values
    assert not without.any()  # 0.05 % in 17 epochs: 0.012 %, which no scatter about the lines shows


def test_channels_that_do_not_wander_are_not_said_to(bench: Bench, calibration: Calibration):
    assert calibration["adc"]["wander"].values.max() < 5e-5

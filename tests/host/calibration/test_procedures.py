# SPDX-License-Identifier: BSD-3-Clause
"""Dark codes, read noise, read voltage, lines and drift against what the emulator does."""

import logging

import numpy as np
import pytest
from calibration_bench import Bench, half_formed

import ohmloop
from ohmloop._map import Table
from ohmloop.board import Board
from ohmloop.calibration import Calibration, DriftWatch, calibrate, emulate_line_resistance, watch_drift
from ohmloop.calibration.lines import ladder
from ohmloop.calibration.recipes import load_recipe
from ohmloop.errors import ArtefactError, CalibrationExpired, CalibrationMismatch, LimitError, NotPrepared

SMALL = "twin://?rows=64&columns=64&lanes=8"


def test_dark_codes_are_offset_and_bend_at_zero(bench: Bench, calibration: Calibration):
    dark = calibration["dark"]["offset"]
    errors = (dark.values - bench.truth.offset - bench.truth.inl[32]) / dark.channel
    assert errors.size >= 512 and 0.9 < errors.std() < 1.1 and abs(errors.mean()) < 0.15


def test_read_noise_of_columns_and_cells_is_the_profile_s(bench: Bench, calibration: Calibration):
    noise = calibration["noise"]
    errors = (noise["read_noise"].values - 0.02) / noise["read_noise"].channel
    assert 0.85 < errors.std() < 1.15 and abs(errors.mean()) < 0.3
    rows = noise.settings["rows"]
    formed = bench.siemens[rows] > 1e-6
    ratio = noise["cell_noise"].values[formed] / (0.02 * bench.siemens[rows][formed])
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1, abs=0.02)
    assert noise.residual.residual < 1.3 * noise.residual.noise_floor


def test_normalised_errors_of_conductances_have_standard_deviation_one(
    bench: Bench, calibration: Calibration
):
    noise = calibration["noise"]
    cells = noise["cell_conductance"]
    true = bench.siemens[noise.settings["rows"]]
    seen = calibration.siemens(np.zeros((1, 256)), range_index=3, columns=np.arange(256))
    errors = (cells.values - true) / np.sqrt(cells.independent**2 + seen.channel**2 + seen.independent**2)
    formed = true > 1e-6
    assert formed.sum() >= 512
    assert 0.9 < errors[formed].std() < 1.1 and abs(errors[formed].mean()) < 0.15


def test_read_voltages_are_found_in_proportion(calibration: Calibration):
    dac = calibration["dac"]
    assert np.all(np.abs(dac["transfer"].values - dac["drive"].values) < 3 * dac["transfer"].independent)
    assert dac["drive"].values[-1] == pytest.approx(0.98 * 2, abs=1e-3)  # short of where drivers clamp
    assert dac.residual.residual <= 2 * dac.residual.noise_floor  # of four voltages
    value, relative = calibration.true_drive(2.0)
    assert value == pytest.approx(2, abs=4e-3) and 0 < relative < 5e-3
    assert calibration.true_drive(1.0) == (1.0, 0.0)


def test_a_ladder_is_the_resistor_network():
    ohm, siemens, lines = 50.0, 1e-4, 6
    matrix = np.zeros((lines, lines))
    for node in range(lines):
        matrix[node, node] = siemens + (2 if node < lines - 1 else 1) / ohm
        if node:
            matrix[node, node - 1] = matrix[node - 1, node] = -1 / ohm
    driven = np.eye(lines)[0] / ohm
    assert np.allclose(ladder(lines, ohm, siemens), np.linalg.solve(matrix, driven))
    assert np.all(ladder(lines, 0.0, siemens) == 1)


def test_line_resistances_are_found_within_their_uncertainty(board: Board):
    calibration = calibrate(board, "adc")
    without = calibrate(board, "lines", using=calibration)["lines"]
    emulate_line_resistance(board.macro, board.macro[:, :], row_ohm=20, column_ohm=10)
    found = calibrate(board, "lines", using=calibration)["lines"]
    for name, ohm in (("row_ohm", 20), ("column_ohm", 10)):
        assert abs(float(found[name].values) - ohm) < 3 * float(found[name].board)
        assert 0.2 < float(found[name].board) < 4
        assert float(without[name].values) < 3 * float(without[name].board)
    assert found.residual.residual < 1.3 * found.residual.noise_floor < found.residual.uncalibrated


def test_what_the_array_is_not_ready_for_is_refused_alone_and_skipped_in_a_sequence():
    with ohmloop.open(SMALL, chip="tmp:seed:3") as board:
        with pytest.raises(NotPrepared, match="form the array first"):
            calibrate(board, "noise")
        found = calibrate(board, load_recipe("full").model_copy(update={"steps": ("adc", "dark", "noise")}))
    assert {"adc", "dark"} <= set(found.artefacts) and "noise" not in found.artefacts
    assert any(text.startswith("noise: no formed cell") for text in found.skipped)


def test_too_few_rows_and_unknown_recipes_are_refused(board: Board):
    with ohmloop.open("twin://?rows=16&columns=64&lanes=8", chip="tmp:seed:3") as few:
        with pytest.raises(LimitError, match="64 rows asked, the macro has 16"):
            calibrate(few, "noise")
    with pytest.raises(ArtefactError, match="adc-fine"):
        calibrate(board, "adcc")


def test_using_a_foreign_calibration_is_refused(calibration: Calibration):
    with ohmloop.open(SMALL, chip="tmp:seed:4", profile="rrm-40nm-front-end") as other:
        with pytest.raises(CalibrationMismatch, match="chip tmp:seed:3 measured, tmp:seed:4 here"):
            calibrate(other, "noise", using=calibration)


def test_drift_of_the_reference_columns_is_seen(board: Board):
    first = calibrate(board, "drift")
    again = calibrate(board, "drift", using=first)
    assert first["drift"].notes == ("first measurement of these reference columns",)
    assert not again["drift"].settings["is_exceeded"] and again["drift"].columns_ok.all()
    macro = board.macro
    column = macro[:, 62:63]
    macro.load_g_codes(np.rint(macro.dump_g_codes(column) * 1.03).astype(int), column)
    moved = calibrate(board, "drift", using=first)["drift"]
    assert moved.settings["is_exceeded"] and np.flatnonzero(~moved.columns_ok).tolist() == [62]
    assert "reference column 62 changed by +" in moved.notes[0]


def shifted_gain(board: Board) -> None:
    """The front end drifts: every gain rises by 2 %."""
    board.write_table(Table.GAIN, np.rint(board.profile.tables()[Table.GAIN] * 1.02).astype(int))


def watch(board: Board, **how) -> DriftWatch:
    return watch_drift(board, calibrate(board, "drift"), **how)


def test_a_watch_recalibrates_when_the_converters_drift(board: Board, caplog):
    watching = watch(board, policy="recalibrate")
    assert not watching().settings["is_exceeded"]
    old = watching.calibration["adc"]
    shifted_gain(board)
    with caplog.at_level(logging.WARNING):
        assert not watching().settings["is_exceeded"]
    assert "recalibrating" in caplog.text
    ratio = watching.calibration["adc"]["gain"].values / old["gain"].values
    assert ratio.mean() == pytest.approx(1.02, abs=1e-3)


def test_a_watch_warns_or_raises_by_its_policy(board: Board, caplog):
    warns, raises = watch(board), watch(board, policy="stop")
    shifted_gain(board)
    with caplog.at_level(logging.WARNING):
        assert warns().settings["is_exceeded"]
    assert "calibrate again" in caplog.text
    with pytest.raises(CalibrationExpired, match="changed by"):
        raises()


def test_a_watch_that_recalibrates_still_raises_when_the_cells_moved(board: Board):
    watching = watch(board, policy="recalibrate")
    half_formed(board, seed=9)
    with pytest.raises(CalibrationExpired):
        watching()

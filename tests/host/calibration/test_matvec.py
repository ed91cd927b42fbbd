# SPDX-License-Identifier: BSD-3-Clause
"""Calibrated products against the exact ones, on inputs that no calibration has seen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from calibration_bench import Bench

import ohmloop
from ohmloop._map import Table
from ohmloop.board import Board
from ohmloop.calibration import Artefact, Calibration, calibrate
from ohmloop.errors import CalibrationExpired, CalibrationMismatch, LimitError, NotCalibrated, ShapeError

VECTORS = 40


def product(bench: Bench, calibration: Calibration, *, signed: bool = False, seed: int = 11, **how):
    x = np.random.default_rng(seed).uniform(-1 if signed else 0, 1, (VECTORS, bench.window.shape[0]))
    return bench.board.macro.matvec(x, bench.window, calibration=calibration, x_unit="1", **how)


def repeated(bench: Bench, calibration: Calibration, **how) -> float:
    """Root mean square scatter of the same products taken six times."""
    taken = [product(bench, calibration, **how).values for _ in range(6)]
    return float(np.sqrt(np.var(taken, axis=0, ddof=1).mean()))


CASES = [
    {"bits": 1},
    {"bits": 8, "averages": 16},
    {"bits": 8, "averages": 16, "planes": False},
    {"bits": 8, "averages": 4, "planes": False, "signed": True},
    {"bits": 4, "signed": True, "range": 0},
]


@pytest.mark.parametrize("how", CASES, ids=str)
def test_the_residual_is_the_repeatability_and_a_fifth_of_the_uncalibrated_one(bench, calibration, how):
    seen = product(bench, calibration, **how)
    exact = seen.inputs @ bench.siemens
    residual = np.sqrt(np.mean((seen.values - exact) ** 2))
    repeatability = repeated(bench, calibration, **how)
    assert residual <= 1.2 * repeatability
    assert np.sqrt(np.mean(seen.repeatability**2)) == pytest.approx(repeatability, rel=0.1)
    if how.get("averages", 1) >= 16:
        levels = (1 << how["bits"]) - 1
        codes = np.rint(seen.inputs * levels).astype(int)
        plain = bench.board.macro.mac(codes, bench.window, bits=how["bits"], averages=how["averages"])
        nominal = plain.adc_codes * bench.board.profile.siemens_per_adc_code(plain.range) / levels
        assert np.sqrt(np.mean((nominal - exact) ** 2)) >= 5 * residual


@pytest.mark.parametrize("how", CASES, ids=str)
def test_normalised_errors_have_standard_deviation_one_and_mean_zero(bench, calibration, how):
    seen = product(bench, calibration, seed=12, **how)
    errors = seen.values - seen.inputs @ bench.siemens
    own = errors / np.hypot(seen.estimate.independent, seen.estimate.channel)
    assert own.size >= 512
    assert 0.9 < own.std() < 1.1
    # What is common must be within its own part, not within that of a single reading.
    assert abs(errors.mean()) < 2 * seen.estimate.board.mean() + 0.15 * errors.std()


def test_volts_give_amperes_of_ohms_law(bench: Bench, calibration: Calibration):
    x = np.random.default_rng(1).uniform(0, 0.2, (VECTORS, bench.window.shape[0]))
    seen = bench.board.macro.matvec(x, bench.window, calibration=calibration, averages=16)
    assert seen.unit == "A" and np.abs(seen.inputs - x).max() <= 0.2 / 255 / 2 * 1.1
    assert np.abs(seen.values - seen.inputs @ bench.siemens).max() < 6 * seen.uncertainty.max()
    assert seen.values.mean() == pytest.approx(0.1 * bench.siemens.sum(axis=0).mean(), rel=0.02)


def test_siemens_do_not_depend_on_the_read_voltage(bench: Bench, calibration: Calibration):
    nominal = product(bench, calibration, averages=16)
    double = product(bench, calibration, averages=16, read_v=0.4)
    assert (double.values / nominal.values).mean() == pytest.approx(1, abs=2e-3)


def test_the_common_part_of_a_mean_stays_and_the_independent_part_averages_out(bench, calibration):
    seen = product(bench, calibration, bits=8)
    assert seen.estimate.board.mean() == pytest.approx(1e-3 * seen.values.mean(), rel=0.5)
    apart = product(bench, calibration, bits=8, averages=64)
    ratio = seen.estimate.independent.mean() / apart.estimate.independent.mean()
    assert ratio == pytest.approx(8, rel=0.1)
    assert apart.estimate.channel.mean() == pytest.approx(seen.estimate.channel.mean(), rel=0.1)


def test_nothing_driven_is_as_uncertain_as_the_offset_in_every_plane(bench: Bench, calibration: Calibration):
    macro = bench.board.macro
    seen = macro.matvec(np.zeros((1, 64)), bench.window, calibration=calibration, x_unit="1", averages=16)
    place = seen.range, seen.columns
    offset = calibration["dark"]["offset"].channel[place] / calibration["adc"]["gain"].values[place]
    assert np.allclose(seen.estimate.channel, offset, rtol=0.05)
    assert np.abs(seen.values).max() < 6 * seen.uncertainty.max()


def test_saturation_is_flagged(bench: Bench, calibration: Calibration):
    seen = product(bench, calibration, bits=1, range=3)
    assert seen.saturated.any() and "saturated 0" not in repr(seen)
    assert not product(bench, calibration, bits=1).saturated.any()


def changed(artefact: Artefact, **fields) -> Calibration:
    return Calibration.of(replace(artefact, taken=replace(artefact.taken, **fields)))


WRONG = {
    "chip": "another",
    "board_uid": "00",
    "gateware": "00",
    "firmware": "ff",
    "profile_digest": "00",
    "macro": 1,
}


@pytest.mark.parametrize("field", WRONG)
def test_an_artefact_of_another_place_is_refused_before_anything_is_sent(bench, calibration, field):
    foreign = changed(calibration["adc"], **{field: WRONG[field]})
    sent = bench.board.stats.as_dict()["frames_sent"]
    with pytest.raises(CalibrationMismatch, match=field.replace("_", " ")):
        product(bench, foreign)
    assert bench.board.stats.as_dict()["frames_sent"] == sent
    told = product(bench, foreign, accept_mismatch=True)
    assert len(told.mismatches) == 1 and str(WRONG[field]) in told.mismatches[0] and "accepted" in repr(told)


def test_an_expired_artefact_is_refused_unless_told(bench: Bench, calibration: Calibration):
    past = datetime.now(UTC) - timedelta(hours=1)
    old = Calibration.of(replace(calibration["adc"], valid_until=past))
    with pytest.raises(CalibrationExpired, match="valid until") as caught:
        product(bench, old)
    assert f"{past:%Y-%m-%d %H:%M}" in str(caught.value.limit)
    assert product(bench, old, accept_mismatch=True).mismatches
    assert product(bench, calibration).mismatches == ()


def test_a_column_that_failed_is_refused(bench: Bench, calibration: Calibration):
    ok = calibration["adc"].columns_ok.copy()
    ok[9] = False
    failed = calibration.of(replace(calibration["adc"], columns_ok=ok))
    macro, x = bench.board.macro, np.zeros((1, 64))
    with pytest.raises(NotCalibrated, match="columns 9") as caught:
        macro.matvec(x, macro[:, 5:12], calibration=failed)
    assert caught.value.value == 9
    assert macro.matvec(x, macro[:, 10:12], calibration=failed).mismatches == ()


def test_what_is_no_input_is_refused(bench: Bench, calibration: Calibration):
    macro, window = bench.board.macro, bench.window
    with pytest.raises(NotCalibrated):
        macro.matvec(np.zeros((1, 64)), window, calibration=None)
    with pytest.raises(ShapeError):
        macro.matvec(np.zeros(64), window, calibration=calibration)
    with pytest.raises(LimitError, match=r"x\[0, 3\]: 0.21 V is outside -0.199966 .. 0.199966 V"):
        macro.matvec(np.eye(64)[3:4] * 0.21, window, calibration=calibration)
    with pytest.raises(LimitError, match="nan"):
        macro.matvec(np.full((1, 64), np.nan), window, calibration=calibration)


def test_board_tables_make_channels_agree_and_are_not_applied_twice(board: Board):
    calibration = calibrate(board, "adc")
    macro = board.macro
    macro.load_g_codes(np.full(macro.shape, 400), macro[:, :])
    x = np.ones((200, 64), int)
    before = macro.mac(x, macro[:, :], bits=1).adc_codes.mean(axis=0)
    assert calibration.apply_to_board(board) == ()
    after = macro.mac(x, macro[:, :], bits=1).adc_codes.mean(axis=0)
    assert after.std() < 0.1 * before.std()
    with pytest.raises(NotCalibrated, match="DARK, CORRECTION"):
        macro.matvec(np.ones((1, 64)), macro[:, :], calibration=calibration, x_unit="1", planes=False)
    by_planes = macro.matvec(np.ones((1, 64)), macro[:, :], calibration=calibration, x_unit="1", planes=True)
    assert by_planes.values.mean() == pytest.approx(64 * 400 * board.profile.g_lsb_siemens, rel=2e-3)
    board.write_table(Table.DARK, np.zeros(2048, int))


def test_the_calibration_is_named_in_ohmloop():
    assert issubclass(ohmloop.CalibrationExpired, ohmloop.CalibrationMismatch)

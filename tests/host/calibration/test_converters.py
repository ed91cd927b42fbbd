# SPDX-License-Identifier: BSD-3-Clause
"""The fit of converters against channels that are known exactly."""

import numpy as np
import pytest

from ohmloop.calibration.converters import LevelReadings, fit_channels

FULL = 8192.0
COLUMNS = 512


def made(levels, *, gain, offset, bend, noise, rng, readings=16):
    """Mean codes of rounded, noisy converters; levels are siemens, gains codes per siemens."""
    ideal = gain[None, :] * levels[:, None]
    codes = np.rint(ideal) + bend(ideal) + offset
    scatter = rng.normal(0, noise, (readings, *ideal.shape))
    return LevelReadings(
        levels,
        codes + scatter.mean(axis=0),
        scatter.var(axis=0, ddof=1).mean(axis=0),
        np.zeros(COLUMNS, bool),
        readings,
        scatter.var(axis=0, ddof=1).mean(axis=0) / readings,
    )


@pytest.fixture(scope="module")
def made_up():
    rng = np.random.default_rng(1)
    gain = 5e5 * (1 + 0.01 * rng.normal(size=COLUMNS))
    offset = 8 * rng.normal(size=COLUMNS)

    def bend(ideal):
        return 2 * np.sin(2 * np.pi * ideal / FULL)

    levels = np.concatenate([-np.linspace(0.04, 0.93, 24), [0], np.linspace(0.05, 0.95, 24)]) * FULL / 5e5
    seen = [made(levels, gain=gain, offset=offset, bend=bend, noise=0.6, rng=rng) for _ in range(2)]
    fit = fit_channels(seen, good=np.ones((2, COLUMNS), bool), knots=65, full=FULL)
    return gain, offset, bend, fit


def test_normalised_errors_of_gain_and_offset_have_standard_deviation_one(made_up):
    gain, offset, bend, fit = made_up
    place = np.linspace(-0.95, 0.95, 400) * FULL
    slope, level = np.polyfit(place, bend(place), 1)
    of_gain = (fit.gain - gain * (1 + slope)) / fit.gain_u
    of_offset = (fit.offset - offset - level) / fit.offset_u
    for errors in (of_gain, of_offset):
        own = errors - errors.mean(axis=1, keepdims=True)
        assert 0.9 < own.std() < 1.1


def test_the_bend_is_found_without_slope_and_offset(made_up):
    _, _, bend, fit = made_up
    place = np.linspace(-0.9, 0.9, 300) * FULL
    slope, level = np.polyfit(place, bend(place), 1)
    left = fit.bend.at(place) - (bend(place) - slope * place - level)
    assert np.sqrt(np.mean(left**2)) < 0.05
    assert abs(np.polyfit(place, fit.bend.at(place), 1)[0]) * FULL < 0.1
    assert fit.bend.is_seen


def test_the_scatter_is_split_into_noise_and_rounding(made_up):
    fit = made_up[-1]
    assert np.median(fit.noise) == pytest.approx(0.6, rel=0.03)
    assert np.median(fit.granularity) == pytest.approx(np.sqrt(1 / 12), rel=0.1)


def test_straight_converters_show_no_bend():
    rng = np.random.default_rng(2)
    gain = 5e5 * (1 + 0.01 * rng.normal(size=COLUMNS))
    levels = np.linspace(-0.9, 0.93, 21) * FULL / 5e5
    seen = [made(levels, gain=gain, offset=0 * gain, bend=np.zeros_like, noise=0.6, rng=rng)]
    fit = fit_channels(seen, good=np.ones((1, COLUMNS), bool), knots=9, full=FULL)
    assert fit.bend.rms < 0.05 and not fit.bend.is_seen


def test_a_channel_that_is_not_good_does_not_shape_the_bend(made_up):
    gain, offset, bend, _ = made_up
    rng = np.random.default_rng(3)
    levels = np.linspace(-0.9, 0.93, 31) * FULL / 5e5
    one = made(levels, gain=gain, offset=offset, bend=bend, noise=0.6, rng=rng)
    one.codes[:, 5] = 40 * rng.normal(size=levels.size)
    good = np.ones((1, COLUMNS), bool)
    good[0, 5] = False
    clean = fit_channels([one], good=good, knots=33, full=FULL)
    spoiled = fit_channels([one], good=np.ones_like(good), knots=33, full=FULL)
    assert clean.gain_u[0, 0] < 0.5 * spoiled.gain_u[0, 0]
    assert clean.scatter[0, 5] > 10 * np.median(clean.scatter)

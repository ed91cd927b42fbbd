# SPDX-License-Identifier: BSD-3-Clause
"""Read noise of cells and columns, from repeated readings one row at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.estimate import Floats, Reading
from ohmloop.calibration.artefact import Artefact, Mask, Residual, Values
from ohmloop.calibration.recipes import NoiseRecipe
from ohmloop.calibration.setting import Setting, rms
from ohmloop.errors import NotPrepared

Lines = NDArray[np.intp]
CHECK_SEED = 2026


def calibrate_noise(setting: Setting[NoiseRecipe]) -> Artefact:
    """Measures the scatter of single cells and says what it makes of products; random products check that.

    Raises:
        NotPrepared: no cell among the rows is formed.
        NotCalibrated: the converters are not calibrated yet.
    """
    rows = setting.spread_rows(setting.recipe.rows)
    mean, variance, saturated = _cells(setting, rows)
    floor_siemens = setting.macro.profile.formed_floor * setting.macro.profile.g_lsb_siemens
    formed = (mean >= floor_siemens) & ~saturated
    if not formed.any():
        raise NotPrepared(
            "no formed cell among the rows: form the array first", value=0, limit=1, where="noise"
        )
    squares, sums = _over(mean**2, formed), _over(mean, formed)
    noise = _over(variance, formed)
    columns_ok = np.asarray(formed.any(axis=0))
    slope = np.where(columns_ok, noise / np.maximum(sums, 1e-30), noise.sum() / sums.sum())
    relative = np.sqrt(np.where(columns_ok, noise / np.maximum(squares, 1e-60), noise.sum() / squares.sum()))
    # A variance of n readings is known to sqrt(2 / (n - 1)); cells count by their share of the sum.
    share = np.where(formed, mean**2, 0.0) / np.maximum(squares, 1e-60)
    known = np.sqrt(2 / (setting.recipe.readings - 1) * np.sum(share**2, axis=0))
    quantities = {
        "cell_conductance": Values.of(
            mean, "S", independent=np.sqrt(variance / setting.recipe.readings), ok=~saturated
        ),
        "cell_noise": Values.of(
            np.sqrt(variance),
            "S",
            independent=np.sqrt(variance / (2 * (setting.recipe.readings - 1))),
            ok=~saturated,
        ),
        "read_noise": Values.of(relative, "1", channel=relative * known / 2, ok=columns_ok),
        "noise_conductance": Values.of(slope, "S", channel=slope * known, ok=columns_ok),
        "row_conductance": Values.of(mean.mean(axis=0), "S", ok=columns_ok),
    }
    residual, told = _check(setting, rows, slope, known)
    return setting.artefact(
        "noise", quantities, columns_ok, residual, settings={"rows": rows.tolist()}, notes=(told,)
    )


def _over(values: Floats, mask: Mask) -> Floats:
    return np.asarray(np.where(mask, values, 0.0).sum(axis=0))


def _cells(setting: Setting[NoiseRecipe], rows: Lines) -> tuple[Floats, Floats, Mask]:
    """Returns mean and variance of every cell, siemens, converter noise taken out, and what saturated."""
    macro, n = setting.macro, setting.recipe.readings
    window = macro[rows, :]
    total, squares = np.zeros(window.shape), np.zeros(window.shape)
    saturated = np.zeros(window.shape, np.bool_)
    for number in range(n):
        got = macro.read_adc_codes(window)
        seen = setting.using.siemens(got.adc_code_sums, range_index=got.range, columns=setting.columns)
        total += seen.values
        squares += seen.values**2
        saturated |= got.saturated
        setting.tell(f"cells, reading {number + 1} of {n}", 0.9 * (number + 1) / n)
    mean = total / n
    raw = np.maximum(squares - n * mean**2, 0.0) / (n - 1)
    codes, granularity = setting.using.conversion_noise(got.range, setting.columns)
    gain = setting.using["adc"]["gain"].values[got.range]
    own = (codes**2 + granularity**2) / gain**2
    return mean, np.maximum(raw - own, 0.0), saturated


def _check(setting: Setting[NoiseRecipe], rows: Lines, slope: Floats, known: Floats) -> tuple[Residual, str]:
    """Compares the scatter of random products with the prediction, as ratios less one."""
    macro, n = setting.macro, setting.recipe.readings
    x = np.random.default_rng(CHECK_SEED).integers(0, 2, (setting.recipe.vectors, rows.size))
    window = macro[rows, :]
    codes, range_index = setting.plane_codes(x, window, setting.finest_range(x, window))
    measured = codes.var(axis=0, ddof=1)
    reading = Reading(
        range=range_index,
        averages=1,
        bits=1,
        columns=setting.columns,
        rows_on=x.sum(axis=1, keepdims=True),
        signed=False,
        drive=1.0,
        per_plane=True,
    )
    using = setting.using
    seen = using.products(codes.mean(axis=0)[:, None, :], reading)
    gain = using["adc"]["gain"].values[range_index]
    own = using["adc"]["noise"].values[range_index] ** 2
    expected = own + slope * np.maximum(seen.values, 0) * gain**2
    nominal = own + using["adc"].settings["nominal_noise_siemens"] * np.maximum(seen.values, 0) * gain**2
    ratio, plain = measured.mean(axis=0) / expected.mean(axis=0), measured.mean(axis=0) / nominal.mean(axis=0)
    floor = float(
        np.sqrt(2 / (n - 1) / x.shape[0] + np.mean((known * (1 - own / expected.mean(axis=0))) ** 2))
    )
    setting.tell("products", 1.0)
    text = (
        f"variance of products over its prediction {ratio.mean():.3f}, over the profile's {plain.mean():.3f}"
    )
    return Residual(rms(ratio - 1), floor, rms(plain - 1), "1", ratio.size), text

# SPDX-License-Identifier: BSD-3-Clause
"""Converters: gain, offset and INL of every channel and range from the reference input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.estimate import Floats
from ohmloop.board.readings import MAX_LEVEL
from ohmloop.calibration.artefact import Artefact, Mask, Residual, Values
from ohmloop.calibration.converters import Fit, LevelReadings, fit_channels
from ohmloop.calibration.levels import read_levels
from ohmloop.calibration.recipes import AdcRecipe
from ohmloop.calibration.setting import Setting, rms
from ohmloop.errors import LimitError
from ohmloop.profile import Profile

SIEMENS_PER_MICROSIEMENS = 1e-6
QUANTISATION = 1 / 12
"""Variance of rounding to whole codes."""


def calibrate_adc(setting: Setting[AdcRecipe]) -> Artefact:
    """Measures the converters; without a reference input only what can be known without one.

    Raises:
        LimitError: the reference has too few levels in a range.
    """
    reference = setting.macro.profile.chip.front_end.reference
    if reference is None or not setting.board.identity.reference_input:
        return _without_reference(setting)
    unit = reference.unit.value * SIEMENS_PER_MICROSIEMENS
    chosen = [_levels(setting, range_index, unit) for range_index in range(setting.macro.ranges)]
    seen = read_levels(setting, [np.concatenate(one) for one in chosen], unit)
    fitted = [one.part(slice(0, levels.size)) for one, (levels, _) in zip(seen, chosen, strict=True)]
    held_out = [one.part(slice(levels.size, None)) for one, (levels, _) in zip(seen, chosen, strict=True)]
    good = _plausible(setting, fitted)
    full = min(
        float(setting.macro.profile.adc_bound), 1.05 * max(float(np.abs(one.codes).max()) for one in fitted)
    )
    fit = fit_channels(fitted, good=good, knots=setting.recipe.inl_knots, full=max(full, 1.0))
    median = np.median(fit.scatter, axis=1, keepdims=True)
    good &= fit.scatter <= setting.recipe.scatter_limit * np.maximum(median, np.sqrt(QUANTISATION))
    known = float(reference.uncertainty.value)
    left = _left_of_the_bend(fit, held_out, good)
    nominal = 1 / np.array([setting.macro.profile.siemens_per_adc_code(one) for one in range(len(fitted))])
    # A channel that failed gets the nominal gain as a placeholder, so that nothing divides by zero.
    fit = replace(fit, gain=np.where(good, fit.gain, nominal[:, None]))
    quantities = _quantities(fit, good, np.hypot(fit.gain_common_u, fit.gain * known), left)
    wander = np.array([one.wander.one_pass for one in fitted])
    quantities["wander"] = Values.of(np.broadcast_to(wander[:, None], good.shape), "1", ok=good)
    residual = _residual(setting.macro.profile, fit, held_out, good)
    columns_ok = np.asarray(good.all(axis=0))
    notes = (f"gains stand on a reference known to {known:g}, relative, common to all channels",)
    return setting.artefact("adc", quantities, columns_ok, residual, settings=_nominal(setting), notes=notes)


def _levels(
    setting: Setting[AdcRecipe], range_index: int, unit: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns the signed levels to fit, with 0, and those to hold out.

    Each polarity has one level at a random place in each of equal parts, always the same ones: in even steps,
    or mirrored, rounding errors would repeat instead of averaging out. Ranges differ, so that together they
    show the bend at more codes.
    """
    recipe, profile = setting.recipe, setting.macro.profile
    fits = recipe.full_scale * profile.adc_bound * profile.siemens_per_adc_code(range_index) / unit
    most = min(int(fits), MAX_LEVEL)
    kept = max(1, min(recipe.holdout_levels, most // 4))
    count = min(recipe.levels, (most - kept) // 2)
    if count < 2:
        raise LimitError(
            f"range {range_index}: {most} levels of the reference fit, {recipe.levels} a polarity asked",
            value=most,
            limit=2 * recipe.levels,
            unit="levels",
            where=f"range {range_index}",
        )
    places = (np.arange(count) + np.random.default_rng(range_index).random((2, count))) / count * most
    up = _nearest(np.arange(1, most + 1), places[0])
    free = np.setdiff1d(np.arange(1, most + 1), up)
    down = _nearest(free, places[1])
    free = np.setdiff1d(free, down)
    middles = (np.arange(kept) + 0.5) / kept * most
    others = _nearest(free, middles)
    signs = np.where(np.arange(others.size) % 2, 1, -1)
    return np.concatenate([-down[::-1], [0], up]), others * signs


def _nearest(free: NDArray[np.intp], wanted: Floats) -> NDArray[np.intp]:
    """Returns as many distinct members of a set, each nearest to its wanted place, ascending."""
    left, chosen = list(free), []
    for place in wanted:
        chosen.append(left.pop(int(np.argmin(np.abs(np.array(left) - place)))))
    return np.sort(np.array(chosen, np.intp))


def _plausible(setting: Setting[AdcRecipe], ranges: list[LevelReadings]) -> Mask:
    """Returns the channels that follow the reference within the tolerance and never saturate."""
    masks = []
    for range_index, one in enumerate(ranges):
        nominal = 1 / setting.macro.profile.siemens_per_adc_code(range_index)
        top = one.codes[one.siemens.argmax()] - one.codes[one.siemens.argmin()]
        gain = top / (np.ptp(one.siemens) * nominal)
        masks.append((np.abs(gain - 1) <= setting.recipe.gain_tolerance) & ~one.saturated)
    return np.stack(masks)


def _left_of_the_bend(fit: Fit, held_out: list[LevelReadings], good: Mask) -> float:
    """Returns what all channels share of the error of levels not fitted, root mean square, codes."""
    squares = []
    for range_index, one in enumerate(held_out):
        chosen = good[range_index]
        error = (one.codes - fit.predict(range_index, one.siemens))[:, chosen]
        squares.append(error.mean(axis=1) ** 2 - error.var(axis=1) / max(int(chosen.sum()), 1))
    return float(np.sqrt(max(np.mean(np.concatenate(squares)), 0.0)))


def _quantities(fit: Fit, good: Mask, gain_board: Floats, bend_left: float) -> dict[str, Values]:
    return {
        "gain": Values.of(fit.gain, "codes/S", channel=fit.gain_u, board=gain_board, ok=good),
        "offset": Values.of(fit.offset, "codes", channel=fit.offset_u, board=fit.offset_common_u, ok=good),
        "noise": Values.of(fit.noise, "codes", ok=good),
        "granularity": Values.of(fit.granularity, "codes", ok=good),
        "bend_knots": Values.of(fit.bend.knots, "codes"),
        "bend": Values.of(fit.bend.codes, "codes", board=np.hypot(fit.bend.uncertainty, bend_left)),
    }


def _residual(profile: Profile, fit: Fit, held_out: list[LevelReadings], good: Mask) -> Residual:
    """Returns how well levels that were not fitted are predicted, codes.

    The floor is what the mean of a level's visits scatters by, gains' wander taken out, and rounding.
    """
    calibrated, nominal, floor = [], [], []
    for range_index, one in enumerate(held_out):
        chosen = good[range_index]
        straight = one.siemens[:, None] / profile.siemens_per_adc_code(range_index)
        calibrated.append((one.codes - fit.predict(range_index, one.siemens))[:, chosen].ravel())
        nominal.append((one.codes - straight)[:, chosen].ravel())
        noise = np.sqrt(one.mean_variance[chosen] + QUANTISATION)
        floor.append(np.broadcast_to(noise, one.codes[:, chosen].shape).ravel())
    errors = np.concatenate(calibrated)
    return Residual(
        rms(errors), rms(np.concatenate(floor)), rms(np.concatenate(nominal)), "codes", errors.size
    )


def _nominal(setting: Setting[AdcRecipe]) -> dict[str, float]:
    """Returns the profile's figures that stand in until read noise is measured, siemens."""
    cells = setting.macro.profile.chip.cells
    formed = float(cells.formed.sampled(64).mean()) * SIEMENS_PER_MICROSIEMENS
    return {
        "nominal_row_siemens": formed * (1 - cells.forming.unbroken_fraction.value),
        "nominal_noise_siemens": formed * cells.read_noise.value**2,
    }


def _without_reference(setting: Setting[AdcRecipe]) -> Artefact:
    """Measures offsets and noise with nothing driven; gains stay nominal, relative to channel 0."""
    profile, shape = setting.macro.profile, (setting.macro.ranges, setting.macro.columns)
    channels = profile.chip.front_end.channels
    scale = channels.scale_uncertainty.value if channels.scale_uncertainty else channels.gain_spread.value
    gain = np.repeat([[1 / profile.siemens_per_adc_code(one)] for one in range(shape[0])], shape[1], axis=1)
    relative = np.full(shape[1], np.sqrt(2) * channels.gain_spread.value)
    relative[0] = 0.0
    window = setting.macro[:, :]
    nothing = np.zeros((2, setting.macro.rows), np.intp)
    codes = [setting.plane_codes(nothing, window, one)[0] for one in range(shape[0])]
    fitted = np.stack([one[:, 0].mean(axis=0) for one in codes])
    again = np.stack([one[:, 1].mean(axis=0) for one in codes])
    noise = np.stack([one.std(axis=0, ddof=1).mean(axis=0) for one in codes])
    error = np.sqrt(noise**2 / setting.recipe.readings)
    ok = np.ones(shape, np.bool_)
    quantities = {
        "gain": Values.of(gain, "codes/S", channel=gain * relative, board=gain * scale, ok=ok),
        "offset": Values.of(fitted, "codes", channel=error, ok=ok),
        "noise": Values.of(noise, "codes", ok=ok),
        "granularity": Values.of(np.full(shape, np.sqrt(QUANTISATION)), "codes", ok=ok),
        "bend_knots": Values.of(np.array([-1.0, 1.0]) * profile.adc_bound, "codes"),
        "bend": Values.of(np.zeros(2), "codes"),
    }
    residual = Residual(rms(again - fitted), rms(np.sqrt(2) * error), rms(again), "codes", again.size)
    notes = (
        "reference: none. Only offsets and noise were measured; the residual is of offsets alone",
        "gains are the profile's, relative to channel 0: without a reference cells and gains look alike",
        f"siemens carry one common scale uncertainty of {scale:g}, relative",
    )
    return setting.artefact("adc", quantities, ok[0], residual, settings=_nominal(setting), notes=notes)

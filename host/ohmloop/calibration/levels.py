# SPDX-License-Identifier: BSD-3-Clause
"""Levels of the reference input to readings, visited in shuffled rounds so that slow wander shows itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.estimate import Floats
from ohmloop.calibration.converters import LevelReadings, Wander
from ohmloop.calibration.recipes import BATCHES, AdcRecipe
from ohmloop.calibration.setting import Setting

Levels = NDArray[np.intp]


def read_levels(setting: Setting[AdcRecipe], levels: list[Levels], unit: float) -> list[LevelReadings]:
    """Returns what each range shows of its levels, siemens a level `unit`.

    Each pass goes through all ranges and, in a new order, through the levels of each: what fluctuates more
    slowly than a visit then meets all levels alike.
    """
    recipe, columns = setting.recipe, setting.macro.columns
    visits = [np.empty((recipe.passes, one.size, columns)) for one in levels]
    spread = [np.zeros(columns) for _ in levels]
    saturated = [np.zeros(columns, np.bool_) for _ in levels]
    orders = [recipe.order(one.size, range_index) for range_index, one in enumerate(levels)]
    for number in range(recipe.passes):
        for range_index, several in enumerate(levels):
            for place in orders[range_index][number]:
                got = setting.macro.read_reference(int(several[place]), n=recipe.visit, range=range_index)
                sums = got.adc_code_sums.astype(np.float64)
                visits[range_index][number, place] = sums.mean(axis=0)
                spread[range_index] += sums.var(axis=0) / (several.size * recipe.passes)
                saturated[range_index] |= got.saturated.any(axis=0)
        setting.tell(f"levels, pass {number + 1} of {recipe.passes}", (number + 1) / recipe.passes)
    return [
        _readings(np.asarray(several * unit, dtype=np.float64), seen, within, limit, recipe.visit)
        for several, seen, within, limit in zip(levels, visits, spread, saturated, strict=True)
    ]


def _readings(
    siemens: Floats, visits: Floats, within: Floats, saturated: NDArray[np.bool_], visit: int
) -> LevelReadings:
    """Returns means, and what the passes say of them; `visits` is `[passes, levels, columns]` codes.

    Each pass has a line of its own about the means. The lines' slopes are the gains' wander; what is left of
    the visits about them is the noise that repeats remove.
    """
    passes, levels, _ = visits.shape
    codes = visits.mean(axis=0)
    about = visits - codes
    centred = siemens - siemens.mean()
    slopes = np.einsum("l,plc->pc", centred, about) / np.sum(centred**2)
    left = about - about.mean(axis=1, keepdims=True) - slopes[:, None, :] * centred[:, None]
    noise = np.sum(left**2, axis=(0, 1)) / ((passes - 1) * (levels - 2))
    # One reading's own variance: within visits where there are several, else between them.
    one = within * visit / (visit - 1) if visit > 1 else noise
    gain = np.einsum("l,lc->c", centred, codes) / np.sum(centred**2)
    wander = _wander(slopes / gain, noise / (gain**2 * np.sum(centred**2)))
    return LevelReadings(siemens, codes, one, saturated, visit * passes, noise / passes, wander)


def _wander(slopes: Floats, noise: Floats) -> Wander:
    """Returns the wander of gains from relative slopes of passes `[passes, columns]`; `noise` is theirs.

    Passes follow one another closely and may share a state, so the mean's uncertainty comes from the means
    of a few batches of them. Both are pooled over channels, by their median, which a broken one leaves alone.
    """
    batches = np.stack([part.mean(axis=0) for part in np.array_split(slopes, BATCHES)])
    passes, freedom = slopes.shape[0], BATCHES - 1
    # The median of a chi-squared variable of n degrees of freedom is n (1 - 2 / 9 n)^3, closely.
    middle = (1 - 2 / (9 * freedom)) ** 3
    of_mean = float(np.median(batches.var(axis=0, ddof=1) / BATCHES)) / middle
    of_pass = float(np.median(slopes.var(axis=0, ddof=1))) / (1 - 2 / (9 * (passes - 1))) ** 3
    drawn = float(np.median(noise))
    return Wander(
        one_pass=float(np.sqrt(max(of_pass - drawn, 0.0))),
        mean=float(np.sqrt(max(of_mean - drawn / passes, 0.0))),
    )

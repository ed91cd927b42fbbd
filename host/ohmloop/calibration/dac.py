# SPDX-License-Identifier: BSD-3-Clause
"""Read voltages as they come out, against the nominal one, by the current of the array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.estimate import Floats
from ohmloop.calibration.artefact import Artefact, Residual, Values
from ohmloop.calibration.recipes import DacRecipe
from ohmloop.calibration.setting import Setting, rms
from ohmloop.errors import LimitError, NotPrepared

WORST = 2e-3
"""Largest relative uncertainty of the current at the nominal voltage."""


def calibrate_dac(setting: Setting[DacRecipe]) -> Artefact:
    """Measures the driven voltage over the nominal one at several codes; every second one checks the line.

    Cells are taken as ohmic up to the read limit: a bend of theirs would be found as one of the converter.

    Raises:
        LimitError: the read limit leaves no room.
        NotPrepared: the rows carry no current.
    """
    macro, recipe = setting.macro, setting.recipe
    rows = setting.spread_rows(recipe.rows)
    nominal_v, limit_v = macro.profile.read_v, macro.board.limits.read_v
    asked = np.linspace(recipe.lowest, recipe.highest, recipe.voltages) * limit_v
    if np.unique(_codes(setting, asked)).size < recipe.voltages:
        raise LimitError(
            f"{recipe.voltages} voltages up to {limit_v:g} V are not all different codes",
            value=recipe.voltages,
            limit=limit_v,
            unit="V",
            where="read limit",
        )
    range_index = setting.finest_range(np.ones((1, rows.size), np.intp), macro[rows, :], limit_v)
    ratio, known = _ratios(setting, rows, np.concatenate([[nominal_v], asked]), range_index)
    drive = _codes(setting, asked) / _codes(setting, np.array([nominal_v]))
    line = np.polynomial.polynomial.polyfit(drive[::2] - 1, ratio[::2], 1, w=1 / known[::2])
    left = ratio - np.polynomial.polynomial.polyval(drive - 1, line)
    spread = np.sqrt(np.sum((drive[::2] - drive[::2].mean()) ** 2))
    quantities = {
        "drive": Values.of(drive, "1"),
        "transfer": Values.of(ratio, "1", independent=known),
        "line": Values.of(line, "1", board=[rms(known), rms(known) / max(float(spread), 1e-9)]),
    }
    residual = Residual(rms(left[1::2]), rms(known[1::2]), rms((ratio - drive)[1::2]), "1", ratio[1::2].size)
    notes = ("relative to the nominal read voltage; the profile's read voltage stays the absolute scale",)
    return setting.artefact("dac", quantities, np.ones(macro.columns, np.bool_), residual, notes=notes)


def _require_current(total: float, error: float) -> None:
    """Raises NotPrepared where the current is too small to compare voltages by."""
    if error > WORST * total:
        raise NotPrepared(
            f"the rows' current is known to {100 * error / total:.2g} % only, {100 * WORST:g} % needed: "
            "form the array first",
            value=error / total,
            limit=WORST,
            where="dac",
        )


def _codes(setting: Setting[DacRecipe], volts: Floats) -> Floats:
    return np.array([setting.macro.profile.volts_to_dac_codes(float(one)) for one in volts], dtype=np.float64)


def _ratios(
    setting: Setting[DacRecipe], rows: NDArray[np.intp], volts: Floats, range_index: int
) -> tuple[Floats, Floats]:
    """Returns the array's current at voltages over that at the first of them, and its uncertainty.

    All rows are on. Each pass visits all voltages in a new order and gives ratios of its own, so that what
    wanders more slowly cancels; their scatter is the uncertainty.
    """
    recipe = setting.recipe
    sums = np.empty((recipe.passes, volts.size))
    for number, order in enumerate(recipe.order(volts.size, 0)):
        for place in order:
            sums[number, place] = _current(setting, rows, float(volts[place]), range_index)
        setting.tell(f"voltages, pass {number + 1} of {recipe.passes}", (number + 1) / recipe.passes)
    # What is left of the converters' bend is met in every column alike.
    adc = setting.using["adc"]
    bend = float(np.median(adc["bend"].board) * np.sum(1 / adc["gain"].values[range_index][adc.columns_ok]))
    total = sums.mean(axis=0)
    error = np.hypot(sums.std(axis=0, ddof=1) / np.sqrt(recipe.passes), bend)
    _require_current(float(total[0]), float(error[0]))
    ratios = sums[:, 1:] / sums[:, :1]
    scatter = ratios.std(axis=0, ddof=1) / np.sqrt(recipe.passes)
    ratio = ratios.mean(axis=0)
    return ratio, np.sqrt(scatter**2 + (bend / total[0]) ** 2 * (1 + ratio**2))


def _current(setting: Setting[DacRecipe], rows: NDArray[np.intp], volts: float, range_index: int) -> float:
    """Returns the sum of the columns with all rows on, apparent, siemens."""
    x = np.ones((setting.recipe.visit, rows.size), np.intp)
    got = setting.macro.mac(x, setting.macro[rows, :], bits=1, raw=True, range=range_index, read_v=volts)
    seen = setting.using.siemens(got.adc_code_sums[:, 0], range_index=range_index, columns=setting.columns)
    return float(seen.values[:, setting.using["adc"].columns_ok].sum(axis=1).mean())

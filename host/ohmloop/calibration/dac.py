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
    asked = np.linspace(recipe.lowest * limit_v, limit_v, recipe.voltages)
    if np.unique(_codes(setting, asked)).size < recipe.voltages:
        raise LimitError(
            f"{recipe.voltages} voltages up to {limit_v:g} V are not all different codes",
            value=recipe.voltages,
            limit=limit_v,
            unit="V",
            where="read limit",
        )
    range_index = setting.finest_range(np.ones((1, rows.size), np.intp), macro[rows, :], limit_v)
    total, error = _current(setting, rows, nominal_v, range_index)
    _require_current(total, error)
    found = [_current(setting, rows, volts, range_index) for volts in asked]
    ratio = np.array([one[0] for one in found]) / total
    known = np.hypot(np.array([one[1] for one in found]) / total, ratio * error / total)
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


def _current(
    setting: Setting[DacRecipe], rows: NDArray[np.intp], volts: float, range_index: int
) -> tuple[float, float]:
    """Returns the sum of the columns with all rows on, apparent, and its uncertainty, siemens."""
    window = setting.macro[rows, :]
    x = np.ones((setting.recipe.readings, rows.size), np.intp)
    got = setting.macro.mac(x, window, bits=1, raw=True, range=range_index, read_v=volts)
    seen = setting.using.siemens(got.adc_code_sums[:, 0], range_index=range_index, columns=setting.columns)
    chosen = setting.using["adc"].columns_ok & ~got.saturated.any(axis=(0, 1))
    sums = seen.values[:, chosen].sum(axis=1)
    # What is left of the converters' bend is met in every column alike.
    bend = (
        float(np.median(setting.using["adc"]["bend"].board))
        / setting.using["adc"]["gain"].values[range_index]
    )
    return float(sums.mean()), float(np.hypot(sums.std(ddof=1) / np.sqrt(sums.size), bend[chosen].sum()))

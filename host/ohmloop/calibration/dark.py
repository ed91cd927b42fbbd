# SPDX-License-Identifier: BSD-3-Clause
"""Dark codes: the array connected, nothing driven."""

from __future__ import annotations

import numpy as np

from ohmloop.calibration.artefact import Artefact, Residual, Values
from ohmloop.calibration.recipes import DarkRecipe
from ohmloop.calibration.setting import Setting, rms


def calibrate_dark(setting: Setting[DarkRecipe]) -> Artefact:
    """Measures every channel and range with all rows at ground; half of the readings check the others."""
    macro, n = setting.macro, setting.recipe.readings
    nothing = np.zeros((1, macro.rows), np.intp)
    codes = []
    for range_index in range(macro.ranges):
        codes.append(setting.plane_codes(nothing, macro[:, :], range_index)[0][:, 0])
        setting.tell(f"range {range_index}", (range_index + 1) / macro.ranges)
    read = np.stack(codes)
    first, second = read[:, : n // 2].mean(axis=1), read[:, n // 2 :].mean(axis=1)
    noise = read.std(axis=1, ddof=1)
    floor = np.sqrt(noise**2 * (1 / (n // 2) + 1 / (n - n // 2)))
    bound = macro.profile.adc_bound
    ok = np.abs(read).max(axis=1) < bound - 1
    offset = Values.of(read.mean(axis=1), "codes", channel=noise / np.sqrt(n), ok=ok)
    residual = Residual(rms(second - first), rms(floor), rms(second), "codes", second.size)
    return setting.artefact("dark", {"offset": offset}, ok.all(axis=0), residual)

# SPDX-License-Identifier: BSD-3-Clause
"""Cells read one by one, one row on at a time, each in the finest range that it does not saturate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from ohmloop.mapping.noise import onehot_variance
from ohmloop.mapping.reading import Bools, Floats, Reading, Setup, read_dark, read_groups

if TYPE_CHECKING:
    from ohmloop.board import Window
    from ohmloop.board.results import CodesResult

ROWS_A_STEP: Final = 64


def read_onehot(setup: Setup, window: Window, name: str = "onehot") -> Reading:
    """Returns the cells of a window, each read `setup.samples` times with only its row on.

    What saturates is read again in the next coarser range, alone.
    """
    whole = Reading.empty(window.shape)
    rows, columns = np.arange(window.shape[0]), np.arange(window.shape[1])
    wanted: Bools = np.ones(window.shape, np.bool_)
    finest = setup.macro.profile.range_for(1, setup.drive)
    for range_index in range(finest, -1, -1):
        part = window[rows, columns]
        reading = _in_range(setup, part, range_index, f"{name}/range{range_index}")
        reading.saturated &= wanted
        whole.put(reading, (rows, columns), wanted)
        if not reading.saturated.any():
            break
        some_rows, some_columns = reading.saturated.any(axis=1), reading.saturated.any(axis=0)
        wanted = reading.saturated[some_rows][:, some_columns]
        rows, columns = rows[some_rows], columns[some_columns]
    whole.siemens[whole.saturated] = np.nan
    return whole


def _in_range(setup: Setup, window: Window, range_index: int, name: str) -> Reading:
    def measure(part: slice, index: int | None) -> CodesResult:
        return setup.macro.read_adc_codes(
            window[part, :],
            range=range_index,
            averages=setup.averages,
            read_v=setup.read_v,
            operation_index=index,
        )

    means = read_groups(setup, name, window.shape[0], window.columns, range_index, ROWS_A_STEP, measure)
    readings = setup.dark_readings(window.shape[0])
    dark = read_dark(setup, name, window, range_index, readings)
    code_siemens = setup.scale.code_siemens(range_index)
    groups = (means.codes - dark) * code_siemens
    siemens = groups.mean(axis=0)
    return Reading(
        siemens=siemens,
        noise=onehot_variance(setup.noise, siemens, code_siemens, setup.samples),
        dark=np.full(window.shape, setup.noise.dark_variance(readings) * code_siemens**2),
        scatter=single_scatter(groups, setup.averages),
        range=np.full(window.shape, range_index, np.int8),
        saturated=means.saturated,
    )


def single_scatter(groups: Floats, averages: int) -> Floats:
    """Returns the variance of one reading from means `[groups, ...]` of `averages`; NaN from one group."""
    if groups.shape[0] < 2:
        return np.full(groups.shape[1:], np.nan)
    return np.asarray(groups.var(axis=0, ddof=1) * averages)

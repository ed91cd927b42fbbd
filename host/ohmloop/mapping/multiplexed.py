# SPDX-License-Identifier: BSD-3-Clause
"""Cells read half of them at a time under S-matrix patterns, and decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.mapping.noise import multiplexed_variance
from ohmloop.mapping.onehot import read_onehot, single_scatter
from ohmloop.mapping.patterns import Patterns, patterns_for
from ohmloop.mapping.reading import Floats, Reading, Setup, read_dark, read_groups, taken
from ohmloop.mapping.states import SIEMENS_PER_MICROSIEMENS

if TYPE_CHECKING:
    from ohmloop.board import Window
    from ohmloop.board.results import CodesResult

PATTERNS_A_STEP: Final = 64
SPREAD: Final = 3.0
"""Standard deviations of a pattern's sum above its mean that the first range tried must hold."""


def read_multiplexed(setup: Setup, window: Window, *, order: int | None = None) -> Reading:
    """Returns the cells of a window, decoded from `setup.samples` passes of all patterns.

    Each column uses the finest range in which none of its sums saturates; a column that saturates even
    the coarsest is read one row at a time.

    Args:
        setup: the measurement.
        window: the cells.
        order: of the patterns; None takes the smallest for the window's rows.
    """
    patterns = patterns_for(window.shape[0], order)
    whole = Reading.empty(window.shape)
    rows = np.arange(window.shape[0])
    planned = first_ranges(setup, _totals(setup, window), patterns)
    for range_index in range(setup.macro.ranges - 1, -1, -1):
        columns = np.flatnonzero(planned == range_index)
        if columns.size == 0:
            continue
        name = f"multiplexed/range{range_index}"
        reading = _in_range(setup, window[:, columns], range_index, name, patterns)
        whole.put(reading, (rows, columns), ~reading.saturated)
        planned[columns[reading.saturated[0]]] = range_index - 1
    lost = np.flatnonzero(planned < 0)
    if lost.size:
        part = read_onehot(setup, window[:, lost], "multiplexed/onehot")
        whole.put(part, (rows, lost), np.ones(part.siemens.shape, np.bool_))
    return whole


def first_ranges(setup: Setup, totals: Floats, patterns: Patterns) -> NDArray[np.intp]:
    """Returns the finest range that should hold every pattern's sum, `[columns]`.

    Args:
        setup: the measurement.
        totals: sum of each column's conductances, siemens; infinite where not known.
        patterns: the patterns; half of the rows are on.
    """
    profile = setup.macro.profile
    largest_cell = profile.chip.cells.formed.points[-1][1] * SIEMENS_PER_MICROSIEMENS
    mean = totals * patterns.rows_on / patterns.order
    largest = mean + SPREAD * 0.5 * np.sqrt(totals * largest_cell)
    codes = profile.adc_bound / setup.drive
    tops = [profile.siemens_per_adc_code(one) * codes for one in range(setup.macro.ranges)]
    fits = np.asarray(tops)[:, None] >= largest
    return np.asarray(np.where(fits, np.arange(len(tops))[:, None], 0).max(axis=0), dtype=np.intp)


def _totals(setup: Setup, window: Window) -> Floats:
    """Returns the sum of each column's conductances from one conversion of all rows, siemens."""
    everything = np.ones((1, window.shape[0]), np.uint8)
    arrays = setup.steps.run(
        "multiplexed/totals",
        window.shape[1],
        lambda index: taken(
            setup.macro.mac(everything, window, bits=1, range=0, read_v=setup.read_v, operation_index=index)
        ),
    )
    codes = np.asarray(arrays["sums"], dtype=np.float64)[0]
    totals = setup.scale.siemens(codes, 0, window.columns)
    return np.where(arrays["saturated"][0].astype(np.bool_), np.inf, np.maximum(totals, 0))


def _in_range(setup: Setup, window: Window, range_index: int, name: str, patterns: Patterns) -> Reading:
    def measure(part: slice, index: int | None) -> CodesResult:
        return setup.macro.mac(
            patterns.x_codes[part],
            window,
            bits=1,
            range=range_index,
            averages=setup.averages,
            read_v=setup.read_v,
            operation_index=index,
        )

    means = read_groups(setup, name, patterns.order, window.columns, range_index, PATTERNS_A_STEP, measure)
    readings = setup.dark_readings(patterns.order)
    dark = read_dark(setup, name, window, range_index, readings)
    shape, code_siemens = window.shape, setup.scale.code_siemens(range_index)
    sums = (means.codes - dark) * code_siemens
    groups = patterns.decoded(np.moveaxis(sums, 1, 0)).swapaxes(0, 1)
    siemens = groups.mean(axis=0)
    squares = np.sum(siemens**2, axis=0)
    noise = multiplexed_variance(setup.noise, squares, patterns, code_siemens, setup.samples)
    shared = (2 / (patterns.order + 1) * code_siemens) ** 2 * setup.noise.dark_variance(readings)
    return Reading(
        siemens=siemens,
        noise=np.broadcast_to(noise, shape).copy(),
        dark=np.full(shape, shared),
        scatter=single_scatter(groups, setup.averages),
        range=np.full(shape, range_index, np.int8),
        saturated=np.broadcast_to(means.saturated.any(axis=0), shape).copy(),
    )

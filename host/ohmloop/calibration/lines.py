# SPDX-License-Identifier: BSD-3-Clause
"""Resistance of rows and columns, from how formed cells seem to fall along them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.optimize import brentq

from ohmloop.board.estimate import Floats
from ohmloop.calibration.artefact import Artefact, Mask, Residual, Values
from ohmloop.calibration.line_resistance import PositionFactors
from ohmloop.calibration.recipes import LinesRecipe
from ohmloop.calibration.setting import Setting, rms
from ohmloop.errors import NotPrepared
from ohmloop.nodal import cells_behind_lines

MOST_OHM = 1e3
FEWEST_CELLS = 3
"""Formed cells of a line below which it says nothing."""
PASSES = 6
SETTLED = 0.05
"""Change of a resistance, in its uncertainties, below which it stands."""


def ladder(lines: int, ohm: float, siemens: float) -> Floats:
    """Returns the voltage along a line of `lines` cells driven with 1 V in front of the first, `[lines]`.

    Args:
        lines: number of cells.
        ohm: from one cell to the next, and to the first.
        siemens: of every cell, to ground.
    """
    if ohm <= 0:
        return np.ones(lines)
    conductance = 1 / ohm
    bands = np.zeros((2, lines))
    bands[0, 1:] = -conductance
    bands[1] = 2 * conductance + siemens
    bands[1, -1] = conductance + siemens
    driven = np.zeros(lines)
    driven[0] = conductance
    return np.asarray(solveh_banded(bands, driven))


def calibrate_lines(setting: Setting[LinesRecipe]) -> Artefact:
    """Estimates both resistances such that formed cells fall along neither axis any more.

    Rows are driven at column 0, columns sensed behind the last row. With the present resistances the exact
    solution says what the cells are; what they still fall by corrects the resistances, each line taken as a
    ladder of the array's mean conductance. All cells are fitted; the uncalibrated and calibrated fall of the
    white fields of a board, the black ones fitted, is the residual.

    Raises:
        NotPrepared: too few formed cells.
    """
    seen, formed = _cells(setting)
    black = (np.indices(seen.shape).sum(axis=0) % 2).astype(np.bool_)
    part = _solved(setting, seen, formed & black)
    found = _solved(setting, seen, formed, part)
    factors = PositionFactors.fit(found.cells, found.effective)
    held = PositionFactors.fit(part.cells, part.effective)
    quantities = {
        "row_ohm": Values.of(found.row_ohm, "ohm", board=found.row_u),
        "column_ohm": Values.of(found.column_ohm, "ohm", board=found.column_u),
        "row_factors": Values.of(factors.rows, "1"),
        "column_factors": Values.of(factors.columns, "1"),
        "cell_siemens": Values.of(float(np.maximum(found.cells, 0).mean()), "S"),
    }
    residual = _residual(_logs(seen), np.log(np.outer(held.rows, held.columns)), formed & ~black)
    told = (
        f"row {found.row_ohm:.4g} +- {found.row_u:.2g} ohm, "
        f"column {found.column_ohm:.4g} +- {found.column_u:.2g} ohm a cell"
    )
    low = 100 * (1 - np.outer(factors.rows, factors.columns))
    loss = f"cells seem between {low.min():.2f} and {low.max():.2f} % low"
    ok = formed.sum(axis=0) >= FEWEST_CELLS
    return setting.artefact("lines", quantities, ok, residual, notes=(told, loss))


@dataclass(frozen=True, eq=False)
class _Solved:
    """Resistances with their uncertainties, the cells that they give, and the matrix of these."""

    row_ohm: float
    column_ohm: float
    row_u: float
    column_u: float
    cells: Floats
    effective: Floats


def _solved(
    setting: Setting[LinesRecipe], seen: Floats, chosen: Mask, first: _Solved | None = None
) -> _Solved:
    """Returns the resistances that leave the chosen cells level; begins with those of `first`."""
    now = first or _Solved(0.0, 0.0, np.inf, np.inf, seen, seen)
    for number in range(PASSES):
        mean = float(np.maximum(now.cells, 0).mean())
        along_row, along_column = _along_row(seen.shape[1], mean), _along_column(seen.shape[0], mean)
        logs = _logs(now.cells)
        row, row_u = _fitted(logs + np.log(along_row(now.row_ohm)), chosen, along_row)
        column, column_u = _fitted(
            (logs + np.log(along_column(now.column_ohm))[:, None]).T, chosen.T, along_column
        )
        settled = (
            abs(row - now.row_ohm) < SETTLED * row_u and abs(column - now.column_ohm) < SETTLED * column_u
        )
        cells, effective = cells_behind_lines(seen, row_ohm=row, column_ohm=column)
        now = _Solved(row, column, row_u, column_u, cells, effective)
        setting.tell(f"resistances, pass {number + 1}", (number + 1) / PASSES)
        if settled:
            break
    return now


def _logs(siemens: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(siemens, 1e-12)))


def _cells(setting: Setting[LinesRecipe]) -> tuple[Floats, Mask]:
    macro, n = setting.macro, setting.recipe.readings
    window = macro[:, :]
    total = np.zeros(window.shape)
    for number in range(n):
        got = macro.read_adc_codes(window)
        seen = setting.using.siemens(got.adc_code_sums, range_index=got.range, columns=setting.columns).values
        total += seen
        setting.tell(f"cells, reading {number + 1} of {n}", (number + 1) / n)
    mean = total / n
    formed = (mean >= macro.profile.formed_floor * macro.profile.g_lsb_siemens) & setting.using[
        "adc"
    ].columns_ok
    if formed.sum() < FEWEST_CELLS * max(window.shape):
        raise NotPrepared(
            f"{int(formed.sum())} formed cells, {FEWEST_CELLS * max(window.shape)} needed: form it first",
            value=int(formed.sum()),
            limit=FEWEST_CELLS * max(window.shape),
            unit="cells",
            where="lines",
        )
    return mean, formed


def _along_row(columns: int, siemens: float) -> Callable[[float], Floats]:
    return lambda ohm: ladder(columns, ohm, siemens)


def _along_column(rows: int, siemens: float) -> Callable[[float], Floats]:
    return lambda ohm: ladder(rows, ohm, siemens)[::-1]


def _fitted(logs: Floats, chosen: Mask, factors: Callable[[float], Floats]) -> tuple[float, float]:
    """Returns the resistance whose factors take the trend out of axis 1 of `logs`, and its uncertainty."""
    count = chosen.sum(axis=0)
    told = count >= FEWEST_CELLS
    means = np.where(chosen, logs, 0.0).sum(axis=0)[told] / count[told]
    weights = count[told].astype(np.float64)
    scatter = logs[chosen].std()

    def slope(values: NDArray[np.float64]) -> float:
        centred = place - np.average(place, weights=weights)
        return float(np.sum(weights * centred * values) / np.sum(weights * centred**2))

    place = np.arange(logs.shape[1], dtype=np.float64)[told]
    wanted = slope(means)

    def misses(ohm: float) -> float:
        return slope(np.log(factors(ohm))[told]) - wanted

    low, high = 0.0, MOST_OHM
    centred = place - np.average(place, weights=weights)
    error = scatter / float(np.sqrt(np.sum(weights * centred**2)))
    step = 1e-3
    steepness = abs(misses(step) - misses(0.0)) / step
    if misses(0.0) * misses(high) > 0:
        return 0.0, error / steepness
    ohm = float(brentq(misses, low, high, xtol=1e-6))
    steepness = abs(misses(ohm + step) - misses(ohm)) / step
    return ohm, error / steepness


def _residual(logs: Floats, model: Floats, chosen: Mask) -> Residual:
    """Returns the scatter of column and row means, relative, with and without the factors."""

    def means(values: Floats) -> Floats:
        parts = []
        for axis in (0, 1):
            count = chosen.sum(axis=axis)
            held = np.where(chosen, values, 0.0).sum(axis=axis)[count >= FEWEST_CELLS]
            part = held / count[count >= FEWEST_CELLS]
            parts.append(part - part.mean())
        return np.concatenate(parts)

    scatter = (logs - model)[chosen].std()
    counts = np.concatenate([chosen.sum(axis=axis) for axis in (0, 1)])
    floor = float(np.sqrt(np.mean(scatter**2 / np.maximum(counts, 1))))
    with_model = means(logs - model)
    return Residual(rms(with_model), floor, rms(means(logs)), "1", with_model.size)

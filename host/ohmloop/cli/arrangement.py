# SPDX-License-Identifier: BSD-3-Clause
"""A pattern and what was read of it to the name of how rows and columns are wired."""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

MOST_RESIDUAL: Final = 0.25
"""Root mean square distance that counts as the pattern, over the pattern's own standard deviation."""
_SHOWN: Final = 4
Numbers = NDArray[np.float64]


def arrangement(expected: Numbers, seen: Numbers) -> str | None:
    """Returns "" where `seen` is `expected`, a name where it is that re-arranged, None where it is neither.

    Names are made of "transposed", "rows mirrored", "columns mirrored", "rows permuted", "columns permuted";
    transposed first. Both are `[rows, columns]`; the pattern must not be symmetric.
    """
    for transposed, rows, columns in product((False, True), repeat=3):
        turned = expected.T if transposed else expected
        turned = turned[:: -1 if rows else 1, :: -1 if columns else 1]
        if _alike(turned, seen):
            names = ("transposed", transposed), ("rows mirrored", rows), ("columns mirrored", columns)
            return ", ".join(name for name, holds in names if holds)
    for transposed in (False, True):
        permuted = _permuted(expected.T if transposed else expected, seen)
        if permuted:
            return f"transposed, {permuted}" if transposed else permuted
    return None


def _alike(expected: Numbers, seen: Numbers) -> bool:
    if expected.shape != seen.shape:
        return False
    residual = float(np.sqrt(np.mean((seen - expected) ** 2)))
    return residual <= MOST_RESIDUAL * float(expected.std())


def _permuted(expected: Numbers, seen: Numbers) -> str:
    """Returns which lines are exchanged; "" where no exchange of lines explains what was read."""
    if expected.shape != seen.shape:
        return ""
    rows = _matched(np.sort(expected, axis=1), np.sort(seen, axis=1))
    columns = _matched(expected[rows].T, seen.T)
    if not _alike(expected[np.ix_(rows, columns)], seen):
        return ""
    told = (_exchanged("rows", rows), _exchanged("columns", columns))
    return ", ".join(one for one in told if one)


def _matched(expected: Numbers, seen: Numbers) -> NDArray[np.intp]:
    """Returns, for each line that was read, the line of the pattern that it is."""
    cost = ((seen[:, None, :] - expected[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(linear_sum_assignment(cost)[1])


def _exchanged(name: str, lines: NDArray[np.intp]) -> str:
    moved = np.flatnonzero(lines != np.arange(lines.size))
    if not moved.size:
        return ""
    told = ", ".join(f"{lines[place]} at {place}" for place in moved[:_SHOWN])
    return f"{name} permuted ({told}{', ...' if moved.size > _SHOWN else ''})"

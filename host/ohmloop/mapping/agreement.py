# SPDX-License-Identifier: BSD-3-Clause
"""Two maps of different chips to whether their cells are distributed alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import fisher_exact, kstwobign

from ohmloop.errors import LimitError
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.fitting import FEWEST_CELLS
from ohmloop.mapping.states import CellState

PERMUTATIONS: Final = 199
"""Ways of dealing the columns to two chips by which a distance is judged."""
KOLMOGOROV_MEAN: Final = float(kstwobign.mean())


@dataclass(frozen=True, slots=True)
class Agreement:
    """Probabilities of differences at least as large as those seen, were both chips of one kind.

    Attributes:
        formed_p: of the formed cells' conductances, two-sample Kolmogorov-Smirnov test over columns.
        formed_distance: largest difference of the two cumulative distributions.
        unformed_p: likewise of the unformed cells; NaN where either map has fewer than 64.
        fraction_p: of the unformed fractions, Fisher's exact test.
        level: below which a difference counts.
    """

    formed_p: float
    formed_distance: float
    unformed_p: float
    fraction_p: float
    level: float

    @property
    def agrees(self) -> bool:
        """No difference counts."""
        found = [self.formed_p, self.fraction_p, self.unformed_p]
        return all(p >= self.level for p in found if not np.isnan(p))


def agreement(first: ConductanceMap, second: ConductanceMap, *, level: float = 0.01) -> Agreement:
    """Compares the distributions of two maps' cells.

    Cells of a column share errors of their channel and dark code, so that they are no independent draws: the
    distance is judged by those of the same columns dealt to two chips at random, as docs/mapping.md says.

    Args:
        first: a map.
        second: another one, of another chip.
        level: probability below which a difference counts.

    Raises:
        LimitError: a map has fewer than 64 formed cells.
    """
    formed = [one.of_state(CellState.FORMED) for one in (first, second)]
    unformed = [one.of_state(CellState.UNFORMED) for one in (first, second)]
    fewest = min(values.size for values in formed)
    if fewest < FEWEST_CELLS:
        raise LimitError(
            f"agreement: {fewest} formed cells, at least {FEWEST_CELLS} are needed",
            value=fewest,
            limit=FEWEST_CELLS,
            unit="cells",
            where="maps",
        )
    formed_distance, formed_p = _kolmogorov_smirnov(first, second, CellState.FORMED)
    unformed_p = np.nan
    if min(values.size for values in unformed) >= FEWEST_CELLS:
        unformed_p = _kolmogorov_smirnov(first, second, CellState.UNFORMED)[1]
    table = np.array([[part.size, whole.size] for part, whole in zip(unformed, formed, strict=True)])
    return Agreement(
        formed_p=formed_p,
        formed_distance=formed_distance,
        unformed_p=unformed_p,
        fraction_p=float(fisher_exact(table).pvalue),
        level=level,
    )


def _kolmogorov_smirnov(
    first: ConductanceMap, second: ConductanceMap, state: CellState
) -> tuple[float, float]:
    """Returns the distance of two maps' distributions of the cells in a state, and its probability."""
    which = [one.state == state for one in (first, second)]
    values = np.concatenate([one.siemens[cells] for one, cells in zip((first, second), which, strict=True)])
    columns = np.concatenate([np.nonzero(which[0])[1], first.shape[1] + np.nonzero(which[1])[1]])
    order = np.argsort(values, kind="stable")
    last = np.flatnonzero(np.diff(values[order], append=np.inf))
    columns = columns[order]
    held = np.unique(columns)
    dealt = np.arange(first.shape[1] + second.shape[1]) < first.shape[1]
    seen = _distance(dealt[columns], last)
    rng, chance = np.random.default_rng(0), np.zeros(PERMUTATIONS)
    for one in range(PERMUTATIONS):
        dealt[held] = rng.permutation(dealt[held])
        chance[one] = _distance(dealt[columns], last)
    return seen, float(kstwobign.sf(KOLMOGOROV_MEAN * seen / chance.mean()))


def _distance(is_first: NDArray[np.bool_], last: NDArray[np.intp]) -> float:
    """Returns the largest difference of two cumulative distributions, their values merged and sorted.

    Args:
        is_first: whether a value is of the first distribution.
        last: where values differ from the next ones.
    """
    count = int(np.count_nonzero(is_first))
    steps = np.where(is_first, 1 / count, -1 / (is_first.size - count))
    return float(np.abs(np.cumsum(steps)[last]).max())

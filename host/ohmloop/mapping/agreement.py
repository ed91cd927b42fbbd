# SPDX-License-Identifier: BSD-3-Clause
"""Two maps of different chips to whether their cells are distributed alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import fisher_exact, ks_2samp

from ohmloop.errors import LimitError
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.fitting import FEWEST_CELLS
from ohmloop.mapping.states import CellState


@dataclass(frozen=True, slots=True)
class Agreement:
    """Probabilities of differences at least as large as those seen, were both chips of one kind.

    Attributes:
        formed_p: of the formed cells' conductances, two-sample Kolmogorov-Smirnov test.
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
    of_formed = ks_2samp(formed[0], formed[1])
    of_unformed = np.nan
    if min(values.size for values in unformed) >= FEWEST_CELLS:
        of_unformed = float(ks_2samp(unformed[0], unformed[1]).pvalue)
    table = np.array([[part.size, whole.size] for part, whole in zip(unformed, formed, strict=True)])
    return Agreement(
        formed_p=float(of_formed.pvalue),
        formed_distance=float(of_formed.statistic),
        unformed_p=of_unformed,
        fraction_p=float(fisher_exact(table).pvalue),
        level=level,
    )

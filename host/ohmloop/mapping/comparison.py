# SPDX-License-Identifier: BSD-3-Clause
"""Two maps of the same cells to what changed between them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import ShapeError
from ohmloop.mapping.states import CellState

if TYPE_CHECKING:
    from ohmloop.mapping.conductance_map import ConductanceMap

Floats = NDArray[np.float64]
MAD_TO_SD: Final = 1.4826
"""Standard deviation over the median absolute deviation, for normal numbers."""
LEAST_DRIFTING: Final = 16
"""Formed cells from which a drift is told."""


@dataclass(frozen=True, eq=False)
class MapComparison:
    """What changed from an earlier map to a later one, `[rows, columns]` in the later one's order.

    Attributes:
        difference_siemens: later minus earlier; NaN where either knows nothing.
        uncertainty_siemens: of the difference; gains common to both maps count only times the difference.
        significance: difference over its uncertainty.
        changed: cells whose significance passes the threshold, or that saturate in one map only.
        states_before: CellState in the earlier map.
        states_after: in the later one.
        drift: median relative change of the cells formed in both; NaN where there are fewer than 16.
        drift_spread: standard deviation of these changes beyond the noise of both maps.
        seconds: time between the maps; NaN where either has none.
        threshold: significance from which a cell counts as changed.
    """

    difference_siemens: Floats
    uncertainty_siemens: Floats
    significance: Floats
    changed: NDArray[np.bool_]
    states_before: NDArray[np.uint8]
    states_after: NDArray[np.uint8]
    drift: float
    drift_spread: float
    seconds: float
    threshold: float

    def summary(self) -> dict[str, Any]:
        """Returns what a report says of it, JSON-ready."""
        other = self.changed & (self.states_before != self.states_after)
        moves = np.stack([self.states_before, self.states_after], axis=-1)[other]
        pairs, counts = np.unique(moves.reshape(-1, 2), axis=0, return_counts=True)
        return {
            "changed": int(np.count_nonzero(self.changed)),
            "state_changes": {
                f"{CellState(a).name.lower()} to {CellState(b).name.lower()}": int(count)
                for (a, b), count in zip(pairs, counts, strict=True)
            },
            "drift": None if np.isnan(self.drift) else self.drift,
            "drift_spread": None if np.isnan(self.drift_spread) else self.drift_spread,
            "seconds": None if np.isnan(self.seconds) else self.seconds,
            "threshold": self.threshold,
        }


def compared(earlier: ConductanceMap, later: ConductanceMap, *, significance: float = 5.0) -> MapComparison:
    """Returns what changed; see MapComparison.

    Raises:
        ShapeError: the maps are of other cells.
    """
    rows, columns = (
        _places(earlier.rows, later.rows, "row"),
        _places(earlier.columns, later.columns, "column"),
    )
    at = np.ix_(rows, columns)
    before, states = earlier.siemens[at], earlier.state[at]
    difference = later.siemens - before
    same_scale = earlier.facts.get("scale") == later.facts.get("scale")
    variance = later.independent_siemens**2 + earlier.independent_siemens[at] ** 2
    if not same_scale:
        variance = variance + later.channel_siemens**2 + earlier.channel_siemens[at] ** 2
        variance = variance + later.board_siemens**2 + earlier.board_siemens[at] ** 2
    uncertainty = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        sure = difference / uncertainty
    seen = (states != CellState.MASKED) & (later.state != CellState.MASKED)
    lost = np.isnan(before) != np.isnan(later.siemens)
    changed = seen & ((np.abs(np.nan_to_num(sure)) > significance) | lost)
    drift, spread = _drift(before, difference, uncertainty, states, later.state)
    return MapComparison(
        difference_siemens=difference,
        uncertainty_siemens=uncertainty,
        significance=np.asarray(sure),
        changed=changed,
        states_before=states,
        states_after=later.state,
        drift=drift,
        drift_spread=spread,
        seconds=_seconds(earlier, later),
        threshold=significance,
    )


def _places(earlier: NDArray[np.intp], later: NDArray[np.intp], axis: str) -> NDArray[np.intp]:
    """Returns where the later map's lines lie in the earlier one."""
    missing = np.setdiff1d(later, earlier)
    if missing.size:
        raise ShapeError(
            f"compare: {axis} {missing[0]} is not in the earlier map",
            value=int(missing[0]),
            limit=f"{axis}s of the earlier map",
            where="earlier",
        )
    order = np.argsort(earlier)
    return np.asarray(order[np.searchsorted(earlier, later, sorter=order)])


def _drift(
    before: Floats, difference: Floats, uncertainty: Floats, first: NDArray[np.uint8], last: NDArray[np.uint8]
) -> tuple[float, float]:
    formed = (first == CellState.FORMED) & (last == CellState.FORMED) & np.isfinite(difference)
    if np.count_nonzero(formed) < LEAST_DRIFTING:
        return np.nan, np.nan
    relative = difference[formed] / before[formed]
    median = float(np.median(relative))
    seen = (MAD_TO_SD * float(np.median(np.abs(relative - median)))) ** 2
    own = float(np.median((uncertainty[formed] / before[formed]) ** 2))
    return median, float(np.sqrt(max(seen - own, 0.0)))


def _seconds(earlier: ConductanceMap, later: ConductanceMap) -> float:
    times = [one.facts.get("time") for one in (earlier, later)]
    if not all(isinstance(time, str) for time in times):
        return np.nan
    start, end = (datetime.datetime.fromisoformat(str(time)) for time in times)
    return (end - start).total_seconds()

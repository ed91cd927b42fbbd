# SPDX-License-Identifier: BSD-3-Clause
"""Signed weights to conductances of column pairs and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop.errors import LimitError, ShapeError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightPairs:
    """A weight is the difference of two neighbouring cells of a row: w = k (g[2j] - g[2j+1]).

    The cell that a weight does not need stays at the lowest conductance, so that pairs conduct little.

    Attributes:
        lowest_siemens: of a programmed cell.
        highest_siemens: likewise.
        largest_weight: magnitude that takes the whole window; larger weights are clipped to it.
    """

    lowest_siemens: float
    highest_siemens: float
    largest_weight: float

    def __post_init__(self) -> None:
        for name, value, least in (
            ("lowest_siemens", self.lowest_siemens, 0.0),
            ("highest_siemens", self.highest_siemens, self.lowest_siemens),
            ("largest_weight", self.largest_weight, 0.0),
        ):
            if not (np.isfinite(value) and value >= least and (value > least or name == "lowest_siemens")):
                raise LimitError(
                    f"{name}: {value:g}, finite and above {least:g} expected",
                    value=value,
                    limit=least,
                    where=name,
                )

    @property
    def weight_per_siemens(self) -> float:
        """Weight of one siemens of difference: k above."""
        return self.largest_weight / (self.highest_siemens - self.lowest_siemens)

    def siemens(self, weights: ArrayLike) -> Floats:
        """Returns siemens `[rows, 2 * outputs]` of weights `[rows, outputs]`.

        Raises:
            ShapeError, LimitError: they are no such weights.
        """
        require_unmasked(weights, "weights")
        values = np.asarray(weights, np.float64)
        if values.ndim != 2 or not values.size:
            raise ShapeError(
                f"weights: {values.shape}, [rows, outputs] expected", value=values.shape, where="weights"
            )
        if not np.isfinite(values).all():
            raise LimitError("weights: not all are finite", limit="finite", where="weights")
        steps = np.clip(values, -self.largest_weight, self.largest_weight) / self.weight_per_siemens
        pairs = np.stack([np.maximum(steps, 0), np.maximum(-steps, 0)], axis=-1)
        return np.asarray(pairs.reshape(len(values), -1) + self.lowest_siemens)

    def weights(self, siemens: ArrayLike) -> Floats:
        """Returns the weights `[rows, outputs]` of conductances `[rows, 2 * outputs]`."""
        held = np.asarray(siemens, np.float64)
        return np.asarray((held[:, 0::2] - held[:, 1::2]) * self.weight_per_siemens)

    def around_faults(self, targets: ArrayLike, held: ArrayLike, faulty: ArrayLike) -> Floats:
        """Returns targets in which the partner of a cell that does not move makes up for it.

        Args:
            targets: `[rows, 2 * outputs]` siemens.
            held: what the cells conduct, likewise.
            faulty: bool, likewise: cells that are not programmable.

        Returns:
            Targets of all cells; of a faulty cell what it holds. What its partner cannot make up for within
            the window stays.
        """
        wanted, conducts, stuck = (
            np.asarray(one).reshape(len(np.asarray(targets)), -1, 2) for one in (targets, held, faulty)
        )
        difference = wanted[..., 0] - wanted[..., 1]
        made_up = np.stack([conducts[..., 1] + difference, conducts[..., 0] - difference], axis=-1)
        found = np.where(
            stuck[..., ::-1], np.clip(made_up, self.lowest_siemens, self.highest_siemens), wanted
        )
        return np.asarray(np.where(stuck, conducts, found).reshape(np.shape(targets)))

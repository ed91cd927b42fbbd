# SPDX-License-Identifier: BSD-3-Clause
"""The echo-state recursion on graphs, whatever computes its products.

X   = W_in [features, 1]                                   once
S_t = (1 - leak) S_{t-1} + leak tanh(X + (W_rec S_{t-1}) A)    t = 1 .. iterations, S_0 = 0
e   = ReLU(sum of S_T over the nodes of a graph)
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import LimitError
from ohmloop.systems.graphs import GraphBatch

Product = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Vectors `[n, rows]` to products with a weight matrix, `[n, cols]`."""


@dataclass(frozen=True, slots=True)
class Dynamics:
    """Parameters of the recursion.

    Raises:
        LimitError: a parameter is outside its range.
    """

    iterations: int
    leak: float
    input_scale_per_us: float
    recurrent_scale_per_us: float

    def __post_init__(self) -> None:
        require("iterations", self.iterations, self.iterations >= 1, "at least 1")
        require("leak", self.leak, 0 < self.leak <= 1, "above 0, at most 1")
        for name in ("input_scale_per_us", "recurrent_scale_per_us"):
            scale = getattr(self, name)
            require(name, scale, np.isfinite(scale) and scale > 0, "above 0")


def require(name: str, value: float, holds: bool, limit: str) -> None:
    """Raises LimitError, naming parameter, value and limit, unless `holds`."""
    if not holds:
        raise LimitError(
            f"{name}: {value} asked, it must be {limit}", value=value, limit=limit, unit="", where=name
        )


def node_states(
    batch: GraphBatch, input_us: Product, recurrent_us: Product, dynamics: Dynamics
) -> Iterator[NDArray[np.float64]]:
    """Yields the states `[nodes, hidden]` after each iteration.

    The first iteration's recurrent product is of zero vectors. Min-max quantisation maps those to code 0
    with step 0 and low 0, so that the product is exactly zero whatever the array answers: it is not asked
    for.

    Args:
        batch: the graphs.
        input_us: products with W_in in microsiemens, of features with a one appended.
        recurrent_us: products with W_rec in microsiemens.
        dynamics: parameters.
    """
    biased = np.hstack([batch.features, np.ones((batch.features.shape[0], 1))])
    drive = input_us(biased)
    drive *= dynamics.input_scale_per_us
    states = np.zeros_like(drive)
    for iteration in range(dynamics.iterations):
        if iteration == 0:
            activation = drive.copy()
        else:
            activation = batch.propagate(recurrent_us(states))
            activation *= dynamics.recurrent_scale_per_us
            activation += drive
        np.tanh(activation, out=activation)
        activation *= dynamics.leak
        states = states * (1.0 - dynamics.leak) + activation
        yield states


def embeddings(batch: GraphBatch, states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pools final states `[nodes, hidden]` to `[graphs, hidden]`, at least zero."""
    return np.maximum(batch.pool(states), 0.0)


def software_embeddings(
    batch: GraphBatch, input_us: ArrayLike, recurrent_us: ArrayLike, dynamics: Dynamics
) -> NDArray[np.float64]:
    """Computes embeddings in float64, with no array: the reference for the same weights.

    Args:
        batch: the graphs.
        input_us: `[features + 1, hidden]` microsiemens.
        recurrent_us: `[hidden, hidden]` microsiemens.
        dynamics: parameters.

    Returns:
        `[graphs, hidden]`.
    """
    w_in = np.asarray(input_us, dtype=np.float64)
    w_rec = np.asarray(recurrent_us, dtype=np.float64)
    states = node_states(batch, lambda x: x @ w_in, lambda s: s @ w_rec, dynamics)
    return embeddings(batch, deque(states, maxlen=1).pop())

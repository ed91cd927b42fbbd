# SPDX-License-Identifier: BSD-3-Clause
"""Graphs to one block-diagonal batch, and node states to graph embeddings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ohmloop.errors import LimitError, ShapeError


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A graph whose nodes carry features.

    Attributes:
        adjacency: scipy sparse (or anything that `scipy.sparse.csr_array` takes) `[nodes, nodes]`, finite;
            entry [i, j] weighs what node j receives from node i.
        features: `[nodes, features]`, finite.

    Raises:
        ShapeError: the arrays do not fit each other, or there is no node or no feature.
        LimitError: a value is not finite.
    """

    adjacency: Any
    features: NDArray[np.float64]

    def __post_init__(self) -> None:
        features = np.array(self.features, dtype=np.float64)
        adjacency = sparse.csr_array(self.adjacency).astype(np.float64)
        if features.ndim != 2 or features.size == 0:
            raise ShapeError(
                f"features {features.shape} are not [nodes, features], at least one each",
                value=features.shape,
                limit=2,
                unit="axes",
                where="Graph.features",
            )
        if adjacency.shape != (features.shape[0], features.shape[0]):
            raise ShapeError(
                f"adjacency {adjacency.shape} does not fit {features.shape[0]} nodes",
                value=adjacency.shape,
                limit=features.shape[0],
                unit="nodes",
                where="Graph.adjacency",
            )
        for name, values in (("features", features), ("adjacency", adjacency.data)):
            if not np.isfinite(values).all():
                raise LimitError(
                    f"{name} hold NaN or infinity",
                    value=np.nan,
                    limit="finite",
                    unit="",
                    where=f"Graph.{name}",
                )
        for values in (features, adjacency.data, adjacency.indices, adjacency.indptr):
            values.flags.writeable = False
        object.__setattr__(self, "features", features)
        object.__setattr__(self, "adjacency", adjacency)

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return int(self.features.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class GraphBatch:
    """Many graphs as one: their nodes one after the other, in the order of the graphs.

    Attributes:
        features: `[nodes, features]`.
        incoming: CSR `[nodes, nodes]`, the transposed adjacency: row j gathers what node j receives.
        starts: `[graphs]`, first node of each graph.
    """

    features: NDArray[np.float64]
    incoming: Any
    starts: NDArray[np.intp]

    @classmethod
    def of(cls, graphs: Sequence[Graph]) -> "GraphBatch":
        """Joins graphs with equally many features.

        Raises:
            ShapeError: there is no graph, an entry is no Graph, or numbers of features differ.
        """
        _check_graphs(graphs)
        nodes = np.array([graph.features.shape[0] for graph in graphs], dtype=np.intp)
        ends = np.cumsum(nodes)
        starts = ends - nodes
        features = np.concatenate([graph.features for graph in graphs])
        return cls(features=features, incoming=_incoming(graphs, starts, int(ends[-1])), starts=starts)

    def propagate(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over neighbours: `[nodes, k]` to `[nodes, k]`."""
        return np.asarray(self.incoming @ states, dtype=np.float64)

    def pool(self, states: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums over the nodes of each graph: `[nodes, k]` to `[graphs, k]`."""
        return np.add.reduceat(states, self.starts, axis=0)


def _check_graphs(graphs: Sequence[Any]) -> None:
    if len(graphs) == 0:
        raise ShapeError("no graphs were given", value=0, limit=1, unit="graphs", where="graphs")
    for index, graph in enumerate(graphs):
        if not isinstance(graph, Graph):
            raise ShapeError(
                f"entry {index} is a {type(graph).__name__}, not a Graph",
                value=type(graph).__name__,
                limit="Graph",
                unit="",
                where=f"graphs[{index}]",
            )
        value, limit = graph.features.shape[1], graphs[0].features.shape[1]
        if value != limit:
            raise ShapeError(
                f"graph {index} has {value} features, graph 0 has {limit}",
                value=value,
                limit=limit,
                unit="features",
                where=f"graphs[{index}]",
            )


def _incoming(graphs: Sequence[Graph], starts: NDArray[np.intp], total: int) -> Any:
    """Builds the block-diagonal transpose from the blocks' CSR arrays, with no Python per edge."""
    counts = np.array([graph.adjacency.indices.size for graph in graphs], dtype=np.intp)
    columns = np.concatenate([graph.adjacency.indices for graph in graphs]) + np.repeat(starts, counts)
    degrees = np.concatenate([np.diff(graph.adjacency.indptr) for graph in graphs])
    pointers = np.concatenate([[0], np.cumsum(degrees)])
    weights = np.concatenate([graph.adjacency.data for graph in graphs])
    block = sparse.csr_array((weights, columns, pointers), shape=(total, total))
    return sparse.csr_array(block.T)

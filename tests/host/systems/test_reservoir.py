# SPDX-License-Identifier: BSD-3-Clause
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from ohmloop.errors import LimitError, ShapeError
from ohmloop.systems.bitserial import quantize, restore
from ohmloop.systems.graphs import Graph, GraphBatch
from ohmloop.systems.reservoir import Dynamics, software_embeddings


def random_graph(rng: np.random.Generator, nodes: int, features: int = 3) -> Graph:
    return Graph(
        sparse.csr_array(rng.random((nodes, nodes)) * (rng.random((nodes, nodes)) < 0.4)),
        rng.random((nodes, features)),
    )


def published(graph: Graph, w_in: np.ndarray, w_rec: np.ndarray, dynamics: Dynamics) -> np.ndarray:
    """One graph, in the paper's orientation: columns are nodes."""
    inputs = np.vstack([graph.features.T, np.ones(graph.nodes)])
    x = dynamics.input_scale_per_us * w_in.T @ inputs
    states = np.zeros_like(x)
    for _ in range(dynamics.iterations):
        recurrent = dynamics.recurrent_scale_per_us * (w_rec.T @ states) @ graph.adjacency.toarray()
        states = (1 - dynamics.leak) * states + dynamics.leak * np.tanh(x + recurrent)
    return np.maximum(states.sum(axis=1), 0)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 5))
def test_a_batch_of_directed_weighted_graphs_follows_the_published_equation(seed, sizes, iterations):
    rng = np.random.default_rng(seed)
    graphs = [random_graph(rng, nodes) for nodes in sizes]
    w_in, w_rec = rng.random((4, 5)), rng.random((5, 5))
    dynamics = Dynamics(iterations, 0.3, 0.7, 0.2)
    expected = [published(graph, w_in, w_rec, dynamics) for graph in graphs]
    np.testing.assert_allclose(
        software_embeddings(GraphBatch.of(graphs), w_in, w_rec, dynamics), expected, atol=1e-12
    )


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 8),
    st.sampled_from([0.0, 1.0, -3.5]),
    st.sampled_from([1e-300, 1e-3, 1e6]),
)
def test_an_ideal_array_returns_the_product_within_half_a_step_a_row(seed, bits, offset, scale):
    rng = np.random.default_rng(seed)
    vectors = (rng.random((6, 7)) + offset) * scale
    vectors[0] = offset
    weights = rng.random((7, 4)) * 20
    coded = quantize(vectors, bits)
    assert coded.x_codes.max() <= 2**bits - 1
    codes = coded.x_codes @ weights
    product = restore(codes, coded, dark_codes=np.zeros(4), row_sum_codes=weights.sum(axis=0))
    bound = coded.step / 2 * weights.sum(axis=0) + 1e-9 * np.abs(vectors).max() * weights.sum(axis=0)
    assert (np.abs(product - vectors @ weights) <= bound).all()


def test_equal_entries_need_no_code_and_their_product_is_exact():
    coded = quantize(np.array([[0.25, 0.25], [0.0, 0.0]]), 4)
    assert not coded.x_codes.any()
    product = restore(np.zeros((2, 1)), coded, dark_codes=np.zeros(1), row_sum_codes=np.array([8.0]))
    np.testing.assert_array_equal(product, [[2.0], [0.0]])


def test_dark_codes_are_taken_from_every_bit_plane():
    coded = quantize(np.array([[0.0, 1.0]]), 3)
    product = restore(
        np.array([[7 * 10 + 7 * 5]]), coded, dark_codes=np.array([5.0]), row_sum_codes=np.zeros(1)
    )
    np.testing.assert_allclose(product, [[10.0]])


@pytest.mark.parametrize(
    "adjacency, features, error",
    [
        (np.zeros((2, 2)), np.zeros((3, 1)), ShapeError),
        (np.zeros((2, 3)), np.zeros((2, 1)), ShapeError),
        (np.zeros((0, 0)), np.zeros((0, 1)), ShapeError),
        (np.zeros((2, 2)), np.zeros(2), ShapeError),
        (np.zeros((2, 2)), np.full((2, 1), np.nan), LimitError),
        (np.full((2, 2), np.inf), np.zeros((2, 1)), LimitError),
    ],
)
def test_graphs_that_do_not_fit_are_refused(adjacency, features, error):
    with pytest.raises(error):
        Graph(adjacency, features)


def test_batches_name_the_graph_that_does_not_fit():
    rng = np.random.default_rng(0)
    with pytest.raises(ShapeError) as caught:
        GraphBatch.of([random_graph(rng, 3), random_graph(rng, 3, features=4)])
    assert caught.value.where == "graphs[1]"
    with pytest.raises(ShapeError, match="no graphs"):
        GraphBatch.of([])
    with pytest.raises(ShapeError, match="not a Graph"):
        GraphBatch.of(["benzene"])


@pytest.mark.parametrize(
    "change", [{"iterations": 0}, {"leak": 0.0}, {"leak": 1.5}, {"input_scale_per_us": -1.0}]
)
def test_dynamics_outside_their_range_are_refused_by_name(change):
    good = {"iterations": 4, "leak": 0.2, "input_scale_per_us": 1.0, "recurrent_scale_per_us": 1.0}
    with pytest.raises(LimitError) as caught:
        Dynamics(**(good | change))
    assert caught.value.where in change

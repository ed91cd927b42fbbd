# SPDX-License-Identifier: BSD-3-Clause
"""Line sweeps against circuits that can be solved by hand and against a direct solution."""

import numpy as np
import pytest
from nodal_bench import direct, random_cells

from ohmloop.errors import LimitError, NotConverged, ShapeError
from ohmloop.nodal import Network, effective_siemens, solve_network, solver

ENGINES = ("numba", "numpy")
HARD = np.random.default_rng(5).uniform(1 / 2e4, 1 / 1e4, (24, 24))  # with 100 ohm: lines longer than cells


def cases():
    rng = np.random.default_rng(1)
    yield "square", random_cells(12, 12), np.full(12, 3.0), np.full(12, 5.0)
    yield "wide", random_cells(5, 17), np.full(17, 30.0), np.full(5, 5.0)
    yield "tall", random_cells(17, 5), np.full(5, 30.0), np.full(17, 50.0)
    yield "uneven pieces", random_cells(9, 11), rng.uniform(1, 99, 11), rng.uniform(1, 99, 9)
    yield "hard", HARD, np.full(24, 100.0), np.full(24, 100.0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case[0])
def test_voltages_and_currents_are_those_of_the_direct_solution(case, engine):
    _, g, row_ohm, column_ohm = case
    volts = np.random.default_rng(2).uniform(-1, 1, (11, g.shape[0]))
    found = solve_network(
        Network.of(g, row_ohm=row_ohm, column_ohm=column_ohm), volts, engine=engine, tolerance=1e-12
    )
    assert found.residual <= 1e-12
    for one in range(11):
        u, w, currents = direct(g, volts[one], row_ohm=row_ohm, column_ohm=column_ohm)
        np.testing.assert_allclose(found.row_volts[one], u, atol=1e-10)
        np.testing.assert_allclose(found.column_volts[one], w, atol=1e-10)
        np.testing.assert_allclose(found.currents[one], currents, rtol=1e-9, atol=1e-16)


def test_kirchhoff_s_residual_is_below_1e_10():
    found = solve_network(Network.of(HARD, row_ohm=100.0, column_ohm=100.0), np.ones(24))
    w, through = found.column_volts[0], HARD * (found.row_volts - found.column_volts)[0]
    below = np.vstack([w[1:], np.zeros(24)])
    above = np.vstack([w[:1], w[:-1]])
    missing = through - (w - below) / 100 + (above - w) / 100
    assert 0 < np.linalg.norm(missing) < 1e-10 * np.linalg.norm(HARD * found.row_volts[0])


def test_few_sweeps_are_needed_where_lines_are_long():
    found = solve_network(Network.of(HARD, row_ohm=100.0, column_ohm=100.0), np.eye(24))
    assert 5 < found.sweeps < 30  # plain sweeps back and forth take hundreds


def test_one_cell_is_a_series_circuit():
    network = Network.of([[1e-3]], row_ohm=100.0, column_ohm=200.0, source_ohm=50.0, sense_ohm=25.0)
    assert solve_network(network, [2.0]).currents[0, 0] == pytest.approx(2.0 / 1375.0, rel=1e-14)


def test_zero_resistance_is_exact_on_either_axis():
    g, volts = random_cells(7, 6), np.linspace(0.1, 0.7, 7)
    rows_only = solve_network(Network.of(g, row_ohm=1e3, column_ohm=0.0), volts)
    u, _, currents = direct(g, volts, row_ohm=np.full(6, 1e3), column_ohm=np.full(7, 1e-4))
    np.testing.assert_allclose(rows_only.row_volts[0], u, rtol=1e-7)
    np.testing.assert_allclose(rows_only.currents[0], currents, rtol=1e-7)
    assert not rows_only.column_volts.any()
    columns_only = solve_network(Network.of(g, row_ohm=0.0, column_ohm=1e3), volts)
    np.testing.assert_array_equal(columns_only.row_volts[0], np.repeat(volts[:, None], 6, axis=1))
    _, _, currents = direct(g, volts, row_ohm=np.full(6, 1e-4), column_ohm=np.full(7, 1e3))
    np.testing.assert_allclose(columns_only.currents[0], currents, rtol=1e-7)


def test_a_vector_s_solution_does_not_depend_on_its_neighbours():
    network = Network.of(HARD, row_ohm=100.0, column_ohm=100.0)
    volts = np.random.default_rng(3).random((9, 24))
    volts[4] = 0.0
    together = solve_network(network, volts, tolerance=1e-12)
    alone = solve_network(network, volts[2], tolerance=1e-12)
    np.testing.assert_allclose(together.currents[2], alone.currents[0], rtol=1e-9)
    assert not together.currents[4].any()


def test_sides_are_the_array_turned():
    g, volts = random_cells(6, 9), np.linspace(0.2, 0.8, 6)
    pieces = {"row_ohm": np.linspace(1, 90, 9), "column_ohm": np.linspace(5, 60, 6)}
    right = solve_network(Network.of(g, **pieces, driven="right", sensed="top", source_ohm=7.0), volts)
    row_ohm, column_ohm = pieces["row_ohm"][::-1].copy(), pieces["column_ohm"][::-1]
    row_ohm[0] += 7.0
    u, w, currents = direct(g[::-1, ::-1], volts[::-1], row_ohm=row_ohm, column_ohm=column_ohm)
    np.testing.assert_allclose(right.row_volts[0], u[::-1, ::-1], rtol=1e-9)
    np.testing.assert_allclose(right.column_volts[0], w[::-1, ::-1], rtol=1e-7)
    np.testing.assert_allclose(right.currents[0], currents[::-1], rtol=1e-9)


@pytest.mark.parametrize("shape", [(8, 8), (5, 13), (13, 5)])
@pytest.mark.parametrize("sides", [("left", "bottom"), ("right", "bottom"), ("left", "top")])
def test_the_effective_matrix_makes_the_network_s_products(shape, sides):
    g = random_cells(*shape, seed=4)
    pieces = {"row_ohm": np.linspace(10, 90, shape[1]), "column_ohm": np.linspace(90, 20, shape[0])}
    ends = {"source_ohm": 33.0, "sense_ohm": 11.0, "driven": sides[0], "sensed": sides[1]}
    volts = np.random.default_rng(6).uniform(-1, 1, (4, shape[0]))
    exact = solve_network(Network.of(g, **pieces, **ends), volts, tolerance=1e-13).currents
    effective = effective_siemens(g, **pieces, **ends, tolerance=1e-13)
    np.testing.assert_allclose(volts @ effective, exact, rtol=1e-10, atol=1e-16)


def test_no_resistance_is_no_loss():
    g = random_cells(8, 8)
    np.testing.assert_array_equal(effective_siemens(g, row_ohm=0.0, column_ohm=0.0), g)


def test_without_numba_numpy_takes_over(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ohmloop.nodal.compiled", None)
    assert solver.passes_for(8, "auto") is solver.sweeps
    with pytest.raises(ImportError):
        solver.passes_for(8, "numba")


def test_what_is_no_network_is_refused():
    with pytest.raises(LimitError) as refused:
        Network.of([[1e-6]], row_ohm=-1.0, column_ohm=0.0)
    assert (refused.value.value, refused.value.unit, refused.value.where) == (-1.0, "ohm", "row_ohm")
    with pytest.raises(LimitError, match="conductance"):
        Network.of([[np.nan]], row_ohm=1.0, column_ohm=0.0)
    with pytest.raises(ShapeError):
        Network.of([1e-6], row_ohm=1.0, column_ohm=0.0)
    with pytest.raises(ShapeError, match="row_ohm"):
        Network.of([[1e-6]], row_ohm=[1.0, 2.0], column_ohm=0.0)
    network = Network.of(random_cells(3, 4), row_ohm=1.0, column_ohm=1.0)
    with pytest.raises(ShapeError, match=r"\[n, 3\]"):
        solve_network(network, np.ones(4))
    with pytest.raises(LimitError, match="finite"):
        solve_network(network, [1.0, np.inf, 0.0])
    with pytest.raises(LimitError, match="tolerance"):
        solve_network(network, np.ones(3), tolerance=0.0)


def test_a_tolerance_not_reached_is_an_error(monkeypatch):
    monkeypatch.setattr(solver, "MOST_SWEEPS", 3)
    with pytest.raises(NotConverged, match="3 sweeps") as refused:
        solve_network(Network.of(HARD, row_ohm=100.0, column_ohm=100.0), np.ones(24))
    assert refused.value.value > refused.value.limit == 1e-11

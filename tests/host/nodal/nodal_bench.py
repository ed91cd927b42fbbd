# SPDX-License-Identifier: BSD-3-Clause
"""The oracle: Kirchhoff's current law at every node, as badcrossbar states it, solved directly."""

from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import spsolve

TINY = 1e-9  # ohm, where a piece has none


def random_cells(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    """A half-formed array with the published statistics, siemens."""
    rng = np.random.default_rng(seed)
    formed = rng.random((rows, columns)) < 0.494
    return np.where(formed, rng.normal(12.3e-6, 1.8e-6, (rows, columns)), 0.1e-6)


def direct(g, volts, *, row_ohm, column_ohm):
    """Node voltages and currents for one vector; pieces as `Network.of`, left driven, bottom sensed."""
    rows, columns = g.shape
    matrix, injected = sparse.lil_matrix((2 * g.size, 2 * g.size)), np.zeros(2 * g.size)
    u = np.arange(g.size).reshape(rows, columns)
    w = u + g.size

    def join(one, other, siemens):
        matrix[one, one] += siemens
        matrix[other, other] += siemens
        matrix[one, other] -= siemens
        matrix[other, one] -= siemens

    for r in range(rows):
        matrix[u[r, 0], u[r, 0]] += 1 / row_ohm[0]
        injected[u[r, 0]] += volts[r] / row_ohm[0]
        for c in range(columns):
            join(u[r, c], w[r, c], g[r, c])
        for number, (one, other) in enumerate(pairwise(u[r])):
            join(one, other, 1 / row_ohm[number + 1])
    for c in range(columns):
        matrix[w[-1, c], w[-1, c]] += 1 / column_ohm[-1]
        for number, (one, other) in enumerate(pairwise(w[:, c])):
            join(one, other, 1 / column_ohm[number])
    solved = spsolve(matrix.tocsc(), injected)
    row_volts, column_volts = solved[u], solved[w]
    return row_volts, column_volts, np.sum(g * (row_volts - column_volts), axis=0)

# SPDX-License-Identifier: BSD-3-Clause
"""A network to the matrix that its products are made with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ohmloop.nodal.network import ColumnSide, Floats, Network, RowSide
from ohmloop.nodal.solver import TOLERANCE, Engine, solved_blocks


def effective_siemens(
    g_siemens: ArrayLike,
    *,
    row_ohm: ArrayLike,
    column_ohm: ArrayLike,
    source_ohm: float = 0.0,
    sense_ohm: float = 0.0,
    driven: RowSide = "left",
    sensed: ColumnSide = "bottom",
    tolerance: float = TOLERANCE,
    engine: Engine = "auto",
) -> Floats:
    """Returns the current of every column per volt on every row alone, siemens `[rows, columns]`.

    Rows that are not driven are grounded, every column is sensed at ground. A network of resistors is
    linear, so products with this matrix are exact for any input. Resistances are those of `Network.of`.

    Raises:
        ShapeError, LimitError: the arguments are no array of resistors.
        NotConverged: the tolerance was not reached.
    """
    network = Network.of(
        g_siemens,
        row_ohm=row_ohm,
        column_ohm=column_ohm,
        source_ohm=source_ohm,
        sense_ohm=sense_ohm,
        driven=driven,
        sensed=sensed,
    )
    if network.is_lossless:
        return network.g_siemens
    plain = network.turned()
    rows, columns = plain.shape
    if columns < rows:
        # Driven at the sensed ends of its columns the network gives the same currents at those of its rows.
        plain = Network(
            np.ascontiguousarray(plain.g_siemens.T[::-1, ::-1]), plain.column_ohm[::-1], plain.row_ohm[::-1]
        )
    blocks = solved_blocks(plain, np.eye(plain.shape[0]), tolerance=tolerance, engine=engine)
    effective = np.concatenate([block.currents for block in blocks])
    if columns < rows:
        effective = effective[::-1, ::-1].T
    return np.ascontiguousarray(effective[network.flips])

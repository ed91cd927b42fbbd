# SPDX-License-Identifier: BSD-3-Clause
"""The analog half of a board: array, multiplexers, lines and amplifiers, as currents and codes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def array(seed: int = 3, rows: int = 16, columns: int = 16) -> NDArray[np.float64]:
    """Returns conductances, half of them of broken cells, [rows, columns] siemens."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random((rows, columns)) < 0.5, 1e-7, rng.normal(12e-6, 2e-6, (rows, columns)))


@dataclass
class Analog:
    """Array, multiplexers, amplifiers: currents by nodal analysis, one exponential towards them.

    Args:
        g: Conductances, [rows, columns] siemens.
        mux_ohm: On-resistance of a multiplexer.
        line_ohm: Resistance of a line from cell to cell.
        feedback_ohm: Of the amplifiers, by range.
        vref: Reference of the converters, volts: their span is twice that.
        tau: Time constant of lines and amplifiers, clk cycles.
        noise: Of a conversion, codes.
    """

    g: NDArray[np.float64]
    mux_ohm: float = 125.0
    line_ohm: float = 2.0
    feedback_ohm: tuple[float, ...] = (8e3, 16e3, 32e3, 64e3)
    reference_ohm: float = 1e5
    vref: float = 1.25
    tau: float = 30.0
    noise: float = 0.0
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))
    _solved: dict[tuple[bytes, ...], NDArray[np.float64]] = field(default_factory=dict)

    def currents(
        self, volts: NDArray[np.float64], words: NDArray[np.bool_], grounded: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Currents out of the columns, [columns] amperes.

        Args:
            volts: Behind the rows' multiplexers, [rows] volts; NaN is open.
            words: Word lines that are on, [rows].
            grounded: Columns at ground or at an amplifier, [columns]; the others are open.
        """
        driven = ~np.isnan(volts)
        key = (driven.tobytes(), words.tobytes(), grounded.tobytes())
        if key not in self._solved:
            self._solved[key] = self._solve(driven, words, grounded)
        return np.where(driven, volts, 0.0) @ self._solved[key]

    def _solve(
        self, driven: NDArray[np.bool_], words: NDArray[np.bool_], grounded: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Amperes out of each column per volt behind each row, [rows, columns]: two nodes a cell."""
        rows, columns = self.g.shape
        count = rows * columns
        node = np.arange(count).reshape(rows, columns)
        matrix, right = np.zeros((2 * count, 2 * count)), np.zeros((2 * count, rows))

        def join(a: NDArray[np.int64], b: NDArray[np.int64], siemens: NDArray[np.float64] | float) -> None:
            here, there, value = a.ravel(), b.ravel(), np.broadcast_to(siemens, a.shape).ravel()
            np.add.at(matrix, (here, here), value)
            np.add.at(matrix, (there, there), value)
            np.add.at(matrix, (here, there), -value)
            np.add.at(matrix, (there, here), -value)

        join(node, node + count, self.g * words[:, None])
        join(node[:, :-1], node[:, 1:], 1 / self.line_ohm)
        join(node[:-1] + count, node[1:] + count, 1 / self.line_ohm)
        matrix[np.diag_indices(2 * count)] += 1e-12  # what is open leaks
        for row in np.flatnonzero(driven):
            matrix[node[row, 0], node[row, 0]] += 1 / self.mux_ohm
            right[node[row, 0], row] = 1 / self.mux_ohm
        ends = node[-1] + count
        for column in np.flatnonzero(grounded):
            matrix[ends[column], ends[column]] += 1 / self.mux_ohm
        potential = np.linalg.solve(matrix, right)
        return np.where(grounded, potential[ends].T / self.mux_ohm, 0.0)

    def codes(self, amperes: NDArray[np.float64], which: int) -> NDArray[np.float64]:
        """Codes of the converters, not yet rounded."""
        return amperes * self.feedback_ohm[which] / (2 * self.vref) * 16384

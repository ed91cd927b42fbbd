# SPDX-License-Identifier: BSD-3-Clause
"""Passes over an array along its lines, in NumPy: what `compiled` does where there is Numba.

A line is a ladder. Seen from the end that is driven (or sensed), cell i with everything behind it conducts
Y[i] to the other side, and a piece of line of R[i] ohm in front of it passes the fraction
f[i] = 1 / (1 + R[i] Y[i]) of a voltage; by reciprocity, of a current as well. So a line is solved by one walk
towards that end, which collects currents, J[i] = j[i] + f[i+1] J[i+1], and one walk back, which hands out
voltages, V[i] = f[i] (V[i-1] + R[i] J[i]). All terms are positive: nothing cancels, and no resistance is too
small, zero included.

Arrays are `[rows, columns, lanes]`; a lane is one vector of input voltages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lines:
    """A network ready to be swept, driven at the left and sensed at the bottom.

    Attributes:
        g: cells `[rows, columns]`, siemens.
        row_ohm: piece in front of every cell of a row `[columns]`.
        column_ohm: piece behind every cell of a column `[rows]`.
        row_share: f along the rows `[rows, columns]`.
        column_share: f along the columns `[rows, columns]`.
    """

    g: Floats
    row_ohm: Floats
    column_ohm: Floats
    row_share: Floats
    column_share: Floats


@dataclass(frozen=True, eq=False)
class Work:
    """What the conjugate gradients keep, `[rows, columns, lanes]` each.

    `w` holds the columns' voltages, `residual` the currents that still miss, `step` and `pull` the direction
    of search and the currents that it draws, `fall` what the columns' ladders make of the residual (on the
    way there, collected currents), `back` the currents that the rows give in answer to it.
    """

    w: Floats
    residual: Floats
    step: Floats
    pull: Floats
    fall: Floats
    back: Floats

    @classmethod
    def empty(cls, shape: tuple[int, int, int]) -> Work:
        """Returns arrays of zeros."""
        return cls(*(np.zeros(shape) for _ in range(6)))

    def clear(self) -> None:
        """Sets all to zero."""
        for one in (self.w, self.residual, self.step, self.pull, self.fall, self.back):
            one.fill(0.0)


def shares(g: Floats, row_ohm: Floats, column_ohm: Floats) -> tuple[Floats, Floats]:
    """Returns f along the rows and along the columns, `[rows, columns]` each."""
    return _ladders(g.T[::-1], row_ohm[::-1])[::-1].T.copy(), _ladders(g, column_ohm)


def start(lines: Lines, volts: Floats, work: Work) -> None:
    """Sets the residual to the cells' currents with all columns at ground; `volts` is `[rows, lanes]`."""
    share = np.cumprod(lines.row_share, axis=1)
    np.multiply((lines.g * share)[:, :, None], volts[:, None, :], out=work.residual)


def ascend(lines: Lines, work: Work, alpha: Floats, beta: Floats) -> None:
    """Takes a step of `alpha`, its direction from the last by `beta`, `[lanes]`; collects along columns."""
    work.step[...] = work.fall + beta * work.step
    work.pull[...] = work.residual - work.back + beta * work.pull
    work.w[...] += alpha * work.step
    work.residual[...] -= alpha * work.pull
    work.fall[...] = work.residual
    for row in range(1, lines.g.shape[0]):
        work.fall[row] += lines.column_share[row - 1][:, None] * work.fall[row - 1]


def descend(lines: Lines, work: Work) -> tuple[Floats, Floats]:
    """Hands out along columns and answers along rows.

    Returns:
        The products residual by fall and fall by back, `[lanes]`.
    """
    fall, last = work.fall, lines.g.shape[0] - 1
    for row in range(last, -1, -1):
        fall[row] *= lines.column_ohm[row]
        if row < last:
            fall[row] += fall[row + 1]
        fall[row] *= lines.column_share[row][:, None]
    grounded = np.zeros((fall.shape[0], fall.shape[2]))
    np.multiply(lines.g[:, :, None], _row_voltages(lines, fall, grounded), out=work.back)
    return np.einsum("rck,rck->k", work.residual, fall), np.einsum("rck,rck->k", fall, work.back)


def finish(lines: Lines, work: Work, volts: Floats) -> Floats:
    """Writes the rows' voltages to `work.back`; returns the columns' currents `[columns, lanes]`."""
    work.back[...] = _row_voltages(lines, work.w, volts)
    return np.asarray(np.einsum("rc,rck->ck", lines.g, work.back - work.w))


def _row_voltages(lines: Lines, w: Floats, volts: Floats) -> Floats:
    """Solves all rows for columns at `w`, driven with `volts` `[rows, lanes]`."""
    u = lines.g[:, :, None] * w
    for column in range(lines.g.shape[1] - 2, -1, -1):
        u[:, column] += lines.row_share[:, column + 1][:, None] * u[:, column + 1]
    before = volts
    for column in range(lines.g.shape[1]):
        here = before + lines.row_ohm[column] * u[:, column]
        u[:, column] = before = lines.row_share[:, column][:, None] * here
    return u


def _ladders(g: Floats, ohm: Floats) -> Floats:
    """Returns f of ladders along axis 0, whose last cell is the one at the driven or sensed end."""
    found, seen = np.empty_like(g), np.zeros(g.shape[1])
    for place in range(g.shape[0]):
        seen = seen + g[place]
        found[place] = 1 / (1 + ohm[place] * seen)
        seen = seen * found[place]
    return found

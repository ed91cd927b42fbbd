# SPDX-License-Identifier: BSD-3-Clause
"""Input voltages to every node's voltage and the columns' currents, by line sweeps.

Rows solved for given columns, then columns for given rows, and so on, is a fixed-point iteration; it is
that of block Gauss-Seidel, and slow where lines are long. Taken as a preconditioner of conjugate gradients
for the columns' voltages alone, the same sweep converges in few steps. With A the columns' own ladders,
C the rows' and G the cells, the equation is

    (A - G C^-1 G) w = G C^-1 b

where b are the currents of the sources; A^-1 and C^-1 are one pass there and one back along every line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ohmloop.errors import LimitError, NotConverged, ShapeError
from ohmloop.nodal import sweeps
from ohmloop.nodal.network import Floats, Network
from ohmloop.nodal.sweeps import Lines, Work

TOLERANCE: Final = 1e-11
"""Kirchhoff's own residual, currents that miss over those that the cells draw, is then below 1e-10."""
MOST_SWEEPS: Final = 2000
LANES: Final = 8
"""Vectors that are solved side by side where there are as many."""
Engine = Literal["auto", "numba", "numpy"]


@dataclass(frozen=True, eq=False)
class NodalSolution:
    """What Kirchhoff's laws give for vectors of input voltages.

    Attributes:
        row_volts: voltage of every cell's row side `[n, rows, columns]`.
        column_volts: voltage of every cell's column side `[n, rows, columns]`.
        currents: out of every column, ampere `[n, columns]`.
        residual: largest of the vectors' residuals: currents that miss at the columns' nodes over what the
            cells draw with the columns at ground, both weighed by the columns' resistance (root of power).
        sweeps: of rows and columns, most of any vector.
    """

    row_volts: Floats
    column_volts: Floats
    currents: Floats
    residual: float
    sweeps: int


class Passes(Protocol):
    """The passes of `sweeps`, or of `compiled`."""

    def shares(self, g: Floats, row_ohm: Floats, column_ohm: Floats) -> tuple[Floats, Floats]:
        """Returns what the lines pass on."""

    def start(self, lines: Lines, volts: Floats, work: Work) -> None:
        """Sets the residual."""

    def ascend(self, lines: Lines, work: Work, alpha: Floats, beta: Floats) -> None:
        """Takes a step and collects along columns."""

    def descend(self, lines: Lines, work: Work) -> tuple[Floats, Floats]:
        """Hands out along columns and answers along rows."""

    def finish(self, lines: Lines, work: Work, volts: Floats) -> Floats:
        """Writes the rows' voltages; returns the columns' currents."""


class Block(NamedTuple):
    """What a few vectors gave, rows driven at the left and columns sensed at the bottom.

    Voltages are `[rows, columns, lanes]`, the next block overwrites them; currents `[lanes, columns]`.
    """

    row_volts: Floats
    column_volts: Floats
    currents: Floats
    residual: float
    sweeps: int


def solve_network(
    network: Network, volts: ArrayLike, *, tolerance: float = TOLERANCE, engine: Engine = "auto"
) -> NodalSolution:
    """Solves a network for rows driven with `volts`, `[rows]` or `[n, rows]`.

    Args:
        network: the resistors.
        volts: at the rows' driven ends; the columns' sensed ends are at ground.
        tolerance: largest residual, at least 1e-14.
        engine: "numba", "numpy", or "auto": Numba where it can be imported.

    Raises:
        ShapeError: voltages are not as many as rows.
        LimitError: a voltage is not finite, or the tolerance is out of reach.
        NotConverged: the tolerance was not reached in 2,000 sweeps.
    """
    given = np.asarray(volts, dtype=np.float64)
    each = np.atleast_2d(given)
    if each.ndim != 2 or each.shape[1] != network.shape[0]:
        raise ShapeError(
            f"volts: shape {given.shape}, [n, {network.shape[0]}] expected",
            value=given.shape,
            limit=network.shape[0],
            where="volts",
        )
    if not np.isfinite(each).all():
        raise LimitError("a voltage is not finite", value=float("nan"), unit="V", where="volts")
    flips = network.flips
    u, w = (np.empty((each.shape[0], *network.shape)) for _ in range(2))
    currents, residual, count = np.empty((each.shape[0], network.shape[1])), 0.0, 0
    first = 0
    for block in solved_blocks(network, each[:, flips[0]], tolerance=tolerance, engine=engine):
        here = slice(first, first + len(block.currents))
        u[here] = np.moveaxis(block.row_volts, 2, 0)[:, *flips]
        w[here] = np.moveaxis(block.column_volts, 2, 0)[:, *flips]
        currents[here] = block.currents[:, flips[1]]
        residual, count = max(residual, block.residual), max(count, block.sweeps)
        first = here.stop
    return NodalSolution(u, w, currents, residual, count)


def solved_blocks(
    network: Network, volts: Floats, *, tolerance: float, engine: Engine = "auto"
) -> Iterator[Block]:
    """Yields what vectors of voltages `[n, rows]` give, a few at a time, the network turned.

    Raises:
        LimitError: the tolerance is out of reach.
        NotConverged: it was not reached.
    """
    if not 1e-14 <= tolerance < 1:
        raise LimitError("tolerance", value=tolerance, limit="1e-14 to 1", where="tolerance")
    plain = network.turned()
    row_ohm, column_ohm = np.ascontiguousarray(plain.row_ohm), np.ascontiguousarray(plain.column_ohm)
    shares = passes_for(1, engine).shares(plain.g_siemens, row_ohm, column_ohm)
    lines = Lines(plain.g_siemens, row_ohm, column_ohm, *shares)
    work: Work | None = None
    for first, last in _blocks(volts.shape[0]):
        lanes = 1 if last - first == 1 else LANES
        some = np.zeros((plain.shape[0], lanes))
        some[:, : last - first] = volts[first:last].T
        shape = (*plain.shape, lanes)
        if work is None or work.w.shape != shape:
            work = Work.empty(shape)
        else:
            work.clear()
        passes = passes_for(lanes, engine)
        residual, count = _conjugate_gradients(passes, lines, some, work, tolerance)
        currents, used = passes.finish(lines, work, some).T, slice(0, last - first)
        yield Block(work.back[..., used], work.w[..., used], currents[used], residual, count)


def _blocks(vectors: int) -> Iterator[tuple[int, int]]:
    """Yields first and one past the last of as many vectors as there are lanes; a few left go one by one."""
    whole = vectors - vectors % LANES if vectors % LANES <= LANES // 2 else vectors
    for first in range(0, whole, LANES):
        yield first, min(first + LANES, vectors)
    for first in range(whole, vectors):
        yield first, first + 1


def passes_for(lanes: int, engine: Engine) -> Passes:
    """Returns the compiled passes, or NumPy's where they are asked or Numba is not there."""
    if engine == "numpy":
        return sweeps
    try:
        from ohmloop.nodal.compiled import compiled_sweeps
    except ImportError:
        if engine == "numba":
            raise
        return sweeps
    return compiled_sweeps(lanes)


def _conjugate_gradients(
    passes: Passes, lines: Lines, volts: Floats, work: Work, tolerance: float
) -> tuple[float, int]:
    """Solves one block into `work.w`; returns the largest residual and the number of sweeps.

    The step's length follows from two products of the same pass (Chronopoulos and Gear, 1989). A lane that
    is done stands still: its alpha and beta are zero.
    """
    lanes = volts.shape[1]
    alpha, beta, power = np.zeros(lanes), np.zeros(lanes), np.ones(lanes)
    passes.start(lines, volts, work)
    whole = None
    for count in range(MOST_SWEEPS):
        passes.ascend(lines, work, alpha, beta)
        now, answered = passes.descend(lines, work)
        whole = now if whole is None else whole
        left = np.sqrt(now / np.where(whole > 0, whole, 1.0))
        busy = left > tolerance
        if not busy.any():
            return float(left.max()), count
        beta = np.where(busy & (alpha > 0), now / power, 0.0)
        drawn = now - answered - beta * now / np.where(alpha > 0, alpha, 1.0)
        alpha = np.where(busy & (drawn > 0), now / np.where(drawn > 0, drawn, 1.0), 0.0)
        power = np.where(busy, now, 1.0)
    raise NotConverged(
        f"residual {left.max():.2g} after {MOST_SWEEPS} sweeps, {tolerance:g} asked",
        value=float(left.max()),
        limit=tolerance,
        where="nodal solution",
    )

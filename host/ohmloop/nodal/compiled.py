# SPDX-License-Identifier: BSD-3-Clause
"""The passes of `sweeps`, compiled for a fixed number of lanes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np

from ohmloop.nodal.sweeps import Floats, Lines, Work

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False, "cache": True, "nogil": True}


class CompiledSweeps:
    """The functions of `sweeps`, by the same names, for arrays of `lanes` lanes."""

    def __init__(self, lanes: int) -> None:
        self._start, self._ascend, self._descend, self._finish = (
            make(lanes) for make in (_start, _ascend, _descend, _finish)
        )
        self._lanes = lanes

    def shares(self, g: Floats, row_ohm: Floats, column_ohm: Floats) -> tuple[Floats, Floats]:
        """See `sweeps.shares`."""
        along_rows, along_columns = np.empty_like(g), np.empty_like(g)
        _shares(g, row_ohm, column_ohm, along_rows, along_columns)
        return along_rows, along_columns

    def start(self, lines: Lines, volts: Floats, work: Work) -> None:
        """See `sweeps.start`."""
        self._start(lines.g, lines.row_share, volts, work.residual)

    def ascend(self, lines: Lines, work: Work, alpha: Floats, beta: Floats) -> None:
        """See `sweeps.ascend`."""
        self._ascend(
            lines.column_share, work.w, work.residual, work.step, work.pull, work.fall, work.back, alpha, beta
        )

    def descend(self, lines: Lines, work: Work) -> tuple[Floats, Floats]:
        """See `sweeps.descend`."""
        power, answered = np.zeros((2, lines.g.shape[1], self._lanes))
        self._descend(_arrays(lines), work.residual, work.fall, work.back, power, answered)
        return power.sum(axis=0), answered.sum(axis=0)

    def finish(self, lines: Lines, work: Work, volts: Floats) -> Floats:
        """See `sweeps.finish`."""
        currents = np.zeros((lines.g.shape[1], self._lanes))
        self._finish(_arrays(lines), work.w, volts, work.back, currents)
        return currents


def _arrays(lines: Lines) -> tuple[Floats, ...]:
    return lines.g, lines.row_share, lines.row_ohm, lines.column_share, lines.column_ohm


@cache
def compiled_sweeps(lanes: int) -> CompiledSweeps:
    """Returns the passes for so many lanes; the first call of a machine compiles them, later ones load."""
    return CompiledSweeps(lanes)


@numba.njit(**_OPTIONS)
def _shares(g, row_ohm, column_ohm, along_rows, along_columns):  # type: ignore[no-untyped-def]
    rows, columns = g.shape
    above = np.zeros(columns)
    for r in range(rows):
        behind = 0.0
        for c in range(columns - 1, -1, -1):
            behind += g[r, c]
            along_rows[r, c] = 1 / (1 + row_ohm[c] * behind)
            behind *= along_rows[r, c]
        for c in range(columns):
            seen = above[c] + g[r, c]
            along_columns[r, c] = 1 / (1 + column_ohm[r] * seen)
            above[c] = seen * along_columns[r, c]


def _start(lanes: int) -> Callable[..., None]:
    def start(g, share, volts, residual):  # type: ignore[no-untyped-def]
        rows, columns = g.shape
        for r in range(rows):
            passed = 1.0
            for c in range(columns):
                passed *= share[r, c]
                for k in range(lanes):
                    residual[r, c, k] = g[r, c] * passed * volts[r, k]

    kernel: Callable[..., None] = numba.njit(**_OPTIONS)(start)
    return kernel


def _ascend(lanes: int) -> Callable[..., None]:
    def ascend(share, w, residual, step, pull, fall, back, alpha, beta):  # type: ignore[no-untyped-def]
        rows, columns = share.shape
        for r in range(rows):
            for c in range(columns):
                passed = share[r - 1, c] if r else 0.0
                for k in range(lanes):
                    direction = fall[r, c, k] + beta[k] * step[r, c, k]
                    drawn = residual[r, c, k] - back[r, c, k] + beta[k] * pull[r, c, k]
                    left = residual[r, c, k] - alpha[k] * drawn
                    step[r, c, k] = direction
                    pull[r, c, k] = drawn
                    w[r, c, k] += alpha[k] * direction
                    residual[r, c, k] = left
                    fall[r, c, k] = left + passed * fall[max(r - 1, 0), c, k]

    kernel: Callable[..., None] = numba.njit(**_OPTIONS)(ascend)
    return kernel


def _descend(lanes: int) -> Callable[..., None]:
    row = _row(lanes)

    def descend(lines, residual, fall, back, power, answered):  # type: ignore[no-untyped-def]
        g, row_share, row_ohm, share, ohm = lines
        rows, columns = g.shape
        grounded = np.zeros(lanes)
        for r in range(rows - 1, -1, -1):
            above = fall[min(r + 1, rows - 1)]
            passed = 1.0 if r < rows - 1 else 0.0
            for c in range(columns):
                for k in range(lanes):
                    fall[r, c, k] = share[r, c] * (passed * above[c, k] + ohm[r] * fall[r, c, k])
                    # One sum a column: they do not wait for one another.
                    power[c, k] += residual[r, c, k] * fall[r, c, k]
            row(g[r], row_share[r], row_ohm, fall[r], grounded, back[r])
            for c in range(columns):
                for k in range(lanes):
                    back[r, c, k] *= g[r, c]
                    answered[c, k] += fall[r, c, k] * back[r, c, k]

    kernel: Callable[..., None] = numba.njit(**_OPTIONS)(descend)
    return kernel


def _finish(lanes: int) -> Callable[..., None]:
    row = _row(lanes)

    def finish(lines, w, volts, u, currents):  # type: ignore[no-untyped-def]
        g, row_share, row_ohm, _, _ = lines
        for r in range(g.shape[0]):
            row(g[r], row_share[r], row_ohm, w[r], volts[r], u[r])
            for c in range(g.shape[1]):
                for k in range(lanes):
                    currents[c, k] += g[r, c] * (u[r, c, k] - w[r, c, k])

    kernel: Callable[..., None] = numba.njit(**_OPTIONS)(finish)
    return kernel


def _row(lanes: int) -> Callable[..., None]:
    def row(g, share, ohm, w, volts, u):  # type: ignore[no-untyped-def]
        last = g.size - 1
        for k in range(lanes):
            u[last, k] = g[last] * w[last, k]
        for c in range(last - 1, -1, -1):
            for k in range(lanes):
                u[c, k] = g[c] * w[c, k] + share[c + 1] * u[c + 1, k]
        for k in range(lanes):
            u[0, k] = share[0] * (volts[k] + ohm[0] * u[0, k])
        for c in range(1, last + 1):
            for k in range(lanes):
                u[c, k] = share[c] * (u[c - 1, k] + ohm[c] * u[c, k])

    part: Callable[..., None] = numba.njit(error_model="numpy", boundscheck=False)(row)
    return part

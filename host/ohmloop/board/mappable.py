# SPDX-License-Identifier: BSD-3-Clause
"""The mapping procedures as methods of an array; they live in `ohmloop.mapping`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohmloop.board.window import Unpicklable, Window

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ohmloop.board.board import Board
    from ohmloop.mapping import ConductanceMap, Journal
    from ohmloop.mapping.steps import Progress


class Mappable(Unpicklable):
    """What a Macro says of its cells' conductances."""

    _board: Board

    def map(
        self,
        window: Window | None = None,
        *,
        method: str = "auto",
        samples: int = 4,
        order: int | None = None,
        mask: ArrayLike | None = None,
        read_v: float | None = None,
        calibration: Any = None,
        accept_mismatch: bool = False,
        earlier: ConductanceMap | None = None,
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> ConductanceMap:
        """Measures what the cells of a window conduct; gives no pulse (docs/mapping.md).

        Args:
            window: cells of this macro; all by default.
            method: "onehot" reads one row at a time, "multiplexed" half of them under S-matrix patterns,
                "auto" what has the smaller predicted variance.
            samples: readings of each cell, or passes of the patterns: a power of two up to 1024.
            order: of the patterns, 2^k - 1 or a prime that is 3 modulo 4; the smallest possible by default.
            mask: bool `[rows, columns]`, true for cells to leave out; lines left out whole are not driven.
            read_v: voltage on the rows, volts; the profile's nominal one by default.
            calibration: an `ohmloop.calibration.Calibration`; without one the profile's nominal gains hold.
            accept_mismatch: take a calibration that does not match; the map then says so.
            earlier: a map of the same cells, so that cells that were formed then can be told as stuck.
            journal: keeps every step, and knows those of an interrupted run.
            progress: called with conversions done and expected.

        Raises:
            LimitError, ShapeError: an argument is wrong; nothing was sent.
            CalibrationMismatch, CalibrationExpired: the calibration is not of this board; nothing was sent.
        """
        from ohmloop.mapping import measure_map

        return measure_map(
            self,  # type: ignore[arg-type]
            window,
            method=method,
            samples=samples,
            order=order,
            mask=mask,
            read_v=read_v,
            calibration=calibration,
            accept_mismatch=accept_mismatch,
            earlier=earlier,
            journal=journal,
            progress=progress,
        )

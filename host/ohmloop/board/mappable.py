# SPDX-License-Identifier: BSD-3-Clause
"""The mapping procedures as methods of an array; they live in `ohmloop.mapping`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohmloop.board.window import Unpicklable, Window

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ohmloop.board.board import Board
    from ohmloop.board.watching import Watch
    from ohmloop.mapping import ConductanceMap, ContactReport
    from ohmloop.mapping.steps import Progress


class Mappable(Unpicklable):
    """What a Macro says of its cells' conductances."""

    _board: Board

    def map(
        self,
        window: Window | None = None,
        *,
        method: str | None = None,
        samples: int | None = None,
        order: int | None = None,
        mask: ArrayLike | None = None,
        read_v: float | None = None,
        calibration: Any = None,
        accept_mismatch: bool = False,
        earlier: ConductanceMap | None = None,
        progress: Progress | None = None,
        watch: Watch | None = None,
        resume: int | None = None,
    ) -> ConductanceMap:
        """Measures what the cells of a window conduct; gives no pulse (docs/mapping.md).

        On a chip with a name it is a job of the registry, journaled step by step; its map and the cells'
        health are kept there.

        Args:
            window: cells of this macro; all by default.
            method: "onehot" reads one row at a time, "multiplexed" half of them under S-matrix patterns,
                "auto", the default, what has the smaller predicted variance.
            samples: readings of each cell, or passes of the patterns: a power of two up to 1024, by
                default 4.
            order: of the patterns, 2^k - 1 or a prime that is 3 modulo 4; the smallest possible by default.
            mask: bool `[rows, columns]`, true for cells to leave out; lines left out whole are not driven.
            read_v: voltage on the rows, volts; the profile's nominal one by default.
            calibration: an `ohmloop.calibration.Calibration`; without one the profile's nominal gains hold.
            accept_mismatch: take a calibration that does not match; the map then says so.
            earlier: a map of the same cells of this chip: cells that were formed then can be told as stuck.
            progress: called with conversions done and expected.
            watch: what `ohmloop.calibration.watch_drift` returned: looked at before, during and after
                the map; its calibration is used where none is given.
            resume: number of an interrupted map's job: it goes on, with the window and plan it had; what of
                both is given here must be the same.

        Raises:
            LimitError, ShapeError: an argument is wrong; nothing was sent.
            MapError: `earlier` is of another chip or macro, and that is not accepted; nothing was sent.
            CalibrationMismatch, CalibrationExpired: the calibration is not of this board; nothing was sent.
            NotCalibrated: it holds nothing of the converters; nothing was sent.
            CalibrationExpired: the watch saw drift and its policy is to stop; the job is interrupted.
            MapError: a job begun with a calibration is resumed without one, or with another window, mask,
                method, `samples`, `order` or `read_v` than it was begun with.
        """
        from ohmloop.mapping import map_macro

        return map_macro(
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
            progress=progress,
            watch=watch,
            resume=resume,
        )

    def check_contact(
        self,
        window: Window | None = None,
        *,
        read_v: float = 0.05,
        short_siemens: float | None = None,
        progress: Progress | None = None,
    ) -> ContactReport:
        """Reads every cell of a window at a low voltage and tells good lines from short and open ones.

        FORM on a chip with a name is refused on lines that have not passed. What is found goes to the board
        and, for a chip with a name, to the registry; gives no pulse.

        Args:
            window: its lines are tested; all by default.
            read_v: voltage on the rows, volts.
            short_siemens: conductance from which a cell counts as shorted; 1.25 times the largest formed one
                of the profile by default.
            progress: called with conversions done and expected.

        Raises:
            LimitError, ShapeError: an argument is wrong; nothing was sent.
        """
        from ohmloop.mapping import check_contact

        return check_contact(
            self,  # type: ignore[arg-type]
            window,
            read_v=read_v,
            short_siemens=short_siemens,
            progress=progress,
        )

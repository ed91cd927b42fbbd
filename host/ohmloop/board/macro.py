# SPDX-License-Identifier: BSD-3-Clause
"""One array of a board: windows of it are formed, reset, read and multiplied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import MAX_INPUT_BITS, Pulse
from ohmloop.board import cells, readings
from ohmloop.board.core import Core
from ohmloop.board.mappable import Mappable
from ohmloop.board.matvec import Matvec
from ohmloop.board.programmable import Programmable
from ohmloop.board.pulses import PulseShape, run_pulses
from ohmloop.board.results import FormResult, MacResult, ReadResult, ResetResult
from ohmloop.board.selfcal import SelfCalibrating
from ohmloop.board.window import Key, Window, chosen_lines, split_key
from ohmloop.errors import ShapeError
from ohmloop.profile import Profile

if TYPE_CHECKING:
    from ohmloop.board.board import Board


class Macro(Matvec, Mappable, Programmable, SelfCalibrating):
    """An array of `rows` driven lines and `columns` sensed lines.

    Every argument is checked before anything is sent; what is refused has driven nothing.
    """

    def __init__(self, board: Board, core: Core, index: int) -> None:
        self._board = board
        self._core = core
        self._index = index
        self._geometry = core.identity.macros[index]

    @property
    def board(self) -> Board:
        """The board it is on."""
        return self._board

    @property
    def index(self) -> int:
        """Its number on the board."""
        return self._index

    @property
    def rows(self) -> int:
        """Driven lines."""
        return self._geometry.rows

    @property
    def columns(self) -> int:
        """Sensed lines."""
        return self._geometry.columns

    @property
    def shape(self) -> tuple[int, int]:
        """`(rows, columns)`."""
        return self.rows, self.columns

    @property
    def ranges(self) -> int:
        """Number of current ranges; 0 is the coarsest."""
        return self._geometry.ranges

    @property
    def input_bits(self) -> int:
        """Most bits of an input code."""
        return min(self._geometry.input_bits, MAX_INPUT_BITS)

    @property
    def is_emulated(self) -> bool:
        """It is no chip."""
        return self._core.emulated

    @property
    def profile(self) -> Profile:
        """What chip it is taken for."""
        return self._core.profile

    def __getitem__(self, key: Key) -> Window:
        """Returns a window: `macro[rows, columns]`, each a slice, integers or a mask, as in NumPy.

        The order of the lines is kept: results and inputs follow it.

        Raises:
            LimitError: a line is outside the macro or named twice (a slice too is refused, not clipped).
            ShapeError: the key is no index, or chooses nothing.
        """
        rows, columns = split_key(key)
        return Window(
            self, chosen_lines(rows, self.rows, "row"), chosen_lines(columns, self.columns, "column")
        )

    # Reading

    def mac(
        self,
        x_codes: ArrayLike,
        window: Window,
        *,
        bits: int = 8,
        raw: bool = False,
        range: int | None = None,
        averages: int = 1,
        subtract_pairs: bool = False,
        read_v: float | None = None,
        operation_index: int | None = None,
    ) -> MacResult:
        """Multiplies input vectors by the conductances of a window, bit plane by bit plane.

        Args:
            x_codes: integers `[n, rows]`, magnitudes below 2^bits; negative ones drive their row at -V.
            window: cells of this macro.
            bits: bit planes, 1 to 8.
            raw: one untouched code a bit plane, `[n, bits, columns]`, instead of their weighted sum.
            range: current range, 0 the coarsest. None: the finest that the rows that are on in any of
                these vectors cannot saturate; so name one where results of several calls are compared.
            averages: readings that are summed on the board, a power of two up to 128.
            subtract_pairs: column 2j minus column 2j+1 of the window, after the on-board corrections.
            read_v: voltage on the rows, volts; the profile's nominal one by default. 0 is a dark reading:
                what the converters give with the array connected and nothing driven.
            operation_index: of the first vector; the next of this session by default. The same index
                gives the same noise, whatever the batching.

        Returns:
            ADC codes, int32 `[n, columns]`, with what was saturated.

        Raises:
            ShapeError, LimitError: nothing was sent.
        """
        window = self._own(window)
        return readings.mac(
            self._core,
            window,
            x_codes,
            bits=bits,
            raw=raw,
            range_index=range,
            averages=averages,
            subtract_pairs=subtract_pairs,
            read_v=read_v,
            operation_index=operation_index,
        )

    def read_adc_codes(
        self,
        window: Window,
        *,
        range: int | None = None,
        averages: int = 1,
        read_v: float | None = None,
        operation_index: int | None = None,
    ) -> ReadResult:
        """Reads every cell of a window, one row on at a time, as one command stream.

        Arguments are as in `mac`; range None is the finest that one cell cannot saturate.

        Returns:
            ADC codes, int32 `[rows, columns]`.
        """
        return readings.cells(
            self._core,
            self._own(window),
            range_index=range,
            averages=averages,
            read_v=read_v,
            operation_index=operation_index,
        )

    def read_reference(
        self,
        level: int,
        window: Window | None = None,
        *,
        n: int = 1,
        range: int | None = None,
        averages: int = 1,
        operation_index: int | None = None,
    ) -> MacResult:
        """Reads the reference input, selected in place of the array, `n` times.

        Args:
            level: signed level; one level is the profile's `reference.unit` of conductance.
            window: its columns are sensed; all by default.
            n: number of readings.
            range: current range; None: the finest that the level cannot saturate.
            averages: as in `mac`.
            operation_index: as in `mac`.

        Returns:
            ADC codes, int32 `[n, columns]`.

        Raises:
            Refused: the board has no reference input.
        """
        return readings.reference(
            self._core,
            self._own(self[:, :] if window is None else window),
            level,
            n=n,
            range_index=range,
            averages=averages,
            operation_index=operation_index,
        )

    # Pulses

    def form(
        self,
        window: Window,
        *,
        voltage_v: float,
        gate_v: float,
        width_s: float,
        pulses: int = 1,
        operation_index: int | None = None,
    ) -> FormResult:
        """Forms the pristine cells of a window by dielectric breakdown; needs `board.armed()`.

        All columns of a row are pulsed at once, row after row.

        Args:
            window: cells of this macro.
            voltage_v: across the cells, volts.
            gate_v: on the selectors, volts: it sets the compliance, so it has no default.
            width_s: of one pulse, seconds.
            pulses: pulses a row.
            operation_index: of the first pulse of every row; the next of this session by default.

        Raises:
            LimitError, ShapeError: outside the chip's or the permission's limits; nothing was driven.
            NotArmed, ContactNotPassed: not permitted, or its lines not checked; nothing was driven.
            Aborted: stopped; says how many pulses were given.
        """
        shape = PulseShape(voltage_v, gate_v, width_s, pulses, operation_index)
        return run_pulses(self._core, self._own(window), Pulse.FORM, shape, FormResult)

    def reset(
        self,
        window: Window,
        *,
        voltage_v: float,
        gate_v: float,
        width_s: float,
        pulses: int = 1,
        operation_index: int | None = None,
    ) -> ResetResult:
        """Lowers the conductance of the formed cells of a window; needs `board.armed()`; as `form`."""
        shape = PulseShape(voltage_v, gate_v, width_s, pulses, operation_index)
        return run_pulses(self._core, self._own(window), Pulse.RESET, shape, ResetResult)

    # Codes

    def siemens_to_g_codes(self, siemens: ArrayLike) -> NDArray[np.uint16]:
        """Returns the nearest conductance codes, same shape; raises LimitError outside their span."""
        return self.profile.siemens_to_g_codes(siemens)

    def g_codes_to_siemens(self, g_codes: ArrayLike) -> NDArray[np.float64]:
        """Returns the conductances of codes, siemens, same shape."""
        return self.profile.g_codes_to_siemens(g_codes)

    # Emulated macros only

    def load_g_codes(self, g_codes: ArrayLike, window: Window) -> None:
        """Writes the cells of an emulated macro, integers 0 .. 1023 `[rows, columns]`; raises NotEmulated."""
        cells.load(self._core, self._own(window), g_codes)

    def dump_g_codes(self, window: Window) -> NDArray[np.uint16]:
        """Returns the cells of an emulated macro as they are, `[rows, columns]`; raises NotEmulated."""
        return cells.dump(self._core, self._own(window))

    def load_position_factors(self, rows: ArrayLike, columns: ArrayLike, window: Window) -> None:
        """Gives the lines of an emulated macro factors of line resistance.

        Args:
            rows: factor of every row of the window, `[rows]`; all ones switches the effect off.
            columns: factor of every column, `[columns]`.
            window: the lines; every other line of the macro gets one.

        Raises:
            NotEmulated: the macro is a chip.
            LimitError, ShapeError: a factor is not finite, is outside 0 .. 4, or their number is wrong.
        """
        cells.load_position_factors(self._core, self._own(window), rows, columns)

    def _own(self, window: Any) -> Window:
        if not isinstance(window, Window) or window.macro is not self:
            raise ShapeError(
                f"window: {window!r} is no window of this macro; index it: macro[rows, columns]",
                value=repr(window),
                where="window",
            )
        return window

    def __repr__(self) -> str:
        mark = "EMULATED " if self.is_emulated else ""
        return f"{mark}Macro {self.index} ({self.rows} x {self.columns}, {self.profile.name})"

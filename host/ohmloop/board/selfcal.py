# SPDX-License-Identifier: BSD-3-Clause
"""Converters read by the board's firmware: mean and spread of every channel, two numbers a channel back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode, Register
from ohmloop.board.core import NO_CORE, Core
from ohmloop.board.limits import whole
from ohmloop.board.readings import MAX_LEVEL, reference_unit
from ohmloop.board.results import Conditions
from ohmloop.board.window import Window
from ohmloop.link.messages import ReferenceRequest, SelfcalReply

MOST_READINGS = 0xFFFF


@dataclass(frozen=True, slots=True)
class SelfcalResult:
    """Readings of the reference input, by channel.

    Attributes:
        mean_adc_codes: float64 `[channels]`.
        standard_deviation_adc_codes: of one reading, float64 `[channels]`; NaN with one reading.
        readings: of each channel.
        saturated: saturated readings of all channels.
        level: of the reference.
        range: current range.
        columns: the channels.
        conditions: under what they were taken.
    """

    mean_adc_codes: NDArray[np.float64]
    standard_deviation_adc_codes: NDArray[np.float64]
    readings: int
    saturated: int
    level: int
    range: int
    columns: NDArray[np.intp]
    conditions: Conditions

    @property
    def standard_uncertainty_adc_codes(self) -> NDArray[np.float64]:
        """Standard uncertainty of every mean, `[channels]`."""
        return np.asarray(self.standard_deviation_adc_codes / np.sqrt(self.readings))

    def __repr__(self) -> str:
        return (
            f"{self.conditions.mark}SelfcalResult({self.columns.size} channels, {self.readings} readings, "
            f"level {self.level}, range {self.range}, {self.saturated} saturated)"
        )


class SelfCalibrating:
    """What a macro does for its own converters."""

    _core: Core
    _index: int

    def adc_selfcal(
        self,
        level: int,
        window: Window | None = None,
        *,
        n: int = 256,
        range: int = 0,
        operation_index: int | None = None,
    ) -> SelfcalResult:
        """Reads the reference input `n` times on the board and returns mean and spread of every channel.

        The same readings as `read_reference` makes, but only sums and sums of squares cross the wire.

        Args:
            level: signed level; one level is the profile's `reference.unit` of conductance.
            window: its columns are the channels; all by default.
            n: readings of each channel, 1 to 65535.
            range: current range, 0 the coarsest.
            operation_index: of the first reading; the next of this session by default.

        Raises:
            LimitError: an argument is outside its range; nothing was sent.
            Refused: the board has no reference input, or no firmware.
            ReadOnlyBoard: the board only reads.
        """
        self._core.require_more_than_reading("adc_selfcal", f"{NO_CORE}, read_reference reads the converters")
        chosen = self[:, :] if window is None else self._own(window)
        core, lineup, readings = (
            self._core,
            chosen.column_lineup,
            whole(n, "n", lowest=1, highest=MOST_READINGS),
        )
        reference_unit(core)
        request = ReferenceRequest(
            Opcode.ADC_SELFCAL,
            self._index,
            lineup.axis,
            core.limits.voltage_code(core.profile.read_v, Register.LIMIT_READ_V, "read_v"),
            core.take_indices(readings, operation_index),
            whole(level, "level", lowest=-MAX_LEVEL, highest=MAX_LEVEL),
            readings,
            range=whole(range, "range", highest=core.identity.macros[self._index].ranges - 1),
        )
        reply = core.call(Opcode.ADC_SELFCAL, request.encode(), request.largest_reply_words, "adc_selfcal")
        found = SelfcalReply.decode(reply.payload, lineup.ascending.size)
        back = slice(None) if lineup.back is None else lineup.back
        mean, spread = _moments(found, readings)
        return SelfcalResult(
            mean[back], spread[back], readings, found.saturated, request.level, request.range,
            chosen.columns, core.conditions(request.operation_index, found.cycles),
        )  # fmt: skip

    if TYPE_CHECKING:

        def __getitem__(self, key: Any) -> Window: ...

        def _own(self, window: Any) -> Window: ...


def _moments(found: SelfcalReply, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns mean and standard deviation of one reading, from exact sums: differences before rounding."""
    sums, squares = (part.astype(object) for part in (found.sums, found.squares))
    excess = np.array([int(q) * n - int(s) ** 2 for s, q in zip(sums, squares, strict=True)], np.float64)
    mean = found.sums / n
    if n == 1:
        return mean, np.full(mean.shape, np.nan)
    return mean, np.sqrt(excess / (n * (n - 1)))

# SPDX-License-Identifier: BSD-3-Clause
"""ADC codes to siemens: by the profile's nominal gains, or by a calibration of this board."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.watching import JobWatch

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window

Floats = NDArray[np.float64]
Lines = NDArray[np.intp]

FULL_SCALE_PART: Final = 0.5
"""Where in a range the relative uncertainty of a calibrated gain is taken."""


class Scale(Protocol):
    """What turns codes of sense channels into the conductance that they see."""

    @property
    def source(self) -> str:
        """Where the gains come from, for provenance."""

    def siemens(self, codes: Floats, range_index: int, columns: Lines) -> Floats:
        """Returns the conductances of mean codes `[..., columns]`, siemens; offsets are still in them."""

    def straight(self, codes: Floats, range_index: int, columns: Lines) -> Floats | None:
        """Returns what codes `[..., columns]` would be with nominal gains and no bend; None: nothing known.

        It holds for codes taken now: after a watch had the converters measured again, others hold.
        """

    def code_siemens(self, range_index: int) -> float:
        """Returns the conductance of one code, siemens."""

    def channel_part(self, range_index: int, columns: Lines) -> Floats:
        """Returns the relative standard uncertainty of each channel's gain, `[columns]`."""

    def board_part(self, range_index: int, columns: Lines) -> Floats:
        """Returns the relative standard uncertainty common to the board, `[columns]`."""

    def behind_lines(self, siemens: Floats, window: Window) -> Any:
        """Returns the cells with the resistance of lines taken out, None where it is not known.

        It has `siemens`, `passed`, `board` and `told` (docs/calibration.md, lines).
        """


@dataclass(frozen=True, slots=True)
class NominalScale:
    """The gains that the profile names; their spread is the uncertainty where channels spread.

    Attributes:
        macro: the array.
        drive: read voltage over the nominal one.
    """

    macro: Macro
    drive: float

    @property
    def source(self) -> str:
        """Says that nothing was calibrated."""
        return f"nominal gains of profile {self.macro.profile.name}, not calibrated"

    def siemens(self, codes: Floats, range_index: int, columns: Lines) -> Floats:
        """Returns the conductances of mean codes; see Scale."""
        return np.asarray(codes * self.code_siemens(range_index))

    def straight(self, codes: Floats, range_index: int, columns: Lines) -> None:
        """Returns None: the converters are not known."""

    def code_siemens(self, range_index: int) -> float:
        """Returns the conductance of one code, siemens."""
        return self.macro.profile.siemens_per_adc_code(range_index) / self.drive

    def channel_part(self, range_index: int, columns: Lines) -> Floats:
        """Returns the profile's spread of channels; none where an emulated front end has it off."""
        channels = self.macro.profile.chip.front_end.channels
        spread = channels.gain_spread.value if channels.enabled or not self.macro.is_emulated else 0.0
        return np.full(columns.size, spread)

    def board_part(self, range_index: int, columns: Lines) -> Floats:
        """Returns how well the profile says that its nominal gains are known; zeros where it says nothing."""
        known = self.macro.profile.chip.front_end.channels.scale_uncertainty
        return np.full(columns.size, 0.0 if known is None else known.value)

    def behind_lines(self, siemens: Floats, window: Window) -> None:
        """Returns None: the lines are not known."""


@dataclass(frozen=True, slots=True)
class CalibratedScale:
    """Gains, offsets and INL of a calibration (docs/calibration.md).

    Attributes:
        first: an `ohmloop.calibration.Calibration` that fits the board.
        nominal: the scale without it.
        remarks: what the user let pass when it did not fit.
        watch: may have the converters measured again.
    """

    first: Any
    nominal: NominalScale
    remarks: tuple[str, ...] = ()
    watch: JobWatch = field(default_factory=JobWatch)

    @property
    def calibration(self) -> Any:
        """What holds now."""
        return self.first if self.watch.calibration is None else self.watch.calibration

    @property
    def source(self) -> str:
        """Names the calibrations, and what did not match."""
        names = dict.fromkeys((self.first.name, self.calibration.name))
        return "; ".join((f"calibrated by {', then '.join(names)}", *self.remarks))

    def siemens(self, codes: Floats, range_index: int, columns: Lines) -> Floats:
        """Returns the conductances of mean codes, INL removed; see Scale."""
        seen = self.calibration.siemens(codes, range_index=range_index, columns=columns)
        return np.asarray(seen.values / self.nominal.drive, dtype=np.float64)

    def straight(self, codes: Floats, range_index: int, columns: Lines) -> Floats:
        """Returns codes as ideal converters would give them; see Scale."""
        return self.siemens(codes, range_index, columns) / self.code_siemens(range_index)

    def code_siemens(self, range_index: int) -> float:
        """Returns the nominal conductance of one code, siemens: good enough for its noise."""
        return self.nominal.code_siemens(range_index)

    def channel_part(self, range_index: int, columns: Lines) -> Floats:
        """Returns the calibration's channel part, relative; see Scale."""
        seen = self._at_half_scale(range_index, columns)
        return np.asarray(np.abs(seen.channel / seen.values), dtype=np.float64)

    def board_part(self, range_index: int, columns: Lines) -> Floats:
        """Returns the calibration's board part, relative; see Scale."""
        seen = self._at_half_scale(range_index, columns)
        return np.asarray(np.abs(seen.board / seen.values), dtype=np.float64)

    def behind_lines(self, siemens: Floats, window: Window) -> Any:
        """Returns the cells with the resistance of lines taken out; see Scale."""
        shape = self.nominal.macro.shape
        return self.calibration.behind_lines(siemens, rows=window.rows, columns=window.columns, shape=shape)

    def _at_half_scale(self, range_index: int, columns: Lines) -> Any:
        codes = np.full(columns.size, FULL_SCALE_PART * self.nominal.macro.profile.adc_bound)
        return self.calibration.siemens(codes, range_index=range_index, columns=columns)

# SPDX-License-Identifier: BSD-3-Clause
"""Readings of known conductances to gain, offset and INL of every sense channel: the fit, no I/O."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SWEEPS: Final = 4
SMOOTHING: Final = 1e-2
"""Weight of the bend curve's second differences against its data: only knots that saw nothing feel it."""

TOO_CLOSE: Final = 0.4
ROUNDING: Final = math.sqrt(1 / 12)
"""Standard deviation of rounding, codes."""


@dataclass(frozen=True, eq=False)
class Bend:
    """The converters' integral non-linearity: codes at knots of ideal code, linear between them.

    Offset and slope of the curve are zero over the knots that were seen: they belong to the channels.
    """

    knots: Floats
    codes: Floats
    uncertainty: Floats

    def at(self, ideal: Floats) -> Floats:
        """Returns the bend at ideal codes, codes, same shape."""
        return np.asarray(np.interp(ideal, self.knots, self.codes))

    def uncertainty_at(self, ideal: Floats) -> Floats:
        """Returns its standard uncertainty, codes, same shape; correlated over channels."""
        return np.asarray(np.interp(ideal, self.knots, self.uncertainty))

    @property
    def rms(self) -> float:
        """Root mean square over the knots, codes."""
        return float(np.sqrt(np.mean(self.codes**2)))

    @property
    def is_seen(self) -> bool:
        """It is larger than its own uncertainty explains."""
        return self.rms > 3 * float(np.sqrt(np.mean(self.uncertainty**2)))


class Wander(NamedTuple):
    """Slow fluctuation of gains, relative standard deviations: in one pass, of the mean of all passes."""

    one_pass: float = 0.0
    mean: float = 0.0


STEADY: Final = Wander()


@dataclass(frozen=True, eq=False)
class LevelReadings:
    """What one range showed of known conductances.

    Attributes:
        siemens: applied, both polarities `[levels]`.
        codes: mean codes of `readings` readings `[levels, columns]`.
        variance: of one reading, codes squared `[columns]`.
        saturated: a reading was at the converter's limit `[columns]`.
        mean_variance: of the mean code of a level, by its repeats, codes squared `[columns]`.
        wander: of the gains while all levels were read.
    """

    siemens: Floats
    codes: Floats
    variance: Floats
    saturated: Mask
    readings: int
    mean_variance: Floats
    wander: Wander = STEADY

    def part(self, levels: slice) -> LevelReadings:
        """Returns the readings of some of the levels; what the passes say is of all."""
        return replace(self, siemens=self.siemens[levels], codes=self.codes[levels])


@dataclass(frozen=True, eq=False)
class Fit:
    """Lines `code = offset + gain * siemens + bend`, one a channel and range, `[ranges, columns]`.

    Attributes:
        gain: codes per siemens.
        offset: codes.
        gain_u: standard uncertainty of the gain, own of every channel.
        gain_common_u: the same, common to all channels: what the bend left.
        offset_u: standard uncertainty of the offset, own of every channel.
        offset_common_u: the same, common to all channels.
        noise: standard deviation of one reading that repeats remove, codes.
        granularity: scatter of mean codes about the fit that repeats do not remove: quantisation, codes.
        scatter: of mean codes about the fit, codes.
    """

    gain: Floats
    offset: Floats
    gain_u: Floats
    gain_common_u: Floats
    offset_u: Floats
    offset_common_u: Floats
    noise: Floats
    granularity: Floats
    scatter: Floats
    bend: Bend

    def predict(self, range_index: int, siemens: Floats) -> Floats:
        """Returns mean codes `[levels, columns]` of conductances `[levels]`."""
        ideal = self.gain[range_index] * siemens[:, None]
        return np.asarray(ideal + self.offset[range_index] + self.bend.at(ideal))


def fit_channels(ranges: Sequence[LevelReadings], *, good: Mask, knots: int, full: float) -> Fit:
    """Fits every channel's line and the bend that they share.

    Args:
        ranges: readings of each range, three levels at least.
        good: `[ranges, columns]` channels that shape the bend and the pooled figures.
        knots: of the bend over -full .. full; 0: the converters are taken as straight.
        full: largest magnitude of a code.

    Returns:
        The fit; the bend has neither slope nor offset of its own.
    """
    bend = Bend(np.array([-full, full]), np.zeros(2), np.zeros(2))
    lines = [_line(one, one.codes) for one in ranges]
    for _ in range(SWEEPS if knots else 0):
        ideals = [line.gain * one.siemens[:, None] for one, line in zip(ranges, lines, strict=True)]
        straight = [
            one.codes - line.offset - ideal for one, line, ideal in zip(ranges, lines, ideals, strict=True)
        ]
        seen = [np.broadcast_to(mask, ideal.shape) for mask, ideal in zip(good, ideals, strict=True)]
        levels = [
            np.broadcast_to(np.arange(one.siemens.size)[:, None], ideal.shape)
            for one, ideal in zip(ranges, ideals, strict=True)
        ]
        starts = np.cumsum([0, *(one.siemens.size for one in ranges)])
        bend = _bend(
            np.concatenate([ideal[mask] for ideal, mask in zip(ideals, seen, strict=True)]),
            np.concatenate([rest[mask] for rest, mask in zip(straight, seen, strict=True)]),
            np.concatenate(
                [start + one[mask] for start, one, mask in zip(starts, levels, seen, strict=False)]
            ),
            np.linspace(-full, full, knots),
        )
        lines = [_line(one, one.codes - bend.at(ideal)) for one, ideal in zip(ranges, ideals, strict=True)]
    shaped = knots / len(ranges)
    parts = [
        _uncertainties(one, line, mask, shaped) for one, line, mask in zip(ranges, lines, good, strict=True)
    ]
    columns = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    return Fit(
        gain=np.stack([line.gain for line in lines]),
        offset=np.stack([line.offset for line in lines]),
        bend=bend,
        **columns,
    )


class _Line(NamedTuple):
    gain: Floats
    offset: Floats
    residual: Floats


def _line(one: LevelReadings, codes: Floats) -> _Line:
    """Returns every channel's least-squares line through `codes` and what it leaves `[levels, columns]`."""
    mean = one.siemens.mean()
    centred = one.siemens - mean
    gain = centred @ codes / np.sum(centred**2)
    offset = codes.mean(axis=0) - gain * mean
    return _Line(gain, offset, codes - offset - gain * one.siemens[:, None])


def _uncertainties(one: LevelReadings, line: _Line, good: Mask, shaped: float) -> dict[str, Floats]:
    """Returns what the scatter about the lines of a range says of their uncertainty, codes, `[columns]` each.

    The scatter is split: what all channels share at a level is the bend's, the rest each channel's own.
    """
    levels, columns = line.residual.shape
    chosen = line.residual[:, good] if good.any() else line.residual
    count, ones = chosen.shape[1], np.ones(columns)
    centred = one.siemens - one.siemens.mean()
    spread = float(np.sum(centred**2))
    of_gain, of_offset = centred / spread, 1 / levels - centred * one.siemens.mean() / spread
    shared = chosen.mean(axis=1)
    # The scatter differs from level to level, so each level counts with its own (sandwich estimator, HC2).
    leverage = 1 / levels + centred**2 / spread
    own = np.sum((chosen - shared[:, None]) ** 2, axis=1) / max(count - 1, 1) / (1 - leverage)
    common = max(float(np.sum(shared**2)) / max(levels - 2 - shaped, 1) - float(own.mean()) / count, 0.0)
    noise = float(one.mean_variance[good].mean() if good.any() else one.mean_variance.mean())
    scatter = np.sqrt(np.sum(line.residual**2, axis=0) / (levels - 2))
    # Points closer to their line than rounding allows have their rounding errors on it: then the gain is
    # known to the rounding at the end of the line only.
    too_close = scatter < TOO_CLOSE * np.median(scatter)
    gain_u = np.where(too_close, ROUNDING / (np.ptp(one.siemens) / 2), np.sqrt(of_gain**2 @ own))
    return {
        # The scatter about the lines shows no wander that all levels met.
        "gain_u": np.hypot(gain_u, line.gain * one.wander.mean),
        "gain_common_u": ones * math.sqrt(common / spread),
        "offset_u": ones * np.sqrt(of_offset**2 @ own),
        "offset_common_u": ones * math.sqrt(common * float(np.sum(of_offset**2))),
        "noise": np.sqrt(one.variance),
        "granularity": ones * math.sqrt(max(float(own.mean()) - noise, 0.0)),
        "scatter": scatter,
    }


def _bend(ideal: Floats, residual: Floats, level: NDArray[np.intp], knots: Floats) -> Bend:
    """Fits the curve through residuals `[points]` by smoothed least squares; takes its own line away.

    `level` numbers the level that a point was read at: channels that meet almost the same code there share
    its rounding error.
    """
    place = np.clip((ideal - knots[0]) / (knots[1] - knots[0]), 0, knots.size - 1)
    left = np.minimum(place.astype(np.intp), knots.size - 2)
    share = place - left
    points = np.arange(ideal.size)
    shape = (ideal.size, knots.size)
    basis = csr_matrix(
        (np.concatenate([1 - share, share]), (np.tile(points, 2), np.concatenate([left, left + 1]))), shape
    )
    normal = (basis.T @ basis).toarray()
    rough = np.diff(np.eye(knots.size), 2, axis=0)
    inverse = np.linalg.inv(normal + SMOOTHING * ideal.size / knots.size * rough.T @ rough)
    codes = inverse @ (basis.T @ residual)
    line = np.polynomial.polynomial.polyfit(knots / knots[-1], codes, 1, w=np.sqrt(np.diag(normal) + 1e-9))
    codes -= np.polynomial.polynomial.polyval(knots / knots[-1], line)
    own = float(np.mean((residual - np.interp(ideal, knots, codes)) ** 2)) * np.diag(inverse)
    summed = csr_matrix((np.ones(ideal.size), (level, points))) @ basis
    shared = inverse @ (summed.T @ np.diag(_shared_rounding(ideal, level)) @ summed) @ inverse
    return Bend(knots, codes, np.sqrt(np.maximum(own + np.diag(shared), 0)))


def _shared_rounding(ideal: Floats, level: NDArray[np.intp]) -> Floats:
    """Returns the variance of rounding that the channels of each level share, codes squared `[levels]`.

    By the first harmonic of the rounding error it falls with their spread; zero is rounded without an error.
    """
    count = np.bincount(level)
    mean = np.bincount(level, ideal) / np.maximum(count, 1)
    spread = np.maximum(np.bincount(level, ideal**2) / np.maximum(count, 1) - mean**2, 0)
    return np.asarray(np.where(mean == 0, 0.0, ROUNDING**2 * np.exp(-4 * np.pi**2 * spread)))

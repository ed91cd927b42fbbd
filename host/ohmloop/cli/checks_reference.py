# SPDX-License-Identifier: BSD-3-Clause
"""Checks of the way from the reference channel's DAC to every converter, the array disconnected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode
from ohmloop.cli.bench import Bench, CheckFailed, CheckSkipped, ideal_emulator
from ohmloop.link.messages import Axis, VectorRequest
from ohmloop.profile import Profile, load_profile

STEPS: Final = (-2, -1, 0, 1, 2)
"""Levels, in quarters of the converter's range."""
AVERAGES_LOG2: Final = 4
CHUNK: Final = 64
"""Columns a request: its reply fits every board."""
MOST_SPREAD: Final = 0.1
"""Of a channel's slope, from that of the median channel."""
MOST_BEND: Final = 0.02
"""Of the span, from a straight line."""
MOST_ERROR: Final = 0.05
"""Of the slope, from what the profile says of the reference input."""
MOST_LEVEL: Final = 0x7FFF
Numbers = NDArray[np.float64]


def check_loop_back(bench: Bench) -> str:
    """Every channel follows the reference's level, on a straight line, as steeply as the others."""
    levels, codes, _ = _measured(bench)
    slopes, bends = _lines(levels, codes)
    middle = float(np.median(slopes))
    if middle <= 0:
        raise CheckFailed(f"the channels do not rise with the level: {middle:.3g} codes a level")
    wrong = np.flatnonzero(np.abs(slopes / middle - 1) > MOST_SPREAD)
    if wrong.size:
        first = wrong[0]
        raise CheckFailed(
            f"{wrong.size} channels are not as steep as the others, first column {first}: "
            f"{slopes[first]:.4g} codes a level, {middle:.4g} expected"
        )
    span = middle * (levels[-1] - levels[0])
    bent = np.flatnonzero(bends > max(MOST_BEND * span, 4.0))
    if bent.size:
        raise CheckFailed(f"{bent.size} channels bend, first column {bent[0]}: {bends[bent[0]]:.4g} codes")
    spread = float(np.max(np.abs(slopes / middle - 1)))
    return f"{slopes.size} channels, {levels.size} levels; slopes within {100 * spread:.2g} %"


def check_reference_cell(bench: Bench) -> str:
    """The reference input reads what the profile says it conducts."""
    levels, codes, profile = _measured(bench)
    source = profile.chip.front_end.reference
    if source is None:
        raise CheckSkipped("the profile knows no reference (reference: none)")
    slopes, _ = _lines(levels, codes)
    seen_us = float(np.median(slopes)) * profile.siemens_per_adc_code(0) * 1e6
    if abs(seen_us / source.unit.value - 1) > MOST_ERROR:
        raise CheckFailed(
            f"a level reads {seen_us:.4g} uS, profile {profile.name} says {source.unit.value:.4g} uS"
        )
    return f"a level reads {seen_us:.4g} uS, {source.unit.value:.4g} uS expected"


def _measured(bench: Bench) -> tuple[Numbers, Numbers, Profile]:
    """Returns levels `[n]`, codes of one reading `[n, columns]`, and the profile they are of."""
    if not bench.identity.reference_input:
        raise CheckSkipped("the board has no reference input")
    columns = bench.identity.macros[0].columns
    with _front_end(bench) as profile:
        source = profile.chip.front_end.reference
        if source is None:
            raise CheckSkipped("the profile knows no reference (reference: none)")
        unit = source.unit.value * 1e-6 / profile.siemens_per_adc_code(0)
        quarter = max(1, min(MOST_LEVEL // 2, int(profile.adc_bound / 4 / unit)))
        levels = np.array([step * quarter for step in STEPS], np.float64)
        codes = [_reading(bench, int(level), columns) for level in levels]
    return levels, np.array(codes), profile


@contextmanager
def _front_end(bench: Bench) -> Iterator[Profile]:
    """Gives the profile of the converters; on an emulated macro without parts the ideal one, loaded."""
    if not bench.identity.emulated or bench.identity.analog_front_end:
        yield bench.profile
        return
    with ideal_emulator(bench):
        yield load_profile("ideal")


def _reading(bench: Bench, level: int, columns: int) -> Numbers:
    """Returns the mean code of every column, `[columns]`; no read voltage is driven."""
    found = []
    for first in range(0, columns, CHUNK):
        axis = Axis(first, min(CHUNK, columns - first))
        request = VectorRequest(
            Opcode.MAC, 0, Axis(0, 1), axis, 0, 0,
            averages_log2=AVERAGES_LOG2, reference=True, level=level, count=1,
        )  # fmt: skip
        found.append(bench.vectors(request)[0] / (1 << AVERAGES_LOG2))
    return np.concatenate(found)


def _lines(levels: Numbers, codes: Numbers) -> tuple[Numbers, Numbers]:
    """Returns slope `[columns]` and largest distance from the line `[columns]` of every channel."""
    slopes, offsets = np.polyfit(levels, codes, 1)
    bends = np.abs(codes - (np.outer(levels, slopes) + offsets)).max(axis=0)
    return slopes, bends

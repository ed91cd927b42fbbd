# SPDX-License-Identifier: BSD-3-Clause
"""Time, temperature and reads on an emulated macro."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from ohmloop._map import Opcode
from ohmloop.board.core import LOAD_CELLS, Core
from ohmloop.board.limits import finite, whole
from ohmloop.errors import LimitError, ProfileError, ShapeError
from ohmloop.link.messages import EnvRequest, largest_reply_words
from ohmloop.profile.physics import Retention, equivalent_log2

if TYPE_CHECKING:
    from ohmloop.board.window import Window

_COLDEST_C: Final = -273.15
_HOTTEST_C: Final = 1000.0
_MAX_READS: Final = 0xFFFF_FFFF


def environment(
    core: Core, window: Window, seconds: float, temperature_c: float | None, reads: int, index: int | None
) -> None:
    """Lets time act on the cells of a window; see `Macro.environment`."""
    core.require_emulated("environment")
    core.require_more_than_reading("environment", LOAD_CELLS)
    programming = core.profile.chip.programming
    retention = None if programming is None else programming.retention
    if retention is None:
        raise ProfileError(
            f"profile {core.profile.name} has no programming.retention",
            value=core.profile.name,
            limit="programming.retention",
            where="profile",
        )
    elapsed = finite(seconds, "s", "seconds")
    request = EnvRequest(
        macro=window.macro.index,
        log_seconds=equivalent_log2(retention, elapsed, _temperature(temperature_c, retention)),
        reads=whole(reads, "reads", highest=_MAX_READS),
        operation_index=core.take_indices(1, index),
        rows=window.row_lineup.axis,
        columns=window.column_lineup.axis,
    )
    core.call(Opcode.ENV, request.encode(), largest_reply_words(request), "environment")


def _temperature(asked: float | None, retention: Retention) -> float:
    if asked is None:
        return retention.temperature.value
    if isinstance(asked, bool) or not isinstance(asked, int | float):
        raise ShapeError(
            f"temperature_c: {asked!r} is no number", value=asked, unit="degC", where="temperature_c"
        )
    if not (math.isfinite(asked) and _COLDEST_C < asked <= _HOTTEST_C):
        raise LimitError(
            f"temperature_c: {asked:g} degC asked, {_COLDEST_C} .. {_HOTTEST_C:g} degC allowed",
            value=asked,
            limit=_HOTTEST_C,
            unit="degC",
            where="temperature_c",
        )
    return float(asked)

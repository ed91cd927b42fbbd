# SPDX-License-Identifier: BSD-3-Clause
"""A measured map into an emulated chip, cell by cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import ShapeError
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.states import CellState

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window


def emulate_map(macro: Macro, measured: ConductanceMap, window: Window | None = None) -> NDArray[np.uint16]:
    """Gives the cells of an emulated macro the conductances of a map; returns their codes `[rows, columns]`.

    Cells that were masked keep what they have; a shorted cell whose conductance could not be measured gets
    the largest code. Unformed cells stay below the formed floor, formed ones at least at it, so that FORM and
    RESET treat them as the chip would.

    Args:
        macro: emulated.
        measured: the map.
        window: where its cells go; the same lines by default.

    Raises:
        NotEmulated: the macro is a chip.
        ShapeError: the window has another shape.
        LimitError: a conductance is above the largest code, or a line outside the macro; nothing was written.
    """
    target = macro[measured.rows, measured.columns] if window is None else window
    if target.shape != measured.shape:
        raise ShapeError(
            f"emulate_map: a window of {target.shape} for a map of {measured.shape}",
            value=target.shape,
            limit=measured.shape,
            where="window",
        )
    profile = macro.profile
    held = macro.dump_g_codes(target)
    known = np.isfinite(measured.siemens)
    codes = np.where(
        known, profile.siemens_to_g_codes(np.where(known, measured.siemens, 0).clip(min=0)), held
    )
    floor, state = profile.formed_floor, measured.state
    formed = np.isin(state, (CellState.FORMED, CellState.STUCK_HIGH, CellState.STUCK_LOW))
    codes = np.where(known & formed, np.maximum(codes, floor), codes)
    codes = np.where(known & ~formed, np.minimum(codes, floor - 1), codes)
    codes = np.where(~known & (state == CellState.STUCK_HIGH), profile.g_code_max, codes)
    written = codes.astype(np.uint16)
    macro.load_g_codes(written, target)
    return written

# SPDX-License-Identifier: BSD-3-Clause
"""Cells for a board that only reads: what its twin forms of the same chip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ohmloop._map import Register
from ohmloop.board import open_board
from ohmloop.profile.state_file import THROW_AWAY

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window


def load_formed(macro: Macro, window: Window, **pulse: Any) -> None:
    """Forms a window of this chip on `twin://`, and loads the cells that came of it; gives no pulse.

    Args:
        macro: of a board that only reads.
        window: its cells.
        pulse: voltage_v, gate_v and width_s of `form_pristine_rows`.

    Raises:
        NotEmulated: the cells are those of a chip.
        LimitError: a voltage is above the profile's limit (the twin's: limits lowered on the board
            are not looked at, as nothing is driven there); nothing was loaded.
    """
    from ohmloop.systems.prepare import form_pristine_rows

    board = macro.board
    (seed,) = board.read_registers(Register.EMU_CHIP_SEED)
    lines = f"rows={macro.rows}&columns={macro.columns}&lanes={board.identity.macros[macro.index].lanes}"
    url = f"twin://?{lines}&clk_hz={board.identity.clk_hz}&macros={len(board.macros)}"
    with open_board(url, chip=f"{THROW_AWAY}:seed:{seed}", profile=macro.profile) as twin:
        twins = twin.macros[macro.index]
        same = twins[window.rows, window.columns]
        form_pristine_rows(twins, same, **pulse)
        macro.load_g_codes(twins.dump_g_codes(same), window)

# SPDX-License-Identifier: BSD-3-Clause
"""Emulated cells written and read by fiat, and their line resistance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop._map import MAX_LINES, Opcode, Register, Table
from ohmloop.board.core import Core, Request
from ohmloop.board.inputs import conductance_codes
from ohmloop.board.tally import Tally
from ohmloop.board.window import Lineup, Window
from ohmloop.errors import LimitError, ShapeError
from ohmloop.link.messages import Axis, CellRequest, largest_reply_words, unpack_g_codes

ONE_Q15: Final = 1 << 15
LARGEST_FACTOR: Final = 4.0
"""Factor minus one in signed Q15 has 18 bits."""


def _rows_per_request(core: Core, window: Window) -> int:
    """Returns how many rows of a window fit a frame, each way; a row always fits."""
    axes = 1 + 2 * Axis(0, 1, 1, b"").words
    return max(1, (core.identity.max_payload // 4 - axes) // ((window.shape[1] + 1) // 2))


def load(core: Core, window: Window, g_codes: ArrayLike) -> None:
    """Writes cells; see `Macro.load_g_codes`."""
    core.require_emulated("load_g_codes")
    codes = conductance_codes(g_codes, window)
    lines, step = window.row_lineup.ascending, _rows_per_request(core, window)

    def requests() -> Iterator[Request]:
        for at in range(0, lines.size, step):
            rows = Axis.from_lines(lines[at : at + step])
            part = CellRequest(window.macro.index, rows, window.column_lineup.axis, codes[at : at + step])
            yield int(Opcode.CELL_LOAD), part.encode(), largest_reply_words(part)

    tally = Tally("load_g_codes", lines.size, "rows")
    for number, _ in enumerate(core.stream(requests(), "load_g_codes", tally)):
        tally.add(min(step, lines.size - number * step))


def dump(core: Core, window: Window) -> NDArray[np.uint16]:
    """Reads cells as they are; see `Macro.dump_g_codes`."""
    core.require_emulated("dump_g_codes")
    lines, step = window.row_lineup.ascending, _rows_per_request(core, window)
    codes = np.empty(window.shape, np.uint16)

    def requests() -> Iterator[Request]:
        for at in range(0, lines.size, step):
            rows = Axis.from_lines(lines[at : at + step])
            part = CellRequest(window.macro.index, rows, window.column_lineup.axis)
            yield int(Opcode.CELL_DUMP), part.encode(), largest_reply_words(part)

    tally = Tally("dump_g_codes", lines.size, "rows")
    for number, reply in enumerate(core.stream(requests(), "dump_g_codes", tally)):
        at = number * step
        count = min(step, lines.size - at)
        tally.add(count)
        codes[at : at + count] = unpack_g_codes(reply.payload[4:], count, window.shape[1])
    for axis, lineup in ((0, window.row_lineup), (1, window.column_lineup)):
        if lineup.back is not None:
            codes = np.take(codes, lineup.back, axis=axis)
    return codes


def load_position_factors(core: Core, window: Window, rows: ArrayLike, columns: ArrayLike) -> None:
    """Loads factors of line resistance; see `Macro.load_position_factors`."""
    core.require_emulated("load_position_factors")
    tables = {
        Table.U: _position_table(rows, window.row_lineup, "rows"),
        Table.V: _position_table(columns, window.column_lineup, "columns"),
    }
    for table, entries in tables.items():
        core.write_table(window.macro.index, table, entries)
    core.write_registers(Register.EMU_FLAGS, int(np.any(tables[Table.U])))


def _position_table(factors: ArrayLike, lineup: Lineup, where: str) -> NDArray[np.int32]:
    require_unmasked(factors, where)
    values = np.asarray(factors)
    if values.shape != (lineup.size,) or values.dtype.kind not in "fiu":
        raise ShapeError(
            f"{where}: factors of shape {values.shape}, ({lineup.size},) expected",
            value=values.shape,
            limit=(lineup.size,),
            where=where,
        )
    bad = ~((values >= 0) & (values <= LARGEST_FACTOR))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise LimitError(
            f"{where}[{at}]: factor {values[at]} is outside 0 .. {LARGEST_FACTOR:g}",
            value=float(values[at]),
            limit=LARGEST_FACTOR,
            where=f"{where}[{at}]",
        )
    table = np.zeros(MAX_LINES, np.int32)
    table[lineup.lines] = np.rint((values.astype(np.float64) - 1.0) * ONE_Q15).astype(np.int32)
    return table

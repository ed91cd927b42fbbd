# SPDX-License-Identifier: BSD-3-Clause
"""Checks of an array: its memory where it is emulated, its axes, its products."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import G_BITS, Opcode
from ohmloop.cli.arrangement import arrangement
from ohmloop.cli.bench import (
    Bench,
    CheckFailed,
    CheckSkipped,
    dump_cells,
    ideal_emulator,
    kept_cells,
    load_cells,
)
from ohmloop.link.messages import Axis, VectorRequest, pack_inputs

RAM_BLOCK_ROWS: Final = 16
PATTERN_SIDE: Final = 31
"""The largest square whose cells can all hold another code."""
Numbers = NDArray[np.float64]


def check_cells(bench: Bench) -> str:
    """Every emulated cell holds every code bit; the cells are put back."""
    bench.require_emulated()
    cells = 0
    for number, macro in enumerate(bench.identity.macros):
        columns = Axis(0, macro.columns)
        for top in range(0, macro.rows, RAM_BLOCK_ROWS):
            rows = Axis(top, min(RAM_BLOCK_ROWS, macro.rows - top))
            with kept_cells(bench, number, rows, columns) as before:
                _check_block(bench, number, rows, columns)
            cells += before.size
    return f"{cells} cells, two patterns each"


def _check_block(bench: Bench, number: int, rows: Axis, columns: Axis) -> None:
    pattern = bench.rng.integers(0, 1 << G_BITS, (rows.count, columns.count)).astype(np.uint16)
    for written in (pattern, pattern ^ np.uint16((1 << G_BITS) - 1)):
        load_cells(bench, number, rows, columns, written)
        wrong = dump_cells(bench, number, rows, columns) != written
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise CheckFailed(
                f"macro {number}, row {rows.start + row}, column {column}: {wrong.sum()} cells differ"
            )


def check_orientation(bench: Bench) -> str:
    """An asymmetric pattern is read where it belongs; else the arrangement of rows and columns is named.

    An emulated macro gets the pattern; on a chip it is that of `--pattern`, and its cells are read.
    """
    if bench.identity.emulated:
        expected, seen = _loaded_pattern(bench)
    elif bench.pattern is None:
        raise CheckSkipped("a chip: no pattern is known without --pattern FILE")
    else:
        expected, seen = _pattern_on_chip(bench, bench.pattern)
    found = arrangement(expected, seen)
    if found is None:
        raise CheckFailed("the pattern is not there, in no arrangement of rows and columns")
    if found:
        raise CheckFailed(f"rows and columns are not where they belong: {found}")
    return f"a pattern of {expected.shape[0]} x {expected.shape[1]} cells is where it belongs"


def _loaded_pattern(bench: Bench) -> tuple[Numbers, Numbers]:
    """Loads a square of cells that are all different; returns it and what is read.

    Behind the parts of a front end, cells are read as those of a chip.
    """
    macro = bench.identity.macros[0]
    side = min(macro.rows, macro.columns, PATTERN_SIDE)
    codes = 1 + bench.rng.permutation(side * side).reshape(side, side).astype(np.uint16)
    rows, columns = Axis(0, side), Axis(0, side)
    if bench.identity.analog_front_end:
        with kept_cells(bench, 0, rows, columns):
            load_cells(bench, 0, rows, columns, codes)
            return _pattern_on_chip(bench, codes.astype(np.float64) * bench.profile.g_lsb_siemens)
    with ideal_emulator(bench) as read_code, kept_cells(bench, 0, rows, columns):
        load_cells(bench, 0, rows, columns, codes)
        seen = bench.vectors(VectorRequest(Opcode.READ_CELLS, 0, rows, columns, read_code, 0))
    return codes.astype(np.float64), seen.astype(np.float64)


def _pattern_on_chip(bench: Bench, pattern: Numbers) -> tuple[Numbers, Numbers]:
    """Reads the cells of a pattern, siemens, at the read voltage; returns it and what is read."""
    profile = bench.profile
    macro = bench.identity.macros[0]
    if pattern.shape[0] > macro.rows or pattern.shape[1] > macro.columns:
        raise CheckFailed(f"the pattern is {pattern.shape}, the macro {macro.rows} x {macro.columns}")
    read_code = profile.volts_to_dac_codes(profile.read_v)
    cells_alike = float(pattern.max()) / (profile.g_code_max * profile.g_lsb_siemens)
    finest = profile.range_for(max(cells_alike, 1e-9))
    rows, columns = Axis(0, pattern.shape[0]), Axis(0, pattern.shape[1])
    with bench.readable(read_code):
        request = VectorRequest(Opcode.READ_CELLS, 0, rows, columns, read_code, 0, range=finest)
        seen = bench.vectors(request)
    return pattern, np.asarray(seen * profile.siemens_per_adc_code(finest), np.float64)


def check_products(bench: Bench) -> str:
    """With every effect off, a product is the exact integer product; loads the profile `ideal`."""
    bench.require_emulated()
    if bench.identity.analog_front_end:
        raise CheckSkipped("products come through the parts of a front end")
    macro = bench.identity.macros[0]
    n, bits = 16, 8
    rows, columns = Axis(0, min(40, macro.rows)), Axis(0, min(24, macro.columns))
    g_codes = bench.rng.integers(0, 1 << G_BITS, (rows.count, columns.count)).astype(np.uint16)
    x_codes = bench.rng.integers(0, 1 << bits, (n, rows.count))
    with ideal_emulator(bench) as read_code, kept_cells(bench, 0, rows, columns):
        load_cells(bench, 0, rows, columns, g_codes)
        vectors = pack_inputs(x_codes, bits, False).tobytes()
        request = VectorRequest(
            Opcode.MAC, 0, rows, columns, read_code, 0, bits=bits, count=n, vectors=vectors
        )
        got = bench.vectors(request)
    wrong = np.count_nonzero(got != x_codes @ g_codes.astype(np.int64))
    if wrong:
        raise CheckFailed(f"{wrong} of {got.size} products differ from the integer product")
    return f"{got.size} sums of {rows.count} products, {bits} bits, exact"

# SPDX-License-Identifier: BSD-3-Clause
"""A whole request of vectors to packed results, compiled: planes, sums, conversions, accumulation."""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.emulator.compiling import Number, compiled
from ohmloop.emulator.conversion import BLOCK, convert_block
from ohmloop.emulator.sums import STEP_GROUPS, split_planes, sum_block

_CHUNK_PLANES: Final = 256  # the sums of one block of columns then fit in the second-level cache


class Source(IntEnum):
    """Where the sums of a reading come from."""

    VECTORS = 0
    CELLS = 1
    REFERENCE = 2


_CELLS: Final = int(Source.CELLS)
_VECTORS: Final = int(Source.VECTORS)


@compiled("b1(i8, i8, u1[::1], i8)")
def _store(value: Number, size: Number, row: NDArray[np.uint8], column: Number) -> bool:
    """Stores `value` in `size` bytes, little-endian, clamped; returns whether that changed it."""
    top = (1 << (8 * size - 1)) - 1
    kept = min(max(value, -top - 1), top)
    for k in range(size):
        row[column * size + k] = (kept >> (8 * k)) & 0xFF
    return kept != value


@compiled("i8(f8[:,::1], f8[:,::1], i8, i8[::1], b1, i8, u1[:,::1], u1[::1], i8)")
def finish(
    acc: NDArray[np.float64],
    saturated: NDArray[np.float64],
    count: Number,
    correction: NDArray[np.int64],
    pairs: bool,
    size: Number,
    out: NDArray[np.uint8],
    flags: NDArray[np.uint8],
    first: Number,
) -> Number:
    """Corrects, subtracts pairs, clamps and packs `count` results (docs/emulator.md, "Results").

    Args:
        acc: `[count, columns]` sums of codes.
        saturated: `[count, columns]` conversions that saturated.
        count: rows of `acc` that hold results.
        correction: `[columns]` 32768 + CORRECTION.
        pairs: column 2j minus column 2j + 1.
        size: bytes a result.
        out: `[results, bytes]` packed results, written from row `first`.
        flags: `[results * columns]` 1 where saturated, likewise.
        first: number of the first result.

    Returns:
        How many results are saturated.
    """
    step = 2 if pairs else 1
    columns = correction.size // step
    total = 0
    for result in range(count):
        row = out[first + result]
        for column in range(columns):
            value = 0
            bad = False
            for k in range(step):
                c = column * step + k
                wide = np.int64(acc[result, c])
                kept = min(max(wide, -2147483648), 2147483647)
                corrected = (kept * correction[c] + 16384) >> 15
                value += -corrected if k == 1 else corrected
                bad |= saturated[result, c] != 0.0 or kept != wide
            bad |= _store(value, size, row, column)
            if bad:
                flags[(first + result) * columns + column] = 1
                total += 1
    return total


@compiled("void(i8, u2[:,::1], i8, i8, i8, i4[:,::1])")
def _direct_sums(
    source: Number,
    codes: NDArray[np.uint16],
    first: Number,
    count: Number,
    block: Number,
    sums: NDArray[np.int32],
) -> None:
    """Fills in the sums of rows read one at a time, or of the reference input (none)."""
    for row in range(count):
        for c in range(BLOCK):
            sums[row, c] = codes[first + row, block * BLOCK + c] if source == _CELLS else 0


@compiled(
    "i8(i8, u4[::1], i8, i8, i8, i8, b1, b1, i8, u8, u4, u2[:,::1], u2[:,:,:,::1], u4[:,::1], f8[:,:,::1],"
    " f8[::1], f8[::1], f8[::1], i8[::1], b1, i8, u1[:,::1], u1[::1])"
)
def run(
    source: Number,
    words: NDArray[np.uint32],
    stride: Number,
    count: Number,
    rows: Number,
    bits: Number,
    signed: bool,
    raw: bool,
    repeats: Number,
    index: Number,
    noise_seed: Number,
    codes: NDArray[np.uint16],
    tables: NDArray[np.uint16],
    columns: NDArray[np.uint32],
    parameters: NDArray[np.float64],
    settings: NDArray[np.float64],
    gauss: NDArray[np.float64],
    inl: NDArray[np.float64],
    correction: NDArray[np.int64],
    pairs: bool,
    size: Number,
    out: NDArray[np.uint8],
    flags: NDArray[np.uint8],
) -> Number:
    """Reads `count` vectors (or rows of cells, or the reference) and packs the results.

    Arguments are those of `split_planes`, `sum_block`, `convert_block` and `finish`, for all blocks of
    columns. The numbers do not depend on how vectors are chunked: each draws from its own index.

    Returns:
        How many results are saturated.
    """
    blocks, groups = tables.shape[0], tables.shape[1]
    passes = 2 if signed else 1
    chunk = max(1, _CHUNK_PLANES // (bits * passes))
    planes = chunk * bits * passes
    results_each = bits if raw else 1
    nibbles = np.zeros((groups // STEP_GROUPS, planes, STEP_GROUPS), np.uint8)
    ones = np.zeros((chunk, bits), np.int32)
    sums = np.zeros((planes, BLOCK), np.int32)
    acc = np.zeros((chunk * results_each, blocks * BLOCK))
    saturated = np.zeros((chunk * results_each, blocks * BLOCK))
    total = 0
    for first in range(0, count, chunk):
        now = min(chunk, count - first)
        here = ones[:now]
        if source == _VECTORS:
            split_planes(words, first * stride, stride, now, rows, bits, signed, nibbles, ones)
        else:
            here[:] = 1 if source == _CELLS else 0
        for block in range(blocks):
            if source == _VECTORS:
                sum_block(tables[block], nibbles, now * bits * passes, sums)
            else:
                _direct_sums(source, codes, first, now * bits * passes, block, sums)
            at = index + np.uint64(first * repeats)
            convert_block(
                sums, here, at, noise_seed, repeats, signed, raw, columns[block],
                parameters[block], settings, gauss, inl, acc, saturated, block,
            )  # fmt: skip
        total += finish(
            acc, saturated, now * results_each, correction, pairs, size, out, flags, first * results_each
        )
    return total

# SPDX-License-Identifier: BSD-3-Clause
"""A whole request of vectors to results, compiled: planes, sums, conversions, accumulation."""

from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.emulator.compiling import Number, compiled
from ohmloop.emulator.conversion import convert_block
from ohmloop.emulator.sums import BLOCK, STEP_BYTES, STEP_ROWS, TABLE_CODES, split_planes, sum_block

_CHUNK_PLANES: Final = 1024  # the sums of one block of columns then fit in the second-level cache


class Source(IntEnum):
    """Where the sums of a reading come from."""

    VECTORS = 0
    CELLS = 1
    REFERENCE = 2


_CELLS: Final = int(Source.CELLS)
_VECTORS: Final = int(Source.VECTORS)


@compiled(
    "void(i8, u1[::1], i8, i8, i8, i8, b1, b1, b1, i8, u8, u4, u2[:,:,::1], u4[:,::1], f8[:,:,::1],"
    " f4[:,::1], f8[::1], i4[:,::1], b1[:,::1])"
)
def run(
    source: Number,
    data: NDArray[np.uint8],
    stride: Number,
    count: Number,
    rows: Number,
    bits: Number,
    signed: bool,
    raw: bool,
    pairs: bool,
    repeats: Number,
    index: Number,
    noise_seed: Number,
    codes: NDArray[np.uint16],
    columns: NDArray[np.uint32],
    parameters: NDArray[np.float64],
    noise: NDArray[np.float32],
    inl: NDArray[np.float64],
    values: NDArray[np.int32],
    flags: NDArray[np.bool_],
) -> None:
    """Reads `count` vectors (or rows of cells, or the reference) to results.

    Arguments are those of `split_planes`, `sum_block` and `convert_block`, for all blocks of columns. The
    numbers do not depend on how vectors are chunked: each draws from its own index.
    """
    passes = 2 if signed else 1
    each = bits * passes
    chunk = max(1, min(count, _CHUNK_PLANES // each))
    nibbles = np.zeros((codes.shape[1] // STEP_ROWS, chunk * each, 2 * STEP_BYTES), np.uint8)
    ones = np.zeros((chunk, bits), np.int32)
    sums = np.zeros((chunk * each, BLOCK), np.int32)
    table = np.zeros(TABLE_CODES, np.uint16)
    for first in range(0, count, chunk):
        now = min(chunk, count - first)
        if source == _VECTORS:
            split_planes(data, first * stride, stride, now, rows, bits, signed, nibbles, ones)
        elif source == _CELLS:
            ones[:] = 1
        for block in range(codes.shape[0]):
            if source == _VECTORS:
                sum_block(codes[block], nibbles, now * each, table, sums)
            elif source == _CELLS:
                sums[:now] = codes[block, first : first + now]
            convert_block(
                sums, ones[:now], index + np.uint64(first * repeats), noise_seed, repeats, signed, raw, pairs,
                columns[block], parameters[block], noise, inl, values, flags,
                first * bits if raw else first, block,
            )  # fmt: skip

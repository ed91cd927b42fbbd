# SPDX-License-Identifier: BSD-3-Clause
"""Input bits times conductance codes: exact sums by tables of four rows.

A bit plane says for every row whether it is on. For each group of four rows and each of the 16
ways they can be on, a table holds the sums of the codes, a column each; a plane's sums are one
table line per group, added up. 16-bit sums cannot overflow within a step of 16 groups
(64 rows x 1023 < 2^16), and steps are added in 32 bits. No multiplication, no rounding, no BLAS
threads, and a quarter of the additions. The table of a step is built when its turn comes, for
all planes of a chunk, and stays in the first-level cache meanwhile.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.emulator.compiling import Number, compiled, inlined
from ohmloop.emulator.lanes import INT8, INT16, INT32, WORD, Lanes, load_one, part

BLOCK: Final = 32
"""Columns computed together."""
STEP_ROWS: Final = 64
"""Rows summed in 16 bits before they are widened."""
STEP_BYTES: Final = STEP_ROWS // 8
"""Bytes that say which rows of a step are on, one bit a row."""

_GROUPS: Final = STEP_ROWS // 4
_LINE_BYTES: Final = 2 * BLOCK
_GROUP_BYTES: Final = 16 * _LINE_BYTES
_EACH_BYTE: Final = np.uint64(0x0101010101010101)
_GATHER: Final = np.uint64(0x0102040810204080)
TABLE_CODES: Final = _GROUPS * _GROUP_BYTES // 2
"""Entries of the table of one step."""


@part
def _build(builder: Any, codes: Any, table: Any) -> None:
    """Emits: writes the 16 sums of four rows of codes."""
    lines = [Lanes.load(builder, codes, row * _LINE_BYTES, INT16, BLOCK) for row in range(4)]
    sums = [lines[0] - lines[0]]
    for line in lines:
        sums += [known + line for known in sums]
    for place, line in enumerate(sums):
        line.store(table, place * _LINE_BYTES)


@part
def _add(builder: Any, sums: Any, table: Any, nibbles: Any) -> None:
    """Emits: adds, for 16 nibbles, their lines of 32 codes to 32 sums."""
    total = Lanes.spread(builder, INT16(0), BLOCK)
    for group in range(_GROUPS):
        nibble = builder.zext(load_one(builder, nibbles, group, INT8), WORD)
        line = builder.add(table, builder.mul(nibble, WORD(_LINE_BYTES)))
        total += Lanes.load(builder, line, group * _GROUP_BYTES, INT16, BLOCK)
    (Lanes.load(builder, sums, 0, INT32, BLOCK) + total.to(INT32)).store(sums, 0)


@compiled("void(u2[:,::1], u1[:,:,::1], i8, u2[::1], i4[:,::1])")
def sum_block(
    codes: NDArray[np.uint16],
    nibbles: NDArray[np.uint8],
    count: int,
    table: NDArray[np.uint16],
    sums: NDArray[np.int32],
) -> None:
    """Sums one block of columns for `count` bit planes.

    Args:
        codes: `[rows, 32]` of this block, rows padded to whole steps.
        nibbles: `[steps, planes, 16]`: which of the four rows of each group are on.
        count: planes to sum.
        table: `[TABLE_CODES]`, scratch.
        sums: `[planes, 32]`, written.
    """
    sums[:count] = 0
    lines = np.uintp(table.ctypes.data)
    rows = np.uintp(codes.ctypes.data)
    for step in range(nibbles.shape[0]):
        for group in range(_GROUPS):
            _build((rows, lines + np.uintp(group * _GROUP_BYTES)))
            rows += np.uintp(4 * _LINE_BYTES)
        target = np.uintp(sums.ctypes.data)
        source = np.uintp(nibbles[step].ctypes.data)
        for _ in range(count):
            _add((target, lines, source))
            target += np.uintp(4 * BLOCK)
            source += np.uintp(_GROUPS)


@inlined
def _eight_fields(
    data: NDArray[np.uint8], at: Number, width: Number, bits: Number, count: Number
) -> tuple[np.uint64, np.uint64]:
    """Returns magnitudes and signs of `count` fields from byte `at` on, a byte each of eight."""
    low = np.uint64(0)
    for k in range(8):
        low |= np.uint64(data[at + k]) << np.uint64(8 * k)
    magnitudes = np.uint64(0)
    signs = np.uint64(0)
    if width == 8 and bits == 8:
        magnitudes = low
    else:
        mask = np.uint64((1 << bits) - 1)
        for k in range(8):
            field = low >> np.uint64(k * width)
            if k * width + width > 64:
                field |= np.uint64(data[at + 8]) << np.uint64(64 - k * width)
            magnitudes |= (field & mask) << np.uint64(8 * k)
            signs |= ((field >> np.uint64(bits)) & np.uint64(width - bits)) << np.uint64(8 * k)
    kept = np.uint64(0xFFFFFFFFFFFFFFFF) >> np.uint64(64 - 8 * count)
    return magnitudes & kept, signs


@inlined
def _store_plane(fields: NDArray[np.uint64], bit: int, nibbles: NDArray[np.uint8], plane: int) -> int:
    """Stores bit `bit` of all fields as the nibbles of one plane; returns how many have it."""
    total = 0
    for unit in range(fields.size):
        on = (fields[unit] >> np.uint64(bit)) & _EACH_BYTE
        total += int((on * _EACH_BYTE) >> np.uint64(56))
        gathered = (on * _GATHER) >> np.uint64(56)  # one product gathers a bit of each byte without a carry
        step, lane = unit // STEP_BYTES, 2 * (unit % STEP_BYTES)
        nibbles[step, plane, lane] = np.uint8(gathered & np.uint64(15))
        nibbles[step, plane, lane + 1] = np.uint8(gathered >> np.uint64(4))
    return total


@compiled("void(u1[::1], i8, i8, i8, i8, i8, b1, u1[:,:,::1], i4[:,::1])")
def split_planes(
    data: NDArray[np.uint8],
    first: Number,
    stride: Number,
    count: Number,
    rows: Number,
    bits: Number,
    signed: bool,
    nibbles: NDArray[np.uint8],
    ones: NDArray[np.int32],
) -> None:
    """Unpacks input vectors into nibbles of their bit planes.

    Args:
        data: packed vectors, `stride` bytes each from byte `first`, and at least nine bytes after them.
        first: where the first vector begins.
        stride: bytes a vector.
        count: vectors.
        rows: fields a vector.
        bits: bit planes.
        signed: fields have a sign above their magnitude; planes then come in pairs (plus, minus).
        nibbles: `[steps, planes, 16]`, written; plane (vector * bits + bit) * passes + pass.
        ones: `[vectors, bits]`, written: how many rows have the bit.
    """
    width = bits + 1 if signed else bits
    passes = 2 if signed else 1
    plus = np.zeros(nibbles.shape[0] * STEP_BYTES, np.uint64)
    minus = np.zeros(plus.size, np.uint64)
    for vector in range(count):
        for unit in range((rows + 7) // 8):
            at = first + vector * stride + unit * width
            magnitudes, signs = _eight_fields(data, at, width, bits, min(8, rows - 8 * unit))
            minus[unit] = magnitudes & (signs * np.uint64(255))
            plus[unit] = magnitudes ^ minus[unit]
        for bit in range(bits):
            plane = vector * bits + bit
            ones[vector, bit] = _store_plane(plus, bit, nibbles, plane * passes)
            if signed:
                ones[vector, bit] += _store_plane(minus, bit, nibbles, plane * passes + 1)

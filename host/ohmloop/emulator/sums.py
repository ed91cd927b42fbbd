# SPDX-License-Identifier: BSD-3-Clause
"""Input bits times conductance codes: exact sums by tables of four rows.

A bit plane says for every row whether it is on. For each group of four rows and each of the 16
ways they can be on, a table holds the sums of the codes, a column each; a plane's sums are one
table line per group, added up. 16-bit sums cannot overflow within a step of 16 groups
(64 rows x 1023 < 2^16), and steps are added in 32 bits. No multiplication, no rounding, no BLAS
threads, and a quarter of the additions.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from llvmlite import ir as _ir
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from ohmloop.emulator.compiling import Number, compiled

COLUMN_BLOCK: Final = 32
"""Columns summed together: their tables for one step stay in the first-level cache."""
STEP_GROUPS: Final = 16
"""Groups of four rows summed in 16 bits before they are widened."""
STEP_ROWS: Final = 4 * STEP_GROUPS

ir: Any = _ir

_LINE_BYTES: Final = 2 * COLUMN_BLOCK
_GROUP_BYTES: Final = 16 * _LINE_BYTES
_SUM_BYTES: Final = 4 * COLUMN_BLOCK


def _emit_add_step(context: Any, builder: Any, _signature: object, args: tuple[Any, Any, Any]) -> Any:
    """Emits the vector code of `_add_step`; LLVM splits the vectors to what the machine has."""
    sums, table, nibbles = args
    word = ir.IntType(64)
    narrow = ir.VectorType(ir.IntType(16), COLUMN_BLOCK)
    wide = ir.VectorType(ir.IntType(32), COLUMN_BLOCK)
    total = None
    for group in range(STEP_GROUPS):
        at = builder.inttoptr(builder.add(nibbles, word(group)), ir.IntType(8).as_pointer())
        line = builder.mul(builder.zext(builder.load(at), word), word(_LINE_BYTES))
        address = builder.add(builder.add(table, word(group * _GROUP_BYTES)), line)
        codes = builder.load(builder.inttoptr(address, narrow.as_pointer()), align=2)
        total = codes if total is None else builder.add(total, codes)
    target = builder.inttoptr(sums, wide.as_pointer())
    before = builder.load(target, align=4)
    builder.store(builder.add(before, builder.zext(total, wide)), target, align=4)
    return context.get_dummy_value()


@intrinsic
def _add_step(
    _typing: object, _sums: object, _table: object, _nibbles: object
) -> tuple[object, Callable[..., Any]]:
    """Adds, for 16 nibbles, their lines of 32 codes to 32 sums; all three arguments are addresses."""
    return types.void(types.uintp, types.uintp, types.uintp), _emit_add_step


_add: Any = _add_step  # a compiled caller gives no typing context


@compiled("void(u2[:,:,::1], u1[:,:,::1], i8, u4[:,::1])")
def sum_block(
    tables: NDArray[np.uint16], nibbles: NDArray[np.uint8], count: int, sums: NDArray[np.uint32]
) -> None:
    """Sums one block of columns for `count` bit planes.

    Args:
        tables: `[groups, 16, 32]` of this block, from `build_tables`.
        nibbles: `[steps, planes, 16]`: which of the four rows of each group are on.
        count: planes to sum.
        sums: `[planes, 32]`, written.
    """
    sums[:count] = 0
    table = np.uintp(tables.ctypes.data)
    for step in range(nibbles.shape[0]):
        target = np.uintp(sums.ctypes.data)
        source = np.uintp(nibbles[step].ctypes.data)
        for _ in range(count):
            _add(target, table, source)
            target += np.uintp(_SUM_BYTES)
            source += np.uintp(STEP_GROUPS)
        table += np.uintp(STEP_GROUPS * _GROUP_BYTES)


def build_tables(codes: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Builds the tables of a window.

    Args:
        codes: `[rows, columns]`, at most 1023.

    Returns:
        `[blocks, groups, 16, 32]`; rows are padded to whole steps and columns to whole blocks with zeros.
    """
    rows, columns = codes.shape
    blocks = -(-columns // COLUMN_BLOCK)
    groups = -(-rows // STEP_ROWS) * STEP_GROUPS
    padded = np.zeros((groups * 4, blocks * COLUMN_BLOCK), np.uint16)
    padded[:rows, :columns] = codes
    cells = padded.reshape(groups, 4, blocks, COLUMN_BLOCK).transpose(2, 0, 1, 3)
    tables = np.zeros((blocks, groups, 16, COLUMN_BLOCK), np.uint16)
    for bit in range(4):
        half = 1 << bit
        np.add(tables[:, :, :half], cells[:, :, bit, None], out=tables[:, :, half : 2 * half])
    return tables


@compiled("void(u4[::1], i8, i8, i8, i8, i8, b1, u1[:,:,::1], i4[:,::1])")
def split_planes(
    words: NDArray[np.uint32],
    first_word: Number,
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
        words: packed vectors, `stride` words each from word `first_word`, and at least one word after them.
        first_word: where the first vector begins.
        stride: words a vector.
        count: vectors.
        rows: fields a vector.
        bits: bit planes.
        signed: fields have a sign above their magnitude; planes then come in pairs (plus, minus).
        nibbles: `[steps, planes, 16]`, written; plane (vector * bits + bit) * passes + pass.
        ones: `[vectors, bits]`, written: how many rows have the bit.
    """
    width = bits + 1 if signed else bits
    passes = 2 if signed else 1
    mask = (1 << bits) - 1
    ones[:count] = 0
    for vector in range(count):
        base = (first_word + vector * stride) * 32
        for group in range(nibbles.shape[0] * STEP_GROUPS):
            plus = np.uint32(0)
            minus = np.uint32(0)
            for k in range(4):
                row = 4 * group + k
                if row < rows:
                    at = base + row * width
                    pair = np.uint64(words[at >> 5]) | (np.uint64(words[(at >> 5) + 1]) << np.uint64(32))
                    field = np.int64(pair >> np.uint64(at & 31))
                    if signed and (field >> bits) & 1:
                        minus |= np.uint32((field & mask) << (8 * k))
                    else:
                        plus |= np.uint32((field & mask) << (8 * k))
            step, lane = group // STEP_GROUPS, group % STEP_GROUPS
            for bit in range(bits):
                # One bit of each of four bytes, gathered into a nibble by one product.
                on = (plus >> np.uint32(bit)) & np.uint32(0x01010101)
                off = (minus >> np.uint32(bit)) & np.uint32(0x01010101)
                plane = (vector * bits + bit) * passes
                nibbles[step, plane, lane] = (
                    np.uint32(on * np.uint32(0x01020408)) >> np.uint32(24)
                ) & np.uint32(15)
                if signed:
                    nibbles[step, plane + 1, lane] = (
                        np.uint32(off * np.uint32(0x01020408)) >> np.uint32(24)
                    ) & np.uint32(15)
                both = np.uint32((on + off) * np.uint32(0x01010101))
                ones[vector, bit] += np.int32(both >> np.uint32(24))

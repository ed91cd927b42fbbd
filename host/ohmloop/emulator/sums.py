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

from ohmloop.emulator.compiling import Number, compiled, inlined

COLUMN_BLOCK: Final = 32
"""Columns summed together: their tables for one step stay in the first-level cache."""
STEP_GROUPS: Final = 16
"""Groups of four rows summed in 16 bits before they are widened."""
STEP_ROWS: Final = 4 * STEP_GROUPS

ir: Any = _ir

_LINE_BYTES: Final = 2 * COLUMN_BLOCK
_GROUP_BYTES: Final = 16 * _LINE_BYTES
_EACH_BYTE: Final = np.uint64(0x0101010101010101)
_GATHER: Final = np.uint64(0x0102040810204080)
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


@compiled("void(u2[:,:,::1], u1[:,:,::1], i8, i4[:,::1])")
def sum_block(
    tables: NDArray[np.uint16], nibbles: NDArray[np.uint8], count: int, sums: NDArray[np.int32]
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


@inlined
def _store_nibbles(nibbles: NDArray[np.uint8], step: int, plane: int, lane: int, bits: Any) -> None:
    """Stores one bit of each of eight bytes as two nibbles; one product gathers them without a carry."""
    gathered = (bits * _GATHER) >> np.uint64(56)
    nibbles[step, plane, lane] = np.uint8(gathered & np.uint64(15))
    nibbles[step, plane, lane + 1] = np.uint8(gathered >> np.uint64(4))


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
    mask = np.uint64((1 << bits) - 1)
    ones[:count] = 0
    for vector in range(count):
        base = (first_word + vector * stride) * 32
        for unit in range(nibbles.shape[0] * STEP_GROUPS // 2):
            plus = np.uint64(0)
            minus = np.uint64(0)
            for k in range(max(0, min(8, rows - 8 * unit))):
                at = base + (8 * unit + k) * width
                pair = np.uint64(words[at >> 5]) | (np.uint64(words[(at >> 5) + 1]) << np.uint64(32))
                field = pair >> np.uint64(at & 31)
                if signed and (field >> np.uint64(bits)) & np.uint64(1):
                    minus |= (field & mask) << np.uint64(8 * k)
                else:
                    plus |= (field & mask) << np.uint64(8 * k)
            step, lane = 2 * unit // STEP_GROUPS, 2 * unit % STEP_GROUPS
            for bit in range(bits):
                plane = (vector * bits + bit) * passes
                on = (plus >> np.uint64(bit)) & _EACH_BYTE
                _store_nibbles(nibbles, step, plane, lane, on)
                if signed:
                    off = (minus >> np.uint64(bit)) & _EACH_BYTE
                    _store_nibbles(nibbles, step, plane + 1, lane, off)
                    on |= off
                ones[vector, bit] += np.int32((on * _EACH_BYTE) >> np.uint64(56))

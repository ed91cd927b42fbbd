# SPDX-License-Identifier: BSD-3-Clause
"""Sums of codes to ADC codes and results, 32 columns at a time (docs/emulator.md).

All arithmetic is in float64 and exact: every product stays below 2^53, divisions are by powers of
two, `floor` is the arithmetic shift. What a block of columns needs stands in one scratch array, a
row each; where a formula divides by a power of two, the row already has it.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import MAX_INPUT_BITS
from ohmloop.emulator.compiling import Number, compiled, inlined
from ohmloop.emulator.lanes import DOUBLE, INT8, INT32, SINGLE, Lanes, load_one, part
from ohmloop.emulator.noise import absorb_index, mix32, second_key, seeded
from ohmloop.emulator.sums import BLOCK

# Rows of the scratch array that a block of columns brings.
POSITION: Final = 0
"""(32768 + V) / 2^9, negative when the polarity is turned."""
SCALE: Final = 1
"""A / 2^s: gain x drive, shifted."""
ROOT: Final = 2
"""mroot / 2^3."""
OFFSET: Final = 3
DARK: Final = 4
"""DARK as often and as heavy as it counts in one result."""
CORRECTION: Final = 5
"""(32768 + CORRECTION) / 2^15."""
SETTINGS: Final = 6
"""One number each, below."""
COLUMN_ROWS: Final = 7
_CODE: Final = 7
_ACC: Final = 8
_BAD: Final = 9  # bytes
_ROWS: Final = 10

# Entries of the settings.
READ_NOISE: Final = 0
"""EMU_READ_NOISE / 2^16."""
REFERENCE: Final = 1
HALF: Final = 2
"""0.5, or 0 when s is 0."""
LOWEST: Final = 3
HIGHEST: Final = 4
SMALLEST: Final = 5
"""Smallest number of the result width."""
LARGEST: Final = 6
SETTINGS_GIVEN: Final = 7
_WEIGHT: Final = 7

_ROW_BYTES: Final = 8 * BLOCK


class _Work:
    """The scratch array of a kernel that is being emitted."""

    def __init__(self, builder: Any, address: Any) -> None:
        self._builder = builder
        self._address = address

    def row(self, number: int) -> Lanes:
        return Lanes.load(self._builder, self._address, number * _ROW_BYTES, DOUBLE, BLOCK)

    def setting(self, number: int) -> Lanes:
        at = SETTINGS * _ROW_BYTES + 8 * number
        return Lanes.spread(self._builder, load_one(self._builder, self._address, at, DOUBLE), BLOCK)

    def bad(self) -> Lanes:
        return Lanes.load(self._builder, self._address, _BAD * _ROW_BYTES, INT8, BLOCK)

    def keep(self, number: int, lanes: Lanes) -> None:
        lanes.store(self._address, number * _ROW_BYTES)


@inlined
def _draw(
    key: Number,
    bits: int,
    columns: NDArray[np.uint32],
    gauss: NDArray[np.float32],
    fuzz: NDArray[np.float32],
    hashes: NDArray[np.uint32],
    drawn: NDArray[np.float32],
) -> None:
    """Draws, for all planes of a conversion, normal numbers and ADC noise: `drawn[0]` and `drawn[1]`."""
    second = second_key(key)
    for bit in range(bits):
        salt = key ^ np.uint32(bit << 9)
        for c in range(BLOCK):
            hashes[bit * BLOCK + c] = mix32(salt ^ columns[c]) ^ second
    for n in range(bits * BLOCK):
        drawn[0, n] = gauss[np.uintp(hashes[n] & np.uint32(2047))]
        drawn[1, n] = fuzz[np.uintp((hashes[n] >> np.uint32(16)) & np.uint32(2047))]


def _amplified(one: bool) -> Any:
    """Returns the part that computes code0 of one plane: line resistance, read noise, gain."""

    @part
    def amplify(builder: Any, scratch: Any, plus: Any, minus: Any, normal: Any) -> None:
        work = _Work(builder, scratch)
        on, off = (Lanes.load(builder, at, 0, INT32, BLOCK) for at in (plus, minus))
        total = on + off
        if one:
            amplitude = total.to(DOUBLE) * 64.0
        else:  # exact for arguments below 2^24, as a test checks one by one
            root = (total.to(SINGLE) * 16.0).root().floor()
            amplitude = (root.to(DOUBLE) * work.row(ROOT)).floor()
        sigma = (amplitude * work.setting(READ_NOISE)).floor()
        noise = (sigma * Lanes.load(builder, normal, 0, SINGLE, BLOCK).to(DOUBLE) + 0.5).floor()
        signal = ((on - off).to(DOUBLE) * work.row(POSITION) + 0.5).floor()
        drawn = signal + noise + work.setting(REFERENCE)
        code = (drawn * work.row(SCALE) + work.setting(HALF)).floor()
        work.keep(_CODE, code.between(-8388608.0, 8388607.0))

    return amplify


@part
def _digitise(builder: Any, scratch: Any, fuzz: Any) -> None:
    """Emits: the code of one plane, added with its weight to the sums."""
    work = _Work(builder, scratch)
    wanted = work.row(_CODE) + work.row(OFFSET) + Lanes.load(builder, fuzz, 0, SINGLE, BLOCK).to(DOUBLE)
    code = wanted.between(work.setting(LOWEST), work.setting(HIGHEST))
    work.keep(_BAD, work.bad() | code.differs(wanted).to(INT8))
    work.keep(_ACC, code * work.setting(_WEIGHT) + work.row(_ACC))


def _finished(pairs: bool) -> Any:
    """Returns the part that stores results and flags: dark codes, correction, pairs, clamps."""

    @part
    def finish(builder: Any, scratch: Any, values: Any, flags: Any) -> None:
        work = _Work(builder, scratch)
        wide = work.row(_ACC) - work.row(DARK)
        kept = wide.between(-2147483648.0, 2147483647.0)
        value = (kept * work.row(CORRECTION) + 0.5).floor()
        bad = work.bad() | kept.differs(wide).to(INT8)
        smallest, largest = work.setting(SMALLEST), work.setting(LARGEST)
        if pairs:
            value, bad = value[0::2] - value[1::2], bad[0::2] | bad[1::2]
            smallest, largest = smallest[0::2], largest[0::2]
        result = value.between(smallest, largest)
        result.to(INT32).store(values, 0)
        (bad | result.differs(value).to(INT8)).store(flags, 0)

    return finish


_amplify_one = _amplified(one=True)
_amplify_many = _amplified(one=False)
_finish_each = _finished(pairs=False)
_finish_pairs = _finished(pairs=True)


@inlined
def _bend(work: NDArray[np.float64], inl: NDArray[np.float64]) -> None:
    """Adds the converters' INL to the codes of one plane."""
    for c in range(BLOCK):
        code = min(max(work[_CODE, c], -8192.0), 8191.0)
        work[_CODE, c] += inl[np.uintp((np.int64(code) + 8192) >> 8)]


@compiled(
    "void(i4[:,::1], i4[:,::1], u8, u4, i8, b1, b1, b1, u4[::1], f8[:,::1], f4[:,::1], f8[::1],"
    " i4[:,::1], b1[:,::1], i8, i8)"
)
def convert_block(
    sums: NDArray[np.int32],
    ones: NDArray[np.int32],
    index: Number,
    noise_seed: Number,
    repeats: Number,
    signed: bool,
    raw: bool,
    pairs: bool,
    columns: NDArray[np.uint32],
    parameters: NDArray[np.float64],
    noise: NDArray[np.float32],
    inl: NDArray[np.float64],
    values: NDArray[np.int32],
    flags: NDArray[np.bool_],
    first: Number,
    block: Number,
) -> None:
    """Converts one block of 32 columns for every vector of a chunk, to results.

    Args:
        sums: `[vectors * bits * passes, 32]` of this block.
        ones: `[vectors, bits]`: rows that are on.
        index: operation index of the first repetition of the first vector.
        noise_seed: selects the noise sequence.
        repeats: conversions of every plane, one index each.
        signed: sums come in pairs (plus, minus).
        raw: every plane is a result of its own.
        pairs: results are column 2j minus column 2j + 1.
        columns: `[32]` column numbers.
        parameters: `[COLUMN_ROWS, 32]`, see the constants of this module.
        noise: `[2, 2048]` normal numbers and ADC codes by hash field.
        inl: `[64]` codes; none where all are zero.
        values: `[results, columns]` results, clamped, written at this block's columns.
        flags: `[results, columns]` where saturated, likewise.
        first: number of the first result.
        block: which block.
    """
    vectors, bits = ones.shape
    passes = 2 if signed else 1
    place = block * BLOCK // 2 if pairs else block * BLOCK
    work = np.zeros((_ROWS, BLOCK))
    work[:COLUMN_ROWS] = parameters
    hashes = np.zeros(MAX_INPUT_BITS * BLOCK, np.uint32)
    drawn = np.zeros((2, MAX_INPUT_BITS * BLOCK), np.float32)
    nothing = np.zeros(BLOCK, np.int32)
    scratch, none = np.uintp(work.ctypes.data), np.uintp(nothing.ctypes.data)
    noisy = work[SETTINGS, READ_NOISE] != 0.0 or noise[1].any()
    seed_key = seeded(np.uint32(noise_seed))
    for vector in range(vectors):
        for repeat in range(repeats):
            if noisy:
                key = absorb_index(seed_key, index + np.uint64(vector * repeats + repeat))
                _draw(key, bits, columns, noise[0], noise[1], hashes, drawn)
            for bit in range(bits):
                plane = vector * bits + bit
                if raw or (repeat == 0 and bit == 0):
                    work[_ACC:] = 0.0
                plus = np.uintp(sums[plane * passes].ctypes.data)
                minus = np.uintp(sums[plane * passes + 1].ctypes.data) if signed else none
                normal = np.uintp(drawn[0, bit * BLOCK :].ctypes.data)
                if ones[vector, bit] == 1:
                    _amplify_one((scratch, plus, minus, normal))
                else:
                    _amplify_many((scratch, plus, minus, normal))
                if inl.size:
                    _bend(work, inl)
                work[SETTINGS, _WEIGHT] = 1.0 if raw else np.float64(1 << bit)
                _digitise((scratch, np.uintp(drawn[1, bit * BLOCK :].ctypes.data)))
                if raw or (repeat == repeats - 1 and bit == bits - 1):
                    result = first + (plane if raw else vector)
                    there = (
                        scratch,
                        np.uintp(values[result, place:].ctypes.data),
                        np.uintp(flags[result, place:].ctypes.data),
                    )
                    if pairs:
                        _finish_pairs(there)
                    else:
                        _finish_each(there)

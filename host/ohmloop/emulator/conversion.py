# SPDX-License-Identifier: BSD-3-Clause
"""Sums of codes to ADC codes, 32 columns at a time (docs/emulator.md, "One conversion").

All arithmetic is in float64 and exact: every product stays below 2^53, divisions are by powers of
two, `floor` is the arithmetic shift. Each stage is a loop of 32 over one scratch array at constant
distances, which is what lets the compiler vectorise it without run-time checks.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.emulator.compiling import Number, compiled, inlined
from ohmloop.emulator.noise import absorb_index, mix32, second_key, seeded

BLOCK: Final = 32

# Rows of the scratch array: first what a block of columns brings, then what the stages hand on.
POSITION: Final = 0
"""32768 + V, negative when the polarity is turned."""
SCALE: Final = 1
"""A: gain x drive."""
ROOT: Final = 2
"""mroot."""
OFFSET: Final = 3
DARK: Final = 4
COLUMN_ROWS: Final = 5
_SUM: Final = 5
_DIFFERENCE: Final = 6
_Z: Final = 7
_Z2: Final = 8
_CODE: Final = 9
_INL: Final = 10
_ACC: Final = 11
_SATURATED: Final = 12
_AMPLITUDE: Final = 13
_ROWS: Final = 14

# Entries of the settings array.
READ_NOISE: Final = 0
ADC_NOISE: Final = 1
REFERENCE: Final = 2
SHIFT: Final = 3
"""2^-s."""
HALF: Final = 4
"""0.5, or 0 when s is 0."""
LOWEST: Final = 5
HIGHEST: Final = 6
SETTINGS: Final = 7


@inlined
def _draw(
    salt: Number,
    second: Number,
    columns: NDArray[np.uint32],
    hashes: NDArray[np.uint32],
    gauss: NDArray[np.float64],
    work: NDArray[np.float64],
) -> None:
    """Draws the normal numbers of one plane into the scratch rows Z and Z2."""
    for c in range(BLOCK):
        hashes[c] = mix32(salt ^ columns[c]) ^ second
    for c in range(BLOCK):
        work[_Z * BLOCK + c] = gauss[np.uintp(hashes[c] & np.uint32(2047))]
        work[_Z2 * BLOCK + c] = gauss[np.uintp((hashes[c] >> np.uint32(16)) & np.uint32(2047))]


@inlined
def _load(sums: NDArray[np.int32], work: NDArray[np.float64], row: int, signed: bool) -> None:
    """Copies the sums of one plane into the scratch rows."""
    for c in range(BLOCK):
        plus = np.float64(sums[row, c])
        work[_SUM * BLOCK + c] = plus
        work[_DIFFERENCE * BLOCK + c] = plus
    if signed:
        for c in range(BLOCK):
            minus = np.float64(sums[row + 1, c])
            work[_SUM * BLOCK + c] += minus
            work[_DIFFERENCE * BLOCK + c] -= minus


@inlined
def _amplify(work: NDArray[np.float64], settings: NDArray[np.float64], one: bool, noisy: bool) -> None:
    """Computes code0 of one plane: line resistance, read noise, gain."""
    rho, reference = settings[READ_NOISE], settings[REFERENCE]
    shift, half = settings[SHIFT], settings[HALF]
    if noisy and one:
        for c in range(BLOCK):
            work[_AMPLITUDE * BLOCK + c] = work[_SUM * BLOCK + c] * 64.0
    if noisy and not one:
        for c in range(BLOCK):
            # Exact for arguments below 2^24, as a test checks one by one.
            root = np.floor(np.float64(np.sqrt(np.float32(work[_SUM * BLOCK + c] * 16.0))))
            work[_AMPLITUDE * BLOCK + c] = np.floor(work[ROOT * BLOCK + c] * root * 0.125)
    for c in range(BLOCK):
        signal = np.floor((work[_DIFFERENCE * BLOCK + c] * work[POSITION * BLOCK + c] + 256.0) * 2.0**-9)
        sigma = np.floor(rho * work[_AMPLITUDE * BLOCK + c] * 2.0**-16)
        signal += np.floor((sigma * work[_Z * BLOCK + c] + 2048.0) * 2.0**-12)
        code = np.floor((signal + reference) * work[SCALE * BLOCK + c] * shift + half)
        work[_CODE * BLOCK + c] = min(max(code, -8388608.0), 8388607.0)


@inlined
def _digitise(
    work: NDArray[np.float64],
    settings: NDArray[np.float64],
    inl: NDArray[np.float64],
    bent: bool,
    weight: float,
) -> None:
    """Computes the codes of one plane and adds them, times `weight`, to the sums."""
    strength, lowest, highest = settings[ADC_NOISE], settings[LOWEST], settings[HIGHEST]
    if bent:
        for c in range(BLOCK):
            code = min(max(work[_CODE * BLOCK + c], -8192.0), 8191.0)
            work[_INL * BLOCK + c] = inl[np.uintp((np.int64(code) + 8192) >> 8)]
    for c in range(BLOCK):
        noise = np.floor((strength * work[_Z2 * BLOCK + c] + 524288.0) * 2.0**-20)
        wanted = work[_CODE * BLOCK + c] + work[_INL * BLOCK + c] + work[OFFSET * BLOCK + c] + noise
        code = min(max(wanted, lowest), highest)
        work[_SATURATED * BLOCK + c] += 1.0 if code != wanted else 0.0
        work[_ACC * BLOCK + c] += (code - work[DARK * BLOCK + c]) * weight


@compiled(
    "void(i4[:,::1], i4[:,::1], u8, u4, i8, b1, b1, u4[::1], f8[:,::1], f8[::1], f8[::1], f8[::1],"
    " f8[:,::1], f8[:,::1], i8)"
)
def convert_block(
    sums: NDArray[np.int32],
    ones: NDArray[np.int32],
    index: Number,
    noise_seed: Number,
    repeats: Number,
    signed: bool,
    raw: bool,
    columns: NDArray[np.uint32],
    parameters: NDArray[np.float64],
    settings: NDArray[np.float64],
    gauss: NDArray[np.float64],
    inl: NDArray[np.float64],
    acc: NDArray[np.float64],
    saturated: NDArray[np.float64],
    block: Number,
) -> None:
    """Converts one block of 32 columns for every vector of a chunk.

    Args:
        sums: `[vectors * bits * passes, 32]` of this block.
        ones: `[vectors, bits]`: rows that are on.
        index: operation index of the first repetition of the first vector.
        noise_seed: selects the noise sequence.
        repeats: conversions of every plane, one index each.
        signed: sums come in pairs (plus, minus).
        raw: every plane is a result of its own.
        columns: `[32]` column numbers.
        parameters: `[COLUMN_ROWS, 32]`, see the constants of this module.
        settings: `[SETTINGS]`, likewise.
        gauss: `[2048]` normal numbers by hash field, Q12.
        inl: `[64]` codes.
        acc: `[results, columns]` sums of codes, written at this block's columns.
        saturated: `[results, columns]` conversions that saturated, likewise.
        block: which block.
    """
    vectors, bits = ones.shape
    passes = 2 if signed else 1
    work = np.zeros(_ROWS * BLOCK)
    hashes = np.zeros(BLOCK, np.uint32)
    for row in range(COLUMN_ROWS):
        for c in range(BLOCK):
            work[row * BLOCK + c] = parameters[row, c]
    noisy = settings[READ_NOISE] != 0.0
    fuzzy = settings[ADC_NOISE] != 0.0
    seed_key = seeded(np.uint32(noise_seed))
    bent = False
    for n in range(inl.size):
        bent |= inl[n] != 0.0
    for vector in range(vectors):
        for repeat in range(repeats):
            key = absorb_index(seed_key, index + np.uint64(vector * repeats + repeat))
            second = second_key(key)
            for bit in range(bits):
                if raw or (repeat == 0 and bit == 0):
                    for c in range(2 * BLOCK):
                        work[_ACC * BLOCK + c] = 0.0
                plane = vector * bits + bit
                _load(sums, work, plane * passes, signed)
                if noisy or fuzzy:
                    salt = key ^ np.uint32(bit << 9)
                    _draw(salt, second, columns, hashes, gauss, work)
                _amplify(work, settings, ones[vector, bit] == 1, noisy)
                _digitise(work, settings, inl, bent, 1.0 if raw else np.float64(1 << bit))
                if raw or (repeat == repeats - 1 and bit == bits - 1):
                    result = plane if raw else vector
                    for c in range(BLOCK):
                        acc[result, block * BLOCK + c] = work[_ACC * BLOCK + c]
                        saturated[result, block * BLOCK + c] = work[_SATURATED * BLOCK + c]

# SPDX-License-Identifier: BSD-3-Clause
"""Places and operation indices to 32-bit hashes, as docs/emulator.md defines them, vectorised.

Every function takes scalars or arrays of unsigned integers that broadcast, and returns uint32.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

U32 = NDArray[np.uint32]

_GOLDEN = 0x9E3779B9
_SECOND = 0x85EBCA6B
_COLUMN_BITS = np.uint32(9)


class CellDraw(IntEnum):
    """What is drawn from a cell's place."""

    BREAKDOWN = 0
    FORMED = 1
    PULSE = 2
    PRISTINE = 3
    FAULT = 4
    SPREAD = 5


def _u32(values: ArrayLike) -> U32:
    return np.asarray(values).astype(np.uint64).astype(np.uint32)


def mix32(values: ArrayLike) -> U32:
    """Mixes 32-bit words so that every output bit depends on every input bit."""
    x = np.array(_u32(values), copy=True, ndmin=1)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return x.reshape(np.shape(values))


def _seeded(seed: int) -> U32:
    return mix32((seed + _GOLDEN) & 0xFFFFFFFF)


def _absorb_index(state: ArrayLike, index: ArrayLike) -> U32:
    words = np.asarray(index).astype(np.uint64)
    return mix32(mix32(_u32(state) ^ _u32(words & np.uint64(0xFFFFFFFF))) ^ _u32(words >> np.uint64(32)))


def operation_key(noise_seed: int, index: ArrayLike) -> U32:
    """Returns `key` of every 64-bit operation index."""
    return _absorb_index(_seeded(noise_seed), index)


def second_key(key: ArrayLike) -> U32:
    """Returns `key2` of every `key`."""
    return mix32(_u32(key) ^ np.uint32(_SECOND))


def sample_hash(key: ArrayLike, plane: ArrayLike, column: ArrayLike) -> U32:
    """Returns the hash of one conversion: its operation's key, bit plane and column."""
    place = (_u32(plane) << _COLUMN_BITS) | _u32(column)
    return mix32(_u32(key) ^ place) ^ second_key(key)


def row_key(chip_seed: int, macro: ArrayLike, row: ArrayLike) -> U32:
    """Returns the key that all cells of a row share."""
    return mix32(_seeded(chip_seed) ^ ((_u32(macro) << _COLUMN_BITS) | _u32(row)))


def cell_hash(key: ArrayLike, kind: CellDraw, column: ArrayLike) -> U32:
    """Returns the hash of one cell's fixed property, `key` being its row's key."""
    return mix32(_u32(key) ^ ((np.uint32(kind) << _COLUMN_BITS) | _u32(column)))


def pulse_hash(key: ArrayLike, index: ArrayLike, column: ArrayLike) -> U32:
    """Returns the hash of one pulse on one cell, `key` being its row's key."""
    return cell_hash(_absorb_index(key, index), CellDraw.PULSE, column)

# SPDX-License-Identifier: BSD-3-Clause
"""Hashes against docs/emulator.md, written again in plain Python integers."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ohmloop.profile import hashes
from ohmloop.profile.hashes import CellDraw

MASK = 0xFFFFFFFF
words = st.integers(0, MASK)
indices = st.integers(0, 2**64 - 1)
lines = st.integers(0, 511)


def mix(x: int) -> int:
    x ^= x >> 16
    x = x * 0x7FEB352D & MASK
    x ^= x >> 15
    x = x * 0x846CA68B & MASK
    return x ^ (x >> 16)


def row(chip_seed: int, macro: int, line: int) -> int:
    return mix(mix((chip_seed + 0x9E3779B9) & MASK) ^ (macro << 9 | line))


@given(words, st.lists(words, min_size=1))
def test_mix32_of_arrays_and_scalars_is_the_documented_one(one: int, many: list[int]) -> None:
    assert int(hashes.mix32(one)) == mix(one)
    assert hashes.mix32(np.array(many, np.uint32)).tolist() == [mix(x) for x in many]


@given(words, indices, st.integers(0, 7), lines)
def test_sample_hash_is_the_documented_one(seed: int, index: int, plane: int, column: int) -> None:
    key = mix(mix(mix((seed + 0x9E3779B9) & MASK) ^ (index & MASK)) ^ (index >> 32))
    assert int(hashes.operation_key(seed, np.uint64(index))) == key
    expected = mix(key ^ (plane << 9 | column)) ^ mix(key ^ 0x85EBCA6B)
    assert int(hashes.sample_hash(key, plane, column)) == expected


@given(words, st.integers(0, 3), lines, lines, st.sampled_from(CellDraw))
def test_cell_hash_is_the_documented_one(
    seed: int, macro: int, line: int, column: int, kind: CellDraw
) -> None:
    key = row(seed, macro, line)
    assert int(hashes.row_key(seed, macro, line)) == key
    assert int(hashes.cell_hash(key, kind, column)) == mix(key ^ (int(kind) << 9 | column))


@given(words, lines, indices, lines)
def test_pulse_hash_is_the_documented_one(seed: int, line: int, index: int, column: int) -> None:
    state = mix(mix(row(seed, 0, line) ^ (index & MASK)) ^ (index >> 32))
    expected = mix(state ^ (2 << 9 | column))
    assert int(hashes.pulse_hash(hashes.row_key(seed, 0, line), np.uint64(index), column)) == expected


def test_hashes_broadcast_over_rows_and_columns() -> None:
    keys = hashes.row_key(7, 0, np.arange(5))[:, None]
    grid = hashes.cell_hash(keys, CellDraw.FORMED, np.arange(6)[None, :])
    assert grid.shape == (5, 6)
    assert int(grid[4, 3]) == mix(row(7, 0, 4) ^ (1 << 9 | 3))

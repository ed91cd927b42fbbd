# SPDX-License-Identifier: BSD-3-Clause
"""Operation indices and cells to hashes, compiled (docs/emulator.md, "Hashes")."""

import numpy as np

from ohmloop.emulator.compiling import Number, compiled


@compiled("u4(u4)")
def mix32(x: Number) -> Number:
    """Returns the 32-bit mixing function of `x`."""
    y = np.uint32(x ^ (x >> np.uint32(16)))
    y = np.uint32(y * np.uint32(0x7FEB352D))
    y = np.uint32(y ^ (y >> np.uint32(15)))
    y = np.uint32(y * np.uint32(0x846CA68B))
    return np.uint32(y ^ (y >> np.uint32(16)))


@compiled("u4(u4, u8)")
def absorb_index(state: Number, index: Number) -> Number:
    """Returns a key with a 64-bit operation index mixed in."""
    low = np.uint32(index & np.uint64(0xFFFFFFFF))
    high = np.uint32(index >> np.uint64(32))
    return mix32(mix32(np.uint32(state) ^ low) ^ high)


@compiled("u4(u4)")
def seeded(seed: Number) -> Number:
    """Returns the key that a chip's or a noise seed begins with."""
    return mix32(np.uint32(seed + np.uint32(0x9E3779B9)))


@compiled("u4(u4)")
def second_key(key: Number) -> Number:
    """Returns `key2` of a `key`."""
    return mix32(key ^ np.uint32(0x85EBCA6B))

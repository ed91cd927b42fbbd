# SPDX-License-Identifier: BSD-3-Clause
"""Codes, results and flags to the wire's bits and back, a whole batch at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]


def words(bits: int) -> int:
    """Returns how many 32-bit words hold `bits` bits."""
    return (bits + 31) >> 5


def pack_inputs(x_codes: Integers, bits: int, signed: bool) -> NDArray[np.uint8]:
    """Packs input vectors: `[n, rows]` codes to `[n, bytes]`, every vector padded to a word.

    A signed code is its magnitude in `bits` bits and a sign bit above.

    Raises:
        ValueError: a code does not fit.
    """
    rows = x_codes.shape[1]
    top = (1 << bits) - 1
    bottom = -top if signed else 0
    if x_codes.size and (int(x_codes.min()) < bottom or int(x_codes.max()) > top):
        seen = (int(x_codes.min()), int(x_codes.max()))
        raise ValueError(f"input codes of {seen} are not in {bottom}..{top}")
    fields = x_codes
    if signed:
        wide = x_codes.astype(np.int16)
        fields = np.abs(wide) | ((wide < 0).astype(np.int16) << bits)
    return _pack_fields(fields, bits + signed, 4 * words(rows * (bits + signed)))


def unpack_inputs(data: bytes | NDArray[np.uint8], n: int, rows: int, bits: int, signed: bool) -> Integers:
    """Unpacks `n` input vectors: returns int16 codes `[n, rows]`."""
    width = bits + signed
    stride = 4 * words(rows * width)
    raw = data.reshape(-1) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    fields = _unpack_fields(raw[: n * stride].reshape(n, stride), width, rows)
    if not signed:
        return fields
    magnitude = fields & np.int16((1 << bits) - 1)
    return np.where(fields >> bits, -magnitude, magnitude)


def _pack_fields(fields: Integers, width: int, row_bytes: int) -> NDArray[np.uint8]:
    """Packs `[n, m]` fields of `width` bits (at most 9), least significant first, a row in `row_bytes`."""
    count, m = fields.shape
    out = np.zeros((count, row_bytes), np.uint8)
    if width == 8:
        out[:, :m] = fields
        return out
    groups = -(-m // 8)
    eights = np.zeros((count, groups * 8), np.uint64)
    eights[:, :m] = fields
    eights = eights.reshape(count, groups, 8)
    low = eights[:, :, 0].copy()
    for i in range(1, 8):
        low |= eights[:, :, i] << np.uint64(i * width)
    packed = np.empty((count, groups, width), np.uint8)
    packed[:, :, : min(width, 8)] = _bytes_of(low)[:, :, : min(width, 8)]
    if width == 9:
        packed[:, :, 8] = eights[:, :, 7] >> np.uint64(1)
    used = (m * width + 7) // 8
    out[:, :used] = packed.reshape(count, groups * width)[:, :used]
    return out


def _bytes_of(numbers: NDArray[np.uint64]) -> NDArray[np.uint8]:
    return numbers.astype("<u8")[..., None].view(np.uint8)


def _unpack_fields(raw: NDArray[np.uint8], width: int, m: int) -> Integers:
    """Returns `[n, m]` int16 fields of `width` bits (at most 9) from `[n, bytes]`."""
    count = raw.shape[0]
    if width == 8:
        return raw[:, :m].astype(np.int16)
    groups = -(-m // 8)
    used = min(raw.shape[1], groups * width)
    padded = np.zeros((count, groups * width), np.uint8)
    padded[:, :used] = raw[:, :used]
    grouped = padded.reshape(count, groups, width)
    numbers = np.zeros((count, groups, 8), np.uint8)
    numbers[:, :, : min(width, 8)] = grouped[:, :, : min(width, 8)]
    low = numbers.view("<u8")[:, :, 0]
    fields = np.empty((count, groups, 8), np.int16)
    mask = np.uint64((1 << width) - 1)
    for i in range(8):
        fields[:, :, i] = (low >> np.uint64(i * width)) & mask
    if width == 9:
        fields[:, :, 7] |= grouped[:, :, 8].astype(np.int16) << 1
    return fields.reshape(count, groups * 8)[:, :m]


def result_words(m: int, width_bits: int) -> int:
    """Returns the words of one row of `m` results."""
    return words(m * width_bits)


def pack_results(values: Integers, width_bits: int) -> bytes:
    """Packs results `[n, m]` (int32, already clamped) at 16, 24 or 32 bits, every row padded to a word."""
    n, m = values.shape
    if width_bits == 32:
        return values.astype("<i4").tobytes()
    out = np.zeros((n, 4 * result_words(m, width_bits)), np.uint8)
    if width_bits == 16:
        out.view("<i2")[:, :m] = values
    else:
        raw = np.ascontiguousarray(values, "<i4").view(np.uint8).reshape(n, m, 4)
        out[:, : 3 * m].reshape(n, m, 3)[...] = raw[:, :, :3]
    return out.tobytes()


def unpack_results(data: bytes | memoryview, n: int, m: int, width_bits: int) -> NDArray[np.int32]:
    """Unpacks results: returns int32 `[n, m]`, signs extended."""
    stride = 4 * result_words(m, width_bits)
    raw = np.frombuffer(data, np.uint8, count=n * stride).reshape(n, stride)
    if width_bits == 32:
        return raw.view("<i4").astype(np.int32)
    if width_bits == 16:
        return raw.view("<i2")[:, :m].astype(np.int32)
    wide = np.zeros((n, m, 4), np.uint8)
    wide[:, :, 1:] = raw[:, : 3 * m].reshape(n, m, 3)
    result: NDArray[np.int32] = wide.view("<i4")[:, :, 0] >> 8
    return result


def pack_flags(flags: NDArray[np.bool_]) -> bytes:
    """Packs flags, one bit each in array order, padded to a word at the end."""
    packed = np.packbits(flags.reshape(-1), bitorder="little").tobytes()
    return packed + bytes(-len(packed) % 4)


def unpack_flags(data: bytes | memoryview, count: int) -> NDArray[np.bool_]:
    """Unpacks `count` flags: returns bool `[count]`."""
    raw = np.frombuffer(data, np.uint8, count=(count + 7) // 8)
    return np.unpackbits(raw, count=count, bitorder="little").astype(np.bool_)


def pack_g_codes(g_codes: Integers) -> bytes:
    """Packs g codes `[rows, columns]`, 16 bits each, every row padded to a word."""
    rows, columns = g_codes.shape
    out = np.zeros((rows, columns + columns % 2), "<u2")
    out[:, :columns] = g_codes
    return out.tobytes()


def unpack_g_codes(data: bytes | memoryview, rows: int, columns: int) -> NDArray[np.uint16]:
    """Unpacks g codes: returns uint16 `[rows, columns]`."""
    stride = columns + columns % 2
    raw = np.frombuffer(data, "<u2", count=rows * stride).reshape(rows, stride)
    return raw[:, :columns].astype(np.uint16)

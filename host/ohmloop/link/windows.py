# SPDX-License-Identifier: BSD-3-Clause
"""Axes of a window to wire words and back, and how a board refuses what it cannot take."""

import struct
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import MAX_LINES, Status

BITMAP_WORDS: Final = MAX_LINES // 32
AXIS_WORDS: Final = 2
_MAX_STRIDE: Final = 0x7FFF
_BITMAP_FLAG: Final = 0x8000_0000
_TWO_WORDS: Final = struct.Struct("<HHI")


class Refusal(Exception):
    """A board's answer to a request it does not take: nothing was driven.

    Attributes:
        status: status code of the reply.
        value: the value asked.
        limit: what it is compared with.
        place: index of the payload word at fault.
    """

    def __init__(self, status: Status, value: int, limit: int, place: int) -> None:
        super().__init__(f"{status.name}: {value} asked, limit {limit}, payload word {place}")
        self.status = status
        self.value = value
        self.limit = limit
        self.place = place

    @property
    def payload(self) -> bytes:
        """The reply's payload."""
        return struct.pack("<III", *(x & 0xFFFF_FFFF for x in (self.value, self.limit, self.place)))


@dataclass(frozen=True, slots=True)
class Axis:
    """Lines of one axis: `start`, `start + stride`, ... or the bits of a bitmap.

    `bitmap` is 64 bytes, line 0 in bit 0 of the first; then `start` and `stride` mean nothing.
    """

    start: int
    count: int
    stride: int = 1
    bitmap: bytes | None = None

    @classmethod
    def from_lines(cls, lines: NDArray[np.integer[Any]]) -> "Axis":
        """Returns the axis of `lines`, by stride where that is possible.

        Raises:
            ValueError: lines are none, do not ascend, or are outside 0..511.
        """
        values = np.asarray(lines, np.intp)
        if values.ndim != 1 or values.size == 0:
            raise ValueError(f"an axis of shape {values.shape} has no lines")
        steps = np.diff(values)
        if values[0] < 0 or values[-1] >= MAX_LINES or (steps < 1).any():
            raise ValueError(f"lines do not ascend within 0..{MAX_LINES - 1}")
        if values.size == 1:
            return cls(int(values[0]), 1)
        if (steps == steps[0]).all():
            return cls(int(values[0]), int(values.size), int(steps[0]))
        flags = np.zeros(MAX_LINES, np.uint8)
        flags[values] = 1
        return cls(0, int(values.size), 1, np.packbits(flags, bitorder="little").tobytes())

    @property
    def lines(self) -> NDArray[np.intp]:
        """Line numbers, ascending."""
        if self.bitmap is None:
            return np.arange(self.count, dtype=np.intp) * self.stride + self.start
        flags = np.unpackbits(np.frombuffer(self.bitmap, np.uint8), bitorder="little")
        return np.flatnonzero(flags)

    @property
    def words(self) -> int:
        """Payload words that the axis takes."""
        return AXIS_WORDS if self.bitmap is None else AXIS_WORDS + BITMAP_WORDS

    def encode(self) -> bytes:
        """Returns the axis as payload bytes."""
        if self.bitmap is not None:
            return _TWO_WORDS.pack(0, self.count, 1 | _BITMAP_FLAG) + self.bitmap
        return _TWO_WORDS.pack(self.start, self.count, self.stride)

    @classmethod
    def decode(cls, payload: bytes, place: int) -> "Axis":
        """Returns the axis at payload word `place`; the caller has checked that it is there."""
        start, count, second = _TWO_WORDS.unpack_from(payload, 4 * place)
        if second & _BITMAP_FLAG:
            at = 4 * (place + AXIS_WORDS)
            return cls(0, count, 1, bytes(payload[at : at + 4 * BITMAP_WORDS]))
        return cls(start, count, second & _MAX_STRIDE)

    def check(self, lines: int, place: int) -> None:
        """Raises Refusal (BAD_WINDOW) unless the axis has lines, all below `lines`.

        Args:
            lines: rows or columns of the macro.
            place: payload word at which the axis stands.
        """
        if self.count == 0:
            raise Refusal(Status.BAD_WINDOW, 0, 1, place)
        if self.bitmap is None:
            if self.stride == 0:
                raise Refusal(Status.BAD_WINDOW, 0, 1, place + 1)
            last = self.start + (self.count - 1) * self.stride
        else:
            bits = int.from_bytes(self.bitmap, "little")
            if bits.bit_count() != self.count:
                raise Refusal(Status.BAD_WINDOW, bits.bit_count(), self.count, place)
            last = bits.bit_length() - 1
        if last >= lines:
            raise Refusal(Status.BAD_WINDOW, last, lines - 1, place)


def decode_axes(payload: bytes, place: int) -> tuple[Axis, Axis]:
    """Returns the rows and columns axes that start at payload word `place`.

    Raises:
        Refusal: BAD_LENGTH when the payload ends before they do.
    """
    have = len(payload) // 4
    need = place + 2 * AXIS_WORDS
    if have < need:
        raise Refusal(Status.BAD_LENGTH, have, need, 0)
    rows_bitmap = payload[4 * place + 7] & 0x80
    need += BITMAP_WORDS if rows_bitmap else 0
    if have < need:
        raise Refusal(Status.BAD_LENGTH, have, need, 0)
    at = need - AXIS_WORDS
    need += BITMAP_WORDS if payload[4 * at + 7] & 0x80 else 0
    if have < need:
        raise Refusal(Status.BAD_LENGTH, have, need, 0)
    return Axis.decode(payload, place), Axis.decode(payload, at)


def require_length(payload: bytes, expected_words: int) -> None:
    """Raises Refusal (BAD_LENGTH) unless the payload has exactly `expected_words` words."""
    if len(payload) != 4 * expected_words:
        raise Refusal(Status.BAD_LENGTH, len(payload) // 4, expected_words, 0)


def require_field(value: int, limit: int, place: int, *, lowest: int = 0) -> None:
    """Raises Refusal (BAD_FIELD) unless `value` is in `lowest`..`limit`."""
    if value < lowest:
        raise Refusal(Status.BAD_FIELD, value, lowest, place)
    if value > limit:
        raise Refusal(Status.BAD_FIELD, value, limit, place)

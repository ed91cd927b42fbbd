# SPDX-License-Identifier: BSD-3-Clause
"""SELF_TEST and ADC_SELFCAL, and their replies, to payload bytes and back."""

import struct
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode, Status
from ohmloop.link.identity import Identity
from ohmloop.link.requests import COUNT_WORDS
from ohmloop.link.windows import Axis, Refusal, decode_axes, require_field, require_length

ReferenceOpcode = Literal[Opcode.SELF_TEST, Opcode.ADC_SELFCAL]
_HEAD_WORDS: Final = 5
_MAX_LOG2: Final = 7
_HEAD: Final = struct.Struct("<IHhQI")
_LEVEL: Final = struct.Struct("<qiiI")
_LEVELS: Final = 3
_TEST_WORDS: Final = 4
_CHANNEL_WORDS: Final = 4
_ANY_ROW: Final = Axis(0, 1)


@dataclass(frozen=True, slots=True)
class ReferenceRequest:
    """Readings of the reference input by the firmware; `columns` are the channels, `rows` mean nothing.

    `count` readings of each channel with ADC_SELFCAL; SELF_TEST reads at -level, 0 and level.
    """

    opcode: ReferenceOpcode
    macro: int
    columns: Axis
    read_code: int
    operation_index: int
    level: int
    count: int = 0
    range: int = 0
    averages_log2: int = 0
    polarity: int = 0
    idle: int = 0
    rows: Axis = _ANY_ROW
    reference: bool = True

    @property
    def largest_reply_words(self) -> int:
        """Words of the OK reply."""
        if self.opcode == Opcode.SELF_TEST:
            return _TEST_WORDS + _LEVELS * _LEVEL.size // 4
        return max(COUNT_WORDS, 2 + _CHANNEL_WORDS * self.columns.count)

    def encode(self) -> bytes:
        """Returns the payload."""
        flags = self.macro | self.range << 8 | self.averages_log2 << 12 | self.polarity << 24
        flags |= self.idle << 25 | self.reference << 27
        head = _HEAD.pack(flags, self.read_code, self.level, self.operation_index, self.count)
        return head + self.rows.encode() + self.columns.encode()

    @classmethod
    def decode(cls, payload: bytes, opcode: ReferenceOpcode, identity: Identity) -> "ReferenceRequest":
        """Returns the request that `payload` holds; raises Refusal, as this board would."""
        rows, columns = decode_axes(payload, _HEAD_WORDS)
        require_length(payload, _HEAD_WORDS + rows.words + columns.words)
        flags, read_code, level, index, count = _HEAD.unpack_from(payload)
        request = cls(
            opcode, flags & 0xFF, columns, read_code, index, level, count & 0xFFFF, range=flags >> 8 & 0xF,
            averages_log2=flags >> 12 & 0xF, polarity=flags >> 24 & 1, idle=flags >> 25 & 3, rows=rows,
            reference=bool(flags >> 27 & 1),
        )  # fmt: skip
        request._check(identity)
        return request

    def _check(self, identity: Identity) -> None:
        calibrates = self.opcode == Opcode.ADC_SELFCAL
        require_field(self.macro, len(identity.macros) - 1, 0)
        macro = identity.macros[self.macro]
        require_field(self.range, macro.ranges - 1, 0)
        require_field(self.averages_log2, 0 if calibrates else _MAX_LOG2, 0)
        require_field(self.idle, 2, 0)
        require_field(self.reference, 1, 0, lowest=1)
        require_field(self.count, 0xFFFF, 4, lowest=1 if calibrates else 0)
        self.rows.check(macro.rows, _HEAD_WORDS)
        self.columns.check(macro.columns, _HEAD_WORDS + self.rows.words)
        most = identity.max_payload // 4
        if calibrates and self.largest_reply_words > most:
            raise Refusal(Status.REPLY_TOO_LARGE, self.largest_reply_words, most, _HEAD_WORDS)


@dataclass(frozen=True, slots=True)
class LevelReading:
    """One level of the reference over all channels: sum, lowest and highest reading, how many saturated."""

    total: int
    lowest: int
    highest: int
    saturated: int


@dataclass(frozen=True, slots=True)
class SelfTestReply:
    """An OK reply of SELF_TEST: `failed` bits, bytes of memory tested, the guard's answer, three levels."""

    cycles: int
    failed: int
    memory_bytes: int
    guard: int
    levels: tuple[LevelReading, ...]

    @classmethod
    def decode(cls, payload: bytes) -> "SelfTestReply":
        """Returns the reply that `payload` holds; raises Refusal (BAD_LENGTH)."""
        require_length(payload, _TEST_WORDS + _LEVELS * _LEVEL.size // 4)
        cycles, failed, memory_bytes, guard = struct.unpack_from("<4I", payload)
        levels = tuple(LevelReading(*level) for level in _LEVEL.iter_unpack(payload[4 * _TEST_WORDS :]))
        return cls(cycles, failed, memory_bytes, guard, levels)


@dataclass(frozen=True, slots=True)
class SelfcalReply:
    """An OK reply of ADC_SELFCAL: int64 `sums` and uint64 `squares` of the codes, `[channels]`."""

    cycles: int
    saturated: int
    sums: NDArray[np.int64]
    squares: NDArray[np.uint64]

    @classmethod
    def decode(cls, payload: bytes, channels: int) -> "SelfcalReply":
        """Returns the reply that `payload` holds; raises Refusal (BAD_LENGTH)."""
        require_length(payload, 2 + _CHANNEL_WORDS * channels)
        cycles, saturated = struct.unpack_from("<II", payload)
        words = np.frombuffer(payload, "<u8", offset=8).reshape(channels, 2)
        return cls(cycles, saturated, words[:, 0].astype(np.int64), words[:, 1].astype(np.uint64))

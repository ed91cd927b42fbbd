# SPDX-License-Identifier: BSD-3-Clause
"""MAC, MAC_RAW and READ_CELLS requests and their replies, to payload bytes and back."""

import struct
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import MAX_INPUT_BITS, Opcode, Status
from ohmloop.link.identity import Identity
from ohmloop.link.packing import (
    Integers,
    pack_flags,
    pack_results,
    result_words,
    unpack_flags,
    unpack_inputs,
    unpack_results,
    words,
)
from ohmloop.link.requests import COUNT_WORDS
from ohmloop.link.windows import Axis, Refusal, decode_axes, require_field, require_length

HEAD_WORDS: Final = 5
REPLY_HEAD_WORDS: Final = 2
MAX_AVERAGES_LOG2: Final = 7
WIDTHS: Final = (16, 24, 32)
VectorOpcode = Literal[Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS]
_HEAD: Final = struct.Struct("<IHhQI")


@dataclass(frozen=True, slots=True)
class VectorRequest:
    """Reads products (MAC), single planes (MAC_RAW) or cells (READ_CELLS) of a window.

    `vectors` holds `count` packed input vectors (`pack_inputs`); none with READ_CELLS or `reference`.
    """

    opcode: Opcode
    macro: int
    rows: Axis
    columns: Axis
    read_code: int
    operation_index: int
    range: int = 0
    averages_log2: int = 0
    bits: int = 1
    width_bits: int = 32
    signed: bool = False
    pairs: bool = False
    polarity: int = 0
    idle: int = 0
    reference: bool = False
    level: int = 0
    count: int = 0
    vectors: bytes = b""

    @property
    def vector_words(self) -> int:
        """Words of one input vector; 0 where the request carries none."""
        if self.opcode == Opcode.READ_CELLS or self.reference:
            return 0
        return words(self.rows.count * (self.bits + self.signed))

    @property
    def words(self) -> int:
        """Payload words of the request."""
        return HEAD_WORDS + self.rows.words + self.columns.words + self.count * self.vector_words

    @property
    def result_shape(self) -> tuple[int, int]:
        """Rows of the reply (vectors, planes of vectors, or cells' rows) and results in each."""
        results = self.columns.count // 2 if self.pairs else self.columns.count
        if self.opcode == Opcode.READ_CELLS:
            return self.rows.count, results
        planes = self.bits if self.opcode == Opcode.MAC_RAW else 1
        return self.count * planes, results

    @property
    def largest_reply_words(self) -> int:
        """Words of the reply when a result is saturated."""
        n, m = self.result_shape
        return max(COUNT_WORDS, REPLY_HEAD_WORDS + n * result_words(m, self.width_bits) + words(n * m))

    @property
    def input_codes(self) -> Integers:
        """The input vectors as codes, int16 `[count, rows]`."""
        return unpack_inputs(self.vectors, self.count, self.rows.count, self.bits, self.signed)

    def encode(self) -> bytes:
        """Returns the payload; raises ValueError when `vectors` has another length than its fields ask."""
        if len(self.vectors) != 4 * self.count * self.vector_words:
            raise ValueError(
                f"{len(self.vectors)} bytes of vectors, {4 * self.count * self.vector_words} expected"
            )
        flags = (
            self.macro
            | self.range << 8
            | self.averages_log2 << 12
            | self.bits << 16
            | WIDTHS.index(self.width_bits) << 20
            | self.signed << 22
            | self.pairs << 23
            | self.polarity << 24
            | self.idle << 25
            | self.reference << 27
        )
        head = _HEAD.pack(flags, self.read_code, self.level, self.operation_index, self.count)
        return b"".join((head, self.rows.encode(), self.columns.encode(), self.vectors))

    @classmethod
    def decode(cls, payload: bytes, opcode: VectorOpcode, identity: Identity) -> "VectorRequest":
        """Returns the request that `payload` holds.

        Raises:
            Refusal: BAD_LENGTH, BAD_FIELD, BAD_WINDOW or REPLY_TOO_LARGE, as this board would.
        """
        rows, columns = decode_axes(payload, HEAD_WORDS)
        flags, read_code, level, index, count = _HEAD.unpack_from(payload)
        width_field = flags >> 20 & 3
        request = cls(
            opcode=opcode,
            macro=flags & 0xFF,
            rows=rows,
            columns=columns,
            read_code=read_code,
            operation_index=index,
            range=flags >> 8 & 0xF,
            averages_log2=flags >> 12 & 0xF,
            bits=flags >> 16 & 0xF,
            width_bits=WIDTHS[width_field] if width_field < len(WIDTHS) else 0,
            signed=bool(flags >> 22 & 1),
            pairs=bool(flags >> 23 & 1),
            polarity=flags >> 24 & 1,
            idle=flags >> 25 & 3,
            reference=bool(flags >> 27 & 1),
            level=level,
            count=count & 0xFFFF,
            vectors=payload[4 * (HEAD_WORDS + rows.words + columns.words) :],
        )
        require_length(payload, request.words)
        request.check(identity)
        return request

    def check(self, identity: Identity) -> None:
        """Raises Refusal where a board of this identity would, in the board's order; lengths are right."""
        raw, cells = self.opcode == Opcode.MAC_RAW, self.opcode == Opcode.READ_CELLS
        require_field(self.macro, len(identity.macros) - 1, 0)
        macro = identity.macros[self.macro]
        require_field(self.range, macro.ranges - 1, 0)
        require_field(self.averages_log2, 0 if raw else MAX_AVERAGES_LOG2, 0)
        require_field(self.bits, 1 if cells else min(macro.input_bits, MAX_INPUT_BITS), 0, lowest=1)
        require_field(2 if self.width_bits else 3, 2, 0)
        require_field(self.signed, 0 if cells else 1, 0)
        require_field(self.pairs, 0 if raw or cells else 1, 0)
        require_field(self.idle, 2, 0)
        require_field(self.reference, 1 if identity.reference_input and not cells else 0, 0)
        require_field(self.count, 0 if cells else 0xFFFF, 4, lowest=0 if cells else 1)
        at_columns = HEAD_WORDS + self.rows.words
        if self.pairs and self.columns.count & 1:
            raise Refusal(Status.BAD_FIELD, self.columns.count, self.columns.count - 1, at_columns)
        self.rows.check(macro.rows, HEAD_WORDS)
        self.columns.check(macro.columns, at_columns)
        most, place = identity.max_payload // 4, HEAD_WORDS if cells else 4
        if self.largest_reply_words > most:
            raise Refusal(Status.REPLY_TOO_LARGE, self.largest_reply_words, most, place)


@dataclass(frozen=True, slots=True)
class VectorReply:
    """An OK reply: int32 `values` and bool `saturated`, both `[n, m]`; `cycles` of clk."""

    cycles: int
    values: NDArray[np.int32]
    saturated: NDArray[np.bool_]

    def encode(self, width_bits: int) -> bytes:
        """Returns the payload; values are already clamped to `width_bits`."""
        count = int(np.count_nonzero(self.saturated))
        bitmap = pack_flags(self.saturated) if count else b""
        head = struct.pack("<II", self.cycles & 0xFFFF_FFFF, count)
        return b"".join((head, pack_results(self.values, width_bits), bitmap))

    @classmethod
    def decode(cls, payload: bytes, shape: tuple[int, int], width_bits: int) -> "VectorReply":
        """Returns the reply of `shape` that `payload` holds; raises Refusal (BAD_LENGTH)."""
        n, m = shape
        if len(payload) < 4 * REPLY_HEAD_WORDS:
            raise Refusal(Status.BAD_LENGTH, len(payload) // 4, REPLY_HEAD_WORDS, 0)
        cycles, count = struct.unpack_from("<II", payload)
        at = 4 * (REPLY_HEAD_WORDS + n * result_words(m, width_bits))
        require_length(payload, at // 4 + (words(n * m) if count else 0))
        body = memoryview(payload)
        values = unpack_results(body[8:at], n, m, width_bits)
        flags = unpack_flags(body[at:], n * m) if count else np.zeros(n * m, np.bool_)
        return cls(cycles, values, flags.reshape(n, m))

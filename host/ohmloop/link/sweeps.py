# SPDX-License-Identifier: BSD-3-Clause
"""SWEEP and ENV to payload bytes and back."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from ohmloop._map import Pulse, Status
from ohmloop.link.identity import MacroGeometry
from ohmloop.link.packing import result_words, words
from ohmloop.link.requests import COUNT_WORDS
from ohmloop.link.vectors import REPLY_HEAD_WORDS, WIDTHS
from ohmloop.link.windows import Axis, Refusal, decode_axes, require_field, require_length

_SWEEP_HEAD: Final = 4
_POINT_WORDS: Final = 2
_DWELL_BITS: Final = 28
_ENV_HEAD: Final = 4
_MAX_IDLE: Final = 2


class Point(NamedTuple):
    """One point of SWEEP: DAC codes, clk cycles."""

    voltage_code: int
    gate_code: int
    dwell_cycles: int
    kind: int = Pulse.SET
    polarity: int = 0


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Measures currents at points, on every row of a window."""

    macro: int
    rows: Axis
    columns: Axis
    points: tuple[Point, ...]
    operation_index: int
    range: int = 0
    width_bits: int = 32
    idle: int = 0

    @property
    def result_shape(self) -> tuple[int, int]:
        """Rows of the reply (a row of the window at a point) and results in each."""
        return self.rows.count * len(self.points), self.columns.count

    @property
    def largest_reply_words(self) -> int:
        """Words of the reply when a result is saturated."""
        n, m = self.result_shape
        return max(COUNT_WORDS, REPLY_HEAD_WORDS + n * result_words(m, self.width_bits) + words(n * m))

    @property
    def first_point_word(self) -> int:
        """Payload word at which the points begin."""
        return _SWEEP_HEAD + self.rows.words + self.columns.words

    def encode(self) -> bytes:
        """Returns the payload."""
        first = self.macro | self.range << 8 | WIDTHS.index(self.width_bits) << 20 | self.idle << 25
        head = struct.pack("<IIQ", first, len(self.points), self.operation_index)
        points = b"".join(
            struct.pack(
                "<HHI",
                one.voltage_code,
                one.gate_code,
                one.dwell_cycles | one.kind << 28 | one.polarity << 30,
            )
            for one in self.points
        )
        return head + self.rows.encode() + self.columns.encode() + points

    @classmethod
    def decode(
        cls, payload: bytes, macros: Sequence[MacroGeometry], *, read_limit: int, max_payload: int
    ) -> "SweepRequest":
        """Returns the request that `payload` holds; raises Refusal."""
        rows, columns = decode_axes(payload, _SWEEP_HEAD)
        first, count, index = struct.unpack_from("<IIQ", payload)
        count &= 0xFFFF
        at = _SWEEP_HEAD + rows.words + columns.words
        require_length(payload, at + _POINT_WORDS * count)
        width = first >> 20 & 3
        points = tuple(
            Point(voltage, gate, rest & ((1 << _DWELL_BITS) - 1), rest >> 28 & 3, rest >> 30 & 1)
            for voltage, gate, rest in struct.iter_unpack("<HHI", payload[4 * at :])
        )
        request = cls(
            macro=first & 0xFF,
            rows=rows,
            columns=columns,
            points=points,
            operation_index=index,
            range=first >> 8 & 0xF,
            width_bits=WIDTHS[width] if width < len(WIDTHS) else 0,
            idle=first >> 25 & 3,
        )
        request._check(macros, read_limit, max_payload)
        return request

    def _check(self, macros: Sequence[MacroGeometry], read_limit: int, max_payload: int) -> None:
        require_field(self.macro, len(macros) - 1, 0)
        macro = macros[self.macro]
        require_field(self.range, macro.ranges - 1, 0)
        require_field(2 if self.width_bits else 3, 2, 0)
        require_field(self.idle, _MAX_IDLE, 0)
        require_field(len(self.points), 0xFFFF, 1, lowest=1)
        for number, point in enumerate(self.points):
            if point.voltage_code > read_limit:
                place = self.first_point_word + _POINT_WORDS * number + 1
                require_field(point.kind, Pulse.RESET, place)
                require_field(point.dwell_cycles, 1 << _DWELL_BITS, place, lowest=1)
        self.rows.check(macro.rows, _SWEEP_HEAD)
        self.columns.check(macro.columns, _SWEEP_HEAD + self.rows.words)
        if self.largest_reply_words > max_payload // 4:
            raise Refusal(Status.REPLY_TOO_LARGE, self.largest_reply_words, max_payload // 4, 1)


@dataclass(frozen=True, slots=True)
class EnvRequest:
    """Lets time (log2 of seconds, Q8) and reads act on the cells of a window."""

    macro: int
    log_seconds: int
    reads: int
    operation_index: int
    rows: Axis
    columns: Axis

    @property
    def largest_reply_words(self) -> int:
        """Words of the longest reply."""
        return COUNT_WORDS

    def encode(self) -> bytes:
        """Returns the payload."""
        head = struct.pack("<HHIQ", self.macro, self.log_seconds, self.reads, self.operation_index)
        return head + self.rows.encode() + self.columns.encode()

    @classmethod
    def decode(cls, payload: bytes, macros: Sequence[MacroGeometry]) -> "EnvRequest":
        """Returns the request that `payload` holds; raises Refusal."""
        rows, columns = decode_axes(payload, _ENV_HEAD)
        require_length(payload, _ENV_HEAD + rows.words + columns.words)
        macro, log_seconds, reads, index = struct.unpack_from("<HHIQ", payload)
        macro &= 0xFF
        require_field(macro, len(macros) - 1, 0)
        rows.check(macros[macro].rows, _ENV_HEAD)
        columns.check(macros[macro].columns, _ENV_HEAD + rows.words)
        return cls(macro, log_seconds, reads, index, rows, columns)

# SPDX-License-Identifier: BSD-3-Clause
"""ARM, PULSE, TABLE_WRITE and cell requests to payload bytes and back."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import GATE_ENTRIES, INL_ENTRIES, MAX_LINES, RANGES, TABLE_ENTRIES, Pulse, Status, Table
from ohmloop.link.identity import MacroGeometry
from ohmloop.link.packing import pack_g_codes, unpack_g_codes
from ohmloop.link.windows import Axis, Refusal, decode_axes, require_field, require_length

LIMIT_WORDS: Final = 6
"""LIMIT_FORM_V .. LIMIT_WIDTH: what ARM's hash is taken of."""
COUNT_WORDS: Final = 3
"""Words of a refusal, of ABORTED and of OPERATION_TIMEOUT: every reply may be that long."""
TABLE_SIZES: Final[dict[Table, int]] = {
    Table.GAUSS: TABLE_ENTRIES,
    Table.BREAKDOWN: TABLE_ENTRIES,
    Table.FORMED: TABLE_ENTRIES,
    Table.GATE: GATE_ENTRIES,
    Table.U: MAX_LINES,
    Table.V: MAX_LINES,
    Table.GAIN: RANGES * MAX_LINES,
    Table.OFFSET: MAX_LINES,
    Table.INL: INL_ENTRIES,
    Table.DARK: RANGES * MAX_LINES,
    Table.CORRECTION: RANGES * MAX_LINES,
}
"""Entries of every table, as TABLE_WRITE addresses them."""
EXPIRY_CYCLES: Final = 1024
"""Clk cycles of one unit of a token's expiry."""
_ARM: Final = struct.Struct("<IIIII")
_PULSE: Final = struct.Struct("<IHHIQI")


@dataclass(frozen=True, slots=True)
class ArmRequest:
    """Permits pulses: kinds, window, count of cell pulses, voltage code, time."""

    limits_hash: int
    kinds: frozenset[Pulse]
    macro: int
    max_pulses: int
    max_voltage_code: int
    expiry_units: int
    rows: Axis
    columns: Axis

    @property
    def largest_reply_words(self) -> int:
        """Words of the longest reply."""
        return COUNT_WORDS

    def encode(self) -> bytes:
        """Returns the payload; the expiry is in units of 1024 clk cycles."""
        ops = sum(1 << kind for kind in self.kinds)
        head = _ARM.pack(
            self.limits_hash,
            ops | self.macro << 8,
            self.max_pulses,
            self.max_voltage_code,
            self.expiry_units,
        )
        return head + self.rows.encode() + self.columns.encode()

    @classmethod
    def decode(cls, payload: bytes, macros: Sequence[MacroGeometry]) -> "ArmRequest":
        """Returns the request that `payload` holds; raises Refusal."""
        rows, columns = decode_axes(payload, 5)
        require_length(payload, 5 + rows.words + columns.words)
        limits_hash, ops, max_pulses, voltage, expiry = _ARM.unpack_from(payload)
        macro = ops >> 8 & 0xFF
        require_field(macro, len(macros) - 1, 1)
        require_field(ops & 0xFF, sum(1 << kind for kind in Pulse), 1)
        rows.check(macros[macro].rows, 5)
        columns.check(macros[macro].columns, 5 + rows.words)
        kinds = frozenset(kind for kind in Pulse if ops >> kind & 1)
        return cls(limits_hash, kinds, macro, max_pulses, voltage & 0xFFFF, expiry, rows, columns)


@dataclass(frozen=True, slots=True)
class PulseRequest:
    """Pulses every cell of a window, row by row; codes are DAC codes, width is clk cycles."""

    kind: Pulse
    macro: int
    voltage_code: int
    gate_code: int
    width_cycles: int
    operation_index: int
    pulses: int
    rows: Axis
    columns: Axis
    polarity: int = 0
    idle: int = 0

    @property
    def largest_reply_words(self) -> int:
        """Words of the longest reply."""
        return COUNT_WORDS

    @property
    def cell_pulses(self) -> int:
        """What the request takes of the token."""
        return self.rows.count * self.columns.count * self.pulses

    def encode(self) -> bytes:
        """Returns the payload."""
        first = self.macro | self.kind << 8 | self.polarity << 10 | self.idle << 11
        head = _PULSE.pack(
            first, self.voltage_code, self.gate_code, self.width_cycles, self.operation_index, self.pulses
        )
        return head + self.rows.encode() + self.columns.encode()

    @classmethod
    def decode(cls, payload: bytes, macros: Sequence[MacroGeometry]) -> "PulseRequest":
        """Returns the request that `payload` holds; raises Refusal."""
        rows, columns = decode_axes(payload, 6)
        require_length(payload, 6 + rows.words + columns.words)
        first, voltage, gate, width, index, pulses = _PULSE.unpack_from(payload)
        macro, kind, idle = first & 0xFF, first >> 8 & 3, first >> 11 & 3
        require_field(macro, len(macros) - 1, 0)
        require_field(kind, max(Pulse), 0)
        require_field(idle, 2, 0)
        require_field(width, 0xFFFF_FFFF, 2, lowest=1)
        require_field(pulses & 0xFFFF, 0xFFFF, 5, lowest=1)
        rows.check(macros[macro].rows, 6)
        columns.check(macros[macro].columns, 6 + rows.words)
        return cls(
            kind=Pulse(kind),
            macro=macro,
            voltage_code=voltage,
            gate_code=gate,
            width_cycles=width,
            operation_index=index,
            pulses=pulses & 0xFFFF,
            rows=rows,
            columns=columns,
            polarity=first >> 10 & 1,
            idle=idle,
        )


@dataclass(frozen=True, slots=True)
class TableWriteRequest:
    """Writes consecutive entries of a table; `values` is int32 `[count]`, the board takes the low 18 bits."""

    table: Table
    macro: int
    first: int
    values: NDArray[np.int32]

    @property
    def largest_reply_words(self) -> int:
        """Words of the longest reply."""
        return COUNT_WORDS

    def encode(self) -> bytes:
        """Returns the payload."""
        head = struct.pack("<BBH", self.table, self.macro, self.first)
        return head + np.ascontiguousarray(self.values, "<i4").tobytes()

    @classmethod
    def decode(cls, payload: bytes, macros: Sequence[MacroGeometry]) -> "TableWriteRequest":
        """Returns the request that `payload` holds; raises Refusal."""
        if len(payload) < 8:
            raise Refusal(Status.BAD_LENGTH, len(payload) // 4, 2, 0)
        table, macro, first = struct.unpack_from("<BBH", payload)
        require_field(macro, len(macros) - 1, 0)
        if table > max(Table):
            raise Refusal(Status.BAD_ADDRESS, table, max(Table), 0)
        values = np.frombuffer(payload, "<i4", offset=4)
        size = TABLE_SIZES[Table(table)]
        if first + values.size > size:
            raise Refusal(Status.BAD_ADDRESS, first + values.size - 1, size - 1, 0)
        return cls(Table(table), macro, first, values)


@dataclass(frozen=True, slots=True)
class CellRequest:
    """CELL_LOAD (with `g_codes`, uint16 `[rows, columns]`) or CELL_DUMP (without)."""

    macro: int
    rows: Axis
    columns: Axis
    g_codes: NDArray[np.uint16] | None = None

    @property
    def data_words(self) -> int:
        """Words that the window's g codes take."""
        return self.rows.count * ((self.columns.count + 1) // 2)

    @property
    def largest_reply_words(self) -> int:
        """Words of the longest reply."""
        return max(COUNT_WORDS, 1 + self.data_words) if self.g_codes is None else COUNT_WORDS

    def encode(self) -> bytes:
        """Returns the payload; raises ValueError when the codes have another shape than the window."""
        head = struct.pack("<I", self.macro) + self.rows.encode() + self.columns.encode()
        if self.g_codes is None:
            return head
        shape = (self.rows.count, self.columns.count)
        if self.g_codes.shape != shape:
            raise ValueError(f"g codes of shape {self.g_codes.shape}, window {shape}")
        return head + pack_g_codes(self.g_codes)

    @classmethod
    def decode(
        cls, payload: bytes, macros: Sequence[MacroGeometry], *, load: bool, max_payload: int
    ) -> "CellRequest":
        """Returns the request that `payload` holds; raises Refusal."""
        rows, columns = decode_axes(payload, 1)
        request = cls(payload[0], rows, columns)
        at = 1 + rows.words + columns.words
        require_length(payload, at + (request.data_words if load else 0))
        require_field(request.macro, len(macros) - 1, 0)
        rows.check(macros[request.macro].rows, 1)
        columns.check(macros[request.macro].columns, 1 + rows.words)
        if not load:
            if 1 + request.data_words > max_payload // 4:
                raise Refusal(Status.REPLY_TOO_LARGE, 1 + request.data_words, max_payload // 4, 1)
            return request
        g_codes = unpack_g_codes(memoryview(payload)[4 * at :], rows.count, columns.count)
        return cls(request.macro, rows, columns, g_codes)


def pack_counts(started: int, rows_done: int, pulses_given: int) -> bytes:
    """Returns the payload of ABORTED and OPERATION_TIMEOUT."""
    return struct.pack("<III", started, rows_done, pulses_given)


def unpack_words(payload: bytes) -> tuple[int, ...]:
    """Returns the payload's words, unsigned."""
    return struct.unpack(f"<{len(payload) // 4}I", payload)


def pack_words(*values: int) -> bytes:
    """Returns the payload of `values`, one unsigned word each."""
    return struct.pack(f"<{len(values)}I", *values)


def limits_hash(limits: Sequence[int]) -> int:
    """Returns ARM's hash of the six limit words LIMIT_FORM_V .. LIMIT_WIDTH."""
    return zlib.crc32(struct.pack(f"<{LIMIT_WORDS}I", *limits))

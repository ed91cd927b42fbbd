# SPDX-License-Identifier: BSD-3-Clause
"""PROGRAM to payload bytes and back."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Algorithm, Status
from ohmloop.link.identity import MacroGeometry
from ohmloop.link.requests import COUNT_WORDS
from ohmloop.link.windows import Axis, Refusal, decode_axes, require_field, require_length

MAX_CELLS: Final = 512
"""Cells of one PROGRAM."""
MOST_READINGS: Final = 64
_PROGRAM_HEAD: Final = 15
_PROGRAM: Final = struct.Struct("<IIQ12HII4HI")
_PROGRAM_REPLY_HEAD: Final = 4
_MAX_LOG2: Final = 7


class KindDrive(NamedTuple):
    """Amplitudes of one kind of pulse (DAC codes), its gate and its width in clk cycles."""

    start: int
    step: int
    end: int
    gate: int
    width: int


@dataclass(frozen=True, slots=True)
class ProgramRequest:
    """Write-verify of a window (docs/programming.md).

    `targets` (int16) and `tolerances` (uint16) are `[rows, columns]`, ADC codes of one conversion. `set`
    holds the words of FORM with FORM_RAMP. `guard` and `final` are (A, B).
    """

    algorithm: Algorithm
    macro: int
    rows: Axis
    columns: Axis
    targets: NDArray[np.int16]
    tolerances: NDArray[np.uint16]
    read_code: int
    operation_index: int
    set: KindDrive
    reset: KindDrive
    range: int = 0
    averages_log2: int = 0
    final_log2: int = 0
    most_readings: int = 1
    budget: int = 255
    stall: int = 0
    guard: tuple[int, int] = (0, 0)
    final: tuple[int, int] = (0, 0)
    gate_slope: int = 0
    gate_gain: int = 0
    gate_low: int = 0
    gate_high: int = 0
    quantum: int = 0
    delay_cycles: int = 0

    @property
    def cells(self) -> int:
        """Cells of the window."""
        return self.rows.count * self.columns.count

    @property
    def largest_reply_words(self) -> int:
        """Words of the OK reply."""
        columns = self.columns.count
        return max(COUNT_WORDS, _PROGRAM_REPLY_HEAD + self.rows.count * (columns + (columns + 1) // 2))

    def encode(self) -> bytes:
        """Returns the payload."""
        first = self.macro | self.range << 8 | self.averages_log2 << 12 | self.algorithm << 16
        first |= self.final_log2 << 20 | self.most_readings << 24
        second = self.read_code | self.budget << 16 | self.stall << 24
        up, down = self.set, self.reset
        head = _PROGRAM.pack(
            first, second, self.operation_index,
            *self.guard, *self.final, up.start, down.start, up.step, down.step, up.end, down.end, up.gate,
            down.gate, up.width, down.width, self.gate_slope, self.gate_gain, self.gate_low, self.gate_high,
            self.delay_cycles | self.quantum << 28,
        )  # fmt: skip
        cells = np.empty((*self.targets.shape, 2), "<u2")
        cells[..., 0] = self.targets.view(np.uint16)
        cells[..., 1] = self.tolerances
        return head + self.rows.encode() + self.columns.encode() + cells.tobytes()

    @classmethod
    def decode(cls, payload: bytes, macros: Sequence[MacroGeometry], *, max_payload: int) -> "ProgramRequest":
        """Returns the request that `payload` holds; raises Refusal."""
        rows, columns = decode_axes(payload, _PROGRAM_HEAD)
        at = _PROGRAM_HEAD + rows.words + columns.words
        require_length(payload, at + rows.count * columns.count)
        first, second, index, *halves = _PROGRAM.unpack_from(payload)
        (a, b, fa, fb, v_up, v_down, s_up, s_down, e_up, e_down, g_up, g_down) = halves[:12]
        w_up, w_down, slope, gain, low, high, last = halves[12:]
        require_field(first & 0xFF, len(macros) - 1, 0)
        require_field(first >> 8 & 0xF, macros[first & 0xFF].ranges - 1, 0)
        require_field(first >> 12 & 0xF, _MAX_LOG2, 0)
        require_field(first >> 16 & 0xF, max(Algorithm), 0)
        require_field(first >> 20 & 0xF, _MAX_LOG2, 0)
        require_field(first >> 24, MOST_READINGS, 0, lowest=1)
        cells = np.frombuffer(payload, "<u2", offset=4 * at).reshape(rows.count, columns.count, 2)
        request = cls(
            algorithm=Algorithm(first >> 16 & 0xF), macro=first & 0xFF, rows=rows, columns=columns,
            targets=cells[..., 0].copy().view(np.int16), tolerances=cells[..., 1].copy(),
            read_code=second & 0xFFFF, operation_index=index,
            set=KindDrive(v_up, s_up, e_up, g_up, w_up),
            reset=KindDrive(v_down, s_down, e_down, g_down, w_down),
            range=first >> 8 & 0xF, averages_log2=first >> 12 & 0xF, final_log2=first >> 20 & 0xF,
            most_readings=first >> 24, budget=second >> 16 & 0xFF, stall=second >> 24,
            guard=(a, b), final=(fa, fb), gate_slope=slope, gate_gain=gain, gate_low=low, gate_high=high,
            quantum=last >> 28, delay_cycles=last & ((1 << 28) - 1),
        )  # fmt: skip
        request._check(macros[request.macro], max_payload)
        return request

    def _check(self, macro: MacroGeometry, max_payload: int) -> None:
        require_field(self.budget, 0xFF, 1, lowest=1)
        require_field(self.set.width, 0xFFFF_FFFF, 10, lowest=1)
        require_field(self.reset.width, 0xFFFF_FFFF, 11, lowest=1)
        self.rows.check(macro.rows, _PROGRAM_HEAD)
        self.columns.check(macro.columns, _PROGRAM_HEAD + self.rows.words)
        if self.cells > MAX_CELLS:
            raise Refusal(Status.BAD_WINDOW, self.cells, MAX_CELLS, _PROGRAM_HEAD)
        if self.largest_reply_words > max_payload // 4:
            raise Refusal(Status.REPLY_TOO_LARGE, self.largest_reply_words, max_payload // 4, _PROGRAM_HEAD)


@dataclass(frozen=True, slots=True)
class ProgramReply:
    """An OK reply of PROGRAM; arrays are `[rows, columns]`: int32 sums, Outcome codes, pulses, readings."""

    cycles: int
    rows_done: int
    pulses_given: int
    readings: int
    sums: NDArray[np.int32]
    outcomes: NDArray[np.uint8]
    pulses: NDArray[np.uint8]
    reads: NDArray[np.uint8]

    def encode(self) -> bytes:
        """Returns the payload."""
        n, m = self.sums.shape
        rows = np.zeros((n, m + (m + 1) // 2), "<u4")
        rows[:, :m] = (self.sums.astype(np.int64) & 0xFFFFFF) | self.outcomes.astype(np.int64) << 24
        counts = np.zeros((n, 2 * ((m + 1) // 2)), "<u2")
        counts[:, :m] = self.pulses.astype(np.uint16) | self.reads.astype(np.uint16) << 8
        rows[:, m:] = counts.view("<u4")
        head = struct.pack(
            "<4I", self.cycles & 0xFFFF_FFFF, self.rows_done, self.pulses_given, self.readings & 0xFFFF_FFFF
        )
        return head + rows.tobytes()

    @classmethod
    def decode(cls, payload: bytes, rows: int, columns: int) -> "ProgramReply":
        """Returns the reply that `payload` holds; raises Refusal (BAD_LENGTH)."""
        stride = columns + (columns + 1) // 2
        require_length(payload, _PROGRAM_REPLY_HEAD + rows * stride)
        cycles, rows_done, given, readings = struct.unpack_from("<4I", payload)
        body = np.frombuffer(payload, "<u4", offset=4 * _PROGRAM_REPLY_HEAD).reshape(rows, stride)
        cells = body[:, :columns]
        counts = np.ascontiguousarray(body[:, columns:]).view("<u2")[:, :columns]
        sums = (cells << 8).astype(np.uint32).view(np.int32) >> 8
        outcomes = (cells >> 24).astype(np.uint8)
        pulses, reads = (counts & 0xFF).astype(np.uint8), (counts >> 8).astype(np.uint8)
        return cls(cycles, rows_done, given, readings, sums, outcomes, pulses, reads)

# SPDX-License-Identifier: BSD-3-Clause
"""FIRMWARE, SELF_TEST and ADC_SELFCAL: requests to replies (docs/protocol.md).

The twin runs no code: it answers for the built image as that does, and for any other as if there were none.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._firmware import FREE_BYTES, IMAGE_CRC, MEMORY_BYTES
from ohmloop._map import Opcode, Pulse, Register, Status
from ohmloop.emulator.array import EmulatedArray
from ohmloop.emulator.condition import Condition
from ohmloop.emulator.core_cost import COST, Work
from ohmloop.emulator.cost import CostModel
from ohmloop.emulator.guard import Drive
from ohmloop.link.messages import (
    Axis,
    Identity,
    ReferenceOpcode,
    ReferenceRequest,
    Refusal,
    VectorRequest,
    pack_counts,
    pack_words,
    unpack_results,
    unpack_words,
)

Answer = tuple[Status, bytes]
_HEAD: Final = 3
_WORDS: Final = MEMORY_BYTES // 4
_ALL_ONES: Final = 0xFFFF
_FAILED_GUARD: Final = 4
_FAILED_REFERENCE: Final = 8


@dataclass(slots=True)
class Image:
    """The image in the core's memory, and the parts that have come of the next one."""

    crc: int = IMAGE_CRC
    present: bool = True
    parts: bytes = b""

    def load(self, payload: bytes, *, armed: bool) -> int:
        """Takes one part of FIRMWARE; returns the words there now, raises Refusal."""
        if len(payload) < 4 * (_HEAD + 1):
            raise Refusal(Status.BAD_LENGTH, len(payload) // 4, _HEAD + 1, 0)
        first, total, checksum = unpack_words(payload[: 4 * _HEAD])
        if armed:
            raise Refusal(Status.STILL_ARMED, 0, 0, 0)
        there, end = len(self.parts) // 4, (first + len(payload) // 4 - _HEAD) & 0xFFFFFFFF
        if not 1 <= total <= _WORDS:
            raise Refusal(Status.BAD_FIELD, total, _WORDS if total else 1, 1)
        if end > total:
            raise Refusal(Status.BAD_FIELD, end, total, 0)
        if first not in (0, there):
            raise Refusal(Status.BAD_FIELD, first, there, 0)
        self.present = False
        self.parts = (self.parts if first else b"") + payload[4 * _HEAD :]
        if end == total:
            found = zlib.crc32(self.parts)
            if found != checksum:
                raise Refusal(Status.BAD_IMAGE, checksum, found, 2)
            self.present, self.crc = True, checksum
        return end


class Served:
    """What the firmware serves but PROGRAM, and its image."""

    def __init__(self, identity: Identity, condition: Condition, arrays: Sequence[EmulatedArray]) -> None:
        self._identity = identity
        self._condition = condition
        self._arrays = arrays
        self.image = Image(present=not identity.read_only)

    def decode(self, opcode: ReferenceOpcode, payload: bytes) -> ReferenceRequest:
        """Returns the SELF_TEST or ADC_SELFCAL that a payload holds; raises Refusal."""
        return ReferenceRequest.decode(payload, opcode, self._identity)

    def require_runnable(self) -> None:
        """Raises Refusal (NO_FIRMWARE) unless the built image is there."""
        if not self.image.present or self.image.crc != IMAGE_CRC:
            raise Refusal(Status.NO_FIRMWARE, 0, 0, 0)

    def load(self, payload: bytes) -> Answer:
        """Executes FIRMWARE."""
        armed = self._condition.guard.armed(self._condition.cycles)
        return Status.OK, pack_words(self.image.load(payload, armed=armed))

    def self_test(self, payload: bytes) -> Answer:
        """Executes SELF_TEST: memory and mask of the twin cannot fail."""
        request = self._admitted(Opcode.SELF_TEST, payload)
        guard = self._forbidden(request)
        levels = [_wrapped(request.level * turn) for turn in (-1, 0, 1)]
        repeats, levels_read = 1 << request.averages_log2, []
        for turn, level in enumerate(levels):
            index = request.operation_index + turn * repeats
            values, saturated = self._read(replace(request, level=level, operation_index=index), 1)
            levels_read.append((int(values.sum()), int(values.min()), int(values.max()), saturated))
        sums = [level[0] for level in levels_read]
        failed = _FAILED_GUARD if guard == Status.OK else 0
        failed |= 0 if sums[0] < sums[1] < sums[2] else _FAILED_REFERENCE
        body = b"".join(struct.pack("<qiiI", *level) for level in levels_read)
        work = {Work.TESTED: 1, Work.MARCHED: FREE_BYTES // 4, Work.LEVEL_CHANNEL: 3 * request.columns.count}
        return self._spent(request, work, 3, pack_words(failed, FREE_BYTES, guard) + body)

    def adc_selfcal(self, payload: bytes) -> Answer:
        """Executes ADC_SELFCAL."""
        request = self._admitted(Opcode.ADC_SELFCAL, payload)
        values, saturated = self._read(request, request.count)
        sums, squares = values.sum(axis=0), (values.astype(np.uint64) ** 2).sum(axis=0)
        body = np.stack([sums.view(np.uint64), squares], axis=1).astype("<u8").tobytes()
        channels, n = request.columns.count, request.count
        work = {
            Work.CALIBRATED: 1,
            Work.READING: n,
            Work.READING_CHANNEL: n * channels,
            Work.CHANNEL: channels,
            Work.FLAG: saturated,
        }
        return self._spent(request, work, n, pack_words(saturated) + body)

    def _admitted(self, opcode: ReferenceOpcode, payload: bytes) -> ReferenceRequest:
        request = self.decode(opcode, payload)
        if self._condition.safe_latched:
            raise Refusal(Status.SAFE_LATCHED, 0, 0, 0)
        self._condition.guard.check_read(request.read_code)
        self.require_runnable()
        return request

    def _read(self, request: ReferenceRequest, count: int) -> tuple[NDArray[np.int64], int]:
        """Returns readings of the reference, int64 `[count, channels]`, and how many are saturated."""
        asked = _vectors(request, count)
        reading = self._arrays[request.macro].read(asked)
        values = unpack_results(memoryview(reading.data), count, request.columns.count, asked.width_bits)
        return values.astype(np.int64), reading.saturated

    def _forbidden(self, request: ReferenceRequest) -> Status:
        """Returns what the guard says of a pulse of all ones on row 0, of no width."""
        guard = self._condition.guard
        drive = Drive(request.macro, Pulse.FORM, _ALL_ONES, _ALL_ONES, 0, (0, 0, 0))
        try:
            guard.judge(drive, Axis(0, 1), request.columns, self._condition.cycles, 0)
        except Refusal as refusal:
            return refusal.status
        return Status.OVER_WIDTH_LIMIT

    def _spent(self, request: ReferenceRequest, work: dict[Work, int], readings: int, body: bytes) -> Answer:
        """Lets the time pass; returns the answer."""
        geometry = self._identity.macros[request.macro]
        cost = CostModel(geometry.columns, geometry.lanes, geometry.adc_lanes)
        one, _ = cost.reading(_vectors(request, 1), _ALL_ONES)
        cycles = readings * (one + cost.judgement)
        bitmaps = sum(axis.bitmap is not None for axis in (request.rows, request.columns))
        cycles += COST[Work.BITMAP] * bitmaps
        cycles += sum(COST[piece] * count for piece, count in work.items())
        longest = self._condition.registers[Register.OPERATION_CYCLES]
        self._condition.spend(min(cycles, longest))
        if cycles > longest:
            self._condition.make_safe(latch=False)
            return Status.OPERATION_TIMEOUT, pack_counts(1, 0, 0)
        return Status.OK, pack_words(cycles) + body


def _wrapped(level: int) -> int:
    """Returns a level as signed 16 bits."""
    return (level + 0x8000 & 0xFFFF) - 0x8000


def _vectors(request: ReferenceRequest, count: int) -> VectorRequest:
    """Returns the readings of the reference that a request asks, as MAC's."""
    return VectorRequest(
        Opcode.MAC, request.macro, request.rows, request.columns, request.read_code, request.operation_index,
        range=request.range, averages_log2=request.averages_log2, polarity=request.polarity,
        idle=request.idle, reference=True, level=request.level, count=count,
    )  # fmt: skip

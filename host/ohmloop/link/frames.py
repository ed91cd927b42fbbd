# SPDX-License-Identifier: BSD-3-Clause
"""Frames to bytes and back, as docs/protocol.md specifies them."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cobs import cobs

from ohmloop._map import PROTOCOL_VERSION

HEADER_BYTES: Final = 12
FRAME_OVERHEAD_BYTES: Final = 16
"""Header and CRC: what a frame costs besides its payload."""
MAX_PAYLOAD_BYTES: Final = 4 * 0xFFFF
"""What the 16-bit word count can say; boards announce less."""

_cobs_encode: Callable[[bytes], bytes] = cobs.encode
_cobs_decode: Callable[[bytes], bytes] = cobs.decode
_HEADER: Final = struct.Struct("<BBHHHHBB")
_CRC: Final = struct.Struct("<I")
_REPLY: Final = 0x10
_URGENT: Final = 0x20
_MAX_STUFFED_BYTES: Final = (MAX_PAYLOAD_BYTES + FRAME_OVERHEAD_BYTES) * 255 // 254 + 2


class FrameCorrupt(ValueError):
    """Bytes that are no frame.

    Attributes:
        value: what was seen.
        limit: what a frame would have had there.
        where: the part of the frame that is wrong.
    """

    def __init__(self, where: str, value: int, limit: int) -> None:
        super().__init__(f"frame {where}: {value:#x} seen, {limit:#x} expected")
        self.where = where
        self.value = value
        self.limit = limit


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: header fields and payload.

    `payload` is whole 32-bit little-endian words. A field that does not fit raises ValueError.
    """

    opcode: int
    sequence: int
    epoch: int
    payload: bytes = b""
    acknowledge: int = 0
    status: int = 0
    state: int = 0
    reply: bool = False
    urgent: bool = False
    version: int = PROTOCOL_VERSION

    def __post_init__(self) -> None:
        if (self.opcode | self.status | self.state) & ~0xFF:
            raise ValueError(
                f"opcode {self.opcode}, status {self.status} or state {self.state} is not in 0..255"
            )
        if (self.sequence | self.epoch | self.acknowledge) & ~0xFFFF:
            numbers = (self.sequence, self.epoch, self.acknowledge)
            raise ValueError(f"sequence, epoch or acknowledge of {numbers} is not in 0..65535")
        if self.version & ~0xF:
            raise ValueError(f"version {self.version} is not in 0..15")
        size = len(self.payload)
        if size & 3 or size > MAX_PAYLOAD_BYTES:
            raise ValueError(
                f"payload of {size} bytes is not whole words of at most {MAX_PAYLOAD_BYTES} bytes"
            )

    @property
    def cost(self) -> int:
        """Bytes that this frame takes of the credits."""
        return FRAME_OVERHEAD_BYTES + len(self.payload)

    def encode(self) -> bytes:
        """Returns the frame as words: header, payload, CRC."""
        flags = self.version | (_REPLY if self.reply else 0) | (_URGENT if self.urgent else 0)
        header = _HEADER.pack(
            flags,
            self.opcode,
            self.sequence,
            self.epoch,
            len(self.payload) >> 2,
            self.acknowledge,
            self.status,
            self.state,
        )
        crc = zlib.crc32(self.payload, zlib.crc32(header))
        return b"".join((header, self.payload, _CRC.pack(crc)))


def decode(data: bytes, *, max_payload: int = MAX_PAYLOAD_BYTES) -> Frame:
    """Returns the frame that `data` holds.

    Args:
        data: one whole frame, without COBS.
        max_payload: most payload bytes that the receiver takes.

    Raises:
        FrameCorrupt: length, word count or CRC is wrong.
    """
    size = len(data)
    if size < FRAME_OVERHEAD_BYTES or size & 3:
        raise FrameCorrupt("length", size, max(FRAME_OVERHEAD_BYTES, size & ~3))
    flags, opcode, sequence, epoch, words, acknowledge, status, state = _HEADER.unpack_from(data)
    if words * 4 != size - FRAME_OVERHEAD_BYTES:
        raise FrameCorrupt("payload words", words, (size - FRAME_OVERHEAD_BYTES) // 4)
    if words * 4 > max_payload:
        raise FrameCorrupt("payload bytes", words * 4, max_payload)
    body = memoryview(data)[:-4]
    (crc,) = _CRC.unpack_from(data, size - 4)
    computed = zlib.crc32(body)
    if crc != computed:
        raise FrameCorrupt("CRC", crc, computed)
    return Frame(
        opcode=opcode,
        sequence=sequence,
        epoch=epoch,
        payload=bytes(body[HEADER_BYTES:]),
        acknowledge=acknowledge,
        status=status,
        state=state,
        reply=bool(flags & _REPLY),
        urgent=bool(flags & _URGENT),
        version=flags & 0xF,
    )


def stuff(frame_bytes: bytes) -> bytes:
    """Returns an encoded frame as a byte stream carries it: zero, COBS, zero."""
    return b"".join((b"\0", _cobs_encode(frame_bytes), b"\0"))


class StreamDecoder:
    """Byte stream to frame bytes: splits at zeros and takes COBS off.

    Attributes:
        malformed: blocks dropped because they were no COBS or had no end.
    """

    def __init__(self) -> None:
        self.malformed = 0
        self._tail = bytearray()
        self._skipping = False

    @property
    def pending(self) -> int:
        """Bytes of a block that has not ended yet."""
        return len(self._tail)

    def feed(self, data: bytes) -> list[bytes]:
        """Returns the whole frames that `data` completes, in order; the CRC is not looked at."""
        *ended, rest = data.split(b"\0")
        frames = []
        for block in ended:
            frame = self._end(block)
            if frame:
                frames.append(frame)
        self._keep(rest)
        return frames

    def _end(self, block: bytes) -> bytes:
        whole = bytes(self._tail) + block if self._tail else block
        self._tail.clear()
        if self._skipping:
            self._skipping = False
            return b""
        if not whole:
            return b""
        try:
            return _cobs_decode(whole)
        except cobs.DecodeError:
            self.malformed += 1
            return b""

    def _keep(self, rest: bytes) -> None:
        if self._skipping:
            return
        self._tail += rest
        if len(self._tail) > _MAX_STUFFED_BYTES:
            self._tail.clear()
            self._skipping = True
            self.malformed += 1

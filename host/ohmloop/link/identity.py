# SPDX-License-Identifier: BSD-3-Clause
"""HELLO's request and the identity that answers it, to payload bytes and back."""

import struct
from dataclasses import dataclass
from typing import Final

from ohmloop._map import MAP_HASH, PROTOCOL_VERSION, RESET_VALUES, Opcode, Register, Status
from ohmloop.link.windows import Refusal, require_length

CHIP_ID_BYTES: Final = 16
MAGIC: Final = RESET_VALUES[Register.MAGIC]
IDENTITY_WORDS: Final = 19
"""Words of an identity without its macros."""
_FIXED: Final = struct.Struct("<10I Q 2I 16s I")
_MACRO: Final = struct.Struct("<HHBBBB")
_EMULATED, _FIRMWARE, _REFERENCE, _SIMULATED, _ANALOG, _READ_ONLY = 1, 2, 4, 8, 16, 32
ABSENT_IF_READ_ONLY: Final = frozenset(
    {
        Opcode.ARM,
        Opcode.PULSE,
        Opcode.SWEEP,
        Opcode.ENV,
        Opcode.PROGRAM,
        Opcode.SELF_TEST,
        Opcode.ADC_SELFCAL,
        Opcode.FIRMWARE,
        Opcode.TELEMETRY,
    }
)
"""Opcodes that a board which only reads does not know."""


@dataclass(frozen=True, slots=True)
class HelloRequest:
    """Opens an epoch: `chip_id` is the user's name of the sample, 16 bytes, zero-padded."""

    nonce: int
    chip_id: bytes = b""

    @property
    def epoch(self) -> int:
        """The epoch that the nonce names."""
        return self.nonce & 0xFFFF

    def encode(self) -> bytes:
        """Returns the payload; raises ValueError when the chip id is longer than 16 bytes."""
        if len(self.chip_id) > CHIP_ID_BYTES:
            raise ValueError(f"chip id of {len(self.chip_id)} bytes, {CHIP_ID_BYTES} at most")
        return struct.pack("<I16s", self.nonce, self.chip_id)

    @classmethod
    def decode(cls, payload: bytes) -> "HelloRequest":
        """Returns the request that `payload` holds; raises Refusal (BAD_LENGTH)."""
        require_length(payload, 5)
        nonce, chip_id = struct.unpack("<I16s", payload)
        return cls(nonce, chip_id)


@dataclass(frozen=True, slots=True)
class MacroGeometry:
    """Size of one macro and of what reads it."""

    rows: int
    columns: int
    lanes: int
    adc_lanes: int
    ranges: int
    input_bits: int

    def encode(self) -> bytes:
        """Returns the macro's two words of the identity."""
        return _MACRO.pack(self.rows, self.columns, self.lanes, self.adc_lanes, self.ranges, self.input_bits)

    @classmethod
    def decode(cls, data: bytes) -> "MacroGeometry":
        """Returns the macro that two words of the identity name."""
        return cls(*_MACRO.unpack(data))


@dataclass(frozen=True, slots=True)
class Identity:
    """What a board says of itself when an epoch opens.

    `max_payload`, `request_bytes` and `reply_bytes` are bytes; `uid` is 64 bits; `clk_hz` hertz.
    """

    nonce: int
    macros: tuple[MacroGeometry, ...]
    emulated: bool = False
    firmware_present: bool = False
    reference_input: bool = False
    simulated: bool = False
    analog_front_end: bool = False
    read_only: bool = False
    protocol_version: int = PROTOCOL_VERSION
    map_hash: int = MAP_HASH
    build_hash: int = 0
    firmware_crc: int = 0
    clk_hz: int = 0
    max_payload: int = 4096
    request_bytes: int = 8192
    reply_bytes: int = 16384
    uid: int = 0
    boot_id: int = 0
    pulses_since_boot: int = 0
    chip_id: bytes = bytes(CHIP_ID_BYTES)

    @property
    def epoch(self) -> int:
        """The open epoch."""
        return self.nonce & 0xFFFF

    def encode(self) -> bytes:
        """Returns the payload of HELLO's reply."""
        flags = (
            (_EMULATED if self.emulated else 0)
            | (_FIRMWARE if self.firmware_present else 0)
            | (_REFERENCE if self.reference_input else 0)
            | (_SIMULATED if self.simulated else 0)
            | (_ANALOG if self.analog_front_end else 0)
            | (_READ_ONLY if self.read_only else 0)
        )
        fixed = _FIXED.pack(
            MAGIC,
            self.nonce,
            flags | self.protocol_version << 16,
            self.map_hash,
            self.build_hash,
            self.firmware_crc,
            self.clk_hz,
            self.max_payload,
            self.request_bytes,
            self.reply_bytes,
            self.uid,
            self.boot_id,
            self.pulses_since_boot,
            self.chip_id,
            len(self.macros),
        )
        return fixed + b"".join(macro.encode() for macro in self.macros)

    @classmethod
    def decode(cls, payload: bytes) -> "Identity":
        """Returns the identity that `payload` holds; raises Refusal when it is none."""
        words = len(payload) // 4
        if words < IDENTITY_WORDS:
            raise Refusal(Status.BAD_LENGTH, words, IDENTITY_WORDS, 0)
        fields = _FIXED.unpack_from(payload)
        if fields[0] != MAGIC:
            raise Refusal(Status.BAD_FIELD, fields[0], MAGIC, 0)
        count = fields[14]
        require_length(payload, IDENTITY_WORDS + 2 * count)
        macros = (payload[at : at + 8] for at in range(4 * IDENTITY_WORDS, len(payload), 8))
        flags = fields[2]
        return cls(
            nonce=fields[1],
            macros=tuple(MacroGeometry.decode(macro) for macro in macros),
            emulated=bool(flags & _EMULATED),
            firmware_present=bool(flags & _FIRMWARE),
            reference_input=bool(flags & _REFERENCE),
            simulated=bool(flags & _SIMULATED),
            analog_front_end=bool(flags & _ANALOG),
            read_only=bool(flags & _READ_ONLY),
            protocol_version=flags >> 16,
            map_hash=fields[3],
            build_hash=fields[4],
            firmware_crc=fields[5],
            clk_hz=fields[6],
            max_payload=fields[7],
            request_bytes=fields[8],
            reply_bytes=fields[9],
            uid=fields[10],
            boot_id=fields[11],
            pulses_since_boot=fields[12],
            chip_id=fields[13],
        )

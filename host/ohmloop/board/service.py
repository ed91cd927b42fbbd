# SPDX-License-Identifier: BSD-3-Clause
"""What the board tells of itself and does for itself: counters, self-test, its firmware image."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ohmloop._firmware import MEMORY_BYTES
from ohmloop._map import Field, Opcode, Register, Status
from ohmloop._map import Telemetry as Word
from ohmloop.board.core import NO_CORE, Core, Request
from ohmloop.board.inputs import averages_log2
from ohmloop.board.limits import whole
from ohmloop.board.readings import MAX_LEVEL, reference_unit
from ohmloop.errors import LimitError, Refused, VersionMismatch
from ohmloop.link.messages import (
    Axis,
    ReferenceRequest,
    SelfTestReply,
    TelemetryReply,
    largest_reply_words,
    pack_words,
)

_COUNTERS: Final = 8
"""Registers from FRAMES_RECEIVED to CYCLES_HI."""
_AGE_UNIT: Final = 1024
_IMAGE_HEAD: Final = 3
_HALF: Final = 0.5
FAILURES: Final = ("memory", "column mask", "interlock", "reference")
"""What the bits of SELF_TEST's `failed` mean, from bit 0."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """A measured value of the board: kind and channel as its page names them, seconds since it was taken."""

    kind: int
    channel: int
    value: int
    age_s: float


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a board has done since it was powered up; all but seconds count modulo 2^32.

    Attributes:
        uptime_s: seconds, by its own clock.
        busy_s: of them, reading for the host, since the counters were cleared.
        requests, refused, stopped: answered; of them refused; of them ended by SAFE, watchdog or time limit.
        form_pulses, set_pulses, reset_pulses: cell pulses given, the firmware's too.
        results, saturated: numbers read for the host; of them saturated.
        longest_s, longest_operation: the longest operation that ended well, and its name.
        firmware_runs, firmware_faults: requests that the firmware answered; that ended by a fault of it.
        last_stop: what was stopped last and why; empty where nothing was.
        frames_received, crc_errors, gaps, duplicates, watchdog_trips: of the link.
        sensors: where the board has some.
    """

    uptime_s: float
    busy_s: float
    requests: int
    refused: int
    stopped: int
    form_pulses: int
    set_pulses: int
    reset_pulses: int
    results: int
    saturated: int
    longest_s: float
    longest_operation: str
    firmware_runs: int
    firmware_faults: int
    last_stop: str
    frames_received: int
    crc_errors: int
    gaps: int
    duplicates: int
    watchdog_trips: int
    sensors: tuple[Sensor, ...] = ()


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What SELF_TEST found.

    Attributes:
        failed: names of FAILURES; empty where all passed.
        memory_bytes: memory of the firmware's core that was tested.
        interlock: the guard's answer to a pulse that no limit permits.
        levels: of the reference input, `[3]`.
        expected_adc_codes: what the profile says of them, one reading, `[3]`.
        mean_adc_codes: what was read, mean over all channels, `[3]`.
        saturated: saturated readings.
    """

    failed: tuple[str, ...]
    memory_bytes: int
    interlock: str
    levels: tuple[int, int, int]
    expected_adc_codes: tuple[float, ...]
    mean_adc_codes: tuple[float, ...]
    saturated: int

    @property
    def passed(self) -> bool:
        """Nothing failed."""
        return not self.failed


def telemetry(core: Core) -> Telemetry:
    """Reads the counters; see `Board.telemetry`."""
    core.require_more_than_reading("telemetry", "its counters of the link are registers")
    reply = core.call(Opcode.TELEMETRY, b"", largest_reply_words(core.identity.max_payload // 4), "telemetry")
    told = TelemetryReply.decode(reply.payload)
    words = told.counters
    frames, crc_errors, gaps, duplicates, trips, _, low, high = core.read_registers(
        Register.FRAMES_RECEIVED, _COUNTERS
    )
    status, opcode = words[Word.LAST_STOP] >> 8 & 0xFF, words[Word.LAST_STOP] & 0xFF
    seconds = core.profile.cycles_to_seconds
    return Telemetry(
        uptime_s=seconds(low | high << 32),
        busy_s=seconds(core.read_registers(Register.BUSY_CYCLES)[0]),
        requests=words[Word.REQUESTS],
        refused=words[Word.REFUSED],
        stopped=words[Word.STOPPED],
        form_pulses=words[Word.FORM_PULSES],
        set_pulses=words[Word.SET_PULSES],
        reset_pulses=words[Word.RESET_PULSES],
        results=words[Word.RESULTS],
        saturated=words[Word.SATURATED],
        longest_s=seconds(words[Word.LONGEST]),
        longest_operation=_opcode_name(words[Word.LONGEST_OPCODE]) if words[Word.LONGEST] else "",
        firmware_runs=words[Word.FIRMWARE_RUNS],
        firmware_faults=words[Word.FIRMWARE_FAULTS],
        last_stop=f"{_opcode_name(opcode)}: {Status(status).name}" if status else "",
        frames_received=frames,
        crc_errors=crc_errors,
        gaps=gaps,
        duplicates=duplicates,
        watchdog_trips=trips,
        sensors=tuple(
            Sensor(one.kind, one.channel, one.value, seconds(one.age * _AGE_UNIT)) for one in told.sensors
        ),
    )


def _opcode_name(opcode: int) -> str:
    return Opcode(opcode).name if opcode in set(Opcode) else f"opcode {opcode:#04x}"


def self_test(core: Core, macro: int, averages: int) -> SelfTest:
    """Runs the firmware's self-test; see `Board.self_test`."""
    core.require_more_than_reading("self_test", f"{NO_CORE}, `ohmloop selftest` checks it from outside")
    number = whole(macro, "macro", highest=len(core.identity.macros) - 1)
    log2, unit = averages_log2(averages), reference_unit(core)
    channels = core.identity.macros[number].columns
    per_code = core.profile.siemens_per_adc_code(0)
    level = max(1, min(MAX_LEVEL, int(_HALF * core.profile.adc_bound * per_code / unit)))
    request = ReferenceRequest(
        Opcode.SELF_TEST,
        number,
        Axis(0, channels),
        core.limits.voltage_code(core.profile.read_v, Register.LIMIT_READ_V, "read_v"),
        core.take_indices(3 << log2, None),
        level,
        averages_log2=log2,
    )
    answer = core.call(Opcode.SELF_TEST, request.encode(), request.largest_reply_words, "self_test")
    found = SelfTestReply.decode(answer.payload)
    levels = (-level, 0, level)
    return SelfTest(
        failed=tuple(name for bit, name in enumerate(FAILURES) if found.failed >> bit & 1),
        memory_bytes=found.memory_bytes,
        interlock=Status(found.guard).name,
        levels=levels,
        expected_adc_codes=tuple(one * unit / per_code for one in levels),
        mean_adc_codes=tuple(one.total / (channels << log2) for one in found.levels),
        saturated=sum(one.saturated for one in found.levels),
    )


def load_firmware(core: Core, path: str | Path) -> int:
    """Loads an image; see `Board.load_firmware`."""
    core.require_more_than_reading("load_firmware", NO_CORE)
    image = Path(path).read_bytes()
    if not image or len(image) % 4 or len(image) > MEMORY_BYTES:
        raise LimitError(
            f"{path}: an image of {len(image)} bytes; whole words up to {MEMORY_BYTES} bytes fit the core",
            value=len(image),
            limit=MEMORY_BYTES,
            unit="bytes",
            where=str(path),
        )
    if core.permission is not None:
        raise Refused(
            f"load_firmware: armed for {core.permission.window}; leave that `with` first",
            value="armed",
            limit="disarmed",
            where="load_firmware",
            status=Status.STILL_ARMED,
        )
    crc = zlib.crc32(image)
    for _ in core.stream(_parts(core, image, crc), "load_firmware"):
        pass
    _reread_identity(core)
    if core.identity.firmware_crc != crc:
        raise VersionMismatch(
            f"{path}: the board tells firmware {core.identity.firmware_crc:#010x}, loaded was {crc:#010x}",
            value=f"{core.identity.firmware_crc:#010x}",
            limit=f"{crc:#010x}",
            where="firmware",
        )
    return crc


def _parts(core: Core, image: bytes, crc: int) -> Iterator[Request]:
    step = 4 * (core.identity.max_payload // 4 - _IMAGE_HEAD)
    for at in range(0, len(image), step):
        head = pack_words(at // 4, len(image) // 4, crc)
        yield Opcode.FIRMWARE, head + image[at : at + step], largest_reply_words(1)


def _reread_identity(core: Core) -> None:
    """Opens an epoch, in which HELLO tells the identity anew; a safe latch that was set stays set."""
    latched = core.read_registers(Register.STATE)[0] >> Field.STATE_SAFE_LATCHED & 1
    core.identity = core.session.hello()
    if latched:
        core.session.safe()
    core.records.firmware_changed(core.identity.firmware_crc)


class Serviced:
    """What an open board tells of itself and does for itself."""

    _core: Core

    def telemetry(self) -> Telemetry:
        """Returns what it has done since it was powered up: requests, pulses, faults, link, uptime.

        Raises:
            ReadOnlyBoard: the board only reads, and counts none of it.
        """
        return telemetry(self._core)

    def self_test(self, *, macro: int = 0, averages: int = 16) -> SelfTest:
        """Has the firmware test its memory, the interlock and the reference input; gives no pulse.

        Args:
            macro: whose converters read the reference, all of them.
            averages: readings summed in each number, a power of two up to 128.

        Raises:
            Refused: the board has no reference input, or no firmware.
            ReadOnlyBoard: the board only reads.
        """
        return self_test(self._core, macro, averages)

    def load_firmware(self, path: str | Path) -> int:
        """Replaces the firmware by an image file until power-off; returns the image's CRC-32.

        `make firmware` writes one to build/firmware/firmware.bin.

        Raises:
            LimitError: not an image that fits; nothing was sent.
            ReadOnlyBoard: the board only reads; nothing was sent.
            Refused: the board is armed; unchanged.
            VersionMismatch: the board tells another CRC afterwards.
        """
        return load_firmware(self._core, path)

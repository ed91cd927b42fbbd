# SPDX-License-Identifier: BSD-3-Clause
"""The reply of TELEMETRY, to payload bytes and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from ohmloop._map import Status, Telemetry
from ohmloop.link.requests import pack_words, unpack_words
from ohmloop.link.windows import Refusal

_SENSOR_WORDS: Final = 4


class SensorWords(NamedTuple):
    """One sensor on the wire; `age` is in units of 1024 clk cycles."""

    kind: int
    channel: int
    value: int
    age: int


@dataclass(frozen=True, slots=True)
class TelemetryReply:
    """What a board has counted since power-up, and its sensors."""

    counters: Mapping[Telemetry, int]
    sensors: tuple[SensorWords, ...] = ()

    def encode(self) -> bytes:
        """Returns the payload; counters that are missing are zero."""
        counters = {word: self.counters.get(word, 0) for word in Telemetry}
        counters[Telemetry.COUNTERS] = len(Telemetry)
        told = [counters[word] for word in sorted(Telemetry)]
        return pack_words(*told, *(number for sensor in self.sensors for number in sensor))

    @classmethod
    def decode(cls, payload: bytes) -> "TelemetryReply":
        """Returns the reply that `payload` holds; counters that this map does not know are left out.

        Raises:
            Refusal: BAD_LENGTH or BAD_FIELD, where it is none.
        """
        words = unpack_words(payload)
        if len(words) < len(Telemetry):
            raise Refusal(Status.BAD_LENGTH, len(words), len(Telemetry), 0)
        first = words[Telemetry.COUNTERS]
        if not len(Telemetry) <= first <= len(words):
            raise Refusal(Status.BAD_FIELD, first, len(Telemetry), 0)
        rest = words[first:]
        if len(rest) % _SENSOR_WORDS:
            raise Refusal(Status.BAD_LENGTH, len(words), len(words) // _SENSOR_WORDS * _SENSOR_WORDS, 0)
        sensors = (rest[at : at + _SENSOR_WORDS] for at in range(0, len(rest), _SENSOR_WORDS))
        return cls({word: words[word] for word in Telemetry}, tuple(SensorWords(*one) for one in sensors))

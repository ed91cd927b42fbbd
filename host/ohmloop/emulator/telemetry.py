# SPDX-License-Identifier: BSD-3-Clause
"""What the board counts since power-up and TELEMETRY tells (docs/registers.md, "Words of TELEMETRY")."""

from dataclasses import dataclass, field
from typing import Final

from ohmloop._map import Opcode, Pulse, Status, Telemetry
from ohmloop.link.messages import TelemetryReply, unpack_words

_WORD: Final = 0xFFFFFFFF
_VECTORS: Final = frozenset({Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS, Opcode.SWEEP})
_SERVED: Final = frozenset({Opcode.PROGRAM, Opcode.SELF_TEST, Opcode.ADC_SELFCAL})
_TIMED: Final = _VECTORS | _SERVED | {Opcode.PULSE, Opcode.CELL_LOAD, Opcode.CELL_DUMP, Opcode.ENV}
_STOPS: Final = frozenset({Status.ABORTED, Status.OPERATION_TIMEOUT})
_FAULTS: Final = frozenset({Status.FIRMWARE_FAULT, Status.MACRO_TIMEOUT})
_OF_KIND: Final = {
    Pulse.FORM: Telemetry.FORM_PULSES,
    Pulse.SET: Telemetry.SET_PULSES,
    Pulse.RESET: Telemetry.RESET_PULSES,
}


@dataclass(slots=True)
class Counters:
    """The counters of one board.

    Attributes:
        results: of the request that runs.
    """

    results: int = 0
    _values: dict[Telemetry, int] = field(
        default_factory=lambda: dict.fromkeys(Telemetry, 0) | {Telemetry.COUNTERS: len(Telemetry)}
    )

    @property
    def payload(self) -> bytes:
        """What TELEMETRY answers."""
        return TelemetryReply({word: value & _WORD for word, value in self._values.items()}).encode()

    def pulsed(self, kind: Pulse, cell_pulses: int) -> None:
        """Counts pulses given."""
        self._values[_OF_KIND[kind]] += cell_pulses

    def answered(self, opcode: int, status: Status, payload: bytes) -> None:
        """Counts a numbered request and its answer."""
        values = self._values
        values[Telemetry.REQUESTS] += 1
        if status == Status.OK:
            self._succeeded(opcode, payload)
        elif status in _STOPS | _FAULTS:
            stop = status in _STOPS
            values[Telemetry.STOPPED if stop else Telemetry.FIRMWARE_FAULTS] += 1
            values[Telemetry.LAST_STOP] = opcode | status << 8
        else:
            values[Telemetry.REFUSED] += 1
        self.results = 0

    def _succeeded(self, opcode: int, payload: bytes) -> None:
        values = self._values
        values[Telemetry.FIRMWARE_RUNS] += opcode in _SERVED
        if opcode in _VECTORS:
            values[Telemetry.RESULTS] += self.results
            values[Telemetry.SATURATED] += unpack_words(payload[4:8])[0]
        if opcode in _TIMED:
            (cycles,) = unpack_words(payload[:4])
            if cycles > values[Telemetry.LONGEST]:
                values[Telemetry.LONGEST], values[Telemetry.LONGEST_OPCODE] = cycles, opcode

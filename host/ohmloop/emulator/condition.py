# SPDX-License-Identifier: BSD-3-Clause
"""The board's live condition: modelled time, counters, safe latch, watchdog."""

from dataclasses import dataclass, field

from ohmloop._map import MAP_HASH, RESET_VALUES, Field, Pulse, Register
from ohmloop.emulator.guard import Guard
from ohmloop.emulator.registers import Registers
from ohmloop.emulator.telemetry import Counters

_WORD: int = 0xFFFFFFFF


@dataclass(slots=True)
class Condition:
    """Time and state that requests and the link share.

    The watchdog is fed by frames and by every operation's end: the twin runs a request whole when
    it arrives, and a healthy host sends heartbeats meanwhile.

    Attributes:
        cycles: clk cycles since power-up, modelled.
        fed: cycle at which the watchdog was fed.
    """

    registers: Registers
    guard: Guard
    boot_id: int
    cycles: int = 0
    fed: int = 0
    safe_latched: bool = False
    watchdog_tripped: bool = False
    epoch_open: bool = False
    frames_received: int = 0
    crc_errors: int = 0
    gaps: int = 0
    duplicates: int = 0
    watchdog_trips: int = 0
    pulses: int = 0
    busy_cycles: int = 0
    safe_events: int = field(default=0)
    counters: Counters = field(default_factory=Counters)

    def advance(self, cycles: int) -> None:
        """Lets idle time pass; the watchdog may trip in it."""
        before, self.cycles = self.cycles, self.cycles + cycles
        if not self.guard.armed(before):
            self.fed = self.cycles
            return
        trip = self.fed + self.registers[Register.WATCHDOG_CYCLES] + 1
        if trip <= min(self.cycles, self.guard.expires):
            self.watchdog_trips += 1
            self.watchdog_tripped = True
            self.make_safe()
        elif not self.guard.armed(self.cycles):
            self.fed = self.cycles

    def spend(self, cycles: int) -> None:
        """Lets the time of an operation pass."""
        self.cycles += cycles
        self.feed()

    def feed(self) -> None:
        """Feeds the watchdog."""
        self.fed = self.cycles

    def give(self, kind: Pulse, cell_pulses: int) -> None:
        """Takes cell pulses off the token and counts them."""
        self.guard.take(cell_pulses)
        self.pulses += cell_pulses
        self.counters.pulsed(kind, cell_pulses)

    def make_safe(self, *, latch: bool = True) -> None:
        """Withdraws the token and counts a safe event, at which the link drops its queue."""
        self.guard.disarm()
        self.safe_latched |= latch
        self.safe_events += 1

    def release(self) -> None:
        """Releases the safe latch."""
        self.safe_latched = False
        self.watchdog_tripped = False

    @property
    def state(self) -> int:
        """The STATE register; nothing runs between requests, so BUSY and DRIVING are never seen."""
        return (
            self.guard.armed(self.cycles) << Field.STATE_ARMED
            | self.safe_latched << Field.STATE_SAFE_LATCHED
            | self.registers.locked << Field.STATE_LOCKED
            | self.watchdog_tripped << Field.STATE_WATCHDOG_TRIPPED
            | self.epoch_open << Field.STATE_EPOCH_OPEN
        )

    def read(self, register: Register) -> int:
        """Returns what REG_READ answers."""
        live = {
            Register.MAGIC: RESET_VALUES[Register.MAGIC],
            Register.MAP_HASH: MAP_HASH,
            Register.BOOT_ID: self.boot_id,
            Register.CONTROL: 0,
            Register.STATE: self.state,
            Register.FRAMES_RECEIVED: self.frames_received,
            Register.CRC_ERRORS: self.crc_errors,
            Register.GAPS: self.gaps,
            Register.DUPLICATES: self.duplicates,
            Register.WATCHDOG_TRIPS: self.watchdog_trips,
            Register.PULSES_SINCE_BOOT: self.pulses,
            Register.CYCLES_LO: self.cycles,
            Register.CYCLES_HI: self.cycles >> 32,
            Register.BUSY_CYCLES: self.busy_cycles,
        }
        value = live.get(register)
        return self.registers[register] if value is None else value & _WORD

    def control(self, value: int) -> None:
        """Does what a write to CONTROL asks; SAFE wins over CLEAR_SAFE."""
        if value >> Field.CONTROL_CLEAR_SAFE & 1:
            self.release()
        if value >> Field.CONTROL_SAFE & 1:
            self.make_safe()
        if value >> 2 & 1:
            self.busy_cycles = 0

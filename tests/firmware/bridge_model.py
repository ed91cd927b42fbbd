# SPDX-License-Identifier: BSD-3-Clause
"""A behavioural bridge: request, reply, commands that end after some looks at STATE, a record of all traffic.

Written from docs/modules/firmware.md, not from the RTL. `macro` answers the commands.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Protocol

from tests.firmware.pc import READER, WRITER, library, names

from ohmloop._map import Status

NAMES = names()
WORDS = NAMES["CORE_MASK_WORDS"]
WINDOWS = (("BRIDGE_MASK", WORDS), ("BRIDGE_FLAGS", WORDS), ("BRIDGE_RESULT", 512))
READABLE = "OPCODE WORDS LARGEST GEOMETRY LIMIT_READ TOKEN CYCLES STATE BOUND RESULTS".split()


@dataclass(frozen=True)
class Command:
    """What a command asked of the macro."""

    kind: str
    row: int
    columns: tuple[int, ...]
    word0: int
    word1: int
    word2: int
    elapsed: int
    index: int


class Macro(Protocol):
    """What stands behind the bridge."""

    def read(self, command: Command) -> tuple[int, int, list[int], list[bool]]:
        """Status, limit compared, codes and their saturation."""

    def pulse(self, command: Command) -> tuple[int, int]:
        """Status and limit compared; for JUDGE too."""


@dataclass
class Bridge:
    """One run's bridge."""

    macro: Macro
    opcode: int
    payload: list[int]
    room: int = 1024
    rows: int = 512
    columns: int = 512
    token: int = 0
    looks: int = 3  # how often STATE is seen busy
    registers: dict[str, int] = field(default_factory=dict)
    mask: list[int] = field(default_factory=lambda: [0] * WORDS)
    flags: list[int] = field(default_factory=lambda: [0] * WORDS)
    results: list[int] = field(default_factory=list)
    reply: dict[int, int] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    traffic: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Runs the firmware once, to its end."""
        reader, writer = READER(self._guarded_read), WRITER(self._guarded_write)
        code = library()
        code.recording_begin(reader, writer)
        code.firmware_main()
        assert not self.failures, self.failures

    def answer(self) -> tuple[int, list[int]]:
        """The status of the one answer; its words from word 1 on (OK) or the three of the refusal."""
        assert len(self.answers) == 1, self.answers
        status = self.answers[0]
        if status == Status.OK:
            return status, [self.reply[place] for place in range(1, self.registers["REPLY"])]
        return status, [self.registers[name] for name in ("VALUE", "LIMIT", "PLACE")]

    # ---- The bus ----
    def _guarded_read(self, address: int) -> int:
        try:
            value = self.load(address) & 0xFFFF_FFFF
        except Exception as error:  # an exception would be lost in the callback
            self.failures.append(f"read of {address:#x}: {error!r}")
            return 0
        self.traffic.append(f"r {place_name(address)} {value:08x}")
        return value

    def _guarded_write(self, address: int, value: int) -> None:
        self.traffic.append(f"w {place_name(address)} {value:08x}")
        try:
            self.store(address, value)
        except Exception as error:
            self.failures.append(f"write of {address:#x}: {error!r}")

    def load(self, address: int) -> int:
        name, index = decode(address)
        if name == "REQUEST":
            return self.payload[index]
        if name == "MASK":
            return self.mask[index]
        if name == "FLAGS":
            return self.flags[index]
        if name == "RESULT":
            return self.results[index]
        assert name in READABLE, name
        if name == "STATE":
            return self._state()
        shown = {
            "OPCODE": self.opcode,
            "WORDS": len(self.payload),
            "LARGEST": self.room,
            "GEOMETRY": self.columns << 16 | self.rows,
            "TOKEN": self.token,
            "RESULTS": len(self.results),
        }
        return shown[name] if name in shown else self.registers.get(name, 0)

    def store(self, address: int, value: int) -> None:
        name, index = decode(address)
        assert not self.answers, f"{name} after the answer"
        if name == "REPLY_WORD":
            assert 1 <= index < self.room, f"reply word {index} of {self.room}"
            self.reply[index] = value
        elif name == "MASK":
            self.mask[index] = value
        else:
            assert name not in READABLE and name not in ("FLAGS", "RESULT", "REQUEST"), name
            self.registers[name] = value
        if name == "COMMAND":
            self._command(value)
        if name == "FINISH":
            self.answers.append(value)

    def _state(self) -> int:
        busy = self.registers.get("left", 0)
        self.registers["left"] = max(0, busy - 1)
        return 1 if busy else self.registers.get("status", 0) << 8

    def _command(self, kind: int) -> None:
        at = self.registers
        columns = tuple(i for i in range(512) if self.mask[i // 32] >> i % 32 & 1)
        name = {NAMES[f"COMMAND_{n}"]: n for n in ("READ", "PULSE", "JUDGE")}[kind]
        command = Command(
            name, at["ROW"], columns, at["WORD0"], at["WORD1"], at["WORD2"], at["ELAPSED"],
            at["INDEX_HI"] << 32 | at["INDEX_LO"],
        )  # fmt: skip
        self.commands.append(command)
        at["left"] = self.looks
        if name == "READ":
            at["status"], at["BOUND"], self.results, saturated = self.macro.read(command)
            self.flags = [
                sum(1 << i for i, s in enumerate(saturated[32 * w : 32 * w + 32]) if s) for w in range(WORDS)
            ]
        else:
            at["status"], at["BOUND"] = self.macro.pulse(command)


@functools.cache
def decode(address: int) -> tuple[str, int]:
    """Name of the place, without BRIDGE_, and the word within it."""
    for base, name in (("CORE_REQUEST_BASE", "REQUEST"), ("CORE_REPLY_BASE", "REPLY_WORD")):
        if NAMES[base] <= address < NAMES[base] + 0x40000:
            return name, (address - NAMES[base]) // 4
    offset = address - NAMES["CORE_BRIDGE_BASE"]
    for name, words in WINDOWS:
        if NAMES[name] <= offset < NAMES[name] + 4 * words:
            return name.removeprefix("BRIDGE_"), (offset - NAMES[name]) // 4
    for name, value in NAMES.items():
        if name.startswith("BRIDGE_") and value == offset:
            return name.removeprefix("BRIDGE_"), 0
    raise AssertionError(f"no such address: {address:#x}")


@functools.cache
def place_name(address: int) -> str:
    """The name of an address in a recording."""
    name, index = decode(address)
    return (
        f"{name}+{index}" if index or name in ("REQUEST", "REPLY_WORD", "MASK", "FLAGS", "RESULT") else name
    )

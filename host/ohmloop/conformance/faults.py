# SPDX-License-Identifier: BSD-3-Clause
"""A wire that loses, repeats, damages and cuts frames, both ways, by a seeded generator; and rules on it."""

from __future__ import annotations

import random
from collections import Counter, deque
from typing import Final

from ohmloop._map import Opcode, Register, Status
from ohmloop.conformance.pulses import SMALLEST, permitted
from ohmloop.conformance.requests import arm, pulse
from ohmloop.conformance.rules import RECEIVER, Rule, Trial, require
from ohmloop.conformance.verdicts import Broken
from ohmloop.errors import OhmloopError
from ohmloop.link.frames import StreamDecoder, stuff
from ohmloop.link.messages import largest_reply_words, pack_words, unpack_words
from ohmloop.link.session import Request, Session
from ohmloop.link.wires import Wire

KINDS: Final = ("lost", "repeated", "damaged", "cut")
RATE: Final = 0.02
"""Probability of each kind, a frame."""
REQUESTS: Final = 300
PULSES: Final = 100
LIMIT_S: Final = 30.0


class FaultyWire:
    """Passes frames on, some with a fault; the wire below stays open when this one is closed.

    Attributes:
        faults: how many frames of each kind.
    """

    def __init__(self, wire: Wire, seed: int, rate: float = RATE) -> None:
        self.packet, self.url, self.origin = wire.packet, wire.url, wire.origin
        self.faults: Counter[str] = Counter()
        self._wire = wire
        self._rate = rate
        self._random = random.Random(seed)
        self._decoder = StreamDecoder()
        self._inbox: deque[bytes] = deque()

    def write(self, data: bytes) -> None:
        """Sends what is left of one frame."""
        for frame in self._spoiled(data):
            self._wire.write(frame)

    def read(self, timeout_s: float) -> bytes:
        """Returns what is left of the next frame."""
        if not self._inbox:
            data = self._wire.read(timeout_s)
            frames = [data] if self.packet and data else map(stuff, self._decoder.feed(data))
            for frame in frames:
                self._inbox.extend(self._spoiled(frame))
        return self._inbox.popleft() if self._inbox else b""

    def now_s(self) -> float:
        """Returns the wire's own clock."""
        return self._wire.now_s()

    def close(self) -> None:
        """Leaves the wire below open."""

    def _spoiled(self, frame: bytes) -> list[bytes]:
        draw = self._random.random()
        kind = KINDS[int(draw / self._rate)] if draw < self._rate * len(KINDS) else ""
        self.faults[kind] += 1
        if kind == "lost":
            return []
        if kind == "repeated":
            return [frame, frame]
        # A byte stream's first and last byte are the zeros between frames.
        place = self._random.randrange(1, len(frame) - 1)
        if kind == "damaged":
            burst = bytearray(frame)
            burst[place] ^= 1 << self._random.randrange(8)
            return [bytes(burst)]
        if kind == "cut":
            whole = place if not self.packet else max(4, place & ~3)
            return [frame[:whole] + (b"" if self.packet else b"\0")]
        return [frame]


def rules() -> list[Rule]:
    """Returns these rules."""
    return [
        Rule("frames lost, repeated, damaged, cut: each request once", RECEIVER, _requests),
        Rule("frames lost, repeated, damaged, cut: each pulse once", RECEIVER, _pulses, drives=True),
    ]


def _run(trial: Trial, requests: list[Request]) -> tuple[list[tuple[int, bytes]], Counter[str]]:
    """Executes requests over a faulty wire in an epoch of its own; returns status and payload of each."""
    wire = FaultyWire(trial.peer.wire, trial.random.randrange(1 << 30))
    session = Session(wire, timeout_s=LIMIT_S, chip_id=b"conformance")
    try:
        session.hello()
        answers = [(reply.status, bytes(reply.payload)) for reply in session.execute(requests)]
    except OhmloopError as error:
        raise Broken(f"{type(error).__name__}: {error}") from None
    finally:
        session.close()
        trial.peer.open()
    return answers, wire.faults


def _counted(faults: Counter[str]) -> str:
    return ", ".join(f"{faults[kind]} {kind}" for kind in KINDS)


def _requests(trial: Trial) -> str:
    """Every request is answered by its own reply, and counted once."""
    before = trial.executed()
    requests: list[Request] = [
        (Opcode.PING, pack_words(i, *range(trial.random.randrange(12))), 16) for i in range(REQUESTS)
    ]
    answers, faults = _run(trial, requests)
    for number, ((_, asked, _), answer) in enumerate(zip(requests, answers, strict=True)):
        require(answer == (Status.OK, asked), f"request {number} has another reply than its own")
    trial.require_executed(before, REQUESTS + 1)
    return f"{REQUESTS} requests; {_counted(faults)}"


def _pulses(trial: Trial) -> str:
    """Every PULSE is given once."""
    with permitted(trial) as (rows, columns):
        cells = rows.count * columns.count
        count = PULSES
        token = arm(
            trial, max_pulses=cells * count, max_voltage_code=SMALLEST, rows=rows, columns=columns,
            expiry_units=0x7FFF_FFFF,
        )  # fmt: skip
        before = trial.read(Register.PULSES_SINCE_BOOT)[0]
        one: list[Request] = [
            (Opcode.PULSE, pulse(rows=rows, columns=columns, index=index), largest_reply_words(3))
            for index in range(count)
        ]
        answers, faults = _run(trial, [(Opcode.ARM, token, 3), *one])
        given = trial.read(Register.PULSES_SINCE_BOOT)[0] - before
    told = sum(unpack_words(payload)[2] for status, payload in answers[1:] if status == Status.OK)
    wrong = sum(status != Status.OK for status, _ in answers)
    require(not wrong, f"{wrong} of {len(answers)} requests were refused")
    require(given == told == cells * count, f"{given} cell pulses given, {told} told, {cells * count} asked")
    return f"{count} requests, {given} cell pulses; {_counted(faults)}"

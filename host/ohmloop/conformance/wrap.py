# SPDX-License-Identifier: BSD-3-Clause
"""The rule of numbers that begin again: order and exactly-once hold beyond number 2^16 - 1."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Final

from ohmloop._map import Opcode, Register, Status
from ohmloop.conformance.rules import RECEIVER, Rule, Trial, require, shown
from ohmloop.conformance.verdicts import NotRun
from ohmloop.link.frames import FRAME_OVERHEAD_BYTES, Frame
from ohmloop.link.messages import pack_words, unpack_words

LONGEST_S: Final = 60.0
"""Wall time that the way to the last number may take without `--long`."""
NUMBERS: Final = 1 << 16
BEFORE: Final = 8
"""Requests of those sent across the wrap that lie before it."""
ACROSS: Final = 16
MOST_AHEAD: Final = 64
TIMED: Final = 1024
"""Requests by which the time for all is told."""


def rules() -> list[Rule]:
    """Returns this rule."""
    return [Rule("numbers begin again after 2^16: in order, each once", RECEIVER, _wrap)]


def _wrap(trial: Trial) -> str:
    """Replies across the wrap come in order; numbers of before it are repeated, ignored, never executed."""
    peer = trial.peer
    _forward(trial, NUMBERS - BEFORE - 1)  # an epoch begins at 0: there is no shorter way
    before = trial.executed()
    start, clock = peer.sequence, pack_words(Register.CYCLES_LO, 1)
    numbers = [peer.post(Opcode.REG_READ, clock, acknowledge=start) for _ in range(ACROSS)]
    first = [peer.reply_to(number) for number in numbers]
    for reply in first:
        require(reply.status == Status.OK, f"request {reply.sequence} answered {shown(reply)}")
    times = [unpack_words(reply.payload)[0] for reply in first]
    steps = [(later - earlier) & 0xFFFF_FFFF for earlier, later in pairwise(times)]
    require(max(steps) < 1 << 31, f"executed out of order: the clock read {times}")
    for number, reply in zip(numbers, first, strict=True):
        peer.send(Frame(Opcode.REG_READ, number, peer.epoch, clock, acknowledge=start))
        again = peer.reply_to(number)
        seen = (again.status, again.payload)
        require(seen == (reply.status, reply.payload), f"request {number}, repeated, answered {shown(again)}")
    _acknowledged(trial, numbers[BEFORE - 1], clock)
    trial.require_executed(before, ACROSS + 2)
    return f"{ACROSS} requests across, each repeated"


def _acknowledged(trial: Trial, number: int, clock: bytes) -> None:
    """A number of before the wrap whose reply is acknowledged is ignored."""
    peer = trial.peer
    trial.ok(Opcode.PING)
    peer.send(Frame(Opcode.REG_READ, number, peer.epoch, clock, acknowledge=peer.sequence))
    told = [(one.opcode, one.status, one.sequence) for one in peer.settle()]
    require(not told, f"{told} answered number {number}, acknowledged before the wrap; nothing expected")


def _forward(trial: Trial, number: int) -> None:
    """Sends empty PINGs up to a number; raises NotRun where that would take too long."""
    peer, told = trial.peer, trial.identity
    room = min(told.request_bytes, told.reply_bytes) // FRAME_OVERHEAD_BYTES
    ahead = max(1, min(MOST_AHEAD, room // 2))
    start_s = time.monotonic()
    while peer.sequence < number:
        posted = [peer.post(Opcode.PING) for _ in range(min(ahead, number - peer.sequence))]
        for one in posted:
            reply = peer.reply_to(one)
            require(reply.status == Status.OK, f"PING {one} answered {shown(reply)}")
        if posted[0] < TIMED <= peer.sequence and not trial.permission.long:
            whole_s = (time.monotonic() - start_s) * number / peer.sequence
            if whole_s > LONGEST_S:
                raise NotRun(f"{NUMBERS} requests would take {whole_s:.0f} s here; --long")

# SPDX-License-Identifier: BSD-3-Clause
"""The check that the board makes itself: SELF_TEST of its firmware."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Final

from ohmloop._map import Opcode, Register, Status
from ohmloop.board.service import FAILURES
from ohmloop.cli.bench import Bench, CheckFailed, CheckSkipped, ideal_emulator
from ohmloop.link.messages import Axis, ReferenceRequest, SelfTestReply

LEVEL: Final = 100
AVERAGES_LOG2: Final = 2


def check_firmware(bench: Bench) -> str:
    """The firmware finds memory, interlock and reference input good; nothing is pulsed."""
    if bench.identity.read_only:
        raise CheckSkipped("the board only reads: it has no core for firmware")
    if not bench.identity.firmware_present:
        raise CheckSkipped("no firmware is loaded")
    if not bench.identity.reference_input:
        raise CheckSkipped("the board has no reference input")
    channels = Axis(0, bench.identity.macros[0].columns)
    request = ReferenceRequest(Opcode.SELF_TEST, 0, channels, 0, 0, LEVEL, averages_log2=AVERAGES_LOG2)
    with ideal_emulator(bench) if bench.identity.emulated else nullcontext():
        given = bench.read(Register.PULSES_SINCE_BOOT)[0]
        found = SelfTestReply.decode(
            bench.ok(Opcode.SELF_TEST, request.encode(), request.largest_reply_words)
        )
    failed = [name for bit, name in enumerate(FAILURES) if found.failed >> bit & 1]
    if failed:
        raise CheckFailed(f"failed: {', '.join(failed)}")
    if bench.read(Register.PULSES_SINCE_BOOT)[0] != given:
        raise CheckFailed("a pulse was given")
    return (
        f"{found.memory_bytes} bytes of memory, interlock answers {Status(found.guard).name}, "
        f"reference rises on {channels.count} channels"
    )

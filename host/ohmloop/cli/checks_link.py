# SPDX-License-Identifier: BSD-3-Clause
"""Checks of the link: round trips, throughput, and what to do where they are slow."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from ohmloop._map import Opcode
from ohmloop.cli.bench import Bench, CheckFailed
from ohmloop.link.frames import FRAME_OVERHEAD_BYTES
from ohmloop.link.messages import largest_reply_words
from ohmloop.link.wires.base import byte_rate

ROUND_TRIPS: Final = 32
STREAM_FRAMES: Final = 8
SLOW_S: Final = 0.004
"""A round trip above it is not the wire's: a USB serial chip or a network keeps the bytes."""
POOR_SHARE: Final = 0.5
"""Of the rate that a wire names."""
_SERIAL: Final = "serial://"
_TTY: Final = Path("/sys/bus/usb-serial/devices")


def check_round_trip(bench: Bench) -> str:
    """PINGs of every size come back unchanged; the time of empty ones is the link's latency."""
    most = bench.identity.max_payload // 4
    for size in (1, 2, most, *bench.rng.integers(0, most, ROUND_TRIPS)):
        payload = bench.rng.bytes(4 * int(size))
        if bench.ok(Opcode.PING, payload, largest_reply_words(int(size))) != payload:
            raise CheckFailed(f"a PING of {size} words came back changed")
    wire, each = bench.session.wire, []
    for _ in range(ROUND_TRIPS):
        start_s = wire.now_s()
        bench.ok(Opcode.PING, b"")
        each.append(wire.now_s() - start_s)
    median_s, worst_s = float(np.median(each)), max(each)
    advice = latency_advice(wire.url, median_s, latency_timer_ms(wire.url))
    return f"PINGs of 0 to {most} words; {1e3 * median_s:.3g} ms, at most {1e3 * worst_s:.3g} ms{advice}"


def check_throughput(bench: Bench) -> str:
    """A stream of the largest frames arrives whole, with no frame lost or broken."""
    words = bench.identity.max_payload // 4
    payloads = [bench.rng.bytes(4 * words) for _ in range(STREAM_FRAMES)]
    stats, wire = bench.session.stats, bench.session.wire
    before, start_s = (stats.retries, stats.crc_errors), wire.now_s()
    replies = bench.session.execute((Opcode.PING, payload, words) for payload in payloads)
    wrong = sum(reply.payload != payload for reply, payload in zip(replies, payloads, strict=True))
    seconds = max(wire.now_s() - start_s, 1e-9)
    lost = (stats.retries - before[0], stats.crc_errors - before[1])
    if wrong or any(lost):
        raise CheckFailed(f"{wrong} frames changed, {lost[0]} sent again, {lost[1]} CRC errors")
    carried = (4 * words + FRAME_OVERHEAD_BYTES) * STREAM_FRAMES / seconds
    advice = throughput_advice(carried, byte_rate(wire))
    return f"{carried / 1e6:.3g} MB/s each way, no frame lost{advice}"


def latency_timer_ms(url: str) -> int | None:
    """Returns the latency timer of the USB serial chip behind a URL; None where the system tells none."""
    if not url.startswith(_SERIAL):
        return None
    device = Path(url.removeprefix(_SERIAL).partition("?")[0]).name
    try:
        return int((_TTY / device / "latency_timer").read_text())
    except (OSError, ValueError):
        return None


def latency_advice(url: str, median_s: float, timer_ms: int | None) -> str:
    """Returns what to do about a round trip, "" where it is short; nothing is slow but many round trips."""
    if timer_ms is not None and timer_ms > 1:
        device = Path(url.removeprefix(_SERIAL).partition("?")[0]).name
        return (
            f"; its USB chip waits {timer_ms} ms before it sends a short packet:"
            f" echo 1 | sudo tee {_TTY / device / 'latency_timer'}"
        )
    if median_s <= SLOW_S:
        return ""
    if url.startswith(_SERIAL):
        return "; slow for a serial line: look at its driver's latency timer (16 ms by default on FTDI chips)"
    return "; slow: calls that wait for each other will feel it, streams will not"


def throughput_advice(bytes_per_s: float, rate: float) -> str:
    """Returns what to do about a throughput, "" where it is the wire's."""
    if rate and bytes_per_s < POOR_SHARE * rate:
        share = 100 * bytes_per_s / rate
        return (
            f"; {share:.0f} % of what the line carries: another USB port or no hub, a lower latency timer,"
            " or a baud rate that both ends have exactly"
        )
    return ""

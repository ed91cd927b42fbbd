# SPDX-License-Identifier: BSD-3-Clause
"""HELLO: opens an epoch and learns who answers."""

import os
import struct
import time
from dataclasses import dataclass, field
from typing import Final

from ohmloop._map import MAP_HASH, PROTOCOL_VERSION, Opcode, Status
from ohmloop.errors import DeadlineExceeded, OhmloopError, VersionMismatch, WrongDevice
from ohmloop.link.channel import Channel
from ohmloop.link.frames import Frame
from ohmloop.link.identity import HelloRequest, Identity
from ohmloop.link.windows import Refusal

SLICE_S: Final = 0.005
"""Longest single read, so that an urgent frame of another thread leaves soon."""
WALL_LIMIT_S: Final = 600.0
"""Longest wall time without progress, for a wire whose own clock has stopped."""
_FIRST_RETRY_S: Final = 0.1
_LAST_RETRY_S: Final = 0.25


def fresh_nonce(avoid_epoch: int | None) -> int:
    """Returns a random 32-bit nonce whose epoch is neither `avoid_epoch` nor a closed board's 0."""
    high, low = struct.unpack("<HH", os.urandom(4))
    allowed = (epoch for epoch in (low, low ^ 1, low ^ 2) if epoch not in (0, avoid_epoch))
    return int(high << 16 | next(allowed))


@dataclass(slots=True)
class Handshake:
    """One attempt to open an epoch."""

    channel: Channel
    chip_id: bytes
    avoid_epoch: int | None
    nonce: int = 0
    answered: int = field(default=0, init=False)

    def run(self, timeout_s: float) -> Identity:
        """Returns the board's identity once the epoch is open.

        Raises:
            WrongDevice: silence, garbage or an echo; the message says which.
            VersionMismatch: a board of another protocol version or map.
            DeadlineExceeded: a board is there but did not finish opening.
            BoardLost: the wire broke.
        """
        wire = self.channel.wire
        self.channel.forget()
        self.nonce = self.nonce or fresh_nonce(self.avoid_epoch)
        self._knock()
        wait_s, due_s, end_s = _FIRST_RETRY_S, wire.now_s(), wire.now_s() + timeout_s
        wall_end_s = time.monotonic() + timeout_s + WALL_LIMIT_S
        while (now_s := wire.now_s()) < end_s and time.monotonic() < wall_end_s:
            if now_s >= due_s:
                self._send_hello()
                due_s, wait_s = now_s + wait_s, min(2 * wait_s, _LAST_RETRY_S)
            for frame in self.channel.receive(min(SLICE_S, end_s - now_s)):
                identity = self._take(frame)
                if identity is not None:
                    return identity
        raise self._failure(timeout_s)

    def _knock(self) -> None:
        """Asks for the epoch we want: only a board that has it open already would say yes."""
        self.channel.send(Frame(Opcode.HEARTBEAT, 0, self.nonce & 0xFFFF, urgent=True))

    def _send_hello(self) -> None:
        request = HelloRequest(self.nonce, self.chip_id)
        self.channel.send(Frame(Opcode.HELLO, 0, request.epoch, request.encode(), urgent=True))

    def _take(self, frame: Frame) -> Identity | None:
        self.answered += 1
        _require_version(frame.version, self.channel.wire.url)
        if frame.opcode == Opcode.NAK and frame.status == Status.BAD_VERSION:
            raise VersionMismatch(
                f"{self.channel.wire.url}: the board refuses protocol version {PROTOCOL_VERSION}",
                value=frame.version,
                limit=PROTOCOL_VERSION,
                where=self.channel.wire.url,
            )
        if frame.opcode == Opcode.HEARTBEAT and frame.epoch == self.nonce & 0xFFFF:
            self.nonce = fresh_nonce(self.nonce & 0xFFFF)
            self._send_hello()
        if frame.opcode != Opcode.HELLO or not frame.urgent:
            return None
        return self._identity(frame)

    def _identity(self, frame: Frame) -> Identity | None:
        url = self.channel.wire.url
        try:
            identity = Identity.decode(frame.payload)
        except Refusal as error:
            raise WrongDevice(
                f"{url}: HELLO was answered with no identity ({error})", value=error.value, where=url
            ) from error
        if identity.nonce != self.nonce:
            return None
        _require_version(identity.protocol_version, url)
        if identity.map_hash != MAP_HASH:
            raise VersionMismatch(
                f"{url}: the board's map is {identity.map_hash:#010x}, this package's {MAP_HASH:#010x}",
                value=f"{identity.map_hash:#010x}",
                limit=f"{MAP_HASH:#010x}",
                where="map hash",
            )
        return identity

    def _failure(self, timeout_s: float) -> OhmloopError:
        url, seen = self.channel.wire.url, self.channel.seen
        if self.answered:
            return DeadlineExceeded(
                f"{url}: HELLO unanswered after {timeout_s:.3f} s, though a board is there",
                value=timeout_s,
                limit=timeout_s,
                unit="s",
                where="HELLO",
            )
        if self.channel.echoes:
            what = f"{self.channel.echoes} of our own frames came back: an echo"
        elif seen:
            what = f"bytes that are no frames came: {seen.hex(' ')} ..."
        else:
            what = "nothing came back"
        return WrongDevice(
            f"{url}: no Ohmloop board within {timeout_s:.3f} s; {what}",
            value=seen,
            limit=timeout_s,
            unit="s",
            where=url,
        )


def _require_version(version: int, url: str) -> None:
    if version != PROTOCOL_VERSION:
        raise VersionMismatch(
            f"{url}: the board speaks protocol version {version}, this package {PROTOCOL_VERSION}",
            value=version,
            limit=PROTOCOL_VERSION,
            where="protocol version",
        )

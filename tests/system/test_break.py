# SPDX-License-Identifier: BSD-3-Clause
"""BREAK on the serial line of the simulated board: the line held low makes it safe."""

from collections.abc import Iterator

import pytest
from boards import SMALL, Peer, opened

from ohmloop._map import BAUD, CLK_HZ, Field, Opcode, Pulse, Register, Status
from ohmloop.link.frames import StreamDecoder, stuff
from ohmloop.link.messages import Axis, PulseRequest, unpack_words
from ohmloop.link.wires._sim_library import Probe, SimLibrary
from ohmloop.link.wires.sim import SimWire

BIT = CLK_HZ // BAUD  # cycles
LATCHED, ARMED = 1 << Field.STATE_SAFE_LATCHED, 1 << Field.STATE_ARMED


class Framed:
    """A byte wire as a packet wire."""

    def __init__(self, wire: SimWire) -> None:
        self.wire, self.decoder = wire, StreamDecoder()
        self.frames: list[bytes] = []

    @property
    def board(self) -> SimLibrary:
        return self.wire.board

    def write(self, data: bytes) -> None:
        self.wire.write(stuff(data))

    def read(self, timeout_s: float) -> bytes:
        end_s = self.wire.now_s() + timeout_s
        while not self.frames and (left_s := end_s - self.wire.now_s()) > 0:
            self.frames += self.decoder.feed(self.wire.read(left_s))
        return self.frames.pop(0) if self.frames else b""


@pytest.fixture
def peer() -> Iterator[Peer]:
    with opened(f"sim://?{SMALL}&front=uart&boot=7") as wire:
        assert isinstance(wire, SimWire)
        peer = Peer(Framed(wire))  # type: ignore[arg-type]
        peer.set_limits()
        yield peer


def held_low(peer: Peer, bits: int) -> None:
    """Holds the line low for so many bits, and lets it rest as long."""
    peer.wire.board.send_break(bits * BIT)
    peer.wire.wire.read(2 * bits * BIT / CLK_HZ)


def test_a_break_latches_and_disarms(peer: Peer) -> None:
    peer.arm()
    assert peer.read_register(Register.STATE) & (LATCHED | ARMED) == ARMED
    held_low(peer, 30)
    assert peer.read_register(Register.STATE) & (LATCHED | ARMED) == LATCHED
    assert peer.call(Opcode.ARM, b"").status != Status.OK
    peer.write_registers({Register.CONTROL: 1 << Field.CONTROL_CLEAR_SAFE})
    peer.arm()


def test_a_damaged_byte_is_no_break(peer: Peer) -> None:
    """A byte whose stop bit is low, and a little more, stops no experiment."""
    peer.arm()
    held_low(peer, 15)
    assert peer.read_register(Register.STATE) & (LATCHED | ARMED) == ARMED


def test_a_break_ends_a_pulse_and_what_waits_behind_it(peer: Peer) -> None:
    macro, board = peer.identity.macros[0], peer.wire.board
    peer.arm()
    axes = Axis(0, macro.rows), Axis(0, macro.columns)
    first = peer.send(Opcode.PULSE, PulseRequest(Pulse.FORM, 0, 50_000, 40_000, 60_000, 1, 4, *axes).encode())
    queued = peer.send(Opcode.PING, b"abcd")
    assert peer.wire.read(2e-3) == b"" and board.probe(Probe.DRIVE_ACTIVE) == 1
    start = board.cycles
    held_low(peer, 30)
    assert board.probe(Probe.DRIVE_ACTIVE) == 0 and board.probe(Probe.SAFE_LATCHED) == 1
    # A start bit, eight of data, a stop bit that is low, ten more, and what the board takes to see it.
    assert 0 < board.probe(Probe.DRIVE_CHANGED) - start < 22 * BIT
    stopped, dropped = peer.reply_to(first), peer.reply_to(queued)
    assert stopped.status == dropped.status == Status.ABORTED
    started, _, pulses = unpack_words(stopped.payload)
    assert started == 1 and pulses == peer.read_register(Register.PULSES_SINCE_BOOT) > 0
    assert unpack_words(dropped.payload) == (0, 0, 0)

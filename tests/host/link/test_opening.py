# SPDX-License-Identifier: BSD-3-Clause
import itertools
import struct

import pytest
from peer import Faults, Peer, PeerWire, echo

from ohmloop._map import MAP_HASH, PROTOCOL_VERSION, Opcode
from ohmloop.errors import BoardLost, DeadlineExceeded, OhmloopError, VersionMismatch, WrongDevice
from ohmloop.link.frames import decode, stuff
from ohmloop.link.opening import fresh_nonce
from ohmloop.link.session import Session


class Device:
    """A wire to something that is no board: `answer` gives what comes back for what was written."""

    packet = False
    url = "device://"
    origin = ""

    def __init__(self, answer):
        self._answer = answer
        self._now_s = 0.0
        self._inbox = b""

    def write(self, data):
        self._inbox += self._answer(data)

    def read(self, timeout_s):
        data, self._inbox = self._inbox, b""
        self._now_s += 0.0 if data else timeout_s
        return data

    def now_s(self):
        return self._now_s

    def close(self):
        pass


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (lambda data: b"", "nothing came back"),
        (lambda data: data, "our own frames came back"),
        (lambda data: b"NMEA $GPGGA\r\n", "no frames came: 4e 4d 45 41"),
        (lambda data: bytes(range(256)) * 10, "no frames came: 00 01 02"),
        (lambda data: stuff(bytes(range(40))), "no frames came"),
    ],
    ids=["silence", "echo", "text", "bytes", "frames of another kind"],
)
def test_foreign_device_is_a_typed_error_within_the_time(answer, told):
    device = Device(answer)
    with pytest.raises(WrongDevice, match=told) as caught:
        Session(device, timeout_s=2.0).hello()
    assert 2.0 <= device.now_s() < 2.2
    assert caught.value.where == "device://"


def hello(peer, **wire):
    session = Session(PeerWire(peer, **wire), timeout_s=3.0, chip_id=b"sample 7")
    return session, session.hello()


def test_identity_tells_who_answered():
    _session, identity = hello(Peer(echo, boot_id=5))
    assert (identity.map_hash, identity.boot_id, identity.emulated) == (MAP_HASH, 5, True)
    assert identity.chip_id == b"sample 7".ljust(16, b"\0")


def test_other_map_is_refused_with_both_values():
    with pytest.raises(VersionMismatch, match="0x0000dead") as caught:
        hello(Peer(echo, map_hash=0xDEAD))
    assert (caught.value.value, caught.value.limit) == ("0x0000dead", f"{MAP_HASH:#010x}")


def test_other_protocol_version_is_refused_with_both_values():
    with pytest.raises(VersionMismatch, match="protocol version 2") as caught:
        hello(Peer(echo, version=2))
    assert (caught.value.value, caught.value.limit) == (2, PROTOCOL_VERSION)


@pytest.mark.parametrize("seed", range(8))
def test_hello_survives_a_bad_wire(seed):
    faults = Faults(drop=0.3, corrupt=0.1, duplicate=0.2, truncate=0.1, delay=0.2)
    _, identity = hello(Peer(echo), faults=faults, seed=seed, packet=False)
    assert identity.epoch != 0


def test_every_epoch_is_another():
    session, first = hello(Peer(echo))
    epochs = [first.epoch, *(session.hello().epoch for _ in range(20))]
    assert all(a != b for a, b in itertools.pairwise(epochs))


@pytest.mark.parametrize("low", [0, 7, 0xFFFF])
def test_nonce_avoids_the_boards_epoch_and_zero(monkeypatch, low):
    monkeypatch.setattr("os.urandom", lambda size: struct.pack("<HH", 9, low))
    assert fresh_nonce(low) & 0xFFFF not in (0, low)


def test_epoch_that_is_open_by_chance_is_not_reused(monkeypatch):
    peer = Peer(echo)
    draws = iter([7, 7, 8])
    monkeypatch.setattr("os.urandom", lambda size: struct.pack("<HH", 1, next(draws)) if size == 4 else b"77")
    _, first = hello(peer)
    _, second = hello(peer)
    assert (first.epoch, second.epoch) == (7, 8)


def test_board_that_never_finishes_opening_is_a_deadline():
    peer = Peer(echo)
    peer._hello = lambda frame, now_s: peer._nak(3, 0, 0, now_s)
    with pytest.raises(DeadlineExceeded, match="a board is there"):
        hello(peer)


def test_hello_with_no_identity_is_a_wrong_device():
    peer = Peer(echo)
    answer = peer._hello
    peer._hello = lambda frame, now_s: (answer(frame, now_s), peer._answer(frame, 0, bytes(76), now_s))[1]
    peer._answer, plain = (
        (lambda f, s, p, n, urgent=False: plain(f, s, bytes(76), n, urgent=True)),
        peer._answer,
    )
    with pytest.raises(WrongDevice, match="no identity"):
        hello(peer)


def test_lost_wire_while_opening_is_board_lost():
    wire = PeerWire(Peer(echo))
    wire.alive = False
    with pytest.raises(BoardLost):
        Session(wire, timeout_s=1.0).hello()


def test_calls_before_hello_say_so():
    with pytest.raises(OhmloopError, match="hello"):
        Session(PeerWire(Peer(echo)), timeout_s=1.0).call(Opcode.PING, b"", 1)


def test_a_device_that_answers_after_a_while_is_opened():
    wire = PeerWire(Peer(echo))
    wire.faults.drop = 1.0
    wire.on_read = lambda: setattr(wire.faults, "drop", 1.0 if wire.now_s() < 1.5 else 0.0)
    Session(wire, timeout_s=4.0).hello()
    assert decode(wire.written[-1]).opcode == Opcode.HELLO

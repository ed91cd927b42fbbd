# SPDX-License-Identifier: BSD-3-Clause
"""Rules of numbers: order, each request executed once, gaps, room, epochs."""

from __future__ import annotations

from typing import Final

from ohmloop._map import Opcode, Register, Status, Telemetry
from ohmloop.conformance.reference import vectors
from ohmloop.conformance.rules import (
    CREDITS,
    EPOCHS,
    RECEIVER,
    REQUESTS,
    SAFE_STATE,
    Rule,
    Trial,
    require,
    shown,
)
from ohmloop.conformance.verdicts import NotRun
from ohmloop.link.frames import FRAME_OVERHEAD_BYTES, MAX_PAYLOAD_BYTES, Frame
from ohmloop.link.messages import ABSENT_IF_READ_ONLY, pack_words, unpack_words

STREAM: Final = 32
WAITING: Final = 3
SERVED_S: Final = 0.1
"""What a served board or an operating system may add to an answer."""
_MARK: Final = 0x00C0_FFEE


def rules() -> list[Rule]:
    """Returns these rules."""
    return [
        Rule("identity", EPOCHS, _identity),
        Rule("replies in order", RECEIVER, _order),
        Rule("a repeated request: executed once, answered again", RECEIVER, _repeated),
        Rule("a request beyond a gap: not executed", RECEIVER, _beyond_a_gap),
        Rule("a corrupt request: not executed", RECEIVER, _corrupt),
        Rule("a request of another epoch: not executed", RECEIVER, _other_epoch),
        Rule("a payload above max_payload: a gap", RECEIVER, _too_large),
        Rule("all credits used: nothing dropped", CREDITS, _credits),
        Rule("no room for a reply: the request waits", CREDITS, _waits),
        Rule("SAFE: waiting requests answer ABORTED, in order", SAFE_STATE, _aborted),
        Rule("TELEMETRY: counters, then sensors", REQUESTS, _telemetry, drives=True),
        Rule("registers: absent and read-only ones", REQUESTS, _registers),
        Rule("reserved opcodes", REQUESTS, _unknown),
    ]


def _identity(trial: Trial) -> str:
    """HELLO's answer can be worked with."""
    told = trial.identity
    require(told.epoch == trial.peer.epoch, f"epoch {told.epoch:#06x}, {trial.peer.epoch:#06x} asked")
    require(told.protocol_version == 1, f"protocol version {told.protocol_version}, 1 expected")
    require(told.chip_id.rstrip(b"\0") == b"conformance", f"chip id {told.chip_id!r} is not the one given")
    require(told.clk_hz > 0 and bool(told.macros), f"clock {told.clk_hz} Hz, {len(told.macros)} macros")
    reader = told.emulated and not told.firmware_present and not told.firmware_crc
    require(reader or not told.read_only, "a chip, or a board with firmware, that says it only reads")
    least = told.max_payload + FRAME_OVERHEAD_BYTES
    for name, room in (("request_bytes", told.request_bytes), ("reply_bytes", told.reply_bytes)):
        require(room >= least, f"{name} {room}: the largest frame takes {least}")
    require(told.max_payload % 4 == 0, f"max_payload {told.max_payload} is no whole words")
    sizes = ", ".join(f"{macro.rows} x {macro.columns}" for macro in told.macros)
    return f"{sizes}; payload {told.max_payload}, requests {told.request_bytes}, replies {told.reply_bytes}"


def _order(trial: Trial) -> str:
    """Requests sent ahead are answered in order, each with its own reply."""
    peer = trial.peer
    each = max(1, min(64, trial.identity.request_bytes // STREAM // 4 - 4))
    payloads = [pack_words(*range(i, i + 1 + i % each)) for i in range(STREAM)]
    for payload in payloads:
        peer.post(Opcode.PING, payload, acknowledge=0)
    for number, payload in enumerate(payloads):
        reply = peer.reply_to(number)
        require((reply.status, reply.payload) == (0, payload), f"reply {number}: {shown(reply)}, changed")
        require(reply.acknowledge > number, f"reply {number} acknowledges {reply.acknowledge}")
    return f"{STREAM} requests sent ahead"


def _repeated(trial: Trial) -> str:
    """A number that comes again is answered from the ring: the clock it read is the same."""
    peer, before = trial.peer, trial.executed()
    number = peer.post(Opcode.REG_READ, pack_words(Register.CYCLES_LO, 1))
    first = peer.reply_to(number)
    for _ in range(2):
        peer.sequence = number
        peer.post(Opcode.REG_READ, pack_words(Register.CYCLES_LO, 1))
        again = peer.reply_to(number)
        require(
            (again.status, again.payload) == (first.status, first.payload),
            f"the reply was {first.payload.hex()}, then {again.payload.hex()}",
        )
    trial.require_executed(before, 2)
    return "two repetitions, one execution"


def _beyond_a_gap(trial: Trial) -> str:
    """What comes out of its turn is dropped: one NAK names the number that is missing."""
    peer = trial.peer
    with_mark = pack_words(Register.WATCHDOG_CYCLES, _MARK)
    (held,) = trial.read(Register.WATCHDOG_CYCLES)
    missing = peer.sequence
    for ahead in (1, 2, 3):
        peer.send(Frame(Opcode.REG_WRITE, missing + ahead, peer.epoch, with_mark, acknowledge=missing))
    naks = peer.settle()
    told = [(frame.opcode, frame.status, frame.sequence) for frame in naks]
    require(
        told == [(Opcode.NAK, Status.GAP, missing)],
        f"{told} answered three frames beyond a gap; one NAK, GAP, number {missing} expected",
    )
    _unchanged(trial, held)
    return "three frames dropped, one NAK"


def _corrupt(trial: Trial) -> str:
    """A frame with a wrong CRC is not executed, and is a gap."""
    peer = trial.peer
    (held,) = trial.read(Register.WATCHDOG_CYCLES)
    frame = Frame(
        Opcode.REG_WRITE, peer.sequence, peer.epoch, pack_words(Register.WATCHDOG_CYCLES, _MARK),
        acknowledge=peer.sequence,
    ).encode()  # fmt: skip
    for place in (0, 5, len(frame) - 1):
        spoiled = bytearray(frame)
        spoiled[place] ^= 0x40
        peer.send_packet(bytes(spoiled))
    told = [(one.opcode, one.status) for one in peer.settle()]
    require(told == [(Opcode.NAK, Status.GAP)], f"{told} answered, one NAK of GAP expected")
    _unchanged(trial, held)
    return "three damaged frames dropped, one NAK"


def _other_epoch(trial: Trial) -> str:
    """A frame of another epoch is refused, and changes nothing."""
    peer = trial.peer
    (held,) = trial.read(Register.WATCHDOG_CYCLES)
    other = peer.epoch ^ 0x0101
    peer.send(Frame(Opcode.REG_WRITE, peer.sequence, other, pack_words(Register.WATCHDOG_CYCLES, _MARK)))
    told = [(one.opcode, one.status, one.sequence, one.epoch) for one in peer.settle()]
    wanted = (Opcode.NAK, Status.NO_EPOCH, peer.sequence, peer.epoch)
    require(told == [wanted], f"{told} answered, NAK of NO_EPOCH with the open epoch expected")
    _unchanged(trial, held)
    return "refused, not executed"


def _unchanged(trial: Trial, held: int) -> None:
    (now,) = trial.read(Register.WATCHDOG_CYCLES)
    if now != held:
        trial.write(Register.WATCHDOG_CYCLES, held)
    require(now == held, f"the register was written: {now}, {held} before")


def _too_large(trial: Trial) -> str:
    """A frame above max_payload is no frame."""
    peer, words = trial.peer, trial.identity.max_payload // 4 + 1
    if 4 * words > MAX_PAYLOAD_BYTES:
        raise NotRun("this board takes the largest frame there is")
    number = peer.post(Opcode.PING, bytes(4 * words))
    told = [(one.opcode, one.status, one.sequence) for one in peer.settle()]
    require(told == [(Opcode.NAK, Status.GAP, number)], f"{told} answered, one NAK of GAP expected")
    return f"{4 * words} bytes refused"


def _credits(trial: Trial) -> str:
    """With both credits used up nothing is dropped and every reply is whole."""
    told, peer = trial.identity, trial.peer
    cost = told.max_payload + FRAME_OVERHEAD_BYTES
    count = min(told.request_bytes, told.reply_bytes) // cost
    payloads = [trial.random.randbytes(told.max_payload) for _ in range(count)]
    for payload in payloads:
        peer.post(Opcode.PING, payload, acknowledge=0)
    for number, payload in enumerate(payloads):
        require(peer.reply_to(number).payload == payload, f"reply {number} came back changed")
    return f"{count} frames of {told.max_payload} bytes in flight"


def _fill(trial: Trial) -> tuple[int, int]:
    """Fills the reply ring and lets WAITING requests wait; returns replies that came, requests sent."""
    told, peer = trial.identity, trial.peer
    fits = told.reply_bytes // (told.max_payload + FRAME_OVERHEAD_BYTES)
    payload, slowest_s = bytes(told.max_payload), 0.0
    if (WAITING * FRAME_OVERHEAD_BYTES) + len(payload) > told.request_bytes:
        raise NotRun(f"{told.request_bytes} bytes of requests do not hold {WAITING} that wait")
    for number in range(3 * fits):  # the board may keep more than it announces
        start_s = peer.wire.now_s()
        peer.post(Opcode.PING, payload, acknowledge=0)
        frame = peer.receive(None if number < fits else 3 * slowest_s + (0 if trial.owned else SERVED_S))
        if frame is None:
            require(number >= fits, f"only {number} of {fits} replies that fit came")
            break
        require(frame.sequence == number, f"reply {frame.sequence} came for request {number}")
        slowest_s = max(slowest_s, peer.wire.now_s() - start_s)
    else:
        raise NotRun(f"the board keeps more than {3 * fits} replies, {fits} announced")
    for _ in range(WAITING - 1):
        peer.post(Opcode.PING, b"", acknowledge=0)
    return number, number + WAITING


def _waits(trial: Trial) -> str:
    """Without room for its reply a request waits; room made by an acknowledgement, it is executed."""
    peer = trial.peer
    came, sent = _fill(trial)
    early = peer.settle()
    require(not early, f"{len(early)} frames beyond the {came} replies that fit")
    peer.post(Opcode.PING, b"", acknowledge=came)
    for number in range(came, sent + 1):
        reply = peer.reply_to(number)
        require(reply.status == Status.OK, f"request {number} answered {shown(reply)}")
    return f"{WAITING} requests waited behind {came} kept replies; HEARTBEAT was answered meanwhile"


def _aborted(trial: Trial) -> str:
    """SAFE overtakes; what waited answers ABORTED with zeros, what comes later runs."""
    peer = trial.peer
    came, sent = _fill(trial)
    require(peer.urgent(Opcode.SAFE).status == Status.OK, "SAFE was not confirmed")
    peer.post(Opcode.PING, b"", acknowledge=came)
    for number in range(came, sent):
        reply = peer.reply_to(number)
        taken = number == came and reply.status == Status.OK  # out of the queue already, and drives nothing
        require(
            taken or (reply.status, unpack_words(reply.payload)) == (Status.ABORTED, (0, 0, 0)),
            f"request {number}, which waited, answered {shown(reply)}; ABORTED [0, 0, 0] expected",
        )
    later = peer.reply_to(sent)
    require(later.status == Status.OK, f"a PING after SAFE answered {shown(later)}")
    return f"{WAITING} waiting requests answered"


def _telemetry(trial: Trial) -> str:
    """Every request is counted once, when it has been answered; a refused one as refused."""
    before = trial.telemetry().counters
    trial.ok(Opcode.PING)
    trial.peer.call(Opcode.RUN)
    now = trial.telemetry()
    counted = now.counters[Telemetry.REQUESTS] - before[Telemetry.REQUESTS]
    refused = now.counters[Telemetry.REFUSED] - before[Telemetry.REFUSED]
    seen = (counted, refused)
    require(seen == (3, 1), f"{counted} requests, {refused} of them refused; 3 and 1 expected")
    return f"{now.counters[Telemetry.COUNTERS]} counters, {len(now.sensors)} sensors"


def _registers(trial: Trial) -> str:
    """Registers that are absent or read-only are refused; what stands before them in a write is done."""
    (magic,) = trial.read(Register.MAGIC)
    trial.refused(Opcode.REG_READ, pack_words(2, 1), Status.BAD_ADDRESS, (2, 0, 0))
    trial.refused(Opcode.REG_READ, pack_words(0xFFFC, 1), Status.BAD_ADDRESS, (0xFFFC, 0, 0))
    trial.refused(Opcode.REG_READ, pack_words(Register.MAGIC, 0), Status.BAD_FIELD, (0, 1, 1))
    trial.refused(Opcode.REG_WRITE, pack_words(Register.MAGIC, 1), Status.BAD_ADDRESS, (Register.MAGIC, 0, 1))
    (held,) = trial.read(Register.OPERATION_CYCLES)
    both = pack_words(Register.OPERATION_CYCLES, held, 0)
    trial.refused(Opcode.REG_WRITE, both, Status.BAD_ADDRESS, (Register.FRAMES_RECEIVED, 0, 2))
    require(trial.read(Register.MAGIC)[0] == magic == 0x4C4D484F, f"MAGIC reads {magic:#010x}")
    return "absent, read-only and empty ones refused"


def _unknown(trial: Trial) -> str:
    """Reserved opcodes, on a chip those of emulated boards, and what a board that only reads lacks."""
    asked = [0x09, 0x0F, 0x17, Opcode.RUN, Opcode.SEARCH, 0x29, 0x7F, 0xFF]
    if not trial.identity.emulated:
        asked += [Opcode.CELL_LOAD, Opcode.CELL_DUMP, Opcode.ENV]
    absent = sorted(ABSENT_IF_READ_ONLY) if trial.identity.read_only else []
    for opcode in asked + absent:
        trial.refused(opcode, b"", Status.UNKNOWN_OPCODE, (opcode, 0, 0))
    for vector in vectors()["payloads"]:  # well-formed ones are no less unknown
        opcode, payload = vector["opcode"], bytes.fromhex(vector["payload"])
        if opcode in absent and len(payload) <= trial.identity.max_payload:
            trial.refused(opcode, payload, Status.UNKNOWN_OPCODE, (opcode, 0, 0))
    return f"{len(asked) + len(absent)} opcodes"

# SPDX-License-Identifier: BSD-3-Clause
"""docs/protocol_vectors.json on a live board."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import Any, Final

from ohmloop._map import Field, Opcode, Register, Status
from ohmloop.conformance.reference import Vector, codec_refusal, vectors
from ohmloop.conformance.rules import FRAME, READER, RECEIVER, REFUSALS, REQUESTS, Rule, Trial, require, shown
from ohmloop.conformance.verdicts import Broken, NotRun
from ohmloop.link.frames import Frame, stuff
from ohmloop.link.messages import ABSENT_IF_READ_ONLY, Axis, CellRequest

EPOCH: Final = 0x5A17
"""The epoch of the file's frames."""
NONCE: Final = 0x1234_5A17
_LATCHES: Final = frozenset(
    {
        Opcode.MAC,
        Opcode.MAC_RAW,
        Opcode.READ_CELLS,
        Opcode.ARM,
        Opcode.PULSE,
        Opcode.SWEEP,
        Opcode.PROGRAM,
    }
)
"""Opcodes that a latched board refuses, whatever they ask."""
_PULSES: Final = frozenset({Opcode.PULSE, Opcode.SWEEP, Opcode.PROGRAM})
"""Of them, those whose vectors ask for volts that change cells."""
_EMULATED: Final = frozenset({Opcode.SWEEP, Opcode.ENV})
"""Those whose vectors ask what no analog front end does: points that are pulses, time that passes."""


def rules() -> list[Rule]:
    """Returns the rules that the vectors are."""
    held = vectors()
    kinds = sorted({vector["opcode"] for vector in held["refusals"]})
    return [
        *(
            Rule(f"vector: {vector['name']}", RECEIVER, partial(_sequence, vector), closed=_is_closed(vector))
            for vector in held["sequences"]
        ),
        Rule("vectors: frames", FRAME, _frames),
        Rule("vectors: what is no frame", RECEIVER, _corrupt),
        Rule("vectors: well-formed requests", REQUESTS, _payloads),
        *(
            Rule(f"vectors: refusals of {Opcode(one).name}", REFUSALS, partial(_refusals, one))
            for one in kinds
        ),
    ]


def _sequence(vector: Vector, trial: Trial) -> str:
    """Every frame is answered as written, and by nothing else."""
    peer = trial.peer
    if _is_closed(vector):
        _require_closed(trial)
    elif peer.epoch == EPOCH:
        peer.open()
    for place, step in enumerate(vector["steps"]):
        peer.send_packet(bytes.fromhex(step["send"]))
        for told in step["answers"]:
            frame = peer.receive()
            require(frame is not None, f"step {place}: no answer within {peer.limit_s:g} s")
            _agrees(frame, told, place)
            if told["opcode"] == Opcode.HELLO:
                peer.epoch = told["epoch"]
        extra = peer.settle()
        require(not extra, f"step {place}: {len(extra)} answers too many, {_list(extra)}")
    return f"{len(vector['steps'])} frames"


def _is_closed(vector: Vector) -> bool:
    """The first answer says that no epoch is open."""
    first = vector["steps"][0]["answers"]
    return bool(first and (first[0]["status"], first[0]["epoch"]) == (Status.NO_EPOCH, 0))


def _require_closed(trial: Trial) -> None:
    """Ends the rule where the board has an epoch open, as it has unless it was just powered up."""
    peer = trial.peer
    peer.send(Frame(Opcode.HEARTBEAT, 1, peer.epoch, urgent=True))
    frame = peer.receive()
    if frame is None or frame.state >> Field.STATE_EPOCH_OPEN & 1:
        raise NotRun("needs a board just powered up")


def _agrees(frame: Frame | None, told: dict[str, Any], place: int) -> None:
    fields = {} if frame is None else asdict(frame) | {"payload": frame.payload.hex()}
    for name, value in told.items():
        seen = fields.get(name)
        require(seen == value, f"step {place}: {name} {seen}, {value} expected")


def _list(frames: list[Frame]) -> str:
    return "; ".join(f"opcode {frame.opcode:#04x} {shown(frame)}" for frame in frames[:3])


def _frames(trial: Trial) -> str:
    """Frames are read as they are written, on a byte stream too, and answered in kind."""
    peer = trial.peer
    if peer.epoch == EPOCH:
        peer.open()
    held = [(vector, Frame(**_fields(vector))) for vector in vectors()["frames"]]
    sent = 0
    peer.epoch = EPOCH
    for vector, frame in sorted(held, key=lambda one: not one[1].opcode == Opcode.HELLO):
        if frame.reply or frame.version != 1 or frame.opcode not in (Opcode.HELLO, Opcode.PING):
            continue
        if len(frame.payload) > trial.identity.max_payload:
            continue
        line = bytes.fromhex(vector["packet" if peer.wire.packet else "stream"])
        require(line == (frame.encode() if peer.wire.packet else stuff(frame.encode())), "the codec differs")
        peer.wire.write(line)
        answer = peer.receive()
        if answer is None:
            raise Broken(f"{vector['name']}: no answer within {peer.limit_s:g} s")
        seen = (answer.opcode, answer.sequence, answer.epoch, answer.status)
        told = f"{vector['name']}: opcode {answer.opcode:#04x} {shown(answer)}"
        require(seen == (frame.opcode, frame.sequence, EPOCH, 0), told)
        if frame.opcode == Opcode.PING:
            require(answer.payload == frame.payload, f"{vector['name']}: the payload came back changed")
        sent += 1
    return f"{sent} frames as {'words' if peer.wire.packet else 'bytes'}"


def _fields(vector: Vector) -> dict[str, Any]:
    fields: dict[str, Any] = vector["fields"]
    return fields | {"payload": bytes.fromhex(fields["payload"])}


def _corrupt(trial: Trial) -> str:
    """What is no frame is one gap, told once, and never executed."""
    peer, tried = trial.peer, 0
    for vector in vectors()["corrupt"]:
        packet = bytes.fromhex(vector["packet"])
        if not packet or (peer.wire.packet and len(packet) % 4):
            continue  # no packet wire carries these, and an empty block is ignored
        peer.open()
        for _ in range(2):
            peer.send_packet(packet)
        naks = peer.settle()
        require(
            [(frame.opcode, frame.status, frame.sequence) for frame in naks] == [(Opcode.NAK, Status.GAP, 0)],
            f"{vector['name']}, twice: {_list(naks) or 'nothing'}; one NAK of GAP for number 0 expected",
        )
        peer.call(Opcode.PING)
        tried += 1
    return f"{tried} of {len(vectors()['corrupt'])} packets that this wire carries"


def _payloads(trial: Trial) -> str:
    """Well-formed requests pass the board's checks of form: a latched board refuses them for the latch."""
    tried = 0
    for vector in vectors()["payloads"]:
        opcode, payload = Opcode(vector["opcode"]), bytes.fromhex(vector["payload"])
        if len(payload) > trial.identity.max_payload or (trial.may_harm and opcode in _PULSES):
            continue
        if _absent(trial, opcode):
            continue
        if opcode not in _LATCHES or codec_refusal(opcode, payload, trial.identity, 0) is not None:
            continue
        trial.peer.urgent(Opcode.SAFE)
        trial.refused(opcode, payload, Status.SAFE_LATCHED, (0, 0, 0))
        tried += 1
    if trial.identity.emulated:
        tried += _cells(trial)
    if not tried:
        raise NotRun("written for a larger macro")
    return f"{tried} of {len(vectors()['payloads'])} requests"


def _cells(trial: Trial) -> int:
    """CELL_LOAD and CELL_DUMP mean the cells that are written; they are put back."""
    load, dump = (
        next(one for one in vectors()["payloads"] if one["opcode"] == opcode)
        for opcode in (Opcode.CELL_LOAD, Opcode.CELL_DUMP)
    )
    request, ask = bytes.fromhex(load["payload"]), bytes.fromhex(dump["payload"])
    if codec_refusal(Opcode.CELL_LOAD, request, trial.identity, 0) is not None:
        return 0
    before = trial.ok(Opcode.CELL_DUMP, ask)[4:]
    head = CellRequest(0, Axis(1, 2), Axis(0, 3)).encode()
    require(head == ask, "the codec differs")
    try:
        trial.ok(Opcode.CELL_LOAD, request)
        seen = trial.ok(Opcode.CELL_DUMP, ask)[4:]
        loaded = request[len(head) :]
        require(seen == loaded, f"CELL_DUMP tells {seen.hex()}, {loaded.hex()} was loaded")
    finally:
        trial.ok(Opcode.CELL_LOAD, head + before)
    return 2


def _absent(trial: Trial, opcode: int) -> str:
    """Returns why this kind of board has no such opcode, or not all of it; "" where it has."""
    if trial.identity.read_only and opcode in ABSENT_IF_READ_ONLY:
        return READER
    if trial.identity.analog_front_end and opcode in _EMULATED:
        return "an analog front end has no pulses in SWEEP and no ENV"
    return ""


def _refusals(opcode: int, trial: Trial) -> str:
    """Malformed requests are refused with the words that are written; the board is latched meanwhile."""
    if opcode == Opcode.ENV:
        trial.require_emulated()
    if absent := _absent(trial, opcode):
        raise NotRun(absent)
    if trial.may_harm and opcode in _PULSES:
        raise NotRun("a chip: a board that did not refuse would pulse it; --empty")
    (read_limit,) = trial.read(Register.LIMIT_READ_V)
    fitting, held = 0, [one for one in vectors()["refusals"] if one["opcode"] == opcode]
    trial.peer.urgent(Opcode.SAFE)
    for vector in held:
        payload, wanted = bytes.fromhex(vector["payload"]), vector["reply"]
        mine = codec_refusal(opcode, payload, trial.identity, read_limit)
        if len(payload) > trial.identity.max_payload or mine is None:
            continue
        if (mine.status, mine.payload.hex()) != (wanted["status"], wanted["payload"]):
            continue
        reply = trial.peer.call(opcode, payload)
        require(
            (reply.status, reply.payload.hex()) == (wanted["status"], wanted["payload"]),
            f"{vector['name']}: answered {shown(reply)}, {mine} expected",
        )
        fitting += 1
    if not fitting:
        raise NotRun("written for a macro of 64 x 64")
    return "all" if fitting == len(held) else f"{fitting} of {len(held)}; the others name another geometry"

# SPDX-License-Identifier: BSD-3-Clause
import json
import zlib
from dataclasses import asdict

import numpy as np
import pytest
import write_vectors
from peer import GEOMETRY, Peer, echo

from ohmloop._map import Opcode, Telemetry
from ohmloop.link.frames import Frame, FrameCorrupt, StreamDecoder, decode, stuff
from ohmloop.link.messages import (
    ArmRequest,
    Axis,
    CellRequest,
    EnvRequest,
    Identity,
    ProgramRequest,
    PulseRequest,
    Refusal,
    SweepRequest,
    TableWriteRequest,
    TelemetryReply,
    VectorReply,
    VectorRequest,
    require_length,
)
from ohmloop.link.wires import WireContext, open_wire

VECTORS = json.loads(write_vectors.TARGET.read_text(encoding="ascii"))
IDENTITY = Identity(1, (GEOMETRY,), emulated=True, reference_input=True)
VECTOR_OPCODES = (Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS)


def named(kind):
    return pytest.mark.parametrize("vector", VECTORS[kind], ids=[v["name"] for v in VECTORS[kind]])


def parse(opcode, payload):
    if opcode in VECTOR_OPCODES:
        return VectorRequest.decode(payload, opcode, IDENTITY)
    if opcode in (Opcode.CELL_LOAD, Opcode.CELL_DUMP):
        load = opcode == Opcode.CELL_LOAD
        return CellRequest.decode(payload, IDENTITY.macros, load=load, max_payload=IDENTITY.max_payload)
    if opcode == Opcode.SWEEP:  # of a board just powered up: all points but zero volts are pulses
        return SweepRequest.decode(payload, IDENTITY.macros, read_limit=0, max_payload=IDENTITY.max_payload)
    if opcode == Opcode.PROGRAM:
        return ProgramRequest.decode(payload, IDENTITY.macros, max_payload=IDENTITY.max_payload)
    if opcode == Opcode.ENV:
        return EnvRequest.decode(payload, IDENTITY.macros)
    if opcode == Opcode.TELEMETRY:
        return require_length(payload, 0)
    kinds = {Opcode.ARM: ArmRequest, Opcode.PULSE: PulseRequest, Opcode.TABLE_WRITE: TableWriteRequest}
    return kinds[opcode].decode(payload, IDENTITY.macros)


def plain(value):
    if isinstance(value, Axis):
        return value.lines.tolist()
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    return value.tolist() if isinstance(value, np.ndarray) else value


def test_the_file_is_what_its_writer_writes():
    assert write_vectors.TARGET.read_text(encoding="ascii") == write_vectors.text()


def test_there_are_at_least_25_vectors():
    assert sum(len(v) for v in VECTORS.values() if isinstance(v, list)) >= 25


@named("frames")
def test_frame_has_the_written_bytes_and_fields(vector):
    fields = vector["fields"] | {"payload": bytes.fromhex(vector["fields"]["payload"])}
    packet = bytes.fromhex(vector["packet"])
    assert Frame(**fields).encode() == packet
    assert decode(packet) == Frame(**fields)
    assert stuff(packet) == bytes.fromhex(vector["stream"])
    assert StreamDecoder().feed(bytes.fromhex(vector["stream"])) == [packet]


@named("corrupt")
def test_corrupt_packet_is_no_frame(vector):
    with pytest.raises(FrameCorrupt):
        decode(bytes.fromhex(vector["packet"]))


@named("payloads")
def test_payload_means_what_is_written(vector):
    opcode, payload = Opcode(vector["opcode"]), bytes.fromhex(vector["payload"])
    request = parse(opcode, payload)
    seen = {
        name: plain(request.input_codes if name == "x_codes" else getattr(request, name))
        for name in vector["meaning"]
    }
    assert seen == vector["meaning"]
    assert request.encode() == payload


@named("results")
def test_reply_means_what_is_written(vector):
    payload, width = bytes.fromhex(vector["payload"]), vector["width_bits"]
    reply = VectorReply.decode(payload, tuple(vector["shape"]), width)
    assert (reply.cycles, reply.values.tolist()) == (vector["cycles"], vector["values"])
    assert np.argwhere(reply.saturated).tolist() == vector["saturated"]
    assert reply.encode(width) == payload


@named("telemetry")
def test_telemetry_tells_what_is_written(vector):
    payload = bytes.fromhex(vector["payload"])
    reply = TelemetryReply.decode(payload)
    assert {word.name: value for word, value in reply.counters.items()} == vector["counters"]
    assert [list(sensor) for sensor in reply.sensors] == vector["sensors"]
    if vector["counters"]["COUNTERS"] == len(Telemetry):
        assert reply.encode() == payload


@pytest.mark.parametrize("spoiled", [lambda p: p[:-4], lambda p: p + bytes(4), lambda p: b"\x0d" + p[1:]])
def test_what_is_no_telemetry_is_refused(spoiled):
    payload = bytes.fromhex(VECTORS["telemetry"][1]["payload"])
    with pytest.raises(Refusal):
        TelemetryReply.decode(spoiled(payload))


@named("refusals")
def test_request_is_refused_with_the_written_words(vector):
    with pytest.raises(Refusal) as caught:
        parse(Opcode(vector["opcode"]), bytes.fromhex(vector["payload"]))
    seen = {"status": int(caught.value.status), "payload": caught.value.payload.hex()}
    assert seen == vector["reply"]


def peer_answers(sent):
    peer = Peer(echo)
    return [peer.receive(data, float(i)) + peer.step(float(i)) for i, data in enumerate(sent)]


def twin_answers(sent):
    url = "twin://?rows=64&columns=64&lanes=8&payload=4096"
    wire = open_wire(url, WireContext(chip="tmp"))
    answers = []
    for data in sent:
        wire.write(data)
        answers.append([decode(packet) for packet in iter(lambda: wire.read(0.0), b"")])
    wire.close()
    return answers


@named("sequences")
@pytest.mark.parametrize("answers", [peer_answers, twin_answers])
def test_receiver_answers_as_written(vector, answers):
    sent = [bytes.fromhex(step["send"]) for step in vector["steps"]]
    for frames, step in zip(answers(sent), vector["steps"], strict=True):
        for frame, told in zip(frames, step["answers"], strict=True):
            assert frame.reply
            fields = asdict(frame) | {"payload": frame.payload.hex()}
            assert {name: fields[name] for name in told} == told


def test_the_crc_is_zlibs():
    packet = bytes.fromhex(VECTORS["frames"][1]["packet"])
    assert int.from_bytes(packet[-4:], "little") == zlib.crc32(packet[:-4])

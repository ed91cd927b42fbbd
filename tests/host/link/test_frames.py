# SPDX-License-Identifier: BSD-3-Clause
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmloop.link.frames import MAX_PAYLOAD_BYTES, Frame, FrameCorrupt, StreamDecoder, decode, stuff

WORD = st.integers(0, 0xFFFF)
BYTE = st.integers(0, 0xFF)
PAYLOADS = st.binary(max_size=300).map(lambda b: b[: len(b) & ~3]) | st.integers(0, 300).map(
    lambda n: bytes(4 * n)
)
FRAMES = st.builds(
    Frame,
    opcode=BYTE,
    sequence=WORD,
    epoch=WORD,
    payload=PAYLOADS,
    acknowledge=WORD,
    status=BYTE,
    state=BYTE,
    reply=st.booleans(),
    urgent=st.booleans(),
    version=st.integers(0, 15),
)


@given(FRAMES)
def test_frame_survives_the_wire(frame):
    assert decode(frame.encode()) == frame
    assert frame.cost == len(frame.encode())


@given(FRAMES, st.data())
def test_any_changed_byte_is_seen(frame, data):
    encoded = bytearray(frame.encode())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FrameCorrupt):
        decode(bytes(encoded))


@given(FRAMES, st.data())
def test_any_cut_is_seen(frame, data):
    encoded = frame.encode()
    with pytest.raises(FrameCorrupt):
        decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])


@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(1, 40), max_size=200))
def test_stream_gives_the_frames_whatever_the_pieces(frames, pieces):
    line = b"".join(stuff(frame.encode()) for frame in frames)
    decoder, got, at = StreamDecoder(), [], 0
    for piece in [*pieces, len(line)]:
        got += decoder.feed(line[at : at + piece])
        at += piece
    assert [decode(data) for data in got] == frames
    assert (decoder.malformed, decoder.pending) == (0, 0)


@given(FRAMES, st.binary(max_size=60))
def test_stream_recovers_after_garbage(frame, garbage):
    decoder = StreamDecoder()
    decoder.feed(garbage)
    assert frame.encode() in decoder.feed(stuff(frame.encode()))


def test_stream_holds_no_more_than_one_frame_of_garbage():
    decoder = StreamDecoder()
    for _ in range(40):
        decoder.feed(b"\x41" * 100_000)
        assert decoder.pending <= 2 * MAX_PAYLOAD_BYTES
    assert decoder.malformed == 1
    frame = Frame(2, 0, 0).encode()
    assert decoder.feed(b"\x41\0" + stuff(frame)) == [frame]
    assert decoder.malformed == 1


def test_a_malformed_block_is_counted_and_dropped():
    decoder = StreamDecoder()
    assert decoder.feed(b"\0\x05\x01\0") == []
    assert decoder.malformed == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"opcode": 256},
        {"sequence": 65536},
        {"epoch": -1},
        {"acknowledge": 65536},
        {"status": 256},
        {"version": 16},
        {"payload": b"123"},
        {"payload": bytes(MAX_PAYLOAD_BYTES + 4)},
    ],
)
def test_field_that_does_not_fit_is_refused(fields):
    with pytest.raises(ValueError, match="is not"):
        Frame(**({"opcode": 2, "sequence": 0, "epoch": 0} | fields))


def test_payload_above_the_receivers_limit_is_no_frame():
    data = Frame(2, 0, 0, bytes(8)).encode()
    assert decode(data, max_payload=8).payload == bytes(8)
    with pytest.raises(FrameCorrupt, match="payload bytes"):
        decode(data, max_payload=4)


def test_error_names_place_and_both_values():
    with pytest.raises(FrameCorrupt) as caught:
        decode(Frame(2, 0, 0).encode()[:-4] + bytes(4))
    assert (caught.value.where, caught.value.value) == ("CRC", 0)
    assert caught.value.limit != 0

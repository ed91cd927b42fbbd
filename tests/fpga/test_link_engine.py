# SPDX-License-Identifier: BSD-3-Clause
"""link_engine: the rules of docs/protocol.md and the cycle promises of docs/link_port.md."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import cocotb
import pytest
from tests.fpga.link_host import LinkHost
from tests.fpga.runner import build_and_test

from ohmloop._map import CLK_HZ, MAP_HASH, PROTOCOL_VERSION, Opcode, Status

SOURCES = ["tests/fpga/tops/link_bench.v"]
REQUEST_WORDS = 64
REPLY_WORDS = 64
MAX_PAYLOAD_WORDS = 32


def test_link_engine() -> None:
    build_and_test("link_bench", SOURCES, __name__, tests=r".*(?<!numbers_go_round)$")


@pytest.mark.slow
def test_link_engine_numbers_go_round() -> None:
    build_and_test("link_bench", SOURCES, __name__, tests=r".*numbers_go_round$")


def is_nak(frame, status: Status) -> bool:
    return frame.reply and frame.urgent and frame.opcode == Opcode.NAK and frame.status == status


# ---- Identity and epochs ----


@cocotb.test()
async def hello_returns_the_identity(dut) -> None:
    host = await LinkHost.start(dut)
    await host.send(host.hello(0xABCD1234, sequence=9, chip=b"wafer-7"))
    await host.settle()
    (answer,) = host.frames
    words = struct.unpack("<21I", answer.payload)
    assert (answer.opcode, answer.sequence, answer.epoch) == (Opcode.HELLO, 9, 0x1234)
    assert answer.reply and answer.urgent and answer.status == Status.OK and answer.state == 0x5A
    assert words[0:4] == (0x4C4D484F, 0xABCD1234, PROTOCOL_VERSION << 16 | 0x000B, MAP_HASH)
    assert words[4:7] == (0x11223344, 0x55667788, CLK_HZ)
    assert words[7:10] == (4 * MAX_PAYLOAD_WORDS, 4 * REQUEST_WORDS, 4 * REPLY_WORDS)
    assert words[10:14] == (0x89ABCDEF, 0x01234567, 0xCAFEF00D, 77)
    assert struct.pack("<4I", *words[14:18]) == b"wafer-7".ljust(16, b"\0")
    assert words[18:] == (1, 0x00400020, 0x08040440)


@cocotb.test()
async def before_hello_every_frame_is_answered_no_epoch(dut) -> None:
    host = await LinkHost.start(dut)
    host.epoch = 0
    await host.send(host.numbered(5, 2))
    await host.settle()
    await host.send(host.urgent(Opcode.SAFE, 6))
    await host.settle()
    assert [is_nak(frame, Status.NO_EPOCH) for frame in host.frames] == [True, True]
    assert [frame.sequence for frame in host.frames] == [5, 6]
    assert host.executed == [] and host.events["safe_seen"] == [] and host.events["feed"] == []


@cocotb.test()
async def bad_frames_before_hello_are_dropped_and_counted(dut) -> None:
    host = await LinkHost.start(dut)
    await host.packet(b"\1" * 24)
    await host.settle()
    assert host.frames == [] and dut.crc_errors.value == 1 and dut.frames_received.value == 0


@cocotb.test()
async def same_nonce_again_changes_nothing(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open(0x00010002)
    await host.send(host.request(1))
    await host.settle()
    await host.send(host.hello(0x00010002, sequence=3))
    await host.send(host.request(1))
    await host.settle()
    assert [frame.opcode for frame in host.frames] == [Opcode.PING, Opcode.HELLO, Opcode.PING]
    assert host.events["epoch_seen"] == []
    assert host.frames[-1].sequence == 1 and host.frames[1].acknowledge == 1


@cocotb.test()
async def new_nonce_while_busy_waits_for_the_core_and_empties_everything(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open(0x00010002)
    dut.stuck.value = 1
    for _ in range(3):
        await host.send(host.request(2))
    await host.cycles(20)
    await host.send(host.hello(0x00010003))
    await host.cycles(100)
    assert host.frames == [] and dut.epoch_clear.value == 1 and dut.epoch_open.value == 0
    assert host.events["epoch_seen"] == [host.sent_last + 2]
    dut.stuck.value = 0
    await host.settle()
    assert [(frame.opcode, frame.epoch, frame.acknowledge) for frame in host.frames] == [(Opcode.HELLO, 3, 0)]
    assert dut.epoch_open.value == 1 and host.executed == []
    host.epoch, host.sequence = 3, 0
    await host.send(host.request(1))
    await host.settle()
    assert host.frames[-1].sequence == 0 and host.frames[-1].payload == host.numbered(0, 1).payload


@cocotb.test()
async def new_nonce_while_a_reply_leaves_lets_the_reply_end(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open(0x00010002)
    await host.send(host.request(20))
    await host.cycles(35)
    dut.tx_ready.value = 0
    await host.send(host.hello(0x00010003))
    await host.cycles(100)
    assert dut.tx_valid.value == 1 and dut.epoch_clear.value == 1
    dut.tx_ready.value = 1
    await host.settle()
    assert [(frame.opcode, frame.epoch) for frame in host.frames] == [(Opcode.PING, 2), (Opcode.HELLO, 3)]
    assert host.frames[0].payload == host.numbered(0, 20).payload


@cocotb.test()
async def no_reply_of_the_old_epoch_begins_once_a_new_one_waits(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open(0x00010002)
    dut.tx_ready.value = 0
    for _ in range(2):
        await host.send(host.request(2))
        await host.cycles(20)
    dut.stuck.value = 1  # the core is not idle: the new epoch waits
    await host.send(host.hello(0x00010003))
    dut.tx_ready.value = 1
    await host.settle()
    assert [(frame.opcode, frame.epoch) for frame in host.frames] == [(Opcode.PING, 2)]
    dut.stuck.value = 0
    await host.settle()
    assert [(frame.opcode, frame.epoch) for frame in host.frames[1:]] == [(Opcode.HELLO, 3)]


@cocotb.test()
async def frame_that_arrives_while_an_epoch_opens_runs_whole_or_not_at_all(dut) -> None:
    for gap in range(14):
        host = await LinkHost.start(dut)
        await host.open(0x00010002)
        for _ in range(3):
            await host.send(host.request(2))  # the queue's pointers leave zero
        await host.settle()
        host.forget()
        await host.send(host.hello(0x00010003))
        await host.cycles(gap)
        host.epoch = 3
        await host.send(host.numbered(0, 6))
        await host.settle()
        replies = [frame for frame in host.frames if not frame.urgent]
        if replies:
            assert [frame.payload for frame in replies] == [host.numbered(0, 6).payload]
        else:
            assert host.frames[-1].opcode == Opcode.NAK or host.frames[0].opcode == Opcode.NAK
        assert len(host.executed) == len(replies)
        host.stop()


@cocotb.test()
async def no_answer_of_the_old_epoch_is_left_when_a_new_one_waits(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open(0x00010002)
    dut.tx_ready.value = 0
    await host.send(host.request(2))
    await host.cycles(20)
    await host.send(host.hello(0x00010002))
    await host.send(host.urgent(Opcode.HEARTBEAT))
    await host.send(host.numbered(9))  # a gap
    dut.stuck.value = 1
    await host.send(host.hello(0x00010003))
    dut.tx_ready.value = 1
    await host.cycles(100)
    assert [(frame.opcode, frame.epoch) for frame in host.frames] == [(Opcode.PING, 2)]
    dut.stuck.value = 0
    await host.settle()
    answers = [(frame.opcode, frame.epoch, frame.acknowledge) for frame in host.frames[1:]]
    assert answers == [(Opcode.HELLO, 3, 0)]


@cocotb.test()
async def hello_of_another_length_is_refused(dut) -> None:
    host = await LinkHost.start(dut)
    await host.send(host.urgent(Opcode.HELLO, 4, b"\0" * 16))
    await host.settle()
    (answer,) = host.frames
    assert is_nak(answer, Status.BAD_LENGTH) and answer.sequence == 4 and dut.epoch_open.value == 0


# ---- Form ----


@cocotb.test()
async def one_corrupt_frame_makes_one_nak_and_nothing_runs(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    good = host.numbered(0, 3).encode()
    for bit in range(0, len(good) * 8, 7):
        broken = bytearray(good)
        broken[bit // 8] ^= 1 << bit % 8
        await host.packet(bytes(broken))
    await host.settle()
    (answer,) = host.frames
    assert is_nak(answer, Status.GAP) and answer.sequence == 0 and host.executed == []
    assert dut.gaps.value == 1 and host.events["feed"] == []


@cocotb.test()
async def every_bad_form_is_refused(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    good = host.numbered(0, 3).encode()
    too_long = replace(host.numbered(0), payload=b"\0" * 4 * (MAX_PAYLOAD_WORDS + 1)).encode()
    for data in (good[:4], good[:12], good[:-4], good + b"\0" * 4, too_long, b"\0" * 4 * 200):
        await host.packet(data)
    await host.packet(good, bad=True)
    dut.rx_last.value, dut.rx_bad.value = 1, 1  # a packet without a word
    await host.cycles(1)
    dut.rx_last.value, dut.rx_bad.value = 0, 0
    await host.settle()
    assert [is_nak(frame, Status.GAP) for frame in host.frames] == [True]
    assert dut.crc_errors.value == 8 and host.executed == []
    await host.packet(good)
    await host.settle()
    assert host.frames[-1].payload == host.numbered(0, 3).payload


@cocotb.test()
async def length_that_differs_from_the_header_is_refused_though_the_crc_is_right(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for told in (0, 2, 4, 0xFFFF):
        body = bytearray(host.numbered(0, 3).encode()[:-4])
        body[6:8] = struct.pack("<H", told)
        await host.packet(bytes(body) + struct.pack("<I", zlib.crc32(body)))
    await host.settle()
    assert [is_nak(frame, Status.GAP) for frame in host.frames] == [True]
    assert dut.crc_errors.value == 4 and host.executed == []


@cocotb.test()
async def echo_is_ignored(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    await host.send(replace(host.numbered(0, 2), reply=True))
    await host.send(replace(host.urgent(Opcode.SAFE), reply=True))
    await host.send(replace(host.numbered(9), reply=True, version=7))
    await host.settle()
    assert host.frames == [] and host.executed == [] and host.events["feed"] == []


@cocotb.test()
async def other_version_is_answered_and_nothing_else_happens(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    await host.send(replace(host.numbered(0, 2), version=PROTOCOL_VERSION + 1, epoch=0x7777))
    await host.send(replace(host.hello(1), version=PROTOCOL_VERSION + 1))
    await host.settle()
    assert [is_nak(frame, Status.BAD_VERSION) for frame in host.frames] == [True] * len(host.frames)
    assert host.frames[0].epoch == 0x7777 and host.frames[0].version == PROTOCOL_VERSION
    assert host.executed == [] and host.events["epoch_seen"] == [] and host.events["feed"] == []


@cocotb.test()
async def old_epoch_is_answered_with_the_boards(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open(0x00010002)
    await host.send(replace(host.numbered(0, 2), epoch=1))
    await host.settle()
    (answer,) = host.frames
    assert is_nak(answer, Status.NO_EPOCH) and answer.epoch == 2 and host.executed == []


# ---- Numbers ----


@cocotb.test()
async def requests_run_once_in_order_with_their_own_payload(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    sent = []
    for words in (0, 1, 5, MAX_PAYLOAD_WORDS, 0, 0, 7):
        frame = host.request(words, opcode=0x40 + words, acknowledge=len(sent))
        sent.append(frame)
        await host.send(frame)
        await host.settle(60)
    assert [(f.opcode, f.sequence, f.payload) for f in host.frames] == [
        (f.opcode, f.sequence, f.payload) for f in sent
    ]
    assert all(
        f.reply and not f.urgent and f.status == Status.OK and f.epoch == host.epoch for f in host.frames
    )
    assert [f.acknowledge for f in host.frames] == [1, 2, 3, 4, 5, 6, 7]


@cocotb.test()
async def frame_above_the_expected_makes_one_nak_until_the_gap_ends(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for sequence in (1, 2, 3):
        await host.send(host.numbered(sequence, 1))
    await host.settle()
    assert [(f.sequence, is_nak(f, Status.GAP)) for f in host.frames] == [(0, True)]
    for sequence in (0, 1, 2, 5):
        await host.send(host.numbered(sequence, 1))
    await host.settle()
    assert [(f.sequence, f.urgent) for f in host.frames if not f.urgent] == [
        (0, False),
        (1, False),
        (2, False),
    ]
    assert [f.sequence for f in host.frames if f.urgent] == [0, 3] and dut.gaps.value == 2


@cocotb.test()
async def duplicate_is_answered_from_the_ring_and_never_run(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for _ in range(3):
        await host.send(host.request(3))
    await host.settle()
    first = host.frames
    await host.send(host.numbered(1, 3))
    await host.settle()
    assert host.frames[3:] == [replace(first[1], acknowledge=3)]
    assert len(host.executed) == 3 and dut.duplicates.value == 1


@cocotb.test()
async def duplicates_of_several_are_sent_again_in_order(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for _ in range(5):
        await host.send(host.request(2))
    await host.settle()
    host.forget()
    for sequence in (1, 2, 3):
        await host.send(host.numbered(sequence, 2))
    await host.settle()
    assert [f.sequence for f in host.frames] == [1, 2, 3]
    assert [f.payload for f in host.frames] == [host.numbered(k, 2).payload for k in (1, 2, 3)]


@cocotb.test()
async def duplicates_in_any_order_become_one_range(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for _ in range(6):
        await host.send(host.request(1))
    await host.settle()
    host.forget()
    dut.tx_ready.value = 0
    for sequence in (0, 3, 2, 4):  # the first is begun at once
        await host.send(host.numbered(sequence, 1))
        await host.cycles(5)
    dut.tx_ready.value = 1
    await host.settle()
    assert [f.sequence for f in host.frames] == [0, 2, 3, 4]


@cocotb.test()
async def duplicate_of_a_waiting_request_makes_no_second_reply(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.pause.value = 1
    await host.send(host.request(1))
    await host.send(host.numbered(0, 1))
    await host.settle()
    dut.pause.value = 0
    await host.settle()
    assert [f.sequence for f in host.frames] == [0] and dut.duplicates.value == 0


@cocotb.test()
async def acknowledged_duplicate_is_ignored(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    await host.send(host.request(3))
    await host.settle()
    await host.send(host.request(3, acknowledge=1))
    await host.settle()
    host.forget()
    await host.send(host.numbered(0, 3, acknowledge=1))
    await host.settle()
    assert host.frames == [] and host.executed == [] and dut.duplicates.value == 0


@cocotb.test()
async def acknowledge_frees_the_ring_and_only_what_was_sent(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for _ in range(2):
        await host.send(host.request(30))
    await host.settle()
    assert dut.r_room.value == REPLY_WORDS - 60
    await host.send(host.request(0, acknowledge=1))
    await host.settle()
    assert dut.r_room.value == REPLY_WORDS - 30
    dut.tx_ready.value = 0
    await host.send(host.request(10, acknowledge=200))  # never past the replies sent: 0, 1, 2
    await host.cycles(60)
    assert dut.r_room.value == REPLY_WORDS - 10
    dut.tx_ready.value = 1
    await host.settle()
    assert [f.sequence for f in host.frames] == [0, 1, 2, 3]
    await host.send(host.numbered(3, 10))
    await host.settle()
    assert host.frames[-1].payload == host.numbered(3, 10).payload


@cocotb.test()
async def full_ring_waits_and_safe_and_hello_still_work(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for _ in range(3):
        await host.send(host.request(30))
        await host.settle()
    assert [f.sequence for f in host.frames] == [0, 1] and dut.q_valid.value == 1
    await host.send(host.urgent(Opcode.SAFE, 8))
    await host.settle()
    # Three words fit: the dropped request is answered.
    assert [(f.opcode, f.status) for f in host.frames[2:]] == [
        (Opcode.SAFE, 0),
        (Opcode.PING, Status.ABORTED),
    ]
    assert host.frames[3].payload == b"\0" * 12
    assert (await host.open(0x99)).sequence == 0


@cocotb.test()
async def small_replies_fill_the_numbers_not_the_ring(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    for _ in range(REPLY_WORDS // 4 + 2):
        await host.send(host.request(0))
    await host.settle()
    assert len(host.frames) == REPLY_WORDS // 4 and dut.q_valid.value == 0
    await host.send(host.request(0, acknowledge=REPLY_WORDS // 4))
    await host.settle()
    assert [f.sequence for f in host.frames] == list(range(REPLY_WORDS // 4 + 3))


@cocotb.test()
async def numbers_go_round(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    # 66000 requests back to back: 4 words each, answered at the same rate.
    for count in range(66_000):
        await host.send(host.request(0, acknowledge=max(count - 8, 0) & 0xFFFF))
        await host.cycles(6)
        if count % 256 == 255:
            assert [f.sequence for f in host.frames][:-4] == [
                (host.frames[0].sequence + k) & 0xFFFF for k in range(len(host.frames) - 4)
            ]
            host.seen[:-4] = []
    await host.settle()
    assert host.frames[-1].sequence == 65_999 & 0xFFFF and dut.gaps.value == 0 and dut.duplicates.value == 0
    assert len(host.executed) == 66_000


@cocotb.test()
async def overfilled_queue_drops_whole_frames_and_says_so(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.pause.value = 1
    for _ in range(3):  # 3 * 31 words into 64
        await host.send(host.request(30))
    await host.settle()
    assert [(f.sequence, is_nak(f, Status.GAP)) for f in host.frames] == [(2, True)]
    dut.pause.value = 0
    await host.settle()
    assert [f.payload for f in host.frames[1:]] == [host.numbered(k, 30).payload for k in (0, 1)]


@cocotb.test()
async def queue_takes_exactly_what_fits(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.pause.value = 1
    for words in (30, 30, 2):  # 31 + 31 of 64 are taken: one payload word and its header fit
        await host.send(host.request(words))
    await host.settle()
    assert [(f.sequence, is_nak(f, Status.GAP)) for f in host.frames] == [(2, True)]
    await host.send(host.numbered(2, 1))
    dut.pause.value = 0
    await host.settle()
    expected = [host.numbered(k, words).payload for k, words in enumerate((30, 30, 1))]
    assert [f.payload for f in host.frames[1:]] == expected


@cocotb.test()
async def rogue_host_never_corrupts(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    random = __import__("random").Random(7)
    sent = 0
    for _ in range(1500):
        dut.tx_ready.value = random.random() < 0.8
        dut.pause.value = random.random() < 0.2
        newest = max((f.sequence + 1 for f in host.frames if not f.urgent), default=0)
        sequence = random.choice([sent, sent, sent, sent, newest, max(sent - 3, 0), sent + 1])
        words = random.choice([0, 1, 2, 3, 9, 31, 32])
        acknowledge = random.choice([newest, newest, max(newest - 2, 0), newest + 5, 40_000])
        data = bytearray(host.numbered(sequence, words, acknowledge=acknowledge).encode())
        if random.random() < 0.1:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        await host.packet(bytes(data))
        await host.cycles(random.randrange(40))
        sent = int(dut.u_link.expected.value)
    dut.tx_ready.value = 1
    dut.pause.value = 0
    await host.settle()
    numbered = [f for f in host.frames if not f.urgent]
    assert len({f.sequence for f in numbered}) > 200
    for frame in numbered:
        words = len(frame.payload) // 4
        assert frame.payload == host.numbered(frame.sequence, words).payload
    assert len(host.executed) <= sent
    first = {}
    for frame in numbered:
        first.setdefault(frame.sequence, frame.payload)
        assert first[frame.sequence] == frame.payload
    assert list(first) == sorted(first)
    assert [len(payload) // 4 for payload in first.values()] == [words for _, words, _ in host.executed][
        : len(first)
    ]


# ---- Urgent frames ----


@cocotb.test()
async def heartbeat_feeds_and_is_answered(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    await host.send(host.urgent(Opcode.HEARTBEAT, 77))
    last = host.sent_last
    await host.settle()
    (seen,) = host.seen
    assert (seen.frame.opcode, seen.frame.sequence, seen.frame.status) == (Opcode.HEARTBEAT, 77, 0)
    assert seen.frame.urgent and seen.frame.reply and seen.frame.payload == b""
    assert host.events["feed"] == [last + 2]


@cocotb.test()
async def other_urgent_opcode_is_unknown(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    await host.send(host.urgent(Opcode.PING, 5))
    await host.settle()
    assert is_nak(host.frames[0], Status.UNKNOWN_OPCODE) and host.frames[0].sequence == 5
    assert host.executed == []


@cocotb.test()
async def safe_drops_what_is_queued_and_lets_later_requests_run(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.pause.value = 1
    for _ in range(3):
        await host.send(host.request(2))
    await host.send(host.urgent(Opcode.SAFE, 1))
    await host.send(host.request(2))
    await host.cycles(20)
    dut.pause.value = 0
    await host.settle()
    statuses = [(f.sequence, f.status) for f in host.frames if not f.urgent]
    aborted = Status.ABORTED
    assert statuses == [(0, aborted), (1, aborted), (2, aborted), (3, Status.OK)]


@cocotb.test()
async def safe_event_of_the_board_drops_what_is_queued(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.pause.value = 1
    await host.send(host.request(2))
    await host.cycles(10)
    dut.trip.value = 1
    await host.cycles(1)
    dut.trip.value = 0
    await host.cycles(3)
    await host.send(host.request(2))
    dut.pause.value = 0
    await host.settle()
    assert [f.status for f in host.frames] == [Status.ABORTED, Status.OK]


# ---- Cycles ----


@cocotb.test()
async def safe_is_seen_two_cycles_after_the_frame(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    await host.send(host.urgent(Opcode.SAFE))
    last = host.sent_last
    await host.settle()
    assert host.events["safe_seen"] == [last + 2]
    assert host.seen[0].first == last + 3


@cocotb.test()
async def request_and_reply_latency_and_rate(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    await host.send(host.request(32))
    last = host.sent_last
    await host.settle()
    assert host.events["q_valid"][0] == last + 4
    assert host.seen[0].first == host.events["q_done"][0] + 4
    assert host.seen[0].last - host.seen[0].first == 4 + 32 - 1  # one word a cycle


@cocotb.test()
async def waiting_replies_follow_each_other_after_four_cycles(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.tx_ready.value = 0
    for _ in range(4):
        await host.send(host.request(5))
        await host.cycles(20)
    dut.tx_ready.value = 1
    await host.settle()
    assert [b.first - a.last for a, b in zip(host.seen[:-1], host.seen[1:], strict=True)] == [4, 4, 4]


@cocotb.test()
async def nak_goes_out_as_soon_as_the_frame_being_sent_has_ended(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.tx_ready.value = 0
    for _ in range(3):
        await host.send(host.request(5))
        await host.cycles(20)
    await host.send(host.numbered(9))
    await host.send(host.urgent(Opcode.HEARTBEAT))
    await host.cycles(10)
    dut.tx_ready.value = 1
    await host.settle()
    opcodes = [f.opcode for f in host.frames]
    assert opcodes == [Opcode.PING, Opcode.NAK, Opcode.HEARTBEAT, Opcode.PING, Opcode.PING]
    assert host.seen[1].first - host.seen[0].last == 2
    assert host.seen[2].first - host.seen[1].last == 2


@cocotb.test()
async def frames_back_to_back_are_all_taken(dut) -> None:
    host = await LinkHost.start(dut)
    await host.open()
    dut.pause.value = 1
    for _ in range(12):
        await host.send(host.request(1))
    await host.settle()
    dut.pause.value = 0
    await host.settle()
    assert [f.payload for f in host.frames] == [host.numbered(k, 1).payload for k in range(12)]

# SPDX-License-Identifier: BSD-3-Clause
"""byte_front with its stuffing: words to a line and back, as docs/protocol.md and the `cobs` package say."""

from __future__ import annotations

import random
import struct

import cocotb
from cobs import cobs
from tests.fpga import parts
from tests.fpga.runner import build_and_test

Packet = tuple[bytes, bool]  # words as bytes, bad


def test_byte_front() -> None:
    build_and_test(parts.TOP, parts.SOURCES, __name__)


def samples() -> list[bytes]:
    """Frames with every shape of block: zeros at each end, runs around the 254 of a full block."""
    generator = random.Random(11)
    shapes = [b"\0" * 4, b"\1" * 4, b"\0\1\0\1", b"\1\0\1\0", b"\0" * 40, bytes(range(256))]
    for run in (251, 252, 253, 254, 255, 256, 507, 508, 509):
        zeros = bytes(-run % 4)
        shapes += [zeros + b"\7" * run, b"\7" * run + zeros]
    return shapes + [generator.randbytes(4 * generator.randrange(1, 60)) for _ in range(10)]


def watch_line(dut) -> list[tuple[int, int]]:
    """Returns a growing list of (cycle, byte) that left."""
    line: list[tuple[int, int]] = []

    def look(cycle: int) -> None:
        if dut.out_valid.value == 1 and dut.out_ready.value == 1:
            line.append((cycle, int(dut.out_data.value)))

    parts.each_cycle(look)
    return line


def watch_packets(dut) -> list[Packet]:
    """Returns a growing list of the packets that arrived."""
    packets: list[Packet] = []
    words: list[int] = []

    def look(_: int) -> None:
        if dut.rx_valid.value == 1:
            words.append(int(dut.rx_data.value))
        if dut.rx_last.value == 1:
            packets.append((struct.pack(f"<{len(words)}I", *words), bool(dut.rx_bad.value)))
            words.clear()

    parts.each_cycle(look)
    return packets


async def send_packet(dut, data: bytes) -> None:
    """Offers words back to back."""
    words = struct.unpack(f"<{len(data) // 4}I", data)
    for place, word in enumerate(words):
        dut.tx_valid.value, dut.tx_data.value = 1, word
        dut.tx_last.value = int(place == len(words) - 1)
        for _ in range(3000):
            await parts.wait_before_edge()
            taken = dut.tx_ready.value == 1
            await parts.cycles(dut, 1)
            if taken:
                break
        else:
            raise AssertionError("the front takes no word")
    dut.tx_valid.value = 0


async def receive_bytes(dut, data: bytes, *, gap: int = 0) -> None:
    for byte in data:
        dut.in_valid.value, dut.in_data.value = 1, byte
        await parts.cycles(dut, 1)
        if gap:
            dut.in_valid.value = 0
            await parts.cycles(dut, gap)
    dut.in_valid.value = 0


def stuffed(data: bytes) -> bytes:
    return b"\0" + cobs.encode(data) + b"\0"


@cocotb.test()
async def line_is_what_the_cobs_package_encodes(dut) -> None:
    await parts.start(dut)
    line = watch_line(dut)
    for data in samples():
        await send_packet(dut, data)
    await parts.cycles(dut, 600)
    assert bytes(byte for _, byte in line) == b"".join(map(stuffed, samples()))


@cocotb.test()
async def line_is_the_same_when_it_stalls(dut) -> None:
    await parts.start(dut)
    line = watch_line(dut)
    generator = random.Random(2)

    async def stall() -> None:
        for _ in range(100_000):
            dut.out_ready.value = generator.random() < 0.3
            await parts.cycles(dut, 1)

    cocotb.start_soon(stall())
    for data in samples():
        await send_packet(dut, data)
    await parts.cycles(dut, 4000)
    assert bytes(byte for _, byte in line) == b"".join(map(stuffed, samples()))


@cocotb.test()
async def line_runs_at_one_byte_a_cycle(dut) -> None:
    await parts.start(dut)
    line = watch_line(dut)
    for _ in range(20):
        await send_packet(dut, bytes(range(1, 201)))  # 200 bytes: one block a frame
    await parts.cycles(dut, 600)
    whole = len(stuffed(bytes(range(1, 201))))
    assert len(line) == 20 * whole
    # From the first block, once it is closed, to the last byte: no cycle without one.
    assert line[-1][0] - line[1][0] == 20 * whole - 2


@cocotb.test()
async def long_frames_run_at_one_byte_a_cycle(dut) -> None:
    await parts.start(dut)
    line = watch_line(dut)
    await send_packet(dut, b"\5" * 4000)
    await parts.cycles(dut, 600)
    assert len(line) == 4000 + 16 + 2 and line[-1][0] - line[0][0] <= 4000 + 17 + 255


@cocotb.test()
async def frames_come_back_as_words(dut) -> None:
    await parts.start(dut)
    packets = watch_packets(dut)
    for gap in (0, 3):
        for data in samples():
            await receive_bytes(dut, stuffed(data), gap=gap)
    await parts.cycles(dut, 10)
    assert packets == [(data, False) for data in samples()] * 2


@cocotb.test()
async def both_kinds_of_a_full_last_block_are_taken(dut) -> None:
    await parts.start(dut)
    packets = watch_packets(dut)
    data = b"\3" * 254
    await receive_bytes(dut, b"\0\xff" + data + b"\x03\3\3\0" + b"\0\xff" + data + b"\x03\3\3\x01\0")
    await parts.cycles(dut, 10)
    assert packets[0] == (data + b"\3\3", False)
    assert packets[1] == (data + b"\3\3", True)  # one zero more: 257 bytes


@cocotb.test()
async def malformed_frames_end_bad_and_the_next_is_whole(dut) -> None:
    await parts.start(dut)
    packets = watch_packets(dut)
    good = bytes(range(1, 13))
    cut = stuffed(good)[:-4] + b"\0"  # breaks off inside a block
    short = b"\0" + cobs.encode(good[:-1]) + b"\0"  # no multiple of four
    tiny = b"\0\x01\0"  # one byte: no word
    even = b"\0\x09abcd\0"  # breaks off after a whole word
    for data in (cut, short, tiny, even, stuffed(good)):
        await receive_bytes(dut, data)
    await parts.cycles(dut, 10)
    assert [bad for _, bad in packets] == [True] * 4 + [False] and packets[-1] == (good, False)


@cocotb.test()
async def zeros_between_frames_are_nothing(dut) -> None:
    await parts.start(dut)
    packets = watch_packets(dut)
    await receive_bytes(dut, b"\0\0\0" + cobs.encode(b"abcd") + b"\0\0\0\0")
    await parts.cycles(dut, 10)
    assert packets == [(b"abcd", False)]


@cocotb.test()
async def a_lost_byte_marks_its_frame_and_no_other(dut) -> None:
    await parts.start(dut)
    packets = watch_packets(dut)
    await receive_bytes(dut, b"\0")
    dut.in_bad.value = 1  # between frames: ignored
    await parts.cycles(dut, 1)
    dut.in_bad.value = 0
    await receive_bytes(dut, cobs.encode(b"wxyz") + b"\0")
    await receive_bytes(dut, b"\0" + cobs.encode(b"abcd")[:2])
    dut.in_bad.value = 1
    await parts.cycles(dut, 1)
    dut.in_bad.value = 0
    await receive_bytes(dut, cobs.encode(b"abcd")[2:] + b"\0" + stuffed(b"efgh"))
    await parts.cycles(dut, 10)
    assert packets == [(b"wxyz", False), (b"abcd", True), (b"efgh", False)]


@cocotb.test()
async def a_word_leaves_two_cycles_after_the_byte_behind_it(dut) -> None:
    await parts.start(dut)
    seen: list[int] = []
    zeros: list[int] = []

    def look(cycle: int) -> None:
        if dut.in_valid.value == 1 and dut.in_data.value == 0:
            zeros.append(cycle)
        if dut.rx_last.value == 1:
            seen.append(cycle)

    parts.each_cycle(look)
    await receive_bytes(dut, stuffed(b"abcd"))
    await parts.cycles(dut, 10)
    assert seen == [zeros[-1] + 2]

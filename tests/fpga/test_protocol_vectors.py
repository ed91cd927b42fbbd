# SPDX-License-Identifier: BSD-3-Clause
"""docs/protocol_vectors.json on the RTL: what a receiver answers, what is no frame, what a line carries."""

from __future__ import annotations

import json
import struct
from typing import Any

import cocotb
from tests.fpga import parts
from tests.fpga.link_host import LinkHost
from tests.fpga.runner import ROOT, build_and_test
from tests.fpga.test_byte_front import receive_bytes, send_packet, watch_line, watch_packets

from ohmloop._map import Opcode
from ohmloop.link.frames import Frame

VECTORS = json.loads((ROOT / "docs" / "protocol_vectors.json").read_text())
ON_ENGINE = r".*\.engine_.*"
ON_PARTS = r".*\.line_.*"


def test_link_engine_runs_the_vectors() -> None:
    build_and_test("link_bench", ["tests/fpga/tops/link_bench.v"], __name__, tests=ON_ENGINE)


def test_byte_front_runs_the_vectors() -> None:
    build_and_test(parts.TOP, parts.SOURCES, __name__, tests=ON_PARTS)


def agrees(frame: Frame, answer: dict[str, Any]) -> bool:
    """True when the frame has every field that the vector names."""
    fields = {name: getattr(frame, name) for name in answer}
    if "payload" in fields:
        fields["payload"] = frame.payload.hex()
    return frame.reply and fields == answer


@cocotb.test()
async def engine_answers_every_sequence(dut) -> None:
    for vector in VECTORS["sequences"]:
        host = await LinkHost.start(dut)
        for place, step in enumerate(vector["steps"]):
            host.forget()
            await host.packet(bytes.fromhex(step["send"]))
            await host.settle(60)
            where = f"{vector['name']}, step {place}: {host.frames}"
            assert len(host.frames) == len(step["answers"]), where
            assert all(map(agrees, host.frames, step["answers"])), where
        host.stop()


@cocotb.test()
async def engine_counts_every_corrupt_packet_as_bad(dut) -> None:
    host = await LinkHost.start(dut)
    packets = [bytes.fromhex(vector["packet"]) for vector in VECTORS["corrupt"]]
    whole = [data for data in packets if data and len(data) % 4 == 0]  # others never leave a byte front
    for data in whole:
        await host.packet(data)
    await host.settle()
    assert dut.crc_errors.value == len(whole) and dut.frames_received.value == 0 and host.frames == []


@cocotb.test()
async def engine_frames_are_the_codecs(dut) -> None:
    host = await LinkHost.start(dut)
    for vector in VECTORS["frames"]:
        await host.packet(bytes.fromhex(vector["packet"]))
    await host.settle()
    packets = [bytes.fromhex(vector["packet"]) for vector in VECTORS["frames"]]
    assert dut.frames_received.value == len([data for data in packets if len(data) <= 4 * (32 + 4)])
    assert all(frame.opcode in (Opcode.NAK, Opcode.HELLO) for frame in host.frames)


@cocotb.test()
async def line_carries_every_frame_both_ways(dut) -> None:
    await parts.start(dut)
    line, packets = watch_line(dut), watch_packets(dut)
    for vector in VECTORS["frames"]:
        await send_packet(dut, bytes.fromhex(vector["packet"]))
        await receive_bytes(dut, bytes.fromhex(vector["stream"]))
    await parts.cycles(dut, 600)
    assert bytes(byte for _, byte in line).hex() == "".join(vector["stream"] for vector in VECTORS["frames"])
    assert packets == [(bytes.fromhex(vector["packet"]), False) for vector in VECTORS["frames"]]


@cocotb.test()
async def line_words_are_little_endian(dut) -> None:
    await parts.start(dut)
    packets = watch_packets(dut)
    await receive_bytes(dut, b"\0\x05\x01\x02\x03\x04\0")
    await parts.cycles(dut, 10)
    assert packets == [(struct.pack("<I", 0x04030201), False)]

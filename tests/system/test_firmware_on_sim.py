# SPDX-License-Identifier: BSD-3-Clause
"""The firmware on the simulated core, in the board: what it answers, how it is ended, how it is replaced."""

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from boards import SMALL, Peer, opened, peers

from ohmloop._map import Algorithm, Field, Opcode, Outcome, Pulse, Register, Status, Telemetry
from ohmloop.link.messages import Axis, KindDrive, ProgramReply, ProgramRequest, pack_words, unpack_words
from ohmloop.profile import load_profile

LINES = 64
REFERENCE = 1 << 27
GENERATED = Path(__file__).parents[2] / "fpga" / "rtl" / "generated"
FOREVER, EBREAK = 0x0000006F, 0x00100073
FORMING = "rrm-40nm-esgnn2023"
PROGRAMMABLE = "rram-130nm-yao2020"


@pytest.fixture
def peer() -> Iterator[Peer]:
    with opened(f"sim://?{SMALL}") as wire:
        made = Peer(wire)
        made.load_profile(load_profile("ideal"))
        made.set_limits()
        yield made


def reference_request(*, level=100, n=0, read_code=500, first=0, columns=LINES, index=0, word0=REFERENCE):
    words = [word0, (level & 0xFFFF) << 16 | read_code, index & 0xFFFF_FFFF, index >> 32, n]
    return pack_words(*words) + Axis(0, 1).encode() + Axis(first, columns).encode()


def answer(peer: Peer, opcode: int, payload: bytes) -> tuple[Status, tuple[int, ...]]:
    frame = peer.call(opcode, payload)
    return Status(frame.status), unpack_words(frame.payload)


def built_image() -> bytes:
    words = re.findall(r"32'h([0-9A-F]{8})\);", (GENERATED / "firmware_words.vh").read_text())
    return b"".join(int(word, 16).to_bytes(4, "little") for word in words)


def load(peer: Peer, image: bytes, crc: int | None = None) -> tuple[Status, tuple[int, ...]]:
    """Loads an image in parts that fit a frame; returns the last answer."""
    words = np.frombuffer(image, "<u4")
    crc = zlib.crc32(image) if crc is None else crc
    for first in range(0, words.size, 1000):
        part = words[first : first + 1000]
        payload = pack_words(first, words.size, crc) + part.tobytes()
        last = answer(peer, Opcode.FIRMWARE, payload)
    return last


def signed(low: int, high: int) -> int:
    value = low | high << 32
    return value - (value >> 63 << 64)


def test_hello_tells_the_crc_of_the_built_image(peer: Peer) -> None:
    assert peer.identity.firmware_present
    assert peer.identity.firmware_crc == zlib.crc32(built_image())


def test_self_test_passes_and_reads_what_mac_reads_of_the_reference(peer: Peer) -> None:
    status, words = answer(peer, Opcode.SELF_TEST, reference_request(index=77))
    assert (status, words[1], words[3]) == (Status.OK, 0, Status.NOT_ARMED)
    levels = [words[at : at + 5] for at in (4, 9, 14)]
    for i, (low, high, lowest, highest, saturated) in enumerate(levels):
        level = 100 * (i - 1)
        mac = [REFERENCE | 1 << 16 | 2 << 20, (level & 0xFFFF) << 16 | 500, 77 + i, 0, 1]
        axes = Axis(0, 1).encode() + Axis(0, LINES).encode()
        codes = np.frombuffer(peer.ok(Opcode.MAC, pack_words(*mac) + axes)[8:], "<i4")[:LINES]
        assert signed(low, high) == codes.sum()
        found = np.array([lowest, highest], np.uint32).view(np.int32)
        assert (found[0], found[1], saturated) == (codes.min(), codes.max(), 0)


def test_self_test_fails_where_the_reference_is_dead(peer: Peer) -> None:
    peer.write_registers({Register.EMU_REFERENCE_UNIT: 0})
    assert answer(peer, Opcode.SELF_TEST, reference_request())[1][1] == 8


def test_self_calibration_is_the_sum_of_what_mac_reads(peer: Peer) -> None:
    peer.load_profile(load_profile(FORMING))
    status, words = answer(peer, Opcode.ADC_SELFCAL, reference_request(n=5, first=3, columns=7, index=9))
    axes = Axis(0, 1).encode() + Axis(3, 7).encode()
    mac = [REFERENCE | 1 << 16 | 2 << 20, 100 << 16 | 500, 9, 0, 5]
    codes = np.frombuffer(peer.ok(Opcode.MAC, pack_words(*mac) + axes)[8:], "<i4").reshape(5, 7)
    assert status == Status.OK and codes.std(axis=0).max() > 0
    sums = [signed(*words[at : at + 2]) for at in range(2, len(words), 4)]
    squares = [signed(*words[at : at + 2]) for at in range(4, len(words), 4)]
    assert sums == codes.sum(axis=0).tolist()
    assert squares == (codes.astype(np.int64) ** 2).sum(axis=0).tolist()


@pytest.mark.parametrize(
    ("opcode", "changes", "refusal"),
    [
        (Opcode.SELF_TEST, {"word0": 0}, (Status.BAD_FIELD, (0, 1, 0))),
        (Opcode.SELF_TEST, {"word0": REFERENCE | 5 << 8}, (Status.BAD_FIELD, (5, 3, 0))),
        (Opcode.ADC_SELFCAL, {"n": 0}, (Status.BAD_FIELD, (0, 1, 4))),
        (Opcode.ADC_SELFCAL, {"word0": REFERENCE | 1 << 12, "n": 1}, (Status.BAD_FIELD, (1, 0, 0))),
        (Opcode.ADC_SELFCAL, {"n": 1, "columns": 65}, (Status.BAD_WINDOW, (64, 63, 7))),
        (Opcode.ADC_SELFCAL, {"n": 1, "read_code": 40_001}, (Status.OVER_READ_LIMIT, (40_001, 40_000, 1))),
    ],
)
def test_a_bad_request_is_refused_before_the_core_runs(peer: Peer, opcode, changes, refusal) -> None:
    assert answer(peer, opcode, reference_request(**changes)) == refusal


def test_firmware_is_refused_while_safe_is_latched(peer: Peer) -> None:
    peer.urgent(Opcode.SAFE)
    assert answer(peer, Opcode.SELF_TEST, reference_request())[0] == Status.SAFE_LATCHED


def test_another_image_is_loaded_and_the_built_one_again(peer: Peer) -> None:
    image = EBREAK.to_bytes(4, "little") * 3
    assert load(peer, image) == (Status.OK, (3,))
    assert peer.hello(0x2222).firmware_crc == zlib.crc32(image)
    assert answer(peer, Opcode.SELF_TEST, reference_request()) == (Status.FIRMWARE_FAULT, (0, 0, 0))
    assert load(peer, image, crc=1) == (Status.BAD_IMAGE, (1, zlib.crc32(image), 2))
    assert not peer.hello(0x3333).firmware_present
    assert answer(peer, Opcode.SELF_TEST, reference_request()) == (Status.NO_FIRMWARE, (0, 0, 0))
    assert load(peer, built_image())[0] == Status.OK
    assert answer(peer, Opcode.SELF_TEST, reference_request())[1][1] == 0


def test_a_fault_latches_the_safe_state_and_drops_what_is_queued(peer: Peer) -> None:
    load(peer, EBREAK.to_bytes(4, "little"))
    peer.arm()
    first = peer.send(Opcode.SELF_TEST, reference_request())
    second = peer.send(Opcode.PING, b"1234")
    faulted, dropped = peer.reply_to(first), peer.reply_to(second)
    assert (faulted.status, faulted.state & 3) == (Status.FIRMWARE_FAULT, 2)  # latched, disarmed
    assert (dropped.status, unpack_words(dropped.payload)) == (Status.ABORTED, (0, 0, 0))
    assert answer(peer, Opcode.SELF_TEST, reference_request())[0] == Status.SAFE_LATCHED
    told = unpack_words(peer.ok(Opcode.TELEMETRY))
    assert told[Telemetry.FIRMWARE_FAULTS] == 1
    assert told[Telemetry.LAST_STOP] == Opcode.PING | Status.ABORTED << 8
    peer.write_registers({Register.CONTROL: 1 << Field.CONTROL_CLEAR_SAFE})
    assert load(peer, built_image())[0] == Status.OK
    assert answer(peer, Opcode.SELF_TEST, reference_request())[1][1] == 0


def test_an_image_is_refused_while_armed(peer: Peer) -> None:
    peer.arm()
    assert load(peer, bytes(8)) == (Status.STILL_ARMED, (0, 0, 0))
    peer.ok(Opcode.DISARM)
    assert load(peer, bytes(8))[0] == Status.OK


def test_firmware_that_never_ends_is_ended_by_the_operation_s_time_and_by_safe(peer: Peer) -> None:
    load(peer, FOREVER.to_bytes(4, "little"))
    peer.write_registers({Register.OPERATION_CYCLES: 5000})
    assert answer(peer, Opcode.SELF_TEST, reference_request()) == (Status.OPERATION_TIMEOUT, (0, 0, 0))
    peer.write_registers({Register.OPERATION_CYCLES: 500_000_000})
    waiting = peer.send(Opcode.SELF_TEST, reference_request())
    assert peer.urgent(Opcode.SAFE).state & 2
    reply = peer.reply_to(waiting)
    assert (reply.status, unpack_words(reply.payload)) == (Status.ABORTED, (0, 0, 0))


def ramp_request(rows: Axis, columns: Axis, **fields: object) -> ProgramRequest:
    """The forming ramp of the profile: 3.0 V in steps until a cell conducts."""
    shape = (rows.count, columns.count)
    settings: dict[str, object] = {
        "targets": np.full(shape, 40, np.int16), "tolerances": np.zeros(shape, np.uint16), "read_code": 2621,
        "operation_index": 1 << 56 | 5 << 20, "averages_log2": 1, "final_log2": 2, "budget": 14, "range": 2,
        "set": KindDrive(39_300, 1300, 46_000, 20_000, 6000), "reset": KindDrive(0, 0, 0, 0, 1),
    }  # fmt: skip
    return ProgramRequest(Algorithm.FORM_RAMP, 0, rows, columns, **(settings | fields))  # type: ignore[arg-type]


def test_the_forming_ramp_equals_the_twin() -> None:
    request = ramp_request(Axis(2, 6), Axis(5, 17, 3))
    with peers(SMALL, FORMING) as (sim, twin):
        answers = []
        for one in (sim, twin):
            one.load_profile(load_profile(FORMING))
            one.set_limits()
            one.arm(kinds=frozenset({Pulse.FORM}))
            answers.append(unpack_words(one.ok(Opcode.PROGRAM, request.encode())))
            answers[-1] += (one.read_register(Register.PULSES_SINCE_BOOT),)
            assert one.read_register(Register.BUSY_CYCLES) == 0  # of a host's readings only
    on_core, modelled = answers
    assert on_core[1:] == modelled[1:]
    reply = ProgramReply.decode(pack_words(*on_core[:-1]), 6, 17)
    assert {Outcome.DONE, Outcome.BUDGET} <= {Outcome(o) for o in reply.outcomes.ravel()}
    assert on_core[-1] == reply.pulses_given == reply.pulses.sum()


def test_safe_in_the_middle_of_programming_ends_it_and_counts_its_pulses() -> None:
    with opened(f"sim://?{SMALL}") as wire:
        peer = Peer(wire)
        peer.load_profile(load_profile(FORMING))
        peer.set_limits()
        peer.arm(kinds=frozenset({Pulse.FORM}))
        waiting = peer.send(Opcode.PROGRAM, ramp_request(Axis(0, 16), Axis(0, 32)).encode())
        wire.read(0.005)  # of board time: pulses are under way
        peer.urgent(Opcode.SAFE)
        reply = peer.reply_to(waiting)
        begun, rows, pulses = unpack_words(reply.payload)
        assert (reply.status, begun) == (Status.ABORTED, 1) and rows < 16
        assert pulses == peer.read_register(Register.PULSES_SINCE_BOOT) > 0


@pytest.mark.parametrize("algorithm", [Algorithm.INCREMENTAL, Algorithm.PING_PONG, Algorithm.TWO_PULSE])
def test_write_verify_equals_the_twin(algorithm: Algorithm) -> None:
    generator = np.random.default_rng(int(algorithm))
    request = ProgramRequest(
        algorithm, 0, Axis(3, 3), Axis(1, 7, 4), generator.integers(40, 400, (3, 7)).astype(np.int16),
        np.full((3, 7), 25, np.uint16), 2621, 5, KindDrive(13_000, 400, 30_000, 16_000, 60),
        KindDrive(12_000, 400, 30_000, 0, 60), range=2, averages_log2=1, final_log2=2, most_readings=40,
        budget=60, gate_slope=4194, gate_gain=1049, gate_low=7900, gate_high=40_000, quantum=6,
    )  # fmt: skip
    with peers(SMALL, PROGRAMMABLE) as (sim, twin):
        answers = []
        for one in (sim, twin):
            one.load_profile(load_profile(PROGRAMMABLE))
            one.load_cells(np.random.default_rng(1).integers(100, 900, (LINES, LINES)))
            one.set_limits()
            one.arm()
            answers.append(unpack_words(one.ok(Opcode.PROGRAM, request.encode()))[1:])
    assert answers[0] == answers[1]
    reply = ProgramReply.decode(pack_words(0, *answers[0]), 3, 7)
    assert reply.pulses_given > 20
    assert np.count_nonzero(reply.outcomes == Outcome.DONE) > 0

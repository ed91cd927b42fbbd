# SPDX-License-Identifier: BSD-3-Clause
"""The twin's receiver against docs/protocol.md: numbers, gaps, epochs, the reply ring, safety."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from test_cells import EVERYTHING, arm
from twin_bench import NONCE, Bench

from ohmloop._map import CLK_HZ, Field, Opcode, Pulse, Register, Status
from ohmloop.link.frames import Frame
from ohmloop.link.messages import (
    ArmRequest,
    Axis,
    CellRequest,
    HelloRequest,
    Identity,
    PulseRequest,
    VectorRequest,
    limits_hash,
    pack_words,
    unpack_words,
)


def forming(**changed):
    fields = {
        "kind": Pulse.FORM, "macro": 0, "voltage_code": 40_000, "gate_code": 30_000, "width_cycles": 600,
        "operation_index": 0, "pulses": 1, "rows": Axis(0, 4), "columns": Axis(0, 8),
    } | changed  # fmt: skip
    return PulseRequest(**fields).encode()


def state(bench):
    return bench.read(Register.STATE)


def test_hello_tells_the_identity_and_the_same_nonce_changes_nothing():
    bench = Bench(limits=False)
    bench.need(Opcode.PING, b"abcd")
    arm(bench, 4, 8, limits_hash=limits_hash([0] * 6))
    (again,) = bench.exchange(
        Frame(Opcode.HELLO, 99, 0, HelloRequest(NONCE, b"sample").encode(), urgent=True)
    )
    identity = Identity.decode(again.payload)
    assert (again.sequence, again.status, again.urgent, again.reply) == (99, Status.OK, True, True)
    assert (identity.nonce, identity.emulated, identity.macros[0].rows) == (NONCE, True, 64)
    assert again.acknowledge == bench.sequence
    assert state(bench) & 1


def test_a_new_nonce_forgets_queue_token_latch_and_numbers_but_no_register():
    bench = Bench()
    arm(bench, 4, 8)
    bench.exchange(Frame(Opcode.SAFE, 5, bench.epoch, urgent=True))
    answer = bench.hello(0x7777ABCD)
    assert (answer.epoch, answer.acknowledge) == (0xABCD, 0)
    assert state(bench) == 1 << Field.STATE_EPOCH_OPEN
    assert bench.read(Register.LIMIT_FORM_V) == 65535


def test_before_an_epoch_and_in_another_nothing_is_done():
    bench = Bench(hello=False, limits=False)
    (reply,) = bench.exchange(Frame(Opcode.PING, 3, 0x55, b"abcd"))
    assert (reply.opcode, reply.status, reply.sequence, reply.epoch) == (Opcode.NAK, Status.NO_EPOCH, 3, 0)
    bench.hello()
    (reply,) = bench.exchange(Frame(Opcode.PING, 0, bench.epoch ^ 1, b"abcd"))
    assert (reply.status, reply.epoch, reply.acknowledge) == (Status.NO_EPOCH, bench.epoch, 0)


def test_another_version_is_refused_with_its_own_epoch():
    bench = Bench()
    (reply,) = bench.exchange(Frame(Opcode.PING, 3, 0x55, b"abcd", version=2))
    assert (reply.opcode, reply.status, reply.sequence, reply.epoch) == (
        Opcode.NAK,
        Status.BAD_VERSION,
        3,
        0x55,
    )


def test_a_duplicate_gets_the_same_reply_and_is_not_executed_again():
    bench = Bench()
    arm(bench, 4, 8)
    frame = bench.frame(Opcode.PULSE, forming())
    (first,) = bench.exchange(frame)
    for _ in range(3):
        assert bench.exchange(frame) == [first]
    bench.sequence += 1
    assert unpack_words(first.payload)[1:] == (4, 32)
    assert bench.read(Register.PULSES_SINCE_BOOT) == 32
    assert bench.read(Register.DUPLICATES) == 3


def test_an_acknowledged_reply_is_gone():
    bench = Bench(limits=False)
    frame = bench.frame(Opcode.PING, b"abcd")
    bench.exchange(frame)
    bench.sequence = 1
    bench.need(Opcode.PING, b"efgh")
    assert bench.exchange(frame) == []


def test_one_nak_a_gap_names_the_expected_number():
    bench = Bench(limits=False)
    (nak,) = bench.exchange(bench.frame(Opcode.PING, sequence=2))
    assert (nak.opcode, nak.status, nak.sequence, nak.urgent) == (Opcode.NAK, Status.GAP, 0, True)
    assert bench.exchange(bench.frame(Opcode.PING, sequence=3)) == []
    bench.need(Opcode.PING, b"abcd")
    (second,) = bench.exchange(bench.frame(Opcode.PING, sequence=9))
    assert (second.status, second.sequence) == (Status.GAP, 1)
    assert bench.read(Register.GAPS) == 2


@pytest.mark.parametrize("byte", range(0, 20, 3))
def test_a_corrupt_frame_is_a_gap_and_never_executed(byte):
    bench = Bench(limits=False)
    damaged = bytearray(bench.frame(Opcode.PING, b"abcd").encode())
    damaged[byte] ^= 0x10
    (nak,) = bench.exchange(bytes(damaged))
    assert (nak.status, nak.sequence) == (Status.GAP, 0)
    assert bench.read(Register.CRC_ERRORS) == 1


@pytest.mark.parametrize("data", [b"", b"abc", bytes(12), bytes(17)])
def test_bad_form_without_an_epoch_is_dropped(data):
    bench = Bench(hello=False, limits=False)
    assert bench.exchange(data) == []


def test_echoed_replies_are_ignored():
    bench = Bench(limits=False)
    assert bench.exchange(replace(bench.frame(Opcode.PING), reply=True)) == []
    bench.need(Opcode.PING)


def test_numbers_wrap():
    bench = Bench(limits=False)
    bench.board._expected = bench.board._acknowledged = bench.sequence = 0xFFFD
    for _ in range(6):
        assert bench.need(Opcode.PING, b"abcd") == b"abcd"
    (repeated,) = bench.exchange(bench.frame(Opcode.PING, b"abcd", sequence=2, acknowledge=2))
    assert (repeated.sequence, bench.sequence) == (2, 3)


def full_ring():
    """A board whose reply ring is full, with two requests queued behind it."""
    bench = Bench(payload=1024, ring=1200, limits=False)
    frames = [bench.frame(Opcode.PING, bytes(800), sequence=0, acknowledge=0)]
    frames += [bench.frame(Opcode.PING, bytes(400), sequence=k, acknowledge=0) for k in (1, 2)]
    return bench, [bench.exchange(frame) for frame in frames]


def test_without_room_for_a_reply_a_request_waits_and_then_runs_once():
    bench, answers = full_ring()
    assert [len(replies) for replies in answers] == [1, 0, 0]
    replies = bench.exchange(bench.frame(Opcode.PING, b"abcd", sequence=3, acknowledge=1))
    assert [(reply.sequence, len(reply.payload)) for reply in replies] == [(1, 400), (2, 400), (3, 4)]


def test_without_room_in_the_queue_a_request_is_a_gap():
    bench, _ = full_ring()
    (nak,) = bench.exchange(bench.frame(Opcode.PING, bytes(800), sequence=3, acknowledge=0))
    assert (nak.status, nak.sequence) == (Status.GAP, 3)


def test_safe_drops_the_queue_and_answers_it_aborted():
    bench, _ = full_ring()
    (answer,) = bench.exchange(Frame(Opcode.SAFE, 44, bench.epoch, urgent=True))
    assert (answer.opcode, answer.sequence, answer.status) == (Opcode.SAFE, 44, Status.OK)
    assert answer.state >> Field.STATE_SAFE_LATCHED & 1
    replies = bench.exchange(bench.frame(Opcode.PING, b"abcd", sequence=3, acknowledge=1))
    assert [(r.sequence, r.status) for r in replies] == [
        (1, Status.ABORTED),
        (2, Status.ABORTED),
        (3, Status.OK),
    ]
    assert replies[0].payload == bytes(12)


def test_an_interrupt_in_an_operation_leaves_the_numbers_whole(monkeypatch):
    bench = Bench()
    arm(bench, 4, 8)
    array = bench.board._executor._arrays[0]
    pulse = array.pulse

    def interrupted(*arguments):
        pulse(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(array, "pulse", interrupted)
    frame = bench.frame(Opcode.PULSE, forming())
    with pytest.raises(KeyboardInterrupt):
        bench.board.receive(frame.encode())
    (reply,) = bench.replies()
    assert (reply.status, unpack_words(reply.payload)) == (Status.ABORTED, (1, 0, 32))
    assert bench.exchange(frame) == [reply]
    bench.sequence += 1
    assert bench.read(Register.PULSES_SINCE_BOOT) == 32


def test_safe_withdraws_the_token_and_latches_until_cleared():
    bench = Bench()
    arm(bench, 4, 8)
    bench.exchange(Frame(Opcode.SAFE, 0, bench.epoch, urgent=True))
    read = VectorRequest(Opcode.READ_CELLS, 0, Axis(0, 1), Axis(0, 1), 0, 0).encode()
    assert bench.ask(Opcode.READ_CELLS, read)[0] == Status.SAFE_LATCHED
    assert bench.ask(Opcode.PULSE, forming())[0] == Status.SAFE_LATCHED
    bench.write(Register.CONTROL, 2)
    assert bench.ask(Opcode.PULSE, forming())[0] == Status.NOT_ARMED
    assert bench.read(Register.PULSES_SINCE_BOOT) == 0


def test_the_control_register_makes_safe_too():
    bench = Bench()
    arm(bench, 4, 8)
    bench.write(Register.CONTROL, 1)
    assert state(bench) & 3 == 1 << Field.STATE_SAFE_LATCHED


def test_a_heartbeat_is_answered_and_other_urgent_frames_are_not_known():
    bench = Bench()
    (beat,) = bench.exchange(Frame(Opcode.HEARTBEAT, 5, bench.epoch, urgent=True))
    assert (beat.opcode, beat.sequence, beat.status, beat.payload) == (Opcode.HEARTBEAT, 5, Status.OK, b"")
    (nak,) = bench.exchange(Frame(Opcode.PING, 6, bench.epoch, urgent=True))
    assert (nak.opcode, nak.sequence, nak.status) == (Opcode.NAK, 6, Status.UNKNOWN_OPCODE)
    (nak,) = bench.exchange(Frame(Opcode.HELLO, 6, bench.epoch, b"abcd", urgent=True))
    assert (nak.opcode, nak.status) == (Opcode.NAK, Status.BAD_LENGTH)


def test_the_watchdog_trips_on_a_silent_host_while_armed_only():
    bench = Bench()
    bench.write(Register.WATCHDOG_CYCLES, 60_000)
    bench.board.idle(CLK_HZ)
    assert not state(bench) >> Field.STATE_SAFE_LATCHED & 1
    arm(bench, 4, 8)
    for _ in range(50):
        bench.board.idle(50_000)
        bench.exchange(Frame(Opcode.HEARTBEAT, 5, bench.epoch, urgent=True))
    assert state(bench) & 1
    bench.board.idle(70_000)
    bits = state(bench)
    assert (bits & 3, bits >> Field.STATE_WATCHDOG_TRIPPED & 1) == (2, 1)
    assert bench.read(Register.WATCHDOG_TRIPS) == 1


def test_time_passes_with_what_is_executed():
    bench = Bench()
    before = bench.board.condition.cycles
    reply = bench.vectors(Opcode.MAC, np.ones((3, 64)), np.arange(64), np.arange(64))
    assert bench.board.condition.cycles - before >= reply.cycles > 3 * 64
    assert bench.read(Register.BUSY_CYCLES) == reply.cycles


def test_an_operation_past_its_bound_is_stopped_and_does_not_latch():
    bench = Bench()
    arm(bench, 64, 64)
    bench.write(Register.OPERATION_CYCLES, 100_000)
    payload = forming(rows=Axis(0, 64), columns=Axis(0, 64), width_cycles=10_000)
    status, answer = bench.ask(Opcode.PULSE, payload)
    started, rows, cells = unpack_words(answer)
    assert (status, started) == (Status.OPERATION_TIMEOUT, 1)
    assert 0 < rows < 12
    assert cells == (rows + 1) * 64 == bench.read(Register.PULSES_SINCE_BOOT)  # the last one is cut
    assert state(bench) & 3 == 0


@pytest.mark.parametrize(
    "cycles, answer",  # as the simulated board of 16 lanes answers
    [
        (48, (0, 0, 0)), (49, (1, 0, 64)), (348, (1, 0, 64)), (350, (1, 1, 64)), (354, (1, 1, 64)),
        (355, (1, 1, 128)),
    ],
)  # fmt: skip
def test_a_stopped_train_counts_as_the_board_does(cycles, answer):
    bench = Bench()
    arm(bench, 64, 64)
    bench.write(Register.OPERATION_CYCLES, cycles)
    payload = forming(rows=Axis(0, 10), columns=Axis(0, 64), width_cycles=300)
    assert bench.ask(Opcode.PULSE, payload) == (Status.OPERATION_TIMEOUT, pack_words(*answer))


@pytest.mark.parametrize("load", [False, True])
def test_cells_past_their_time_are_stopped_as_on_the_board(load):
    bench = Bench()
    axis = Axis(0, 4)
    ask = partial(bench.ask, Opcode.CELL_LOAD if load else Opcode.CELL_DUMP)
    old = CellRequest(0, axis, axis, np.full((4, 4), 5, np.uint16)).encode()
    new = CellRequest(0, axis, axis, np.full((4, 4), 77, np.uint16) if load else None).encode()
    first, each = (3, 5) if load else (2, 3)
    cycles = unpack_words(ask(new)[1])[0]
    for bound, moved in ((cycles, 16), (cycles - 1, 16), (first + 6 * each, 6), (first, 0)):
        bench.write(Register.OPERATION_CYCLES, 100_000)
        bench.ask(Opcode.CELL_LOAD, old)
        bench.write(Register.OPERATION_CYCLES, bound)
        status, answer = ask(new)
        if bound == cycles:
            assert status == Status.OK and unpack_words(answer)[0] == cycles
        else:
            assert (status, answer) == (Status.OPERATION_TIMEOUT, pack_words(1, moved // 4, 0))
        codes = [77] * moved + [5] * (16 - moved) if load else [5] * 16
        assert bench.board._executor._arrays[0].dump(axis, axis).ravel().tolist() == codes


def test_an_acknowledge_beyond_the_replies_sent_frees_those_sent():
    bench = Bench()
    for _ in range(3):
        bench.ask(Opcode.PING, b"abcd")
    bench.exchange(bench.frame(Opcode.PING, b"efgh", sequence=bench.sequence, acknowledge=bench.sequence + 9))
    assert bench.board._acknowledged == bench.sequence and len(bench.board._ring) == 1
    bench.exchange(bench.frame(Opcode.PING, b"efgh", sequence=bench.sequence, acknowledge=0))  # a late one
    assert bench.board._acknowledged == bench.sequence


def test_a_token_that_runs_out_in_a_train_stops_it():
    bench = Bench()
    arm(bench, 64, 64, expiry_units=100)
    payload = forming(rows=Axis(0, 64), columns=Axis(0, 64), width_cycles=10_000)
    status, answer = bench.ask(Opcode.PULSE, payload)
    assert status == Status.ABORTED
    assert 0 < unpack_words(answer)[1] < 12
    assert bench.ask(Opcode.PULSE, forming())[0] == Status.TOKEN_EXPIRED


ARM_FIELDS = {
    "limits_hash": limits_hash([65535] * 5 + [30_000_000]), "kinds": EVERYTHING, "macro": 0,
    "max_pulses": 100, "max_voltage_code": 50_000, "expiry_units": 2**31,
    "rows": Axis(2, 8), "columns": Axis(4, 16),
}  # fmt: skip


@pytest.mark.parametrize(
    "status, words, changed",
    [
        (Status.OUTSIDE_TOKEN, (1, 0, 6), {"rows": Axis(1, 4)}),
        (Status.OUTSIDE_TOKEN, (10, 0, 6), {"rows": Axis(9, 2)}),
        (Status.OUTSIDE_TOKEN, (3, 0, 6), {"columns": Axis(4, 17)}),
        (Status.OVER_VOLTAGE_LIMIT, (60_000, 55_000, 1), {"voltage_code": 60_000}),
        (Status.OVER_TOKEN_VOLTAGE, (50_001, 50_000, 1), {"voltage_code": 50_001}),
        (Status.OVER_GATE_LIMIT, (55_001, 55_000, 1), {"gate_code": 55_001}),
        (Status.OVER_WIDTH_LIMIT, (5001, 5000, 2), {"width_cycles": 5001}),
        (Status.PULSE_BUDGET, (104, 100, 5), {"columns": Axis(4, 13), "rows": Axis(3, 2), "pulses": 4}),
        (Status.OPERATION_NOT_ARMED, (2, 1, 0), {"kind": Pulse.RESET}),
        (Status.BAD_FIELD, (0, 1, 5), {"pulses": 0}),
        (Status.BAD_WINDOW, (64, 63, 6), {"rows": Axis(3, 62)}),
    ],
)
def test_a_refused_pulse_drives_nothing_and_says_why(status, words, changed):
    bench = Bench()
    bench.limit(55_000, 5000)
    kinds = {"kinds": frozenset({Pulse.FORM})} if status == Status.OPERATION_NOT_ARMED else {}
    held = {"limits_hash": limits_hash([55_000] * 5 + [5000])}
    bench.need(Opcode.ARM, ArmRequest(**(ARM_FIELDS | held | kinds)).encode())
    allowed = {"rows": Axis(3, 2), "columns": Axis(4, 8)}
    assert bench.ask(Opcode.PULSE, forming(**(allowed | changed))) == (status, pack_words(*words))
    assert bench.read(Register.PULSES_SINCE_BOOT) == 0
    assert not bench.cells.any()
    assert unpack_words(bench.need(Opcode.PULSE, forming(**allowed)))[1:] == (2, 16)


def test_the_budget_is_of_cells_times_pulses():
    bench = Bench()
    bench.need(Opcode.ARM, ArmRequest(**ARM_FIELDS).encode())
    request = forming(rows=Axis(3, 2), columns=Axis(4, 8), pulses=3)
    assert bench.ask(Opcode.PULSE, request)[0] == Status.OK
    assert bench.ask(Opcode.PULSE, request)[0] == Status.OK
    assert bench.ask(Opcode.PULSE, request) == (Status.PULSE_BUDGET, pack_words(48, 4, 5))


@pytest.mark.parametrize(
    "opcode, payload, status, words",
    [
        (Opcode.SEARCH, b"", Status.UNKNOWN_OPCODE, (0x25, 0, 0)),
        (Opcode.REG_READ, pack_words(0, 0), Status.BAD_FIELD, (0, 1, 1)),
        (Opcode.REG_READ, pack_words(2, 1), Status.BAD_ADDRESS, (2, 0, 0)),
        (Opcode.REG_READ, pack_words(0, 1000), Status.BAD_ADDRESS, (12, 0, 0)),
        (Opcode.REG_READ, pack_words(0), Status.BAD_LENGTH, (1, 2, 0)),
        (Opcode.REG_WRITE, pack_words(0, 1), Status.BAD_ADDRESS, (0, 0, 1)),
        (Opcode.REG_WRITE, pack_words(0x18, 5, 6, 7), Status.BAD_ADDRESS, (0x20, 0, 3)),
        (Opcode.REG_WRITE, pack_words(0x54, 30_000_001), Status.OVER_CEILING, (30_000_001, 30_000_000, 1)),
        (Opcode.DISARM, pack_words(1), Status.BAD_LENGTH, (1, 0, 0)),
        (Opcode.TABLE_WRITE, pack_words(11, 1), Status.BAD_ADDRESS, (11, 10, 0)),
        (Opcode.TABLE_WRITE, pack_words(3 | 255 << 16, 1, 2), Status.BAD_ADDRESS, (256, 255, 0)),
    ],
)
def test_bad_requests_are_refused_word_by_word(opcode, payload, status, words):
    bench = Bench(limits=False)
    assert bench.ask(opcode, payload) == (status, pack_words(*words))


def test_limits_only_fall_once_locked():
    bench = Bench()
    bench.write(Register.LIMIT_LOCK, 1)
    bench.write(Register.LIMIT_FORM_V, 100)
    refused = bench.ask(Opcode.REG_WRITE, pack_words(Register.LIMIT_FORM_V, 101))
    assert refused == (Status.LIMITS_LOCKED, pack_words(101, 100, 1))
    refused = bench.ask(Opcode.REG_WRITE, pack_words(Register.LIMIT_LOCK, 0))
    assert refused == (Status.LIMITS_LOCKED, pack_words(0, 1, 1))
    assert bench.read(Register.LIMIT_FORM_V) == 100


def test_arming_needs_the_limits_that_the_board_holds():
    bench = Bench()
    held = ARM_FIELDS["limits_hash"]
    refused = bench.ask(Opcode.ARM, ArmRequest(**(ARM_FIELDS | {"limits_hash": 5})).encode())
    assert refused == (Status.LIMITS_MISMATCH, pack_words(5, held, 0))
    assert state(bench) & 1 == 0


def test_reading_above_its_limit_is_refused():
    bench = Bench()
    bench.write(Register.LIMIT_READ_V, 2000)
    request = VectorRequest(Opcode.READ_CELLS, 0, Axis(0, 1), Axis(0, 1), 2001, 0).encode()
    assert bench.ask(Opcode.READ_CELLS, request) == (Status.OVER_READ_LIMIT, pack_words(2001, 2000, 1))

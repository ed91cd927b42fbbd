# SPDX-License-Identifier: BSD-3-Clause
import itertools
import threading
import time
from dataclasses import replace

import pytest
from peer import Faults, Peer, PeerWire, echo, word

from ohmloop._map import Field, Opcode, Status
from ohmloop.errors import BoardLost, BoardReset, DeadlineExceeded, LimitError, OhmloopError
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import pack_words
from ohmloop.link.outstanding import Job, Outstanding, Pending
from ohmloop.link.session import Session

LATCHED = 1 << Field.STATE_SAFE_LATCHED


class Counter:
    """Executes PULSE and PING, and remembers every request it has executed."""

    def __init__(self, seconds=0.0):
        self.done = []
        self.seconds = seconds

    def __call__(self, opcode, payload):
        self.done.append(word(payload))
        return Status.OK, payload, self.seconds


def opened(execute=echo, *, timeout_s=5.0, packet=True, faults=None, seed=0, **peer):
    wire = PeerWire(Peer(execute, **peer), packet=packet, faults=faults, seed=seed)
    session = Session(wire, timeout_s=timeout_s)
    session.hello()
    return session, wire


def numbers(count, start=0, opcode=Opcode.PULSE):
    return ((opcode, pack_words(i), 3) for i in range(start, start + count))


def words_of(replies):
    return [word(reply.payload) for reply in replies]


FAULTS = Faults(drop=0.01, duplicate=0.01, corrupt=0.01, truncate=0.01, delay=0.01)


@pytest.mark.parametrize("packet", [True, False], ids=["packets", "stream"])
@pytest.mark.parametrize("seed", range(3))
def test_every_pulse_once_and_every_reply_right_through_faults(packet, seed):
    count, work = 2500, Counter(seconds=0.0002)
    session, _wire = opened(work, packet=packet, faults=FAULTS, seed=seed)
    got = words_of(session.execute(numbers(count)))
    assert got == list(range(count))
    assert work.done == list(range(count))
    assert session.stats.retries > 0
    assert session.stats.crc_errors > 0


@pytest.mark.parametrize("fault", ["drop", "duplicate", "corrupt", "truncate", "delay"])
def test_each_heavy_fault_alone_is_survived(fault):
    work = Counter(seconds=0.001)
    session, _ = opened(work, faults=replace(Faults(), **{fault: 0.2}), seed=5, timeout_s=60.0)
    assert words_of(session.execute(numbers(300))) == list(range(300))
    assert work.done == list(range(300))


def test_sequence_numbers_go_round():
    work = Counter()
    session, wire = opened(work, faults=FAULTS)
    session._engine._window.base = wire.peer.expected = wire.peer.acknowledged = 65_300
    assert words_of(session.execute(numbers(600))) == list(range(600))
    assert work.done == list(range(600))
    assert wire.peer.expected == (65_300 + 600) % 65_536


def test_credits_are_never_overdrawn_with_the_largest_replies():
    def answer(opcode, payload):
        return Status.OK, bytes(4096), 0.001

    session, wire = opened(answer, faults=FAULTS)
    replies = list(session.execute((Opcode.PING, bytes(4 * (k % 1000)), 1024) for k in range(400)))
    assert len(replies) == 400
    assert wire.peer.ring_peak <= wire.peer.reply_bytes
    assert wire.peer.queue_peak <= wire.peer.request_bytes


def test_requests_are_pipelined():
    session, wire = opened(Counter(seconds=0.001))
    start = wire.now_s()
    list(session.execute(numbers(500)))
    assert wire.now_s() - start < 500 * 0.001 + 0.02  # one by one it would take 1.5 s


def test_requests_are_taken_lazily():
    session, _ = opened()
    source = numbers(100_000)
    replies = session.execute(source)
    assert word(next(replies).payload) == 0
    taken = next(source)
    assert word(taken[1]) < 1000


def test_a_waiting_host_feeds_the_watchdog_through_a_long_operation():
    session, wire = opened(Counter(seconds=4.0), timeout_s=20.0)
    sent_s, write = [], wire.write
    wire.write = lambda data: (sent_s.append(wire.now_s()), write(data))
    list(session.execute(numbers(2)))
    assert wire.now_s() > 4.0
    assert max(b - a for a, b in itertools.pairwise([*sent_s, wire.now_s()])) < 1.0


def test_a_host_that_only_receives_feeds_the_watchdog_too():
    session, wire = opened(Counter(seconds=0.04))
    sent_s, write = [], wire.write
    wire.write = lambda data: (sent_s.append(wire.now_s()), write(data))
    list(session.execute(numbers(100)))
    assert wire.now_s() > 3.5
    assert max(b - a for a, b in itertools.pairwise([*sent_s, wire.now_s()])) < 1.0


def test_a_long_operation_is_not_sent_again():
    session, _ = opened(Counter(seconds=4.0), timeout_s=20.0)
    list(session.execute(numbers(2)))
    assert session.stats.retries == 0


def test_no_heartbeat_while_nobody_waits():
    session, wire = opened()
    session.call(Opcode.PING, pack_words(1), 1)
    before = len(wire.written)
    wire._now_s += 100.0
    assert len(wire.written) == before
    assert session.call(Opcode.PING, pack_words(2), 1).payload == pack_words(2)
    assert session.stats.heartbeats == 0


def test_deadline_names_request_and_time():
    session, _ = opened(Counter(seconds=1e9), timeout_s=2.0)
    with pytest.raises(DeadlineExceeded, match=r"PULSE \(request 1\) unanswered after 2\.\d+ s") as caught:
        list(session.execute(numbers(2)))
    assert caught.value.unit == "s"
    assert 2.0 < caught.value.value < 2.2
    assert caught.value.limit == 2.0


def test_after_a_deadline_no_stale_reply_is_delivered():
    work = Counter(seconds=3.0)
    session, _wire = opened(work, timeout_s=1.0)
    with pytest.raises(DeadlineExceeded):
        list(session.execute(numbers(5)))
    work.seconds = 0.0
    assert words_of(session.execute(numbers(5, start=100))) == list(range(100, 105))
    assert 3 not in work.done  # the new epoch dropped what was queued


def test_lost_wire_is_a_typed_error_at_once_and_ever_after():
    session, wire = opened()
    replies = session.execute(numbers(1000))
    next(replies)
    wire.alive = False
    with pytest.raises(BoardLost):
        list(replies)
    with pytest.raises(BoardLost):
        session.call(Opcode.PING, b"", 1)
    with pytest.raises(BoardLost):
        session.safe()


def test_reset_board_is_noticed_and_what_is_in_doubt_is_named():
    session, wire = opened(Counter(seconds=0.01))
    replies = session.execute(numbers(100))
    next(replies)
    wire.peer.power_up()
    with pytest.raises(BoardReset) as caught:
        list(replies)
    assert caught.value.in_doubt[0].startswith("PULSE (request ")
    with pytest.raises(BoardReset):
        session.call(Opcode.PING, b"", 1)
    session.hello()
    assert session.call(Opcode.PING, pack_words(4), 1).payload == pack_words(4)


def test_another_power_up_found_by_reopening_is_a_reset():
    session, wire = opened(Counter(seconds=3.0), timeout_s=1.0)
    with pytest.raises(DeadlineExceeded):
        list(session.execute(numbers(2)))
    wire.peer.power_up()
    with pytest.raises(BoardReset, match="powered up"):
        session.call(Opcode.PING, b"", 1)


def test_late_naks_of_an_older_epoch_are_not_believed():
    session, wire = opened()
    epoch, number = session._engine.epoch ^ 1, session._engine._probe_number + 100
    for late in range(3):
        sequence = (number + late) & 0xFFFF
        wire._send_frame(Frame(Opcode.NAK, sequence, epoch, status=Status.NO_EPOCH, reply=True, urgent=True))
    assert words_of(session.execute(numbers(50))) == list(range(50))


def test_a_reply_of_an_older_epoch_is_dropped():
    session, wire = opened()
    wire._send_frame(Frame(Opcode.PULSE, 0, session._engine.epoch ^ 1, pack_words(999), reply=True))
    assert words_of(session.execute(numbers(5))) == list(range(5))
    assert session.stats.stale == 1


def test_a_lost_reply_comes_from_the_ring_not_from_a_second_execution():
    work = Counter()
    session, wire = opened(work)
    lost, send = [], wire._send_frame

    def lose_first(frame):
        if not frame.urgent and frame.sequence == 2 and not lost:
            lost.append(frame)
        else:
            send(frame)

    wire._send_frame = lose_first
    assert words_of(session.execute(numbers(6))) == list(range(6))
    assert (len(lost), session.stats.retries) == (1, 1)
    assert work.done == list(range(6))
    assert wire.now_s() < 0.02  # a later reply showed the loss: no silence had to pass


def test_a_lost_request_is_sent_again_at_the_nak():
    work = Counter()
    session, wire = opened(work)
    write = wire.write
    wire.write = lambda data: write(data) if len(wire.written) != 5 else wire.written.append(data)
    assert words_of(session.execute(numbers(6))) == list(range(6))
    assert (session.stats.naks, session.stats.retries) == (1, 3)
    assert work.done == list(range(6))
    assert wire.now_s() < 0.02


def test_a_reply_that_waits_for_an_earlier_one_is_taken_once():
    window = Outstanding(1000, 1000)
    for number in range(3):
        window.add(Pending(number, Opcode.PING, b"", 0, 20, 20, Job()))
    late = Frame(Opcode.PING, 2, 1, reply=True)
    assert [window.take(late), window.take(late)] == [True, False]
    assert window.fits(960, 0)
    assert not window.fits(961, 0)
    assert window.base == 0


def test_a_consumer_that_stops_leaves_no_reply_for_the_next_call():
    session, _ = opened(Counter(seconds=0.001))
    for reply in session.execute(numbers(1000)):
        if word(reply.payload) == 3:
            break
    assert words_of(session.execute(numbers(20, start=5000))) == list(range(5000, 5020))


def test_an_error_in_the_requests_leaves_the_session_usable():
    def broken():
        yield from numbers(3)
        raise RuntimeError("no more")

    session, _ = opened()
    with pytest.raises(RuntimeError, match="no more"):
        list(session.execute(broken()))
    assert words_of(session.execute(numbers(3, start=7))) == [7, 8, 9]


def test_two_streams_in_one_thread_each_get_their_own():
    session, _ = opened(Counter(seconds=0.0005))
    pairs = list(zip(session.execute(numbers(300)), session.execute(numbers(300, start=1000)), strict=True))
    assert [word(a.payload) for a, _ in pairs] == list(range(300))
    assert [word(b.payload) for _, b in pairs] == list(range(1000, 1300))


def test_threads_take_turns():
    session, _ = opened()
    got = {}

    def work(start):
        got[start] = words_of(session.execute(numbers(400, start=start)))

    threads = [threading.Thread(target=work, args=(1000 * k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert got == {1000 * k: list(range(1000 * k, 1000 * k + 400)) for k in range(4)}


def test_interrupt_in_the_middle_leaves_the_session_usable():
    session, wire = opened(Counter(seconds=0.01))
    reads = itertools.count()

    def interrupt():
        if next(reads) == 5:
            raise KeyboardInterrupt

    wire.on_read = interrupt
    with pytest.raises(KeyboardInterrupt):
        list(session.execute(numbers(100)))
    assert words_of(session.execute(numbers(10, start=50))) == list(range(50, 60))


def test_a_latch_survives_the_epoch_that_an_interrupt_costs():
    session, wire = opened()
    session.safe()
    session._spoiled = True
    session.call(Opcode.PING, pack_words(1), 1)
    session.call(Opcode.PING, pack_words(1), 1)
    assert wire.peer.latched
    assert session.state & LATCHED


def test_safe_is_confirmed_before_it_returns():
    session, wire = opened()
    session.safe()
    assert (wire.peer.safe_count, wire.peer.latched) == (1, True)


def test_safe_before_hello_does_nothing():
    wire = PeerWire(Peer(echo))
    Session(wire, timeout_s=1.0).safe()
    assert wire.written == []


def test_a_lost_safe_is_sent_again():
    session, wire = opened()
    wire.faults.drop = 1.0
    reads = itertools.count()

    def heal():
        wire.faults.drop = 1.0 if next(reads) < 30 else 0.0

    wire.on_read = heal
    session.safe()
    assert wire.peer.latched


def test_safe_without_an_answer_is_a_typed_error():
    session, wire = opened(timeout_s=1.0)
    wire.faults.drop = 1.0
    with pytest.raises(DeadlineExceeded, match="SAFE"):
        session.safe()


def test_safe_from_a_handler_inside_a_waiting_call_stops_what_is_queued():
    work = Counter(seconds=0.01)
    session, wire = opened(work)
    reads = itertools.count()
    wire.on_read = lambda: session.safe() if next(reads) == 20 else None
    replies = list(session.execute(numbers(300)))
    assert wire.peer.safe_count == 1
    statuses = [reply.status for reply in replies]
    assert statuses.count(Status.ABORTED) > 10
    assert len(work.done) == statuses.count(Status.OK)


def test_safe_from_another_thread_interrupts_a_waiting_call():
    session, wire = opened(Counter(seconds=0.5), timeout_s=1e6)
    started = threading.Event()
    wire.on_read = lambda: (started.set(), time.sleep(0.001))
    got = []
    thread = threading.Thread(target=lambda: got.extend(session.execute(numbers(100))))
    thread.start()
    assert started.wait(5)
    session.safe(timeout_s=10.0)
    assert wire.peer.latched
    thread.join(timeout=30)
    assert [r.status for r in got].count(Status.ABORTED) > 0


def test_a_call_from_inside_a_waiting_call_is_refused():
    session, wire = opened(Counter(seconds=0.1))
    wire.on_read = lambda: session.call(Opcode.PING, b"", 1)
    with pytest.raises(OhmloopError, match="only safe"):
        list(session.execute(numbers(3)))


def test_a_request_that_the_board_cannot_take_is_refused_before_it_is_sent():
    session, wire = opened()
    before = len(wire.written)
    with pytest.raises(LimitError) as caught:
        session.call(Opcode.PING, bytes(4100), 3)
    assert (caught.value.value, caught.value.limit, caught.value.unit) == (4100, 4096, "byte")
    assert len(wire.written) == before
    assert session.call(Opcode.PING, bytes(4096), 1024).payload == bytes(4096)


def test_refusals_are_the_callers():
    session, _ = opened(lambda opcode, payload: (Status.NOT_ARMED, pack_words(0, 0, 0), 0.0))
    assert session.call(Opcode.PULSE, b"", 3).status == Status.NOT_ARMED


def test_after_losses_fewer_requests_are_out_at_a_time():
    session, _ = opened(Counter(), faults=Faults(drop=0.02), seed=1)
    list(session.execute(numbers(3000)))
    assert session.stats.retries < 3 * 3000


def test_long_stream_uses_95_percent_of_the_wires_bytes():
    def answer(opcode, payload):
        return Status.OK, bytes(range(1, 241)) * 17, 0.0

    session, _ = opened(answer, packet=False)
    session.stats.__init__()
    list(session.execute((Opcode.PING, bytes([7]) * 4080, 1020) for _ in range(200)))
    assert session.stats.efficiency >= 0.95


def test_statistics_count_what_was_carried():
    session, wire = opened(packet=False)
    list(session.execute(numbers(100)))
    stats = session.stats
    assert stats.line_bytes_sent == sum(len(data) for data in wire.written)
    assert stats.payload_bytes_received >= 400
    assert (stats.retries, stats.crc_errors, stats.naks, stats.duplicates) == (0, 0, 0, 0)
    assert 0 < stats.efficiency < 1


def test_execution_time_is_the_boards_own_count():
    session, _ = opened(lambda opcode, payload: (Status.OK, pack_words(60_000, 0), 0.0))
    list(session.execute([(Opcode.MAC, b"", 3), (Opcode.PING, b"", 3)]))
    assert session.stats.execute_s == pytest.approx(0.001)


def test_closed_session_says_so():
    session, _ = opened()
    session.close()
    with pytest.raises(BoardLost, match="closed"):
        session.call(Opcode.PING, b"", 1)


def test_acknowledge_frees_every_reply_but_the_last_window():
    session, wire = opened()
    list(session.execute(numbers(1000)))
    session.call(Opcode.PING, pack_words(1), 1)
    assert len(wire.peer.ring) == 1
    assert decode(wire.written[-1]).acknowledge == 1000

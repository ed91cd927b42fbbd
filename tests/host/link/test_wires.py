# SPDX-License-Identifier: BSD-3-Clause
import json
import signal
import socket
import subprocess
import sys
import time

import pytest
from peer import Peer, echo, word
from served import on_pty, on_tcp

from ohmloop._map import BAUD, Opcode, Status
from ohmloop.errors import BoardBusy, BoardLost, DeadlineExceeded, OhmloopError, ReplayMismatch, UrlError
from ohmloop.link.frames import Frame, StreamDecoder, decode, stuff
from ohmloop.link.messages import pack_words
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, WireUrl, open_wire

HOLDER = """
import sys, time
from ohmloop.link.wires import WireContext, open_wire
wire = open_wire(sys.argv[1], WireContext())
print("open", flush=True)
sys.stdin.read()
"""


def session_at(url, timeout_s=3.0):
    session = Session(open_wire(url, WireContext()), timeout_s=timeout_s)
    session.hello()
    return session


def pings(count, words=1):
    return ((Opcode.PING, pack_words(k) * words, words) for k in range(count))


def numbers_of(session, count, words=1):
    return [word(reply.payload) for reply in session.execute(pings(count, words))]


# URLs


def test_url_is_taken_apart():
    url = WireUrl.parse("serial:///dev/ttyUSB0?baud=115200&x=a%20b")
    assert (url.scheme, url.address, dict(url.options)) == (
        "serial",
        "/dev/ttyUSB0",
        {"baud": "115200", "x": "a b"},
    )


def test_via_takes_a_whole_url():
    url = WireUrl.parse("record://a.jsonl?via=serial:///dev/ttyUSB0?baud=9600&x=1")
    assert url.options == {"via": "serial:///dev/ttyUSB0?baud=9600&x=1"}


@pytest.mark.parametrize(
    "url",
    [
        "/dev/ttyUSB0",
        "://x",
        "gpib://7",
        "serial://",
        "serial:///dev/ttyUSB0?baud=1",
        "serial:///dev/ttyUSB0?baud=fast",
        "serial:///dev/ttyUSB0?bauds=9600",
        "serial://nonsense://x",
        "tcp://localhost",
        "tcp://:5000",
        "tcp://localhost:70000",
        "tcp://localhost:5000?x=1",
        "record://file",
        "record://?via=twin://",
        "replay://",
    ],
)
def test_url_that_cannot_be_is_refused(url):
    with pytest.raises(UrlError) as caught:
        open_wire(url, WireContext())
    assert url in str(caught.value)


def test_replay_of_nothing_is_refused(tmp_path):
    with pytest.raises(OhmloopError, match="cannot be read"):
        open_wire(f"replay://{tmp_path}/none.jsonl", WireContext())


# Serial


def test_serial_carries_a_session_over_a_pseudo_terminal():
    with on_pty() as (url, _):
        session = session_at(f"{url}?baud=12000000")
        assert numbers_of(session, 500, words=100) == list(range(500))
        assert session.stats.retries == 0
        session.close()


def test_serial_knows_its_byte_rate():
    with on_pty() as (url, _):
        wire = open_wire(url, WireContext())
        assert wire.rate == BAUD / 10
        wire.close()


def test_safe_in_a_signal_handler_interrupts_a_waiting_call():
    peer = Peer(lambda o, p: (0, p, 0.3))
    with on_pty(peer) as (url, _):
        session = session_at(url, timeout_s=10.0)
        taken_s = []
        before = signal.signal(signal.SIGALRM, lambda *_: (session.safe(), taken_s.append(time.monotonic())))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            statuses = [reply.status for reply in session.execute(pings(20))]
        finally:
            signal.signal(signal.SIGALRM, before)
        assert peer.safe_count == 1
        assert statuses.count(Status.ABORTED) >= 15
        assert len(taken_s) == 1
        session.close()


def test_port_that_is_not_there_is_board_lost():
    with pytest.raises(BoardLost, match="No such file"):
        open_wire("serial:///dev/ttyNone9", WireContext())


@pytest.mark.parametrize(
    ("place", "told"),
    [("/dev/null", "this is no serial port"), ("/tmp", "Is a directory"), ("/dev/ttyNone9", "ports here: ")],
)
def test_what_is_no_port_is_told_in_plain_words(place, told):
    with pytest.raises(BoardLost) as caught:
        open_wire(f"serial://{place}", WireContext())
    assert str(caught.value).startswith(f"serial://{place}: ") and told in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_second_opening_in_this_process_is_refused():
    with on_pty() as (url, _):
        first = open_wire(url, WireContext())
        with pytest.raises(BoardBusy, match="another process"):
            open_wire(url, WireContext())
        first.close()
        open_wire(url, WireContext()).close()


def test_second_process_is_refused_while_the_first_has_the_port():
    with on_pty() as (url, _):
        command = [sys.executable, "-c", HOLDER, url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout.readline() == b"open\n"
            with pytest.raises(BoardBusy):
                open_wire(url, WireContext())
            holder.communicate(timeout=10)
        open_wire(url, WireContext()).close()


def test_unplugged_serial_port_is_board_lost_within_the_deadline():
    with on_pty(Peer(lambda o, p: (0, p, 1000.0))) as (url, unplug):
        session = session_at(url, timeout_s=20.0)
        replies = session.execute(pings(3))
        next(replies)
        unplug()
        begin = time.monotonic()
        with pytest.raises(BoardLost):
            list(replies)
        assert time.monotonic() - begin < 2.0
        session.close()


def test_pyserials_own_urls_work_too():
    with on_tcp() as (url, _):
        session = session_at(url.replace("tcp://", "serial://socket://"))
        assert numbers_of(session, 50) == list(range(50))
        session.close()


def test_loop_is_an_echo_and_moves_bytes():
    wire = open_wire("serial://loop://", WireContext())
    assert wire.read(0.0) == b""
    line = stuff(Frame(Opcode.PING, 0, 1, bytes(400)).encode())
    wire.write(line)
    got = b""
    for _ in range(10):
        got += wire.read(0.1)
    assert got == line
    wire.close()


# TCP


def test_tcp_carries_a_session():
    with on_tcp() as (url, _):
        session = session_at(url)
        assert numbers_of(session, 500, words=200) == list(range(500))
        session.close()


def test_nobody_listening_is_board_lost():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(BoardLost, match="no board listens"):
        open_wire(f"tcp://127.0.0.1:{port}", WireContext())


def test_hung_up_socket_is_board_lost_within_the_deadline():
    with on_tcp(Peer(lambda o, p: (0, p, 1000.0))) as (url, hang_up):
        session = session_at(url, timeout_s=20.0)
        replies = session.execute(pings(3))
        next(replies)
        hang_up()
        begin = time.monotonic()
        with pytest.raises(BoardLost):
            list(replies)
        assert time.monotonic() - begin < 2.0
        session.close()


def test_wire_reads_while_it_writes():
    with on_pty() as (url, _):
        wire = open_wire(url, WireContext())
        session = Session(wire, timeout_s=5.0)
        epoch = session.hello().epoch
        line = stuff(Frame(Opcode.HEARTBEAT, 1, epoch, urgent=True).encode())
        wire.write(line * 10_000)  # 200 kB of questions through 4 kB of buffer; as much comes back
        got, end_s = 0, time.monotonic() + 20
        while got < 10_000 * len(line) and time.monotonic() < end_s:
            got += len(wire.read(0.1))
        assert got >= 10_000 * len(line)
        wire.close()


def test_closed_wire_says_so():
    with on_tcp() as (url, _):
        wire = open_wire(url, WireContext())
        wire.close()
        wire.close()
        with pytest.raises(BoardLost, match="closed"):
            wire.write(b"x")
        with pytest.raises(BoardLost, match="closed"):
            wire.read(0.0)


# Recordings


@pytest.fixture
def recording(tmp_path):
    """A recording of a session over TCP: HELLO, 40 PINGs, SAFE."""
    file = tmp_path / "session.jsonl"
    with on_tcp() as (url, _):
        session = session_at(f"record://{file}?via={url}")
        assert numbers_of(session, 40, words=3) == list(range(40))
        session.safe()
        session.close()
    return file


def test_recording_is_json_lines_with_times(recording):
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    assert (lines[0]["format"], lines[0]["packet"]) == ("ohmloop-recording", False)
    times = [line["t"] for line in lines[1:]]
    assert times == sorted(times)
    assert {line["d"] for line in lines[1:]} == {">", "<"}
    assert all(bytes.fromhex(line["hex"]) for line in lines[1:])


def test_replay_answers_as_the_board_did(recording):
    session = session_at(f"replay://{recording}")
    assert session.wire.origin == "replay of emulated"
    assert numbers_of(session, 40, words=3) == list(range(40))


def test_replay_confirms_urgent_frames_whenever_they_come(recording):
    session = session_at(f"replay://{recording}")
    session.safe()
    replies = session.execute(pings(40, 3))
    next(replies)
    session.safe()
    assert len(list(replies)) == 39


def test_replay_names_the_first_difference(recording):
    session = session_at(f"replay://{recording}")
    payload = pack_words(0, 0, 5)
    with pytest.raises(
        ReplayMismatch, match=r"request 0 \(PING\).*payload word 2: 0x00000005 asked"
    ) as caught:
        session.call(Opcode.PING, payload, 3)
    assert (caught.value.value, caught.value.limit) == ("0x00000005", "0x00000000")


@pytest.mark.parametrize(
    ("opcode", "payload", "told"),
    [
        (Opcode.DISARM, pack_words(0, 0, 0), "opcode: DISARM asked, PING recorded"),
        (Opcode.PING, pack_words(0), "payload words: 1 asked, 3 recorded"),
    ],
)
def test_replay_refuses_another_request(recording, opcode, payload, told):
    with pytest.raises(ReplayMismatch, match=told):
        session_at(f"replay://{recording}").call(opcode, payload, 3)


def test_replay_says_where_the_recording_ends(recording):
    session = session_at(f"replay://{recording}")
    numbers_of(session, 40, words=3)
    with pytest.raises(ReplayMismatch, match="request 40, the recording ends"):
        session.call(Opcode.PING, b"", 3)
    with pytest.raises(ReplayMismatch, match="HELLO 2 asked"):
        session.hello()


def test_replay_keeps_the_recorded_clock(recording):
    times = [json.loads(line)["t"] for line in recording.read_text().splitlines()[1:]]
    session = session_at(f"replay://{recording}")
    numbers_of(session, 40, words=3)
    assert times[0] <= session.wire.now_s() <= times[-1]


def test_recording_cut_off_in_the_middle_of_a_line_still_replays(recording):
    text = recording.read_text()
    recording.write_text(text[: len(text) - 10])
    assert numbers_of(session_at(f"replay://{recording}"), 40, words=3) == list(range(40))


def test_request_without_a_recorded_reply_is_a_deadline(recording):
    lines = recording.read_text().splitlines(keepends=True)
    decoder = StreamDecoder()  # SAFE may be answered in a read of its own before HELLO is
    hello = next(
        i
        for i, line in enumerate(lines)
        if '"d":"<"' in line
        and any(
            decode(frame).opcode == Opcode.HELLO
            for frame in decoder.feed(bytes.fromhex(json.loads(line)["hex"]))
        )
    )
    asked = [line for line in lines[hello + 1 :] if '"d":">"' in line]
    recording.write_text("".join(lines[: hello + 1] + asked))
    session = session_at(f"replay://{recording}", timeout_s=2.0)
    with pytest.raises(DeadlineExceeded):
        numbers_of(session, 40, words=3)


def test_recording_is_never_overwritten(recording):
    before = recording.read_bytes()
    with on_tcp() as (url, _), pytest.raises(UrlError, match="new recording"):
        open_wire(f"record://{recording}?via={url}", WireContext())
    assert recording.read_bytes() == before


@pytest.mark.parametrize(
    "text", ["", "{}\n", "no json\n{}\n", '{"format":"ohmloop-recording","version":2}\n']
)
def test_file_that_is_no_recording_is_refused(tmp_path, text):
    file = tmp_path / "x.jsonl"
    file.write_text(text)
    with pytest.raises(OhmloopError, match=r"x\.jsonl"):
        open_wire(f"replay://{file}", WireContext())


def test_recording_through_faults_replays_clean(tmp_path):
    from peer import Faults, PeerWire

    from ohmloop.link.wires.record import RecordWire

    file = tmp_path / "faulty.jsonl"
    faults = Faults(drop=0.02, duplicate=0.02, corrupt=0.02, truncate=0.02)
    inner = PeerWire(Peer(echo), packet=False, faults=faults, seed=2)
    session = Session(RecordWire("record://", inner, file.open("x")), timeout_s=9.0)
    session.hello()
    first = numbers_of(session, 400)
    session.close()
    assert session.stats.retries > 0
    replayed = session_at(f"replay://{file}")
    assert numbers_of(replayed, 400) == first
    assert replayed.stats.retries == 0

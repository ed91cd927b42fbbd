# SPDX-License-Identifier: BSD-3-Clause
import json
from contextlib import closing
from dataclasses import replace

import broken_bench as bench
import pytest
from typer.testing import CliRunner

from ohmloop._map import Opcode, Register, Status
from ohmloop.cli import conformance as command
from ohmloop.cli.app import app
from ohmloop.conformance import LAST, Permission, Verdict, faults, rules, wrap
from ohmloop.conformance.peer import Peer
from ohmloop.conformance.rules import Trial
from ohmloop.conformance.verdicts import Broken
from ohmloop.errors import BoardLost, LimitError
from ohmloop.link.messages import unpack_words
from ohmloop.link.wires import WireContext, open_wire

ENDS_FIRST = {
    "SAFE in an operation: ABORTED, and how far it was",
    "SAFE in a train of pulses: ABORTED tells those given",
}
"""On the twin a request ends in the instant in which it comes."""
WRAP = "numbers begin again after 2^16: in order, each once"
SOAK = "frames lost, repeated, damaged, cut: each"


@pytest.fixture(autouse=True)
def _short_storms(monkeypatch, request):
    """Storms of faults, and 2^16 numbers, take most of a table's time: where they are what is looked at."""
    monkeypatch.setattr(wrap, "LONGEST_S", 0)
    if "keeps_every_rule" not in request.node.name:
        monkeypatch.setattr(faults, "REQUESTS", 40)
        monkeypatch.setattr(faults, "PULSES", 40)


def test_the_twin_keeps_every_rule(monkeypatch):
    monkeypatch.setattr(wrap, "LONGEST_S", 60)
    report, _ = bench.report_of()
    assert bench.rows(report, "fail") == set()
    assert bench.rows(report, "skipped") == ENDS_FIRST
    assert [row.rule for row in report.rows] == [*(rule.name for rule in rules()), LAST]
    assert all(row.detail for row in report.rows)
    assert len({row.rule for row in report.rows}) == len(report.rows) > 50


@pytest.mark.parametrize(
    "geometry",
    ["rows=2&columns=8&lanes=8&payload=256", "rows=128&columns=16&lanes=16&macros=3&payload=1024"],
)
def test_a_board_of_another_geometry_keeps_every_rule(monkeypatch, geometry):
    monkeypatch.setattr(bench, "URL", f"twin://?{geometry}")
    report, _ = bench.report_of()
    assert bench.rows(report, "fail") == set()
    assert bench.rows(report, "skipped") == ENDS_FIRST | {WRAP}


def test_times_are_those_of_the_boards_own_clock(monkeypatch):
    monkeypatch.setattr(bench, "URL", f"{bench.URL}&clk_hz=24000000")
    report, wire = bench.report_of()
    assert bench.rows(report, "fail") == set()
    units = {unpack_words(one.payload)[4] for one in wire.asked if one.opcode == Opcode.ARM}
    assert 24_000_000 // 1024 in units and 60_000_000 // 1024 not in units
    writes = [unpack_words(one.payload) for one in wire.asked if one.opcode == Opcode.REG_WRITE]
    assert (Register.WATCHDOG_CYCLES, 240_000) in writes


@pytest.mark.parametrize(
    "broken, told",
    [
        (bench.numbers_end, "request 65528: urgent GAP"),
        (bench.forgets_what_it_kept, "request 65528: no answer"),
        (bench.counts_a_repetition, "35 requests counted, 18 expected"),
        (bench.same, ""),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_twin_that_is_broken_where_numbers_begin_again_is_found(monkeypatch, broken, told):
    broken(monkeypatch.setattr)
    bench.begins_late(monkeypatch.setattr)
    with closing(open_wire(bench.URL, WireContext("tmp"))) as wire:
        peer = Peer(wire, 0.02)
        trial = Trial(peer, peer.open(), Permission(), True)
        peer.sequence = bench.LATE
        (rule,) = wrap.rules()
        if not told:
            assert rule.run(trial) == "16 requests across, each repeated"
            return
        with pytest.raises(Broken, match=told):
            rule.run(trial)


def test_what_would_take_too_long_is_skipped_and_says_so():
    report, _ = bench.report_of()
    (row,) = (row for row in report.rows if row.rule == WRAP)
    assert row.verdict == Verdict.SKIPPED and row.detail.endswith("s here; --long")


@pytest.mark.parametrize(
    "broken, red",
    [
        (
            bench.executes_again,
            {
                "vector: an acknowledged request that comes again is ignored",
                "a repeated request: executed once, answered again",
                "a repeated PULSE: given once",
                f"{SOAK} pulse once",
            },
        ),
        (
            bench.counts_a_repetition,
            {"a repeated request: executed once, answered again", f"{SOAK} request once"},
        ),
        (
            bench.fills_gaps,
            {
                "vector: one NAK a gap, then all goes on",
                "a request beyond a gap: not executed",
                f"{SOAK} request once",
                f"{SOAK} pulse once",
            },
        ),
        (
            bench.tells_a_gap_twice,
            {
                "vector: one NAK a gap, then all goes on",
                "vector: a corrupt frame is a gap",
                "vectors: what is no frame",
                "a request beyond a gap: not executed",
                "a corrupt request: not executed",
            },
        ),
        (
            bench.any_epoch,
            {
                "vector: frames of another epoch are refused, never executed",
                "a request of another epoch: not executed",
            },
        ),
        (
            bench.deaf_to_safe,
            {
                "SAFE: disarmed and latched until released",
                "CONTROL.SAFE does what SAFE does",
                "watchdog: silence while armed makes safe",
            },
        ),
        (bench.keeps_the_queue, {"SAFE: waiting requests answer ABORTED, in order"}),
        (
            bench.drops_what_must_wait,
            {"no room for a reply: the request waits", "SAFE: waiting requests answer ABORTED, in order"},
        ),
        (bench.sleeping_watchdog, {"watchdog: silence while armed makes safe"}),
        (bench.nervous_watchdog, {"watchdog: silence while disarmed does nothing"}),
        (bench.forgets_registers, {"a new epoch: disarmed, released, registers kept"}),
        (bench.open_lock, {"locked limits: only lowered"}),
        (bench.no_ceiling, {"a limit above the ceiling: refused", "locked limits: only lowered"}),
        (bench.reads_at_any_voltage, {"a reading above its limit: refused"}),
        (
            bench.counts_no_budget,
            {"pulses beyond the token's count: refused", "PULSE counts cells x pulses"},
        ),
        (bench.looks_at_no_window, {"a pulse outside the token's window: refused"}),
        (bench.no_time_limit, {"an operation past its time: OPERATION_TIMEOUT"}),
        (bench.eternal_token, {"a token whose time is over: refused"}),
        (bench.takes_large_frames, {"a payload above max_payload: a gap"}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_twin_that_breaks_one_rule_turns_its_rows_red(monkeypatch, broken, red):
    broken(monkeypatch.setattr)
    report, _ = bench.report_of()
    assert bench.rows(report, "fail") == red


@pytest.mark.parametrize(
    "reply, red",
    [
        (bench.changed_pings, {"all credits used: nothing dropped"}),
        (bench.another_chip, {"identity"}),
        (bench.place_of_refusals, {"vectors: refusals of MAC"}),
        (bench.telemetry_counts_twice, {"TELEMETRY: counters, then sensors"}),
        (bench.cells_change, {"vectors: well-formed requests"}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_wire_that_breaks_one_rule_turns_its_row_red(reply, red):
    report, _ = bench.report_of(reply=reply)
    assert bench.rows(report, "fail") == red


@pytest.mark.parametrize(
    "status, red",
    [
        (Status.OVER_VOLTAGE_LIMIT, "a pulse above its limits: refused"),
        (Status.OVER_GATE_LIMIT, "a pulse above its limits: refused"),
        (Status.OVER_WIDTH_LIMIT, "a pulse above its limits: refused"),
        (Status.OVER_TOKEN_VOLTAGE, "a pulse above the token's voltage: refused"),
        (Status.OPERATION_NOT_ARMED, "a pulse that the token does not name: refused"),
        (Status.LIMITS_MISMATCH, "DISARM withdraws the permission"),
        (Status.UNKNOWN_OPCODE, "reserved opcodes"),
    ],
)
def test_a_refusal_told_as_done_turns_its_row_red(status, red):
    def told_as_done(frame):
        return replace(frame, status=0) if frame.status == status and not frame.urgent else frame

    report, _ = bench.report_of(reply=told_as_done)
    assert bench.rows(report, "fail") == {red}


def test_replies_out_of_order_are_found():
    held = []

    def swapped(frame):
        """Two replies of PING that came in a row change their places."""
        if frame.opcode != Opcode.PING or frame.urgent or frame.sequence not in (4, 5):
            return frame
        held.append(frame)
        return held.pop(0) if len(held) == 2 and frame.sequence == 5 else None

    report, _ = bench.report_of(reply=swapped)
    assert "replies in order" in bench.rows(report, "fail")


def test_on_a_chip_nothing_is_driven():
    report, wire = bench.report_of(reply=bench.as_a_chip)
    assert bench.rows(report, "fail") == {"reserved opcodes"}  # the twin below does know CELL_LOAD
    assert Opcode.FIRMWARE not in {frame.opcode for frame in wire.asked}
    skipped = bench.rows(report, "skipped")
    assert {"a repeated PULSE: given once", "pulses beyond the token's count: refused"} <= skipped
    assert {f"vectors: refusals of {name}" for name in ("PULSE", "SWEEP", "PROGRAM")} <= skipped
    words = {
        opcode: [unpack_words(frame.payload) for frame in wire.asked if frame.opcode == opcode]
        for opcode in (Opcode.PULSE, Opcode.ARM, Opcode.SWEEP, Opcode.PROGRAM)
    }
    drives = {(one[1] & 0xFFFF, one[1] >> 16, one[2]) for one in words[Opcode.PULSE]}
    assert drives == {(1, 0, 1), (0, 1, 1), (0, 0, 1)}  # voltage, gate, width
    assert not words[Opcode.SWEEP] and not words[Opcode.PROGRAM]
    assert {one[3] for one in words[Opcode.ARM]} == {0, 40_000}  # for 0 V; the vector's, while latched
    report, _ = bench.report_of(reply=bench.as_a_chip, empty=True)
    assert not {f"vectors: refusals of {name}" for name in ("PULSE", "SWEEP", "PROGRAM")} & bench.rows(
        report, "skipped"
    )


def test_a_chip_is_pulsed_with_leave_and_only_where_it_was_given():
    report, _ = bench.report_of(reply=bench.as_a_chip, rows=bench.Axis(2, 3), columns=bench.Axis(5, 2))
    assert bench.rows(report, "fail") == {"reserved opcodes"}
    passed = {row.rule: row.detail for row in report.rows if row.verdict == Verdict.PASS}
    assert passed["a repeated PULSE: given once"] == "four frames, 6 cell pulses"
    assert passed[f"{SOAK} pulse once"].startswith("40 requests, 240 cell pulses")


def test_limits_of_a_board_that_outlives_the_test_are_not_locked():
    report, _ = bench.report_of(url="tcp://elsewhere")
    locked = next(row for row in report.rows if row.rule == "locked limits: only lowered")
    assert locked.verdict == Verdict.SKIPPED and "--lock" in locked.detail
    report, _ = bench.report_of(url="tcp://elsewhere", lock=True)
    assert next(row for row in report.rows if row.rule == locked.rule).verdict == Verdict.PASS


def test_a_lost_board_ends_the_table():
    def gone(frame):
        if frame.opcode == Opcode.TELEMETRY:
            raise BoardLost("unplugged", where="test")
        return frame

    report, _ = bench.report_of(request=gone)
    assert len(bench.rows(report, "fail")) == 1
    assert {row.detail for row in report.rows[-20:]} == {"the board is lost"}


def test_the_command_prints_a_table_and_tells_by_its_exit_code(monkeypatch, tmp_path):
    file = tmp_path / "report.json"
    shown = CliRunner().invoke(app, ["conformance", bench.URL, "--json", str(file)])
    assert shown.exit_code == 0, shown.output
    held = json.loads(file.read_text())
    assert held["format"] == "ohmloop-conformance-1"
    assert held["counts"] == {"pass": len(held["rows"]) - 3, "fail": 0, "skipped": 3}
    assert held["board"]["macros"] == [[64, 64]]
    for row in held["rows"]:
        assert row["rule"] in shown.output and row["section"] in shown.output
    kept = command.open_wire
    monkeypatch.setattr(
        command, "open_wire", lambda *a: bench.ChangedWire(kept(*a), bench.same, bench.another_chip)
    )
    broken = CliRunner().invoke(app, ["conformance", bench.URL])
    assert broken.exit_code == 1
    assert "1 fail" in broken.output


@pytest.mark.parametrize("cells", ["4", "0:4", "0:4,4:4", "a:b,0:1", "3:1,0:1"])
def test_cells_that_are_none_are_refused(cells):
    refused = CliRunner().invoke(app, ["conformance", bench.URL, "--pulses", cells])
    assert isinstance(refused.exception, LimitError)

# SPDX-License-Identifier: BSD-3-Clause
"""The verilated board that only reads: what it is, refuses and computes, and how it is stopped."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from boards import Peer, opened, peers

import ohmloop
from ohmloop._map import Opcode, Register, Status
from ohmloop.cli.selftest import outcomes
from ohmloop.conformance import Permission, Report, Verdict, examine, wrap
from ohmloop.errors import ReadOnlyBoard
from ohmloop.link.frames import Frame
from ohmloop.link.messages import (
    ABSENT_IF_READ_ONLY,
    Axis,
    CellRequest,
    VectorRequest,
    pack_inputs,
    unpack_words,
)
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.profile import load_profile

READER = "read_only=1&rows=32&columns=32&lanes=8&payload=4096"  # as test_same_integers has it: one build
SIM = f"sim://?{READER}"
PROFILE = "rram-130nm-front-end"
LINES = 32


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))


def cells(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1024, (LINES, LINES))


def product(profile: str, *, count: int = 3, averages_log2: int = 0) -> VectorRequest:
    x = np.random.default_rng(2).integers(-15, 16, (count, LINES)).astype(np.int16)
    held = load_profile(profile)
    return VectorRequest(
        Opcode.MAC, 0, Axis(0, LINES), Axis(0, LINES), held.volts_to_dac_codes(held.read_v), 77, bits=4,
        signed=True, count=count, width_bits=32, averages_log2=averages_log2,
        vectors=pack_inputs(x, 4, True).tobytes(),
    )  # fmt: skip


def test_it_says_what_it_is_and_knows_nothing_that_drives() -> None:
    with opened(f"{SIM}&boot=7") as wire:
        peer = Peer(wire)
        told = peer.identity
        assert (told.read_only, told.emulated, told.simulated, told.analog_front_end) == (
            True,
            True,
            True,
            False,
        )
        assert (told.firmware_present, told.firmware_crc, told.macros[0].adc_lanes) == (False, 0, 1)
        for opcode in sorted(ABSENT_IF_READ_ONLY):
            for payload in (b"", bytes(4), bytes(64)):
                reply = peer.call(opcode, payload)
                seen = (reply.status, unpack_words(reply.payload))
                assert seen == (Status.UNKNOWN_OPCODE, (opcode, 0, 0))
        peer.ok(Opcode.DISARM)
        assert peer.read_register(Register.PULSES_SINCE_BOOT) == 0


def test_through_the_host_products_are_exact_and_pulses_never_sent() -> None:
    codes, x = cells(), np.random.default_rng(3).integers(-127, 128, (4, LINES))
    with ohmloop.open(SIM, chip="tmp", profile="ideal") as board:
        macro, window = board.macro, board.macro[:, :]
        macro.load_g_codes(codes, window)
        assert np.array_equal(macro.mac(x, window, bits=7).adc_codes, x @ codes)
        assert np.array_equal(macro.read_adc_codes(window, range=0).adc_codes, codes)
        with pytest.raises(ReadOnlyBoard):
            macro.form(window, voltage_v=3.4, gate_v=1.5, width_s=1e-5)


def test_cells_and_their_sums_outlive_power() -> None:
    """The sums behind read noise are restored too: the same noise comes of the same cells."""
    read, request = [], product(PROFILE)
    for url in (SIM, SIM, f"twin://?{READER}"):
        with opened(url, chip="reader", profile=PROFILE) as wire:
            peer = Peer(wire)
            peer.load_profile(load_profile(PROFILE))
            peer.set_limits()
            if not read:
                peer.load_cells(cells())
            reply = peer.vector(request)
            assert reply.status == Status.OK
            read.append(reply.payload)
    assert read[0] == read[1] == read[2]


def test_safe_stops_a_reading_and_the_next_one_is_right() -> None:
    long, short = product(PROFILE, count=8, averages_log2=7), product(PROFILE)
    with peers(READER, PROFILE) as (sim, twin):
        for peer in (sim, twin):
            peer.load_profile(load_profile(PROFILE))
            peer.set_limits()
            peer.load_cells(cells())
        for waited in (0, 400, 30_000, 1_000_000):
            number = sim.send(long.opcode, long.encode())
            sim.wire.board.run(waited)
            sim.wire.write(Frame(Opcode.SAFE, 1, sim.epoch, urgent=True).encode())
            assert sim.frame().opcode == Opcode.SAFE
            stopped = sim.reply_to(number)
            started, done, given = unpack_words(stopped.payload)
            assert (stopped.status, given) == (Status.ABORTED, 0) and started <= 1 and done < 8
            for peer in (sim, twin):
                peer.write_registers({Register.CONTROL: 2})
            ours, theirs = sim.vector(short), twin.vector(short)
            assert (ours.status, ours.payload) == (theirs.status, theirs.payload)
            assert ours.status == Status.OK


def test_what_is_past_its_time_ends_alike() -> None:
    every = Axis(0, LINES), Axis(0, LINES)
    whole = product(PROFILE)
    requests = (
        product(PROFILE, count=5),
        product(PROFILE, count=2, averages_log2=2),
        replace(product(PROFILE, count=3), opcode=Opcode.MAC_RAW),
        VectorRequest(Opcode.READ_CELLS, 0, Axis(3, 9, 2), every[1], whole.read_code, 9, width_bits=32),
        CellRequest(0, *every),
        CellRequest(0, Axis(4, 8), every[1], cells(5)[:8].astype(np.uint16)),
    )
    ended = set()
    with peers(READER, PROFILE) as both:
        for peer in both:
            peer.load_profile(load_profile(PROFILE))
            peer.set_limits()
            peer.load_cells(cells())
        for request in requests:
            opcode = getattr(request, "opcode", Opcode.CELL_LOAD)
            opcode = Opcode.CELL_DUMP if request is requests[4] else opcode
            for longest in (3, 700, 1300, 4000, 12_000, 30_000, 1 << 30):
                answers = []
                for peer in both:
                    peer.write_registers({Register.OPERATION_CYCLES: longest})
                    reply = peer.call(opcode, request.encode())
                    peer.write_registers({Register.OPERATION_CYCLES: 1 << 30})
                    answers.append((reply.status, reply.payload, peer.vector(whole).payload))
                assert answers[0] == answers[1], (opcode, longest)
                ended.add((opcode, answers[0][0]))
    assert {status for _, status in ended} == {Status.OK, Status.OPERATION_TIMEOUT}
    assert len(ended) == 2 * 5


def test_every_rule_that_is_for_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrap, "LONGEST_S", 0)  # 2^16 requests are test_conformance_on_sim's
    report = Report(SIM)
    with closing(open_wire(SIM, WireContext("tmp"))) as wire:
        for _ in examine(wire, report, Permission()):
            pass
    left = {row.rule: row.detail for row in report.rows if row.verdict != Verdict.PASS}
    assert all(row.verdict != Verdict.FAIL for row in report.rows) and len(report.rows) > 55
    assert left.pop("numbers begin again after 2^16: in order, each once").endswith("--long")
    assert set(left.values()) == {"the board only reads"} and len(left) == 18


def test_every_check_that_is_for_it_is_green() -> None:
    seen = {outcome.name: outcome.colour for outcome in outcomes(SIM)}
    assert {name for name, colour in seen.items() if colour != "green"} == {"watchdog", "firmware"}
    assert "red" not in seen.values()

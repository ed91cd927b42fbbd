# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board alone: protocol vectors, registers, emergency stop, watchdog, non-volatile cells."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from boards import LIMITS, SMALL, Peer, arm_request, opened

from ohmloop._map import CLK_HZ, RESET_VALUES, Field, Opcode, Pulse, Register, Status
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    Point,
    PulseRequest,
    SweepRequest,
    VectorRequest,
    pack_words,
    unpack_words,
)
from ohmloop.link.wires._sim_library import Probe
from ohmloop.link.wires.sim import SimWire
from ohmloop.profile import load_profile

VECTORS = json.loads((Path(__file__).parents[2] / "docs" / "protocol_vectors.json").read_text())
QUIET_S = 20e-6  # board time in which an answer to a short frame must have come
STOP_LIMIT_S = 100e-6
LATCHED, TRIPPED = 1 << Field.STATE_SAFE_LATCHED, 1 << Field.STATE_WATCHDOG_TRIPPED
CHANGING = {Register.BOOT_ID, Register.CYCLES_LO, Register.FRAMES_RECEIVED, Register.STATE, Register.MAP_HASH}


@pytest.fixture
def wire() -> Iterator[SimWire]:
    with opened(f"sim://?{SMALL}&boot=7") as wire:
        assert isinstance(wire, SimWire)
        yield wire


@pytest.fixture
def peer(wire: SimWire) -> Peer:
    peer = Peer(wire)
    peer.load_profile(load_profile("rrm-40nm-esgnn2023"))
    peer.set_limits()
    return peer


def answers_of(wire: SimWire, packet: bytes) -> list[dict[str, object]]:
    wire.write(packet)
    frames = []
    for _ in range(4):
        data = wire.read(QUIET_S)
        if not data:
            return frames
        frames.append(decode(data))
    raise AssertionError("no end of answers")


@pytest.mark.parametrize("sequence", VECTORS["sequences"], ids=lambda s: s["name"])
def test_the_receiver_follows_the_vectors(wire: SimWire, sequence: dict) -> None:
    for step in sequence["steps"]:
        frames = answers_of(wire, bytes.fromhex(step["send"]))
        seen = []
        for frame, wanted in zip(frames, step["answers"], strict=True):
            fields = {name: getattr(frame, name) for name in wanted}
            seen.append({n: v.hex() if isinstance(v, bytes) else v for n, v in fields.items()})
        assert seen == step["answers"], step


def test_registers_have_their_reset_values(wire: SimWire) -> None:
    peer = Peer(wire)
    wrong = {
        register.name: (peer.read_register(register), RESET_VALUES[register])
        for register in Register
        if register in RESET_VALUES and register not in CHANGING
    }
    assert {name: pair for name, pair in wrong.items() if pair[0] != pair[1]} == {}


def test_the_identity_tells_geometry_and_build(wire: SimWire) -> None:
    identity = Peer(wire).identity
    macro = identity.macros[0]
    assert (macro.rows, macro.columns, macro.lanes, macro.adc_lanes) == (64, 64, 16, 4)
    assert (identity.emulated, identity.simulated, identity.reference_input) == (True, True, True)
    assert (identity.boot_id, identity.max_payload, identity.clk_hz) == (7, 4096, CLK_HZ)
    assert identity.build_hash != 0


# Emergency stop


def running(peer: Peer, opcode: int, payload: bytes, after_cycles: int) -> int:
    """Starts an operation, lets it run, and returns its number."""
    sequence = peer.send(opcode, payload)
    assert peer.wire.read(after_cycles / CLK_HZ) == b"", "it ended before it could be stopped"
    return sequence


def form_everything(peer: Peer) -> PulseRequest:
    macro = peer.identity.macros[0]
    axes = Axis(0, macro.rows), Axis(0, macro.columns)
    return PulseRequest(Pulse.FORM, 0, 50_000, 40_000, 3000, 1, 4, *axes)


def read_everything(peer: Peer) -> VectorRequest:
    macro = peer.identity.macros[0]
    axes = Axis(0, 24), Axis(0, macro.columns)  # what a frame holds
    return VectorRequest(Opcode.READ_CELLS, 0, *axes, 2622, 1, averages_log2=4, width_bits=16)


def stop_latency_s(peer: Peer, changed: Probe) -> float:
    """Sends SAFE and returns the board time from its last word to the last change of an output."""
    board = peer.wire.board
    peer.wire.write(Frame(Opcode.SAFE, 9, peer.epoch, urgent=True).encode())
    frame = peer.frame()
    assert (frame.opcode, frame.urgent) == (Opcode.SAFE, True)
    peer.wire.read(STOP_LIMIT_S)
    return (board.probe(changed) - board.probe(Probe.INPUT_TAKEN)) / CLK_HZ


@pytest.mark.parametrize("after_cycles", [1000, 2000, 3777, 20_011])
def test_safe_ends_a_pulse_at_once(peer: Peer, after_cycles: int) -> None:
    peer.arm()
    running(peer, Opcode.PULSE, form_everything(peer).encode(), after_cycles)
    driving = peer.wire.board.probe(Probe.DRIVE_ACTIVE)
    latency_s = stop_latency_s(peer, Probe.DRIVE_CHANGED)
    assert peer.wire.board.probe(Probe.DRIVE_ACTIVE) == 0
    if driving:
        assert 0 <= latency_s <= 12 / CLK_HZ
    rises = peer.wire.board.probe(Probe.DRIVE_RISES)
    peer.wire.read(0.001)
    assert peer.wire.board.probe(Probe.DRIVE_RISES) == rises


def test_safe_ends_a_read(peer: Peer) -> None:
    running(peer, Opcode.READ_CELLS, read_everything(peer).encode(), 5000)
    assert peer.wire.board.probe(Probe.READ_ACTIVE) == 1
    assert 0 <= stop_latency_s(peer, Probe.READ_CHANGED) <= STOP_LIMIT_S
    assert peer.wire.board.probe(Probe.READ_ACTIVE) == 0


def test_every_queued_request_is_answered_aborted(peer: Peer) -> None:
    peer.arm()
    first = running(peer, Opcode.PULSE, form_everything(peer).encode(), 20_000)
    queued = [peer.send(Opcode.PING, pack_words(i)) for i in range(5)]
    peer.wire.write(Frame(Opcode.SAFE, 9, peer.epoch, urgent=True).encode())
    frames = [peer.frame() for _ in range(7)]
    replies = {frame.sequence: frame for frame in frames if not frame.urgent}
    assert list(replies) == [first, *queued]
    assert {frame.status for frame in replies.values()} == {Status.ABORTED}
    started, rows, pulses = unpack_words(replies[first].payload)
    assert (started, rows) == (1, pulses // (4 * 64))
    assert pulses == peer.read_register(Register.PULSES_SINCE_BOOT)
    assert all(unpack_words(replies[number].payload) == (0, 0, 0) for number in queued)


def test_safe_ends_a_sweep_and_what_it_gave_is_told(peer: Peer) -> None:
    peer.arm()
    points = tuple(Point(voltage, 40_000, 900) for voltage in (20_000, 45_000, 46_000))
    request = SweepRequest(0, Axis(0, 8), Axis(0, 64), points, 3, width_bits=16)
    first = peer.send(Opcode.SWEEP, request.encode())
    assert peer.wire.read(9000 / CLK_HZ) == b"", "it ended before it could be stopped"
    peer.wire.write(Frame(Opcode.SAFE, 9, peer.epoch, urgent=True).encode())
    reply = next(frame for frame in (peer.frame(), peer.frame()) if not frame.urgent)
    assert (reply.sequence, reply.status) == (first, Status.ABORTED)
    assert peer.wire.board.probe(Probe.DRIVE_ACTIVE) == peer.wire.board.probe(Probe.READ_ACTIVE) == 0
    started, rows, pulses = unpack_words(reply.payload)
    assert started == 1 and rows <= pulses // (2 * 64) <= rows + 1  # the last row may lack its reading
    assert 0 < rows < 8 and pulses == peer.read_register(Register.PULSES_SINCE_BOOT)
    peer.write_registers({Register.CONTROL: 1 << Field.CONTROL_CLEAR_SAFE})
    quiet = SweepRequest(0, Axis(0, 2), Axis(0, 64), points[:1], 3)
    peer.ok(Opcode.SWEEP, quiet.encode())


def test_after_safe_nothing_is_driven_until_the_latch_is_released(peer: Peer) -> None:
    peer.urgent(Opcode.SAFE)
    assert peer.vector(read_everything(peer)).status == Status.SAFE_LATCHED
    assert peer.call(Opcode.ARM, arm_request(peer.identity).encode()).status == Status.SAFE_LATCHED
    peer.write_registers({Register.CONTROL: 1 << Field.CONTROL_CLEAR_SAFE})
    assert peer.vector(read_everything(peer)).status == Status.OK


@pytest.mark.parametrize("cause", ["stop", "register"])
def test_other_causes_do_what_safe_does(peer: Peer, cause: str) -> None:
    peer.arm()
    if cause == "stop":
        peer.wire.board.set_stop(True)
        peer.wire.read(10 / CLK_HZ)
        peer.wire.board.set_stop(False)
    else:
        peer.write_registers({Register.CONTROL: 1})
    state = peer.read_register(Register.STATE)
    assert state & LATCHED
    assert not state & 1 << Field.STATE_ARMED


def test_the_watchdog_trips_on_a_silent_host(peer: Peer) -> None:
    peer.write_registers({Register.WATCHDOG_CYCLES: 60_000})
    peer.arm()
    peer.wire.read(59_000 / CLK_HZ)
    assert peer.wire.board.probe(Probe.SAFE_LATCHED) == 0
    peer.wire.read(2_000 / CLK_HZ)
    assert peer.wire.board.probe(Probe.SAFE_LATCHED) == 1
    assert peer.read_register(Register.STATE) & TRIPPED
    assert peer.read_register(Register.WATCHDOG_TRIPS) == 1


def test_the_watchdog_lets_a_fed_long_command_end(peer: Peer) -> None:
    peer.write_registers({Register.WATCHDOG_CYCLES: 60_000})
    peer.arm()
    sequence = peer.send(Opcode.PULSE, form_everything(peer).encode())
    for _ in range(100):
        peer.wire.write(Frame(Opcode.HEARTBEAT, 3, peer.epoch, urgent=True).encode())
        data = peer.wire.read(30_000 / CLK_HZ)
        while data and (frame := decode(data)).urgent:
            data = peer.wire.read(30_000 / CLK_HZ)
        if data:
            break
    assert (frame.sequence, frame.status) == (sequence, Status.OK)
    assert peer.read_register(Register.WATCHDOG_TRIPS) == 0


def test_an_operation_past_its_time_is_stopped(peer: Peer) -> None:
    peer.write_registers({Register.OPERATION_CYCLES: 10_000})
    peer.arm()
    reply = peer.pulse(form_everything(peer))
    assert reply.status == Status.OPERATION_TIMEOUT
    assert peer.wire.board.probe(Probe.SAFE_LATCHED) == 0
    assert unpack_words(reply.payload)[2] == peer.read_register(Register.PULSES_SINCE_BOOT)


def test_a_refused_pulse_drives_nothing(peer: Peer) -> None:
    request = form_everything(peer)
    refusals = [peer.pulse(request).status]
    peer.arm(max_pulses=5)
    refusals.append(peer.pulse(request).status)
    peer.arm(max_voltage_code=49_999)
    refusals.append(peer.pulse(request).status)
    assert refusals == [Status.NOT_ARMED, Status.PULSE_BUDGET, Status.OVER_TOKEN_VOLTAGE]
    assert peer.wire.board.probe(Probe.DRIVE_RISES) == 0
    assert peer.read_register(Register.PULSES_SINCE_BOOT) == 0


# Non-volatile cells


def test_cells_outlive_the_board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    g_codes = np.random.default_rng(5).integers(0, 1024, (64, 64)).astype(np.uint16)
    request = CellRequest(0, Axis(0, 16), Axis(0, 64))
    with opened(f"sim://?{SMALL}", chip="kept") as wire:
        Peer(wire).load_cells(g_codes)
    for scheme in ("sim", "twin"):
        with opened(f"{scheme}://?{SMALL}", chip="kept") as wire:
            dump = Peer(wire).ok(Opcode.CELL_DUMP, request.encode())[4:]
            np.testing.assert_array_equal(np.frombuffer(dump, "<u2").reshape(16, 64), g_codes[:16])


def test_restored_cells_are_read_with_their_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The column sums of a restored chip are those of one whose cells were loaded over the link."""
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    profile = load_profile("rrm-40nm-esgnn2023")
    g_codes = np.random.default_rng(6).integers(0, 1024, (64, 64)).astype(np.uint16)
    x = os.urandom(8) * 8

    def reading(*, load: bool) -> bytes:
        with opened(f"sim://?{SMALL}", chip="kept", profile=profile.name) as wire:
            peer = Peer(wire)
            peer.load_profile(profile)
            peer.set_limits(LIMITS)
            if load:
                peer.load_cells(g_codes)
            axes = Axis(0, 64), Axis(0, 64)
            request = VectorRequest(Opcode.MAC, 0, *axes, 2622, 7, bits=8, count=1, vectors=x)
            return peer.ok(Opcode.MAC, request.encode())

    assert reading(load=True) == reading(load=False)


@pytest.mark.parametrize("refusal", VECTORS["refusals"], ids=lambda r: r["name"])
def test_refusals_follow_the_vectors(wire: SimWire, refusal: dict) -> None:
    reply = Peer(wire).call(refusal["opcode"], bytes.fromhex(refusal["payload"]))
    assert (reply.status, reply.payload.hex()) == (refusal["reply"]["status"], refusal["reply"]["payload"])

# SPDX-License-Identifier: BSD-3-Clause
"""The twin's modelled clock beside the simulated core: within 5 % on requests that it was not fitted to."""

from collections.abc import Iterator

import numpy as np
import pytest
from boards import SMALL, Peer, peers

from ohmloop._map import Algorithm, Opcode, Register, Telemetry
from ohmloop.link.messages import (
    Axis,
    KindDrive,
    ProgramRequest,
    PulseRequest,
    ReferenceRequest,
    VectorRequest,
    limits_hash,
    unpack_words,
)
from ohmloop.profile import load_profile

PROFILE = "rram-130nm-yao2020"
LINES = 64
PROMISE = 0.05
LIMITS = (65_535, 65_535, 65_535, 40_000, 65_535, 100_000)
DRIVES = {
    Algorithm.INCREMENTAL: {
        "set": KindDrive(10_748, 393, 31_457, 24_904, 3),
        "reset": KindDrive(9437, 393, 28_836, 52_429, 3),
        "stall": 59,
    },
    Algorithm.PING_PONG: {
        "set": KindDrive(13_107, 393, 10_748, 24_904, 3),
        "reset": KindDrive(11_796, 393, 9437, 52_429, 3),
        "stall": 13,
    },
    Algorithm.TWO_PULSE: {
        "set": KindDrive(31_457, 0, 31_457, 24_904, 3),
        "reset": KindDrive(28_836, 0, 28_836, 52_429, 3),
        "stall": 18, "gate_slope": 524, "gate_gain": 262, "gate_low": 7864, "gate_high": 27_525,
    },
    Algorithm.FORM_RAMP: {
        "set": KindDrive(31_457, 655, 49_807, 19_661, 60),
        "reset": KindDrive(0, 0, 0, 0, 1),
        "guard": (33, 0), "final": (65, 0), "budget": 30,
    },
}  # fmt: skip


def scattered(count: int, seed: int) -> Axis:
    """Lines that need a bitmap."""
    return Axis.from_lines(np.sort(np.random.default_rng(seed).choice(LINES, count, replace=False)))


def request(algorithm: Algorithm, rows: Axis, columns: Axis, tolerance: int, **fields: object) -> bytes:
    """Targets over the profile's 32 levels; a ramp's at its threshold."""
    shape = (rows.count, columns.count)
    levels = np.random.default_rng(rows.count).choice(np.linspace(640, 6400, 32), shape)
    ramp = algorithm == Algorithm.FORM_RAMP
    settings: dict[str, object] = {
        "targets": (np.full(shape, 1600) if ramp else levels).astype(np.int16),
        "tolerances": np.full(shape, tolerance, np.uint16), "read_code": 2621, "quantum": 5,
        "operation_index": 1 << 56 | 7 << 20, "range": 3, "averages_log2": 2, "final_log2": 4,
        "most_readings": 16, "budget": 80, "guard": (1, 983), "final": (1, 492), "delay_cycles": 300,
    }  # fmt: skip
    asked = ProgramRequest(algorithm, 0, rows, columns, **(settings | DRIVES[algorithm] | fields))  # type: ignore[arg-type]
    return asked.encode()


def prepared(one: Peer, *, pristine: bool, noise: int = 655) -> None:
    """A chip at random codes, or one to form, armed."""
    profile = load_profile(PROFILE)
    one.load_profile(profile)
    one.write_registers({Register.EMU_READ_NOISE: noise, Register.EMU_RTN: 0, Register.EMU_WANDER: 0})
    steps = profile.emulator_registers(1, 2)[Register.EMU_STEP]
    one.write_registers({Register.EMU_STEP: steps & 0xFFFF})  # no relaxation
    codes = np.random.default_rng(8).integers(60, 900, (LINES, LINES))
    one.load_cells(codes * (not pristine) + pristine)
    one.set_limits(LIMITS)
    one.write_registers({Register.OPERATION_CYCLES: 500_000_000})
    one.arm(limits_hash=limits_hash(LIMITS))


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Peer, Peer]]:
    with peers(SMALL, PROFILE) as made:
        yield made


def compared(pair: tuple[Peer, Peer], opcode: Opcode, payload: bytes) -> float:
    """Core and twin answer the same words; returns the twin's cycles over the core's, minus one."""
    core, twin = (unpack_words(one.ok(opcode, payload)) for one in pair)
    assert core[1:] == twin[1:]
    return twin[0] / core[0] - 1


CASES = [
    (Algorithm.INCREMENTAL, Axis(5, 2), Axis(3, 11, 5), 74, {}),
    (Algorithm.INCREMENTAL, Axis(0, 1), scattered(37, 1), 150, {"averages_log2": 0, "most_readings": 4}),
    (Algorithm.PING_PONG, scattered(3, 2), Axis(20, 14), 110, {"final_log2": 0}),
    (Algorithm.TWO_PULSE, Axis(9, 1), Axis(0, 40), 150, {"most_readings": 2}),
    (Algorithm.TWO_PULSE, Axis(1, 6, 7), Axis(63, 1), 200, {"averages_log2": 3}),
    (Algorithm.FORM_RAMP, Axis(30, 2), Axis(8, 24, 2), 0, {"averages_log2": 0}),
]


@pytest.mark.parametrize(("algorithm", "rows", "columns", "tolerance", "fields"), CASES)
def test_programming_takes_what_the_twin_says(pair, algorithm, rows, columns, tolerance, fields) -> None:
    for one in pair:
        prepared(one, pristine=algorithm == Algorithm.FORM_RAMP)
    payload = request(algorithm, rows, columns, tolerance, **fields)
    assert abs(compared(pair, Opcode.PROGRAM, payload)) < PROMISE


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("columns", [64, 3])
def test_whole_requests_take_what_the_twin_says(pair, algorithm, columns) -> None:
    for one in pair:
        prepared(one, pristine=algorithm == Algorithm.FORM_RAMP, noise=1310)
    payload = request(algorithm, Axis(2, 8), Axis(0, columns), 90)
    assert abs(compared(pair, Opcode.PROGRAM, payload)) < PROMISE


@pytest.mark.parametrize("columns", [Axis(0, LINES), Axis(7, 2), scattered(25, 3)])
def test_the_reference_commands_take_what_the_twin_says(pair, columns) -> None:
    for one in pair:
        prepared(one, pristine=False)
    test = ReferenceRequest(Opcode.SELF_TEST, 0, columns, 500, 40, 90, averages_log2=2)
    selfcal = ReferenceRequest(Opcode.ADC_SELFCAL, 0, columns, 500, 1 << 56, -70, 13, range=2)
    assert abs(compared(pair, Opcode.SELF_TEST, test.encode())) < PROMISE
    assert abs(compared(pair, Opcode.ADC_SELFCAL, selfcal.encode())) < PROMISE


def test_telemetry_is_the_same_but_for_the_modelled_clock(pair) -> None:
    for one in pair:
        prepared(one, pristine=False)
        one.pulse(PulseRequest(1, 0, 12_000, 20_000, 3, 9, 2, Axis(0, 3), Axis(4, 5)))
        one.pulse(PulseRequest(2, 0, 12_000, 20_000, 3, 9, 1, Axis(0, 1), Axis(4, 5)))
        one.pulse(PulseRequest(0, 0, 12_000, 20_000, 0, 9, 1, Axis(0, 1), Axis(4, 5)))  # refused: no width
        one.vector(VectorRequest(Opcode.READ_CELLS, 0, Axis(0, 2), Axis(0, 9), 40_000, 3, range=3))
        reference = VectorRequest(
            Opcode.MAC, 0, Axis(0, 1), Axis(0, 8), 2000, 3, level=9999, reference=True, count=3
        )
        one.vector(reference)
        one.ok(Opcode.PROGRAM, request(Algorithm.TWO_PULSE, Axis(0, 1), Axis(0, 4), 300))
    core, twin = (list(unpack_words(one.ok(Opcode.TELEMETRY))) for one in pair)
    assert abs(twin[Telemetry.LONGEST] / core[Telemetry.LONGEST] - 1) < PROMISE
    core[Telemetry.LONGEST] = twin[Telemetry.LONGEST] = 0
    assert core == twin
    assert core[Telemetry.SET_PULSES] >= 30 and core[Telemetry.RESET_PULSES] >= 5
    assert core[Telemetry.REFUSED] == 1 and core[Telemetry.RESULTS] == 18 + 24
    assert core[Telemetry.SATURATED] > 0 and core[Telemetry.FIRMWARE_RUNS] >= 1

# SPDX-License-Identifier: BSD-3-Clause
"""PROGRAM on the twin against docs/programming.md done by hand, and its refusals and stops."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_physics import Matter
from slow_program import SlowProgram
from slow_reference import Chip
from test_cells import arm
from test_physics import EVERYTHING, HALVES
from twin_bench import Bench

from ohmloop._map import RESET_VALUES, Algorithm, Opcode, Outcome, Register, Status
from ohmloop.link.messages import Axis, KindDrive, ProgramReply, ProgramRequest, limits_hash, unpack_words
from ohmloop.profile import load_profile

ROWS, COLUMNS = 12, 24
PROFILE = load_profile("rram-130nm-yao2020")
FULL = [65535] * 5 + [30_000_000]


def a_chip(seed, **fields):
    """A bench with the shipped programmable profile, more faults and wear, and its slow copy."""
    rng = np.random.default_rng(seed)
    bench = Bench(ROWS, COLUMNS)
    registers = PROFILE.emulator_registers(seed, seed + 1)
    registers[Register.EMU_STUCK] = 3000 | 2000 << 16
    registers[Register.EMU_WEAR] = 1 << 22
    registers[Register.EMU_DISTURB] = 600
    registers |= {Register[name]: value for name, value in fields.items()}
    tables = PROFILE.tables()
    for register, value in registers.items():
        bench.write(register, value)
    for table, values in tables.items():
        bench.table(table, values)
    cells = rng.integers(60, 900, (ROWS, COLUMNS))
    bench.load(cells)
    arm(bench, ROWS, COLUMNS, kinds=EVERYTHING)
    names = {register.name.removeprefix("EMU_"): value for register, value in registers.items()}
    names |= {"ROW_POSITION": 0, "RANGE_SHIFT": [names["RANGE_SHIFT"] >> 8 * i & 63 for i in range(4)]}
    for name in ("ADC_MIN", "ADC_MAX"):
        names[name] -= (names[name] >> 23) << 24
    physics = registers[Register.EMU_PHYSICS]
    parts = {"WEAR": registers[Register.EMU_WEAR], "DITHER": physics & 1, "SHORTS": physics >> 1 & 1}
    parts |= {"EPOCH": physics >> 8 & 63, "DAMAGE_RESET": physics >> 16}
    for name, (low, high) in HALVES.items():
        value = registers[Register[f"EMU_{name}"]]
        parts |= {low: value & 0xFFFF, high: value >> 16}
    chip = Chip(cells.tolist(), names, {table.name: values.tolist() for table, values in tables.items()})
    return bench, Matter(chip, parts), rng


def volts(value):
    return PROFILE.volts_to_dac_codes(value)


def a_request(rng, algorithm, **changed):
    rows = np.sort(rng.choice(ROWS, 3, replace=False))
    columns = np.sort(rng.choice(COLUMNS, int(rng.integers(2, COLUMNS)), replace=False))
    shape = (rows.size, columns.size)
    fields = {
        "targets": rng.integers(640, 6400, shape).astype(np.int16),
        "tolerances": rng.integers(40, 120, shape).astype(np.uint16),
        "read_code": volts(0.2), "operation_index": 1 << 56 | int(rng.integers(1 << 30)) << 20,
        "set": KindDrive(volts(0.9), volts(0.06), volts(2.4), volts(1.9), 3),
        "reset": KindDrive(volts(0.8), volts(0.06), volts(2.2), volts(4.0), 3),
        "range": 3, "averages_log2": int(rng.integers(3)), "final_log2": int(rng.integers(5)),
        "most_readings": int(rng.integers(1, 12)), "budget": int(rng.integers(4, 60)),
        "stall": int(rng.integers(0, 30)), "guard": (int(rng.integers(8)), int(rng.integers(600))),
        "final": (int(rng.integers(8)), int(rng.integers(300))), "delay_cycles": int(rng.integers(9000)),
    }  # fmt: skip
    if algorithm == Algorithm.PING_PONG:
        fields["set"] = KindDrive(volts(1.2), volts(0.05), volts(0.85), volts(1.9), 3)
        fields["reset"] = KindDrive(volts(1.1), volts(0.05), volts(0.75), volts(4.0), 3)
    if algorithm == Algorithm.TWO_PULSE:
        fields["set"] = KindDrive(volts(2.4), 0, 0, 0, 3)
        fields["reset"] = KindDrive(volts(2.0), 0, 0, volts(4.0), 3)
        fields |= {"gate_slope": 530, "gate_gain": 260, "gate_low": volts(0.6), "gate_high": volts(2.2)}
        fields["quantum"] = int(rng.integers(0, 8))
    if algorithm == Algorithm.FORM_RAMP:
        fields["set"] = KindDrive(volts(2.4), volts(0.1), volts(3.6), volts(1.5), 60)
        fields["targets"] = np.full(shape, 1600, np.int16)
    axes = {"rows": Axis.from_lines(rows), "columns": Axis.from_lines(columns)}
    return ProgramRequest(algorithm=algorithm, macro=0, **(fields | axes | changed))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000), algorithm=st.sampled_from(Algorithm),
    tokens=st.sampled_from([2**32 - 1, 2**32 - 1, 40]),
)  # fmt: skip
def test_codes_pulses_and_outcomes_are_those_done_by_hand(seed, algorithm, tokens):
    bench, matter, rng = a_chip(seed)
    request = a_request(rng, algorithm)
    if algorithm == Algorithm.FORM_RAMP:
        pristine = np.full((ROWS, COLUMNS), 4)
        bench.load(pristine)
        matter.chip.g = pristine.tolist()
    arm(bench, ROWS, COLUMNS, kinds=EVERYTHING, max_pulses=tokens)
    given_before = bench.read(Register.PULSES_SINCE_BOOT)
    slow = SlowProgram(matter, request, tokens)
    rows = slow.run()
    answer = bench.need(Opcode.PROGRAM, request.encode())
    reply = ProgramReply.decode(answer, request.rows.count, request.columns.count)
    assert reply.encode() == answer
    for i, (cells, sums) in enumerate(rows):
        assert reply.outcomes[i].tolist() == [cell.outcome for cell in cells]
        assert reply.pulses[i].tolist() == [cell.pulses for cell in cells]
        assert reply.reads[i].tolist() == [min(cell.reads, 255) for cell in cells]
        assert reply.sums[i].tolist() == sums
    assert (reply.pulses_given, reply.readings, reply.rows_done) == (
        slow.given,
        slow.readings,
        slow.rows_done,
    )
    assert bench.cells[0].tolist() == matter.chip.g
    assert bench.read(Register.PULSES_SINCE_BOOT) - given_before == slow.given <= tokens
    assert reply.pulses.max() <= request.budget


def test_a_used_up_token_leaves_the_rest_unfinished():
    bench, _, rng = a_chip(4)
    request = a_request(rng, Algorithm.INCREMENTAL, budget=255, stall=0)
    arm(bench, ROWS, COLUMNS, kinds=EVERYTHING, max_pulses=10)
    reply = ProgramReply.decode(
        bench.need(Opcode.PROGRAM, request.encode()), request.rows.count, request.columns.count
    )
    assert reply.pulses_given <= 10 and reply.rows_done < request.rows.count
    assert (reply.outcomes == Outcome.UNFINISHED).any()


def test_an_operation_past_its_time_is_stopped_and_counts():
    bench, _, rng = a_chip(4)
    bench.write(Register.OPERATION_CYCLES, 60_000)
    before = bench.cells.copy()
    status, payload = bench.ask(Opcode.PROGRAM, a_request(rng, Algorithm.INCREMENTAL, budget=255).encode())
    started, _, given = unpack_words(payload)
    assert (status, started) == (Status.OPERATION_TIMEOUT, 1)
    assert given == bench.read(Register.PULSES_SINCE_BOOT) > 0 and (bench.cells != before).any()


REFUSALS = [
    (Status.BAD_FIELD, (8, 7, 0), {"averages_log2": 8}),
    (Status.BAD_FIELD, (65, 64, 0), {"most_readings": 65}),
    (Status.BAD_FIELD, (0, 1, 0), {"most_readings": 0}),
    (Status.BAD_FIELD, (0, 1, 1), {"budget": 0}),
    (Status.BAD_FIELD, (0, 1, 11), {"reset": KindDrive(1, 1, 1, 1, 0)}),
    (Status.OVER_VOLTAGE_LIMIT, (40_000, 30_000, 6), {"set": KindDrive(1, 1, 40_000, 1, 3)}),
    (Status.OVER_VOLTAGE_LIMIT, (40_000, 20_000, 6), {"reset": KindDrive(40_000, 1, 1, 1, 3)}),
    (Status.OVER_GATE_LIMIT, (60_001, 60_000, 9), {"reset": KindDrive(1, 1, 1, 60_001, 3)}),
    (Status.OVER_WIDTH_LIMIT, (901, 900, 10), {"set": KindDrive(1, 1, 1, 1, 901)}),
    (Status.OVER_READ_LIMIT, (5001, 5000, 1), {"read_code": 5001}),
]


@pytest.mark.parametrize(("status", "words", "changed"), REFUSALS)
def test_what_is_refused_drives_nothing(status, words, changed):
    bench, _, rng = a_chip(2)
    limits = [50_000, 30_000, 20_000, 5000, 60_000, 900]
    bench.write(Register.LIMIT_FORM_V, *limits)
    arm(bench, ROWS, COLUMNS, kinds=EVERYTHING, limits_hash=limits_hash(limits))
    request = a_request(rng, Algorithm.INCREMENTAL)
    request = dataclasses.replace(request, set=KindDrive(1, 1, 1, 1, 3), reset=KindDrive(1, 1, 1, 1, 3), **{})
    before = bench.cells.copy()
    got, payload = bench.ask(Opcode.PROGRAM, dataclasses.replace(request, **changed).encode())
    assert (got, unpack_words(payload)) == (status, words)
    assert (bench.cells == before).all() and bench.read(Register.PULSES_SINCE_BOOT) == 0


def test_more_cells_than_a_request_takes_are_refused():
    bench = Bench(64, 64)
    shape = (9, 57)
    request = ProgramRequest(
        algorithm=Algorithm.INCREMENTAL, macro=0, rows=Axis(0, 9), columns=Axis(0, 57),
        targets=np.zeros(shape, np.int16), tolerances=np.zeros(shape, np.uint16), read_code=0,
        operation_index=0, set=KindDrive(1, 1, 1, 1, 1), reset=KindDrive(1, 1, 1, 1, 1),
    )  # fmt: skip
    status, payload = bench.ask(Opcode.PROGRAM, request.encode())
    assert (status, unpack_words(payload)) == (Status.BAD_WINDOW, (513, 512, 15))
    assert RESET_VALUES[Register.EMU_PHYSICS] == 0

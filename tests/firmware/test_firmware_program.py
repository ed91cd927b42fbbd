# SPDX-License-Identifier: BSD-3-Clause
"""PROGRAM: the C on this machine and the twin give the same codes, pulses and outcomes, on the same cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from tests.firmware.bridge_model import Bridge, Command
from tests.host.emulator.twin_bench import Bench

from ohmloop._map import Algorithm, Opcode, Outcome, Pulse, Register, Status, Table
from ohmloop.emulator.cellread import read_bias
from ohmloop.emulator.cells import Train
from ohmloop.link.messages import (
    ArmRequest,
    Axis,
    KindDrive,
    ProgramReply,
    ProgramRequest,
    limits_hash,
    unpack_words,
)

LIMIT, WIDTH = 60000, 3_000_000
PHYSICS = {
    Register.EMU_CHIP_SEED: 77,
    Register.EMU_NOISE_SEED: 78,
    Register.EMU_READ_NOISE: 800,
    Register.EMU_ADC_NOISE: 2 << 8,
    Register.EMU_FORMED_FLOOR: 8,
    Register.EMU_RESET_ONSET: 15000,
    Register.EMU_RESET_SLOPE_V: 150,
    Register.EMU_RESET_SLOPE_W: 20,
    Register.EMU_RESET_SPREAD: 800,
    Register.EMU_PHYSICS: 3,
    Register.EMU_STUCK: 1500 << 16 | 1500,
    Register.EMU_SET_DRIVE: 150 << 16 | 15000,
    Register.EMU_SET_STEP: 800 << 16 | 20,
    Register.EMU_SET_LEVEL: 1676 << 16 | 1000,
    Register.EMU_LEVEL_SPREAD: 100 << 16 | 200,
    Register.EMU_STEP: 2000 << 16 | 400,
    Register.EMU_RTN: 3000 << 16 | 1000,
}


class Cells:
    """A bench's cells behind the bridge: its guard judges and counts, its cells are read and pulsed."""

    def __init__(self, bench: Bench) -> None:
        self.registers = bench.board.condition.registers
        self.guard = bench.board.condition.guard
        self.access = bench.board._executor._arrays[0].access

    def read(self, command: Command) -> tuple[int, int, list[int], list[bool]]:
        columns = np.array(command.columns)
        bias = read_bias(self.registers, command.word1 & 0xFFFF)
        codes, saturated = self.access.read_row(
            command.row, columns, bias, command.word0 >> 8 & 3, command.index, 1 << (command.word0 >> 12 & 7)
        )
        return Status.OK, 0, [int(code) for code in codes], [bool(flag) for flag in saturated]

    def pulse(self, command: Command) -> tuple[int, int]:
        token = self.guard._token
        kind, voltage, gate = Pulse(command.word0 >> 8 & 3), command.word1 & 0xFFFF, command.word1 >> 16
        if token is None:
            return Status.NOT_ARMED, 0
        if kind not in token.kinds:
            return Status.OPERATION_NOT_ARMED, sum(1 << k for k in token.kinds)
        if command.row not in token.rows or not set(command.columns) <= set(token.columns.tolist()):
            return Status.OUTSIDE_TOKEN, 0
        limits = {Pulse.SET: Register.LIMIT_SET_V, Pulse.RESET: Register.LIMIT_RESET_V}
        voltage_limit = self.registers[limits.get(kind, Register.LIMIT_FORM_V)]
        for status, value, limit in (
            (Status.OVER_VOLTAGE_LIMIT, voltage, voltage_limit),
            (Status.OVER_TOKEN_VOLTAGE, voltage, token.cap),
            (Status.OVER_GATE_LIMIT, gate, self.registers[Register.LIMIT_GATE_V]),
            (Status.OVER_WIDTH_LIMIT, command.word2, self.registers[Register.LIMIT_WIDTH]),
        ):
            if value > limit:
                return status, limit
        if len(command.columns) > token.left:
            return Status.PULSE_BUDGET, token.left
        if command.kind == "PULSE":
            self.guard.take(len(command.columns))
            train = Train(kind, voltage, gate, command.word2, command.index)
            self.access.give(np.array([command.row]), np.array(command.columns), train, np.ones(1, np.int64))
        return Status.OK, 0


@dataclass
class Live(Bridge):
    """A bridge whose token is the guard's."""

    def load(self, address: int) -> int:
        self.token = self.macro.guard.left  # type: ignore[attr-defined]
        return super().load(address)


def bench(
    seed: int,
    *,
    tokens: int = 100_000,
    cap: int = LIMIT,
    rows: int = 32,
    columns: int = 32,
    kinds: int = 7,
    pristine: bool = False,
) -> Bench:
    """A programmable chip, 32 x 32, its cells at random codes, armed for some of it."""
    made = Bench(32, 32)
    made.ideal()
    for register, value in PHYSICS.items():
        made.write(register, value)
    made.table(Table.BREAKDOWN, np.linspace(33000, 52000, 1024).astype(int))
    made.table(Table.FORMED, np.linspace(80, 700, 1024).astype(int) << 6)
    made.table(Table.GATE, np.full(256, 1 << 14))
    made.limit(LIMIT, WIDTH)
    rng = np.random.default_rng(seed)
    made.load(rng.integers(50, 900, (32, 32)) * (not pristine))
    held = limits_hash(made.board.condition.registers.limits)
    permitted = frozenset(kind for kind in Pulse if kinds >> kind & 1)
    arm = ArmRequest(held, permitted, 0, tokens, cap, 1 << 20, Axis(0, rows), Axis(0, columns))
    if kinds:
        made.need(Opcode.ARM, arm.encode())
    return made


def request(seed: int, algorithm: Algorithm, rows: Axis, columns: Axis, **fields: object) -> ProgramRequest:
    """Targets over the codes that cells give, and drives that move cells of the profile."""
    rng = np.random.default_rng(seed)
    shape = (rows.count, columns.count)
    settings: dict[str, object] = {
        "targets": rng.integers(60, 900, shape).astype(np.int16),
        "tolerances": rng.integers(4, 40, shape).astype(np.uint16),
        "read_code": 4000, "operation_index": 1 << 56 | seed << 20, "averages_log2": int(rng.integers(0, 3)),
        "final_log2": 2, "most_readings": int(rng.integers(1, 9)), "budget": int(rng.integers(5, 60)),
        "stall": int(rng.integers(0, 9)), "guard": (int(rng.integers(0, 8)), int(rng.integers(0, 3000))),
        "final": (4, 1000),
        "set": KindDrive(16000, 900, 42000, 45000, 3000), "reset": KindDrive(18000, 700, 40000, 40000, 3000),
        "gate_slope": 10010, "gate_gain": 5000, "gate_low": 1000, "gate_high": 50000, "quantum": 5,
    }  # fmt: skip
    if algorithm is Algorithm.PING_PONG:
        settings |= {"set": KindDrive(42000, 900, 20000, 30000, 3000)}
        settings |= {"reset": KindDrive(40000, 700, 18000, 40000, 3000)}
    return ProgramRequest(algorithm, 0, rows, columns, **(settings | fields))  # type: ignore[arg-type]


def both(
    asked: ProgramRequest, seed: int, **options: int
) -> tuple[tuple[int, list[int]], tuple[int, list[int]], Bench]:
    """The twin's answer and the firmware's, from word 1 on; the cells must be the same afterwards."""
    twin, board = bench(seed, **options), bench(seed, **options)
    payload = asked.encode()
    status, answer = twin.ask(Opcode.PROGRAM, payload)
    words = list(unpack_words(answer))
    bridge = Live(Cells(board), Opcode.PROGRAM, list(unpack_words(payload)), room=4096, looks=1)
    bridge.run()
    np.testing.assert_array_equal(board.cells, twin.cells)
    return (status, words[1:] if status == Status.OK else words), bridge.answer(), twin


WINDOWS = [
    (Axis(3, 1), Axis(5, 1)),
    (Axis(0, 4), Axis(0, 32)),
    (Axis(1, 3, 9), Axis(2, 7, 4)),
    (Axis(0, 16), Axis(7, 8)),
]


@pytest.mark.parametrize("algorithm", [Algorithm.INCREMENTAL, Algorithm.PING_PONG, Algorithm.TWO_PULSE])
@pytest.mark.parametrize("number", range(len(WINDOWS)))
def test_firmware_equals_twin(algorithm: Algorithm, number: int) -> None:
    seed = 10 * number + algorithm
    twin, firmware, _ = both(request(seed, algorithm, *WINDOWS[number]), seed)
    assert twin[0] == Status.OK
    assert firmware == twin


def test_the_algorithms_do_program() -> None:
    fields = {"tolerances": np.full((4, 32), 25, np.uint16), "stall": 0, "budget": 100, "guard": (5, 0)}
    for algorithm in (Algorithm.INCREMENTAL, Algorithm.TWO_PULSE):
        asked = request(5, algorithm, Axis(0, 4), Axis(0, 32), **fields)
        _, (_, words), _ = both(asked, 5)
        reply = ProgramReply.decode(np.array([0, *words], "<u4").tobytes(), 4, 32)
        assert (reply.outcomes == Outcome.DONE).mean() > 0.6


def test_forming_ramp_equals_twin() -> None:
    ramp = KindDrive(30000, 2500, 44000, 20000, 3000)
    fields = {"targets": np.full((4, 8), 60, np.int16), "set": ramp, "stall": 0, "budget": 12}
    asked = request(3, Algorithm.FORM_RAMP, Axis(2, 4), Axis(4, 8), **fields)
    twin, firmware, _ = both(asked, 3, pristine=True)
    assert firmware == twin
    outcomes = [word >> 24 for at in range(3, len(twin[1]), 12) for word in twin[1][at : at + 8]]
    assert Outcome.DONE in outcomes and Outcome.BUDGET in outcomes


@pytest.mark.parametrize("tokens", [0, 7, 40])
def test_a_token_that_is_used_up_leaves_the_rest_unfinished(tokens: int) -> None:
    asked = request(
        4, Algorithm.INCREMENTAL, Axis(0, 3), Axis(0, 8), tolerances=np.full((3, 8), 2, np.uint16)
    )
    twin, firmware, _ = both(asked, 4, tokens=tokens)
    assert firmware == twin and firmware[1][1] <= tokens
    assert any(word >> 24 == Outcome.UNFINISHED for word in firmware[1][3:])


REFUSALS = {
    "voltage": ({"set": KindDrive(0, 0, LIMIT + 1, 1, 1)}, {}),
    "token's voltage": ({"reset": KindDrive(0, 0, 41001, 1, 1)}, {"cap": 41000}),
    "gate": ({"reset": KindDrive(0, 0, 1, LIMIT + 1, 1)}, {}),
    "width": ({"reset": KindDrive(0, 0, 1, 1, WIDTH + 1)}, {}),
    "rows": ({}, {"rows": 2}),
    "columns": ({}, {"columns": 4}),
    "kind": ({}, {"kinds": 1 << Pulse.SET}),
    "no token": ({}, {"kinds": 0}),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_the_guard_s_refusals_are_told_as_the_twin_tells_them(name: str) -> None:
    fields, options = REFUSALS[name]
    drives = {"set": KindDrive(0, 0, 1, 1, 1), "reset": KindDrive(0, 0, 1, 1, 1)}
    asked = request(6, Algorithm.INCREMENTAL, Axis(0, 3), Axis(0, 8), **(drives | fields))
    twin, firmware, _ = both(asked, 6, **options)
    assert firmware == twin and firmware[0] != Status.OK


def test_two_pulse_judges_the_highest_gate() -> None:
    asked = request(6, Algorithm.TWO_PULSE, Axis(0, 1), Axis(0, 1), gate_high=LIMIT + 5)
    twin, firmware, _ = both(asked, 6)
    assert firmware == twin == (Status.OVER_GATE_LIMIT, [LIMIT + 5, LIMIT, 13])


def test_a_pulse_cut_short_counts_and_ends_programming() -> None:
    board = bench(8)
    macro = Cells(board)
    given = []

    def cut(command: Command) -> tuple[int, int]:
        given.append(command)
        return (Status.ABORTED if command.kind == "PULSE" else Status.OK), 0

    macro.pulse = cut  # type: ignore[method-assign]
    asked = request(
        8, Algorithm.INCREMENTAL, Axis(0, 2), Axis(0, 4), tolerances=np.full((2, 4), 1, np.uint16)
    )
    bridge = Live(macro, Opcode.PROGRAM, list(unpack_words(asked.encode())), room=4096, looks=1)
    bridge.run()
    status, words = bridge.answer()
    pulses = [c for c in given if c.kind == "PULSE"]
    assert (status, len(pulses)) == (Status.OK, 1) and words[:2] == [0, len(pulses[0].columns)]


def test_a_macro_that_stops_answering_ends_the_run() -> None:
    asked = request(8, Algorithm.INCREMENTAL, Axis(0, 1), Axis(0, 1))
    macro = Cells(bench(8))
    macro.read = lambda command: (Status.MACRO_TIMEOUT, 0, [], [])  # type: ignore[method-assign]
    bridge = Live(macro, Opcode.PROGRAM, list(unpack_words(asked.encode())), room=4096, looks=1)
    bridge.run()
    assert bridge.answer()[0] == Status.MACRO_TIMEOUT

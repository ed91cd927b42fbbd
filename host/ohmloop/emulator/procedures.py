# SPDX-License-Identifier: BSD-3-Clause
"""SWEEP, PROGRAM and ENV: requests to replies, with their cycles (docs/protocol.md, docs/programming.md)."""

import math
import struct
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Algorithm, Opcode, Pulse, Register, Status
from ohmloop.emulator.array import EmulatedArray, packed
from ohmloop.emulator.cellread import read_bias, sweep_bias
from ohmloop.emulator.cells import Train
from ohmloop.emulator.condition import Condition
from ohmloop.emulator.cost import CostModel
from ohmloop.emulator.guard import Drive
from ohmloop.emulator.meter import Meter
from ohmloop.emulator.write_verify import WriteVerify
from ohmloop.link.messages import (
    Axis,
    EnvRequest,
    Identity,
    Point,
    ProgramRequest,
    Refusal,
    SweepRequest,
    VectorRequest,
    pack_counts,
    pack_words,
)

Answer = tuple[Status, bytes]
_WORD: Final = 0xFFFFFFFF
_WINDOW_PLACES: Final = {Opcode.SWEEP: 4, Opcode.PROGRAM: 15}
_START: Final = 5
_ONE: Final = np.ones(1, np.int64)


class Procedures:
    """Executes the requests that pulse and read in turn, and ENV."""

    def __init__(
        self,
        identity: Identity,
        condition: Condition,
        arrays: Sequence[EmulatedArray],
        require_firmware: Callable[[], None],
    ) -> None:
        self._identity = identity
        self._require_firmware = require_firmware
        self._condition = condition
        self._arrays = arrays

    def decode_sweep(self, payload: bytes) -> SweepRequest:
        """Returns the SWEEP that a payload holds; raises Refusal."""
        return SweepRequest.decode(
            payload,
            self._identity.macros,
            read_limit=self._condition.registers[Register.LIMIT_READ_V],
            max_payload=self._identity.max_payload,
        )

    def decode_program(self, payload: bytes) -> ProgramRequest:
        """Returns the PROGRAM that a payload holds; raises Refusal."""
        return ProgramRequest.decode(payload, self._identity.macros, max_payload=self._identity.max_payload)

    # ENV

    def env(self, payload: bytes) -> Answer:
        """Executes ENV."""
        request = EnvRequest.decode(payload, self._identity.macros)
        cost = self._cost(request.macro)
        rows, columns = request.rows, request.columns
        cycles = _START + rows.count * cost.aged(columns) + cost.refresh(columns.count)
        longest = self._condition.registers[Register.OPERATION_CYCLES]
        done = cost.aged_within(rows, columns, min(cycles, longest))
        array = self._arrays[request.macro]
        array.access.age(
            rows.lines[:done], columns.lines, request.log_seconds, request.reads, request.operation_index
        )
        array.refresh(columns.lines)
        self._condition.spend(min(cycles, longest))
        if cycles <= longest:
            return Status.OK, pack_words(cycles & _WORD)
        self._condition.make_safe(latch=False)
        return Status.OPERATION_TIMEOUT, pack_counts(1, done, 0)

    # SWEEP

    def sweep(self, payload: bytes) -> Answer:
        """Executes SWEEP."""
        request, condition = self.decode_sweep(payload), self._condition
        self._require_released()
        limit = condition.registers[Register.LIMIT_READ_V]
        pulses = [point.voltage_code > limit for point in request.points]
        self._judge_sweep(request, pulses)
        cost, columns = self._cost(request.macro), request.columns
        cycles = _START + request.rows.count * (cost.judgement + self._points_cycles(request, pulses))
        cycles += cost.refresh(cost.touched(columns) if any(pulses) else 0)
        longest = min(
            condition.registers[Register.OPERATION_CYCLES],
            condition.guard.expires - condition.cycles if any(pulses) else _WORD,
        )
        if cycles > longest:  # told before it begins: what a board does in the middle is not modelled
            condition.spend(longest)
            condition.make_safe(latch=False)
            return Status.OPERATION_TIMEOUT, pack_counts(0, 0, 0)
        for point, pulsed in zip(request.points, pulses, strict=True):
            if pulsed:
                condition.give(Pulse(point.kind), request.rows.count * columns.count)
        condition.counters.results = math.prod(request.result_shape)
        values, saturated = self._sweep_rows(request, pulses)
        condition.spend(cycles)
        reading = packed(values, saturated, request.width_bits)
        head = struct.pack("<II", cycles & _WORD, reading.saturated)
        return Status.OK, head + reading.data + reading.flags

    def _judge_sweep(self, request: SweepRequest, pulses: list[bool]) -> None:
        place = _WINDOW_PLACES[Opcode.SWEEP]
        for number, point in enumerate(request.points):
            if pulses[number]:
                at = request.first_point_word + 2 * number
                drive = Drive(
                    request.macro,
                    Pulse(point.kind),
                    point.voltage_code,
                    point.gate_code,
                    point.dwell_cycles,
                    (at, at, at + 1),
                )
                self._condition.guard.judge(
                    drive, request.rows, request.columns, self._condition.cycles, place
                )
        if any(pulses):
            cells = request.rows.count * request.columns.count
            self._condition.guard.check_budget(cells * sum(pulses), 1)

    def _points_cycles(self, request: SweepRequest, pulses: list[bool]) -> int:
        cost, columns = self._cost(request.macro), request.columns.lines
        read = self._read_cycles(request.macro, columns, 0)
        return sum(
            read + (cost.pulse_of(columns, point.dwell_cycles) if pulsed else point.dwell_cycles)
            for point, pulsed in zip(request.points, pulses, strict=True)
        )

    def _sweep_rows(
        self, request: SweepRequest, pulses: list[bool]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        array, columns = self._arrays[request.macro], request.columns.lines
        values = np.zeros(request.result_shape, np.int64)
        saturated = np.zeros(request.result_shape, np.bool_)
        matter = array.access.matter()
        at = 0
        for row in request.rows.lines:
            for point, pulsed in zip(request.points, pulses, strict=True):
                index = request.operation_index + at
                if pulsed:
                    array.access.give(np.array([row]), columns, _train(point, index), _ONE, matter)
                bias = sweep_bias(
                    self._condition.registers, point.voltage_code, point.gate_code, point.polarity
                )
                values[at], saturated[at] = array.access.read_row(
                    int(row), columns, bias, request.range, index, 1, corrected=False
                )
                at += 1
        array.refresh(columns)
        return values, saturated

    # PROGRAM

    def program(self, payload: bytes) -> Answer:
        """Executes PROGRAM."""
        request, condition = self.decode_program(payload), self._condition
        self._require_released()
        condition.guard.check_read(request.read_code)
        self._require_firmware()
        self._judge_program(request)
        cost, array = self._cost(request.macro), self._arrays[request.macro]
        refresh = cost.refresh(cost.touched(request.columns))
        meter = Meter(
            read_cycles=lambda columns, log2: self._read_cycles(request.macro, columns, log2),
            pulse_cycles=cost.pulse_of,
            judgement=cost.judgement,
            take=self._take,
            longest=condition.registers[Register.OPERATION_CYCLES] - refresh,
        )
        bias = read_bias(condition.registers, request.read_code)
        work = WriteVerify(request, array.access, array.access.matter(), bias, meter)
        try:
            reply = work.run()
        finally:  # an interrupt too: what was given is in the cells
            array.refresh(request.columns.lines)
        condition.spend(min(meter.cycles + refresh, condition.registers[Register.OPERATION_CYCLES]))
        if meter.timed_out:
            condition.make_safe(latch=False)
            return Status.OPERATION_TIMEOUT, pack_counts(1, work.rows_done, meter.given)
        body = reply.encode()
        return Status.OK, pack_words((meter.cycles + refresh) & _WORD) + body[4:]

    def _judge_program(self, request: ProgramRequest) -> None:
        """Judges the strongest pulse of each kind that the request may ask for."""
        ramp, two = request.algorithm == Algorithm.FORM_RAMP, request.algorithm == Algorithm.TWO_PULSE
        up, down = request.set, request.reset
        gate, at_gate = (request.gate_high, 13) if two else (up.gate, 9)
        kind = Pulse.FORM if ramp else Pulse.SET
        highest, macro = up.start if two else max(up.start, up.end), request.macro
        drives = [Drive(macro, kind, highest, gate, up.width, (6, at_gate, 10))]
        if not ramp:
            highest = down.start if two else max(down.start, down.end)
            drives.append(Drive(macro, Pulse.RESET, highest, down.gate, down.width, (6, 9, 11)))
        for drive in drives:
            self._condition.guard.judge(
                drive, request.rows, request.columns, self._condition.cycles, _WINDOW_PLACES[Opcode.PROGRAM]
            )

    def _take(self, kind: Pulse, cell_pulses: int, cycles: int) -> bool:
        """Takes pulses off the token `cycles` into the operation; returns whether it has them."""
        condition = self._condition
        if not condition.guard.armed(condition.cycles + cycles) or condition.guard.left < cell_pulses:
            return False
        condition.give(kind, cell_pulses)
        return True

    # Cycles

    def _cost(self, macro: int) -> CostModel:
        geometry = self._identity.macros[macro]
        return CostModel(
            geometry.columns, geometry.lanes, geometry.adc_lanes, self._arrays[macro].access.half_select
        )

    def _read_cycles(self, macro: int, columns: NDArray[np.intp], log2: int) -> int:
        request = VectorRequest(
            Opcode.READ_CELLS, macro, Axis(0, 1), Axis.from_lines(columns), 0, 0, averages_log2=log2
        )
        return self._cost(macro).reading(request, _WORD)[0]

    def _require_released(self) -> None:
        if self._condition.safe_latched:
            raise Refusal(Status.SAFE_LATCHED, 0, 0, 0)


def _train(point: Point, index: int) -> Train:
    return Train(point.kind, point.voltage_code, point.gate_code, point.dwell_cycles, index)

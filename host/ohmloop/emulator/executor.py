# SPDX-License-Identifier: BSD-3-Clause
"""Requests to replies: checks, executes, counts cycles (docs/protocol.md, "Requests")."""

import math
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, cast

import numpy as np

from ohmloop._map import Opcode, Register, Status, Telemetry
from ohmloop.emulator.array import EmulatedArray
from ohmloop.emulator.condition import Condition
from ohmloop.emulator.cost import CostModel
from ohmloop.emulator.procedures import Procedures
from ohmloop.emulator.registers import find
from ohmloop.emulator.serial_cost import SerialCost
from ohmloop.emulator.served import Image, Served
from ohmloop.emulator.tables import Tables
from ohmloop.link.messages import (
    ABSENT_IF_READ_ONLY,
    COUNT_WORDS,
    ArmRequest,
    CellRequest,
    Identity,
    PulseRequest,
    Refusal,
    TableWriteRequest,
    VectorOpcode,
    VectorRequest,
    largest_reply_words,
    pack_counts,
    pack_g_codes,
    pack_words,
    require_field,
    require_length,
    unpack_words,
)

Answer = tuple[Status, bytes]
_VECTOR_OPCODES: Final = frozenset({Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS})
_BUSY_WORD: Final = 0xFFFFFFFF


class Executor:
    """Executes one request at a time on the emulated macros."""

    def __init__(
        self,
        identity: Identity,
        condition: Condition,
        tables: Sequence[Tables],
        arrays: Sequence[EmulatedArray],
    ) -> None:
        self._identity = identity
        self._condition = condition
        self._tables = tables
        self._arrays = arrays
        self._absent = ABSENT_IF_READ_ONLY if identity.read_only else frozenset()
        self._costs = _costs(identity, condition)
        self._served = Served(identity, condition, arrays)
        self._procedures = Procedures(identity, condition, arrays, self._served.require_runnable)
        self._handlers: dict[int, Callable[[bytes], Answer]] = {
            Opcode.PING: lambda payload: (Status.OK, payload),
            Opcode.REG_READ: self._reg_read,
            Opcode.REG_WRITE: self._reg_write,
            Opcode.ARM: self._arm,
            Opcode.DISARM: self._disarm,
            Opcode.PULSE: self._pulse,
            Opcode.TABLE_WRITE: self._table_write,
            Opcode.CELL_LOAD: self._cell_load,
            Opcode.CELL_DUMP: self._cell_dump,
            Opcode.SWEEP: self._procedures.sweep,
            Opcode.PROGRAM: self._procedures.program,
            Opcode.ENV: self._procedures.env,
            Opcode.SELF_TEST: self._served.self_test,
            Opcode.ADC_SELFCAL: self._served.adc_selfcal,
            Opcode.FIRMWARE: self._served.load,
            Opcode.TELEMETRY: self._report,
        }

    @property
    def image(self) -> Image:
        """The firmware image that is there."""
        return self._served.image

    def execute(self, opcode: int, payload: bytes) -> Answer:
        """Executes a request; returns status and payload of its reply."""
        try:
            if opcode in self._absent:
                raise Refusal(Status.UNKNOWN_OPCODE, opcode, 0, 0)
            if opcode in _VECTOR_OPCODES:
                return self._read_array(Opcode(opcode), payload)
            handler = self._handlers.get(opcode)
            if handler is None:
                raise Refusal(Status.UNKNOWN_OPCODE, opcode, 0, 0)
            return handler(payload)
        except Refusal as refusal:
            return refusal.status, refusal.payload

    def largest_reply_words(self, opcode: int, payload: bytes) -> int:
        """Returns the payload words that the reply to a request may take."""
        sizes: dict[int, Callable[[], int]] = {
            Opcode.PING: lambda: largest_reply_words(len(payload) // 4),
            Opcode.REG_READ: lambda: largest_reply_words(min(unpack_words(payload)[1], len(Register))),
            Opcode.TELEMETRY: lambda: largest_reply_words(len(Telemetry)),
            Opcode.SELF_TEST: lambda: self._served.decode(Opcode.SELF_TEST, payload).largest_reply_words,
            Opcode.ADC_SELFCAL: lambda: self._served.decode(Opcode.ADC_SELFCAL, payload).largest_reply_words,
            Opcode.CELL_DUMP: lambda: self._decode_cells(payload, load=False).largest_reply_words,
            Opcode.SWEEP: lambda: self._procedures.decode_sweep(payload).largest_reply_words,
            Opcode.PROGRAM: lambda: self._procedures.decode_program(payload).largest_reply_words,
        }
        if opcode in _VECTOR_OPCODES:
            sizes[opcode] = lambda: self._decode_vectors(Opcode(opcode), payload).largest_reply_words
        if opcode not in sizes or opcode in self._absent or (opcode == Opcode.REG_READ and len(payload) != 8):
            return COUNT_WORDS
        try:
            return sizes[opcode]()
        except Refusal:
            return COUNT_WORDS

    def _reg_read(self, payload: bytes) -> Answer:
        require_length(payload, 2)
        address, count = unpack_words(payload)
        require_field(count, _BUSY_WORD, 1, lowest=1)
        values = []
        for at in range(address, address + 4 * count, 4):  # ends at the first absent one
            values.append(self._condition.read(find(at, 0)))
        return Status.OK, pack_words(*values)

    def _reg_write(self, payload: bytes) -> Answer:
        if len(payload) < 8:
            raise Refusal(Status.BAD_LENGTH, len(payload) // 4, 2, 0)
        address, *values = unpack_words(payload)
        for place, value in enumerate(values, 1):
            register = find(address + 4 * (place - 1), place)
            self._condition.registers.write(register, value, place)
            if register == Register.CONTROL:
                self._condition.control(value)
        return Status.OK, pack_words(len(values))

    def _arm(self, payload: bytes) -> Answer:
        request = ArmRequest.decode(payload, self._identity.macros)
        self._require_released()
        self._condition.guard.arm(request, self._condition.cycles)
        self._condition.feed()
        return Status.OK, b""

    def _disarm(self, payload: bytes) -> Answer:
        require_length(payload, 0)
        self._condition.guard.disarm()
        return Status.OK, b""

    def _report(self, payload: bytes) -> Answer:
        require_length(payload, 0)
        return Status.OK, self._condition.counters.payload

    def _decode_vectors(self, opcode: Opcode, payload: bytes) -> VectorRequest:
        return VectorRequest.decode(payload, cast(VectorOpcode, opcode), self._identity)

    def _decode_cells(self, payload: bytes, *, load: bool) -> CellRequest:
        return CellRequest.decode(
            payload, self._identity.macros, load=load, max_payload=self._identity.max_payload
        )

    def _read_array(self, opcode: Opcode, payload: bytes) -> Answer:
        request = self._decode_vectors(opcode, payload)
        self._require_released()
        self._condition.guard.check_read(request.read_code)
        longest = self._condition.registers[Register.OPERATION_CYCLES]
        cycles, done = self._costs[request.macro].reading(request, longest)
        if cycles > longest:
            self._spend_reading(longest)
            self._condition.make_safe(latch=False)
            return Status.OPERATION_TIMEOUT, pack_counts(1, done, 0)
        reading = self._arrays[request.macro].read(request)
        self._spend_reading(cycles)
        self._condition.counters.results = math.prod(request.result_shape)
        head = struct.pack("<II", cycles & _BUSY_WORD, reading.saturated)
        return Status.OK, b"".join((head, reading.data, reading.flags))

    def _spend_reading(self, cycles: int) -> None:
        self._condition.spend(cycles)
        self._condition.busy_cycles += cycles

    def _pulse(self, payload: bytes) -> Answer:
        request = PulseRequest.decode(payload, self._identity.macros)
        self._require_released()
        condition = self._condition
        condition.guard.check_pulse(request, condition.cycles)
        half_select = self._arrays[request.macro].access.half_select
        cost = replace(self._costs[request.macro], half_select=half_select)
        asked = request.rows.count * request.pulses
        total = cost.pulse_start(request) + asked * cost.pulse_row(request)
        longest = condition.registers[Register.OPERATION_CYCLES]
        token_time = condition.guard.expires - condition.cycles
        given, rows_done = cost.pulses_within(request, min(total, longest, token_time))
        pulses_each = np.clip(given - np.arange(request.rows.count) * request.pulses, 0, request.pulses)
        cell_pulses = given * request.columns.count
        condition.give(request.kind, cell_pulses)  # counted first: an interrupt never leaves pulses uncounted
        self._arrays[request.macro].pulse(request, pulses_each.astype(np.int64))
        if given == asked and total <= longest:
            condition.spend(total)
            return Status.OK, pack_words(total & _BUSY_WORD, rows_done, cell_pulses)
        condition.spend(min(longest, token_time))
        if token_time < longest:
            return Status.ABORTED, pack_counts(int(given > 0), given // request.pulses, cell_pulses)
        condition.make_safe(latch=False)
        return Status.OPERATION_TIMEOUT, pack_counts(int(given > 0), rows_done, cell_pulses)

    def _table_write(self, payload: bytes) -> Answer:
        request = TableWriteRequest.decode(payload, self._identity.macros)
        self._tables[request.macro].write(request.table, request.first, request.values)
        return Status.OK, pack_words(request.values.size)

    def _cell_load(self, payload: bytes) -> Answer:
        request = self._decode_cells(payload, load=True)
        moved, answer = self._move_cells(request)
        if request.g_codes is not None:
            self._arrays[request.macro].load(request.rows, request.columns, request.g_codes, moved)
        return answer

    def _cell_dump(self, payload: bytes) -> Answer:
        request = self._decode_cells(payload, load=False)
        _, (status, answer) = self._move_cells(request)
        if status == Status.OK:
            answer += pack_g_codes(self._arrays[request.macro].dump(request.rows, request.columns))
        return status, answer

    def _move_cells(self, request: CellRequest) -> tuple[int, Answer]:
        """Lets the time of a cell request pass; returns the cells moved and the answer without codes."""
        cost, condition = self._costs[request.macro], self._condition
        cycles, longest = cost.cells(request), condition.registers[Register.OPERATION_CYCLES]
        moved = cost.cells_within(request, min(cycles, longest))
        condition.spend(min(cycles, longest))
        if cycles <= longest:
            return moved, (Status.OK, pack_words(cycles & _BUSY_WORD))
        condition.make_safe(latch=False)
        return moved, (Status.OPERATION_TIMEOUT, pack_counts(1, moved // request.columns.count, 0))

    def _require_released(self) -> None:
        if self._condition.safe_latched:
            raise Refusal(Status.SAFE_LATCHED, 0, 0, 0)


def _costs(identity: Identity, condition: Condition) -> list[CostModel]:
    """Returns what each macro takes: a serial one where the board only reads."""
    if not identity.read_only:
        return [CostModel(macro.columns, macro.lanes, macro.adc_lanes) for macro in identity.macros]
    return [
        SerialCost(
            macro.columns, macro.lanes, macro.adc_lanes, rows=macro.rows, registers=condition.registers
        )
        for macro in identity.macros
    ]

# SPDX-License-Identifier: BSD-3-Clause
"""A host at the word front of `board_core`: frames in, frames out, one call at a time, cycles counted."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from ohmloop._map import Opcode, Pulse, Register, Status, Table
from ohmloop.link.frames import Frame, decode
from ohmloop.link.identity import HelloRequest
from ohmloop.link.requests import (
    ArmRequest,
    CellRequest,
    PulseRequest,
    TableWriteRequest,
    limits_hash,
    unpack_words,
)
from ohmloop.link.windows import Axis

ROWS, COLS, LANES, ADC_LANES = 32, 32, 8, 4
PARAMETERS = {
    "ROWS": ROWS, "COLS": COLS, "LANES": LANES, "ADC_LANES": ADC_LANES,
    "REQUEST_WORDS": 2048, "REPLY_WORDS": 4096, "MAX_PAYLOAD_WORDS": 512,
}  # fmt: skip
READ_CODE = 20000
NOMINAL_GAIN = (1 << 31) // READ_CODE
LIMITS = (60000, 0, 50000, 30000, 40000, 5000)
"""FORM, SET, RESET, read, gate (DAC codes) and width (clk cycles), as most tests set them."""
IDEAL = {
    Register.EMU_ADC_MIN: 0x800000,
    Register.EMU_ADC_MAX: 0x7FFFFF,
    Register.EMU_RANGE_SHIFT: 0x16161616,
    Register.EMU_READ_GAIN: NOMINAL_GAIN,
}
WAIT_CYCLES = 20_000


class BoardHost:
    """Talks to one board; every method of a request returns or checks its reply.

    Attributes:
        cycle: clk cycles since the clock started.
        frames: replies in the order of arrival, with the cycle of their last word.
    """

    def __init__(self, dut) -> None:
        self.dut = dut
        self.cycle = 0
        self.sequence = 0
        self.epoch = 0
        self.frames: list[tuple[int, Frame]] = []
        self.falls: dict[str, list[int]] = {"drive_active": [], "read_active": []}
        self.rises: dict[str, list[int]] = {"drive_active": [], "read_active": []}

    @classmethod
    async def start(cls, dut, *, limits: Sequence[int] | None = LIMITS) -> BoardHost:
        """Resets the board, opens an epoch, makes the emulated chip ideal and sets the limits."""
        host = cls(dut)
        for name in (
            "rx_valid",
            "rx_data",
            "rx_last",
            "rx_bad",
            "stop_pin",
            "break_seen",
            "nv_load",
            "nv_kind",
        ):
            getattr(dut, name).value = 0
        dut.nv_address.value = 0
        dut.nv_data.value = 0
        dut.boot_id.value = 0xB007
        dut.uid.value = 0x1122334455667788
        dut.tx_ready.value = 1
        dut.rst_n.value = 0
        Clock(dut.clk, 10, unit="ns").start()
        for _ in range(4):
            await FallingEdge(dut.clk)
        dut.rst_n.value = 1
        host.listen()
        await host.hello(0x0001_0001)
        for register, value in IDEAL.items():
            await host.write(register, value)
        await host.table(Table.GAIN, np.full(COLS, 1 << 16))
        if limits is not None:
            await host.write(Register.LIMIT_FORM_V, *limits)
        return host

    def listen(self) -> None:
        """Counts cycles and keeps what the board says from now on."""
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        words: list[int] = []
        dut, last = self.dut, {"drive_active": 0, "read_active": 0}
        for _ in range(50_000_000):
            await FallingEdge(dut.clk)
            self.cycle += 1
            for name, before in last.items():
                now = int(getattr(dut, name).value)
                if now != before:
                    (self.rises if now else self.falls)[name].append(self.cycle)
                    last[name] = now
            if dut.tx_valid.value == 1 and dut.tx_ready.value == 1:
                words.append(int(dut.tx_data.value))
                if dut.tx_last.value == 1:
                    self.frames.append((self.cycle, decode(struct.pack(f"<{len(words)}I", *words))))
                    words = []

    async def send(self, frame: Frame) -> None:
        """Sends one frame, a word a cycle."""
        data = struct.unpack(f"<{len(frame.encode()) // 4}I", frame.encode())
        dut = self.dut
        for i, word in enumerate(data):
            dut.rx_valid.value = 1
            dut.rx_data.value = word
            dut.rx_last.value = i == len(data) - 1
            await FallingEdge(dut.clk)
        dut.rx_valid.value = 0
        dut.rx_last.value = 0

    async def reply(self, known: int, *, limit: int = WAIT_CYCLES) -> Frame:
        """Waits for the frame after the first `known` ones."""
        for _ in range(limit):
            if len(self.frames) > known:
                return self.frames[known][1]
            await FallingEdge(self.dut.clk)
        raise AssertionError(f"no reply within {limit} cycles")

    async def hello(self, nonce: int) -> Frame:
        """Opens an epoch."""
        known = len(self.frames)
        self.sequence, self.epoch = 0, nonce & 0xFFFF
        await self.send(Frame(Opcode.HELLO, 0, 0, HelloRequest(nonce, b"chip").encode(), urgent=True))
        return await self.reply(known)

    async def post(self, opcode: int, payload: bytes = b"") -> int:
        """Sends one numbered request; returns how many frames were known before."""
        known = len(self.frames)
        await self.send(Frame(opcode, self.sequence, self.epoch, payload, acknowledge=self.sequence))
        self.sequence = (self.sequence + 1) & 0xFFFF
        return known

    async def urgent(self, opcode: int) -> None:
        """Sends one urgent frame without waiting for the answer."""
        await self.send(Frame(opcode, 7, self.epoch, urgent=True))

    async def call(self, opcode: int, payload: bytes = b"", *, limit: int = WAIT_CYCLES) -> Frame:
        """Sends one request and returns its reply."""
        known = await self.post(opcode, payload)
        reply = await self.reply(known, limit=limit)
        assert (reply.opcode, reply.reply, reply.urgent) == (opcode, True, False)
        return reply

    async def words(self, opcode: int, *values: int) -> tuple[Status, tuple[int, ...]]:
        """Sends a request of plain words; returns status and words of the reply."""
        reply = await self.call(opcode, struct.pack(f"<{len(values)}I", *values))
        return Status(reply.status), unpack_words(reply.payload)

    async def write(self, register: int, *values: int) -> None:
        """Writes consecutive registers, which must succeed."""
        assert await self.words(Opcode.REG_WRITE, register, *values) == (Status.OK, (len(values),))

    async def read(self, register: int, count: int = 1) -> tuple[int, ...]:
        """Reads consecutive registers, which must succeed."""
        status, values = await self.words(Opcode.REG_READ, register, count)
        assert status == Status.OK and len(values) == count
        return values

    async def table(self, table: Table, values, first: int = 0) -> None:
        """Writes consecutive entries of a table."""
        payload = TableWriteRequest(table, 0, first, np.asarray(values, np.int32)).encode()
        reply = await self.call(Opcode.TABLE_WRITE, payload)
        assert (reply.status, unpack_words(reply.payload)) == (Status.OK, (len(values),))

    async def load(self, g_codes, rows: Axis, columns: Axis) -> tuple[int, ...]:
        """Writes conductance codes; returns the reply's words."""
        reply = await self.call(Opcode.CELL_LOAD, CellRequest(0, rows, columns, np.asarray(g_codes)).encode())
        assert reply.status == Status.OK
        return unpack_words(reply.payload)

    async def arm(self, rows: Axis, columns: Axis, **changes) -> Frame:
        """Arms FORM and RESET on a window; keywords change fields of the request."""
        fields = {
            "limits_hash": limits_hash(LIMITS), "kinds": frozenset({Pulse.FORM, Pulse.RESET}), "macro": 0,
            "max_pulses": 100_000, "max_voltage_code": 60000, "expiry_units": 60_000, "rows": rows,
            "columns": columns, **changes,
        }  # fmt: skip
        return await self.call(Opcode.ARM, ArmRequest(**fields).encode())

    async def pulse(self, rows: Axis, columns: Axis, *, limit: int = WAIT_CYCLES, **changes) -> Frame:
        """Gives pulses; keywords change fields of the request."""
        return await self.call(Opcode.PULSE, pulse_request(rows, columns, **changes).encode(), limit=limit)


def pulse_request(rows: Axis, columns: Axis, **changes) -> PulseRequest:
    """A FORM request that the usual limits and token permit."""
    fields = {
        "kind": Pulse.FORM, "macro": 0, "voltage_code": 50000, "gate_code": 20000, "width_cycles": 40,
        "operation_index": 1000, "pulses": 1, "rows": rows, "columns": columns, **changes,
    }  # fmt: skip
    return PulseRequest(**fields)

# SPDX-License-Identifier: BSD-3-Clause
"""An open board below the host API, and the requests that checks are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode, Pulse, Register, Status
from ohmloop.board.pulses import POLARITY
from ohmloop.link.messages import (
    EXPIRY_CYCLES,
    ArmRequest,
    Axis,
    CellRequest,
    Identity,
    PulseRequest,
    TableWriteRequest,
    VectorReply,
    VectorRequest,
    largest_reply_words,
    pack_words,
    unpack_words,
)
from ohmloop.link.session import Reply, Session
from ohmloop.profile import Profile, load_profile


class CheckFailed(Exception):
    """A check is red; the message says what was seen and what was expected."""


class CheckSkipped(Exception):
    """A check does not apply to this board; the message says why."""


@dataclass(slots=True)
class Bench:
    """An open board below the host API.

    Attributes:
        profile: of the chip.
        pattern: what the first cells of a chip conduct, `[rows, columns]` siemens, where that is known.
    """

    session: Session
    identity: Identity
    rng: np.random.Generator
    profile: Profile
    pattern: NDArray[np.float64] | None = None

    def call(self, opcode: Opcode, payload: bytes, reply_words: int = 3) -> Reply:
        """Executes one request, whatever its status."""
        return self.session.call(opcode, payload, reply_words)

    def ok(self, opcode: Opcode, payload: bytes, reply_words: int = 3) -> bytes:
        """Executes one request that must be answered OK; returns the reply's payload."""
        reply = self.call(opcode, payload, reply_words)
        if reply.status != Status.OK:
            raise CheckFailed(
                f"{opcode.name} answered {Status(reply.status).name}, {unpack_words(reply.payload)}"
            )
        return bytes(reply.payload)

    def refused(self, opcode: Opcode, payload: bytes, expected: Status, what: str) -> None:
        """Executes one request that must be refused with a status."""
        reply = self.call(opcode, payload)
        if reply.status != expected:
            raise CheckFailed(f"{what}: answered {Status(reply.status).name}, {expected.name} expected")

    def read(self, register: Register, count: int = 1) -> tuple[int, ...]:
        """Reads consecutive registers."""
        return unpack_words(self.ok(Opcode.REG_READ, pack_words(register, count), largest_reply_words(count)))

    def write(self, register: Register, *values: int) -> None:
        """Writes consecutive registers."""
        self.ok(Opcode.REG_WRITE, pack_words(register, *values))

    @contextmanager
    def restored(self, *registers: Register) -> Iterator[None]:
        """Puts registers back as they were."""
        before = [(register, self.read(register)[0]) for register in registers]
        try:
            yield
        finally:
            for register, value in before:
                self.write(register, value)

    @contextmanager
    def readable(self, read_code: int) -> Iterator[None]:
        """Lets a read voltage through; the limit is put back."""
        with self.restored(Register.LIMIT_READ_V):
            if self.read(Register.LIMIT_READ_V)[0] < read_code:
                self.write(Register.LIMIT_READ_V, read_code)
            yield

    def vectors(self, request: VectorRequest) -> NDArray[np.int64]:
        """Returns the results of MAC or READ_CELLS, `[n, m]`; split where they do not fit a frame."""
        values = []
        for part in parts_that_fit(request, self.identity.max_payload // 4):
            data = self.ok(part.opcode, part.encode(), part.largest_reply_words)
            values.append(VectorReply.decode(data, part.result_shape, part.width_bits).values)
        return np.concatenate(values).astype(np.int64)

    def require_pulses(self) -> None:
        """Skips the check on a board that only reads."""
        if self.identity.read_only:
            raise CheckSkipped("the board only reads: it has neither tokens nor pulses")

    def require_emulated(self) -> None:
        """Skips the check on a chip."""
        if not self.identity.emulated:
            raise CheckSkipped("the macro is a chip")


def parts_that_fit(request: VectorRequest, words: int) -> list[VectorRequest]:
    """Returns a MAC or READ_CELLS as requests that fit frames of so many payload words, both ways."""
    cells = request.opcode == Opcode.READ_CELLS
    count = request.rows.count if cells else request.count
    if max(request.words, request.largest_reply_words) <= words or count == 1:
        return [request]
    half, rows = count // 2, request.rows
    index = request.operation_index + (half << request.averages_log2)
    if cells:
        first = replace(request, rows=replace(rows, count=half))
        second = replace(rows, start=rows.start + half * rows.stride, count=count - half)
        last = replace(request, rows=second, operation_index=index)
    else:
        at = 4 * half * request.vector_words
        first = replace(request, count=half, vectors=request.vectors[:at])
        last = replace(request, count=count - half, vectors=request.vectors[at:], operation_index=index)
    return parts_that_fit(first, words) + parts_that_fit(last, words)


def row_blocks(bench: Bench, rows: Axis, columns: Axis) -> Iterator[tuple[int, Axis]]:
    """Yields neighbouring rows in blocks whose cells fit a frame, each with its place in `rows`."""
    head = len(CellRequest(0, rows, columns).encode()) // 4
    step = max(1, (bench.identity.max_payload // 4 - head) // ((columns.count + 1) // 2))
    for at in range(0, rows.count, step):
        yield at, Axis(rows.start + at, min(step, rows.count - at))


def write_tables(bench: Bench, profile: Profile) -> None:
    """Writes every table of a profile to macro 0."""
    most = bench.identity.max_payload // 4 - 1
    for table, values in profile.tables().items():
        for first in range(0, values.size, most):
            request = TableWriteRequest(table, 0, first, values[first : first + most])
            bench.ok(Opcode.TABLE_WRITE, request.encode())


@contextmanager
def ideal_emulator(bench: Bench) -> Iterator[int]:
    """Loads the profile `ideal` into an emulated macro; gives its read code, and puts registers back."""
    ideal = load_profile("ideal")
    registers, read_code = ideal.emulator_registers(0, 0), ideal.volts_to_dac_codes(ideal.read_v)
    with bench.restored(*registers), bench.readable(read_code):
        for register, value in registers.items():
            bench.write(register, value)
        write_tables(bench, ideal)
        yield read_code


def dump_cells(bench: Bench, macro: int, rows: Axis, columns: Axis) -> NDArray[np.uint16]:
    """Returns the emulated cells of a window of neighbouring rows, `[rows, columns]`."""
    found = []
    for _, block in row_blocks(bench, rows, columns):
        request = CellRequest(macro, block, columns)
        data = bench.ok(Opcode.CELL_DUMP, request.encode(), request.largest_reply_words)
        found.append(np.frombuffer(data, "<u2", offset=4).reshape(block.count, -1)[:, : columns.count])
    return np.concatenate(found)


def load_cells(bench: Bench, macro: int, rows: Axis, columns: Axis, g_codes: NDArray[np.uint16]) -> None:
    """Writes the emulated cells of a window of neighbouring rows."""
    for at, block in row_blocks(bench, rows, columns):
        part = CellRequest(macro, block, columns, g_codes[at : at + block.count])
        bench.ok(Opcode.CELL_LOAD, part.encode())


@contextmanager
def kept_cells(bench: Bench, macro: int, rows: Axis, columns: Axis) -> Iterator[NDArray[np.uint16]]:
    """Gives the emulated cells of a window, `[rows, columns]`; puts them back, whatever happens inside."""
    before = dump_cells(bench, macro, rows, columns)
    try:
        yield before
    finally:
        load_cells(bench, macro, rows, columns, before)


def one_cell(opcode: Opcode, read_code: int) -> VectorRequest:
    """Returns a request that reads cell (0, 0)."""
    return VectorRequest(opcode, 0, Axis(0, 1), Axis(0, 1), read_code, 0)


def arm_one_cell(clk_hz: int, expected_limits: int, max_voltage_code: int) -> ArmRequest:
    """Returns a request that permits one pulse on cell (0, 0) for a second."""
    return ArmRequest(
        limits_hash=expected_limits,
        kinds=frozenset({Pulse.FORM}),
        macro=0,
        max_pulses=1,
        max_voltage_code=max_voltage_code,
        expiry_units=clk_hz // EXPIRY_CYCLES,
        rows=Axis(0, 1),
        columns=Axis(0, 1),
    )


def pulse_one_cell(voltage_code: int) -> PulseRequest:
    """Returns a request for the shortest pulse on cell (0, 0), gate closed."""
    return PulseRequest(Pulse.FORM, 0, voltage_code, 0, 1, 0, 1, Axis(0, 1), Axis(0, 1), POLARITY[Pulse.FORM])

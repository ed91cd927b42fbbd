# SPDX-License-Identifier: BSD-3-Clause
"""reply_ring keeps what was not acknowledged; reply_size and limit_hash are the host's formulas."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly
from tests.fpga.runner import build_and_test

from ohmloop._map import Opcode
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    PulseRequest,
    VectorRequest,
    largest_reply_words,
    limits_hash,
)

INPUTS = """clear r_write r_address r_data r_done r_opcode r_status r_words ack_valid ack_number again_valid
    again_number s_read s_index s_done size_start size_opcode size_words size_count size_bits size_width
    size_pairs size_rows size_columns hash_start limits""".split()
RING_WORDS, RING_REPLIES = 32, 8
SIZE_CYCLES, HASH_CYCLES = 7, 193
MAX_PAYLOAD_WORDS = 1024


def test_reply_parts() -> None:
    build_and_test("reply_parts", ["tests/fpga/tops/reply_parts.v"], __name__)


async def reset(dut: Any) -> None:
    for name in INPUTS:
        getattr(dut, name).value = 0
    dut.rst_n.value = 0
    Clock(dut.clk, 10, unit="ns").start()
    for _ in range(3):
        await FallingEdge(dut.clk)
    dut.rst_n.value = 1


@dataclass
class Ring:
    """A core, a sender and a host around the ring, and what they know of it."""

    dut: Any
    rng: random.Random
    replies: list[tuple[int, int, list[int]]] = field(default_factory=list)  # opcode, status, words
    sent: int = 0  # new replies sent whole
    acked: int = 0
    asked: set[int] = field(default_factory=set)  # to be sent again
    repeats: int = 0
    stalls: int = 0
    plan: list[int] | None = None  # words of the reply that the core writes
    at: int = 0
    sending: int | None = None
    place: int = 0
    before: int = 0  # `sent`, as the ring knows it in the present cycle

    def core(self) -> None:
        """Writes a reply that fits what the ring says, then ends it."""
        dut = self.dut
        dut.r_write.value = dut.r_done.value = 0
        if self.plan is None:
            room = int(dut.r_room.value)
            assert room <= RING_WORDS
            if not dut.r_ready.value or self.rng.random() < 0.3:
                self.stalls += not dut.r_ready.value
                return
            length = self.rng.randint(0, room if self.rng.random() < 0.2 else min(room, 6))
            self.plan, self.at = [self.rng.getrandbits(32) for _ in range(length)], 0
        if self.at < len(self.plan):
            dut.r_write.value, dut.r_address.value, dut.r_data.value = 1, self.at, self.plan[self.at]
            self.at += 1
        if self.at == len(self.plan):  # the last word and the end may come together
            opcode, status = self.rng.getrandbits(8), self.rng.getrandbits(8)
            dut.r_done.value, dut.r_words.value = 1, len(self.plan)
            dut.r_opcode.value, dut.r_status.value = opcode, status
            self.replies.append((opcode, status, self.plan))
            self.plan = None

    def sender(self) -> None:
        """Takes a reply's head, then its words one by one; compares all with what was written."""
        dut = self.dut
        dut.s_read.value = dut.s_done.value = 0
        if not dut.s_valid.value:
            assert self.sending is None
            return
        number = int(dut.s_sequence.value)
        opcode, status, words = self.replies[number]
        assert (int(dut.s_opcode.value), int(dut.s_status.value)) == (opcode, status), number
        assert int(dut.s_words.value) == len(words), number
        if self.sending is None:
            self.sending, self.place = number, 0
            assert number <= self.sent, number
            self.repeats += number < self.sent
            self.asked.discard(number)
        assert number == self.sending
        if self.place and self.place <= len(words):
            assert int(dut.s_data.value) == words[self.place - 1], (number, self.place)
        if self.place < len(words):
            if self.rng.random() < 0.3:
                self.place = max(0, self.place - 1)  # reads the last word once more
            dut.s_read.value, dut.s_index.value = 1, self.place
            self.place += 1
        else:
            dut.s_done.value = 1
            self.sent += number == self.sent
            self.sending = None

    def host(self, *, chance: float) -> None:
        """Acknowledges, early, late or nonsense, and asks for replies again."""
        dut, rng = self.dut, self.rng
        dut.ack_valid.value = dut.again_valid.value = 0
        if rng.random() < chance:
            number = rng.choice(
                (self.sent, rng.randint(self.acked, self.sent), self.acked - 1, self.sent + 3)
            )
            dut.ack_valid.value, dut.ack_number.value = 1, number & 0xFFFF
        if rng.random() < 0.1:
            number = rng.choice((rng.randint(self.acked, self.sent), self.acked - 1, self.sent))
            dut.again_valid.value, dut.again_number.value = 1, number & 0xFFFF

    def look(self) -> None:
        """Sees what the coming edge takes of the host's wishes."""
        dut = self.dut
        if dut.again_valid.value:
            number = int(dut.again_number.value)
            assert bool(dut.again_taken.value) == (self.acked <= number < self.before), number
            if dut.again_taken.value:
                self.asked.add(number)
        if dut.ack_valid.value:
            number = int(dut.ack_number.value)
            if (number - self.acked) & 0x8000 == 0:
                self.acked = min(number, self.before)
        self.asked = {number for number in self.asked if number >= self.acked}

    def chain(self) -> None:
        """What the proof assumes: kept replies lie one behind the other, and all that is used is theirs."""
        unit = self.dut.u_ring
        place, freed, produced = (
            int(getattr(unit, f"{name}_q").value) for name in ("free", "freed", "produced")
        )
        for number in range(freed, produced):
            entry = int(unit.entries[number % RING_REPLIES].value)
            assert entry >> 32 == place, number
            place += entry >> 16 & 0xFFFF
        assert place == int(unit.write_q.value)

    async def run(self, cycles: int, *, chance: float, busy: bool = True) -> None:
        for _ in range(cycles):
            self.before = self.sent
            self.host(chance=chance)
            if busy or self.plan is not None:
                self.core()
            else:
                self.dut.r_write.value = self.dut.r_done.value = 0
            self.sender()
            await ReadOnly()
            self.look()
            await FallingEdge(self.dut.clk)
            self.chain()


@cocotb.test()
async def a_reply_stays_as_written_until_it_is_acknowledged(dut) -> None:
    for seed, chance in ((1, 0.02), (2, 0.1), (3, 0.5)):
        await reset(dut)
        ring = Ring(dut, random.Random(seed))
        await ring.run(3000, chance=chance)
        assert ring.sent > 100 and ring.repeats > 3
        assert ring.stalls > 20 or chance > 0.02
        await ring.run(400, chance=0.0, busy=False)
        assert ring.sent == len(ring.replies)
        dut.again_valid.value = 0
        for _ in range(200):
            ring.before = ring.sent
            ring.sender()
            await FallingEdge(dut.clk)
        assert not ring.asked
        dut.ack_valid.value, dut.ack_number.value = 1, ring.sent & 0xFFFF
        for _ in range(4):
            await FallingEdge(dut.clk)
        assert int(dut.r_room.value) == RING_WORDS, "all is free when all is acknowledged"


@cocotb.test()
async def a_reply_is_offered_three_cycles_after_its_end(dut) -> None:
    await reset(dut)
    for number in range(2 * RING_REPLIES):
        dut.r_done.value, dut.r_words.value, dut.r_opcode.value = 1, 0, number
        waited = 0
        while not dut.s_valid.value:
            await FallingEdge(dut.clk)
            dut.r_done.value = 0
            waited += 1
            assert waited < 9
        assert (waited, int(dut.s_sequence.value), int(dut.s_opcode.value)) == (3, number, number)
        dut.s_done.value = 1
        await FallingEdge(dut.clk)
        dut.s_done.value, dut.ack_valid.value, dut.ack_number.value = 0, 1, number + 1
        for _ in range(4):
            await FallingEdge(dut.clk)
        dut.ack_valid.value = 0


@cocotb.test()
async def the_ring_keeps_eight_replies_or_its_words(dut) -> None:
    await reset(dut)
    for words, most in ((0, RING_REPLIES), (10, 3), (16, 2), (32, 1)):
        kept = 0
        while dut.r_ready.value and int(dut.r_room.value) >= words:
            dut.r_done.value, dut.r_words.value = 1, words
            await FallingEdge(dut.clk)
            kept += 1
            assert kept <= most
        dut.r_done.value, dut.clear.value = 0, 1
        assert kept == most
        await FallingEdge(dut.clk)
        dut.clear.value = 0
        assert int(dut.r_room.value) == RING_WORDS


def requests(rng: random.Random) -> Any:
    """Draws requests that the host could send, small and large."""
    rows, columns = Axis(0, rng.choice((1, 2, 50, 511, 512))), Axis(0, 2 * rng.choice((1, 8, 25, 128, 256)))
    opcode = rng.choice((Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS, Opcode.CELL_DUMP, Opcode.PULSE))
    if opcode == Opcode.CELL_DUMP:
        return opcode, CellRequest(0, rows, Axis(0, rng.randint(1, 512)), None)
    if opcode == Opcode.PULSE:
        pulses = rng.choice((1, 7, 65535))
        return opcode, PulseRequest(
            kind=0, macro=0, voltage_code=1, gate_code=1, width_cycles=1, operation_index=0, pulses=pulses,
            rows=rows, columns=columns, polarity=0, idle=0,
        )  # fmt: skip
    cells = opcode == Opcode.READ_CELLS
    return opcode, VectorRequest(
        opcode=opcode, macro=0, range=0, averages_log2=0, bits=1 if cells else rng.randint(1, 8),
        width_bits=rng.choice((16, 24, 32)), signed=False, pairs=opcode == Opcode.MAC and rng.random() < 0.5,
        polarity=0, idle=0, reference=False, read_code=0, level=0, operation_index=0,
        count=0 if cells else rng.choice((1, 2, 33, 1000, 65535)), rows=rows, columns=columns, vectors=b"",
    )  # fmt: skip


async def measured(dut: Any, fields: dict[str, int]) -> tuple[int, int, bool, int]:
    """Starts reply_size; returns vectors, largest, too large and cell pulses."""
    for name, value in fields.items():
        getattr(dut, f"size_{name}").value = value
    dut.size_start.value = 1
    for cycle in range(SIZE_CYCLES + 1):
        await ReadOnly()
        assert bool(dut.size_done.value) == (cycle == SIZE_CYCLES)
        await FallingEdge(dut.clk)
        dut.size_start.value = 0
    names = ("vectors", "largest", "too_large", "cell_pulses")
    return tuple(int(getattr(dut, f"size_{name}").value) for name in names)


@cocotb.test()
async def a_reply_is_as_large_as_the_host_expects(dut) -> None:
    await reset(dut)
    rng = random.Random(4)
    for _ in range(400):
        opcode, request = requests(rng)
        fields = {"opcode": int(opcode), "rows": request.rows.count, "columns": request.columns.count}
        if opcode == Opcode.PULSE:
            fields |= {"count": request.pulses}
        elif opcode != Opcode.CELL_DUMP:
            fields |= {"count": request.count, "bits": request.bits, "pairs": int(request.pairs)}
            fields |= {"width": request.width_bits // 8 - 2}
        vectors, largest, too_large, cell_pulses = await measured(dut, fields)
        if opcode == Opcode.PULSE:
            assert cell_pulses == min(request.cell_pulses, 0xFFFF_FFFF)
            continue
        told = largest_reply_words(request)
        assert (largest, too_large) == (told, told > MAX_PAYLOAD_WORDS), (fields, largest, told)
        if opcode != Opcode.CELL_DUMP:
            assert vectors == request.result_shape[0], fields


@cocotb.test()
async def echoes_and_registers_are_counted_in_words(dut) -> None:
    await reset(dut)
    for words in (0, 1, 3, 4, 1024, 65535):
        for opcode, name in ((Opcode.PING, "words"), (Opcode.REG_READ, "count")):
            _, largest, too_large, _ = await measured(dut, {"opcode": int(opcode), name: words})
            assert (largest, too_large) == (largest_reply_words(words), False), (opcode, words)


@cocotb.test()
async def the_hash_of_the_limits_is_the_hosts(dut) -> None:
    await reset(dut)
    rng = random.Random(5)
    for limits in ([0] * 6, [0xFFFF_FFFF] * 6, *([rng.getrandbits(32) for _ in range(6)] for _ in range(6))):
        dut.limits.value = sum(limit << 32 * i for i, limit in enumerate(limits))
        dut.hash_start.value = 1
        for cycle in range(HASH_CYCLES + 1):
            await ReadOnly()
            assert bool(dut.hash_done.value) == (cycle == HASH_CYCLES)
            if cycle == HASH_CYCLES:
                assert int(dut.hash.value) == limits_hash(limits)
            await FallingEdge(dut.clk)
            dut.hash_start.value = 0

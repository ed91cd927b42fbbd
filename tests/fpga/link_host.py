# SPDX-License-Identifier: BSD-3-Clause
"""The host's end of a packet wire in a cocotb bench: sends frames, collects frames, counts cycles."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, Timer

from ohmloop._map import Opcode
from ohmloop.link.frames import Frame, decode

SETTLE = 200
EVENTS = ("safe_seen", "epoch_seen", "feed", "q_valid", "q_done")


@dataclass(frozen=True)
class Seen:
    """A frame from the board and the cycles of its first and last word."""

    frame: Frame
    first: int
    last: int


class LinkHost:
    """Drives the packet ports of a bench: inputs change at falling edges, outputs are read after.

    Attributes:
        cycle: clock cycles since the start.
        seen: frames received so far.
        executed: (opcode, payload words, dropped) of every request whose reply is complete.
    """

    def __init__(self, dut) -> None:
        self.dut = dut
        self.cycle = 0
        self.sequence = 0
        self.epoch = 0
        self.seen: list[Seen] = []
        self.executed: list[tuple[int, int, bool]] = []
        self.sent_last = 0
        self.events: dict[str, list[int]] = {name: [] for name in EVENTS}

    @classmethod
    async def start(cls, dut) -> LinkHost:
        host = cls(dut)
        for name in ("rx_valid", "rx_last", "rx_bad", "pause", "stuck", "trip", "rx_data"):
            getattr(dut, name).value = 0
        dut.state.value = 0x5A
        dut.tx_ready.value = 1
        dut.rst_n.value = 0
        host._clock = Clock(dut.clk, 10, unit="ns")
        host._clock.start()
        for _ in range(3):
            await FallingEdge(dut.clk)
        dut.rst_n.value = 1
        host._watcher = cocotb.start_soon(host._watch())
        await FallingEdge(dut.clk)
        return host

    def stop(self) -> None:
        """Ends the watching, so that another host can start on the same bench."""
        self._watcher.cancel()
        self._clock.stop()

    async def _watch(self) -> None:
        words: list[int] = []
        first = 0
        dut = self.dut
        held: int | None = None
        await FallingEdge(dut.clk)
        await Timer(4, "ns")
        for _ in range(10_000_000):
            await Timer(10, "ns")
            self.cycle += 1
            for name, cycles in self.events.items():
                if getattr(dut, name).value == 1:
                    cycles.append(self.cycle)
            if dut.q_done.value == 1:
                self.executed.append(
                    (int(dut.q_opcode.value), int(dut.q_words.value), bool(dut.q_dropped.value))
                )
            if dut.tx_valid.value == 0:
                assert held is None, "an offered word was withdrawn"
                continue
            word = int(dut.tx_data.value) | int(dut.tx_last.value) << 32
            assert held is None or held == word, "an offered word changed"
            held = None if dut.tx_ready.value == 1 else word
            if held is not None:
                continue
            first = first if words else self.cycle
            words.append(word & 0xFFFFFFFF)
            if word >> 32:
                data = struct.pack(f"<{len(words)}I", *words)
                self.seen.append(Seen(decode(data), first, self.cycle))
                words = []

    async def cycles(self, count: int) -> None:
        for _ in range(count):
            await FallingEdge(self.dut.clk)

    async def packet(self, data: bytes, *, bad: bool = False) -> None:
        """Sends bytes as one packet, one word a cycle, without a gap before it."""
        dut = self.dut
        words = struct.unpack(f"<{len(data) // 4}I", data)
        dut.rx_valid.value = 1
        for place, word in enumerate(words):
            last = place == len(words) - 1
            dut.rx_data.value = word
            dut.rx_last.value = int(last)
            dut.rx_bad.value = int(last and bad)
            await FallingEdge(dut.clk)
        self.sent_last = self.cycle
        dut.rx_valid.value = 0
        dut.rx_last.value = 0
        dut.rx_bad.value = 0

    async def send(self, frame: Frame) -> None:
        await self.packet(frame.encode())

    def request(self, words: int = 0, *, opcode: int = Opcode.PING, acknowledge: int = 0) -> Frame:
        """Returns the next numbered request; its payload is unlike any other's."""
        frame = self.numbered(self.sequence, words, opcode=opcode, acknowledge=acknowledge)
        self.sequence = (self.sequence + 1) & 0xFFFF
        return frame

    def numbered(
        self, sequence: int, words: int = 0, *, opcode: int = Opcode.PING, acknowledge: int = 0
    ) -> Frame:
        payload = struct.pack(
            f"<{words}I", *((sequence << 16 | place) & 0xFFFFFFFF for place in range(words))
        )
        return Frame(opcode, sequence, self.epoch, payload, acknowledge=acknowledge)

    def urgent(self, opcode: int, sequence: int = 0, payload: bytes = b"") -> Frame:
        return Frame(opcode, sequence, self.epoch, payload, urgent=True)

    def hello(self, nonce: int, sequence: int = 0, chip: bytes = b"") -> Frame:
        payload = struct.pack("<I16s", nonce, chip)
        return Frame(Opcode.HELLO, sequence, 0, payload, urgent=True)

    async def open(self, nonce: int = 0x12345678) -> Frame:
        """Opens an epoch and returns the answer; forgets what was seen before."""
        await self.send(self.hello(nonce))
        self.epoch = nonce & 0xFFFF
        self.sequence = 0
        await self.settle()
        answer = self.seen[-1].frame
        assert answer.opcode == Opcode.HELLO and answer.epoch == self.epoch
        self.forget()
        return answer

    def forget(self) -> None:
        self.seen.clear()
        self.executed.clear()
        for cycles in self.events.values():
            cycles.clear()

    async def settle(self, quiet: int = SETTLE) -> None:
        """Waits until nothing has been sent for a while."""
        for _ in range(10_000):
            before = len(self.seen)
            await self.cycles(quiet)
            if len(self.seen) == before and self.dut.tx_valid.value == 0:
                return
        raise AssertionError("the board does not stop sending")

    @property
    def frames(self) -> list[Frame]:
        return [seen.frame for seen in self.seen]

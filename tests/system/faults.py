# SPDX-License-Identifier: BSD-3-Clause
"""A packet wire that loses, doubles, damages, delays and cuts frames, both ways, by a seeded generator."""

import random
from collections import Counter, deque

from ohmloop.link.wires import Wire

KINDS = ("drop", "duplicate", "corrupt", "delay", "truncate")


class FaultyWire:
    """Passes frames on, each with `rate` probability of each fault; counts what it did."""

    packet = True

    def __init__(self, wire: Wire, rate: float, seed: int) -> None:
        self.url = f"faulty+{wire.url}"
        self.origin = wire.origin
        self.faults: Counter[str] = Counter()
        self.frames = 0
        self._wire = wire
        self._rate = rate
        self._random = random.Random(seed)
        self._late_down: deque[bytes] = deque()
        self._late_up: deque[bytes] = deque()
        self._up: deque[bytes] = deque()

    def write(self, data: bytes) -> None:
        arriving = self._pass_on(data, self._late_down)
        late = [self._late_down.popleft() for _ in range(len(self._late_down) - (not arriving))]
        for frame in arriving + late:  # a delayed frame arrives after the one behind it
            self._wire.write(frame)

    def read(self, timeout_s: float) -> bytes:
        if not self._up:
            data = self._wire.read(timeout_s)
            if data:
                self._up.extend(self._pass_on(data, self._late_up))
            if not data or len(self._late_up) > 1:
                self._up.extend(self._late_up)
                self._late_up.clear()
            if not data:
                while self._late_down:
                    self._wire.write(self._late_down.popleft())
        return self._up.popleft() if self._up else b""

    def now_s(self) -> float:
        return self._wire.now_s()

    def close(self) -> None:
        self._wire.close()

    def _pass_on(self, data: bytes, late: deque[bytes]) -> list[bytes]:
        """What arrives of one frame, now."""
        self.frames += 1
        draw = self._random.random()
        kind = KINDS[int(draw / self._rate)] if draw < self._rate * len(KINDS) else "none"
        self.faults[kind] += 1
        if kind == "drop":
            return []
        if kind == "duplicate":
            return [data, data]
        if kind == "delay":
            late.append(data)
            return []
        if kind == "corrupt":
            return [self._corrupted(data)]
        return [data[: self._random.randrange(1, len(data))]] if kind == "truncate" else [data]

    def _corrupted(self, data: bytes) -> bytes:
        """One to four bytes next to each other changed: CRC-32 sees every burst of 32 bits."""
        place = self._random.randrange(len(data))
        burst = bytearray(data)
        for i in range(place, min(len(data), place + self._random.randint(1, 4))):
            burst[i] ^= self._random.randint(1, 255)
        return bytes(burst)

# SPDX-License-Identifier: BSD-3-Clause
"""docs/programming.md in plain Python integers, one cell at a time: slow and obvious."""

from dataclasses import dataclass
from math import isqrt

from ohmloop._map import Algorithm, Outcome


def root(m):
    """ceil(16 sqrt(m))."""
    low = isqrt(256 * m)
    return low if low * low == 256 * m else low + 1


@dataclass
class Cell:
    """What the board knows of one cell."""

    column: int
    target: int
    tolerance: int
    outcome: int | None = None
    total: int = 0
    count: int = 0
    pulses: int = 0
    reads: int = 0
    run: int = 0
    mark: int = 0
    steps: int = 0
    direction: str = ""
    gate: int = 0
    last_voltage: int = -1


class SlowProgram:
    """One PROGRAM on a slow chip; `left` cell pulses of the token."""

    def __init__(self, matter, request, left):
        self.matter, self.request, self.left = matter, request, left
        self.n = self.given = self.readings = self.rows_done = 0
        self.stopped = False
        self.log = []

    def run(self):
        """Returns per row the cells and their independent sums."""
        request = self.request
        columns = [int(c) for c in request.columns.lines]
        rows = []
        for i, line in enumerate(request.rows.lines):
            cells = [
                Cell(c, int(t), int(tol))
                for c, t, tol in zip(columns, request.targets[i], request.tolerances[i], strict=True)
            ]
            self.row(int(line), cells)
            rows.append((int(line), cells))
        return [(cells, self.final(line, cells)) for line, cells in rows]

    def read(self, line, cells, log2):
        index = self.request.operation_index + self.n
        self.n += 1 << log2
        return self.matter.reading(
            line, [c.column for c in cells], index, 1 << log2, self.request.range, self.request.read_code
        )

    def row(self, line, cells):
        request = self.request
        for _ in range(1024):
            still = [c for c in cells if c.outcome is None]
            if not still or self.stopped:
                break
            if self.n + (1 << request.averages_log2) + 2 * len(cells) > 1 << 20:
                self.stopped = True
                break
            values, _ = self.read(line, still, request.averages_log2)
            self.readings += len(still)
            jobs = []
            for cell, y in zip(still, values, strict=True):
                self.judge(cell, y, jobs)
            self.give(line, jobs)
        rest = Outcome.UNFINISHED if self.stopped else Outcome.BUDGET
        for cell in cells:
            if cell.outcome is None:
                cell.outcome = rest
        self.rows_done += not self.stopped

    def guard(self, t, words):
        return words[0] + (words[1] * abs(t) >> 16)

    def judge(self, cell, y, jobs):
        request = self.request
        t, limit = cell.target << request.averages_log2, cell.tolerance << request.averages_log2
        guard = self.guard(t, request.guard)
        cell.total, cell.count, cell.reads = cell.total + y, cell.count + 1, cell.reads + 1
        if request.algorithm == Algorithm.FORM_RAMP:
            if y >= t:
                cell.outcome = Outcome.DONE
            else:
                self.decide(cell, y, t, guard, jobs)
            return
        m = cell.count
        off = 16 * abs(cell.total - m * t)
        if off + guard * root(m) <= 16 * m * limit:
            cell.outcome = Outcome.DONE
        elif off - guard * root(m) > 16 * m * limit or m == request.most_readings:
            self.decide(cell, y, t, guard, jobs)

    def decide(self, cell, y, t, guard, jobs):
        request, kind = self.request, self.request.algorithm
        direction = "RESET" if cell.total - cell.count * t > 0 else "SET"
        direction = "FORM" if kind == Algorithm.FORM_RAMP else direction
        first = not cell.direction
        both = kind == Algorithm.TWO_PULSE and (first or direction == "RESET")
        if cell.pulses + (2 if both else 1) > request.budget:
            cell.outcome = Outcome.BUDGET
            return
        if kind == Algorithm.FORM_RAMP and cell.last_voltage == request.set.end:
            cell.outcome = Outcome.BUDGET
            return
        same = direction == cell.direction
        if same:
            cell.run += 1
        else:
            cell.run, cell.mark = 0, y
        if request.stall and cell.run >= request.stall:
            if abs(y - cell.mark) <= 2 * guard:
                cell.outcome = Outcome.STUCK
                return
            cell.run, cell.mark = 0, y
        cell.total = cell.count = 0
        drive = request.reset if direction == "RESET" else request.set
        if kind == Algorithm.TWO_PULSE:
            self.aim_gate(cell, direction, first, y, t)
            if both:
                jobs.append((0, request.reset.start, request.reset.gate, cell))
            jobs.append((1, request.set.start, cell.gate, cell))
        elif kind == Algorithm.PING_PONG:
            cell.steps += 0 if first or same else 1
            voltage = max(drive.start - cell.steps * drive.step, drive.end, 0)
            jobs.append((direction != "RESET", voltage, drive.gate, cell))
        else:
            cell.steps = cell.steps + 1 if same else 0
            voltage = min(drive.start + cell.steps * drive.step, drive.end)
            cell.last_voltage = voltage
            jobs.append((direction != "RESET", voltage, drive.gate, cell))
        cell.direction = direction

    def aim_gate(self, cell, direction, first, y, t):
        request = self.request
        move = max(1 << request.quantum, (abs(y - t) >> request.averages_log2) * request.gate_gain >> 8)
        if first:
            gate = request.gate_low + (cell.target * request.gate_slope >> 8)
        else:
            gate = cell.gate - move if direction == "RESET" else cell.gate + move
        gate = gate >> request.quantum << request.quantum
        cell.gate = min(max(gate, request.gate_low), request.gate_high)

    def give(self, line, jobs):
        """RESET before SET or FORM, drives rising; a group is all jobs of one drive."""
        request = self.request
        for late, voltage, gate in sorted({job[:3] for job in jobs}):
            group = [cell for *drive, cell in jobs if tuple(drive) == (late, voltage, gate)]
            if self.stopped or self.left < len(group):
                self.stopped = True
                return
            self.left -= len(group)
            kind = "RESET" if not late else "FORM" if request.algorithm == Algorithm.FORM_RAMP else "SET"
            width = request.set.width if late else request.reset.width
            index = request.operation_index + self.n
            self.n += 1
            self.matter.pulse(kind, [line], [c.column for c in group], voltage, gate, width, index, 1)
            self.given += len(group)
            for cell in group:
                cell.pulses += 1

    def final(self, line, cells):
        request = self.request
        values, flags = self.read(line, cells, request.final_log2)
        for cell, z, saturated in zip(cells, values, flags, strict=True):
            if cell.outcome != Outcome.DONE:
                continue
            t, limit = cell.target << request.final_log2, cell.tolerance << request.final_log2
            guard = self.guard(t, request.final)
            moved = abs(z - t) > limit + guard
            if request.algorithm == Algorithm.FORM_RAMP:
                moved = z + guard < t
            if moved:
                cell.outcome = Outcome.MOVED
            if saturated:
                cell.outcome = Outcome.SATURATED
        return values

# SPDX-License-Identifier: BSD-3-Clause
"""PROGRAM as docs/programming.md states it, a row at a time, and the cycles that it costs."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Algorithm, Outcome, Pulse
from ohmloop.emulator.access import CellAccess
from ohmloop.emulator.cellread import Bias
from ohmloop.emulator.cells import Matter, Train
from ohmloop.emulator.core_cost import DECIDED, Work, bucket_shift
from ohmloop.emulator.meter import Meter
from ohmloop.emulator.program_row import OPEN, ROOT, Codes, Row, guard_of
from ohmloop.link.messages import ProgramReply, ProgramRequest

Flags = NDArray[np.bool_]

MAX_ROUNDS: Final = 1024
INDICES: Final = 1 << 20
_COUNT_TOP: Final = 255
_SUM_TOP: Final = (1 << 23) - 1


class WriteVerify:
    """One PROGRAM request on one macro."""

    def __init__(
        self, request: ProgramRequest, access: CellAccess, matter: Matter, bias: Bias, meter: Meter
    ) -> None:
        self._request = request
        self._access = access
        self._matter = matter
        self._bias = bias
        self.meter = meter
        self._columns = request.columns.lines
        self._words = int(self._columns[-1]) // 32 + 1
        self.rows_done = 0

    def run(self) -> ProgramReply:
        """Programs all rows and reads them once more.

        Returns:
            What to answer, `cycles` without the refresh; nothing of it counts when `meter.timed_out`.
        """
        self._begin()
        rows = [self._row(number, int(line)) for number, line in enumerate(self._request.rows.lines)]
        self.meter.cycles += self._request.delay_cycles
        sums = [self._final(row, int(line)) for row, line in zip(rows, self._request.rows.lines, strict=True)]
        return ProgramReply(
            cycles=self.meter.cycles,
            rows_done=self.rows_done,
            pulses_given=self.meter.given,
            readings=self.meter.readings,
            sums=np.stack(sums).astype(np.int32),
            outcomes=np.stack([row.outcomes for row in rows]).astype(np.uint8),
            pulses=np.stack([row.pulses for row in rows]).astype(np.uint8),
            reads=np.minimum(np.stack([row.reads for row in rows]), _COUNT_TOP).astype(np.uint8),
        )

    def _begin(self) -> None:
        """Counts what the core does before the first row: reads the request, asks the guard."""
        request, meter = self._request, self.meter
        kinds = 1 if request.algorithm == Algorithm.FORM_RAMP else 2
        meter.spend(Work.REQUEST)
        meter.spend(Work.JUDGED, kinds * request.rows.count)
        meter.cycles += kinds * request.rows.count * meter.judgement
        for axis in (request.rows, request.columns):
            meter.spend(Work.LINE, axis.count)
            meter.spend(Work.BITMAP, int(axis.bitmap is not None))
        meter.spend(Work.CELL, request.rows.count * request.columns.count)

    # A row

    def _row(self, number: int, line: int) -> Row:
        request, a = self._request, self._request.averages_log2
        self.meter.spend(Work.ROW)
        targets = request.targets[number].astype(np.int64) << a
        row = Row(targets, request.tolerances[number].astype(np.int64) << a, guard_of(targets, request.guard))
        for _ in range(MAX_ROUNDS):
            cells = np.flatnonzero(row.outcomes == OPEN)
            if not cells.size or self._no_room():
                break
            self._round(row, cells, line)
        if self.meter.over:
            row.outcomes[row.outcomes == OPEN] = Outcome.UNFINISHED
        else:
            row.outcomes[row.outcomes == OPEN] = Outcome.BUDGET
            self.rows_done += 1
        return row

    def _no_room(self) -> bool:
        needed = (1 << self._request.averages_log2) + 2 * self._columns.size
        self.meter.stopped |= self.meter.index + needed > INDICES
        return self.meter.over

    def _round(self, row: Row, cells: NDArray[np.intp], line: int) -> None:
        request, meter = self._request, self.meter
        meter.spend(Work.ROUND)
        meter.spend(Work.MASK_WORD, self._words)
        y, _ = self._read(line, self._columns[cells], request.averages_log2)
        meter.spend(Work.VERIFIED, cells.size)
        meter.readings += cells.size
        row.sums[cells] += y
        row.count[cells] += 1
        row.reads[cells] += 1
        wrong = self._judge(row, cells, y)
        chosen = self._decide(row, cells[wrong], y[wrong])
        meter.spend(Work.CLOSED, int(np.count_nonzero(row.outcomes[cells] != OPEN)))
        meter.spend(DECIDED[request.algorithm], int(np.count_nonzero(wrong)))
        self._pulse(row, chosen, line)

    def _read(self, line: int, columns: NDArray[np.intp], log2: int) -> tuple[Codes, Flags]:
        meter, repeats = self.meter, 1 << log2
        index = self._request.operation_index + meter.index
        meter.index += repeats
        meter.cycles += meter.read_cycles(columns, log2) + meter.judgement
        return self._access.read_row(line, columns, self._bias, self._request.range, index, repeats)

    def _judge(self, row: Row, cells: NDArray[np.intp], y: Codes) -> Flags:
        """Marks the cells that are inside; returns which are outside."""
        if self._request.algorithm == Algorithm.FORM_RAMP:
            inside = y >= row.targets[cells]
            row.outcomes[cells[inside]] = Outcome.DONE
            return np.asarray(~inside)
        m = row.count[cells]
        off = 16 * np.abs(row.sums[cells] - m * row.targets[cells])
        edge, allowed = row.guards[cells] * ROOT[m], 16 * m * row.tolerances[cells]
        inside = off + edge <= allowed
        row.outcomes[cells[inside]] = Outcome.DONE
        outside = (off - edge > allowed) | (m == self._request.most_readings)
        return np.asarray(~inside & outside)

    # Decisions

    def _decide(self, row: Row, cells: NDArray[np.intp], y: Codes) -> NDArray[np.intp]:
        """Gives up on cells or chooses their drive; returns those to pulse."""
        request = self._request
        high = row.sums[cells] > row.count[cells] * row.targets[cells]
        direction = np.where(high, int(Pulse.RESET), int(Pulse.SET))
        if request.algorithm == Algorithm.FORM_RAMP:
            direction[:] = int(Pulse.FORM)
        used_up = row.pulses[cells] + self._costs(row, cells, direction) > request.budget
        if request.algorithm == Algorithm.FORM_RAMP:
            used_up |= (row.pulses[cells] > 0) & (self._ramp(row.steps[cells] - 1) >= request.set.end)
        row.outcomes[cells[used_up]] = Outcome.BUDGET
        same = direction == row.direction[cells]
        stuck = ~used_up & self._stalled(row, cells, y, same)
        row.outcomes[cells[stuck]] = Outcome.STUCK
        go = ~used_up & ~stuck
        cells, direction, same, y = cells[go], direction[go], same[go], y[go]
        row.sums[cells] = row.count[cells] = 0
        self._aim(row, cells, direction, same, y)
        row.direction[cells] = direction
        return cells

    def _costs(self, row: Row, cells: NDArray[np.intp], direction: Codes) -> Codes:
        costs = np.ones(cells.size, np.int64)
        if self._request.algorithm == Algorithm.TWO_PULSE:
            costs += (direction == Pulse.RESET) | (row.direction[cells] < 0)
        return costs

    def _stalled(self, row: Row, cells: NDArray[np.intp], y: Codes, same: Flags) -> Flags:
        """Counts pulses without reversal; returns which cells did not move in STALL of them."""
        stall = self._request.stall
        row.run[cells] = np.where(same, row.run[cells] + 1, 0)
        row.mark[cells] = np.where(same, row.mark[cells], y)
        due = np.asarray((stall > 0) & (row.run[cells] >= stall))
        still: Flags = due & (np.abs(y - row.mark[cells]) <= 2 * row.guards[cells])
        moved = due & ~still
        row.run[cells[moved]] = 0
        row.mark[cells[moved]] = y[moved]
        return still

    def _aim(self, row: Row, cells: NDArray[np.intp], direction: Codes, same: Flags, y: Codes) -> None:
        request = self._request
        first = row.direction[cells] < 0
        if request.algorithm == Algorithm.PING_PONG:
            row.steps[cells] += ~first & ~same
        elif request.algorithm == Algorithm.INCREMENTAL:
            row.steps[cells] = np.where(same, row.steps[cells] + 1, 0)
        elif request.algorithm == Algorithm.FORM_RAMP:
            row.steps[cells] += 1
        else:
            off = np.abs(y - row.targets[cells]) >> request.averages_log2
            move = np.maximum(1 << request.quantum, (off * request.gate_gain) >> 8)
            base = request.gate_low + (
                ((row.targets[cells] >> request.averages_log2) * request.gate_slope) >> 8
            )
            gate = np.where(first, base, row.gates[cells] + np.where(direction == Pulse.RESET, -move, move))
            gate = gate >> request.quantum << request.quantum
            row.gates[cells] = np.clip(gate, request.gate_low, request.gate_high)
            row.steps[cells] = (direction == Pulse.RESET) | first  # a RESET goes before the SET

    def _ramp(self, steps: Codes) -> Codes:
        up = self._request.set
        return np.minimum(up.start + steps * up.step, up.end)

    # Pulses

    def _pulse(self, row: Row, cells: NDArray[np.intp], line: int) -> None:
        """Gives the pulses of a round."""
        request = self._request
        direction, steps = row.direction[cells], row.steps[cells]
        up, down = request.set, request.reset
        if request.algorithm == Algorithm.TWO_PULSE:
            erased = cells[steps > 0]
            self.meter.spend(Work.ERASED, erased.size)
            self._groups(row, erased, np.full(erased.size, down.start), Pulse.RESET, line)
            self._groups(row, cells, row.gates[cells], Pulse.SET, line)
            return
        if request.algorithm == Algorithm.FORM_RAMP:
            self._groups(row, cells, self._ramp(steps - 1), Pulse.FORM, line)
            return
        for kind, drive in ((Pulse.RESET, down), (Pulse.SET, up)):
            mine = direction == kind
            if request.algorithm == Algorithm.PING_PONG:
                volts = np.maximum(np.maximum(drive.start - steps[mine] * drive.step, drive.end), 0)
            else:
                volts = np.minimum(drive.start + steps[mine] * drive.step, drive.end)
            self._groups(row, cells[mine], volts, kind, line)

    def _groups(self, row: Row, cells: NDArray[np.intp], drives: Codes, kind: Pulse, line: int) -> None:
        """Pulses cells, all of one drive at once, drives rising; a drive is a gate in TWO_PULSE's SET."""
        meter, request = self.meter, self._request
        words = request.reset if kind == Pulse.RESET else request.set
        by_gate = request.algorithm == Algorithm.TWO_PULSE and kind == Pulse.SET
        chained = by_gate or request.algorithm != Algorithm.TWO_PULSE
        ends = (request.gate_low, request.gate_high) if by_gate else (words.start, words.end)
        buckets = (drives - min(ends)) >> bucket_shift(min(ends), max(ends))
        for drive in np.unique(drives):
            group = cells[drives == drive]
            meter.spend(Work.GROUP)
            meter.spend(Work.GROUP_WORD, self._words)
            if chained:
                beside = (drives >= drive) & (buckets == buckets[drives == drive][0])
                meter.spend(Work.VISITED, int(np.count_nonzero(beside)))
                meter.spend(Work.PULSED, group.size)
            if meter.over or not meter.take(kind, group.size, meter.cycles):
                meter.stopped = True
                return
            voltage, gate = (words.start, int(drive)) if by_gate else (int(drive), words.gate)
            index = request.operation_index + meter.index
            meter.index += 1
            columns = self._columns[group]
            train = Train(kind, voltage, gate, words.width, index)
            self._access.give(np.array([line]), columns, train, np.ones(1, np.int64), self._matter)
            row.pulses[group] += 1
            meter.given += group.size
            meter.cycles += meter.pulse_cycles(columns, words.width)

    # The independent reading

    def _final(self, row: Row, line: int) -> Codes:
        """Reads a row once more and judges its accepted cells by that alone."""
        request, b = self._request, self._request.final_log2
        z, saturated = self._read(line, self._columns, b)
        self.meter.spend(Work.FINAL_ROW)
        self.meter.spend(Work.FINAL_CELL, z.size)
        targets = (row.targets >> request.averages_log2) << b
        tolerances = (row.tolerances >> request.averages_log2) << b
        final = guard_of(targets, request.final)
        if request.algorithm == Algorithm.FORM_RAMP:
            moved = z + final < targets
        else:
            moved = np.abs(z - targets) > tolerances + final
        done = row.outcomes == Outcome.DONE
        row.outcomes[done & moved] = Outcome.MOVED
        row.outcomes[done & saturated] = Outcome.SATURATED
        return np.clip(z, -_SUM_TOP - 1, _SUM_TOP)

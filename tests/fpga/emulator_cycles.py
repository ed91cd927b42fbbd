# SPDX-License-Identifier: BSD-3-Clause
"""docs/emulator.md, section "Cycles", as a recurrence over units; beats are offered without a gap."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fpga.emulator_model import Config

CONVERT, SUM, SEND = 18, 13, 8
KEYS, SERIAL = 34, 59  # of the serial macro: to the first sums taken, a conversion without its shifts


@dataclass
class Expected:
    """Cycles, counted from the first beat (0): of `x_last`, of each result's first conversion, and so on."""

    x_last: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    sample_last: list[int] = field(default_factory=list)
    offered: list[int] = field(default_factory=list)
    result_last: list[int] = field(default_factory=list)


def expected_cycles(
    cfg: Config, rows: int, n: int, columns: list[int], *, lanes: int, adc_lanes: int
) -> Expected:
    """Returns the cycles of a request of n vectors of some rows on an idle macro."""
    floor = max(16, lanes // adc_lanes)
    subs = 2 if cfg.signed else 1
    planes = 1 if cfg.raw else cfg.bits
    groups = range(columns[0] // lanes, columns[-1] // lanes + 1)
    quads = [len({c // adc_lanes for c in columns if c // lanes == g}) for g in groups]
    drains = [max(1, planes * q) for q in quads]
    passes = cfg.bits if cfg.raw else cfg.repeats
    out = Expected()
    ends: list[int] = []  # last row of every vector
    freed: list[int] = []  # last conversion of every unit
    sent: list[int] = []  # last sum read of every result
    e = c = -(10**6)
    for v in range(n):
        load = max(out.x_last[-1] if v else -1, ends[v - 2] if v > 1 else -1) + rows
        out.x_last.append(load)
        first = load + rows + 1
        for k in range(passes):
            for i, drain in enumerate(drains):
                slot = freed[-4] + 1 if len(freed) >= 4 else 0
                for _ in range(subs):
                    e = max(e + rows, e + floor, slot, first)
                    first = 0
                c = max(e + floor + 7, freed[-1] + 1 if freed else 0)
                if i == 0 and (cfg.raw or k == 0):
                    c = max(c, sent[-4] + 2 if len(sent) >= 4 else 0)
                    out.start.append(c)
                freed.append(c + drain - 1)
            if cfg.raw or k == passes - 1:
                out.sample_last.append(freed[-1] + CONVERT)
                room = out.offered[-1] + len(columns) if out.offered else 0
                out.offered.append(max(freed[-1] + CONVERT + SUM, room))
                sent.append(out.offered[-1] + len(columns) - 1 - SEND)
                out.result_last.append(out.offered[-1] + len(columns) - 1)
        ends.append(e)
    return out


def expected_serial(cfg: Config, rows: int, n: int, columns: list[int], shift: int) -> Expected:
    """Returns the cycles of n vectors of some rows on an idle serial macro; `start` is `s_take`."""
    planes = 1 if cfg.raw else cfg.bits
    passes = cfg.bits if cfg.raw else cfg.repeats
    each = SERIAL + shift
    taken = max(KEYS, rows + 5)  # first sums of a pass
    for last, column in zip([columns[0], *columns], columns, strict=False):
        taken += max(each, column - last + max(rows + 4, 7)) if column != last else 0
        taken += (planes - 1) * max(each, rows + 4)
    length = taken + each - 6
    out, now = Expected(), 0
    for _ in range(n):
        begin = now + rows
        now = begin + passes * length
        out.x_last.append(now - length + 27)
        for k in range(passes):
            if cfg.raw or k == 0:
                out.start.append(begin + k * length)
            if cfg.raw or k == passes - 1:
                out.sample_last.append(begin + (k + 1) * length - 1)
                out.offered.append(out.sample_last[-1] + SUM)
                out.result_last.append(out.offered[-1] + len(columns) - 1)
    return out

# SPDX-License-Identifier: BSD-3-Clause
"""No stream of requests drives a cell past the locked limits: a random search over the verilated board.

No host stands between. What is driven is judged from outside the board (observer.h). The search is trusted
only as far as it finds breaks (mutants.toml) and visits what matters: both are tested. `make safety`
goes on longer.
"""

from __future__ import annotations

import pytest
from tests.safety import search_bench as bench

from ohmloop._map import Opcode, Status

STREAMS = 320
FOUND_WITHIN = 256  # blocks of 64 streams


def statuses(reached, opcode: Opcode) -> dict[int, int]:
    counted: dict[int, int] = {}
    for (asked, _, status), count in reached["outcomes"].items():
        if asked == opcode:
            counted[status] = counted.get(status, 0) + count
    return counted


def test_nothing_drives_past_the_limits_and_the_search_comes_near() -> None:
    reached = bench.searched(STREAMS, seed=7)
    assert reached["violations"] == []
    driven = reached["driven"]
    assert all(driven[kind] > 20 for kind in ("form", "set", "reset", "by_firmware", "reads", "swept"))
    assert all(driven[edge] > 5 for edge in ("at_voltage", "near_voltage", "at_gate", "at_width", "at_read"))
    assert statuses(reached, Opcode.PULSE).keys() >= {
        Status.OK, Status.ABORTED, Status.NOT_ARMED, Status.SAFE_LATCHED, Status.TOKEN_EXPIRED,
        Status.PULSE_BUDGET, Status.OVER_VOLTAGE_LIMIT, Status.OVER_GATE_LIMIT, Status.OVER_WIDTH_LIMIT,
        Status.BAD_WINDOW,
    }  # fmt: skip
    assert statuses(reached, Opcode.REG_WRITE).keys() >= {Status.LIMITS_LOCKED, Status.OVER_CEILING}
    assert statuses(reached, Opcode.PROGRAM)[Status.FIRMWARE_FAULT] > 10
    assert all(sum(counts) > 30 for counts in reached["causes"])


def test_a_stream_is_found_again_by_its_seed() -> None:
    program = bench.build()
    first, again, other = (bench.search(program, range(3, 4), seed=seed) for seed in (5, 5, 6))
    assert first["outcomes"] == again["outcomes"] and first["cycles"] == again["cycles"]
    assert other["cycles"] != first["cycles"]


def test_every_listed_break_fits_the_board() -> None:
    assert len(bench.mutated(bench.mutants())) >= 4


@pytest.mark.slow
def test_every_listed_break_is_found() -> None:
    program = bench.build(broken=True)
    results = {
        mutant.breaks: bench.search(program, range(FOUND_WITHIN), mutant=mutant.number)["violation"]
        for mutant in bench.mutants()
    }
    assert [breaks for breaks, violation in results.items() if not violation] == []
    assert bench.search(program, range(2), mutant=0)["violation"] == ""

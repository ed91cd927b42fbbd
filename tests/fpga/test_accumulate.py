# SPDX-License-Identifier: BSD-3-Clause
"""accumulate: the documented results, in their cycles, whatever the sink does and wherever it is cut."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cocotb
from tests.fpga.emulator_cycles import SEND, SUM
from tests.fpga.emulator_model import Config
from tests.fpga.runner import build_and_test
from tests.fpga.sums_host import SIZES, SumsHost

TOP, BOTTOM = (1 << 23) - 1, -(1 << 23)


def test_accumulate() -> None:
    build_and_test("sums_parts", ["tests/fpga/tops/sums_parts.v"], __name__)


@cocotb.test()
async def every_size_width_and_range_gives_the_documented_results(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    for which, (cols, _) in enumerate(SIZES):
        scattered = sorted(host.rng.sample(range(cols), min(cols, 23)))
        for columns in ([0], [cols - 1], list(range(cols))[-40:], scattered):
            for width in (0, 1, 2):
                cfg = Config(
                    bits=host.rng.choice((1, 3, 8)), repeats=host.rng.choice((1, 4)), width=width,
                    range=host.rng.randrange(4),
                )  # fmt: skip
                host.size(which)
                await host.check(cfg, host.codes(cfg, 3, columns, top=9000), columns)


@cocotb.test()
async def all_512_columns_of_a_repeated_result(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    cfg, columns = Config(bits=2, repeats=2, range=3), list(range(512))
    await host.check(cfg, host.codes(cfg, 2, columns, top=TOP), columns)


@cocotb.test()
async def sums_clamp_at_both_ends_and_are_marked(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    columns = [3, 4, 11]
    for which in range(3):
        host.size(which)
        for code in (TOP, BOTTOM):
            for width, repeats in ((0, 1), (1, 1), (2, 1), (2, 2), (2, 128)):
                cfg = Config(bits=8, repeats=repeats, width=width, range=1)
                await host.check(cfg, host.codes(cfg, 1, columns, value=code), columns)


@cocotb.test()
async def the_last_value_that_fits_is_not_marked(dut) -> None:
    host = await SumsHost.start(dut)
    host.size(1)
    await host.clear_tables()
    for width in (0, 1):
        top = 1 << (15, 23)[width]
        for value, fits in ((top - 1, True), (top, False), (-top, True), (-top - 1, False)):
            low, bits = divmod(value, 2)  # one plane of 24 bits cannot hold what is beyond 24 bits
            cfg = Config(bits=2, width=width)
            codes = {(0, 0, 5): bits, (0, 1, 5): low}
            out = await host.check(cfg, [codes], [5])
            assert out == [[(max(-top, min(top - 1, value)), not fits)]]


@cocotb.test()
async def one_saturated_conversion_marks_its_result_only(dut) -> None:
    host = await SumsHost.start(dut)
    host.size(1)
    columns = [0, 1, 2, 3, 30]
    cfg = Config(bits=4, repeats=2)
    for column in columns:
        for repeat, plane in ((0, 0), (1, 3)):
            results = host.codes(cfg, 3, columns, top=100)
            host.saturated = {(1, repeat, plane, column)}
            out = await host.check(cfg, results, columns)
            assert [[hit for _, hit in row] for row in out] == [
                [n == 1 and c == column for c in columns] for n in range(3)
            ]


@cocotb.test()
async def raw_codes_pass_untouched_a_result_a_plane(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    for which in range(3):
        host.size(which)
        for width in (0, 1, 2):
            cfg = Config(bits=5, raw=True, width=width, range=2)
            columns = [1, 2, 7, 8, 15]
            out = await host.check(cfg, host.codes(cfg, 2, columns, top=40_000), columns)
            assert len(out) == 10


@cocotb.test()
async def pairs_give_first_minus_second(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    for which in range(3):
        host.size(which)
        for columns in ([0, 1], [1, 2], [0, 3, 5, 6], list(range(16))):
            for width, top in ((0, 30_000), (1, TOP), (2, TOP)):
                cfg = Config(bits=8, repeats=2, pairs=True, width=width)
                results = host.codes(cfg, 3, columns, top=top)
                host.saturated = {(0, 0, 0, columns[1]), (1, 0, 0, columns[-2])}
                await host.check(cfg, results, columns)


@cocotb.test()
async def a_column_may_come_again_in_any_later_cycle(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    for which, (_, lanes) in enumerate(SIZES):
        host.size(which)
        for quads in (1, 2, 3, 4, 5, 6):
            for gap in (0.0, 0.3, 0.8):
                columns = [quad * lanes for quad in range(quads)]
                cfg = Config(bits=8, repeats=2)
                for inner in ("plane", "quad"):
                    how = {"inner": inner, "gap": gap}
                    await host.check(cfg, host.codes(cfg, 2, columns, top=5000), columns, **how)


@dataclass
class Seen:
    """Cycles of a run, and whether there was room in each."""

    taken: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    ready: list[bool] = field(default_factory=list)


@cocotb.test()
async def results_leave_and_room_returns_in_their_cycles(dut) -> None:
    host = await SumsHost.start(dut)
    for which in range(3):
        host.size(which)
        for columns, pairs in (
            ([5], False),
            (list(range(16)), False),
            ([2, 3], True),
            (list(range(16)), True),
        ):
            for bits in (1, 3):
                cfg, seen = Config(bits=bits, pairs=pairs), Seen()
                await host.check(cfg, host.codes(cfg, 9, columns, top=99), columns, seen=seen)
                offered = end = -(10**6)
                freed = []
                for n, last in enumerate(seen.last):
                    offered = max(last + SUM, end + 1)
                    end = offered + len(columns) - 1
                    assert (seen.first[n], seen.end[n]) == (offered + pairs, end), (which, columns, bits, n)
                    freed.append(end - SEND)
                for cycle, ready in enumerate(seen.ready):
                    held = sum(t < cycle for t in seen.taken) - sum(f < cycle for f in freed)
                    assert ready == (held < 4), (which, columns, bits, cycle)
                assert not all(seen.ready) or len(columns) < 5


@cocotb.test()
async def a_stopped_sink_holds_four_results_and_loses_none(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    for which in range(3):
        host.size(which)
        columns = list(range(SEND + 2))  # more than the stages behind the sums hold
        cfg, seen = Config(bits=3, repeats=2), Seen()
        results = host.codes(cfg, 9, columns, top=5000)
        await host.check(cfg, results, columns, seen=seen, ready=lambda cycle: cycle > 600)
        assert sum(cycle <= 600 for cycle in seen.taken) == 4
        assert seen.first[0] == 601
        for chance in (0.1, 0.5, 0.9):
            for pairs in (False, True):
                case, some = replace(cfg, pairs=pairs), [0, 1, 2, 9, 11, 14]
                codes = host.codes(case, 7, some, top=TOP)
                await host.check(case, codes, some, gap=0.4, ready=lambda _, p=chance: host.rng.random() < p)


@cocotb.test()
async def a_beat_without_columns_may_end_a_result(dut) -> None:
    host = await SumsHost.start(dut)
    for which in range(3):
        host.size(which)
        cfg, columns = Config(bits=2), [4, 5, 6]
        await host.check(cfg, host.codes(cfg, 5, columns, top=99), columns, empty_end=True)


@cocotb.test()
async def a_drop_anywhere_leaves_nothing_behind(dut) -> None:
    host = await SumsHost.start(dut)
    await host.random_tables()
    columns = [0, 1, 5, 9, 12, 13]
    for which in range(3):
        host.size(which)
        for cut in range(1, 56):
            cfg = Config(bits=2, pairs=host.rng.random() < 0.7, width=1)  # cut inside pairs and between them
            await host.cut(cfg, host.codes(cfg, 6, columns, top=TOP), columns, cut)
            assert (dut.idle.value, dut.r_valid.value, dut.s_ready.value) == (1, 0, 1), cut
            await host.check(cfg, host.codes(cfg, 1, columns, top=TOP), columns)

# SPDX-License-Identifier: BSD-3-Clause
"""The programming physics against docs/emulator.md done by hand, and what each effect does to an array."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slow_physics import Matter
from test_arithmetic import COLUMNS, ROWS, a_board, some_lines
from test_cells import arm
from twin_bench import Bench

from ohmloop._map import Opcode, Pulse, Register, Status
from ohmloop.link.messages import (
    Axis,
    EnvRequest,
    Point,
    PulseRequest,
    SweepRequest,
    VectorReply,
    limits_hash,
    unpack_words,
)
from ohmloop.profile import load_profile

EVERYTHING = frozenset(Pulse)
HALVES = {
    "STUCK": ("LOW", "HIGH"),
    "LEAKY": ("LEAKY", "LEAK"),
    "SET_DRIVE": ("SET_ONSET", "SET_SLOPE"),
    "SET_STEP": ("SET_SLOPE_W", "SET_SPREAD"),
    "SET_LEVEL": ("LEVEL_ONSET", "LEVEL_SLOPE"),
    "LEVEL_SPREAD": ("LEVEL_CELL", "LEVEL_CYCLE"),
    "STEP": ("STEP_SPREAD", "RELAXATION"),
    "DAMAGE": ("DAMAGE_FORM", "DAMAGE_SET"),
    "SWEEP": ("BETA", "COMPLIANCE"),
    "DISTURB": ("HALF_SELECT", "READ_DISTURB"),
    "DRIFT": ("DRIFT_SLOPE", "DRIFT_SPREAD"),
    "RTN": ("RTN", "RTN_FRACTION"),
    "WANDER": ("COMMON", "RTN_SUM"),
}


def random_parts(rng):
    """Every effect on, strong enough that each acts within a few pulses."""
    parts = {name: int(rng.integers(1, 6000)) for pair in HALVES.values() for name in pair}
    parts |= {
        "DITHER": int(rng.integers(2)), "SHORTS": int(rng.integers(2)), "EPOCH": int(rng.integers(0, 12)),
        "DAMAGE_RESET": 48_000, "DAMAGE_FORM": 49_000, "DAMAGE_SET": 47_000, "WEAR": 1 << 27,
        "LOW": 4000, "HIGH": 5000, "LEAKY": 6000, "LEAK": int(rng.integers(1024)),
        "SET_ONSET": 12_000, "LEVEL_ONSET": 5000, "LEVEL_SLOPE": int(rng.integers(500, 3000)),
        "HALF_SELECT": int(rng.integers(2)) * 9000, "RTN_FRACTION": 20_000,
    }  # fmt: skip
    return parts


def load(bench, parts):
    for register, (low, high) in HALVES.items():
        bench.write(Register[f"EMU_{register}"], parts[low] | parts[high] << 16)
    bench.write(Register.EMU_WEAR, parts["WEAR"])
    flags = parts["DITHER"] | parts["SHORTS"] << 1 | parts["EPOCH"] << 8 | parts["DAMAGE_RESET"] << 16
    bench.write(Register.EMU_PHYSICS, flags)


def a_chip(seed, **changed):
    """A bench and its slow copy, every effect on; pristine and formed cells, some at 1023."""
    bench, slow, rng = a_board(seed)
    parts = random_parts(rng) | changed
    load(bench, parts)
    cells = np.where(rng.random((ROWS, COLUMNS)) < 0.2, 5, rng.integers(16, 1024, (ROWS, COLUMNS)))
    cells[rng.random((ROWS, COLUMNS)) < 0.05] = 1023
    bench.load(cells)
    slow.g = cells.tolist()
    arm(bench, ROWS, COLUMNS, kinds=EVERYTHING)
    return bench, Matter(slow, parts), rng


def pulse(bench, kind, rows, columns, voltage, *, gate=40_000, width=6000, index=5, pulses=1):
    axes = [Axis.from_lines(np.asarray(lines)) for lines in (rows, columns)]
    request = PulseRequest(kind, 0, voltage, gate, width, index, pulses, *axes)
    return unpack_words(bench.need(Opcode.PULSE, request.encode()))


def env(bench, rows, columns, log_seconds, reads, index):
    axes = [Axis.from_lines(np.asarray(lines)) for lines in (rows, columns)]
    return bench.need(Opcode.ENV, EnvRequest(0, log_seconds, reads, index, *axes).encode())


@pytest.mark.parametrize("seed", range(8))
def test_pulses_and_time_equal_the_formulas_done_by_hand(seed):
    bench, matter, rng = a_chip(seed)
    for kind in (Pulse.SET, Pulse.RESET, Pulse.FORM, Pulse.SET, Pulse.RESET, Pulse.SET):
        rows, columns = some_lines(rng, ROWS), some_lines(rng, COLUMNS)
        voltage, gate = int(rng.integers(10_000, 50_000)), int(rng.integers(65536))
        width, pulses = int(rng.integers(1, 20_000)), int(rng.integers(1, 4))
        index = int(rng.integers(1 << 63)) * 2
        before = bench.cells[0].copy()
        pulse(bench, kind, rows, columns, voltage, gate=gate, width=width, index=index, pulses=pulses)
        matter.pulse(kind.name, rows, columns, voltage, gate, width, index, pulses)
        assert bench.cells[0].tolist() == matter.chip.g, kind
        rows, columns = some_lines(rng, ROWS), some_lines(rng, COLUMNS)
        log_seconds, reads = int(rng.integers(1 << 14)), int(rng.integers(1 << 20))
        env(bench, rows, columns, log_seconds, reads, index + 9)
        matter.env(rows, columns, log_seconds, reads, index + 9)
        assert bench.cells[0].tolist() == matter.chip.g
        assert (bench.cells[0] != before).any()


@pytest.mark.parametrize("seed", range(6))
def test_cell_reads_wander_and_relax_as_done_by_hand(seed):
    bench, matter, rng = a_chip(seed, LOW=0, HIGH=0)
    row = int(rng.integers(ROWS))
    for kind in (Pulse.SET, Pulse.RESET):
        columns = some_lines(rng, COLUMNS)
        pulse(bench, kind, [row], columns, 30_000)
        matter.pulse(kind.name, [row], columns, 30_000, 40_000, 6000, 5, 1)
    everything = np.arange(COLUMNS)
    for turn in range(12):
        base, log2, range_ = int(rng.integers(1 << 50)), int(rng.integers(3)), int(rng.integers(4))
        rows = np.unique([row, int(rng.integers(ROWS))]) if turn % 3 else np.array([row])
        reply = bench.vectors(
            Opcode.READ_CELLS, None, rows, everything, bits=1, operation_index=base, averages_log2=log2,
            range=range_, width_bits=32, polarity=turn & 1, read_code=2000 + 100 * turn,
        )  # fmt: skip
        for i, one in enumerate(rows):
            values, flags = matter.reading(
                int(one), everything, base + (i << log2), 1 << log2, range_, 2000 + 100 * turn, turn & 1
            )
            assert reply.values[i].tolist() == values
            assert reply.saturated[i].tolist() == flags


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000), opcode=st.sampled_from([Opcode.MAC, Opcode.MAC_RAW]),
    epoch=st.integers(0, 6), reference=st.booleans(), averages=st.integers(0, 2), signed=st.booleans(),
)  # fmt: skip
def test_sums_wander_as_done_by_hand(seed, opcode, epoch, reference, averages, signed):
    bench, matter, rng = a_chip(seed, EPOCH=epoch)
    averages = 0 if opcode == Opcode.MAC_RAW else averages
    rows, columns = some_lines(rng, ROWS), some_lines(rng, COLUMNS)
    bits, n, base = int(rng.integers(1, 5)), int(rng.integers(1, 9)), int(rng.integers(1 << 40))
    x = rng.integers(-(2**bits) + 1 if signed else 0, 2**bits, (n, rows.size))
    how = {"range_": int(rng.integers(4)), "read_code": 2500, "polarity": 1, "level": 77}
    reply = bench.vectors(
        opcode, None if reference else x, rows, columns, bits=bits, signed=signed, operation_index=base,
        averages_log2=averages, range=how["range_"], read_code=2500, polarity=1, level=77, width_bits=32,
        reference=reference, count=n,
    )  # fmt: skip
    gains = list(matter.chip.tables["GAIN"])
    values = []
    for i in range(n):
        at, kind = base + (i << averages), "reference" if reference else "sum"
        drive = 32768 if reference else min(65535, 2500 * matter.chip.registers["READ_GAIN"] + 32768 >> 16)
        scales = {}
        for c in map(int, columns):
            scale = gains[how["range_"] * 512 + c] * drive + 16384 >> 15
            scales[c] = scale + (scale * matter.wander(kind, 0, c, at) >> 16)
        one = [None] if reference else [x[i].tolist()]
        matter.chip.scales = scales
        run = matter.chip.mac if opcode == Opcode.MAC else matter.chip.mac_raw
        extra = (1 << averages,) if opcode == Opcode.MAC else ()
        values += run(one, rows, columns, bits, at, *extra, 32, **how)[0]
    assert reply.values.tolist() == values


def test_a_cell_read_without_slow_effects_is_the_fast_one():
    bench = a_chip(3)[0]
    everything = np.arange(COLUMNS)
    answers = []
    for wander in (0, 1 << 16):  # RTN_SUM alone changes no cell read, but takes the slow path
        for register in (Register.EMU_STEP, Register.EMU_RTN):
            bench.write(register, 0)
        bench.write(Register.EMU_WANDER, wander)
        answers.append(
            bench.vectors(
                Opcode.READ_CELLS, None, np.arange(ROWS), everything, bits=1, operation_index=77,
                averages_log2=2, range=1, width_bits=24,
            )
        )  # fmt: skip
    assert answers[0].values.tolist() == answers[1].values.tolist()
    assert answers[0].saturated.tolist() == answers[1].saturated.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_sweeps_equal_the_formulas_done_by_hand(seed):
    bench, matter, rng = a_chip(seed)
    bench.write(Register.LIMIT_READ_V, 5000)
    rows, columns = some_lines(rng, ROWS)[:3], some_lines(rng, COLUMNS)
    points = tuple(
        Point(int(rng.integers(60_000)), int(rng.integers(65536)), int(rng.integers(1, 9000)),
              int(rng.integers(3)), int(rng.integers(2)))
        for _ in range(9)
    )  # fmt: skip
    points += (Point(0, 30_000, 1), Point(4000, 30_000, 1), Point(4000, 0, 1))
    request = SweepRequest(
        0, Axis.from_lines(rows), Axis.from_lines(columns), points, 9 << 40, range=int(rng.integers(4))
    )
    reply = VectorReply.decode(bench.need(Opcode.SWEEP, request.encode()), request.result_shape, 32)
    at = 0
    for row in map(int, rows):
        for point in points:
            index = request.operation_index + at
            if point.voltage_code > 5000:
                kind = Pulse(point.kind).name
                matter.pulse(
                    kind, [row], columns, point.voltage_code, point.gate_code, point.dwell_cycles, index, 1
                )
            got = [
                matter.cell(row, int(c), index, request.range, matter.wander("cell", row, int(c), index),
                            point=(point.voltage_code, point.gate_code), polarity=point.polarity)
                for c in columns
            ]  # fmt: skip
            if row == matter.fresh_row:
                matter.age = min(matter.age + 1, 8)
            assert reply.values[at].tolist() == [code for code, _ in got]
            assert reply.saturated[at].tolist() == [bad for _, bad in got]
            at += 1
    assert bench.cells[0].tolist() == matter.chip.g


def test_sweep_points_above_the_read_limit_need_the_token():
    bench, _, _ = a_chip(1)
    bench.write(Register.LIMIT_READ_V, 5000)
    points = (Point(4000, 100, 10), Point(6000, 100, 10))
    request = SweepRequest(0, Axis(0, 2), Axis(0, 4), points, 0)
    given = bench.read(Register.PULSES_SINCE_BOOT)
    bench.need(Opcode.SWEEP, request.encode())
    assert bench.read(Register.PULSES_SINCE_BOOT) - given == 8
    held = limits_hash([65535] * 3 + [5000, 65535, 30_000_000])
    arm(bench, ROWS, COLUMNS, kinds=EVERYTHING, max_pulses=7, limits_hash=held)
    assert bench.ask(Opcode.SWEEP, request.encode())[0] == Status.PULSE_BUDGET
    bench.need(Opcode.DISARM)
    status, payload = bench.ask(Opcode.SWEEP, request.encode())
    assert (status, bench.read(Register.PULSES_SINCE_BOOT) - given) == (Status.NOT_ARMED, 8)
    quiet = SweepRequest(0, Axis(0, 2), Axis(0, 4), points[:1], 0)
    bench.need(Opcode.SWEEP, quiet.encode())
    assert unpack_words(payload) == (0, 0, 0)


@pytest.fixture(scope="module")
def yao():
    return load_profile("rram-130nm-yao2020")


def fresh_bench(profile, cells, lines=128, **changed):
    bench = Bench(lines, lines)
    bench.apply(profile, chip_seed=5)
    for register, value in changed.items():
        bench.write(Register[register], value)
    for at in range(0, lines, 32):
        bench.load(np.full((32, lines), cells), rows=np.arange(at, at + 32))
    arm(bench, lines, lines, kinds=EVERYTHING)
    return bench


def test_set_rises_with_voltage_and_stops_at_the_level_of_the_gate(yao):
    lines = np.arange(128)
    volts = yao.volts_to_dac_codes
    means = []
    for voltage in (1.0, 1.4, 1.8):
        bench = fresh_bench(yao, 100, EMU_STUCK=0, EMU_LEAKY=0, EMU_WEAR=0)
        pulse(bench, Pulse.SET, lines, lines, volts(voltage), gate=volts(1.5), width=3)
        means.append(bench.cells[0].mean())
    assert 100 < means[0] < means[1] < means[2]
    bench = fresh_bench(yao, 100, EMU_STUCK=0, EMU_LEAKY=0, EMU_WEAR=0)
    for index in range(12):
        pulse(bench, Pulse.SET, lines, lines, volts(2.5), gate=volts(1.2), width=3, index=index)
    level = 20.0 * (1.2 - 0.6) / 0.025
    assert bench.cells[0].mean() == pytest.approx(level, rel=0.06)  # the highest of 12 draws of 2 %
    assert bench.cells[0].std() / level == pytest.approx(0.1, rel=0.2)


def test_faults_come_in_the_fractions_asked(yao):
    lines = np.arange(128)
    bench = fresh_bench(yao, 400, EMU_STUCK=round(0.1 * 65536) | round(0.05 * 65536) << 16, EMU_WEAR=0)
    for index in range(30):
        pulse(bench, Pulse.RESET, lines, lines, yao.volts_to_dac_codes(2.3), width=3, index=index)
    cells = bench.cells[0]
    floor = yao.formed_floor
    assert (cells == 1022).mean() == pytest.approx(0.05, abs=0.008)
    leaky = 66 / 65536
    assert (cells == 320).mean() == pytest.approx(leaky, abs=4 * np.sqrt(leaky / cells.size))
    assert (cells <= floor + 2).mean() > 0.9


def test_a_pulse_above_the_destructive_voltage_leaves_shorts_and_one_below_does_not(yao):
    lines, volts = np.arange(128), yao.volts_to_dac_codes
    wear = yao.chip.programming.wear
    limits = (wear.destructive_form, wear.destructive_set, wear.destructive_reset)
    for kind, limit in zip(Pulse, limits, strict=True):
        bench = fresh_bench(yao, 400, EMU_WEAR=0)
        pulse(bench, kind, lines, lines, volts(limit.value))
        assert (bench.cells[0] != 1023).all()
        pulse(bench, kind, lines[:5], lines[:7], volts(limit.value + 0.01))
        assert (bench.cells[0][:5, :7] == 1023).all() and (bench.cells[0] == 1023).sum() == 35
        pulse(bench, Pulse.RESET, lines, lines, volts(2.0), index=9)
        assert (bench.cells[0][:5, :7] == 1023).all()


def test_life_is_exponential_with_the_mean_asked(yao):
    lines, mean = np.arange(128), 200
    bench = fresh_bench(yao, 400, EMU_WEAR=2**32 // mean, EMU_STUCK=0)
    given = 150
    pulse(bench, Pulse.RESET, lines, lines, 0, pulses=given, width=3)
    alive = (bench.cells[0] != 1023).mean()
    expected = np.exp(-given / mean)
    assert abs(alive - expected) < 4 * np.sqrt(expected * (1 - expected) / 128**2)


def test_half_selected_cells_of_the_row_move_and_others_do_not(yao):
    bench = fresh_bench(yao, 400, EMU_DISTURB=round(0.25 * 65536), EMU_STUCK=0, EMU_WEAR=0)
    pulse(bench, Pulse.SET, [3], np.arange(0, 128, 2), 0)
    moved = bench.cells[0] != 400
    assert not moved[:, ::2].any() and not np.delete(moved, 3, axis=0).any()
    assert moved[3, 1::2].sum() in range(4, 30) and (bench.cells[0][3][moved[3]] == 401).all()


def test_time_takes_what_the_profile_says_and_heat_is_faster(yao):
    from ohmloop.profile.physics import equivalent_log2

    retention = yao.chip.programming.retention
    year = 365 * 86400.0
    cold, hot = (equivalent_log2(retention, year, t) for t in (25.0, 125.0))
    assert cold == round(256 * np.log2(year)) and hot > cold
    assert equivalent_log2(retention, 0.0, 25.0) == 0
    lines = np.arange(128)
    for log_seconds in (cold, hot):
        bench = fresh_bench(yao, 600, EMU_STUCK=0)
        env(bench, lines, lines, log_seconds, 0, 3)
        lost = (600 - bench.cells[0].astype(float)) / (600 - yao.formed_floor)
        expected = retention.loss.value * log_seconds / 256 * np.log10(2)
        assert lost.mean() == pytest.approx(expected, rel=0.05)
        assert lost.std() / expected == pytest.approx(1.0, rel=0.1)


def test_telegraph_noise_has_two_levels_on_the_fraction_asked_and_holds_for_an_epoch(yao):
    quiet = {"EMU_STUCK": 0, "EMU_READ_NOISE": 0, "EMU_ADC_NOISE": 0, "EMU_WANDER": 0, "EMU_STEP": 0}
    bench = fresh_bench(yao, 800, EMU_RTN=1311 | 3277 << 16, EMU_PHYSICS=8 << 8, **quiet)  # 2 % of 5 %
    lines = np.arange(128)

    def read(index):
        reply = bench.vectors(
            Opcode.READ_CELLS, None, lines, lines, bits=1, operation_index=index, range=3, width_bits=16
        )
        return reply.values

    first, same, other = read(0), read(100), read(1000)
    assert (first == same).all() and (first != other).any()
    usual = np.median(first)
    noisy = np.abs(first - usual) > 2
    assert noisy.mean() == pytest.approx(0.05, abs=0.008)
    assert (noisy == (np.abs(other - usual) > 2)).all()
    assert np.abs(first - usual)[noisy].mean() == pytest.approx(usual * 0.02, rel=0.02)
    assert (np.sign(first - usual) != np.sign(other - usual))[noisy].mean() == pytest.approx(0.5, abs=0.1)

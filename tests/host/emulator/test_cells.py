# SPDX-License-Identifier: BSD-3-Clause
"""Forming and RESET against docs/emulator.md done by hand, and against the distributions asked for."""

import numpy as np
import pytest
from scipy import stats
from test_arithmetic import COLUMNS, ROWS, a_board, some_lines
from twin_bench import Bench

from ohmloop._map import Opcode, Pulse, Register, Table
from ohmloop.link.messages import ArmRequest, Axis, CellRequest, PulseRequest, limits_hash, unpack_words
from ohmloop.profile import load_profile

EVERYTHING = frozenset({Pulse.FORM, Pulse.RESET})


def arm(bench, rows, columns, **changed):
    fields = {
        "limits_hash": limits_hash([65535] * 5 + [30_000_000]), "kinds": EVERYTHING, "macro": 0,
        "max_pulses": 2**32 - 1, "max_voltage_code": 65535, "expiry_units": 2**31,
    } | changed  # fmt: skip
    bench.need(Opcode.ARM, ArmRequest(rows=Axis(0, rows), columns=Axis(0, columns), **fields).encode())


def pulse(bench, kind, rows, columns, voltage, *, gate=40_000, width=6000, index=5, pulses=1):
    axes = [Axis.from_lines(np.asarray(lines)) for lines in (rows, columns)]
    request = PulseRequest(kind, 0, voltage, gate, width, index, pulses, *axes)
    return unpack_words(bench.need(Opcode.PULSE, request.encode()))


@pytest.mark.parametrize("seed", range(5))
def test_trains_of_both_kinds_equal_the_formulas_done_by_hand(seed):
    bench, slow, rng = a_board(seed)
    arm(bench, ROWS, COLUMNS)
    pristine = rng.integers(0, 16, (ROWS, COLUMNS))
    bench.load(pristine)
    slow.g = pristine.tolist()
    for kind in (Pulse.FORM, Pulse.RESET, Pulse.FORM, Pulse.RESET):
        rows, columns = some_lines(rng, ROWS), some_lines(rng, COLUMNS)
        voltage, pulses = int(rng.integers(30_000, 50_000)), int(rng.integers(1, 6))
        gate, width = int(rng.integers(65536)), int(rng.integers(1, 20_000))
        index = int(rng.integers(1 << 63)) * 2
        cells = pulse(
            bench, kind, rows, columns, voltage, gate=gate, width=width, index=index, pulses=pulses
        )[2]
        slow.pulse(kind.name, 0, rows, columns, voltage, gate, width, index, pulses)
        assert cells == rows.size * columns.size * pulses
        assert bench.cells[0].tolist() == slow.g
    reply = bench.vectors(Opcode.READ_CELLS, None, [0], np.arange(COLUMNS), bits=1)
    how = {"range_": 0, "read_code": 2621, "polarity": 0, "level": 0}
    values, _ = slow.mac([[1]], [0], range(COLUMNS), 1, 0, 1, 32, **how)
    assert reply.values.tolist() == values


@pytest.mark.parametrize("width", [1, 2, 255, 256, 257, 65537, 20_000_000])
def test_stress_counts_from_one_cycle_to_the_clamp(width):
    bench, slow, _ = a_board(3)
    arm(bench, ROWS, COLUMNS)
    bench.write(Register.OPERATION_CYCLES, 600_000_000)
    voltage = 40_000
    bench.load(np.full((ROWS, COLUMNS), 3))
    slow.g = [[3] * COLUMNS for _ in range(ROWS)]
    pulse(bench, Pulse.FORM, [0], np.arange(COLUMNS), voltage, width=width, pulses=3)
    slow.pulse("FORM", 0, [0], range(COLUMNS), voltage, 40_000, width, 5, 3)
    assert bench.cells[0].tolist() == slow.g


def test_loads_and_dumps_are_the_same_cells():
    bench = Bench(40, 24)
    g = np.arange(7 * 5).reshape(7, 5) + 100
    bench.load(g, rows=np.arange(7) * 3, columns=[1, 2, 5, 11, 23])
    axes = (Axis(0, 7, 3), Axis.from_lines(np.array([1, 2, 5, 11, 23])))
    dumped = np.frombuffer(bench.need(Opcode.CELL_DUMP, CellRequest(0, *axes).encode())[4:], "<u2")
    assert (dumped.reshape(7, 6)[:, :5] == g).all()
    assert (bench.cells[0][::3][:7][:, [1, 2, 5, 11, 23]] == g).all()
    assert bench.cells.sum() == g.sum()


@pytest.fixture(scope="module")
def formed():
    """A 256 x 256 chip of the shipped profile, formed with its nominal pulse."""
    profile = load_profile("rrm-40nm-esgnn2023")
    bench = Bench(256, 256)
    bench.apply(profile, chip_seed=77)
    bench.load(profile.pristine_codes(77, 256, 256)[:128])
    bench.load(profile.pristine_codes(77, 256, 256)[128:], rows=np.arange(128, 256))
    arm(bench, 256, 256)
    nominal = profile.forming
    pulse(
        bench, Pulse.FORM, np.arange(256), np.arange(256), profile.volts_to_dac_codes(nominal.voltage_v),
        gate=profile.volts_to_dac_codes(nominal.gate_v), width=profile.seconds_to_cycles(nominal.width_s),
    )  # fmt: skip
    return bench, profile


def test_the_nominal_pulse_leaves_the_published_fraction_unbroken(formed):
    bench, profile = formed
    unbroken = (bench.cells[0] < profile.formed_floor).mean()
    asked = profile.chip.cells.forming.unbroken_fraction.value
    assert abs(unbroken - asked) < 4 * np.sqrt(asked * (1 - asked) / 256**2) + 1 / 1024


def test_formed_conductances_follow_their_quantiles(formed):
    bench, profile = formed
    codes = bench.cells[0][bench.cells[0] >= profile.formed_floor]
    asked = (profile.tables()[Table.FORMED] + 32) >> 6
    assert stats.ks_2samp(codes, np.repeat(asked, 8)).pvalue > 1e-3


def test_another_seed_is_another_chip(formed):
    bench, profile = formed
    other = Bench(256, 256)
    other.apply(profile, chip_seed=78)
    arm(other, 256, 256)
    nominal = profile.forming
    pulse(
        other, Pulse.FORM, np.arange(256), np.arange(256), profile.volts_to_dac_codes(nominal.voltage_v),
        gate=profile.volts_to_dac_codes(nominal.gate_v), width=profile.seconds_to_cycles(nominal.width_s),
    )  # fmt: skip
    floor = profile.formed_floor
    same = ((bench.cells[0] < floor) == (other.cells[0] < floor)).mean()
    assert abs(same - 0.5) < 0.02

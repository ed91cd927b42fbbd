# SPDX-License-Identifier: BSD-3-Clause
"""Conversions and the emulator's integers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmloop._map import CLK_HZ, WRITE_MASKS, Register, Table
from ohmloop.errors import LimitError
from ohmloop.profile import Profile, load_profile
from ohmloop.profile.tables import gauss_table, log2_q8

PROFILE = load_profile()


@given(st.integers(0, 65535))
def test_dac_codes_survive_volts(code: int) -> None:
    assert PROFILE.volts_to_dac_codes(PROFILE.dac_codes_to_volts(code)) == code


@given(st.floats(0, 4.9999))
def test_volts_come_back_within_half_a_code(volts: float) -> None:
    back = PROFILE.dac_codes_to_volts(PROFILE.volts_to_dac_codes(volts))
    assert abs(back - volts) <= 5.0 / 65536 / 2 + 1e-12


@given(st.lists(st.integers(0, 1023), min_size=1))
def test_g_codes_survive_siemens(codes: list[int]) -> None:
    assert PROFILE.siemens_to_g_codes(PROFILE.g_codes_to_siemens(codes)).tolist() == codes


@pytest.mark.parametrize("volts", [-0.001, 5.001, float("nan"), float("inf")])
def test_volts_outside_the_converter_are_refused(volts: float) -> None:
    with pytest.raises(LimitError) as caught:
        PROFILE.volts_to_dac_codes(volts)
    assert caught.value.unit == "V" and caught.value.limit == 5.0


@pytest.mark.parametrize("siemens", [[1e-6, -1e-6], [[26e-6]], [float("nan")]])
def test_siemens_outside_the_codes_are_refused_with_their_place(siemens: list) -> None:
    with pytest.raises(LimitError, match=r"siemens\[") as caught:
        PROFILE.siemens_to_g_codes(siemens)
    assert caught.value.unit == "S"


def test_the_nominal_read_voltage_drives_exactly_one(rrm: Profile, ideal: Profile) -> None:
    for profile in (rrm, ideal):
        gain = profile.emulator_registers(0, 0)[Register.EMU_READ_GAIN]
        code = profile.volts_to_dac_codes(profile.read_v)
        assert (code * gain + 32768) >> 16 == 32768


def test_registers_are_words_within_their_fields(rrm: Profile) -> None:
    registers = rrm.emulator_registers(0xFFFFFFFF, 0xFFFFFFFF)
    assert set(registers) == {one for one in Register if one.name.startswith("EMU_")}
    assert all(value & ~WRITE_MASKS[register] == 0 for register, value in registers.items())


def test_the_reference_stress_is_the_nominal_width(rrm: Profile) -> None:
    cycles = round(rrm.forming.width_s * CLK_HZ)
    assert rrm.emulator_registers(0, 0)[Register.EMU_STRESS_ORIGIN] == log2_q8(cycles)


@given(st.integers(1, 2**32 - 1))
def test_log2_is_within_a_tenth_and_never_above(cycles: int) -> None:
    assert 0 <= np.log2(cycles) - log2_q8(cycles) / 256 < 0.0861 + 1 / 256


def test_tables_have_the_board_s_sizes_and_fit_18_bits(rrm: Profile) -> None:
    sizes = {table: values.size for table, values in rrm.tables().items()}
    assert sizes == {
        Table.GAUSS: 1024,
        Table.BREAKDOWN: 1024,
        Table.FORMED: 1024,
        Table.GATE: 256,
        Table.U: 512,
        Table.V: 512,
        Table.GAIN: 2048,
        Table.OFFSET: 512,
        Table.INL: 64,
        Table.DARK: 2048,
        Table.CORRECTION: 2048,
    }
    assert all(-(2**17) <= v.min() and v.max() < 2**17 for v in rrm.tables().values())


def test_gauss_quantiles_have_unit_mean_square() -> None:
    values = np.array(gauss_table()) / 4096
    assert abs(np.mean(values**2) - 1) < 1e-5
    assert np.all(np.diff(values) > 0)


def test_ideal_is_unity_gain_without_noise(ideal: Profile) -> None:
    registers, tables = ideal.emulator_registers(0, 0), ideal.tables()
    assert registers[Register.EMU_RANGE_SHIFT] == 0x16161616
    assert np.all(tables[Table.GAIN] == 1 << 16)
    assert registers[Register.EMU_READ_NOISE] == registers[Register.EMU_ADC_NOISE] == 0
    assert not any(tables[one].any() for one in (Table.GAUSS, Table.OFFSET, Table.INL, Table.DARK))


def test_ranges_never_saturate_on_the_rows_they_are_chosen_for(rrm: Profile) -> None:
    for rows in (1, 2, 8, 9, 64, 65, 512):
        chosen = rrm.range_for(rows)
        assert rows * 1023 * 8192 * 0.025 / rrm.chip.front_end.ranges[chosen].value <= 8191
    assert [rrm.range_for(rows) for rows in (1, 2, 8, 9, 64, 65)] == [3, 2, 2, 1, 1, 0]
    assert rrm.range_for(1, drive=2.0) == 2


def test_a_code_of_a_range_is_its_full_scale_over_8192(rrm: Profile) -> None:
    assert rrm.siemens_per_adc_code(3) == pytest.approx(25.6e-6 / 8192)


def test_nominal_forming_leaves_the_published_fraction(rrm: Profile) -> None:
    code = rrm.volts_to_dac_codes(rrm.forming.voltage_v)
    broken = np.mean(rrm.tables()[Table.BREAKDOWN] <= code)
    assert abs((1 - broken) - 0.506) < 1 / 1024
    assert rrm.forming.voltage_v == pytest.approx(3.42, abs=0.01)


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_forming_voltage_leaves_the_fraction_asked(rrm: Profile, fraction: float) -> None:
    code = rrm.volts_to_dac_codes(rrm.forming_voltage_for(fraction))
    left = np.mean(rrm.tables()[Table.BREAKDOWN] > code)
    assert abs(left - fraction) <= 0.5 / 1024


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_fraction_outside_one_is_refused(rrm: Profile, fraction: float) -> None:
    with pytest.raises(LimitError):
        rrm.forming_voltage_for(fraction)


def test_breakdown_quantiles_are_the_published_ones(rrm: Profile) -> None:
    at = rrm.chip.cells.breakdown.at
    cumulative = {3.2: 0.03, 3.3: 0.16, 3.4: 0.3875, 3.5: 0.7075, 3.6: 0.9425}
    for volts, fraction in cumulative.items():
        assert at(fraction) == pytest.approx(volts, abs=1e-9)


def test_formed_cells_have_the_published_mean_and_spread(rrm: Profile) -> None:
    microsiemens = rrm.chip.cells.formed.sampled(1024)
    assert microsiemens.mean() == pytest.approx(12.34, abs=0.02)
    assert microsiemens.std() == pytest.approx(1.84, abs=0.02)


def test_the_gate_factor_is_one_at_nominal_and_rises(rrm: Profile) -> None:
    gate = rrm.tables()[Table.GATE]
    nominal = rrm.volts_to_dac_codes(rrm.forming.gate_v) >> 8
    assert gate[nominal] == 1 << 14 and gate[0] == 0
    assert np.all(np.diff(gate) >= 0)


def test_pristine_cells_lie_below_the_floor_and_differ_by_chip(rrm: Profile) -> None:
    one, other = (rrm.pristine_codes(seed, 64, 64) for seed in (1, 2))
    assert one.max() < rrm.formed_floor and one.min() >= 1
    assert np.mean(one == other) < 0.7
    assert np.array_equal(one[:8, :8], rrm.pristine_codes(1, 8, 8))


def test_channel_spread_is_off_until_the_profile_says_so(rrm: Profile) -> None:
    assert np.unique(rrm.tables()[Table.GAIN]).size == 1
    front = rrm.chip.front_end
    on = rrm.model_copy(
        update={
            "chip": rrm.chip.model_copy(
                update={
                    "front_end": front.model_copy(
                        update={"channels": front.channels.model_copy(update={"enabled": True})}
                    )
                }
            )
        }
    )
    gains = on.tables()[Table.GAIN][:512] / 65536
    assert gains.std() == pytest.approx(0.005, rel=0.15)
    assert on.tables()[Table.OFFSET].std() == pytest.approx(3, rel=0.15)


def test_front_end_time_is_conversions_over_converters(rrm: Profile) -> None:
    assert [1 / rrm.product_seconds(32, bits=3, adcs=n) for n in (1, 8, 64)] == pytest.approx(
        [520.8, 4166.7, 16666.7], rel=1e-3
    )

# SPDX-License-Identifier: BSD-3-Clause
"""`macro.set`, `macro.sweep` and `macro.environment`."""

import numpy as np
import pytest

from ohmloop.errors import LimitError, NotArmed, ShapeError

ARM = {"ops": {"set"}, "max_pulses": 200_000, "max_voltage_v": 2.5, "expires_s": 60.0}


def test_set_raises_cells_to_the_gate_s_level(macro) -> None:
    window = macro[5:15, 5:25]
    macro.load_g_codes(np.full(window.shape, 100), window)
    with macro.board.armed(window, **ARM):
        result = macro.set(window, voltage_v=2.4, gate_v=1.1, width_s=5e-8, pulses=8)
    siemens = macro.g_codes_to_siemens(macro.dump_g_codes(window))
    assert np.median(siemens) == pytest.approx(10e-6, rel=0.08)
    assert result.pulses_given == window.size * 8 and repr(result).startswith("EMULATED SetResult")
    with pytest.raises(NotArmed):
        macro.set(window, voltage_v=2.4, gate_v=1.1, width_s=5e-8)


def test_a_sweep_below_the_read_limit_is_ohm_s_law_and_needs_no_permission(macro) -> None:
    window = macro[[9, 4], :][:, [30, 6, 2]]
    volts = np.array([0.05, 0.1, 0.2, 0.4])
    result = macro.sweep(window, volts, gate_v=1.9)
    held = macro.g_codes_to_siemens(macro.dump_g_codes(window))
    assert result.current_amperes.shape == (4, 2, 3) and not result.pulsed.any()
    bent = 1 + 0.1 * result.voltage_v**2
    expected = held * (result.voltage_v * bent)[:, None, None]
    assert result.current_amperes[2:] == pytest.approx(expected[2:], rel=0.06)
    assert result.voltage_v == pytest.approx(volts, abs=1e-4) and result.origin == "emulated"
    assert (result.siemens[3] > 0).all() and not result.saturated.any()


def test_a_sweep_above_the_read_limit_sets_cells_and_saturates_at_the_gate(macro) -> None:
    window = macro[3:9, 10:20]
    macro.load_g_codes(np.full(window.shape, 80), window)
    up = np.arange(0.1, 2.3, 0.1)
    volts = np.concatenate((up, up[::-1]))
    with pytest.raises(NotArmed, match="read limit"):
        macro.sweep(window, volts, gate_v=1.2)
    with macro.board.armed(window, **ARM):
        result = macro.sweep(window, volts, gate_v=1.2, dwell_s=1e-6, kind="set")
    held = macro.g_codes_to_siemens(macro.dump_g_codes(window))
    assert np.median(held) == pytest.approx(12e-6, rel=0.1)
    loop = np.median(result.current_amperes, axis=(1, 2))
    low = np.flatnonzero(np.isclose(result.voltage_v, 0.4, atol=0.01))
    assert loop[low[1]] > 3 * loop[low[0]]  # hysteresis: it came up as a small conductance
    compliance = 12e-6 * 0.5  # the level of 1.2 V, saturated at 0.5 V
    assert loop.max() == pytest.approx(compliance, rel=0.05)
    assert result.pulsed.sum() == 36


@pytest.mark.parametrize(
    ("volts", "choices", "error", "where"),
    [
        ([0.1, 2.7], {}, LimitError, "voltages_v[1]"),
        ([0.1, -0.1], {}, LimitError, "voltages_v[1]"),
        ([], {}, ShapeError, "voltages_v"),
        ([[0.1]], {}, ShapeError, "voltages_v"),
        ([0.1], {"gate_v": 5.0}, LimitError, "gate_v[0]"),
        ([0.1], {"dwell_s": 1.0}, LimitError, "dwell_s"),
        ([0.1], {"kind": "push"}, LimitError, "kind"),
        ([0.1], {"range": 4}, LimitError, "range"),
    ],
)
def test_a_bad_sweep_is_told_before_anything_is_sent(macro, volts, choices, error, where) -> None:
    before = macro.board.stats.frames_sent
    with pytest.raises(error) as caught:
        macro.sweep(macro[:2, :2], volts, **({"gate_v": 1.5} | choices))
    assert caught.value.where == where and macro.board.stats.frames_sent == before


def test_time_and_heat_take_conductance_away(macro) -> None:
    window = macro[:, :]
    lost = []
    for temperature_c in (25.0, 125.0):
        macro.load_g_codes(np.full(window.shape, 700), window)
        macro.environment(1e6, temperature_c, operation_index=5)
        lost.append(700 - np.median(macro.dump_g_codes(window)))
    assert 0 < lost[0] < lost[1]
    assert lost[0] == pytest.approx((700 - 20) * 0.005 * 6, rel=0.2)


def test_only_the_window_ages(macro, formed_codes) -> None:
    macro.environment(1e7, 125.0, window=macro[4:6, 3:9])
    moved = macro.dump_g_codes(macro[:, :]).astype(int) != formed_codes
    inside = moved[4:6, 3:9].copy()
    moved[4:6, 3:9] = False
    assert inside.mean() > 0.5 and not moved.any()


@pytest.mark.parametrize(
    ("arguments", "error", "where"),
    [
        ((-1.0,), LimitError, "seconds"),
        ((1.0, -300.0), LimitError, "temperature_c"),
        ((1.0, "warm"), ShapeError, "temperature_c"),
    ],
)
def test_an_impossible_environment_is_refused(macro, arguments, error, where) -> None:
    with pytest.raises(error) as caught:
        macro.environment(*arguments)
    assert caught.value.where == where

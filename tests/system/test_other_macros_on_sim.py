# SPDX-License-Identifier: BSD-3-Clause
"""Another kind of macro in Verilog, by its profile alone: the same integers as the twin's."""

import numpy as np
import pytest

import ohmloop

SHAPES = {"rram-130nm-pe-yao2020": (128, 16), "rram-2um-wang2019": (128, 64)}


@pytest.mark.slow
@pytest.mark.parametrize("profile", SHAPES)
def test_the_simulated_board_is_the_profiles_and_agrees_with_the_twin(profile: str) -> None:
    seen = []
    for url in ("sim://", "twin://?macros=1"):
        with ohmloop.open(url, chip="tmp:kinds", profile=profile) as board:
            macro = board.macro
            assert (macro.rows, macro.columns) == SHAPES[profile]
            window = macro[0:8, 0:8]
            with board.armed(
                window, ops={"form"}, max_pulses=60 * window.size, max_voltage_v=3.9, expires_s=60
            ):
                macro.form_ramp(window, gate_v=1.5)
            targets = np.linspace(200, 100, 64) * macro.profile.g_lsb_siemens
            with board.armed(
                window, ops={"set", "reset"}, max_pulses=160 * window.size, max_voltage_v=2.5, expires_s=60
            ):
                result = macro.program(
                    targets.reshape(8, 8), window, tolerance_siemens=8 * macro.profile.g_lsb_siemens
                )
            codes = macro.mac(np.arange(16).reshape(2, 8), window, bits=4)
            seen.append((result.failed.tolist(), macro.dump_g_codes(macro[:, :]), np.asarray(codes.values)))
    assert seen[0][0] == seen[1][0]
    np.testing.assert_array_equal(seen[0][1], seen[1][1])
    np.testing.assert_array_equal(seen[0][2], seen[1][2])

# SPDX-License-Identifier: BSD-3-Clause
"""Words that the board's tests share."""

SMALL = "twin://?rows=64&columns=64&lanes=8&payload=1024"
"""A small macro behind small frames, so that most operations are split."""
NOMINAL = {"voltage_v": 3.42, "gate_v": 1.5, "width_s": 1e-5}
"""A forming pulse."""
ARM = {"ops": {"form"}, "max_pulses": 4096, "max_voltage_v": 3.7, "expires_s": 60.0}
"""Permission to form a small macro once."""

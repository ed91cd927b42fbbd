# SPDX-License-Identifier: BSD-3-Clause
"""What a measured array does to a product, and how to account for it."""

from ohmloop.calibration.line_resistance import PositionFactors, effective_siemens, emulate_line_resistance

__all__ = ["PositionFactors", "effective_siemens", "emulate_line_resistance"]

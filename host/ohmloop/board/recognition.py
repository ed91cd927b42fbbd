# SPDX-License-Identifier: BSD-3-Clause
"""Is this the chip that was named? Its fingerprint is read before the first permission to pulse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ohmloop.board.core import Core

if TYPE_CHECKING:
    from ohmloop.board.macro import Macro

READINGS: Final = 16
UNCORRECTED_CODES: Final = 8.0
"""Standard uncertainty that a conversion's offset adds while no calibration is applied, ADC codes."""


def require_recognised(core: Core, macro: Macro) -> None:
    """Reads the cells by which a chip is known and compares them with its last map, once a session.

    Raises:
        WrongChip: they are another chip's; nothing was pulsed.
    """
    if macro.index in core.recognised:
        return
    lines = core.records.fingerprint(macro.index)
    if lines is not None:
        window = macro[lines[0], lines[1]]
        result = macro.read_adc_codes(window, averages=READINGS)
        scale = core.profile.siemens_per_adc_code(result.range)
        siemens = result.adc_code_sums * (scale / READINGS)
        core.records.require_same_chip(macro.index, siemens, UNCORRECTED_CODES * scale)
    core.recognised.add(macro.index)

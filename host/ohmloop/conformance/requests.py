# SPDX-License-Identifier: BSD-3-Clause
"""The requests that the rules are made of: one cell, the smallest pulse there is."""

from __future__ import annotations

from typing import Final

from ohmloop._map import Opcode, Pulse
from ohmloop.board.pulses import POLARITY
from ohmloop.conformance.rules import Trial
from ohmloop.link.messages import EXPIRY_CYCLES, ArmRequest, Axis, PulseRequest, VectorRequest, limits_hash

TOP_CODE: Final = 0xFFFF
ONE: Final = Axis(0, 1)


def arm(
    trial: Trial,
    *,
    max_pulses: int = 1,
    max_voltage_code: int = 0,
    expiry_units: int | None = None,
    rows: Axis = ONE,
    columns: Axis = ONE,
    hash_error: int = 0,
) -> bytes:
    """Returns ARM for RESET pulses; unless told, one pulse of 0 V on cell (0, 0) within a second."""
    second_units = trial.identity.clk_hz // EXPIRY_CYCLES
    return ArmRequest(
        limits_hash=limits_hash(trial.limits()) ^ hash_error,
        kinds=frozenset({Pulse.RESET}),
        macro=0,
        max_pulses=max_pulses,
        max_voltage_code=max_voltage_code,
        expiry_units=second_units if expiry_units is None else expiry_units,
        rows=rows,
        columns=columns,
    ).encode()


def pulse(
    *,
    kind: Pulse = Pulse.RESET,
    voltage: int = 1,
    gate: int = 0,
    width: int = 1,
    index: int = 0,
    pulses: int = 1,
    rows: Axis = ONE,
    columns: Axis = ONE,
) -> bytes:
    """Returns PULSE; unless told, one DAC code for one cycle on cell (0, 0), gate closed."""
    return PulseRequest(kind, 0, voltage, gate, width, index, pulses, rows, columns, POLARITY[kind]).encode()


def reference(count: int, *, averages_log2: int = 0, read_code: int = 0) -> bytes:
    """Returns MAC of the reference input on column 0, `count` readings; the array is not connected."""
    return VectorRequest(
        Opcode.MAC, 0, ONE, ONE, read_code, 0, averages_log2=averages_log2, reference=True, count=count
    ).encode()

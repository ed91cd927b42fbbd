# SPDX-License-Identifier: BSD-3-Clause
"""Checks of a board, on the command stream itself: nothing that is checked passes through the host API.

On a chip nothing is driven, but for the cells of `--pattern`, which are read: requests that must be refused
ask for one DAC code at most and the smallest width, so a board that does not refuse them does no harm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ohmloop.cli.bench import Bench
from ohmloop.cli.checks_cells import check_cells, check_orientation, check_products
from ohmloop.cli.checks_link import check_round_trip, check_throughput
from ohmloop.cli.checks_reference import check_loop_back, check_reference_cell
from ohmloop.cli.checks_registers import check_identity, check_registers
from ohmloop.cli.checks_safety import check_interlock, check_safe, check_watchdog
from ohmloop.cli.firmware_check import check_firmware


@dataclass(frozen=True, slots=True)
class Check:
    """One check; it is not tried where one that it `needs` is red, for it would only say the same."""

    name: str
    run: Callable[[Bench], str]
    needs: tuple[str, ...] = ()


CHECKS: Final = (
    Check("identity", check_identity),
    Check("link round trip", check_round_trip),
    Check("link throughput", check_throughput, ("link round trip",)),
    Check("register walk", check_registers),
    Check("interlock", check_interlock),
    Check("safe state", check_safe),
    Check("watchdog", check_watchdog, ("register walk", "safe state")),
    Check("emulated cells", check_cells),
    Check("loop-back", check_loop_back, ("register walk",)),
    Check("reference cell", check_reference_cell, ("loop-back",)),
    Check("orientation", check_orientation, ("emulated cells",)),
    Check("exact products", check_products, ("emulated cells", "orientation")),
    Check("firmware", check_firmware),
)

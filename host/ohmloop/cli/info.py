# SPDX-License-Identifier: BSD-3-Clause
"""An open board to tables on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

import ohmloop

if TYPE_CHECKING:
    from ohmloop.board import Board


def show_info(url: str, *, chip: str | None, profile: str | None) -> None:
    """Prints identity, limits, profile and link of a board; drives nothing."""
    console = Console()
    with ohmloop.open(url, chip=chip, profile=profile) as board:
        table = Table(title=f"{url} - {'EMULATED' if board.identity.emulated else 'chip'}", show_header=False)
        for name, value in board_facts(board).items():
            table.add_row(name, value)
        console.print(table)


def board_facts(board: Board) -> dict[str, str]:
    """Returns what is known of a board, by name."""
    identity, profile = board.identity, board.macros[0].profile
    facts = {
        "protocol, map": f"version {identity.protocol_version}, map {identity.map_hash:08x}",
        "gateware build": f"{identity.build_hash:08x}",
        "firmware": f"{identity.firmware_crc:08x}" if identity.firmware_present else "none",
        "board uid, boot id": f"{identity.uid:016x}, {identity.boot_id:08x}",
        "clock": f"{identity.clk_hz / 1e6:g} MHz",
        "buffers": f"payload {identity.max_payload}, requests {identity.request_bytes}, "
        f"replies {identity.reply_bytes} bytes",
        "pulses since boot": str(identity.pulses_since_boot),
        "chip": identity.chip_id.rstrip(b"\0").decode("utf-8", "replace"),
        "reference input": "yes" if identity.reference_input else "none: gains are relative",
    }
    for number, macro in enumerate(identity.macros):
        facts[f"macro {number}"] = (
            f"{macro.rows} x {macro.columns}, {macro.lanes} lanes, {macro.adc_lanes} ADC lanes, "
            f"{macro.ranges} ranges, {macro.input_bits} input bits"
        )
    return facts | {
        "limits": str(board.limits),
        "profile": f"{profile.name} (digest {profile.digest:08x}): {profile.chip.title}",
        "forming": f"{profile.forming.voltage_v:.4f} V, gate {profile.forming.gate_v:.3f} V, "
        f"{profile.forming.width_s * 1e6:g} us",
    }

# SPDX-License-Identifier: BSD-3-Clause
"""An open board to tables on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

import ohmloop

if TYPE_CHECKING:
    from ohmloop.board import Board
    from ohmloop.board.service import Telemetry


READER_FACTS: Final = {
    "only reads": "no pulses, no firmware, no telemetry; macro.load_g_codes writes its cells"
}
"""Of a board that only reads, in the place of what others have done."""


def show_info(url: str, *, chip: str | None, profile: str | None) -> None:
    """Prints identity, limits, profile and link of a board; drives nothing."""
    console = Console()
    with ohmloop.open(url, chip=chip, profile=profile) as board:
        kind = "EMULATED" if board.identity.emulated else "chip"
        title = f"{url} - {kind}{', read-only' if board.is_read_only else ''}"
        table = Table(title=title, show_header=False)
        for name, value in board_facts(board).items():
            table.add_row(name, value)
        console.print(table)


def telemetry_facts(seen: Telemetry) -> dict[str, str]:
    """Returns what a board has done since power-up, by name."""
    longest = f"longest {seen.longest_s * 1e3:.3g} ms {seen.longest_operation}".rstrip()
    return {
        "uptime": f"{seen.uptime_s:.3f} s by its clock, {seen.busy_s:.3f} s of them reading",
        "requests": f"{seen.requests}; refused {seen.refused}, stopped {seen.stopped}; {longest}",
        "cell pulses": f"FORM {seen.form_pulses}, SET {seen.set_pulses}, RESET {seen.reset_pulses}",
        "results read": f"{seen.results}, {seen.saturated} saturated",
        "firmware runs": f"{seen.firmware_runs}, {seen.firmware_faults} faults",
        "last stop": seen.last_stop or "none",
        "link": f"{seen.frames_received} frames, {seen.crc_errors} CRC errors, {seen.gaps} gaps, "
        f"{seen.duplicates} repeated, watchdog tripped {seen.watchdog_trips} times",
    } | {f"sensor {one.kind}.{one.channel}": f"{one.value}, {one.age_s:.1f} s old" for one in seen.sensors}


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
    done = READER_FACTS if board.is_read_only else telemetry_facts(board.telemetry())
    return (
        facts
        | done
        | {
            "limits": str(board.limits),
            "profile": f"{profile.name} (digest {profile.digest:08x}): {profile.chip.title}",
            "forming": f"{profile.forming.voltage_v:.4f} V, gate {profile.forming.gate_v:.3f} V, "
            f"{profile.forming.width_s * 1e6:g} us",
        }
    )

# SPDX-License-Identifier: BSD-3-Clause
"""A URL to a table of the protocol's rules: kept, broken, not tried."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Final

from rich.console import Console

from ohmloop.cli.choices import require_file
from ohmloop.conformance import Permission, Report, Verdict, examine
from ohmloop.errors import LimitError
from ohmloop.link.messages import Axis
from ohmloop.link.wires import WireContext, open_wire

CHIP: Final = "tmp"
_COLOURS: Final = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.SKIPPED: "yellow"}


def run_conformance(url: str, permission: Permission, *, limit_s: float, json_file: Path | None) -> bool:
    """Prints a row for every rule as it ends; returns whether none is broken.

    Args:
        url: of the board; twin:// and sim:// are tried as they are powered up, on a chip that is thrown away.
        permission: what may be done beyond asking.
        limit_s: longest wait for an answer, by the wire's clock.
        json_file: takes the report.
    """
    require_file(json_file)
    console, report = Console(soft_wrap=True), Report(url)
    with closing(open_wire(url, WireContext(chip=CHIP))) as wire:
        with closing(examine(wire, report, permission, limit_s=limit_s)) as rows:
            for row in rows:
                colour = _COLOURS[row.verdict]
                console.print(f"[{colour}]{row.verdict.value:8}[/]", end="")
                line = f"{row.rule:66} {row.section:36} {row.detail}"
                console.print(line, markup=False, highlight=False)
    counts = ", ".join(f"{report.count(verdict)} {verdict.value}" for verdict in Verdict)
    console.print(f"{url}: {len(report.rows)} rules, {counts}", markup=False, highlight=False)
    if json_file is not None:
        json_file.write_text(json.dumps(report.as_json(), indent=1) + "\n", encoding="utf-8")
    return report.passed


def permission_of(pulses: str | None, *, lock: bool, empty: bool, long: bool) -> Permission:
    """Returns what the options permit; `pulses` are cells, "0:4,0:4", None: no pulse on a chip."""
    return Permission(*_cells(pulses), lock=lock, empty=empty, long=long)


def _cells(text: str | None) -> tuple[Axis | None, Axis | None]:
    """Rows and columns of "A:B,C:D"; raises LimitError for anything else."""
    if text is None:
        return None, None
    try:
        (top, bottom), (left, right) = (map(int, part.split(":")) for part in text.split(","))
    except ValueError:
        top, bottom, left, right = 0, 0, 0, 0
    if not (0 <= top < bottom and 0 <= left < right):
        raise LimitError(
            f"--pulses: {text!r}; rows and columns as 0:4,0:4 expected", value=text, where="--pulses"
        )
    return Axis(top, bottom - top), Axis(left, right - left)

# SPDX-License-Identifier: BSD-3-Clause
"""A board's settings, the hash of what its bitstream is made of, its report, the page of all reports."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pythondata_cpu_picorv32

BOARDS = Path(__file__).resolve().parent
ROOT = BOARDS.parents[1]
RTL = ROOT / "fpga" / "rtl"
REPORTS = ROOT / "docs" / "boards"
PAGE = ROOT / "docs" / "boards.md"
CORE = Path(pythondata_cpu_picorv32.data_location) / "picorv32.v"
MARKS = ("<!-- generated: reports -->", "<!-- end -->")
PIN_FILES = (".v", ".lpf", ".cst")
RESOURCES = ("lut", "ff", "bram", "dsp")
MACROS = ("macro_emulator", "macro_serial", "afe_front")
"""What the macro port may hold: a board has one, the others' Verilog is not built."""


@dataclass(frozen=True)
class Board:
    """One folder of `fpga/boards`: `settings` is its board.toml."""

    key: str
    settings: dict[str, Any]

    @property
    def pins(self) -> Path:
        """Its folder, where its top and its constraints are."""
        return BOARDS / self.key

    @property
    def top(self) -> str:
        """The top module: the board's own, or `serial_board` where nothing is placed."""
        return self.key if "place" in self.settings else "serial_board"

    @property
    def files(self) -> list[Path]:
        """Its settings, its top and its constraints, where it has them."""
        pins = (path for path in sorted(self.pins.iterdir()) if path.suffix in PIN_FILES)
        return [self.pins / "board.toml", *pins]

    @property
    def reads_only(self) -> bool:
        """It has the macro that only reads, and no soft core."""
        return bool(self.settings["geometry"].get("READ_ONLY", 0))

    @property
    def macro(self) -> str:
        """What its macro port holds, of MACROS: as guarded_macro chooses it."""
        return "macro_serial" if self.reads_only else "macro_emulator"

    @property
    def clk_hz(self) -> int:
        """Its clock in hertz: its own constant, else the map's."""
        own: int = self.settings.get("clk_hz", defined("board_map.vh", "CLK_HZ"))
        return own

    @property
    def report_file(self) -> Path:
        """The kept report."""
        return REPORTS / f"{self.key}.json"

    def report(self) -> dict[str, Any] | None:
        """The kept report; None when no build was kept."""
        return json.loads(self.report_file.read_text()) if self.report_file.exists() else None


def boards() -> dict[str, Board]:
    """Every board with open tools, by the name of its folder."""
    files = sorted(BOARDS.glob("*/board.toml"))
    return {file.parent.name: Board(file.parent.name, tomllib.loads(file.read_text())) for file in files}


def sources() -> list[Path]:
    """The Verilog that every board has: ours, the generated register file, the soft core's."""
    return [*sorted(RTL.glob("*.v")), BOARDS / "serial_board.v", *sorted(RTL.glob("generated/*.sv")), CORE]


def reached(board: Board) -> list[Path]:
    """Of the Verilog and its headers what a board's design says the name of, from its top on; by name."""
    files = [*sources(), *RTL.rglob("*.vh")]
    known = {path.stem if path.suffix != ".vh" else path.name: path for path in files}
    for other in {*MACROS} - {board.macro}:
        del known[other]
    found, left = set[Path](), [known["serial_board"]]
    while left:
        found.add(path := left.pop())
        code = re.sub(r"//.*|/\*(?s:.*?)\*/", "", path.read_text())
        left += {known[word] for word in re.findall(r"\w+(?:\.vh)?", code) if word in known} - found
    return sorted(found, key=lambda path: path.name)


def inputs_hash(board: Board) -> str:
    """SHA-256, hexadecimal, over the names and bytes of all that the bitstream is made of, tools apart."""
    digest = hashlib.sha256()
    scripts = [BOARDS / f"{name}.py" for name in ("synthesis", "build", "steps")]
    if "place" in board.settings:
        scripts.append(BOARDS / f"{board.settings['family']}.py")
    for path in [*reached(board), *board.files, *scripts]:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def defined(file: str, name: str) -> int:
    """A number that a generated Verilog header defines."""
    found = re.search(rf"`define {name} (?:\d+'d)?(\d+)", (RTL / "generated" / file).read_text())
    if found is None:
        raise LookupError(f"{file} defines no {name}")
    return int(found[1])


def shortfalls(used: dict[str, int], capacity: dict[str, int]) -> list[str]:
    """What the device has too little of, in words; empty when the design fits."""
    return [
        f"{name}: {used[name]:,} needed, the device has {capacity[name]:,}"
        for name in RESOURCES
        if used[name] > capacity[name]
    ]


def table() -> list[str]:
    """The reports as a Markdown table."""
    lines = [
        "| board | array | lanes, converters | fmax, MHz | target, MHz | LUT | FF | block RAM | DSP "
        "| firmware, bytes | inputs |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for board in boards().values():
        report = board.report()
        if report is None:
            continue
        shape = report["geometry"]
        fits = "does not fit" if shortfalls(report, report["capacity"]) else "not placed"
        fmax = fits if report["fmax_mhz"] is None else f"{report['fmax_mhz']:.1f}"
        used = [f"{report[name]:,} of {report['capacity'][name]:,}" for name in RESOURCES]
        cells = [board.settings["name"], f"{shape['ROWS']} x {shape['COLS']}"]
        cells += [f"{shape['LANES']}, {shape['ADC_LANES']}", fmax, f"{report['target_mhz']:.0f}", *used]
        cells += [f"{report['firmware_bytes']:,}", f"`{report['inputs'][:8]}`"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def page_text() -> str:
    """docs/boards.md as the kept reports make it."""
    begin, end = MARKS
    text = PAGE.read_text()
    head, rest = text.split(begin)
    return "\n".join([head + begin, "", *table(), "", end + rest.split(end)[1]])

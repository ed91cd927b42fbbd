# SPDX-License-Identifier: BSD-3-Clause
"""Makes a board's bitstream with open tools: Yosys (pyosys), nextpnr (yowasp), the family's packer.

    python fpga/boards/build.py BOARD [--uid NUMBER] [--keep] [--seed N]
    python fpga/boards/build.py --check

`build/BOARD` gets the bitstream and `report.json`; `--keep` also puts the report into docs. Exit status 1:
the design does not fit the device, or misses its clock. `--check` compares docs/boards.md with the kept
reports, and says which reports are of other inputs than today's (docs/boards.md, "Reports").
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import importlib.metadata
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import ecp5
import gowin
from boards import (
    PAGE,
    REPORTS,
    ROOT,
    RTL,
    Board,
    boards,
    defined,
    inputs_hash,
    page_text,
    shortfalls,
    sources,
)
from steps import BuildFailed, run

FAMILIES = {"ecp5": ecp5, "gowin": gowin}  # those that are placed and routed here
CELLS = {  # resource: cell names of the three families, and how much of it one is
    "lut": {
        r"LUT[1-6]|ALU|SRL\w+": 1,
        r"CCU2C|RAM(32|64)X1D": 2,
        r"RAM(32|64)M": 4,
        r"TRELLIS_DPR16X4|RAM16SDP4": 6,
    },
    "ff": {r"TRELLIS_FF|DFF\w*|FD[RSPC]E\w*": 1},
    "bram": {r"DP16KD|PDPW16KD|DPX?9?B|SDPX?9?B|SPX?9?|RAMB18E1": 1, r"RAMB36E1": 2},
    "dsp": {r"MULT18X18D?|MULT9X9|DSP48E1": 1, r"MULT36X36": 4},
}


def main() -> int:
    """Runs what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description="Makes a board's bitstream with open tools.")
    parser.add_argument("board", nargs="?", choices=sorted(boards()))
    parser.add_argument(
        "--uid", type=lambda text: int(text, 0), default=0, help="the board's own number, 64 bits"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the placement")
    parser.add_argument("--keep", action="store_true", help="put the report into docs")
    parser.add_argument(
        "--check", action="store_true", help="compare the page with the reports, build nothing"
    )
    asked = parser.parse_args()
    if asked.check:
        return check()
    if asked.board is None or not 0 <= asked.uid < 2**64:
        parser.error("a board is needed, and a uid of at most 64 bits")
    board = boards()[asked.board]
    try:
        report = built(board, ROOT / "build" / board.key, asked.uid, asked.seed)
    except BuildFailed as error:
        print(f"{board.key}: {error}", file=sys.stderr)
        return 1
    if asked.keep:
        REPORTS.mkdir(exist_ok=True)
        board.report_file.write_text(json.dumps(report, indent=2) + "\n")
        PAGE.write_text(page_text())
    return verdict(board, report)


def check() -> int:
    """1 when docs/boards.md is not what the kept reports make it; a report of other inputs is told."""
    for board in boards().values():
        report = board.report()
        if report is not None and report["inputs"] != inputs_hash(board):
            print(f"{board.key}: its report is of other inputs: make bitstream BOARD={board.key} renews it")
    if PAGE.read_text() != page_text():
        print("docs/boards.md differs from docs/boards/*.json", file=sys.stderr)
        return 1
    return 0


def verdict(board: Board, report: dict[str, Any]) -> int:
    """Prints the figures; 0 when the design fits and meets its clock."""
    print(json.dumps(report, indent=2))
    missing = shortfalls(report, report["capacity"])
    if missing:
        print(f"{board.key}: does not fit: {'; '.join(missing)}", file=sys.stderr)
        return 1
    if report["fmax_mhz"] is not None and report["fmax_mhz"] < report["target_mhz"]:
        print(f"{board.key}: misses its clock", file=sys.stderr)
        return 1
    return 0


def built(board: Board, folder: Path, uid: int, seed: int) -> dict[str, Any]:
    """Synthesis, place and route, packing; returns the report, which is also written to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs, versions = inputs_hash(board), tool_versions(board)
    netlist = synthesise(board, folder, uid, inputs)
    report = {
        "board": board.key,
        "fmax_mhz": None,
        "target_mhz": board.clk_hz / 1e6,
        **counted(netlist, board.top),
        "firmware_bytes": 0 if board.reads_only else 4 * defined("firmware_id.vh", "FIRMWARE_WORDS"),
        "geometry": board.settings["geometry"],
        "capacity": board.settings["capacity"],
        "inputs": inputs,
        "uid": uid,
        "seed": seed,
        "tools": versions,
    }
    if "place" in board.settings and not shortfalls(report, report["capacity"]):
        report["fmax_mhz"] = place(board, folder, netlist, seed)
        if report["fmax_mhz"] >= report["target_mhz"]:
            file = FAMILIES[board.settings["family"]].pack(board, folder)
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            report |= {"bitstream": file.name, "bitstream_sha256": digest}
            report |= {"programmer": board.settings["programmer"]}  # what `ohmloop flash` needs of it
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


def tool_versions(board: Board) -> dict[str, str]:
    """The versions of the tools that a board needs; BuildFailed when one is not installed."""
    try:
        placed = FAMILIES.get(board.settings["family"])
        names = ("pyosys", *(placed.TOOLS if placed else ()))
        return {name: importlib.metadata.version(name) for name in names}
    except importlib.metadata.PackageNotFoundError as error:
        raise BuildFailed(f"{error.name} is not installed: pip install 'ohmloop[bitstream]'") from None


def synthesise(board: Board, folder: Path, uid: int, inputs: str) -> Path:
    """The netlist of one board, as Yosys' JSON."""
    netlist = folder / "netlist.json"
    parameters = {
        **board.settings["geometry"],
        "CLK_HZ": board.clk_hz,
        "UID": f"64'h{uid:X}",
        "BUILD_HASH": f"32'h{inputs[:8]}",
    }
    options = " ".join(["", *board.settings.get("synthesis", [])])
    own_top = board.pins / f"{board.top}.v"
    job = {
        "sources": [str(path) for path in sources()],
        "module": "serial_board",
        "include": [str(RTL), str(RTL / "generated")],
        "parameters": parameters,
        "top": str(own_top) if own_top.exists() else "",
        "commands": [f"synth_{board.settings['family']} -top {board.top} -json {netlist}{options}"],
    }
    (folder / "job.json").write_text(json.dumps(job))
    run(
        [sys.executable, str(Path(__file__).with_name("synthesis.py")), str(folder / "job.json")],
        folder,
        "synthesis",
    )
    return netlist


def counted(netlist: Path, top: str) -> dict[str, int]:
    """LUTs, flip-flops, block RAMs and multipliers of a netlist."""
    cells = json.loads(netlist.read_text())["modules"][top]["cells"].values()
    kinds = collections.Counter(cell["type"] for cell in cells)
    return {
        resource: sum(
            size * count
            for pattern, size in patterns.items()
            for kind, count in kinds.items()
            if re.fullmatch(pattern, kind)
        )
        for resource, patterns in CELLS.items()
    }


def place(board: Board, folder: Path, netlist: Path, seed: int) -> float:
    """Places and routes; returns the highest frequency of the slowest clock, in MHz.

    Raises:
        BuildFailed: a tool failed, or the top's PLL makes another clock than the board states.
    """
    shutil.copy(board.pins / board.settings["constraints"], folder)
    target = board.clk_hz / 1e6
    words = ["--json", netlist.name, "--report", "timing.json", "--timing-allow-fail"]
    words += ["--seed", str(seed), "--freq", f"{target:g}", *board.settings["place"]]
    FAMILIES[board.settings["family"]].place(board, folder, words)
    return slowest(json.loads((folder / "timing.json").read_text())["fmax"], target)


def slowest(clocks: dict[str, dict[str, float]], target: float) -> float:
    """Returns what the slowest clock reaches, in MHz; raises BuildFailed with no clock of `target` MHz."""
    if not any(abs(clock["constraint"] - target) < target / 1000 for clock in clocks.values()):
        made = ", ".join(f"{clock['constraint']:g}" for clock in clocks.values())
        raise BuildFailed(f"the board states a clock of {target:g} MHz, its top makes {made} MHz")
    return min(float(clock["achieved"]) for clock in clocks.values())


if __name__ == "__main__":
    sys.exit(main())

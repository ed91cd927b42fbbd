# SPDX-License-Identifier: BSD-3-Clause
"""Makes a Zynq board's bitstream with Vivado, and the file that tells what it is made of.

    python fpga/boards/zynq.py pynq_z2|pynq_z2_afe|kv260 [--uid NUMBER]
    python fpga/boards/zynq.py pynq_z2|pynq_z2_afe --fit

`build/BOARD` gets ohmloop.bit, ohmloop.hwh and ohmloop.json (build hash, SHA-256 of the bitstream), which the
host wants side by side (docs/pynq.md). Exit status 1: Vivado is not on PATH, failed, or the clock is missed.
`--fit` needs no Vivado: Yosys counts what the board's top takes of a Zynq-7020, without the block design
around it. Exit status 1: it does not fit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from boards import BOARDS, CORE, ROOT, RTL, boards, defined, shortfalls
from build import BuildFailed, counted, run

LIMIT_S = 4 * 3600
ON_7020 = ("pynq_z2", "pynq_z2_afe")
ZYNQ = (*ON_7020, "kv260")


def sources() -> list[Path]:
    """The Verilog of every Zynq board: ours, the generated register file, the soft core's."""
    tops = sorted(BOARDS.glob("zynq_*.v"))
    return [*sorted(RTL.glob("*.v")), *tops, *sorted(RTL.glob("generated/*.sv")), CORE]


def inputs_hash(board: str) -> str:
    """SHA-256, hexadecimal, over the names and bytes of all that the bitstream is made of, Vivado apart."""
    folder = BOARDS / board
    base = re.search(r"^source .* \.\. (\w+) board\.tcl\]$", (folder / "board.tcl").read_text(), re.MULTILINE)
    own = [*sorted(folder.iterdir()), *([BOARDS / base[1] / "board.tcl"] if base else [])]
    digest = hashlib.sha256()
    for path in [*sources(), *sorted(RTL.rglob("*.vh")), BOARDS / "zynq.tcl", *own]:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def command(board: str, uid: int, out: Path) -> list[str]:
    """Vivado's command line."""
    script = str(BOARDS / "zynq.tcl")
    clock_mhz = f"{defined('board_map.vh', 'CLK_HZ') / 1e6:g}"
    words = [board, clock_mhz, inputs_hash(board)[:8], f"{uid:016x}", str(out), *map(str, sources())]
    return ["vivado", "-mode", "batch", "-nojournal", "-source", script, "-tclargs", *words]


def setting(board: str, name: str) -> str:
    """What a board's script sets, as text; the board's own line hides what it sources."""
    files = (BOARDS / board / "board.tcl", BOARDS / "zynq.tcl")
    found = (re.search(rf"^set {name} (?:{{(.*)}}|(\S+))$", file.read_text(), re.MULTILINE) for file in files)
    return next(match[1] or match[2] for match in found if match)


def fit(board: str) -> int:
    """Counts LUTs, flip-flops, block RAMs and multipliers of a board's top; 0 when a Zynq-7020 has them."""
    folder = ROOT / "build" / f"{board}-fit"
    folder.mkdir(parents=True, exist_ok=True)
    top, netlist = setting(board, "top"), folder / "netlist.json"
    words = setting(board, "geometry").split()
    job = {
        "sources": [str(path) for path in sources()],
        "module": top,
        "include": [str(RTL), str(RTL / "generated")],
        "parameters": dict(zip(words[::2], words[1::2], strict=True)),
        "top": "",
        "commands": [f"synth_xilinx -top {top} -json {netlist} -flatten"],
    }
    (folder / "job.json").write_text(json.dumps(job))
    run([sys.executable, str(BOARDS / "synthesis.py"), str(folder / "job.json")], folder, "synthesis")
    used, capacity = counted(netlist, top), boards()["zynq_7020"].settings["capacity"]
    report = {"board": board, **used, "geometry": job["parameters"], "capacity": capacity}
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))
    missing = shortfalls(used, capacity)
    print(*(f"does not fit: {what}" for what in missing), sep="\n", end="", file=sys.stderr)
    return int(bool(missing))


def main() -> int:
    """Builds or counts one board; returns the exit status."""
    parser = argparse.ArgumentParser(description="Makes a Zynq board's bitstream with Vivado.")
    parser.add_argument("board", choices=ZYNQ)
    parser.add_argument("--uid", type=lambda text: int(text, 0), default=0, help="the board's own number")
    parser.add_argument("--fit", action="store_true", help="count what a Zynq-7020 must have, with Yosys")
    asked = parser.parse_args()
    if asked.fit:
        if asked.board not in ON_7020:
            parser.error(f"--fit counts for a Zynq-7020: {', '.join(ON_7020)}")
        try:
            return fit(asked.board)
        except BuildFailed as error:
            print(f"{asked.board}: {error}", file=sys.stderr)
            return 1
    if shutil.which("vivado") is None:
        print("vivado is not on PATH: source its settings64.sh first", file=sys.stderr)
        return 1
    out = ROOT / "build" / asked.board
    out.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command(asked.board, asked.uid, out), cwd=out, timeout=LIMIT_S, check=False)
    if done.returncode != 0:
        return 1
    told = {
        "board": asked.board,
        "build_hash": inputs_hash(asked.board)[:8],
        "uid": f"{asked.uid:016x}",
        "bitstream_sha256": hashlib.sha256((out / "ohmloop.bit").read_bytes()).hexdigest(),
    }
    (out / "ohmloop.json").write_text(json.dumps(told, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

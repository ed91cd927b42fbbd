# SPDX-License-Identifier: BSD-3-Clause
"""Makes a Zynq board's bitstream with Vivado, and the file that tells what it is made of.

    python fpga/boards/zynq.py pynq_z2|kv260 [--uid NUMBER]

`build/BOARD` gets ohmloop.bit, ohmloop.hwh and ohmloop.json (build hash, SHA-256 of the bitstream), which the
host wants side by side (docs/pynq.md). Exit status 1: Vivado is not on PATH, failed, or the clock is missed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

from boards import BOARDS, CORE, ROOT, RTL, defined

LIMIT_S = 4 * 3600
ZYNQ = ("pynq_z2", "kv260")


def sources() -> list[Path]:
    """The Verilog of every Zynq board: ours, the generated register file, the soft core's."""
    return [*sorted(RTL.glob("*.v")), BOARDS / "zynq_board.v", *sorted(RTL.glob("generated/*.sv")), CORE]


def inputs_hash(board: str) -> str:
    """SHA-256, hexadecimal, over the names and bytes of all that the bitstream is made of, Vivado apart."""
    own = sorted((BOARDS / board).iterdir())
    digest = hashlib.sha256()
    for path in [*sources(), *sorted(RTL.glob("generated/*.vh")), BOARDS / "zynq.tcl", *own]:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def command(board: str, uid: int, out: Path) -> list[str]:
    """Vivado's command line."""
    script = str(BOARDS / "zynq.tcl")
    clock_mhz = f"{defined('board_map.vh', 'CLK_HZ') / 1e6:g}"
    words = [board, clock_mhz, inputs_hash(board)[:8], f"{uid:016x}", str(out), *map(str, sources())]
    return ["vivado", "-mode", "batch", "-nojournal", "-source", script, "-tclargs", *words]


def main() -> int:
    """Builds one board; returns the exit status."""
    parser = argparse.ArgumentParser(description="Makes a Zynq board's bitstream with Vivado.")
    parser.add_argument("board", choices=ZYNQ)
    parser.add_argument("--uid", type=lambda text: int(text, 0), default=0, help="the board's own number")
    asked = parser.parse_args()
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

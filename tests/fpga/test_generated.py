# SPDX-License-Identifier: BSD-3-Clause
"""Every product of the map is what the generator writes today."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_products_of_the_map_are_current():
    done = subprocess.run(
        [sys.executable, str(ROOT / "fpga/map/generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_firmware_compiles_the_register_structs():
    header = (ROOT / "firmware/src/board_map.h").read_text()
    assert header.count("#ifndef BOARD_MAP_H\n") == 1  # a second guard inside would hide them
    assert "_Static_assert(sizeof(ohmloop_t) == 0x100" in header

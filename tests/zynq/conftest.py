# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of boards beside a processor share: the simulated one, importable by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "fpga" / "sim" / "axi"))

# SPDX-License-Identifier: BSD-3-Clause
"""Makes the benches importable by the simulator's own interpreter as `tests.fpga.<name>`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

# SPDX-License-Identifier: BSD-3-Clause
"""The list of mutations is up to date; `make mutations` replays it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_every_mutation_fits_the_tree():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/mutate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

# SPDX-License-Identifier: BSD-3-Clause
"""Starts the tools of a build, one step after the other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIMIT_S = 4 * 3600


class BuildFailed(Exception):
    """A step did not give what the next needs; the message says which, and where its log is."""


def run(command: list[str], folder: Path, step: str) -> None:
    """One tool of this environment, started in `folder`: a WebAssembly tool has a /tmp of its own.

    Its words go to STEP.log.

    Raises:
        BuildFailed: the tool is missing, failed, or took longer than the limit.
    """
    log = folder / f"{step}.log"
    beside = Path(sys.executable).parent / command[0]
    words = [str(beside) if beside.exists() else command[0], *command[1:]]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    try:
        with log.open("w") as out:
            done = subprocess.run(
                words, stdout=out, stderr=out, timeout=LIMIT_S, check=False, env=environment, cwd=folder
            )
    except FileNotFoundError:
        raise BuildFailed(f"{command[0]} is not installed: pip install 'ohmloop[bitstream]'") from None
    except subprocess.TimeoutExpired:
        raise BuildFailed(f"{step} took longer than {LIMIT_S} s: {log}") from None
    if done.returncode != 0:
        raise BuildFailed(f"{step} ended with {done.returncode}: {log}")

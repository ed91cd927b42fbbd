# SPDX-License-Identifier: BSD-3-Clause
"""The firmware's C as a library of this process, with the test in the place of the bridge."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "firmware" / "src"
BUILD = ROOT / "build" / "firmware-pc"
FLAGS = "-std=gnu11 -O1 -g -fPIC -shared -Wall -Wextra -Werror -DMMIO_RECORDING -Dmain=firmware_main".split()

READER = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_uint32)
WRITER = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32)


def names() -> dict[str, int]:
    """Every name of core_bridge.rdl and its value."""
    place = ROOT / "fpga" / "map" / "generate.py"
    spec = importlib.util.spec_from_file_location("map_generate", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {name: value for name, value, _, _ in module.bridge_members()}


def library() -> ctypes.CDLL:
    """The firmware compiled for this machine, once per text."""
    files = sorted([*SOURCES.glob("*.c"), Path(__file__).with_name("recording.c")])
    headers = sorted(SOURCES.glob("*.h"))
    digest = hashlib.sha256(b"\0".join(p.read_bytes() for p in [*files, *headers])).hexdigest()[:16]
    target = BUILD / f"firmware-{digest}.so"
    if not target.exists():
        BUILD.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(f".{os.getpid()}")
        compiler = (
            [shutil.which("cc") or ""] if shutil.which("cc") else [sys.executable, "-m", "ziglang", "cc"]
        )
        command = [*compiler, *FLAGS, f"-I{SOURCES}", "-o", str(partial), *map(str, files)]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
        partial.rename(target)
    return ctypes.CDLL(str(target))

# SPDX-License-Identifier: BSD-3-Clause
"""The verilated axi_sim as an object: registers, memory and cycles of a board beside a processor.

For tests and benchmarks from the checkout; built once into the user's cache, by the tools of `sim://`.
"""

from __future__ import annotations

import ctypes
import enum
import hashlib
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ohmloop.link.wires import _sim_build, _sim_tools

FPGA = Path(__file__).resolve().parents[2]
CLOCK_HZ = 60_000_000
MEMORY_BASE, MEMORY_BYTES = 0x1000_0000, 1 << 24
DMA, WINDOW = 0x0_0000, 0x1_0000
"""Where the DMA's registers and the window are at the model's port."""
BUILD_HASH = 0x0AB0_A4D0
GEOMETRY = {"ROWS": 64, "COLS": 64, "LANES": 16, "ADC_LANES": 4}
_VERILATE = (
    "--cc -O3 --x-assign fast --x-initial fast --no-assert --no-timing --output-split 30000 "
    "--top-module axi_sim --default-language 1364-2005 +1364-2005ext+v +1364-2005ext+vh "
    "+1800-2017ext+sv -Wno-fatal -Wno-lint"
).split()
_COMPILE = (
    "-std=c++20 -O1 -fPIC -fvisibility=hidden -w -DVERILATOR=1 -DVM_TRACE=0 -DVM_COVERAGE=0 "
    "-DVM_SC=0 -DVM_TIMING=0 -DVL_TIME_CONTEXT"
).split()
_FOLDERS = ("rtl", "rtl/generated", "boards", "sim/axi")


class Probe(enum.IntEnum):
    """What a test may see besides registers and memory; in the order of harness.cpp."""

    DRIVE_ACTIVE = 0
    READ_ACTIVE = 1
    SAFE_LATCHED = 2
    WORDS_IN = 3
    WORDS_OUT = 4
    FIRST_WORD_IN = 5
    LAST_WORD_IN = 6
    FIRST_WORD_OUT = 7
    LAST_WORD_OUT = 8


class AxiBoard:
    """One powered board; `memory` is what its DMA reaches, from MEMORY_BASE on."""

    def __init__(self, geometry: dict[str, int] | None = None) -> None:
        self.memory = np.zeros(MEMORY_BYTES, np.uint8)
        self._calls = _loaded(build({**GEOMETRY, **(geometry or {})}))
        self._handle = self._calls.axi_create(self.memory.ctypes.data, MEMORY_BASE, MEMORY_BYTES)

    def read(self, address: int) -> int:
        """Returns a register, after the cycles that AXI4-Lite takes."""
        value = ctypes.c_uint32()
        if not self._calls.axi_read(self._handle, address, ctypes.byref(value)):
            raise TimeoutError(f"no answer to a read of {address:#x}")
        return value.value

    def write(self, address: int, value: int) -> None:
        """Writes a register."""
        if not self._calls.axi_write(self._handle, address, value & 0xFFFF_FFFF):
            raise TimeoutError(f"no answer to a write of {address:#x}")

    def run(self, cycles: int) -> None:
        """Lets board time pass."""
        self._calls.axi_run(self._handle, cycles)

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return int(self._calls.axi_cycles(self._handle))

    def probe(self, which: Probe) -> int:
        """Returns what `which` names."""
        return int(self._calls.axi_probe(self._handle, int(which)))

    def mark(self) -> None:
        """Forgets the cycles of the first words in and out."""
        self._calls.axi_mark(self._handle)

    def set_stop(self, level: bool) -> None:
        """Drives the board's stop input."""
        self._calls.axi_stop(self._handle, int(level))

    def free(self) -> None:
        """Ends the board; a second call does nothing."""
        if self._handle is not None:
            self._calls.axi_free(self._handle)
            self._handle = None


def build(geometry: dict[str, int]) -> Path:
    """Returns the shared library for one geometry, built first where the cache lacks it."""
    tools = _sim_tools.find_tools()
    suffixes = {".v", ".vh", ".sv", ".cpp"}
    files = [f for folder in _FOLDERS for f in sorted((FPGA / folder).iterdir()) if f.suffix in suffixes]
    digest = hashlib.sha256(repr((sorted(geometry.items()), tools.identity, _VERILATE, _COMPILE)).encode())
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    root = _sim_build.cache_folder() / "axi"
    library = root / f"{digest.hexdigest()[:24]}.so"
    if not library.is_file():
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root) as folder:
            made = _built(Path(folder), geometry, tools)
            shutil.copy(made, f"{library}.{os.getpid()}")
            Path(f"{library}.{os.getpid()}").rename(library)
    return library


def _built(work: Path, geometry: dict[str, int], tools: _sim_tools.Tools) -> Path:
    search = [tools.soft_core, *(FPGA / folder for folder in _FOLDERS)]
    command = [str(tools.verilator), *_VERILATE, "--prefix", "Vaxi_sim", "--Mdir", str(work)]
    command += [f"-G{name}={value}" for name, value in geometry.items()] + [
        f"-GBUILD_HASH=32'h{BUILD_HASH:x}"
    ]
    command += [word for folder in search for word in ("-y", str(folder), f"-I{folder}")]
    root = tools.verilator_root
    _sim_tools.run(
        [*command, str(FPGA / "sim/axi/axi_sim.v")], "verilator", work, {"VERILATOR_ROOT": str(root)}
    )
    include = [f"-I{work}", f"-I{root / 'include'}", f"-I{root / 'include' / 'vltstd'}"]
    units = [FPGA / "sim/axi/harness.cpp", *sorted(work.glob("Vaxi_sim*.cpp"))]
    units += [root / "include" / name for name in ("verilated.cpp", "verilated_threads.cpp")]

    def compiled(unit: Path) -> str:
        target = str(work / f"{unit.stem}.o")
        _sim_tools.run([*tools.compiler, *_COMPILE, *include, "-c", str(unit), "-o", target], unit.name, work)
        return target

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        objects = list(pool.map(compiled, units))
    library = work / "board.so"
    _sim_tools.run([*tools.compiler, "-shared", "-o", str(library), *objects, "-lpthread"], "link", work)
    return library


def _loaded(path: Path) -> Any:
    calls = ctypes.CDLL(str(path))
    pointer, number, word = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32
    for name, result, arguments in (
        ("axi_create", pointer, [pointer, word, word]),
        ("axi_free", None, [pointer]),
        ("axi_read", ctypes.c_int, [pointer, word, pointer]),
        ("axi_write", ctypes.c_int, [pointer, word, word]),
        ("axi_run", None, [pointer, number]),
        ("axi_cycles", number, [pointer]),
        ("axi_stop", None, [pointer, ctypes.c_int]),
        ("axi_mark", None, [pointer]),
        ("axi_probe", number, [pointer, ctypes.c_uint]),
    ):
        getattr(calls, name).restype, getattr(calls, name).argtypes = result, arguments
    return calls

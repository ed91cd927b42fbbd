# SPDX-License-Identifier: BSD-3-Clause
"""Tests the tests: breaks one place at a time in a copy of the tree, and expects the named test to fail.

    python tests/mutate.py [--check] [--only WORD ...]

`tests/mutations.toml` lists the mutations. A test passes once in the unbroken copy before it counts. The exit
status is 1 when a mutant lives, or when a mutation does not fit the tree any more; `--check` looks for this
alone.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = ROOT / "tests" / "mutations.toml"
COPIED = ("calibration", "docs", "firmware", "fpga", "host", "tests", "pyproject.toml", "README.md")
LIMIT_S = 600.0
FAILED = 1  # pytest's exit status when tests failed, and nothing else went wrong
NOT_BUILT = re.compile(r"(verilating|compiling|linking) \S+ failed|SyntaxError|DONE \(ERROR")
PYTEST = ["-m", "pytest", "-q", "-x", "--no-header", "-p", "no:cacheprovider"]


@dataclass(frozen=True)
class Mutation:
    """One small break: `old` stands once in `file` and becomes `new`; then `test` or `proof` must fail.

    `breaks` says in words what is wrong then. `test` is what pytest is given, `proof` a name in fpga/formal.
    """

    breaks: str
    file: str
    old: str
    new: str
    test: str = ""
    proof: str = ""

    @property
    def judge(self) -> str:
        """The test or the proof."""
        return self.test or f"proof {self.proof}"

    @property
    def command(self) -> list[str]:
        """What runs it."""
        if self.proof:
            return [sys.executable, "fpga/formal/run.py", "-p", self.proof]
        return [sys.executable, *PYTEST, *shlex.split(self.test)]

    def misfit(self) -> str:
        """Says why the mutation does not fit the tree; empty when it does."""
        path = ROOT / self.file
        if bool(self.test) == bool(self.proof):
            return "either a test or a proof is wanted"
        judge = Path("fpga/formal", f"{self.proof}.sby") if self.proof else shlex.split(self.test)[0]
        for wanted in (path, ROOT / str(judge).partition("::")[0]):
            if not wanted.is_file():
                return f"{wanted.relative_to(ROOT)} is not there"
        count = path.read_text().count(self.old)
        if count == 1 and self.new != self.old:
            return ""
        return f"`{self.old}` stands {count} times in {self.file}"


@dataclass(frozen=True)
class Outcome:
    """Exit status (-1: time was up), output and seconds of one run."""

    status: int
    output: str
    seconds: float

    @property
    def verdict(self) -> str:
        """What it says of a mutant."""
        if self.status == 0:
            return "LIVES"
        if self.status < 0:
            return "killed, by time"
        return "killed" if self.status == FAILED and not NOT_BUILT.search(self.output) else "BROKEN"


def main() -> int:
    """Does what the command line asks for; returns the exit status."""
    parser = argparse.ArgumentParser(description="Breaks the code and expects its tests to fail.")
    parser.add_argument("--check", action="store_true", help="only look whether every mutation fits the tree")
    parser.add_argument("--only", nargs="+", default=[], help="words: mutations that have one of them")
    options = parser.parse_args()
    chosen = [m for m in load() if not options.only or any(word in f"{m}" for word in options.only)]
    misfits = [f"{m.breaks}: {why}" for m in chosen if (why := m.misfit())]
    print(*misfits, sep="\n", end="\n" * bool(misfits), file=sys.stderr)
    if misfits or options.check or not chosen:
        print(f"{len(chosen)} mutations, {len(misfits)} do not fit")
        return int(bool(misfits) or not chosen)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        return replay(chosen, Path(folder))


def load() -> list[Mutation]:
    """Returns the listed mutations."""
    return [Mutation(**entry) for entry in tomllib.loads(LIST.read_text())["mutation"]]


def replay(mutations: list[Mutation], folder: Path) -> int:
    """Applies each mutation in a copy below `folder`, prints a line each; returns the exit status."""
    copy = folder / "tree"
    for name in COPIED:
        source = ROOT / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy2(source, copy / name)
    sound: dict[str, bool] = {}
    bad = 0
    for number, mutation in enumerate(mutations):
        if mutation.judge not in sound:
            whole = run(mutation.command, copy, folder / "kernels")
            sound[mutation.judge] = whole.status == 0
            if whole.status:
                print(f"{mutation.judge} fails without a mutation:\n{whole.output[-3000:]}", flush=True)
        if not sound[mutation.judge]:
            bad += 1
            continue
        outcome = broken(mutation, copy, folder / f"kernels-{number}")
        bad += not outcome.verdict.startswith("killed")
        print(f"{outcome.verdict:7} {outcome.seconds:5.0f} s  {mutation.file}: {mutation.breaks}", flush=True)
        print(f"{'':17}by {mutation.judge}", flush=True)
        if outcome.verdict == "BROKEN":
            print(outcome.output[-1500:], flush=True)
    print(f"{len(mutations)} mutations, {bad} not killed")
    return int(bad > 0)


def broken(mutation: Mutation, copy: Path, kernels: Path) -> Outcome:
    """Runs the mutation's test with the mutation in place; the file is as it was afterwards."""
    path = copy / mutation.file
    whole, times = path.read_bytes(), path.stat()
    path.write_text(whole.decode().replace(mutation.old, mutation.new))
    # Kernels of a broken twin are kept apart, so that the unbroken ones need not be compiled again.
    kept = kernels if "/emulator/" in mutation.file else kernels.with_name("kernels")
    try:
        return run(mutation.command, copy, kept)
    finally:
        path.write_bytes(whole)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def run(command: list[str], copy: Path, kernels: Path) -> Outcome:
    """Runs a command in the copy, on the copy's package; ends it, and all it started, when its time is up."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy / "host"),
        "PYTHONDONTWRITEBYTECODE": "1",  # what is compiled of a broken file must not outlive it
        "NUMBA_CACHE_DIR": str(kernels),
    }
    began = time.monotonic()
    with subprocess.Popen(
        command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            output, _ = process.communicate(timeout=LIMIT_S)
            status = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, status = "", -1
    return Outcome(status, output, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())

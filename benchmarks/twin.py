# SPDX-License-Identifier: BSD-3-Clause
"""Products a second of the twin beside a float32 product and, where importable, its peers.

512 x 512 cells, 8-bit inputs bit by bit, an ADC conversion a plane and column, read and ADC noise on,
one thread. Every candidate runs once a round, rounds interleaved; the median of CPU time a product is told.

    python benchmarks/twin.py [--rounds 5] [--require PRODUCTS_PER_S] [--json FILE] [--peer-python PYTHON]

`--peer-python` names the interpreter of an environment that has CrossSim (`simulator`) or aihwkit.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ohmloop._map import Opcode
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    TableWriteRequest,
    VectorRequest,
    pack_inputs,
    pack_words,
)
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.profile import Profile, load_profile

LINES = 512
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
BITS = 8
BATCHES = (1, 64, 1024)
PROFILE = "rrm-40nm-esgnn2023"
TWIN = "twin, whole wire"


def seconds(work: Callable[[], object], least_s: float = 0.05) -> tuple[float, float]:
    """Returns CPU and wall seconds of one call, over as many calls as `least_s` takes."""
    work()
    calls, cpu, wall = 0, time.process_time(), time.perf_counter()
    while calls == 0 or time.perf_counter() - wall < least_s:
        work()
        calls += 1
    return (time.process_time() - cpu) / calls, (time.perf_counter() - wall) / calls


def prepared_session(profile: Profile) -> tuple[Session, np.ndarray]:
    """Returns a session on a twin with profile and random cells loaded, and the g codes."""
    session = Session(open_wire("twin://", WireContext(None, profile)), timeout_s=10.0)
    session.hello()
    for register, value in (profile.emulator_registers(1, 2) | profile.limits).items():
        session.call(Opcode.REG_WRITE, pack_words(register, value), 3)
    for table, values in profile.tables().items():
        session.call(Opcode.TABLE_WRITE, TableWriteRequest(table, 0, 0, values).encode(), 3)
    g = np.random.default_rng(0).integers(16, 1024, (LINES, LINES)).astype(np.uint16)
    for first in range(0, LINES, 128):
        request = CellRequest(0, Axis(first, 128), Axis(0, LINES), g[first : first + 128])
        session.call(Opcode.CELL_LOAD, request.encode(), 3)
    return session, g


def through_the_wire(session: Session, profile: Profile, x: np.ndarray) -> None:
    """Multiplies `x` `[n, 512]` as one stream of requests, 16-bit results, each reply looked at."""
    most = 120  # vectors a request, so that the reply fits a frame
    code = profile.volts_to_dac_codes(profile.read_v)

    def requests() -> list[tuple[int, bytes, int]]:
        found = []
        for first in range(0, len(x), most):
            part = x[first : first + most]
            request = VectorRequest(
                Opcode.MAC, 0, Axis(0, LINES), Axis(0, LINES), code, first, bits=BITS, width_bits=32,
                count=len(part), vectors=pack_inputs(part, BITS, False).tobytes(),
            )  # fmt: skip
            found.append((int(Opcode.MAC), request.encode(), request.largest_reply_words))
        return found

    for reply in session.execute(requests()):
        if reply.status:
            raise SystemExit(f"the twin refused: {reply}")


def measure(rounds: int) -> list[dict[str, float | int | str]]:
    """Returns one line a candidate and batch: median seconds a product and products a second."""
    profile = load_profile(PROFILE)
    session, g = prepared_session(profile)
    weights = g.astype(np.float32)
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for batch in BATCHES:
            x = np.random.default_rng(batch).integers(0, 256, (batch, LINES)).astype(np.int16)
            floats = x.astype(np.float32)
            for name, work in (
                ("float32 product, one for all planes", lambda a=floats: a @ weights),
                (TWIN, lambda a=x: through_the_wire(session, profile, a)),
            ):
                found.setdefault((name, batch), []).append(seconds(work))
    lines: list[dict[str, float | int | str]] = []
    for (name, batch), times in found.items():
        cpu, wall = (statistics.median(column) / batch for column in zip(*times, strict=True))
        lines.append(
            {"name": name, "batch": batch, "cpu_us": cpu * 1e6, "wall_us": wall * 1e6, "per_s": 1 / cpu}
        )
    return lines


def peers(python: str) -> list[dict[str, float | int | str]]:
    """Returns the same lines of the peers that `python` can import, from `twin_peers.py` beside this file."""
    script = Path(__file__).with_name("twin_peers.py")
    result = subprocess.run([python, str(script)], capture_output=True, text=True, check=False, timeout=1800)
    if result.returncode:
        raise SystemExit(f"{python} {script}: {result.stderr[-2000:]}")
    sys.stderr.write(result.stderr[-2000:])
    lines: list[dict[str, float | int | str]] = json.loads(result.stdout)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--require", type=float, default=0.0, help="exit 1 below this at batch 64")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--peer-python")
    options = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":  # NumPy reads it when it is loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    lines = measure(options.rounds)
    if options.peer_python:
        lines += peers(options.peer_python)
    sys.stdout.write(f"{'':52}{'batch':>6}{'us CPU':>10}{'us wall':>10}{'a second':>12}\n")
    for line in lines:
        sys.stdout.write(
            f"{line['name']:52}{line['batch']:6}{line['cpu_us']:10.1f}{line['wall_us']:10.1f}{line['per_s']:12.0f}\n"
        )
    if options.json:
        options.json.write_text(json.dumps(lines, indent=1) + "\n")
    (reached,) = (line["per_s"] for line in lines if (line["name"], line["batch"]) == (TWIN, 64))
    sys.exit(int(float(reached) < options.require))


if __name__ == "__main__":
    main()

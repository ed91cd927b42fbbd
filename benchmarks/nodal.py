# SPDX-License-Identifier: BSD-3-Clause
"""Times the nodal solver beside a sparse direct solution and, where importable, its peers.

Cells uniform between 10 kOhm and 1 MOhm, 1 ohm a piece of line, square arrays. Least of several rounds,
candidates interleaved, CPU time, one thread; `error` is the largest relative difference of the currents
from those of the direct solution, where that is run.

    python benchmarks/nodal.py [--sizes 64,128,256] [--ohm 1] [--most-ohm 1e6] [--rounds 3]
                               [--effective] [--peer-python PYTHON]

`--peer-python` names the interpreter of an environment that has badcrossbar or CrossSim (`simulator`).
Exit code 1 when currents differ by more than 1e-9 or the solver is slower than the direct one.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ohmloop.nodal import Network, effective_siemens, solve_network

ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MANY = 64
DIRECT_UP_TO = 256


def cells(lines: int, most_ohm: float) -> np.ndarray:
    return np.random.default_rng(lines).uniform(1 / most_ohm, 1e-4, (lines, lines))


def direct(g: np.ndarray, volts: np.ndarray, ohm: float) -> np.ndarray:
    """Currents by one factorisation of Kirchhoff's equations, SuperLU."""
    lines = g.shape[0]
    u = np.arange(g.size).reshape(g.shape)
    w = u + g.size
    pairs = [(u, w, g), (u[:, :-1], u[:, 1:], np.full((lines, lines - 1), 1 / ohm))]
    pairs.append((w[:-1], w[1:], np.full((lines - 1, lines), 1 / ohm)))
    one, other, value = (np.concatenate([part[number].ravel() for part in pairs]) for number in range(3))
    ends = np.concatenate([u[:, 0], w[-1]])
    rows = np.concatenate([one, other, one, other, ends])
    columns = np.concatenate([one, other, other, one, ends])
    values = np.concatenate([value, value, -value, -value, np.full(ends.size, 1 / ohm)])
    matrix = sparse.csc_matrix((values, (rows, columns)), shape=(2 * g.size, 2 * g.size))
    injected = np.zeros(2 * g.size)
    injected[u[:, 0]] = volts / ohm
    options = {"SymmetricMode": True}
    solved = splu(matrix, permc_spec="MMD_AT_PLUS_A", options=options).solve(injected)
    return np.asarray(solved[w[-1]] / ohm)


def timed(work, rounds):
    work()
    least, result = np.inf, None
    for _ in range(rounds):
        start = time.process_time()
        result = work()
        least = min(least, time.process_time() - start)
    return 1e3 * least, result


def peers(python: str, lines: int, ohm: float, most_ohm: float) -> list[dict]:
    script = Path(__file__).with_name("nodal_peers.py")
    command = [python, str(script), str(lines), str(ohm), str(most_ohm)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    print(done.stderr[-2000:], end="", file=sys.stderr)
    return json.loads((done.stdout.splitlines() or ["[]"])[-1])


def measure(lines: int, arguments: argparse.Namespace) -> bool:
    g, ohm = cells(lines, arguments.most_ohm), arguments.ohm
    volts = np.random.default_rng(1).random((MANY, lines))
    network = Network.of(g, row_ohm=ohm, column_ohm=ohm)
    one_ms, one = timed(lambda: solve_network(network, volts[0]), arguments.rounds)
    many_ms, _ = timed(lambda: solve_network(network, volts), 1)
    print(f"{lines:5} one vector {one_ms:10.2f} ms   {one.sweeps} sweeps, residual {one.residual:.0e}")
    print(f"{lines:5} {MANY} vectors {many_ms:10.2f} ms   {many_ms / MANY:.2f} ms each")
    if arguments.effective:
        matrix_ms, matrix = timed(lambda: effective_siemens(g, row_ohm=ohm, column_ohm=ohm), 1)
        off = np.abs(volts[0] @ matrix / one.currents[0] - 1).max()
        print(f"{lines:5} effective matrix {matrix_ms:4.0f} ms   its products differ by {off:.0e}")
    good = True
    if lines <= DIRECT_UP_TO:
        direct_ms, currents = timed(lambda: direct(g, volts[0], ohm), 1)
        error = float(np.abs(one.currents[0] / currents - 1).max())
        print(
            f"{lines:5} SuperLU    {direct_ms:10.2f} ms   {direct_ms / one_ms:.0f} times, error {error:.0e}"
        )
        good = error < 1e-9 and one_ms < direct_ms
    for peer in peers(arguments.peer_python, lines, ohm, arguments.most_ohm) if arguments.peer_python else ():
        error = float(np.abs(np.array(peer["currents"]) / one.currents[0] - 1).max())
        times = peer["ms"] / one_ms
        print(f"{lines:5} {peer['name']:11} {peer['ms']:9.2f} ms   {times:.0f} times, error {error:.0e}")
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="64,128,256")
    parser.add_argument("--ohm", type=float, default=1.0)
    parser.add_argument("--most-ohm", type=float, default=1e6)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--effective", action="store_true")
    parser.add_argument("--peer-python")
    arguments = parser.parse_args()
    good = [measure(int(one), arguments) for one in arguments.sizes.split(",")]
    return int(not all(good))


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ONE_THREAD)
    sys.exit(main())

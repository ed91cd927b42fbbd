# SPDX-License-Identifier: BSD-3-Clause
"""badcrossbar and CrossSim on the task of `benchmarks/nodal.py`; prints a line of JSON.

Run by `benchmarks/nodal.py --peer-python` in an environment of their own; a peer that cannot be imported
is left out. CrossSim solves by a fixed point to its default tolerance, and not exactly.

    python benchmarks/nodal_peers.py [LINES] [OHM] [MOST_OHM]
"""

import json
import logging
import sys
import time
from importlib.util import find_spec

import numpy as np


def badcrossbar(g, volts, ohm):
    import badcrossbar as peer

    logging.disable(logging.INFO)
    return lambda: np.asarray(peer.compute(volts[:, None], 1 / g, ohm).currents.output).ravel()


def crosssim(g, volts, ohm):
    from simulator import CrossSimParameters
    from simulator.backend import ComputeBackend
    from simulator.circuits.array.NonInterleaved_InputSource import NoninterleavedInputSourceArray

    ComputeBackend(use_gpu=False)
    parameters = CrossSimParameters()
    parameters.xbar.device.Rmin, parameters.xbar.device.Rmax = 1e4, 1 / g.min()
    parameters.simulation.hide_convergence_msg = True
    parasitics = parameters.xbar.array.parasitics
    parasitics.enable, parasitics.Rp_row, parasitics.Rp_col = True, ohm, ohm
    array = NoninterleavedInputSourceArray(parameters)
    matrix = np.ascontiguousarray(g.T) * 1e4
    return lambda: array.iterative_solve(matrix.copy(), volts) * 1e-4


def main():
    lines, ohm, most_ohm = (float(one) for one in (*sys.argv[1:4], "32", "1", "1e6")[:3])
    lines = int(lines)
    g = np.random.default_rng(lines).uniform(1 / most_ohm, 1e-4, (lines, lines))
    volts = np.random.default_rng(1).random((64, lines))[0]
    found = []
    for module, name, peer in (
        ("badcrossbar", "badcrossbar", badcrossbar),
        ("simulator", "CrossSim", crosssim),
    ):
        if not find_spec(module):
            continue
        try:
            work = peer(g, volts, ohm)
            start = time.process_time()
            currents = work()
            ms = 1e3 * (time.process_time() - start)
            found.append({"name": name, "ms": ms, "currents": list(map(float, np.ravel(currents)))})
        except Exception as error:
            # A peer that fails by itself is told and left out; the other is still measured.
            print(f"{name} failed: {type(error).__name__}: {error}", file=sys.stderr)
    print()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

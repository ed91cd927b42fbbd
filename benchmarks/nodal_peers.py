# SPDX-License-Identifier: BSD-3-Clause
"""badcrossbar and CrossSim on the task of `benchmarks/nodal.py`; prints JSON.

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
    return np.asarray(peer.compute(volts[:, None], 1 / g, ohm).currents.output).ravel()


def crosssim(g, volts, ohm):
    from simulator import AnalogCore, CrossSimParameters

    parameters = CrossSimParameters()
    parameters.simulation.ideal = False
    parameters.core.style = "OFFSET"
    parameters.core.offset.style = "UNIT_COLUMN_SUBTRACTION"
    parameters.xbar.device.Rmin, parameters.xbar.device.Rmax = 1e4, 1 / g.min()
    parasitics = parameters.xbar.array.parasitics
    parasitics.enable, parasitics.Rp_row, parasitics.Rp_col = True, ohm, ohm
    core = AnalogCore(np.zeros(g.shape), parameters)
    inner = core.cores[0][0]
    inner.matrix = (g * 1e4).T
    return inner.run_xbar_mvm(volts) * 1e-4


def main():
    lines, ohm, most_ohm = (float(one) for one in (*sys.argv[1:4], "32", "1", "1e6")[:3])
    lines = int(lines)
    g = np.random.default_rng(lines).uniform(1 / most_ohm, 1e-4, (lines, lines))
    volts = np.random.default_rng(1).random((64, lines))[0]
    found = []
    for module, peer in (("badcrossbar", badcrossbar), ("simulator", crosssim)):
        if not find_spec(module):
            continue
        try:
            start = time.process_time()
            currents = peer(g, volts, ohm)
            name = "CrossSim" if module == "simulator" else module
            ms = 1e3 * (time.process_time() - start)
            found.append({"name": name, "ms": ms, "currents": list(map(float, currents))})
        except Exception as error:
            # A peer that fails by itself is told and left out; the other is still measured.
            print(f"{module} failed: {type(error).__name__}: {error}", file=sys.stderr)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()

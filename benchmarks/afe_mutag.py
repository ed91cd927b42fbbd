# SPDX-License-Identifier: BSD-3-Clause
"""Compares ESGNN on MUTAG through pins with the emulated macro, graph by graph.

    python benchmarks/afe_mutag.py [--graphs 6] [--seeds 8]

The board at pin level (sim://?front=afe) forms its two windows by pulses and embeds the first graphs. The
emulated macro embeds all 188 with each of several noise seeds, on cells that are what the pins see of the
formed ones: the nodal solution of lines and multiplexers. Printed: the difference over the standard
deviation of the emulated macro's own noise (one, if both are the same), and the labels that a readout
trained on the emulated embeddings of the other graphs gives.
"""

import argparse
import sys
import time

import numpy as np

import ohmloop
from ohmloop.link.wires._sim_analog import LINE_OHM, MUX_OHM
from ohmloop.link.wires._sim_library import Probe
from ohmloop.nodal import effective_siemens
from ohmloop.readout import RidgeReadout
from ohmloop.systems.datasets import load_mutag
from ohmloop.systems.esgnn import EchoStateGraphClassifier, prepare
from ohmloop.systems.prepare import measure
from ohmloop.systems.prepared import PreparedWindows

CHIP = "tmp:seed:0"
ROWS, COLUMNS = 64, 56
EMULATED = f"twin://?rows={ROWS}&columns={COLUMNS}&lanes=56"


def seen_codes(board, windows):
    """What the pins see of each window, g codes `[ROWS, COLUMNS]`: word lines of its rows alone are on."""
    across, down = np.full(COLUMNS, LINE_OHM), np.full(ROWS, LINE_OHM)
    across[0] = down[-1] = 0.0
    cells = board.macro.g_codes_to_siemens(board.macro.dump_g_codes(board.macro[0:ROWS, 0:COLUMNS]))
    found = np.zeros((ROWS, COLUMNS))
    for window in windows:
        on = np.zeros((ROWS, COLUMNS))
        rows = list(window.rows)
        on[rows] = cells[rows]
        seen = effective_siemens(on, row_ohm=across, column_ohm=down, source_ohm=MUX_OHM, sense_ohm=MUX_OHM)
        found[rows] = seen[rows]
    return np.rint(found / board.profile.g_lsb_siemens).astype(np.uint16)


def through_pins(graphs):
    """Embeds on the board at pin level; returns embeddings, cells as the pins see them, lines to print."""
    start = time.perf_counter()
    with ohmloop.open("sim://?front=afe&boot=1", chip=CHIP, noise_seed=99) as board:
        windows = prepare(board.macro, features=7, hidden=50)
        formed_s = time.perf_counter() - start
        model = EchoStateGraphClassifier(board.macro, windows)
        embedded = model.embed(graphs)
        record = model.embedding_
        seen = seen_codes(board, (windows.input.window, windows.recurrent.window))
        wire = board._core.session.wire  # noqa: SLF001 - a probe of the simulated board
        broken = wire.board.probe(Probe.RULES_BROKEN)
    wall_s = time.perf_counter() - start
    told = [
        f"pins: {len(graphs)} graphs, {record.products} products, {record.saturated} saturated, "
        f"{record.board_seconds:.3f} s of board time",
        f"{wall_s:.0f} s here, {formed_s:.0f} s of it build, forming and row sums",
        f"rules of the parts broken: {broken}",
    ]
    return embedded, seen, told


def emulated(graphs, cells, seed):
    """Embeds on the emulated macro holding `cells`."""
    with ohmloop.open(EMULATED, chip=CHIP, noise_seed=seed) as board:
        board.macro.load_g_codes(cells, board.macro[0:ROWS, 0:COLUMNS])
        windows = [board.macro[0:8, 0:50], board.macro[8:58, 0:50]]
        prepared = PreparedWindows(*(measure(board.macro, window) for window in windows))
        return EchoStateGraphClassifier(board.macro, prepared).embed(graphs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=8)
    arguments = parser.parse_args()
    mutag = load_mutag()
    n = arguments.graphs
    pins, cells, told = through_pins(mutag.graphs[:n])
    runs = np.stack([emulated(mutag.graphs, cells, seed) for seed in range(arguments.seeds)])
    mean, deviation = runs.mean(axis=0), runs.std(axis=0, ddof=1)
    expected = np.sqrt(np.mean(deviation[:n] ** 2) * (1 + 1 / arguments.seeds))
    ratio = np.sqrt(np.mean((pins - mean[:n]) ** 2)) / expected
    others = np.sqrt(np.mean((runs[0, :n] - runs[1:, :n].mean(axis=0)) ** 2)) / expected
    readout = RidgeReadout(ridge=1e-3).fit(mean[n:], mutag.labels[n:])
    same = np.array_equal(readout.predict(pins), readout.predict(mean[:n]))
    print("\n".join(told))
    print(
        f"embeddings: root mean square {np.sqrt(np.mean(mean[:n] ** 2)):.4f}, emulated noise {expected:.4f}"
    )
    print(
        f"pins against emulated: {ratio:.2f} of that noise; one emulated run against the others: {others:.2f}"
    )
    print(f"correlation {np.corrcoef(pins.ravel(), mean[:n].ravel())[0, 1]:.5f}")
    print(f"labels of a readout trained on the others: {'the same' if same else 'NOT the same'}")
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())

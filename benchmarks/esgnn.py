# SPDX-License-Identifier: BSD-3-Clause
"""Measures ESGNN on MUTAG, whole path: graphs a second on a board, beside float64 software in the same run.

    python benchmarks/esgnn.py [URL] [--passes 20] [--require GRAPHS_PER_S]

A pass embeds all 188 graphs: min-max quantisation, packing, frames, the array with its noise, unpacking,
tanh, propagation and pooling. The first pass is not counted (it compiles and fills caches).
"""

import argparse
import sys
import time

import numpy as np

import ohmloop
from ohmloop.systems.datasets import load_mutag
from ohmloop.systems.esgnn import EchoStateGraphClassifier, prepare
from ohmloop.systems.graphs import GraphBatch
from ohmloop.systems.reservoir import software_embeddings

PUBLISHED_SIMULATOR = 38  # graphs/s of the authors' code, measured on another machine
NUMPY_SKETCH = 3167  # graphs/s of an unoptimised NumPy version with noise and no board, on another machine


def timed(action, passes):
    """Returns the median and the least seconds of an action, and its median seconds of processor time."""
    wall, processor = [], []
    for _ in range(passes):
        start = time.perf_counter(), time.process_time()
        action()
        wall.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return float(np.median(wall)), float(np.min(wall)), float(np.median(processor))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", default="twin://")
    parser.add_argument("--passes", type=int, default=20)
    parser.add_argument("--require", type=float, default=0.0, help="exit 1 below this, by the median")
    arguments = parser.parse_args()
    mutag = load_mutag()
    with ohmloop.open(arguments.url, chip="tmp:seed:0") as board:
        model = EchoStateGraphClassifier(board.macros[0], prepare(board.macros[0], features=7, hidden=50))
        model.embed(mutag.graphs)
        before = board.stats.as_dict()
        median_s, best_s, processor_s = timed(lambda: model.embed(mutag.graphs), arguments.passes)
        spent = {
            k: (v - before[k]) / arguments.passes
            for k, v in board.stats.as_dict().items()
            if k.endswith("_s")
        }
        record = model.embedding_
        windows = (model.windows.input.window, model.windows.recurrent.window)
        weights = [board.macro.g_codes_to_siemens(board.macro.dump_g_codes(w)) * 1e6 for w in windows]
    batch = GraphBatch.of(mutag.graphs)
    software_s = timed(lambda: software_embeddings(batch, *weights, model.dynamics), arguments.passes)[0]
    print(f"{arguments.url}: {record.graphs} graphs, {record.products} products, 4 bits, noise on")
    print(
        f"  pass            {1e3 * median_s:8.1f} ms median, {1e3 * best_s:.1f} ms best, "
        f"{1e3 * processor_s:.1f} ms of processor time"
    )
    print(
        f"  graphs/s        {record.graphs / median_s:8.0f} median, {record.graphs / best_s:.0f} best, "
        f"{record.graphs / processor_s:.0f} by processor time"
    )
    print(f"  products/s      {record.products / median_s:8.0f} median, {record.products / best_s:.0f} best")
    print(f"  by the board's clock {record.products / record.board_seconds:.0f} products/s")
    for stage in ("encode_s", "wire_s", "decode_s"):
        print(f"  {stage[:-2]:15} {1e3 * spent[stage]:8.1f} ms of a pass")
    print(f"  float64 software, same weights, no bits, no noise: {record.graphs / software_s:.0f} graphs/s")
    print(f"  elsewhere: authors' simulator {PUBLISHED_SIMULATOR}, NumPy sketch {NUMPY_SKETCH} graphs/s")
    return int(record.graphs / median_s < arguments.require)


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: BSD-3-Clause
"""What calibration buys: a programmed two-layer MNIST network; lines, converter errors, faults and drift on.

    python benchmarks/calibrated_mnist.py [--chips 5] [--json FILE]

196 - 64 - 10, on MNIST pooled to 14 x 14, trained in float, programmed as differential pairs by write-
verify, once by nominal gains and once by a calibration; then a month passes, the channels' gains drift, and
it is read by nominal gains and by a calibration. Errors are root mean squares over that of the exact
products, inputs rounded to their bits on both sides. Exit code 1 when calibrated products are not better
than uncalibrated ones.
"""

from __future__ import annotations

import gzip
import sys
import time
from pathlib import Path

import numpy as np

import ohmloop
from networks_bench import CONVERTERS, MONTH_S, cells_of, drift_gains, first_day, paired, rms, run, show
from ohmloop.calibration import calibrate, emulate_line_resistance
from ohmloop.nn import DifferentialLinear, WeightPairs
from ohmloop.systems.datasets import data_folder

PROFILE = "rram-130nm-front-end"
BOARD = "twin://?rows=288&columns=160&lanes=32"
HIDDEN = 64
SECOND_ROW = 200
TOLERANCE_S = 0.23e-6
BITS = 8
EPOCHS = 8


def load_mnist(folder: Path, part: str):
    """Returns images pooled to 14 x 14, `[n, 196]` in 0 .. 1, and labels."""
    with gzip.open(folder / f"mnist-{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 14, 2, 14, 2)
    with gzip.open(folder / f"mnist-{part}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return images.mean(axis=(2, 4)).reshape(-1, 196) / 255, labels.astype(int)


def train(x, labels, seed=0):
    """Returns weights and biases of both layers: softmax, Adam, weights clipped at three deviations."""
    rng = np.random.default_rng(seed)
    shapes = ((196, HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,))
    held = [
        rng.normal(0, shape[0] ** -0.5, shape) if len(shape) == 2 else np.zeros(shape) for shape in shapes
    ]
    means, squares, step = [np.zeros_like(p) for p in held], [np.zeros_like(p) for p in held], 0
    for epoch in range(EPOCHS):
        for chosen in np.split(rng.permutation(len(x)), range(128, len(x), 128)):
            step += 1
            one, target = x[chosen], np.eye(10)[labels[chosen]]
            hidden = np.maximum(one @ held[0] + held[1], 0)
            scores = hidden @ held[2] + held[3]
            odds = np.exp(scores - scores.max(axis=1, keepdims=True))
            error = (odds / odds.sum(axis=1, keepdims=True) - target) / len(chosen)
            back = (error @ held[2].T) * (hidden > 0)
            rate = 2e-3 * 0.5 ** (epoch // 3) * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            for i, gradient in enumerate((one.T @ back, back.sum(0), hidden.T @ error, error.sum(0))):
                means[i] = 0.9 * means[i] + 0.1 * gradient
                squares[i] = 0.999 * squares[i] + 0.001 * gradient**2
                held[i] = held[i] - rate * means[i] / (np.sqrt(squares[i]) + 1e-8)
        for i in (0, 2):
            held[i] = np.clip(held[i], -3 * held[i].std(), 3 * held[i].std())
    return held


class Network:
    """Both layers on one chip."""

    def __init__(self, macro, held, highest):
        first, second = (WeightPairs(2e-6, 20e-6, float(np.abs(held[i]).max())) for i in (0, 2))
        self.first = DifferentialLinear(macro, held[0], held[1], pairs=first)
        self.second = DifferentialLinear(
            macro, held[2], held[3], row=SECOND_ROW, pairs=second, largest_input=highest
        )
        self.layers = (self.first, self.second)

    def program(self, board, calibration):
        """Programs both layers, then again around the cells that were given up; returns their share."""
        failed = cells = 0
        for layer in self.layers:
            with board.armed(
                layer.window, ops={"set", "reset"}, max_pulses=10**8, max_voltage_v=2.5, expires_s=3600
            ):
                found = layer.program(tolerance_siemens=TOLERANCE_S, calibration=calibration)
                layer.retarget(found)
                layer.program(tolerance_siemens=TOLERANCE_S, calibration=calibration)
            failed, cells = failed + int(found.failed.sum()), cells + found.failed.size
        return failed / cells

    def infer(self, x, calibration):
        """Returns the classes, and what the first layer gave before its rectifier."""
        parts = np.array_split(x, 10)
        before = np.concatenate(
            [np.asarray(self.first(one, calibration=calibration, bits=BITS)) for one in parts]
        )
        hidden = np.clip(before, 0, self.second.largest_input)
        scores = np.asarray(self.second(hidden, calibration=calibration, bits=BITS))
        return scores.argmax(axis=1), before


def mnist_chip(seed, held, x, labels, sample):
    """Returns the figures of one chip; `sample` is inputs of both layers that ranges are chosen by."""
    found, highest, later = {}, float(sample[1].max()), None
    with ohmloop.open(BOARD, chip=f"tmp:seed:{seed}", profile=PROFILE, noise_seed=seed) as board:
        macro = board.macro
        for layer in Network(macro, held, highest).layers:
            macro.load_g_codes(macro.siemens_to_g_codes(layer.targets_siemens), layer.window)
        # The factors of the lines are those of the weights; they stay on while cells are programmed.
        lines = emulate_line_resistance(macro, macro[: SECOND_ROW + HIDDEN, : 2 * HIDDEN])
        for name in ("nominal", "calibrated"):
            first_day(board)
            macro.load_g_codes(np.random.default_rng(seed).integers(300, 700, macro.shape), macro[:, :])
            network = Network(macro, held, highest)
            known = calibrate(board, CONVERTERS) if name == "calibrated" else None
            found[f"cells given up, programmed {name}"] = network.program(board, known)
            for layer, inputs in zip(network.layers, sample, strict=True):
                layer.choose_range(inputs)
            macro.environment(MONTH_S)
            drift_gains(board, seed)
            later = calibrate(board, CONVERTERS) if later is None else later  # the same drift both times
            behind = cells_of(macro, network.first.window) * lines.rows[:196, None] * lines.columns
            driven = np.rint(x * 255) / 255
            truths = {
                "its cells behind lines": driven @ network.first.pairs.weights(behind) + held[1],
                "the float weights": driven @ held[0] + held[1],
            }
            for by in ("nominal", "calibrated"):
                how = f"programmed {name}, read {by}"
                classes, before = network.infer(x, later if by == "calibrated" else None)
                found[f"accuracy, {how}"] = float(np.mean(classes == labels))
                for what, truth in truths.items():
                    found[f"W x against {what}, {how}"] = rms(before - truth) / rms(truth)
    return found


def measured(chips) -> tuple[dict, bool]:
    folder = data_folder()
    if folder is None or not (folder / "mnist-train-images-idx3-ubyte.gz").is_file():
        print("mnist: skipped, its files are not in the folder that OHMLOOP_DATA names")
        return {}, True
    (train_x, train_y), (x, labels) = (load_mnist(folder, part) for part in ("train", "t10k"))
    start = time.perf_counter()
    held = train(train_x, train_y)
    hidden = np.maximum(train_x @ held[0] + held[1], 0)
    highest = float(np.percentile(hidden, 99.9))
    scores = np.maximum(x @ held[0] + held[1], 0) @ held[2] + held[3]
    accuracy = float(np.mean(scores.argmax(1) == labels))
    seconds = time.perf_counter() - start
    print(f"mnist, {len(x)} test images: float {100 * accuracy:.2f} %, trained in {seconds:.0f} s")
    sample = train_x[:500], np.minimum(hidden[:500], highest)
    sample[1][0, 0] = highest
    found = []
    for seed in range(1, chips + 1):
        found.append(mnist_chip(seed, held, x, labels, sample))
        print(f"  chip {seed} of {chips}, {time.perf_counter() - start:.0f} s", flush=True)
    show(found)
    ways = [f"programmed {one}, read {one}" for one in ("nominal", "calibrated")]
    paired(found, "accuracy, calibrated less uncalibrated", "accuracy", *ways)
    better = paired(found, "W x against the float weights, likewise", "W x against the float weights", *ways)
    return {"float": accuracy, "chips": found}, better < 0


if __name__ == "__main__":
    sys.exit(run(__doc__, measured))

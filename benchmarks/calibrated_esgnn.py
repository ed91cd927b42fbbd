# SPDX-License-Identifier: BSD-3-Clause
"""What calibration buys: ESGNN on MUTAG, with line resistance, converter errors and drift on.

    python benchmarks/calibrated_esgnn.py [--chips 5] [--json FILE]

On formed chips and on the published arrays. A month after row sums and dark codes were measured the
channels' gains and the cells have drifted; it is then read by nominal gains alone, as published (with the
first day's dark codes and row sums), and calibrated. Errors are root mean squares over that of the exact
products, inputs rounded to their bits on both sides. Exit code 1 when calibrated products are not better
than uncalibrated ones.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from dataclasses import replace

import numpy as np

import ohmloop
from networks_bench import CONVERTERS, MONTH_S, cells_of, drift_gains, first_day, paired, rms, run, show
from ohmloop.calibration import calibrate, emulate_line_resistance
from ohmloop.cli.experiment import HIDDEN, Protocols, judge
from ohmloop.profile import Profile, load_profile
from ohmloop.systems.bitserial import quantize
from ohmloop.systems.datasets import load_measured_arrays, load_mutag
from ohmloop.systems.esgnn import EchoStateGraphClassifier, PreparedWindows, prepare
from ohmloop.systems.prepare import measure
from ohmloop.systems.reservoir import embeddings, node_states

PROFILE = "rrm-40nm-front-end"
RETENTION = "rram-130nm-yao2020"
"""Profile whose retention the cells get; their own is not published."""
BOARD = "twin://?rows=64&columns=64&lanes=16"
SHUFFLES = 10


def ageing_profile() -> Profile:
    """Returns the random array's profile with the retention of the programmable one."""
    held = load_profile(PROFILE).model_dump(mode="json")
    other = load_profile(RETENTION).model_dump(mode="json")["chip"]["programming"]
    held["chip"]["programming"] = {name: other[name] for name in ("set", "step_spread", "retention")}
    return Profile.model_validate(held)


def rounded(vectors):
    """Returns vectors as they are driven."""
    codes = quantize(vectors, 4)
    return codes.low + codes.step * codes.x_codes


def embedded(macro, windows, protocols):
    """Returns the embeddings, and relative errors of W x and of them against the cells' exact products."""
    model = EchoStateGraphClassifier(macro, windows, hidden=HIDDEN)
    parts = (windows.input, windows.recurrent)
    cells = [cells_of(macro, one.window) * 1e6 for one in parts]
    exact = deque(
        node_states(protocols.batch, *((lambda v, w=w: rounded(v) @ w) for w in cells), model.dynamics),
        maxlen=1,
    ).pop()
    states, features = rounded(exact), model.embed(protocols.graphs.graphs)
    product = windows.recurrent.product(macro, states, 4)[0]
    truth, reference = states @ cells[1], embeddings(protocols.batch, exact)
    return features, rms(product - truth) / rms(truth), rms(features - reference) / rms(reference)


def three_ways(board, areas, protocols, first, seed):
    """Yields how products are read after the month, and the windows that read them so."""
    macro = board.macro
    macro.environment(MONTH_S)
    drift_gains(board, seed)
    bare = [
        replace(
            one,
            dark_codes=np.zeros_like(one.dark_codes),
            row_sum_codes=one.row_sum_codes + one.blocks * one.dark_codes,
        )
        for one in (first.input, first.recurrent)
    ]
    yield "nominal", PreparedWindows(*bare)
    yield "as published", first
    found = calibrate(board, CONVERTERS)
    yield "calibrated", PreparedWindows(*(measure(macro, one, calibration=found) for one in areas))


def esgnn_chip(seed, profile, protocols, arrays):
    """Returns the figures of one chip, formed, and of one noise seed of the published arrays."""
    found, labels = {}, protocols.graphs.labels
    with ohmloop.open(BOARD, chip=f"tmp:seed:{seed}", profile=profile, noise_seed=seed) as board:
        macro = board.macro
        formed = prepare(macro, features=7, hidden=HIDDEN)
        areas = formed.input.window, formed.recurrent.window
        emulate_line_resistance(macro, macro[:58, :HIDDEN])
        first = PreparedWindows(*(measure(macro, one) for one in areas))
        for way, windows in three_ways(board, areas, protocols, first, seed):
            features, product, embedding = embedded(macro, windows, protocols)
            found[f"accuracy, hold-outs, {way}"] = judge(features, labels, protocols.holdouts).accuracy
            found[f"accuracy, ten folds, {way}"] = judge(features, labels, protocols.stratified).accuracy
            found[f"W x, {way}"], found[f"embedding, {way}"] = product, embedding
        if isinstance(arrays, str):
            return found
        first_day(board)
        for window, conductances_us in zip(areas, (arrays.input_us, arrays.recurrent_us), strict=True):
            macro.load_g_codes(macro.siemens_to_g_codes(conductances_us * 1e-6), window)
        emulate_line_resistance(macro, macro[:58, :HIDDEN])
        first = PreparedWindows(*(measure(macro, one) for one in areas))
        for way, windows in three_ways(board, areas, protocols, first, seed):
            features, _, _ = embedded(macro, windows, protocols)
            found[f"accuracy, published arrays, {way}"] = judge(features, labels, protocols.holdouts).accuracy
    return found


def measured(chips) -> tuple[dict, bool]:
    protocols, arrays, start = (
        Protocols.of(load_mutag(), SHUFFLES),
        load_measured_arrays(),
        time.perf_counter(),
    )
    found = [esgnn_chip(seed, ageing_profile(), protocols, arrays) for seed in range(1, chips + 1)]
    print(f"esgnn, MUTAG, {chips} chips, {time.perf_counter() - start:.0f} s")
    if isinstance(arrays, str):
        print(f"  published arrays {arrays}")
    show(found)
    for name in [one.removesuffix(", calibrated") for one in found[0] if one.endswith(", calibrated")]:
        paired(found, f"{name}, calibrated less nominal", name, "nominal", "calibrated")
    means = {way: np.mean([one[f"W x, {way}"] for one in found]) for way in ("nominal", "calibrated")}
    return {"chips": found}, bool(means["calibrated"] < means["nominal"])


if __name__ == "__main__":
    sys.exit(run(__doc__, measured))

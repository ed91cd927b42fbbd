# SPDX-License-Identifier: BSD-3-Clause
"""Words that the benchmarks of calibrated networks share."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ohmloop._map import Table

MONTH_S = 30 * 86400.0
CONVERTERS = "adc-fine"
"""Recipe of a calibration."""
GAIN_DRIFT = 0.005
"""Standard deviation over channels of the drift of gains in a month (assumed)."""


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def told(values) -> str:
    """Returns mean and standard error of the mean as text, per cent."""
    values = 100 * np.asarray(values)
    error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else np.nan
    return f"{values.mean():6.2f} +- {error:.2f}"


def show(found) -> None:
    """Prints every figure over the chips."""
    for name in found[0]:
        print(f"  {name:58} {told([one[name] for one in found])} %")


def paired(found, text, name, before, after) -> float:
    """Prints a difference chip by chip; returns its mean."""
    values = [one[f"{name}, {after}"] - one[f"{name}, {before}"] for one in found]
    print(f"  {text:58} {told(values)} points, paired")
    return float(np.mean(values))


def drift_gains(board, seed) -> None:
    """The channels' gains drift by their own amounts."""
    gains = board.profile.tables()[Table.GAIN].reshape(-1, 512).astype(float)
    factors = 1 + GAIN_DRIFT * np.random.default_rng([seed, 77]).standard_normal(512)
    board.write_table(Table.GAIN, np.rint(gains * factors).astype(int).ravel())


def first_day(board) -> None:
    board.write_table(Table.GAIN, board.profile.tables()[Table.GAIN])


def cells_of(macro, window):
    return macro.g_codes_to_siemens(macro.dump_g_codes(window))


def run(description: str, measured: Callable[[int], tuple[dict, bool]]) -> int:
    """Measures as many chips as the command line asks for; returns the exit code."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--chips", type=int, default=5)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    found, good = measured(asked.chips)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return int(not good)

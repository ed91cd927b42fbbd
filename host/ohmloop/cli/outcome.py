# SPDX-License-Identifier: BSD-3-Clause
"""Measured runs to the figures of result.json, under fixed keys."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any, Final

import numpy as np

import ohmloop
from ohmloop.cli.demo import DemoResult
from ohmloop.cli.experiment import ChipRun, Judged
from ohmloop.readout import interval95
from ohmloop.registry.provenance import commit

PAPER_ACCURACY: Final = 0.9211
PAPER_SOFTWARE: Final = 0.9213
PAPER: Final = "Wang et al., Nature Machine Intelligence 2023, doi 10.1038/s42256-023-00609-5"
ADC_COUNTS: Final = (1, 8, 64)


def figures_of(result: DemoResult) -> dict[str, Any]:
    """Returns every figure of the run under its fixed key; accuracies are fractions, null is unknown."""
    measured = [] if isinstance(result.measured, str) else result.measured
    holdouts = [run.board_holdouts.accuracy for run in result.formed]
    software = [_accuracy(run.software_holdouts) for run in result.formed]
    stratified = [_accuracy(run.board_stratified) for run in result.formed]
    software_stratified = [_accuracy(run.software_stratified) for run in result.formed]
    on_arrays = [run.board_holdouts.accuracy for run in measured]
    return {
        **_named("accuracy", holdouts),
        **_named("accuracy_stratified", stratified),
        **_named("accuracy_measured_array", on_arrays),
        **_named("software_accuracy", software),
        **_named("software_accuracy_stratified", software_stratified),
        **_named("board_minus_software", np.subtract(holdouts, software)),
        **_named("board_minus_software_stratified", np.subtract(stratified, software_stratified)),
        "measured_array_note": result.measured if isinstance(result.measured, str) else None,
        "paper_accuracy": PAPER_ACCURACY,
        "paper_software_accuracy": PAPER_SOFTWARE,
        "unbroken_fraction_mean": 1.0 - float(np.mean([run.formed_fraction for run in result.formed])),
        "saturated_results": sum(run.record.saturated for run in (*result.formed, *measured)),
        "origin": result.formed[0].record.origin,
        "seeds": _seeds(result),
        "throughput": _throughput(result),
        "link": {scheme: dict(counts) for scheme, counts in result.link.items()},
        "simulated_board": _simulated(result),
        "chips": [_chip(run) for run in result.formed],
        "provenance": _provenance(result),
    }


def _accuracy(judged: Judged | None) -> float:
    return float("nan") if judged is None else judged.accuracy


def _named(name: str, values: Sequence[float] | np.ndarray[Any, Any]) -> dict[str, Any]:
    """Returns `NAME_mean` and `NAME_ci95` ([low, high]); null where they are unknown."""
    if len(values) == 0:
        return {f"{name}_mean": None, f"{name}_ci95": None}
    mean, half = interval95(np.asarray(values))
    return {f"{name}_mean": mean, f"{name}_ci95": None if np.isnan(half) else [mean - half, mean + half]}


def _seeds(result: DemoResult) -> dict[str, Any]:
    measured = [] if isinstance(result.measured, str) else result.measured
    return {
        "chips": [run.name for run in result.formed],
        "noise": [run.noise_seed for run in result.formed],
        "measured_array_noise": [run.noise_seed for run in measured],
        "shuffles": list(range(result.plan.shuffles)),
    }


def _speed(runs: Sequence[ChipRun]) -> dict[str, float]:
    wall_s = median(run.embed_s for run in runs)
    record = runs[-1].record
    return {
        "graphs_per_s": record.graphs / wall_s,
        "products_per_s": record.products / wall_s,
        "embedding_s": wall_s,
        "board_s": record.board_seconds,
        "board_clock_products_per_s": record.products / record.board_seconds if record.board_seconds else 0.0,
    }


def _throughput(result: DemoResult) -> dict[str, Any]:
    main = (result.plan.board or "twin").partition(":")[0]
    record = result.formed[0].record
    hidden = result.formed[0].weights_us[1].shape[1]
    product_s = {n: result.profile.product_seconds(hidden, bits=4, adcs=n) for n in ADC_COUNTS}
    speeds: dict[str, Any] = {main: _speed(result.formed)}
    if result.simulated:
        speeds["sim"] = _speed(result.simulated)
    return {
        "boards": speeds,
        "products_per_pass": record.products,
        "front_end_model_products_per_s": {str(n): 1.0 / seconds for n, seconds in product_s.items()},
        "front_end_model_pass_s": {str(n): record.products * seconds for n, seconds in product_s.items()},
    }


def _simulated(result: DemoResult) -> dict[str, Any]:
    return {
        "chips": [run.name for run in result.simulated],
        "same_integers_as_twin": result.identical if result.simulated else None,
        "adc_codes_crc32": [f"{run.record.codes_crc32:08x}" for run in result.simulated],
    }


def _chip(run: ChipRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "noise_seed": run.noise_seed,
        "unbroken_fraction": 1.0 - run.formed_fraction,
        "pulses_given": run.pulses_given,
        "accuracy": run.board_holdouts.accuracy,
        "accuracy_stratified": run.board_stratified.accuracy if run.board_stratified else None,
        "software_accuracy": run.software_holdouts.accuracy if run.software_holdouts else None,
        "software_accuracy_stratified": run.software_stratified.accuracy if run.software_stratified else None,
        "saturated_results": run.record.saturated,
        "adc_codes_crc32": f"{run.record.codes_crc32:08x}",
    }


def _provenance(result: DemoResult) -> dict[str, Any]:
    identity = result.identity
    return {
        "ohmloop": ohmloop.__version__,
        "commit": commit(),
        "time_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_s": result.run_s,
        "board": result.plan.board or "twin://",
        "protocol_version": identity.protocol_version,
        "map_hash": f"{identity.map_hash:08x}",
        "build_hash": f"{identity.build_hash:08x}",
        "emulated": identity.emulated,
        "profile": result.profile.name,
        "profile_digest": f"{result.profile.digest:08x}",
        "profile_sources": result.profile.sources(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "data": "MUTAG, grakel's copy; hold-outs " + PAPER,
    }

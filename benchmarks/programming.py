# SPDX-License-Identifier: BSD-3-Clause
"""Write-verify of a 128 x 128 window to 32 levels (Yao et al. 2020) on the twin, against its own cells.

`python benchmarks/programming.py [--size 128] [--algorithm ispp ...] [--json FILE]`. Rates are by the
board's clock (60 MHz, modelled); with a front end each conversion takes 20 us on one of N converters, as on
the published boards, which program 6.2 (NeuRRAM) and 445 (A111) cells a second.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ohmloop
from ohmloop import Macro, Window
from ohmloop.profile.hashes import CellDraw, cell_hash, row_key
from ohmloop.programming import ALGORITHMS, ProgramStatus

PROFILE = "rram-130nm-yao2020"
LEVELS = 32
MARGIN = 0.8
"""Tolerance asked, of half a level: the rest is for the readings' noise."""
CONVERSION_S = 20e-6
ADCS = (1, 8, 64)
DRIVE_S = 1e-5
"""Shortest pulse of the drive path, its DAC and multiplexers settled (assumed); one cell at a time."""
SERIAL_BAUD = 3_000_000
"""Of the wire that the same loop, driven from the host, would use."""


@dataclass(frozen=True)
class Truth:
    """What the emulator knows: stuck and leaky cells `[rows, columns]`."""

    stuck: NDArray[np.bool_]
    leaky: NDArray[np.bool_]


def truth_of(macro: Macro, window: Window, seed: int) -> Truth:
    """Returns the injected faults, from the chip's seed and the profile's fractions."""
    faults = macro.profile.chip.programming.faults
    keys = row_key(seed, macro.index, window.rows)[:, None]
    group = (cell_hash(keys, CellDraw.FAULT, window.columns[None, :]) & np.uint32(0xFFFF)).astype(
        float
    ) / 65536
    low, high = faults.stuck_low.value, faults.stuck_high.value
    return Truth(group < low + high, (group >= low + high) & (group < low + high + faults.leaky.value))


def host_loop(macro: Macro, window: Window, targets: NDArray[np.float64], tolerance_siemens: float) -> float:
    """Returns the cells a second of the same ISPP loop driven from the host: a request a reading, a pulse.

    Bytes are those that crossed the wire in this run, at 10 bits each; no latency is charged, so it is a
    bound from above for a serial port.
    """
    drives = macro.profile.chip.programming.write_verify
    noise = macro.profile.chip.cells.read_noise.value
    stats = macro.board.stats
    before, board_s = stats.line_bytes_sent + stats.line_bytes_received, 0.0
    for i in range(window.shape[0]):
        still = np.ones(window.shape[1], np.bool_)
        total, count = np.zeros(still.size), np.zeros(still.size)
        steps, last, pulses = np.zeros(still.size, int), np.zeros(still.size, int), np.zeros(still.size, int)
        for _ in range(400):
            if not still.any():
                break
            read = macro.read_adc_codes(window[i, still], averages=4)
            board_s += read.board_seconds
            scale = macro.profile.siemens_per_adc_code(read.range) / 4
            total[still] += read.adc_code_sums[0] * scale
            count[still] += 1
            means = total / np.maximum(count, 1)
            guard = 3 * noise * targets[i] / np.sqrt(4 * np.maximum(count, 1))
            off = np.abs(means - targets[i])
            still &= off + guard > tolerance_siemens
            act = still & ((off - guard > tolerance_siemens) | (count >= 16))
            direction = np.where(means > targets[i], -1, 1)
            steps[act] = np.where(direction == last, steps + 1, 0)[act]
            last[act] = direction[act]
            pulses += act
            still &= pulses < 60
            act &= still
            for sign, drive, give in ((-1, drives.reset, macro.reset), (1, drives.set, macro.set)):
                for step in np.unique(steps[act & (direction == sign)]):
                    group = act & (direction == sign) & (steps == step)
                    volts = min(drive.start.value + step * drive.step.value, drive.end.value)
                    done = give(
                        window[i, group], voltage_v=volts, gate_v=drive.gate.value, width_s=drive.width.value
                    )
                    board_s += done.board_seconds
            total[act] = count[act] = 0
    crossed = stats.line_bytes_sent + stats.line_bytes_received - before
    return window.size / (board_s + crossed * 10 / SERIAL_BAUD)


def figures(macro: Macro, window: Window, algorithm: str, truth: Truth, rng: Any) -> dict[str, Any]:
    """Programs random levels and compares with the emulator's cells."""
    levels = np.linspace(2e-6, 20e-6, LEVELS)
    half = (levels[1] - levels[0]) / 2
    targets = levels[rng.integers(0, LEVELS, window.shape)]
    begin, start, host_rate = time.perf_counter(), macro.dump_g_codes(window), None
    with macro.board.armed(
        window, ops={"set", "reset"}, max_pulses=window.size * 160, max_voltage_v=2.5, expires_s=600
    ):
        if algorithm == "ispp":
            part = window[: min(4, window.shape[0]), :]
            host_rate = host_loop(macro, part, targets[: part.shape[0]], MARGIN * half)
            macro.load_g_codes(start, window)
            begin = time.perf_counter()
        result = macro.program(targets, window, tolerance_siemens=MARGIN * half, algorithm=algorithm)
    wall_s = time.perf_counter() - begin
    held = macro.g_codes_to_siemens(macro.dump_g_codes(window))
    healthy = ~truth.stuck & ~truth.leaky
    within = np.abs(held - targets) <= half
    # A stuck cell whose own code is the target needs no pulse: it has not failed.
    injected = truth.stuck & ~within
    gave_up = np.isin(result.status, (ProgramStatus.STUCK, ProgramStatus.BUDGET))
    conversions = result.reads.sum() * result.averages + window.size * 16
    cycles_s = result.board_seconds
    return {
        "algorithm": algorithm,
        "cells": window.size,
        "healthy_within_half_a_level": float(within[healthy].mean()),
        "done_within_half_a_level": float(within[~result.failed].mean()),
        "failed_fraction": result.failed_fraction,
        "failed_interval": result.failed_interval,
        "statuses": {status.name: count for status, count in result.counts.items()},
        "stuck_recall": float(gave_up[injected].mean()) if injected.any() else None,
        "stuck_injected": int(injected.sum()),
        "false_alarms": float(gave_up[healthy].mean()),
        "reads_mean": float(result.reads.mean()),
        "conversions_mean": float(conversions / window.size),
        "pulses_mean": float(result.pulses[healthy].mean()),
        "pulses_p99": float(np.percentile(result.pulses[healthy], 99)),
        "board_s": cycles_s,
        "cells_per_s": window.size / cycles_s,
        "cells_per_s_front_end": {
            adcs: window.size / (cycles_s + conversions * CONVERSION_S / adcs + result.pulses.sum() * DRIVE_S)
            for adcs in ADCS
        },
        "host_loop_cells_per_s": host_rate,
        "wall_s": wall_s,
    }


def told(one: dict[str, Any]) -> str:
    """Returns one algorithm's figures as text."""
    low, high = one["failed_interval"]
    recall = "none injected" if one["stuck_recall"] is None else f"{one['stuck_recall']:.3f}"
    host = one["host_loop_cells_per_s"]
    host_told = (
        ""
        if host is None
        else f"; the loop on the host over {SERIAL_BAUD / 1e6:.0f} Mbaud: at most {host:,.0f}"
    )
    rates = ", ".join(f"{adcs}: {rate:,.0f}" for adcs, rate in one["cells_per_s_front_end"].items())
    return (
        f"{one['algorithm']}: {one['cells']} cells, healthy within half a level "
        f"{one['healthy_within_half_a_level']:.4f}\n"
        f"  failed {one['failed_fraction']:.4f} ({low:.4f} .. {high:.4f}), {one['statuses']}\n"
        f"  stuck cells found {recall} of {one['stuck_injected']}, false alarms {one['false_alarms']:.4f}\n"
        f"  reads {one['reads_mean']:.2f}, conversions {one['conversions_mean']:.1f}, "
        f"pulses {one['pulses_mean']:.2f} mean, {one['pulses_p99']:.0f} p99\n"
        f"  cells/s: {one['cells_per_s']:,.0f} at the emulator's latency; 20 us a conversion, "
        f"10 us a pulse, ADCs {rates}{host_told}\n"
        f"  (published boards: 6.2 and 445) wall {one['wall_s']:.1f} s"
    )


def main() -> int:
    """Prints the figures of every algorithm; returns 1 when one misses the promised numbers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--algorithm", nargs="+", choices=sorted(ALGORITHMS), default=list(ALGORITHMS))
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    url = f"twin://?rows={asked.size}&columns={asked.size}&payload=4096&lanes={min(64, asked.size)}"
    found = []
    with ohmloop.open(url, chip=f"tmp:seed:{asked.seed}", profile=PROFILE) as board:
        macro = board.macro
        window = macro[:, :]
        truth = truth_of(macro, window, asked.seed)
        with board.armed(window, ops={"form"}, max_pulses=window.size * 40, max_voltage_v=3.9, expires_s=600):
            formed = macro.form_ramp(window, gate_v=1.5)
        print(formed, flush=True)
        for number, algorithm in enumerate(asked.algorithm):
            found.append(
                figures(macro, window, algorithm, truth, np.random.default_rng([asked.seed, number]))
            )
            print(told(found[-1]), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))
    return 0 if all(is_met(one) for one in found) else 1


def is_met(one: dict[str, Any]) -> bool:
    """Returns whether an algorithm's figures are the promised ones."""
    good = one["healthy_within_half_a_level"] >= 0.99 and one["cells_per_s"] >= 5000
    recall = 1.0 if one["stuck_recall"] is None else one["stuck_recall"]
    return bool(good and recall >= 0.95 and one["false_alarms"] < 0.005)


if __name__ == "__main__":
    sys.exit(main())

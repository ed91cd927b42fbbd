# SPDX-License-Identifier: BSD-3-Clause
"""How fast a programming job can be journaled: requests of 512 cells, each on disk before and after.

Compared with the 5,000 cells a second that write-verify is to reach, and with the disk's own fsync.
"""

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from ohmloop.registry import Cells, Provenance, Registry

TARGET_CELLS_S = 5_000
SIZE = 512
STEPS = 64
ROWS_A_STEP = 4
"""4 rows x 128 columns: 512 cells a request."""
COLUMNS = np.arange(128)


def fsync_s(folder: Path) -> float:
    """Returns the median time of one fsync of a small append, seconds."""
    times = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            begin = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begin)
    return float(np.median(times))


def journaled_cells_s(folder: Path, budget: int | None) -> float:
    """Returns the cells a second of a job that does nothing but keep its journal and the ledger."""
    with Registry.open(folder / f"registry {budget}.sqlite") as registry:
        chip = registry.chips.ensure("bench", origin="chip", profile="ideal", geometry=(1, SIZE, SIZE))
        registry.wear.charge(chip, Cells(0, np.arange(SIZE), np.arange(SIZE)), 1, "form")
        registry.chips.set_budget(chip, budget)
        session = registry.jobs.session(chip)
        rows = np.arange(ROWS_A_STEP * STEPS)
        pulses = np.random.default_rng(1).integers(0, 50, (ROWS_A_STEP, COLUMNS.size))
        codes = np.zeros(pulses.shape, np.uint16)
        with registry.jobs.open(
            *(session, "program", Cells(0, rows, COLUMNS)),
            steps=STEPS,
            most_pulses=50,
            resumable=True,
            provenance=Provenance(origin="chip", chip="bench"),
            arrays={"targets": np.zeros((rows.size, COLUMNS.size))},
        ) as job:
            begin = time.perf_counter()
            for number in job.remaining():
                job.begin(number, rows=rows[ROWS_A_STEP * number :][:ROWS_A_STEP])
                job.acknowledge(number, pulses, values={"reads": 3}, arrays={"codes": codes, "status": codes})
            took_s = time.perf_counter() - begin
    return STEPS * ROWS_A_STEP * COLUMNS.size / took_s


def main() -> None:
    """Prints the rates."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"one fsync: {fsync_s(folder) * 1e3:.2f} ms; two commits a request of 512 cells")
        for budget, told in ((None, "no budget"), (1_000_000, "with a budget on a 512 x 512 chip")):
            rate = journaled_cells_s(folder, budget)
            print(
                f"journal and ledger, {told}: {rate:,.0f} cells/s, {rate / TARGET_CELLS_S:.1f} x the target"
            )


if __name__ == "__main__":
    main()

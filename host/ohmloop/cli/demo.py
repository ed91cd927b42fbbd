# SPDX-License-Identifier: BSD-3-Clause
"""The demo: chips and boards to one set of figures, with progress bars."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

import ohmloop
from ohmloop.cli.experiment import ChipRun, Protocols, run_formed_chip, run_measured_arrays
from ohmloop.errors import NotEmulated, NotPrepared
from ohmloop.systems.datasets import MeasuredArrays, load_measured_arrays, load_mutag

if TYPE_CHECKING:
    from ohmloop.board import Board, Macro

TWIN: Final = "twin://"
SIM: Final = "sim://"
RESERVED_ROWS: Final = 64  # for the network, at the top of the macro
SWEEP_ROWS: Final = 16
SWEEP_STEPS: Final = 24
SWEEP_MARGIN_V: Final = 0.06  # beyond the profile's lowest and highest breakdown voltage


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What is run.

    Attributes:
        board: URL of the only board; None takes twin:// and sim://.
        chip: the sample's name on that board.
        profile: chip profile, a shipped name or a file; None takes the default.
        chips: emulated chips.
        noise_seeds: noise seeds of the measured arrays.
        sim_chips: of the chips, also on sim://.
        shuffles: of the stratified folds.
        passes: of a board that has one chip; the noise of each is another.
    """

    board: str | None = None
    chip: str | None = None
    profile: str | None = None
    chips: int = 20
    noise_seeds: int = 20
    sim_chips: int = 2
    shuffles: int = 10
    passes: int = 5

    @property
    def chips_by_name(self) -> bool:
        """Whether this process makes the chips, so that there may be many."""
        return self.board is None or self.board.startswith(("twin:", "sim:"))


@dataclass(frozen=True, slots=True, eq=False)
class BreakdownSweep:
    """Cells formed at rising voltages, each voltage on rows of its own.

    Attributes:
        voltage_v: `[steps]`.
        broken: `[steps]`, fraction of the cells that conduct after one pulse.
        cells: at each voltage.
    """

    voltage_v: NDArray[np.float64]
    broken: NDArray[np.float64]
    cells: int


@dataclass(slots=True, eq=False)
class DemoResult:
    """Everything that was measured.

    Attributes:
        formed: runs of formed chips, on the main board.
        simulated: the first of them again on sim://.
        measured: runs of the published arrays, or the sentence that says why there are none.
        sweep: breakdown voltages, or None where nothing may be formed for it.
        node_states: `[iterations, nodes, hidden]` of the first chip.
        identity: of the main board.
        link: counts summed over all boards, by scheme.
    """

    plan: DemoPlan
    protocols: Protocols
    formed: list[ChipRun] = field(default_factory=list)
    simulated: list[ChipRun] = field(default_factory=list)
    measured: list[ChipRun] | str = "skipped"
    arrays: MeasuredArrays | None = None
    sweep: BreakdownSweep | None = None
    node_states: NDArray[np.float64] | None = None
    identity: Any = None
    profile: Any = None
    link: dict[str, Counter[str]] = field(default_factory=dict)
    run_s: float = 0.0

    @property
    def identical(self) -> bool:
        """Whether every chip on sim:// gave the integers that the twin gave."""
        return all(same_integers(a, b) for a, b in zip(self.simulated, self.formed, strict=False))


def same_integers(one: ChipRun, other: ChipRun) -> bool:
    """Tells whether two runs hold the same cells and gave the same ADC codes."""
    return (
        one.record.codes_crc32 == other.record.codes_crc32
        and one.record.saturated == other.record.saturated
        and all(np.array_equal(a, b) for a, b in zip(one.weights_us, other.weights_us, strict=True))
        and np.array_equal(one.features, other.features)
    )


def run_demo(plan: DemoPlan, *, report: Path, json_file: Path | None = None) -> bool:
    """Runs the demo and writes the report folder.

    Returns:
        Whether sim:// and twin:// gave the same integers.
    """
    from ohmloop.cli.report import require_writable, show_summary, write_report

    if importlib.util.find_spec("matplotlib") is None:
        raise NotPrepared(
            "the report's figures need matplotlib: pip install 'ohmloop[demo]'", where="matplotlib"
        )
    require_writable(report, json_file)
    console = Console(stderr=True)
    start = time.perf_counter()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with one_blas_thread(), Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        result = measure_all(plan, progress)
        result.run_s = time.perf_counter() - start
        drawing = progress.add_task("writing the report", total=1)
        figures = write_report(result, report, json_file)
        progress.advance(drawing)
    show_summary(result, figures, report, console)
    return result.identical


def one_blas_thread() -> AbstractContextManager[object]:
    """Keeps BLAS on one thread, where `threadpoolctl` (it comes with scikit-learn) is there.

    The readouts solve 51 x 51 systems: with a busy neighbour a second thread makes them ten times slower.
    """
    if importlib.util.find_spec("threadpoolctl") is None:
        return nullcontext()
    limits: AbstractContextManager[object] = importlib.import_module("threadpoolctl").threadpool_limits(1)
    return limits


def measure_all(plan: DemoPlan, progress: Progress) -> DemoResult:
    """Runs every protocol of the plan."""
    result = DemoResult(plan, Protocols.of(load_mutag(), plan.shuffles))
    arrays = load_measured_arrays()
    result.arrays = arrays if isinstance(arrays, MeasuredArrays) else None
    if not plan.chips_by_name:
        _measure_one_board(result, arrays, progress)
        return result
    main = plan.board or TWIN
    if plan.board is None and plan.sim_chips:
        for seed in _tracked(progress, "sim://, the Verilog: forming and embedding", plan.sim_chips):
            with _opened(result, SIM, f"tmp:seed:{seed}", seed) as board:
                result.simulated.append(_formed(result, board, seed))
    for seed in _tracked(progress, f"{main}: forming and embedding", plan.chips):
        with _opened(result, main, f"tmp:seed:{seed}", seed) as board:
            result.formed.append(_formed(result, board, seed))
            if result.node_states is None:
                _look_closer(result, board)
    if isinstance(arrays, str):
        result.measured = arrays
        return result
    result.measured = []
    for seed in _tracked(progress, f"{main}: the measured arrays", plan.noise_seeds):
        with _opened(result, main, "tmp:measured", seed) as board:
            result.measured.append(
                run_measured_arrays(_macro(board), result.protocols, arrays, noise_seed=seed)
            )
    return result


def _measure_one_board(result: DemoResult, arrays: MeasuredArrays | str, progress: Progress) -> None:
    url = result.plan.board or ""
    with _opened(result, url, result.plan.chip or "tmp:seed:0", 0) as board:
        for number in _tracked(progress, f"{url}: embedding", result.plan.passes):
            result.formed.append(_formed(result, board, number))
        result.node_states = _node_states(result, board)
        result.measured = arrays if isinstance(arrays, str) else []
        try:
            for number in _tracked(progress, f"{url}: the measured arrays", result.plan.passes):
                if not isinstance(arrays, str) and not isinstance(result.measured, str):
                    run = run_measured_arrays(_macro(board), result.protocols, arrays, noise_seed=number)
                    result.measured.append(run)
        except NotEmulated:
            result.measured = "skipped: the cells of a chip cannot be loaded with the published arrays"


def _formed(result: DemoResult, board: Board, seed: int) -> ChipRun:
    return run_formed_chip(_macro(board), result.protocols, name=f"chip {seed}", noise_seed=seed)


def _look_closer(result: DemoResult, board: Board) -> None:
    """Measures on the first chip what only figures need; its accuracy is taken before."""
    result.node_states = _node_states(result, board)
    result.sweep = breakdown_sweep(_macro(board))


def _node_states(result: DemoResult, board: Board) -> NDArray[np.float64]:
    from ohmloop.systems.esgnn import EchoStateGraphClassifier

    classifier = EchoStateGraphClassifier(_macro(board), result.formed[0].windows)
    return classifier.node_states(result.protocols.graphs.graphs)


def breakdown_sweep(macro: Macro) -> BreakdownSweep | None:
    """Forms fresh rows of an emulated chip at rising voltages; None where the macro has too few rows."""
    from ohmloop.systems.prepare import form_pristine_rows, formed_cells

    first = macro.rows - SWEEP_ROWS * SWEEP_STEPS
    if first < RESERVED_ROWS:
        return None
    quantiles = macro.profile.chip.cells.breakdown.at(np.array([0.0, 1.0]))
    low_v, high_v = quantiles[0] - SWEEP_MARGIN_V, quantiles[1] + SWEEP_MARGIN_V
    voltages = np.linspace(max(low_v, 0.0), min(high_v, macro.board.limits.form_v), SWEEP_STEPS)
    broken = []
    for step, voltage_v in enumerate(voltages):
        top = first + step * SWEEP_ROWS
        window = macro[top : top + SWEEP_ROWS, 0 : macro.columns]
        form_pristine_rows(macro, window, voltage_v=float(voltage_v))
        broken.append(formed_cells(macro, window).mean())
    return BreakdownSweep(voltages, np.array(broken), SWEEP_ROWS * macro.columns)


def _macro(board: Board) -> Macro:
    return board.macros[0]


@contextmanager
def _opened(result: DemoResult, url: str, chip: str, noise_seed: int) -> Iterator[Board]:
    """Opens a board and, when it closes, adds its link statistics."""
    with ohmloop.open(url, chip=chip, profile=result.plan.profile, noise_seed=noise_seed) as board:
        if result.identity is None or url != SIM:
            result.identity = board.identity
            result.profile = _macro(board).profile
        yield board
        counts = result.link.setdefault(url.partition(":")[0], Counter())
        counts.update(board.stats.as_dict())


def _tracked(progress: Progress, text: str, total: int) -> Iterator[int]:
    task = progress.add_task(text, total=total)
    for number in range(total):
        yield number
        progress.advance(task)

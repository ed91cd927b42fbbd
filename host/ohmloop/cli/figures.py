# SPDX-License-Identifier: BSD-3-Clause
"""Measured figures to PNG files for a slide; each carries its origin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.cli.demo import DemoResult
from ohmloop.cli.experiment import Judged

BLUE: Final = "#2166ac"
RED: Final = "#b2182b"
GREY: Final = "#8c8c8c"
ORANGE: Final = "#e08214"
DPI: Final = 160
PRISTINE_BELOW_US: Final = 1.0  # on the colour scale only: what conducts less is drawn grey
CLASS_NAMES: Final = ("not mutagenic", "mutagenic")

STYLE: Final[dict[Any, Any]] = {
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.frameon": False,
}


def draw_figures(result: DemoResult, folder: Path) -> dict[str, str]:
    """Draws every figure for which there is data; returns captions by file name."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    drawn: dict[str, str] = {}
    with mpl.rc_context(STYLE):
        for file, (caption, size, draw, ready) in _FIGURES.items():
            if not ready(result):
                continue
            figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(rect=(0, 0.035, 1, 0.965)))
            FigureCanvasAgg(figure)
            draw(figure, result)
            figure.text(0.995, 0.005, _origin(result), ha="right", va="bottom", fontsize=9, color=RED)
            figure.savefig(folder / file, dpi=DPI)
            drawn[file] = caption
    return drawn


def _origin(result: DemoResult) -> str:
    origin = result.formed[0].record.origin.upper()
    return f"{origin} - {result.profile.name} - {result.plan.board or 'twin://'}"


def _accuracies(figure: Any, result: DemoResult) -> None:
    from ohmloop.cli.outcome import PAPER_ACCURACY
    from ohmloop.readout import interval95

    axes = figure.subplots()
    measured = [] if isinstance(result.measured, str) else result.measured
    groups: list[tuple[str, Sequence[Judged | None], str]] = [
        ("hold-outs,\nmeasured arrays", [r.board_holdouts for r in measured], BLUE),
        ("hold-outs,\nformed chips", [r.board_holdouts for r in result.formed], BLUE),
        ("hold-outs,\nsoftware", [r.software_holdouts for r in result.formed], ORANGE),
        ("ten-fold,\nformed chips", [r.board_stratified for r in result.formed], BLUE),
        ("ten-fold,\nsoftware", [r.software_stratified for r in result.formed], ORANGE),
    ]
    groups = [group for group in groups if group[1]]
    rng = np.random.default_rng(0)
    white = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
    for place, (_, judged, colour) in enumerate(groups):
        values = 100 * np.array([one.accuracy for one in judged if one is not None])
        mean, half = interval95(values)
        axes.scatter(
            place + rng.uniform(-0.13, 0.13, values.size), values, s=22, color=colour, alpha=0.45, lw=0
        )
        axes.errorbar(place + 0.27, mean, yerr=np.nan_to_num(half), fmt="o", color="black", capsize=4, ms=6)
        axes.annotate(
            f"{mean:.1f}", (place + 0.27, mean), (8, 0), textcoords="offset points", va="center", bbox=white
        )
    axes.axhline(100 * PAPER_ACCURACY, color=RED, lw=1.2, ls="--", zorder=0)
    axes.annotate(
        "paper's board, 92.11 %",
        (len(groups) - 0.45, 100 * PAPER_ACCURACY),
        ha="right",
        va="bottom",
        color=RED,
    )
    axes.set_xticks(range(len(groups)), [group[0] for group in groups])
    axes.set_xlim(-0.5, len(groups) - 0.3)
    axes.set_ylabel("accuracy / %")
    axes.set_title("ESGNN on MUTAG: each dot one chip or noise seed, bars 95 % interval of the mean")


def _conductances(figure: Any, result: DemoResult) -> None:
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    run = result.formed[0]
    cells = np.vstack(run.weights_us)
    shown = np.ma.masked_less(cells, PRISTINE_BELOW_US)
    left.set_facecolor("#d9d9d9")
    image = left.imshow(shown, cmap="viridis", aspect="equal", interpolation="nearest")
    left.axhline(run.weights_us[0].shape[0] - 0.5, color="white", lw=2)
    left.set(xlabel="column (SL)", ylabel="row (BL)", title=f"{run.name}: input rows above, recurrent below")
    figure.colorbar(image, ax=left, label="conductance / µS (unit assumed), grey: unbroken", shrink=0.85)
    formed = np.concatenate([np.vstack(r.weights_us).ravel() for r in result.formed])
    formed = formed[formed >= PRISTINE_BELOW_US]
    bins = np.linspace(6, 20, 43)
    label = f"{len(result.formed)} formed chips: {formed.mean():.2f} ± {formed.std():.2f} µS"
    right.hist(formed, bins=bins, density=True, color=BLUE, alpha=0.75, label=label)
    if result.arrays is not None:
        paper = np.concatenate([result.arrays.input_us.ravel(), result.arrays.recurrent_us.ravel()])
        paper = paper[paper > 0]
        label = f"measured arrays: {paper.mean():.2f} ± {paper.std():.2f} µS"
        right.hist(paper, bins=bins, density=True, histtype="step", color=RED, lw=2, label=label)
    right.set(
        xlabel="conductance of broken cells / µS", ylabel="density / µS$^{-1}$", title="Formed conductances"
    )
    right.set_ylim(0, right.get_ylim()[1] * 1.25)
    right.legend(loc="upper right", fontsize=10)


def _breakdown(figure: Any, result: DemoResult) -> None:
    sweep = result.sweep
    if sweep is None:
        return
    axes = figure.subplots()
    if result.arrays is not None:
        volts = np.sort(result.arrays.breakdown_v)
        axes.step(
            volts,
            np.arange(1, volts.size + 1) / volts.size,
            where="post",
            color=RED,
            lw=2,
            label="400 measured cells",
        )
    error = np.sqrt(sweep.broken * (1 - sweep.broken) / sweep.cells)
    label = f"board, {sweep.cells} cells a voltage"
    axes.errorbar(sweep.voltage_v, sweep.broken, yerr=1.96 * error, fmt="o", color=BLUE, ms=6, label=label)
    nominal = result.profile.forming
    axes.axvline(nominal.voltage_v, color=GREY, ls="--", lw=1.2)
    broken = float(np.mean([run.formed_fraction for run in result.formed]))
    axes.annotate(
        f"forming voltage {nominal.voltage_v:.3f} V:\n{100 * (1 - broken):.1f} % stay unbroken",
        (nominal.voltage_v, broken),
        (-24, 34),
        textcoords="offset points",
        ha="right",
        arrowprops={"arrowstyle": "->", "color": GREY},
    )
    axes.set(xlabel="forming voltage / V", ylabel="fraction of broken cells", ylim=(-0.02, 1.02))
    axes.set_title(f"Dielectric breakdown, one pulse of {nominal.width_s * 1e6:g} µs a cell")
    axes.legend(loc="upper left", fontsize=11)
    axes.set_xlim(sweep.voltage_v[0] - 0.03, sweep.voltage_v[-1] + 0.03)


def _states(figure: Any, result: DemoResult) -> None:
    from matplotlib.colors import LogNorm

    if result.node_states is None:
        return
    states, batch, labels = result.node_states, result.protocols.batch, result.protocols.graphs.labels
    ends = np.append(batch.starts[1:], batch.features.shape[0])
    sizes = ends - batch.starts
    classes = np.unique(labels)
    picks = [int(np.flatnonzero((labels == c) & (sizes >= np.median(sizes)))[0]) for c in classes]
    grid = figure.subplots(len(picks), states.shape[0], sharex=True, squeeze=False)
    shown = np.concatenate([states[:, batch.starts[k] : ends[k]].ravel() for k in picks])
    scale = LogNorm(float(np.percentile(shown[shown > 0], 1)), float(shown.max()), clip=True)
    for row, (pick, name) in enumerate(zip(picks, CLASS_NAMES, strict=False)):
        for step in range(states.shape[0]):
            axes = grid[row, step]
            part = states[step, batch.starts[pick] : ends[pick]]
            image = axes.imshow(part, cmap="magma", norm=scale, aspect="auto", interpolation="nearest")
            if row == 0:
                axes.set_title(f"iteration {step + 1}")
            if row == len(picks) - 1:
                axes.set_xlabel("hidden state")
            if step == 0:
                axes.set_ylabel(f"graph {pick}, {name}\nnode")
    figure.colorbar(image, ax=grid, label="state (logarithmic)", shrink=0.9)
    figure.suptitle("Node states over the iterations, two molecules", fontsize=13)


def principal_components(features: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the first three components `[n, 3]` of centred features and the variance each explains."""
    centred = features - features.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, :3] * singular[:3], singular[:3] ** 2 / np.sum(singular**2)


def _embedding(figure: Any, result: DemoResult) -> None:
    run = result.formed[0]
    places, explained = principal_components(run.features)
    labels = result.protocols.graphs.labels
    grid = figure.subplots(1, 2)
    for axes, (x, y) in zip(grid, ((0, 1), (1, 2)), strict=True):
        for label, name, colour, marker in zip(
            np.unique(labels), CLASS_NAMES, (ORANGE, BLUE), "so", strict=False
        ):
            chosen = labels == label
            text = f"{name} ({np.count_nonzero(chosen)})"
            points = places[chosen][:, (x, y)].T
            axes.scatter(*points, s=34, color=colour, marker=marker, alpha=0.7, lw=0, label=text)
        axes.set_xlabel(f"component {x + 1} ({100 * explained[x]:.3g} % of the variance)")
        axes.set_ylabel(f"component {y + 1} ({100 * explained[y]:.2g} %)")
    grid[0].set_title("Components 1 and 2")
    grid[1].set_title("Components 2 and 3")
    grid[0].legend(loc="lower left")
    figure.suptitle(f"Graph embeddings on {run.name}, {len(labels)} molecules", fontsize=14)


def _confusion(figure: Any, result: DemoResult) -> None:
    panels = [
        ("hold-outs, formed chips", _row_normalised([run.board_holdouts for run in result.formed])),
        (
            "stratified ten-fold, formed chips",
            _row_normalised([run.board_stratified for run in result.formed]),
        ),
    ]
    grid = figure.subplots(1, len(panels))
    for place, (axes, (title, fractions)) in enumerate(zip(grid, panels, strict=True)):
        axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.ndindex(fractions.shape):
            value = fractions[row, column]
            colour = "white" if value > 0.5 else "black"
            axes.text(
                column, row, f"{100 * value:.1f} %", ha="center", va="center", color=colour, fontsize=15
            )
        axes.set_xticks(range(2), CLASS_NAMES)
        axes.set_yticks(range(2), CLASS_NAMES if place == 0 else ["", ""], rotation=90, va="center")
        axes.set(xlabel="predicted, % of each true class", title=title)
        axes.tick_params(length=0)
    grid[0].set_ylabel("true")


def _row_normalised(judged: list[Any]) -> NDArray[np.float64]:
    counts = np.sum([one.confusion for one in judged if isinstance(one, Judged)], axis=0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)


_Draw = Callable[[Any, DemoResult], None]
_Ready = Callable[[DemoResult], bool]
_FIGURES: Final[dict[str, tuple[str, tuple[float, float], _Draw, _Ready]]] = {
    "accuracy.png": ("Accuracy", (10, 5.4), _accuracies, lambda r: True),
    "conductance.png": ("Conductance map and histogram", (12, 5.6), _conductances, lambda r: True),
    "breakdown.png": ("Breakdown voltages", (8, 5.4), _breakdown, lambda r: r.sweep is not None),
    "node_states.png": ("Node states over iterations", (12, 6), _states, lambda r: r.node_states is not None),
    "embedding.png": ("Embeddings by class", (13, 5.6), _embedding, lambda r: True),
    "confusion.png": ("Confusion matrices", (10, 4.9), _confusion, lambda r: True),
}

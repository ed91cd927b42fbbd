# SPDX-License-Identifier: BSD-3-Clause
"""A map to a figure: conductances, their histogram and their uncertainties; it carries its origin."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from ohmloop.mapping.conductance_map import MICRO, ConductanceMap
from ohmloop.mapping.states import CellState

SIZE: Final = (14, 4.6)
DPI: Final = 160
RED: Final = "#b2182b"
GREY: Final = "#d9d9d9"
COLOURS: Final = {
    CellState.UNFORMED: "#8c8c8c",
    CellState.FORMED: "#2166ac",
    CellState.STUCK_LOW: "#762a83",
    CellState.STUCK_HIGH: RED,
    CellState.LEAKY: "#e08214",
}
BINS: Final = 60


def draw_map(measured: ConductanceMap, path: str | Path) -> Path:
    """Draws a map as a PNG file (extra `demo`); returns the path."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    target = Path(path)
    style: dict[Any, Any] = {"font.size": 11, "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(style):
        figure = Figure(figsize=SIZE, layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(1, 3, width_ratios=[1.15, 1, 1])
        _cells(figure, grid[0], measured)
        _histogram(grid[1], measured)
        _uncertainties(grid[2], measured)
        figure.supxlabel(_origin(measured), x=0.995, ha="right", fontsize=9, color=RED)
        figure.savefig(target, dpi=DPI)
    return target


def _origin(measured: ConductanceMap) -> str:
    facts = measured.facts
    return (
        f"{measured.origin.upper()} - chip {measured.chip} - {facts.get('profile')} - {measured.method}, "
        f"{measured.samples} samples - {facts.get('scale')} - {facts.get('time')}"
    )


def _cells(figure: Any, axes: Any, measured: ConductanceMap) -> None:
    values = np.ma.masked_invalid(measured.siemens * MICRO)
    from matplotlib import colormaps

    colours = colormaps["viridis"].with_extremes(bad=GREY)
    image = axes.imshow(values, cmap=colours, aspect="auto", interpolation="nearest", vmin=0)
    figure.colorbar(image, ax=axes, label="conductance / µS")
    for state in (CellState.STUCK_LOW, CellState.STUCK_HIGH, CellState.LEAKY):
        rows, columns = np.nonzero(measured.state == state)
        axes.scatter(columns, rows, s=40, facecolors="none", edgecolors=COLOURS[state], lw=1.4)
    axes.set(xlabel="column of the window", ylabel="row of the window", title=_counted(measured))


def _counted(measured: ConductanceMap) -> str:
    counts = [f"{count} {name.replace('_', ' ')}" for name, count in measured.counts().items() if count]
    return ",\n".join(", ".join(counts[at : at + 3]) for at in range(0, len(counts), 3))


def _histogram(axes: Any, measured: ConductanceMap) -> None:
    values = measured.siemens * MICRO
    edges = np.histogram_bin_edges(values[np.isfinite(values)], bins=BINS)
    for state, colour in COLOURS.items():
        chosen = values[(measured.state == state) & np.isfinite(values)]
        if chosen.size:
            axes.hist(chosen, bins=edges, color=colour, label=state.name.lower().replace("_", " "))
    axes.set(xlabel="conductance / µS", ylabel="cells", title="Cells by state")
    axes.set_yscale("log")
    axes.set_ylim(0.8, 12 * axes.get_ylim()[1])  # a single cell shows, and the legend has room above all bars
    axes.legend(frameon=False, fontsize=10, loc="upper center")


def _uncertainties(axes: Any, measured: ConductanceMap) -> None:
    seen = np.isfinite(measured.siemens)
    values = measured.siemens[seen] * MICRO
    parts = (
        ("all parts", measured.uncertainty_siemens, "#2166ac"),
        ("of the cell alone", measured.independent_siemens, "#92c5de"),
    )
    for name, part, colour in parts:
        axes.scatter(
            values, part[seen] * 1e9, s=5, lw=0, color=colour, alpha=0.6, label=name, rasterized=True
        )
    axes.set(xlabel="conductance / µS", ylabel="standard uncertainty / nS", title="Uncertainty of each cell")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=10, markerscale=3, loc="upper left")

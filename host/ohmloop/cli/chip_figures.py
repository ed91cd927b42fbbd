# SPDX-License-Identifier: BSD-3-Clause
"""Health and wear of a macro as PNG figures; each says whose data it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.cli.figures import DPI, STYLE
from ohmloop.errors import OhmloopError
from ohmloop.registry import CellState, LineState

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    from ohmloop.registry import Chip, HealthMap

COLOURS: Final = {
    CellState.UNKNOWN: "#eeeeee",
    CellState.UNFORMED: "#c6dbef",
    CellState.FORMED: "#2166ac",
    CellState.STUCK_LOW: "#b2182b",
    CellState.STUCK_HIGH: "#e08214",
    CellState.LEAKY: "#762a83",
    CellState.GAVE_UP: "#111111",
}


def _figure(path: Path, width: float, height: float) -> tuple[Figure, Any]:
    """Returns an empty figure and the settings to draw it under."""
    if importlib.util.find_spec("matplotlib") is None:
        raise OhmloopError(
            f"{path}: figures need matplotlib: pip install 'ohmloop[demo]'", where="matplotlib"
        )
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, mpl.rc_context(STYLE)


def _title(chip: Chip, macro: int) -> str:
    mark = "EMULATED " if chip.origin == "emulated" else ""
    number = f", macro {macro}" if chip.macros > 1 else ""
    return f"{mark}chip {chip.name}{number}"


def _show_part(axes: Any, known: NDArray[np.bool_]) -> None:
    """Leaves away the lines around the cells `[rows, columns]` of which something is known."""
    if not known.any():
        return
    rows, columns = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    axes.set_xlim(columns[0] - 0.5, columns[-1] + 0.5)
    axes.set_ylim(rows[-1] + 0.5, rows[0] - 0.5)
    shown = (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)
    if shown != known.shape:
        axes.set_xlabel(f"column, of {known.shape[1]}")
        axes.set_ylabel(f"row, of {known.shape[0]}")


def draw_health(chip: Chip, macro: int, health: HealthMap, path: Path) -> None:
    """Draws the state of every cell, with bad lines in red beside it."""
    figure, style = _figure(path, 8.4, 6.2)
    with style:
        from matplotlib.colors import ListedColormap
        from matplotlib.patches import Patch

        axes = figure.add_subplot()
        axes.imshow(
            health.cells,
            cmap=ListedColormap([COLOURS[state] for state in CellState]),
            vmin=-0.5,
            vmax=len(CellState) - 0.5,
            interpolation="nearest",
            aspect="auto",
        )
        for lines, draw in ((health.row_lines, axes.axhline), (health.column_lines, axes.axvline)):
            for line in np.flatnonzero((lines == LineState.SHORT) | (lines == LineState.OPEN)):
                draw(int(line), color="red", linewidth=1, linestyle="-" if lines[line] == 2 else ":")
        axes.set_xlabel("column")
        axes.set_ylabel("row")
        bad = (health.row_lines > LineState.GOOD)[:, None] | (health.column_lines > LineState.GOOD)[None, :]
        _show_part(axes, (health.cells != CellState.UNKNOWN) | bad)
        time = "no finding yet" if health.known is None else f"{health.known:%Y-%m-%d %H:%M} UTC"
        axes.set_title(f"{_title(chip, macro)}: health, {time}", loc="left")
        handles: list[Artist] = [
            Patch(
                facecolor=COLOURS[state],
                edgecolor="#666666",
                label=f"{state.name.lower().replace('_', ' ')} ({count})",
            )
            for state, count in health.counts().items()
        ]
        for state, line_style in ((LineState.SHORT, "-"), (LineState.OPEN, ":")):
            count = int((health.row_lines == state).sum() + (health.column_lines == state).sum())
            if count:
                handles += axes.plot(
                    [], [], color="red", linestyle=line_style, label=f"line {state.name.lower()} ({count})"
                )
        figure.legend(handles=handles, loc="outside right upper")
    figure.savefig(path, dpi=DPI)


def draw_wear(chip: Chip, macro: int, pulses: NDArray[np.int64], path: Path) -> None:
    """Draws the pulses of every cell and how often each count occurs."""
    figure, style = _figure(path, 11.0, 5.0)
    with style:
        from matplotlib.ticker import MaxNLocator

        left, right = figure.subplots(1, 2, width_ratios=(1.4, 1.0))
        image = left.imshow(pulses, cmap="magma_r", vmin=0, interpolation="nearest", aspect="auto")
        left.set_xlabel("column")
        left.set_ylabel("row")
        left.set_title(f"{_title(chip, macro)}: pulses seen", loc="left")
        _show_part(left, pulses > 0)
        figure.colorbar(image, ax=left, label="pulses", ticks=MaxNLocator(integer=True))
        top = int(pulses.max())
        edges = np.unique(np.linspace(-0.5, top + 0.5, min(top + 2, 41)).round(1))
        right.hist(pulses.ravel(), bins=list(edges), color="#2166ac")
        right.set_yscale("log")
        right.set_ylim(bottom=0.8)
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        right.set_xlabel("pulses")
        right.set_ylabel("cells")
        right.set_title(f"mean {pulses.mean():.4g}, most {top}", loc="left")
        if chip.pulse_budget is not None:
            right.axvline(chip.pulse_budget, color="#b2182b")
            right.set_title(f"mean {pulses.mean():.4g}, most {top}, budget {chip.pulse_budget}", loc="left")
    figure.savefig(path, dpi=DPI)

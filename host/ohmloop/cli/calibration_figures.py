# SPDX-License-Identifier: BSD-3-Clause
"""Calibration artefacts to PNG files; each carries its origin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from ohmloop.calibration import Artefact
from ohmloop.cli.figures import BLUE, DPI, GREY, ORANGE, RED, STYLE

COLOURS: Final = (BLUE, ORANGE, "#1b7837", "#762a83")


def draw_artefact(artefact: Artefact, folder: Path) -> Path:
    """Draws one artefact as NAME.png; returns the file."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    size, draw = _FIGURES[artefact.kind]
    taken, residual = artefact.taken, artefact.residual
    path = folder / f"{artefact.name}.png"
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(rect=(0, 0.035, 1, 0.965)))
        FigureCanvasAgg(figure)
        draw(figure, artefact)
        figure.suptitle(
            f"{artefact.kind}, recipe {taken.recipe}: residual {residual.residual:.3g}, noise floor "
            f"{residual.noise_floor:.3g}, uncalibrated {residual.uncalibrated:.3g} "
            f"{residual.unit if residual.unit != '1' else ''}".rstrip(),
            fontsize=13,
        )
        origin = (
            f"{taken.origin.upper()} - {taken.chip} - {taken.profile} - {taken.time_utc:%Y-%m-%d %H:%M} UTC"
        )
        figure.text(0.995, 0.005, origin, ha="right", va="bottom", fontsize=9, color=RED)
        figure.savefig(path, dpi=DPI)
    return path


def _adc(figure: Any, artefact: Artefact) -> None:
    (gains, offsets), (bend, noise) = figure.subplots(2, 2)
    gain, offset = artefact["gain"], artefact["offset"]
    for one, colour in zip(range(gain.values.shape[0]), COLOURS, strict=False):
        ok = gain.ok[one]
        columns = np.flatnonzero(ok)
        middle = np.median(gain.values[one, ok])
        place = columns + 0.2 * one
        label = f"range {one}"
        gains.plot(place, 100 * (gain.values[one, ok] / middle - 1), ".", ms=3, color=colour, label=label)
        offsets.plot(place, offset.values[one, ok], ".", ms=3, color=colour)
        noise.plot(place, artefact["noise"].values[one, ok], ".", ms=3, color=colour)
    typical = 100 * float(np.median(gain.channel / gain.values))
    gains.set(title=f"Gain, own uncertainty {typical:.2g} %", ylabel="deviation from the median / %")
    gains.legend(ncols=4, fontsize=9, markerscale=3, loc="upper right", columnspacing=0.8, handletextpad=0)
    gains.margins(y=0.2)
    offsets.set(title=f"Offset, own uncertainty {np.median(offset.channel):.2g} codes", ylabel="codes")
    noise.set(title="Converter noise of one reading", ylabel="codes", ylim=(0, None))
    for axes in (gains, offsets, noise):
        axes.set_xlabel("column")
    knots, curve = artefact["bend_knots"].values, artefact["bend"]
    bend.axhline(0, color=GREY, lw=0.8)
    bend.fill_between(
        knots, curve.values - 2 * curve.board, curve.values + 2 * curve.board, color=BLUE, alpha=0.3, lw=0
    )
    bend.plot(knots, curve.values, color=BLUE, lw=1.5)
    bend.set(title="INL, band two standard uncertainties", xlabel="ideal code", ylabel="codes")


def _dark(figure: Any, artefact: Artefact) -> None:
    axes = figure.subplots()
    offset = artefact["offset"]
    for one, colour in zip(range(offset.values.shape[0]), COLOURS, strict=False):
        columns = np.arange(offset.values.shape[1]) + 0.2 * one
        error = 2 * offset.channel[one]
        axes.errorbar(
            columns, offset.values[one], error, fmt=".", ms=3, lw=0.7, color=colour, label=f"range {one}"
        )
    axes.margins(y=0.15)
    axes.legend(ncols=4, fontsize=9, loc="upper right")
    axes.set(xlabel="column", ylabel="codes", title="Nothing driven, bars two standard uncertainties")


def _noise(figure: Any, artefact: Artefact) -> None:
    left, right = figure.subplots(1, 2)
    mean, scatter = artefact["cell_conductance"], artefact["cell_noise"]
    us = 1e6 * mean.values[mean.ok]
    left.plot(us, 1e6 * scatter.values[mean.ok], ".", ms=2, alpha=0.3, color=BLUE, rasterized=True)
    typical = float(np.median(artefact["read_noise"].values))
    line = np.array([0.0, us.max(initial=0.0)])
    left.plot(line, typical * line, color=RED, lw=1.5, label=f"{100 * typical:.2f} % of the conductance")
    left.legend(loc="upper left")
    left.set(xlabel="conductance / µS", ylabel="scatter of readings / µS", title=f"{us.size} cells")
    noise = artefact["read_noise"]
    columns = np.flatnonzero(noise.ok)
    bars = 200 * noise.uncertainty[noise.ok]
    right.errorbar(columns, 100 * noise.values[noise.ok], bars, fmt=".", ms=4, lw=0.7, color=BLUE)
    right.axhline(100 * typical, color=RED, lw=1)
    right.set(xlabel="column", ylabel="read noise / %", title="Columns, bars two standard uncertainties")


def _dac(figure: Any, artefact: Artefact) -> None:
    axes = figure.subplots()
    drive, transfer, line = (artefact[name] for name in ("drive", "transfer", "line"))
    off = 100 * (transfer.values / drive.values - 1)
    bars = 200 * transfer.uncertainty / drive.values
    fitted = np.arange(off.size) % 2 == 0
    for chosen, colour, label in ((fitted, BLUE, "fitted"), (~fitted, ORANGE, "held out")):
        axes.errorbar(drive.values[chosen], off[chosen], bars[chosen], fmt="o", color=colour, label=label)
    place = np.linspace(drive.values.min(), drive.values.max(), 50)
    fit = line.values[0] + line.values[1] * (place - 1)
    axes.plot(place, 100 * (fit / place - 1), color=GREY, lw=1)
    axes.axhline(0, color=GREY, lw=0.8, ls=":")
    axes.legend()
    axes.set(xlabel="read voltage over the nominal", ylabel="current off its proportion / %")
    axes.set_title("Read voltage, bars two standard uncertainties")


def _lines(figure: Any, artefact: Artefact) -> None:
    axes = figure.subplots()
    for name, colour in (("row_factors", BLUE), ("column_factors", ORANGE)):
        factors = artefact[name].values
        axis = name.partition("_")[0]
        # A factor of rows comes from the columns that they sit on.
        label = f"by {axis}: {'column' if axis == 'row' else 'row'} resistance"
        axes.plot(np.arange(factors.size), 100 * factors, color=colour, lw=2, label=label)
    axes.legend()
    axes.set(xlabel="row, column", ylabel="seen of a cell's conductance / %", title="\n".join(artefact.notes))


def _drift(figure: Any, artefact: Artefact) -> None:
    axes = figure.subplots()
    seen = artefact["conductance"]
    names = [str(one) for one in artefact.settings["columns"]]
    axes.errorbar(names, 1e6 * seen.values, 2e6 * seen.independent, fmt="o", color=BLUE, capsize=4)
    axes.margins(0.2)
    axes.set(xlabel="reference column", ylabel="conductance, all rows / µS", title="\n".join(artefact.notes))


_Draw = Callable[[Any, Artefact], None]
_FIGURES: Final[dict[str, tuple[tuple[float, float], _Draw]]] = {
    "adc": ((12, 7.5), _adc),
    "dark": ((10, 5), _dark),
    "noise": ((12, 5.2), _noise),
    "dac": ((8, 5), _dac),
    "lines": ((9, 5.2), _lines),
    "drift": ((8, 5), _drift),
}

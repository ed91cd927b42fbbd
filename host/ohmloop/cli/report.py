# SPDX-License-Identifier: BSD-3-Clause
"""The figures of a demo to result.json, report.md and the summary on the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from ohmloop.cli.demo import DemoResult
from ohmloop.cli.outcome import PAPER, figures_of
from ohmloop.errors import LimitError

_HEADINGS: Final = ("protocol", "runs", "board / %", "software / %", "paper / %")
_METHOD: Final = (
    "Intervals are 95 % of the mean over the runs. Software is the same network in float64 with the same "
    "weights on the same splits. The published hold-outs overlap and test 130 of the 188 graphs; the "
    "stratified ten folds, shuffled anew for each of several seeds, test all. Ridge, scales, leak and "
    "sparsity are the published ones: nothing is chosen on test graphs. An embedding needs no labels, so "
    "each chip embeds the set once and only the readout is trained for each split."
)


def require_writable(folder: Path, json_file: Path | None) -> None:
    """Makes the folders of a report; raises LimitError where that, or a file in them, is not allowed."""
    for place in filter(None, (folder / "result.json", json_file)):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            new = not place.exists()
            with place.open("a", encoding="utf-8"):
                pass
            if new:
                place.unlink()
        except OSError as error:
            raise LimitError(
                f"{place}: cannot be written: {error.strerror}", value=str(place), where="report"
            ) from error


def write_report(result: DemoResult, folder: Path, json_file: Path | None) -> dict[str, Any]:
    """Writes report.md, result.json and the figures into a folder; the JSON also to `json_file`.

    Returns:
        The figures of result.json.
    """
    from ohmloop.cli.figures import draw_figures

    require_writable(folder, json_file)
    figures = figures_of(result)
    text = json.dumps(figures, indent=2, allow_nan=False) + "\n"
    for file in filter(None, (folder / "result.json", json_file)):
        file.write_text(text, encoding="utf-8")
    images = draw_figures(result, folder)
    (folder / "report.md").write_text(_markdown(result, figures, images), encoding="utf-8")
    return figures


def show_summary(result: DemoResult, figures: dict[str, Any], folder: Path, console: Console) -> None:
    """Prints the accuracies, how boards compare, and where the report is."""
    table = Table(title=f"ESGNN on MUTAG - {figures['origin'].upper()}", box=box.SIMPLE)
    for heading in _HEADINGS:
        table.add_column(heading, no_wrap=heading != "protocol")
    for row in accuracy_rows(result, figures):
        table.add_row(*row)
    console.print(table)
    for line in (*summary_lines(result, figures), f"report: {folder / 'report.md'}"):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def accuracy_rows(result: DemoResult, figures: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yields the rows of the table of accuracies."""
    seeds = len(figures["seeds"]["measured_array_noise"])
    runs = f"{len(result.formed)} {'chips' if result.plan.chips_by_name else 'passes'}"
    measured = _percent(figures, "accuracy_measured_array")
    yield "hold-outs, measured arrays", f"{seeds} seeds", measured, "-", "92.11"
    yield (
        "hold-outs, formed chips",
        runs,
        _percent(figures, "accuracy"),
        _percent(figures, "software_accuracy"),
        "92.11",
    )
    yield (
        "ten-fold, formed chips",
        runs,
        _percent(figures, "accuracy_stratified"),
        _percent(figures, "software_accuracy_stratified"),
        "",
    )


def summary_lines(result: DemoResult, figures: dict[str, Any]) -> Iterator[str]:
    """Yields the sentences that go with the table."""
    if figures["measured_array_note"]:
        yield f"measured arrays {figures['measured_array_note']}"
    yield (
        f"board minus software, paired: {_percent(figures, 'board_minus_software')} points on the hold-outs, "
        f"{_percent(figures, 'board_minus_software_stratified')} stratified"
    )
    yield (
        f"unbroken cells {100 * figures['unbroken_fraction_mean']:.1f} % (paper 50.6 %), "
        f"saturated results {figures['saturated_results']}, run {result.run_s:.0f} s"
    )
    for name, speed in figures["throughput"]["boards"].items():
        yield (
            f"{name}: {speed['graphs_per_s']:.0f} graphs/s, {speed['products_per_s']:.0f} products/s; "
            f"{speed['board_clock_products_per_s']:.0f} products/s by the board's clock"
        )
    for scheme, counts in figures["link"].items():
        megabytes = (counts["line_bytes_sent"] + counts["line_bytes_received"]) / 1e6
        yield (
            f"link {scheme}: {counts['frames_sent']} frames sent, {counts['frames_received']} received, "
            f"{megabytes:.1f} MB, retries {counts['retries']}, CRC errors {counts['crc_errors']}"
        )
    if result.simulated:
        word = "the same integers as" if result.identical else "OTHER INTEGERS THAN"
        yield f"sim:// gave {word} twin:// for {len(result.simulated)} of {len(result.formed)} chips"


def _percent(figures: dict[str, Any], name: str) -> str:
    mean, interval = figures[f"{name}_mean"], figures[f"{name}_ci95"]
    if mean is None:
        return "-"
    return f"{100 * mean:.2f}" if interval is None else f"{100 * mean:.2f} ± {100 * (interval[1] - mean):.2f}"


def _markdown(result: DemoResult, figures: dict[str, Any], images: dict[str, str]) -> str:
    provenance = figures["provenance"]
    front_end = figures["throughput"]["front_end_model_products_per_s"]
    rates = ", ".join(f"{rate:.0f} with {n}" for n, rate in front_end.items())
    lines = [
        "# Echo-state graph learning on MUTAG",
        "",
        f"**Origin of every figure on this page: {figures['origin']}.** Board `{provenance['board']}`, chip "
        f"profile `{provenance['profile']}`, {provenance['time_utc']}, commit `{provenance['commit']}`.",
        "",
        _table_line(_HEADINGS),
        _table_line(["---"] * len(_HEADINGS)),
        *(_table_line(row) for row in accuracy_rows(result, figures)),
        "",
        _METHOD,
        "",
        f"Paper: {PAPER}.",
        "",
        *(f"- {line}" for line in summary_lines(result, figures)),
        f"- with the front end of the profile (conversions and settling), products a second by ADCs: {rates}",
        "",
    ]
    for file, caption in images.items():
        lines += [f"## {caption}", "", f"![{caption}]({file})", ""]
    lines += ["## Where the numbers of the chip profile come from", "", "| entry | source |", "|---|---|"]
    lines += [_table_line((f"`{entry}`", source)) for entry, source in provenance["profile_sources"].items()]
    return "\n".join(lines) + "\n"


def _table_line(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"

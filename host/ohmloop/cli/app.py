# SPDX-License-Identifier: BSD-3-Clause
"""Command lines to calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ohmloop.cli.checking import conformance, selftest
from ohmloop.cli.chip import chip_app
from ohmloop.cli.options import (
    EXIT_FAILED,
    AcceptMismatch,
    CalibrationName,
    Chip,
    DriftPolicy,
    MacroNumber,
    ProfileName,
    Url,
)
from ohmloop.errors import UrlError

SERVED = ("sim://", "twin://")

app = typer.Typer(
    name="ohmloop",
    help="From Python to the ohms of a resistive-memory chip and back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(chip_app, name="chip")


def _show_version(asked: bool) -> None:
    """Prints the version and ends the command."""
    if asked:
        from ohmloop import __version__

        sys.stdout.write(f"ohmloop {__version__}\n")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """From Python to the ohms of a resistive-memory chip and back."""


@app.command()
def demo(
    board: Annotated[
        str | None, typer.Option(metavar="URL", help="Run on this board only, instead of twin:// and sim://.")
    ] = None,
    chip: Chip = None,
    profile: ProfileName = None,
    chips: Annotated[int, typer.Option(min=1, max=1000, help="Emulated chips.")] = 20,
    sim_chips: Annotated[int, typer.Option(min=0, max=100, help="Of these, also on sim://.")] = 2,
    quick: Annotated[bool, typer.Option("--quick", help="Three chips and three noise seeds.")] = False,
    report: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the report goes.")] = Path("report"),
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write result.json here.")] = None,
) -> None:
    """Runs ESGNN on MUTAG: forms random arrays, embeds the graphs, trains the readout, reports."""
    from ohmloop.cli.demo import DemoPlan, run_demo

    plan = DemoPlan(
        board=board,
        chip=chip,
        profile=profile,
        chips=min(chips, 3) if quick else chips,
        noise_seeds=min(chips, 3) if quick else chips,
        sim_chips=min(sim_chips, 1) if quick else sim_chips,
        shuffles=2 if quick else 10,
        passes=2 if quick else 5,
    )
    if not run_demo(plan, report=report, json_file=json):
        raise typer.Exit(EXIT_FAILED)


@app.command()
def calibrate(
    url: Url,
    recipe: Annotated[
        str,
        typer.Option(
            help="A shipped recipe (adc, adc-fine, dark, noise, dac, lines, drift, full) or a YAML file."
        ),
    ] = "full",
    chip: Chip = None,
    profile: ProfileName = None,
    macro: MacroNumber = 0,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where artefacts and figures go.")] = Path(
        "calibrations"
    ),
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the figures as JSON.")] = None,
) -> None:
    """Calibrates converters and array by a recipe; reads only, nothing is pulsed."""
    from ohmloop.cli.calibrate import run_calibrate

    good = run_calibrate(url, recipe=recipe, chip=chip, profile=profile, macro=macro, out=out, json_file=json)
    if not good:
        raise typer.Exit(EXIT_FAILED)


@app.command(name="map")
def map_cells(
    url: Url,
    chip: Chip = None,
    profile: ProfileName = None,
    macro: MacroNumber = 0,
    rows: Annotated[str | None, typer.Option(metavar="A:B", help="Driven lines; all by default.")] = None,
    columns: Annotated[str | None, typer.Option(metavar="A:B", help="Sensed lines; all by default.")] = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="onehot, multiplexed, or auto, the default: what has the smaller predicted variance."
        ),
    ] = None,
    samples: Annotated[
        int | None, typer.Option(help="Readings of each cell: a power of two up to 1024; 4 by default.")
    ] = None,
    calibration: CalibrationName = None,
    accept_mismatch: AcceptMismatch = False,
    drift: DriftPolicy = None,
    earlier: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="An earlier map of these cells, or last: what changed?"),
    ] = None,
    resume: Annotated[int | None, typer.Option(metavar="JOB", help="Go on with an interrupted map.")] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="The map, .nc, .npz or .csv.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="The summary as JSON.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="A figure.")] = None,
    fit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A chip profile fitted to the map, for --profile.")
    ] = None,
) -> None:
    """Maps what every cell conducts, with uncertainties and states; reads only, nothing is pulsed."""
    from ohmloop.cli.calibrations import Choice
    from ohmloop.cli.map import MapPlan, run_map

    run_map(
        MapPlan(
            url=url,
            chip=chip,
            profile=profile,
            macro=macro,
            rows=rows,
            columns=columns,
            method=method,
            samples=samples,
            choice=Choice(calibration, accept_mismatch, drift),
            earlier=earlier,
            resume=resume,
            out=out,
            json_file=json,
            png=png,
            fit=fit,
        )
    )


@app.command()
def program(
    url: Url,
    targets: Annotated[
        Path, typer.Argument(metavar="TARGETS", help="Siemens, a row of cells a line: .npy or .csv.")
    ],
    tolerance_us: Annotated[float, typer.Option(help="Accepted distance from the target, microsiemens.")],
    chip: Chip = None,
    profile: ProfileName = None,
    macro: MacroNumber = 0,
    rows: Annotated[
        str | None, typer.Option(metavar="A:B", help="Driven lines; the first by default.")
    ] = None,
    columns: Annotated[
        str | None, typer.Option(metavar="A:B", help="Sensed lines; the first by default.")
    ] = None,
    algorithm: Annotated[
        str | None, typer.Option(help="ispp, ping_pong or two_pulse; ispp by default.")
    ] = None,
    budget: Annotated[int | None, typer.Option(help="Pulses a cell at most; 80 by default.")] = None,
    form_gate_v: Annotated[
        float | None,
        typer.Option(help="Form first, by a ramp with this gate voltage, after a contact check."),
    ] = None,
    calibration: CalibrationName = None,
    accept_mismatch: AcceptMismatch = False,
    drift: DriftPolicy = None,
    resume: Annotated[
        int | None,
        typer.Option(metavar="JOB", help="Go on with an interrupted job, of forming or of programming."),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Every cell, .npz or .csv.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="The summary as JSON.")] = None,
    png: Annotated[Path | None, typer.Option(metavar="FILE", help="A figure.")] = None,
) -> None:
    """Programs cells to target conductances by write-verify on the board; this pulses the chip."""
    from ohmloop.cli.calibrations import Choice
    from ohmloop.cli.program import ProgramPlan, run_program

    run_program(
        ProgramPlan(
            url=url,
            targets=targets,
            chip=chip,
            profile=profile,
            macro=macro,
            rows=rows,
            columns=columns,
            tolerance_us=tolerance_us,
            algorithm=algorithm,
            budget=budget,
            form_gate_v=form_gate_v,
            choice=Choice(calibration, accept_mismatch, drift),
            resume=resume,
            out=out,
            json_file=json,
            png=png,
        )
    )


@app.command()
def contact(
    url: Url,
    chip: Chip = None,
    profile: ProfileName = None,
    macro: MacroNumber = 0,
    rows: Annotated[str | None, typer.Option(metavar="A:B", help="Driven lines; all by default.")] = None,
    columns: Annotated[str | None, typer.Option(metavar="A:B", help="Sensed lines; all by default.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="What was found as JSON.")] = None,
) -> None:
    """Checks every line at 50 mV for shorts and opens; a chip with a name is formed only after it."""
    from ohmloop.cli.map import run_contact

    passed = run_contact(
        url, chip=chip, profile=profile, macro=macro, rows=rows, columns=columns, json_file=json
    )
    if not passed:
        raise typer.Exit(EXIT_FAILED)


@app.command()
def info(url: Url, chip: Chip = None, profile: ProfileName = None) -> None:
    """Shows what a board says of itself, its limits and its chip profile."""
    from ohmloop.cli.info import show_info

    show_info(url, chip=chip, profile=profile)


app.command()(selftest)
app.command()(conformance)


@app.command()
def flash(
    board: Annotated[str, typer.Argument(metavar="BOARD", help="A folder of build/, such as ulx3s_85f.")],
    folder: Annotated[Path, typer.Option(help="Where `make bitstream` leaves its builds.")] = Path("build"),
    keep: Annotated[bool, typer.Option("--keep", help="Into the configuration flash, to stay.")] = False,
) -> None:
    """Loads a board's bitstream with openFPGALoader."""
    from ohmloop.cli.flash import flash as load

    load(folder / board, keep=keep)


@app.command()
def serve(
    url: Annotated[str, typer.Argument(metavar="URL", help="sim:// or twin://")] = "sim://",
    pty: Annotated[
        bool, typer.Option("--pty", help="On a pseudo-terminal: open it as serial:///dev/pts/N.")
    ] = False,
    tcp: Annotated[
        int | None,
        typer.Option(metavar="PORT", min=0, max=65535, help="On this port of 127.0.0.1; 0: a free one."),
    ] = None,
    chip: Chip = None,
    profile: ProfileName = None,
) -> None:
    """Makes a simulated board reachable as a serial port or a TCP port, until Ctrl-C."""
    from ohmloop.board.opening import chip_id_of
    from ohmloop.link.wires import WireContext
    from ohmloop.link.wires.serve import serve as serve_board
    from ohmloop.opening import known_profile
    from ohmloop.profile import load_profile

    if not url.startswith(SERVED):
        raise UrlError(f"{url}: only {' and '.join(SERVED)} are served", value=url, limit=SERVED, where="URL")
    chip_id_of(chip)  # a name that no client could give is refused
    held = load_profile(known_profile(url, chip) if profile is None else profile)
    context = WireContext(chip=chip, profile=held)
    serve_board(url, pty=pty, tcp_port=tcp, context=context, announce=typer.echo)

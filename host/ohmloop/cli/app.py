# SPDX-License-Identifier: BSD-3-Clause
"""Command lines to calls."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ohmloop.errors import OhmloopError, UrlError

EXIT_FAILED = 1
"""A check was red, or accuracy integers differed."""
EXIT_REFUSED = 2
"""Something was refused; the message says what, where and what the limit is."""
SERVED = ("sim://", "twin://")

app = typer.Typer(
    name="ohmloop",
    help="From Python to the ohms of a resistive-memory chip and back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Url = Annotated[
    str, typer.Argument(metavar="URL", help="sim://, twin://, serial:///dev/ttyUSB0, tcp://host:port ...")
]
Chip = Annotated[str | None, typer.Option(help="The sample's name; of an emulated chip, which one.")]
ProfileName = Annotated[str | None, typer.Option(help="Chip profile: a shipped name or a YAML file.")]


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
def info(url: Url, chip: Chip = None, profile: ProfileName = None) -> None:
    """Shows what a board says of itself, its limits and its chip profile."""
    from ohmloop.cli.info import show_info

    show_info(url, chip=chip, profile=profile)


@app.command()
def selftest(url: Url, profile: ProfileName = None) -> None:
    """Checks a board: each check named, green or red. On a chip nothing is pulsed or written."""
    from ohmloop.cli.selftest import run_selftest

    if not run_selftest(url, profile=profile):
        raise typer.Exit(EXIT_FAILED)


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
    from ohmloop.link.wires import WireContext
    from ohmloop.link.wires.serve import serve as serve_board
    from ohmloop.profile import load_profile

    if not url.startswith(SERVED):
        raise UrlError(f"{url}: only {' and '.join(SERVED)} are served", value=url, limit=SERVED, where="URL")
    context = WireContext(chip=chip, profile=load_profile(profile))
    serve_board(url, pty=pty, tcp_port=tcp, context=context, announce=typer.echo)


def main() -> None:
    """Runs the command; a refusal becomes one line on stderr and exit code 2."""
    try:
        app()
    except OhmloopError as error:
        typer.secho(f"{type(error).__name__}: {error}", fg=typer.colors.RED, err=True)
        sys.exit(EXIT_REFUSED)

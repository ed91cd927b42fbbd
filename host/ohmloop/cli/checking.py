# SPDX-License-Identifier: BSD-3-Clause
"""Command lines that judge a board: selftest and conformance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ohmloop.cli.options import EXIT_FAILED, Chip, ProfileName, Url


def selftest(
    url: Url,
    chip: Chip = None,
    profile: ProfileName = None,
    pattern: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Siemens of a chip's first cells, .npy or .csv: reads them."),
    ] = None,
) -> None:
    """Checks a board: each check named, green or red.

    An emulated macro: every cell is rewritten twice and put back, also after Ctrl-C; no pulse is given. That
    is done to the chip that --chip names, to a throw-away one without it, or to the one that a served board
    has.

    A chip: nothing is driven: no pulse, no reading, no write. What must be refused is asked with the
    smallest voltage there is. The reference input is read, with the array disconnected; with --pattern
    the pattern's cells are read, at the profile's read voltage.

    Everywhere a new epoch is opened: what another program does on the board ends.
    """
    from ohmloop.cli.selftest import run_selftest

    if not run_selftest(url, chip=chip, profile=profile, pattern=pattern):
        raise typer.Exit(EXIT_FAILED)


def conformance(
    url: Url,
    pulses: Annotated[
        str | None,
        typer.Option(metavar="ROWS,COLUMNS", help="Cells of a chip that may be pulsed, such as 0:4,0:4."),
    ] = None,
    lock: Annotated[
        bool, typer.Option("--lock", help="Lock the limits, until the FPGA is configured again.")
    ] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="No chip is in the socket: what could harm one is tried too.")
    ] = False,
    long: Annotated[
        bool, typer.Option("--long", help="Also what takes minutes here: past 65536 requests.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0.01, help="Longest wait for an answer, seconds.")] = 2.0,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="The table as JSON.")] = None,
) -> None:
    """Tries every rule of docs/protocol.md on a board, or on another implementation of one.

    A chip: nothing is driven without --pulses; with it, pulses of one DAC code for one clock cycle, gate
    closed. Requests for more are tried with --empty only, though a board must refuse them. An emulated
    macro: such pulses on cell (0, 0); cells are put back.

    Everywhere a new epoch is opened, and the board is left safe and latched.
    """
    from ohmloop.cli.conformance import permission_of, run_conformance

    permission = permission_of(pulses, lock=lock, empty=empty, long=long)
    if not run_conformance(url, permission, limit_s=timeout, json_file=json):
        raise typer.Exit(EXIT_FAILED)

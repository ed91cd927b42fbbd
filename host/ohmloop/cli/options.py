# SPDX-License-Identifier: BSD-3-Clause
"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

EXIT_FAILED = 1
"""A check was red, a rule broken, or accuracy integers differed."""

Url = Annotated[
    str, typer.Argument(metavar="URL", help="sim://, twin://, serial:///dev/ttyUSB0, tcp://host:port ...")
]
Chip = Annotated[str | None, typer.Option(help="The sample's name; of an emulated chip, which one.")]
MacroNumber = Annotated[int, typer.Option("--macro", min=0, help="Which array of the board.")]
CalibrationName = Annotated[
    str | None, typer.Option(help="A folder, registry, or none; by default the registry's where one holds.")
]
AcceptMismatch = Annotated[
    bool, typer.Option("--accept-mismatch", help="Use a foreign or expired calibration; the data says so.")
]
DriftPolicy = Annotated[
    str | None,
    typer.Option(
        help="Watch reference columns: off, warn, stop, recalibrate; warn where they were measured."
    ),
]
ProfileName = Annotated[
    str | None,
    typer.Option(help="Chip profile: a shipped name or a YAML file; by default the one it was seen with."),
]

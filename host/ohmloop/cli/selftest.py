# SPDX-License-Identifier: BSD-3-Clause
"""A URL to named checks, green or red."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from ohmloop.board.opening import chip_id_of
from ohmloop.cli.bench import Bench, CheckFailed, CheckSkipped
from ohmloop.cli.checks import CHECKS, Check
from ohmloop.errors import OhmloopError, ShapeError
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.opening import known_profile
from ohmloop.profile import load_profile

TIMEOUT_S: Final = 10.0
THROW_AWAY_CHIP: Final = "tmp"
SELFTEST_ID: Final = b"selftest"
_COLOURS: Final = {"green": "green", "red": "bold red", "skipped": "yellow"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check: its colour ("green", "red", "skipped") and what it saw."""

    name: str
    colour: str
    detail: str


def outcomes(
    url: str, profile: str | None = None, chip: str | None = None, pattern: Path | None = None
) -> Generator[Outcome, None, None]:
    """Opens a board, runs every check and yields its outcome.

    A red check stops none but those that could only say the same again.

    The board is left safe, after Ctrl-C too.

    Raises:
        OhmloopError: the pattern cannot be read, or the board not be opened.
    """
    chip_id = SELFTEST_ID if chip is None else chip_id_of(chip)
    held = load_profile(known_profile(url, chip) if profile is None else profile)
    known = None if pattern is None else read_pattern(pattern)
    context = WireContext(chip=THROW_AWAY_CHIP if chip is None else chip, profile=held)
    with closing(Session(open_wire(url, context), timeout_s=TIMEOUT_S, chip_id=chip_id)) as session:
        bench = Bench(session, session.hello(), np.random.default_rng(0), held, known)
        culprits: dict[str, str] = {}
        try:
            for check in CHECKS:
                culprit = next((culprits[name] for name in check.needs if name in culprits), "")
                outcome = _outcome(check, bench, culprit)
                if culprit or outcome.colour == "red":
                    culprits[check.name] = culprit or check.name
                yield outcome
        finally:
            with suppress(OhmloopError):  # a board that is gone has its watchdog
                session.safe()


def _outcome(check: Check, bench: Bench, culprit: str) -> Outcome:
    try:
        if culprit:
            raise CheckSkipped(f"not tried: {culprit} is red")
        return Outcome(check.name, "green", check.run(bench))
    except CheckSkipped as reason:
        return Outcome(check.name, "skipped", str(reason))
    except CheckFailed as seen:
        return Outcome(check.name, "red", str(seen))
    except OhmloopError as error:
        return Outcome(check.name, "red", f"{type(error).__name__}: {error}")


def read_pattern(path: Path) -> NDArray[np.float64]:
    """Returns the siemens of a .npy or .csv file, `[rows, columns]`.

    Raises:
        ShapeError: it is no pattern of positive numbers.
    """
    try:
        values = np.asarray(np.load(path) if path.suffix == ".npy" else _rows(path), np.float64)
    except (OSError, ValueError) as error:
        raise ShapeError(f"{path}: no pattern: {error}", value=str(path), where=str(path)) from error
    if values.ndim != 2 or min(values.shape) < 2 or not (np.isfinite(values) & (values >= 0)).all():
        raise ShapeError(
            f"{path}: {values.shape}; rows and columns of siemens expected, two of each at least",
            value=values.shape, limit="[rows, columns]", where=str(path),
        )  # fmt: skip
    return values


def _rows(path: Path) -> list[list[float]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [[float(text) for text in line.split(",")] for line in lines if line.strip()]


def run_selftest(
    url: str, *, chip: str | None = None, profile: str | None = None, pattern: Path | None = None
) -> bool:
    """Prints every check as it ends; returns whether none is red."""
    console = Console()
    seen = []
    with closing(outcomes(url, profile, chip, pattern)) as checks:
        for outcome in checks:
            seen.append(outcome)
            colour = _COLOURS[outcome.colour]
            console.print(f"[{colour}]{outcome.colour:8}[/] {outcome.name:16} ", end="")
            console.print(outcome.detail, markup=False, highlight=False)
    red = sum(outcome.colour == "red" for outcome in seen)
    console.print(f"{url}: {len(seen)} checks, {red} red", markup=False, highlight=False)
    return red == 0

# SPDX-License-Identifier: BSD-3-Clause
"""A URL to named checks, green or red."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Final

import numpy as np
from rich.console import Console

from ohmloop.board.opening import chip_id_of
from ohmloop.cli.bench import Bench, CheckFailed, CheckSkipped
from ohmloop.cli.checks import CHECKS, Check
from ohmloop.errors import OhmloopError
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, open_wire
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


def outcomes(url: str, profile: str | None = None, chip: str | None = None) -> Generator[Outcome, None, None]:
    """Opens a board, runs every check and yields its outcome; a red check does not stop the others.

    The board is left safe, after Ctrl-C too.

    Raises:
        OhmloopError: the board cannot be opened.
    """
    chip_id = SELFTEST_ID if chip is None else chip_id_of(chip)
    context = WireContext(chip=THROW_AWAY_CHIP if chip is None else chip, profile=load_profile(profile))
    with closing(Session(open_wire(url, context), timeout_s=TIMEOUT_S, chip_id=chip_id)) as session:
        bench = Bench(session, session.hello(), np.random.default_rng(0))
        try:
            for name, check in CHECKS.items():
                yield _outcome(name, check, bench)
        finally:
            with suppress(OhmloopError):  # a board that is gone has its watchdog
                session.safe()


def _outcome(name: str, check: Check, bench: Bench) -> Outcome:
    try:
        return Outcome(name, "green", check(bench))
    except CheckSkipped as reason:
        return Outcome(name, "skipped", str(reason))
    except CheckFailed as seen:
        return Outcome(name, "red", str(seen))
    except OhmloopError as error:
        return Outcome(name, "red", f"{type(error).__name__}: {error}")


def run_selftest(url: str, *, chip: str | None = None, profile: str | None = None) -> bool:
    """Prints every check as it ends; returns whether none is red."""
    console = Console()
    seen = []
    with closing(outcomes(url, profile, chip)) as checks:
        for outcome in checks:
            seen.append(outcome)
            colour = _COLOURS[outcome.colour]
            console.print(f"[{colour}]{outcome.colour:8}[/] {outcome.name:16} ", end="")
            console.print(outcome.detail, markup=False, highlight=False)
    red = sum(outcome.colour == "red" for outcome in seen)
    console.print(f"{url}: {len(seen)} checks, {red} red", markup=False, highlight=False)
    return red == 0

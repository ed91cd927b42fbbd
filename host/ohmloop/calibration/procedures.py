# SPDX-License-Identifier: BSD-3-Clause
"""A recipe to artefacts: the one call of a user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ohmloop.calibration.adc import calibrate_adc
from ohmloop.calibration.artefact import Artefact
from ohmloop.calibration.bundle import Calibration
from ohmloop.calibration.dac import calibrate_dac
from ohmloop.calibration.dark import calibrate_dark
from ohmloop.calibration.drift import INTERVAL_S, DriftWatch, Policy, measure_drift
from ohmloop.calibration.lines import calibrate_lines
from ohmloop.calibration.noise import calibrate_noise
from ohmloop.calibration.recipes import Recipe, Sequence, load_recipe
from ohmloop.calibration.setting import Setting, Tell
from ohmloop.errors import NotPrepared

if TYPE_CHECKING:
    from ohmloop.board import Board

PROCEDURES: Final[dict[str, Callable[[Setting[Any]], Artefact]]] = {
    "adc": calibrate_adc,
    "dark": calibrate_dark,
    "noise": calibrate_noise,
    "dac": calibrate_dac,
    "lines": calibrate_lines,
    "drift": measure_drift,
}
FIRST: Final = "adc"
"""Recipe of what every other needs."""


def calibrate(
    board: Board,
    recipe: str | Path | Recipe,
    *,
    macro: int = 0,
    using: Calibration | None = None,
    progress: Callable[[str, str, float], None] | None = None,
    keep: Callable[[Artefact], None] | None = None,
) -> Calibration:
    """Runs a recipe on an open board; only reads, never pulses.

    Args:
        board: the open board.
        recipe: a shipped name, a YAML file or a recipe.
        macro: which array.
        using: what was calibrated before; converters are measured first where it holds none.
        progress: called with the recipe's name, what is being done, and the fraction of it that is.
        keep: called with every artefact as soon as it is measured, so that an interruption loses none.

    Returns:
        `using` with the new artefacts. A sequence goes on without what the array is not ready for, such as
        read noise before forming, and says so in `skipped`.

    Raises:
        ArtefactError: no such recipe.
        CalibrationMismatch, CalibrationExpired: `using` does not fit this board.
        LimitError, NotPrepared: the board or the array does not allow it.
    """
    held = using if using is not None else Calibration({})
    if held.artefacts:
        for one in held.artefacts.values():
            one.require(board, macro=macro)
    asked = load_recipe(recipe) if isinstance(recipe, str | Path) else recipe
    in_sequence = isinstance(asked, Sequence)
    for step in _steps(asked, held):
        told: Tell = _told(progress, step.name)
        try:
            found = PROCEDURES[step.procedure](Setting(board.macros[macro], step, held, told))
        except NotPrepared as error:
            if not in_sequence:
                raise
            held = replace(held, skipped=(*held.skipped, f"{step.name}: {error}"))
            continue
        held = held.joined(found)
        if keep is not None:
            keep(found)
    return held


def watch_drift(
    board: Board,
    calibration: Calibration,
    *,
    macro: int = 0,
    policy: Policy = "warn",
    recipe: str = "drift",
    recalibrate: str = "adc",
    interval_s: float = INTERVAL_S,
) -> DriftWatch:
    """Returns a watch over the reference columns; call it between pieces of a long job.

    Args:
        board: the open board.
        calibration: of it; its drift artefact, or a measurement now, is what later ones are compared with.
        macro: which array.
        policy: beyond the recipe's threshold "warn" in the log, "stop" with CalibrationExpired, or
            "recalibrate": measure the converters again, then stop only where the columns are still off.
        recipe: of the reference columns.
        recalibrate: recipe of the converters.
        interval_s: time of the board between two looks of a job that has the watch, seconds.
    """

    def measure(held: Calibration, name: str) -> Calibration:
        return calibrate(board, name, macro=macro, using=held)

    return DriftWatch(
        calibration, measure, policy=policy, recipe=recipe, recalibrate=recalibrate, interval_s=interval_s
    )


def _steps(one: Recipe, held: Calibration) -> list[Any]:
    """Returns the procedures of a recipe in order; a sequence is opened, the converters come first."""
    steps: list[Any] = [load_recipe(name) for name in one.steps] if isinstance(one, Sequence) else [one]
    known = FIRST in held.artefacts or any(step.procedure == FIRST for step in steps)
    return steps if known or steps[0].procedure == "dark" else [load_recipe(FIRST), *steps]


def _told(progress: Callable[[str, str, float], None] | None, name: str) -> Tell:
    if progress is None:
        return lambda _what, _fraction: None
    return lambda what, fraction: progress(name, what, fraction)

# SPDX-License-Identifier: BSD-3-Clause
"""Reference columns, watched: has the board or the chip moved since it was calibrated?"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ohmloop.board.estimate import Floats, Reading
from ohmloop.board.limits import finite
from ohmloop.calibration.artefact import Artefact, Residual, Values
from ohmloop.calibration.recipes import DriftRecipe
from ohmloop.calibration.setting import Setting, rms
from ohmloop.errors import CalibrationExpired, LimitError, NotPrepared

if TYPE_CHECKING:
    from ohmloop.calibration.bundle import Calibration

_log = logging.getLogger(__name__)
Lines = NDArray[np.intp]
Policy = Literal["warn", "stop", "recalibrate"]
POLICIES: Final = get_args(Policy)
INTERVAL_S: Final = 60.0


@dataclass(frozen=True, eq=False)
class Drift:
    """Change of the reference columns between two artefacts.

    Attributes:
        columns: of the macro.
        change: relative, `[columns]`.
        uncertainty: of the change, from repeatability alone, `[columns]`.
        is_exceeded: the change matters and noise does not explain it.
    """

    columns: tuple[int, ...]
    change: Floats
    uncertainty: Floats
    is_exceeded: bool

    def __str__(self) -> str:
        worst = int(np.abs(self.change).argmax())
        return (
            f"reference column {self.columns[worst]} changed by {100 * self.change[worst]:+.3f} % "
            f"+- {100 * self.uncertainty[worst]:.3f} %"
        )


def measure_drift(setting: Setting[DriftRecipe]) -> Artefact:
    """Measures the reference columns and compares them with the artefact before, where there is one.

    Raises:
        LimitError: the macro has fewer columns.
        NotPrepared: a reference column carries no current.
    """
    macro, recipe = setting.macro, setting.recipe
    if recipe.columns > macro.columns:
        raise LimitError(
            f"recipe {recipe.name}: {recipe.columns} reference columns asked, the macro has {macro.columns}",
            value=recipe.columns,
            limit=macro.columns,
            unit="columns",
            where="recipe columns",
        )
    rows, columns = setting.spread_rows(recipe.rows), setting.columns[-recipe.columns :]
    found, nominal = _reference_columns(setting, rows, columns)
    before = setting.using.artefacts.get("drift")
    settings = {"columns": columns.tolist(), "rows": rows.tolist()}
    fits = before is not None and all(before.settings[key] == value for key, value in settings.items())
    drift = drift_between(before, found, recipe) if before is not None and fits else None
    change = np.zeros(columns.size) if drift is None else drift.change
    plain = rms(nominal / found.values - 1)
    residual = Residual(rms(change), rms(found.independent / found.values), plain, "1", columns.size)
    note = "first measurement of these reference columns" if drift is None else str(drift)
    ok = np.ones(macro.columns, np.bool_)
    ok[columns] = np.abs(change) <= recipe.threshold
    return setting.artefact(
        "drift",
        {"conductance": found},
        ok,
        residual,
        settings=settings | {"is_exceeded": drift is not None and drift.is_exceeded},
        notes=(note,),
    )


def _reference_columns(setting: Setting[DriftRecipe], rows: Lines, columns: Lines) -> tuple[Values, Floats]:
    """Returns the conductance of columns with all rows on, and what the nominal gains make of it, siemens."""
    window, x, n = setting.macro[rows, columns], np.ones((1, rows.size), np.intp), setting.recipe.readings
    codes, range_index = setting.plane_codes(x, window, setting.finest_range(x, window))
    reading = Reading(
        range=range_index,
        averages=n,
        bits=1,
        columns=columns,
        rows_on=np.full((1, 1), rows.size),
        signed=False,
        drive=1.0,
        per_plane=True,
    )
    mean = codes.mean(axis=0)
    seen = setting.using.products(mean[:, None, :], reading)
    gain = setting.using["adc"]["gain"].values[range_index, columns]
    repeats = codes[:, 0].std(axis=0, ddof=1) / np.sqrt(n) / gain
    if np.any(seen.values[0] <= 5 * repeats):
        worst = int(columns[np.argmin(seen.values[0])])
        place = f"column {worst}"
        raise NotPrepared(f"reference {place} carries no current", value=worst, where=place)
    values = Values.of(seen.values[0], "S", independent=repeats, channel=seen.channel[0], board=seen.board[0])
    return values, mean[0] * setting.macro.profile.siemens_per_adc_code(range_index)


def drift_between(before: Artefact, now: Values, recipe: DriftRecipe) -> Drift:
    """Returns the relative change of the reference columns since an artefact."""
    old = before["conductance"]
    change = now.values / old.values - 1
    error = np.hypot(now.independent / now.values, old.independent / old.values)
    exceeded = bool(np.any((np.abs(change) > recipe.threshold) & (np.abs(change) > recipe.sigmas * error)))
    return Drift(tuple(before.settings["columns"]), change, error, exceeded)


class DriftWatch:
    """Watches the reference columns during a long job.

    Call it between pieces of work, or give it to `map` and `program`. Beyond the recipe's threshold it warns,
    stops (raises CalibrationExpired), or measures the converters again, by its policy; after that it raises
    only where the columns are still off.

    Attributes:
        calibration: what holds now.
        interval_s: time of the board between two looks of a job, seconds.
        events: what was seen beyond the threshold and what was done about it, sentences.
    """

    def __init__(
        self,
        calibration: Calibration,
        measure: Callable[[Calibration, str], Calibration],
        *,
        policy: Policy = "warn",
        recipe: str = "drift",
        recalibrate: str = "adc",
        interval_s: float = INTERVAL_S,
    ) -> None:
        if policy not in POLICIES:
            raise LimitError(
                f"policy: {policy!r} is none of {', '.join(POLICIES)}",
                value=policy,
                limit=POLICIES,
                where="policy",
            )
        self._measure, self._policy = measure, policy
        self.interval_s = finite(interval_s, "s", "interval_s")
        self.events: list[str] = []
        self._recipe, self._recalibrate = recipe, recalibrate
        self.calibration = calibration if "drift" in calibration.artefacts else measure(calibration, recipe)
        self._baseline = self.calibration["drift"]

    @property
    def cells(self) -> tuple[Lines, Lines]:
        """Rows and columns of the reference cells."""
        held = self._baseline.settings
        return np.asarray(held["rows"], np.intp), np.asarray(held["columns"], np.intp)

    def __call__(self) -> Artefact:
        """Measures the reference columns; returns the artefact; raises CalibrationExpired by policy."""
        found = self._against_the_baseline()
        if not found.settings["is_exceeded"]:
            return found
        if self._policy == "recalibrate":
            self._tell(f"{found.notes[0]}; recalibrating with {self._recalibrate}")
            self.calibration = self._measure(self.calibration, self._recalibrate)
            found = self._against_the_baseline()
        if found.settings["is_exceeded"]:
            self._tell(f"{found.notes[0]}; calibrate again")
            if self._policy != "warn":
                raise CalibrationExpired(
                    self.events[-1], value=found.residual.residual, where="reference columns"
                )
        return found

    def _tell(self, text: str) -> None:
        self.events.append(text)
        _log.warning("%s", text)

    def _against_the_baseline(self) -> Artefact:
        return self._measure(self.calibration.of(*self._others(), self._baseline), self._recipe)["drift"]

    def _others(self) -> list[Artefact]:
        return [one for kind, one in self.calibration.artefacts.items() if kind != "drift"]

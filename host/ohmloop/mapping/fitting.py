# SPDX-License-Identifier: BSD-3-Clause
"""Measured maps to a chip profile that makes the emulator behave like that chip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import ValidationError

from ohmloop.errors import LimitError, ProfileError
from ohmloop.mapping.comparison import MAD_TO_SD, compared
from ohmloop.mapping.conductance_map import MICRO, ConductanceMap
from ohmloop.mapping.states import CellState
from ohmloop.profile import ChipProfile, Profile, load_profile
from ohmloop.profile.profile import G_CODE_MAX

Floats = NDArray[np.float64]

FEWEST_CELLS: Final = 64
"""Cells from which a distribution is fitted."""
MOST_POINTS: Final = 101
TAIL: Final = (0.0025, 0.005)
BEYOND_END: Final = 5.0
"""Standard uncertainties above the largest code's conductance up to which a cell counts as having that."""


@dataclass(frozen=True, slots=True, eq=False)
class ProfileFit:
    """A chip profile fitted to maps, and what it was fitted to.

    Attributes:
        chip: the profile.
        formed_siemens: conductances of the formed cells, noise taken off the spread.
        unformed_siemens: likewise of the unformed ones.
        read_noise: relative, of one reading of one cell; None where the maps do not tell it.
        drift: relative change of a formed cell from the first to the last map of the same cells; NaN without.
        drift_spread: its standard deviation from cell to cell.
        seconds: time between these maps.
        maps: number of maps.
    """

    chip: ChipProfile
    formed_siemens: Floats
    unformed_siemens: Floats
    read_noise: float | None
    drift: float
    drift_spread: float
    seconds: float
    maps: int

    def profile(self, base: Profile | None = None) -> Profile:
        """Returns it with the board of a profile, the emulated one by default."""
        held = load_profile() if base is None else base
        return Profile(chip=self.chip, board=held.board)

    def write(self, path: str | Path) -> Path:
        """Writes a YAML profile for `--profile FILE`; returns the path."""
        data: dict[str, Any] = self.chip.model_dump(mode="json", exclude_none=True)
        data["front_end"].setdefault("reference", "none")
        drift = "" if np.isnan(self.drift) else f", drift {self.drift:.3g} in {self.seconds:.4g} s"
        head = (
            "# SPDX-License-Identifier: BSD-3-Clause\n"
            f"# Fitted to {self.maps} conductance maps: {self.formed_siemens.size} formed and "
            f"{self.unformed_siemens.size} unformed cells{drift}.\n"
        )
        target = Path(path)
        body = yaml.safe_dump(data, sort_keys=False, width=110, default_flow_style=None)
        target.write_text(head + body, encoding="utf-8")
        return target


def fit_profile(
    maps: Sequence[ConductanceMap],
    *,
    name: str,
    base: Profile | str | Path | None = None,
    seconds: float | None = None,
) -> ProfileFit:
    """Returns the profile that maps of one kind of chip suggest.

    Conductances of formed and unformed cells become quantile tables, with the maps' own noise taken off their
    spread; the unbroken fraction, the read noise, and where the base has programming physics its faults and
    retention are replaced too. The rest stays as in the base, with its sources.

    Args:
        maps: of chips formed alike; several of the same cells, oldest first, give the drift.
        name: of the new profile.
        base: what the maps cannot tell comes from it: a shipped name, a file or a Profile.
        seconds: between the first and the last map of the same cells; by default as their clocks say.

    Raises:
        LimitError: no maps, or fewer than 64 formed cells.
        ProfileError: the maps do not make a valid profile.
    """
    if not maps:
        raise LimitError("maps: none given", value=0, limit=1, where="maps")
    held = base if isinstance(base, Profile) else load_profile(base)
    first, repeated = _first_of_each(maps)
    largest = G_CODE_MAX * held.g_lsb_siemens
    formed = _spread_of_cells(first, CellState.FORMED, largest)
    unformed = _spread_of_cells(first, CellState.UNFORMED, largest)
    if formed.size < FEWEST_CELLS:
        raise LimitError(
            f"maps: {formed.size} formed cells, at least {FEWEST_CELLS} make a distribution",
            value=formed.size,
            limit=FEWEST_CELLS,
            unit="cells",
            where="maps",
        )
    read_noise = _read_noise(maps)
    drift, spread, time = _drift(repeated, seconds)
    unbroken = _never_formed(first, held.chip)
    data = _fitted(held.chip, name, _source(maps), formed, unformed, read_noise, unbroken)
    _add_faults(data, _source(maps), first)
    if repeated is not None:
        _add_retention(data, _source(maps), repeated, time)
    try:
        chip = ChipProfile.model_validate(data)
    except ValidationError as error:
        raise ProfileError(f"{name}: the maps make no valid profile: {error}", where=name) from error
    return ProfileFit(chip, formed, unformed, read_noise, drift, spread, time, len(maps))


def _source(maps: Sequence[ConductanceMap]) -> str:
    chips = ", ".join(dict.fromkeys(one.chip for one in maps))
    emulated = "EMULATED " if any(one.is_emulated for one in maps) else ""
    return f"measured: maps of {emulated}chip {chips}"


def _first_of_each(
    maps: Sequence[ConductanceMap],
) -> tuple[list[ConductanceMap], tuple[ConductanceMap, ConductanceMap] | None]:
    """Returns one map of each set of cells, and the first and last of the first set that was mapped twice."""
    groups: dict[tuple[Any, ...], list[ConductanceMap]] = {}
    for one in maps:
        key = (one.chip, one.facts.get("macro", 0), one.rows.tobytes(), one.columns.tobytes())
        groups.setdefault(key, []).append(one)
    twice = next(((same[0], same[-1]) for same in groups.values() if len(same) > 1), None)
    return [same[0] for same in groups.values()], twice


def _spread_of_cells(maps: Sequence[ConductanceMap], state: CellState, largest: float) -> Floats:
    """Returns the conductances of the cells in a state, drawn together until the variance is theirs.

    What a map adds of its own, reading by reading and channel by channel, an emulated board adds again. Cells
    within their error of the largest code's conductance have that.
    """
    cells = [one.state == state for one in maps]
    values = np.concatenate([one.siemens[which] for one, which in zip(maps, cells, strict=True)])
    own = [one.independent_siemens**2 + one.channel_siemens**2 for one in maps]
    noise = np.concatenate([part[which] for part, which in zip(own, cells, strict=True)])
    if values.size < 2:
        return values
    seen, at_end = float(values.var()), (values > largest) & (values <= largest + BEYOND_END * np.sqrt(noise))
    shrink = np.sqrt(max(seen - float(noise.mean()), 0.0) / seen) if seen > 0 else 1.0
    drawn = np.maximum(values.mean() + (values - values.mean()) * shrink, 0.0)
    return np.asarray(np.where(at_end, np.minimum(drawn, largest), drawn))


def quantile_points(values: Floats) -> list[list[float]]:
    """Returns (cumulative fraction, microsiemens) points of a distribution, closer in its tails."""
    count = min(MOST_POINTS, values.size)
    body = np.linspace(0, 1, count)
    tails = [*TAIL, *(1 - np.array(TAIL))] if values.size * TAIL[0] >= 1 else []
    fractions = np.unique(np.concatenate([body, tails]).round(6))
    found = np.maximum.accumulate(np.quantile(values, fractions) * MICRO)
    return [[float(f), float(f"{v:.5g}")] for f, v in zip(fractions, found, strict=True)]


def _read_noise(maps: Sequence[ConductanceMap]) -> float | None:
    """Returns the mean read noise of the maps that measured it."""
    found = [one.facts.get("noise", {}) for one in maps]
    seen = [float(one["read_noise"]) for one in found if str(one.get("source", "")).startswith("scatter")]
    return float(np.mean(seen)) if seen else None


def _drift(
    repeated: tuple[ConductanceMap, ConductanceMap] | None, seconds: float | None
) -> tuple[float, float, float]:
    if repeated is None:
        return np.nan, np.nan, np.nan
    change = compared(*repeated)
    return change.drift, change.drift_spread, change.seconds if seconds is None else seconds


def _fitted(
    base: ChipProfile,
    name: str,
    source: str,
    formed: Floats,
    unformed: Floats,
    read_noise: float | None,
    unbroken: float,
) -> dict[str, Any]:
    data: dict[str, Any] = base.model_dump(mode="json")
    data["name"] = name
    data["title"] = f"{base.title}; fitted to measured maps"
    cells = data["cells"]
    told = f"{source}, {formed.size} cells"
    cells["formed"] = {"unit": "uS", "source": told, "points": quantile_points(formed)}
    if unformed.size >= FEWEST_CELLS:
        told = f"{source}, {unformed.size} cells"
        cells["pristine"] = {"unit": "uS", "source": told, "points": quantile_points(unformed)}
    cells["forming"]["unbroken_fraction"] = {"value": unbroken, "unit": "1", "source": source}
    if read_noise is not None:
        cells["read_noise"] = {"value": read_noise, "unit": "1", "source": f"{source}, scatter of readings"}
    return data


def _never_formed(maps: Sequence[ConductanceMap], base: ChipProfile) -> float:
    """Returns the part of the cells that forming did not break.

    Cells stuck low look unformed to maps without an earlier one: the base's part of them is taken off.
    """
    states = np.concatenate([one.state.ravel() for one in maps])
    unformed = np.count_nonzero(states == CellState.UNFORMED)
    part = float(unformed / (unformed + np.count_nonzero(states == CellState.FORMED)))
    faults = base.programming.faults if base.programming else None
    if faults is None or np.any(states == CellState.STUCK_LOW):
        return part
    stuck = faults.stuck_low.value
    return max(part - stuck, 0.0) / (1 - stuck)


def _add_faults(data: dict[str, Any], source: str, maps: Sequence[ConductanceMap]) -> None:
    """Replaces the fractions of those faulty cells that the maps show, where the base has such physics."""
    faults = (data.get("programming") or {}).get("faults")
    if faults is None:
        return
    states = np.concatenate([one.state[one.state != CellState.MASKED] for one in maps])
    for name in ("stuck_low", "stuck_high", "leaky"):
        part = float(np.mean(states == CellState[name.upper()]))
        if part > 0:
            faults[name] = {"value": part, "unit": "1", "source": source}


def _add_retention(
    data: dict[str, Any], source: str, twice: tuple[ConductanceMap, ConductanceMap], seconds: float
) -> None:
    """Replaces the loss of g - floor a decade and its spread, where the base has such physics."""
    retention = (data.get("programming") or {}).get("retention")
    if retention is None or not seconds > 1:
        return
    first, last = twice
    change = compared(first, last)
    formed = (change.states_before == CellState.FORMED) & (change.states_after == CellState.FORMED)
    start = last.siemens[formed] - change.difference_siemens[formed]
    above = start - data["cells"]["formed_floor"]["value"] / MICRO
    decades = float(np.log10(seconds))
    lost = -change.difference_siemens[formed][above > 0] / above[above > 0] / decades
    own = change.uncertainty_siemens[formed][above > 0] / above[above > 0] / decades
    loss = float(np.median(lost)) if lost.size >= FEWEST_CELLS else 0.0
    if loss <= 0:
        return
    seen = float(MAD_TO_SD * np.median(np.abs(lost - loss)))
    spread = np.sqrt(max(seen**2 - float(np.median(own**2)), 0.0)) / loss
    retention["loss"] = {"value": loss, "unit": "1/decade", "source": source}
    retention["spread"] = {"value": float(spread), "unit": "1", "source": source}

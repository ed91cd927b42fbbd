# SPDX-License-Identifier: BSD-3-Clause
"""Recipes of calibration: YAML in, validated objects out."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from ohmloop.errors import ArtefactError, ProfileError
from ohmloop.profile.loader import find_profile, shipped_names
from ohmloop.profile.quantities import Entry

FORMAT: Final = "ohmloop-recipe-1"
FOLDER: Final = "recipes"
BATCHES: Final = 4
"""Parts of a measurement whose means are compared: neighbouring passes may share a slow fluctuation."""
Count = Annotated[int, Field(ge=1, le=4096)]
Hours = Annotated[float, Field(gt=0, le=24 * 366)]
Fraction = Annotated[float, Field(gt=0, lt=1)]


class _Recipe(Entry):
    format: Literal["ohmloop-recipe-1"]
    name: str
    title: str

    @property
    def digest(self) -> str:
        """CRC-32 of everything in the recipe, 8 hexadecimal digits."""
        return f"{zlib.crc32(self.model_dump_json().encode()):08x}"


class _Procedure(_Recipe):
    readings: Annotated[int, Field(ge=2, le=4096)]
    valid_hours: Hours


class _Interleaved(_Procedure):
    """What is compared is visited in `passes` rounds of shuffled order, `readings` times in all."""

    passes: Annotated[int, Field(ge=BATCHES, le=1024)]

    @property
    def visit(self) -> int:
        """Readings of one visit."""
        return -(-self.readings // self.passes)

    def order(self, count: int, seed: int) -> NDArray[np.intp]:
        """Returns which of `count` things each round visits when, `[passes, count]`; always the same."""
        rng = np.random.default_rng(seed)
        return np.stack([rng.permutation(count) for _ in range(self.passes)])


class AdcRecipe(_Interleaved):
    """Gain, offset and INL of every channel and range from the reference input.

    `levels` a polarity reach `full_scale` of each range; `holdout_levels` lie between and are not fitted;
    `inl_knots` of the bend that all channels share, 0 for none. A channel is good when its gain is within
    `gain_tolerance` of the nominal and its scatter below `scatter_limit` times the median.
    """

    procedure: Literal["adc"]
    levels: Annotated[int, Field(ge=2, le=256)]
    holdout_levels: Annotated[int, Field(ge=2, le=256)]
    full_scale: Fraction
    inl_knots: Annotated[int, Field(ge=0, le=513)]
    gain_tolerance: Fraction
    scatter_limit: Annotated[float, Field(gt=1)]


class DarkRecipe(_Procedure):
    """Codes with the array connected and nothing driven."""

    procedure: Literal["dark"]


class NoiseRecipe(_Procedure):
    """Read noise of every cell of `rows` rows and of every column; `vectors` random products check it."""

    procedure: Literal["noise"]
    rows: Count
    vectors: Count


class DacRecipe(_Interleaved):
    """Read voltages against the nominal one: `voltages` of them, from `lowest` to `highest` of the limit."""

    procedure: Literal["dac"]
    rows: Count
    voltages: Annotated[int, Field(ge=5, le=65)]
    lowest: Fraction
    highest: Fraction


class LinesRecipe(_Procedure):
    """Resistance of rows and columns from the fall of formed cells along them."""

    procedure: Literal["lines"]


class DriftRecipe(_Procedure):
    """Conductance of `columns` reference columns with `rows` rows on, against the artefact before.

    The change is significant beyond `sigmas` standard uncertainties and matters beyond `threshold`, relative.
    """

    procedure: Literal["drift"]
    rows: Count
    columns: Count
    threshold: Fraction
    sigmas: Annotated[float, Field(gt=0)]


class Sequence(_Recipe):
    """Recipes run one after the other, each using what those before found."""

    procedure: Literal["sequence"]
    steps: Annotated[tuple[str, ...], Field(min_length=1)]


Procedure = AdcRecipe | DarkRecipe | NoiseRecipe | DacRecipe | LinesRecipe | DriftRecipe
Recipe = Procedure | Sequence
_RECIPE: Final[TypeAdapter[Recipe]] = TypeAdapter(Annotated[Recipe, Field(discriminator="procedure")])


def recipe_names() -> list[str]:
    """Returns the names of the shipped recipes."""
    return shipped_names(FOLDER)


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Returns a shipped recipe or one from a YAML file.

    Raises:
        ArtefactError: there is none, or it is not valid; the message names file, field and limit.
    """
    try:
        path = find_profile(name_or_path, FOLDER)
    except ProfileError as error:
        raise ArtefactError(
            str(error).replace("profile", "recipe"), value=error.value, limit=error.limit, where="recipe"
        ) from error
    try:
        return _RECIPE.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = [
            f"{path}: {'.'.join(str(step) for step in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise ArtefactError(
            "\n".join(faults), value=error.errors()[0].get("input"), where=str(path)
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = str(path) if mark is None else f"{path}:{mark.line + 1}"
        fault = getattr(error, "problem", None) or error
        raise ArtefactError(f"{place}: no valid YAML: {fault}", where=place) from error

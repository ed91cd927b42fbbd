# SPDX-License-Identifier: BSD-3-Clause
"""Where a record comes from: software, gateware, chip, profile, recipe, seeds."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

_GIT_LIMIT_S: Final = 5.0


@cache
def commit() -> str | None:
    """Returns the commit of the checkout that this package runs from; None where it is installed.

    An environment inside another project's checkout is no checkout of Ohmloop: this file must be tracked.
    """
    here = Path(__file__).resolve()
    try:
        _git(here.parent, "ls-files", "--error-unmatch", here.name)
        return _git(here.parent, "rev-parse", "HEAD")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    answer = subprocess.run(
        ["git", *words], cwd=folder, capture_output=True, text=True, timeout=_GIT_LIMIT_S, check=True
    )
    return answer.stdout.strip()


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record comes from; every record has one.

    Attributes:
        origin: "chip" or "emulated".
        chip: the sample's name.
        url: the board's URL.
        board_uid: 16 hexadecimal digits.
        build_hash: the gateware's, 8 hexadecimal digits.
        firmware_crc: of the loaded firmware, 8 hexadecimal digits.
        map_hash: of the register map, 8 hexadecimal digits.
        profile: name of the chip profile.
        profile_digest: CRC-32 of the whole profile, 8 hexadecimal digits.
        recipe: name of the recipe; "" without one.
        seeds: of everything random, by name.
        version: of Ohmloop.
        commit: of the checkout; None where Ohmloop is installed.
    """

    origin: str
    chip: str
    url: str = ""
    board_uid: str = ""
    build_hash: str = ""
    firmware_crc: str = ""
    map_hash: str = ""
    profile: str = ""
    profile_digest: str = ""
    recipe: str = ""
    seeds: dict[str, int] = field(default_factory=dict)
    version: str = field(default_factory=lambda: version("ohmloop"))
    commit: str | None = field(default_factory=commit)

    def with_recipe(self, recipe: str, **seeds: int) -> Provenance:
        """Returns the same provenance for a recipe and its seeds."""
        return replace(self, recipe=recipe, seeds=self.seeds | seeds)

    def text(self) -> str:
        """Returns it as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(cls, text: str) -> Provenance:
        """Returns the provenance that `text` gave."""
        held: dict[str, Any] = json.loads(text)
        return cls(**held)

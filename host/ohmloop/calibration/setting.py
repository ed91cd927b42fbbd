# SPDX-License-Identifier: BSD-3-Clause
"""What a procedure works with: the macro, its recipe, what was found before, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

import ohmloop
from ohmloop.board.estimate import Floats
from ohmloop.calibration.artefact import Artefact, Mask, Residual, Taken, Values, identity_of
from ohmloop.calibration.bundle import Calibration
from ohmloop.calibration.recipes import Procedure
from ohmloop.errors import LimitError
from ohmloop.registry.provenance import commit

if TYPE_CHECKING:
    from ohmloop.board import Board, Macro, Window

Tell = Callable[[str, float], None]
"""Called with what is being done and the fraction of the procedure that is."""
HEADROOM: Final = 0.95
"""Share of a converter's codes up to which a range is taken."""
RecipeKind = TypeVar("RecipeKind", bound=Procedure)


@dataclass(frozen=True, eq=False)
class Setting(Generic[RecipeKind]):
    """What a procedure works with."""

    macro: Macro
    recipe: RecipeKind
    using: Calibration
    tell: Tell

    @property
    def board(self) -> Board:
        """The open board."""
        return self.macro.board

    @property
    def columns(self) -> NDArray[np.intp]:
        """All columns of the macro."""
        return np.arange(self.macro.columns)

    def spread_rows(self, count: int) -> NDArray[np.intp]:
        """Returns `count` rows spread evenly over the macro; raises LimitError where it has fewer."""
        if count > self.macro.rows:
            raise LimitError(
                f"recipe {self.recipe.name}: {count} rows asked, the macro has {self.macro.rows}",
                value=count,
                limit=self.macro.rows,
                unit="rows",
                where="recipe rows",
            )
        return np.floor((np.arange(count) + 0.5) * self.macro.rows / count).astype(np.intp)

    def finest_range(self, x: NDArray[np.integer[Any]], window: Window, read_v: float | None = None) -> int:
        """Returns the finest range in which vectors of 0 and 1 saturate no column, else 0."""
        for one in range(self.macro.ranges - 1, 0, -1):
            got = self.macro.mac(x, window, bits=1, raw=True, range=one, read_v=read_v)
            room = np.abs(got.adc_codes).max() < HEADROOM * self.macro.profile.adc_bound
            if room and not got.saturated.any():
                return one
        return 0

    def plane_codes(
        self, x: NDArray[np.integer[Any]], window: Window, range_index: int | None
    ) -> tuple[Floats, int]:
        """Returns the codes of single conversions `[readings, vectors, columns]` and their range.

        Each vector `[vectors, rows]` of 0 and 1 is read `readings` times; the board's tables stay out.
        """
        n = self.recipe.readings
        got = self.macro.mac(np.tile(x, (n, 1)), window, bits=1, raw=True, range=range_index)
        return got.adc_code_sums.reshape(n, x.shape[0], window.shape[1]).astype(np.float64), got.range

    def artefact(
        self,
        kind: str,
        quantities: Mapping[str, Values],
        columns_ok: Mask,
        residual: Residual,
        *,
        settings: Mapping[str, Any] | None = None,
        notes: tuple[str, ...] = (),
    ) -> Artefact:
        """Returns an artefact of this recipe, taken now on this board."""
        now = datetime.now(UTC)
        taken = Taken(
            **identity_of(self.board),
            macro=self.macro.index,
            origin=self.board.origin,
            url=self.board.url,
            time_utc=now,
            recipe=self.recipe.name,
            recipe_digest=self.recipe.digest,
            version=ohmloop.__version__,
            commit=commit(),
        )
        until = now + timedelta(hours=self.recipe.valid_hours)
        return Artefact(kind, quantities, columns_ok, taken, until, residual, dict(settings or {}), notes)


def rms(values: Floats) -> float:
    """Returns the root mean square; 0 of nothing."""
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0

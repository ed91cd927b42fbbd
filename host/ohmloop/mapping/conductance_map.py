# SPDX-License-Identifier: BSD-3-Clause
"""A measured map: a conductance, an uncertainty and a state for every cell of a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ohmloop.board.results import EMULATED
from ohmloop.errors import ShapeError
from ohmloop.mapping.states import CellState, States

if TYPE_CHECKING:
    import xarray as xr

    from ohmloop.mapping.comparison import MapComparison

Floats = NDArray[np.float64]
MICRO = 1e6


@dataclass(frozen=True, eq=False, repr=False)
class ConductanceMap:
    """What a window's cells conduct, used as an array of siemens.

    Attributes:
        siemens: conductances at the nominal read voltage `[rows, columns]`; NaN where masked or lost.
        independent_siemens: standard uncertainty that each cell has for itself.
        channel_siemens: standard uncertainty that a column's cells share: gain and dark code of its channel.
        board_siemens: standard uncertainty that all cells share.
        state: a CellState each, uint8.
        range: current range of each, -1 where none.
        rows: driven lines `[rows]`.
        columns: sensed lines `[columns]`.
        method: "onehot" or "multiplexed".
        samples: readings of each cell, or passes of the patterns.
        conversions: that the whole took, dark readings and second tries included.
        facts: what else is known, JSON-ready: `origin`, `chip`, `profile`, `url`, `time` (UTC),
            `board_seconds`, `scale`, `lines`, `noise`, `predicted`, `provenance`.
    """

    siemens: Floats
    independent_siemens: Floats
    channel_siemens: Floats
    board_siemens: Floats
    state: States
    range: NDArray[np.int8]
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    method: str
    samples: int
    conversions: int
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = (self.rows.size, self.columns.size)
        for name in ("siemens", "independent_siemens", "channel_siemens", "board_siemens", "state", "range"):
            array = getattr(self, name)
            if array.shape != shape:
                raise ShapeError(
                    f"{name}: shape {array.shape}, {shape} expected",
                    value=array.shape,
                    limit=shape,
                    where=name,
                )
            array.setflags(write=False)

    @property
    def uncertainty_siemens(self) -> Floats:
        """Standard uncertainty of each cell, all parts together."""
        parts = (self.independent_siemens, self.channel_siemens, self.board_siemens)
        return np.asarray(np.sqrt(sum(part**2 for part in parts)))

    @property
    def shape(self) -> tuple[int, int]:
        """`(rows, columns)`."""
        return self.rows.size, self.columns.size

    @property
    def origin(self) -> str:
        """Whose data it is: "chip" or "emulated", or "replay of" either."""
        return str(self.facts.get("origin", "unknown"))

    @property
    def chip(self) -> str:
        """Name of the sample."""
        return str(self.facts.get("chip", ""))

    @property
    def is_emulated(self) -> bool:
        """The data is no chip's."""
        return "emulated" in self.origin

    def counts(self) -> dict[str, int]:
        """Returns the number of cells in each state, by its name in lower case."""
        return {one.name.lower(): int(np.count_nonzero(self.state == one)) for one in CellState}

    def of_state(self, *states: CellState) -> Floats:
        """Returns the conductances of the cells in the states named, siemens `[cells]`."""
        return np.asarray(self.siemens[np.isin(self.state, states)])

    def summary(self) -> dict[str, Any]:
        """Returns what a report says of the map, JSON-ready; siemens."""
        measured = self.siemens[np.isfinite(self.siemens)]
        formed = self.of_state(CellState.FORMED)

        def told(values: Floats) -> dict[str, float | None]:
            if values.size == 0:
                return {"mean": None, "sd": None}
            return {"mean": float(values.mean()), "sd": float(values.std())}

        uncertainty = self.uncertainty_siemens[np.isfinite(self.siemens)]
        return {
            "shape": list(self.shape),
            "method": self.method,
            "samples": self.samples,
            "conversions": self.conversions,
            "states": self.counts(),
            "siemens": told(measured),
            "formed_siemens": told(formed),
            "median_uncertainty_siemens": float(np.median(uncertainty)) if uncertainty.size else None,
            **self.facts,
        }

    def compare(self, earlier: ConductanceMap, *, significance: float = 5.0) -> MapComparison:
        """Returns what changed since an earlier map of the same cells; see `MapComparison`."""
        from ohmloop.mapping.comparison import compared

        return compared(earlier, self, significance=significance)

    def to_numpy(self) -> dict[str, NDArray[Any]]:
        """Returns the arrays by name, `uncertainty_siemens` among them; copies."""
        from ohmloop.mapping.files import ARRAYS

        arrays = {name: np.array(getattr(self, name)) for name in ARRAYS}
        return arrays | {"uncertainty_siemens": self.uncertainty_siemens}

    def to_xarray(self) -> xr.Dataset:
        """Returns a labelled data set (extra `data`)."""
        from ohmloop.mapping.files import to_xarray

        return to_xarray(self)

    def to_csv(self, path: str | Path) -> Path:
        """Writes one line a cell, with the facts as comments above; returns the path."""
        from ohmloop.mapping.files import write_csv

        return write_csv(self, Path(path))

    def save(self, path: str | Path) -> Path:
        """Writes the map as its ending says, .nc (NetCDF), .npz or .csv; returns the path.

        Raises:
            LimitError: another ending.
        """
        from ohmloop.mapping.files import write_map

        return write_map(self, Path(path))

    @staticmethod
    def load(path: str | Path) -> ConductanceMap:
        """Returns a map from a file that `save` wrote.

        Raises:
            MapError: the file is no map.
        """
        from ohmloop.mapping.files import read_map

        return read_map(Path(path))

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.siemens, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return len(self.siemens)

    def __getitem__(self, key: Any) -> Any:
        return self.siemens[key]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.counts().items() if count)
        mark = f"{EMULATED} " if self.is_emulated else ""
        rows, columns = self.shape
        return (
            f"{mark}ConductanceMap({rows} x {columns}, {counts}; {self.method}, {self.samples} samples, "
            f"{self.conversions} conversions, chip {self.chip!r})"
        )

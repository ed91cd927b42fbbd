# SPDX-License-Identifier: BSD-3-Clause
"""Maps to files and back: NetCDF, NumPy and CSV, with everything that is known of them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import LimitError, MapError
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.states import CellState

if TYPE_CHECKING:
    import xarray as xr

FORMAT: Final = "ohmloop-map-1"
CELLS: Final = ("siemens", "independent_siemens", "channel_siemens", "board_siemens", "state", "range")
ARRAYS: Final = (*CELLS, "rows", "columns")
SIEMENS: Final = CELLS[:4]
MARK: Final = "# "


def _header(one: ConductanceMap) -> str:
    known = {"format": FORMAT, "method": one.method, "samples": one.samples, "conversions": one.conversions}
    return json.dumps(known | {"facts": dict(one.facts)})


def _map_of(arrays: dict[str, NDArray[Any]], header: str, path: Path) -> ConductanceMap:
    """Returns the map that arrays and header describe; raises MapError where they are no map's."""
    try:
        known = json.loads(header)
        if known["format"] != FORMAT:
            raise MapError(
                f"{path}: format {known['format']!r}, {FORMAT!r} expected",
                value=known["format"],
                limit=FORMAT,
                where=str(path),
            )
        return ConductanceMap(
            **{name: np.array(arrays[name], dtype=np.float64) for name in SIEMENS},
            state=np.array(arrays["state"]).astype(np.uint8),
            range=np.array(arrays["range"]).astype(np.int8),
            rows=np.array(arrays["rows"]).astype(np.intp),
            columns=np.array(arrays["columns"]).astype(np.intp),
            method=known["method"],
            samples=int(known["samples"]),
            conversions=int(known["conversions"]),
            facts=known["facts"],
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, MapError):
            raise
        raise MapError(f"{path}: no map: {error}", value=str(error), where=str(path)) from error


# NumPy


def _write_npz(one: ConductanceMap, path: Path) -> None:
    arrays = {name: getattr(one, name) for name in ARRAYS}
    with path.open("wb") as file:
        np.savez_compressed(file, header=np.array(_header(one)), **arrays)


def _read_npz(path: Path) -> ConductanceMap:
    with np.load(path, allow_pickle=False) as file:
        return _map_of({name: file[name] for name in ARRAYS}, str(file["header"]), path)


# CSV


def write_csv(one: ConductanceMap, path: Path) -> Path:
    """Writes one line a cell below the facts as a comment; returns the path."""
    text = io.StringIO()
    text.write(f"{MARK}{_header(one)}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["row", "column", *SIEMENS, "uncertainty_siemens", "state", "range"])
    total = one.uncertainty_siemens
    for i, j in np.ndindex(one.shape):
        numbers = [f"{getattr(one, name)[i, j]:.9g}" for name in SIEMENS]
        state = CellState(int(one.state[i, j])).name.lower()
        writer.writerow([one.rows[i], one.columns[j], *numbers, f"{total[i, j]:.9g}", state, one.range[i, j]])
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _read_csv(path: Path) -> ConductanceMap:
    header, names, *lines = path.read_text(encoding="utf-8").splitlines()
    if not header.startswith(MARK):
        raise MapError(f"{path}:1: no header", value=header[:40], limit=MARK, where=f"{path}:1")
    cells = list(csv.DictReader([names, *lines]))
    rows = list(dict.fromkeys(int(cell["row"]) for cell in cells))
    columns = list(dict.fromkeys(int(cell["column"]) for cell in cells))
    shape = (len(rows), len(columns))
    arrays: dict[str, NDArray[Any]] = {
        name: np.array([float(cell[name]) for cell in cells]).reshape(shape) for name in (*SIEMENS, "range")
    }
    arrays["state"] = np.array([CellState[cell["state"].upper()] for cell in cells]).reshape(shape)
    arrays |= {"rows": np.array(rows), "columns": np.array(columns)}
    return _map_of(arrays, header.removeprefix(MARK), path)


# NetCDF


def to_xarray(one: ConductanceMap) -> xr.Dataset:
    """Returns a labelled data set: the arrays by row and column, the facts as attributes (extra `data`)."""
    import xarray as xr

    axes = ("row", "column")
    cells = {name: (axes, np.array(getattr(one, name)), {"units": "S"}) for name in SIEMENS}
    cells["uncertainty_siemens"] = (axes, one.uncertainty_siemens, {"units": "S"})
    meaning = " ".join(state.name.lower() for state in CellState)
    flags = {"flag_values": np.arange(len(CellState), dtype=np.int8), "flag_meanings": meaning}
    return xr.Dataset(
        cells
        | {
            "state": (axes, one.state.astype(np.int8), flags),
            "range": (axes, np.array(one.range), {"units": "1"}),
        },
        coords={"row": one.rows.astype(np.int32), "column": one.columns.astype(np.int32)},
        attrs={"header": _header(one), "origin": one.origin, "chip": one.chip, "method": one.method},
    )


def _write_netcdf(one: ConductanceMap, path: Path) -> None:
    to_xarray(one).to_netcdf(path, engine="scipy")


def _read_netcdf(path: Path) -> ConductanceMap:
    import xarray as xr

    with xr.open_dataset(path, engine="scipy") as data:
        arrays: dict[str, NDArray[Any]] = {name: data[name].to_numpy() for name in CELLS}
        arrays |= {"rows": data["row"].to_numpy(), "columns": data["column"].to_numpy()}
        return _map_of(arrays, str(data.attrs["header"]), path)


_WRITERS: Final[dict[str, Callable[[ConductanceMap, Path], object]]] = {
    ".nc": _write_netcdf,
    ".npz": _write_npz,
    ".csv": write_csv,
}
_READERS: Final[dict[str, Callable[[Path], ConductanceMap]]] = {
    ".nc": _read_netcdf,
    ".npz": _read_npz,
    ".csv": _read_csv,
}


def require_known_ending(path: Path) -> str:
    """Returns the ending of a map's file; raises LimitError for one that no map has."""
    if path.suffix not in _WRITERS:
        raise LimitError(
            f"{path}: a map is written as {', '.join(_WRITERS)}",
            value=path.suffix,
            limit=tuple(_WRITERS),
            where=str(path),
        )
    return path.suffix


def write_map(one: ConductanceMap, path: Path) -> Path:
    """Writes a map as its path ends; returns the path. See `ConductanceMap.save`."""
    _WRITERS[require_known_ending(path)](one, path)
    return path


def read_map(path: Path) -> ConductanceMap:
    """Returns the map of a file; see `ConductanceMap.load`."""
    reader = _READERS[require_known_ending(path)]
    try:
        return reader(path)
    except MapError:
        raise
    except (OSError, KeyError, ValueError, IndexError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise MapError(
            f"{path}: cannot be read as a map: {error}", value=str(error), where=str(path)
        ) from error

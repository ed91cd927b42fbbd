# SPDX-License-Identifier: BSD-3-Clause
"""Arrays, plain values and times to what a database column holds, and back."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import RegistryError, ShapeError

Arrays = Mapping[str, ArrayLike]
Plain = Mapping[str, Any]


def pack_arrays(arrays: Arrays, *, compressed: bool = True) -> bytes:
    """Returns named arrays as one npz; its members carry a CRC.

    Raises:
        ShapeError: something is no array of numbers, booleans or text.
    """
    held = {name: np.asarray(values) for name, values in arrays.items()}
    for name, values in held.items():
        if values.dtype.kind not in "biufcSU":
            raise ShapeError(
                f"{name}: dtype {values.dtype} cannot be recorded",
                value=str(values.dtype),
                limit="numbers, booleans or text",
                where=name,
            )
    stream = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(stream, **held)  # type: ignore[arg-type]
    return stream.getvalue()


def unpack_arrays(blob: bytes | None, where: str) -> dict[str, NDArray[Any]]:
    """Returns the named arrays of an npz; raises RegistryError where it is damaged."""
    if blob is None:
        return {}
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise RegistryError(f"{where}: the arrays are damaged: {error}", where=where) from error


def _plain(value: object) -> object:
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, datetime):
        return time_text(value)
    raise TypeError(f"{type(value).__name__} cannot be recorded")


def pack_plain(values: Plain) -> str:
    """Returns plain values (numbers, texts, lists, NumPy too) as JSON; raises ShapeError for others."""
    try:
        return json.dumps(dict(values), default=_plain, sort_keys=True)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{error}; numbers, texts, lists and dicts can", value=repr(values)) from error


def unpack_plain(text: str) -> dict[str, Any]:
    """Returns what `pack_plain` packed."""
    held: dict[str, Any] = json.loads(text)
    return held


def now_text() -> str:
    """Returns the present time, UTC."""
    return time_text(datetime.now(UTC))


def time_text(time: datetime) -> str:
    """Returns a time as text that sorts; raises ShapeError for one without a time zone."""
    if time.tzinfo is None:
        raise ShapeError(f"{time}: a time without a zone; use UTC", value=str(time), limit="UTC")
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str) -> datetime:
    """Returns the time that a text holds."""
    return datetime.fromisoformat(text)

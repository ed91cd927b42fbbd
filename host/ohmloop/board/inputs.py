# SPDX-License-Identifier: BSD-3-Clause
"""What a user gives an operation, checked before anything is sent."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._arrays import require_unmasked
from ohmloop._map import G_BITS
from ohmloop.board.limits import whole
from ohmloop.board.window import Window
from ohmloop.errors import LimitError, ShapeError

Integers = NDArray[np.integer[Any]]
G_CODE_MAX: Final = (1 << G_BITS) - 1
MAX_AVERAGES: Final = 128


def integers(values: ArrayLike, where: str) -> Integers:
    """Returns an array of integers or booleans as integers.

    Raises:
        LimitError: a value is NaN or infinite.
        ShapeError: the values are no integers, or some are masked.
    """
    require_unmasked(values, where)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{where}: no array: {error}", value=type(values).__name__, where=where) from error
    if array.dtype == np.bool_:
        return array.view(np.uint8)
    if np.issubdtype(array.dtype, np.integer):
        return array
    if np.issubdtype(array.dtype, np.inexact) and not np.all(np.isfinite(array)):
        place = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
        raise LimitError(
            f"{where}{place}: {array[tuple(place)]} is no code; finite integers expected",
            value=float(np.real(array[tuple(place)])),
            limit="finite",
            unit="codes",
            where=f"{where}{place}",
        )
    raise ShapeError(
        f"{where}: dtype {array.dtype}, integers expected (quantise first)",
        value=str(array.dtype),
        limit="integer",
        where=where,
    )


def require_between(codes: Integers, low: int, high: int, where: str) -> None:
    """Raises LimitError that names the first code outside `low` .. `high`."""
    if codes.size == 0 or (int(codes.min()) >= low and int(codes.max()) <= high):
        return
    place = [int(i) for i in np.argwhere((codes < low) | (codes > high))[0]]
    code = int(codes[tuple(place)])
    raise LimitError(
        f"{where}{place}: code {code}, {low} .. {high} allowed",
        value=code,
        limit=low if code < low else high,
        unit="codes",
        where=f"{where}{place}",
    )


def require_shape(codes: Integers, shape: tuple[int | None, ...], names: str, where: str) -> None:
    """Raises ShapeError unless the shape fits; None fits any size of at least one."""
    fits = codes.ndim == len(shape) and all(
        size >= 1 if wanted is None else size == wanted
        for size, wanted in zip(codes.shape, shape, strict=True)
    )
    if not fits:
        wanted_text = ", ".join("n" if size is None else str(size) for size in shape)
        hint = f" (one vector: {where}[None])" if shape[0] is None and codes.shape == shape[1:] else ""
        raise ShapeError(
            f"{where}: shape {codes.shape}, {names} = [{wanted_text}] expected{hint}",
            value=codes.shape,
            limit=shape,
            where=where,
        )


def input_codes(x_codes: ArrayLike, window: Window, bits: int) -> tuple[Integers, bool]:
    """Returns checked input vectors `[n, rows]` in wire order and whether any is negative."""
    codes = integers(x_codes, "x_codes")
    require_shape(codes, (None, window.shape[0]), "[n, rows]", "x_codes")
    most = (1 << bits) - 1
    require_between(codes, -most, most, "x_codes")
    signed = bool(codes.dtype.kind == "i" and int(codes.min()) < 0)
    order = window.row_lineup.order
    return codes if order is None else codes[:, order], signed


def conductance_codes(g_codes: ArrayLike, window: Window) -> NDArray[np.uint16]:
    """Returns checked conductance codes `[rows, columns]` in wire order."""
    codes = integers(g_codes, "g_codes")
    require_shape(codes, window.shape, "[rows, columns]", "g_codes")
    require_between(codes, 0, G_CODE_MAX, "g_codes")
    for axis, lineup in ((0, window.row_lineup), (1, window.column_lineup)):
        if lineup.order is not None:
            codes = np.take(codes, lineup.order, axis=axis)
    return codes.astype(np.uint16)


def averages_log2(averages: int, *, raw: bool = False) -> int:
    """Returns the logarithm of a number of averages: 1, 2, 4 .. 128, with `raw` only 1."""
    number = whole(averages, "averages", lowest=1, highest=1 if raw else MAX_AVERAGES)
    if number & (number - 1):
        raise LimitError(
            f"averages: {number} asked, a power of two up to {MAX_AVERAGES} expected",
            value=number,
            limit=MAX_AVERAGES,
            where="averages",
        )
    return number.bit_length() - 1

# SPDX-License-Identifier: BSD-3-Clause
"""Pristine windows to formed and measured ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import LimitError, NotPrepared, ShapeError
from ohmloop.systems.prepared import SIEMENS_TO_US, PreparedWindow, PreparedWindows
from ohmloop.systems.reader import load_formed

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.board.estimate import ProductCalibration

AVERAGES: Final = 64
"""Readings averaged for each row sum and each dark code."""

_LOST_FRACTION: Final = 0.5  # row sums below this part of the measured ones: another chip, or reset cells


def prepare(
    macro: Macro,
    *,
    features: int,
    hidden: int,
    voltage_v: float | None = None,
    gate_v: float | None = None,
    width_s: float | None = None,
    averages: int = AVERAGES,
    calibration: ProductCalibration | None = None,
) -> PreparedWindows:
    """Forms the two windows of an echo-state network once and measures their row sums.

    The input window takes rows 0 to `features`, the recurrent one the `hidden` rows below; both take
    columns 0 to `hidden - 1`. Rows in which a cell conducts already are not pulsed again, so that a second
    call on the same chip only measures.

    Args:
        macro: of an open board.
        features: node features; a bias row is added.
        hidden: states of a node.
        voltage_v: forming voltage; None takes the profile's.
        gate_v: gate voltage while forming; None takes the profile's.
        width_s: pulse width; None takes the profile's.
        averages: readings behind each mean, a power of two from 1 to 128.
        calibration: as in `Macro.matvec`, for row sums and products.

    Raises:
        LimitError: the windows do not fit the macro, or a voltage is above its limit; nothing was driven.
    """
    input_window, recurrent_window = default_windows(macro, features=features, hidden=hidden)
    pulses = [
        form_pristine_rows(macro, window, voltage_v=voltage_v, gate_v=gate_v, width_s=width_s)
        for window in (input_window, recurrent_window)
    ]
    return PreparedWindows(
        *(
            measure(macro, window, averages=averages, pulses_given=given, calibration=calibration)
            for window, given in zip((input_window, recurrent_window), pulses, strict=True)
        )
    )


def default_windows(macro: Macro, *, features: int, hidden: int) -> tuple[Window, Window]:
    """Returns where `prepare` puts the input and the recurrent window.

    Raises:
        LimitError: they do not fit the macro.
    """
    for name, value, limit in (
        ("features", features, macro.rows - 1 - max(hidden, 1)),
        ("hidden", hidden, min(macro.columns, macro.rows - 2)),
    ):
        if not 1 <= value <= limit:
            fitting = f"from 1 to {limit} fit" if limit >= 1 else "none fits"
            taken = f"{features} features and {hidden} hidden nodes take {features + 1 + hidden} rows"
            raise LimitError(
                f"{name}: {value} asked, {fitting} a macro of {macro.rows} x {macro.columns}: {taken}",
                value=value,
                limit=limit,
                unit="lines",
                where=name,
            )
    first = features + 1
    return macro[0:first, 0:hidden], macro[first : first + hidden, 0:hidden]


def form_pristine_rows(
    macro: Macro,
    window: Window,
    *,
    voltage_v: float | None = None,
    gate_v: float | None = None,
    width_s: float | None = None,
) -> int:
    """Gives one forming pulse to every cell of the rows in which no cell conducts.

    A board that only reads gets the cells that its twin forms of the same chip.

    Returns:
        Cell pulses given.
    """
    pristine = ~formed_cells(macro, window).any(axis=1)
    if not pristine.any():
        return 0
    nominal = macro.profile.forming
    voltage_v = nominal.voltage_v if voltage_v is None else voltage_v
    target = macro[window.rows[pristine], window.columns]
    if macro.board.is_read_only:
        load_formed(macro, target, voltage_v=voltage_v, gate_v=gate_v, width_s=width_s)
        return 0
    if not macro.board.contacts.are_good(target):
        macro.check_contact(target)
    cells = int(target.shape[0] * target.shape[1])
    with macro.board.armed(target, ops={"form"}, max_pulses=cells, max_voltage_v=voltage_v, expires_s=60.0):
        result = macro.form(
            target,
            voltage_v=voltage_v,
            gate_v=nominal.gate_v if gate_v is None else gate_v,
            width_s=nominal.width_s if width_s is None else width_s,
        )
    return int(result.pulses_given)


def formed_cells(macro: Macro, window: Window) -> NDArray[np.bool_]:
    """Reads which cells conduct more than a pristine one can, `[rows, cols]`."""
    reading = macro.read_adc_codes(window, range=macro.ranges - 1)
    siemens = reading.adc_codes * macro.profile.siemens_per_adc_code(reading.range)
    return np.asarray(siemens >= macro.profile.formed_floor * macro.profile.g_lsb_siemens)


def measure(
    macro: Macro,
    window: Window,
    *,
    averages: int = AVERAGES,
    pulses_given: int = 0,
    calibration: ProductCalibration | None = None,
) -> PreparedWindow:
    """Measures dark codes and row sums of a formed window; gives no pulse. Arguments as in `prepare`.

    Raises:
        NotPrepared: no cell of the window conducts.
    """
    formed = float(formed_cells(macro, window).mean())
    if formed == 0.0:
        raise NotPrepared(
            f"no cell of {window!r} conducts: prepare() forms it",
            value=0.0,
            limit="above 0",
            unit="formed fraction",
            where=repr(window),
        )
    chosen, blocks, dark, sums = _row_sums(macro, window, averages)
    us_per_code = macro.profile.siemens_per_adc_code(chosen) * SIEMENS_TO_US
    if calibration is not None:
        got = macro.matvec(
            _row_blocks(window, blocks).astype(np.float64),
            window,
            calibration=calibration,
            x_unit="1",
            bits=1,
            range=chosen,
            averages=averages,
        )
        sums = got.values.sum(axis=0) * SIEMENS_TO_US / us_per_code
    return PreparedWindow(
        window=window,
        range=chosen,
        us_per_code=us_per_code,
        dark_codes=dark,
        row_sum_codes=sums,
        formed_fraction=formed,
        averages=averages,
        blocks=blocks,
        pulses_given=pulses_given,
        calibration=calibration,
    )


def _row_blocks(window: Window, blocks: int) -> NDArray[np.uint8]:
    """Returns `[blocks, rows]`: which rows are on in each block."""
    rows = int(window.shape[0])
    member = np.arange(rows) * blocks // rows
    return np.asarray(member == np.arange(blocks)[:, None], np.uint8)


def _row_sums(
    macro: Macro, window: Window, averages: int
) -> tuple[int, int, NDArray[np.float64], NDArray[np.float64]]:
    """Returns range, blocks, dark codes and row sums, from the finest range in which nothing saturates."""
    rows = int(window.shape[0])
    attempts = [(chosen, 1) for chosen in reversed(range(macro.ranges))]
    attempts += [(0, 1 << k) for k in range(1, rows.bit_length()) if 1 << k <= rows] + [(0, rows)]
    for chosen, blocks in attempts:
        member = np.arange(rows) * blocks // rows
        x_codes = np.vstack([np.zeros(rows), member == np.arange(blocks)[:, None]]).astype(np.uint8)
        result = macro.mac(x_codes, window, bits=1, range=chosen, averages=averages)
        if not result.saturated.any():
            means = result.adc_code_sums / averages
            return chosen, blocks, means[0], (means[1:] - means[0]).sum(axis=0)
    raise LimitError(
        f"{window!r}: a single row saturates the coarsest range",
        value=1,
        limit=1,
        unit="rows",
        where=repr(window),
    )


def require_formed(macro: Macro, prepared: PreparedWindow) -> None:
    """Reads all rows once and compares with the measured row sums; gives no pulse.

    Raises:
        NotPrepared: the window conducts far less than when it was measured: another chip, or its cells were
        reset. ShapeError: the window was prepared on another macro.
    """
    if prepared.window.macro is not macro:
        raise ShapeError(
            "the windows were prepared on another board or macro",
            value=repr(prepared.window.macro),
            limit=repr(macro),
            unit="",
            where="windows",
        )
    x_codes = _row_blocks(prepared.window, prepared.blocks)
    result = macro.mac(x_codes, prepared.window, bits=1, range=prepared.range)
    now = (result.adc_codes - prepared.dark_codes).sum() * prepared.us_per_code
    then = prepared.row_sum_us.sum()
    if now < _LOST_FRACTION * then:
        raise NotPrepared(
            f"{prepared.window!r} conducts {now:.1f} uS in all, {then:.1f} uS when it was measured: "
            "prepare() it again",
            value=float(now),
            limit=float(_LOST_FRACTION * then),
            unit="uS",
            where=repr(prepared.window),
        )

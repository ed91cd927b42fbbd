# SPDX-License-Identifier: BSD-3-Clause
"""A window to its conductance map."""

from __future__ import annotations

import datetime
from dataclasses import asdict, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import chi2

from ohmloop._map import Register
from ohmloop.board.estimate import require_calibration
from ohmloop.board.watching import JobWatch
from ohmloop.errors import LimitError, MapError, ShapeError
from ohmloop.mapping.choosing import Predicted, predicted
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.multiplexed import read_multiplexed
from ohmloop.mapping.noise import NoiseModel, fitted, onehot_variance
from ohmloop.mapping.onehot import read_onehot
from ohmloop.mapping.patterns import patterns_for
from ohmloop.mapping.reading import Floats, Reading, Setup, checked_samples
from ohmloop.mapping.scale import CalibratedScale, NominalScale, Scale
from ohmloop.mapping.states import States, classified
from ohmloop.mapping.steps import Journal, Progress, Steps

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window
    from ohmloop.board.watching import Watch

METHODS: Final = ("auto", "onehot", "multiplexed")
CONVERTERS: Final = "adc"
"""Kind of the artefact that siemens come from."""
LEAST_SCATTER: Final = 256
"""Degrees of freedom from which the scatter of the readings is believed rather than the profile."""
LEAST_FREEDOM: Final = 3
"""Degrees of freedom of one cell from which its own scatter can speak against the model."""
RESTLESS: Final = 1e-4
"""Probability of a quiet cell's scatter above which it counts as restless (telegraph noise)."""
LINES_IN: Final = "resistance of lines not taken out"
Bools = NDArray[np.bool_]


def measure_map(
    macro: Macro,
    window: Window | None = None,
    *,
    method: str = "auto",
    samples: int = 4,
    order: int | None = None,
    mask: ArrayLike | None = None,
    read_v: float | None = None,
    calibration: Any = None,
    accept_mismatch: bool = False,
    earlier: ConductanceMap | None = None,
    journal: Journal | None = None,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> ConductanceMap:
    """Measures what the cells of a window conduct; gives no pulse. See `Macro.map`.

    Raises:
        LimitError, ShapeError, MapError: an argument is wrong; nothing was sent.
    """
    whole = macro[:, :] if window is None else window
    masked = checked_mask(mask, whole)
    known = known_before(earlier, whole, accept_mismatch)
    rows, columns = np.flatnonzero(~masked.all(axis=1)), np.flatnonzero(~masked.all(axis=0))
    part = whole[rows, columns]
    check_plan(macro, rows.size, method=method, samples=samples, order=order, read_v=read_v)
    watched = JobWatch(watch, [] if journal is None else list(journal.drift))
    used = watched.calibration if calibration is None else calibration
    steps = Steps(journal, progress, watched)
    setup = setup_for(macro, samples, read_v, used, accept_mismatch, steps)
    setup.steps.expected = part.size * setup.samples
    forecast = predicted(setup, part, order=order)
    chosen = forecast.better if method == "auto" else method
    reading = (
        read_multiplexed(setup, part, order=order) if chosen == "multiplexed" else read_onehot(setup, part)
    )
    watched.look(setup.steps.board_seconds, last=True)
    noise = _weighed(setup, reading, chosen)
    all_cells = Reading.empty(whole.shape)
    all_cells.put(reading, (rows, columns), np.ones(part.shape, np.bool_))
    return _map(setup, whole, all_cells, masked, known, noise, chosen, forecast)


def setup_for(
    macro: Macro, samples: int, read_v: float | None, calibration: Any, accept: bool, steps: Steps
) -> Setup:
    """Returns a checked measurement; raises LimitError for a voltage above the limit or no power of two."""
    volts = macro.profile.read_v if read_v is None else read_v
    code = macro.board.limits.voltage_code(volts, Register.LIMIT_READ_V, "read_v")
    if code == 0:
        raise LimitError("read_v: 0 V reads nothing", value=volts, limit="above 0", unit="V", where="read_v")
    drive = code / macro.profile.volts_to_dac_codes(macro.profile.read_v)
    nominal = NominalScale(macro, drive)
    scale: Scale = nominal
    if calibration is not None:
        require_calibration(calibration, "siemens")
        remarks = calibration.require(macro.board, macro=macro.index, accept_mismatch=accept)
        calibration[CONVERTERS]  # raises NotCalibrated without it
        scale = CalibratedScale(calibration, nominal, tuple(remarks), steps.watch)
    noise = NoiseModel.of_profile(macro.profile, emulated=macro.is_emulated)
    return Setup(macro, scale, noise, drive * macro.profile.read_v, checked_samples(samples), steps)


def check_plan(
    macro: Macro, rows: int, *, method: str, samples: int, order: int | None, read_v: float | None
) -> None:
    """Raises LimitError where a map of `rows` rows cannot be measured so."""
    if method not in METHODS:
        raise LimitError(
            f"method: {method!r} asked, one of {', '.join(METHODS)} expected",
            value=method,
            limit=METHODS,
            where="method",
        )
    if method != "onehot":
        patterns_for(rows, order)
    setup_for(macro, samples, read_v, None, False, Steps())


def checked_mask(mask: ArrayLike | None, window: Window) -> Bools:
    """Returns which cells of a window are left out; raises ShapeError where it is no mask of them."""
    if mask is None:
        return np.zeros(window.shape, np.bool_)
    masked = np.asarray(mask)
    if masked.dtype != np.bool_ or masked.shape != window.shape:
        raise ShapeError(
            f"mask: {masked.dtype} of shape {masked.shape}, bool {window.shape} expected (true: left out)",
            value=masked.shape,
            limit=window.shape,
            where="mask",
        )
    if masked.all():
        raise ShapeError("mask: every cell is left out", value=0, limit=1, unit="cells", where="mask")
    return masked


def known_before(earlier: object, window: Window, accept_mismatch: bool = False) -> States | None:
    """Returns the states that an earlier map tells of a window's cells.

    Raises:
        ShapeError: it is a map of other cells.
        MapError: of another chip or macro, unless that is accepted.
    """
    if earlier is None:
        return None
    if not isinstance(earlier, ConductanceMap):
        kind = type(earlier).__name__
        raise ShapeError(f"earlier: a {kind}, a ConductanceMap expected", value=kind, where="earlier")
    if not (np.array_equal(earlier.rows, window.rows) and np.array_equal(earlier.columns, window.columns)):
        raise ShapeError(
            f"earlier: a map of {earlier.shape} other cells than {window!r}",
            value=earlier.shape,
            limit=window.shape,
            where="earlier",
        )
    macro, facts = window.macro, earlier.facts
    here = {"origin": macro.board.origin, "chip": macro.board.chip, "macro": macro.index}
    other = [
        f"{name} {facts.get(name)!r}, {now!r} here" for name, now in here.items() if facts.get(name) != now
    ]
    if other and not accept_mismatch:
        raise MapError(f"earlier: a map of {'; '.join(other)}", value=other, limit=here, where="earlier")
    return earlier.state


def _weighed(setup: Setup, reading: Reading, method: str) -> NoiseModel:
    """Sets the variances to what the scatter of the readings shows, where there is enough of it."""
    cells = np.isfinite(reading.scatter) & np.isfinite(reading.siemens)
    if (setup.groups - 1) * np.count_nonzero(cells) < LEAST_SCATTER:
        return setup.noise
    codes = np.array([setup.scale.code_siemens(one) for one in range(setup.macro.ranges)])[reading.range]
    scatter = reading.scatter[cells]
    if method == "onehot":
        return _weighed_onehot(setup, reading, cells, codes)
    ratio = float(np.mean(scatter / (reading.noise[cells] * setup.samples)))
    reading.noise *= ratio
    return replace(setup.noise, source=f"{setup.noise.source}, times {ratio**0.5:.3f} as scattered")


def _weighed_onehot(setup: Setup, reading: Reading, cells: Bools, codes: Floats) -> NoiseModel:
    """Fits read and converter noise; cells that scatter far more than that keep their own scatter."""
    model = fitted(setup.noise, reading.siemens[cells], reading.scatter[cells], codes[cells])
    freedom = setup.groups - 1
    restless = np.zeros_like(cells)
    if freedom >= LEAST_FREEDOM:
        limit = chi2.isf(RESTLESS, freedom) / freedom
        expected = onehot_variance(model, reading.siemens, codes, setup.averages) * setup.averages
        restless = cells & (reading.scatter > limit * expected)
        quiet = cells & ~restless
        model = fitted(setup.noise, reading.siemens[quiet], reading.scatter[quiet], codes[quiet])
    reading.noise = onehot_variance(model, reading.siemens, codes, setup.samples)
    reading.noise[restless] = reading.scatter[restless] / setup.samples
    return model


def _map(
    setup: Setup,
    window: Window,
    reading: Reading,
    masked: Bools,
    known: States | None,
    noise: NoiseModel,
    method: str,
    forecast: Predicted,
) -> ConductanceMap:
    siemens = np.where(masked, np.nan, reading.siemens)
    channel, board = _common_parts(setup, window, reading, siemens)
    independent = np.where(masked, np.nan, np.sqrt(reading.noise))
    behind = setup.scale.behind_lines(siemens, window)
    if behind is not None:
        siemens = behind.siemens
        independent, channel = independent / behind.passed, channel / behind.passed
        board = np.hypot(board / behind.passed, behind.board)
    total = np.nan_to_num(np.sqrt(independent**2 + channel**2 + board**2))
    states = classified(
        siemens, total, setup.macro.profile, masked=masked, shorted=reading.saturated, known=known
    )
    return ConductanceMap(
        siemens=siemens,
        independent_siemens=independent,
        channel_siemens=channel,
        board_siemens=board,
        state=states,
        range=np.where(masked, -1, reading.range).astype(np.int8),
        rows=np.array(window.rows),
        columns=np.array(window.columns),
        method=method,
        samples=setup.samples,
        conversions=setup.steps.conversions,
        facts=_facts(setup, noise, forecast) | {"lines": behind.told if behind else LINES_IN},
    )


def _common_parts(setup: Setup, window: Window, reading: Reading, siemens: Floats) -> tuple[Floats, Floats]:
    """Returns the uncertainty common to a channel and to the board, siemens `[rows, columns]` each."""
    channel, board = np.full(window.shape, np.nan), np.full(window.shape, np.nan)
    for one in np.unique(reading.range[reading.range >= 0]):
        gain = setup.scale.channel_part(int(one), window.columns) * siemens
        common = setup.scale.board_part(int(one), window.columns) * np.abs(siemens)
        here = reading.range == one
        channel[here] = np.sqrt(gain**2 + reading.dark)[here]
        board[here] = common[here]
    channel[np.isnan(siemens)] = np.nan
    board[np.isnan(siemens)] = np.nan
    return channel, board


def _facts(setup: Setup, noise: NoiseModel, forecast: Predicted) -> dict[str, Any]:
    board, profile = setup.macro.board, setup.macro.profile
    identity = board.identity
    return {
        "origin": board.origin,
        "chip": board.chip,
        "profile": profile.name,
        "url": board.url,
        "macro": setup.macro.index,
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "board_seconds": setup.steps.board_seconds,
        "read_v": setup.read_v,
        "scale": setup.scale.source,
        "drift": list(setup.steps.watch.events),
        "noise": asdict(noise),
        "predicted": asdict(forecast),
        "provenance": {
            "ohmloop": version("ohmloop"),
            "gateware": f"{identity.build_hash:08x}",
            "firmware": f"{identity.firmware_crc:08x}" if identity.firmware_present else "none",
            "board_uid": f"{identity.uid:016x}",
            "profile_digest": f"{profile.digest:08x}",
        },
    }

# SPDX-License-Identifier: BSD-3-Clause
"""How far products scatter: read noise of the rows that are on, converter noise, quantisation."""

from __future__ import annotations

import numpy as np

from ohmloop.board.estimate import Floats, Reading
from ohmloop.calibration.artefact import Artefact


def conductance_of_a_row(
    noise: Artefact | None, adc: Artefact, values: Floats, reading: Reading
) -> tuple[Floats, Floats]:
    """Returns the mean conductance that a row adds and the noise conductance of columns, siemens.

    A column's read noise has variance `noise conductance x sum of the conductances that are on`, as
    independent cells with noise in proportion to their conductance have. Unsigned products say themselves
    what is on; signed ones cancel, so the columns' measured mean conductance counts. Without a noise
    artefact the profile's figures do.

    Returns:
        `[n, columns]` and `[columns]`.
    """
    driven = reading.rows_on @ np.exp2(np.arange(reading.bits)) * reading.drive
    mean = adc.settings["nominal_row_siemens"]
    shape = reading.columns.shape
    slope = np.full(shape, adc.settings["nominal_noise_siemens"])
    typical = np.full(shape, mean)
    if noise is not None:
        slope = noise["noise_conductance"].values[reading.columns]
        typical = noise["row_conductance"].values[reading.columns]
    if reading.signed:
        return np.broadcast_to(typical, values.shape), slope
    rows = np.maximum(values, 0.0) / np.maximum(driven, 1.0)[:, None]
    return np.asarray(rows), slope


def conversion_variances(
    reading: Reading,
    *,
    row_siemens: Floats,
    noise_siemens: Floats,
    gain: Floats,
    noise_codes: Floats,
    granularity_codes: Floats,
) -> tuple[Floats, Floats]:
    """Returns the variances of products that repeats remove and do not, codes squared `[n, columns]`.

    Quantisation averages out as far as the noise before it moves the signal over steps: two readings share
    the fraction exp(-4 pi^2 s^2) of its variance, s being that noise in codes (first harmonic of rounding).
    """
    powers = np.exp2(2 * np.arange(reading.bits))
    on = reading.rows_on[:, :, None] * row_siemens[:, None, :]
    read = noise_siemens * on * (gain * reading.drive) ** 2
    shared = np.exp(-4 * np.pi**2 * read)
    quantised = granularity_codes**2 * (shared + (1 - shared) / reading.averages)
    repeats = (noise_codes**2 + read) / reading.averages
    return np.einsum("p,npc->nc", powers, repeats), np.einsum("p,npc->nc", powers, quantised)

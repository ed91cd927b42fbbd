# SPDX-License-Identifier: BSD-3-Clause
"""A fitted chip to the device parameters of aihwkit and CrossSim, as plain dictionaries."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from ohmloop.mapping.conductance_map import MICRO
from ohmloop.mapping.fitting import ProfileFit

SPAN: Final = (0.01, 0.99)
"""Quantiles of the cells that count as least and largest conductance."""
FIRST_READ_S: Final = 1.0
"""Time after programming from which retention is told, aihwkit's t_0 (docs/emulator.md, ENV)."""
READ_S: Final = 250e-9
"""aihwkit's t_read, its default."""


def _span(fit: ProfileFit) -> tuple[float, float]:
    """Returns the least and the largest conductance, siemens."""
    low = fit.unformed_siemens if fit.unformed_siemens.size else fit.formed_siemens
    return float(np.quantile(low, SPAN[0])), float(np.quantile(fit.formed_siemens, SPAN[1]))


def _drift_exponent(fit: ProfileFit) -> tuple[float, float]:
    """Returns mean and spread of nu in g ~ (t / t_0)^-nu; zeros where no drift was measured."""
    if np.isnan(fit.drift) or fit.drift >= 0 or fit.seconds <= FIRST_READ_S:
        return 0.0, 0.0
    decades = np.log(fit.seconds / FIRST_READ_S)
    return float(-np.log1p(fit.drift) / decades), float(fit.drift_spread / (1 + fit.drift) / decades)


def to_aihwkit(fit: ProfileFit, *, programming_siemens: float = 0.0) -> dict[str, Any]:
    """Returns the arguments of aihwkit's inference noise model and conductance converter (1.1 and 1.2).

    `StateIndependentNoiseModel(g_converter=SinglePairConductanceConverter(**g_converter), **noise_model)`
    takes them; conductances in microsiemens. Its read noise grows with time; the scale given here makes it
    the measured one at `t_inference` 0.

    Args:
        fit: the fitted chip.
        programming_siemens: standard deviation of achieved about target conductance.
    """
    low, high = _span(fit)
    noise = fit.chip.cells.read_noise.value
    nu, nu_spread = _drift_exponent(fit)
    growth = np.sqrt(np.log((FIRST_READ_S + READ_S) / (2 * READ_S)))
    return {
        "g_converter": {"g_max": high * MICRO, "g_min": low * MICRO},
        "noise_model": {
            "prog_coeff": [programming_siemens * MICRO, 0.0, 0.0],
            "prog_noise_scale": 1.0,
            "drift_nu_mean": nu,
            "drift_nu_std": nu_spread,
            "drift_scale": 1.0,
            "t_0": FIRST_READ_S,
            "read_noise_scale": float(noise * high * MICRO / growth),
            "t_read": READ_S,
        },
    }


def to_crosssim(fit: ProfileFit, *, programming_siemens: float = 0.0) -> dict[str, Any]:
    """Returns the keyword arguments of CrossSim's `CrossSimParameters` that describe the device (3.0 to 3.2).

    Args:
        fit: the fitted chip.
        programming_siemens: standard deviation of achieved about target conductance.
    """
    low, high = _span(fit)
    device: dict[str, Any] = {
        "Rmin": 1 / high,
        "Rmax": 1 / low if low > 0 else 1e12,
        "infinite_on_off_ratio": low <= 0,
        "clip_conductance": False,
        "read_noise": {
            "enable": fit.chip.cells.read_noise.value > 0,
            "model": "NormalProportionalDevice",
            "magnitude": fit.chip.cells.read_noise.value,
        },
        "programming_error": {
            "enable": programming_siemens > 0,
            "model": "NormalIndependentDevice",
            "magnitude": programming_siemens / high,
        },
    }
    return {"xbar": {"device": device}}

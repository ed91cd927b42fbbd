# SPDX-License-Identifier: BSD-3-Clause
"""What a board and an array do to a product, measured, and how to account for it."""

from ohmloop.calibration.artefact import Artefact, Residual, Taken, Values
from ohmloop.calibration.bundle import Calibration
from ohmloop.calibration.drift import POLICIES, Drift, DriftWatch
from ohmloop.calibration.files import load_artefact, save_artefact
from ohmloop.calibration.line_resistance import PositionFactors, emulate_line_resistance
from ohmloop.calibration.procedures import calibrate, watch_drift
from ohmloop.calibration.recipes import Recipe, load_recipe, recipe_names
from ohmloop.calibration.records import recorded_calibration, store_calibration

__all__ = [
    "POLICIES",
    "Artefact",
    "Calibration",
    "Drift",
    "DriftWatch",
    "PositionFactors",
    "Recipe",
    "Residual",
    "Taken",
    "Values",
    "calibrate",
    "emulate_line_resistance",
    "load_artefact",
    "load_recipe",
    "recipe_names",
    "recorded_calibration",
    "save_artefact",
    "store_calibration",
    "watch_drift",
]

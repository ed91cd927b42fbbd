# SPDX-License-Identifier: BSD-3-Clause
"""Digital readouts: closed-form ridge and its validation."""

from ohmloop.readout.estimator import Estimator
from ohmloop.readout.ridge import RidgeReadout, solve_ridge
from ohmloop.readout.validation import (
    Split,
    accuracies,
    interval95,
    leave_one_out,
    stratified_folds,
)

__all__ = [
    "Estimator",
    "RidgeReadout",
    "Split",
    "accuracies",
    "interval95",
    "leave_one_out",
    "solve_ridge",
    "stratified_folds",
]

# SPDX-License-Identifier: BSD-3-Clause
"""What a chip's cells conduct, measured: maps with uncertainties and states."""

from ohmloop.board.contact import LineState
from ohmloop.mapping.agreement import Agreement, agreement
from ohmloop.mapping.comparison import MapComparison
from ohmloop.mapping.conductance_map import ConductanceMap
from ohmloop.mapping.contact import ContactReport, check_contact
from ohmloop.mapping.emulating import emulate_map
from ohmloop.mapping.figure import draw_map
from ohmloop.mapping.fitting import ProfileFit, fit_profile
from ohmloop.mapping.measuring import measure_map
from ohmloop.mapping.noise import NoiseModel, multiplexing_gain
from ohmloop.mapping.patterns import Patterns, pattern_order, patterns_for
from ohmloop.mapping.procedure import map_macro
from ohmloop.mapping.recorded import latest_map
from ohmloop.mapping.simulators import to_aihwkit, to_crosssim
from ohmloop.mapping.states import CellState
from ohmloop.mapping.steps import Journal

__all__ = [
    "Agreement",
    "CellState",
    "ConductanceMap",
    "ContactReport",
    "Journal",
    "LineState",
    "MapComparison",
    "NoiseModel",
    "Patterns",
    "ProfileFit",
    "agreement",
    "check_contact",
    "draw_map",
    "emulate_map",
    "fit_profile",
    "latest_map",
    "map_macro",
    "measure_map",
    "multiplexing_gain",
    "pattern_order",
    "patterns_for",
    "to_aihwkit",
    "to_crosssim",
]

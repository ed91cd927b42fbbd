# SPDX-License-Identifier: BSD-3-Clause
"""Kirchhoff's equations of an array of cells between resistive lines, solved exactly."""

from ohmloop.nodal.effective import effective_siemens
from ohmloop.nodal.inverse import cells_behind_lines
from ohmloop.nodal.network import Network
from ohmloop.nodal.solver import TOLERANCE, NodalSolution, solve_network

__all__ = [
    "TOLERANCE",
    "Network",
    "NodalSolution",
    "cells_behind_lines",
    "effective_siemens",
    "solve_network",
]

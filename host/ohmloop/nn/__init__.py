# SPDX-License-Identifier: BSD-3-Clause
"""Layers of networks that run on the array, in NumPy."""

from ohmloop.nn.linear import DifferentialLinear, LayerResult
from ohmloop.nn.pairs import WeightPairs

__all__ = ["DifferentialLinear", "LayerResult", "WeightPairs"]

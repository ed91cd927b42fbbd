# SPDX-License-Identifier: BSD-3-Clause
"""The twin of the emulated board: the arithmetic of docs/emulator.md, bit for bit, in NumPy and Numba."""

from ohmloop.emulator.board import EmulatedBoard

__all__ = ["EmulatedBoard"]

# SPDX-License-Identifier: BSD-3-Clause
"""Boards, macros, windows and what their operations return."""

from ohmloop.board.board import Board, BoardState
from ohmloop.board.estimate import Estimate
from ohmloop.board.limits import Limits
from ohmloop.board.macro import Macro
from ohmloop.board.matvec import MatvecResult
from ohmloop.board.opening import open_board
from ohmloop.board.results import FormResult, MacResult, RawMacResult, ReadResult, ResetResult
from ohmloop.board.window import PickleRefused, Window

__all__ = [
    "Board",
    "BoardState",
    "Estimate",
    "FormResult",
    "Limits",
    "MacResult",
    "Macro",
    "MatvecResult",
    "PickleRefused",
    "RawMacResult",
    "ReadResult",
    "ResetResult",
    "Window",
    "open_board",
]

# SPDX-License-Identifier: BSD-3-Clause
"""A small board behind converters with errors, its truth, and one calibration of it."""

from collections.abc import Iterator

import pytest
from calibration_bench import PROFILE, WIDE, Bench, Truth, half_formed

import ohmloop
from ohmloop.board import Board
from ohmloop.calibration import Calibration, calibrate


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """Tests only read from it."""
    with ohmloop.open(WIDE, chip="tmp:seed:3", profile=PROFILE, noise_seed=7) as board:
        window = half_formed(board)
        siemens = board.macro.g_codes_to_siemens(board.macro.dump_g_codes(window))
        yield Bench(board, window, siemens, Truth.of(board.profile, window.shape[1]))


@pytest.fixture(scope="session")
def calibration(bench: Bench) -> Calibration:
    return calibrate(bench.board, "full")


@pytest.fixture
def board() -> Iterator[Board]:
    """A board of its own for a test that changes it."""
    with ohmloop.open("twin://?rows=64&columns=64&lanes=8", chip="tmp:seed:3", profile=PROFILE) as opened:
        half_formed(opened)
        yield opened

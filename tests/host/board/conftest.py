# SPDX-License-Identifier: BSD-3-Clause
"""Open boards on the twin; nothing of them stays."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from board_bench import SMALL
from numpy.typing import NDArray

import ohmloop
from ohmloop.board import Board, Macro


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "chips"
    monkeypatch.setenv("OHMLOOP_STATE", str(folder))
    return folder


@pytest.fixture
def board() -> Iterator[Board]:
    with ohmloop.open(SMALL, chip="tmp:seed:3") as opened:
        yield opened


@pytest.fixture
def macro(board: Board) -> Macro:
    return board.macro


@pytest.fixture(scope="module")
def exact() -> Iterator[Macro]:
    """An ideal macro with known random cells; its tests only read."""
    with ohmloop.open(SMALL, profile="ideal") as opened:
        cells = np.random.default_rng(1).integers(0, 1024, (64, 64))
        opened.macro.load_g_codes(cells, opened.macro[:, :])
        yield opened.macro


@pytest.fixture(scope="module")
def cells(exact: Macro) -> NDArray[np.int64]:
    return exact.dump_g_codes(exact[:, :]).astype(np.int64)


@pytest.fixture(scope="module")
def noisy() -> Iterator[Macro]:
    """A noisy macro with formed cells; its tests only read."""
    with ohmloop.open(SMALL, chip="tmp:seed:3", noise_seed=5) as opened:
        codes = np.random.default_rng(2).integers(300, 700, (64, 64))
        opened.macro.load_g_codes(codes, opened.macro[:, :])
        yield opened.macro

# SPDX-License-Identifier: BSD-3-Clause
"""Open boards on the twin with known cells; nothing of them stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mapping_bench import SMALL, fill

import ohmloop
from ohmloop.board import Macro


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "chips"
    monkeypatch.setenv("OHMLOOP_STATE", str(folder))
    monkeypatch.setenv("OHMLOOP_REGISTRY", str(tmp_path / "lab.sqlite"))
    return folder


@pytest.fixture
def macro() -> Iterator[Macro]:
    """A noisy macro of 64 x 32 cells, half of them formed, with fine ranges."""
    with ohmloop.open(SMALL, chip="tmp:seed:3", noise_seed=7) as board:
        fill(board.macro)
        yield board.macro

# SPDX-License-Identifier: BSD-3-Clause
"""A small array of programmable cells, formed by its own ramp once; its cells are put back for every test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import ohmloop
from ohmloop import Board, Macro
from ohmloop.programming import ProgramResult

URL = "twin://?rows=32&columns=48&lanes=16&payload=1024"
PROFILE = "rram-130nm-yao2020"


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "chips"
    monkeypatch.setenv("OHMLOOP_STATE", str(folder))
    return folder


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    with ohmloop.open(URL, chip="tmp:seed:7", profile=PROFILE, noise_seed=3) as opened:
        yield opened


@pytest.fixture(scope="module")
def ramp(board: Board) -> ProgramResult:
    window = board.macro[:, :]
    with board.armed(window, ops={"form"}, max_pulses=50_000, max_voltage_v=3.9, expires_s=60):
        return board.macro.form_ramp(window, gate_v=1.5)


@pytest.fixture(scope="module")
def formed_codes(board: Board, ramp: ProgramResult):
    return board.macro.dump_g_codes(board.macro[:, :])


@pytest.fixture
def macro(board: Board, formed_codes) -> Macro:
    board.clear_safe()
    board.macro.load_g_codes(formed_codes, board.macro[:, :])
    return board.macro

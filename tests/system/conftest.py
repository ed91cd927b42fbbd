# SPDX-License-Identifier: BSD-3-Clause
"""What the system tests share: the echo in place of the board."""

import shutil
from pathlib import Path

import pytest

from ohmloop.link.wires import _sim_build

ECHO = Path(__file__).parent / "echo"
SIM = Path(__file__).parents[2] / "fpga" / "sim"


@pytest.fixture(scope="session")
def echo_fpga(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources with the echo as top."""
    folder = tmp_path_factory.mktemp("fpga")
    shutil.copytree(ECHO, folder, dirs_exist_ok=True)
    for name in ("harness.cpp", "analog.cpp", "analog.h"):
        shutil.copy(SIM / name, folder / "sim")
    return folder


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch, echo_fpga: Path) -> Path:
    """The sources of the simulated board are the echo's."""
    monkeypatch.setattr(_sim_build, "sources", lambda: echo_fpga)
    return echo_fpga

# SPDX-License-Identifier: BSD-3-Clause
"""A registry of each test's own; nothing touches the lab's."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from registry_bench import a_chip

from ohmloop.registry import Chip, Registry


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path / "chips"))
    file = tmp_path / "lab" / "registry.sqlite"
    monkeypatch.setenv("OHMLOOP_REGISTRY", str(file))
    return file


@pytest.fixture
def registry(path: Path) -> Iterator[Registry]:
    with Registry.open() as opened:
        yield opened


@pytest.fixture
def chip(registry: Registry) -> Chip:
    return a_chip(registry)

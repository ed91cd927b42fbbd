# SPDX-License-Identifier: BSD-3-Clause
"""Shipped profiles, and chips that live in the test's own folder."""

from pathlib import Path

import pytest

from ohmloop.profile import Profile, load_profile


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "chips"
    monkeypatch.setenv("OHMLOOP_STATE", str(folder))
    return folder


@pytest.fixture(scope="module")
def rrm() -> Profile:
    return load_profile("rrm-40nm-esgnn2023")


@pytest.fixture(scope="module")
def ideal() -> Profile:
    return load_profile("ideal")

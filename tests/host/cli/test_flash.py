# SPDX-License-Identifier: BSD-3-Clause
"""`ohmloop flash`: the right bitstream to the right board, or a typed error before anything is written."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from ohmloop.cli.flash import flash
from ohmloop.errors import BuildError, DeadlineExceeded, NotPrepared


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as a build leaves it."""
    folder = tmp_path / "ulx3s_85f"
    folder.mkdir()
    (folder / "x.bit").write_bytes(b"bits")
    report = {
        "bitstream": "x.bit",
        "programmer": "ulx3s",
        "bitstream_sha256": hashlib.sha256(b"bits").hexdigest(),
    }
    (folder / "report.json").write_text(json.dumps(report))
    return folder


def programmer(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """An openFPGALoader that writes its arguments to a file, then does what the script says."""
    told = folder / "told"
    program = folder / "openFPGALoader"
    program.write_text(f'#!/bin/sh\necho "$@" > {told}\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.defpath}")
    return told


def test_the_programmer_gets_board_and_bitstream(built, tmp_path, monkeypatch):
    told = programmer(tmp_path, monkeypatch, "exit 0")
    flash(built, keep=False)
    assert told.read_text().split() == ["-b", "ulx3s", str(built / "x.bit")]
    flash(built, keep=True)
    assert told.read_text().split() == ["-b", "ulx3s", "-f", str(built / "x.bit")]


def test_another_bitstream_than_the_reports_is_refused_before_the_programmer_runs(
    built, tmp_path, monkeypatch
):
    told = programmer(tmp_path, monkeypatch, "exit 0")
    (built / "x.bit").write_bytes(b"other")
    with pytest.raises(BuildError) as caught:
        flash(built, keep=False)
    assert caught.value.value == hashlib.sha256(b"other").hexdigest() and not told.exists()


def test_a_programmer_that_fails_is_told(built, tmp_path, monkeypatch):
    programmer(tmp_path, monkeypatch, "exit 3")
    with pytest.raises(BuildError) as caught:
        flash(built, keep=False)
    assert caught.value.value == 3


def test_a_programmer_that_hangs_is_ended(built, tmp_path, monkeypatch):
    programmer(tmp_path, monkeypatch, "exec sleep 30")
    with pytest.raises(DeadlineExceeded) as caught:
        flash(built, keep=False, limit_s=0.2)
    assert (caught.value.limit, caught.value.unit) == (0.2, "s")


def test_no_programmer_is_a_typed_error(built, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotPrepared, match="openFPGALoader is not installed"):
        flash(built, keep=False)


def test_no_bitstream_names_the_command_that_makes_it(tmp_path):
    with pytest.raises(NotPrepared, match="make bitstream BOARD=ulx3s_85f"):
        flash(tmp_path / "ulx3s_85f", keep=False)

# SPDX-License-Identifier: BSD-3-Clause
"""Emulated chips are non-volatile, one file each, open once."""

import errno
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from ohmloop.errors import BoardBusy, FolderRefused, LimitError, ProfileError
from ohmloop.profile import Profile, StateFile, chip_seed, state_file

GEOMETRY = (1, 64, 32)


def test_cells_survive_closing(rrm: Profile) -> None:
    with StateFile.open("a", rrm, GEOMETRY) as state:
        assert np.array_equal(state.g_codes[0], rrm.pristine_codes(chip_seed("a"), 64, 32))
        state.g_codes[0, 3, 4] = 777
    with StateFile.open("a", rrm, GEOMETRY) as state:
        assert state.g_codes.shape == GEOMETRY and state.g_codes[0, 3, 4] == 777


def test_the_file_is_as_documented(rrm: Profile, state_folder: Path) -> None:
    with StateFile.open("a", rrm, GEOMETRY) as state:
        state.g_codes[0, 0, 1] = 513
    data = (state_folder / "a.cells").read_bytes()
    header = json.loads(data[:4096].rstrip(b"\0"))
    assert header == {
        "format": "ohmloop-cells-1",
        "name": "a",
        "rows": 64,
        "columns": 32,
        "macros": 1,
        "chip_seed": zlib.crc32(b"a"),
        "profile": "rrm-40nm-esgnn2023",
    }
    assert len(data) == 4096 + 2 * 64 * 32 and data[4098:4100] == b"\x01\x02"


@pytest.mark.parametrize("chip", [None, "tmp", "tmp:seed:7"])
def test_a_throw_away_chip_leaves_nothing(rrm: Profile, state_folder: Path, chip: str | None) -> None:
    with StateFile.open(chip, rrm, GEOMETRY) as state:
        assert np.array_equal(state.g_codes[0], rrm.pristine_codes(chip_seed(chip or "tmp"), 64, 32))
        with StateFile.open(chip, rrm, GEOMETRY) as twin:
            state.g_codes[:] = 9
            assert twin.g_codes.max() < 9
    assert not state_folder.exists()


def test_a_chip_is_open_once(rrm: Profile) -> None:
    with StateFile.open("a", rrm, GEOMETRY), pytest.raises(BoardBusy, match="'a' is open"):
        StateFile.open("a", rrm, GEOMETRY)
    StateFile.open("a", rrm, GEOMETRY).close()


def test_a_view_outlives_closing_without_harm(rrm: Profile) -> None:
    state = StateFile.open("a", rrm, GEOMETRY)
    view = state.g_codes
    state.close()
    state.close()
    assert view.sum() > 0


@pytest.mark.parametrize("geometry", [(1, 32, 32), (1, 64, 64), (2, 64, 32)])
def test_another_geometry_is_refused(rrm: Profile, geometry: tuple[int, int, int]) -> None:
    StateFile.open("a", rrm, GEOMETRY).close()
    with pytest.raises(ProfileError, match="choose another chip"):
        StateFile.open("a", rrm, geometry)
    StateFile.open("a", rrm, GEOMETRY).close()


def test_another_profile_is_refused(rrm: Profile, ideal: Profile) -> None:
    StateFile.open("a", rrm, GEOMETRY).close()
    with pytest.raises(ProfileError, match="'rrm-40nm-esgnn2023'"):
        StateFile.open("a", ideal, GEOMETRY)


@pytest.mark.parametrize("content", [b"x", b"{}" + bytes(10000), b"\xff" * 5000])
def test_a_foreign_file_is_refused_and_kept(rrm: Profile, state_folder: Path, content: bytes) -> None:
    state_folder.mkdir()
    path = state_folder / "a.cells"
    path.write_bytes(content)
    with pytest.raises(ProfileError, match="no chip state file"):
        StateFile.open("a", rrm, GEOMETRY)
    assert path.read_bytes() == content


def test_a_file_cut_short_is_refused(rrm: Profile, state_folder: Path) -> None:
    StateFile.open("a", rrm, GEOMETRY).close()
    path = state_folder / "a.cells"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ProfileError, match="bytes"):
        StateFile.open("a", rrm, GEOMETRY)


def test_names_with_slashes_stay_in_the_folder(rrm: Profile, state_folder: Path) -> None:
    StateFile.open("../lab/α", rrm, GEOMETRY).close()
    assert len(list(state_folder.iterdir())) == 1


def test_seeds_follow_names() -> None:
    assert chip_seed("seed:12") == chip_seed("tmp:seed:12") == 12
    assert chip_seed("tmp:wafer 3") == chip_seed("wafer 3") == zlib.crc32(b"wafer 3")


@pytest.mark.parametrize("name", ["seed:", "seed:-1", "seed:4294967296", "seed:1.5", "seed:²"])
def test_a_seed_that_is_no_word_is_refused(name: str) -> None:
    with pytest.raises(LimitError):
        chip_seed(name)


def test_a_chip_for_which_the_disc_has_no_room_leaves_no_file(
    rrm: Profile, state_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(state_file, "_write_pristine", full)
        with pytest.raises(FolderRefused, match=r"'lab' cannot be kept: .* No space left .*OHMLOOP_STATE"):
            StateFile.open("lab", rrm, GEOMETRY)
    assert not list(state_folder.glob("*.cells"))
    StateFile.open("lab", rrm, GEOMETRY).close()

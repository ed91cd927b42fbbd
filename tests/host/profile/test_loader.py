# SPDX-License-Identifier: BSD-3-Clause
"""Profile files: what is refused, and that the message names file, line, field and unit."""

from pathlib import Path

import pytest

from ohmloop.errors import ProfileError
from ohmloop.profile import load_profile
from ohmloop.profile.loader import find_profile, load_board, load_chip, shipped_names


@pytest.fixture
def edited(tmp_path: Path):
    def edit(before: str, after: str) -> tuple[Path, int]:
        text = find_profile("rrm-40nm-esgnn2023", "chips").read_text()
        assert text.count(before) == 1
        path = tmp_path / "chip.yaml"
        path.write_text(text.replace(before, after))
        return path, text[: text.index(before)].count("\n") + 1

    return edit


def test_shipped_profiles_are_valid() -> None:
    assert {"ideal", "rrm-40nm-esgnn2023", "rrm-40nm-front-end"} <= set(shipped_names("chips"))
    assert {"emulated", "zynq-40nm", "eight-pe-yao2020", "one-array-wang2019"} == set(shipped_names("boards"))
    for chip in shipped_names("chips"):
        for board in shipped_names("boards"):
            assert load_profile(chip, board).chip.name == chip


def test_every_entry_of_the_shipped_profiles_has_a_source() -> None:
    sources = load_profile("rrm-40nm-esgnn2023", "zynq-40nm").sources()
    assert sources["chip.cells.breakdown"].startswith("measured")
    assert sources["chip.cells.read_noise"].startswith("simulation parameter")
    assert "assumed: the unit" in sources["chip.cells.formed"]
    assert sources["board.timing.conversion"].startswith("data sheet")
    assert all(sources.values()) and len(sources) > 30


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ProfileError, match="rrm-40nm-esgnn2023") as caught:
        load_chip("rrm-28nm")
    assert caught.value.value == "rrm-28nm"


@pytest.mark.parametrize("name", ["", "../chips/ideal", "missing.yaml"])
def test_a_name_that_is_no_profile_is_refused(name: str) -> None:
    with pytest.raises(ProfileError):
        load_chip(name)


def test_a_wrong_unit_names_file_line_field_and_both_units(edited) -> None:
    path, line = edited("value: 0.2, unit: V, source", "value: 200, unit: mV, source")
    with pytest.raises(ProfileError) as caught:
        load_chip(path)
    message = str(caught.value)
    assert f"{path}:{line}: front_end.read [mV]" in message and "'V'" in message
    assert caught.value.unit == "mV" and str(line) in caught.value.where


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("form: {value: 4.0,", "form: {value: -4.0,", "outside 0 .. 20 V"),
        ("form: {value: 4.0,", "form: {value: .nan,", "finite"),
        ("form: {value: 4.0,", "form: {value: 6.0,", "above the converter's full scale 5 V"),
        ("read: {value: 0.4,", "read: {value: 0.1,", "front_end.read 0.2 V is outside"),
        ('value: 4.0, unit: V, source: "assumed', 'value: 4.0, unit: V, source: "guessed', "must begin with"),
        ("  columns: 512\n", "  columns: 513\n", "512"),
        ("  columns: 512\n", "", "Field required"),
        ("format: ohmloop-chip-1", "format: ohmloop-chip-2", "ohmloop-chip-1"),
        ("    kind: 14-bit", "    kind: 12-bit", "14-bit"),
        ("points: [[0, 0.075], [1, 0.125]]", "points: [[0, 0.125], [1, 0.075]]", "must not fall, in uS"),
        ("points: [[0, 0.075], [1, 0.125]]", "points: [[0.1, 0.075], [1, 0.125]]", "from 0 to 1"),
        ("points: [[0, 0.075], [1, 0.125]]", "points: [[0, 0.075], [1, 2.5]]", "formed floor of 0.4 uS"),
        ("g_lsb: {value: 0.025,", "g_lsb: {value: 0.0125,", "largest code is"),
        ("{value: 1638.4, unit", "{value: 16384, unit", "ranges must fall"),
        ("cells:\n", "cells:\n  colour: red\n", "not permitted"),
        ("cells:\n", "cells: [\n", "chip.yaml:"),
        ("name: rrm", "format: ohmloop-chip-1\nname: rrm", "given twice"),
    ],
)
def test_a_broken_profile_is_refused_with_its_reason(edited, before: str, after: str, words: str) -> None:
    path, _ = edited(before, after)
    with pytest.raises(ProfileError, match=r"chip\.yaml:\d+") as caught:
        load_chip(path)
    assert words in str(caught.value)


def test_a_board_file_is_no_chip_profile() -> None:
    with pytest.raises(ProfileError, match="ohmloop-chip-1"):
        load_chip(find_profile("emulated", "boards"))


def test_a_changed_file_is_read_again(edited) -> None:
    path, _ = edited("form: {value: 4.0,", "form: {value: 3.9,")
    assert load_chip(path).limits.form.value == 3.9
    text = path.read_text()
    path.write_text(text.replace("form: {value: 3.9,", "form: {value: 3.8,  "))
    assert load_chip(path).limits.form.value == 3.8


def test_profiles_are_frozen() -> None:
    board = load_board("emulated")
    with pytest.raises(ValueError, match="frozen"):
        board.name = "other"


def test_a_path_without_its_ending_is_told_what_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("name: mine\n")
    with pytest.raises(
        ProfileError, match=r"ends in \.yaml or \.yml; .*/mine\.yaml is there; shipped chips"
    ) as caught:
        load_chip(tmp_path / "mine")
    assert (caught.value.value, caught.value.limit) == (str(tmp_path / "mine"), ".yaml")
    with pytest.raises(ProfileError, match=r"ends in \.yaml or \.yml; shipped chips.*ideal"):
        load_chip("profiles/none")


def test_a_missing_file_is_told_with_the_folder_it_was_looked_for_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProfileError, match="no such profile file") as caught:
        load_chip("mine.yaml")
    assert str(tmp_path / "mine.yaml") in str(caught.value)

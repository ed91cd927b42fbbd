# SPDX-License-Identifier: BSD-3-Clause
"""A profile may stand on another, bend its converters, and have no reference input."""

from pathlib import Path

import numpy as np
import pytest

from ohmloop._map import Register, Table
from ohmloop.errors import ProfileError
from ohmloop.profile import load_profile
from ohmloop.profile.loader import load_chip

HEAD = "format: ohmloop-chip-1\nname: mine\ntitle: Mine\nbase: rrm-40nm-esgnn2023\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + text)
    return path


def test_a_profile_replaces_only_the_fields_that_it_names(tmp_path: Path) -> None:
    over = "cells:\n  read_noise: {value: 0.05, unit: '1', source: 'assumed: worse'}\n"
    mine, base = load_chip(written(tmp_path, over)), load_chip("rrm-40nm-esgnn2023")
    assert mine.cells.read_noise.value == 0.05
    assert mine.cells.formed == base.cells.formed and mine.limits == base.limits


def test_an_error_of_a_profile_on_a_base_names_its_own_line(tmp_path: Path) -> None:
    path = written(tmp_path, "cells:\n  read_noise: {value: -1, unit: '1', source: 'assumed: wrong'}\n")
    with pytest.raises(ProfileError, match=f"{path}:6: cells.read_noise"):
        load_chip(path)


def test_a_base_may_stand_on_another_but_not_on_itself(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    path.write_text(path.read_text().replace("rrm-40nm-esgnn2023", "rrm-40nm-front-end"))
    assert load_chip(path).front_end.channels.enabled
    path.write_text(path.read_text().replace("rrm-40nm-front-end", str(path)))
    with pytest.raises(ProfileError, match=r"mine.yaml:4: base: more than 4 bases"):
        load_chip(path)


def test_the_bend_is_the_curve_at_the_middle_of_every_256_codes() -> None:
    profile = load_profile("rrm-40nm-front-end")
    inl = profile.tables()[Table.INL]
    middles = (np.arange(64) * 256 + 128 - 8192) / 8192
    curve = profile.chip.front_end.channels.inl
    assert curve is not None and np.array_equal(inl, np.rint(curve.at(middles))) and np.ptp(inl) >= 4


@pytest.mark.parametrize(
    "points", ["[[-1, 0]]", "[[-1, 0], [0.5, 1]]", "[[-1, 0], [0.5, 1], [0.2, 0], [1, 0]]"]
)
def test_a_bend_that_is_no_curve_over_the_full_scale_is_refused(tmp_path: Path, points: str) -> None:
    entry = f"inl: {{unit: codes, source: 'assumed: x', points: {points}}}"
    with pytest.raises(ProfileError, match=r"front_end\.channels\.inl"):
        load_chip(written(tmp_path, f"front_end:\n  channels:\n    {entry}\n"))


def test_no_reference_needs_to_say_how_well_the_scale_is_known(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="scale_uncertainty"):
        load_chip(written(tmp_path, "front_end:\n  reference: none\n"))
    known = "  channels:\n    scale_uncertainty: {value: 0.02, unit: '1', source: 'assumed: parts'}\n"
    profile = load_profile(written(tmp_path, f"front_end:\n  reference: none\n{known}"))
    assert profile.chip.front_end.reference is None
    assert profile.emulator_registers(0, 0)[Register.EMU_REFERENCE_UNIT] == 0

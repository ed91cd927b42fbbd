# SPDX-License-Identifier: BSD-3-Clause
"""Chips and boards: who they are, and that no two are mixed up."""

from datetime import UTC, datetime

import pytest
from registry_bench import a_chip

from ohmloop.errors import LimitError, NotRecorded, ProfileError
from ohmloop.registry import Chip, Registry


def test_a_chip_is_recorded_once(registry: Registry, chip: Chip) -> None:
    again = a_chip(registry)
    assert again.id == chip.id and again.first_seen == chip.first_seen
    assert again.last_seen > chip.last_seen
    assert abs((datetime.now(UTC) - again.last_seen).total_seconds()) < 60
    assert len(registry.chips.all()) == 1


def test_an_emulated_chip_is_another_chip(registry: Registry, chip: Chip) -> None:
    emulated = a_chip(registry, origin="emulated")
    assert emulated.id != chip.id and str(emulated) == "EMULATED chip 'a'"
    assert registry.chips.get("a").id == chip.id
    assert registry.chips.get("a", origin="emulated").id == emulated.id


def test_a_chip_of_another_size_is_refused(registry: Registry, chip: Chip) -> None:
    with pytest.raises(ProfileError, match="1 x 9 x 6 on the board, recorded as 1 x 8 x 6"):
        registry.chips.ensure("a", origin="chip", profile="ideal", geometry=(1, 9, 6))


def test_the_last_profile_is_kept(registry: Registry, chip: Chip) -> None:
    assert registry.chips.ensure("a", origin="chip", profile="fitted", geometry=(1, 8, 6)).profile == "fitted"


def test_a_retired_name_is_free_and_its_records_stay(registry: Registry, chip: Chip) -> None:
    registry.chips.retire(chip)
    with pytest.raises(NotRecorded):
        registry.chips.get("a")
    new = a_chip(registry)
    assert new.id != chip.id
    assert [one.retired is None for one in registry.chips.all(retired=True)] == [False, True]


def test_what_is_not_recorded_is_a_typed_error(registry: Registry) -> None:
    with pytest.raises(NotRecorded, match="'nobody'"):
        registry.chips.get("nobody")
    with pytest.raises(LimitError, match="origin"):
        a_chip(registry, origin="replay of chip")


def test_notes_making_and_budget(registry: Registry, chip: Chip) -> None:
    told = registry.chips.describe(chip, notes="cracked corner", made="2026-11, lot 4")
    assert (told.notes, told.made, told.pulse_budget) == ("cracked corner", "2026-11, lot 4", None)
    assert registry.chips.describe(chip, made="lot 5").notes == "cracked corner"
    assert registry.chips.set_budget(chip, 1000).pulse_budget == 1000
    assert registry.chips.set_budget(chip, None).pulse_budget is None
    with pytest.raises(LimitError):
        registry.chips.set_budget(chip, -1)


def test_a_board_with_new_gateware_is_another_line(registry: Registry) -> None:
    told = {"firmware_crc": "0", "map_hash": "m", "profile": "ideal", "origin": "chip"}
    for build in ("old", "old", "new"):
        registry.boards.seen("1", build_hash=build, **told)
    registry.boards.seen("2", build_hash="old", **told)
    one = registry.boards.all("1")
    assert [board.build_hash for board in one] == ["new", "old"]
    assert one[1].first_seen < one[1].last_seen < one[0].last_seen
    assert len(registry.boards.all()) == 3

# SPDX-License-Identifier: BSD-3-Clause
"""What an open board records: every pulse of a chip with a name, before and after, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from registry_bench import killed

import ohmloop
from ohmloop._map import Register
from ohmloop.board import Board, Window
from ohmloop.errors import (
    Aborted,
    BoardLost,
    JobConflict,
    LimitError,
    NotArmed,
    ProfileError,
    RegistryError,
    ShapeError,
    WearExceeded,
    WrongChip,
)
from ohmloop.link.session import Session
from ohmloop.profile import Profile, load_profile
from ohmloop.registry import Chip, Registry, records_of

SMALL = "twin://?rows=64&columns=64&lanes=8&payload=1024"
NOMINAL = {"voltage_v": 3.42, "gate_v": 1.5, "width_s": 1e-5}
MINE = """base: rrm-40nm-esgnn2023
name: mine
geometry: {rows: 64, columns: 64}
"""
LONG = NOMINAL | {"width_s": 0.009}
"""Rows of this pulse are sent 33 at a time."""
ARM = {"ops": {"form", "reset"}, "max_pulses": 10**6, "max_voltage_v": 3.7, "expires_s": 600.0}


def in_contact(window: Window) -> Window:
    """Returns a window whose lines have passed their test, so that it can be formed."""
    window.macro.check_contact(window)
    return window


def form(board: Board, rows=slice(None), columns=slice(None), **change):
    window = in_contact(board.macro[rows, columns])
    with board.armed(window, **ARM):
        return board.macro.form(window, **(NOMINAL | change))


def the_chip(registry: Registry) -> Chip:
    (chip,) = registry.chips.all()
    return chip


def given(board: Board) -> int:
    return board.read_registers(Register.PULSES_SINCE_BOOT)[0]


def test_forming_a_named_chip_is_in_the_ledger(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="wafer 3") as board:
        form(board, rows=[9, 3, 4], columns=slice(0, 64, 7), pulses=2)
        form(board, rows=[4], columns=[0])
    chip = the_chip(registry)
    expected = np.zeros((64, 64), int)
    expected[np.ix_([9, 3, 4], range(0, 64, 7))] = 2
    expected[4, 0] += 1
    assert np.array_equal(registry.wear.pulses(chip), expected)
    assert (chip.name, chip.origin, chip.profile) == ("wafer 3", "emulated", "rrm-40nm-esgnn2023")
    jobs = registry.jobs.all(chip)
    assert [(job.kind, job.state, job.most_pulses) for job in jobs] == [
        ("form", "done", 2),
        ("form", "done", 1),
    ]
    told = jobs[0].provenance
    assert (told.origin, told.chip, told.url) == ("emulated", "wafer 3", SMALL)
    (seen,) = registry.boards.all()
    assert (seen.uid, seen.build_hash) == (told.board_uid, told.build_hash)


def test_a_split_operation_is_one_job_of_several_steps(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        form(board, **LONG)
    (job,) = registry.jobs.all(the_chip(registry))
    assert (job.state, job.steps, job.plan["width_cycles"]) == ("done", 2, 540_000)
    assert (registry.wear.pulses(the_chip(registry)) == 1).all()


def test_every_kind_has_its_total(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        form(board, rows=[0])
        with board.armed(board.macro[0, :], **ARM):
            board.macro.reset(board.macro[0, :], voltage_v=1.5, gate_v=2.0, width_s=1e-5, pulses=3)
    totals = {total.kind: total.cell_pulses for total in registry.wear.totals(the_chip(registry))}
    assert totals == {"form": 64, "reset": 192}


@pytest.mark.parametrize("chip", [None, "tmp", "tmp:seed:3"])
def test_chips_that_are_thrown_away_are_not_recorded(chip: str | None, path: Path) -> None:
    with ohmloop.open(SMALL, chip=chip) as board:
        form(board, rows=[0])
        assert records_of(board) is None and not board.records.is_kept
    assert not path.exists()


def test_recording_can_be_declined_or_go_elsewhere(path: Path, tmp_path: Path) -> None:
    with ohmloop.open(SMALL, chip="a", registry=False) as board:
        form(board, rows=[0])
    with ohmloop.open(SMALL, chip="a", registry=tmp_path / "mine.sqlite") as board:
        form(board, rows=[0])
    assert not path.exists()
    with Registry.open(tmp_path / "mine.sqlite", create=False) as mine:
        assert mine.wear.pulses(the_chip(mine)).sum() == 64


def test_a_replay_is_not_recorded_again(tmp_path: Path, registry: Registry) -> None:
    recording = tmp_path / "run.txt"
    for url in (f"record://{recording}?via={SMALL}", f"replay://{recording}"):
        with ohmloop.open(url, chip="a") as board:
            form(board, rows=[0])
    assert registry.wear.pulses(the_chip(registry)).sum() == 64
    assert len(registry.jobs.all(the_chip(registry))) == 1


def test_the_budget_is_kept_before_anything_is_driven(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        form(board, rows=[5], columns=[6], pulses=2)
    registry.chips.set_budget(the_chip(registry), 4)
    with ohmloop.open(SMALL, chip="a") as board:
        with pytest.raises(WearExceeded, match="row 5, column 6: 2 pulses seen and up to 3") as caught:
            form(board, pulses=3)
        assert isinstance(caught.value, LimitError) and given(board) == 0
        form(board, pulses=2)
        with pytest.raises(WearExceeded):
            form(board, rows=[5])
        assert given(board) == 2 * 64 * 64


def test_a_refused_operation_takes_nothing_of_the_permission(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board, board.armed(board.macro[:, :], **ARM) as permission:
        registry.chips.set_budget(the_chip(registry), 1)
        with pytest.raises(WearExceeded):
            board.macro.form(in_contact(board.macro[0, 0]), **NOMINAL, pulses=2)
        assert permission.pulses_left == ARM["max_pulses"]


def test_a_ledger_that_cannot_be_written_stops_before_anything_is_driven(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        records = records_of(board)
        assert records is not None
        window = in_contact(board.macro[0, :])
        records.registry._database._connection.execute("PRAGMA query_only = ON")
        with board.armed(window, **ARM), pytest.raises(RegistryError, match="readonly"):
            board.macro.form(window, **NOMINAL)
        assert given(board) == 0


def test_a_registry_that_cannot_be_opened_is_a_typed_error(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("nonsense" * 1000)
    with pytest.raises(RegistryError, match="not a database"):
        ohmloop.open(SMALL, chip="a")


def test_another_open_job_keeps_its_cells(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        with board.records.open_job(
            "program", macro=0, rows=[3], columns=[4], steps=1, most_pulses=9, resumable=True
        ):
            pass
        with pytest.raises(JobConflict, match="program, interrupted"):
            form(board)
        assert given(board) == 0
        form(board, rows=[0, 1])


def test_an_aborted_operation_charges_exactly_what_was_given(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        window = in_contact(board.macro[:, :])
        with board.armed(window, **(ARM | {"expires_s": 0.4})), pytest.raises((Aborted, NotArmed)):
            board.macro.form(window, **LONG)
        pulses = given(board)
        assert 0 < pulses < 64 * 64 and pulses % 64 == 0
        chip = the_chip(registry)
        assert registry.wear.pulses(chip).sum() == pulses
        assert registry.wear.pulses(chip)[: pulses // 64].all()
        assert not registry.wear.unacknowledged(chip).any()
        assert [job.state for job in registry.jobs.all(chip)] == ["failed"]
        form(board)
    assert registry.wear.pulses(chip).sum() == pulses + 64 * 64


def test_an_interrupted_call_is_settled_by_the_next(registry: Registry, monkeypatch) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        window = in_contact(board.macro[:, :])
        records = records_of(board)
        assert records is not None

        def interrupt(*_asked: object) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt), board.armed(window, **ARM), monkeypatch.context() as patch:
            patch.setattr("ohmloop.registry.journal.Job.acknowledge", interrupt)
            board.macro.form(window, **LONG)
        chip = the_chip(registry)
        pulses = given(board)
        assert registry.wear.pulses(chip).sum() == 64 * 64 >= pulses > 0
        assert registry.wear.unacknowledged(chip).any()
        board.clear_safe()
        form(board, rows=[0])
        assert not registry.wear.unacknowledged(chip).any()
        assert registry.wear.pulses(chip).sum() == pulses + 64


def test_a_chip_of_another_size_is_refused(registry: Registry) -> None:
    registry.chips.ensure("a", origin="emulated", profile="ideal", geometry=(1, 32, 64))
    with pytest.raises(ProfileError, match="chip retire a"):
        ohmloop.open(SMALL, chip="a")


def test_a_child_killed_while_forming_leaves_no_formed_cell_without_a_pulse(
    registry: Registry, tmp_path: Path
) -> None:
    log = tmp_path / "rows"

    def work() -> None:
        log.write_bytes(b"")
        with ohmloop.open(SMALL, chip="a") as board:
            in_contact(board.macro[:, :])
            with board.armed(board.macro[:, :], **ARM):
                for row in range(64):
                    board.macro.form(board.macro[row, :], **NOMINAL)
                    log.write_bytes(bytes(row + 1))

    with ohmloop.open(SMALL, chip="tmp") as warm:
        form(warm, rows=[0])  # compiles
    kills = 0
    for rows in (0, 1, 3, 9):
        log.write_bytes(b"")
        kills += killed(work, 0.004, lambda rows=rows: log.stat().st_size > rows)
        with Registry.open() as other:
            assert other.integrity_faults() == []
        with ohmloop.open(SMALL, chip="a") as board:
            formed = board.macro.dump_g_codes(board.macro[:, :]) >= board.profile.formed_floor
        assert (registry.wear.pulses(the_chip(registry))[formed] >= 1).all()
    assert formed.any() and kills


# Physical chips: the twin, which says that it is one


@pytest.fixture
def physical(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every board say that its macro is a chip."""
    hello = Session.hello
    monkeypatch.setattr(Session, "hello", lambda session: replace(hello(session), emulated=False))


@pytest.fixture
def profile() -> Profile:
    """A chip of 64 x 64 cells."""
    full = load_profile()
    geometry = full.chip.geometry.model_copy(update={"rows": 64, "columns": 64})
    return full.model_copy(update={"chip": full.chip.model_copy(update={"geometry": geometry})})


@pytest.mark.usefixtures("physical")
@pytest.mark.parametrize("chip", [None, "tmp"])
def test_a_physical_chip_without_a_name_is_not_pulsed(chip: str | None, profile: Profile) -> None:
    with ohmloop.open(SMALL, chip=chip, profile=profile) as board:
        with pytest.raises(NotArmed, match="under its name only"):
            form(board, rows=[0])
        assert given(board) == 0


def test_a_known_chip_is_opened_with_its_own_profile(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a", profile="rram-130nm-yao2020") as board:
        limits = board.limits
    with ohmloop.open(SMALL, chip="a") as board:
        assert board.profile.name == "rram-130nm-yao2020"
        assert str(board.limits) == str(limits)
    with ohmloop.open(SMALL, chip="b") as board:
        assert board.profile.name == "rrm-40nm-esgnn2023"


@pytest.mark.usefixtures("physical")
def test_a_known_chip_never_gets_the_limits_of_another_kind(registry: Registry, tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(MINE)
    with ohmloop.open(SMALL, chip="a", profile=mine):
        pass
    with pytest.raises(ProfileError, match="has profile 'mine', which is not shipped: give its file"):
        ohmloop.open(SMALL, chip="a")
    with ohmloop.open(SMALL, chip="a", profile=mine) as board:
        assert board.profile.name == "mine"


def test_a_closed_board_says_so(registry: Registry) -> None:
    with ohmloop.open(SMALL, chip="a") as board:
        pass
    with pytest.raises(BoardLost, match="map: the board of EMULATED chip 'a' is closed"):
        board.macro.map(samples=1)
    with pytest.raises(BoardLost, match="resume of job 1: the board of"):
        board.macro.map(resume=1)


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(ShapeError, match="chip: 5 is no name"):
        ohmloop.open(SMALL, chip=5)


def put_on_the_board(seed: int) -> None:
    """Puts a chip with these cells on the board, under the name that the lab uses."""
    cells = np.random.default_rng(seed).integers(200, 900, (64, 64))
    with ohmloop.open(SMALL, chip="a", registry=False) as board:
        board.macro.load_g_codes(cells, board.macro[:, :])


def test_another_chip_under_the_name_is_told_before_it_is_pulsed(registry, monkeypatch) -> None:
    monkeypatch.setattr("ohmloop.board.opening._origin", lambda *_identity: "chip")
    put_on_the_board(1)
    with ohmloop.open(SMALL, chip="a") as board:
        board.macro.map(board.macro[:, :], method="onehot", samples=16)
    with ohmloop.open(SMALL, chip="a") as board, board.armed(window_of(board), **ARM):
        assert board.state.is_armed
    put_on_the_board(2)
    with ohmloop.open(SMALL, chip="a") as board:
        window = window_of(board)
        for _ in range(2):
            with pytest.raises(WrongChip, match="of 64 cells"), board.armed(window, **ARM):
                pass
        assert not board.state.is_armed and given(board) == 0
        board.macro.map(board.macro[:, :], method="onehot", samples=16)
        with board.armed(window, **ARM):
            assert board.state.is_armed


def window_of(board: Board) -> Window:
    return board.macro[:2, :2]

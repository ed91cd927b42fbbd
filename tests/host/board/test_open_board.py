# SPDX-License-Identifier: BSD-3-Clause
"""What `ohmloop.open` sets up: identity, limits, chips, seeds, origin."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from board_bench import ARM, NOMINAL, SMALL

import ohmloop
from ohmloop._map import Register
from ohmloop.board import Board
from ohmloop.errors import BoardBusy, LimitError, NotEmulated, ProfileError, VersionMismatch
from ohmloop.link.session import Session
from ohmloop.profile import LIMIT_REGISTERS, Profile, load_profile


def lowered(limit_v: float) -> Profile:
    profile = load_profile()
    limits = profile.chip.limits
    form = limits.form.model_copy(update={"value": limit_v})
    chip = profile.chip.model_copy(update={"limits": limits.model_copy(update={"form": form})})
    return profile.model_copy(update={"chip": chip})


@pytest.fixture
def seen_as(monkeypatch: pytest.MonkeyPatch):
    """Makes every board answer HELLO with other fields."""

    def change(**fields: object) -> None:
        hello = Session.hello
        monkeypatch.setattr(Session, "hello", lambda session: replace(hello(session), **fields))

    return change


def test_the_board_holds_and_locks_the_profile_s_limits(board: Board) -> None:
    held = board.read_registers(LIMIT_REGISTERS[0], 7)
    assert held == (*board.profile.limits.values(), 1)
    assert board.limits.form_v == pytest.approx(4.0, abs=1e-4)
    with pytest.raises(LimitError, match="only be lowered"):
        board.write_registers(Register.LIMIT_FORM_V, 65535)


def test_a_board_locked_lower_keeps_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with ohmloop.open(SMALL, profile=lowered(3.0)) as board:
        session = board._core.session
        monkeypatch.setattr("ohmloop.board.opening.open_wire", lambda *_: session.wire)
        again = ohmloop.open("twin://")
        assert again.limits.form_v == pytest.approx(3.0, abs=1e-4)
        with pytest.raises(LimitError, match=r"limit 3 V"), again.armed(again.macro[:, :], **ARM):
            pass
        with again.armed(again.macro[:, :], **(ARM | {"max_voltage_v": 2.9})):
            again.macro.form(again.macro[0, 0], **(NOMINAL | {"voltage_v": 2.9}))


def test_a_served_board_keeps_its_chip_s_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    with ohmloop.open(SMALL, chip="tmp:seed:9") as board:
        monkeypatch.setattr("ohmloop.board.opening.open_wire", lambda *_: board._core.session.wire)
        again = ohmloop.open(SMALL)  # held: a board that is collected closes the wire they share
        assert again.read_registers(Register.EMU_CHIP_SEED) == (9,)
        renamed = ohmloop.open(SMALL, chip="tmp:seed:4")
        assert renamed.read_registers(Register.EMU_CHIP_SEED) == (4,)


def test_a_named_chip_keeps_its_cells() -> None:
    with ohmloop.open(SMALL, chip="wafer 3") as board:
        board.macro.check_contact()
        with board.armed(board.macro[:, :], **ARM):
            board.macro.form(board.macro[:, :], **NOMINAL)
        formed = board.macro.dump_g_codes(board.macro[:, :])
    with ohmloop.open(SMALL, chip="wafer 3") as board:
        assert np.array_equal(board.macro.dump_g_codes(board.macro[:, :]), formed)
        assert board.identity.chip_id.rstrip(b"\0") == b"wafer 3"


def test_one_chip_is_in_one_board() -> None:
    with ohmloop.open(SMALL, chip="a"), pytest.raises(BoardBusy):
        ohmloop.open(SMALL, chip="a")
    ohmloop.open(SMALL, chip="a").close()


def test_two_boards_work_at_once() -> None:
    rng = np.random.default_rng(0)
    with ohmloop.open(SMALL, profile="ideal", chip="a") as one:
        with ohmloop.open(SMALL, profile="ideal", chip="b") as two:
            cells = [rng.integers(0, 1024, (64, 64)) for _ in range(2)]
            for board, g_codes in zip((one, two), cells, strict=True):
                board.macro.load_g_codes(g_codes, board.macro[:, :])
            x_codes = rng.integers(0, 256, (50, 64))
            for board, g_codes in zip((one, two), cells, strict=True):
                assert np.array_equal(board.macro.mac(x_codes, board.macro[:, :]), x_codes @ g_codes)
        one.macro.read_adc_codes(one.macro[:, :])


def test_the_chip_s_name_is_its_seed() -> None:
    seeds = []
    for chip in ("tmp:seed:1", "tmp:seed:2", "tmp:seed:1"):
        with ohmloop.open(SMALL, chip=chip) as board:
            with board.armed(board.macro[:, :], **ARM):
                board.macro.form(board.macro[:, :], **NOMINAL)
            seeds.append(board.macro.dump_g_codes(board.macro[:, :]))
    assert np.array_equal(seeds[0], seeds[2]) and not np.array_equal(seeds[0], seeds[1])


def test_the_noise_seed_selects_the_noise() -> None:
    readings = []
    for noise_seed in (1, 2, 1):
        with ohmloop.open(SMALL, noise_seed=noise_seed) as board:
            board.macro.load_g_codes(np.full((64, 64), 500), board.macro[:, :])
            readings.append(board.macro.read_adc_codes(board.macro[:, :]).adc_codes)
    assert np.array_equal(readings[0], readings[2]) and not np.array_equal(readings[0], readings[1])


def test_a_board_larger_than_its_profile_is_refused(seen_as) -> None:
    profile = load_profile()
    geometry = profile.chip.geometry.model_copy(update={"rows": 32})
    small = profile.model_copy(update={"chip": profile.chip.model_copy(update={"geometry": geometry})})
    with pytest.raises(ProfileError, match="64 x 64, profile rrm-40nm-esgnn2023 is 32 x 512"):
        ohmloop.open(SMALL, profile=small)


def test_a_chip_must_have_its_profile_s_geometry(seen_as) -> None:
    seen_as(emulated=False)
    with pytest.raises(ProfileError, match="512 x 512"):
        ohmloop.open(SMALL)


@pytest.mark.parametrize(
    ("seen", "limit"),
    [
        ({"clk_hz": 999_999}, 1_000_000),
        ({"clk_hz": 60_000_001}, 60_000_000),
        ({"clk_hz": 30_000_000, "emulated": False}, 60_000_000),
    ],
)
def test_a_clock_outside_its_bounds_is_refused(seen_as, seen, limit) -> None:
    seen_as(**seen)
    with pytest.raises(VersionMismatch, match=f"{seen['clk_hz']} Hz") as caught:
        ohmloop.open(SMALL)
    assert (caught.value.value, caught.value.limit, caught.value.unit) == (seen["clk_hz"], limit, "Hz")


def test_seconds_are_those_of_the_board_s_own_clock() -> None:
    with (
        ohmloop.open(SMALL, chip="tmp") as usual,
        ohmloop.open(SMALL + "&clk_hz=30000000", chip="tmp") as slow,
    ):
        told = []
        for board in (usual, slow):
            window = board.macro[0:2, 0:2]
            with board.armed(window, ops={"form"}, max_pulses=4, max_voltage_v=1.0, expires_s=1):
                given = board.macro.form(window, voltage_v=1.0, gate_v=1.5, width_s=1e-4)
            registers = (
                board.read_registers(Register.LIMIT_WIDTH),
                board.read_registers(Register.WATCHDOG_CYCLES, 2),
            )
            told.append((given, board.limits.width_s, registers, board.profile.digest))
    fast, half = told
    assert fast[0].width_s == half[0].width_s == 1e-4 and fast[1] == half[1] and fast[3] == half[3]
    assert [2 * cycles for group in half[2] for cycles in group] == [
        one for group in fast[2] for one in group
    ]
    assert half[0].conditions.board_seconds > fast[0].conditions.board_seconds > 2e-4


def test_a_chip_s_cells_are_not_written_by_fiat(seen_as) -> None:
    seen_as(emulated=False)
    with ohmloop.open("twin://") as board:
        macro = board.macro
        assert board.origin == "chip" and not repr(board).startswith("EMULATED")
        for call in (
            lambda: macro.load_g_codes([[1]], macro[0, 0]),
            lambda: macro.dump_g_codes(macro[0, 0]),
            lambda: macro.load_position_factors([1], [1], macro[0, 0]),
        ):
            with pytest.raises(NotEmulated):
                call()


def test_a_failed_open_gives_the_chip_back(seen_as, monkeypatch: pytest.MonkeyPatch) -> None:
    seen_as(clk_hz=1)
    with pytest.raises(VersionMismatch):
        ohmloop.open(SMALL, chip="a")
    monkeypatch.undo()
    ohmloop.open(SMALL, chip="tmp").close()


def test_several_macros_must_be_named(seen_as) -> None:
    with ohmloop.open(SMALL) as board:
        twice = replace(board.identity, macros=board.identity.macros * 2)
        two = Board(replace(board._core, identity=twice))
        two._finalizer.detach()
        with pytest.raises(LimitError, match=r"board\.macros\[i\]"):
            _ = two.macro


def test_a_recording_replays_with_its_origin(tmp_path) -> None:
    def use(url: str) -> ohmloop.board.ReadResult:
        with ohmloop.open(url, chip="tmp") as board:
            return board.macro.read_adc_codes(board.macro[:4, :4])

    file = tmp_path / "session.jsonl"
    first = use(f"record://{file}?via={SMALL}")
    again = use(f"replay://{file}")
    assert np.array_equal(first, again) and first.origin == "emulated"
    assert again.origin == "replay of emulated" and repr(again).startswith("EMULATED (replay) ReadResult")


def test_importing_ohmloop_is_quick_and_light() -> None:
    script = "import sys, ohmloop; print([m for m in ('numpy', 'pydantic', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_public_names_are_there() -> None:
    assert {"open", "Board", "Window", "LimitError", "BoardLost", "__version__"} <= set(dir(ohmloop))
    assert ohmloop.__version__ and all(getattr(ohmloop, name) is not None for name in ohmloop.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        _ = ohmloop.nothing

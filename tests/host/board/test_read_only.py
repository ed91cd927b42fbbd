# SPDX-License-Identifier: BSD-3-Clause
"""A board that only reads: told by HELLO, loaded by fiat, and nothing that drives is even sent to it."""

from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest
from board_bench import ARM, NOMINAL
from typer.testing import CliRunner

import ohmloop
from ohmloop._map import Opcode, Register, Status
from ohmloop.board import Board
from ohmloop.calibration import calibrate
from ohmloop.cli.app import app
from ohmloop.cli.selftest import outcomes
from ohmloop.conformance import Permission, Report, Verdict, examine, faults, wrap
from ohmloop.errors import LimitError, ReadOnlyBoard, Refused, UrlError
from ohmloop.link.messages import ABSENT_IF_READ_ONLY
from ohmloop.link.wires import WireContext, WireUrl, open_wire
from ohmloop.link.wires.sim import parameters_of
from ohmloop.systems.esgnn import EchoStateGraphClassifier, prepare
from ohmloop.systems.graphs import Graph

URL = "twin://?read_only=1&payload=1024"  # the frames of the Tang Nano 20K
WHOLE = "twin://?rows=64&columns=64&lanes=8&adc_lanes=1&payload=1024"
FRONT_END = "rrm-40nm-front-end"


@pytest.fixture
def board() -> Board:
    with ohmloop.open(URL, chip="tmp:seed:3", profile=FRONT_END) as opened:
        yield opened


def armed(board: Board) -> None:
    with board.armed(board.macro[:, :], **ARM):
        pass


DRIVING: dict[str, Callable[[Board], object]] = {
    "armed": armed,
    "form": lambda board: board.macro.form(board.macro[:, :], **NOMINAL),
    "set": lambda board: board.macro.set(board.macro[:, :], **NOMINAL),
    "reset": lambda board: board.macro.reset(board.macro[:, :], **NOMINAL),
    "program": lambda board: board.macro.program(1e-6, board.macro[:, :], tolerance_siemens=1e-6),
    "check_program": lambda board: board.macro.check_program(1e-6, board.macro[:, :], tolerance_siemens=1e-6),
    "form_ramp": lambda board: board.macro.form_ramp(board.macro[:, :], gate_v=1.5),
    "resume_program": lambda board: board.macro.resume_program(1),
    "sweep": lambda board: board.macro.sweep(
        board.macro[0:1, :], [0.1], gate_v=1.5, dwell_s=1e-6, kind="set"
    ),
    "environment": lambda board: board.macro.environment(10.0),
    "adc_selfcal": lambda board: board.macro.adc_selfcal(100),
    "self_test": lambda board: board.self_test(),
    "telemetry": lambda board: board.telemetry(),
    "load_firmware": lambda board: board.load_firmware("absent.bin"),
}


@pytest.mark.parametrize("name", DRIVING)
def test_what_a_reading_board_lacks_is_refused_before_anything_is_sent(board: Board, name: str):
    before = board.stats.frames_sent
    with pytest.raises(ReadOnlyBoard, match="this board only reads; ") as caught:
        DRIVING[name](board)
    assert board.stats.frames_sent == before
    assert caught.value.limit == "reading" and caught.value.where in name.replace("check_program", "program")


@pytest.mark.parametrize("opcode", sorted(ABSENT_IF_READ_ONLY))
def test_the_board_itself_does_not_know_what_drives(board: Board, opcode: Opcode):
    with pytest.raises(Refused) as caught:
        board._core.call(opcode, b"\0\0\0\0", 3, "asked")
    assert caught.value.status == Status.UNKNOWN_OPCODE
    board._core.call(Opcode.DISARM, b"", 3, "disarm")
    assert board.read_registers(Register.PULSES_SINCE_BOOT) == (0,)


def test_it_says_what_it_is(board: Board):
    assert board.is_read_only and board.is_emulated and "READ-ONLY" in repr(board)
    identity = board.identity
    assert identity.read_only and not identity.firmware_present and identity.firmware_crc == 0
    macro = identity.macros[0]
    assert (macro.rows, macro.columns, macro.lanes, macro.adc_lanes) == (64, 64, 8, 1)
    with ohmloop.open(WHOLE, chip="tmp") as other:
        assert not other.is_read_only and other.telemetry().requests > 0
        assert other.identity.build_hash != identity.build_hash
    shown = CliRunner().invoke(app, ["info", URL])
    assert shown.exit_code == 0 and "read-only" in shown.output and "no telemetry" in shown.output


def test_loaded_cells_are_read_and_multiplied_exactly():
    generator = np.random.default_rng(2)
    cells, x = generator.integers(0, 1024, (64, 64)), generator.integers(-127, 128, (5, 64))
    with ohmloop.open(URL, chip="tmp", profile="ideal") as board:
        macro, window = board.macro, board.macro[:, :]
        macro.load_g_codes(cells, window)
        assert np.array_equal(macro.dump_g_codes(window), cells)
        assert np.array_equal(macro.mac(x, window, bits=7).adc_codes, x @ cells)
        assert np.array_equal(macro.read_adc_codes(window, range=0).adc_codes, cells)
        measured = macro.map(window, samples=1)
        assert np.allclose(measured.siemens / board.profile.g_lsb_siemens, cells, atol=1e-6)


def test_cells_of_a_named_chip_stay_and_the_registry_knows_it(tmp_path):
    cells = np.arange(4096).reshape(64, 64) % 1000
    for time in range(2):
        with ohmloop.open(URL, chip="die7", profile="ideal", registry=tmp_path / "lab.db") as board:
            if time == 0:
                board.macro.load_g_codes(cells, board.macro[:, :])
            assert np.array_equal(board.macro.dump_g_codes(board.macro[:, :]), cells)
            assert board.records.registry.chips.get("die7").name == "die7"


def test_converters_are_calibrated_and_products_told_in_siemens(board: Board):
    generator = np.random.default_rng(4)
    window = board.macro[:, :]
    cells = generator.integers(200, 900, (64, 64))
    board.macro.load_g_codes(cells, window)
    found = calibrate(board, "adc")
    residual = found["adc"].residual
    assert residual.uncalibrated > 50 * residual.residual and found["adc"].columns_ok.all()
    x = generator.random((4, 64))
    seen = board.macro.matvec(x, window, calibration=found, x_unit="1", averages=16)
    exact = seen.inputs @ board.macro.g_codes_to_siemens(cells)
    plain = board.macro.mac(np.rint(seen.inputs * 255).astype(int), window, averages=16)
    nominal = plain.adc_codes * board.profile.siemens_per_adc_code(plain.range) / 255
    errors = seen.values - exact
    assert np.sqrt(np.mean((nominal - exact) ** 2)) > 5 * np.sqrt(np.mean(errors**2))


def test_slow_effects_of_reading_are_off_whatever_their_registers_hold():
    seen = []
    for url in (URL, WHOLE):
        with ohmloop.open(url, chip="tmp:seed:3", profile=FRONT_END) as board:
            window = board.macro[:, :]
            board.macro.load_g_codes(np.full((64, 64), 500), window)
            for wander in (0, 3000 | 3000 << 16):
                board.write_registers(Register.EMU_WANDER, wander)
                board.write_registers(Register.EMU_RTN, wander)
                found = board.macro.read_adc_codes(window, range=2, operation_index=5)
                product = board.macro.mac(np.ones((1, 64), int), window, bits=1, range=1, operation_index=5)
                seen.append((found.adc_codes.tobytes(), product.adc_codes.tobytes()))
    assert seen[0] == seen[1] == seen[2]
    assert seen[2][0] != seen[3][0] and seen[2][1] != seen[3][1]


def test_the_network_runs_on_cells_that_the_twin_formed():
    path = np.diag(np.ones(3), 1)
    graph = Graph(path + path.T, np.eye(7)[[0, 1, 2, 2]])
    prepared = []
    for url in (URL, WHOLE):
        with ohmloop.open(url, chip="tmp:seed:5") as board:
            windows = prepare(board.macro, features=7, hidden=50)
            cells = board.macro.dump_g_codes(board.macro[0:58, 0:50])
            prepared.append((cells, windows.input.pulses_given))
            if board.is_read_only:
                embedded = EchoStateGraphClassifier(board.macro, windows, hidden=50).embed([graph])
                assert embedded.shape == (1, 50) and np.ptp(embedded) > 0
    assert np.array_equal(prepared[0][0], prepared[1][0])
    assert [pulses for _, pulses in prepared] == [0, 400]


def test_selftest_is_green_and_names_what_it_skips():
    seen = {outcome.name: (outcome.colour, outcome.detail) for outcome in outcomes(URL)}
    skipped = {name: detail for name, (colour, detail) in seen.items() if colour != "green"}
    assert set(skipped) == {"watchdog", "firmware"}
    assert all(detail.startswith("the board only reads") for detail in skipped.values())
    assert seen["interlock"][1].startswith("refused: what drives")


def test_conformance_is_kept_and_a_board_that_drives_after_all_is_found(monkeypatch):
    monkeypatch.setattr(wrap, "LONGEST_S", 0)
    monkeypatch.setattr(faults, "REQUESTS", 20)
    kept = report_of()
    assert [row.rule for row in kept.rows if row.verdict == Verdict.FAIL] == []
    only = {row.rule for row in kept.rows if row.detail == "the board only reads"}
    assert len(only) == 18 and "a repeated PULSE: given once" in only
    assert kept.as_json()["board"]["read_only"] is True
    monkeypatch.setattr("ohmloop.emulator.executor.ABSENT_IF_READ_ONLY", ABSENT_IF_READ_ONLY - {Opcode.SWEEP})
    broken = report_of()
    assert [row.rule for row in broken.rows if row.verdict == Verdict.FAIL] == ["reserved opcodes"]


def report_of() -> Report:
    report = Report(URL)
    with closing(open_wire(URL, WireContext("tmp"))) as wire:
        for _ in examine(wire, report, Permission(), limit_s=0.02):
            pass
    return report


@pytest.mark.parametrize(
    "url, where",
    [
        ("twin://?read_only=2", "option read_only"),
        ("twin://?read_only=1&adc_lanes=2", "twin://?read_only=1&adc_lanes=2"),
        ("sim://?read_only=1&adc_lanes=4", "option adc_lanes"),
        ("sim://?read_only=1&front=afe", "option read_only"),
        ("sim://?read_only=yes", "option read_only"),
    ],
)
def test_a_reading_board_that_cannot_be_is_refused(url: str, where: str):
    with pytest.raises(UrlError) as caught:
        open_wire(url, WireContext("tmp"))
    assert caught.value.where == where


def test_the_simulated_one_is_as_small_as_the_twin():
    parameters = parameters_of(WireUrl.parse("sim://?read_only=1"))
    assert (parameters.rows, parameters.columns, parameters.lanes, parameters.adc_lanes) == (64, 64, 8, 1)
    assert (
        parameters.verilog()["READ_ONLY"] == 1 and parameters_of(WireUrl.parse("sim://")).read_only is False
    )


def test_programming_from_the_command_line_is_refused_in_one_line(tmp_path):
    np.save(tmp_path / "targets.npy", np.full((4, 4), 5e-6))
    command = ["program", URL, str(tmp_path / "targets.npy"), "--tolerance-us", "1"]
    refused = CliRunner().invoke(app, [*command, "--profile", "rram-130nm-yao2020"])
    assert isinstance(refused.exception, ReadOnlyBoard)


def test_a_large_product_is_cut_into_commands_that_end_in_time():
    with ohmloop.open("twin://?read_only=1", chip="tmp:seed:3", profile=FRONT_END) as board:
        macro, n = board.macro, 200
        macro.load_g_codes(np.random.default_rng(2).integers(0, 1024, (64, 64)), macro[:, :])
        x = np.random.default_rng(3).integers(0, 16, (n, 64))
        known = {"averages": 16, "range": 0}
        whole = macro.mac(x, macro[:, :], operation_index=1 << 20, **known)
        parts = [
            macro.mac(x[at : at + 8], macro[:, :], operation_index=(1 << 20) + 16 * at, **known)
            for at in range(0, n, 8)
        ]
        np.testing.assert_array_equal(whole.values, np.concatenate([part.values for part in parts]))


@pytest.mark.parametrize("columns, averages, most", [(512, 64, 16), (400, 32, 16), (368, 32, 16)])
def test_a_vector_that_no_command_ends_is_refused_with_what_is_possible(
    columns: int, averages: int, most: int
):
    url = "twin://?read_only=1&rows=512&columns=512&clk_hz=24000000"
    with ohmloop.open(url, chip="tmp:seed:3", profile=FRONT_END) as board:
        window, x = board.macro[:, 0:columns], np.full((1, 512), 255)
        before = board.stats.frames_sent
        with pytest.raises(LimitError, match=f"at most {most} averages") as caught:
            board.macro.mac(x, window, averages=averages)
        assert caught.value.limit == most and board.stats.frames_sent == before
        assert board.macro.mac(x, window, averages=most).values.shape == (1, columns)

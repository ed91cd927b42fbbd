# SPDX-License-Identifier: BSD-3-Clause
"""Bad input is a typed error that names value, limit and unit, before anything is sent."""

import numpy as np
import pytest
from board_bench import ARM, NOMINAL
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ohmloop
from ohmloop._map import Register, Table
from ohmloop.board import Board, Macro
from ohmloop.errors import LimitError, OhmloopError, ShapeError

X = np.zeros((2, 64), np.uint8)
NAN, INF = float("nan"), float("inf")


@pytest.fixture
def untouched(board: Board):
    """Fails when anything was sent after the board was opened."""
    before = board.stats.frames_sent
    yield board
    assert board.stats.frames_sent == before


@pytest.mark.parametrize(
    ("x_codes", "error", "words"),
    [
        (np.zeros(64, np.uint8), ShapeError, "shape (64,)"),
        (np.zeros((2, 63), np.uint8), ShapeError, "[n, rows] = [n, 64]"),
        (np.zeros((0, 64), np.uint8), ShapeError, "shape (0, 64)"),
        (np.zeros((2, 64, 1), np.uint8), ShapeError, "shape (2, 64, 1)"),
        (np.zeros((2, 64)), ShapeError, "float64"),
        (np.full((2, 64), NAN), LimitError, "x_codes[0, 0]: nan"),
        (np.full((2, 64), "1"), ShapeError, "integers expected"),
        (np.full((2, 64), None), ShapeError, "object"),
        ([[1], [1, 2]], ShapeError, "x_codes"),
        (np.full((2, 64), 256), LimitError, "x_codes[0, 0]: code 256, -255 .. 255"),
        (np.full((2, 64), -256), LimitError, "code -256"),
        (np.full((2, 64), 2**63, np.uint64), LimitError, "9223372036854775808"),
    ],
)
def test_bad_vectors_are_refused(untouched: Board, x_codes, error: type[Exception], words: str) -> None:
    macro = untouched.macro
    with pytest.raises(error) as caught:
        macro.mac(x_codes, macro[:, :])
    assert words in str(caught.value)


def test_a_code_too_large_names_its_place(untouched: Board) -> None:
    x_codes = X.copy()
    x_codes[1, 7] = 16
    with pytest.raises(LimitError) as caught:
        untouched.macro.mac(x_codes, untouched.macro[:, :], bits=4)
    error = caught.value
    assert (error.value, error.limit, error.unit, error.where) == (16, 15, "codes", "x_codes[1, 7]")


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"bits": 0}, "bits"),
        ({"bits": 9}, "bits"),
        ({"bits": 4.0}, "bits"),
        ({"bits": True}, "bits"),
        ({"range": 4}, "range"),
        ({"range": -1}, "range"),
        ({"averages": 0}, "averages"),
        ({"averages": 3}, "averages"),
        ({"averages": 256}, "averages"),
        ({"averages": 2, "raw": True}, "averages"),
        ({"raw": True, "subtract_pairs": True}, "subtract_pairs"),
        ({"raw": "no"}, "raw"),
        ({"subtract_pairs": 1}, "subtract_pairs"),
        ({"read_v": 0.41}, "read_v"),
        ({"read_v": -0.1}, "read_v"),
        ({"read_v": NAN}, "read_v"),
        ({"read_v": "0.2"}, "read_v"),
        ({"operation_index": -1}, "operation_index"),
        ({"operation_index": 2**56 - 1}, "operation_index"),
    ],
)
def test_bad_mac_options_are_refused_by_name(untouched: Board, options: dict, where: str) -> None:
    with pytest.raises((LimitError, ShapeError)) as caught:
        untouched.macro.mac(X, untouched.macro[:, :], **options)
    assert caught.value.where == where and where in str(caught.value)


@pytest.mark.parametrize("window", [None, (slice(None), slice(None)), np.ones((64, 64))])
def test_what_is_no_window_is_refused(untouched: Board, window) -> None:
    with pytest.raises(ShapeError, match=r"macro\[rows, columns\]"):
        untouched.macro.mac(X, window)


def test_a_window_of_another_board_is_refused(untouched: Board, exact: Macro) -> None:
    with pytest.raises(ShapeError, match="window of this macro"):
        untouched.macro.read_adc_codes(exact[:, :])
    with pytest.raises(LimitError, match="another board"), untouched.armed(exact[:, :], **ARM):
        pass


@pytest.mark.parametrize(
    ("g_codes", "error"),
    [
        (np.full((64, 64), 1024), LimitError),
        (np.full((64, 64), -1), LimitError),
        (np.full((64, 64), NAN), LimitError),
        (np.full((64, 64), 1.0), ShapeError),
        (np.full((64, 63), 1), ShapeError),
        (1, ShapeError),
    ],
)
def test_bad_cells_are_refused(untouched: Board, g_codes, error: type[Exception]) -> None:
    with pytest.raises(error):
        untouched.macro.load_g_codes(g_codes, untouched.macro[:, :])


@pytest.mark.parametrize(
    ("change", "unit", "limit"),
    [
        ({"voltage_v": 4.01}, "V", 4.0),
        ({"voltage_v": 1e9}, "V", 4.0),
        ({"voltage_v": -1.0}, "V", 0.0),
        ({"voltage_v": NAN}, "V", 0.0),
        ({"gate_v": 3.1}, "V", 3.0),
        ({"gate_v": INF}, "V", 0.0),
        ({"width_s": 0.011}, "s", 0.01),
        ({"width_s": 0.0}, "s", 1 / 60e6),
        ({"width_s": 1e-12}, "s", 1 / 60e6),
        ({"pulses": 0}, "", 1),
        ({"pulses": 65536}, "", 65535),
        ({"pulses": 300, "width_s": 0.01}, "s", 2.0),
    ],
)
def test_a_pulse_above_the_limits_is_refused(macro: Macro, change: dict, unit: str, limit: float) -> None:
    with macro.board.armed(macro[:, :], **ARM):
        before = macro.board.stats.frames_sent
        with pytest.raises(LimitError) as caught:
            macro.form(macro[:2, :2], **(NOMINAL | change))
        assert macro.board.stats.frames_sent == before
    assert caught.value.unit == unit and caught.value.limit == pytest.approx(limit, abs=1e-4)
    assert "asked" in str(caught.value) and next(iter(change)) in str(caught.value) + str(caught.value.where)


def test_the_gate_has_no_default(macro: Macro) -> None:
    with pytest.raises(TypeError, match="gate_v"):
        macro.form(macro[:2, :2], voltage_v=3.4, width_s=1e-5)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"ops": set()}, "ops"),
        ({"ops": {"anneal"}}, "ops"),
        ({"ops": "burn"}, "ops"),
        ({"ops": 5}, "ops"),
        ({"ops": [["form"]]}, "ops"),
        ({"max_pulses": 0}, "max_pulses"),
        ({"max_pulses": 2**32}, "max_pulses"),
        ({"max_pulses": 1.5}, "max_pulses"),
        ({"max_voltage_v": 4.1}, "max_voltage_v"),
        ({"max_voltage_v": NAN}, "max_voltage_v"),
        ({"max_voltage_v": None}, "max_voltage_v"),
        ({"expires_s": 0}, "expires_s"),
        ({"expires_s": 1e9}, "expires_s"),
        ({"expires_s": NAN}, "expires_s"),
    ],
)
def test_a_bad_permission_is_refused(untouched: Board, change: dict, where: str) -> None:
    with (
        pytest.raises((LimitError, ShapeError)) as caught,
        untouched.armed(untouched.macro[:, :], **(ARM | change)),
    ):
        pass
    assert caught.value.where == where


@pytest.mark.parametrize(
    ("rows", "columns", "error"),
    [
        (np.ones(63), np.ones(64), ShapeError),
        (np.ones(64), np.ones((64, 1)), ShapeError),
        (np.full(64, NAN), np.ones(64), LimitError),
        (np.ones(64), np.full(64, -0.1), LimitError),
        (np.full(64, 4.1), np.ones(64), LimitError),
    ],
)
def test_bad_position_factors_are_refused(untouched: Board, rows, columns, error: type[Exception]) -> None:
    with pytest.raises(error):
        untouched.macro.load_position_factors(rows, columns, untouched.macro[:, :])


@pytest.mark.parametrize(
    ("values", "first", "error"),
    [
        ([1 << 18], 0, LimitError),
        ([-(1 << 17) - 1], 0, LimitError),
        ([0] * 513, 0, LimitError),
        ([0, 0], 511, LimitError),
        ([0.5], 0, ShapeError),
        ([], 0, ShapeError),
        ([[1]], 0, ShapeError),
    ],
)
def test_bad_table_entries_are_refused(untouched: Board, values, first: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        untouched.write_table(Table.U, values, first=first)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout_s": 0},
        {"timeout_s": NAN},
        {"noise_seed": -1},
        {"noise_seed": 2**32},
        {"chip": ""},
        {"chip": "a name of seventeen"},
        {"chip": "seed:x"},
        {"chip": "a\nb"},
        {"chip": 5},
        {"profile": "missing"},
    ],
)
def test_bad_arguments_of_open_open_nothing(options: dict, state_folder) -> None:
    with pytest.raises(OhmloopError):
        ohmloop.open("twin://?rows=64&columns=64", **options)
    assert not state_folder.exists()


@pytest.mark.parametrize("url", [None, 5, "twin://elsewhere"])
def test_what_is_no_url_opens_nothing(url) -> None:
    with pytest.raises(ohmloop.UrlError):
        ohmloop.open(url)


@pytest.mark.parametrize(
    "key",
    [
        slice(0, 8, 0),
        slice(0, 8.0),
        slice("a", None),
        [[1], [1, 2]],
        64,
        1.5,
        [1, 1],
        [],
        slice(3, 3),
        "a",
        None,
    ],
)
def test_bad_indices_are_refused(untouched: Board, key) -> None:
    with pytest.raises((LimitError, ShapeError)) as caught:
        untouched.macro[key, 0]
    assert caught.value.where == "row" and "row" in str(caught.value)


def test_one_vector_without_its_axis_is_told_how(untouched: Board) -> None:
    with pytest.raises(ShapeError, match=r"\[n, 64\] expected \(one vector: x_codes\[None\]\)"):
        untouched.macro.mac(X[0], untouched.macro[:, :])


@pytest.mark.parametrize(
    ("values", "error"),
    [(1024, LimitError), ([0, -1], LimitError), ([NAN], LimitError), ("a", ShapeError), ([1j], ShapeError)],
)
def test_bad_codes_have_no_conductance(untouched: Board, values, error: type[Exception]) -> None:
    with pytest.raises(error, match="g_codes"):
        untouched.macro.g_codes_to_siemens(values)
    with pytest.raises(error, match="siemens"):
        untouched.macro.siemens_to_g_codes(values)


@pytest.mark.parametrize("word", [-1, 2**32, 1.5, True])
def test_what_is_no_word_is_not_written(untouched: Board, word) -> None:
    with pytest.raises((LimitError, ShapeError), match="WATCHDOG_CYCLES"):
        untouched.write_registers(Register.WATCHDOG_CYCLES, word)


@pytest.mark.parametrize("number", [-1, 10**6, "MAGIC"])
def test_what_is_not_in_the_map_is_refused(untouched: Board, number) -> None:
    for call in (
        lambda: untouched.read_registers(number),
        lambda: untouched.write_registers(number, 1),
        lambda: untouched.write_table(number, [0]),
    ):
        with pytest.raises(LimitError, match="none of the map"):
            call()


anything = hnp.arrays(
    dtype=st.sampled_from([np.uint8, np.int16, np.int64, np.uint64, np.float32, np.complex64, np.bool_]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=65),
)


@settings(deadline=None, max_examples=80)
@given(anything, st.integers(-2, 10))
def test_any_array_gives_a_result_or_a_typed_error(exact: Macro, x_codes, bits: int) -> None:
    try:
        result = exact.mac(x_codes, exact[:, :4], bits=bits)
    except (LimitError, ShapeError) as error:
        assert error.where
    else:
        assert result.shape == (len(x_codes), 4)


MASKED = np.ma.masked_array(np.zeros((2, 64), np.uint8), np.eye(2, 64, dtype=bool))


@pytest.mark.parametrize(
    "call",
    [
        lambda macro: macro.mac(MASKED, macro[:, :]),
        lambda macro: macro.load_g_codes(MASKED, macro[:2, :]),
        lambda macro: macro[np.ma.masked_equal([0, 3], 3), :],
        lambda macro: macro[:, np.ma.masked_equal([0, 3], 3)],
        lambda macro: macro.load_position_factors(MASKED[0], np.ones(64), macro[:, :]),
        lambda macro: macro.board.write_table(Table.U, MASKED[0].astype(int)),
        lambda macro: macro.siemens_to_g_codes(MASKED.astype(float)),
        lambda macro: macro.g_codes_to_siemens(MASKED),
    ],
)
def test_what_is_masked_is_neither_driven_nor_loaded(untouched: Board, call) -> None:
    with pytest.raises(ShapeError, match="masked") as caught:
        call(untouched.macro)
    assert caught.value.value >= 1 and caught.value.unit == "masked values"


def test_a_masked_array_that_masks_nothing_is_an_array(macro: Macro) -> None:
    x_codes = np.ma.masked_array(np.ones((2, 64), np.uint8), mask=False)
    assert macro.mac(x_codes, macro[:, :]).shape == (2, 64)


@pytest.mark.parametrize(
    "call",
    [
        lambda macro: macro.mac(X, macro[:, :], read_v=1e-6),
        lambda macro: macro.read_adc_codes(macro[:, :], read_v=1e-6),
        lambda macro: macro.form(macro[:, :], **(NOMINAL | {"gate_v": 1e-6})),
        lambda macro: macro.form(macro[:, :], **(NOMINAL | {"voltage_v": 1e-6})),
    ],
)
def test_a_voltage_that_would_be_driven_as_zero_is_refused(untouched: Board, call) -> None:
    with pytest.raises(LimitError, match=r"1e-06 V asked, the converter's step is 7.629e-05 V") as caught:
        call(untouched.macro)
    assert caught.value.limit == pytest.approx(5 / 2**16) and caught.value.unit == "V"


def test_a_reading_at_zero_volts_is_a_dark_reading(exact: Macro, noisy: Macro) -> None:
    """No current flows: what is left is what the converters add, as with every row off."""
    x_codes = np.full((400, 64), 255)
    assert not np.any(exact.mac(x_codes, exact[:, :], read_v=0.0))
    assert not np.any(exact.read_adc_codes(exact[:, :], read_v=0))
    dark = np.asarray(noisy.mac(x_codes, noisy[:, :], read_v=0.0, range=3))
    off = np.asarray(noisy.mac(x_codes * 0, noisy[:, :], range=3))
    assert dark.std() == pytest.approx(off.std(), rel=0.1) and dark.std() > 0
    assert abs(dark.mean() - off.mean()) < 6 * off.std() / np.sqrt(off.size)


def test_a_calibrated_product_needs_a_voltage(untouched: Board) -> None:
    calibration = object()  # it is not looked at
    with pytest.raises(LimitError, match="read_v: 0 V") as caught:
        untouched.macro.matvec(X, untouched.macro[:, :], calibration=calibration, read_v=0.0)
    assert caught.value.where == "read_v"


@pytest.fixture
def programmable():
    with ohmloop.open("twin://?rows=32&columns=32&lanes=16", profile="rram-130nm-yao2020") as board:
        before = board.stats.frames_sent
        yield board.macro
        assert board.stats.frames_sent == before


@pytest.mark.parametrize(
    "call",
    [
        lambda macro, masked: macro.program(masked, macro[:4, :4], tolerance_siemens=1e-6),
        lambda macro, masked: macro.program(5e-6, macro[:4, :4], tolerance_siemens=masked),
        lambda macro, masked: macro.sweep(macro[:1, :4], voltages_v=masked[0], gate_v=1.0),
        lambda macro, masked: macro.sweep(macro[:1, :4], voltages_v=0.1, gate_v=masked[0]),
    ],
)
def test_masked_targets_and_voltages_are_refused(programmable: Macro, call) -> None:
    masked = np.ma.masked_array(np.full((4, 4), 5e-6), np.eye(4, dtype=bool))
    with pytest.raises(ShapeError, match="masked"):
        call(programmable, masked)


@pytest.mark.parametrize("given", ["die7", 3, np.zeros(4), {"adc": None}], ids=str)
@pytest.mark.parametrize(
    "call",
    [
        lambda cells, given: cells.macro.map(cells, calibration=given),
        lambda cells, given: cells.macro.matvec(np.zeros((1, 4)), cells, calibration=given),
        lambda cells, given: cells.macro.program(5e-6, cells, tolerance_siemens=1e-6, calibration=given),
        lambda cells, given: cells.macro.check_program(
            5e-6, cells, tolerance_siemens=1e-6, calibration=given
        ),
    ],
    ids=["map", "matvec", "program", "check_program"],
)
def test_what_is_no_calibration_is_refused(programmable: Macro, call, given) -> None:
    with pytest.raises(ShapeError, match=f"calibration: a {type(given).__name__}, an .*Calibration expected"):
        call(programmable[:4, :4], given)


@pytest.mark.parametrize(
    "call",
    [
        lambda cells: cells.macro.map(cells, watch="warn"),
        lambda cells: cells.macro.program(5e-6, cells, tolerance_siemens=1e-6, watch="warn"),
    ],
    ids=["map", "program"],
)
def test_what_is_no_watch_is_refused(programmable: Macro, call) -> None:
    with pytest.raises(ShapeError, match=r"watch: a str, an .*DriftWatch expected"):
        call(programmable[:4, :4])

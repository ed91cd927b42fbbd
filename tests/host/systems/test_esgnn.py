# SPDX-License-Identifier: BSD-3-Clause
import dataclasses

import numpy as np
import pytest

import ohmloop
from ohmloop._map import Register, Table
from ohmloop.calibration import calibrate
from ohmloop.errors import CalibrationMismatch, LimitError, NotPrepared, ShapeError
from ohmloop.readout import RidgeReadout
from ohmloop.systems.bitserial import quantize
from ohmloop.systems.esgnn import EchoStateGraphClassifier, Graph, prepare
from ohmloop.systems.graphs import GraphBatch
from ohmloop.systems.prepare import default_windows, measure
from ohmloop.systems.reservoir import software_embeddings

URL = "twin://?rows=64&columns=64&lanes=16"
HIDDEN = 20


@pytest.fixture
def board():
    with ohmloop.open(URL, chip="tmp:seed:3") as opened:
        yield opened


@pytest.fixture
def ideal():
    with ohmloop.open(URL, chip="tmp", profile="ideal") as opened:
        yield opened


@pytest.fixture(scope="module")
def graphs() -> list[Graph]:
    rng = np.random.default_rng(0)
    made = []
    for number in range(40):
        nodes = int(rng.integers(4, 9)) + 4 * (number % 2)
        upper = np.triu(rng.random((nodes, nodes)) < 0.35, 1)
        made.append(Graph((upper | upper.T).astype(float), np.eye(3)[rng.integers(0, 3, nodes)]))
    return made


LABELS = np.array(["small", "large"])[np.arange(40) % 2]


def pulses(board: ohmloop.Board) -> int:
    return board.read_registers(Register.PULSES_SINCE_BOOT)[0]


def prepared(board: ohmloop.Board):
    return prepare(board.macro, features=3, hidden=HIDDEN)


def load_random_cells(board: ohmloop.Board, seed: int = 0):
    windows = default_windows(board.macro, features=3, hidden=HIDDEN)
    rng = np.random.default_rng(seed)
    for window in windows:
        board.macro.load_g_codes(rng.integers(0, 700, window.shape), window)
    return windows


def classifier(board: ohmloop.Board, windows=None, **parameters) -> EchoStateGraphClassifier:
    return EchoStateGraphClassifier(board.macro, windows, hidden=HIDDEN, **parameters)


def test_prepare_pulses_every_cell_once_and_a_second_call_none(board):
    first = prepared(board)
    cells = 4 * HIDDEN + HIDDEN * HIDDEN
    assert pulses(board) == cells == first.input.pulses_given + first.recurrent.pulses_given
    again = prepared(board)
    assert pulses(board) == cells
    assert (again.input.pulses_given, again.recurrent.pulses_given) == (0, 0)
    assert not board.state.is_armed


def test_prepare_leaves_the_published_fraction_unbroken(board):
    windows = prepare(board.macro, features=3, hidden=50)
    cells = 50 * 54
    formed = (windows.input.formed_fraction * 200 + windows.recurrent.formed_fraction * 2500) / cells
    assert abs(formed - 0.494) < 4 * np.sqrt(0.25 / cells)


def test_row_sums_equal_the_cells_within_noise_and_half_a_code(board):
    windows = prepared(board)
    for part in (windows.input, windows.recurrent):
        cells_us = board.macro.g_codes_to_siemens(board.macro.dump_g_codes(part.window)) * 1e6
        noise_us = 0.02 * np.sqrt((cells_us**2).sum(axis=0) / part.averages)
        bound = 5 * noise_us + part.us_per_code
        assert part.averages >= 64
        assert (np.abs(part.row_sum_us - cells_us.sum(axis=0)) < bound).all()


def test_the_range_is_the_finest_that_all_rows_do_not_saturate(board):
    windows = prepared(board)
    for part in (windows.input, windows.recurrent):
        finer = part.range + 1
        assert finer < board.macro.ranges
        ones = np.ones((1, part.window.shape[0]), dtype=int)
        assert not board.macro.mac(ones, part.window, bits=1, range=part.range).saturated.any()
        assert board.macro.mac(ones, part.window, bits=1, range=finer, averages=64).saturated.any()


def test_row_sums_are_measured_in_blocks_where_the_coarsest_range_saturates(board):
    window = default_windows(board.macro, features=3, hidden=HIDDEN)[1]
    board.macro.load_g_codes(np.full(window.shape, 800), window)
    shifts = board.read_registers(Register.EMU_RANGE_SHIFT)[0]
    board.write_registers(Register.EMU_RANGE_SHIFT, shifts - 0x0606_0606)  # 64 codes where one was
    part = measure(board.macro, window)
    assert part.range == 0
    assert 1 < part.blocks <= HIDDEN
    np.testing.assert_allclose(part.row_sum_us / 64, 800 * HIDDEN * 0.025, rtol=0.02)


def test_an_ideal_array_gives_the_quantised_product_exactly_whatever_its_offsets(ideal):
    board = ideal
    windows = load_random_cells(board)
    board.write_table(Table.OFFSET, np.arange(512) % 90 - 40)
    part = measure(board.macro, windows[1])
    vectors = np.random.default_rng(1).normal(size=(9, HIDDEN))
    product, _ = part.product(board.macro, vectors, 5)
    coded = quantize(vectors, 5)
    cells_us = board.macro.dump_g_codes(windows[1]) * board.profile.g_lsb_siemens * 1e6
    expected = (coded.low + coded.step * coded.x_codes) @ cells_us
    np.testing.assert_allclose(product, expected, rtol=1e-9, atol=1e-9)


def test_the_product_of_zero_states_is_exactly_zero_on_a_noisy_array(board):
    part = prepared(board).recurrent
    product, _ = part.product(board.macro, np.zeros((5, HIDDEN)), 4)
    assert not product.any()


def test_eight_bits_on_an_ideal_array_come_close_to_software(ideal, graphs):
    windows = load_random_cells(ideal)
    model = classifier(ideal, input_window=windows[0], recurrent_window=windows[1], input_bits=8)
    weights_us = [
        ideal.macro.g_codes_to_siemens(ideal.macro.dump_g_codes(window)) * 1e6 for window in windows
    ]
    software = software_embeddings(GraphBatch.of(graphs), *weights_us, model.dynamics)
    np.testing.assert_allclose(model.embed(graphs), software, rtol=0.01)


def test_the_same_seeds_give_the_same_integers_whatever_the_batching(graphs):
    seen = []
    for url in (URL, f"{URL}&payload=1024"):
        with ohmloop.open(url, chip="tmp:seed:5", noise_seed=9) as opened:
            model = classifier(opened, prepared(opened))
            seen.append((model.embed(graphs).tobytes(), model.embedding_.codes_crc32))
    assert seen[0] == seen[1]
    with ohmloop.open(URL, chip="tmp:seed:5", noise_seed=10) as opened:
        model = classifier(opened, prepared(opened))
        model.embed(graphs)
    assert model.embedding_.codes_crc32 != seen[0][1]


def test_each_iteration_is_one_stream_of_all_nodes_and_the_first_needs_no_recurrent_product(board, graphs):
    model = classifier(board, prepared(board), iterations=3)
    model.embed(graphs)
    nodes = sum(graph.nodes for graph in graphs)
    assert model.embedding_.products == nodes * 3
    assert model.embedding_.graphs == len(graphs)
    assert model.embedding_.board_seconds > 0
    assert model.embedding_.origin == "emulated"
    assert model.node_states(graphs).shape == (3, nodes, HIDDEN)


def test_other_graphs_are_never_embedded_as_the_last_ones(ideal, graphs):
    windows = load_random_cells(ideal)
    model = classifier(ideal, input_window=windows[0], recurrent_window=windows[1])
    whole = model.embed(graphs)
    np.testing.assert_array_equal(model.embed(graphs[:7]), whole[:7])
    np.testing.assert_array_equal(model.embed(graphs[::-1]), whole[::-1])
    np.testing.assert_array_equal(model.embed(graphs), whole)


def test_fit_predicts_the_labels_it_was_given_and_never_pulses(board, graphs):
    windows = prepared(board)
    before = pulses(board)
    model = classifier(board, windows).fit(graphs, LABELS)
    assert set(model.predict(graphs)) <= {"small", "large"}
    assert model.score(graphs, LABELS) > 0.85
    assert model.decision_function(graphs).shape == (40,)
    assert pulses(board) == before


def test_fit_on_pristine_windows_is_refused_and_never_pulses(board, graphs):
    windows = default_windows(board.macro, features=3, hidden=HIDDEN)
    with pytest.raises(NotPrepared, match="prepare"):
        classifier(board, input_window=windows[0], recurrent_window=windows[1]).fit(graphs, LABELS)
    with pytest.raises(NotPrepared):
        classifier(board).fit(graphs, LABELS)
    assert pulses(board) == 0


def test_fit_on_windows_whose_cells_were_lost_is_refused(board, graphs):
    windows = prepared(board)
    board.macro.load_g_codes(np.full(windows.recurrent.window.shape, 4), windows.recurrent.window)
    with pytest.raises(NotPrepared) as caught:
        classifier(board, windows).fit(graphs, LABELS)
    assert caught.value.value < caught.value.limit
    assert caught.value.unit == "uS"


def test_windows_of_another_board_are_refused(board, graphs):
    with ohmloop.open(URL, chip="tmp:seed:4") as other:
        windows = prepared(other)
        with pytest.raises(ShapeError, match="another board"):
            classifier(board, windows).fit(graphs, LABELS)


def test_formed_windows_are_measured_once(board, graphs):
    windows = load_random_cells(board)
    model = classifier(board, input_window=windows[0], recurrent_window=windows[1]).fit(graphs, LABELS)
    known = model.windows_
    model.predict(graphs)
    assert model.windows_ is known
    assert model.set_params(recurrent_window=board.macro[30:50, 0:HIDDEN]).recurrent_window.rows[0] == 30
    with pytest.raises(NotPrepared):
        model.embed(graphs)


def test_saturated_results_are_counted(board, graphs):
    windows = prepared(board)
    fine = dataclasses.replace(windows, recurrent=dataclasses.replace(windows.recurrent, range=3))
    model = classifier(board, windows)
    model.embed(graphs)
    assert model.embedding_.saturated == 0
    model = classifier(board, fine)
    model.embed(graphs)
    assert model.embedding_.saturated > 0


@pytest.mark.parametrize(
    "change, where",
    [
        ({"hidden": 12}, "hidden"),
        ({"iterations": 0}, "iterations"),
        ({"leak": 1.2}, "leak"),
        ({"input_bits": 9}, "input_bits"),
        ({"ridge": 0.0}, "ridge"),
        ({"recurrent_scale_per_us": float("nan")}, "recurrent_scale_per_us"),
    ],
)
def test_parameters_outside_their_range_are_refused_by_name_before_a_read(board, graphs, change, where):
    windows = prepared(board)
    frames = board.stats.frames_sent
    model = classifier(board, windows).set_params(**change)
    with pytest.raises((LimitError, ShapeError)) as caught:
        model.fit(graphs, LABELS)
    assert caught.value.where == where
    assert board.stats.frames_sent == frames


def test_graphs_with_other_features_or_labels_too_few_are_refused(board, graphs):
    model = classifier(board, prepared(board))
    with pytest.raises(ShapeError, match="features"):
        model.embed([Graph(np.zeros((2, 2)), np.ones((2, 4)))])
    with pytest.raises(ShapeError, match="labels"):
        model.fit(graphs, LABELS[:-1])


@pytest.mark.parametrize("features, hidden", [(0, 5), (50, 50), (3, 65), (3, 0)])
def test_windows_that_do_not_fit_the_macro_are_refused(board, features, hidden):
    with pytest.raises(LimitError):
        prepare(board.macro, features=features, hidden=hidden)
    assert pulses(board) == 0


def test_a_forming_voltage_above_the_limit_drives_nothing(board):
    with pytest.raises(LimitError) as caught:
        prepare(board.macro, features=3, hidden=HIDDEN, voltage_v=4.5)
    assert caught.value.unit == "V"
    assert pulses(board) == 0


def test_scikit_learn_clones_scores_and_searches_on_a_real_board(board, graphs):
    from sklearn.base import clone
    from sklearn.model_selection import GridSearchCV, cross_val_score

    windows = prepared(board)
    before = pulses(board)
    model = classifier(board, windows)
    copy = clone(model)
    assert copy.macro is board.macro
    assert copy.windows is windows
    assert copy.get_params() == model.get_params()
    scores = cross_val_score(model, graphs, LABELS, cv=3)
    assert scores.shape == (3,)
    assert scores.mean() > 0.7
    search = GridSearchCV(model, {"ridge": [1e-3, 1e2], "iterations": [1, 4]}, n_jobs=1, cv=2)
    assert search.fit(graphs, LABELS).best_score_ > 0.7
    assert search.predict(graphs).shape == (40,)
    assert pulses(board) == before


def test_an_embedding_computed_once_serves_every_readout(board, graphs):
    from sklearn.model_selection import cross_val_score

    features = classifier(board, prepared(board)).embed(graphs)
    frames = board.stats.frames_sent
    scores = cross_val_score(RidgeReadout(ridge=1e-3), features, LABELS, cv=4)
    assert scores.mean() > 0.7
    assert board.stats.frames_sent == frames


def test_with_a_calibration_products_lose_the_converters_errors(graphs):
    with ohmloop.open(URL, chip="tmp:seed:3", profile="rrm-40nm-front-end", noise_seed=4) as board:
        found = calibrate(board, "adc")
        plain, fine = prepared(board), prepare(board.macro, features=3, hidden=HIDDEN, calibration=found)
        features = np.vstack([graph.features for graph in graphs])
        vectors = np.hstack([features, np.ones((len(features), 1))])
        cells = board.macro.g_codes_to_siemens(board.macro.dump_g_codes(plain.input.window)) * 1e6
        errors = [one.input.product(board.macro, vectors, 4)[0] - vectors @ cells for one in (plain, fine)]
        assert np.sqrt(np.mean(errors[0].mean(axis=0) ** 2)) > 2 * np.sqrt(
            np.mean(errors[1].mean(axis=0) ** 2)
        )
        truth = cells.sum(axis=0)
        off = [np.abs(one.input.row_sum_us / truth - 1)[truth > 5] for one in (plain, fine)]
        assert off[1].max() < 0.01 < off[0].max()
        classifier = EchoStateGraphClassifier(board.macro, fine, hidden=HIDDEN).fit(graphs, LABELS)
        assert classifier.score(graphs, LABELS) > 0.8 and classifier.embedding_.origin == "emulated"
    with ohmloop.open(URL, chip="tmp:seed:5", profile="rrm-40nm-front-end") as other:
        with pytest.raises(CalibrationMismatch):
            prepare(other.macro, features=3, hidden=HIDDEN, calibration=found)

# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

import ohmloop
from ohmloop.cli.app import app
from ohmloop.cli.demo import DemoPlan, DemoResult, same_integers
from ohmloop.cli.experiment import Protocols, judge, run_formed_chip
from ohmloop.cli.figures import principal_components
from ohmloop.systems.datasets import data_folder, load_mutag
from ohmloop.systems.esgnn import EmbeddingRecord

FIXED_KEYS = {
    "accuracy_mean",
    "accuracy_ci95",
    "accuracy_stratified_mean",
    "accuracy_measured_array_mean",
    "software_accuracy_mean",
    "origin",
    "seeds",
    "throughput",
    "link",
    "provenance",
}
FIGURES = {"accuracy", "conductance", "breakdown", "node_states", "embedding", "confusion"}


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    arguments = ["demo", "--quick", "--sim-chips", "0", "--report", str(folder / "report")]
    outcome = CliRunner().invoke(app, [*arguments, "--json", str(folder / "copy.json")])
    assert outcome.exit_code == 0, outcome.output
    return SimpleNamespace(folder=folder, figures=json.loads((folder / "copy.json").read_text()))


def test_quick_writes_every_fixed_key_and_says_emulated(quick):
    assert set(quick.figures) >= FIXED_KEYS
    assert quick.figures["origin"] == "emulated"
    assert quick.figures["provenance"]["profile"] == "rrm-40nm-esgnn2023"
    assert quick.figures["seeds"]["chips"] == ["chip 0", "chip 1", "chip 2"]
    assert (quick.folder / "report" / "result.json").read_text() == (quick.folder / "copy.json").read_text()


def test_accuracies_are_those_of_the_published_protocols(quick):
    figures = quick.figures
    low, high = figures["accuracy_ci95"]
    assert low < figures["accuracy_mean"] < high
    # Three chips: five standard deviations of a chip around the figures of twenty.
    assert 0.885 < figures["accuracy_mean"] < 0.95
    assert 0.865 < figures["accuracy_stratified_mean"] < 0.91
    assert figures["accuracy_stratified_mean"] < figures["accuracy_mean"]
    assert abs(figures["board_minus_software_mean"]) < 0.02
    assert abs(figures["unbroken_fraction_mean"] - 0.506) < 0.03
    assert figures["saturated_results"] == 0


def test_measured_arrays_are_read_where_present(quick):
    if data_folder() is None:
        pytest.skip("the measured arrays are not here (set OHMLOOP_DATA)")
    assert 0.885 < quick.figures["accuracy_measured_array_mean"] < 0.95
    assert quick.figures["measured_array_note"] is None


def test_speed_and_link_are_counted(quick):
    speed = quick.figures["throughput"]["boards"]["twin"]
    assert speed["graphs_per_s"] > 0
    assert quick.figures["throughput"]["products_per_pass"] == 4 * 3371
    link = quick.figures["link"]["twin"]
    assert link["retries"] == link["crc_errors"] == 0
    assert link["frames_sent"] > 100


def test_every_figure_is_drawn_and_shown_in_the_report(quick):
    report = (quick.folder / "report" / "report.md").read_text()
    assert "emulated" in report
    assert "| hold-outs, formed chips | 3 chips |" in report
    for name in FIGURES:
        image = (quick.folder / "report" / f"{name}.png").read_bytes()
        assert image.startswith(b"\x89PNG")
        assert len(image) > 10_000
        assert f"({name}.png)" in report


def test_without_the_data_the_protocol_is_skipped_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_DATA", str(tmp_path))
    arguments = ["demo", "--chips", "1", "--sim-chips", "0", "--report", str(tmp_path / "report")]
    outcome = CliRunner().invoke(app, arguments)
    assert outcome.exit_code == 0, outcome.output
    figures = json.loads((tmp_path / "report" / "result.json").read_text())
    assert figures["accuracy_measured_array_mean"] is None
    assert figures["accuracy_ci95"] is None
    assert "skipped: esgnn2023_array.npz" in (tmp_path / "report" / "report.md").read_text()


def test_a_served_board_is_reached_by_its_url_and_formed_once(tmp_path):
    command = [sys.executable, "-m", "ohmloop.cli", "serve", "twin://", "--tcp", "0"]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            url = server.stdout.readline().strip()
            assert url.startswith("tcp://127.0.0.1:")
            shown = CliRunner().invoke(app, ["info", url])
            assert shown.exit_code == 0, shown.output
            assert "EMULATED" in shown.output
            arguments = ["demo", "--quick", "--board", url, "--report", str(tmp_path)]
            outcome = CliRunner().invoke(app, arguments)
            assert outcome.exit_code == 0, outcome.output
        finally:
            server.send_signal(signal.SIGINT)
            assert server.wait(20) == 0
    figures = json.loads((tmp_path / "result.json").read_text())
    assert [chip["pulses_given"] > 0 for chip in figures["chips"]] == [True, False]
    assert 0.85 < figures["accuracy_mean"] < 0.97
    assert figures["link"]["tcp"]["line_bytes_sent"] > 1_000_000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["info", "parrot://"], "UrlError:"),
        (["info", "replay:///missing"], "RecordingError:"),
        (["serve", "serial:///dev/null", "--pty"], "UrlError:"),
        (["serve", "twin://", "--pty", "--chip", "a name of seventeen"], "LimitError: chip"),
        (["demo", "--report", "/dev/null"], "LimitError: /dev/null"),
        (["demo", "--json", "/proc/version/x"], "LimitError: /proc/version/x"),
    ],
)
def test_a_refusal_is_one_line_and_exit_code_2(words, told, tmp_path):
    command = [sys.executable, "-m", "ohmloop.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(told)
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob("report/*"))


def run(crc: int, features: float = 1.0):
    record = EmbeddingRecord(graphs=1, codes_crc32=crc)
    weights = (np.ones((2, 2)), np.ones((2, 2)))
    return SimpleNamespace(record=record, weights_us=weights, features=np.full((1, 2), features))


def test_other_integers_on_the_simulated_board_are_seen():
    assert same_integers(run(1), run(1))
    assert not same_integers(run(1), run(2))
    assert not same_integers(run(1), run(1, features=1.5))
    result = DemoResult(DemoPlan(), None, formed=[run(1), run(2)], simulated=[run(3)])
    assert not result.identical


@pytest.mark.slow
def test_the_simulated_board_and_the_twin_embed_mutag_with_the_same_integers():
    protocols = Protocols.of(load_mutag(), shuffles=1)
    runs = []
    for url in ("sim://?rows=64&columns=64&lanes=16", "twin://?rows=64&columns=64&lanes=16"):
        with ohmloop.open(url, chip="tmp:seed:1", noise_seed=1) as board:
            runs.append(run_formed_chip(board.macro, protocols, name="chip 1", noise_seed=1))
    assert same_integers(*runs)
    assert runs[0].record.products == 4 * 3371
    assert runs[0].board_holdouts.accuracy == runs[1].board_holdouts.accuracy


def test_judging_counts_every_test_sample_once_by_class():
    rng = np.random.default_rng(0)
    labels = np.array([-1, 1] * 20)
    features = labels[:, None] + rng.normal(size=(40, 2))
    judged = judge(features, labels, [np.arange(0, 10), np.arange(10, 16)])
    assert judged.confusion.sum() == 16
    assert judged.confusion.sum(axis=1).tolist() == [8, 8]


def test_principal_components_equal_scikit_learns():
    from sklearn.decomposition import PCA

    samples = np.random.default_rng(0).normal(size=(30, 6)) * np.arange(1, 7)
    places, explained = principal_components(samples)
    theirs = PCA(3).fit(samples)
    np.testing.assert_allclose(np.abs(places), np.abs(theirs.transform(samples)), atol=1e-9)
    np.testing.assert_allclose(explained, theirs.explained_variance_ratio_)

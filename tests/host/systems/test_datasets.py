# SPDX-License-Identifier: BSD-3-Clause
from pathlib import Path

import numpy as np
import pytest

from ohmloop.errors import ShapeError
from ohmloop.systems.datasets import (
    MUTAG_HOLDOUTS,
    data_folder,
    load_measured_arrays,
    load_mutag,
    load_tu_dataset,
)


def write_set(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{folder.name}_{name}.txt").write_text(text)
    return folder


SMALL = {
    "A": "1, 2\n2, 1\n4, 3\n3, 4\n",
    "graph_indicator": "1\n1\n2\n2\n2\n",
    "graph_labels": "7\n-7\n",
}


def test_mutag_is_the_published_set():
    mutag = load_mutag()
    assert (len(mutag), mutag.nodes) == (188, 3371)
    assert np.unique(mutag.labels, return_counts=True)[1].tolist() == [63, 125]
    assert sum(graph.adjacency.nnz for graph in mutag.graphs) == 2 * 3721
    assert all((graph.adjacency != graph.adjacency.T).nnz == 0 for graph in mutag.graphs)
    assert all(
        (graph.features.sum(axis=1) == 1).all() and graph.features.shape[1] == 7 for graph in mutag.graphs
    )


def test_holdouts_and_graph_order_equal_the_published_files():
    folder = data_folder()
    if folder is None or not (folder / "mutag_holdouts.npz").is_file():
        pytest.skip("mutag_holdouts.npz is not here (set OHMLOOP_DATA)")
    np.testing.assert_array_equal(np.load(folder / "mutag_holdouts.npz")["test"], MUTAG_HOLDOUTS)
    stored, mutag = np.load(folder / "tu_mutag.npz"), load_mutag()
    np.testing.assert_array_equal(mutag.labels > 0, stored["graph_label"])
    atoms = np.concatenate([graph.features.argmax(axis=1) for graph in mutag.graphs])
    np.testing.assert_array_equal(atoms, stored["node_label"])


def test_holdouts_are_ten_of_nineteen_and_test_130_graphs():
    holdouts = np.array(MUTAG_HOLDOUTS)
    assert holdouts.shape == (10, 19)
    assert np.unique(holdouts).size == 130


def test_a_set_without_node_labels_gets_one_feature_of_ones(tmp_path):
    loaded = load_tu_dataset(write_set(tmp_path / "TINY", **SMALL))
    assert loaded.name == "TINY"
    assert loaded.labels.tolist() == [7, -7]
    assert [graph.features.tolist() for graph in loaded.graphs] == [[[1.0]] * 2, [[1.0]] * 3]
    np.testing.assert_array_equal(loaded.graphs[1].adjacency.toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]])


def test_node_labels_come_one_hot_before_the_attributes(tmp_path):
    folder = write_set(
        tmp_path / "BOTH", **SMALL, node_labels="5\n3\n3\n5\n9\n", node_attributes="0.5\n1\n2\n3\n4\n"
    )
    features = np.concatenate([graph.features for graph in load_tu_dataset(folder).graphs])
    np.testing.assert_array_equal(features[:, :3].argmax(axis=1), [1, 0, 0, 1, 2])
    np.testing.assert_array_equal(features[:, 3], [0.5, 1, 2, 3, 4])


@pytest.mark.parametrize(
    "change, place",
    [
        ({"A": "1, 9\n"}, "_A.txt"),
        ({"A": "2, 3\n"}, "_A.txt"),
        ({"A": "1, 2, 3\n"}, "_A.txt"),
        ({"graph_indicator": "1\n1\n3\n3\n3\n"}, "_graph_indicator.txt"),
        ({"graph_indicator": "2\n2\n1\n1\n1\n"}, "_graph_indicator.txt"),
        ({"node_labels": "1\n2\n"}, "_node_labels.txt"),
        ({"node_attributes": "1\n2\n"}, "_node_attributes.txt"),
        ({"A": "1, x\n"}, "_A.txt"),
        ({"graph_labels": "1\n\u00e9\n"}, "_graph_labels.txt"),
        ({"node_attributes": "1\n2\n3\nx\n5\n"}, "_node_attributes.txt"),
    ],
)
def test_files_that_do_not_fit_are_refused_by_name(tmp_path, change, place):
    with pytest.raises(ShapeError) as caught:
        load_tu_dataset(write_set(tmp_path / "BAD", **(SMALL | change)))
    assert caught.value.where.endswith(place)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="GONE_A"):
        load_tu_dataset(tmp_path / "GONE")


def test_missing_measured_arrays_are_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_DATA", str(tmp_path))
    assert load_measured_arrays() == f"skipped: esgnn2023_array.npz is not in {tmp_path} (set OHMLOOP_DATA)"
    monkeypatch.setenv("OHMLOOP_DATA", str(tmp_path / "gone"))
    assert load_measured_arrays() == f"skipped: {tmp_path / 'gone'}, which OHMLOOP_DATA names, is no folder"


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04", "other"])
def test_a_damaged_file_of_measured_arrays_is_refused_by_name(tmp_path, monkeypatch, content):
    monkeypatch.setenv("OHMLOOP_DATA", str(tmp_path))
    file = tmp_path / "esgnn2023_array.npz"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        np.savez(file, w_in=np.ones(3))
    with pytest.raises(ShapeError, match="measured arrays") as caught:
        load_measured_arrays()
    assert caught.value.where == str(file)

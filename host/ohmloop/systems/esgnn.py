# SPDX-License-Identifier: BSD-3-Clause
"""The echo-state graph network: graphs to labels, its random weights the cells of the array.

Wang et al., Nature Machine Intelligence 2023, doi 10.1038/s42256-023-00609-5. The array is formed once and
never trained; only the digital readout is. An embedding needs no labels, so a readout is cross-validated on
embeddings
that were computed once:

    windows = prepare(board.macro, features=7, hidden=50)
    classifier = EchoStateGraphClassifier(board.macro, windows)
    features = classifier.embed(graphs)                                   # one pass of the board
    scores = cross_val_score(RidgeReadout(ridge=1e-3), features, y, cv=10)  # or ohmloop.readout.accuracies

`cross_val_score(classifier, graphs, y)` works too and embeds on the board again for each fold.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import is_not
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import MAX_INPUT_BITS
from ohmloop.errors import NotPrepared, ShapeError
from ohmloop.readout import Estimator, RidgeReadout
from ohmloop.systems.graphs import Graph, GraphBatch
from ohmloop.systems.prepare import measure, prepare, require_formed
from ohmloop.systems.prepared import PreparedWindow, PreparedWindows
from ohmloop.systems.reservoir import Dynamics, embeddings, node_states, require

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window

__all__ = [
    "EchoStateGraphClassifier",
    "EmbeddingRecord",
    "Graph",
    "NotPrepared",
    "PreparedWindow",
    "PreparedWindows",
    "prepare",
]


@dataclass(slots=True)
class EmbeddingRecord:
    """What the board did for one pass.

    Attributes:
        graphs: embedded.
        products: vectors multiplied by a window.
        saturated: results marked saturated.
        board_seconds: by the board's clock.
        origin: of the results.
        codes_crc32: CRC-32 of every ADC code (with a calibration: of every product), in order: equal passes
            gave equal integers.
    """

    graphs: int
    products: int = 0
    saturated: int = 0
    board_seconds: float = 0.0
    origin: str = ""
    codes_crc32: int = 0

    def add(self, result: Any) -> None:
        """Adds one stream of products."""
        self.products += len(result)
        self.saturated += int(np.count_nonzero(result.saturated))
        self.board_seconds += float(result.conditions.board_seconds)
        self.origin = str(result.origin)
        self.codes_crc32 = zlib.crc32(np.ascontiguousarray(np.asarray(result)).data, self.codes_crc32)


class EchoStateGraphClassifier(Estimator):
    """Classifies graphs with an echo-state network whose weights are cells, in scikit-learn's conventions."""

    def __init__(
        self,
        macro: Macro,
        windows: PreparedWindows | None = None,
        *,
        hidden: int = 50,
        iterations: int = 4,
        leak: float = 0.2,
        input_bits: int = 4,
        ridge: float = 1e-3,
        input_scale_per_us: float = 0.0016,
        recurrent_scale_per_us: float = 0.01,
        input_window: Window | None = None,
        recurrent_window: Window | None = None,
    ) -> None:
        """Stores the parameters; the defaults are the published ones for MUTAG.

        Args:
            macro: of an open board.
            windows: what `prepare` returned; or None and the next two.
            hidden: states of a node; the windows must have as many.
            iterations: of the recursion.
            leak: part of a state that is new in each iteration.
            input_bits: bits of an input code, 1 to 8.
            ridge: of the readout.
            input_scale_per_us: weight of one microsiemens of the input window.
            recurrent_scale_per_us: weight of one microsiemens of the recurrent window.
            input_window: a formed window `[features + 1, hidden]`; measured at the first use.
            recurrent_window: a formed window `[hidden, hidden]`; measured at the first use.
        """
        self.macro = macro
        self.windows = windows
        self.hidden = hidden
        self.iterations = iterations
        self.leak = leak
        self.input_bits = input_bits
        self.ridge = ridge
        self.input_scale_per_us = input_scale_per_us
        self.recurrent_scale_per_us = recurrent_scale_per_us
        self.input_window = input_window
        self.recurrent_window = recurrent_window

    def fit(self, graphs: Sequence[Graph], y: ArrayLike) -> Self:
        """Embeds the graphs on the board and trains the readout; gives no pulse.

        Args:
            graphs: at least one of each class, with as many features as the input window takes.
            y: `[graphs]`, labels of any kind.

        Raises:
            NotPrepared: the windows are not formed.
            ShapeError: graphs, labels and windows do not fit each other; nothing was driven.
        """
        labels = np.asarray(y)
        if labels.shape != (len(graphs),):
            raise ShapeError(
                f"labels {labels.shape} for {len(graphs)} graphs",
                value=labels.shape,
                limit=(len(graphs),),
                unit="labels",
                where="y",
            )
        require("ridge", self.ridge, self.ridge > 0, "above 0")
        batch = self._batch(graphs)
        self._require_fitting(batch)
        windows = self._measured_windows()
        for part in (windows.input, windows.recurrent):
            require_formed(self.macro, part)
        self.windows_ = windows
        self.readout_ = RidgeReadout(ridge=self.ridge).fit(self._embedded(batch), labels)
        self.classes_ = self.readout_.classes_
        return self

    def embed(self, graphs: Sequence[Graph]) -> NDArray[np.float64]:
        """Embeds graphs on the board: `[graphs, hidden]`; needs no labels and no `fit`.

        Sets `embedding_`, the EmbeddingRecord of this pass.
        """
        return self._embedded(self._batch(graphs))

    def node_states(self, graphs: Sequence[Graph]) -> NDArray[np.float64]:
        """Computes all nodes' states after each iteration on the board, `[iterations, nodes, hidden]`."""
        return np.stack(list(self._states(self._batch(graphs))))

    def decision_function(self, graphs: Sequence[Graph]) -> NDArray[np.float64]:
        """Returns `[graphs]` for two classes (above zero: the second), else `[graphs, classes]`."""
        self._require_fitted("readout_")
        return self.readout_.decision_function(self.embed(graphs))

    def predict(self, graphs: Sequence[Graph]) -> NDArray[Any]:
        """Predicts one label for each graph."""
        self._require_fitted("readout_")
        return self.readout_.predict(self.embed(graphs))

    @property
    def dynamics(self) -> Dynamics:
        """The recursion's parameters, checked."""
        return Dynamics(self.iterations, self.leak, self.input_scale_per_us, self.recurrent_scale_per_us)

    def _batch(self, graphs: Sequence[Graph]) -> GraphBatch:
        """Joins graphs, or returns the last batch where these very graphs were joined."""
        known: tuple[tuple[Graph, ...], GraphBatch] | None = getattr(self, "_joined", None)
        if known is None or len(known[0]) != len(graphs) or any(map(is_not, known[0], graphs)):
            known = tuple(graphs), GraphBatch.of(graphs)
            self._joined = known
        return known[1]

    def _embedded(self, batch: GraphBatch) -> NDArray[np.float64]:
        return embeddings(batch, deque(self._states(batch), maxlen=1).pop())

    def _states(self, batch: GraphBatch) -> Iterator[NDArray[np.float64]]:
        self._require_fitting(batch)
        windows = self._measured_windows()
        self.embedding_ = EmbeddingRecord(graphs=len(batch.starts))

        def product(prepared: PreparedWindow, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
            values, result = prepared.product(self.macro, vectors, self.input_bits)
            self.embedding_.add(result)
            return values

        return node_states(
            batch,
            lambda vectors: product(windows.input, vectors),
            lambda vectors: product(windows.recurrent, vectors),
            self.dynamics,
        )

    def _require_fitting(self, batch: GraphBatch) -> None:
        """Checks parameters, windows and graphs against each other; reads nothing."""
        _ = self.dynamics
        bits = self.input_bits
        require("input_bits", bits, 1 <= bits <= MAX_INPUT_BITS, f"1 to {MAX_INPUT_BITS}")
        input_shape, recurrent_shape = (window.shape for window in self._chosen_windows())
        expected = {
            "hidden": (self.hidden, recurrent_shape[0]),
            "columns of the input window": (input_shape[1], recurrent_shape[0]),
            "columns of the recurrent window": (recurrent_shape[1], recurrent_shape[0]),
            "features": (int(batch.features.shape[1]), input_shape[0] - 1),
        }
        for name, (value, limit) in expected.items():
            if value != limit:
                raise ShapeError(
                    f"{name}: {value}, the windows take {limit}", value=value, limit=limit, where=name
                )

    def _chosen_windows(self) -> tuple[Window, Window]:
        if self.windows is not None:
            return self.windows.input.window, self.windows.recurrent.window
        if self.input_window is None or self.recurrent_window is None:
            raise NotPrepared(
                "no windows: pass what prepare() returns, or input_window and recurrent_window",
                value=None,
                limit="windows",
                unit="",
                where="EchoStateGraphClassifier",
            )
        return self.input_window, self.recurrent_window

    def _measured_windows(self) -> PreparedWindows:
        if self.windows is not None:
            return self.windows
        chosen = self._chosen_windows()
        known: PreparedWindows | None = getattr(self, "windows_", None)
        if known is not None and (known.input.window, known.recurrent.window) == chosen:
            return known
        self.windows_ = PreparedWindows(*(measure(self.macro, window) for window in chosen))
        return self.windows_

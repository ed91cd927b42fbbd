# SPDX-License-Identifier: BSD-3-Clause
"""An open board to the accuracies of one chip."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import NotEmulated
from ohmloop.readout import Split, stratified_folds
from ohmloop.readout.validation import held_out
from ohmloop.systems.datasets import MUTAG_HOLDOUTS, GraphSet, MeasuredArrays
from ohmloop.systems.esgnn import EchoStateGraphClassifier, EmbeddingRecord, PreparedWindows, prepare
from ohmloop.systems.graphs import GraphBatch
from ohmloop.systems.reservoir import software_embeddings

if TYPE_CHECKING:
    from ohmloop.board import Macro, Window

HIDDEN: Final = 50
FOLDS: Final = 10
MAP_AVERAGES: Final = 64  # readings of each cell where the conductances cannot be dumped
_TO_US: Final = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Protocols:
    """The graphs with the splits on which a readout is judged; the same for every chip and the software.

    Attributes:
        holdouts: the ten published ones.
        stratified: ten folds of each shuffle.
    """

    graphs: GraphSet
    batch: GraphBatch
    holdouts: tuple[Split, ...]
    stratified: tuple[Split, ...]

    @classmethod
    def of(cls, graphs: GraphSet, shuffles: int) -> Protocols:
        """Draws the shuffles from generators seeded 0, 1, ..."""
        folds = [
            split
            for k in range(shuffles)
            for split in stratified_folds(graphs.labels, FOLDS, np.random.default_rng(k))
        ]
        holdouts = tuple(np.array(test, dtype=np.intp) for test in MUTAG_HOLDOUTS)
        return cls(graphs, GraphBatch.of(graphs.graphs), holdouts, tuple(folds))


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a readout reached on the test graphs of all splits.

    Attributes:
        accuracy: mean over the splits.
        confusion: `[true class, predicted class]`, counts.
    """

    accuracy: float
    confusion: NDArray[np.int64]


def judge(features: NDArray[np.float64], labels: NDArray[np.int64], splits: Sequence[Split]) -> Judged:
    """Trains a readout for each split and tests it on what was held out."""
    classes = np.unique(labels)
    confusion = np.zeros((classes.size, classes.size), dtype=np.int64)
    accuracies = []
    for test in splits:
        predicted = held_out(features, labels, test)
        accuracies.append(np.mean(predicted == labels[test]))
        np.add.at(confusion, (np.searchsorted(classes, labels[test]), np.searchsorted(classes, predicted)), 1)
    return Judged(float(np.mean(accuracies)), confusion)


@dataclass(slots=True, eq=False)
class ChipRun:
    """One chip (or one noise seed of one chip): what was formed, embedded and reached.

    Attributes:
        name: of the chip.
        noise_seed: of the emulated noise.
        formed_fraction: cells that conduct, of both windows.
        pulses_given: cell pulses.
        record: the board's part of one embedding pass.
        embed_s: wall time of that pass.
        features: embeddings `[graphs, hidden]`.
        weights_us: conductances of the input and the recurrent window, microsiemens.
        board_holdouts, board_stratified: the board's readouts.
        software_holdouts, software_stratified: float64 with the same weights; None where not asked.
    """

    name: str
    noise_seed: int
    formed_fraction: float
    pulses_given: int
    record: EmbeddingRecord
    embed_s: float
    features: NDArray[np.float64]
    weights_us: tuple[NDArray[np.float64], NDArray[np.float64]]
    board_holdouts: Judged
    board_stratified: Judged | None = None
    software_holdouts: Judged | None = None
    software_stratified: Judged | None = None
    windows: PreparedWindows | None = field(default=None, repr=False)


def run_formed_chip(macro: Macro, protocols: Protocols, *, name: str, noise_seed: int) -> ChipRun:
    """Forms a chip (once), embeds all graphs in one pass and judges board and software."""
    features = int(protocols.batch.features.shape[1])
    windows = prepare(macro, features=features, hidden=HIDDEN)
    run, classifier = _embedded(macro, windows, protocols, name=name, noise_seed=noise_seed)
    labels = protocols.graphs.labels
    run.board_stratified = judge(run.features, labels, protocols.stratified)
    software = software_embeddings(protocols.batch, *run.weights_us, classifier.dynamics)
    run.software_holdouts = judge(software, labels, protocols.holdouts)
    run.software_stratified = judge(software, labels, protocols.stratified)
    return run


def run_measured_arrays(
    macro: Macro, protocols: Protocols, arrays: MeasuredArrays, *, noise_seed: int
) -> ChipRun:
    """Loads the published arrays into the macro's last rows, embeds all graphs, judges the hold-outs.

    Raises:
        NotEmulated: the macro is a chip.
    """
    from ohmloop.systems.prepare import measure

    top = macro.rows - arrays.input_us.shape[0] - arrays.recurrent_us.shape[0]
    middle = top + arrays.input_us.shape[0]
    input_window = macro[top:middle, 0 : arrays.input_us.shape[1]]
    recurrent_window = macro[middle : macro.rows, 0 : arrays.recurrent_us.shape[1]]
    for window, conductances_us in ((input_window, arrays.input_us), (recurrent_window, arrays.recurrent_us)):
        macro.load_g_codes(macro.siemens_to_g_codes(conductances_us / _TO_US), window)
    windows = PreparedWindows(measure(macro, input_window), measure(macro, recurrent_window))
    return _embedded(macro, windows, protocols, name="measured arrays", noise_seed=noise_seed)[0]


def _embedded(
    macro: Macro, windows: PreparedWindows, protocols: Protocols, *, name: str, noise_seed: int
) -> tuple[ChipRun, EchoStateGraphClassifier]:
    classifier = EchoStateGraphClassifier(macro, windows, hidden=HIDDEN)
    start = time.perf_counter()
    features = classifier.embed(protocols.graphs.graphs)
    embed_s = time.perf_counter() - start
    cells = windows.input.window.size + windows.recurrent.window.size
    formed = sum(part.formed_fraction * part.window.size for part in (windows.input, windows.recurrent))
    run = ChipRun(
        name=name,
        noise_seed=noise_seed,
        formed_fraction=formed / cells,
        pulses_given=windows.input.pulses_given + windows.recurrent.pulses_given,
        record=classifier.embedding_,
        embed_s=embed_s,
        features=features,
        weights_us=(weights_us(macro, windows.input.window), weights_us(macro, windows.recurrent.window)),
        board_holdouts=judge(features, protocols.graphs.labels, protocols.holdouts),
        windows=windows,
    )
    return run, classifier


def weights_us(macro: Macro, window: Window) -> NDArray[np.float64]:
    """Returns conductances `[rows, cols]` in microsiemens: dumped, or of a chip read and averaged."""
    try:
        return np.asarray(macro.g_codes_to_siemens(macro.dump_g_codes(window)) * _TO_US)
    except NotEmulated:
        reading = macro.read_adc_codes(window, range=macro.ranges - 1, averages=MAP_AVERAGES)
        per_code = macro.profile.siemens_per_adc_code(reading.range)
        return np.asarray(reading.adc_code_sums / MAP_AVERAGES * per_code * _TO_US)

# SPDX-License-Identifier: BSD-3-Clause
"""A window to PROGRAM requests that fit a frame, journaled, and their replies back to arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import Opcode, Outcome
from ohmloop.board.core import Core, Request
from ohmloop.board.recording import Journal, counter_of
from ohmloop.board.tally import Tally
from ohmloop.errors import LimitError
from ohmloop.link.messages import MAX_CELLS, Axis, ProgramReply, ProgramRequest, largest_reply_words
from ohmloop.programming.plan import Plan

if TYPE_CHECKING:
    from ohmloop.board.window import Window

SPACE: Final = 1 << 56
"""Operation indices of the firmware."""
INDICES: Final = 1 << 20
MAX_JOB: Final = 1 << 36
_HEAD_WORDS: Final = 15 + 2 * 18
_REPLY_WORDS: Final = 4


@dataclass(frozen=True, slots=True)
class Part:
    """One request's cells: places in wire order."""

    rows: slice
    columns: slice


@dataclass(slots=True)
class Outcomes:
    """What the board said of every cell, in wire order, `[rows, columns]`."""

    sums: NDArray[np.int32]
    outcomes: NDArray[np.uint8]
    pulses: NDArray[np.uint8]
    reads: NDArray[np.uint8]
    cycles: int = 0
    given: int = 0
    tally: Tally | None = field(default=None)

    @classmethod
    def of(cls, shape: tuple[int, int]) -> Outcomes:
        """Returns the arrays of a window of which nothing is known yet."""
        blank = np.zeros(shape, np.uint8)
        return cls(
            np.zeros(shape, np.int32), blank + np.uint8(Outcome.UNFINISHED), blank.copy(), blank.copy()
        )

    def put(
        self, part: Part, sums: ArrayLike, outcomes: ArrayLike, pulses: ArrayLike, reads: ArrayLike
    ) -> None:
        """Puts down what was said of one request's cells."""
        place = (part.rows, part.columns)
        self.sums[place] = sums
        self.outcomes[place] = outcomes
        self.pulses[place] = pulses
        self.reads[place] = reads


def parts_of(core: Core, shape: tuple[int, int]) -> list[Part]:
    """Returns the requests of a window: whole rows where they fit, at most 512 cells each."""
    rows, columns = shape
    most = core.identity.max_payload // 4
    wide = min(MAX_CELLS, most - _HEAD_WORDS, (most - _REPLY_WORDS) * 2 // 3 - 1)
    if wide < 1:
        raise LimitError(
            f"program: a cell needs {_HEAD_WORDS + 1} words, the board's frames carry {most}",
            value=_HEAD_WORDS + 1, limit=most, unit="words", where="window",
        )  # fmt: skip
    width = min(columns, wide)
    height = 1
    if width == columns:
        fits = (MAX_CELLS, most - _HEAD_WORDS), (most - _REPLY_WORDS,)
        each = columns + (columns + 1) // 2
        height = max(1, min(*(one // columns for one in fits[0]), fits[1][0] // each))
    return [
        Part(slice(row, min(row + height, rows)), slice(column, min(column + width, columns)))
        for row in range(0, rows, height)
        for column in range(0, columns, width)
    ]


def request_of(
    plan: Plan,
    window: Window,
    part: Part,
    targets: NDArray[np.int16],
    tolerances: NDArray[np.uint16],
    job: int,
) -> ProgramRequest:
    """Returns one request; `targets` and `tolerances` are of the whole window, in wire order."""
    here = targets[part.rows, part.columns]
    slope, gain, low, high = plan.gates
    return ProgramRequest(
        algorithm=plan.algorithm,
        macro=window.macro.index,
        rows=Axis.from_lines(window.row_lineup.ascending[part.rows]),
        columns=Axis.from_lines(window.column_lineup.ascending[part.columns]),
        targets=here,
        tolerances=tolerances[part.rows, part.columns],
        read_code=plan.read_code,
        operation_index=SPACE | job * INDICES,
        set=plan.set,
        reset=plan.reset,
        range=plan.range,
        averages_log2=plan.averages_log2,
        final_log2=plan.final_log2,
        most_readings=plan.most_readings,
        budget=plan.budget,
        stall=plan.stall,
        guard=plan.guard_words(here, plan.averages_log2),
        final=plan.guard_words(here, plan.final_log2),
        gate_slope=slope,
        gate_gain=gain,
        gate_low=low,
        gate_high=high,
        quantum=plan.quantum,
        delay_cycles=plan.delay_cycles,
    )


@dataclass(slots=True)
class Run:
    """One programming job: its requests, and what is known of them.

    Attributes:
        targets, tolerances: `[rows, columns]` in wire order, ADC codes.
        first_job: request i uses job `first_job` + i.
    """

    core: Core
    window: Window
    plan: Plan
    targets: NDArray[np.int16]
    tolerances: NDArray[np.uint16]
    first_job: int
    what: str
    parts: list[Part] = field(init=False)
    found: Outcomes = field(init=False)

    def __post_init__(self) -> None:
        self.parts = parts_of(self.core, self.window.shape)
        self.found = Outcomes.of(self.window.shape)

    def execute(self, journal: Journal, remaining: list[int]) -> None:
        """Sends the requests that remain, each put down before it is sent and after it is answered."""
        core, permission = self.core, self.core.permission
        counter = counter_of(core.read_registers)
        tally = Tally(self.what, self.window.shape[0], "rows")
        requests = self._requests(journal, remaining)
        try:
            replies = core.stream(requests, self.what, tally)
            for number, reply in zip(remaining, replies, strict=True):
                part = self.parts[number]
                rows, columns = part.rows.stop - part.rows.start, part.columns.stop - part.columns.start
                got = ProgramReply.decode(reply.payload, rows, columns)
                self.found.put(part, got.sums, got.outcomes, got.pulses, got.reads)
                self.found.cycles += got.cycles
                self.found.given += got.pulses_given
                tally.add(got.rows_done, got.pulses_given)
                if permission is not None:
                    permission.pulses_left -= got.pulses_given
                arrays: dict[str, ArrayLike] = {
                    "sums": got.sums,
                    "outcomes": got.outcomes,
                    "reads": got.reads,
                    "pulses": got.pulses,
                }
                journal.acknowledge(number, got.pulses, values={"cycles": got.cycles}, arrays=arrays)
        except Exception:
            journal.settle(counter)
            raise

    def _requests(self, journal: Journal, remaining: list[int]) -> Iterator[Request]:
        for number in remaining:
            request = request_of(
                self.plan,
                self.window,
                self.parts[number],
                self.targets,
                self.tolerances,
                self.first_job + number,
            )
            journal.begin(
                number,
                rows=request.rows.lines,
                columns=request.columns.lines,
                most_pulses=self.plan.budget,
                request={"operation_index": request.operation_index},
            )
            yield int(Opcode.PROGRAM), request.encode(), largest_reply_words(request)

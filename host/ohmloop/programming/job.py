# SPDX-License-Identifier: BSD-3-Clause
"""A window to PROGRAM requests that fit a frame, journaled, and their replies back to arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import Opcode, Outcome
from ohmloop.board.core import Core, Request
from ohmloop.board.recording import Journal, counter_of
from ohmloop.board.tally import Tally
from ohmloop.board.watching import JobWatch
from ohmloop.errors import LimitError
from ohmloop.link.messages import MAX_CELLS, Axis, ProgramReply, ProgramRequest, largest_reply_words
from ohmloop.programming.plan import Floats, Plan, target_codes
from ohmloop.programming.scale import Lines, Scale, scale_for

if TYPE_CHECKING:
    from ohmloop.board.window import Window

SPACE: Final = 1 << 56
"""Operation indices of the firmware."""
INDICES: Final = 1 << 20
MAX_JOB: Final = 1 << 36
WATCHED: Final = 8
"""Requests after which a watch is asked whether it is due."""
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

    siemens: Floats
    uncertainty: Floats
    outcomes: NDArray[np.uint8]
    pulses: NDArray[np.uint8]
    reads: NDArray[np.uint8]
    cycles: int = 0

    @classmethod
    def of(cls, shape: tuple[int, int]) -> Outcomes:
        """Returns the arrays of a window of which nothing is known yet."""
        blank = np.zeros(shape, np.uint8)
        return cls(
            np.zeros(shape), np.zeros(shape), blank + np.uint8(Outcome.UNFINISHED), blank.copy(), blank.copy()
        )

    def put(self, part: Part, kept: Mapping[str, ArrayLike], cycles: int) -> None:
        """Puts down what a step keeps of one request's cells."""
        place = (part.rows, part.columns)
        for name in ("siemens", "uncertainty", "outcomes", "pulses", "reads"):
            getattr(self, name)[place] = kept[name]
        self.cycles += cycles


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
    """Returns one request; `targets` and `tolerances` are the codes of its cells."""
    slope, gain, low, high = plan.gates
    return ProgramRequest(
        algorithm=plan.algorithm,
        macro=window.macro.index,
        rows=Axis.from_lines(window.row_lineup.ascending[part.rows]),
        columns=Axis.from_lines(window.column_lineup.ascending[part.columns]),
        targets=targets,
        tolerances=tolerances,
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
        guard=plan.guard_words(targets, plan.averages_log2),
        final=plan.guard_words(targets, plan.final_log2),
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
        targets, tolerances: `[rows, columns]` in wire order, siemens.
        scale: siemens to codes; another one after the watch had the converters measured again.
        first_job: request i uses job `first_job` + i.
        names: of the calibrations used, in order.
    """

    core: Core
    window: Window
    plan: Plan
    targets: Floats
    tolerances: Floats
    scale: Scale
    watch: JobWatch
    what: str
    first_job: int = 0
    names: list[str] = field(default_factory=list)
    parts: list[Part] = field(init=False)
    found: Outcomes = field(init=False)
    _told: int = 0

    def __post_init__(self) -> None:
        self.parts = parts_of(self.core, self.window.shape)
        self.found = Outcomes.of(self.window.shape)

    def execute(self, journal: Journal, remaining: list[int]) -> None:
        """Sends the requests that remain; a watch looks before, between and after them.

        Raises:
            CalibrationExpired: by the watch's policy; what was acknowledged stays so.
        """
        tally = Tally(self.what, self.window.shape[0], "rows")
        each = WATCHED if self.watch.watch is not None else max(1, len(remaining))
        for first in range(0, len(remaining), each):
            self._look()
            self._execute(journal, remaining[first : first + each], tally)
        self._look(last=True)

    def used(self, calibration: str) -> None:
        """Notes the name of a calibration, unless it is empty or the last one."""
        if calibration and self.names[-1:] != [calibration]:
            self.names.append(calibration)

    def columns(self, part: Part) -> Lines:
        """Returns the macro's numbers of a part's columns."""
        return np.asarray(self.window.column_lineup.ascending[part.columns], np.intp)

    def codes(self, part: Part) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
        """Returns targets and tolerances of a part as the board compares them."""
        place, columns = (part.rows, part.columns), self.columns(part)
        exact = self.scale.codes(self.targets[place], columns)
        wide = self.scale.codes(self.targets[place] + self.tolerances[place], columns) - exact
        return target_codes(exact), target_codes(wide).astype(np.uint16)

    def _look(self, *, last: bool = False) -> None:
        if self.watch.look(self.core.profile.cycles_to_seconds(self.found.cycles), last=last):
            self.scale = scale_for(self.core, self.window, self.plan, self.watch.calibration, False)
        self.used(self.scale.name)

    def _execute(self, journal: Journal, numbers: list[int], tally: Tally) -> None:
        """Streams requests, each put down before it is sent and after it is answered."""
        core, permission = self.core, self.core.permission
        try:
            replies = core.stream(self._requests(journal, numbers), self.what, tally)
            for number, reply in zip(numbers, replies, strict=True):
                part = self.parts[number]
                rows, columns = part.rows.stop - part.rows.start, part.columns.stop - part.columns.start
                got = ProgramReply.decode(reply.payload, rows, columns)
                kept = self._kept(part, got)
                self.found.put(part, kept, got.cycles)
                tally.add(got.rows_done, got.pulses_given)
                if permission is not None:
                    permission.pulses_left -= got.pulses_given
                journal.acknowledge(number, got.pulses, values=self._values(got.cycles), arrays=kept)
        except Exception:
            journal.settle(counter_of(core.read_registers))
            raise

    def _kept(self, part: Part, got: ProgramReply) -> dict[str, ArrayLike]:
        """Returns what a step keeps: a resumed job may have another calibration, so siemens too."""
        conversions = 1 << self.plan.final_log2
        means = got.sums / conversions
        siemens, unsure = self.scale.siemens(means, self.columns(part))
        noise = self.plan.deviation(means, conversions) * self.plan.siemens_per_code
        return {
            "sums": got.sums,
            "siemens": siemens,
            "uncertainty": np.hypot(noise, unsure),
            "outcomes": got.outcomes,
            "reads": got.reads,
            "pulses": got.pulses,
        }

    def _values(self, cycles: int) -> dict[str, Any]:
        """Returns the plain values of a step: what the watch has said since the one before, too."""
        fresh, self._told = self.watch.events[self._told :], len(self.watch.events)
        told: dict[str, Any] = {"drift": fresh} if fresh else {}
        return {"cycles": cycles, "calibration": self.scale.name} | told

    def _requests(self, journal: Journal, numbers: list[int]) -> Iterator[Request]:
        for number in numbers:
            part = self.parts[number]
            request = request_of(self.plan, self.window, part, *self.codes(part), self.first_job + number)
            journal.begin(
                number,
                rows=request.rows.lines,
                columns=request.columns.lines,
                most_pulses=self.plan.budget,
                request={"operation_index": request.operation_index},
            )
            yield int(Opcode.PROGRAM), request.encode(), largest_reply_words(request)

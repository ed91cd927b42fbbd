# SPDX-License-Identifier: BSD-3-Clause
"""One array operation to a pipelined stream of requests that fit a frame, and their replies to arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Opcode
from ohmloop.board.core import Core, Request
from ohmloop.board.tally import Tally
from ohmloop.errors import BoardLost, LimitError
from ohmloop.link.messages import Axis, MacroGeometry, Refusal, VectorReply, VectorRequest, result_words

COMMAND_S: Final = 0.3
"""Longest command of more than one vector: a stop, a heartbeat and a lost frame never wait for more."""
MAX_VECTORS: Final = 0xFFFF
LONGEST_SHARE: Final = 0.95
"""Of the profile's longest operation, after which the board stops it, that one vector may take."""
MIN_PASS_ROWS: Final = 16
"""A pass of fewer rows takes as long as this many (docs/emulator.md, Cycles: FLOOR)."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Results in wire order: int32 `values` and bool `saturated`, `[n, columns]`; `cycles` of clk."""

    values: NDArray[np.int32]
    saturated: NDArray[np.bool_]
    cycles: int


def result_width(bound: int, packet: bool) -> int:
    """Returns the narrowest width, in bits, that holds magnitudes up to `bound`.

    On wires that carry whole frames in memory 24 bits save nothing and cost time.
    """
    if bound < 1 << 15:
        return 16
    return 24 if bound < 1 << 23 and not packet else 32


def run_vectors(core: Core, template: VectorRequest, packed: NDArray[np.uint8] | None, n: int) -> Codes:
    """Runs `n` vectors of MAC or MAC_RAW, or `n` readings of the reference, as one stream.

    Args:
        core: the board.
        template: the request with everything but vectors, count and its own operation index.
        packed: `[n, bytes]` packed vectors; None with the reference.
        n: number of vectors.

    Returns:
        `[n * planes, columns]` codes; planes is 1 but for MAC_RAW.
    """
    most = core.identity.max_payload // 4
    raw = template.opcode == Opcode.MAC_RAW
    tally = Tally(Opcode(template.opcode).name, n, "vectors", template.bits if raw else 1)
    parts = [_vectors_part(core, part, packed, n, tally) for part in _column_parts(template, most)]
    if len(parts) == 1:
        return parts[0]
    return Codes(
        np.concatenate([part.values for part in parts], axis=1),
        np.concatenate([part.saturated for part in parts], axis=1),
        sum(part.cycles for part in parts),
    )


def run_cells(core: Core, template: VectorRequest) -> Codes:
    """Reads every cell of the window, split at whole rows; returns `[rows, columns]` codes."""
    most = core.identity.max_payload // 4
    geometry = core.identity.macros[template.macro]
    lines = template.rows.lines
    averages = 1 << template.averages_log2
    one = replace(template, rows=Axis.from_lines(lines[:1]))
    seconds = _vector_seconds(core, geometry, one)
    step = min(_fitting(one, most, per_vector_words=0), _in_time(core, one, seconds))
    starts = range(0, lines.size, step)

    def part(at: int) -> VectorRequest:
        return replace(
            template,
            rows=Axis.from_lines(lines[at : at + step]),
            operation_index=template.operation_index + at * averages,
        )

    tally = Tally(Opcode.READ_CELLS.name, lines.size, "rows")
    return _gathered(core, part, starts, lines.size, template, tally)


def _column_parts(template: VectorRequest, most: int) -> list[VectorRequest]:
    """Splits the columns of a MAC_RAW whose single vector passes a frame; others always fit."""
    if replace(template, count=1).largest_reply_words <= most:
        return [template]
    lines = template.columns.lines
    planes = template.bits if template.opcode == Opcode.MAC_RAW else 1
    step = (most - 3) * 32 // (planes * (template.width_bits + 1) + planes * 32)
    step = max(1, step)
    return [
        replace(template, columns=Axis.from_lines(lines[at : at + step])) for at in range(0, lines.size, step)
    ]


def _vectors_part(
    core: Core, template: VectorRequest, packed: NDArray[np.uint8] | None, n: int, tally: Tally
) -> Codes:
    most = core.identity.max_payload // 4
    geometry = core.identity.macros[template.macro]
    per_vector = 1 if template.opcode == Opcode.MAC_RAW else 1 << template.averages_log2
    seconds = _vector_seconds(core, geometry, template)
    words = 0 if packed is None else packed.shape[1] // 4
    fitting = _fitting(template, most, per_vector_words=words)
    step = min(n, MAX_VECTORS, fitting, _in_time(core, template, seconds))
    planes = template.bits if template.opcode == Opcode.MAC_RAW else 1

    def part(at: int) -> VectorRequest:
        count = min(step, n - at)
        return replace(
            template,
            count=count,
            operation_index=template.operation_index + at * per_vector,
            vectors=b"" if packed is None else packed[at : at + count].tobytes(),
        )

    tally.restart()
    return _gathered(core, part, range(0, n, step), n * planes, template, tally)


def _fitting(template: VectorRequest, most: int, *, per_vector_words: int) -> int:
    """Returns how many vectors (or rows of cells) fit one request and its largest reply."""
    one = replace(template, count=0 if template.opcode == Opcode.READ_CELLS else 1)
    rows, m = one.result_shape
    fixed = replace(template, count=0).words
    # A bitmap row is counted in bits; 3 = the reply's two head words and the rounding of the bitmap.
    fitting = (most - 3) * 32 // (rows * (32 * result_words(m, template.width_bits) + m))
    if per_vector_words:
        fitting = min(fitting, (most - fixed) // per_vector_words)
    if fitting < 1:
        raise LimitError(
            f"one vector of {template.rows.count} rows and {template.columns.count} columns passes a frame",
            value=one.largest_reply_words,
            limit=most,
            unit="words",
            where="window",
        )
    return fitting


def _in_time(core: Core, request: VectorRequest, seconds: float) -> int:
    """Returns how many vectors of so many seconds make a command; raises LimitError where one is too long."""
    longest = LONGEST_SHARE * core.profile.board.operation.value
    if core.read_only and seconds > longest:
        averages = 1 << request.averages_log2
        most = 1 << max(0, int(averages * longest / seconds).bit_length() - 1)  # averages are a power of two
        raise LimitError(
            f"{request.opcode.name}: {averages} averages of one vector take {seconds:.1f} s on this board,"
            f" {longest:.1f} s are possible: at most {most} averages",
            value=averages,
            limit=most,
            unit="averages",
            where="averages",
        )
    return max(1, int(COMMAND_S / seconds))


def _vector_seconds(core: Core, geometry: MacroGeometry, request: VectorRequest) -> float:
    """Returns about how long one vector takes, from above."""
    planes, averages, columns = request.bits, 1 << request.averages_log2, request.columns.count
    if not core.emulated:
        return core.profile.product_seconds(columns, bits=planes, averages=averages)
    lines = request.columns.lines
    groups = int(lines[-1] // geometry.lanes - lines[0] // geometry.lanes) + 1
    rows = 1 if request.opcode == Opcode.READ_CELLS or request.reference else request.rows.count
    if core.read_only:
        return core.profile.cycles_to_seconds(_serial_cycles(request, rows))
    floor = max(MIN_PASS_ROWS, geometry.lanes // geometry.adc_lanes)
    passes = averages * (planes if request.opcode == Opcode.MAC_RAW else 1)
    accumulate = groups * (1 + request.signed) * max(rows, floor)
    return core.profile.cycles_to_seconds(passes * max(accumulate, planes * columns + groups, columns))


def _serial_cycles(request: VectorRequest, rows: int) -> int:
    """Returns the most cycles of one vector on a board that only reads (docs/emulator.md)."""
    lines, conversion = request.columns.lines, 59 + 63  # of the largest shift
    raw = request.opcode == Opcode.MAC_RAW
    planes, passes = (1, request.bits) if raw else (request.bits, 1 << request.averages_log2)
    readings = planes * lines.size * max(conversion, rows + 7)
    return rows + passes * int(rows + 34 + conversion + readings + lines[-1] - lines[0])


def _gathered(
    core: Core,
    part: Callable[[int], VectorRequest],
    starts: range,
    rows: int,
    template: VectorRequest,
    tally: Tally,
) -> Codes:
    """Streams the parts and puts their replies, in order, into one array of `rows`."""
    columns = template.columns.count // 2 if template.pairs else template.columns.count
    values = np.empty((rows, columns), np.int32)
    saturated = np.empty((rows, columns), np.bool_)
    shapes: list[tuple[int, int]] = []

    def requests() -> Iterator[Request]:
        for at in starts:
            request = part(at)
            shapes.append(request.result_shape)
            yield int(request.opcode), request.encode(), request.largest_reply_words

    filled = cycles = 0
    for number, reply in enumerate(core.stream(requests(), tally.what, tally)):
        shape = shapes[number]
        tally.add(shape[0])
        try:
            got = VectorReply.decode(reply.payload, shape, template.width_bits)
        except Refusal as error:
            raise BoardLost(
                f"{template.opcode.name}: a reply of {len(reply.payload)} bytes holds no {shape} results",
                value=len(reply.payload),
                where="reply",
            ) from error
        values[filled : filled + shape[0]] = got.values
        saturated[filled : filled + shape[0]] = got.saturated
        filled += shape[0]
        cycles += got.cycles
    return Codes(values, saturated, cycles)

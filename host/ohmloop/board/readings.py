# SPDX-License-Identifier: BSD-3-Clause
"""Products, cells and the reference input: arguments to one request template, codes to results."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import Opcode, Register
from ohmloop.board.core import Core
from ohmloop.board.inputs import Integers, averages_log2, input_codes
from ohmloop.board.limits import flag, whole
from ohmloop.board.results import MacResult, RawMacResult, ReadResult
from ohmloop.board.stream import Codes, result_width, run_cells, run_vectors
from ohmloop.board.window import Window
from ohmloop.errors import Refused, ShapeError
from ohmloop.link.messages import Axis, VectorRequest, pack_inputs

MAX_LEVEL: Final = 0x7FFF
MAX_READINGS: Final = 2**32
Result = TypeVar("Result", MacResult, RawMacResult, ReadResult)


def mac(
    core: Core,
    window: Window,
    x_codes: ArrayLike,
    *,
    bits: int,
    raw: bool,
    range_index: int | None,
    averages: int,
    subtract_pairs: bool,
    read_v: float | None,
    operation_index: int | None,
) -> MacResult:
    """Multiplies vectors by a window; see `Macro.mac`."""
    planes = whole(bits, "bits", lowest=1, highest=window.macro.input_bits)
    raw, subtract_pairs = flag(raw, "raw"), flag(subtract_pairs, "subtract_pairs")
    repeats_log2 = averages_log2(averages, raw=raw)
    _check_pairs(window, subtract_pairs, raw)
    codes, signed = input_codes(x_codes, window, planes)
    read_code = _read_code(core, read_v)
    chosen = _range(core, window, range_index, _rows_on(codes), read_code)
    n = codes.shape[0]
    index = core.take_indices(n if raw else n << repeats_log2, operation_index)
    bound = _plane_bound(core, window, raw) * (1 if raw else ((1 << planes) - 1) << repeats_log2)
    template = VectorRequest(
        opcode=Opcode.MAC_RAW if raw else Opcode.MAC,
        macro=window.macro.index,
        rows=window.row_lineup.axis,
        columns=window.column_lineup.axis,
        read_code=read_code,
        operation_index=index,
        range=chosen,
        averages_log2=repeats_log2,
        bits=planes,
        width_bits=result_width(bound << subtract_pairs, core.packet),
        signed=signed,
        pairs=subtract_pairs,
    )
    got = run_vectors(core, template, pack_inputs(codes, planes, signed), n)
    shape = (n, planes, window.shape[1]) if raw else (n, -1)
    return _result(RawMacResult if raw else MacResult, core, window, template, got, shape)


def cells(
    core: Core,
    window: Window,
    *,
    range_index: int | None,
    averages: int,
    read_v: float | None,
    operation_index: int | None,
) -> ReadResult:
    """Reads every cell of a window; see `Macro.read_adc_codes`."""
    repeats_log2 = averages_log2(averages)
    read_code = _read_code(core, read_v)
    rows = window.shape[0]
    template = VectorRequest(
        opcode=Opcode.READ_CELLS,
        macro=window.macro.index,
        rows=window.row_lineup.axis,
        columns=window.column_lineup.axis,
        read_code=read_code,
        operation_index=core.take_indices(rows << repeats_log2, operation_index),
        range=_range(core, window, range_index, 1, read_code),
        averages_log2=repeats_log2,
        width_bits=result_width(_plane_bound(core, window, False) << repeats_log2, core.packet),
    )
    got = run_cells(core, template)
    back = window.row_lineup.back
    if back is not None:
        got = Codes(got.values[back], got.saturated[back], got.cycles)
    return _result(ReadResult, core, window, template, got, (rows, -1))


def reference_unit(core: Core) -> float:
    """Returns the conductance of one level of the reference input, siemens; raises Refused without one."""
    source = core.profile.chip.front_end.reference
    if source is None or not core.identity.reference_input:
        raise Refused("the board has no reference input (reference: none)", value="reference", where=core.url)
    return float(source.unit.value) * 1e-6  # the profile tells microsiemens


def reference(
    core: Core,
    window: Window,
    level: int,
    *,
    n: int,
    range_index: int | None,
    averages: int,
    operation_index: int | None,
) -> MacResult:
    """Reads the reference input; see `Macro.read_reference`."""
    signed_level = whole(level, "level", lowest=-MAX_LEVEL, highest=MAX_LEVEL)
    count = whole(n, "n", lowest=1, highest=MAX_READINGS)
    repeats_log2 = averages_log2(averages)
    read_code = _read_code(core, None)
    cells_alike = (
        abs(signed_level) * reference_unit(core) / (core.profile.g_code_max * core.profile.g_lsb_siemens)
    )
    template = VectorRequest(
        opcode=Opcode.MAC,
        macro=window.macro.index,
        rows=Axis.from_lines(window.row_lineup.ascending[:1]),
        columns=window.column_lineup.axis,
        read_code=read_code,
        operation_index=core.take_indices(count << repeats_log2, operation_index),
        range=_range(core, window, range_index, cells_alike, read_code),
        averages_log2=repeats_log2,
        width_bits=result_width(_plane_bound(core, window, False) << repeats_log2, core.packet),
        reference=True,
        level=signed_level,
    )
    return _result(MacResult, core, window, template, run_vectors(core, template, None, count), (count, -1))


def _check_pairs(window: Window, subtract_pairs: bool, raw: bool) -> None:
    if not subtract_pairs:
        return
    columns = window.shape[1]
    reason = ""
    if raw:
        reason = "raw codes are untouched"
    elif columns % 2:
        reason = f"{columns} columns are no pairs"
    elif window.column_lineup.order is not None:
        reason = "pairs are formed on the board, where columns ascend"
    if reason:
        raise ShapeError(f"subtract_pairs: {reason}", value=columns, where="subtract_pairs")


def _read_code(core: Core, read_v: float | None) -> int:
    volts = core.profile.read_v if read_v is None else read_v
    return core.limits.voltage_code(volts, Register.LIMIT_READ_V, "read_v")


def _rows_on(codes: Integers) -> int:
    return int(np.count_nonzero(codes, axis=1).max())


def _range(core: Core, window: Window, chosen: int | None, rows_on: float, read_code: int) -> int:
    if chosen is not None:
        return whole(chosen, "range", highest=window.macro.ranges - 1)
    nominal = core.profile.volts_to_dac_codes(core.profile.read_v)
    return core.profile.range_for(rows_on, read_code / nominal)


def _plane_bound(core: Core, window: Window, raw: bool) -> int:
    """Returns the largest magnitude of one conversion, after the corrections unless raw."""
    code = core.profile.adc_bound
    return code if raw else core.corrected_bound(window.macro.index, code)


def _columns_of(window: Window, pairs: bool) -> NDArray[np.intp]:
    return window.columns[::2] if pairs else window.columns


def _result(
    kind: type[Result],
    core: Core,
    window: Window,
    template: VectorRequest,
    got: Codes,
    shape: tuple[int, ...],
) -> Result:
    """Returns the result in the user's order of columns."""
    values, saturated = got.values, got.saturated
    back = None if template.pairs else window.column_lineup.back
    if back is not None:
        values, saturated = values[:, back], saturated[:, back]
    return kind(
        values=values.reshape(shape),
        saturated=saturated.reshape(shape),
        range=template.range,
        averages=1 << template.averages_log2,
        read_v=core.profile.dac_codes_to_volts(template.read_code),
        rows=window.rows,
        columns=_columns_of(window, template.pairs),
        tables_hash=0 if template.opcode == Opcode.MAC_RAW else core.tables_hash(template.macro),
        conditions=core.conditions(template.operation_index, got.cycles),
    )

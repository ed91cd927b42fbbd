# SPDX-License-Identifier: BSD-3-Clause
"""Every payload of docs/protocol.md, both directions: for the host, the twin and the tests."""

from ohmloop.link.identity import (
    ABSENT_IF_READ_ONLY,
    CHIP_ID_BYTES,
    HelloRequest,
    Identity,
    MacroGeometry,
)
from ohmloop.link.packing import (
    Integers,
    pack_flags,
    pack_g_codes,
    pack_inputs,
    pack_results,
    result_words,
    unpack_flags,
    unpack_g_codes,
    unpack_inputs,
    unpack_results,
)
from ohmloop.link.programming import (
    MAX_CELLS,
    MOST_READINGS,
    KindDrive,
    ProgramReply,
    ProgramRequest,
)
from ohmloop.link.references import (
    LevelReading,
    ReferenceOpcode,
    ReferenceRequest,
    SelfcalReply,
    SelfTestReply,
)
from ohmloop.link.requests import (
    COUNT_WORDS,
    EXPIRY_CYCLES,
    TABLE_SIZES,
    ArmRequest,
    CellRequest,
    PulseRequest,
    TableWriteRequest,
    limits_hash,
    pack_counts,
    pack_words,
    unpack_words,
)
from ohmloop.link.sweeps import EnvRequest, Point, SweepRequest
from ohmloop.link.telemetry import SensorWords, TelemetryReply
from ohmloop.link.vectors import WIDTHS, VectorOpcode, VectorReply, VectorRequest
from ohmloop.link.windows import Axis, Refusal, require_field, require_length

__all__ = [
    "ABSENT_IF_READ_ONLY",
    "CHIP_ID_BYTES",
    "COUNT_WORDS",
    "EXPIRY_CYCLES",
    "MAX_CELLS",
    "MOST_READINGS",
    "TABLE_SIZES",
    "WIDTHS",
    "ArmRequest",
    "Axis",
    "CellRequest",
    "EnvRequest",
    "HelloRequest",
    "Identity",
    "Integers",
    "KindDrive",
    "LevelReading",
    "MacroGeometry",
    "Point",
    "ProgramReply",
    "ProgramRequest",
    "PulseRequest",
    "ReferenceOpcode",
    "ReferenceRequest",
    "Refusal",
    "SelfTestReply",
    "SelfcalReply",
    "SensorWords",
    "SweepRequest",
    "TableWriteRequest",
    "TelemetryReply",
    "VectorOpcode",
    "VectorReply",
    "VectorRequest",
    "largest_reply_words",
    "limits_hash",
    "pack_counts",
    "pack_flags",
    "pack_g_codes",
    "pack_inputs",
    "pack_results",
    "pack_words",
    "require_field",
    "require_length",
    "result_words",
    "unpack_flags",
    "unpack_g_codes",
    "unpack_inputs",
    "unpack_results",
    "unpack_words",
]


def largest_reply_words(
    request: ArmRequest
    | PulseRequest
    | TableWriteRequest
    | CellRequest
    | VectorRequest
    | SweepRequest
    | ProgramRequest
    | EnvRequest
    | ReferenceRequest
    | int,
) -> int:
    """Returns the words of the longest reply, a refusal's included, to a request.

    An integer stands for what PING and REG_READ ask: the words echoed or read.
    """
    if isinstance(request, int):
        return max(COUNT_WORDS, request)
    return request.largest_reply_words

# SPDX-License-Identifier: BSD-3-Clause
"""What the host's own codec says of a request: the judge of which vectors fit a board."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

from ohmloop._map import Opcode
from ohmloop.errors import NotPrepared
from ohmloop.link.messages import (
    ArmRequest,
    CellRequest,
    EnvRequest,
    Identity,
    ProgramRequest,
    PulseRequest,
    Refusal,
    SweepRequest,
    TableWriteRequest,
    VectorOpcode,
    VectorRequest,
    require_length,
)

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_FILES: Final = (
    _PACKAGE.parents[1] / "docs" / "protocol_vectors.json",
    _PACKAGE / "_protocol" / "protocol_vectors.json",
)
"""Where the vectors lie: in a checkout, in an installed wheel."""
_VECTOR_OPCODES: Final = (Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS)

Vector = dict[str, Any]


@lru_cache(maxsize=1)
def vectors() -> dict[str, list[Vector]]:
    """Returns the test vectors by kind; raises NotPrepared where their file is missing."""
    for file in _FILES:
        if file.is_file():
            held = json.loads(file.read_text(encoding="ascii"))
            return {kind: value for kind, value in held.items() if isinstance(value, list)}
    raise NotPrepared(
        "docs/protocol_vectors.json is missing: install ohmloop again", where=", ".join(map(str, _FILES))
    )


def codec_refusal(opcode: int, payload: bytes, identity: Identity, read_limit: int) -> Refusal | None:
    """Returns how a board of this identity refuses a request for its form; None where it does not.

    `read_limit` is LIMIT_READ_V: points of SWEEP above it are pulses.
    """
    macros, most = identity.macros, identity.max_payload
    decoders: dict[int, Callable[[], object]] = {
        Opcode.CELL_LOAD: lambda: CellRequest.decode(payload, macros, load=True, max_payload=most),
        Opcode.CELL_DUMP: lambda: CellRequest.decode(payload, macros, load=False, max_payload=most),
        Opcode.SWEEP: lambda: SweepRequest.decode(payload, macros, read_limit=read_limit, max_payload=most),
        Opcode.PROGRAM: lambda: ProgramRequest.decode(payload, macros, max_payload=most),
        Opcode.ENV: lambda: EnvRequest.decode(payload, macros),
        Opcode.ARM: lambda: ArmRequest.decode(payload, macros),
        Opcode.PULSE: lambda: PulseRequest.decode(payload, macros),
        Opcode.TABLE_WRITE: lambda: TableWriteRequest.decode(payload, macros),
        Opcode.TELEMETRY: lambda: require_length(payload, 0),
    }
    if opcode in _VECTOR_OPCODES:
        decoders[opcode] = lambda: VectorRequest.decode(payload, cast(VectorOpcode, Opcode(opcode)), identity)
    try:
        decoders[opcode]()
    except Refusal as refusal:
        return refusal
    return None

# SPDX-License-Identifier: BSD-3-Clause
"""A wire with faults changes nothing: every result right, every pulse exactly once."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from boards import LIMITS, SMALL, arm_request, opened
from faults import KINDS, FaultyWire

from ohmloop._map import Opcode, Pulse, Register, Status, Table
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    PulseRequest,
    TableWriteRequest,
    VectorRequest,
    largest_reply_words,
    pack_inputs,
    pack_words,
    unpack_words,
)
from ohmloop.link.session import Request, Session
from ohmloop.link.wires import Wire
from ohmloop.profile import load_profile

PROFILE = "rrm-40nm-esgnn2023"
FAULT_RATE = 0.01


def commands(count: int, seed: int) -> list[Request]:
    """Products, cells, pulses, registers and pings in random order, each small."""
    generator = random.Random(seed)
    return [_command(generator, i) for i in range(count)]


def _command(generator: random.Random, i: int) -> Request:
    kind = generator.choices(("mac", "pulse", "cells", "ping", "register"), (4, 3, 1, 1, 1))[0]
    rows, columns = Axis(generator.randrange(60), 4), Axis(generator.randrange(30), 8, 4)
    if kind == "ping":
        return Opcode.PING, pack_words(i, 2**32 - 1 - i), 3
    if kind == "register":
        return Opcode.REG_READ, pack_words(Register.PULSES_SINCE_BOOT, 1), 3
    request: VectorRequest | PulseRequest
    if kind == "pulse":
        request = PulseRequest(
            Pulse.RESET, 0, 30_000 + generator.randrange(9_000), 0, 60, i, 1, rows, columns
        )
        return Opcode.PULSE, request.encode(), largest_reply_words(request)
    if kind == "cells":
        request = VectorRequest(Opcode.READ_CELLS, 0, rows, columns, 2622, i)
    else:
        x = np.array([[generator.randrange(16) for _ in range(4)]], np.int16)
        vectors = pack_inputs(x, 4, False).tobytes()
        request = VectorRequest(
            Opcode.MAC, 0, rows, columns, 2622, i, bits=4, width_bits=16, count=1, vectors=vectors
        )
    return request.opcode, request.encode(), largest_reply_words(request)


def prepare(session: Session) -> None:
    """Profile, limits, token, all cells formed; over the same wire, faults and all."""
    profile = load_profile(PROFILE)
    identity = session.hello()
    requests: list[Request] = [
        (Opcode.REG_WRITE, pack_words(register, value & 0xFFFF_FFFF), 3)
        for register, value in profile.emulator_registers(1, 2).items()
    ]
    for table, values in profile.tables().items():
        for first in range(0, len(values), 256):
            part = np.asarray(values[first : first + 256], np.int32)
            requests.append((Opcode.TABLE_WRITE, TableWriteRequest(Table(table), 0, first, part).encode(), 3))
    g_codes = np.random.default_rng(3).integers(100, 1000, (64, 64)).astype(np.uint16)
    for first in range(0, 64, 16):
        load = CellRequest(0, Axis(first, 16), Axis(0, 64), g_codes[first : first + 16])
        requests.append((Opcode.CELL_LOAD, load.encode(), 3))
    requests.append((Opcode.REG_WRITE, pack_words(Register.LIMIT_FORM_V, *LIMITS), 3))
    requests.append((Opcode.ARM, arm_request(identity).encode(), 3))
    assert {reply.status for reply in session.execute(requests)} == {Status.OK}


def run(session: Session, requests: list[Request]) -> list[tuple[int, bytes]]:
    """Status and payload of every reply, then the number of pulses and every cell."""
    prepare(session)
    dumps: list[Request] = []
    for first in range(0, 64, 16):
        dump = CellRequest(0, Axis(first, 16), Axis(0, 64))
        dumps.append((Opcode.CELL_DUMP, dump.encode(), largest_reply_words(dump)))
    pulses: Request = (Opcode.REG_READ, pack_words(Register.PULSES_SINCE_BOOT, 1), 3)
    answers = session.execute([*requests, pulses, *dumps], timeout_s=60.0)
    return [(reply.status, bytes(reply.payload)) for reply in answers]


@contextmanager
def session_over(wire: Wire) -> Iterator[Session]:
    session = Session(wire, timeout_s=60.0)
    yield session
    session.close()


def campaign(scheme: str, count: int, seed: int) -> tuple[FaultyWire, Session]:
    """Runs the same commands on a faulty wire and on the twin's clean one; asserts the same answers."""
    requests = commands(count, seed)
    with opened(f"twin://?{SMALL}", profile=PROFILE) as clean, session_over(clean) as session:
        expected = run(session, requests)
    with opened(f"{scheme}://?{SMALL}", profile=PROFILE) as wire:
        faulty = FaultyWire(wire, FAULT_RATE, seed)
        with session_over(faulty) as session:
            seen = run(session, requests)
    for i, (one, other) in enumerate(zip(expected, seen, strict=True)):
        assert one == other, (i, requests[i] if i < count else "at the end")
    given = sum(
        unpack_words(p)[2] for (o, _, _), (_, p) in zip(requests, seen, strict=False) if o == Opcode.PULSE
    )
    assert unpack_words(seen[count][1]) == (given,)
    assert given > 2 * count  # the stream did pulse
    return faulty, session


@pytest.mark.parametrize("scheme", ["twin", "sim"])
def test_a_thousand_commands_survive_faults_both_ways(scheme: str) -> None:
    wire, session = campaign(scheme, 1000, seed=11)
    assert all(wire.faults[kind] > 0 for kind in KINDS)
    assert session.stats.retries > 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_commands_survive_faults_both_ways() -> None:
    wire, session = campaign("sim", 10_000, seed=12)
    for kind in KINDS:
        share = wire.faults[kind] / wire.frames
        assert 0.5 * FAULT_RATE < share < 2 * FAULT_RATE
    print(f"\n{wire.frames} frames, {dict(wire.faults)}, {session.stats}")

# SPDX-License-Identifier: BSD-3-Clause
"""Vocabulary of the tests of a whole board at pin level: `sim://?front=afe`."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from boards import Peer
from numpy.typing import NDArray

from ohmloop._map import CLK_HZ, Field, Opcode, Pulse, Register
from ohmloop.link.messages import Axis, PulseRequest, VectorRequest
from ohmloop.link.packing import pack_inputs
from ohmloop.link.vectors import REPLY_HEAD_WORDS
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.link.wires._sim_analog import LINE_OHM, MUX_OHM
from ohmloop.link.wires._sim_library import Probe
from ohmloop.link.wires.sim import AFE_COLUMNS, AFE_ROWS, SimWire
from ohmloop.nodal import effective_siemens
from ohmloop.profile import Profile, load_profile

URL = "sim://?front=afe&boot=7"
LIMITS = (60_000, 49_000, 50_000, 16_384, 65_000, 100_000)  # reads as high as their rails go
VOLT = 5 / 65536
READ_CODE = 2621
FULL_US = (13107.2, 1638.4, 204.8, 25.6)
READ_V = 0.2
WINDOW = Axis(0, 50), Axis(0, 50)
SETTLED = 0.01  # codes a plane that time constants and rounding of doubles leave
ZERO_S = 20e-6  # until every rail is at zero
CLEAR = {Register.CONTROL: 1 << Field.CONTROL_CLEAR_SAFE}
LATCHED = 1 << Field.STATE_SAFE_LATCHED
UP_S = 500e-6  # board time in which the DACs come up
INHIBIT, OE_N, PULSE_ON, REFERENCE_ON, SHORTED = 1, 2, 1 << 10, 1 << 11, 1 << 12


def quiet_profile(name: str = "rrm-40nm-esgnn2023") -> Profile:
    """A chip without noise; the published one by default."""
    fields = load_profile(name).model_dump()
    fields["chip"]["front_end"]["adc"]["noise"]["value"] = 0.0
    fields["chip"]["cells"]["read_noise"]["value"] = 0.0
    return Profile.model_validate(fields)


@contextmanager
def afe_wire(profile: Profile | None = None, *, forgiven: int = 0) -> Iterator[SimWire]:
    """A board at pin level; at its end no rule of any part, but those forgiven, has been broken."""
    held = quiet_profile() if profile is None else profile
    wire = open_wire(URL, WireContext("tmp:afe", held))
    assert isinstance(wire, SimWire)
    try:
        yield wire
        assert broken_rules(wire) & ~forgiven == 0
    finally:
        wire.close()


def broken_rules(wire: SimWire) -> int:
    """Rules of the parts broken so far, a bit each, as `part_board` has them."""
    return wire.board.probe(Probe.RULES_BROKEN)


def ready(wire: SimWire, profile: str = "rrm-40nm-esgnn2023") -> Peer:
    """A host at a board that is up, its limits set, its chip without noise."""
    peer = Peer(wire)
    peer.load_profile(quiet_profile(profile))
    peer.set_limits(LIMITS)
    wire.read(UP_S)
    return peer


def pins_are_safe(wire: SimWire) -> bool:
    """Multiplexers and shift registers off, no pulse, no reference, amplifiers shorted."""
    pins = wire.board.probe(Probe.PINS_OUT)
    return pins & (INHIBIT | OE_N | PULSE_ON | REFERENCE_ON | SHORTED) == INHIBIT | OE_N | SHORTED


def is_at_rest(wire: SimWire) -> bool:
    """Outputs on, every line at ground, every rail at zero."""
    board = wire.board
    pins = board.probe(Probe.PINS_OUT)
    return not pins & (INHIBIT | OE_N | PULSE_ON) and not board.probe(Probe.RAILS) | board.probe(
        Probe.LINES_OFF
    )


def cells(seed: int = 5) -> NDArray[np.uint16]:
    """Half broken cells near 12 uS, half pristine, `[rows, columns]` g codes."""
    rng = np.random.default_rng(seed)
    shape = (AFE_ROWS, AFE_COLUMNS)
    return np.where(rng.random(shape) < 0.5, 4, rng.normal(490, 70, shape)).clip(0, 1023).astype(np.uint16)


def seen_siemens(g_codes: NDArray[np.uint16], rows: slice) -> NDArray[np.float64]:
    """The nodal solution of rows whose word lines are on, `[rows, columns]` siemens."""
    g = np.zeros(g_codes.shape)
    g[rows] = g_codes[rows] * 25e-9
    across, down = np.full(g.shape[1], LINE_OHM), np.full(g.shape[0], LINE_OHM)
    across[0] = down[-1] = 0.0
    return effective_siemens(g, row_ohm=across, column_ohm=down, source_ohm=MUX_OHM, sense_ohm=MUX_OHM)


def codes(siemens: NDArray[np.float64], which: int) -> NDArray[np.float64]:
    """ADC codes, not rounded, of conductances at the read code of `READ_CODE`."""
    return siemens * 1e6 * (READ_CODE * VOLT / READ_V) * 8192 / FULL_US[which]


def pulse(kind: Pulse, rows: Axis, columns: Axis, **changes: int) -> PulseRequest:
    """As the host gives it: FORM and SET drive the columns, RESET the rows, other columns floating."""
    is_reset = kind == Pulse.RESET
    fields = {"voltage_code": 45_000, "gate_code": 19_661, "width_cycles": 600, "pulses": 1} | changes
    return PulseRequest(
        kind,
        0,
        operation_index=1,
        rows=rows,
        columns=columns,
        **{"polarity": int(not is_reset), "idle": int(is_reset), **fields},
    )


def cycles_s(cycles: int) -> float:
    """Clk cycles as seconds of board time."""
    return cycles / CLK_HZ


def products(
    peer: Peer, x: np.ndarray, *, which: int = 1, opcode: Opcode = Opcode.MAC, **fields: object
) -> np.ndarray:
    """MAC of `x` [n, 50] with the window, 4 bits; returns [n, 50] int."""
    packed = pack_inputs(x, 4, bool(fields.get("signed"))).tobytes()
    request = VectorRequest(
        opcode, 0, *WINDOW, READ_CODE, 1, range=which, bits=4, count=len(x), vectors=packed, **fields
    )
    words = np.frombuffer(peer.ok(opcode, request.encode()), np.int32)[REPLY_HEAD_WORDS:]
    return words[: x.size].reshape(x.shape)


def goes_on(peer: Peer) -> None:
    """Latched safe with every rail at zero; released, the board comes up and works."""
    wire = peer.wire
    wire.read(ZERO_S)
    assert pins_are_safe(wire) and not wire.board.probe(Probe.RAILS)
    assert peer.read_register(Register.STATE) & LATCHED
    wire.read(600e-6)
    assert pins_are_safe(wire)
    peer.write_registers(CLEAR)
    wire.read(600e-6)
    assert is_at_rest(wire)
    peer.load_cells(cells())
    x = np.eye(2, 50, dtype=int)
    wanted = codes(seen_siemens(cells(), slice(0, 50))[:2, :50], 1)
    assert np.abs(products(peer, x) - wanted).max() <= 15 * (0.5 + SETTLED)

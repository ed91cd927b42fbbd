# SPDX-License-Identifier: BSD-3-Clause
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohmloop._map import MAX_LINES, Opcode, Pulse, Status, Table
from ohmloop.link.messages import (
    ArmRequest,
    Axis,
    CellRequest,
    HelloRequest,
    Identity,
    MacroGeometry,
    PulseRequest,
    Refusal,
    TableWriteRequest,
    VectorReply,
    VectorRequest,
    largest_reply_words,
    limits_hash,
    pack_flags,
    pack_g_codes,
    pack_inputs,
    pack_results,
    pack_words,
    unpack_flags,
    unpack_g_codes,
    unpack_inputs,
    unpack_results,
    unpack_words,
)

WHOLE = MacroGeometry(512, 512, 64, 4, 4, 8)
IDENTITY = Identity(1, (WHOLE,), emulated=True, reference_input=True, max_payload=262140)
SEEDS = st.integers(0, 2**32 - 1)
LINES = st.sets(st.integers(0, MAX_LINES - 1), min_size=1, max_size=40).map(lambda s: np.array(sorted(s)))


def in_bits(fields, width):
    """Packs one row by arithmetic on one large integer: the definition, slowly."""
    value = sum(int(field) << (i * width) for i, field in enumerate(fields))
    return value.to_bytes(4 * ((len(fields) * width + 31) // 32), "little")


@given(SEEDS, st.integers(1, 8), st.booleans(), st.integers(1, 3), st.integers(1, 70))
def test_inputs_are_packed_as_defined_and_come_back(seed, bits, signed, n, rows):
    top = (1 << bits) - 1
    x = np.random.default_rng(seed).integers(-top if signed else 0, top, (n, rows), endpoint=True)
    packed = pack_inputs(x, bits, signed)
    fields = np.abs(x) | ((x < 0).astype(np.int64) << bits)
    assert packed.tobytes() == b"".join(in_bits(row, bits + signed) for row in fields)
    assert np.array_equal(unpack_inputs(packed.tobytes(), n, rows, bits, signed), x)


@pytest.mark.parametrize(("code", "signed"), [(16, False), (-1, False), (16, True), (-16, True)])
def test_input_that_does_not_fit_is_refused(code, signed):
    with pytest.raises(ValueError, match="are not in"):
        pack_inputs(np.array([[0, code]]), 4, signed)


@given(SEEDS, st.sampled_from((16, 24, 32)), st.integers(1, 4), st.integers(1, 40))
def test_results_are_packed_as_defined_and_come_back(seed, width, n, m):
    top = 1 << (width - 1)
    values = np.random.default_rng(seed).integers(-top, top, (n, m)).astype(np.int32)
    values[0, 0] = -top
    packed = pack_results(values, width)
    mask = (1 << width) - 1
    assert packed == b"".join(in_bits([int(v) & mask for v in row], width) for row in values)
    back = unpack_results(packed, n, m, width)
    assert back.dtype == np.int32
    assert np.array_equal(back, values)


@given(st.lists(st.booleans(), min_size=1, max_size=100))
def test_flags_come_back(flags):
    packed = pack_flags(np.array(flags))
    assert packed == in_bits(flags, 1)
    assert unpack_flags(packed, len(flags)).tolist() == flags


@given(SEEDS, st.integers(1, 5), st.integers(1, 9))
def test_g_codes_come_back(seed, rows, columns):
    codes = np.random.default_rng(seed).integers(0, 1024, (rows, columns)).astype(np.uint16)
    packed = pack_g_codes(codes)
    assert packed == b"".join(in_bits(row, 16) for row in codes)
    assert np.array_equal(unpack_g_codes(packed, rows, columns), codes)


@given(LINES)
def test_axis_names_its_lines_on_both_sides(lines):
    axis = Axis.from_lines(lines)
    assert axis.lines.tolist() == lines.tolist()
    assert Axis.decode(b"\0" * 12 + axis.encode(), 3) == axis
    assert len(axis.encode()) == 4 * axis.words
    axis.check(MAX_LINES, 0)


@given(st.integers(0, 100), st.integers(2, 40), st.integers(1, 9))
def test_evenly_spaced_lines_need_no_bitmap(start, count, stride):
    axis = Axis.from_lines(start + stride * np.arange(count))
    assert axis == Axis(start, count, stride)


@pytest.mark.parametrize("lines", [[], [3, 2], [1, 1], [-1, 4], [5, 512], [[1, 2]]])
def test_lines_that_are_no_axis_are_refused(lines):
    with pytest.raises(ValueError, match="lines"):
        Axis.from_lines(np.array(lines, int))


def test_axis_outside_the_macro_is_refused_with_its_last_line():
    with pytest.raises(Refusal) as caught:
        Axis(3, 10, 7).check(64, 5)
    refusal = caught.value
    assert (refusal.status, refusal.value, refusal.limit, refusal.place) == (Status.BAD_WINDOW, 66, 63, 5)


@pytest.mark.parametrize("said", [3, 5])
def test_a_bitmap_of_more_or_fewer_lines_than_it_says_is_refused(said):
    axis = replace(Axis.from_lines(np.array([1, 2, 4, 60])), count=said)
    with pytest.raises(Refusal) as caught:
        axis.check(64, 5)
    refusal = caught.value
    assert (refusal.status, refusal.value, refusal.limit, refusal.place) == (Status.BAD_WINDOW, 4, said, 5)


@given(
    SEEDS,
    st.sampled_from((Opcode.MAC, Opcode.MAC_RAW, Opcode.READ_CELLS)),
    LINES,
    LINES,
    st.integers(1, 8),
    st.booleans(),
    st.integers(0, 2**64 - 1),
    st.integers(-(2**15), 2**15 - 1),
)
def test_vector_requests_come_back(seed, opcode, rows, columns, bits, signed, index, level):
    cells = opcode == Opcode.READ_CELLS
    bits, signed, n = (1, False, 0) if cells else (bits, signed, 2)
    top = (1 << bits) - 1
    x = np.random.default_rng(seed).integers(-top if signed else 0, top + 1, (n, rows.size))
    request = VectorRequest(
        opcode, 0, Axis.from_lines(rows), Axis.from_lines(columns), 2622, index,
        range=seed % 4, averages_log2=0 if opcode == Opcode.MAC_RAW else 3, bits=bits, width_bits=24,
        signed=signed, polarity=1, idle=2, level=level, count=n,
        vectors=b"" if cells else pack_inputs(x, bits, signed).tobytes(),
    )  # fmt: skip
    assert VectorRequest.decode(request.encode(), opcode, IDENTITY) == request
    assert len(request.encode()) == 4 * request.words
    if not cells:
        assert np.array_equal(request.input_codes, x)


@given(SEEDS, st.sampled_from((16, 24, 32)), st.booleans())
def test_vector_replies_come_back_within_their_largest_size(seed, width, any_saturated):
    rng = np.random.default_rng(seed)
    request = VectorRequest(
        Opcode.MAC, 0, Axis(0, 4), Axis(0, 7), 0, 0, width_bits=width, count=3, vectors=bytes(12)
    )
    values = rng.integers(-(2**15), 2**15, request.result_shape).astype(np.int32)
    saturated = rng.random(request.result_shape) < (0.5 if any_saturated else 0.0)
    payload = VectorReply(123, values, saturated).encode(width)
    assert len(payload) <= 4 * largest_reply_words(request)
    back = VectorReply.decode(payload, request.result_shape, width)
    assert back.cycles == 123
    assert np.array_equal(back.values, values)
    assert np.array_equal(back.saturated, saturated)


def test_reply_of_another_length_is_refused():
    with pytest.raises(Refusal):
        VectorReply.decode(pack_words(1, 0, 5, 6), (1, 3), 32)
    with pytest.raises(Refusal):
        VectorReply.decode(pack_words(1), (1, 3), 32)


@given(LINES, LINES, st.integers(1, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_pulse_arm_and_cell_requests_come_back(rows, columns, width, index):
    window = (Axis.from_lines(rows), Axis.from_lines(columns))
    pulse = PulseRequest(Pulse.RESET, 0, 65535, 1, width, index, 7, *window, polarity=1, idle=1)
    assert PulseRequest.decode(pulse.encode(), IDENTITY.macros) == pulse
    arm = ArmRequest(width, frozenset({Pulse.FORM, Pulse.RESET}), 0, 99, 65535, 2**31, *window)
    assert ArmRequest.decode(arm.encode(), IDENTITY.macros) == arm
    dump = CellRequest(0, *window)
    assert CellRequest.decode(dump.encode(), IDENTITY.macros, load=False, max_payload=262140) == dump


def test_cell_load_of_another_shape_is_refused():
    with pytest.raises(ValueError, match="window"):
        CellRequest(0, Axis(0, 2), Axis(0, 3), np.zeros((3, 2), np.uint16)).encode()


def test_table_writes_come_back():
    request = TableWriteRequest(Table.GAIN, 0, 2046, np.array([-1, 5], np.int32))
    back = TableWriteRequest.decode(request.encode(), IDENTITY.macros)
    assert (back.table, back.first, back.values.tolist()) == (Table.GAIN, 2046, [-1, 5])


def test_identity_and_hello_come_back():
    macros = (WHOLE, MacroGeometry(64, 32, 8, 1, 4, 8))
    identity = Identity(
        0x12345678, macros, emulated=True, firmware_present=True, simulated=True, build_hash=1,
        firmware_crc=2, clk_hz=60_000_000, uid=2**63 + 5, boot_id=6, pulses_since_boot=7, chip_id=b"a" * 16,
    )  # fmt: skip
    assert Identity.decode(identity.encode()) == identity
    assert identity.epoch == 0x5678
    assert HelloRequest.decode(HelloRequest(5, b"chip").encode()) == HelloRequest(5, b"chip" + bytes(12))
    with pytest.raises(ValueError, match="chip id"):
        HelloRequest(5, b"x" * 17).encode()


@pytest.mark.parametrize("payload", [b"", bytes(76), Identity(1, (WHOLE,)).encode()[:-4]])
def test_no_identity_is_refused(payload):
    with pytest.raises(Refusal):
        Identity.decode(payload)


def test_limits_hash_is_the_crc_of_the_six_words():
    assert limits_hash([1, 2, 3, 4, 5, 6]) == limits_hash((1, 2, 3, 4, 5, 6))
    assert limits_hash([1, 2, 3, 4, 5, 6]) != limits_hash([1, 2, 3, 4, 6, 5])
    assert unpack_words(pack_words(1, 0xFFFFFFFF)) == (1, 0xFFFFFFFF)

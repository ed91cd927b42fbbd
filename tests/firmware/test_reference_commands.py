# SPDX-License-Identifier: BSD-3-Clause
"""SELF_TEST and ADC_SELFCAL in C on this machine: against a behavioural bridge and recorded traffic."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.firmware.bridge_model import NAMES, Bridge, Command

from ohmloop._map import Opcode, Status

RECORDINGS = Path(__file__).with_name("recordings")
REFERENCE, AVERAGES_SHIFT = 1 << 27, 12
TOP = 0x3FFF_FFFF


class Reference:
    """A reference input whose channel c reads 3 * level + c, plus the low bits of the operation index."""

    def __init__(self, refuse: int = Status.OK, guard: int = Status.NOT_ARMED, gain: int = 3) -> None:
        self.refuse, self.guard, self.gain = refuse, guard, gain

    def read(self, command: Command) -> tuple[int, int, list[int], list[bool]]:
        level = (command.word1 >> 16 ^ 0x8000) - 0x8000
        codes = [self.gain * level + column + (command.index & 3) for column in command.columns]
        return self.refuse, 77, codes, [column % 4 == 1 for column in command.columns]

    def pulse(self, command: Command) -> tuple[int, int]:
        return self.guard, 0


def request(
    columns: tuple[int, int], level: int = 100, n: int = 0, word0: int = REFERENCE, index: int = 0
) -> list[int]:
    """A payload with rows 0..0 and columns (start, count)."""
    start, count = columns
    level_word = (level & 0xFFFF) << 16 | 500
    return [word0, level_word, index & 0xFFFF_FFFF, index >> 32, n, 1 << 16, 1, count << 16 | start, 1]


def ran(opcode: int, payload: list[int], macro: Reference | None = None, **options: int) -> Bridge:
    bridge = Bridge(macro or Reference(), opcode, payload, **options)
    bridge.run()
    return bridge


def test_self_test_reports_memory_guard_and_three_levels() -> None:
    status, words = ran(Opcode.SELF_TEST, request((10, 4))).answer()
    assert (status, words[:3]) == (Status.OK, [0, 256, Status.NOT_ARMED])
    sums = [words[at] | words[at + 1] << 32 for at in (3, 8, 13)]
    columns = 10 + 11 + 12 + 13
    assert [s - (1 << 64) if s >> 63 else s for s in sums] == [
        columns - 1200,
        columns + 4,
        columns + 1200 + 8,
    ]
    assert words[10:13] == [11, 14, 1]  # lowest, highest, saturated at level 0


@pytest.mark.parametrize(("guard", "failed"), [(Status.OK, 4), (Status.OVER_WIDTH_LIMIT, 0)])
def test_self_test_fails_where_the_guard_takes_a_forbidden_pulse(guard: int, failed: int) -> None:
    bridge = ran(Opcode.SELF_TEST, request((0, 2)), Reference(guard=guard))
    assert bridge.answer()[1][0] == failed
    judged = [c for c in bridge.commands if c.kind != "READ"]
    assert [(c.kind, c.word1, c.word2) for c in judged] == [("JUDGE", 0xFFFF_FFFF, 0)]


def test_self_test_fails_where_the_reference_does_not_follow_its_level() -> None:
    assert ran(Opcode.SELF_TEST, request((0, 2)), Reference(gain=-3)).answer()[1][0] == 8


def test_self_calibration_adds_up_codes_and_their_squares() -> None:
    bridge = ran(Opcode.ADC_SELFCAL, request((2, 3), level=-7, n=5, index=(1 << 56) + 6))
    status, words = bridge.answer()
    readings = [[3 * -7 + column + ((6 + i) & 3) for i in range(5)] for column in (2, 3, 4)]
    wanted = [word for codes in readings for word in split(sum(codes)) + split(sum(c * c for c in codes))]
    assert (status, words) == (Status.OK, [0, *wanted])
    assert [c.index for c in bridge.commands] == [(1 << 56) + 6 + i for i in range(5)]
    assert bridge.registers["PROGRESS"] == 5


def split(value: int) -> list[int]:
    return [value & 0xFFFF_FFFF, value >> 32 & 0xFFFF_FFFF]


def test_self_calibration_counts_saturated_readings_of_a_bitmap() -> None:
    payload = request((0, 3), n=2)
    payload[7:9] = [3 << 16, 1 << 31]
    columns = [1, 63, 505]
    payload += [sum(1 << c % 32 for c in columns if c // 32 == w) for w in range(16)]
    bridge = ran(Opcode.ADC_SELFCAL, payload)
    assert bridge.commands[0].columns == tuple(columns)
    assert bridge.answer()[1][0] == 2 * 2  # 1 and 505 saturate


@pytest.mark.parametrize(
    ("opcode", "word0", "n", "refusal"),
    [
        (Opcode.SELF_TEST, REFERENCE | 4 << 8, 0, (4, 3, 0)),
        (Opcode.SELF_TEST, REFERENCE | 8 << AVERAGES_SHIFT, 0, (8, 7, 0)),
        (Opcode.SELF_TEST, REFERENCE | 3 << 25, 0, (3, 2, 0)),
        (Opcode.SELF_TEST, 0, 0, (0, 1, 0)),
        (Opcode.ADC_SELFCAL, REFERENCE | 1 << AVERAGES_SHIFT, 1, (1, 0, 0)),
        (Opcode.ADC_SELFCAL, REFERENCE, 0, (0, 1, 4)),
    ],
)
def test_a_field_outside_its_range_is_refused_before_any_command(
    opcode: int, word0: int, n: int, refusal: tuple[int, int, int]
) -> None:
    bridge = ran(opcode, request((0, 2), n=n, word0=word0))
    assert bridge.answer() == (Status.BAD_FIELD, list(refusal))
    assert bridge.commands == []


@pytest.mark.parametrize("opcode", [Opcode.SELF_TEST, Opcode.ADC_SELFCAL])
def test_a_reading_above_the_limit_is_refused_with_code_and_limit(opcode: int) -> None:
    bridge = ran(opcode, request((0, 2), n=1), Reference(refuse=Status.OVER_READ_LIMIT))
    assert bridge.answer() == (Status.OVER_READ_LIMIT, [500, 77, 1])


def test_a_macro_that_never_answers_is_given_up_after_the_bound_of_the_map() -> None:
    bridge = ran(Opcode.SELF_TEST, request((0, 1)), looks=10_000_000)
    looks = sum(line.startswith("r STATE") for line in bridge.traffic)
    judge = NAMES["CORE_COMMAND_CYCLES"] // NAMES["CORE_POLL_CYCLES"]
    read = 512 * NAMES["CORE_CONVERSION_CYCLES"] // NAMES["CORE_POLL_CYCLES"] + judge
    assert looks == judge + read
    assert bridge.answer()[0] == Status.MACRO_TIMEOUT


def test_an_opcode_that_the_image_lacks_is_refused() -> None:
    assert ran(Opcode.PING, []).answer() == (Status.UNKNOWN_OPCODE, [Opcode.PING, 0, 0])


@pytest.mark.parametrize("name", ["self_test", "adc_selfcal"])
def test_register_traffic_equals_the_recording(name: str) -> None:
    opcode = {"self_test": Opcode.SELF_TEST, "adc_selfcal": Opcode.ADC_SELFCAL}[name]
    bridge = ran(opcode, request((30, 3), n=2 if name == "adc_selfcal" else 0, index=9), looks=1)
    assert bridge.traffic == (RECORDINGS / f"{name}.txt").read_text().splitlines()

# SPDX-License-Identifier: BSD-3-Clause
"""Telemetry, self-test, firmware images and the converters' own calibration, through the host API."""

import zlib
from pathlib import Path

import numpy as np
import pytest

import ohmloop
from ohmloop._firmware import FREE_BYTES, IMAGE_CRC, MEMORY_BYTES
from ohmloop._map import Opcode, Register, Telemetry
from ohmloop.board import service
from ohmloop.errors import LimitError, NotArmed, Refused, SafeLatched
from ohmloop.link.messages import pack_words

URL = "twin://?rows=32&columns=32&lanes=16&payload=2048"
PROFILE = "rrm-40nm-front-end"


@pytest.fixture
def board():
    with ohmloop.open(URL, chip="tmp:seed:5", profile=PROFILE) as opened:
        yield opened


def test_telemetry_counts_requests_pulses_results_and_stops(board):
    macro, window = board.macro, board.macro[0:4, 0:8]
    before = board.telemetry()
    with board.armed(window, ops={"form", "reset"}, max_pulses=96, max_voltage_v=3.5, expires_s=9):
        macro.form(window, voltage_v=3.44, gate_v=1.5, width_s=1e-4)
        macro.reset(window, voltage_v=1.0, gate_v=3.0, width_s=1e-6, pulses=2)
    read = macro.read_adc_codes(window, range=3)
    raw = macro.mac(np.ones((3, 4), int), window, bits=1, raw=True, range=3)
    with pytest.raises(NotArmed):
        board._core.call(Opcode.PULSE, pulse_words(), 3, "pulse")
    board.safe()
    with pytest.raises(SafeLatched):
        macro.read_adc_codes(window)
    after = board.telemetry()
    assert (after.form_pulses, after.set_pulses, after.reset_pulses) == (32, 0, 64)
    assert after.results - before.results == 32 + 3 * 8
    assert after.saturated - before.saturated == read.saturated.sum() + raw.saturated.sum() > 0
    assert after.refused - before.refused == 2
    assert after.requests > before.requests + 6
    assert after.longest_operation == "PULSE" and after.longest_s > 4 * 1e-4
    assert (after.firmware_runs, after.firmware_faults, after.last_stop, after.sensors) == (0, 0, "", ())
    assert after.uptime_s > before.uptime_s > 0 and after.frames_received > 0


def pulse_words() -> bytes:
    return pack_words(0, 1, 1, 0, 0, 1) + pack_words(1 << 16, 1) * 2


def test_what_was_stopped_last_is_named(board):
    board.write_registers(Register.OPERATION_CYCLES, 100)
    with pytest.raises(ohmloop.errors.Aborted):
        board.macro.read_adc_codes(board.macro[0:8, :])
    seen = board.telemetry()
    assert (seen.stopped, seen.last_stop) == (1, "READ_CELLS: OPERATION_TIMEOUT")


def test_sensors_stand_behind_the_counters(board, monkeypatch):
    counters = [0] * len(Telemetry)
    counters[Telemetry.COUNTERS] = len(Telemetry)
    call = board._core.call

    class Answer:
        payload = pack_words(*counters, 1, 3, 25_000, 60_000_000 // 1024)

    def answered(opcode, *arguments):
        return Answer if opcode == Opcode.TELEMETRY else call(opcode, *arguments)

    monkeypatch.setattr(type(board._core), "call", lambda core, *arguments: answered(*arguments))
    (sensor,) = service.telemetry(board._core).sensors
    assert (sensor.kind, sensor.channel, sensor.value) == (1, 3, 25_000)
    assert sensor.age_s == pytest.approx(1.0, rel=1e-4)


def test_self_test_reads_what_the_profile_expects(board):
    given = board.read_registers(Register.PULSES_SINCE_BOOT)
    found = board.self_test()
    assert found.passed and found.failed == ()
    assert (found.memory_bytes, found.interlock) == (FREE_BYTES, "NOT_ARMED")
    np.testing.assert_allclose(found.mean_adc_codes, found.expected_adc_codes, rtol=0.1, atol=60)
    assert found.levels[0] == -found.levels[2] < 0 == found.levels[1]
    assert board.read_registers(Register.PULSES_SINCE_BOOT) == given
    assert board.telemetry().firmware_runs == 1


def test_self_test_tells_a_dead_reference(board):
    board.write_registers(Register.EMU_REFERENCE_UNIT, 0)
    found = board.self_test(averages=4)
    assert not found.passed and found.failed == ("reference",)


def test_selfcal_gives_mean_and_spread_of_what_the_reference_reads(board):
    window = board.macro[:, [9, 2, 30]]
    read = board.macro.read_reference(40, window, n=50, range=2, operation_index=700)
    found = board.macro.adc_selfcal(40, window, n=50, range=2, operation_index=700)
    np.testing.assert_allclose(found.mean_adc_codes, read.adc_codes.mean(axis=0))
    np.testing.assert_allclose(found.standard_deviation_adc_codes, read.adc_codes.std(axis=0, ddof=1))
    np.testing.assert_allclose(
        found.standard_uncertainty_adc_codes, found.standard_deviation_adc_codes / np.sqrt(50)
    )
    assert (found.columns == [9, 2, 30]).all() and repr(found).startswith("EMULATED")
    assert np.isnan(board.macro.adc_selfcal(1, n=1).standard_deviation_adc_codes).all()


@pytest.mark.parametrize(
    ("asked", "where"),
    [({"n": 0}, "n"), ({"n": 65_536}, "n"), ({"range": 4}, "range"), ({"level": 40_000}, "level")],
)
def test_selfcal_refuses_before_anything_is_sent(board, asked, where):
    sent = board.stats.frames_sent
    with pytest.raises(LimitError) as refused:
        board.macro.adc_selfcal(**({"level": 1} | asked))
    assert refused.value.where == where and board.stats.frames_sent == sent


def test_an_image_is_loaded_and_told_by_hello(board, tmp_path: Path):
    assert board.identity.firmware_crc == IMAGE_CRC
    image = tmp_path / "other.bin"
    image.write_bytes(bytes(range(256)) * 20)
    crc = zlib.crc32(image.read_bytes())
    assert board.load_firmware(image) == crc == board.identity.firmware_crc
    with pytest.raises(Refused, match="NO_FIRMWARE"):  # the twin runs the built image only
        board.self_test()


def test_a_safe_latch_stays_over_a_load(board, tmp_path: Path):
    image = tmp_path / "other.bin"
    image.write_bytes(bytes(8))
    board.safe()
    board.load_firmware(image)
    assert board.state.is_safe_latched


@pytest.mark.parametrize("size", [0, 6, MEMORY_BYTES + 4])
def test_what_is_no_image_is_refused_before_anything_is_sent(board, tmp_path: Path, size: int):
    image = tmp_path / "bad.bin"
    image.write_bytes(bytes(size))
    sent = board.stats.frames_sent
    with pytest.raises(LimitError) as refused:
        board.load_firmware(image)
    assert (refused.value.value, refused.value.unit) == (size, "bytes")
    assert board.stats.frames_sent == sent


def test_an_image_is_refused_while_armed(board, tmp_path: Path):
    image = tmp_path / "other.bin"
    image.write_bytes(bytes(8))
    window = board.macro[0:1, 0:1]
    with board.armed(window, ops={"form"}, max_pulses=1, max_voltage_v=1.0, expires_s=9):
        with pytest.raises(Refused, match="armed"):
            board.load_firmware(image)
        assert board.identity.firmware_crc == IMAGE_CRC
        with pytest.raises(Refused, match="STILL_ARMED"):  # the board's own refusal
            board._core.call(Opcode.FIRMWARE, pack_words(0, 1, 0, 0), 3, "load_firmware")


def test_the_registry_knows_the_firmware_that_ran(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    image = tmp_path / "other.bin"
    image.write_bytes(bytes(8))
    with ohmloop.open(URL, chip="die1", profile=PROFILE, registry=tmp_path / "lab.sqlite") as board:
        crc = board.load_firmware(image)
        assert board.records.provenance.firmware_crc == f"{crc:08x}"
        known = {seen.firmware_crc for seen in board.records.registry.boards.all()}
    assert known == {f"{IMAGE_CRC:08x}", f"{crc:08x}"}


def test_info_shows_the_counters(board):
    from ohmloop.cli.info import board_facts

    facts = board_facts(board)
    assert facts["cell pulses"] == "FORM 0, SET 0, RESET 0"
    assert facts["firmware runs"] == "0, 0 faults" and "uptime" in facts

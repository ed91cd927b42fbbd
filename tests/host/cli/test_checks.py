# SPDX-License-Identifier: BSD-3-Clause
"""What the checks of selftest reckon with, apart from a board."""

import numpy as np
import pytest
from typer.testing import CliRunner

from ohmloop._map import Opcode, Register
from ohmloop.cli import checks_link, selftest
from ohmloop.cli.app import app
from ohmloop.cli.arrangement import arrangement
from ohmloop.cli.checks_link import latency_advice, latency_timer_ms, throughput_advice
from ohmloop.errors import ShapeError
from ohmloop.link.frames import decode
from ohmloop.link.messages import unpack_words
from ohmloop.link.wires import open_wire

URL = "twin://?rows=64&columns=32&lanes=16&payload=8192"


@pytest.fixture
def pattern():
    return np.random.default_rng(3).uniform(1e-6, 20e-6, (8, 8))


@pytest.mark.parametrize(
    "change, name",
    [
        (lambda p: p, ""),
        (lambda p: p.T, "transposed"),
        (lambda p: p[::-1], "rows mirrored"),
        (lambda p: p[:, ::-1], "columns mirrored"),
        (lambda p: p[::-1, ::-1], "rows mirrored, columns mirrored"),
        (lambda p: p.T[::-1], "transposed, rows mirrored"),
        (lambda p: p[[0, 2, 1, *range(3, 8)]], "rows permuted (2 at 1, 1 at 2)"),
        (lambda p: p[:, [1, 0, *range(2, 8)]], "columns permuted (1 at 0, 0 at 1)"),
        (
            lambda p: p[np.roll(range(8), 1)][:, [1, 0, *range(2, 8)]],
            "rows permuted (7 at 0, 0 at 1, 1 at 2, 2 at 3, ...), columns permuted (1 at 0, 0 at 1)",
        ),
        (lambda p: p.T[:, [1, 0, *range(2, 8)]], "transposed, columns permuted (1 at 0, 0 at 1)"),
        (lambda p: np.random.default_rng(4).permuted(p.ravel()).reshape(8, 8), None),
        (np.zeros_like, None),
    ],
)
def test_an_arrangement_is_named_in_spite_of_noise(pattern, change, name):
    seen = change(pattern) * np.random.default_rng(5).normal(1, 0.02, (8, 8))
    assert arrangement(pattern, seen) == name


def test_a_pattern_need_not_be_square():
    pattern = np.arange(12.0).reshape(3, 4)
    assert arrangement(pattern, pattern[:, ::-1]) == "columns mirrored"
    assert arrangement(pattern, pattern) == ""


def test_advice_names_the_latency_timer(tmp_path, monkeypatch):
    monkeypatch.setattr(checks_link, "_TTY", tmp_path)
    url = "serial:///dev/ttyUSB7?baud=3000000"
    assert latency_timer_ms(url) is None
    (tmp_path / "ttyUSB7").mkdir()
    (tmp_path / "ttyUSB7" / "latency_timer").write_text("16\n")
    assert latency_timer_ms(url) == 16
    advice = latency_advice(url, 0.0165, 16)
    assert "waits 16 ms" in advice and "ttyUSB7/latency_timer" in advice
    assert latency_advice(url, 0.001, 1) == latency_advice(url, 0.001, None) == ""
    assert "latency timer" in latency_advice(url, 0.0165, None)
    assert "streams will not" in latency_advice("tcp://far:1", 0.05, None)
    assert latency_timer_ms("tcp://far:1") is None


def test_advice_on_throughput_is_for_what_is_far_below_the_line():
    assert throughput_advice(280e3, 300e3) == throughput_advice(1e3, 0.0) == ""
    assert "20 %" in throughput_advice(60e3, 300e3)


class Chip:
    """The twin, which says that it is a chip; what is asked of it is kept."""

    def __init__(self, wire) -> None:
        self.packet, self.url, self.origin = wire.packet, wire.url, wire.origin
        self.asked = []
        self._wire = wire
        self.now_s, self.close = wire.now_s, wire.close

    def write(self, data: bytes) -> None:
        self.asked.append(decode(data))
        self._wire.write(data)

    def read(self, timeout_s: float) -> bytes:
        data = self._wire.read(timeout_s)
        frame = decode(data) if data else None
        if frame is None or frame.opcode != Opcode.HELLO:
            return data
        from dataclasses import replace

        flags = bytes([frame.payload[8] & ~1])
        return replace(frame, payload=frame.payload[:8] + flags + frame.payload[9:]).encode()


def test_a_pattern_on_a_chip_is_read_at_the_read_voltage_and_the_limit_put_back(monkeypatch, tmp_path):
    """The twin that calls itself a chip conducts nothing: its registers are zero."""
    wires = []

    def opened(url, context):
        wires.append(Chip(open_wire(url, context)))
        return wires[-1]

    monkeypatch.setattr(selftest, "open_wire", opened)
    file = tmp_path / "pattern.npy"
    np.save(file, np.random.default_rng(0).uniform(1e-6, 20e-6, (6, 5)))
    outcomes = {one.name: one for one in selftest.outcomes(URL, pattern=file)}
    assert outcomes["orientation"].colour == "red"
    assert "in no arrangement" in outcomes["orientation"].detail
    readings = [unpack_words(one.payload) for one in wires[0].asked if one.opcode == Opcode.READ_CELLS]
    assert (readings[-1][1] & 0xFFFF, readings[-1][5] >> 16, readings[-1][7] >> 16) == (2621, 6, 5)
    limits = [
        unpack_words(one.payload)[1]
        for one in wires[0].asked
        if one.opcode == Opcode.REG_WRITE and unpack_words(one.payload)[0] == Register.LIMIT_READ_V
    ]
    assert limits == [2621, 0]
    assert not {Opcode.CELL_LOAD, Opcode.TABLE_WRITE} & {one.opcode for one in wires[0].asked}


@pytest.mark.parametrize("text", ["", "a,b", "1e-6", "1e-6,2e-6\n3e-6,-1e-6", "1,nan\n1,2"])
def test_what_is_no_pattern_is_refused_before_the_board_is_opened(tmp_path, text):
    file = tmp_path / "pattern.csv"
    file.write_text(text)
    refused = CliRunner().invoke(app, ["selftest", "serial:///dev/nothing", "--pattern", str(file)])
    assert isinstance(refused.exception, ShapeError), refused.exception

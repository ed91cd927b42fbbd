# SPDX-License-Identifier: BSD-3-Clause
"""`twin://` as a wire: options, time, and cells that outlive the board."""

import numpy as np
import pytest

from ohmloop._map import CLK_HZ, Opcode
from ohmloop.errors import BoardBusy, BoardLost, ProfileError, UrlError
from ohmloop.link.messages import Axis, CellRequest, pack_words, unpack_words
from ohmloop.link.session import Session
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.profile import load_profile

SMALL = "twin://?rows=16&columns=24&lanes=8&adc_lanes=2&payload=1024&boot=9"


@pytest.fixture(autouse=True)
def state_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))


def a_wire(url=SMALL, chip=None):
    return open_wire(url, WireContext(chip, load_profile("rrm-40nm-esgnn2023")))


def test_options_are_what_the_identity_says():
    wire = a_wire()
    identity = Session(wire, timeout_s=1.0).hello()
    macro = identity.macros[0]
    assert (macro.rows, macro.columns, macro.lanes, macro.adc_lanes) == (16, 24, 8, 2)
    assert (identity.max_payload, identity.boot_id, identity.clk_hz) == (1024, 9, CLK_HZ)
    assert identity.emulated
    assert identity.simulated
    assert identity.reference_input
    wire.close()


@pytest.mark.parametrize(
    "options", ["rows=0", "columns=513", "columns=20", "lanes=12", "adc_lanes=3", "payload=x", "baud=9"]
)
def test_options_that_no_board_has_are_refused(options):
    with pytest.raises(UrlError):
        a_wire(f"twin://?{options}")


def test_an_empty_read_takes_its_time_on_the_modelled_clock_only():
    wire = a_wire()
    before = wire.now_s()
    assert wire.read(1000.0) == b""
    assert wire.now_s() - before == pytest.approx(1000.0)
    wire.close()


def test_cells_outlive_the_board_and_one_chip_is_open_once():
    wire = a_wire(chip="sample 1")
    session = Session(wire, timeout_s=1.0)
    session.hello()
    g = np.arange(12).reshape(3, 4).astype(np.uint16) + 7
    axes = (Axis(2, 3), Axis(5, 4))
    assert session.call(Opcode.CELL_LOAD, CellRequest(0, *axes, g).encode(), 3).status == 0
    with pytest.raises(BoardBusy):
        a_wire(chip="sample 1")
    wire.close()
    again = a_wire(chip="sample 1")
    session = Session(again, timeout_s=1.0)
    session.hello()
    dumped = session.call(Opcode.CELL_DUMP, CellRequest(0, *axes).encode(), 7).payload[4:]
    assert (np.frombuffer(dumped, "<u2").reshape(3, 4) == g).all()
    again.close()
    with pytest.raises(ProfileError):
        a_wire("twin://?rows=32&columns=24&lanes=8", chip="sample 1")


def test_a_closed_wire_is_lost():
    wire = a_wire()
    wire.close()
    wire.close()
    with pytest.raises(BoardLost):
        wire.write(b"")


def test_a_session_reads_modelled_cycles():
    wire = a_wire()
    session = Session(wire, timeout_s=1.0)
    session.hello()
    low, high = (
        unpack_words(session.call(Opcode.REG_READ, pack_words(0x38, 2), 3).payload)[k] for k in (0, 1)
    )
    assert 0 < low / CLK_HZ <= wire.now_s()
    assert high == 0
    wire.close()


def test_a_frame_written_from_within_an_execution_waits_for_its_end(monkeypatch):
    wire = a_wire()
    session = Session(wire, timeout_s=1.0)
    session.hello()
    board = wire._board
    receive, seen = board.receive, []

    def receiving(data):
        seen.append(("begin", data))
        if data == b"outer":
            wire.write(b"inner")
        seen.append(("end", data))

    monkeypatch.setattr(board, "receive", receiving)
    wire.write(b"outer")
    assert seen == [("begin", b"outer"), ("end", b"outer"), ("begin", b"inner"), ("end", b"inner")]
    monkeypatch.setattr(board, "receive", receive)
    wire.close()

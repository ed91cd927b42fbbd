# SPDX-License-Identifier: BSD-3-Clause
"""The build of the simulated board and its harness, with an echo in place of the board."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ohmloop._map import CLK_HZ
from ohmloop.errors import BoardLost, BuildError, UrlError
from ohmloop.link.wires import WireContext, _sim_build
from ohmloop.link.wires._sim_build import SimParameters, build
from ohmloop.link.wires._sim_library import Probe, SimLibrary
from ohmloop.link.wires._sim_tools import find_tools
from ohmloop.link.wires.base import WireUrl
from ohmloop.link.wires.sim import SimWire, open_wire, parameters_of

SMALL = "rows=16&columns=16&lanes=8&payload=1024"


def open_echo(options: str = "") -> SimWire:
    return open_wire(WireUrl.parse(f"sim://?{SMALL}&boot=1{options}"), WireContext())


def open_library(cells: np.ndarray) -> SimLibrary:
    library = build(SimParameters(rows=16, columns=16, lanes=8, payload_bytes=1024))
    return SimLibrary(library, cells, boot_id=1, uid=2)


def test_a_packet_takes_one_cycle_a_word(echo: Path) -> None:
    wire = open_echo()
    wire.write(bytes(range(1, 13)))
    assert wire.read(1e-3) == bytes(255 - b for b in range(1, 13))
    assert wire.now_s() * CLK_HZ == pytest.approx(4)  # three words, one cycle of latency
    wire.close()


def test_packets_come_out_one_a_read(echo: Path) -> None:
    wire = open_echo()
    wire.write(b"\xfe\xff\xff\xff")
    wire.write(b"\xfd\xff\xff\xff" * 2)
    assert [wire.read(1e-3) for _ in range(3)] == [b"\1\0\0\0", b"\2\0\0\0" * 2, b""]
    wire.close()


def test_an_idle_read_takes_exactly_its_board_time(echo: Path) -> None:
    wire = open_echo()
    assert wire.read(0.01) == b""
    assert wire.now_s() * CLK_HZ == pytest.approx(0.01 * CLK_HZ, abs=1)
    wire.close()


def test_bytes_come_back_at_the_end_of_a_frame(echo: Path) -> None:
    wire = open_echo("&front=bytes")
    wire.write(b"\0abc\0\0de")
    assert wire.read(1e-3) == b"\0abc\0"
    assert wire.read(1e-3) == b"\0de"
    wire.close()


@pytest.mark.parametrize("baud", [3_000_000, 921_600])
def test_the_serial_line_keeps_its_bit_rate(echo: Path, baud: int) -> None:
    wire = open_echo(f"&front=uart&baud={baud}")
    wire.write(bytes(range(1, 101)) + b"\0")
    assert wire.read(1.0) == bytes(range(1, 101)) + b"\0"
    ideal = 101 * 10 * CLK_HZ / baud
    assert wire.board.cycles == pytest.approx(ideal, abs=CLK_HZ / baud + 2)
    wire.close()


def test_cell_writes_reach_the_callers_memory(echo: Path) -> None:
    cells = np.zeros((16, 16), np.uint16)
    library = open_library(cells)
    library.write(b"\xff" * 4)
    library.run(4)
    assert cells[0, 1] == 5
    assert cells.sum() == 5
    library.free()


def test_probes_tell_the_cycle_of_a_change(echo: Path) -> None:
    library = open_library(np.zeros((16, 16), np.uint16))
    library.run(10)
    library.set_stop(True)  # the echo shows its stop input, taken with the edge of cycle 10, as drive_active
    library.run(10)
    assert library.probe(Probe.DRIVE_ACTIVE) == 1
    assert library.probe(Probe.DRIVE_CHANGED) == 11
    library.free()


def test_another_thread_may_write_while_one_reads(echo: Path) -> None:
    wire = open_echo()
    threading.Timer(0.1, wire.write, (b"\xf0\xff\xff\xff",)).start()
    assert wire.read(60.0) == b"\x0f\0\0\0"
    wire.close()


def test_a_closed_wire_is_lost(echo: Path) -> None:
    wire = open_echo()
    wire.close()
    wire.close()
    with pytest.raises(BoardLost):
        wire.read(0.1)
    with pytest.raises(BoardLost):
        wire.write(b"\0\0\0\0")


def test_two_builds_at_once_make_one_library(
    echo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OHMLOOP_CACHE", str(tmp_path))
    monkeypatch.setattr(_sim_build, "_runtime_objects", _sim_build_runtime_of_user_cache(tmp_path))
    made: list[str] = []
    original = _sim_build._verilate
    monkeypatch.setattr(_sim_build, "_verilate", lambda *a: (made.append("once"), original(*a)))
    parameters = SimParameters(rows=16, columns=16, lanes=8, payload_bytes=1024)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(build, [parameters, parameters])
    assert first == second
    assert made == ["once"]
    assert sorted(path.suffix for path in (tmp_path / "sim").iterdir()) == ["", ".lock"]


def _sim_build_runtime_of_user_cache(tmp_path: Path):
    """The run-time objects from the user's cache: half of a build's time is theirs."""
    original = _sim_build._runtime_objects
    user_root = Path(tmp_path.parent / "runtime")
    user_root.mkdir(exist_ok=True)
    return lambda root, tools, progress: original(user_root, tools, progress)


def test_a_change_of_the_sources_asks_for_another_library(echo: Path, tmp_path: Path) -> None:
    parameters = SimParameters(rows=16, columns=16, lanes=8)
    tools = find_tools()
    before = _sim_build._digest(echo, parameters, tools)
    changed = tmp_path / "changed"
    shutil.copytree(echo, changed)
    assert _sim_build._digest(changed, parameters, tools) == before
    (changed / "rtl" / "echo_words.v").write_text("module echo_words; endmodule\n")
    assert _sim_build._digest(changed, parameters, tools) != before


def test_a_build_that_fails_says_the_tools_words(
    echo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(echo, broken)
    (broken / "rtl" / "echo_words.v").write_text("module echo_words (input wire clk; endmodule\n")
    monkeypatch.setattr(_sim_build, "sources", lambda: broken)
    monkeypatch.setenv("OHMLOOP_CACHE", str(tmp_path / "cache"))
    with pytest.raises(BuildError, match=r"(?s)verilator failed.*echo_words\.v:1"):
        build(SimParameters(rows=16, columns=16, lanes=8))
    assert [path.suffix for path in (tmp_path / "cache" / "sim").iterdir()] == [".lock"]


@pytest.mark.parametrize(
    "options",
    ["lanes=12", "columns=100", "columns=520&lanes=8", "adc_lanes=3", "payload=3000", "front=axi", "rows=513",
     "lines=3", "boot=-1"],
)  # fmt: skip
def test_an_impossible_board_is_refused_before_it_is_built(options: str) -> None:
    with pytest.raises(UrlError) as caught:
        open_wire(WireUrl.parse(f"sim://?{options}"), WireContext())
    assert caught.value.value is not None
    assert caught.value.limit is not None


def test_the_rings_hold_four_largest_frames() -> None:
    for payload in (1024, 4096, 65536):
        words = parameters_of(WireUrl.parse(f"sim://?payload={payload}")).verilog()
        assert words["MAX_PAYLOAD_WORDS"] * 4 == payload
        assert words["REPLY_WORDS"] >= 4 * words["MAX_PAYLOAD_WORDS"]
        assert words["REPLY_WORDS"].bit_count() == 1

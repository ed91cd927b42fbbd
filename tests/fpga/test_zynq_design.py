# SPDX-License-Identifier: BSD-3-Clause
"""The Vivado scripts, run by a Tcl without Vivado: what they build names ports and pins that exist.

Vivado itself was not at hand: that its commands and its IP take these words is not shown here.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import sys
import tkinter
from pathlib import Path

import pytest

from ohmloop import boardd

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ROOT / "fpga" / "boards"
TOPS = {"pynq_z2": "zynq_board", "pynq_z2_afe": "zynq_afe", "kv260": "zynq_board"}
each_board = pytest.mark.parametrize("board", sorted(TOPS))
HEADERS = """T14 U12 V13 V15 T15 R16 U17 V17 V18 T16 R17 P18 N17 Y11 Y12 W11 V11 T5 U10 P16 P15
    W14 Y14 T11 T10 V16 W16 V12 W13 W18 W19 Y18 Y19 U18 U19 F19 V10 V8 W10 B20 W8 V6 Y6 B19 U7 C20 Y8 A20
    Y9 U8 W6 Y7 F20 W9 V7 Y16 Y17""".split()
"""Of the PYNQ-Z2: Arduino without AR2 (U13, which chooses pull-ups), PMOD B, Raspberry Pi."""
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
    for name in ("boards", "build", "zynq"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module("zynq")
    for name in ("boards", "build", "zynq"):
        sys.modules.pop(name, None)


def verilog(board: str) -> str:
    """The text of a board's top."""
    return (BOARDS / f"{TOPS[board]}.v").read_text()


def ports(board: str) -> dict[str, tuple[str, str]]:
    """Direction and width, as the Verilog has it, of every port of a board's top."""
    found = re.findall(r"(input|output) +wire +(?:\[([^]]+)\] *)?(\w+)", verilog(board))
    return {name: (way, width) for way, width, name in found}


def parameters(board: str) -> set[str]:
    """Every parameter of a board's top."""
    return set(re.findall(r"parameter +(?:\[[^]]+\] )? *(\w+)", verilog(board)))


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


@each_board
def test_every_pin_of_the_board_is_connected_once_and_exists(zynq, tmp_path, board):
    pins = [word for line in connected(said(zynq, board, tmp_path)) for word in line]
    own = sorted(word.removeprefix("ohmloop_board/") for word in pins if word.startswith("ohmloop_board/"))
    buses = {name.rsplit("_t", 1)[0] for name in ports(board) if "axis_t" in name}
    buses |= {"s_axi" for name in ports(board) if name.startswith("s_axi_")}
    alone = {name for name in ports(board) if not name.startswith(("s_axi", "m_axi"))}
    assert own == sorted(buses | alone)


def settings(lines, *cells: str) -> dict[str, str]:
    """What the script sets of cells of the design."""
    words = [line[2].split() for line in lines if line[0] == "set_property" and line[-1] in cells]
    return {name: value for one in words for name, value in zip(one[::2], one[1::2], strict=True)}


@each_board
def test_ports_go_the_way_of_the_verilog_and_every_bit_has_a_pin(zynq, tmp_path, board):
    lines = said(zynq, board, tmp_path)
    made = {line[-1]: line for line in lines if line[0] == "create_bd_port"}
    shape = settings(lines, boardd.BOARD_NAME)
    bits = []
    for name, line in made.items():
        way, width = ports(board)[name]
        assert line[2] == {"input": "I", "output": "O"}[way]
        top = re.sub(r"[A-Z]\w*", lambda word: shape[f"CONFIG.{word[0]}"], width.partition(":")[0])
        count = eval(top) + 1 if width else 0
        assert line[3:-1] == (("-from", str(count - 1), "-to", "0") if count else ())
        bits += [f"{name}[{i}]" for i in range(count)] if count else [name]
    constraints = (BOARDS / board / f"{board}.xdc").read_text()
    placed = re.findall(r"PACKAGE_PIN (\w+) .*\[get_ports \{?(\w+(?:\[\d+\])?)\}?\]", constraints)
    assert bits and sorted(name for _, name in placed) == sorted(bits)
    assert len({pin for pin, _ in placed}) == len(placed)


def test_the_headers_carry_the_front_end(zynq, tmp_path):
    shape = settings(said(zynq, "pynq_z2_afe", tmp_path), boardd.BOARD_NAME)
    parts = {name: int(shape[f"CONFIG.{name}"]) for name in ("ADCS", "DACS", "ROW_CHAINS", "COL_CHAINS")}
    assert parts == {"ADCS": 8, "DACS": 8, "ROW_CHAINS": 8, "COL_CHAINS": 8}
    constraints = (BOARDS / "pynq_z2_afe" / "pynq_z2_afe.xdc").read_text()
    front = constraints.partition("# Front end")[2]
    pins = re.findall(r"PACKAGE_PIN (\w+)", front)
    assert set(pins) <= set(HEADERS) and len(pins) == 18 + sum(parts.values())
    assert len(HEADERS) == len(set(HEADERS)) == 57


def test_the_page_names_the_pins_of_the_constraints():
    page = (ROOT / "docs" / "bringup.md").read_text()
    shown = dict(re.findall(r"^\| `([^`]+)` \| ([^|]+?) \|", page, re.MULTILINE))
    constraints = (BOARDS / "pynq_z2_afe" / "pynq_z2_afe.xdc").read_text().partition("# Front end")[2]
    placed = re.findall(r"\[get_ports \{?([^]}]+(?:\[\d+\])?)\}?\]; *# ([^,\n]+)", constraints)
    told: dict[str, list[str]] = {}
    for port, place in placed:
        told.setdefault(port.partition("[")[0], []).append(place)
    assert {port: joined(places) for port, places in told.items()} == shown


def joined(places: list[str]) -> str:
    """Places of one header as the page has them: its name once."""
    names, numbers = zip(*(re.fullmatch(r"(.*?)(\d*)", place).groups() for place in places), strict=True)
    return ", ".join(
        name + number if name != before else number
        for name, number, before in zip(names, numbers, ("", *names), strict=False)
    )


@each_board
def test_the_design_keeps_the_contract_with_the_host(zynq, tmp_path, board):
    lines = said(zynq, board, tmp_path)
    cells = {line[-1]: line for line in lines if line[0] == "create_bd_cell"}
    assert "xilinx.com:ip:axi_dma:7.1" in cells[boardd.DMA_NAME] and TOPS[board] in cells[boardd.BOARD_NAME]
    given = settings(lines, boardd.DMA_NAME, boardd.BOARD_NAME)
    assert given["CONFIG.c_include_sg"] == "0" and given["CONFIG.c_sg_length_width"] == "23"
    assert given["CONFIG.BUILD_HASH"] == "0x" + zynq.inputs_hash(board)[:8]
    ours = {name.removeprefix("CONFIG.") for name in given if name.removeprefix("CONFIG.").isupper()}
    assert ours <= parameters(board) and {"ROWS", "COLS", "UID"} <= ours
    columns, group = (
        int(given[f"CONFIG.{name}"]) for name in ("COLS", "LANES" if "LANES" in ours else "ADCS")
    )
    assert columns % group == 0 and columns <= 512


@each_board
def test_every_source_is_there_and_its_hash_is_the_build_hash(zynq, tmp_path, board):
    lines = said(zynq, board, tmp_path)
    added = [path for line in lines if line[0] == "add_files" for path in line[-1].split() if "/" in path]
    assert len(added) > 100 and all(Path(path).is_file() for path in added)
    before = zynq.inputs_hash(board)
    other = zynq.inputs_hash("kv260" if board == "pynq_z2" else "pynq_z2")
    assert before == zynq.inputs_hash(board) != other


def test_the_hash_covers_the_script_that_another_board_s_is_built_on(zynq, monkeypatch, tmp_path):
    copied = tmp_path / "boards"
    shutil.copytree(zynq.BOARDS, copied, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(zynq, "BOARDS", copied)
    before = zynq.inputs_hash("pynq_z2_afe")
    with (copied / "pynq_z2" / "board.tcl").open("a") as script:
        script.write("# another part\n")
    assert zynq.inputs_hash("pynq_z2_afe") != before


def test_without_vivado_it_says_so(zynq, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["zynq.py", "kv260"])
    monkeypatch.setenv("PATH", "")
    assert zynq.main() == 1
    assert "vivado is not on PATH" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_zynq_7020_holds_the_front_end(zynq, capsys):
    assert zynq.fit("pynq_z2_afe") == 0
    report = json.loads(capsys.readouterr().out)
    assert all(0 < report[name] <= capacity for name, capacity in report["capacity"].items())
    assert report["geometry"]["ADCS"] == "8" and report["lut"] > 10_000


def test_a_fit_is_counted_for_a_zynq_7020_alone(zynq, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["zynq.py", "kv260", "--fit"])
    with pytest.raises(SystemExit):
        zynq.main()
    assert "pynq_z2, pynq_z2_afe" in capsys.readouterr().err


def test_what_a_board_sets_hides_what_it_sources(zynq):
    assert [zynq.setting(board, "top") for board in sorted(TOPS)] == [TOPS[board] for board in sorted(TOPS)]
    assert "COLS 512 ADC_LANES 4 ADCS 8" in zynq.setting("pynq_z2_afe", "geometry")

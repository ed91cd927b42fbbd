# SPDX-License-Identifier: BSD-3-Clause
"""Every hand-written module: Verilator's -Wall says nothing, and the file keeps the house rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fpga.runner import RTL, lint

MODULES = sorted(RTL.glob("*.v"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_verilator_has_nothing_to_say(path: Path) -> None:
    assert lint(path, top=path.stem) == ""


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_file_keeps_the_house_rules(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0] == "// SPDX-License-Identifier: BSD-3-Clause"
    assert "`default_nettype none" in lines
    assert [line for line in lines if line][-1] == "`default_nettype wire"
    assert sum(line.startswith("module ") for line in lines) == 1
    assert any(line.startswith(f"module {path.stem} ") for line in lines)
    first, last = lines.index("endmodule"), next(i for i, x in enumerate(lines) if x.startswith("module "))
    assert first - last < 250

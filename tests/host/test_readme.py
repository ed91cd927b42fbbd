# SPDX-License-Identifier: BSD-3-Clause
"""What README and tutorial show works as it stands there."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
TUTORIAL = README.parent / "docs" / "tutorial.md"


def test_the_script_without_a_board_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    whole = [block for block in blocks if "import ohmloop" in block]
    assert whole
    for block in whole:
        exec(compile(block, str(README), "exec"), {})
        assert capsys.readouterr().out.startswith("EMULATED MacResult(1 x 50 ")


def test_the_tutorial_ends_with_products_that_the_map_predicts(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("OHMLOOP_STATE", str(tmp_path))
    monkeypatch.delenv("OHMLOOP_REGISTRY", raising=False)
    (block,) = re.findall(r"```python\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(block, str(TUTORIAL), "exec"), {})
    told = capsys.readouterr().out
    (inside,) = re.findall(r"([0-9.]+)% of the cells that are done", told)
    (apart,) = re.findall(r"agree within ([0-9.]+)%", told)
    assert float(inside) > 98
    assert float(apart) < 0.5
    assert told.startswith("EMULATED ContactReport(128 x 128 lines, passed)")

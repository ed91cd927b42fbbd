# SPDX-License-Identifier: BSD-3-Clause
"""What the README shows works as it stands there."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_script_without_a_board_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    whole = [block for block in blocks if "import ohmloop" in block]
    assert whole
    for block in whole:
        exec(compile(block, str(README), "exec"), {})
        assert capsys.readouterr().out.startswith("EMULATED MacResult(1 x 50 ")

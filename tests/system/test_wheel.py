# SPDX-License-Identifier: BSD-3-Clause
"""The built wheel works outside the checkout: Verilog, profiles and command travel with it."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]

PROGRAM = """
import json, pathlib, numpy as np
import ohmloop
from ohmloop.link.wires import _sim_build
with ohmloop.open("sim://?rows=32&columns=32&lanes=8&payload=4096", profile="ideal") as board:
    macro = board.macro
    window = macro[:, :]
    g = np.arange(32 * 32).reshape(32, 32) % 900
    macro.load_g_codes(g, window)
    x = np.arange(64).reshape(2, 32) % 16
    y = np.asarray(macro.mac(x, window, bits=4))
    print(json.dumps({
        "package": ohmloop.__file__,
        "sources": str(_sim_build.sources()),
        "exact": bool((y == x @ g).all()),
        "simulated": board.identity.simulated,
    }))
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env={**os.environ, **environment},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel; the dependencies are this environment's."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", folder, CHECKOUT, cwd=folder)
    (wheel,) = folder.glob("ohmloop-*.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel, cwd=folder)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = folder / "venv" / "lib" / version / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_installed_wheel_builds_and_opens_the_simulated_board(installed: Path, tmp_path: Path) -> None:
    output = run(installed, "-c", PROGRAM, cwd=tmp_path, OHMLOOP_CACHE=str(tmp_path / "cache"), PYTHONPATH="")
    said = json.loads(output.splitlines()[-1])
    environment = str(installed.parents[1])
    assert said["package"].startswith(environment)
    assert said["sources"].startswith(environment)
    assert said["exact"]
    assert said["simulated"]


@pytest.mark.slow
def test_the_wheels_verilog_is_the_checkouts(installed: Path, tmp_path: Path) -> None:
    (packaged,) = (installed.parents[1] / "lib").glob("python*/site-packages/ohmloop/_fpga")
    for part in ("rtl", "sim"):
        names = {
            path.relative_to(CHECKOUT / "fpga")
            for path in (CHECKOUT / "fpga" / part).rglob("*")
            if path.is_file()
        }
        assert names
        for name in names:
            assert (packaged / name).read_bytes() == (CHECKOUT / "fpga" / name).read_bytes()

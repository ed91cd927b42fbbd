# SPDX-License-Identifier: BSD-3-Clause
"""What the command does with Ctrl-C and with what the system refuses, wherever it happens."""

import os
import signal
import subprocess
import sys
import time

import pytest

IN_A_CALL_BACK = """
import ctypes, signal, time, typing
from ohmloop.cli import entry
import ohmloop.cli.app as module

def command():
    # As in a compiler's call back: Python cannot raise there, says so, and goes on.
    called = ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))
    called()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        time.sleep(0.01)

module.app = command
entry.main()
"""
WHILE_IMPORTING = """
import sys
from ohmloop.cli import main

class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
main()
"""


WITH_A_BOARD = """
import signal, time
from ohmloop.cli import entry
import ohmloop.cli.app as module
from ohmloop.link.session import Session

safe = Session.safe
Session.safe = lambda session: (print("safe", flush=True), safe(session))

def command():
    import ohmloop
    with ohmloop.open("twin://?rows=32&columns=32&lanes=16"):
        signal.raise_signal(signal.{name})
        time.sleep(20)

module.app = command
entry.main()
"""


def ran(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("program", [IN_A_CALL_BACK, WHILE_IMPORTING])
def test_ctrl_c_is_one_line_and_exit_code_130(program: str):
    done = ran(program)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "ohmloop: interrupted\n")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_ends_the_command_leaves_the_board_safe(name: str):
    done = ran(WITH_A_BOARD.replace("{name}", name))
    assert (done.returncode, done.stdout) == (128 + getattr(signal, name), "safe\n")


def test_ctrl_c_on_a_command_is_one_line_and_exit_code_130(tmp_path):
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "ohmloop.cli", "selftest", "twin://?rows=512"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as process:
        assert process.stdout.readline().startswith("green")
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "ohmloop: interrupted\n")


@pytest.mark.parametrize("name", ["OHMLOOP_STATE", "OHMLOOP_CACHE"])
def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, name: str):
    (tmp_path / "file").write_text("no folder")
    environment = os.environ | {name: str(tmp_path / "file" / "inside")}
    url = (
        "twin://?rows=32&columns=32&lanes=16"
        if name == "OHMLOOP_STATE"
        else "sim://?rows=16&columns=16&lanes=8"
    )
    command = [sys.executable, "-m", "ohmloop.cli", "info", url, "--chip", "kept"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "file") in done.stderr and name in done.stderr

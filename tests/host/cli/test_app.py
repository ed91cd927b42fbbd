# SPDX-License-Identifier: BSD-3-Clause
"""The command itself: what it says without a board."""

from typer.testing import CliRunner

import ohmloop
from ohmloop.cli.app import app


def test_version_is_the_package_s():
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.stdout) == (0, f"ohmloop {ohmloop.__version__}\n")


def test_help_names_every_command():
    shown = CliRunner().invoke(app, ["--help"])
    assert all(name in shown.stdout for name in ("demo", "info", "selftest", "serve"))

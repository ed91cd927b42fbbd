# SPDX-License-Identifier: BSD-3-Clause
"""The `ohmloop` command."""

from ohmloop.cli.entry import main

__all__ = ["main"]

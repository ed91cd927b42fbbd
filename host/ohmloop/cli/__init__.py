# SPDX-License-Identifier: BSD-3-Clause
"""The `ohmloop` command."""

from ohmloop.cli.app import app, main

__all__ = ["app", "main"]

# SPDX-License-Identifier: BSD-3-Clause
"""Runs the command as `python -m ohmloop.cli`."""

from ohmloop.cli import main

if __name__ == "__main__":
    main()

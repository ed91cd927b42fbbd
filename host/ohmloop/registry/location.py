# SPDX-License-Identifier: BSD-3-Clause
"""Where the lab's registry is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ohmloop.profile.state_file import state_folder

FILE: Final = "registry.sqlite"


def registry_path() -> Path:
    """Returns `$OHMLOOP_REGISTRY`, else `registry.sqlite` in `$OHMLOOP_STATE` or the user's data folder.

    Emulated chips that live elsewhere are other chips, so their records move with them.
    """
    if chosen := os.environ.get("OHMLOOP_REGISTRY"):
        return Path(chosen).expanduser()
    if os.environ.get("OHMLOOP_STATE"):
        return state_folder() / FILE
    return state_folder().parent / FILE

# SPDX-License-Identifier: BSD-3-Clause
"""The loop from Python to the ohms of a resistive-memory chip and back.

`ohmloop.open(url)` returns a `Board`; its macros are indexed like arrays, and windows of them are
formed, read and multiplied. Everything but the errors is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any

from ohmloop.errors import (
    Aborted,
    ArtefactError,
    BoardBusy,
    BoardLost,
    BoardReset,
    BuildError,
    CalibrationExpired,
    CalibrationMismatch,
    ContactNotPassed,
    DeadlineExceeded,
    FolderRefused,
    JobConflict,
    LimitError,
    MapError,
    NotArmed,
    NotCalibrated,
    NotEmulated,
    NotPrepared,
    NotRecorded,
    OhmloopError,
    ProfileError,
    RecordingError,
    Refused,
    RegistryError,
    RegistryVersion,
    ReplayMismatch,
    SafeLatched,
    ShapeError,
    UrlError,
    VersionMismatch,
    WearExceeded,
    WrongChip,
    WrongDevice,
)

if TYPE_CHECKING:
    from ohmloop.board import Board, Macro, Window
    from ohmloop.opening import open_recorded as open
    from ohmloop.profile import Profile, load_profile

    __version__: str

__all__ = [
    "Aborted",
    "ArtefactError",
    "Board",
    "BoardBusy",
    "BoardLost",
    "BoardReset",
    "BuildError",
    "CalibrationExpired",
    "CalibrationMismatch",
    "ContactNotPassed",
    "DeadlineExceeded",
    "FolderRefused",
    "JobConflict",
    "LimitError",
    "Macro",
    "MapError",
    "NotArmed",
    "NotCalibrated",
    "NotEmulated",
    "NotPrepared",
    "NotRecorded",
    "OhmloopError",
    "Profile",
    "ProfileError",
    "RecordingError",
    "Refused",
    "RegistryError",
    "RegistryVersion",
    "ReplayMismatch",
    "SafeLatched",
    "ShapeError",
    "UrlError",
    "VersionMismatch",
    "WearExceeded",
    "Window",
    "WrongChip",
    "WrongDevice",
    "__version__",
    "load_profile",
    "open",
]

_LAZY = {
    "Board": ("ohmloop.board", "Board"),
    "Macro": ("ohmloop.board", "Macro"),
    "Window": ("ohmloop.board", "Window"),
    "open": ("ohmloop.opening", "open_recorded"),
    "Profile": ("ohmloop.profile", "Profile"),
    "load_profile": ("ohmloop.profile", "load_profile"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("ohmloop")
    elif name in _LAZY:
        from importlib import import_module

        module, attribute = _LAZY[name]
        value = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module 'ohmloop' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

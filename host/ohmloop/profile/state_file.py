# SPDX-License-Identifier: BSD-3-Clause
"""An emulated chip's cells as a memory-mapped file: as non-volatile as a real chip."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import tempfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, NamedTuple, Self
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import BoardBusy, FolderRefused, LimitError, ProfileError

try:
    import fcntl
except ImportError:  # a system without POSIX locks: a chip can then be opened twice
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from ohmloop.profile.profile import Profile

FORMAT = "ohmloop-cells-1"
HEADER_BYTES = 4096
THROW_AWAY = "tmp"
MAX_SEED = 2**32 - 1


class ChipGeometry(NamedTuple):
    """Shape of a chip: `[macros, rows, columns]` cells."""

    macros: int
    rows: int
    columns: int


def is_throw_away(chip: str) -> bool:
    """A chip of this name is deleted at close."""
    return chip == THROW_AWAY or chip.startswith(f"{THROW_AWAY}:")


def chip_seed(name: str) -> int:
    """Returns the seed that a chip's name selects: N of `seed:N`, else the CRC-32 of the name.

    A name `tmp:NAME` is a throw-away chip with the seed of NAME.

    Raises:
        LimitError: N of `seed:N` is no integer of 32 bits.
    """
    name = name.removeprefix(f"{THROW_AWAY}:")
    if not name.startswith("seed:"):
        return zlib.crc32(name.encode("utf-8"))
    digits = name.removeprefix("seed:")
    if not (digits.isascii() and digits.isdigit() and int(digits) <= MAX_SEED):
        raise LimitError(
            f"chip {name!r}: seed {digits!r} is no integer in 0..{MAX_SEED}",
            value=digits,
            limit=MAX_SEED,
            where="chip",
        )
    return int(digits)


def state_folder() -> Path:
    """Returns the folder of the chips: `$OHMLOOP_STATE`, else the user's data folder."""
    if chosen := os.environ.get("OHMLOOP_STATE"):
        return Path(chosen).expanduser()
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA", str(Path.home())))
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "ohmloop" / "chips"


class StateFile:
    """One chip's cells: `.g_codes`, uint16 `[macros, rows, columns]`, written through to the file.

    Attributes:
        chip: the chip's name.
        path: the file; None for a throw-away chip.
        g_codes: the cells, a writable view of the file; do not use it after `close`.
    """

    def __init__(self, chip: str, path: Path | None, file: IO[bytes], geometry: ChipGeometry) -> None:
        self.chip = chip
        self.path = path
        self._file = file
        cells = geometry.macros * geometry.rows * geometry.columns
        self._map = mmap.mmap(file.fileno(), HEADER_BYTES + 2 * cells)
        flat = np.frombuffer(self._map, dtype="<u2", count=cells, offset=HEADER_BYTES)
        self.g_codes: NDArray[np.uint16] = flat.reshape(geometry)

    @classmethod
    def open(cls, chip: str | None, profile: Profile, geometry: tuple[int, int, int]) -> StateFile:
        """Opens a chip's file, or makes it with pristine cells.

        Args:
            chip: the chip's name; None and "tmp" (or "tmp:NAME") are deleted at close.
            profile: what the chip is.
            geometry: `(macros, rows, columns)`.

        Raises:
            BoardBusy: the chip is open elsewhere.
            FolderRefused: its file cannot be made or opened.
            ProfileError: the file holds a chip of another profile or geometry, or is none.
        """
        shape = ChipGeometry(*geometry)
        name = THROW_AWAY if chip is None else chip
        if not name:
            raise LimitError("a chip's name is empty", value=name, where="chip")
        if is_throw_away(name):
            file: IO[bytes] = tempfile.TemporaryFile(prefix="ohmloop-chip-")
            _write_pristine(file, name, profile, shape)
            return cls(name, None, file, shape)
        path = state_folder() / f"{quote(name, safe=' ')}.cells"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = _opened_alone(path, name)
        except OSError as error:
            if isinstance(error, BoardBusy):
                raise
            raise _not_kept(name, path, error) from error
        try:
            if path.stat().st_size == 0:
                _make_pristine(file, path, name, profile, shape)
            _check_header(file, path, profile, shape)
            return cls(name, path, file, shape)
        except BaseException:
            file.close()
            raise

    def flush(self) -> None:
        """Writes the cells to the disk."""
        if not self._file.closed:
            self._map.flush()

    def close(self) -> None:
        """Writes the cells to the disk and lets others open the chip; a second call does nothing."""
        if self._file.closed:
            return
        self._map.flush()
        # The map lives on, with the file, as long as anything looks at `g_codes`: no view can dangle.
        if fcntl is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _opened_alone(path: Path, name: str) -> IO[bytes]:
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o644), "r+b")
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            raise BoardBusy(
                f"chip {name!r} is open in another board or process ({path})", value=name, where=str(path)
            ) from error
    return file


def _not_kept(name: str, path: Path, error: OSError) -> FolderRefused:
    return FolderRefused(
        f"chip {name!r} cannot be kept: {error}; OHMLOOP_STATE names another folder",
        value=str(path.parent),
        limit="a folder that can be written",
        where=str(path),
    )


def _make_pristine(file: IO[bytes], path: Path, name: str, profile: Profile, shape: ChipGeometry) -> None:
    """Writes a new chip's file; where that fails, as on a full disc, none is left."""
    try:
        _write_pristine(file, name, profile, shape)
    except OSError as error:
        path.unlink()
        with contextlib.suppress(OSError):  # what is left in the buffer has no room either
            file.close()
        raise _not_kept(name, path, error) from error


def _write_pristine(file: IO[bytes], name: str, profile: Profile, shape: ChipGeometry) -> None:
    """Writes cells first and the header last, so that a file cut short is seen as such."""
    seed = chip_seed(name)
    cells = [profile.pristine_codes(seed, shape.rows, shape.columns, macro=m) for m in range(shape.macros)]
    header = {
        "format": FORMAT,
        "name": name,
        "rows": shape.rows,
        "columns": shape.columns,
        "macros": shape.macros,
        "chip_seed": seed,
        "profile": profile.name,
    }
    file.seek(HEADER_BYTES)
    file.write(np.stack(cells).astype("<u2").tobytes())
    file.flush()
    file.seek(0)
    file.write(json.dumps(header).encode("utf-8").ljust(HEADER_BYTES, b"\0"))
    file.flush()


def _check_header(file: IO[bytes], path: Path, profile: Profile, shape: ChipGeometry) -> None:
    file.seek(0)
    try:
        header = json.loads(file.read(HEADER_BYTES).rstrip(b"\0"))
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ProfileError(
            f"{path}: no chip state file ({FORMAT}), or cut short when made; remove it to start pristine",
            limit=FORMAT,
            where=str(path),
        )
    wanted = {"rows": shape.rows, "columns": shape.columns, "macros": shape.macros, "profile": profile.name}
    for field, limit in wanted.items():
        if header.get(field) != limit:
            raise ProfileError(
                f"{path}: this chip has {field} {header.get(field)!r}, {limit!r} asked; "
                f"ask for that {field}, or choose another chip=",
                value=limit,
                limit=header.get(field),
                where=f"{path}: {field}",
            )
    cells = shape.macros * shape.rows * shape.columns
    if path.stat().st_size != HEADER_BYTES + 2 * cells:
        raise ProfileError(
            f"{path}: {path.stat().st_size} bytes, {HEADER_BYTES + 2 * cells} expected",
            value=path.stat().st_size,
            limit=HEADER_BYTES + 2 * cells,
            unit="bytes",
            where=str(path),
        )

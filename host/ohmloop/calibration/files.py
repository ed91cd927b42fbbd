# SPDX-License-Identifier: BSD-3-Clause
"""Artefacts to files and back: NAME.npz holds the arrays, NAME.json everything else."""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from ohmloop.calibration.artefact import Artefact, Residual, Taken, Values
from ohmloop.errors import ArtefactError, OhmloopError

FORMAT: Final = "ohmloop-artefact-1"
_PARTS: Final = ("values", "independent", "channel", "board", "ok")


def arrays_of(artefact: Artefact) -> dict[str, Any]:
    """Returns the arrays of an artefact by `QUANTITY.PART`, and `columns_ok`."""
    found: dict[str, Any] = {"columns_ok": artefact.columns_ok}
    for name, quantity in artefact.quantities.items():
        found |= {f"{name}.{part}": getattr(quantity, part) for part in _PARTS}
    return found


def plain_of(artefact: Artefact) -> dict[str, Any]:
    """Returns everything else of an artefact as what JSON holds."""
    taken = asdict(artefact.taken) | {"time_utc": artefact.taken.time_utc.isoformat()}
    return {
        "format": FORMAT,
        "kind": artefact.kind,
        "units": {name: quantity.unit for name, quantity in artefact.quantities.items()},
        "taken": taken,
        "valid_until": artefact.valid_until.isoformat(),
        "residual": asdict(artefact.residual),
        "settings": dict(artefact.settings),
        "notes": list(artefact.notes),
    }


def artefact_of(plain: dict[str, Any], arrays: dict[str, Any], where: str) -> Artefact:
    """Returns the artefact that `plain_of` and `arrays_of` gave; raises ArtefactError."""
    if plain.get("format") != FORMAT:
        raise ArtefactError(
            f"{where}: format {plain.get('format')!r}, {FORMAT!r} expected",
            value=plain.get("format"),
            limit=FORMAT,
            where=where,
        )
    try:
        taken = dict(plain["taken"])
        time = datetime.fromisoformat(taken.pop("time_utc"))
        quantities = {
            name: Values(arrays[f"{name}.values"], unit, *(arrays[f"{name}.{part}"] for part in _PARTS[1:]))
            for name, unit in plain["units"].items()
        }
        return Artefact(
            kind=plain["kind"],
            quantities=quantities,
            columns_ok=arrays["columns_ok"],
            taken=Taken(**taken, time_utc=time),
            valid_until=datetime.fromisoformat(plain["valid_until"]),
            residual=Residual(**plain["residual"]),
            settings=plain["settings"],
            notes=tuple(plain["notes"]),
        )
    except (KeyError, TypeError, ValueError, OhmloopError) as error:
        raise ArtefactError(f"{where}: no artefact: {error!r}", value=str(error), where=where) from error


def save_artefact(artefact: Artefact, folder: str | Path) -> Path:
    """Writes NAME.npz, then NAME.json with its CRC; returns the JSON file. Neither is ever half-written."""
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays_of(artefact))
    data = stream.getvalue()
    plain = plain_of(artefact) | {"arrays_crc32": f"{zlib.crc32(data):08x}"}
    _write(target / f"{artefact.name}.npz", data)
    path = target / f"{artefact.name}.json"
    _write(path, (json.dumps(plain, indent=1) + "\n").encode())
    return path


def load_artefact(path: str | Path) -> Artefact:
    """Reads the artefact of a NAME.json; raises ArtefactError that names the file."""
    file = Path(path)
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        data = file.with_suffix(".npz").read_bytes()
        crc = f"{zlib.crc32(data):08x}"
        if not isinstance(plain, dict) or plain.get("arrays_crc32") != crc:
            raise ArtefactError(
                f"{file}: its arrays have CRC {crc}, another is named", value=crc, where=str(file)
            )
        with np.load(io.BytesIO(data), allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        if isinstance(error, ArtefactError):
            raise
        raise ArtefactError(f"{file}: cannot be read: {error}", where=str(file)) from error
    return artefact_of(plain, arrays, str(file))


def _write(path: Path, data: bytes) -> None:
    """Replaces a file in one step, on disk when this returns."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

# SPDX-License-Identifier: BSD-3-Clause
"""YAML files to validated profiles, with errors that name file, line, field and unit."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ohmloop.errors import ProfileError
from ohmloop.profile.models import BoardProfile, ChipProfile

Place = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
MOST_BASES = 4

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDERS = (_PACKAGE.parents[1] / "calibration", _PACKAGE / "_calibration")
"""Where shipped profiles lie: in a checkout, in an installed wheel."""


def _folders(kind: str) -> list[Path]:
    return [folder / kind for folder in _FOLDERS if (folder / kind).is_dir()]


def shipped_names(kind: str) -> list[str]:
    """Returns the names of the shipped profiles of a kind, "chips" or "boards"."""
    return sorted({file.stem for folder in _folders(kind) for file in folder.glob("*.yaml")})


def find_profile(name_or_path: str | Path, kind: str) -> Path:
    """Returns the file of a profile: a path to a .yaml file, or the name of a shipped one.

    Raises:
        ProfileError: there is no such file or name.
    """
    text = str(name_or_path)
    if text.endswith((".yaml", ".yml")):
        path = Path(text).expanduser()
        if path.is_file():
            return path.resolve()
        raise ProfileError(f"{text}: no such profile file ({path.absolute()})", value=text, where=text)
    for folder in _folders(kind):
        if text and Path(text).name == text and (folder / f"{text}.yaml").is_file():
            return folder / f"{text}.yaml"
    known = ", ".join(shipped_names(kind)) or "none"
    if Path(text).name != text or Path(text).is_file():
        near = Path(f"{text}.yaml").expanduser()
        hint = f"; {near} is there" if near.is_file() else ""
        raise ProfileError(
            f"{text}: a profile's file ends in .yaml or .yml{hint}; shipped {kind} are named without a "
            f"folder: {known}",
            value=text,
            limit=".yaml",
            where=text,
        )
    raise ProfileError(
        f"no profile {text!r} among {kind}; shipped ones: {known}", value=text, limit=known, where=kind
    )


def _lines(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            child = (*place, str(key.value))
            if child in lines:
                raise yaml.MarkedYAMLError(
                    problem=f"field {key.value!r} is given twice", problem_mark=key.start_mark
                )
            _lines(value, child, lines)
            lines[child] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _lines(value, (*place, number), lines)


def _read(path: Path) -> tuple[object, dict[Place, int]]:
    try:
        text = path.read_text(encoding="utf-8")
        lines: dict[Place, int] = {}
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _lines(node, (), lines)
        return yaml.safe_load(text), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise ProfileError(
            f"{path}:{line}: {error.problem or 'no valid YAML'}", where=f"{path}:{line}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ProfileError(f"{path}: cannot be read: {error}", where=str(path)) from error


def _line_of(place: Place, lines: dict[Place, int]) -> int:
    for end in range(len(place), -1, -1):
        if place[:end] in lines:
            return lines[place[:end]]
    return 1


def _unit_beside(data: object, place: Place) -> str:
    for step in place:
        if isinstance(data, dict) and isinstance(data.get("unit"), str):
            return str(data["unit"])
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
    return str(data["unit"]) if isinstance(data, dict) and isinstance(data.get("unit"), str) else ""


def _explained(path: Path, data: object, lines: dict[Place, int], error: ValidationError) -> ProfileError:
    """Returns the error of the first field at fault, with all of them in its message."""
    texts = []
    for fault in error.errors():
        place = tuple(fault["loc"])
        field = ".".join(str(step) for step in place) or "profile"
        unit = _unit_beside(data, place)
        texts.append(
            f"{path}:{_line_of(place, lines)}: {field}{f' [{unit}]' if unit else ''}: "
            f"{fault['msg'].removeprefix('Value error, ')}"
        )
    first = error.errors()[0]
    place = tuple(first["loc"])
    where = f"{path}:{_line_of(place, lines)}: {'.'.join(str(step) for step in place)}"
    return ProfileError(
        "\n".join(texts), value=first.get("input"), unit=_unit_beside(data, place), where=where
    )


def _on_its_base(path: Path, data: object, lines: dict[Place, int], kind: str, deep: int = 0) -> object:
    """Returns the data of a file that names a `base` laid over that profile's, field by field."""
    if not isinstance(data, dict) or "base" not in data:
        return data
    if deep == MOST_BASES:
        place = f"{path}:{_line_of(('base',), lines)}: base"
        raise ProfileError(
            f"{place}: more than {deep} bases below each other", value=data["base"], where=place
        )
    own = dict(data)
    base = find_profile(str(own.pop("base")), kind)
    return _laid_over(_on_its_base(base, *_read(base), kind, deep + 1), own)


def _laid_over(below: object, above: object) -> object:
    """Returns a mapping with the fields of the upper one; anything else is replaced whole."""
    if not isinstance(below, dict) or not isinstance(above, dict):
        return above
    return below | {key: _laid_over(below.get(key), value) for key, value in above.items()}


def _validated(path: Path, model: type[Model], kind: str) -> Model:
    data, lines = _read(path)
    data = _on_its_base(path, data, lines, kind)
    try:
        return model.model_validate(data, strict=False)
    except ValidationError as error:
        raise _explained(path, data, lines, error) from error


@lru_cache(maxsize=32)
def _chip(path: Path, _changed_ns: int) -> ChipProfile:
    return _validated(path, ChipProfile, "chips")


@lru_cache(maxsize=32)
def _board(path: Path, _changed_ns: int) -> BoardProfile:
    return _validated(path, BoardProfile, "boards")


def load_chip(name_or_path: str | Path) -> ChipProfile:
    """Returns the chip profile of a name or file; raises ProfileError."""
    path = find_profile(name_or_path, "chips")
    return _chip(path, path.stat().st_mtime_ns)


def load_board(name_or_path: str | Path) -> BoardProfile:
    """Returns the board profile of a name or file; raises ProfileError."""
    path = find_profile(name_or_path, "boards")
    return _board(path, path.stat().st_mtime_ns)

# SPDX-License-Identifier: BSD-3-Clause
"""What a calibration measured: values with uncertainties, where they hold, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop.errors import CalibrationExpired, CalibrationMismatch, ShapeError

if TYPE_CHECKING:
    from ohmloop.board import Board

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Values:
    """One measured quantity: an array, its unit, standard uncertainties in three parts, a success mask.

    The parts have the unit and the shape of the values: `independent` is own of every value, `channel` common
    to all readings of a sense channel, `board` common to all of the board. Where `ok` is False the value is a
    placeholder and must not be used.
    """

    values: Floats
    unit: str
    independent: Floats
    channel: Floats
    board: Floats
    ok: Mask

    @classmethod
    def of(
        cls,
        values: ArrayLike,
        unit: str,
        *,
        independent: ArrayLike = 0.0,
        channel: ArrayLike = 0.0,
        board: ArrayLike = 0.0,
        ok: ArrayLike = True,
    ) -> Values:
        """Returns a quantity; uncertainties and mask are spread to the shape of the values."""
        held = np.asarray(values, dtype=np.float64)
        own, shared, common = (
            np.broadcast_to(np.asarray(one, np.float64), held.shape) for one in (independent, channel, board)
        )
        return cls(held, unit, own, shared, common, np.broadcast_to(np.asarray(ok, np.bool_), held.shape))

    def __post_init__(self) -> None:
        for name in ("independent", "channel", "board", "ok"):
            part = getattr(self, name)
            if part.shape != self.values.shape:
                raise ShapeError(
                    f"{name}: shape {part.shape}, {self.values.shape} of the values expected",
                    value=part.shape,
                    limit=self.values.shape,
                    where=name,
                )

    @property
    def uncertainty(self) -> Floats:
        """Standard uncertainty of each value alone."""
        return np.asarray(np.sqrt(self.independent**2 + self.channel**2 + self.board**2))


@dataclass(frozen=True, slots=True)
class Taken:
    """Under what an artefact was measured; the first seven decide where it may be used."""

    chip: str
    board_uid: str
    gateware: str
    firmware: str
    profile: str
    profile_digest: str
    macro: int
    origin: str
    url: str
    time_utc: datetime
    recipe: str
    recipe_digest: str
    version: str
    commit: str | None = None
    temperature_c: float | None = None

    def differences(self, board: Board, macro: int) -> tuple[str, ...]:
        """Returns what of chip, board, gateware, firmware, profile and macro differs, as sentences."""
        here = identity_of(board) | {"macro": macro}
        return tuple(
            f"{name.replace('_', ' ')} {getattr(self, name)} measured, {value} here"
            for name, value in here.items()
            if getattr(self, name) != value
        )


@dataclass(frozen=True, slots=True)
class Residual:
    """How well a fit predicts data that it was not fitted on, root mean squares.

    Attributes:
        residual: with the calibration.
        noise_floor: of the same data, from repeatability and quantisation alone.
        uncalibrated: with the profile's nominal figures.
        values: how many numbers were compared.
    """

    residual: float
    noise_floor: float
    uncalibrated: float
    unit: str
    values: int


@dataclass(frozen=True, eq=False)
class Artefact:
    """A measured calibration of one kind ("adc", "dark", "noise", "dac", "lines", "drift").

    Attributes:
        kind: which procedure made it.
        quantities: what was measured, by name.
        columns_ok: success of every column of the macro, `[columns]`.
        settings: plain values (numbers, texts, lists) that its use needs.
        notes: sentences for the reader.
    """

    kind: str
    quantities: Mapping[str, Values]
    columns_ok: Mask
    taken: Taken
    valid_until: datetime
    residual: Residual
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Kind and time, as in file names."""
        return f"{self.kind}-{self.taken.time_utc:%Y%m%dT%H%M%S%fZ}"

    def __getitem__(self, name: str) -> Values:
        return self.quantities[name]

    def require(self, board: Board, *, macro: int, accept_mismatch: bool = False) -> tuple[str, ...]:
        """Returns what does not match or is over, as sentences; empty when the artefact holds here.

        Raises:
            CalibrationExpired: its validity is over, and that was not accepted.
            CalibrationMismatch: it was measured elsewhere, and that was not accepted.
        """
        found = self.taken.differences(board, macro)
        now = datetime.now(UTC)
        late = (f"valid until {self.valid_until:%Y-%m-%d %H:%M} UTC",) if now > self.valid_until else ()
        told = tuple(f"{self.name}: {text}" for text in (*found, *late))
        if told and not accept_mismatch:
            kind = CalibrationMismatch if found else CalibrationExpired
            raise kind(
                "; ".join(told),
                value=found[0] if found else f"{now:%Y-%m-%d %H:%M} UTC",
                limit=None if found else f"{self.valid_until:%Y-%m-%d %H:%M} UTC",
                where=self.name,
            )
        return told


def identity_of(board: Board) -> dict[str, Any]:
    """Returns what an artefact of this board must agree with, by the fields of `Taken`."""
    identity = board.identity
    return {
        "chip": board.chip,
        "board_uid": f"{identity.uid:016x}",
        "gateware": f"{identity.build_hash:08x}",
        "firmware": f"{identity.firmware_crc:08x}",
        "profile": board.profile.name,
        "profile_digest": f"{board.profile.digest:08x}",
    }

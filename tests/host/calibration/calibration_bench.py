# SPDX-License-Identifier: BSD-3-Clause
"""A small board behind converters with errors, and what is true of it."""

from dataclasses import dataclass

import numpy as np

from ohmloop._map import Table
from ohmloop.board import Board, Window
from ohmloop.profile import Profile

WIDE = "twin://?rows=64&columns=256&lanes=8"
PROFILE = "rrm-40nm-front-end"


def half_formed(board: Board, seed: int = 3) -> Window:
    """Loads cells of which half are formed; returns the window of all."""
    rng = np.random.default_rng(seed)
    window = board.macro[:, :]
    formed = rng.normal(492, 70, window.shape).clip(200, 900)
    codes = np.where(rng.random(window.shape) < 0.494, formed, rng.integers(3, 6, window.shape))
    board.macro.load_g_codes(codes.astype(np.uint16), window)
    return window


@dataclass(frozen=True)
class Truth:
    """What the emulator has: codes per siemens `[ranges, columns]`, codes `[columns]`, codes `[64]`."""

    gain: np.ndarray
    offset: np.ndarray
    inl: np.ndarray

    @classmethod
    def of(cls, profile: Profile, columns: int) -> "Truth":
        tables = profile.tables()
        ideal = profile.model_copy(deep=True)
        channels = ideal.chip.front_end.channels.model_copy(update={"enabled": False})
        front_end = ideal.chip.front_end.model_copy(update={"channels": channels})
        straight = ideal.model_copy(update={"chip": ideal.chip.model_copy(update={"front_end": front_end})})
        relative = tables[Table.GAIN].reshape(4, -1) / straight.tables()[Table.GAIN].reshape(4, -1)
        nominal = np.array([1 / profile.siemens_per_adc_code(one) for one in range(4)])
        gain = relative[:, :columns] * nominal[:, None]
        return cls(gain, tables[Table.OFFSET][:columns].astype(float), tables[Table.INL].astype(float))


@dataclass(frozen=True)
class Bench:
    """An open board with half-formed cells, and what is true of it."""

    board: Board
    window: Window
    siemens: np.ndarray
    truth: Truth

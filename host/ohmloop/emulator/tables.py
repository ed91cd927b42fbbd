# SPDX-License-Identifier: BSD-3-Clause
"""The emulator's tables as TABLE_WRITE fills them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import Table
from ohmloop.link.messages import TABLE_SIZES

_BITS: Final = 18
_UNSIGNED: Final = frozenset({Table.GAUSS, Table.BREAKDOWN, Table.FORMED, Table.GATE, Table.GAIN})


class Tables:
    """All tables, zero after power-up.

    Attributes:
        version: counts writes, so that what was computed from a table can be kept until then.
    """

    def __init__(self) -> None:
        self.version = 0
        self._entries = {table: np.zeros(size, np.int64) for table, size in TABLE_SIZES.items()}

    def __getitem__(self, table: Table) -> NDArray[np.int64]:
        """Returns the entries, int64, not to be written."""
        return self._entries[table]

    def write(self, table: Table, first: int, values: NDArray[np.int32]) -> None:
        """Writes consecutive entries: the low 18 bits of each value, signed where the table is."""
        kept = values.astype(np.int64) & ((1 << _BITS) - 1)
        if table not in _UNSIGNED:
            kept -= (kept >> (_BITS - 1)) << _BITS
        self._entries[table][first : first + kept.size] = kept
        self.version += 1

    def normal_numbers(self) -> NDArray[np.int64]:
        """Returns `gauss` of every 11-bit hash field, Q12: the table, then the table negated."""
        half = self._entries[Table.GAUSS]
        return np.concatenate((half, -half))

    def noise(self, adc_noise: int) -> NDArray[np.float32]:
        """Returns `[2, 2048]`, of every hash field: the normal number, and the ADC noise it makes, codes."""
        gauss = self.normal_numbers()
        return np.stack((gauss * 2.0**-12, (adc_noise * gauss + (1 << 19)) >> 20)).astype(np.float32)

    def inl(self) -> NDArray[np.float64]:
        """Returns the INL in codes; nothing where all of it is zero."""
        entries = self._entries[Table.INL]
        return entries.astype(np.float64) if entries.any() else np.zeros(0)

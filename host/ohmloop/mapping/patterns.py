# SPDX-License-Identifier: BSD-3-Clause
"""Binary S-matrix patterns to switch rows by, and the sums under them back to single cells."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import MAX_LINES
from ohmloop.errors import LimitError

Floats = NDArray[np.float64]

PRIMITIVE: Final = {2: 0b11, 3: 0b11, 4: 0b11, 5: 0b101, 6: 0b11, 7: 0b11, 8: 0b11101, 9: 0b10001}
"""Primitive polynomials over GF(2), x^k left out: bit j is the coefficient of x^j."""
MAX_ORDER: Final = 523
"""Smallest order above the most rows of a macro."""


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """A cyclic S-matrix: `order` patterns, each with (order + 1) / 2 of `order` rows on.

    Attributes:
        order: number of patterns and of rows, 2^k - 1 or a prime that is 3 modulo 4.
        rows: rows that exist; the others conduct nothing and are left out.
        x_codes: 1 where a row is on, uint8 `[order, rows]`.
    """

    order: int
    rows: int
    x_codes: NDArray[np.uint8]

    @property
    def rows_on(self) -> int:
        """Rows that are on in every pattern, those left out included."""
        return (self.order + 1) // 2

    @property
    def variance_factor(self) -> float:
        """Variance of a decoded cell over the mean variance of one sum: 4 N / (N + 1)^2."""
        return 4 * self.order / (self.order + 1) ** 2

    def decoded(self, sums: Floats) -> Floats:
        """Returns the cells `[rows, ...]` whose sums under the patterns are `[order, ...]`."""
        if self.order & (self.order + 1) == 0:
            return _decoded_by_hadamard(self.order, sums)[: self.rows]
        weights = 2.0 * self.x_codes.astype(np.float64) - 1.0
        return np.asarray(2 / (self.order + 1) * np.tensordot(weights.T, sums, axes=1))


def pattern_order(rows: int) -> int:
    """Returns the smallest order of an S-matrix for `rows` rows.

    Raises:
        LimitError: there are fewer than 1 or more than 512 rows.
    """
    if not 1 <= rows <= MAX_LINES:
        raise LimitError(
            f"rows: {rows} asked, 1 .. {MAX_LINES} can be switched by patterns",
            value=rows,
            limit=MAX_LINES,
            unit="rows",
            where="rows",
        )
    return next(order for order in range(3, MAX_ORDER + 1) if order >= rows and _is_order(order))


@lru_cache(maxsize=16)
def patterns_for(rows: int, order: int | None = None) -> Patterns:
    """Returns the patterns for `rows` rows; `order` None takes the smallest.

    Raises:
        LimitError: there is no S-matrix of this order here, or it is smaller than `rows`.
    """
    chosen = pattern_order(rows) if order is None else order
    if chosen < rows or chosen > MAX_ORDER or not _is_order(chosen):
        raise LimitError(
            f"order: {chosen} for {rows} rows; 2^k - 1 or a prime that is 3 modulo 4, "
            f"{rows} .. {MAX_ORDER}, expected",
            value=chosen,
            limit=(rows, MAX_ORDER),
            where="order",
        )
    sequence = _m_sequence(chosen) if chosen & (chosen + 1) == 0 else _residue_sequence(chosen)
    turned = (np.arange(chosen)[:, None] + np.arange(rows)) % chosen
    codes = sequence[turned]
    codes.setflags(write=False)
    return Patterns(chosen, rows, codes)


def _is_order(order: int) -> bool:
    return order & (order + 1) == 0 or (order % 4 == 3 and _is_prime(order))


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % factor for factor in range(2, int(number**0.5) + 1))


def _residue_sequence(prime: int) -> NDArray[np.uint8]:
    """Returns one period with ones at the quadratic residues and at zero, `[prime]`."""
    sequence = np.zeros(prime, np.uint8)
    sequence[np.arange(prime) ** 2 % prime] = 1
    return sequence


@lru_cache(maxsize=16)
def _states(order: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Returns u and v with s[i + m] = parity(u[i] & v[m]), s the maximal-length sequence, `[order]` each.

    u[i] holds s[i] .. s[i + k - 1]; v[m] holds x^m modulo the primitive polynomial.
    """
    bits = (order + 1).bit_length() - 1
    taps = PRIMITIVE[bits]
    u, v = np.empty(order, np.intp), np.empty(order, np.intp)
    state, power = 1, 1
    for at in range(order):
        u[at], v[at] = state, power
        state = state >> 1 | ((state & taps).bit_count() & 1) << (bits - 1)
        power = power << 1
        power = power ^ (1 << bits | taps) if power >> bits else power
    return u, v


def _m_sequence(order: int) -> NDArray[np.uint8]:
    return np.asarray(_states(order)[0] & 1, dtype=np.uint8)


def _hadamard(values: Floats) -> Floats:
    """Returns the fast Hadamard transform along the first axis, whose length is a power of two."""
    size, rest = values.shape[0], values.shape[1:]
    half = 1
    while half < size:
        pairs = values.reshape(size // (2 * half), 2, half, *rest)
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1)
        values = values.reshape(size, *rest)
        half *= 2
    return values


def _decoded_by_hadamard(order: int, sums: Floats) -> Floats:
    """Returns S^-1 times the sums: -2 / (N + 1) times their Hadamard transform, reordered."""
    u, v = _states(order)
    spread = np.zeros((order + 1, *sums.shape[1:]))
    spread[u] = sums
    return np.asarray(-2 / (order + 1) * _hadamard(spread)[v])

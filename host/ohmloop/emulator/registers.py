# SPDX-License-Identifier: BSD-3-Clause
"""The register file: what the map says can be written, with the limits' own rules."""

from typing import Final

from ohmloop._map import (
    CYCLES_CAP,
    RESET_VALUES,
    VOLTAGE_CEILING,
    WIDTH_CEILING,
    WRITABLE,
    WRITE_MASKS,
    Register,
    Status,
)
from ohmloop.link.messages import Refusal

LIMITS: Final = (
    Register.LIMIT_FORM_V,
    Register.LIMIT_SET_V,
    Register.LIMIT_RESET_V,
    Register.LIMIT_READ_V,
    Register.LIMIT_GATE_V,
    Register.LIMIT_WIDTH,
)
"""The six limits, in the order of the limits hash."""
_CEILINGS: Final = {
    **dict.fromkeys(LIMITS, VOLTAGE_CEILING),
    Register.LIMIT_WIDTH: WIDTH_CEILING,
    Register.LIMIT_LOCK: 1,
}
_CAPPED: Final = frozenset({Register.WATCHDOG_CYCLES, Register.OPERATION_CYCLES})
_ADDRESSES: Final = frozenset(int(register) for register in Register)


def find(address: int, place: int) -> Register:
    """Returns the register at an address; raises Refusal (BAD_ADDRESS) when there is none."""
    if address not in _ADDRESSES:
        raise Refusal(Status.BAD_ADDRESS, address, 0, place)
    return Register(address)


class Registers:
    """The values of all registers that hold one; live ones are the board's to answer.

    Attributes:
        version: counts writes, so that what was computed from registers can be kept until then.
    """

    def __init__(self) -> None:
        self.version = 0
        self._values = dict(RESET_VALUES)

    def __getitem__(self, register: Register) -> int:
        """Returns a register's value, unsigned."""
        return self._values[register]

    def signed(self, register: Register, bits: int) -> int:
        """Returns a register's value as a signed number of `bits` bits."""
        value = self._values[register]
        return value - ((value >> (bits - 1) & 1) << bits)

    def halves(self, register: Register) -> tuple[int, int]:
        """Returns a register's low and high 16 bits, unsigned."""
        value = self._values[register]
        return value & 0xFFFF, value >> 16

    @property
    def limits(self) -> tuple[int, ...]:
        """The six limits."""
        return tuple(self._values[register] for register in LIMITS)

    @property
    def locked(self) -> bool:
        """Whether limits can only fall."""
        return bool(self._values[Register.LIMIT_LOCK])

    def write(self, register: Register, value: int, place: int) -> None:
        """Writes one register.

        Args:
            register: which.
            value: 32 bits; bits that the map does not write are ignored.
            place: payload word that holds it.

        Raises:
            Refusal: BAD_ADDRESS (read-only), OVER_CEILING, LIMITS_LOCKED; the register is unchanged.
        """
        if register not in WRITABLE:
            raise Refusal(Status.BAD_ADDRESS, register, 0, place)
        if register in _CEILINGS:
            self._check_limit(register, value, place)
        if register in _CAPPED:
            value = min(value, CYCLES_CAP)
        self._values[register] = value & WRITE_MASKS[register]
        self.version += 1

    def _check_limit(self, register: Register, value: int, place: int) -> None:
        ceiling, present = _CEILINGS[register], self._values[register]
        if value > ceiling:
            raise Refusal(Status.OVER_CEILING, value, ceiling, place)
        raises = value < present if register == Register.LIMIT_LOCK else value > present
        if self.locked and raises:
            raise Refusal(Status.LIMITS_LOCKED, value, present, place)

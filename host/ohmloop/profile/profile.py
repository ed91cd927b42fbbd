# SPDX-License-Identifier: BSD-3-Clause
"""Volts, siemens and seconds to codes and back, for one kind of chip on one kind of board."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from ohmloop._arrays import require_unmasked
from ohmloop._map import CLK_HZ, G_BITS, MAX_LINES, RANGES, Register, Table
from ohmloop.errors import LimitError, ShapeError
from ohmloop.profile import tables
from ohmloop.profile.hashes import CellDraw, cell_hash, row_key
from ohmloop.profile.loader import load_board, load_chip
from ohmloop.profile.models import BoardProfile, ChipProfile
from ohmloop.profile.physics import programming_registers
from ohmloop.profile.quantities import Curve, Entry, Quantiles, Quantity

DEFAULT_CHIP = "rrm-40nm-esgnn2023"
DEFAULT_BOARD = "emulated"
G_CODE_MAX = (1 << G_BITS) - 1
SIEMENS_PER_MICROSIEMENS = 1e-6

LIMIT_REGISTERS = (
    Register.LIMIT_FORM_V,
    Register.LIMIT_SET_V,
    Register.LIMIT_RESET_V,
    Register.LIMIT_READ_V,
    Register.LIMIT_GATE_V,
    Register.LIMIT_WIDTH,
)
"""The six limits, in the order of the limits hash."""


def _numbers(values: ArrayLike, where: str) -> NDArray[np.float64]:
    """Returns real numbers as float64; raises ShapeError for anything else."""
    require_unmasked(values, where)
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ShapeError(f"{where}: no array: {error}", value=type(values).__name__, where=where) from error
    if array.dtype.kind not in "fiu":
        raise ShapeError(
            f"{where}: dtype {array.dtype}, real numbers expected",
            value=str(array.dtype),
            limit="real numbers",
            where=where,
        )
    return array.astype(np.float64)


def _require(
    good: NDArray[np.bool_], values: NDArray[np.float64], limit: float, unit: str, where: str
) -> None:
    """Raises LimitError that names the first value that is not good: it is outside 0 .. `limit`."""
    if np.all(good):
        return
    place = tuple(int(i) for i in np.argwhere(~good)[0])
    where = f"{where}{list(place)}" if place else where
    raise LimitError(
        f"{where}: {float(values[place]):g} {unit} is outside 0 .. {limit:g} {unit}",
        value=float(values[place]),
        limit=limit,
        unit=unit,
        where=where,
    )


@dataclass(frozen=True, slots=True)
class FormingPulse:
    """The pulse that forms an array as published."""

    voltage_v: float
    gate_v: float
    width_s: float


class Profile(Entry):
    """A chip's and a board's profile, with the conversions that follow from them."""

    chip: ChipProfile
    board: BoardProfile
    clk_hz: int = Field(default=CLK_HZ, gt=0, exclude=True)
    """Clock of the open board, hertz; no part of the profile's digest."""

    @property
    def name(self) -> str:
        """Name of the chip profile."""
        return self.chip.name

    @property
    def digest(self) -> int:
        """CRC-32 of everything in the profile, for provenance."""
        return zlib.crc32(self.model_dump_json().encode())

    # Volts and seconds

    def volts_to_dac_codes(self, volts: float) -> int:
        """Returns the nearest DAC code; raises LimitError outside the converter."""
        full_scale_v = self.chip.front_end.dac.full_scale.value
        if not (math.isfinite(volts) and 0 <= volts <= full_scale_v):
            raise LimitError(
                f"{volts!r} V is outside the converter's 0 .. {full_scale_v:g} V",
                value=volts,
                limit=full_scale_v,
                unit="V",
                where="DAC",
            )
        return tables.dac_code(self.chip, volts)

    def dac_codes_to_volts(self, code: int) -> float:
        """Returns the voltage of a DAC code."""
        return code * self.chip.front_end.dac.full_scale.value / tables.DAC_CODES

    def at_clock(self, clk_hz: int) -> Profile:
        """Returns this profile on a board whose clock is `clk_hz`."""
        return self.model_copy(update={"clk_hz": clk_hz})

    def seconds_to_cycles(self, seconds: float) -> int:
        """Returns the nearest number of clk cycles."""
        return round(seconds * self.clk_hz)

    def cycles_to_seconds(self, cycles: float) -> float:
        """Returns the time of a number of clk cycles."""
        return cycles / self.clk_hz

    @property
    def read_v(self) -> float:
        """Nominal read voltage, volts."""
        return self.chip.front_end.read.value

    @property
    def limits(self) -> dict[Register, int]:
        """The limit registers: DAC codes, and clk cycles for the width."""
        limits = self.chip.limits
        volts = (limits.form, limits.set, limits.reset, limits.read, limits.gate)
        codes = [tables.dac_code(self.chip, entry.value) for entry in volts]
        return dict(zip(LIMIT_REGISTERS, [*codes, self.seconds_to_cycles(limits.width.value)], strict=True))

    # Siemens

    @property
    def g_lsb_siemens(self) -> float:
        """Conductance of one g code, siemens."""
        return self.chip.cells.g_lsb.value * SIEMENS_PER_MICROSIEMENS

    @property
    def g_code_max(self) -> int:
        """Largest g code."""
        return G_CODE_MAX

    @property
    def adc_bound(self) -> int:
        """Largest magnitude of an ADC code."""
        return -tables.adc_limits(self.chip)[0]

    @property
    def formed_floor(self) -> int:
        """Lowest g code of a formed cell."""
        return int(tables.g_codes_rounded(self.chip, self.chip.cells.formed_floor.value))

    def siemens_to_g_codes(self, siemens: ArrayLike) -> NDArray[np.uint16]:
        """Returns the nearest g codes, same shape; raises LimitError outside 0 .. 1023 codes or for NaN."""
        values = _numbers(siemens, "siemens")
        codes = np.rint(values / self.g_lsb_siemens)
        good = (codes >= 0) & (codes <= G_CODE_MAX)
        _require(good, values, G_CODE_MAX * self.g_lsb_siemens, "S", "siemens")
        return codes.astype(np.uint16)

    def g_codes_to_siemens(self, g_codes: ArrayLike) -> NDArray[np.float64]:
        """Returns the conductances of g codes (or their means), siemens, same shape; raises LimitError."""
        values = _numbers(g_codes, "g_codes")
        _require((values >= 0) & (values <= G_CODE_MAX), values, G_CODE_MAX, "codes", "g_codes")
        return values * self.g_lsb_siemens

    def siemens_per_adc_code(self, range_index: int) -> float:
        """Returns the nominal sum of cell conductances that one ADC code stands for, siemens."""
        return self.g_lsb_siemens / tables.codes_per_g_code(self.chip)[range_index]

    def range_for(self, rows_on: float, drive: float = 1.0) -> int:
        """Returns the finest range that `rows_on` cells of the largest g code cannot saturate, else 0.

        `drive` is the read voltage over the nominal one.
        """
        _, top = tables.adc_limits(self.chip)
        scales = tables.codes_per_g_code(self.chip)
        for index in range(RANGES - 1, 0, -1):
            if rows_on * G_CODE_MAX * scales[index] * drive <= top:
                return index
        return 0

    @property
    def macros(self) -> int:
        """Macros on the board."""
        return self.board.macros.count if self.board.macros else 1

    # Forming

    def forming_voltage_for(self, unbroken_fraction: float) -> float:
        """Returns the voltage of one nominal pulse that leaves this fraction of the cells pristine.

        Raises:
            LimitError: the fraction is not in 0 .. 1, or needs more than the chip's limit.
        """
        if not 0 <= unbroken_fraction <= 1:
            raise LimitError(
                f"unbroken fraction {unbroken_fraction!r} is outside 0 .. 1",
                value=unbroken_fraction,
                limit=(0, 1),
                where="unbroken_fraction",
            )
        table = tables.breakdown_table(self.chip)
        broken = round((1 - unbroken_fraction) * table.size)
        code = int(table[broken - 1]) if broken else int(table[0]) - 1
        volts, limit_v = self.dac_codes_to_volts(code), self.chip.limits.form.value
        if volts > limit_v:
            raise LimitError(
                f"forming to {unbroken_fraction:g} unbroken needs {volts:.3f} V, limit {limit_v:.3f} V",
                value=volts,
                limit=limit_v,
                unit="V",
                where="unbroken_fraction",
            )
        return volts

    @property
    def forming(self) -> FormingPulse:
        """The nominal forming pulse."""
        forming = self.chip.cells.forming
        voltage_v = self.forming_voltage_for(forming.unbroken_fraction.value)
        return FormingPulse(voltage_v, forming.gate.value, forming.width.value)

    def pristine_codes(
        self, chip_seed: int, rows: int, columns: int, *, macro: int = 0
    ) -> NDArray[np.uint16]:
        """Returns the g codes of a new chip, `[rows, columns]`."""
        keys = row_key(chip_seed, macro, np.arange(rows))[:, None]
        draw = cell_hash(keys, CellDraw.PRISTINE, np.arange(columns)[None, :])
        codes = tables.pristine_table(self.chip).astype(np.uint16)
        return np.asarray(codes[draw & np.uint32(0x3FF)])

    # The emulator's integers

    def emulator_registers(self, chip_seed: int, noise_seed: int) -> dict[Register, int]:
        """Returns every EMU register as the word that REG_WRITE takes."""
        physics = programming_registers(self.chip)
        return tables.emulator_registers(self.chip, chip_seed, noise_seed, self.clk_hz) | physics

    def tables(self) -> dict[Table, NDArray[np.int32]]:
        """Returns every table of the board, as TABLE_WRITE takes them; corrections are identity."""
        return tables.emulator_tables(self.chip)

    # Time and provenance

    def product_seconds(
        self, columns: int, *, bits: int, averages: int = 1, adcs: int | None = None
    ) -> float:
        """Returns the time of one product on the board's real front end: conversions and settling only."""
        if not (1 <= columns <= MAX_LINES and bits >= 1 and averages >= 1):
            raise LimitError(
                f"no product of {columns} columns, {bits} bits, {averages} averages", value=columns
            )
        timing = self.board.timing
        conversions = math.ceil(columns / (timing.adcs if adcs is None else adcs))
        return averages * bits * (timing.settle.value + conversions * timing.conversion.value)

    def sources(self) -> dict[str, str]:
        """Returns the source of every entry, by its dotted field name."""
        found: dict[str, str] = {}
        _collect_sources(self.chip, "chip", found)
        _collect_sources(self.board, "board", found)
        return found


def _collect_sources(entry: Entry, place: str, found: dict[str, str]) -> None:
    for name, value in entry:
        if name == "source":
            found[place] = str(value)
        elif isinstance(value, Quantity | Quantiles | Curve):
            found[f"{place}.{name}"] = value.source
        elif isinstance(value, Entry):
            _collect_sources(value, f"{place}.{name}", found)
        elif isinstance(value, tuple):
            for number, item in enumerate(value):
                if isinstance(item, Quantity):
                    found[f"{place}.{name}.{number}"] = item.source


def load_profile(name_or_path: str | Path | None = None, board: str | Path | None = None) -> Profile:
    """Returns the profile of a chip and a board, each a shipped name or a YAML file.

    Without a board it is the one that the chip's profile names, else `emulated`.

    Raises:
        ProfileError: a file is missing or not valid; the message names file, line, field and unit.
    """
    chip = load_chip(DEFAULT_CHIP if name_or_path is None else name_or_path)
    named = chip.board or DEFAULT_BOARD
    return Profile(chip=chip, board=load_board(named if board is None else board))

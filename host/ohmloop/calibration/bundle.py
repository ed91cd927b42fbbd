# SPDX-License-Identifier: BSD-3-Clause
"""The artefacts of one board and chip together: ADC codes to siemens with uncertainties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ohmloop._map import MAX_LINES, Table
from ohmloop.board.estimate import Estimate, Floats, Reading
from ohmloop.calibration.artefact import Artefact
from ohmloop.calibration.behind_lines import BehindLines, behind_lines
from ohmloop.calibration.converters import Bend
from ohmloop.calibration.files import load_artefact, save_artefact
from ohmloop.calibration.noise_model import conductance_of_a_row, conversion_variances
from ohmloop.errors import ArtefactError, NotCalibrated

if TYPE_CHECKING:
    from ohmloop.board import Board

Lines = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Calibration:
    """The newest artefact of each kind; `adc` is needed for anything in SI units.

    `skipped` says what a sequence of recipes could not measure, and why.
    """

    artefacts: Mapping[str, Artefact]
    skipped: tuple[str, ...] = ()

    @classmethod
    def of(cls, *artefacts: Artefact) -> Calibration:
        """Returns the newest of each kind."""
        ordered = sorted(artefacts, key=lambda one: one.taken.time_utc)
        return cls({one.kind: one for one in ordered})

    def joined(self, *artefacts: Artefact) -> Calibration:
        """Returns these and others, the newest of each kind."""
        return replace(self.of(*self.artefacts.values(), *artefacts), skipped=self.skipped)

    def save(self, folder: str | Path) -> list[Path]:
        """Writes NAME.npz and NAME.json of every artefact; returns the JSON files."""
        return [save_artefact(one, folder) for one in self.artefacts.values()]

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Reads the newest artefact of each kind in a folder, or one JSON file; raises ArtefactError."""
        place = Path(path)
        files = sorted(place.glob("*-*Z.json")) if place.is_dir() else [place]
        if not files:
            raise ArtefactError(f"{place}: no artefact in this folder", value=str(place), where=str(place))
        return cls.of(*(load_artefact(file) for file in files))

    def __getitem__(self, kind: str) -> Artefact:
        if kind not in self.artefacts:
            held = ", ".join(self.artefacts) or "nothing"
            raise NotCalibrated(
                f"no {kind!r} artefact among {held}; measure one with `calibrate`",
                value=kind,
                where="calibration",
            )
        return self.artefacts[kind]

    @property
    def name(self) -> str:
        """Names of the artefacts."""
        return " ".join(one.name for one in self.artefacts.values())

    @property
    def bends(self) -> bool:
        """The converters bend by more than the uncertainty of their bend."""
        return self._bend.is_seen

    def require(
        self, board: Board, *, macro: int = 0, columns: Lines | None = None, accept_mismatch: bool = False
    ) -> tuple[str, ...]:
        """Returns what does not match the open board or has failed, as sentences; empty when all holds.

        Raises:
            CalibrationMismatch, CalibrationExpired, NotCalibrated: unless `accept_mismatch`.
        """
        adc = self["adc"]
        told = [
            text
            for one in self.artefacts.values()
            for text in one.require(board, macro=macro, accept_mismatch=accept_mismatch)
        ]
        failed = np.flatnonzero(~adc.columns_ok) if columns is None else columns[~adc.columns_ok[columns]]
        if failed.size and columns is not None:
            text = f"{adc.name}: columns {', '.join(map(str, failed[:8]))} failed their calibration"
            if not accept_mismatch:
                raise NotCalibrated(text, value=int(failed[0]), where=f"column {int(failed[0])}")
            told.append(text)
        return tuple(told)

    @cached_property
    def _bend(self) -> Bend:
        adc = self["adc"]
        return Bend(adc["bend_knots"].values, adc["bend"].values, adc["bend"].board)

    def _offset(self, range_index: int, columns: Lines) -> tuple[Floats, Floats, Floats]:
        """Returns offset, its channel and its board part, codes `[columns]`, from dark codes where measured.

        A dark code is read at ideal code zero, so the bend there is in it and is taken out.
        """
        place = range_index, columns
        if "dark" not in self.artefacts:
            held = self["adc"]["offset"]
            return held.values[place], held.channel[place], held.board[place]
        held, zero = self.artefacts["dark"]["offset"], np.zeros(columns.size)
        return held.values[place] - self._bend.at(zero), held.channel[place], self._bend.uncertainty_at(zero)

    def _gain_parts(self, range_index: int, columns: Lines) -> tuple[Floats, Floats]:
        """Returns relative uncertainties of gains: a channel's, its wander included, and the board's."""
        adc, place = self["adc"], (range_index, columns)
        gain = adc["gain"]
        wander = adc.quantities["wander"].values[place] if "wander" in adc.quantities else 0.0
        own = np.hypot(gain.channel[place] / gain.values[place], wander)
        return np.asarray(own), np.asarray(gain.board[place] / gain.values[place])

    def siemens(self, mean_codes: ArrayLike, *, range_index: int, columns: Lines) -> Estimate:
        """Returns what mean codes `[..., columns]` of one conversion stand for, INL removed.

        Conductance is apparent: at the nominal read voltage. `independent` is what repeats do not remove of
        one conversion; the reader's own noise is to be added.
        """
        codes = np.asarray(mean_codes, dtype=np.float64)
        gain = self["adc"]["gain"]
        g = gain.values[range_index, columns]
        offset, offset_u, offset_common_u = self._offset(range_index, columns)
        ideal = self._straight(codes - offset)
        values = ideal / g
        channel, board = self._gain_parts(range_index, columns)
        return Estimate(
            values=values,
            unit="S",
            independent=np.broadcast_to(self._granularity(range_index, columns) / g, values.shape),
            channel=np.hypot(values * channel, offset_u / g),
            board=np.sqrt(
                (values * board) ** 2
                + (offset_common_u / g) ** 2
                + (self._bend.uncertainty_at(ideal) / g) ** 2
            ),
            repeatability=np.zeros_like(values),
        )

    def conversion_noise(self, range_index: int, columns: Lines) -> tuple[Floats, Floats]:
        """Returns what repeats remove of the scatter of one conversion and what not, codes `[columns]`."""
        return self["adc"]["noise"].values[range_index, columns], self._granularity(range_index, columns)

    def behind_lines(
        self, seen_siemens: Floats, *, rows: Lines, columns: Lines, shape: tuple[int, int]
    ) -> BehindLines | None:
        """Returns a window's cells with the resistance of lines taken out; None where it was not measured.

        See `ohmloop.calibration.behind_lines`.
        """
        if "lines" not in self.artefacts:
            return None
        return behind_lines(self["lines"], seen_siemens, rows=rows, columns=columns, shape=shape)

    def products(self, codes: Floats, reading: Reading) -> Estimate:
        """Returns sums of input code times apparent conductance, siemens `[n, columns]`."""
        adc, place = self["adc"], (reading.range, reading.columns)
        g, weights = adc["gain"].values[place], np.exp2(np.arange(reading.bits))
        offset, offset_u, offset_common_u = self._offset(*place)
        if reading.per_plane:
            ideal = self._straight(codes - offset)
            total = np.einsum("p,npc->nc", weights, ideal)
            bend_u = np.einsum("p,npc->nc", weights, self._bend.uncertainty_at(ideal))
        else:
            guess = self._planes_of(codes - weights.sum() * offset, reading)
            total = codes - weights.sum() * offset - np.einsum("p,npc->nc", weights, self._bend.at(guess))
            bend_u = np.einsum("p,npc->nc", weights, self._bend.uncertainty_at(guess))
        values = total / g
        repeats, fixed = self._variances(values, reading)
        if not reading.per_plane:
            fixed = fixed + self._unseen_bend(guess, reading)
        scale, common = self._gain_parts(*place)
        offsets = weights.sum() / g
        return Estimate(
            values=values,
            unit="S",
            independent=np.sqrt(repeats + fixed) / g,
            channel=np.hypot(values * scale, offsets * offset_u),
            board=np.sqrt((values * common) ** 2 + (offsets * offset_common_u) ** 2 + (bend_u / g) ** 2),
            repeatability=np.sqrt(repeats) / g,
        )

    def _straight(self, codes: Floats) -> Floats:
        """Returns codes without offset as they would be without the bend."""
        ideal = codes - self._bend.at(codes)
        return np.asarray(codes - self._bend.at(ideal))

    @staticmethod
    def _planes_of(sums: Floats, reading: Reading) -> Floats:
        """Returns about what the planes `[n, bits, columns]` of sums were: as many rows were on.

        Planes of signed inputs scatter about their common mean, so that is what they are taken for.
        """
        weights = np.exp2(np.arange(reading.bits))
        on = np.ones_like(reading.rows_on) if reading.signed else reading.rows_on
        share = on / np.maximum(on @ weights, 1.0)[:, None]
        return np.asarray(share[:, :, None] * sums[:, None, :])

    def _unseen_bend(self, planes: Floats, reading: Reading) -> Floats:
        """Returns the variance that the bend of planes has which scatter about what they are taken for."""
        gain = self["adc"]["gain"].values[reading.range, reading.columns] * reading.drive
        values = np.einsum("p,npc->nc", np.exp2(np.arange(reading.bits)), planes) / gain
        row, _ = conductance_of_a_row(
            self.artefacts.get("noise"), self["adc"], values, replace(reading, drive=1.0)
        )
        # About half of the cells conduct, so a sum of n of them scatters by sqrt(2 n) of their mean.
        scatter = np.sqrt(2.0 * reading.rows_on)[:, :, None] * (row * gain)[:, None, :]
        places = (planes + share * scatter for share in (-1.5, -0.5, 0.5, 1.5))
        unseen = np.var([self._bend.at(place) for place in places], axis=0)
        return np.asarray(np.einsum("p,npc->nc", np.exp2(2 * np.arange(reading.bits)), unseen))

    def true_drive(self, drive: float) -> tuple[float, float]:
        """Returns a nominal ratio of read voltages as measured, and its relative standard uncertainty."""
        if "dac" not in self.artefacts or drive == 1.0:
            return drive, 0.0
        line = self.artefacts["dac"]["line"]
        value = float(line.values[0] + line.values[1] * (drive - 1))
        error = float(np.hypot(line.board[0], line.board[1] * (drive - 1)))
        return value, error / value

    def board_tables(self) -> dict[Table, NDArray[np.int32]]:
        """Returns DARK and CORRECTION with which the board's own sums agree over channels.

        Darks are whole codes and corrections steps of 2^-15, so sums corrected here are better; column pairs,
        subtracted on the board, need the tables.
        """
        adc = self["adc"]
        ranges, columns = adc["gain"].values.shape
        every = np.arange(columns)
        tables = {one: np.zeros((ranges, MAX_LINES), np.int32) for one in (Table.DARK, Table.CORRECTION)}
        for one in range(ranges):
            # A median channel keeps its gain, so that codes stay within the converter's own scale.
            gain = adc["gain"].values[one]
            tables[Table.DARK][one, :columns] = np.rint(self._offset(one, every)[0])
            tables[Table.CORRECTION][one, :columns] = np.rint((np.median(gain) / gain - 1) * (1 << 15))
        return {one: entries.ravel() for one, entries in tables.items()}

    def apply_to_board(
        self, board: Board, *, macro: int = 0, accept_mismatch: bool = False
    ) -> tuple[str, ...]:
        """Loads the board's tables of a macro; returns what did not match and was accepted."""
        told = self.require(board, macro=macro, accept_mismatch=accept_mismatch)
        for table, entries in self.board_tables().items():
            board.write_table(table, entries, macro=macro)
        return told

    def _granularity(self, range_index: int, columns: Lines) -> Floats:
        return np.asarray(self["adc"]["granularity"].values[range_index, columns])

    def _variances(self, values: Floats, reading: Reading) -> tuple[Floats, Floats]:
        """Returns the variances of products that repeats remove and do not, codes squared `[n, columns]`."""
        row_siemens, noise_siemens = conductance_of_a_row(
            self.artefacts.get("noise"), self["adc"], values, reading
        )
        place = reading.range, reading.columns
        noise, granularity = self.conversion_noise(*place)
        return conversion_variances(
            reading,
            row_siemens=row_siemens,
            noise_siemens=noise_siemens,
            gain=self["adc"]["gain"].values[place],
            noise_codes=noise,
            granularity_codes=granularity,
        )

# SPDX-License-Identifier: BSD-3-Clause
"""An open board: what it is, what it permits, its macros, and its safe state."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from numpy.typing import ArrayLike

from ohmloop._map import Field, Opcode, Register, Table
from ohmloop.board.arming import Permission, permission
from ohmloop.board.contact import Contacts
from ohmloop.board.core import LOAD_CELLS, Core
from ohmloop.board.limits import Limits
from ohmloop.board.macro import Macro
from ohmloop.board.recognition import require_recognised
from ohmloop.board.recording import Records
from ohmloop.board.service import Serviced
from ohmloop.board.window import Unpicklable, Window
from ohmloop.errors import LimitError, NotArmed, OhmloopError
from ohmloop.link.messages import Identity, largest_reply_words
from ohmloop.link.stats import LinkStats
from ohmloop.profile import Profile

_log = logging.getLogger(__name__)

CONTROL_CLEAR_SAFE = 1 << Field.CONTROL_CLEAR_SAFE


@dataclass(frozen=True, slots=True)
class BoardState:
    """The STATE register, read live.

    Attributes:
        is_armed: a permission is in force.
        is_safe_latched: latched safe until `clear_safe`.
        is_busy: an operation runs.
        is_locked: the limits are locked.
        watchdog_tripped: the watchdog caused the latch.
        is_driving: the pulse output is on now.
    """

    is_armed: bool
    is_safe_latched: bool
    is_busy: bool
    is_locked: bool
    watchdog_tripped: bool
    is_driving: bool

    @classmethod
    def of(cls, word: int) -> BoardState:
        """Returns the state that a STATE word holds."""
        fields = (
            Field.STATE_ARMED,
            Field.STATE_SAFE_LATCHED,
            Field.STATE_BUSY,
            Field.STATE_LOCKED,
            Field.STATE_WATCHDOG_TRIPPED,
            Field.STATE_DRIVING,
        )
        return cls(*(bool(word >> field & 1) for field in fields))


def _leave_safe(core: Core) -> None:
    """Makes the board safe, closes wire and records; a board that is gone has its watchdog."""
    try:
        core.session.safe()
    except OhmloopError as error:
        _log.warning("%s: not confirmed safe at close: %s", core.url, error)
    finally:
        core.session.close()
        core.records.close()


class Board(Serviced, Unpicklable):
    """One board, real or emulated, made by `ohmloop.open`; leave it with `with` or `close`.

    On every exit (the end of `with`, an exception, Ctrl-C, the end of the program) it is made safe.
    """

    def __init__(self, core: Core) -> None:
        self._core = core
        self._macros = tuple(Macro(self, core, index) for index in range(len(core.identity.macros)))
        self._finalizer = weakref.finalize(self, _leave_safe, core)

    # What it is

    @property
    def identity(self) -> Identity:
        """What the board said of itself when it was opened, or when its firmware was replaced."""
        return self._core.identity

    @property
    def profile(self) -> Profile:
        """The chip's and board's profile."""
        return self._core.profile

    @property
    def chip(self) -> str:
        """Name of the sample."""
        return self._core.chip

    @property
    def url(self) -> str:
        """The URL it was opened with."""
        return self._core.url

    @property
    def origin(self) -> str:
        """Whose data its results are: "chip" or "emulated", or "replay of" either."""
        return self._core.origin

    @property
    def is_emulated(self) -> bool:
        """Its macros are no chips."""
        return self._core.emulated

    @property
    def is_read_only(self) -> bool:
        """It only reads: no pulse, no firmware, no telemetry; `load_g_codes` writes its emulated cells."""
        return self._core.read_only

    @property
    def macros(self) -> tuple[Macro, ...]:
        """Its arrays."""
        return self._macros

    @property
    def macro(self) -> Macro:
        """Its only array.

        Raises:
            LimitError: there are several.
        """
        if len(self._macros) != 1:
            raise LimitError(
                f"the board has {len(self._macros)} macros; use board.macros[i]",
                value=len(self._macros),
                limit=1,
                where="macro",
            )
        return self._macros[0]

    @property
    def records(self) -> Records:
        """Where its pulses and jobs are recorded: the lab's registry, for a chip with a name."""
        return self._core.records

    @property
    def contacts(self) -> Contacts:
        """What contact checks found of its lines: FORM on a chip with a name needs good ones."""
        return self._core.contacts

    @property
    def limits(self) -> Limits:
        """What it permits, as it holds it."""
        return self._core.limits

    @property
    def stats(self) -> LinkStats:
        """What the link has carried: frames, bytes, retries, CRC errors, time of each stage."""
        return self._core.session.stats

    @property
    def state(self) -> BoardState:
        """The STATE register, read now."""
        return BoardState.of(self.read_registers(Register.STATE)[0])

    # Safe state

    def safe(self) -> None:
        """Makes the board safe at once: output off, permission withdrawn, operations stopped; latched.

        For any thread and any signal handler. `clear_safe` releases the latch.
        """
        self._core.session.safe()

    def clear_safe(self) -> None:
        """Releases the safe latch; permissions are not given back."""
        self.write_registers(Register.CONTROL, CONTROL_CLEAR_SAFE)

    @contextmanager
    def armed(
        self,
        window: Window,
        *,
        ops: str | Iterable[str],
        max_pulses: int,
        max_voltage_v: float,
        expires_s: float,
    ) -> Iterator[Permission]:
        """Permits pulses inside `with`; nothing else does.

        Args:
            window: cells that may be pulsed.
            ops: "form", "reset" or several.
            max_pulses: cell pulses: cells times pulses.
            max_voltage_v: highest pulse voltage, volts.
            expires_s: seconds, by the board's clock.

        Raises:
            ReadOnlyBoard: the board only reads.
            LimitError, ShapeError: outside the chip's limits; not armed.
            NotArmed: a permission is already in force.
            SafeLatched: the board is latched safe.
            WrongChip: a physical chip's cells are not those of its last map; not armed.
        """
        core = self._core
        core.require_more_than_reading("armed", LOAD_CELLS)
        if core.permission is not None:
            raise NotArmed(
                f"already armed for {core.permission.window}; leave that `with` first",
                value=repr(window),
                limit=repr(core.permission.window),
                where="armed",
            )
        self._own(window)
        asked = permission(
            window,
            core.limits,
            ops=ops,
            max_pulses=max_pulses,
            max_voltage_v=max_voltage_v,
            expires_s=expires_s,
        )
        require_recognised(core, window.macro)
        request = asked.request(core.limits)
        core.call(Opcode.ARM, request.encode(), largest_reply_words(request), "arm")
        core.permission = asked
        try:
            yield asked
        except Exception:
            self._disarm(quiet=True)
            raise
        except BaseException:
            # Ctrl-C or the end of the program: what runs must stop, not only what comes.
            core.permission = None
            try:
                self.safe()
            except OhmloopError as error:
                _log.warning("%s: not confirmed safe: %s", self.url, error)
            raise
        self._disarm(quiet=False)

    def _own(self, window: object) -> None:
        if isinstance(window, Window) and window.macro not in self._macros:
            raise LimitError(f"{window!r} lies on another board", value=repr(window), where="window")

    def _disarm(self, *, quiet: bool) -> None:
        """Withdraws the permission; `quiet` where an exception is already on its way."""
        self._core.permission = None
        try:
            self._core.call(Opcode.DISARM, b"", largest_reply_words(0), "disarm")
        except OhmloopError as error:
            if not quiet:
                raise
            _log.warning("%s: not disarmed: %s", self.url, error)

    # Registers and tables

    def read_registers(self, first: Register, count: int = 1) -> tuple[int, ...]:
        """Returns consecutive registers, unsigned words."""
        return self._core.read_registers(first, count)

    def write_registers(self, first: Register, *values: int) -> None:
        """Writes consecutive registers, unsigned words; the board refuses what may not be written."""
        self._core.write_registers(first, *values)

    def write_table(self, table: Table, values: ArrayLike, *, first: int = 0, macro: int = 0) -> None:
        """Writes consecutive entries of a macro's table: integers that fit 18 bits."""
        self._core.write_table(macro, table, values, first)

    # Leaving

    def close(self) -> None:
        """Makes the board safe and closes it; a second call does nothing."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        mark = f"{'EMULATED ' if self.is_emulated else ''}{'READ-ONLY ' if self.is_read_only else ''}"
        sizes = ", ".join(f"{macro.rows} x {macro.columns}" for macro in self._macros)
        return f"{mark}Board({self.url!r}, chip {self.chip!r}, {self.profile.name}, {sizes})"

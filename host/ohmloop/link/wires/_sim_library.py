# SPDX-License-Identifier: BSD-3-Clause
"""The built simulated board as an object: frames or bytes in and out, a budget of cycles for every run."""

import ctypes
import enum
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop.errors import BuildError

_POINTER = ctypes.c_void_p
_SIGNATURES: Final = {
    "ohmloop_create": (_POINTER, [_POINTER, ctypes.c_uint32, ctypes.c_uint64]),
    "ohmloop_free": (None, [_POINTER]),
    "ohmloop_write": (None, [_POINTER, ctypes.c_char_p, ctypes.c_size_t]),
    "ohmloop_run": (ctypes.c_uint64, [_POINTER, ctypes.c_uint64]),
    "ohmloop_ready": (ctypes.c_size_t, [_POINTER]),
    "ohmloop_read": (ctypes.c_size_t, [_POINTER, _POINTER, ctypes.c_size_t]),
    "ohmloop_cycles": (ctypes.c_uint64, [_POINTER]),
    "ohmloop_break": (None, [_POINTER, ctypes.c_uint64]),
    "ohmloop_stop_pin": (None, [_POINTER, ctypes.c_int]),
    "ohmloop_analog": (None, [_POINTER, _POINTER, _POINTER, _POINTER]),
    "ohmloop_faults": (None, [_POINTER, ctypes.c_uint, ctypes.c_uint]),
    "ohmloop_all_clocks": (None, [_POINTER]),
    "ohmloop_probe": (ctypes.c_uint64, [_POINTER, ctypes.c_uint]),
}


class Probe(enum.IntEnum):
    """What a test may see of the board besides its wire; in the order of fpga/sim/harness.cpp."""

    DRIVE_ACTIVE = 0
    READ_ACTIVE = 1
    SAFE_LATCHED = 2
    ARMED = 3
    BUSY = 4
    DRIVE_CHANGED = 5
    READ_CHANGED = 6
    INPUT_TAKEN = 7
    DRIVE_RISES = 8
    INPUT_WAITS = 9
    PINS_OUT = 10
    PINS_SAFE = 11
    RULES_BROKEN = 12
    RAILS = 13
    LINES_OFF = 14
    CONVERSIONS = 15
    FIRST_BEGAN = 16
    LAST_BEGAN = 17


class SimLibrary:
    """One simulated board in this process. Not safe for two threads at once; `SimWire` sees to that."""

    def __init__(self, path: Path, g_codes: NDArray[np.uint16], *, boot_id: int, uid: int) -> None:
        """Powers the board up over the cells `g_codes` [rows, columns], which it writes through.

        Raises:
            BuildError: the library cannot be loaded.
        """
        if g_codes.dtype != np.uint16 or not g_codes.flags.c_contiguous or not g_codes.flags.writeable:
            raise TypeError("the cells must be writable, contiguous uint16")
        self._calls = _load(path)
        self._g_codes = g_codes  # the model writes into it: it must outlive the handle
        self._handle: int | None = self._calls.ohmloop_create(g_codes.ctypes.data, boot_id, uid)

    @property
    def cycles(self) -> int:
        """Clock cycles since power-up."""
        return int(self._calls.ohmloop_cycles(self._live))

    def write(self, data: bytes) -> None:
        """Queues one packet (words front) or bytes; the board takes them as it runs."""
        self._calls.ohmloop_write(self._live, data, len(data))

    def run(self, budget: int) -> int:
        """Runs at most `budget` cycles, less when a whole frame is out; returns the cycles used."""
        return int(self._calls.ohmloop_run(self._live, budget))

    def read(self) -> bytes:
        """Returns one packet, or all bytes that are out; b"" when there are none."""
        size = int(self._calls.ohmloop_ready(self._live))
        if size == 0:
            return b""
        buffer = ctypes.create_string_buffer(size)
        self._calls.ohmloop_read(self._live, buffer, size)
        return buffer.raw

    def probe(self, which: Probe) -> int:
        """Returns what `which` names; for tests and for the server's pacing."""
        return int(self._calls.ohmloop_probe(self._live, int(which)))

    def send_break(self, cycles: int) -> None:
        """Holds the serial line low for `cycles` (uart front)."""
        self._calls.ohmloop_break(self._live, cycles)

    def set_stop(self, level: bool) -> None:
        """Drives the board's stop input."""
        self._calls.ohmloop_stop_pin(self._live, int(level))

    def set_analog(
        self, numbers: NDArray[np.float64], breakdown_v: NDArray[np.float64], formed: NDArray[np.float64]
    ) -> None:
        """Gives a board at pin level its analog half (`_sim_analog`)."""
        pointers = (array.ctypes.data for array in (numbers, breakdown_v, formed))
        self._calls.ohmloop_analog(self._live, *pointers)

    def set_faults(self, *, unpowered: int = 0, cut: int = 0) -> None:
        """Takes DACs their supply (a bit each), cuts wires of the last one: bit 0 SDO, 1 SDI, 2 SCLK."""
        self._calls.ohmloop_faults(self._live, unpowered, cut)

    def run_all_clocks(self) -> None:
        """From now on no clock rests: the board does the same, slower; for the test that says so."""
        self._calls.ohmloop_all_clocks(self._live)

    def free(self) -> None:
        """Ends the board; a second call does nothing."""
        if self._handle is not None:
            self._calls.ohmloop_free(self._handle)
            self._handle = None

    @property
    def _live(self) -> int:
        if self._handle is None:
            raise RuntimeError("the simulated board has been freed")
        return self._handle


def _load(path: Path) -> Any:
    """Loads the library and declares its calls."""
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise BuildError(
            f"the built simulated board does not load ({error}); delete {path.parent}", where=str(path)
        ) from error
    for name, (result, arguments) in _SIGNATURES.items():
        call = getattr(library, name)
        call.restype = result
        call.argtypes = arguments
    return library

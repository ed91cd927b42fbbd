# SPDX-License-Identifier: BSD-3-Clause
"""`sim://`: the project's own Verilog, simulated in this process, as a wire."""

import os
import threading
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from ohmloop._map import BAUD, CLK_HZ
from ohmloop.errors import BoardLost, BuildError, UrlError
from ohmloop.link.wires._sim_analog import MUX_OHM, AnalogHalf, analog_half
from ohmloop.link.wires._sim_build import FRONTS, SimParameters, build, cache_folder
from ohmloop.link.wires._sim_library import Probe, SimLibrary
from ohmloop.link.wires.base import WireContext, WireUrl, geometry_of

if TYPE_CHECKING:
    from ohmloop.profile.state_file import StateFile

OPTIONS: Final = ("rows", "columns", "lanes", "adc_lanes", "payload", "front", "baud", "boot", "read_only")
AFE_OPTIONS: Final = ("adcs", "dacs", "mux_ohm", "line_mohm")  # of a board at pin level
AFE_ROWS, AFE_COLUMNS = (
    64,
    56,
)  # of such a board, unless the URL says otherwise: a graph network's two windows fit
AFE_MOST_LINES: Final = 128  # its nodal solution is dense
BOARD_UID: Final = 0x4F484D53494D0001  # "OHMSIM", board 1
WALL_LIMIT_S: Final = 900.0  # one read; board time is what bounds it, this only ends a hung model
_SLICE_WALL_S: Final = 0.05  # signals and other threads wait no longer than this
_FIRST_SLICE: Final = 20_000  # cycles
_SMALLEST_SLICE: Final = 1_000
_BITS_PER_BYTE: Final = 10  # start, eight data, stop


class SimWire:
    """The simulated board as a wire: it runs while someone reads, and stands still between the reads.

    `now_s()` is board cycles over CLK_HZ. Any thread may write while another reads.
    """

    def __init__(
        self,
        url: str,
        parameters: SimParameters,
        context: WireContext,
        *,
        boot_id: int,
        analog: AnalogHalf | None = None,
    ) -> None:
        self.url = url
        self.packet = parameters.front in ("words", "afe")
        self.origin = "emulated"
        self.rate = _rate(parameters)
        library = _built(parameters)
        self._lock = threading.RLock()
        self._outbox: deque[bytes] = deque()
        self._state, cells = _open_cells(parameters, context)
        self._board = SimLibrary(library, cells, boot_id=boot_id, uid=BOARD_UID)
        if analog is not None:
            self._board.set_analog(analog.numbers, analog.breakdown_v, analog.formed)
        self._slice = _FIRST_SLICE
        self._closed = False

    def write(self, data: bytes) -> None:
        """Queues `data` for the board; it is taken as the board runs."""
        self._require_open()
        self._outbox.append(data)  # no lock: a signal handler or another thread may be the one that writes

    def read(self, timeout_s: float) -> bytes:
        """Lets the board run until a frame is out, or `timeout_s` of board time is over (b"")."""
        left = max(0, round(timeout_s * CLK_HZ))
        wall_end = time.monotonic() + WALL_LIMIT_S
        while time.monotonic() < wall_end:
            with self._lock:
                self._require_open()
                left, ended = self._run_slice(left)
                if ended:
                    return self._board.read()
        raise BoardLost(
            f"{self.url}: the simulation did not get through {timeout_s} s of board time",
            value=WALL_LIMIT_S,
            unit="s",
            where=self.url,
        )

    def now_s(self) -> float:
        """Returns board time in seconds."""
        with self._lock:
            self._require_open()
            return self._board.cycles / CLK_HZ

    def close(self) -> None:
        """Switches the board off; what its cells hold stays in the state file."""
        if self._closed:
            return
        self._closed = True  # before the lock: a read in another thread ends after its slice
        with self._lock:
            self._board.free()
            if self._state is not None:
                self._state.close()

    @property
    def needs_time(self) -> bool:
        """True while something waits for time to pass: a token, an operation, bytes on the line."""
        with self._lock:
            self._require_open()
            waiting = (Probe.ARMED, Probe.BUSY, Probe.INPUT_WAITS)
            return bool(self._outbox) or any(self._board.probe(which) for which in waiting)

    @property
    def board(self) -> SimLibrary:
        """The board behind the wire: stop input, serial BREAK and probes, for tests and benchmarks."""
        return self._board

    def _run_slice(self, left: int) -> tuple[int, bool]:
        """Runs up to a slice of wall time, and learns how many cycles that is.

        Returns the cycles left, and whether the read ends: a frame is out, or nothing is left. So a read
        ends in the same cycle however fast this machine is.
        """
        while self._outbox:
            self._board.write(self._outbox.popleft())
        asked = min(left, self._slice)
        start = time.perf_counter()
        used = self._board.run(asked)
        if used >= _SMALLEST_SLICE:
            speed = used / max(time.perf_counter() - start, 1e-6)
            self._slice = max(_SMALLEST_SLICE, int(speed * _SLICE_WALL_S))
        return left - used, used < asked or left == used

    def _require_open(self) -> None:
        if self._closed:
            raise BoardLost(f"{self.url} is closed", value="closed", limit="open", where=self.url)


def open_wire(url: WireUrl, context: WireContext) -> SimWire:
    """Opens a simulated board, building it first where the cache lacks it.

    Raises:
        UrlError: an option is unknown or out of range.
        BuildError: the board cannot be built.
    """
    is_afe = url.options.get("front") == "afe"
    url.require_known(*OPTIONS, *AFE_OPTIONS * is_afe)
    if url.address:
        raise UrlError(f"{url.text}: sim:// has no address", value=url.address, where=url.text)
    boot_id = url.integer("boot", int.from_bytes(os.urandom(4)), highest=2**32 - 1)
    parameters = parameters_of(url, context)
    analog = _analog(url, parameters, context) if is_afe else None
    return SimWire(url.text, parameters, context, boot_id=boot_id, analog=analog)


def _analog(url: WireUrl, parameters: SimParameters, context: WireContext) -> AnalogHalf:
    from ohmloop.profile.state_file import THROW_AWAY, chip_seed

    mux = url.integer("mux_ohm", round(MUX_OHM), highest=10_000)
    line = url.integer("line_mohm", 0, highest=1_000_000) / 1e3 if "line_mohm" in url.options else None
    seed = chip_seed(THROW_AWAY if context.chip is None else context.chip)
    shape = (parameters.rows, parameters.columns)
    return analog_half(context.profile, seed, shape, mux_ohm=mux, line_ohm=line)


def parameters_of(url: WireUrl, context: WireContext | None = None) -> SimParameters:
    """Returns what the board of `url` is built for; raises UrlError where that cannot be.

    Rows, columns and lanes that the URL does not name are those of the profile's chip; at pin level, and
    where the board only reads, those of a small board.
    """
    front = url.options.get("front", FRONTS[0])
    is_afe = front == "afe"
    most = AFE_MOST_LINES if is_afe else 512
    small = AFE_ROWS, AFE_COLUMNS, AFE_COLUMNS
    known = geometry_of(context or WireContext(), read_only=url.read_only)
    rows, columns, lanes = small if is_afe else known
    lanes = url.integer("lanes", lanes, lowest=8, highest=64)
    possible = url.possible_adc_lanes
    adc_lanes = url.integer("adc_lanes", possible[-1], lowest=1, highest=4)
    columns = url.integer("columns", columns, lowest=8, highest=most)
    adcs = url.integer("adcs", 8, lowest=1, highest=16)
    payload = url.integer("payload", 65536, lowest=1024, highest=65536)
    _require(url, "lanes", lanes % 8 == 0, "a multiple of 8", lanes)
    _require(url, "columns", columns % lanes == 0, f"a multiple of the {lanes} lanes", columns)
    _require(url, "adc_lanes", adc_lanes in possible, f"one of {possible}", adc_lanes)
    _require(url, "payload", payload & (payload - 1) == 0, "a power of two", payload)
    _require(url, "front", front in FRONTS, " or ".join(FRONTS), front)
    fits = columns % adcs == 0 and adcs % adc_lanes == 0
    wanted = f"a multiple of the {adc_lanes} adc_lanes that divides the {columns} columns"
    _require(url, "adcs", fits or not is_afe, wanted, adcs)
    _require(url, "read_only", not (url.read_only and is_afe), "0 with front=afe", 1)
    return SimParameters(
        rows=url.integer("rows", rows, lowest=2, highest=most),
        columns=columns,
        lanes=lanes,
        adc_lanes=adc_lanes,
        payload_bytes=payload,
        front=front,
        baud=url.integer("baud", BAUD, lowest=9600, highest=12_000_000),
        adcs=adcs,
        dacs=url.integer("dacs", 2, lowest=1, highest=8),
        read_only=url.read_only,
    )


def _built(parameters: SimParameters) -> Path:
    """Returns the board's library; raises BuildError, for a cache that cannot be used too."""
    try:
        return build(parameters)
    except OSError as error:
        raise BuildError(
            f"the simulated board cannot be kept: {error}; OHMLOOP_CACHE names another folder",
            value=str(error),
            limit="a folder that can be written",
            where=str(cache_folder()),
        ) from error


def _require(url: WireUrl, name: str, holds: bool, wanted: str, value: object) -> None:
    if not holds:
        raise UrlError(
            f"{url.text}: {name}={value}, {wanted} expected",
            value=value,
            limit=wanted,
            where=f"option {name}",
        )


def _rate(parameters: SimParameters) -> float:
    """Returns bytes a second of board time, each way."""
    by_front = {
        "words": 4.0 * CLK_HZ,
        "afe": 4.0 * CLK_HZ,
        "bytes": float(CLK_HZ),
        "uart": parameters.baud / _BITS_PER_BYTE,
    }
    return by_front[parameters.front]


def _open_cells(
    parameters: SimParameters, context: WireContext
) -> tuple["StateFile | None", NDArray[np.uint16]]:
    """Opens the chip's cells [rows, columns]; without a profile they are an FPGA's: zeros, not kept."""
    if context.profile is None:
        return None, np.zeros((parameters.rows, parameters.columns), np.uint16)
    from ohmloop.profile.state_file import StateFile

    state = StateFile.open(context.chip, context.profile, (1, parameters.rows, parameters.columns))
    return state, state.g_codes[0]

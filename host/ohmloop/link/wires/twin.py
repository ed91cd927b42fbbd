# SPDX-License-Identifier: BSD-3-Clause
"""`twin://`: the emulated board's bit-exact model in this process, as a wire."""

import os
import threading
import zlib
from collections import deque
from typing import Final

from ohmloop._map import CLK_HZ, MAP_HASH, MAX_INPUT_BITS, MAX_LINES, RANGES
from ohmloop.emulator import EmulatedBoard
from ohmloop.errors import BoardLost, UrlError
from ohmloop.link.frames import FRAME_OVERHEAD_BYTES, MAX_PAYLOAD_BYTES
from ohmloop.link.messages import Identity, MacroGeometry
from ohmloop.link.wires.base import WireContext, WireUrl, geometry_of
from ohmloop.profile import StateFile, load_profile

OPTIONS: Final = ("rows", "columns", "lanes", "adc_lanes", "macros", "payload", "boot", "clk_hz", "read_only")
BOARD_UID: Final = 0x4F484D5457494E01  # "OHMTWIN", board 1
_FRAMES_OF_CREDIT: Final = 16


class TwinWire:
    """The twin as a packet wire: requests run as they are written, replies wait to be read.

    `now_s()` is modelled cycles over the board's clock; a read that finds nothing lets its time pass at once.
    """

    packet = True
    origin = "emulated"

    def __init__(self, url: str, identity: Identity, state: StateFile) -> None:
        self.url = url
        self._state = state
        self._clk_hz = identity.clk_hz
        self._board = EmulatedBoard(identity, state.g_codes)
        self._lock = threading.RLock()
        self._inbox: deque[bytes] = deque()
        self._receiving = False
        self._closed = False

    def write(self, data: bytes) -> None:
        """Hands one frame to the board, which executes it; from within an execution: after it."""
        self._inbox.append(data)
        with self._lock:
            self._require_open()
            if self._receiving:
                return
            self._receiving = True
            try:
                while self._inbox:
                    self._board.receive(self._inbox.popleft())
            finally:
                self._receiving = False

    def read(self, timeout_s: float) -> bytes:
        """Returns the next frame; with none there, lets `timeout_s` of board time pass and looks again."""
        with self._lock:
            self._require_open()
            packet = self._board.send()
            if not packet:
                self._board.idle(max(0, round(timeout_s * self._clk_hz)))
                packet = self._board.send()
            return packet

    def now_s(self) -> float:
        """Returns modelled board time in seconds."""
        return self._board.condition.cycles / self._clk_hz

    def close(self) -> None:
        """Switches the board off; what its cells hold stays in the state file."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._state.close()

    def _require_open(self) -> None:
        if self._closed:
            raise BoardLost(f"{self.url} is closed", value="closed", limit="open", where=self.url)


def _geometry(url: WireUrl, context: WireContext) -> MacroGeometry:
    chip_rows, chip_columns, most_lanes = geometry_of(context, read_only=url.read_only)
    columns = url.integer("columns", chip_columns, lowest=1, highest=MAX_LINES)
    lanes = url.integer("lanes", most_lanes, lowest=8, highest=64)
    possible = url.possible_adc_lanes
    adc_lanes = url.integer("adc_lanes", possible[-1], lowest=1, highest=4)
    if lanes % 8 or columns % lanes or adc_lanes not in possible:
        raise UrlError(
            f"{url.text}: columns={columns} lanes={lanes} adc_lanes={adc_lanes}; lanes are a multiple of 8"
            f" that divides columns, adc_lanes one of {possible}",
            value=(columns, lanes, adc_lanes),
            where=url.text,
        )
    rows = url.integer("rows", chip_rows, lowest=1, highest=MAX_LINES)
    return MacroGeometry(rows, columns, lanes, adc_lanes, RANGES, MAX_INPUT_BITS)


def open_wire(url: WireUrl, context: WireContext) -> TwinWire:
    """Opens the twin: options rows, columns, lanes, adc_lanes, macros, payload (bytes), boot, clk_hz (hertz).

    Without them it has the geometry of the profile's chip and the macros of its board, at CLK_HZ. With
    `read_only=1` it is a board that only reads (docs/protocol.md).

    Raises:
        UrlError: an option is unknown or out of its bounds.
        BoardBusy: the chip is open elsewhere.
        ProfileError: the chip is of another profile or geometry.
    """
    url.require_known(*OPTIONS)
    if url.address:
        raise UrlError(f"{url.text}: twin:// has no address", value=url.address, where=url.text)
    macro = _geometry(url, context)
    macros = url.integer("macros", context.profile.macros if context.profile else 1, lowest=1, highest=16)
    payload = url.integer("payload", MAX_PAYLOAD_BYTES, lowest=256, highest=MAX_PAYLOAD_BYTES) & ~3
    boot = url.integer("boot", int.from_bytes(os.urandom(4), "little"), highest=2**32 - 1)
    credit = _FRAMES_OF_CREDIT * (payload + FRAME_OVERHEAD_BYTES)
    identity = Identity(
        nonce=0,
        macros=(macro,) * macros,
        emulated=True,
        reference_input=True,
        simulated=True,
        read_only=url.read_only,
        build_hash=zlib.crc32(b"ohmloop twin %08x%s" % (MAP_HASH, url.read_only * b", read-only")),
        clk_hz=url.integer("clk_hz", CLK_HZ, lowest=1, highest=CLK_HZ),
        max_payload=payload,
        request_bytes=credit,
        reply_bytes=credit,
        uid=BOARD_UID,
        boot_id=boot,
    )
    profile = load_profile() if context.profile is None else context.profile
    state = StateFile.open(context.chip, profile, (macros, macro.rows, macro.columns))
    return TwinWire(url.text, identity, state)

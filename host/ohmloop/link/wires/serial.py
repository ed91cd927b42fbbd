# SPDX-License-Identifier: BSD-3-Clause
"""`serial:///dev/ttyUSB0?baud=3000000`: a serial port, in any form that pyserial knows."""

import errno
import os
import time
from contextlib import suppress
from typing import Final

import serial
from serial.tools.list_ports import comports

from ohmloop._map import BAUD
from ohmloop.errors import BoardBusy, BoardLost, OhmloopError, UrlError
from ohmloop.link.wires.base import Wire, WireContext, WireUrl
from ohmloop.link.wires.duplex import WRITE_LIMIT_S, DuplexWire

LOWEST_BAUD: Final = 9600
HIGHEST_BAUD: Final = 12_000_000
_BITS_PER_BYTE: Final = 10  # start, eight data, stop
_BUSY: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY)


class PortWire:
    """A port without a descriptor to wait on: pyserial's own URLs, and other systems than POSIX."""

    packet = False
    origin = ""

    def __init__(self, url: str, port: serial.Serial, rate: float) -> None:
        self.url = url
        self.rate = rate
        self._port = port

    def write(self, data: bytes) -> None:
        """Sends all of `data`; raises BoardLost."""
        try:
            self._port.write(data)
        except OSError as error:
            raise self._lost(error) from error

    def read(self, timeout_s: float) -> bytes:
        """Returns what has come, waiting up to `timeout_s` for a first byte; raises BoardLost."""
        try:
            if self._port.timeout != timeout_s:
                self._port.timeout = timeout_s
            first: bytes = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except (OSError, TypeError) as error:  # TypeError: pyserial, when another thread closes the port
            raise self._lost(error) from error

    def now_s(self) -> float:
        """Returns monotonic time in seconds."""
        return time.monotonic()

    def close(self) -> None:
        """Closes the port."""
        self._port.close()

    def _lost(self, error: Exception) -> BoardLost:
        return BoardLost(f"{self.url}: the board is gone: {error}", value=str(error), where=self.url)


def open_wire(url: WireUrl, context: WireContext) -> Wire:
    """Opens a serial port for this process alone.

    Options of the URL other than `baud` go to pyserial with an address that is itself a URL
    (`serial://spy:///dev/ttyUSB0?file=log.txt&baud=3000000`).

    Raises:
        UrlError: no address, an unknown option, or a baud rate out of range.
        BoardBusy: another process has the port open.
        BoardLost: there is no such port, or it may not be opened.
    """
    if not url.address:
        raise UrlError(f"{url.text}: no port; one looks like serial:///dev/ttyUSB0", where=url.text)
    baud = url.integer("baud", BAUD, lowest=LOWEST_BAUD, highest=HIGHEST_BAUD)
    others = "&".join(f"{name}={value}" for name, value in url.options.items() if name != "baud")
    if "://" not in url.address:
        url.require_known("baud")
    address = f"{url.address}?{others}" if others else url.address
    try:
        port = serial.serial_for_url(
            address, baudrate=baud, timeout=0, write_timeout=WRITE_LIMIT_S, exclusive=True
        )
    except ValueError as error:
        raise UrlError(f"{url.text}: {error}", value=address, where=url.text) from error
    except OSError as error:
        raise _refusal(url, error) from error
    return _wire_of(url.text, port, baud / _BITS_PER_BYTE)


def _wire_of(url: str, port: serial.Serial, rate: float) -> Wire:
    if type(port) is not serial.Serial or os.name != "posix":
        return PortWire(url, port, rate)
    with suppress(ValueError, OSError, NotImplementedError, AttributeError):
        port.set_low_latency_mode(True)  # an FTDI's 16 ms latency timer; a pseudo-terminal has none
    descriptor = port.fileno()
    return DuplexWire(
        url,
        descriptor=descriptor,
        receive=lambda size: os.read(descriptor, size),
        send=lambda data: os.write(descriptor, data),
        close=port.close,
        rate=rate,
    )


def _refusal(url: WireUrl, error: OSError) -> OhmloopError:
    if error.errno in _BUSY:
        return BoardBusy(
            f"{url.text}: the port is open in another process", value=url.address, where=url.text
        )
    return BoardLost(f"{url.text}: {_reason(error)}", value=url.address, where=url.text)


def _reason(error: OSError) -> str:
    """Returns why a port does not open, without what pyserial puts around it."""
    if error.errno is None:
        cause = error.__context__
        not_a_port = cause is not None and cause.args[:1] == (errno.ENOTTY,)
        return "this is no serial port" if not_a_port else str(error)
    text = os.strerror(error.errno)
    if error.errno == errno.EACCES:
        return f"{text}; is this user in the port's group?"
    if error.errno == errno.ENOENT:
        return f"{text}; ports here: {', '.join(sorted(port.device for port in comports())) or 'none'}"
    return text

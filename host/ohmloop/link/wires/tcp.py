# SPDX-License-Identifier: BSD-3-Clause
"""`tcp://127.0.0.1:5000`: a board behind a socket, such as `ohmloop serve` gives."""

import socket
from typing import Final

from ohmloop.errors import BoardBusy, BoardLost, UrlError
from ohmloop.link.wires.base import WireContext, WireUrl
from ohmloop.link.wires.duplex import DuplexWire

CONNECT_LIMIT_S: Final = 5.0
BUSY_LINE: Final = b"\0ohmloop: busy\n\0"
"""All that a server says to a second client: bytes that are no frame, so that no board ever begins so."""


class TcpWire(DuplexWire):
    """A board's socket; it knows the server's word for "taken"."""

    def __init__(self, url: str, peer: socket.socket) -> None:
        super().__init__(
            url,
            descriptor=peer.fileno(),
            receive=peer.recv,
            send=peer.send,
            close=peer.close,
            rate=0.0,
        )
        self._begin = b""

    def _receive(self) -> bytes:
        data = super()._receive()
        if len(self._begin) < len(BUSY_LINE):
            self._begin += data[: len(BUSY_LINE) - len(self._begin)]
            if self._begin == BUSY_LINE:
                raise BoardBusy(
                    f"{self.url}: the board serves another client",
                    value="a second client",
                    limit="one client",
                    where=self.url,
                )
        return data


def open_wire(url: WireUrl, context: WireContext) -> TcpWire:
    """Connects to a board's socket.

    Raises:
        UrlError: the address is not HOST:PORT.
        BoardLost: nobody listens there.
    """
    url.require_known()
    host, mark, port = url.address.rpartition(":")
    if not mark or not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UrlError(
            f"{url.text}: tcp://HOST:PORT expected, PORT in 1..65535", value=url.address, where=url.text
        )
    try:
        peer = socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_LIMIT_S)
    except OSError as error:
        raise BoardLost(
            f"{url.text}: no board listens there: {error}",
            value=url.address,
            limit=CONNECT_LIMIT_S,
            unit="s",
            where=url.text,
        ) from error
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.setblocking(False)
    return TcpWire(url.text, peer)

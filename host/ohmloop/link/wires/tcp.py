# SPDX-License-Identifier: BSD-3-Clause
"""`tcp://127.0.0.1:5000`: a board behind a socket, such as `ohmloop serve` gives."""

import socket
from typing import Final

from ohmloop.errors import BoardLost, UrlError
from ohmloop.link.wires.base import WireContext, WireUrl
from ohmloop.link.wires.duplex import DuplexWire

CONNECT_LIMIT_S: Final = 5.0


def open_wire(url: WireUrl, context: WireContext) -> DuplexWire:
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
    return DuplexWire(
        url.text,
        descriptor=peer.fileno(),
        receive=peer.recv,
        send=peer.send,
        close=peer.close,
        rate=0.0,
    )

# SPDX-License-Identifier: BSD-3-Clause
"""A Peer behind a pseudo-terminal or a socket, in a thread of the test."""

import os
import pty
import select
import socket
import threading
import time
import tty
from contextlib import contextmanager, suppress

from peer import Peer, echo

from ohmloop.link.frames import StreamDecoder, stuff


def _serve(descriptor, peer, stop):
    decoder = StreamDecoder()
    while not stop.is_set():
        readable, _, _ = select.select([descriptor], [], [], 0.01)
        try:
            data = os.read(descriptor, 65536) if readable else b""
        except OSError:
            return
        now_s = time.monotonic()
        frames = [f for packet in decoder.feed(data) for f in peer.receive(packet, now_s)]
        for frame in frames + peer.step(now_s):
            rest = stuff(frame.encode())
            while rest:
                rest = rest[os.write(descriptor, rest) :]


@contextmanager
def _thread(descriptor, peer):
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(descriptor, peer, stop), daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(timeout=5)


@contextmanager
def on_pty(peer=None):
    """Yields the URL of a pseudo-terminal with a board behind it, and a function that unplugs it."""
    board, port = pty.openpty()
    tty.setraw(port)
    url = f"serial://{os.ttyname(port)}"
    with _thread(board, peer or Peer(echo)) as stop:

        def unplug():
            stop.set()
            time.sleep(0.05)
            os.close(port)
            os.close(board)

        yield url, unplug
    for descriptor in (port, board):
        with suppress(OSError):  # unplugged
            os.close(descriptor)


@contextmanager
def on_tcp(peer=None):
    """Yields the URL of a loopback socket with a board behind it, and a function that hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.settimeout(0.05)
        accepted = []

        def accept():
            while not done.is_set() and not accepted:
                with suppress(TimeoutError):
                    accepted.append(server.accept()[0])
            if done.is_set():
                return
            client = accepted[0]
            client.setblocking(True)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with _thread(client.fileno(), peer or Peer(echo)):
                done.wait(60)

        done = threading.Event()
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()

        def hang_up():
            done.set()
            accepted[0].shutdown(socket.SHUT_RDWR)

        try:
            yield f"tcp://127.0.0.1:{port}", hang_up
        finally:
            done.set()
            thread.join(timeout=5)
            for client in accepted:
                client.close()

# SPDX-License-Identifier: BSD-3-Clause
"""ohmloop-boardd: a Zynq board's AXI DMA as a byte stream on a loopback TCP port; it only moves bytes.

One self-contained file for the board's own PYNQ 3.x image (Python 3.10, armv7l): standard library, numpy and
that pynq. `python3 boardd.py NAME.bit` as root; an SSH tunnel reaches it (docs/pynq.md). `DmaStream` is what
`pynq://` uses too, over pynq 4.0's remote device.
"""

import argparse
import contextlib
import hashlib
import json
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

BUSY_LINE = b"\0ohmloop: busy\n\0"  # all that a second client reads
DMA_NAME, BOARD_NAME = "ohmloop_dma", "ohmloop_board"  # instances of the block design
MAGIC, BUILD_HASH, PACKET_WORDS, LINK_RESET = 0x00, 0x0C, 0x1C, 0x40  # the window, docs/registers.md
MAGIC_WORD = 0x4C4D484F  # ASCII OHML
SEND_BYTES = (4096, 65536)  # of the buffers for commands
LIMIT_S = 2.0  # longest wait for the DMA: a full buffer takes 0.3 ms at a word a cycle of 60 MHz
POLL_S, IDLE_S = 0.0002, 0.1  # between two looks at the board, with a client and without
LONGEST = 1 << 19  # bytes of a block that has no end yet; then its client is cut off
# Registers of the DMA by their names in its product guide, PG021; S2MM's stand 0x30 above MM2S'.
MM2S, S2MM = 0x00, 0x30
CONTROL, STATUS, ADDRESS, ADDRESS_MSB, LENGTH = 0x00, 0x04, 0x18, 0x1C, 0x28
RUN, RESET = 0x1, 0x4  # CONTROL
HALTED, IDLE, ERRORS = 0x01, 0x02, 0x70  # STATUS
ERROR_NAMES = {
    0x10: "internal (a packet longer than its buffer, or no length)",
    0x20: "slave",
    0x40: "decode",
}


class BoardFault(OSError):
    """The DMA or the board behind it does not do what it must; nothing more can be sent."""


class WrongDesign(ValueError):
    """The bitstream is not the one that was named, or its design is no board of ours."""


def manifest(bitstream: str | Path) -> int:
    """Returns the build hash in NAME.json beside NAME.bit; raises WrongDesign when it is of another file."""
    path = Path(bitstream).with_suffix(".json")
    try:
        told = json.loads(path.read_text())
        build_hash, expected = int(told["build_hash"], 16), str(told["bitstream_sha256"])
        found = hashlib.sha256(Path(bitstream).read_bytes()).hexdigest()
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise WrongDesign(f"{path}: NAME.bit and its build's NAME.json are needed: {error}") from error
    if found != expected:
        raise WrongDesign(f"{bitstream}: SHA-256 begins {found[:16]}, its build says {expected[:16]}")
    return build_hash


def attach(overlay: Any, mmio: Any, allocate: Callable[[int], Any], build_hash: int) -> "DmaStream":
    """Returns the stream of a loaded overlay, closed, after a look at its design and at who answers.

    Args:
        overlay: pynq's, with `ip_dict`.
        mmio: makes a register window of (address, length).
        allocate: makes a buffer of so many bytes that the DMA reaches.
        build_hash: of the bitstream that should be loaded; raises WrongDesign for another.
    """
    parts = [overlay.ip_dict.get(name) for name in (DMA_NAME, BOARD_NAME)]
    if None in parts:
        raise WrongDesign(f"{DMA_NAME} and {BOARD_NAME} are needed; the design has {sorted(overlay.ip_dict)}")
    registers, window = (mmio(part["phys_addr"], part["addr_range"]) for part in parts)
    for register, name, wanted in ((MAGIC, "magic word", MAGIC_WORD), (BUILD_HASH, "build hash", build_hash)):
        seen = window.read(register)
        if seen != wanted:
            raise WrongDesign(f"{BOARD_NAME}: {name} {seen:#010x}, {wanted:#010x} expected")
    packet_bytes = 4 * window.read(PACKET_WORDS)
    settings = parts[0].get("parameters", {})
    gather, width = (int(settings.get(name, -1)) for name in ("c_include_sg", "c_sg_length_width"))
    if gather != 0 or width < 0 or 1 << width <= max(packet_bytes, SEND_BYTES[-1]):
        needed = f"0 and a width for {max(packet_bytes, SEND_BYTES[-1])} bytes are needed"
        raise WrongDesign(f"{DMA_NAME}: c_include_sg {gather}, c_sg_length_width {width}; {needed}")
    return DmaStream(registers, window, allocate, packet_bytes)


def split(packet: bytes) -> list[bytes]:
    """Returns the frames that stand one behind the other in `packet`; what is no whole frame comes last."""
    frames, place = [], 0
    while place < len(packet):
        size = 4 * int.from_bytes(packet[place + 6 : place + 8], "little") + 16  # payload; header and CRC
        frames.append(packet[place : place + size])
        place += size
    return frames


class DmaStream:
    """Frames through an AXI DMA in direct register mode; every wait ends (BoardFault).

    One thread at a time. Buffers are made once and used again: two of each size for commands, and two for
    replies, so that the next packet may come while the last is read.
    """

    def __init__(
        self, registers: Any, window: Any, allocate: Callable[[int], Any], packet_bytes: int
    ) -> None:
        self._registers, self._window = registers, window
        self._allocate, self._packet_bytes = allocate, packet_bytes
        self._sending: dict[int, list[tuple[Any, int]]] = {}
        self._receiving: list[tuple[Any, int]] = []
        self._high: dict[int, int] = {}
        self._open = self._sent = False

    def open(self) -> None:
        """Resets the DMA and the link (the board does what SAFE does), and waits for replies."""
        self._halt()
        self._window.write(LINK_RESET, 1)
        for channel in (MM2S, S2MM):
            self._registers.write(channel + CONTROL, RUN)
            self._wait(channel, HALTED, 0, "does not start")
        while len(self._receiving) < 2:
            self._receiving.append(self._buffer(self._packet_bytes))
        self._open, self._sent = True, False
        self._begin(S2MM, self._receiving[0][1], self._packet_bytes)

    def send(self, data: bytes) -> None:
        """Hands frames, one behind the other, to the board, in transfers of the largest buffer at most."""
        for start in range(0, len(data), SEND_BYTES[-1]):
            part = data[start : start + SEND_BYTES[-1]]
            size = next(size for size in SEND_BYTES if len(part) <= size)
            pair = self._sending.setdefault(size, [])
            if len(pair) < 2:
                pair.append(self._buffer(size))
            pair.reverse()  # the other one may still be on its way
            buffer, address = pair[0]
            buffer[: len(part)] = np.frombuffer(part, np.uint8)
            buffer.flush()
            if self._sent:
                self._wait(MM2S, IDLE, IDLE, "does not end a transfer of commands")
            self._sent = True
            self._begin(MM2S, address, len(part))

    def receive(self) -> list[bytes]:
        """Returns the frames of a packet that has come; an empty list when none has."""
        if not self._status(S2MM) & IDLE:
            return []
        size = self._registers.read(S2MM + LENGTH)
        self._receiving.reverse()
        self._begin(S2MM, self._receiving[0][1], self._packet_bytes)
        buffer = self._receiving[1][0]
        buffer.invalidate()
        return split(buffer[:size].tobytes())

    def close(self) -> None:
        """Stops the DMA, makes the board safe and gives the buffers back; a second call does nothing."""
        if self._open:
            self._open = False
            try:
                self._halt()
            finally:  # the board is made safe, whatever the DMA does
                self._window.write(LINK_RESET, 1)
        for buffer, _ in [*self._receiving, *(one for pair in self._sending.values() for one in pair)]:
            buffer.freebuffer()
        self._receiving, self._sending = [], {}

    def _begin(self, channel: int, address: int, size: int) -> None:
        self._registers.write(channel + ADDRESS, address & 0xFFFFFFFF)
        if self._high.get(channel, 0) != address >> 32:
            self._registers.write(channel + ADDRESS_MSB, address >> 32)
            self._high[channel] = address >> 32
        self._registers.write(channel + LENGTH, size)

    def _halt(self) -> None:
        self._registers.write(CONTROL, RESET)
        self._high = {}
        end_s = time.monotonic() + LIMIT_S
        while self._registers.read(CONTROL) & RESET:
            if time.monotonic() > end_s:
                raise BoardFault(f"the DMA does not end its reset in {LIMIT_S} s")

    def _status(self, channel: int) -> int:
        status = int(self._registers.read(channel + STATUS))
        if status & ERRORS:
            said = ", ".join(name for bit, name in ERROR_NAMES.items() if status & bit)
            raise BoardFault(f"the DMA stopped with an error: {said} (status {status:#x})")
        if status & HALTED and self._open:
            raise BoardFault(f"the DMA was stopped by somebody else (status {status:#x})")
        return status

    def _wait(self, channel: int, mask: int, wanted: int, what: str) -> None:
        end_s = time.monotonic() + LIMIT_S
        while self._status(channel) & mask != wanted:
            if time.monotonic() > end_s:
                raise BoardFault(f"the DMA {what} in {LIMIT_S} s")

    def _buffer(self, size: int) -> tuple[Any, int]:
        buffer = self._allocate(size)
        return buffer, int(buffer.physical_address)


def stuffed(frame: bytes) -> bytes:
    """Returns a frame as a byte stream carries it: zero, COBS, zero."""
    out = bytearray(b"\0")
    for block in frame.split(b"\0"):
        whole = len(block) // 254 * 254
        for place in range(0, whole, 254):
            out += b"\xff" + block[place : place + 254]
        out += bytes([len(block) - whole + 1]) + block[whole:]
    return bytes(out) + b"\0"


def unstuffed(block: bytes) -> bytes:
    """Returns what COBS makes of a block between zeros; b"" where it is malformed."""
    out, place = bytearray(), 0
    while place < len(block):
        code = block[place]
        part = block[place + 1 : place + code]
        if len(part) != code - 1:
            return b""
        out += part
        place += code
        if code < 255 and place < len(block):
            out.append(0)
    return bytes(out)


def listening(port: int) -> socket.socket:
    """Returns a socket at a loopback port; raises BoardFault where another program has it."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise BoardFault(f"port {port} of 127.0.0.1: {error.strerror}; --port names another") from error


class Server:
    """One client at a time at a loopback port; a second is told so; one that leaves makes the board safe."""

    def __init__(self, stream: DmaStream, listener: socket.socket) -> None:
        self._stream = stream
        self._listener = listener
        self._client: socket.socket | None = None
        self._tail = b""
        self.port = int(self._listener.getsockname()[1])
        self.ended = False

    def run(self) -> None:
        """Serves until `ended` is set; a fault of the board ends its client, the next one begins afresh."""
        with contextlib.closing(self._listener), contextlib.closing(self):
            while not self.ended:
                try:
                    self.step()
                except OSError as fault:  # BoardFault, or a client that left as it was greeted
                    print(f"ohmloop-boardd: {fault}", file=sys.stderr, flush=True)
                    self.close()

    def close(self) -> None:
        """Ends the client, if there is one, and makes the board safe."""
        if self._client:
            self._client.close()
            self._client = None
            with contextlib.suppress(BoardFault):  # told when the next client comes
                self._stream.close()

    def step(self) -> None:
        """Waits a moment for bytes or a client, and moves both ways what has come."""
        sources = [self._listener] + ([self._client] if self._client else [])
        ready = select.select(sources, [], [], POLL_S if self._client else IDLE_S)[0]
        if self._client in ready:
            self._take()
        if self._listener in ready:
            self._accept()
        if self._client and (frames := self._stream.receive()):
            try:
                self._client.sendall(b"".join(map(stuffed, frames)))
            except OSError:
                self.close()

    def _accept(self) -> None:
        peer, _ = self._listener.accept()
        peer.settimeout(LIMIT_S)  # a client that takes nothing for so long is gone
        if self._client:
            with contextlib.suppress(OSError), peer:
                peer.sendall(BUSY_LINE)
            return
        self._client, self._tail = peer, b""
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream.open()

    def _take(self) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = self._client.recv(1 << 16) if self._client else b""
        *blocks, self._tail = (self._tail + data).split(b"\0")
        if not data or len(self._tail) > LONGEST:
            self.close()
        elif frames := b"".join(frame for block in blocks if not len(frame := unstuffed(block)) % 4):
            self._stream.send(frames)


def main(arguments: list[str] | None = None) -> int:
    """Serves one bitstream's board; returns the exit status."""
    parser = argparse.ArgumentParser(description="Serves an Ohmloop board on a loopback TCP port.")
    parser.add_argument("bitstream", help="NAME.bit, with NAME.hwh and NAME.json beside it")
    parser.add_argument("--port", type=int, default=5025)
    parser.add_argument("--no-download", action="store_true", help="the board is loaded already")
    asked = parser.parse_args(arguments)
    try:
        build_hash = manifest(asked.bitstream)
        # The port first: no bitstream is loaded under another server's client
        with listening(asked.port) as listener:
            from pynq import MMIO, Overlay, allocate

            overlay = Overlay(str(Path(asked.bitstream).resolve()), download=not asked.no_download)
            stream = attach(overlay, MMIO, lambda size: allocate(shape=(size,), dtype=np.uint8), build_hash)
            server = Server(stream, listener)
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: setattr(server, "ended", True))
            print(f"serving {asked.bitstream} at tcp://127.0.0.1:{server.port}", flush=True)
            server.run()
    except (WrongDesign, OSError) as error:
        print(f"ohmloop-boardd: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

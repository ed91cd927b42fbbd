# SPDX-License-Identifier: BSD-3-Clause
"""pynq 4.0's remote device with a deadline on every call, and our design loaded on it."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # "No devices found": ours is named, not probed for
    from pynq import MMIO, Clocks, Device, Overlay
    from pynq.pl_server import global_state, remote_device
from pynq.remote import buffer_pb2_grpc, gpio_pb2_grpc, mmio_pb2_grpc, remote_device_pb2_grpc

from ohmloop.boardd import DmaStream, attach, manifest

CALL_LIMIT_S: Final = 10.0  # one call; the longest carries a bitstream
FAILURES: Final = (grpc.RpcError, RuntimeError, OSError)  # of the network, of pynq, of the DMA
_STUBS: Final = {
    "device": remote_device_pb2_grpc.RemoteDeviceStub,
    "mmio": mmio_pb2_grpc.MmioStub,
    "buffer": buffer_pb2_grpc.RemoteBufferStub,
    "gpio": gpio_pb2_grpc.GpioStub,
}


class _Deadlines(
    grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor, grpc.StreamUnaryClientInterceptor
):
    """Gives every call CALL_LIMIT_S: pynq's own wait for ever on a network that is gone."""

    def _bounded(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(details._replace(timeout=CALL_LIMIT_S), request)

    intercept_unary_unary = intercept_unary_stream = intercept_stream_unary = _bounded


class _Device(remote_device.RemoteDevice):
    """The remote device, its stubs behind `_Deadlines`."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(index=0, ip_addr=host, port=port, tag=f"ohmloop {host}:{port} {{}}")

    def get_arch(self) -> str:
        """Returns the processor's architecture; the first call of all, so the stubs are exchanged here."""
        channel = grpc.intercept_channel(self.client.channel, _Deadlines())
        self._stub = {name: stub(channel) for name, stub in _STUBS.items()}
        return str(super().get_arch())


def _load(overlay: Overlay, path: str, device: _Device) -> None:
    """Programs the FPGA from a file that is named by its hash: pynq sends none whose name the board has.

    pynq sets clocks and port widths of the device that is active, or was first: it is told that this one is.
    """
    Device.active_device = device
    if hasattr(Clocks, "_real_instance"):
        delattr(Clocks, "_real_instance")
    overlay.binfile_name = f"ohmloop-{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]}.bin"
    overlay.download()


def attached(host: str, port: int, bitstream: str, *, download: bool) -> tuple[DmaStream, Callable[[], None]]:
    """Returns the board's stream, closed, and what ends the connection.

    Raises:
        WrongDesign: bitstream or board are not what they should be.
        FAILURES: nobody answers, or the network is gone; in pynq's words or gRPC's.
    """
    build_hash = manifest(bitstream)
    path = str(Path(bitstream).resolve())
    device = _Device(host, port)
    try:
        global_state.clear_global_state()  # else the design of a file before may be taken for this one's
        overlay = Overlay(path, download=False, device=device)
        if download:
            _load(overlay, path, device)
        stream = attach(
            overlay,
            lambda address, length: MMIO(address, length, device=device),
            lambda size: device.allocate((size,), np.uint8),
            build_hash,
        )
    except BaseException:
        device.client.channel.close()
        raise
    return stream, device.client.channel.close

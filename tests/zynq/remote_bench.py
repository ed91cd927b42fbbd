# SPDX-License-Identifier: BSD-3-Clause
"""A PYNQ.remote board on loopback: the gRPC services that pynq 4.0's client calls, over the verilated design.

Registers and buffers are the model's: a call on an address of the DMA or the window is an AXI4-Lite access,
and a buffer is memory that the DMA's RTL reaches. Board time passes with calls: CYCLES_A_CALL each, as a
network's round trip would let it.
"""

from __future__ import annotations

import collections
import itertools
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager

import axi_board
import grpc
from axi_board import MEMORY_BASE, AxiBoard
from design_bench import DMA_ADDRESS, RANGE, WINDOW_ADDRESS
from pynq.remote import buffer_pb2 as buffers
from pynq.remote import buffer_pb2_grpc, gpio_pb2_grpc, mmio_pb2_grpc, remote_device_pb2_grpc
from pynq.remote import mmio_pb2 as mmio
from pynq.remote import remote_device_pb2 as device

CYCLES_A_CALL = 500
MANAGER = "/sys/class/fpga_manager/fpga0/"
PAGE = 4096
PROCESSOR_REGISTERS = {
    0xFF5E_0020: 45 << 8,
    0xFD1A_0020: 60 << 8,
    0xFD1A_002C: 64 << 8,
    0xFF5E_00C0: 0x0101_0F00,
}
"""PLLs and clock dividers as pynq reads them on a Zynq UltraScale+ (names in pynq's ps.py)."""


class Board:
    """What the services share: files, memory, the FPGA; it answers once it is programmed.

    Attributes:
        axi: the model; None until a bitstream is loaded.
        calls: how often each call came.
        dead: every call fails from now on, as with a cable pulled.
        stall_s: how long a call takes.
    """

    def __init__(self, geometry: dict[str, int] | None = None) -> None:
        axi_board.build({**axi_board.GEOMETRY, **(geometry or {})})  # before a call waits for it
        self.lock = threading.RLock()
        self.axi: AxiBoard | None = None
        self.geometry = geometry
        self.calls: collections.Counter[str] = collections.Counter()
        self.dead = False
        self.stall_s = 0.0
        self.cycles_a_call = CYCLES_A_CALL
        self.registers = dict(PROCESSOR_REGISTERS)
        self.windows: dict[str, int] = {}
        self.buffers: dict[str, tuple[int, int]] = {}
        self.freed = 0
        self.programmed: list[str] = []
        self.numbers = itertools.count(1)
        self.free_at = MEMORY_BASE
        self.files = {
            "/proc/version": b"Linux version 6.6.10-xilinx aarch64",
            "/proc/device-tree/chosen/pynq_board": b"KV260\0",
            MANAGER + "state": b"operating\n",
            MANAGER + "flags": b"0\n",
        }

    def passes(self, call: str, context: grpc.ServicerContext) -> None:
        """One call: counted, and board time passes."""
        self.calls[call] += 1
        if self.dead:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the cable is pulled")
        if self.stall_s:
            threading.Event().wait(self.stall_s)
        if self.axi is not None:
            self.axi.run(self.cycles_a_call)

    def program(self, name: str) -> None:
        """Loads a bitstream: the board powers up, whatever it was."""
        if self.axi is not None:
            self.axi.free()
        self.axi = AxiBoard(self.geometry)
        self.programmed.append(name)

    def place(self, address: int) -> int | None:
        """The model's address of one of its registers; None for the processor's."""
        for base, inside in ((DMA_ADDRESS, axi_board.DMA), (WINDOW_ADDRESS, axi_board.WINDOW)):
            if base <= address < base + RANGE:
                if self.axi is None:
                    raise OSError(f"bus error at {address:#x}")
                return inside + address - base
        return None

    def read(self, address: int) -> int:
        inside = self.place(address)
        return self.registers.get(address, 0) if inside is None or self.axi is None else self.axi.read(inside)

    def write(self, address: int, value: int) -> None:
        inside = self.place(address)
        if inside is None or self.axi is None:
            self.registers[address] = value
        else:
            self.axi.write(inside, value)


class Files(remote_device_pb2_grpc.RemoteDeviceServicer):
    def __init__(self, board: Board) -> None:
        self.board = board

    def existsfile(self, request, context):
        return device.ExistsFileResponse(exists=request.file_path in self.board.files)

    def readfile(self, request, context):
        data = self.board.files.get(request.file_path)
        if data is None:
            context.abort(grpc.StatusCode.NOT_FOUND, request.file_path)
        yield device.ReadFileResponse(data=data)

    def writefile(self, requests, context):
        name, data = "", b""
        for request in requests:
            name, data = request.file_path, data + request.data
        with self.board.lock:
            self.board.files[name] = data
            if name == MANAGER + "firmware":
                assert "/lib/firmware/" + data.decode() in self.board.files
                self.board.program(data.decode())
        return device.WriteFileResponse()

    def set_bitstream_attrs(self, request, context):
        return device.SetBitstreamAttrsResponse(status=True)

    def set_pl_clk(self, request, context):
        return device.SetPlClkResponse(status=True)

    def shutdown(self, request, context):
        return device.ShutdownResponse(status=True)


class Registers(mmio_pb2_grpc.MmioServicer):
    def __init__(self, board: Board) -> None:
        self.board = board

    def get_mmio(self, request, context):
        number = str(next(self.board.numbers))
        self.board.windows[number] = request.base_addr
        return mmio.GetMmioResponse(status=True, mmio_id=number)

    def read(self, request, context):
        with self.board.lock:
            self.board.passes("register read", context)
            try:
                value = self.board.read(self.board.windows[request.mmio_id] + request.offset)
            except OSError as error:
                return mmio.ReadResponse(status=False, msg=str(error))
        return mmio.ReadResponse(status=True, data=value & ((1 << 8 * request.length) - 1))

    def write(self, request, context):
        with self.board.lock:
            self.board.passes("register write", context)
            base = self.board.windows[request.mmio_id] + request.offset
            try:
                for place in range(0, len(request.data), 4):
                    self.board.write(base + place, int.from_bytes(request.data[place : place + 4], "little"))
            except OSError as error:
                return mmio.WriteResponse(status=False, msg=str(error))
        return mmio.WriteResponse(status=True)


class Buffers(buffer_pb2_grpc.RemoteBufferServicer):
    def __init__(self, board: Board) -> None:
        self.board = board
        self.plain = bytearray(axi_board.MEMORY_BYTES)

    def _bytes(self, number: str):
        address, size = self.board.buffers[number]
        place = address - MEMORY_BASE
        memory = self.plain if self.board.axi is None else self.board.axi.memory
        return memoryview(memory)[place : place + size]

    def allocate(self, request, context):
        with self.board.lock:
            self.board.passes("buffer allocate", context)
            number = str(next(self.board.numbers))
            self.board.buffers[number] = (self.board.free_at, request.size)
            self.board.free_at += -(-request.size // PAGE) * PAGE
        return buffers.AllocateResponse(buffer_id=number)

    def write(self, requests, context):
        place = 0
        with self.board.lock:
            self.board.passes("buffer write", context)
            for request in requests:
                memory = self._bytes(request.buffer_id)
                memory[place : place + len(request.data)] = request.data
                place += len(request.data)
        return buffers.BufferWriteResponse()

    def read(self, request, context):
        with self.board.lock:
            self.board.passes("buffer read", context)
            data = bytes(self._bytes(request.buffer_id))
        for place in range(0, len(data), 1 << 20):
            yield buffers.BufferReadResponse(data=data[place : place + (1 << 20)])

    def freebuffer(self, request, context):
        with self.board.lock:
            del self.board.buffers[request.buffer_id]
            self.board.freed += 1
        return buffers.FreeBufferResponse()

    def flush(self, request, context):
        with self.board.lock:
            self.board.passes("buffer flush", context)
        return buffers.FlushResponse()

    def invalidate(self, request, context):
        with self.board.lock:
            self.board.passes("buffer invalidate", context)
        return buffers.InvalidateResponse()

    def physical_address(self, request, context):
        return buffers.AddressResponse(address=self.board.buffers[request.buffer_id][0])

    def virtual_address(self, request, context):
        return buffers.AddressResponse(address=self.board.buffers[request.buffer_id][0])

    def cacheable(self, request, context):
        return buffers.CacheableResponse(cacheable=True)


@contextmanager
def served(board: Board, port: int = 0) -> Iterator[int]:
    """Serves `board` on loopback; gives the port."""
    server = grpc.server(futures.ThreadPoolExecutor(4))
    remote_device_pb2_grpc.add_RemoteDeviceServicer_to_server(Files(board), server)
    mmio_pb2_grpc.add_MmioServicer_to_server(Registers(board), server)
    buffer_pb2_grpc.add_RemoteBufferServicer_to_server(Buffers(board), server)
    gpio_pb2_grpc.add_GpioServicer_to_server(gpio_pb2_grpc.GpioServicer(), server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield bound
    finally:
        server.stop(None).wait(5.0)
        with board.lock:  # a call may still be under way
            if board.axi is not None:
                board.axi.free()
            board.axi = None

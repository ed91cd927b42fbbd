# SPDX-License-Identifier: BSD-3-Clause
"""A twin on the bench: frames in and out by hand, registers and tables by name."""

import numpy as np

from ohmloop._map import CLK_HZ, MAX_INPUT_BITS, RANGES, Opcode, Register, Status, Table
from ohmloop.emulator import EmulatedBoard
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import (
    Axis,
    CellRequest,
    HelloRequest,
    Identity,
    MacroGeometry,
    TableWriteRequest,
    VectorReply,
    VectorRequest,
    pack_inputs,
    pack_words,
)

NONCE = 0x1234BEEF


class Bench:
    """A powered-up twin, an epoch open, every limit at its ceiling unless told otherwise."""

    def __init__(self, rows=64, columns=64, *, payload=262140, ring=1 << 22, limits=True, hello=True):
        self.cells = np.zeros((1, rows, columns), np.uint16)
        macro = MacroGeometry(rows, columns, 16 if columns % 16 == 0 else 8, 4, RANGES, MAX_INPUT_BITS)
        identity = Identity(
            nonce=0, macros=(macro,), emulated=True, reference_input=True, simulated=True, clk_hz=CLK_HZ,
            max_payload=payload, request_bytes=ring, reply_bytes=ring, uid=1, boot_id=2,
        )  # fmt: skip
        self.board = EmulatedBoard(identity, self.cells)
        self.sequence = 0
        self.epoch = NONCE & 0xFFFF
        if hello:
            self.hello()
        if limits:
            self.limit(65535)

    def hello(self, nonce=NONCE):
        self.epoch, self.sequence = nonce & 0xFFFF, 0
        return self.exchange(Frame(Opcode.HELLO, 7, 0, HelloRequest(nonce).encode(), urgent=True))[0]

    def limit(self, code, width=30_000_000):
        self.write(Register.LIMIT_FORM_V, code, code, code, code, code, width)

    def exchange(self, frame):
        """Sends one frame; returns every frame that comes back."""
        self.board.receive(frame if isinstance(frame, bytes) else frame.encode())
        return self.replies()

    def replies(self):
        frames = []
        for _ in range(1000):
            packet = self.board.send()
            if not packet:
                return frames
            frames.append(decode(packet))
        raise AssertionError("the board does not stop talking")

    def frame(self, opcode, payload=b"", *, sequence=None, acknowledge=None):
        number = self.sequence if sequence is None else sequence
        seen = number if acknowledge is None else acknowledge
        return Frame(opcode, number & 0xFFFF, self.epoch, payload, acknowledge=seen & 0xFFFF)

    def ask(self, opcode, payload=b""):
        """Sends the next numbered request; returns status and payload of its one reply."""
        (reply,) = self.exchange(self.frame(opcode, payload))
        assert (reply.opcode, reply.sequence) == (opcode, self.sequence), reply
        self.sequence = self.sequence + 1 & 0xFFFF
        return Status(reply.status), reply.payload

    def need(self, opcode, payload=b""):
        status, answer = self.ask(opcode, payload)
        assert status == Status.OK, (status, np.frombuffer(answer, "<u4"))
        return answer

    def write(self, register, *values):
        self.need(Opcode.REG_WRITE, pack_words(register, *(v & 0xFFFFFFFF for v in values)))

    def read(self, register):
        return int(np.frombuffer(self.need(Opcode.REG_READ, pack_words(register, 1)), "<u4")[0])

    def table(self, table, values, first=0):
        request = TableWriteRequest(table, 0, first, np.asarray(values, np.int32))
        self.need(Opcode.TABLE_WRITE, request.encode())

    def load(self, g, rows=None, columns=None):
        g = np.asarray(g, np.uint16)
        axes = [Axis(0, size) if lines is None else Axis.from_lines(np.asarray(lines))
                for lines, size in zip((rows, columns), g.shape, strict=True)]  # fmt: skip
        self.need(Opcode.CELL_LOAD, CellRequest(0, *axes, g).encode())

    def apply(self, profile, chip_seed=1, noise_seed=2):
        """Loads a profile's registers and tables."""
        for register, value in profile.emulator_registers(chip_seed, noise_seed).items():
            self.write(register, value)
        for table, values in profile.tables().items():
            self.table(table, values)

    def vectors(self, opcode, x, rows, columns, **fields):
        """MAC, MAC_RAW or READ_CELLS; returns the reply, its values int64 `[n, m]`."""
        bits, signed = fields.setdefault("bits", 8), fields.setdefault("signed", False)
        fields.setdefault("read_code", 2621)
        fields.setdefault("operation_index", 0)
        data = b"" if x is None else pack_inputs(np.asarray(x, np.int16), bits, signed).tobytes()
        count = fields.pop("count", 0 if x is None else len(x))
        request = VectorRequest(
            opcode, 0, Axis.from_lines(np.asarray(rows)), Axis.from_lines(np.asarray(columns)),
            count=count, vectors=data, **fields,
        )  # fmt: skip
        return VectorReply.decode(
            self.need(opcode, request.encode()), request.result_shape, request.width_bits
        )

    def ideal(self):
        """Transparent converters: a code is a sum of g codes."""
        self.table(Table.GAIN, np.full(2048, 65536))
        for register, value in {
            Register.EMU_ADC_MIN: -(1 << 23),
            Register.EMU_ADC_MAX: (1 << 23) - 1,
            Register.EMU_RANGE_SHIFT: 22 * 0x01010101,
            Register.EMU_READ_GAIN: round(2**31 / 2621),
        }.items():
            self.write(register, value)

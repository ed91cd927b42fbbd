# SPDX-License-Identifier: BSD-3-Clause
"""Measures the firmware: image, stack, cycles of its requests on the simulated core beside the twin's model.

    python benchmarks/firmware.py [--json FILE]

Cycles are the board's, exact and repeatable; `equal` says that core and twin answered the same words.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from ohmloop._map import CLK_HZ, Algorithm, Opcode, Pulse, Register, Status
from ohmloop.link.frames import Frame, decode
from ohmloop.link.messages import (
    ArmRequest,
    Axis,
    HelloRequest,
    KindDrive,
    ProgramRequest,
    TableWriteRequest,
    limits_hash,
    pack_words,
    unpack_words,
)
from ohmloop.link.wires import WireContext, open_wire
from ohmloop.profile import load_profile

ROOT = Path(__file__).resolve().parents[1]
SMALL = "rows=64&columns=64&lanes=16&adc_lanes=4&payload=4096"
PROFILE = "rrm-40nm-esgnn2023"
LIMITS = (60_000, 60_000, 60_000, 40_000, 65_000, 100_000)
REPLY_LIMIT_S = 5.0  # board time
WINDOWS = ((1, 1), (8, 8), (16, 32), (8, 64))


class Peer:
    """Numbered requests on a packet wire, one at a time."""

    def __init__(self, scheme: str) -> None:
        profile = load_profile(PROFILE)
        self.wire = open_wire(f"{scheme}://?{SMALL}&boot=7", WireContext("tmp:firmware", profile))
        self.wire.write(
            Frame(Opcode.HELLO, 0, 0x5678, HelloRequest(0x1234_5678).encode(), urgent=True).encode()
        )
        decode(self.wire.read(REPLY_LIMIT_S))
        self.sequence = 0
        for register, value in profile.emulator_registers(1, 2).items():
            self.ok(Opcode.REG_WRITE, pack_words(register, value & 0xFFFF_FFFF))
        for table, values in profile.tables().items():
            for first in range(0, len(values), 256):
                part = np.asarray(values[first : first + 256], np.int32)
                self.ok(Opcode.TABLE_WRITE, TableWriteRequest(table, 0, first, part).encode())
        self.ok(Opcode.REG_WRITE, pack_words(Register.LIMIT_FORM_V, *LIMITS))

    def ok(self, opcode: int, payload: bytes) -> tuple[int, ...]:
        """The words of an OK reply."""
        self.wire.write(Frame(opcode, self.sequence, 0x5678, payload, acknowledge=self.sequence).encode())
        reply = decode(self.wire.read(REPLY_LIMIT_S))
        if (reply.status, reply.sequence) != (Status.OK, self.sequence):
            raise RuntimeError(f"{Opcode(opcode).name}: {reply}")
        self.sequence += 1
        return unpack_words(reply.payload)

    def ramp(self, rows: int, columns: int) -> tuple[int, ...]:
        """Forms a window by a ramp; the reply's words."""
        axes = Axis(0, rows), Axis(0, columns)
        arm = ArmRequest(limits_hash(LIMITS), frozenset(Pulse), 0, 10**6, 65_535, 2**31, *axes)
        self.ok(Opcode.ARM, arm.encode())
        request = ProgramRequest(
            Algorithm.FORM_RAMP, 0, *axes,
            targets=np.full((rows, columns), 40, np.int16),
            tolerances=np.zeros((rows, columns), np.uint16),
            read_code=2621, operation_index=1 << 56, budget=14, range=2,
            set=KindDrive(39_300, 1300, 46_000, 20_000, 6000), reset=KindDrive(0, 0, 0, 0, 1),
        )  # fmt: skip
        return self.ok(Opcode.PROGRAM, request.encode())


def ramps() -> list[dict[str, object]]:
    """Every window formed on the core and on the twin, each on a fresh chip."""
    out: list[dict[str, object]] = []
    for rows, columns in WINDOWS:
        core, twin = Peer("sim"), Peer("twin")
        begun = time.perf_counter()
        words, modelled = core.ramp(rows, columns), twin.ramp(rows, columns)
        seconds = time.perf_counter() - begun
        for peer in (core, twin):
            peer.wire.close()
        out.append(
            {
                "window": f"{rows}x{columns}",
                "cycles": words[0],
                "cycles_modelled": modelled[0],
                "equal": words[1:] == modelled[1:],
                "readings": words[3],
                "pulses": words[2],
                "cells_per_second": round(rows * columns * CLK_HZ / words[0]),
                "seconds_here": round(seconds, 2),
            }
        )
    return out


def self_tests() -> dict[str, int]:
    """Cycles of SELF_TEST and of one reading of ADC_SELFCAL, 64 channels."""
    peer = Peer("sim")
    axes = Axis(0, 1).encode() + Axis(0, 64).encode()

    def asked(n: int) -> bytes:
        return pack_words(1 << 27, 100 << 16 | 500, 0, 0, n) + axes

    test = peer.ok(Opcode.SELF_TEST, asked(0))
    few, many = (peer.ok(Opcode.ADC_SELFCAL, asked(n))[0] for n in (1, 11))
    peer.wire.close()
    return {
        "self_test_cycles": test[0],
        "self_test_failed": test[1],
        "selfcal_reading_cycles": (many - few) // 10,
    }


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    arguments = parser.parse_args()
    built = subprocess.run(
        [sys.executable, str(ROOT / "firmware" / "build.py"), "--check"],
        capture_output=True,
        text=True,
        check=True,
    )
    told = {"image": json.loads(built.stdout), "self": self_tests(), "forming_ramp": ramps()}
    text = json.dumps(told, indent=2)
    print(text)
    if arguments.json:
        arguments.json.write_text(text)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: BSD-3-Clause
"""Checks of what a board is and of its registers."""

from __future__ import annotations

from typing import Final

from ohmloop._map import WRITABLE, WRITE_MASKS, Opcode, Register, Status
from ohmloop.cli.bench import Bench, CheckFailed
from ohmloop.link.messages import pack_words

_EMULATED_FROM: Final = Register.EMU_CHIP_SEED


def check_identity(bench: Bench) -> str:
    """A second HELLO gives the same board in a new epoch."""
    again, first = bench.session.hello(), bench.identity
    if (again.uid, again.boot_id, again.macros) != (first.uid, first.boot_id, first.macros):
        raise CheckFailed(
            f"uid {again.uid:x}, boot {again.boot_id:x}; before {first.uid:x}, {first.boot_id:x}"
        )
    if again.clk_hz != first.clk_hz or not again.macros:
        raise CheckFailed(f"clock {again.clk_hz} Hz, before {first.clk_hz} Hz; {len(again.macros)} macros")
    bench.identity = again
    return f"protocol {again.protocol_version}, map {again.map_hash:08x}, build {again.build_hash:08x}"


def check_registers(bench: Bench) -> str:
    """Ones and zeros walk through every writable register that is safe to change; read-only ones stay."""
    walked = 0
    for register in sorted(WRITABLE):
        limit = bench.read(register)[0]
        is_cap = register in {Register.WATCHDOG_CYCLES, Register.OPERATION_CYCLES}
        if not is_cap and not (bench.identity.emulated and register >= _EMULATED_FROM):
            continue
        mask = WRITE_MASKS[register]
        bits = [1 << b for b in range(32) if mask >> b & 1 and (not is_cap or 1 << b <= limit)]
        with bench.restored(register):
            for value in (*bits, *((mask & ~bit) for bit in bits if not is_cap)):
                bench.write(register, value)
                seen = bench.read(register)[0]
                if seen != value:
                    raise CheckFailed(f"{register.name}: {value:#x} written, {seen:#x} read")
        walked += 1
    magic = bench.read(Register.MAGIC)[0]
    bench.refused(Opcode.REG_WRITE, pack_words(Register.MAGIC, 0), Status.BAD_ADDRESS, "a write of MAGIC")
    if bench.read(Register.MAGIC)[0] != magic:
        raise CheckFailed("MAGIC was changed")
    return f"{walked} registers walked, MAGIC is read-only"

# SPDX-License-Identifier: BSD-3-Clause
"""A linked firmware read back: its bytes, its symbols, and the deepest stack that any path of calls reaches.

The stack is found in the machine code itself: every function's own frame, and every call, tail call
and call through the command table. A cycle of calls, a frame of unknown size or a jump that cannot be
followed is an error, so the figure is a bound.
RV32 without the compressed extension: every instruction is a word.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

SP, RA, ZERO = 2, 1, 0
OP_IMM, AUIPC, JAL, JALR, BRANCH, STORE = 0x13, 0x17, 0x6F, 0x67, 0x63, 0x23
FUNCTION, SECTION_SYMBOLS = 2, 2


class FirmwareError(Exception):
    """The firmware breaks a promise that the build checks."""


@dataclass(frozen=True)
class Function:
    """One function of the image."""

    name: str
    start: int
    end: int


class Image:
    """The image that the core runs, and what its ELF file says of it."""

    def __init__(self, path: Path) -> None:
        self._elf = path.read_bytes()
        sections = self._sections()
        self.base, self.code = self._content(sections, ".image")
        self.symbols: dict[str, int] = {}
        self.functions: list[Function] = []
        self._read_symbols(sections)

    def word(self, address: int) -> int:
        """The image's word at an address."""
        return int(struct.unpack_from("<I", self.code, address - self.base)[0])

    def deepest_stack(self) -> tuple[int, list[str]]:
        """The most bytes of stack from the first instruction on, and the path of calls that needs them."""
        return self._depth(self._function_at(self.symbols["_start"]), [])

    # ---- Calls ----
    def _depth(self, function: Function, path: list[str]) -> tuple[int, list[str]]:
        if function.name in path:
            raise FirmwareError(f"recursion: {' -> '.join([*path, function.name])}")
        frame, calls = self._frame_and_calls(function)
        deepest: tuple[int, list[str]] = (0, [])
        for callee in sorted(calls):
            below = self._depth(self._function_at(callee), [*path, function.name])
            deepest = max(deepest, below)
        return frame + deepest[0], [function.name, *deepest[1]]

    def _frame_and_calls(self, function: Function) -> tuple[int, set[int]]:
        """The function's own bytes of stack, and the functions that it may call."""
        frame, calls, upper = 0, set(), {}
        for at in range(function.start, function.end, 4):
            word = self.word(at)
            opcode, rd, rs1 = word & 0x7F, word >> 7 & 31, word >> 15 & 31
            if rd == SP and opcode == OP_IMM and rs1 == SP:
                frame += max(0, -_signed(word >> 20, 12))
            elif rd == SP and opcode not in (BRANCH, STORE) and function.name != "_start":
                raise FirmwareError(f"{function.name}: stack frame of unknown size at {at:#x}")
            if opcode == AUIPC:
                upper[rd] = at + (word & 0xFFFFF000)
            elif opcode == JAL:
                calls |= self._leaves(function, at + _jump(word))
            elif opcode == JALR:
                calls |= self._indirect(function, word, upper.get(rs1))
        return frame, calls

    def _indirect(self, function: Function, word: int, upper: int | None) -> set[int]:
        """Where a jump through a register may lead: home, to a function far away, or into the table."""
        rd, rs1 = word >> 7 & 31, word >> 15 & 31
        if rd == ZERO and rs1 == RA:
            return set()
        if upper is not None:
            return self._leaves(function, upper + _signed(word >> 20, 12) & 0xFFFFFFFF)
        targets = self._address_taken()
        if not targets:
            raise FirmwareError(f"{function.name}: a jump that cannot be followed")
        return targets

    def _leaves(self, function: Function, target: int) -> set[int]:
        return set() if function.start <= target < function.end else {target}

    def _address_taken(self) -> set[int]:
        """Every function whose address stands in the constants: the command table's."""
        starts = {f.start for f in self.functions if f.name != "_start"}
        code_end = max(f.end for f in self.functions)
        constants = range((code_end + 3) & ~3, self.base + len(self.code) - 3, 4)
        return {self.word(at) for at in constants} & starts

    def _function_at(self, address: int) -> Function:
        for function in self.functions:
            if function.start <= address < function.end:
                return function
        raise FirmwareError(f"a call to {address:#x}, where no function is")

    # ---- ELF ----
    def _sections(self) -> list[tuple[str, tuple[int, ...]]]:
        offset = struct.unpack_from("<I", self._elf, 0x20)[0]
        size, count, names_at = struct.unpack_from("<HHH", self._elf, 0x2E)
        headers = [struct.unpack_from("<10I", self._elf, offset + size * i) for i in range(count)]
        names = headers[names_at][4]
        return [(_text(self._elf, names + h[0]), h) for h in headers]

    def _content(self, sections: list[tuple[str, tuple[int, ...]]], name: str) -> tuple[int, bytes]:
        for found, header in sections:
            if found == name:
                return header[3], self._elf[header[4] : header[4] + header[5]]
        raise FirmwareError(f"the linker made no section {name}")

    def _read_symbols(self, sections: list[tuple[str, tuple[int, ...]]]) -> None:
        header = next(h for _, h in sections if h[1] == SECTION_SYMBOLS)
        strings = sections[header[6]][1][4]
        starts: dict[int, tuple[str, int]] = {}
        for at in range(header[4], header[4] + header[5], 16):
            name_at, value, size, info = struct.unpack_from("<IIIB", self._elf, at)
            name = _text(self._elf, strings + name_at)
            self.symbols[name] = value
            if info & 15 == FUNCTION:
                starts[value] = (name, size)
        starts.setdefault(self.symbols["_start"], ("_start", 0))
        order = sorted(starts)
        for start, following in zip(order, [*order[1:], self.base + len(self.code)], strict=True):
            name, size = starts[start]
            self.functions.append(Function(name, start, start + size if size else following))


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def _jump(word: int) -> int:
    """The offset of a JAL."""
    offset = (
        (word >> 31) << 20 | (word >> 12 & 0xFF) << 12 | (word >> 20 & 1) << 11 | (word >> 21 & 0x3FF) << 1
    )
    return _signed(offset, 21)


def _text(data: bytes, at: int) -> str:
    return data[at : data.index(b"\0", at)].decode()

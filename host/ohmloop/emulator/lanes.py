# SPDX-License-Identifier: BSD-3-Clause
"""Vector code by operators: a formula written once for many numbers is emitted into a kernel as it stands.

LLVM splits the vectors to what the machine has. A product and the sum that takes it may be fused
(`contract`): every step of the twin is exact, so that a rounding less changes nothing.
"""

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir as _ir
from numba.core import cgutils, types
from numba.extending import intrinsic

ir: Any = _ir
_cgutils: Any = cgutils
SINGLE: Final = ir.FloatType()
DOUBLE: Final = ir.DoubleType()
INT8: Final = ir.IntType(8)
INT16: Final = ir.IntType(16)
INT32: Final = ir.IntType(32)
WORD: Final = ir.IntType(64)
_BYTES: Final = {
    str(kind): n for kind, n in ((INT8, 1), (INT16, 2), (INT32, 4), (WORD, 8), (SINGLE, 4), (DOUBLE, 8))
}
_FUSED: Final = ("contract",)


def part(emit: Callable[..., None]) -> Any:
    """Decorates what emits a part of a kernel, which calls it with a tuple of addresses."""

    @intrinsic
    def emitted(_typing: object, addresses: Any) -> tuple[object, Callable[..., Any]]:
        def lower(context: Any, builder: Any, _signature: object, args: tuple[Any, ...]) -> Any:
            emit(builder, *_cgutils.unpack_tuple(builder, args[0], len(addresses)))
            return context.get_dummy_value()

        return types.void(addresses), lower

    return emitted


def _pointer(builder: Any, address: Any, offset: int, kind: Any) -> Any:
    return builder.inttoptr(builder.add(address, WORD(offset)), kind.as_pointer())


def load_one(builder: Any, address: Any, offset: int, kind: Any) -> Any:
    """Emits a load of one number `offset` bytes from an address."""
    return builder.load(_pointer(builder, address, offset, kind), align=_BYTES[str(kind)])


class Lanes:
    """A vector of numbers of a kernel that is being emitted; every operation emits its step."""

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    @classmethod
    def load(cls, builder: Any, address: Any, offset: int, kind: Any, count: int) -> "Lanes":
        """Loads `count` neighbours that begin `offset` bytes from an address."""
        pointer = _pointer(builder, address, offset, ir.VectorType(kind, count))
        return cls(builder, builder.load(pointer, align=_BYTES[str(kind)]))

    @classmethod
    def spread(cls, builder: Any, number: Any, count: int) -> "Lanes":
        """Returns one number, `count` times."""
        kind = ir.VectorType(number.type, count)
        first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, INT32(0))
        places = ir.Constant(ir.VectorType(INT32, count), [0] * count)
        return cls(builder, builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), places))

    def store(self, address: Any, offset: int) -> None:
        """Stores the numbers `offset` bytes from an address."""
        kind = self.value.type
        self.builder.store(
            self.value, _pointer(self.builder, address, offset, kind), align=_BYTES[str(kind.element)]
        )

    def _of(self, value: Any) -> "Lanes":
        return Lanes(self.builder, value)

    def _with(self, other: "Lanes | float") -> Any:
        if isinstance(other, Lanes):
            return other.value
        return ir.Constant(self.value.type, [other] * self.value.type.count)

    @property
    def _floating(self) -> bool:
        return self.value.type.element in (SINGLE, DOUBLE)

    def __add__(self, other: "Lanes | float") -> "Lanes":
        if self._floating:
            return self._of(self.builder.fadd(self.value, self._with(other), flags=_FUSED))
        return self._of(self.builder.add(self.value, self._with(other)))

    def __sub__(self, other: "Lanes | float") -> "Lanes":
        if self._floating:
            return self._of(self.builder.fsub(self.value, self._with(other), flags=_FUSED))
        return self._of(self.builder.sub(self.value, self._with(other)))

    def __mul__(self, other: "Lanes | float") -> "Lanes":
        return self._of(self.builder.fmul(self.value, self._with(other), flags=_FUSED))

    def __or__(self, other: "Lanes") -> "Lanes":
        return self._of(self.builder.or_(self.value, other.value))

    def __getitem__(self, places: slice) -> "Lanes":
        """Returns the numbers of a slice."""
        chosen = list(range(self.value.type.count))[places]
        mask = ir.Constant(ir.VectorType(INT32, len(chosen)), chosen)
        return self._of(self.builder.shuffle_vector(self.value, self.value, mask))

    def floor(self) -> "Lanes":
        """Returns the numbers rounded down."""
        return self._call("floor")

    def root(self) -> "Lanes":
        """Returns the square roots."""
        return self._call("sqrt")

    def _call(self, name: str) -> "Lanes":
        kind = self.value.type
        full = f"llvm.{name}.v{kind.count}f{8 * _BYTES[str(kind.element)]}"
        function = _cgutils.get_or_insert_function(self.builder.module, ir.FunctionType(kind, [kind]), full)
        return self._of(self.builder.call(function, [self.value]))

    def between(self, lowest: "Lanes | float", highest: "Lanes | float") -> "Lanes":
        """Returns the numbers clamped."""
        low, high = self._with(lowest), self._with(highest)
        raised = self.builder.select(self.builder.fcmp_ordered(">", self.value, low), self.value, low)
        return self._of(self.builder.select(self.builder.fcmp_ordered("<", raised, high), raised, high))

    def differs(self, other: "Lanes | float") -> "Lanes":
        """Returns one bit each: whether the numbers differ."""
        return self._of(self.builder.fcmp_unordered("!=", self.value, self._with(other)))

    def to(self, kind: Any) -> "Lanes":
        """Returns the numbers as another kind; bits and codes widen with zeros, int32 with its sign."""
        wanted = ir.VectorType(kind, self.value.type.count)
        if wanted == self.value.type:
            return self
        have = self.value.type.element
        if self._floating:
            if kind not in (SINGLE, DOUBLE):
                return self._of(self.builder.fptosi(self.value, wanted))
            convert = self.builder.fpext if kind == DOUBLE else self.builder.fptrunc
        elif kind in (SINGLE, DOUBLE):
            convert = self.builder.sitofp
        else:
            convert = self.builder.zext if kind.width > have.width else self.builder.trunc
        return self._of(convert(self.value, wanted))

# SPDX-License-Identifier: BSD-3-Clause
"""Numba's compiler with the options that every kernel of the twin shares."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np

Number = int | np.integer[Any]
"""An integer of whatever width a kernel's signature gives it."""
Kernel = TypeVar("Kernel", bound=Callable[..., object])

_OPTIONS: dict[str, Any] = {"error_model": "numpy", "boundscheck": False}


def _package_stamp() -> tuple[int, int]:
    """Returns CRC and size of all of this package's sources."""
    sources = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return zlib.crc32(sources), len(sources)


_STAMP = _package_stamp()


def compiled(signature: str) -> Callable[[Kernel], Kernel]:
    """Returns a decorator that compiles a function to `signature` and keeps the result on disk.

    Compilation happens at import, once a machine: later imports load it. No fast-math: every
    floating-point step of the kernels is exact, and stays exact.
    """

    def decorate(function: Kernel) -> Kernel:
        dispatcher: Any = numba.njit(**_OPTIONS)(function)
        dispatcher.enable_caching()
        # Numba stamps a kept kernel with its own file's time; a kernel also holds what it calls
        # in other files, and files of a wheel all have one time. So the stamp is of all sources.
        kept = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
        if hasattr(kept, "_source_stamp"):
            vars(kept)["_source_stamp"] = _STAMP
        dispatcher.compile(signature)
        dispatcher.disable_compile()
        kernel: Kernel = dispatcher
        return kernel

    return decorate


def inlined(function: Kernel) -> Kernel:
    """Decorates a part of a kernel: it is compiled within each kernel that calls it, without a call."""
    part: Any = numba.njit(inline="always", **_OPTIONS)(function)
    kernel: Kernel = part
    return kernel

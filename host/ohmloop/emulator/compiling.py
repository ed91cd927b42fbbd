# SPDX-License-Identifier: BSD-3-Clause
"""Numba's compiler with the options that every kernel of the twin shares."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

Number = int | np.integer[Any]
"""An integer of whatever width a kernel's signature gives it."""
Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(signature: str) -> Callable[[Kernel], Kernel]:
    """Returns a decorator that compiles a function to `signature` and keeps the result on disk.

    Compilation happens at import, once a machine: later imports load it. No fast-math: every
    floating-point step of the kernels is exact, and stays exact.
    """

    def decorate(function: Kernel) -> Kernel:
        compile_: Any = numba.njit(signature, cache=True, error_model="numpy", boundscheck=False)
        kernel: Kernel = compile_(function)
        return kernel

    return decorate

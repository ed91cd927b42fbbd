# SPDX-License-Identifier: BSD-3-Clause
"""Numba's compiler with the options that every kernel of the twin shares."""

from collections.abc import Callable
from typing import TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(signature: str) -> Callable[[Kernel], Kernel]:
    """Returns a decorator that compiles a function to `signature` and keeps the result on disk.

    Compilation happens at import, once a machine: later imports load it. No fast-math: every
    floating-point step of the kernels is exact, and stays exact.
    """

    def decorate(function: Kernel) -> Kernel:
        kernel: Kernel = numba.njit(signature, cache=True, error_model="numpy", boundscheck=False)(function)
        return kernel

    return decorate

# SPDX-License-Identifier: BSD-3-Clause
"""Real vectors to bit-serial input codes, and sums of ADC codes back to real products."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedVectors:
    """Vectors as input codes, each with its own scale: `x = low + step * x_codes`.

    Attributes:
        x_codes: uint8 `[n, rows]`.
        low: `[n, 1]`, the smallest entry of each vector.
        step: `[n, 1]`, zero where all entries are equal (the codes are zero there).
        bits: of the codes.
    """

    x_codes: NDArray[np.uint8]
    low: NDArray[np.float64]
    step: NDArray[np.float64]
    bits: int


def quantize(vectors: NDArray[np.float64], bits: int) -> QuantizedVectors:
    """Maps each vector's smallest entry to code 0 and its largest to `2**bits - 1`.

    Args:
        vectors: `[n, rows]`, finite.
        bits: 1 to 8.
    """
    top = float((1 << bits) - 1)
    low = vectors.min(axis=1, keepdims=True)
    step = (vectors.max(axis=1, keepdims=True) - low) / top
    inverse = np.divide(1.0, step, out=np.zeros_like(step), where=step > 0)
    scaled = vectors - low
    scaled *= inverse
    np.rint(scaled, out=scaled)
    np.minimum(scaled, top, out=scaled)  # a subnormal step loses bits: keep inside the code
    return QuantizedVectors(scaled.astype(np.uint8), low, step, bits)


def restore(
    adc_codes: NDArray[np.int32],
    quantized: QuantizedVectors,
    *,
    dark_codes: NDArray[np.float64],
    row_sum_codes: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Returns the products of the unquantised vectors, in ADC codes `[n, cols]`.

    Args:
        adc_codes: `[n, cols]`, shifted and added over the bit planes.
        quantized: what was sent.
        dark_codes: `[cols]`, mean code of one conversion with no row driven; every plane holds it once.
        row_sum_codes: `[cols]`, mean code with every row driven at one, dark subtracted.
    """
    product = adc_codes - dark_codes * float((1 << quantized.bits) - 1)
    product *= quantized.step
    product += quantized.low * row_sum_codes
    return product

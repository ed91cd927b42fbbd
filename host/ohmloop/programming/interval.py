# SPDX-License-Identifier: BSD-3-Clause
"""How sure a fraction of cells is."""

from scipy import stats


def clopper_pearson(failed: int, cells: int, confidence: float = 0.95) -> tuple[float, float]:
    """Returns the exact (Clopper-Pearson) interval of a fraction, `failed` of `cells`.

    Ref: C. J. Clopper and E. S. Pearson, Biometrika 26, 404 (1934).
    """
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, failed, cells - failed + 1)) if failed else 0.0
    high = float(stats.beta.ppf(1 - tail, failed + 1, cells - failed)) if failed < cells else 1.0
    return low, high

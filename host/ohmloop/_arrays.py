# SPDX-License-Identifier: BSD-3-Clause
"""What every place that takes arrays asks of them first."""

import numpy as np

from ohmloop.errors import ShapeError


def require_unmasked(values: object, where: str) -> None:
    """Raises ShapeError for a masked array that masks something: what is masked would be driven or loaded."""
    if isinstance(values, np.ma.MaskedArray) and (masked := int(np.ma.getmaskarray(values).sum())):
        raise ShapeError(
            f"{where}: {masked} of {values.size} values are masked; fill them or leave their lines out",
            value=masked,
            limit=0,
            unit="masked values",
            where=where,
        )

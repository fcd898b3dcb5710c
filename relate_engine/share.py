"""A counted share and its interval, for every report that counts: hits of a total, Wilson's interval.

Leaves out shares of clustered counts (those need a bootstrap over groups).
"""

import math


def wilson(hits: float, total: float, z: float = 1.96) -> tuple[float, float]:
    """The Wilson interval of a share; (0, 1) where nothing was counted."""
    if total <= 0:
        return 0.0, 1.0
    share = hits / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, centre - half), min(1.0, centre + half)

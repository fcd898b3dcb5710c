"""A counted share and its interval, for every report that counts.

    wilson        of a share that is looked at once
    always_valid  of a share that is looked at again and again while it is counted
    apart         of the difference of two shares
Leaves out shares of clustered counts (those need a bootstrap over groups).
"""

import math
from collections.abc import Callable

MIXTURE = 10.0  # of `always_valid`: narrowest at some 100 to 1,000 counts, where trials end


def wilson(hits: float, total: float, z: float = 1.96) -> tuple[float, float]:
    """The Wilson interval of a share; (0, 1) where nothing was counted."""
    if total <= 0:
        return 0.0, 1.0
    share = hits / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, centre - half), min(1.0, centre + half)


def always_valid(hits: float, total: float, error: float = 0.05) -> tuple[float, float]:
    """A confidence sequence: all intervals of a growing count together miss the true share with chance `error` at most.

    So whoever looks after every count, and stops when the interval pleases, is misled no more often than that. It
    holds every p for which   B(a + k, a + n - k) / B(a, a)  <  p^k (1 - p)^(n - k) / error,   k = hits, n = total,
    a = MIXTURE: the left side over p^k (1 - p)^(n - k) is a martingale that begins at 1 if p is true, so by Ville's
    inequality it ever reaches 1 / error with chance `error` at most. Beta-binomial mixture: Robbins (1970), Annals of
    Mathematical Statistics 41:1397; Howard, Ramdas, McAuliffe, Sekhon (2021), Annals of Statistics 49:1055 (arXiv
    1810.08240). (0, 1) where nothing was counted.
    """
    if total <= 0:
        return 0.0, 1.0
    misses = total - hits
    mixed = _log_beta(MIXTURE + hits, MIXTURE + misses) - _log_beta(MIXTURE, MIXTURE) + math.log(error)

    def inside(p: float) -> bool:
        return mixed < hits * math.log(p) + misses * math.log1p(-p)

    low, high = 0.0, 1.0
    share = min(max(hits / total, 1e-12), 1 - 1e-12)
    if hits > 0:
        low = _edge(1e-12, share, inside)
    if misses > 0:
        high = _edge(1 - 1e-12, share, inside)
    return low, high


def apart(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """The 95 % interval of the second share minus the first, each (hits, total): Newcombe's, of two Wilson intervals.

    Newcombe (1998), Statistics in Medicine 17:873, method 10. (-1, 1) where either counted nothing.
    """
    if min(first[1], second[1]) <= 0:
        return -1.0, 1.0
    a, b = first[0] / first[1], second[0] / second[1]
    (a_low, a_high), (b_low, b_high) = wilson(*first), wilson(*second)
    return b - a - math.hypot(b - b_low, a_high - a), b - a + math.hypot(b_high - b, a - a_low)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _edge(outer: float, inner: float, inside: Callable[[float], bool]) -> float:
    """Between a point outside an interval and one inside, where it ends; the outer point if that is inside too."""
    if inside(outer):
        return outer
    for _ in range(50):
        middle = (outer + inner) / 2
        outer, inner = (outer, middle) if inside(middle) else (middle, inner)
    return inner

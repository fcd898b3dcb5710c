"""The smallest difference between two rates that given traffic can show: what a test of this size is good for.

Two-sided test of two proportions with a pooled variance under "no difference" and separate ones under the
difference δ, the usual normal approximation:

    δ = z(1 − α/2) √( p̄(1 − p̄)(1/n₁ + 1/n₂) ) + z(power) √( p₁(1 − p₁)/n₁ + p₂(1 − p₂)/n₂ ),
    p₂ = p₁ + δ,  p̄ = (n₁p₁ + n₂p₂)/(n₁ + n₂)

Source: Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 3rd ed. (2003), chapter 4, there
solved for n; here for δ by bisection. Leaves out the continuity correction and looking at results repeatedly.
"""

from math import sqrt
from statistics import NormalDist


def smallest_gap(
    impressions_a: int, impressions_b: int, base_rate: float, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """How much higher than `base_rate` (of a) b's rate must be to be told from noise with chance `power`.

    An absolute difference of rates (0.01 is one percentage point); None if no rate up to 1 would do.
    """
    if impressions_a < 1 or impressions_b < 1 or not 0 <= base_rate < 1:
        return None
    z_alpha, z_power = NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)
    n1, n2, p1 = impressions_a, impressions_b, base_rate

    def short(delta: float) -> float:
        p2 = p1 + delta
        pooled = (n1 * p1 + n2 * p2) / (n1 + n2)
        noise = z_alpha * sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
        return noise + z_power * sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2) - delta

    low, high = 0.0, 1 - p1
    if short(high) > 0:
        return None
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) > 0 else (low, middle)
    return high

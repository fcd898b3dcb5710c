"""Agreement between reviewers beyond chance: Cohen's kappa for two, Krippendorff's alpha for any number.

Both compare how often people disagree with how often they would if they drew their verdicts at random from what is
said at large: 1 is perfect, 0 is chance, below 0 worse than chance. Alpha takes texts that some have not seen
(Krippendorff 2011, nominal data). Plain functions of plain data.
"""

from collections import Counter
from collections.abc import Sequence


def kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa of two people's verdicts on the same texts; None without texts, or where chance leaves no room."""
    if not pairs:
        return None
    n = len(pairs)
    agreed = sum(a == b for a, b in pairs) / n
    one, other = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(one[word] * other[word] for word in one) / (n * n)
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def alpha(units: Sequence[Sequence[str]]) -> float | None:
    """Krippendorff's alpha, nominal: one sequence of verdicts a text. Texts with fewer than two do not count."""
    pairable = [unit for unit in units if len(unit) > 1]
    total = sum(map(len, pairable))
    words = Counter(word for unit in pairable for word in unit)
    if total < 2:
        return None
    disagreed = 0.0
    for unit in pairable:
        counts = Counter(unit)
        disagreed += sum(n * (len(unit) - n) for n in counts.values()) / (len(unit) - 1)
    expected = sum(n * (total - n) for n in words.values()) / (total - 1)
    return None if expected == 0 else 1 - disagreed / expected

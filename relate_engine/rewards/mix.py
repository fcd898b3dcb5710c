"""From scorecards to an order: how rewards combine, and which texts are shown.

Ranking is a weighted mean of rewards; showing takes the best that differ (maximal marginal relevance,
Carbonell & Goldstein 1998). Weights are a choice of this project, not of the paper: truth and fit to the
brief weigh most because today's CTR effect on ads is weak evidence.
Leaves out: the rewards themselves; credit for training (a later round).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from relate_engine.rewards.diversity import jaccard
from relate_engine.rewards.words import STOP, sentences, spoken, stem
from relate_engine.scorecard import Scorecard

WEIGHTS = {
    "correctness": 0.25,
    "relevance": 0.30,
    "compliance": 0.20,
    "structure": 0.05,
    "diversity": 0.05,
    "ctcvr": 0.15,
}
SAME = 0.6  # word-set Jaccard above which two texts count as the same text
ACCEPTED = 2 / 3  # weight of the editor's likely verdict beside the rewards: a text nobody would run has no reward
SPREAD = 0.35  # how much likeness to a chosen text costs (MMR's 1 - lambda)
MOST = 2 / 3  # of the words of a sentence: who says these has said it

_GOOD = {
    "correctness": "every fact is in the brief",
    "relevance": "it stays closest to the brief",
    "compliance": "no issue was found",
    "structure": "it fits the slot well",
    "diversity": "it says something the others do not",
    "ctcvr": "its wording is predicted to draw more clicks",
    "accepted": "it reads like lines an editor kept",
}
_BAD = {
    "correctness": "a fact or spelling needs a look",
    "relevance": "it is further from the brief than the others",
    "compliance": "it carries a caution",
    "structure": "it runs past the fold",
    "diversity": "it repeats words of the other texts",
    "ctcvr": "its wording is predicted to draw fewer clicks",
    "accepted": "it reads less surely than the others",
}


def rank_of(rewards: dict[str, float]) -> float:
    """The ranking score in [0, 1]: the weighted mean of the rewards there are."""
    there = {name: weight for name, weight in WEIGHTS.items() if name in rewards}
    return sum(weight * rewards[name] for name, weight in there.items()) / sum(there.values())


def distinct(texts: Iterable[str], new: bool = False) -> int:
    """How many of the texts are left when each near-copy of an earlier one is taken out. `new`: each, too, of which
    earlier ones tell every sentence, such as their beginnings."""
    kept: list[str] = []
    for text in texts:
        if all(jaccard(text, k) <= SAME for k in kept) and not (new and all(_told(text, kept) or [0])):
            kept.append(text)
    return len(kept)


def weighed(cards: Sequence[Scorecard], accepted: Mapping[str, float]) -> list[Scorecard]:
    """The cards with `accepted` in their rank: by text, how likely an editor would run it (policy/acceptance.py). A
    text without one, such as a person's, is ranked by its rewards alone."""
    return [replace(c, rank=(1 - ACCEPTED) * c.rank + ACCEPTED * accepted.get(c.text, c.rank)) for c in cards]


def choose(
    cards: Sequence[Scorecard], count: int, taken: Sequence[str] = (), accepted: Mapping[str, float] | None = None
) -> tuple[list[Scorecard], dict[str, str]]:
    """The best `count` that differ, best first, and why each of the others is not among them (by text).

    `taken`: texts already chosen elsewhere in the ad. `accepted`: as in `weighed`, for the words about the rank.
    """
    left = sorted(cards, key=lambda c: c.rank, reverse=True)
    chosen: list[Scorecard] = []
    why: dict[str, str] = {}
    while left and len(chosen) < count:
        shown = [*taken, *(c.text for c in chosen)]
        best, best_value = None, float("-inf")
        for card in list(left):
            likeness = max((jaccard(card.text, t) for t in shown), default=0.0)
            if likeness > SAME:
                twin = max(shown, key=lambda t: jaccard(card.text, t))
                why[card.text] = f"too close to “{twin}”"
                left.remove(card)
                continue
            if (now := card.rank - SPREAD * max(likeness, _said_already(card.text, shown))) > best_value:
                best, best_value = card, now
        if best is not None:
            chosen.append(best)
            left.remove(best)
    why |= {c.text: f"ranked below the {count} shown" for c in left}
    return ranked(chosen, accepted), why


def ranked(cards: Sequence[Scorecard], accepted: Mapping[str, float] | None = None) -> list[Scorecard]:
    """Cards of one slot, best first, each with a plain sentence for its place; blocked ones stand last.

    `accepted`: as in `weighed`, for the words about the rank.
    """
    group = [cards[at] for at in order(cards)]
    return [replace(c, rank_words=_words(c, group, place, accepted or {})) for place, c in enumerate(group, 1)]


def order(cards: Sequence[Scorecard]) -> list[int]:
    """Where the cards of `ranked` stood among those given, best first."""
    return sorted(range(len(cards)), key=lambda at: (cards[at].compliance.level == "blocked", -cards[at].rank))


def _said_already(text: str, shown: Sequence[str]) -> float:
    """How many of the shown texts say what the text says: the mean over its sentences. Two long texts that share one
    of two sentences have few words in common as wholes, and so have a text and its beginning; a fact is worn out with
    every text that tells it."""
    told = _told(text, shown)
    return sum(told) / len(told) if told else 0.0


def _told(text: str, shown: Sequence[str]) -> list[int]:
    """By each sentence of the text that means something: how many of the shown texts say it."""
    theirs = [[_meant(o) for o in sentences(t)] for t in shown]
    own = [said for s in sentences(text) if (said := _meant(s))]
    return [sum(any(len(said & o) >= MOST * len(said) for o in others) for others in theirs) for said in own]


@lru_cache(maxsize=4096)
def _meant(sentence: str) -> frozenset[str]:
    """Stems of the words that carry meaning, and the numbers."""
    return frozenset(stem(w) for w in spoken(sentence).split() if w not in STOP)


def _words(card: Scorecard, group: Sequence[Scorecard], place: int, accepted: Mapping[str, float]) -> str:
    """A plain sentence for the rank, wherever a page shows the text: what lifts it most, and what holds it back."""
    if card.compliance.level == "blocked":
        return f"Ranked {place} of {len(group)}: it is blocked, and blocked texts stand last."
    if len(group) == 1:
        return "Ranked 1 of 1: no other text stands beside it."
    gaps = {
        name: weight * (card.rewards[name] - sum(c.rewards[name] for c in group) / len(group))
        for name, weight in WEIGHTS.items()
        if name in card.rewards
    }
    if card.text in accepted:
        gaps["accepted"] = accepted[card.text] - sum(accepted.get(c.text, 0) for c in group) / len(group)
    up, down = max(gaps, key=lambda n: gaps[n]), min(gaps, key=lambda n: gaps[n])
    parts = []
    if gaps[up] > 0.004:
        parts.append(_GOOD[up])
    if gaps[down] < -0.004:
        parts.append(("but " if parts else "") + _BAD[down])
    reason = ", ".join(parts) or "little sets it apart from its neighbours"
    return f"Ranked {place} of {len(group)}: {reason}."

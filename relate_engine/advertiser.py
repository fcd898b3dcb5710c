"""A simulated advertiser with a hidden taste: does the writer learn what one person likes from their verdicts?

The taste is drawn by a seed and told to nobody: not to the writer, the rewards or the judges. With
    s = width / the width that the slot aims at,  d = 1 where the text speaks to its reader (opens with a word of
    IMPERATIVES or says you, your), p = how many different phrases it holds that this advertiser dislikes
a text is accepted with the probability
    σ(STEEP · (liked - s) + tone · d - dislike · min(p, 2))
so short and direct texts are liked, and PHRASES of the list, all common in what the shipped writer drafts, are not.
A verdict is drawn from that probability by the hash of seed and text: the same text gets the same verdict, and people
who know what they like still err.

What is compared is the acceptance (the mean probability, so no luck of a draw) of new texts for briefs that nobody
judged, before and after a round, brief by brief. A text that shares five words in a row with a judged one, or is one,
is left out of both sides: the taste must have been learned, not the texts.
Leaves out: the round (rounds.py), the studio around it (app/services/advertiser.py), and people: this taste is
simpler and steadier than anybody's.
"""

import hashlib
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from relate_engine.brief import Brief, supported_angles, width
from relate_engine.draft import Writer
from relate_engine.gate import paired
from relate_engine.policy.prompt import TEMPLATES
from relate_engine.policy.writer import wanted
from relate_engine.refusal import refusal
from relate_engine.rewards.readable import readable
from relate_engine.rewards.rules import RuleSet
from relate_engine.scorecard import AdText
from relate_engine.training.textstats import tokens

STEEP = 8.0  # log-odds for a text shorter by the whole width its slot aims at
DISLIKED = 5  # phrases of a taste
PHRASES = ("and a", "and", "costs", "for", "free", "from", "has", "no", "of", "one", "sells", "up to", "with", "with a")
_OPENERS = """add ask bake book borrow bring build buy call carry catch change charge choose clean compare cook
cover cut discover download drink drive eat end enjoy feel find finish fit fix get give go grow hang have hear help hire
hold join keep know learn leave let lift light live lock look make measure meet move order own pack park pay
pick plan plant play pour print protect pull put reach read rent ride run save see sell send set shop skip sleep
slide start stay stop store swap take talk taste tell track travel trust try tune turn use visit walk wash watch
wear work write"""
IMPERATIVES = frozenset(_OPENERS.split())
NOVEL = 5  # words in a row that no new text may share with a judged one
_YOU = re.compile(r"\b(?:you|your|yours)\b", re.I)


@dataclass(frozen=True)
class Taste:
    """What one advertiser likes. `liked`: share of the aimed width at which length alone is a coin's throw."""

    seed: int
    liked: float
    tone: float  # log-odds for a direct text
    dislike: float  # log-odds against a disliked phrase
    phrases: tuple[str, ...]

    def accepts(self, placement: str, slot: str, text: str) -> float:
        """The probability that this advertiser takes the text."""
        share = width(text) / TEMPLATES[placement, slot].aim
        odds = STEEP * (self.liked - share) + self.tone * direct(text) - self.dislike * min(2, self.dislikes(text))
        return 1 / (1 + math.exp(-odds))

    def verdict(self, placement: str, slot: str, text: str) -> bool:
        """Pick or reject, always the same for the same text."""
        digest = hashlib.sha256(f"{self.seed}\0{text}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64 < self.accepts(placement, slot, text)

    def dislikes(self, text: str) -> int:
        """How many different disliked phrases the text holds, in whole words."""
        words = f" {' '.join(tokens(text))} "
        return sum(f" {p} " in words for p in self.phrases)


def taste_of(seed: int) -> Taste:
    """The taste of a seed."""
    chance = random.Random(f"taste {seed}")
    return Taste(
        seed,
        round(chance.uniform(0.55, 0.75), 3),
        round(chance.uniform(1.0, 2.0), 3),
        round(chance.uniform(2.0, 3.0), 3),
        tuple(sorted(chance.sample(PHRASES, DISLIKED))),
    )


def direct(text: str) -> bool:
    """Whether a text speaks to its reader: an imperative first, or you and your."""
    words = tokens(text)
    return bool(words) and (words[0] in IMPERATIVES or bool(_YOU.search(text)))


def drafted(
    policy: Writer, rules: RuleSet, brief: Brief, counts: Mapping[str, int], seed: int, temperature: float
) -> list[AdText]:
    """At most `counts[slot]` different texts a slot, as the writer drafts them when it serves, before any choice:
    under its guards, without those that would be refused. Twice as many are sampled."""
    brief = readable(rules, brief)
    angles = supported_angles(brief)
    wishes = [w for slot, n in counts.items() for w in wanted(brief, slot, angles, 2 * n)]
    found: dict[str, list[AdText]] = {slot: [] for slot in counts}
    written = list(policy.write(brief, wishes, seed, temperature))
    random.Random(seed).shuffle(written)  # they come as they end, the short ones first
    seen: set[str] = set()
    for wish, sample in written:
        text, kept = sample.text, found[wish.slot]
        if sample.why or text.lower() in seen or len(kept) == counts[wish.slot]:
            continue
        seen.add(text.lower())
        if not refusal(rules, text, wish.slot, brief):
            kept.append(AdText(text, wish.slot, wish.angle, f"policy:{policy.version}"))
    return [text for kept in found.values() for text in kept]


@dataclass(frozen=True)
class _Judged:
    """Texts that were judged, as what a new text must differ from."""

    whole: frozenset[tuple[str, ...]]
    runs: frozenset[tuple[str, ...]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Judged":
        split = [tuple(tokens(t)) for t in texts]
        return cls(frozenset(split), frozenset(run for words in split for run in _runs(words)))

    def novel(self, text: str) -> bool:
        words = tuple(tokens(text))
        return words not in self.whole and self.runs.isdisjoint(_runs(words))


def _runs(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [words[i : i + NOVEL] for i in range(len(words) - NOVEL + 1)]


def compare(
    taste: Taste,
    briefs: Sequence[Brief],
    before: Sequence[Sequence[AdText]],
    after: Sequence[Sequence[AdText]],
    judged: Sequence[str],
) -> dict[str, Any]:
    """Acceptance of the novel texts of each brief before and after, with the paired interval over briefs.

    A brief of which one side has no novel text says nothing and is left out. ValueError where no brief is left."""
    known = _Judged.of(judged)
    kept: list[Brief] = []
    sides: tuple[list[list[AdText]], list[list[AdText]]] = ([], [])
    for brief, *both in zip(briefs, before, after, strict=True):
        old, new = ([t for t in some if known.novel(t.text)] for some in both)
        if old and new:
            kept.append(brief)
            sides[0].append(old)
            sides[1].append(new)
    means = [[_mean([_p(taste, b, t) for t in some]) for b, some in zip(kept, side, strict=True)] for side in sides]
    mean, low, high = paired(means[0], means[1])
    asked = [sum(map(len, side)) for side in (before, after)]
    told = [_side(taste, kept, side, n, values) for side, n, values in zip(sides, asked, means, strict=True)]
    return {
        "briefs": len(kept),
        "before": told[0],
        "after": told[1],
        "change": {"mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4)},
        "texts": [
            {"brief": b.product, "before": [t.text for t in old], "after": [t.text for t in new]}
            for b, old, new in zip(kept, *sides, strict=True)
        ],
    }


def _p(taste: Taste, brief: Brief, text: AdText) -> float:
    return taste.accepts(brief.placement, text.slot, text.text)


def _side(
    taste: Taste, briefs: Sequence[Brief], side: Sequence[Sequence[AdText]], asked: int, means: Sequence[float]
) -> dict[str, Any]:
    """What one writer's novel texts are like; `asked`: how many it drafted, the others being left out."""
    texts = [(b, t) for b, some in zip(briefs, side, strict=True) for t in some]
    return {
        "acceptance": round(_mean(means), 4),
        "texts": len(texts),
        "left_out": asked - len(texts),
        "width_of_aim": round(_mean([width(t.text) / TEMPLATES[b.placement, t.slot].aim for b, t in texts]), 4),
        "direct": round(_mean([direct(t.text) for _, t in texts]), 4),
        "disliked": round(_mean([taste.dislikes(t.text) > 0 for _, t in texts]), 4),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def told_of(taste: Taste) -> dict[str, Any]:
    """The taste for a report, written after everything is measured."""
    return asdict(taste) | {"steep": STEEP}

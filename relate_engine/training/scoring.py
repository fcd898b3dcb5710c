"""The scorecard as GRPO's reward: what serving shows an advertiser is what the policy is trained on.

One call of `score_texts` for each group, so that group mates are each other's mates in diversity too. Serving never
shows a text twice and so never holds it against itself; a policy that writes one text eight times must be told, so
here a copy counts as a mate.
Leaves out: which rewards an arm uses and what they weigh (credit.py, judge.py).
"""

from collections.abc import Sequence
from dataclasses import replace

from relate_engine.rewards.diversity import diversity
from relate_engine.score import Rewards, score_texts
from relate_engine.scorecard import AdText, Scorecard, value_of
from relate_engine.training.judge import Sampled, Score

AUTHOR = "policy:in training"


def scorer(rewards: Rewards, served: Sequence[str] = ()) -> Score:
    """The Score of these rewards. `served`: texts the audience has seen, which are not to be repeated."""

    def score(asked: list[Sampled]) -> list[Scorecard]:
        groups: dict[tuple[object, ...], list[int]] = {}
        for i, one in enumerate(asked):
            groups.setdefault(one[:3], []).append(i)
        cards: dict[int, Scorecard] = {}
        for members in groups.values():
            brief = asked[members[0]].brief
            texts = [AdText(asked[i].text, asked[i].slot, asked[i].angle, AUTHOR) for i in members]
            for i, card in zip(members, score_texts(rewards, brief, texts, served), strict=True):
                mates = [asked[j].text for j in members if j != i]
                cards[i] = _as_copy(card, mates, served) if card.text in mates else card
        return [cards[i] for i in range(len(asked))]

    return score


def _as_copy(card: Scorecard, mates: Sequence[str], served: Sequence[str]) -> Scorecard:
    """The card of a text that a mate repeats word for word."""
    others = tuple(f for f in card.findings if f.reward != "diversity")
    found = diversity(card.text, mates, served)
    return replace(card, findings=(*others, *found), rewards=card.rewards | {"diversity": value_of(found)})

"""The scorecard as GRPO's reward: what serving shows an advertiser is what the policy is trained on.

Only diversity is stricter than on a card. The mates of a text are all texts of its brief and slot in the generation
batch, from whichever angle, as an ad shows them side by side. Serving never shows a text twice and so never holds it
against itself; a policy that writes one text eight times must be told, so here a copy counts as a mate. And in a slot
that holds about five words, two shared with a mate are a run.
Leaves out: which rewards an arm uses and what they weigh (credit.py, judge.py).
"""

from collections.abc import Sequence
from dataclasses import replace

from relate_engine.brief import placement_of
from relate_engine.rewards.diversity import RUN, diversity
from relate_engine.score import Rewards, score_texts
from relate_engine.scorecard import AdText, Scorecard, value_of
from relate_engine.training.judge import Sampled, Score

AUTHOR = "policy:in training"
SHORT, SHORT_RUN = 40, 2  # visible width up to which a slot is short; words of a run there


def scorer(rewards: Rewards, served: Sequence[str] = ()) -> Score:
    """The Score of these rewards. `served`: texts the audience has seen, which are not to be repeated."""

    def score(asked: list[Sampled]) -> list[Scorecard]:
        ads: dict[tuple[object, ...], list[int]] = {}
        for i, one in enumerate(asked):
            ads.setdefault((one.brief, one.slot), []).append(i)
        cards: dict[int, Scorecard] = {}
        for members in ads.values():
            brief, slot = asked[members[0]].brief, asked[members[0]].slot
            texts = [AdText(asked[i].text, slot, asked[i].angle, AUTHOR) for i in members]
            run = SHORT_RUN if placement_of(brief.placement).slot(slot).visible <= SHORT else RUN
            for i, card in zip(members, score_texts(rewards, brief, texts, served), strict=True):
                cards[i] = _among(card, [asked[j].text for j in members if j != i], served, run)
        return [cards[i] for i in range(len(asked))]

    return score


def _among(card: Scorecard, mates: Sequence[str], served: Sequence[str], run: int) -> Scorecard:
    """The card with the diversity of a text in training."""
    others = tuple(f for f in card.findings if f.reward != "diversity")
    found = diversity(card.text, mates, served, run)
    return replace(card, findings=(*others, *found), rewards=card.rewards | {"diversity": value_of(found)})

"""From a batch of sampled texts to what the policy loss needs: sentence rewards, and z of every token.

The scorecard is the one source of rewards: `score` is called once for all texts of a generation batch, and the
reward functions that TRL calls one after another only read what it gave. Sentence rewards, each in [0, 1]:
    length = min(1, w / (fill · v))              for w ≤ v      w = width, v = the fold of the slot
           = exp(-(w - v) / (slack · v))         beyond it
    format = 1 + amounts of the structure findings but the fold's, floored at 0; 0 for more than one line
    ctr    = the scorecard's predicted CTR                               0 for a text over the slot's hard limit:
    ctcvr  = the scorecard's: P(the text beats a typical one)            it cannot run, so nobody clicks or buys
A text that did not end, or is empty, is shown to nobody: it earns 0 of each and is not scored. A text that could
not be scored (the reward failed, or gave a value that is no number) is left out of its group's mean and teaches
nothing; if that befalls a whole batch, training stops.
Leaves out: the equations of credit (credit.py).
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Any, NamedTuple

from relate_engine.brief import Angle, Brief
from relate_engine.scorecard import Scorecard, value_of
from relate_engine.training.credit import Arm, credits_of, spell

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
FOLD = "FMT-007"  # the structure finding that the length reward stands for
# Which definition of the rewards this is, told by every run trained on them; raise it with each change above or in
# scoring.py. 1: a text over the slot's limit earned its predicted ctr and ctcvr. 2: it earns 0 of both. 3: diversity is
# held against all texts of the brief and slot, and two words are a run in a headline.
DEFINITION = 3


class Sampled(NamedTuple):
    """One text to score, as the policy wrote it."""

    brief: Brief
    slot: str
    angle: Angle
    text: str


Score = Callable[[list[Sampled]], Sequence[Scorecard]]


class RewardError(RuntimeError):
    """No text of a batch could be scored; its text says why and what to do."""


@dataclass(frozen=True)
class Verdict:
    """What came of one text. `card` is None if it did not end, is empty, or could not be scored."""

    text: str  # as it was written, without the blanks around it
    cover: list[tuple[int, int]]  # characters of the text by token, EOS included
    card: Scorecard | None
    asked: bool  # it ended and holds something, so a scorecard was asked for

    @property
    def unscored(self) -> bool:
        return self.asked and self.card is None


def length(card: Scorecard, arm: Arm) -> float:
    """How well the text fills its slot; see this file's equations."""
    if card.width <= card.visible:
        return min(1.0, card.width / (arm.fill * card.visible))
    return math.exp(-(card.width - card.visible) / (arm.slack * card.visible))


def form(card: Scorecard, arm: Arm) -> float:
    """Whether the text can be served as it stands; see this file's equations."""
    if "\n" in card.text.strip():
        return 0.0
    return value_of(f for f in card.findings if f.reward == "structure" and f.rule_id != FOLD)


def _if_it_runs(value: float, card: Scorecard) -> float:
    return value if card.width <= card.limit else 0.0


SENTENCE: dict[str, Callable[[Scorecard, Arm], float]] = {
    "length": length,
    "format": form,
    "ctr": lambda card, arm: _if_it_runs(card.ctr.mean, card),
    "ctcvr": lambda card, arm: _if_it_runs(card.rewards["ctcvr"], card),
}


@lru_cache(maxsize=512)
def _brief(text: str) -> Brief:
    return Brief.model_validate_json(text)


class Judge:
    """Scores each generation batch once; `verdicts` are of the last one, in the order of its rows."""

    def __init__(self, arm: Arm, score: Score, tokenizer: Any, ends: Sequence[int], group: int) -> None:
        if not arm.sentence or not arm.sentence.keys() <= SENTENCE.keys():
            raise ValueError(f"Arm '{arm.name}' needs at least one sentence reward of: {', '.join(SENTENCE)}.")
        self.arm, self.score, self.tokenizer, self.group = arm, score, tokenizer, group
        self.ends = frozenset(ends)
        self.verdicts: list[Verdict] = []

    def reward_functions(self) -> list[Callable[..., list[float | None]]]:
        """One function for each sentence reward of the arm, in its order, as TRL calls them."""
        return [self._function(name, first=n == 0) for n, name in enumerate(self.arm.sentence)]

    def _function(self, name: str, first: bool) -> Callable[..., list[float | None]]:
        def reward(
            completion_ids: list[list[int]],
            brief: list[str],
            slot: list[str],
            angle: list[Angle],
            log_metric: Callable[[str, float], None],
            **_: Any,
        ) -> list[float | None]:
            if first:
                self.judge(completion_ids, [_brief(b) for b in brief], slot, angle)
                self._measure(log_metric)
            return [self.rewards_of(v).get(name) for v in self.verdicts]

        reward.__name__ = name  # what TRL logs it under
        return reward

    def rewards_of(self, verdict: Verdict) -> dict[str, float]:
        """The arm's sentence rewards of one text by name; {} if it could not be scored."""
        return {} if verdict.unscored else {name: self._value(name, verdict.card) for name in self.arm.sentence}

    def _value(self, name: str, card: Scorecard | None) -> float:
        return SENTENCE[name](card, self.arm) if card else 0.0

    def judge(
        self, ids: Sequence[Sequence[int]], briefs: Sequence[Brief], slots: Sequence[str], angles: Sequence[Angle]
    ) -> None:
        """Sets `verdicts`. `ids`: the sampled tokens of each text, EOS included if it ended."""
        written, asked, covers = [], [], []
        for row in ids:
            ended = bool(row) and row[-1] in self.ends
            text, cover = spell(self.tokenizer, row[:-1] if ended else row)
            if ended:
                cover.append((len(text), len(text)))
            lead, scored = len(text) - len(text.lstrip()), text.strip()
            covers.append([(min(max(a - lead, 0), len(scored)), min(max(b - lead, 0), len(scored))) for a, b in cover])
            written.append(scored)
            asked.append(scored if ended else "")
        rows = [Sampled(*row) for row in zip(briefs, slots, angles, asked, strict=True)]
        cards = self._cards(rows)
        self.verdicts = [Verdict(written[i], c, cards.get(i), bool(asked[i])) for i, c in enumerate(covers)]

    def _cards(self, rows: Sequence[Sampled]) -> dict[int, Scorecard]:
        """By row: the usable scorecards of the rows that hold a text. One batch; if that fails, group by group."""
        wanted = [i for i, row in enumerate(rows) if row.text]
        if not wanted:
            return {}
        why = "a value is not a number"
        try:
            cards = self._asked(rows, wanted)
        except Exception as error:
            why, cards = str(error) or type(error).__name__, {}
            for start in range(0, len(rows), self.group):
                try:
                    cards |= self._asked(rows, [i for i in wanted if start <= i < start + self.group])
                except Exception as again:
                    why = str(again) or type(again).__name__
                    log.warning("A group of %d texts was not scored and teaches nothing: %s", self.group, why)
        usable = {i: card for i, card in cards.items() if self._is_usable(card)}
        if not usable:
            raise RewardError(
                f"None of {len(wanted)} sampled texts could be scored ({why}); training stopped at its last "
                "checkpoint. Mend the reward, then resume."
            )
        return usable

    def _asked(self, rows: Sequence[Sampled], wanted: Sequence[int]) -> dict[int, Scorecard]:
        cards = self.score([rows[i] for i in wanted]) if wanted else []
        if len(cards) != len(wanted):
            raise ValueError(f"{len(wanted)} texts were given to be scored and {len(cards)} scorecards came back")
        return dict(zip(wanted, cards, strict=True))

    def _is_usable(self, card: Scorecard) -> bool:
        values = [self._value(name, card) for name in self.arm.sentence]
        amounts = [f.amount for f in card.findings if f.credit and f.reward in self.arm.token]
        return all(map(math.isfinite, values + amounts))

    def _measure(self, log_metric: Callable[[str, float], None]) -> None:
        cards = [v.card for v in self.verdicts if v.card]
        log_metric("judged/ended", sum(v.asked for v in self.verdicts) / len(self.verdicts))
        log_metric("judged/unscored", sum(v.unscored for v in self.verdicts) / len(self.verdicts))
        if cards:
            log_metric("judged/blocked", sum(c.compliance.level == "blocked" for c in cards) / len(cards))
            for name in cards[0].rewards:
                values = [c.rewards[name] for c in cards]
                log_metric(f"judged/{name}", fmean(values))
                log_metric(f"judged/{name}_std", pstdev(values))

    def credits(self, width: int) -> tuple["torch.Tensor", "torch.Tensor"]:
        """(B, `width`) z, and bool: the tokens that count, which are those of scored texts."""
        import torch  # here: the Words page reads the sentence rewards above without it

        z = torch.zeros(len(self.verdicts), width)
        counted = torch.zeros(len(self.verdicts), width, dtype=torch.bool)
        for i, verdict in enumerate(self.verdicts):
            if verdict.card:
                n = len(verdict.cover)
                z[i, :n] = torch.tensor(credits_of(verdict.card.findings, verdict.cover, self.arm.token))
                counted[i, :n] = True
        return z, counted

"""A policy on held-out briefs, judged by what it was trained on and by judges that training never sees.

Raw samples, as in training: temperature 1, no guards, drops or choice, so what the policy itself does is seen. For
each brief its texts give one value of each metric:
    reward              P(the text beats a typical one): the reward model's, which training sees
    clicks              the second evaluator's log-odds
    sales               the held-out evaluator's CTCVR log-odds, only where campaign results have taught one
A text that did not end, or is over its slot's hard limit, is shown to nobody. It counts in these three, as 0 of
`reward`, as in training, and in log-odds as the evaluator's floor: its 1st percentile on ordinary texts (`floor_of`),
as if it were one of the worst texts that do run. Nothing true can be lower than nothing, so any floor is a choice; this
one cannot be earned by writing less and does not drown what the texts that run have earned.
Of the texts that ended (0 where none did):
    blocked_rules       share with a compliance finding that blocks
    blocked_classifier  share that the second classifier calls a violation
    wrong_facts         share with a correctness finding
    exceptions          share with the words of a rule's exception, where the judges know the rules
    over_limit          share over the hard limit of their slot
    ended               share of all samples that come to an end
    distinct2           Distinct-2 of the brief's texts (training/textstats.py)
    length              mean width
A text whose reward is no number is left out of all but `ended`: the reward failed, not the text.
Leaves out: what is held out (snapshot.py) and what follows from it (gate.py).
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel

from relate_engine.brief import Angle, Brief, BriefError, placement_of, supported_angles
from relate_engine.policy.int8 import Int8Twin
from relate_engine.policy.memory import release
from relate_engine.policy.model import device, load_nf4, load_tokenizer, put_adapter, training_dtype
from relate_engine.policy.prompt import TEMPLATES, prompt
from relate_engine.policy.writer import wanted
from relate_engine.rewards.rules import RuleSet
from relate_engine.scorecard import Scorecard
from relate_engine.snapshot import product_of
from relate_engine.training.judge import RewardError, Sampled, Score
from relate_engine.training.rollouts import completions_of
from relate_engine.training.sharedloss import shared_logps
from relate_engine.training.textstats import distinct_2

Rater = Callable[[Sequence[str]], np.ndarray]  # (N,) a number a text
Values = dict[str, list[float]]  # by metric, a value for each held-out brief
Report = Callable[[float, str], None]  # share and message; may raise to end the judging
Tick = Callable[[int, int, str], None]  # done, of how many, what
ROWS = 16  # texts of one forward pass
FLOOR = 1.0  # percent


def _silent(done: int, total: int, what: str) -> None:
    """The Tick of who does not want to know."""


@dataclass(frozen=True)
class HeldPlan:
    """How a policy is sampled."""

    briefs: int = 16  # at most
    texts: int = 8  # of each slot of a brief, over its angles
    tokens: int = 48
    rollouts: str = "int8"  # int8 copy (CPU) or the model itself
    seed: int = 1


@dataclass(frozen=True)
class Judges:
    """Who judges. `score` is the training reward; the others no policy and no reward has learned from.

    `violations`: (N,) bool as numbers; `sales`: None where no campaign results have taught an evaluator, which
    `unsold` says. `floors`: of "clicks" and "sales", see this file's docstring.
    """

    score: Score
    clicks: Rater
    violations: Rater
    sales: Rater | None
    name: str  # of the evaluator that the gate names
    floors: Mapping[str, float]
    unsold: str = ""
    lineage: str = ""  # the shipped evaluator that the named one was made from
    excused: Rater | None = None  # (N,) bool as numbers: which texts hold a rule's exception (`excused_by`)


@dataclass(frozen=True)
class Written:
    """One raw sample: what was asked for and the sampled ids, EOS included if it ended."""

    brief: Brief
    slot: str
    angle: Angle
    prompt: list[int]
    ids: list[int]
    text: str  # "" if it did not end


class Writer:
    """An adapter on its base, for sampling and for log-probabilities. Raises BriefError where it does not load."""

    def __init__(self, base: str, adapter: Path) -> None:
        self.tokenizer: Any = load_tokenizer(base)
        self.model, state = put_adapter(load_nf4(base, training_dtype()), adapter, base)
        if not state.trained:
            raise BriefError(f"The writer cannot be judged: {state.problem}.")
        self.points = state.points
        self.model.eval()

    def write(self, briefs: Sequence[Brief], plan: HeldPlan, tick: Tick = _silent) -> list[Written]:
        """`plan.texts` raw samples for each slot of each brief; the same plan and weights give the same texts."""
        causal, ends = self._causal(), self._ends()
        if plan.rollouts == "int8" and device().type == "cpu":
            twin = Int8Twin(self.model)
            twin.refresh()
            causal = twin.model
        written = []
        for number, brief in enumerate(briefs):
            tick(number, len(briefs), "briefs written")
            angles = supported_angles(brief)
            slots = [s.name for s in placement_of(brief.placement).slots if s.name != "path"]
            asked = [w for slot in slots for w in wanted(brief, slot, angles, plan.texts)]
            texts = [
                prompt(brief, TEMPLATES[brief.placement, w.slot], w.angle, w.point if self.points else "")
                for w in asked
            ]
            prompts: list[list[int]] = [self.tokenizer.encode(t, add_special_tokens=False) for t in texts]
            generator = torch.Generator().manual_seed(plan.seed * 1_000_003 + number)
            made, _ = completions_of(causal, prompts, plan.tokens, ends, generator)
            for wish, start, ids in zip(asked, prompts, made, strict=True):
                text = self.tokenizer.decode(ids[:-1]).strip() if ids[-1] in ends else ""
                written.append(Written(brief, wish.slot, wish.angle, start, ids, text))
        return written

    @torch.no_grad()
    def logps(self, written: Sequence[Written], tick: Tick = _silent) -> np.ndarray:
        """(tokens of all samples,) their log-probabilities, one sample after another."""
        pad, found = self.tokenizer.pad_token_id, []
        for start in range(0, len(written), ROWS):
            tick(start, len(written), "texts compared")
            rows = written[start : start + ROWS]
            before, after = max(len(w.prompt) for w in rows), max(len(w.ids) for w in rows)
            ids = torch.full((len(rows), before + after), pad)
            seen = torch.zeros_like(ids)
            for k, w in enumerate(rows):
                here = slice(before - len(w.prompt), before + len(w.ids))
                ids[k, here], seen[k, here] = torch.tensor(w.prompt + w.ids), 1
            ids, seen = ids.to(device()), seen.to(device())
            logps, _ = shared_logps(self._causal(), ids, seen, after, 1.0, pad)
            found += [row[: len(w.ids)].float().cpu() for row, w in zip(logps, rows, strict=True)]
        return torch.cat(found).double().numpy()

    def _ends(self) -> frozenset[int]:
        """As in training: the tokenizer's end, and those that the base's generation settings name."""
        named = self.model.generation_config.eos_token_id
        return frozenset({self.tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])} - {None})

    def _causal(self) -> Any:
        return self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model


def judge(written: Sequence[Written], judges: Judges, tick: Tick = _silent) -> Values:
    """A value of each metric for each brief, in the order of the briefs. RewardError where one cannot be scored."""
    by_brief: dict[str, list[Written]] = {}
    for w in written:
        by_brief.setdefault(w.brief.model_dump_json(), []).append(w)
    values: Values = {}
    for number, group in enumerate(by_brief.values()):
        tick(number, len(by_brief), "briefs judged")
        for name, value in _of_brief(group, judges).items():
            values.setdefault(name, []).append(value)
    return values


def _of_brief(group: Sequence[Written], judges: Judges) -> dict[str, float]:
    whole = [w for w in group if w.text]
    scored = _scored(whole, judges.score) if whole else []
    texts, cards = [w.text for w, _ in scored], [c for _, c in scored]
    run = [c for c in cards if c.width <= c.limit]
    lost = len(group) - len(whole) + len(cards) - len(run)  # did not end, or over the limit

    def rated(rate: Rater, floor: float) -> float:
        return _mean([*(rate([c.text for c in run]) if run else ()), *[floor] * lost])

    blocked = [any(f.reward == "compliance" and f.severity == "block" for f in c.findings) for c in cards]
    wrong = [any(f.reward == "correctness" for f in c.findings) for c in cards]
    found = {
        "reward": _mean([*(c.rewards["ctcvr"] for c in run), *[0.0] * lost]),
        "clicks": rated(judges.clicks, judges.floors["clicks"]),
        "blocked_rules": _mean(blocked),
        "blocked_classifier": _mean(judges.violations(texts)) if texts else 0.0,
        "wrong_facts": _mean(wrong),
        "over_limit": _mean(c.width > c.limit for c in cards),
        "ended": len(whole) / len(group),
        "distinct2": distinct_2(texts) if texts else 0.0,
        "length": _mean(c.width for c in cards),
    }
    found |= {"exceptions": _mean(judges.excused(texts)) if texts else 0.0} if judges.excused else {}
    return found | ({"sales": rated(judges.sales, judges.floors["sales"])} if judges.sales else {})


def _scored(whole: Sequence[Written], score: Score) -> list[tuple[Written, Scorecard]]:
    """The texts with their scorecards; RewardError where none has a reward that is a number, or asking failed."""
    unscored = f"None of {len(whole)} held-out texts of a brief could be scored (%s). Mend the reward, then resume."
    try:
        cards = list(zip(whole, score([Sampled(w.brief, w.slot, w.angle, w.text) for w in whole]), strict=True))
    except Exception as error:  # whatever it was, as in training
        raise RewardError(unscored % (str(error) or type(error).__name__)) from error
    usable = [(w, c) for w, c in cards if math.isfinite(c.rewards["ctcvr"])]
    if not usable:
        raise RewardError(unscored % "a value is not a number")
    return usable


def floor_of(rate: Rater, ordinary: Sequence[str]) -> float:
    """What a text that nobody sees counts with this evaluator: the 1st percentile of its scores of ordinary texts."""
    return float(np.percentile(rate(ordinary), FLOOR))


def excused_by(rules: RuleSet) -> Rater:
    """Which texts hold the words of an exception of any rule for texts, whether or not the rule itself fires."""
    patterns = [r.unless for r in rules.rules if r.unless and "text" in r.subjects]
    return lambda texts: np.array([any(p.search(t) for p in patterns) for t in texts])


def _mean(values: Any) -> float:
    given = [float(v) for v in values]
    return sum(given) / len(given) if given else 0.0


def drawn(briefs: Sequence[Brief], plan: HeldPlan) -> list[Brief]:
    """The briefs that are judged, each once: one of every product, then a second of every product, and so on."""
    before = Counter[str]()
    turns: list[tuple[int, Brief]] = []
    for brief in {b.model_dump_json(): b for b in briefs}.values():
        turns.append((before[product_of(brief)], brief))
        before[product_of(brief)] += 1
    return [brief for _, brief in sorted(turns, key=lambda t: t[0])][: plan.briefs]


def measure(
    base: str,
    adapter: Path,
    briefs: Sequence[Brief],
    judges: Judges,
    plan: HeldPlan,
    report: Report = lambda share, message: None,
) -> Values:
    """What the policy writes for the briefs that are `drawn`, judged. `report`: before each is written, and judged."""
    written = Writer(base, adapter).write(drawn(briefs, plan), plan, _part(report, 0.0, 0.6))
    release()
    return judge(written, judges, _part(report, 0.6, 1.0))


def divergence(
    base: str,
    old: Path,
    new: Path,
    briefs: Sequence[Brief],
    plan: HeldPlan,
    report: Report = lambda share, message: None,
) -> float:
    """KL(new ‖ old) in nats a token, from new's own samples: the mean of e^d - 1 - d, d = log π_old - log π_new.

    `report`: before each brief is written, and before every ROWS texts under each of the two."""
    writer = Writer(base, new)
    written = writer.write(drawn(briefs, plan), plan, _part(report, 0.0, 0.6))
    own = writer.logps(written, _part(report, 0.6, 0.8))
    del writer
    release()
    d = Writer(base, old).logps(written, _part(report, 0.8, 1.0)) - own
    release()
    return float((np.expm1(d) - d).mean())


def _part(report: Report, begin: float, end: float) -> Tick:
    """Counts that are told as shares from `begin` to `end`."""
    return lambda done, total, what: report(begin + (end - begin) * done / total, f"{done} of {total} {what}")

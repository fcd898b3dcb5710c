"""A policy on held-out briefs, judged by what it was trained on and by judges that training never sees.

Raw samples, as in training: temperature 1, no guards, drops or choice, so what the policy itself does is seen. For
each brief its texts give one value of each metric (a text that does not end is shown to nobody; of a brief with no
ended text every value is 0):
    reward              P(the text beats a typical one): the reward model's, which training sees
    clicks              the second evaluator's log-odds
    sales               the held-out evaluator's CTCVR log-odds, only where campaign results have taught one
    blocked_rules       share with a compliance finding that blocks
    blocked_classifier  share that the second classifier calls a violation
    wrong_facts         share with a correctness finding
    exceptions          share with the words of a rule's exception, where the judges know the rules
    ended               share of all samples that come to an end
    distinct2           Distinct-2 of the brief's texts (training/textstats.py)
    length              mean width
Leaves out: what is held out (snapshot.py) and what follows from it (gate.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peft import PeftModel

from relate_engine.brief import Angle, Brief, BriefError, placement_of, supported_angles
from relate_engine.policy.int8 import Int8Twin
from relate_engine.policy.memory import release
from relate_engine.policy.model import device, load_nf4, load_tokenizer, put_adapter
from relate_engine.policy.prompt import TEMPLATES, prompt
from relate_engine.policy.writer import wanted
from relate_engine.rewards.rules import RuleSet
from relate_engine.training.judge import Sampled, Score
from relate_engine.training.rollouts import completions_of
from relate_engine.training.sharedloss import shared_logps
from relate_engine.training.textstats import distinct_2

Rater = Callable[[Sequence[str]], np.ndarray]  # (N,) a number a text
Values = dict[str, list[float]]  # by metric, a value for each held-out brief
ROWS = 16  # texts of one forward pass


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

    `violations`: (N,) bool as numbers; `sales`: None where no campaign results have taught an evaluator.
    """

    score: Score
    clicks: Rater
    violations: Rater
    sales: Rater | None
    name: str  # of the evaluator that the gate names
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
        self.model, state = put_adapter(load_nf4(base, torch.bfloat16), adapter, base)
        if not state.trained:
            raise BriefError(f"The writer cannot be judged: {state.problem}.")
        self.points = state.points
        self.model.eval()

    def write(self, briefs: Sequence[Brief], plan: HeldPlan) -> list[Written]:
        """`plan.texts` raw samples for each slot of each brief; the same plan and weights give the same texts."""
        causal, ends = self._causal(), self._ends()
        if plan.rollouts == "int8" and device().type == "cpu":
            twin = Int8Twin(self.model)
            twin.refresh()
            causal = twin.model
        written = []
        for number, brief in enumerate(briefs):
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
    def logps(self, written: Sequence[Written]) -> np.ndarray:
        """(tokens of all samples,) their log-probabilities, one sample after another."""
        pad, found = self.tokenizer.pad_token_id, []
        for start in range(0, len(written), ROWS):
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


def judge(written: Sequence[Written], judges: Judges) -> Values:
    """A value of each metric for each brief, in the order of the briefs."""
    by_brief: dict[str, list[Written]] = {}
    for w in written:
        by_brief.setdefault(w.brief.model_dump_json(), []).append(w)
    values: Values = {}
    for group in by_brief.values():
        for name, value in _of_brief(group, judges).items():
            values.setdefault(name, []).append(value)
    return values


def _of_brief(group: Sequence[Written], judges: Judges) -> dict[str, float]:
    whole = [w for w in group if w.text]
    texts = [w.text for w in whole]
    cards = judges.score([Sampled(w.brief, w.slot, w.angle, w.text) for w in whole]) if whole else []
    blocked = [any(f.reward == "compliance" and f.severity == "block" for f in c.findings) for c in cards]
    wrong = [any(f.reward == "correctness" for f in c.findings) for c in cards]
    found = {
        "reward": _mean(c.rewards["ctcvr"] for c in cards),
        "clicks": _mean(judges.clicks(texts)),
        "blocked_rules": _mean(blocked),
        "blocked_classifier": _mean(judges.violations(texts)),
        "wrong_facts": _mean(wrong),
        "ended": len(whole) / len(group),
        "distinct2": distinct_2(texts) if texts else 0.0,
        "length": _mean(c.width for c in cards),
    }
    found |= {"exceptions": _mean(judges.excused(texts))} if judges.excused else {}
    return found | ({"sales": _mean(judges.sales(texts))} if judges.sales else {})


def excused_by(rules: RuleSet) -> Rater:
    """Which texts hold the words of an exception of any rule for texts, whether or not the rule itself fires."""
    patterns = [r.unless for r in rules.rules if r.unless and "text" in r.subjects]
    return lambda texts: np.array([any(p.search(t) for p in patterns) for t in texts])


def _mean(values: Any) -> float:
    given = [float(v) for v in values]
    return sum(given) / len(given) if given else 0.0


def measure(base: str, adapter: Path, briefs: Sequence[Brief], judges: Judges, plan: HeldPlan) -> Values:
    """What the policy writes for the briefs, judged."""
    values = judge(Writer(base, adapter).write(briefs[: plan.briefs], plan), judges)
    release()
    return values


def divergence(base: str, old: Path, new: Path, briefs: Sequence[Brief], plan: HeldPlan) -> float:
    """KL(new ‖ old) in nats a token, from new's own samples: the mean of e^d - 1 - d, d = log π_old - log π_new."""
    writer = Writer(base, new)
    written = writer.write(briefs[: plan.briefs], plan)
    own = writer.logps(written)
    del writer
    release()
    d = Writer(base, old).logps(written) - own
    release()
    return float((np.expm1(d) - d).mean())

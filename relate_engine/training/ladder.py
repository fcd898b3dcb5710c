"""The paper's ablation ladder: the same start, rewards, steps and seeds, and only the arm's credit differs.

Arms (credit.ARMS): ctr, m1, m2, m3, m4, relate; beside them `sft`, the common start itself. The rewards of a run are
the studio's, with a reward model taught by campaigns drawn from a simulator (results/simulated.py) on training briefs,
in which the start's own texts ran too: taught by finished texts alone it knows little of a writer that garbles and
exaggerates. What is reported about clicks and sales is the simulator's own truth, on held-out briefs. Headlines of a
search ad are written. Raw: as they come, at temperature 1, no guards, no drops, no choice. Served: what the studio
would show of the writer (draft.py), on every fifth brief. A text that holds nothing, did not end or runs over the
slot's hard limit cannot be uploaded, so it draws no clicks and no sales; a slot left empty draws none either.

    ctr, ctcvr            the simulator's P(click), P(click) · P(purchase | click)
    blocked_rules         share with a compliance finding that blocks       blocked_classifier   share the second
    wrong_facts           share with a correctness finding                  classifier calls a violation
    distinct2, self_bleu  of a brief's texts; self_bleu_history: against texts that ran before (training corpus)
    kl                    nats a text, mean of log π(y) - log π_start(y) over its own samples; length: characters

Intervals (95 %) draw seeds again, then briefs. Paired figures draw the same seeds and briefs for both arms: `ctr` and
`ctcvr` as relative change, the others as differences. One seed gives an interval over briefs only.
Leaves out: files and who calls it (app/services/ladder.py). Paper: RELATE (arXiv 2602.11780), ablation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from relate_engine.brief import Brief, placement_of, supported_angles, width
from relate_engine.draft import Drafted, draft
from relate_engine.evaluators.compliance import Evaluator
from relate_engine.policy.writer import Policy, Wish, one_each, wanted
from relate_engine.results.simulated import AdSet, draw
from relate_engine.rewards.learned import RewardModel
from relate_engine.score import Rewards, score_texts
from relate_engine.scorecard import AdText, Scorecard
from relate_engine.simulator import Simulator
from relate_engine.training.corpus import Entry
from relate_engine.training.grpo_plan import GrpoPlan, Task
from relate_engine.training.rewards import Setting, fit_rewards
from relate_engine.training.simulation import headline_sets
from relate_engine.training.textstats import References, bleu, distinct_2, self_bleu

METRICS = ("ctr", "ctcvr", "blocked_rules", "blocked_classifier", "wrong_facts", "distinct2", "self_bleu",
           "self_bleu_history", "kl", "length", "over_limit")  # fmt: skip
RELATIVE = frozenset({"ctr", "ctcvr"})
PAIRS = (("relate", "sft"), ("relate", "m4"), ("m4", "sft"), ("ctr", "sft"), ("relate", "ctr"))
TEXTS = 4  # of each held-out brief
SERVED = 5  # every so many of them is also drafted as the studio would
IMPRESSIONS = 20_000  # of each text that teaches the reward model
DRAWS = 2_000
PLAN = GrpoPlan(steps=60, tokens=24, learning_rate=1e-4, beta=0.04)
Say = Callable[[str], None]


def search(brief: Brief) -> Brief:
    """The brief as one for a search ad."""
    return brief.model_copy(update={"placement": "google_rsa"})


def tasks_of(entries: Sequence[Entry]) -> list[Task]:
    """A headline from every angle that each training brief supports, about one point each."""
    briefs = [search(e.brief) for e in entries if e.split == "train"]
    return [Task(b, wish.slot, wish.angle, wish.point) for b in briefs for wish in one_each(b, "headline")]


def teach(
    setting: Setting, simulator: Simulator, entries: Sequence[Entry], ran: Mapping[str, Sequence[str]], seed: int = 0
) -> RewardModel:
    """A reward model of simulated campaigns: the headlines of the training corpus and, by brief id, what writers had
    drafted (`ran`), the texts of each brief against each other."""
    train = [e for e in entries if e.split == "train"]
    sets = headline_sets(train)
    for entry in train:
        texts = tuple(dict.fromkeys(ran.get(entry.id, ())))
        if len(texts) > 1:
            sets.append(AdSet(search(entry.brief), "headline", texts))
    return fit_rewards(draw(simulator, sets, IMPRESSIONS, seed), replace(setting, source="simulated"))


def could_run(policy: Policy, entries: Sequence[Entry], seed: int = 0, say: Say = print) -> dict[str, list[str]]:
    """By id of each training brief raw headlines of `policy`, but those that could not be uploaded."""
    found = {}
    for number, entry in enumerate(e for e in entries if e.split == "train"):
        brief = search(entry.brief)
        texts = [s.text.strip() for _, s in raw_samples(policy, brief, seed + number) if not s.why]
        limit = placement_of(brief.placement).slot("headline").limit
        found[entry.id] = [t for t in texts if t and width(t) <= limit]
        if number % 50 == 49:
            say(f"the start has written for {number + 1} training briefs")
    return found


def raw_samples(policy: Policy, brief: Brief, seed: int) -> list[tuple[Wish, Any]]:
    """TEXTS headlines as the policy writes them, spread over the brief's angles."""
    angles = supported_angles(brief)
    return list(policy.write(brief, wanted(brief, "headline", angles, TEXTS), seed, raw=True))


@dataclass(frozen=True)
class Bench:
    """What judges every run alike. `history`: texts that ran before."""

    rewards: Rewards
    second: Evaluator
    simulator: Simulator
    briefs: Mapping[str, Brief]
    history: References


def judge_raw(policy: Policy, start: Policy | None, bench: Bench, seed: int, say: Say = print) -> dict[str, Any]:
    """Metrics of each brief by its id, and some of the texts. `start` None: the policy is the start itself."""
    rows: dict[str, dict[str, float]] = {}
    shown: list[dict[str, str]] = []
    for number, (name, whole) in enumerate(bench.briefs.items()):
        brief = search(whole)
        samples = raw_samples(policy, brief, 1_000 * seed + number)
        away = 0.0
        if start:
            # both one text at a time: int8 numbers depend on what else is in the batch, and cancel only so
            own, first = (np.array([sum(p.logprobs(brief, w, s.ids)) for w, s in samples]) for p in (policy, start))
            away = float((own - first).mean())
        written = [(w, s) for w, s in samples if s.text.strip()]
        texts = [AdText(s.text.strip(), "headline", w.angle, "policy:ladder") for w, s in written]
        cards = score_texts(bench.rewards, brief, texts, path=policy.path)
        rows[name] = _figures(brief, cards, bench, [not s.why for _, s in written]) | {"kl": away}
        if number < 20:
            shown += [{"brief": name, "text": c.text} for c in cards]
        if number % 20 == 19:
            say(f"{number + 1} of {len(bench.briefs)} briefs written and judged")
    return {"briefs": _rounded(rows), "texts": shown}


def judge_served(policy: Policy, bench: Bench, seed: int, say: Say = print) -> dict[str, Any]:
    """As `judge_raw`, of what the studio would show; without the KL, as guards and choice have changed the texts."""
    rows: dict[str, dict[str, float]] = {}
    shown: list[dict[str, str]] = []
    for number, (name, whole) in enumerate([*bench.briefs.items()][::SERVED]):
        brief = search(whole)
        *_, last = draft(policy, bench.rewards, brief, {"headline": TEXTS}, 1_000 * seed + number)
        if not isinstance(last, Drafted):
            raise AssertionError("a draft ends with what is shown")
        cards = last.draft.candidates
        rows[name] = _figures(brief, cards, bench, [True] * len(cards))
        shown += [{"brief": name, "text": c.text} for c in cards]
        if number % 10 == 9:
            say(f"{number + 1} briefs drafted as served")
    return {"briefs": _rounded(rows), "texts": shown}


def _rounded(rows: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {name: {k: round(v, 6) for k, v in row.items()} for name, row in rows.items()}


def _figures(brief: Brief, cards: Sequence[Scorecard], bench: Bench, ended: Sequence[bool]) -> dict[str, float]:
    """The metrics of one brief's texts, but the KL; shares are of the TEXTS that were asked for. `ended`: by itself."""
    simulator, second = bench.simulator, bench.second
    texts = [c.text for c in cards]
    runs = [end and c.width <= c.limit for c, end in zip(cards, ended, strict=True)]
    click = [simulator.click(t, brief) if run else 0.0 for t, run in zip(texts, runs, strict=True)]
    both = [p * simulator.conversion(t, brief) for p, t in zip(click, texts, strict=True)]
    blocked = [any(f.reward == "compliance" and f.severity == "block" for f in c.findings) for c in cards]
    wrong = [any(f.reward == "correctness" for f in c.findings) for c in cards]
    return {
        "ctr": sum(click) / TEXTS,
        "ctcvr": sum(both) / TEXTS,
        "blocked_rules": sum(blocked) / TEXTS,
        "blocked_classifier": float((second.probabilities(texts) > second.threshold).sum()) / TEXTS if texts else 0.0,
        "wrong_facts": sum(wrong) / TEXTS,
        "distinct2": distinct_2(texts),
        "self_bleu": self_bleu(texts),
        "self_bleu_history": sum(bleu(t, bench.history) for t in texts) / TEXTS,
        "length": sum(map(len, texts)) / TEXTS,
        "over_limit": sum(c.width > c.limit for c in cards) / TEXTS,
    }


def summary(runs: Mapping[str, Mapping[int, Mapping[str, Mapping[str, float]]]]) -> dict[str, Any]:
    """`runs[arm][seed][brief]` metrics, all of the same briefs and metrics; returns `arms` and `paired` as in this
    file's docstring."""
    metrics = _metrics(runs)
    tables = {arm: _table(by_seed, metrics) for arm, by_seed in runs.items() if by_seed}
    return {
        "arms": {arm: {m: _of_mean(x[..., k]) for k, m in enumerate(metrics)} for arm, x in tables.items()},
        "seeds": {arm: sorted(by_seed) for arm, by_seed in runs.items() if by_seed},
        "paired": {
            f"{_name(a)}-{_name(b)}": _paired(runs[a], runs[b], metrics)
            for a, b in PAIRS
            if runs.get(a) and runs.get(b) and set(runs[a]) & set(runs[b])
        },
    }  # fmt: skip


def _name(arm: str) -> str:
    return {"relate": "RELATE", "ctr": "CTR-only"}.get(arm, arm.upper())


def _metrics(runs: Mapping[str, Mapping[int, Mapping[str, Mapping[str, float]]]]) -> list[str]:
    """Those that these runs hold: served texts have no KL."""
    row = next(row for by_seed in runs.values() for briefs in by_seed.values() for row in briefs.values())
    return [m for m in METRICS if m in row]


def _table(by_seed: Mapping[int, Mapping[str, Mapping[str, float]]], metrics: Sequence[str]) -> np.ndarray:
    """(seeds, briefs, metrics)."""
    names = sorted(next(iter(by_seed.values())))
    return np.array([[[run[n][m] for m in metrics] for n in names] for _, run in sorted(by_seed.items())])


def _mean(x: np.ndarray, seeds: np.ndarray, briefs: np.ndarray) -> float:
    return float(x[seeds[:, None], briefs[None]].mean())


def _of_mean(x: np.ndarray) -> dict[str, float]:
    def mean(seeds: np.ndarray, briefs: np.ndarray) -> float:
        return _mean(x, seeds, briefs)

    return _interval(mean, x.shape)


def _interval(of: Callable[[np.ndarray, np.ndarray], float], shape: tuple[int, ...]) -> dict[str, float]:
    rng = np.random.default_rng(0)
    seeds, briefs = np.arange(shape[0]), np.arange(shape[1])
    drawn = [of(rng.choice(seeds, len(seeds)), rng.choice(briefs, len(briefs))) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"mean": round(of(seeds, briefs), 5), "low": round(float(low), 5), "high": round(float(high), 5)}


def _paired(one: Mapping[int, Any], other: Mapping[int, Any], metrics: Sequence[str]) -> dict[str, dict[str, float]]:
    common = sorted(set(one) & set(other))
    x, y = (_table({s: run[s] for s in common}, metrics) for run in (one, other))
    found = {}
    for k, metric in enumerate(metrics):
        a, b = x[..., k], y[..., k]

        def change(s: np.ndarray, n: np.ndarray, a: Any = a, b: Any = b, relative: bool = metric in RELATIVE) -> float:
            first, second = _mean(a, s, n), _mean(b, s, n)
            return first / second - 1 if relative else first - second

        found[metric] = _interval(change, a.shape)
    return found

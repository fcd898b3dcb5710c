"""The gate: whether a round's policy may take the place of the one in use, and why, in words.

Evidence that it sells better comes first; a policy that is merely no worse stays on the shelf:
    an evaluator of sales    (results that taught one, evaluators/sales.py, and PRODUCTS held-out products)
                             paired difference of its CTCVR score, new - old, its interval above 0
    none, or fewer products  people decide: in a trial that mixes both versions' texts in random, unlabelled positions,
                             the share of choices (picks, copies, exports) that fall on the new one must be above ½
                             with its interval, over at least CHOICES choices. The trial is read after every choice,
                             so the interval is one that holds at all of those looks (share.always_valid)
And always, on held-out briefs: blocked share by the rules and by the second classifier, wrong facts, ended texts,
texts over their limit, distinct bigrams, length and KL inside `Bounds`. The intervals are bootstraps over products:
texts of one brief share it, briefs of one product are much alike, and products are what is held out. Of few products a
bootstrap is too narrow, so it is widened as Student's t is (`paired`). Bounds are held against mean differences: with a
dozen briefs an interval of a rare event proves nothing. Evidence against a policy that is no longer in use says nothing
of the one that is: `stale`; then nothing, a trial neither, speaks for the new one.
Beside the reasons it tells alarms, which refuse nothing: `Drift`.
Each judgement wears an evaluator out a little, so the decision says how many gates it, or one that shares its origin,
has judged.
Leaves out: measuring (heldout.py), who promotes (services). Gates in RELATE (arXiv 2602.11780) are not described;
a judge that training never sees is AdLlama's (arXiv 2507.21983). All numbers here are ours.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from relate_engine.share import always_valid, apart

CHOICES = 100  # fewest choices of a trial
PRODUCTS = 8  # held-out products below which an interval over products is not believed
DRAWS = 2000
Count = tuple[int, int]  # hits of a total
FARTHEST = 10_000  # choices past which a trial is called a tie


@dataclass(frozen=True)
class Bounds:
    """How much worse the new policy may be on average, and how far it may move."""

    blocked: float = 0.02  # share of texts, more than before; for the rules and for the second classifier
    wrong_facts: float = 0.02  # share of texts, more than before
    ended: float = 0.05  # share of texts, fewer than before
    over_limit: float = 0.02  # share of texts too long for their slot, more than before
    distinct2: float = 0.02  # share of distinct bigrams, less than before
    length: tuple[float, float] = (0.75, 1.33)  # new mean width over old
    kl: float = 0.5  # nats a token from the round's starting policy


@dataclass(frozen=True)
class Drift:
    """How large a change on held-out briefs must be, with its interval past 0, to ring an alarm. An alarm does not
    refuse a policy (`Bounds` do): it says where to look."""

    exceptions: float = 0.02  # share of texts with the words of a rule's exception, more than before
    length: float = 0.1  # mean width, relative, up or down
    distinct2: float = 0.02  # share of distinct bigrams, less than before
    judge: float = 0.0  # log-odds of a judge that training never sees, fewer than before while the reward rose
    acceptance: float = 0.0  # share of shown texts that people chose, less than before while the reward rose


@dataclass(frozen=True)
class Trial:
    """Choices in a trial, and the share of them that fell on the new version with its always valid interval; whoever
    counts adjusts share and interval for what of each version there was to choose from, and for choices that go
    together: `together` of them are worth one made for itself."""

    choices: int
    share: float
    low: float
    high: float
    together: float = 1.0


def trial_of(new: int, choices: int) -> Trial:
    """A trial that showed as many texts of both versions."""
    return Trial(choices, new / choices if choices else 0.0, *always_valid(new, choices))


@dataclass(frozen=True)
class Evidence:
    """What is known of the new policy and the old. `old`, `new`: by metric, a value for each held-out brief, in the
    same order: blocked_rules, blocked_classifier, wrong_facts, ended, over_limit, distinct2, length, and sales where
    results have taught an evaluator of them. `kl`: nats a token. `gates`: how many policies evaluators of this
    `lineage` have judged before."""

    old: Mapping[str, Sequence[float]]
    new: Mapping[str, Sequence[float]]
    kl: float
    evaluator: str
    gates: int = 0
    trial: Trial | None = None
    alarms: Sequence[str] = ()  # of `alarms`; told beside the reasons, they refuse nothing
    products: Sequence[str] = ()  # of each held-out brief; empty in rounds that did not note them
    unsold: str = ""  # why there is no evaluator of sales
    lineage: str = ""  # the shipped evaluator that this one was made from
    stale: str = ""  # what the round compared it with, where that is no longer in use: nothing counts then
    stale_trial: str = ""  # the same of its trial, whose choices do not count then


@dataclass(frozen=True)
class Decision:
    """`verdicts_needed`: choices that a trial still lacks; 0 where the trial does not decide or is over. `choices`:
    those of a trial against the one in use. `stale`, `stale_trial`: as in Evidence where they matter; reasons too."""

    promote: bool
    reasons: tuple[str, ...]
    verdicts_needed: int
    choices: int = 0
    stale: str = ""
    stale_trial: str = ""


def paired(old: Sequence[float], new: Sequence[float], products: Sequence[str] = ()) -> tuple[float, float, float]:
    """Mean of new - old over briefs, and its 95 % interval: a bootstrap that draws products with all of their briefs.

    A bootstrap of n products is narrow by √((n - 1) / n), and as if their spread were known: with 8 it misses the truth
    12 times in 100. So its ends are moved out by √(n / (n - 1)) and Student's t over the normal quantile. One product
    says nothing of others: -inf to inf.
    `products`: of each brief; without them every brief counts as one. ValueError for unequal or no briefs."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]  # here: pages that ask no gate do without scipy

    if len(old) != len(new) or not len(old) or len(products) not in (0, len(old)):
        raise ValueError(f"A paired comparison needs the same briefs twice; given {len(old)} and {len(new)}.")
    difference = np.array(new, np.float64) - np.array(old, np.float64)
    _, product = np.unique(products or np.arange(len(old)), return_inverse=True)
    briefs, total = np.bincount(product), np.bincount(product, difference)
    n, mean = len(briefs), float(difference.mean())
    if n == 1:
        return mean, -math.inf, math.inf
    drawn = np.random.default_rng(0).integers(0, n, (DRAWS, n))
    low, high = np.percentile(total[drawn].sum(1) / briefs[drawn].sum(1), [2.5, 97.5])
    wider = math.sqrt(n / (n - 1)) * float(stdtrit(n - 1, 0.975)) / 1.96
    return mean, mean + wider * (float(low) - mean), mean + wider * (float(high) - mean)


def decide(evidence: Evidence, bounds: Bounds = Bounds()) -> Decision:
    """Every reason is a sentence, those against promotion begin with "No: "."""
    sells, why, needed = _sells(evidence)
    trial_gone = "" if evidence.stale or by_sales(evidence.new, evidence.products) else evidence.stale_trial
    gone = [said for said in (evidence.stale, trial_gone) if said]
    checks = _checks(evidence, bounds)
    judges = f"{evidence.evaluator}, or one that was made from the same," if evidence.lineage else evidence.evaluator
    judged = f"{judges} has judged {evidence.gates} {'gate' if evidence.gates == 1 else 'gates'} before."
    reasons = [] if evidence.stale else [why if sells else f"No: {why}"]
    reasons += [f"No: {said}" for said in gone]
    reasons += [said if ok else f"No: {said}" for ok, said in checks]
    told = (*reasons, *evidence.alarms, judged)
    promote = sells and not gone and all(ok for ok, _ in checks)
    choices = evidence.trial.choices if evidence.trial and not evidence.stale_trial else 0
    return Decision(promote, told, 0 if evidence.stale else needed, choices, evidence.stale, trial_gone)


def by_sales(new: Mapping[str, Sequence[float]], products: Sequence[str]) -> bool:
    """Whether the evaluator of sales decides: there is one, and enough products were held out. Else a trial does."""
    return "sales" in new and len(set(products)) >= PRODUCTS


def _sells(evidence: Evidence) -> tuple[bool, str, int]:
    if by_sales(evidence.new, evidence.products):
        return (*_by_evaluator(evidence), 0)
    why = evidence.unsold or "no campaign results"
    if "sales" in evidence.new:
        of = f"{len(set(evidence.products))} products" if evidence.products else "an unknown number of products"
        why = f"held-out briefs of {of}, and it takes {PRODUCTS}"
    trial = None if evidence.stale_trial else evidence.trial
    return _by_trial(trial or trial_of(0, 0), f"no sales evidence ({why}), so a trial decides")


def _by_evaluator(evidence: Evidence) -> tuple[bool, str]:
    mean, low, high = paired(evidence.old["sales"], evidence.new["sales"], evidence.products)
    over = f"{len(evidence.new['sales'])} briefs of {len(set(evidence.products))} products"
    said = f"held-out CTCVR score {mean:+.3f} log-odds [{low:+.3f}, {high:+.3f}] over {over}"
    return (True, f"Sells better: {said}.") if low > 0 else (False, f"not shown to sell better: {said}.")


def _by_trial(trial: Trial, none: str) -> tuple[bool, str, int]:
    needed = choices_needed(trial)
    if not trial.choices:
        return False, f"{none}; it has no choices yet and needs {CHOICES}.", needed
    told = f"{trial.share:.0%} of {trial.choices} choices fell on the new version, after correcting for how many texts "
    told += f"of each there were to choose from ({trial.low:.0%} to {trial.high:.0%})"
    if trial.choices >= CHOICES and trial.low > 0.5:
        return True, f"No sales evidence, but the trial prefers it: {told}.", 0
    more = f"about {needed:,} more choices are needed" if needed else "at this share more choices would not change it"
    return False, f"{none}: {told}; {more}.", needed


def choices_needed(trial: Trial) -> int:
    """How many more choices at the share so far until the trial can say yes; to CHOICES at least.

    0 where it says yes already, and where it has enough choices and a share that never would."""
    if trial.choices >= CHOICES and trial.low > 0.5:
        return 0
    span = range(max(CHOICES, trial.choices + 1), FARTHEST if trial.share > 0.5 else 0)
    # at one share the evidence falls below its start, then rises for good: once enough, enough for all that follow
    enough = bisect_left(span, True, key=lambda n: _lowest(trial.share, n / trial.together) > 0.5)
    return span[enough] - trial.choices if enough < len(span) else max(0, CHOICES - trial.choices)


def _lowest(share: float, choices: float) -> float:
    return always_valid(share * choices, choices)[0]


def _checks(evidence: Evidence, bounds: Bounds) -> list[tuple[bool, str]]:
    found = []
    for name, words, sign, most in (
        ("blocked_rules", "blocked by the rules", 1, bounds.blocked),
        ("blocked_classifier", "blocked by the second classifier", 1, bounds.blocked),
        ("wrong_facts", "with a wrong fact", 1, bounds.wrong_facts),
        ("ended", "that come to an end", -1, bounds.ended),
        ("over_limit", "too long for their slot", 1, bounds.over_limit),
        ("distinct2", "of bigrams that are distinct", -1, bounds.distinct2),
    ):
        if name == "over_limit" and not (name in evidence.old and name in evidence.new):
            continue  # a round from before it was measured, or one that began then and went on since
        before, after = (float(np.mean(side[name])) for side in (evidence.old, evidence.new))
        ok = sign * (after - before) <= most
        of = "share" if name == "distinct2" else "texts"
        bound = f"at {'most' if sign > 0 else 'least'} {100 * sign * most:+.0f}"
        found.append((ok, f"{of} {words}: {before:.1%} → {after:.1%} (change {bound} points)."))
    before, after = (float(np.mean(side["length"])) for side in (evidence.old, evidence.new))
    ratio, (least, longest) = after / max(1e-9, before), bounds.length
    said = f"length {before:.0f} → {after:.0f} characters ({least:g} to {longest:g} ×)."
    found.append((least <= ratio <= longest, said))
    found.append((evidence.kl <= bounds.kl, f"KL {evidence.kl:.3f} nats a token (at most {bounds.kl:g})."))
    return found


def alarms(
    reward: tuple[float, float] | None, old: Mapping[str, Sequence[float]], new: Mapping[str, Sequence[float]],
    acceptance: tuple[Count, Count] | None = None, drift: Drift = Drift(), products: Sequence[str] = (),
) -> tuple[str, ...]:  # fmt: skip
    """Signs that the reward is being gamed: it rose in training while a judge it never saw, or people, went down; the
    words that excuse a claim come more often (an exception lowers a block, and a policy finds that out); texts grow,
    shrink or repeat each other.

    `reward`: mean training reward in the first and the last quarter of GRPO; `acceptance`: texts that people chose of
    those shown, before and since; `products`: of each brief. A change counts past its threshold in `drift` where its
    interval says so too.
    """
    found = []
    rose = reward is not None and reward[1] > reward[0]
    told = f"training reward rose ({reward[0]:.2f} → {reward[1]:.2f})" if reward else ""
    for name, words in (("clicks", "the second evaluator of clicks"), ("sales", "the held-out CTCVR score")):
        if rose and name in new:
            mean, _, high = paired(old[name], new[name], products)
            if high < 0 and -mean > drift.judge:
                found.append(f"Alarm: {told} while {words} fell by {-mean:.3f}.")
    if rose and acceptance:
        before, since = (chosen / max(1, shown) for chosen, shown in acceptance)
        if before - since > drift.acceptance and apart(*acceptance)[1] < 0:
            found.append(f"Alarm: {told} while people chose fewer ({before:.0%} → {since:.0%}).")
    for name, words, least, up, down in (
        ("exceptions", "more texts hold the words that excuse a claim (a rule's exception)", drift.exceptions, 1, 0),
        ("distinct2", "texts repeat each other more", drift.distinct2, 0, 1),
        ("length", "texts change in length", drift.length, 1, 1),
    ):
        if name not in new or name not in old:
            continue
        mean, low, high = paired(old[name], new[name], products)
        size = mean / max(1e-9, float(np.mean(old[name]))) if name == "length" else mean
        if (up and low > 0 and size > least) or (down and high < 0 and -size > least):
            found.append(
                f"Alarm: {words} ({name} {mean:+.2f} [{low:+.2f}, {high:+.2f}]; it rings past {least:g}"
                f"{' × the old' if name == 'length' else ''})."
            )
    return tuple(found)

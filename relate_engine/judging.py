"""Texts for an editor to judge, and what the editor said: what acceptance and preferences learn from.

`sample_drafts` writes what the policy drafts when serving, before anything is chosen: a judge of chosen texts
alone would never show the fault that the choice hides. A judged text is one line of JSON: brief (an id),
placement, slot, angle, point, text, the sampled tokens' logprobs, relevance, and `passed`: finished, true, specific,
and the editor would run it as it stands. `drawn` stands where texts were not drawn evenly (mostly those likely to pass,
or only such that begin with the brand's name): they teach the choice and count in no share.
`refused_drafts` writes what serving would have dropped, as failed texts: a policy that learns only from texts that
passed the guards copies ever longer phrases.
Leaves out: what is learned (policy/acceptance.py, training/preferences.py).
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from relate_engine.brief import Angle, Brief, supported_angles, width
from relate_engine.draft import Writer
from relate_engine.policy.writer import Policy, Sample, Wish, terms_of, wanted
from relate_engine.refusal import refusal
from relate_engine.rewards.readable import readable
from relate_engine.rewards.relevance import relevance
from relate_engine.rewards.words import sentences, spoken
from relate_engine.score import Rewards
from relate_engine.share import wilson

# slots that are judged, and texts sampled for each of a brief
SAMPLED = {"google_rsa": {"headline": 18, "description": 8}, "meta_feed": {"primary_text": 10, "headline": 8}}
REFUSED = 4  # refused texts kept of a slot


@dataclass(frozen=True)
class Judged:
    """One text and what an editor said of it."""

    slot: str
    placement: str
    angle: Angle
    text: str
    passed: bool
    point: str | None = None  # what it was asked about; None: not known


def sample_drafts(
    policy: Writer, rewards: Rewards, briefs: Mapping[str, Brief], seed: int, temperature: float
) -> Iterator[dict[str, Any]]:
    """A row for each distinct text that passes the guards and `refusal`, brief by brief."""
    for number, (name, whole) in enumerate(briefs.items()):
        for placement, plan in SAMPLED.items():
            brief = readable(rewards.rules, whole.model_copy(update={"placement": placement}))
            angles = supported_angles(brief)
            wishes = [w for slot, n in plan.items() for w in wanted(brief, slot, angles, n)]
            kept: dict[str, tuple[Wish, Sample]] = {}
            for wish, sample in policy.write(brief, wishes, seed + number, temperature):
                if not sample.why and not refusal(rewards.rules, sample.text, wish.slot, brief):
                    kept.setdefault(sample.text.lower(), (wish, sample))
            fits = relevance(rewards.encoder, [s.text for _, s in kept.values()], brief)
            for (wish, sample), (fit, _) in zip(kept.values(), fits, strict=True):
                yield {
                    "brief": name,
                    "placement": placement,
                    "slot": wish.slot,
                    "angle": wish.angle,
                    "point": wish.point,
                    "text": sample.text,
                    "logprobs": [round(x, 4) for x in sample.logprobs],
                    "relevance": round(fit, 4),
                }


def refused_drafts(
    policy: Policy, rewards: Rewards, briefs: Mapping[str, Brief], seed: int, temperature: float
) -> Iterator[dict[str, Any]]:
    """A failed row, with `why`, for each distinct text that is too long or meets `refusal`, brief by brief; at most
    REFUSED a slot. Texts may run to twice the limit, so that they end by themselves."""
    for number, (name, whole) in enumerate(briefs.items()):
        for placement, plan in SAMPLED.items():
            brief = readable(rewards.rules, whole.model_copy(update={"placement": placement}))
            angles = supported_angles(brief)
            wishes = [w for slot, n in plan.items() for w in wanted(brief, slot, angles, n)]
            kept: dict[tuple[str, str], dict[str, Any]] = {}
            for wish, sample in policy.write(brief, wishes, seed + number, temperature, stretch=2):
                if sample.why:
                    continue
                limit = terms_of(placement, wish.slot).limit
                long = f"longer than {limit}" if width(sample.text) > limit else ""
                if why := long or refusal(rewards.rules, sample.text, wish.slot, brief):
                    row = {"brief": name, "placement": placement, "slot": wish.slot, "angle": wish.angle}
                    row["point"] = wish.point
                    kept.setdefault(
                        (wish.slot, sample.text.lower()), row | {"text": sample.text, "passed": 0, "why": why}
                    )
            for slot in plan:
                yield from [row for (s, _), row in kept.items() if s == slot][:REFUSED]


def read_judged(path: Path) -> list[dict[str, Any]]:
    """The judged rows of a file. Raises FileNotFoundError with the remedy."""
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}; restore the assets folder, or judge drafts first.")
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def copies(text: str, brief: Brief) -> bool:
    """Does every sentence of the text stand in the brief word for word?"""
    facts = f" {spoken(brief.facts)} "
    return all(f" {said} " in facts for said in map(spoken, sentences(text)) if said)


def judged_report(folder: Path, unlearned: str, briefs: Mapping[str, Brief]) -> dict[str, Any]:
    """What editors said of each writer's unchosen drafts, in all and by slot: passed, judged, the share and its 95 %
    Wilson interval, and how many passed in words of their own (`copies`); apart for briefs that no writer learned from
    (their ids begin with `unlearned`). `again`: of texts judged a second time among another writer's, how many got the
    same verdict."""
    counts: dict[tuple[str, str], dict[str, list[tuple[bool, bool]]]] = defaultdict(lambda: defaultdict(list))
    again: list[bool] = []
    for path in sorted(folder.glob("*.jsonl")):
        for r in (json.loads(line) for line in path.read_text("utf-8").splitlines()):
            if "policy" not in r or "why" in r or "drawn" in r:  # briefs, refused texts, and some that were picked
                continue
            whose = "of new briefs" if r["brief"].startswith(unlearned) else "of training briefs"
            own = bool(r["passed"]) and not copies(r["text"], briefs[r["brief"]])
            for slot in ("all", r["slot"]):
                counts[r["policy"], whose][slot].append((bool(r["passed"]), own))
            again += [r["again"] == r["passed"]] if "again" in r else []
    told: dict[str, Any] = {"again": [sum(again), len(again)]}
    for (policy, whose), found in sorted(counts.items()):
        told[f"{policy}, {whose}"] = {slot: _counted(verdicts) for slot, verdicts in found.items()}
    return told


def _counted(verdicts: Sequence[tuple[bool, bool]]) -> dict[str, float]:
    """What `judged_report` says of some texts; `verdicts`: whether each passed, and passed in own words."""
    passed, own, judged = sum(p for p, _ in verdicts), sum(o for _, o in verdicts), len(verdicts)
    low, high = wilson(passed, judged)
    share = {"share": passed / judged, "low": low, "high": high}
    return {"passed": passed, "judged": judged, **{k: round(v, 3) for k, v in share.items()}, "own_words": own}


def judged_by_brief(rows: Sequence[Mapping[str, Any]], briefs: Mapping[str, Brief]) -> list[tuple[Brief, list[Judged]]]:
    """The judged texts of each brief, in the order of the file. Raises KeyError for a brief that is not known."""
    found: dict[str, list[Judged]] = defaultdict(list)
    for r in rows:
        told = Judged(r["slot"], r["placement"], r["angle"], r["text"], bool(r["passed"]), r.get("point"))
        found[r["brief"]].append(told)
    return [(briefs[name], judged) for name, judged in found.items()]

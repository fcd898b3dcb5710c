"""What the studio is measured by: served drafts, the ranking against bait, and the blind sheet.

Everything here looks at briefs the policy never saw. Nothing here is a reward.
Leaves out: the CTR head's validation (training/ctrvalidation.py) and, until rounds exist, comparing two policies.
"""

import csv
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from relate_engine.brief import Brief, parse_brief, placement_of, width
from relate_engine.draft import OVERSAMPLE, Drafted, Writer, draft
from relate_engine.policy.guards import numbers
from relate_engine.rewards.diversity import jaccard
from relate_engine.rewards.mix import SAME
from relate_engine.score import Rewards, score_texts
from relate_engine.scorecard import AdText
from relate_engine.training.corpus import Entry


def served_report(
    policy: Writer,
    rewards: Rewards,
    briefs: Sequence[Brief],
    report: Callable[[str], None] = lambda line: None,
    oversample: int = OVERSAMPLE,
    temperature: float = 0.8,
) -> dict[str, Any]:
    """Drafts eight headlines and the other slots for each brief, as served, and counts broken promises.

    `fact_not_in_brief` counts block findings of correctness and, as an independent check, digits that the
    brief does not hold. `distinct` = briefs with eight headlines of which no pair has Jaccard above 0.6.
    """
    broken = {"over_limit": 0, "fact_not_in_brief": 0, "blocked": 0}
    texts, distinct, short = 0, 0, []
    for number, brief in enumerate(briefs, 1):
        slots = [s.name for s in placement_of(brief.placement).slots if s.name != "path"]
        counts = {name: 8 if name == "headline" else 4 for name in slots}
        events = draft(policy, rewards, brief, counts, 0, oversample=oversample, temperature=temperature)
        cards = next(e.draft for e in events if isinstance(e, Drafted)).candidates
        for card in cards:
            texts += 1
            broken["over_limit"] += width(card.text) > card.limit
            wrong = any(f.reward == "correctness" and f.severity == "block" for f in card.findings)
            broken["fact_not_in_brief"] += wrong or not numbers(card.text) <= numbers(brief.facts)
            broken["blocked"] += card.compliance.level == "blocked"
        heads = [c.text for c in cards if c.slot == "headline"]
        apart = all(jaccard(a, b) <= SAME for i, a in enumerate(heads) for b in heads[:i])
        distinct += len(heads) == 8 and apart
        if len(heads) < 8:
            short.append(f"{brief.product}: {len(heads)}")
        report(f"brief {number} of {len(briefs)}: {len(heads)} headlines, {len(cards)} texts")
    return {
        "policy": policy.version,
        "briefs": len(briefs),
        "texts": texts,
        **broken,
        "briefs_with_eight_distinct_headlines": distinct,
        "share": round(distinct / len(briefs), 4),
        "fewer_than_eight": short,
    }


def bait_report(rewards: Rewards, pairs: Path) -> dict[str, Any]:
    """How often the ranking prefers the plain true line to its bait rewrite. `pairs`: JSON lines."""
    rows = [json.loads(line) for line in pairs.read_text("utf-8").splitlines() if line.strip()]
    preferred, lost = 0, []
    for row in rows:
        brief = parse_brief(row["brief"])
        # scored one by one: beside its rewrite, each would count as the other's near-duplicate
        plain, bait = (
            score_texts(rewards, brief, [AdText(row[kind], row["slot"], None, "person:test")])[0]
            for kind in ("plain", "bait")
        )
        if plain.rank > bait.rank:
            preferred += 1
        else:
            lost.append({"plain": row["plain"], "bait": row["bait"], "ranks": [plain.rank, bait.rank]})
    return {"pairs": len(rows), "plain_preferred": preferred, "share": preferred / len(rows), "lost": lost}


# ---- the blind sheet ------------------------------------------------------------------------------------------------


def write_sheet(
    policy: Writer,
    base: Writer,
    rewards: Rewards,
    held_out: Sequence[Entry],
    fresh: Sequence[Brief],
    folder: Path,
    report: Callable[[str], None] = lambda line: None,
    seed: int = 0,
    served: int = 80,
    others: int = 40,
) -> None:
    """`sheet.csv` (number, brief, slot, text; shuffled) and `key.csv` (number, source) for a blind reader.

    A served text is drawn at random from a drafted slot (not its first), brief and slot changing with each;
    human texts are of the held-out briefs; base texts are the best of at least 32 by the untrained base with
    worked examples in its prompt, under the same guards, drops and choice.
    """
    rng = random.Random(seed)
    briefs = [*(e.brief for e in held_out), *fresh]
    ours = _sample_served(policy, rewards, briefs, rng, served, report)
    bases = _sample_served(base, rewards, rng.sample(briefs, len(briefs)), rng, others, report, plain=True)
    human = [("corpus", e.brief, t.slot, t.text) for e in held_out for t in e.texts]
    rows = [("served", *r) for r in ours] + [("base", *r) for r in bases] + rng.sample(human, others)
    rng.shuffle(rows)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "sheet.csv").open("w", newline="") as sheet, (folder / "key.csv").open("w", newline="") as key:
        out, keys = csv.writer(sheet), csv.writer(key)
        out.writerow(["number", "slot", "text", "brief"])
        keys.writerow(["number", "source"])
        for number, (source, brief, slot, text) in enumerate(rows, 1):
            out.writerow([number, slot.split("_")[0], text, brief.facts.replace("\n", " | ")])
            keys.writerow([number, source])


def _sample_served(
    policy: Writer,
    rewards: Rewards,
    briefs: Sequence[Brief],
    rng: random.Random,
    count: int,
    report: Callable[[str], None],
    plain: bool = False,
) -> list[tuple[Brief, str, str]]:
    """One text a (brief, slot), slots in turn over google headline, description, meta primary text, headline."""
    turns = [
        ("google_rsa", "headline"),
        ("google_rsa", "description"),
        ("meta_feed", "primary_text"),
        ("meta_feed", "headline"),
    ]
    found: list[tuple[Brief, str, str]] = []
    step = 0
    while len(found) < count and step < 4 * count:
        placement, slot = turns[(step + step // len(briefs)) % len(turns)]
        brief = briefs[step % len(briefs)].model_copy(update={"placement": placement})
        step += 1
        counts = {slot: 1 if plain else placement_of(placement).slot(slot).full_ad}
        events = draft(policy, rewards, brief, counts, seed=step, oversample=1 if plain else OVERSAMPLE)
        cards = next(e.draft for e in events if isinstance(e, Drafted)).candidates
        if cards:
            found.append((brief, slot, rng.choice(cards).text))
        report(f"{len(found)} of {count} texts of {policy.version}")
    return found


def sheet_result(folder: Path) -> dict[str, Any]:
    """Pass rates by source from `sheet.csv` and `key.csv`, of each reader's `verdicts*.csv` (number, four 0/1 columns);
    of several readers also the share of texts that all judge alike."""
    source = {r["number"]: r["source"] for r in _rows(folder / "key.csv")}
    slot = {r["number"]: r["slot"] for r in _rows(folder / "sheet.csv")}
    questions = ("finished", "true", "specific", "would_run")
    passed = {
        file.stem: {row["number"]: all(row[q] == "1" for q in questions) for row in _rows(file)}
        for file in sorted(folder.glob("verdicts*.csv"))
    }
    found: dict[str, Any] = {}
    for reader, verdicts in passed.items():
        by: dict[str, list[int]] = {}
        for number, ok in verdicts.items():
            for group in (source[number], f"{source[number]} {slot[number]}"):
                by.setdefault(group, []).append(ok)
        found[reader] = {
            g: {"texts": len(v), "passed": sum(v), "share": round(sum(v) / len(v), 4)} for g, v in sorted(by.items())
        }
    if len(passed) > 1:
        alike = [len({verdicts[number] for verdicts in passed.values()}) == 1 for number in source]
        found["readers_agree"] = round(sum(alike) / len(alike), 4)
    return found


def _rows(path: Path) -> Iterable[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

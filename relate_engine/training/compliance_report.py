"""Rules and classifier on the held-out texts: counts by category with Wilson intervals, never a text.

The held-out texts were written by someone who saw neither rules nor classifier, before either was tuned; each run
is logged, because a set that is looked at often stops being held out.
Leaves out: spans (unit tests) and corpus texts (tests/unit/test_corpus.py).
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from relate_engine.evaluators.compliance import Evaluator
from relate_engine.policy.weights import sha256
from relate_engine.rewards.classifier import Classifier
from relate_engine.rewards.diversity import jaccard
from relate_engine.rewards.mix import SAME
from relate_engine.rewards.rules import RuleSet
from relate_engine.scorecard import level_of
from relate_engine.share import wilson
from relate_engine.training.compliance import auc
from relate_engine.training.compliancetexts import AdLine, read_lines, rule_levels, rule_lines, split_lines
from relate_engine.training.headcards import write_head_card


def counted(hits: Sequence[bool]) -> dict[str, Any]:
    """Hits of a total with the share and its 95 % Wilson interval."""
    low, high = wilson(sum(hits), len(hits))
    return {"texts": len(hits), "hits": int(sum(hits)), "share": round(float(sum(hits)) / max(1, len(hits)), 4),
            "interval": [round(low, 4), round(high, 4)]}  # fmt: skip


def _by_category(lines: Sequence[AdLine], hits: Sequence[bool], violating: bool) -> dict[str, Any]:
    chosen = [(ad.category or "ordinary", h) for ad, h in zip(lines, hits, strict=True) if ad.violates == violating]
    names = sorted({name for name, _ in chosen})
    return {"all": counted([h for _, h in chosen])} | {n: counted([h for c, h in chosen if c == n]) for n in names}


def unseen(lines: Sequence[AdLine], trained: Sequence[str]) -> tuple[list[AdLine], int]:
    """The held-out texts that are not, word for word, among the trained ones ("No hidden fees" is written twice
    without anybody copying), and how many of them have a near-duplicate there."""
    known = {t.lower() for t in trained}
    kept = [ad for ad in lines if ad.text.lower() not in known]
    return kept, len({ad.text for other in trained for ad in kept if jaccard(ad.text, other) > SAME})


def compliance_report(
    rules: RuleSet,
    classifier: Classifier,
    evaluator: Evaluator,
    held_out: Path,
    training: Path,
    log: Path | None = None,
) -> dict[str, Any]:
    """Recall at caution or blocked, clean texts cautioned or blocked, by rules, by classifier and together; and
    the evaluator's own view. `training`: the folder of training texts; a held-out text that is among them does
    not count. A run is appended to `log` (of assets/reports) and told on the card of the classifier in assets/heads;
    None is for reproducing a logged run only."""
    every = read_lines(held_out)
    trained = [ad.text for part in (*split_lines(training), rule_lines(rules)) for ad in part]
    lines, near = unseen(every, trained)
    texts = [ad.text for ad in lines]
    by_rules = rule_levels(rules, lines)
    found = classifier.findings(texts)
    chances = [v.probability for v in classifier.verdicts(texts)]
    weighed = rule_levels(rules, lines, chances, classifier.doubt)
    levels = ["blocked" if r == "blocked" else "caution" if r == "caution" or f else "clear"
              for r, f in zip(weighed, found, strict=True)]  # fmt: skip
    flagged, blocked = [level != "clear" for level in levels], [level == "blocked" for level in levels]
    learned = [level_of(f) != "clear" for f in found]
    truth = np.array([ad.violates for ad in lines])
    second = evaluator.probabilities(texts)
    result = {
        "command": "relate evaluate compliance",
        "what": "held-out texts, US, no brief; shares with 95 % Wilson intervals",
        "held_out_sha256": sha256(held_out),
        "left_out_as_trained": len(every) - len(lines),
        "near_duplicates_of_training": near,
        "rules": rules.version,
        "classifier": classifier.version,
        "recall": _by_category(lines, flagged, True),
        "recall_of_rules_alone": counted([r != "clear" for r, ad in zip(by_rules, lines, strict=True) if ad.violates]),
        "recall_of_classifier_alone": counted([h for h, ad in zip(learned, lines, strict=True) if ad.violates]),
        "clean_cautioned_or_blocked": _by_category(lines, flagged, False),
        "clean_cautioned_by_weighed_rules": counted(
            [r != "clear" for r, ad in zip(weighed, lines, strict=True) if not ad.violates]
        ),
        "clean_cautioned_by_classifier": counted([h for h, ad in zip(learned, lines, strict=True) if not ad.violates]),
        "clean_blocked": counted([h for h, ad in zip(blocked, lines, strict=True) if not ad.violates]),
        "auc_of_classifier": auc(np.array([v.logit for v in classifier.verdicts(texts)]), truth),
        "evaluator": {
            "version": evaluator.version,
            "auc": auc(second, truth),
            "recall": counted(list(second[truth] > evaluator.threshold)),
            "clean_flagged": counted(list(second[~truth] > evaluator.threshold)),
        },
    }
    if log is not None:
        earlier = [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []
        run = 1 + sum(e.get("kind") == "compliance" for e in earlier)
        entry = {"kind": "compliance", "run": run, "at": datetime.now(UTC).isoformat(timespec="seconds"), **result}
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        write_head_card("compliance", log.parents[1] / "heads" / "compliance", log)
        result["validation_run"] = run
    return result

"""The labelled texts that teach the compliance classifier and its evaluator, and who may read which.

`assets/compliance/train_*.jsonl`, labelled by hand in sets of a violation and its near-miss clean twins; the examples
of the rules; and public data about other kinds of text (dark patterns, clickbait, offence, profanity). The files
`second_*.jsonl`, by other authors, are the evaluator's alone; so is the half of `train_b` whose `set` has an odd hash.
`second_s` holds headlines as a lax writer samples them, with people's among them, labelled by readers who saw the words
alone: what the evaluator is asked about when policies are compared. Its shouting lines (`style`) teach nothing here.
`train_u` is the same for the classifier, on other briefs and by other readers: what it judges while policies train.
Leaves out: the held-out texts (compliance_report.py).
"""

import csv
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from relate_engine.rewards.classifier import CATEGORIES
from relate_engine.rewards.compliance import check_text
from relate_engine.rewards.hints import weighed
from relate_engine.rewards.rules import RuleSet
from relate_engine.scorecard import level_of

OF_RULES = {"URG": "dark_pattern", "CLB": "clickbait", "HLT": "health", "FIN": "finance", "PRC": "pricing",
            "PAT": "personal_attributes", "CLM": "unsubstantiated", "END": "endorsement"}  # fmt: skip
# Files whose authors kept to one rule: a violation is what a careful reviewer would stop from the text alone, its twin
# what nobody would stop. Older files hold lines on which reviewers would differ, so errors are not counted on them.
GUIDED = frozenset(f"train_{author}" for author in "fgnorstvwxyzq")
_NAMES = re.compile(r"@\w+|https?://\S+|&#?\w+;|\bRT\b")  # handles, links and marks of a tweet: nobody's name is kept


@dataclass(frozen=True)
class AdLine:
    """A labelled text. `category` of a clean one is what it nearly misses."""

    text: str
    slot: str
    placement: str
    label: str  # clean | violation
    category: str
    set: str
    file: str

    @property
    def violates(self) -> bool:
        return self.label == "violation"


def read_lines(path: Path) -> list[AdLine]:
    """The labelled texts of one file. Raises ValueError naming file and line."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            ad = AdLine(row["text"], row["slot"], row["placement"], row["label"], row["category"],
                        row.get("set", ""), path.stem)  # fmt: skip
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
        if ad.label not in ("clean", "violation"):
            raise ValueError(f"{path.name}, line {number}: label is '{ad.label}'; use clean or violation.")
        found.append(ad)
    return found


def for_evaluator(line: AdLine) -> bool:
    """Whether a text is the evaluator's alone: second_*, and train_b where the first byte of sha256(set) is odd."""
    odd = hashlib.sha256(line.set.encode()).digest()[0] % 2 == 1
    return line.file.startswith("second_") or (line.file == "train_b" and odd)


def split_lines(folder: Path) -> tuple[list[AdLine], list[AdLine]]:
    """The classifier's texts and the evaluator's, without a text that is in both or twice."""
    paths = [*sorted(folder.glob("train_*.jsonl")), *sorted(folder.glob("second_*.jsonl"))]
    lines = [ad for path in paths for ad in read_lines(path)]
    known = {ad.text.lower(): ad for ad in reversed(lines)}
    unique = [ad for ad in lines if known[ad.text.lower()] is ad and (ad.category in CATEGORIES or not ad.violates)]
    if not unique:
        raise ValueError(f"No labelled texts in {folder}: expected files named train_*.jsonl.")
    return [ad for ad in unique if not for_evaluator(ad)], [ad for ad in unique if for_evaluator(ad)]


def rule_lines(rules: RuleSet) -> list[AdLine]:
    """The rules' own examples: their violating texts, and their clean ones that no rule objects to."""
    found = []
    for rule in rules.rules:
        category = OF_RULES.get(rule.id[:3])
        if category and "text" in rule.subjects and rule.pattern is not None:
            place = sorted(rule.placements)[0] if rule.placements else "google_rsa"
            slot = "primary_text" if place == "meta_feed" else "description"
            for text, label in [*((t, "violation") for t in rule.violating), *((t, "clean") for t in rule.clean)]:
                found.append(AdLine(text, slot, place, label, category, f"rule-{rule.id}", "rules"))
    levels = rule_levels(rules, found)
    return [ad for ad, level in zip(found, levels, strict=True) if ad.violates or level == "clear"]


def read_shared(data: Path, rows: int, seed: int) -> list[list[tuple[str, bool]]]:
    """Dark patterns, clickbait and offence: `rows` texts of each task, half of them positive."""
    tasks: list[list[tuple[str, bool]]] = [[], [], []]
    wanted = [data / "ec_darkpattern" / "dataset.tsv", data / "stop_clickbait" / "stop_clickbait.csv",
              data / "hate_offensive" / "labeled_data.csv"]  # fmt: skip
    for path in wanted:
        if not path.exists():
            raise FileNotFoundError(f"There is no {path}; --data names the folder that holds {path.parent.name}/.")
    with wanted[0].open(encoding="utf-8", newline="") as file:
        tasks[0] = [(r["text"], r["label"] == "1") for r in csv.DictReader(file, delimiter="\t")]
    with wanted[1].open(encoding="utf-8", newline="") as file:
        tasks[1] = [(r["headline"], r["clickbait"] == "1") for r in csv.DictReader(file)]
    with wanted[2].open(encoding="utf-8", newline="") as file:
        tasks[2] = [(_NAMES.sub(" ", r["tweet"]).strip(), r["class"] != "2") for r in csv.DictReader(file)]
    draw = np.random.default_rng(seed)
    return [
        [group[k] for group in ([t for t in task if t[1]], [t for t in task if not t[1]])
         for k in draw.permutation(len(group))[: rows // 2]]
        for task in tasks
    ]  # fmt: skip


def read_profanity(data: Path) -> list[str]:
    """Strong English swear words and slurs of the shared list, one or two words each."""
    path = data / "profanity_lists" / "profanity_en.csv"
    if not path.exists():
        raise FileNotFoundError(f"There is no {path}; --data names the folder that holds {path.parent.name}/.")
    with path.open(encoding="utf-8", newline="") as file:
        return [r["text"] for r in csv.DictReader(file) if float(r["severity_rating"]) >= 2]


def rule_levels(rules: RuleSet, lines: Sequence[AdLine], chances: Sequence[float] | None = None, doubt: float = 0.0
) -> list[str]:  # fmt: skip
    """Level of each text by the rules, in the US, without a brief; with `chances` (P of each text) hints count only
    where they reach `doubt` (hints.py)."""
    found = [check_text(rules, ad.text, ad.placement, ad.slot, ["us"], None)[0] for ad in lines]
    return [
        level_of(weighed(f, rules.hints, p, doubt)) for f, p in zip(found, chances or [1.0] * len(lines), strict=True)
    ]

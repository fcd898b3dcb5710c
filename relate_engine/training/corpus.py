"""The project's own corpus: briefs, each with finished texts tagged by angle and the points they use.

`assets/corpus/*.jsonl`, one brief a line: {"id", "split": "train"|"test", "brief": {…Brief fields},
"texts": [{"slot", "angle", "uses", "text"}]}. The test tenth is never trained on nor tuned on.
Leaves out: turning it into tokens (sft.py).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from relate_engine.brief import Angle, Brief, parse_brief
from relate_engine.policy.prompt import (
    DESCRIPTION_90,
    HEADLINE_30,
    HEADLINE_40,
    HEADLINE_60,
    PRIMARY_125,
    Template,
)


@dataclass(frozen=True)
class CorpusText:
    slot: str  # headline_30, description_90, primary_125 or headline_60
    angle: Angle
    uses: tuple[str, ...]  # the points of the brief it draws on, e.g. "benefits[1]"
    text: str


@dataclass(frozen=True)
class Entry:
    id: str
    split: str
    brief: Brief
    texts: tuple[CorpusText, ...]


def read_corpus(folder: Path) -> list[Entry]:
    """Every entry, in file and line order. Raises ValueError naming file and line of a bad one."""
    entries = []
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                texts = tuple(CorpusText(**t | {"uses": tuple(t["uses"])}) for t in row["texts"])
                entries.append(Entry(row["id"], row["split"], parse_brief(row["brief"]), texts))
            except (KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error
    if not entries:
        raise ValueError(f"No corpus in {folder}: expected files ending in .jsonl.")
    return entries


def training_entries(entries: Sequence[Entry]) -> list[Entry]:
    """The `train` split without texts that a test brief holds word for word in any case: two authors may well write
    "$15 a Month, Cancel Online"."""
    held = {t.text.lower() for e in entries if e.split == "test" for t in e.texts}
    return [
        replace(e, texts=tuple(t for t in e.texts if t.text.lower() not in held)) for e in entries if e.split == "train"
    ]


def corpus_hash(folder: Path) -> str:
    """sha256 over the corpus files, in name order: what a manifest pins."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.jsonl")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def template_for(text: CorpusText) -> Template:
    """The prompt template a corpus text teaches. A long headline within 40 teaches Meta's visible width."""
    if text.slot == "headline_60":
        return HEADLINE_40 if len(text.text) <= HEADLINE_40.aim else HEADLINE_60
    return {"headline_30": HEADLINE_30, "description_90": DESCRIPTION_90, "primary_125": PRIMARY_125}[text.slot]

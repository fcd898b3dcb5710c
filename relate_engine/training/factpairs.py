"""Texts beside a brief, true or with one unsupported fact: what the fact reader is trained on.

Written pairs lie in assets/facts, one JSON object a line: brief (an id of the corpus, or a brief), text, label ("true"
or "wrong"), and of a wrong one the words that the brief does not support (`wrong`, where marked) and their kind.
`pairs_*` were written for the reader, six true and six wrong texts a brief, by authors who had the brief alone;
`earlier_*` are those on which the patterns of facts.py were mended. `corrupted` makes further ones of the corpus.
Leaves out: the fit (factreading.py) and the held-out pairs (factcheck.py), which nothing here reads.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from relate_engine.brief import Brief, BriefError, parse_brief
from relate_engine.rewards.factreader import told, word_stems
from relate_engine.training.corpus import Entry

_CONTENT = re.compile(r"[A-Za-z]{4,}|\d[\d,.]*")


@dataclass(frozen=True)
class Pair:
    """One text beside a brief. `span`: the unsupported characters; None in a true text, or where they are not told."""

    name: str  # of the brief
    brief: Brief
    text: str
    wrong: bool
    span: tuple[int, int] | None = None
    kind: str = ""


def read_pairs(folder: Path, which: str, briefs: Mapping[str, Brief]) -> list[Pair]:
    """The written pairs in the files of `folder` that `which` matches; a brief is an id of `briefs` or stands there
    whole. Raises BriefError by line."""
    found = []
    for path in sorted(folder.glob(which)):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                named = isinstance(row["brief"], str)
                brief = briefs[row["brief"]] if named else parse_brief(row["brief"])
                text, words = row["text"], row.get("wrong") or ""
                at = text.index(words)
                span = (at, at + len(words)) if words else None
                name = row["brief"] if named else brief.product
                found.append(Pair(name, brief, text, row["label"] == "wrong", span, row.get("kind", "")))
            except (KeyError, TypeError, ValueError) as error:
                raise BriefError(f"{path.name}, line {number}: no pair of brief and text ({error!r}).") from error
    if not found:
        raise BriefError(f"There are no pairs in {folder}: expected files {which}.")
    return found


def corrupted(entries: Sequence[Entry], each: int, draw: random.Random) -> list[Pair]:
    """Stage 1: up to `each` texts of every brief as they are, and for each a false one by this file's recipe."""
    near = defaultdict(list)
    for e in entries:
        near[e.brief.vertical].append(e)
    found = []
    for e in entries:
        others = [x for x in near[e.brief.vertical] if x.id != e.id] or list(entries)
        words = [m[0] for x in others for t in x.texts for m in _CONTENT.finditer(t.text)]
        stems = word_stems(told(e.brief))
        for text in draw.sample([t.text for t in e.texts], min(each, len(e.texts))):
            found.append(Pair(e.id, e.brief, text, False))
            if draw.random() < 0.2:
                found.append(Pair(e.id, e.brief, draw.choice(draw.choice(others).texts).text, True))
            elif false := _exchanged(e, text, words, stems, draw):
                found.append(false)
    return found


def _exchanged(e: Entry, text: str, words: Sequence[str], stems: frozenset[str], draw: random.Random) -> Pair | None:
    """The text with one word for a word, or a number for a number, that the brief does not hold."""
    places = list(_CONTENT.finditer(text))
    numbers = [m for m in places if m[0][0].isdigit()]
    if not places:
        return None
    place = draw.choice(numbers if numbers and draw.random() < 0.4 else places)
    alike = [w for w in words if w[0].isdigit() == place[0][0].isdigit() and not word_stems(w) & stems]
    if not alike:
        return None
    word = draw.choice(alike)
    word = word[0].upper() + word[1:] if place[0][0].isupper() else word[0].lower() + word[1:]
    changed = text[: place.start()] + word + text[place.end() :]
    return Pair(e.id, e.brief, changed, True, (place.start(), place.start() + len(word)))

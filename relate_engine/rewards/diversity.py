"""Diversity: how much a text repeats its group mates and what the audience has already been served.

Why: people tire of a text they have seen, and fifteen headlines that say one thing are one headline. Every
run of three or more words shared with a mate (DIV-001) or a served text (DIV-002) is a span; overlapping
runs are joined, so a copied sentence is one finding. A near-duplicate (word sets overlap by more than 0.6,
Jaccard) adds DIV-003 on the whole text. All are notes: repetition is no compliance matter. The value of the
reward is `scorecard.value_of` of the findings, so a shared phrase costs 0.05 and a near-duplicate 0.5.
Leaves out: the same idea in other words, and choosing among texts (mix.py).
Paper: RELATE, diversity reward ("text fatigue"), token granularity.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from relate_engine.scorecard import Finding, finding

NEAR = 0.6  # Jaccard above which two texts count as the same
RUN = 3  # words: a shared run of four or five is made of shared runs of three
DUPLICATE = -0.5  # amount of DIV-003
_TOKEN = re.compile(r"[^\W_]+(?:['\u2019.,][^\W_]+)*")


def jaccard(a: str, b: str) -> float:
    """Overlap of the word sets of two texts, case aside: 1 for the same words, 0 for none in common."""
    x, y = _word_set(a), _word_set(b)
    shared = len(x & y)
    return shared / (len(x) + len(y) - shared) if x or y else 1.0


def diversity(text: str, mates: Sequence[str], served: Sequence[str], run: int = RUN) -> list[Finding]:
    """Shared runs of words and near-duplicates. `mates` are the other texts of the group; `run`: the fewest words that
    make a run shared with one of them."""
    found = [
        *_shared(text, mates, run, "DIV-001", "another text of this draft", "Say it in other words."),
        *_shared(text, served, RUN, "DIV-002", "a text already served", "Say something the audience has not seen."),
    ]
    for others, where in ((mates, "another text of this draft"), (served, "a text already served")):
        best = max(others, key=lambda other: jaccard(text, other), default=None)
        if best is not None and jaccard(text, best) > NEAR:
            message = f"Nearly the same as {where}: '{best}'."
            note = finding("DIV-003", "diversity", "note", message, fix="Keep one of the two.", source="word overlap")
            found.append(replace(note, amount=DUPLICATE))
    return found


def _shared(text: str, others: Iterable[str], run: int, rule: str, where: str, fix: str) -> list[Finding]:
    tokens = [(m[0].lower().replace("\u2019", "'"), m.start(), m.end()) for m in _TOKEN.finditer(text)]
    own = _grams(text, run)
    grams = {g for o in others if not own.isdisjoint(theirs := _grams(o, run)) for g in own & theirs}
    covered = [False] * len(tokens)
    joined = [False] * len(tokens)  # token i continues the run of token i - 1
    for i in range(len(tokens) - run + 1):
        if tuple(t for t, _, _ in tokens[i : i + run]) in grams:
            covered[i : i + run] = [True] * run
            joined[i + 1 : i + run] = [True] * (run - 1)
    found = []
    for i, (_, start, end) in enumerate(tokens):
        if not covered[i] or joined[i]:
            continue
        last = i
        while last + 1 < len(tokens) and joined[last + 1]:
            last += 1
        end = tokens[last][2]
        message = f"'{text[start:end]}' stands in {where}, word for word."
        found.append(finding(rule, "diversity", "note", message, fix=fix, start=start, end=end, source="word overlap"))
    return found


@lru_cache(maxsize=4096)
def _word_set(text: str) -> frozenset[str]:
    return frozenset(m[0].lower().replace("\u2019", "'") for m in _TOKEN.finditer(text))


@lru_cache(maxsize=4096)
def _grams(text: str, run: int) -> frozenset[tuple[str, ...]]:
    tokens = [m[0].lower().replace("\u2019", "'") for m in _TOKEN.finditer(text)]
    return frozenset(tuple(tokens[i : i + run]) for i in range(len(tokens) - run + 1))

"""Display paths of a search ad, made from the brief's own words.

A path is a label of at most 15 characters ("Cold-Brew"): nothing to be written, so nothing to sample.
Candidates are the keywords and the words of product and benefits, most telling first. A point that denies
something ("No hidden fees") is left alone: cut to two words it would say the opposite. So is a part of a word: of
"anti-slip mats" the path is "Anti-Slip-Mats" or "Anti-Slip", never "Slip-Mats". Words with figures part their
neighbours, as figures do, but for those that are names ("B12", "3D").
"""

import re
from collections.abc import Callable

from relate_engine.brief import Brief, width

LIMIT = 15
_DENIES = re.compile(
    r"\b(?:no|not|non|nor|none|never|neither|cannot|without|zero)\b|n['’]t\b|[-‐‑]free\b|\bfree (?:of|from)\b", re.I
)
_WORD = re.compile(r"[^\W_]+(?:(?:['’‐‑-]|(?<=\d)[.,](?=\d))[^\W_]+)*|\S")
_NAMED = re.compile(r"[^\W\d_]+-?\d+|\d[^\W\d_]{1,2}")  # B12, CR-2032, 3D, 5G
_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "for",
        "from",
        "has",
        "have",
        "in",
        "into",
        "is",
        "it",
        "its",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "out",
        "per",
        "so",
        "than",
        "that",
        "the",
        "their",
        "this",
        "to",
        "up",
        "with",
        "without",
        "you",
        "your",
        "we",
        "all",
        "any",
        "each",
        "every",
        "more",
        "most",
        "new",
    ]
)


def _label(words: list[str]) -> str:
    return "-".join(part[:1].upper() + part[1:] for w in words for part in w.split("-"))


def _phrases(text: str) -> list[str]:
    """Labels from the content words of a text, in reading order: pairs of neighbours first, then single words."""
    runs, run = [], []
    for found in _WORD.findall(text):
        word = re.sub("[‐‑]", "-", re.sub("['’]", "", found))
        whole = word.replace("-", "").isalpha() or _NAMED.fullmatch(word)
        if whole and word.lower() not in _SMALL:
            run.append(word)
        elif run:
            runs.append(run)
            run = []
    runs.append(run)
    pairs = [_label(r[i : i + 2]) for r in runs for i in range(len(r) - 1)]
    return pairs + [_label([w]) for r in runs for w in r if len(w) > 3]


def paths(brief: Brief, count: int, refuses: Callable[[str], str] = lambda _: "") -> list[str]:
    """Up to `count` distinct paths within the limit that share no word.

    `refuses`: why a path may not be shown, or "". A refused one is passed over for the next of its point.
    """
    chosen: list[str] = []
    used: set[str] = set()
    for text in (*brief.keywords, brief.product, *brief.benefits, brief.vertical):
        if _DENIES.search(text):
            continue
        for label in _phrases(text):
            words = set(label.lower().split("-"))
            if len(chosen) == count:
                return chosen
            if width(label) <= LIMIT and not words & used and not refuses(label):
                chosen.append(label)
                used |= words
                break
    return chosen

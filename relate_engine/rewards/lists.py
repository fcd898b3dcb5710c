"""An item too many in a list of the brief: "sand, forest green or plum" of "sand or forest green".

Why: flavours, colours, places and languages are given as lists, and a writer adds or exchanges one. A list of the text
that has an item of a list of the brief may hold only words of the brief.
Leaves out: lists with none of the brief's items, and items of more than two words.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.denial import denied_at
from relate_engine.rewards.clauses import roots_of
from relate_engine.rewards.dates import DAY
from relate_engine.rewards.relevance import listed
from relate_engine.rewards.spelling import frequency
from relate_engine.rewards.units import number_of
from relate_engine.rewards.words import STOP, stem, words
from relate_engine.scorecard import Finding, finding

_ITEM = r"[A-Za-z][\w'-]*(?: [A-Za-z][\w'-]*)?"
_LIST = re.compile(
    rf"(?P<many>{_ITEM}(?:, {_ITEM})+),? (?:and|or|&) (?P<last>{_ITEM})|(?P<one>{_ITEM}) (?:and|or|&) "
    rf"(?P<other>{_ITEM})"
)


def check_lists(text: str, facts: str) -> list[Finding]:
    """CLM-019 for an item that no list of the brief has, beside one that it has."""
    told, known = _items(facts)
    found = []
    for m in _LIST.finditer(text):
        items = [*m["many"].split(", "), m["last"]] if m["many"] else [m["one"], m["other"]]
        own = [i for i in items if _root(i) in told]
        for item in items if own else ():
            inside = [w for w in words(item) if w.lower not in STOP]
            if (
                len(inside) != len(words(item))
                or DAY.search(item)
                or any(_of_brief(w.lower, known) for w in inside)
                or (len(inside) == 1 and _in_other_words(inside[0].lower, known))
                or (stem(inside[-1].lower) in listed("ad_words") and len(own) < 3)
                or not _a_thing(inside[-1].lower)
            ):
                continue
            start = text.index(item, m.start())
            if denied_at(text, start, start + len(item)):
                continue
            found.append(
                finding(
                    "CLM-019", "correctness", "warn", f"'{item}' stands in no list of the brief.",
                    fix="Keep to what the brief lists.", start=start, end=start + len(item), source="brief",
                )
            )  # fmt: skip
    return found


def _root(item: str) -> str:
    """The stem of the last word: the head of "forest green"."""
    inside = words(item)
    return stem(inside[-1].lower) if inside else ""


def _of_brief(word: str, known: frozenset[str]) -> bool:
    return stem(word) in known or word[:5] in known or number_of(word) is not None


def _in_other_words(word: str, known: frozenset[str]) -> bool:
    """ "Postage" of shipping, "hooves" of hoof, "amps" of amplifiers."""
    return bool(roots_of(word) & known) or f"{word.removesuffix('ves')}f" in known


def _a_thing(word: str) -> bool:
    """Neither a form of a verb nor a word that goes with anything."""
    return len(word) > 2 and not re.search(r"(?:ed|ing|ly|er|est)$", word) and frequency(word) < 60_000


@lru_cache(maxsize=512)
def _items(facts: str) -> tuple[frozenset[str], frozenset[str]]:
    """Heads of the items of every list of the brief; and all its stems and beginnings."""
    heads = set()
    for m in _LIST.finditer(facts):
        items = [*m["many"].split(", "), m["last"]] if m["many"] else [m["one"], m["other"]]
        heads |= {_root(i) for i in items}
    own = [w.lower for w in words(facts)]
    known = {stem(w) for w in own} | {w[:5] for w in own if len(w) >= 5} | roots_of(facts)
    # "amp" of amplifiers
    return frozenset(heads - {""}), frozenset(known | {w[:n] for w in own if len(w) > 6 for n in (3, 4)})

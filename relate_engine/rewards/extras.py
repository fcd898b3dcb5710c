"""Things a text gives with the product that the brief has no word for: "two pillowcases come with it".

Why: what is in the box, in the price or thrown in is a promise, and the thing promised is a plain noun that no list of
claims can hold. So the noun itself must stand in the brief: each thing of "dal, rice and a sweet, all in one tin".
Leaves out: things the brief names but does not give (statements.py), gifts told by a verb ("we pay your bus fare"),
and things named by another word of the same meaning, as far as `_ALIKE` knows it.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.denial import denied_at
from relate_engine.rewards.clauses import roots_of
from relate_engine.rewards.words import STOP, own_stems, stem, word_set, words
from relate_engine.scorecard import Finding, finding

_HOLDER = r"(?:box|kit|pack|package|price|ticket|rate|rent|fee|fare|tin|tub|crate|parcel|bag|case|pouch|bundle|set)"
# The things stand before.
_BEFORE = re.compile(
    rf"\b(?:included(?= *(?:[.!;]|$|,? (?:for|in|with|at)\b))|thrown in|(?:comes?|arrives?) (?:with|in) "
    rf"(?:it|them|each|every|the|your|one)\b|packed in (?:the|every|each) |with our compliments|all (?:together )?in "
    rf"(?:one|the|a|each|every)\b|(?:is|are|all) (?:all )?in the (?:[a-z]+ ){{0,2}}{_HOLDER}\b"
    rf"|all in the (?:flat |single |one )?[$\u00a3\u20ac])",
    re.I,
)
# The things stand behind.
_AFTER = re.compile(
    r"\b(?:comes? with|price includes|complete with|kit includes|box (?:includes|holds|contains)|kit "
    r"(?:holds|contains|has)|so do|throws? in|includes|including) (?=[a-z])",
    re.I,
)
_ITEMS = re.compile(r",\s*|\s+(?:and|plus|&|or)\s+", re.I)
_CLAUSE = re.compile(r"[.!?;:\u2013\u2014](?=\s|$)|\n")
# What may be given without a word of the brief: the offer itself, and words that stand for things just named.
_OPEN = frozenset(
    stem(w)
    for w in word_set(
        """everything all it both each one ones two three four them rest extras extra none nothing works whole thing
        things price cost costs fee fees tax taxes care love peace mind time help advice answer
        answers service offer deal order orders charge money day night week month year size sizes colour colors color
        joy calm comfort confidence"""
    )
)
_ALIKE = tuple(
    frozenset(stem(w) for w in group.split())
    for group in (
        "guide guidebook instructions manual booklet leaflet card template book notes sheet",
        "delivery shipping postage post mail",
        "case bag pouch sack sleeve tin container",
        "box carton crate parcel",
        "look check inspection survey visit exam test",
        "meal dinner lunch breakfast food dish",
        "cable lead cord wire",
        "screws bolts fixings fittings hardware",
        "setup installation install fitting fit assembly",
        "tea coffee drink drinks",
        "photo picture image shots photos",
        "change changes edit edits revision revisions",
        "shots jabs vaccine vaccination vaccinated",
    )
)


def check_extras(text: str, facts: str) -> list[Finding]:
    """CLM-019 for each thing given that the brief does not name."""
    found = []
    for start, end in _given(text):
        head = _head(text[start:end])
        if head is None or _known(head, facts):
            continue
        if denied_at(text, start, end):
            continue
        found.append(
            finding(
                "CLM-019", "correctness", "warn", f"'{text[start:end]}' is not among what the brief gives.",
                fix="Leave it out, or add it to the brief.", start=start, end=end, source="brief",
            )
        )  # fmt: skip
    return found


def _given(text: str) -> list[tuple[int, int]]:
    spans = []
    for m in _BEFORE.finditer(text):
        left = max((c.end() for c in _CLAUSE.finditer(text, 0, m.start())), default=0)
        spans += _items(text, left, m.start(), last=True)
    for m in _AFTER.finditer(text):
        right = _CLAUSE.search(text, m.end())
        spans += _items(text, m.end(), right.start() if right else len(text), last=False)
    return spans


def _items(text: str, start: int, end: int, last: bool) -> list[tuple[int, int]]:
    """The items of a list: short ones only, counted from the end that touches the word that gives them."""
    cuts = [start, *(p for m in _ITEMS.finditer(text, start, end) for p in m.span()), end]
    parts = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True) if text[a:b].strip()]
    kept = []
    for a, b in reversed(parts) if last else parts:
        if len(text[a:b].split()) > 4:
            break
        a += len(text[a:b]) - len(text[a:b].lstrip())
        if lead := _LEAD.match(text, a, b):
            a = lead.end()
        if re.search(r"[$\u00a3\u20ac\d]", text[a:b]):
            continue
        kept.append((a, a + len(text[a:b].rstrip())))
    return kept


_MEASURE = re.compile(r"\b(?:sets|rounds|pairs|packs|lots|kinds|choice|range|set|pair|pack) of ", re.I)
_LEAD = re.compile(r"(?:(?:and|so|with|in|plus|as|from|for|all) )+", re.I)
_HEAD_END = re.compile(
    r"\b(?:of|for|in|from|to|on|that|which|with|at|by|under|over|is|are|all|both|come|comes|do|does)\b", re.I
)


@lru_cache(maxsize=4096)
def _head(item: str) -> str | None:
    """The noun of an item: the last word before a preposition."""
    told = [w.lower for w in words(_HEAD_END.split(_MEASURE.sub("", item))[0])]
    if not told or told[-1] in STOP or len(told[-1]) < 3:
        return None
    return told[-1]


def _known(head: str, facts: str) -> bool:
    root = stem(head)
    own = own_stems(facts)
    if root in own or root in _OPEN or roots_of(head) & roots_of(facts):
        return True
    if any(root.startswith(o) or o.startswith(root) for o in own if min(len(o), len(root)) >= 4):
        return True
    return any(root in group and group & own for group in _ALIKE)

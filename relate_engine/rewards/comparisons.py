"""Comparisons of a text held against those of its brief: "longer than last year's" of "shorter than last year's show".

Why: the thing compared with stands in the brief, so only the direction and the size of the difference can be wrong.
A comparison that names a thing of the brief must be one the brief makes: not turned round, not made equal, not made
a half or a double of what is only more or less.
Leaves out: comparisons with things the brief does not name, and which side is compared with which.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.denial import denied_at
from relate_engine.rewards.clauses import roots_of
from relate_engine.scorecard import Finding, finding

# Words of one scale: less of it on the left, more on the right.
_SCALES = tuple(
    (frozenset(less.split()), frozenset(more.split()))
    for less, more in (
        ("smaller shorter narrower slimmer tinier lower less fewer lighter thinner cosier slighter cheaper "
         "lower-priced",
         "bigger larger longer taller wider roomier higher more heavier thicker broader deeper greater dearer pricier"),
        ("slower later", "faster quicker sooner earlier speedier"),
        ("younger newer fresher", "older"),
        ("cooler colder", "warmer hotter"),
        ("quieter calmer", "louder noisier"),
        ("weaker milder gentler softer mellower", "stronger tougher harder firmer stiffer sharper"),
        ("drier bitterer", "sweeter"),
        ("darker dimmer", "brighter lighter paler"),
        ("closer nearer", "farther further"),
        ("worse", "better"),
        ("rougher coarser", "smoother finer"),
        ("harder trickier", "easier simpler"),
    )
)  # fmt: skip
_WORDS = "|".join(sorted({w for less, more in _SCALES for w in less | more}, key=len, reverse=True))
_OBJECT = r"(?P<object>[^,.;:!?\n]+)"
_MORE_OR_LESS = re.compile(
    rf"\b(?P<word>{_WORDS})\b(?P<of>(?: [\w'-]+){{0,4}}?) than (?!\d|[$\u00a3\u20ac]|(?:a |an )?(?:hundred|thousand|"
    rf"dozen)){_OBJECT}",
    re.I,
)
_EQUAL = re.compile(
    rf"\b(?:the )?same (?:[a-z]+ )?(?P<noun>[a-z]+) as {_OBJECT}|\b(?P<as>(?:just |exactly )?as [a-z]+) as "
    rf"(?!possible|you|it|soon|much|many){_OBJECT}|\b(?:equal to|no (?P<no>{_WORDS}) than) {_OBJECT}".replace(
        "(?P<object>", "(?P<object1>", 1
    ).replace("(?P<object>", "(?P<object2>", 1),
    re.I,
)
_TIMES = re.compile(
    r"\b(?P<times>half|twice|double|triple|a third of|a quarter of|(?:two|three|four|five|ten|\d+) times)"
    r"(?: the| as)? [a-z]+(?: of| as| than|) "
    r"(?P<object>(?:our|the|your|its|their|last|previous|any|other|standard|regular)\b[^,.;:!?\n]+)",
    re.I,
)


@dataclass(frozen=True)
class Comparison:
    kind: str  # "more", "equal" or "times"
    word: str  # of a scale, or the multiple
    object: frozenset[str]  # stems of the thing compared with
    start: int
    end: int


def compared(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a comparison that the brief makes in another way."""
    told = comparisons(facts)
    found = []
    for c in comparisons(text) if told else ():
        near = [k for k in told if c.object & k.object]
        if near and not any(_agree(c, k) for k in near) and not denied_at(text, c.start, c.end):
            says = facts[near[0].start : near[0].end]
            found.append(
                finding(
                    "CLM-019", "correctness", "warn", f"The brief says '{says}', not '{text[c.start : c.end]}'.",
                    fix="Compare as the brief does.", start=c.start, end=c.end, source="brief",
                )
            )  # fmt: skip
    return found


@lru_cache(maxsize=2048)
def comparisons(text: str) -> tuple[Comparison, ...]:
    """Each comparison of a text with a thing it names."""
    return tuple(_read(text))


def _read(text: str) -> Iterator[Comparison]:
    taken: list[tuple[int, int]] = []
    for m in _TIMES.finditer(text):
        taken.append(m.span())
        if what := roots_of(m["object"]):
            yield Comparison("times", m["times"].lower(), what, *m.span())
    for m in _EQUAL.finditer(text):
        if any(s < m.end() and m.start() < e for s, e in taken):
            continue
        taken.append(m.span())
        if what := roots_of(m["object"] or m["object1"] or m["object2"]):
            yield Comparison("equal", "", what, *m.span())
    for m in _MORE_OR_LESS.finditer(text):
        if any(s < m.end() and m.start() < e for s, e in taken):
            continue
        if what := roots_of(m["object"]):
            yield Comparison("more", m["word"].lower(), what, *m.span())


def _agree(said: Comparison, told: Comparison) -> bool:
    if said.kind != told.kind:
        return told.kind == "times" and said.kind == "more"  # "faster than" of "twice as fast as"
    return said.word == told.word if said.kind == "times" else not _turned(said.word, told.word)


def _turned(a: str, b: str) -> bool:
    """Do the two words point to the two ends of one scale?"""
    apart = [(a in less and b in more) or (a in more and b in less) for less, more in _SCALES]
    along = [(a in less and b in less) or (a in more and b in more) for less, more in _SCALES]
    return any(apart) and not any(along)

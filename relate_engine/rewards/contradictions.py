"""What stands against the brief although every word of it is known: denials asserted, opposites, colours and grades.

Why: "Fast Wi-Fi" of an inn that has none, "in the washing machine" of a yarn to be washed by hand, and "rated 5 out of
5" of 4.8 all use words of the brief. Each check needs the brief to say the opposite; where it is silent it is silent.
Leaves out: opposites that are in no list (lexicon.OPPOSITES), and contradictions by meaning alone.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.denial import affirmed, denied_at
from relate_engine.rewards.lexicon import OPPOSITES
from relate_engine.rewards.words import content, stem, word_set, words
from relate_engine.scorecard import Finding, Severity, finding

_NEGATED = re.compile(r"(?:\b(?:no|not|never|nor|nothing|without|zero)|n't)(?: \w+){0,2} $", re.I)
# A text that speaks of others, of trouble or of doing without.
_CONTRAST = re.compile(
    r"\b(?:skips?|instead|tired|hid(?:e|es|den)|leav(?:e|es|ing)|left|ignor\w+|bans?|rather|stop\w*|ends?|"
    r"avoid\w*|ditch|forget|nobody|becomes?|up to you|free (?:of|from)|"
    r"goodbye|away|off|never|without|most|many|some|other|others|usual|no|not|none|nothing|lose|miss|fear|worry|"
    r"hate|sick|"
    r"scares?|finds|eats|unlike|than|minus|stays|your own|aside|apart|except\w*|excluding|bar|un[a-z]+ed)\b|n't\b|"
    r"[$\u00a3\u20ac]\d",
    re.I,
)
SAY = "Say what the brief says."


def fault(text: str, start: int, end: int, what: str, fix: str, severity: Severity = "block") -> Finding:
    return fact(f"'{text[start:end]}' is {what} that is not in the brief.", start, end, fix, severity)


def fact(message: str, start: int, end: int, fix: str, severity: Severity) -> Finding:
    return finding("CLM-019", "correctness", severity, message, fix=fix, start=start, end=end, source="brief")


def contradicted(text: str, own: frozenset[str], stems: frozenset[str]) -> list[Finding]:
    """ "Painted" where the brief says only "unpainted"."""
    return [
        fault(text, w.start, w.start + len(w.lower), f"the opposite of 'un{w.lower}', a statement", SAY)
        for w in words(text)
        if len(w.lower) > 4 and f"un{w.lower}" in own and stem(w.lower) not in stems
        and not _NEGATED.search(text[: w.start]) and f"un{w.lower}" not in text.lower()
    ]  # fmt: skip


def asserted(text: str, denied: frozenset[str]) -> list[Finding]:
    """ "Fast Wi-Fi", "ships to Alaska" where the brief speaks of these only to say no."""
    told = [w for w in content(text) if stem(w.lower) in denied] if denied else []
    refused = {stem(w.lower) for w in told if denied_at(text, w.start, w.end)}
    return [
        fact(f"The brief speaks of '{w.lower}' only to say no.", w.start, w.start + len(w.lower), SAY, "warn")
        for w in told
        if stem(w.lower) not in refused
        and not _CONTRAST.search(_part(text, w.start))
        and not re.match(r"[^.!]*\?", text[w.end :])
    ]


# Ordinary verbs of a denial, and words too common to be its object.
_COMMON = frozenset(
    stem(w)
    for w in word_set(
        """need needs require include accept work works ship ships deliver available offer offered come apply
        use used made make suitable recommended covered cover remove contain add added sell sold give allow
        allowed guarantee guaranteed find see tell hold keep take want like know ask long hour day week
        month year people person home time part thing way plain order buy open light word hand night morning
        weekday real right left good fit show move fill case reason read account fix website profile
        employer coin snack pad shell store stock kid child children business service class every single
        small large new state"""
    )
)


_NEARLY = re.compile(r"\b(?:nearly|almost|over|more than|above|close to|about|up to) $", re.I)


def opposed(text: str, facts: str) -> list[Finding]:
    """ "In the washing machine" of "hand wash only"; a colour or a grade the brief does not offer among its own."""
    found = []
    for says, other in _opposites(facts):
        for m in other.finditer(text):
            if not denied_at(text, *m.span()) and not _CONTRAST.search(_sentence(text, m.start())):
                found.append(fact(f"The brief says '{says}', not '{m[0]}'.", m.start(), m.end(), SAY, "warn"))
    for m in re.finditer(r"(?<![\w+-])[A-D]{1,3}(?:\+{1,2}|-)(?![\w+-])", text):
        if not re.search(rf"(?<![\w+-]){re.escape(m[0])}(?![\w+-])", facts):
            found.append(fault(text, m.start(), m.end(), "a grade", "Use the grade of the brief."))
    for m in re.finditer(r"(\d(?:\.\d)?) ?(?:out of|/) ?(5|10)\b|(\d(?:\.\d)?)(?: |-)stars?\b", text):
        rated = re.findall(
            r"(\d(?:\.\d)?) ?(?:out of|/|of) ?(?:5|10)\b|(\d(?:\.\d)?)(?: |-)stars?\b|[Rr]ated (\d(?:\.\d)?)", facts
        )
        if _NEARLY.search(text[: m.start()]):
            continue
        if rated and float(m[1] or m[3]) not in {float(n) for group in rated for n in group if n}:
            found.append(fault(text, m.start(), m.end(), "a rating", "Use the rating of the brief."))
    return found


_OPPOSITES = [
    (re.compile(rf"(?<![\w-])(?:{stated})", re.I), re.compile(rf"(?<![\w-])(?:{other})(?![\w-])", re.I))
    for stated, other in OPPOSITES
]


@lru_cache(maxsize=512)
def _opposites(facts: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """What the brief says and the pattern of its opposite, where the brief does not say that too."""
    stated = affirmed(facts)
    return tuple(
        (says[0], other)
        for pattern, other in _OPPOSITES
        if (says := pattern.search(facts)) and not other.search(stated)
    )


def _sentence(text: str, at: int) -> str:
    left = re.split(r"[.!?](?:\s|$)|\n", text[:at])[-1]
    return left + re.split(r"[.!?](?:\s|$)|\n", text[at:])[0]


def _part(text: str, at: int) -> str:
    """The part of the sentence around `at`, without what follows from it: ", so there is no spoon to find"."""
    before = _SO.split(text[:at])
    return _sentence(before[-1] + _SO.split(text[at:])[0], len(before[-1]))


_SO = re.compile(r",\s(?:so|and so)\s")


# What is not part of the offer may still be spoken of: "hang it on any rail" of "a rail is not supplied".
_NOT_GIVEN = re.compile(r"\bnot (?:be )?(?:supplied|included|provided)\b", re.I)


def denied_things(facts: str) -> frozenset[str]:
    """Stems of the things that stand in denials only: "no Wi-Fi", "does not accept Medicaid"."""
    stated = affirmed(facts)
    kept = {stem(w.lower) for w in content(stated)}
    parts = (facts[m.start() : m.end()] for m in re.finditer("\u00b7{2,}", stated))
    near = {
        stem(w.lower) for part in parts if '"' not in part and not _NOT_GIVEN.search(part) for w in content(part)[:5]
    }
    return frozenset(near - kept - _COMMON)

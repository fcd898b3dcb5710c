"""Who made, wrote, teaches or runs it: "baked by a team of vets" of "baked by the Pryce family".

Why: a maker is a fact that buyers choose by, and an invented one is written in ordinary words without a capital. What
follows "by" after a verb of doing must stand in the brief; where the brief gives that verb another doer, in its words.
Leaves out: doers without "by" ("our chefs"), and names (propernames.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.rewards.calendar import DAY, MONTH
from relate_engine.rewards.units import number_of
from relate_engine.rewards.words import STOP, initials, stem, word_set, words
from relate_engine.scorecard import Finding, finding

_DONE = re.compile(
    r"\b(?P<verb>(?!been\b)[a-z]{2,}(?:ed|en|wn|rn)|made|built|led|run|taught|sewn|spun|hand-?[a-z]+(?:ed|en|wn|un)|chosen|"
    r"brought|"
    r"bound|cut|set|sold|kept|found|wrought|dreamt)(?: (?!by\b)[\w'-]+){0,3}? by (?P<who>[^,.;:!?()\n]+)",
    re.I,
)
_WHO_ENDS = re.compile(
    r"\s(?:in|at|from|for|with|on|to|since|near|using|under|over|through|who|whose|that|which|where|when|before|after|"
    r"until|comes?|have|has|holds?|is|are|and (?=(?:[a-z]+(?:ed|en)|built|made|sold|run)\b)|as|into|by|every|each)\b.*",
    re.I | re.S,
)
# No doer but a means, a measure or a time.
_NO_DOER = re.compile(
    r"(?:hand|post|mail|e-?mail|phone|text|train|bus|bike|car|boat|tram|sea|air|land|rail|foot|tube|app|default|design|"
    r"nature|name|law|then|now|noon|midday|midnight|tonight|tomorrow|today|next|machine|weight|size|age|colou?r|date|"
    r"up|return|heart|appointment|request|card|cheque|check|direct|bank|word|mistake|accident|definition|chance|"
    r"[a-z]+ing|half|more|less|about|around|nearly|almost|over|at least|just|a lot|far|the (?:hour|day|week|month|"
    r"year|dozen|piece|metre|meter|foot|"
    r"litre|glass|cup|slice|kilo|pound|end|time|book|sea|fire|river|lake|shore|coast|water|numbers?)|how|what|which|"
    r"(?:[a-z]+ )*of you|(?:him|her|it|them|your|our|my)sel(?:f|ves)|a (?:third|"
    r"quarter|"
    rf"half|full|whole|factor|mile)|you|us|me|hundreds|thousands|millions|\W?\d.*|{DAY}|{MONTH}|christmas|"
    r"easter|lunch|bedtime|dinner|breakfast)\b",
    re.I,
)
# What has happened to the reader: "Been burned by a cheap tent?"
_BEFALLEN = re.compile(r"(?:^|[.!?] )(?:ever )?been $|\b(?:ever been|you've (?:ever )?been|you were) $", re.I)
# Words for persons at large, which any doer is.
_ANYBODY = frozenset(
    stem(w)
    for w in word_set("""people person someone somebody everyone folks team staff crew hands real actual human
    humans expert experts pro pros
    professionals local maker makers outside independent third party""")
)


def check_makers(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a doer the brief does not have, or has for something else."""
    known, starts = _stems(facts)
    short = _short(facts)
    by = dict(_doers(facts))
    found = []
    for m in _DONE.finditer(text):
        who = _who(m)
        if not who or _BEFALLEN.search(text[: m.start()]):
            continue
        said = frozenset(stem(w) for w in who)
        told = by.get(stem(m["verb"].lower()))
        strange = [w for w in who if stem(w) not in known | _ANYBODY and w[:5] not in starts and w not in short]
        counted = any((number_of(w) or 0) > 1 for w in who) and told and not any(number_of(w) for w in told)
        if strange or counted:
            message = f"'{_WHO_ENDS.sub('', m['who'])}' is nobody of the brief."
        elif told is not None and not said & (told | _ANYBODY) and not set(who) & short:
            message = "The brief names another for this."
        else:
            continue
        start = m.start("who")
        found.append(
            finding(
                "CLM-019", "correctness", "warn", message, fix="Name the maker as the brief does.",
                start=start, end=start + len(_WHO_ENDS.sub("", m["who"])), source="brief",
            )
        )  # fmt: skip
    return found


def _who(m: re.Match[str]) -> list[str]:
    """The content words of the doer, or nothing where "by" gives a means, a measure or a time."""
    if _NO_DOER.match(m["who"]) or m.string[: m.start("who")].lower().endswith(f"{m['who'].split()[0].lower()} by "):
        return []  # "day by day"
    return [w.lower for w in words(_WHO_ENDS.sub("", m["who"])) if w.lower not in STOP and len(w.text) > 1]


@lru_cache(maxsize=512)
def _short(facts: str) -> frozenset[str]:
    """Short forms of the words and the names of the brief: "lab" of laboratory, "RHS" of a society."""
    return initials(facts) | {w.lower[:3] for w in words(facts) if len(w.lower) > 6}


@lru_cache(maxsize=512)
def _doers(facts: str) -> tuple[tuple[str, frozenset[str]], ...]:
    found: dict[str, frozenset[str]] = {}
    for m in _DONE.finditer(facts):
        if who := _who(m):
            verb = stem(m["verb"].lower())
            found[verb] = found.get(verb, frozenset()) | {stem(w) for w in who}
    return tuple(found.items())


@lru_cache(maxsize=512)
def _stems(facts: str) -> tuple[frozenset[str], frozenset[str]]:
    own = [w.lower for w in words(facts)]
    return frozenset(stem(w) for w in own), frozenset(w[:5] for w in own if len(w) >= 5)

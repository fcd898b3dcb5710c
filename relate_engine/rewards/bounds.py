"""Promises without the bounds the brief sets: "
  ""for everyone" of "for qualified buyers", "all vegan" of "two of the four".

Why: all, every, always and whatever turn a true offer into a wider one; the nearest clause of the brief tells.
Leaves out: an offer that only drops its condition (conditions.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.rewards.calendar import DAY
from relate_engine.rewards.clauses import Clause, Fault, figures_of, nearest, pieces, roots_of
from relate_engine.rewards.quantities import Quantity, quantities
from relate_engine.rewards.words import STOP, stem, words

_SWEEP = re.compile(
    r"\b(?:each and every|every(?! (?:day|week|month|year|morning|night|evening|time|other|two|three|four|six|\d|"
    rf"{DAY}))(?:one|body|thing|where)?(?! else)|any(?:one|body|thing|where|"
    r"time)?|throughout"
    r"|until the day|all(?! (?:you (?:need|have)|in|day|night|year|over|natural|about|your money|the way|"
    r"in one)\b)|always|ever|"
    r"no limits?|no exceptions?|no notice|unlimited|nationwide|worldwide|a penny|completely|entirely|your first day|"
    r"day one|both ways|at all|the whole|in full|either way|alike|everything)\b",
    re.I,
)
_AGAINST = re.compile(
    r"\b(?:whatever|whenever|wherever|whoever|no matter|regardless|even (?:if|when|at|on|the|after|before|"
    r"once|though)|whether or not|"
    r"right up to|no questions asked|just one|no [a-z]+ (?:needed|required|necessary)|(?:a|every|"
    r"one) single(?! (?:dollar|cent|penny)))\b",
    re.I,
)
_NUMBER = r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_BOUND = re.compile(
    rf"\b(?:{_NUMBER} of(?= (?:the|its|our|your|them|every))|most|some|select(?:ed)?|participating|many(?= )|may|"
    r"usually|typically|(?:except|excludes?|excluding|not) [^,.;\n]+|extra|separately|you pay|quoted|"
    r"every (?:second|third|fourth|fifth|sixth|tenth)|who (?:have |are )?[a-z]+[^,.;\n]*|"
    r"(?:when|if|unless|provided|once|while|caused by|against|before|after|until|through|inside|within|under|over|"
    r"during|on orders|up to) [^,.;\n]+|for (?:the )?(?:[a-z-]+ )?[a-z]+s\b|for (?:over|under)-?\d+s?|"
    r"for [a-z]+ use|with [^,.;\n]+|\d+-month plan|on (?:the|our) [a-z]+ [a-z]+|"
    r"(?!year|month|lifetime|limited|full|long|back|day|manufacturer|our|your|the|free|extended)[a-z]{3,}(?= "
    r"(?:warranty|"
    r"guarantee)\b)|for (?:the )?(?:original|first|new|approved|eligible) [a-z]+|[a-z-]+ only|only [a-z-]+|"
    rf"{_NUMBER} (?:[a-z]+ ){{0,2}}or more)\b",
    re.I,
)
_PART = re.compile(
    rf"\b(?:{_NUMBER} of|most|some|select|participating|usually|typically|may|every (?:second|[a-z]+th)\b|"
    rf"who\b|[a-z-]+ only|"
    r"only|except|exclud|not )",
    re.I,
)
# Every one of the things on offer: any bound of the clause then counts.
_KIND = re.compile(
    r"\b(?:every|all|any|each) (?:of our |our )?(?:plans?|tiers?|tickets?|memberships?|models?|sizes?|versions?|"
    r"rooms?)\b",
    re.I,
)
_WITHIN = re.compile(
    r"\b(?:in|on|at|within|inside|across) (?:the |our |most |some |selected )?[\w'-]+(?: [\w'-]+)?", re.I
)
# A clause that promises something, so that its bounds matter.
_OFFER = re.compile(
    r"\b(?:free|refund\w*|money[- ]back|cancel\w*|replac\w+|repair\w*|warrant\w+|guarant\w+|returns?|"
    r"exchang\w+|discount\w*|"
    r"off|half[- ]price|half off|save|apr|cover\w*|insur\w+|pay|paid|penalt\w+|includ\w+|ship\w*|deliver\w*|"
    r"same[- ]day|match\w*|"
    r"doubled?|exam|"
    r"certificat\w+|sedation|available|accept\w*|qualif\w+|approv\w+|deposit|down|gift|fix|rebates?|sign-on|"
    r"fees?|waived)\b|\d ?%",
    re.I,
)
# "Any time in the first five years": a bound of the text's own.
_SPAN = re.compile(
    rf"(?: [a-z]+)? (?:in|within|during|for|up to|under|over)(?: the)?(?: first| next)? (?:[$\u00a3\u20ac]|"
    rf"{_NUMBER}\b)",
    re.I,
)


_WHOLE = re.compile(rf" (?:of (?:the |our |its )?)?{_NUMBER}\b", re.I)
_SOME = re.compile(rf"\b{_NUMBER} of\b", re.I)
# Other words of the brief for the same sweep.
_ALIKE = {
    "day one": "the first day",
    "your first day": "day one|the first day",
    "anywhere": "worldwide|everywhere|(?:all over|across|around) the world",
    "everywhere": "worldwide|anywhere|(?:all over|across|around) the world",
    "right up to": "(?:up to|until|till) the (?:day|hour|minute)",
}


def unbounded(sentence: str, text: str, brief: tuple[Clause, ...], weight: dict[str, float]) -> list[Fault]:
    """For all, always or whatever happens, where the nearest clause sets a bound the text does not tell."""
    whole = brief
    if _OFFER.search(sentence) and not _KIND.search(sentence):
        brief = tuple(c for c in brief if _OFFER.search(c.text))
    for at, piece in pieces(sentence):
        sweep = _AGAINST.search(piece) or _SWEEP.search(piece)
        if sweep is None:
            continue
        if _SPAN.match(piece[sweep.end() :]):
            continue  # "any time in the first five years"
        against = _AGAINST.match(sweep[0]) is not None
        most, near = nearest(piece, brief, weight)
        if most < 0.5:
            most, near = nearest(sentence, brief, weight)
        if most < 0.5:
            continue
        if _WHOLE.match(piece[sweep.end() :]) and not any(_SOME.search(c.text) for c in near):
            continue  # "any of six flavours", "all 60 pieces": the number bounds it
        alike = _ALIKE.get(sweep[0].lower(), "(?!)")
        if any(re.search(rf"\b(?:{_phrase(piece, sweep)}|{alike})", c.text, re.I) for c in whole):
            continue
        if re.search(r"\b(?:before|than) $", piece[: sweep.start()], re.I):
            continue
        if (less := re.match(r"no ([a-z]+) (?:needed|required|necessary)", sweep[0], re.I)) and not any(
            roots_of(less[1]) & c.roots for c in near
        ):
            continue
        if (part := _part_of(piece, sweep, near, brief)) is not None:
            message = f"'{sweep[0]}' promises more than the brief, which says: {part.text}."
            return [(at + sweep.start(), at + sweep.end(), "CLM-020", message, "Say which, as the brief does.")]
        for clause in near:
            placed = _WITHIN.search(clause.text) if re.match(r"(?:every|any)where|throughout", sweep[0], re.I) else None
            if placed and not _told(placed[0], text):
                message = f"'{sweep[0]}' is wider than the brief, which says: {clause.text}."
                return [(at + sweep.start(), at + sweep.end(), "CLM-020", message, "Say where, as the brief does.")]
            bounds = [b[0] for b in _BOUND.finditer(clause.text)]
            bounds += [b[0] for b in _PART.finditer(clause.text) if not any(b[0] in whole for whole in bounds)]
            sole = re.search(r"\bonly\b", clause.text, re.I) is not None and not _told("only", text)
            if not _OFFER.search(clause.text) and not _KIND.search(piece):
                bounds = [b for b in bounds if _PART.match(b)]
            if "single" in sweep[0] or "just one" in sweep[0]:
                bounds = [b for b in bounds if figures_of(b)]
            if re.match(r"every|each|all", sweep[0], re.I) and re.search(
                r"\b(?:each|all)\b|every (?![a-z]+th\b)", clause.text, re.I
            ):
                continue
            if re.match(r"(?:every|any)(?:one|body)", sweep[0], re.I):
                bounds = [b for b in bounds if re.match(r"for |who\b", b, re.I)] or bounds
            open_ = [b for b in bounds if (against and not figures_of(b) & figures_of(text)) or not _told(b, text)]
            if open_ and (sole or len(open_) == len(bounds)):
                message = f"'{sweep[0]}' promises more than the brief, which says: {clause.text}."
                fix = "Say for whom, for what and until when, as the brief does."
                return [(at + sweep.start(), at + sweep.end(), "CLM-020", message, fix)]
    return []


def _part_of(piece: str, sweep: re.Match[str], near: list[Clause], brief: tuple[Clause, ...]) -> Clause | None:
    """The clause that says it of fewer than there are: "all our rooms" of "in two rooms" of a house with five."""
    after = [w for w in words(piece[sweep.end() :]) if w.lower not in STOP]
    if not after or not re.match(r"all|every|each|any|either", sweep[0], re.I):
        return None
    noun = stem(after[0].lower)
    counts = [(q.raw, c) for c in brief for q in counted(c.text) if not q.dim and noun in {stem(n) for n in q.nouns}]
    most = max((n for n, _ in counts), default=0)
    said = figures_of(piece)
    return next((c for n, c in counts if n < most and c in near and n not in said), None)


@lru_cache(maxsize=4096)
def counted(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(text, brief=True))


def _phrase(piece: str, sweep: re.Match[str]) -> str:
    """The sweeping words as a pattern, with the word after them where they are one: "every", "any", "all"."""
    after = re.match(r"\s+(\w+)", piece[sweep.end() :])
    alone = " " in sweep[0] or after is None or sweep[0].lower().endswith(("wide", "thing", "one", "ever"))
    return re.escape(sweep[0]) if alone or after is None else rf"{re.escape(sweep[0])}\s+{re.escape(after[1])}"


def _told(bound: str, text: str) -> bool:
    """Does the text give this bound in its own way?"""
    if re.search(r"\bonly\b", bound, re.I):
        return re.search(r"\b(?:only|just|alone|except|not)\b|n't\b", text, re.I) is not None
    if figures := figures_of(bound):
        return bool(figures & figures_of(text))
    roots = roots_of(bound)
    return 2 * len(roots & roots_of(text)) > len(roots) if roots else bound.lower() in text.lower()

"""Correctness: is the text true to its brief, and written without slips?

Why: a policy rewarded for clicks learns to promise; every fault here is a span, shown to the advertiser
and, in training, charged to the tokens that made it. Facts and names need a brief and are silent without
one; spelling, repeated words, broken endings and a/an are checked always.
Leaves out: whether a true claim is allowed (compliance), and must-say and never-say words (compliance).
Paper: RELATE, semantic quality, token granularity.
"""

import re
from collections import Counter
from collections.abc import Sequence

from relate_engine.brief import Brief
from relate_engine.rewards.facts import check_facts
from relate_engine.rewards.sheet import sheet
from relate_engine.rewards.spellednames import check_names, check_titles
from relate_engine.rewards.spelling import check_spelling
from relate_engine.rewards.words import content, stem, word_set, words
from relate_engine.scorecard import Finding, Severity, finding

_AGAIN = re.compile(r"\b([^\W\d_]+)(\s+)\1\b", re.I)
_MAY_REPEAT = word_set(
    "had that very so bye night win ha no knock tut yum chop now boo go pom cha bora choo walla wagga woy duran chow yo"
)
_BREAKS = word_set("a an the and or but your our my their its every because than whose")
_MAY_BREAK = frozenset(
    [
        "of",
        "to",
        "for",
        "with",
        "from",
        "by",
        "at",
        "as",
        "into",
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "if",
        "when",
        "while",
        "which",
    ]
)
_EXCUSES = re.compile(
    r"\b(?:what|who|which|where|how|that|than|as|whatever|it|you|we|they|nothing|something|one|to)\b", re.I
)
_ARTICLE = re.compile(r"(?<![\w.'-])(an?)\s+[\"'\u201c\u2018(]?([$\u00a3\u20ac]?[\w][\w.,'-]*)", re.I)
_CONSONANT = re.compile(
    r"(?:uni(?!n|m)|us(?:e|u|a)|uti|ub|eu|ew|one\b|once|u-|uk\b|us\b|usb|ufo|ukul|ur(?:in|an)|uter|one-|"
    r"ouija)",
    re.I,
)
_VOWEL = re.compile(
    r"(?:hour|honest|honou?r|heir|x-|xray)|(?:mri|mp3|hr\b|ssl|sms|nft|fbi|lcd|led|hd\b|html|rsvp|spf|mba|"
    r"msc)\b",
    re.I,
)
_EITHER = re.compile(r"(?:herb|historic|hotel|sql|faq|lan\b|nas|rom|sat\b|url|habitual|hallucin)", re.I)


def correctness(text: str, brief: Brief | None, countries: Sequence[str] = ()) -> list[Finding]:
    """Every finding about what the text says and how it is spelled, by place."""
    found: list[Finding] = []
    own: frozenset[str] = frozenset()
    if brief is not None:
        known = sheet(brief, countries)
        own = known.words
        found += check_names(text, brief.names, known.facts, known.words)
        found += [f for f in check_titles(text, known.facts) if not _covered(f, found)]
        for fact in check_facts(text, brief, countries):
            if not _covered(fact, found):
                found.append(fact)
    found += check_spelling(text, own, [(f.start, f.end) for f in found if f.start is not None and f.end is not None])
    found += _repeated(text) + _endings(text) + _articles(text)
    return sorted(found, key=lambda f: (f.start or 0, f.end or 0))


def _covered(f: Finding, others: list[Finding]) -> bool:
    return any((o.start or 0) < (f.end or 0) and (f.start or 0) < (o.end or 0) for o in others)


def _slip(
    rule: str, severity: Severity, message: str, start: int, end: int, fix: str, to: str | None = None
) -> Finding:
    return finding(
        rule,
        "correctness",
        severity,
        message,
        fix=fix,
        replacement=to,
        start=start,
        end=end,
        source="house style",
    )


def _repeated(text: str) -> list[Finding]:
    found = []
    for m in _AGAIN.finditer(text):
        if m[1].lower() not in _MAY_REPEAT:
            message = f"'{m[1]}' stands twice in a row."
            found.append(_slip("COR-002", "warn", message, m.start(), m.end(), f"Write '{m[1]}' once.", m[1]))
    inside = content(text)
    if len(inside) <= 30:
        seen: Counter[str] = Counter()
        for word in inside:
            seen[stem(word.lower)] += 1
            if seen[stem(word.lower)] == 3:
                message = f"'{word.text}' comes a third time in a short text."
                found.append(_slip("COR-002", "note", message, word.start, word.end, "Use another word."))
    return found


def _endings(text: str) -> list[Finding]:
    found = []
    body = text.rstrip()
    if not body:
        return []
    end = len(body)
    tail = words(body)
    if re.search(r"(?:[,;:\u2013\u2014/&(]|(?<![\w+])\+|(?<=\s)-|(?<=\w)-)$", body):
        message = "The text ends in the middle: nothing follows its last mark."
        found.append(_slip("COR-003", "warn", message, end - 1, end, "Finish the sentence or remove the mark."))
    elif tail and (tail[-1].end == end or (tail[-1].lower in _BREAKS and re.fullmatch(r"[.!?]", body[tail[-1].end :]))):
        last = tail[-1]
        loose = last.lower in _MAY_BREAK and len(tail) > 2 and not _EXCUSES.search(body[: last.start])
        if (last.lower in _BREAKS and len(tail) > 1 and not last.text.isupper()) or loose:
            message = f"The text ends in the middle, on '{last.text}'."
            found.append(_slip("COR-003", "warn", message, last.start, last.end, "Finish the sentence."))
    for opening, closing in (("\u201c", "\u201d"), ("(", ")"), ("[", "]")):
        if (body.count(opening) != body.count(closing)) and not (opening == "(" and re.search(r"[:;]-?[()]", body)):
            at = body.rfind(opening) if body.count(opening) > body.count(closing) else body.rfind(closing)
            found.append(
                _slip("COR-003", "warn", f"'{body[at]}' has no partner.", at, at + 1, "Close it or remove it.")
            )
    quotes = [m.start() for m in re.finditer(r'(?<!\d)"', body)]
    if len(quotes) % 2 and '"' not in re.sub(r'(?<!\d)"', "", body):
        found.append(
            _slip(
                "COR-003",
                "warn",
                "A quotation mark has no partner.",
                quotes[-1],
                quotes[-1] + 1,
                "Close it or remove it.",
            )
        )
    return found


def _articles(text: str) -> list[Finding]:
    found = []
    for m in _ARTICLE.finditer(text):
        if (
            m[1].isupper()
            and m.start() > 0
            and re.search(r"(?:vitamin|plan|grade|hepatitis|type|class|option|series|,)\s$", text[: m.start()], re.I)
        ):
            continue
        right = _article(m[2])
        if right and right != m[1].lower() and not (m[1] == "A" and not m[2][0].isalnum()):
            to = (
                right.upper()
                if m[1].isupper() and len(m[1]) > 1
                else right.capitalize()
                if m[1][0].isupper()
                else right
            )
            message = f"'{m[1]} {m[2]}' should be '{to} {m[2]}'."
            found.append(_slip("COR-004", "warn", message, m.start(1), m.end(1), f"Write '{to}'.", to))
    return found


def _article(word: str) -> str | None:
    """The article by sound, or None where both are heard or nobody can tell."""
    bare = word.lstrip("$\u00a3\u20ac")
    if bare[0].isdecimal():  # not a raised or ringed one, which is read in other ways
        digits = re.sub(r"\D.*", "", bare.replace(",", ""))
        eleven = re.match(r"(?:11|18)(?:\d{3})*$|1[18]\d\d$", digits) is not None
        return "an" if digits[0] == "8" or eleven else "a"
    if len(bare) == 1 or _EITHER.match(bare):
        return None
    if _VOWEL.match(bare):
        return "an"
    if _CONSONANT.match(bare):
        return "a"
    head = re.split(r"[-.']", bare)[0]
    if head.isupper() and len(head) <= 5:
        return None if head[0] in "FHLMNRSXU" else "an" if head[0] in "AEIO" else "a"
    return "an" if bare[0].lower() in "aeiou" else "a"

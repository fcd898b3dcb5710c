"""Conditions a text leaves out: "Free shipping" where the brief says "free shipping on orders over $50".

Why: a true offer without its condition promises more than the advertiser does. A term of a text (something free, a
price, a discount, a guarantee, a date of delivery) is looked up in the brief; where every place that states it
states a condition beside it and the text has none of the condition's words or figures, the words of the brief are
shown. It is a caution, not a block: a person may hold the condition to be said elsewhere in the ad.
Leaves out: conditions more than a clause away from their term, and landing-page small print.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from relate_engine.rewards.words import STOP, stem, word_set, words
from relate_engine.scorecard import Finding, finding

# A term, by what it promises. The first group that matches on both sides makes them the same term.
_MONEY = r"[$\u00a3\u20ac]\s?\d[\d,]*(?:\.\d+)?"
_WHO = (
    r"customers?|members?|buyers?|borrowers?|applicants?|drivers?|patients?|clients?|subscribers?|students?|teachers?|"
    r"veterans?|seniors?|nurses?|residents?|homeowners?|families|accounts?|guests?|riders?|users?|orders?|visitors?|"
    r"kids?|children|under-?\d+s?|over-?\d+s?|adults?|couples?|groups?|owners?|donors?|employees|military|companies|"
    r"businesses|teams?|schools?|shoppers?|players?|travell?ers?|babies|infants?|purchases?|households?|installs?"
)
_CONDITION = re.compile(
    # least spend
    rf"(?P<spend>(?:(?:on|for|with) )?(?:(?:all|any|every) )?(?:orders?|purchases?|baskets?|bookings?|stays?|"
    rf"jobs?|trips?|"
    rf"spends?|installs?|projects?|deliveries|carts?|loans?|balances?) (?:over|above|of at least|of|from) {_MONEY}"
    rf"|(?<=\w )(?:over|above) {_MONEY}|when you (?:spend|borrow|order|buy)[^,.;\n]*\d[\d,]*|\d+ (?:[a-z]+ "
    rf"){0,2}or more\b|{_MONEY} (?:or more|"
    r"minimum)|minimum (?:order|spend|purchase)[^,.;\n]*)"
    # who
    rf"|(?P<who>(?:for|to) (?:(?:all|our|every|the) )?(?:qualif\w+|eligible|new|first[- ]time|returning|"
    rf"existing|approved|"
    rf"registered|[a-z]+) ?(?:[a-z-]+ )?(?:{_WHO})\b(?: (?:under|over|aged) \d+)?|(?:with|subject to|on) (?:approved )?"
    r"credit(?: approval| check)?\b|(?:kids|children|under) (?:under )?\d+\b|ages? \d+ (?:and|to|or) (?:up|over|"
    r"older|\d+)|if (?:you|we|the|it|pests?) [a-z]+[^,.;\n]*|unless [^,.;\n]+|in [a-z]+ condition|in [a-z]+ "
    r"only|subject to [^,.;\n]+)"
    # when
    r"|(?P<when>(?:until|through|before|by|during|in|on|every) (?:the )?(?:(?:end of|early|late) "
    r")?(?:(?:january|february|"
    r"march|april|may|june|july|august|september|october|november|december)\b(?: \d{1,2}\b| or [a-z]+| and "
    r"[a-z]+)?|(?:mondays?|tuesdays?|"
    r"wednesdays?|thursdays?|fridays?|saturdays?|sundays?)(?: (?:and|to) [a-z]+days?)?\b|(?:weekdays|weekends|"
    r"weeknights|spring|"
    r"summer|autumn|fall|winter|noon)\b|\d{1,2}(?::\d\d)? ?[ap]\.?m)|(?:weekdays|weekends|weeknights|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?) only|(?:with)?in (?:the )?(?:first )?\d+ (?:days?|weeks?|"
    r"months?|hours?)|"
    r"(?:up to )?\d+ (?:days?|hours?|weeks?) (?:before|ahead|in advance)\b[^,.;\n]{0,16}|with \d+ (?:days?|"
    r"hours?|weeks?)'? ?notice|"
    r"after (?:the )?(?:first )?\d+ (?:days?|weeks?|months?|years?)|in the first (?:year|month|week)|between "
    r"visits[^,.;\n]*|"
    r"when you call before [a-z0-9]+)"
    # with what
    r"|(?P<with>(?:with|on|when|if|after|per) (?:you )?(?:(?:an?|any|every|each|your|the|all|two|three|four|"
    r"\d+) )?(?:[a-z-]+ )"
    r"{0,2}?(?:annual|yearly|monthly|prepaid|plans?|contracts?|subscriptions?|memberships?|code\b(?: "
    r"[A-Z0-9]+)?|trade-?ins?|"
    r"autopay|purchases?|installation|book|buy|order (?:by|of|two|three|online|before)|subscrib\w+|prepay|"
    r"enrol\w*|registration|repair|"
    r"deposit|receipt|pair|bundle|mattress|first [a-z]+|portable|adult|ID)s?\b[^,.;\n]{0,24})"
    # how far
    r"|(?P<limit>(?:up to|starting (?:at|from)|starts at|from|as (?:low|little) as) (?=[$\u00a3\u20ac\d]))"
    # where
    r"|(?P<where>(?:within|inside|in|to|at) (?:the )?(?:\d+ (?:miles?|km|kilomet\w+|blocks)|(?:selected?|"
    r"participating|most|"
    r"some) [a-z]+|lower 48|contiguous|mainland|metro\w*|city limits|continental)[^,.;\n]{0,24})"
    r"|(?P<kind>(?<=free )(?:local|in-store|standard|domestic|weekday|off-peak|economy|curbside)(?= (?:delivery|"
    r"shipping|pickup|returns?)))"
    r"|(?P<except>(?:except|excluding|excludes|not including|does not cover|doesn't cover)[^.;\n]+|[a-z-]+ "
    r"only(?=$|[,.;)\n]))",
    re.I,
)  # fmt: skip
_TERMS = (
    ("free", re.compile(r"\b(?:free|complimentary|no charge|on us|on the house)\b(?! (?:of|from)\b)|\b(?:waived|"
                        r"no (?:[a-z]+ )?fees?)\b", re.I)),
    ("discount", re.compile(r"\d+(?:\.\d+)? ?(?:%|percent) (?:off|discount|cash ?back)|[$\u00a3\u20ac]\d+ off|"
                            r"\bhalf[- ]price|\bhalf off|\bdiscount|\bsave [$\u00a3\u20ac]?\d+", re.I)),
    ("rate", re.compile(r"\d+(?:\.\d+)? ?% (?:apr|apy|interest|financing|aer)|\b(?:apr|apy|aer) (?:of |from "
                        r")?\d+(?:\.\d+)? ?%|0 ?%", re.I)),
    ("promise", re.compile(r"\bwarrant\w+|\bguarante\w+|\brefunds?\b|\bmoney[- ]back|\bfull refund", re.I)),
    ("speed", re.compile(r"\b(?:same|next)[- ](?:business )?day\b|\bovernight\b", re.I)),
    ("price", re.compile(_MONEY)),
)  # fmt: skip
_CLAUSE = re.compile(r"[.;!?](?:\s|$)|\n|,\s(?=(?:and|plus|then|or) )|\s[\u2013\u2014-]\s")


def left_out(text: str, facts: str) -> list[tuple[int, int, str]]:
    """Start and end of each term of `text` whose condition it leaves out, and the condition in the brief's words."""
    said = _roots(text)
    found = []
    for kind, match in _terms(text):
        clauses = [c for c in _stating(facts, kind) if _same_term(text, match, c, kind)]
        missing = [_left_out(text, said, match, c) for c in clauses]
        if missing and all(missing):
            found.append((match.start(), match.end(), missing[0].strip(" ,.")))
    return found


def check_conditions(text: str, facts: str) -> list[Finding]:
    """CLM-020, a caution, for each term without its condition; CLM-019 for what the brief charges for."""
    found = [
        finding(
            "CLM-020", "correctness", "warn",
            f"'{text[start:end]}' comes with a condition; the brief says: {condition}.",
            fix=f"Add '{condition}', or leave the offer out.", start=start, end=end, source="brief",
        )
        for start, end, condition in left_out(text, facts)
    ]  # fmt: skip
    return found + _swept(text, facts) + _priced(text, facts)


# "Every homeowner gets 10% off", "for any reason": a promise without bounds.
_SWEEPING = re.compile(
    r"\b(?:every(?! (?:day|week|month|year|morning|night|evening|monday|tuesday|wednesday|thursday|friday|"
    r"saturday|sunday|other|"
    r"two|three|four|six|\d))(?:one|body|thing|where)?(?! else)|any(?:one|body|thing|where|time)?|until the day|"
    r"all(?! (?:of )?(?:in|day|night|year|over|"
    r"natural|about|the way|three|four|five|six|in one))|always|ever|whatever|whenever|wherever|whoever|no "
    r"matter|no limits?|"
    r"no exceptions?|no questions asked|no notice|unlimited|nationwide|worldwide|at no cost|a penny|completely|"
    r"entirely|"
    r"your first day|day one|both ways|at all|the whole|in full|either way|right up to|even (?:the|at|if|on))\b",
    re.I,
)
_PROMISED = re.compile(
    r"\b(?:free|refund\w*|money back|dollar back|cancel\w*|replac\w+|repair\w*|warrant\w+|guarant\w+|return(?:s|"
    r"ed|able)?|exchang\w+|"
    r"discount\w*|off|apr|cover\w*|insur\w+|owe|pay|includ\w+|shipp\w+|deliver\w*|ship|same[- ]day|match\w*|"
    r"doubled?|exam|join|"
    r"lessons?|fit|fits|[$\u00a3\u20ac]\d+|\d+%|sharpen\w*|gift|amend\w*|available|accept\w*|qualif\w+|"
    r"approv\w+|eat|resiz\w*)\b",
    re.I,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")


def _swept(text: str, facts: str) -> list[Finding]:
    """CLM-020 for a promise of everything to everyone where the brief's own clause has bounds and no such word."""
    found = []
    at = 0
    for sentence in _SENTENCE.split(text):
        at = text.index(sentence, at)
        sweep = _SWEEPING.search(sentence)
        if sweep is None or not (_PROMISED.search(sentence) or _PROMISED.search(text)):
            continue
        segment = next(s for s in re.split(r",\s|\sand\s(?=you|we|get)", sentence) if _SWEEPING.search(s))
        said = _said(segment)
        if not any(said & _roots(c) for c in _bits(facts)):
            said = _said(sentence)
        near = [(len(_roots(c) & said) + 3 * len(_figures(c) & _figures(segment)), c) for c in _bits(facts)]
        most = max((n for n, _ in near), default=0)
        clauses = [c for n, c in near if n == most]
        if most < 1 or any(_SWEEPING.search(c) for _, c in near if _ >= max(1, most - 1)):
            continue
        bounded = [c for c in clauses if (b := _BOUND.search(c)) and not _told(b[0], text)]
        if bounded:
            found.append(
                finding(
                    "CLM-020",
                    "correctness",
                    "warn",
                    f"'{sweep[0]}' promises more than the brief, which says: {bounded[0].strip()}.",
                    fix="Say for whom, for what and until when, as the brief does.",
                    start=at + sweep.start(),
                    end=at + sweep.end(),
                    source="brief",
                )
            )
    return found


def _said(text: str) -> frozenset[str]:
    """Stems of a text, with "every dollar back" read as a refund."""
    roots = _roots(text)
    return roots | _roots("refund") if re.search(r"\b(?:money|dollar|cent|penny|it all) back\b", text, re.I) else roots


_BOUND = re.compile(
    _CONDITION.pattern
    + r"|\b(?:most|some|select(?:ed)?|participating|many|may|usually|typically|except|excludes?|excluding|extra|"
    r"separately|you pay|quoted|on the [^,.;\n]+|for [a-z]+s\b|in [a-z]+ only|[a-z]+ only)\b",
    re.I,
)


def _told(bound: str, text: str) -> bool:
    """Does the text give this bound in its own way?"""
    if _figures(bound):
        return bool(_figures(bound) & _figures(text))
    return (
        2 * len(_roots(bound) & _roots(text)) > len(_roots(bound)) if _roots(bound) else bound.lower() in text.lower()
    )


@lru_cache(maxsize=512)
def _bits(facts: str) -> tuple[str, ...]:
    """The clauses of the brief, each small enough to be one statement."""
    return tuple(c for c in re.split(r"[.;!?](?:\s|$)|\n", facts) if c.strip())


# What costs: "Wetsuit rental $10", "an extra $250".
_COSTS = re.compile(r"[$\u00a3\u20ac]\d|\bextra\b|\bfee\b|\bsurcharge\b|\bsold separately\b|\brental\b")
_GIVEN = re.compile(r"\b(?:free|complimentary|includ\w+|no (?:extra )?(?:charge|cost)|on us|waived)\b", re.I)


_UNITS = frozenset(
    stem(w)
    for w in word_set("""day week month year night hour person head cancel cover two three four five six employee axle
        user site""")
)


def _priced(text: str, facts: str) -> list[Finding]:
    """CLM-019 for what a text gives free or includes and the brief charges for."""
    given = list(_GIVEN.finditer(text))
    if not given:
        return []
    pieces = [c for c in re.split(r"[.;,!?](?:\s|$)|\n| and (?=[a-z]+ (?:for|cost))", facts) if c.strip()]
    paid = frozenset().union(*(_roots(c) for c in pieces if _COSTS.search(c) and not _GIVEN.search(c)))
    other = frozenset().union(*(_roots(c) for c in pieces if not _COSTS.search(c) or _GIVEN.search(c)))
    only_paid = paid - other - _UNITS
    found = []
    for match in given:
        left = re.split(r"[.;:!?](?:\s|$)|\n|\b(?:with|from|at|for) [$\u00a3\u20ac]", text[: match.start()])[-1]
        right = re.split(r"[.;:!?](?:\s|$)|\n|\b(?:with|when|on|if|for|over|from|at|then)\b|,", text[match.end() :])[0]
        predicate = re.search(r"\b(?:is|are|comes?|all|both)\b", left[-12:]) or match[0].lower() == "included"
        scope, offset = (left, match.start() - len(left)) if predicate else (right, match.end())
        if re.search(r"[$\u00a3\u20ac]\d", scope):
            scope = re.split(r"[$\u00a3\u20ac]\d[\d,.]*", scope)[-1]
            offset = text.index(scope, 0) if scope else offset
        for word in words(scope):
            if stem(word.lower) in only_paid and word.lower not in STOP:
                start = offset + word.start
                found.append(
                    finding(
                        "CLM-019",
                        "correctness",
                        "warn",
                        f"The brief charges for '{word.text}'; the text gives it for nothing.",
                        fix="Give its price, or leave it out.",
                        start=start,
                        end=start + len(word.text),
                        source="brief",
                    )
                )
                break
    return found


def _terms(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    taken: list[tuple[int, int]] = []
    for kind, pattern in _TERMS:
        for match in pattern.finditer(text):
            if not any(s < match.end() and match.start() < e for s, e in taken):
                taken.append(match.span())
                yield kind, match


@lru_cache(maxsize=2048)
def _stating(facts: str, kind: str) -> tuple[str, ...]:
    """The clauses of the brief that state a term of this kind."""
    pattern = dict(_TERMS)[kind]
    return tuple(c for c in _CLAUSE.split(facts) if pattern.search(c))


def _same_term(text: str, match: re.Match[str], clause: str, kind: str) -> bool:
    """Does the clause state the same term: the same figure, or the same thing that is free or promised?"""
    if figures := _figures(match[0]):
        return figures <= _figures(clause)
    around = _roots(text[max(0, match.start() - 30) : match.end() + 30])
    own = _roots(match[0])
    things = (around & _roots(clause)) - own
    return bool(things) or (kind in {"speed", "promise"} and bool(own & _roots(clause)))


def _left_out(text: str, said: frozenset[str], match: re.Match[str], clause: str) -> str:
    """The condition in the clause of which the text has nothing, or "" where there is none or it is told."""
    for term, condition in _tied(clause):
        told = condition[0].strip(" ,")
        if _figures(term[0]) != _figures(match[0]) or match[0].lower() in told.lower():
            continue
        if condition["limit"] and "up to" not in told.lower() and len(_figures(text)) > 1:
            continue  # a price among others is an example
        if condition["limit"]:
            before = text[max(0, match.start() - 25) : match.end() + 25]
            if not re.search(
                r"up to|from|start|low|little|as much|under|most|between|start|more with|comes to|\bto\b|apr",
                before,
                re.I,
            ):
                return f"{told} {term[0]}"
        elif not (_figures(told) & _figures(text) or _told_roots(told, said)):
            return told
    return ""


@lru_cache(maxsize=4096)
def _tied(clause: str) -> tuple[tuple[re.Match[str], re.Match[str]], ...]:
    """Each condition of a clause with its term: of the terms beside it the one before, else the one after."""
    terms = [m for _, m in sorted(_terms(clause), key=lambda pair: pair[1].start())]
    pairs = []
    for condition in _CONDITION.finditer(clause):
        own = [t for t in terms if t.end() <= condition.start() or t.start() >= condition.end()]
        before = [t for t in own if t.end() <= condition.start()]
        after = [t for t in own if t.start() >= condition.end()]
        if condition["limit"]:
            before = []
            after = [t for t in after if t.start() - condition.end() <= 1]
        if term := (before[-1] if before else after[0] if after else None):
            pairs.append((term, condition))
    return tuple(pairs)


def _figures(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\d[\d,.]*\d|\d", text))


def _told_roots(condition: str, said: frozenset[str]) -> bool:
    """Does the text hold a word of the condition, in any form ("subscribers" of "on subscriptions")?"""
    starts = {w[:5] for w in said}
    return any(w in said or (len(w) >= 5 and w[:5] in starts) for w in _echoes(condition))


def _echoes(condition: str) -> frozenset[str]:
    """Stems that tell the condition: its own words and, for "new" customers, a first order or joining."""
    own = _roots(condition)
    if own & _roots("kids children child under"):
        own |= _roots("kid child children son daughter toddler year-old little young")
    return own | (_roots("new join start welcome try") | {"first"} if "new" in own else frozenset())


@lru_cache(maxsize=4096)
def _roots(text: str) -> frozenset[str]:
    return frozenset(
        stem(w.lower) for w in words(text) if (w.lower not in STOP or w.lower == "first") and len(w.text) > 1
    )

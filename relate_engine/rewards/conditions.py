"""Conditions a text leaves out: "Free shipping" where the brief says "free shipping on orders over $50".

Why: a true offer without its condition promises more than the advertiser does. A term of a text (something free, a
price, a discount, a guarantee, a date of delivery) is looked up in the brief; where every place that states it
states a condition beside it and the text has none of the condition's words or figures, the words of the brief are
shown. It is a caution, not a block: a person may hold the condition to be said elsewhere in the ad.
Leaves out: conditions more than a clause away from their term, and landing-page small print.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from relate_engine.rewards.calendar import DAY, MONTH
from relate_engine.rewards.quantities import equal, quantities
from relate_engine.rewards.words import STOP, stem, word_set, words
from relate_engine.scorecard import Finding, finding

# A term, by what it promises. The first group that matches on both sides makes them the same term.
_MONEY = r"[$\u00a3\u20ac]\s?\d[\d,]*(?:\.\d+)?"
_FREE = "(?:" + "|".join(f"(?<={t} )" for t in ("is free", "free shipping", "free delivery", "free postage")) + ")"
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
    rf"spends?|installs?|projects?|deliveries|carts?|loans?|balances?|deposits?) (?:over|above|of at least|of|from|"
    rf"up to|under|below) {_MONEY}"
    rf"|(?<=\w )(?:over|above) {_MONEY}|{_FREE}from {_MONEY}"
    rf"|when you (?:spend|borrow|order|buy)[^,.;\n]*\d[\d,]*|\d+ (?:[a-z]+ ){{0,2}}or more\b|{_MONEY} (?:or more|"
    r"minimum)|minimum (?:order|spend|purchase)[^,.;\n]*|"
    rf"minimum (?:of )?{_MONEY}|\d+[- ](?:person|people|item|bag|box) minimum)"
    # who
    rf"|(?P<who>(?:for|to) (?:(?:all|our|every|the) )?(?:qualif\w+|eligible|new|first[- ]time|returning|"
    rf"existing|approved|"
    rf"registered|[a-z]+) ?(?:[a-z-]+ )?(?:{_WHO})\b(?: (?:under|over|aged) \d+)?|(?:with|subject to|on) (?:approved )?"
    r"credit(?: approval| check)?\b|(?:kids|children|under) (?:under )?\d+\b|ages? \d+ (?:and|to|or) (?:up|over|"
    r"older|\d+)|if (?:you|we|the|it|pests?) [a-z]+[^,.;\n]*|unless [^,.;\n]+|in [a-z]+ condition|on "
    r"(?:un[a-z]+ed|un[a-z]+|"
    r"faulty|defective|damaged|selected|full-price|qualifying) [a-z]+|in [a-z]+ "
    r"only|subject to [^,.;\n]+)"
    # who, before what they get
    rf"|(?P<getters>(?:(?:new|first[- ]time|returning|existing|[a-z]+) )?(?:{_WHO}|newcomers|subscribers)(?: of "
    rf"[^,.;\n]{{1,25}}?)? "
    r"(?=(?:gets?|saves?|receives?|pays?|enjoys?|earns?|go(?:es)?|eats?|travels?|enters?|rides?|stays?|fly|have|has) ))"
    r"|(?P<first>(?:(?<=off )|(?:on|with|of|for) )(?:(?:your|their|the|a|any|our) )?(?:first|second|third|next) "
    r"(?!two|three|four|five|six|ten|twelve|\d)[a-z]+)"
    r"|(?P<doing>\b(?:spend|buy|order|book|subscribe|refer|join|sign up|bring|send back|trade in|show)\b[^,.;\n]{0,30}?"
    r"(?= and (?:we|you|get|save|receive|the|it|both|they)\b| (?:for|to get) (?:free|same|next|a (?:free|discount))))"
    # when
    r"|(?P<when>(?:until|through|before|by|during|in|on|every) (?:the )?(?:(?:end of|early|late) "
    rf")?(?:{MONTH}\b(?: \d{{1,2}}\b| or [a-z]+| and [a-z]+)?|{DAY}s?(?: (?:and|to) [a-z]+days?)?\b|"
    r"(?:weekdays|weekends|"
    r"weeknights|spring|"
    r"summer|autumn|fall|winter|noon)\b|\d{1,2}(?::\d\d)? ?[ap]\.?m)|(?:weekdays|weekends|weeknights|"
    rf"{DAY}s?) only|(?:with)?in (?:the )?(?:first )?\d+ (?:days?|weeks?|"
    r"months?|hours?)|"
    r"(?:up to )?\d+ (?:days?|hours?|weeks?) (?:before|ahead|in advance)\b(?:(?! for )[^,.;\n]){0,16}|with \d+ "
    r"(?:days?|"
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
    r"deposit|receipt|pair|bundle|stay|booking|order|visit|main|mattress|first [a-z]+|portable|adult|"
    r"ID)s?\b[^,.;\n]{0,24})"
    # how far
    r"|(?P<limit>(?:up to|starting (?:at|from)|starts at|from|as (?:low|little) as) (?=[$\u00a3\u20ac\d]))"
    # where
    r"|(?P<where>(?:within|inside|in|to|at) (?:the )?(?:\d+ (?:miles?|km|kilomet\w+|blocks)|(?:selected?|"
    r"participating|most|"
    r"some) [a-z]+|lower 48|contiguous|mainland|metro\w*|city limits|continental)[^,.;\n]{0,24})"
    r"|(?P<area>(?:within|inside|to|across|throughout) (?:the )?"
    rf"(?!{DAY}|{MONTH})(?-i:[A-Z])[\w'-]+(?: (?:only|and|or|(?-i:[A-Z])[\w'-]+))*)"
    r"|(?P<kind>(?<=free )(?:local|in-store|standard|domestic|weekday|off-peak|economy|curbside)(?= (?:delivery|"
    r"shipping|pickup|returns?)))"
    r"|(?P<except>(?:except|excluding|excludes|not including|does not cover|doesn't cover)[^.;\n]+|(?:(?:with|on|"
    r"for|in|to|at) )?"
    r"(?:[a-z-]+ ){1,2}only(?=$|[,.;)\n]))",
    re.I,
)  # fmt: skip
_TERMS = (
    ("free", re.compile(r"(?<![\w-])(?:free|complimentary|no charge|on us|on the house|included|costs? (?:you "
                        r")?nothing)\b(?! (?:of|from)\b)|\b(?:waived|"
                        r"no (?:[a-z]+ )?fees?)\b", re.I)),
    ("discount", re.compile(r"\d+(?:\.\d+)? ?(?:%|percent) (?:off|discount|cash ?back)|[$\u00a3\u20ac]\d+ off|"
                            r"\bhalf[- ]price|\bhalf off|\bdiscount|\bsave [$\u00a3\u20ac]?\d+", re.I)),
    ("rate", re.compile(r"\d+(?:\.\d+)? ?% (?:apr|apy|interest|financing|aer)|\b(?:apr|apy|aer) (?:of |from "
                        r")?\d+(?:\.\d+)? ?%|0 ?%", re.I)),
    ("promise", re.compile(r"\bwarrant\w+|\bguarante\w+|\brefunds?\b|\bmoney[- ]back|\bfull refund", re.I)),
    ("speed", re.compile(r"\b(?:same|next)[- ](?:business )?day\b|\bovernight\b", re.I)),
    ("price", re.compile(_MONEY)),
)  # fmt: skip
_MONEY_ONLY = re.compile(_MONEY)
_CLAUSE = re.compile(r"[.;!?](?:\s|$)|\n|,\s(?=(?:and|plus|then|or) )|\s[\u2013\u2014-]\s")


def left_out(text: str, facts: str) -> list[tuple[int, int, str]]:
    """Start and end of each term of `text` whose condition it leaves out, and the condition in the brief's words."""
    said = _roots(text)
    found = []
    for kind, match in _terms(text):
        clauses = [c for c in _stating(facts, kind) if _same_term(text, match, c, kind)]
        missing = [_left_out(text, said, match, c, _common(facts)) for c in clauses]
        if missing and all(missing):
            found.append((match.start(), match.end(), missing[0].strip(" ,.")))
    return found


def check_conditions(text: str, facts: str) -> list[Finding]:
    """CLM-020, a caution, for each term without its condition."""
    return [
        finding(
            "CLM-020", "correctness", "warn",
            f"'{text[start:end]}' comes with a condition; the brief says: {condition}.",
            fix=f"Add '{condition}', or leave the offer out.", start=start, end=end, source="brief",
        )
        for start, end, condition in left_out(text, facts)
    ]  # fmt: skip


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
    stated = _roots(clause)
    starts = {w[:5] for w in stated - own if len(w) >= 5}
    things = (around & stated) - own or {w for w in around - own if len(w) >= 5 and w[:5] in starts}
    return bool(things) or (kind in {"speed", "promise"} and bool(own & _roots(clause)))


def _left_out(
    text: str, said: frozenset[str], match: re.Match[str], clause: str, common: frozenset[str] = frozenset()
) -> str:
    """The condition in the clause of which the text has nothing, or "" where there is none or it is told."""
    for term, condition in _tied(clause):
        told = condition[0].strip(" ,")
        if not (_roots(told) or _figures(told) or condition["limit"]):
            continue  # "if it is not for you" sets none
        if _MONEY_ONLY.fullmatch(term[0]) and not any(
            condition[g] for g in ("spend", "who", "with", "limit", "getters")
        ):
            continue  # "every Thursday" and "across Portland" beside a price: when and where it comes
        if _figures(term[0]) != _figures(match[0]) or match[0].lower() in told.lower():
            continue
        if condition["limit"] and "up to" not in told.lower() and len(_figures(text)) > 1:
            continue  # a price among others is an example
        if condition["limit"]:
            before = text[max(0, match.start() - 25) : match.end() + 25]
            if not re.search(
                r"up to|from|start|begin|open|high|low|little|as much|under|most|between|more with|comes to|\bto\b|apr",
                before,
                re.I,
            ):
                return f"{told} {term[0]}"
        elif not (_tells_figure(told, clause, text) or _told_roots(told, said, common)):
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


def _tells_figure(condition: str, clause: str, text: str) -> bool:
    """Does the text give a figure of the condition, in any unit, in words or as "second"?

    A figure that the text takes from elsewhere does not count: "two-ingredient" of "when you order two boxes".
    """
    if _figures(condition) & _figures(text) - _figures(clause.replace(condition, "")):
        return True
    if any(code in text for code in _CODE.findall(condition)):
        return True  # "code SPRING15"
    told = quantities(condition, brief=True)
    counted = {stem(n) for k in told for n in k.nouns}
    for q in quantities(text):
        if any(equal(q, k) or (not k.dim and q.raw == k.raw) for k in told) and (
            q.dim or not q.nouns or q.nouns[0] in STOP or stem(q.nouns[0]) in counted
        ):
            return True
    numbers = {k.raw for k in told if not k.dim}
    return any(_ORDINALS.get(w.lower, -1) in numbers for w in words(text))


_CODE = re.compile(r"\b[A-Za-z]+\d+\b")
_ORDINALS = {"second": 2, "pair": 2, "both": 2, "couple": 2, "third": 3, "trio": 3, "fourth": 4, "fifth": 5, "sixth": 6}
# Any order tells these; a condition that has other words or a figure is told by those.
_TRADE = frozenset(
    stem(w)
    for w in word_set("""order orders purchase purchases buy buying spend book booking only get you your customer
    customers
    two three four five six ten first when balance balances deposit deposits""")
) - {"first"}


def _told_roots(condition: str, said: frozenset[str], common: frozenset[str]) -> bool:
    """Does the text hold a word of the condition, in any form ("subscribers" of "on subscriptions")?

    Words of trade and of the product itself tell nothing where the condition has others, or a figure.
    """
    starts = {w[:5] for w in said}
    echoes = _echoes(condition)
    number = _figures(condition) or _COUNT.search(condition)
    for plain in (_TRADE, common):
        if number or echoes - plain:
            echoes -= plain
    return any(w in said or (len(w) >= 5 and w[:5] in starts) for w in echoes)


_COUNT = re.compile(r"\b(?:two|three|four|five|six|eight|ten|twelve)\b", re.I)


@lru_cache(maxsize=512)
def _common(facts: str) -> frozenset[str]:
    """Stems that stand in three places of the brief or more: what it sells."""
    seen = Counter(root for clause in _CLAUSE.split(facts) for root in _roots(clause))
    return frozenset(root for root, n in seen.items() if n >= 3)


def _echoes(condition: str) -> frozenset[str]:
    """Stems that tell the condition: its own words and, for "new" customers or a first order, the other or joining."""
    own = _roots(condition)
    if own & _roots("kids children child under"):
        own |= _roots("kid child children son daughter toddler year-old little young")
    if own & _roots("adult"):
        own |= {"grown"}
    if own & _roots("member members subscriber subscribers subscription"):
        own |= _roots("join joining sign subscribe member membership")
    if "new" in own:
        return own | _roots("new join start welcome try") | {"first"}
    return own | {"new", "join"} if "first" in own else own


@lru_cache(maxsize=4096)
def _roots(text: str) -> frozenset[str]:
    return frozenset(
        stem(w.lower) for w in words(text) if (w.lower not in STOP or w.lower == "first") and len(w.text) > 1
    )

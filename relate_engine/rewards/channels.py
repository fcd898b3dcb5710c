"""Where it can be had: "at your nearest DIY store" of "sold only on our website".

Why: a channel that does not sell the thing sends the reader to a closed door. Where the brief says that there is one
way only, or denies a way, another way of the text is wrong although no word of the brief contradicts it.
Leaves out: briefs that name a channel without closing the others.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.denial import denied_at
from relate_engine.scorecard import Finding, finding

_CHANNELS = {
    "online": r"online|on (?:our|the) (?:web ?)?site|websites?|web ?shop|web ?store|(?:on|in|with) (?:our|the) app|"
              r"via (?:our|the) app|click",
    "shop": r"in[- ]stores?|(?:at|in|into|to|from|by|of|our|nearest|local|every|any|walk-in|selected) (?:[\w',-]+ "
            r"){0,3}?"
            r"(?:stores?|shops?|supermarkets?|retailers?|showrooms?|stockists?|branch(?:es)?|outlets?|boutiques?|"
            r"garden cent(?:er|re)s?|department stores?|grocers?|chemists?|pharmac(?:y|ies)|newsagents?|bookshops?)|"
            r"on (?:the )?(?:high street|shelves)|walk[- ]in(?:s)?|drop (?:in|by)|pop in|stop by|in person|counter",
    "phone": r"by phone|over the phone|(?:call|ring|phone|text) (?:us|ahead|to|now|in)|give us a (?:call|ring)|"
             r"a (?:quick )?phone call|on the phone",
    "market": r"(?:on|from|at|via) (?:amazon|ebay|etsy|walmart|target|tesco|boots|argos)",
    "post": r"by (?:post|mail)|mail[- ]order|deliver\w*|ship(?:s|ped|ping)?\b|to your door(?:step)?",
    "door": r"(?:on|at) the door|box office|on the day|at the gate",
    "pickup": r"collect(?:ion|ed)?|pick(?:ed)?[- ]?up|take[- ]?away|take[- ]?out",
}  # fmt: skip
_PATTERNS = {name: re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.I) for name, words in _CHANNELS.items()}
# Claims of reach that need the brief's word whatever else it says.
_WIDE = re.compile(
    r"\b(?:world-?wide|nation-?wide|internationally|(?<!from )(?:overseas|abroad)|"
    r"coast to coast|all over the (?:world|country|"
    r"uk|us)|"
    r"(?:(?<=deliver )|(?<=ship )|(?<=delivery )|(?<=shipping )|(?<=delivered )|(?<=available )|(?<=stores )|"
    r"(?<=shops )|"
    r"(?<=sold )|(?<=post )|(?<=ships )|(?<=delivers ))(?:across|throughout|anywhere in) (?:the )?(?:world|"
    r"country|nation|uk|us|usa|united states|britain|america|europe)|"
    r"everywhere in the (?:world|country|uk|us)|all (?:50|fifty) states)\b",
    re.I,
)
_ANY_SHOP = re.compile(
    r"\b(?:at|in|from) (?:(?:your|any|every|all|most|selected|leading|good|major|the) )?(?:(?:nearest|local|"
    r"leading|good|"
    r"major|big|corner) )*(?:[a-z]+ )?(?:supermarkets?|stockists?|retailers?|department stores?|garden cent(?:er|re)s?|"
    r"high[- ]street (?:shops?|stores?))\b"
    r"(?! (?:aisles?|shel(?:f|ves)|queues?|car park|parking))|"
    r"\bin (?:stores?|shops?) (?:now|everywhere|near you|today)\b|"
    r"\bin (?:all|every|most) (?:[a-z]+ )?(?:stores?|shops?)\b|\bat your (?:nearest|local) (?:[a-z]+ )?(?:stores?|"
    r"shops?)\b|"
    r"\b(?:on|from|at) (?:amazon|ebay|etsy)\b",
    re.I,
)
_ONLY = re.compile(r"\b(?:only|exclusively|solely|just)\b", re.I)
_TRADE = re.compile(
    r"\b(?:sold|sell\w*|buy|bought|order\w*|book\w*|available|availability|tickets?|get|purchas\w+|shop|come|bookings?|"
    r"stocked|orders|sales?)\b",
    re.I,
)
_CLAUSE = re.compile(r"[.;!?](?:\s|$)|\n")
_CLOSED = re.compile(
    r"\b(?:no|not|never|without|don't|doesn't|do not|does not)\b[^.;,\n]{0,30}?"
    r"\b(?:walk-in|shops?|stores?|showrooms?|branch(?:es)?|phone|telephone|online|delivery|deliver|ship|"
    r"collection|pickup|"
    r"takeaway|door|supermarkets?|retailers?)\b",
    re.I,
)


def check_channels(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a way to buy that the brief closes."""
    only, closed = _ways(facts)
    found = [_finding(m) for m in _WIDE.finditer(text) if not _WIDE.search(facts) and not denied_at(text, *m.span())]
    shops = [] if found else list(_ANY_SHOP.finditer(text))
    if shops and not _PATTERNS["shop"].search(facts):
        found = [_finding(m) for m in shops if not denied_at(text, *m.span())]
    found += _narrowed(text, facts, only)
    for name, pattern in _PATTERNS.items():
        if not (name in closed or (only and name not in only)):
            continue
        for m in pattern.finditer(text):
            if not denied_at(text, *m.span()):
                found.append(_finding(m))
                break
    return found


_SOLE = re.compile(r"\b(?:only|exclusively|solely|nowhere else)\b", re.I)


def _narrowed(text: str, facts: str, only: frozenset[str]) -> list[Finding]:
    """ "Sold only online" of a thing that shops sell too."""
    open_ = _open(facts)
    if only or len(open_) < 2:
        return []
    found = []
    for sentence in re.finditer(r"[^.!?\n]+", text):
        sole = _SOLE.search(sentence[0])
        said = {n for n, p in _PATTERNS.items() if p.search(sentence[0])} & open_
        if sole and said and said != open_ and (_TRADE.search(sentence[0]) or len(sentence[0].split()) < 6):
            start = sentence.start() + sole.start()
            found.append(
                finding(
                    "CLM-019", "correctness", "warn", "The brief names another way to buy it.",
                    fix="Name both, or drop 'only'.",
                    start=start, end=start + len(sole[0]), source="brief",
                )
            )  # fmt: skip
    return found


@lru_cache(maxsize=512)
def _open(facts: str) -> frozenset[str]:
    """The ways to buy that stand in a clause about buying."""
    clauses = [c for c in _CLAUSE.split(facts) if _TRADE.search(c)]
    places = ("online", "shop", "phone", "market", "door")
    return frozenset(n for n in places if any(_PATTERNS[n].search(c) for c in clauses))


def _finding(m: re.Match[str]) -> Finding:
    return finding(
        "CLM-019", "correctness", "warn", f"The brief does not sell it this way: '{m[0]}'.",
        fix="Send the reader where the brief does.", start=m.start(), end=m.end(), source="brief",
    )  # fmt: skip


@lru_cache(maxsize=512)
def _ways(facts: str) -> tuple[frozenset[str], frozenset[str]]:
    """The only ways to buy, where the brief says so, and the ways it denies."""
    only: set[str] = set()
    closed: set[str] = set()
    open_: set[str] = set()
    for clause in _CLAUSE.split(facts):
        for part in re.split(r",\s(?:but|and|not)\s", clause):
            ways = {name for name, pattern in _PATTERNS.items() if pattern.search(part)}
            denied = _CLOSED.search(part)
            if denied:
                closed |= {
                    n
                    for n, p in _PATTERNS.items()
                    if p.search(denied[0]) or p.search(f"in our {denied[0].split()[-1]}")
                }
            elif _ONLY.search(part) and _TRADE.search(part):
                only |= ways
            else:
                open_ |= ways
    return (frozenset(only | open_) if only else frozenset()), frozenset(closed - open_ - only)

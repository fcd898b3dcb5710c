"""Statements that need support in the brief although they hold no number: "free", "guaranteed", "organic",
"the only".

Why: these are the words a copywriter adds without noticing and a regulator reads first. Each row is a
pattern, what in the brief supports it, how bad it is without support, and what to do. A word that has an
innocent everyday sense ("best", "gold", "free") is matched only in the sense that claims something.
Leaves out: whether the advertiser may say it at all (the compliance rules judge that), and claims by
implication.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from functools import lru_cache

from relate_engine.denial import affirmed, denied_at
from relate_engine.rewards.claimlist import CLAIMS
from relate_engine.rewards.clauses import figures_of
from relate_engine.rewards.lexicon import DENIED, MATERIALS, NARROWER, PROPER
from relate_engine.rewards.literals import Index
from relate_engine.rewards.superlatives import MOST as _MOST
from relate_engine.rewards.superlatives import superlative, wider
from relate_engine.rewards.words import STOP, stem, words
from relate_engine.rewards.words import stems as stems_of
from relate_engine.scorecard import Finding, Severity, finding

SOURCE = "brief"
_INDEX = Index(c.pattern for c in CLAIMS)

_ALIKE = {w: group for group in (("ads", "ad", "adverts", "advertising", "advert"),
          ("perfume", "fragrance", "scent"), ("dye", "dyes", "colour", "color"),
          ("fee", "fees", "charge", "charges", "cost", "costs"), 
          ("contract", "contracts", "commitment", "cancel", "month-to"),
          ("sulfates", "sulphates", "sulfate"), ("interest", "0%", "0 %")) for w in group}  # fmt: skip
# What says that there is none of these in words of its own.
_NONE_OF = (
    (frozenset(("contract", "contracts", "commitment", "commitments", "lock-in")),
     re.compile(r"\bmonth[- ]to[- ]month|\bcancel any ?time|\bcancel with \d")),
    (frozenset(("middleman", "middlemen")), re.compile(r"\bdirect\b")),
    (frozenset(("subscription", "subscriptions", "fee", "fees")), re.compile(r"\bno subscription|\bpay once")),
    (frozenset(("sugar", "filler", "fillers", "additive", "additives", "preservatives", "chemicals", "perfume",
                "fragrance", "dye", "dyes", "salt", "soy", "dairy")),
     re.compile(r"\b(?:one|single)[- ]ingredient\b|\bnothing (?:else|added)\b|\bonly ingredient")),
)  # fmt: skip
_NO = re.compile(
    r"\b(?:no|zero|without(?: any)?|never an?y?|free (?:of|from))((?: [a-z-]+){1,3})|\b([a-z]+)[- ]free\b",
    re.I,
)
_DENIES = re.compile(
    r"\b(?:no|not|never|nor|zero|without|free|none|nothing|neither|un\w+|waived|skip\w*)\b|n't\b|-free\b|"
    r"less\b",
    re.I,
)
_FREE = re.compile(
    r"(?<![\w-])(?<!cruelty )(?<!gluten )(?<!dairy )(?<!sugar )(?<!fragrance )(?<!grain )(?<!plastic )(?<!bpa "
    r")(?<!nut )(?:free of charge|without charge|without charging|"
    r"free|complimentary|for nothing|costs? (?:you )?nothing|at no (?:extra |"
    r"additional )?(?:charge|cost)"
    r"|no (?:extra )?charge|(?<!call )(?<!count )(?<!rely )(?<!depend )on us|on the house)(?![\w-])(?! (?:of|"
    r"from|up|time|to|your|range|hand|hands|"
    r"will|weekends?|"
    r"evenings?|afternoons?|mornings?|hours?)\b)",
    re.I,
)
_FREE_BRIEF = re.compile(
    _FREE.pattern.split("(?! (?:of|")[0] + r"|\bincluded\b|[$\u00a3\u20ac]0(?![.,]?\d)|\bwe (?:pay|cover)\b|"
    r"\bno (?:[a-z]+ ){0,2}fees?\b|\bwaived\b|\bno charge\b|\bgift\b",
    re.I,
)
_MATERIAL_IDIOM = re.compile(
    r"\b(?:glass of|(?:an?|your|the|every) (?:\w+ )?glass\b"
    r"(?! (?:jar|bottle|bowl|dropper|lid|pot|tub|tube|container|body|top|door|dish|vial|carafe|jug|panel|shade)s?\b)"
    r"|bare glass|gold standard|good as gold|"
    r"silver lining|iron out|steel your)",
    re.I,
)
_SAME = {
    "shipp": "deliv", "ship": "deliv", "postag": "deliv", "post": "deliv", "estimat": "quot", "surve": "quot",
    "chat": "quot", "talk": "quot", "meet": "quot", "session": "quot",
    "consult": "quot", "consultat": "quot", "look": "quot", "inspect": "quot", "assess": "quot", "assessm": "quot",
    "asses": "quot",
    "visit": "quot", "check": "quot", "evaluat": "quot", "apprais": "quot", "try": "tri", "tri": "tri",
    "trial": "tri", "tried": "tri", "retur": "return", "collect": "return", "collection": "return",
    "swap": "return", "exchang": "return", "pickup": "return", "week": "tri", "day": "tri", "month": "tri",
    "mov": "reschedul", "rebook": "reschedul", "chang": "reschedul", "postpon": "reschedul",
    "night": "tri", "return": "return",
}  # fmt: skip


def check_claims(text: str, facts: str) -> list[Finding]:
    """Claims of `text` that `facts` does not support. `text` comes with straight quotes and masked names."""
    found: list[Finding] = []
    plain = facts.replace("\u2019", "'").lower()
    stated = affirmed(plain)
    for claim in (CLAIMS[number] for number in sorted(_INDEX.possible(text))):
        for match in claim.pattern.finditer(text):
            if claim.what == "a medical or scientific backing" and denied_at(text, *match.span()):
                continue  # "no need to see a doctor"
            lacking = re.match(r"(\w+)[- ]free$", match[0], re.I)
            if lacking and _without(lacking[1], plain):
                continue
            ground = plain if denied_at(text, *match.span()) else stated
            supported = any(known.search(ground) for known in (claim.support, _itself(match[0])) if known)
            if (most := _MOST.search(match[0])) and claim.what in {"a superlative", "a ranking"}:
                around = text[max(0, match.start() - 12) : match.end()]
                supported = superlative(most[0], ground) and not wider(around, text[match.end() :], facts)
            if not supported:
                found.append(_unsupported(match.start(), match.end(), match[0], claim.what, claim.severity))
    stems, denied = _stated(plain)
    for match in re.finditer(r"[A-Za-z]+(?:[- ](?:foam|fib(?:er|re)))?", text):
        name = match[0].lower().replace(" ", "-")
        if name not in MATERIALS and name.split("-")[0] not in MATERIALS:
            continue
        if _MATERIAL_IDIOM.search(text[max(0, match.start() - 9) : match.end() + 10]):
            continue
        if any(re.search(rf"\b(?:{n})", plain) for n in NARROWER.get(name, ())):
            continue  # wool of merino
        if stem(name.split("-")[0]) not in stems:
            same = re.finditer(rf"\b{re.escape(match[0])}\b", text, re.I)
            if stem(name.split("-")[0]) in denied and any(denied_at(text, *m.span()) for m in same):
                continue
            # "Cotton pads have had their day" where the brief says "no cotton pads" may speak of the others
            pair = re.match(r" [a-z]+", text[match.end() :])
            other = pair is not None and f"{match[0]}{pair[0]}".lower() in plain
            severity: Severity = "warn" if other else "block"
            found.append(_unsupported(match.start(), match.end(), match[0], "a material or ingredient", severity))
    return found + _free(text, plain, stated) + _included(text, plain, stems, denied) + _denied(text, plain)


def _without(thing: str, plain: str) -> bool:
    """Do the facts say there is none of it in other words: "no gluten", "free of dairy", "unscented"?"""
    root = re.escape(stem(thing.lower()))
    none = (
        rf"\b(?:no|without|zero|free (?:of|from)|never|contains? no|un)(?:[ -](?:added|any|[a-z]+,|or|and))*[ -]?{root}"
    )
    return re.search(none, plain) is not None or (thing.lower() in {"fragrance", "perfume"} and "unscented" in plain)


@lru_cache(maxsize=512)
def _stated(plain: str) -> tuple[frozenset[str], frozenset[str]]:
    """Stems that the facts affirm, and those that stand in denials only."""
    stems = frozenset(stem(w.lower) for w in words(affirmed(plain)))
    return stems, frozenset(stem(w.lower) for w in words(plain)) - stems


@lru_cache(maxsize=2048)
def _itself(claim: str) -> re.Pattern[str]:
    """The claim's own words, hyphens and endings aside."""
    parts = [
        re.escape(stem(p))
        for p in re.split(r"[\s-]+", claim.lower())
        if p not in {"the", "our", "your", "very"} and not (p.endswith("'s") and p[:-2] not in PROPER)
    ]
    return re.compile(r"\b" + r"\w*[\s'-]*".join(parts))


def _unsupported(start: int, end: int, words_: str, what: str, severity: Severity) -> Finding:
    return finding(
        "CLM-019", "correctness", severity, f"The brief does not support '{words_}' ({what}).",
        fix=f"Remove it, or add {what} to the brief as a benefit or as a claim with evidence.",
        start=start, end=end, source=SOURCE,
    )  # fmt: skip


_NOUN = (
    r"(?:[ -](?!(?:and|or|with|for|in|on|to|at|when|if|plus|but|then|from|every|your|"
    r"the|anywhere|everywhere|today|forever|again|always|online|worldwide|nationwide|too|as|while|until|because|over|"
    r"within|after|before|near|across|by|this|all)\b)[\w'-]+){1,3}"
)


def _objects(text: str, start: int, end: int) -> set[str]:
    """Stems of what is free: the content words around, in the same sentence, under one name for synonyms."""
    before = re.split(r"[.;:!?]\s|\n", text[max(0, start - 45) : start])[-1]
    after = re.split(r"[.;:!?]\s|\n", text[end : end + 45])[0]
    near = [w.lower for w in words(before)][-6:] + [w.lower for w in words(after)][:6]
    short = {stem(w) for w in near if w not in STOP}
    return {_SAME.get(s, s) for s in short}


def _given(facts: str, match: re.Match[str]) -> set[str]:
    """What the brief gives free there: the noun after "free", else the words around."""
    noun = re.match(rf"{_NOUN}", facts[match.end() :]) if match[0].lower() in {"free", "complimentary"} else None
    return {_SAME.get(s, s) for s in stems_of(noun[0])} if noun else _objects(facts, match.start(), match.end())


def _share(a: set[str], b: set[str]) -> bool:
    return bool(a & b) or any(x[:4] == y[:4] for x in a for y in b if len(x) > 4 and len(y) > 4)


def _same_terms(text: str, line: str) -> bool:
    """Does the text give the terms of the line: its figure and one word more ("within 20 miles of Denver")?"""
    priceless = [re.sub(r"[$\u00a3\u20ac]\s?\d[\d.,]*", " ", t) for t in (text, line)]
    return bool(figures_of(priceless[0]) & figures_of(priceless[1]) and stems_of(text) & stems_of(line))


def _line(facts: str, m: re.Match[str]) -> str:
    """The sentence or line of the facts around a match."""
    left = max((e.end() for e in _LINE_END.finditer(facts, 0, m.start())), default=0)
    right = _LINE_END.search(facts, m.end())
    return facts[left : right.start() if right else len(facts)]


_LINE_END = re.compile(r"[.;!?]\s|\n")
_HAS_TIME = re.compile(
    r"\b(?:got|have|having|with) (?:an?|one|your|some|this) (?:\w+ )?(?:\w*day|evening|hour|afternoon|morning|weekend|"
    r"night|week|minute)s? $",
    re.I,
)
_ON_IT = re.compile(r"\bon (?:the|your|our|their) house\b")  # a lien on your house is nothing free
_PAID_FIRST = re.compile(r"\bfirst [a-z]+ (?:is|are) $", re.I)


def _free(text: str, facts: str, stated_facts: str) -> list[Finding]:
    found = []
    for match in _FREE.finditer(text):
        if _HAS_TIME.search(text[: match.start()]) or (match[0].lower() == "on the house" and _ON_IT.search(facts)):
            continue
        denies = not match[0].lower().startswith("no ") and denied_at(text, *match.span())
        ground = facts if denies else stated_facts
        known = [_given(ground, m) for m in _FREE_BRIEF.finditer(ground)]
        # "free delivery in Savannah": the noun after it; "delivery is free": what stands around
        noun = re.match(
            _NOUN,
            text[match.end() :],
        )
        stated = (
            {_SAME.get(s, s) for s in stems_of(noun[0])}
            if noun and match[0].lower() in {"free", "complimentary"}
            else set()
        )
        stated = stated or _objects(text, match.start(), match.end())
        loose = match[0].lower() not in {"free", "complimentary"}
        predicate = re.search(r"\b(?:eat|ski|enter|get in|go|start|begin|door for) $", text[: match.start()], re.I)
        if known and (
            loose
            or (predicate and not _PAID_FIRST.search(text[: match.start()]))
            or not stated
            or any(_share(stated, k) for k in known)
            or any(_same_terms(text, _line(ground, m)) for m in _FREE_BRIEF.finditer(ground))
        ):
            continue
        tail = re.match(r" [A-Za-z]+", text[match.end() :]) if match[0].lower() in {"free", "complimentary"} else None
        end = match.end() + (tail.end() if tail and tail[0].strip().lower() not in STOP else 0)
        found.append(_unsupported(match.start(), end, text[match.start() : end], "something free", "block"))
    return found


_DAYS_OFF = frozenset(("weekends", "weekend", "saturdays", "sundays", "saturday", "sunday"))
_EVERY_DAY = re.compile(r"\b(?:every day|daily|(?:seven|7) days|24/7|all week)\b")


def _included(text: str, facts: str, known: frozenset[str], denied: frozenset[str]) -> list[Finding]:
    """ "Breakfast included" where the brief has no breakfast: none of the words before stands in it."""
    found = []
    for match in re.finditer(
        r"((?:[A-Za-z'-]+,? ){1,4}?)(?:is |are |comes? |all )?(?:included|thrown in)(?![\w-])", text
    ):
        things = [w for w in words(match[1]) if w.lower not in STOP]
        pair = re.search(r"(?:^|, )([a-z]{4,}) and ([a-z]+) $", match[1].lower())
        if pair and stem(pair[1]) not in known | denied and stem(pair[2]) in known:
            things = [w for w in things if w.lower == pair[1]]  # "dinner and breakfast included"
        ground = known | denied if re.search(r"\b(?:not|never|no)\b|n't", match[0], re.I) else known
        if things[-1:] and things[-1].lower in _DAYS_OFF and _EVERY_DAY.search(facts):
            continue  # "weekends included" of "every day"
        if things and not any(stem(w.lower) in ground for w in things):
            start = match.start() + things[0].start
            found.append(_unsupported(start, match.end(), text[start : match.end()], "an inclusion", "block"))
    return found


def _denied(text: str, facts: str) -> list[Finding]:
    found = []
    for match in _NO.finditer(text):
        group = 1 if match[1] else 2
        thing = next((w for w in re.findall(r"[a-z-]+", match[group].lower()) if w in DENIED), None)
        if thing is None:
            continue
        if thing == "interest" and re.search(r"\b0(?:\.0+)? ?%", facts):
            continue
        first = next((w for w in re.findall(r"[a-z-]+", match[group].lower()) if w not in STOP), thing)
        if re.search(rf"\b(?:no|without|zero|free of) (?:any )?{re.escape(first)}\b", facts) or any(
            thing in things and told.search(facts) for things, told in _NONE_OF
        ):
            continue
        root = re.compile("|".join(rf"\b(?:un)?{re.escape(stem(w))}" for w in _ALIKE.get(thing, (thing,))))
        denied = any(_DENIES.search(facts[max(0, m.start() - 45) : m.end() + 12]) for m in root.finditer(facts))
        if denied or (thing in {"charge", "charges", "cost", "costs", "fee", "fees"} and _FREE_BRIEF.search(facts)):
            continue
        severity: Severity = "block" if group == 2 else "warn"
        start = match.start()
        end = match.end() if group == 2 else match.start(1) + match[1].lower().index(thing) + len(thing)
        found.append(_unsupported(start, end, text[start:end], "an absence", severity))
    return found

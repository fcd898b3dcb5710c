"""Facts of a text that its brief does not state: every check of a text against its brief, and the numbers among them.

Why: the one thing an advertiser cannot repair is a published promise nobody made. Equal values match (quantities.py),
what follows from them in one step too (arithmetic.py, counting.py). Dates, names, claims, conditions, denials and
statements are judged in their own files; of overlapping findings the widest stays.
Leaves out: who does what to whom where no number is involved.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from relate_engine.brief import Brief
from relate_engine.denial import affirmed
from relate_engine.rewards.ages import check_ages
from relate_engine.rewards.arithmetic import follows
from relate_engine.rewards.calendar import DAYS
from relate_engine.rewards.certificates import check_certificates
from relate_engine.rewards.channels import check_channels
from relate_engine.rewards.claims import check_claims
from relate_engine.rewards.colours import check_colours
from relate_engine.rewards.comparisons import compared
from relate_engine.rewards.conditions import check_conditions
from relate_engine.rewards.contradictions import SAY, asserted, contradicted, fact, fault, opposed
from relate_engine.rewards.counting import at_hour, between_two, costs_nothing, persons
from relate_engine.rewards.dates import check_dates, promises
from relate_engine.rewards.directions import turned
from relate_engine.rewards.exchanges import check_exchanges
from relate_engine.rewards.extras import check_extras
from relate_engine.rewards.features import check_features
from relate_engine.rewards.lexicon import COUNTED
from relate_engine.rewards.lists import check_lists
from relate_engine.rewards.makers import check_makers
from relate_engine.rewards.ordinals import check_ordinals
from relate_engine.rewards.propernames import check_proper_names, check_states
from relate_engine.rewards.quantities import Quantity, codes, equal, quantities
from relate_engine.rewards.relations import misplaced
from relate_engine.rewards.reversals import reversed_
from relate_engine.rewards.rhythms import check_rhythms
from relate_engine.rewards.rivals import check_rivals
from relate_engine.rewards.sequence import reordered
from relate_engine.rewards.sheet import Sheet, masked, sheet, stem_date
from relate_engine.rewards.statements import check_statements
from relate_engine.rewards.units import MONEY, UNIT, number_of
from relate_engine.rewards.words import STOP, is_title_case, stem
from relate_engine.scorecard import Finding, Severity

_IDIOM = re.compile(r"on (?:two|four) (?:wheels|legs|feet)\b", re.I)
# What "100%" adds nothing to, where the brief says it; of a material or an origin it adds a share.
_WHOLLY = re.compile(
    r" ([a-z]+[- ]?(?:proof|free)|vegan|vegetarian|online|remote|digital|encrypted|washable|recyclable)\b", re.I
)


def check_facts(text: str, brief: Brief, countries: Sequence[str] = ()) -> list[Finding]:
    """CLM-019 for each fact that the brief does not state; of overlapping findings the widest."""
    known_facts, plain = sheet(brief, countries), masked(text, brief.names)
    found = [
        *_numbers(plain, known_facts),
        *_codes(plain, known_facts),
        *check_dates(plain, known_facts),
        *check_states(plain, known_facts),
        *check_claims(plain, known_facts.facts),
        *check_conditions(plain, known_facts.facts),
        *check_statements(plain, known_facts.facts),
        *reordered(plain, known_facts.facts),
        *check_ages(plain, known_facts.facts),
        *compared(plain, known_facts.facts),
        *check_extras(plain, known_facts.facts),
        *check_rivals(plain, known_facts.facts),
        *check_rhythms(plain, known_facts.facts),
        *check_makers(plain, known_facts.facts),
        *check_channels(plain, known_facts.facts),
        *reversed_(plain, known_facts.facts),
        *check_features(plain, known_facts.facts),
        *check_colours(plain, known_facts.facts),
        *check_certificates(plain, known_facts.facts),
        *check_lists(plain, known_facts.facts),
        *turned(plain, known_facts.facts),
        *check_ordinals(plain, known_facts.facts),
        *check_exchanges(plain, known_facts.facts),
        *contradicted(plain, known_facts.words, known_facts.stems),
        *asserted(plain, known_facts.denied),
        *opposed(plain, known_facts.facts),
        *check_proper_names(plain, known_facts, is_title_case(text)),
    ]
    found.sort(key=lambda f: (f.severity != "block", -((f.end or 0) - (f.start or 0))))
    kept: list[Finding] = []
    for f in found:
        if not any((k.start or 0) < (f.end or 0) and (f.start or 0) < (k.end or 0) for k in kept):
            kept.append(f)
    return sorted(kept, key=lambda f: f.start or 0)


def _numbers(text: str, sheet: Sheet) -> list[Finding]:
    found = []
    spoken_to = 0  # the end of "seven pounds fifty"
    for q in quantities(text):
        same = [k for k in sheet.quantities if equal(q, k)]
        if not same and text[q.start : q.end].lower().endswith(("pounds", "pound")):
            pence = re.match(
                r" (twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ]five)?\b", text[q.end :], re.I
            )
            value = q.raw + ((number_of(pence[1]) or 0) / 100 if pence else 0)
            same = [
                k for k in sheet.quantities if k.dim == "\u00a3" and int(k.value) == q.raw and k.value - value < 0.06
            ]
            if same:
                spoken_to = q.end + (pence.end() if pence else 0)
                continue
        if q.start < spoken_to or _in_range(text, q, sheet.facts):
            continue
        if same and (_same_price(text, q, sheet) if q.dim in MONEY else q.dim or _same_thing(text, q, same, sheet)):
            if wrong_end := _other_end(text, q, same, sheet.facts):
                message = f"'{text[q.start : q.end]}' is the other end; the brief says: {wrong_end}."
                found.append(fact(message, q.start, q.end, SAY, "warn"))
            elif beside := misplaced(text, q, same, sheet.quantities, sheet.facts, sheet.titles):
                message = f"'{text[q.start : q.end]}' is said of another thing; the brief says: {beside}."
                found.append(fact(message, q.start, q.end, "Say what the brief says it of.", "warn"))
            continue
        if _equal_in_words(text, q, sheet) or follows(text, q, sheet.quantities, sheet.facts):
            continue
        kind = "a price" if q.dim in MONEY else "a time of day" if q.dim == "clock" else "a number"
        if same:
            kind = "a number of something else"
        severity: Severity = "block"
        if (
            q.spoken
            and not q.dim
            and 2 <= q.raw <= 12
            and (between_two(text, q) or not (_counts(q, sheet, not same) or _packed(text, q) or _done(text, q, sheet)))
        ):
            severity = "note"  # "two ways to", "all three": a turn of phrase, or the length of a list
        if re.match(r"a (?:whole|full|entire) (?:year|month|week|day)$", text[q.start : q.end], re.I) and re.match(
            r" of (?!warrant|cover|guarant|support|free|care|service)", text[q.end :], re.I
        ):
            severity = "note"  # "a whole year of cheese"
        scene = text[q.start].lower() in "nm" or q.value < 300  # noon, or the small hours
        if scene and q.dim == "clock" and not promises(text, q.start, q.end):
            # "at noon" sets a scene
            severity = "warn" if any(k.dim == "clock" for k in sheet.quantities) else "note"
        fix = f"Use a figure of the brief, or add '{text[q.start : q.end]}' to it, with its evidence."
        found.append(fault(text, q.start, q.end, kind, fix, severity))
    return found


def _in_range(text: str, q: Quantity, facts: str) -> bool:
    """Does the whole range stand in the brief: "2 to 11"?"""
    around = text[max(0, q.start - 8) : q.end + 8]
    ranges = (m[0] for m in re.finditer(r"\d+ (?:to|or|and) \d+", around))
    return not q.dim and any(re.search(rf"(?<!\d){m}(?!\d)", facts) for m in ranges)


_FLOOR = re.compile(r"(?:\bfrom|\bstart(?:s|ing)? (?:at|from)|\bat least|\bas low as) $", re.I)
_OUT_OF = re.compile(r"(?<![\d.])(\d(?:\.\d+)?)(?: ?/ ?| out of )$")
_CEILING = re.compile(r"(?:\bup to|\bas much as|\bat most) $", re.I)
_TOP = re.compile(r"(?:\d|[a-z%\"]) ?(?:\bto|-|\u2013) $")


def _other_end(text: str, q: Quantity, same: list[Quantity], facts: str) -> str:
    """The brief's words where the text makes a floor of its ceiling ("from $24" of "$18.50 to $24"), or nothing."""
    before = text[max(0, q.start - 16) : q.start]
    around = [facts[max(0, k.start - 16) : k.start] for k in same]
    floor = _FLOOR.search(before) or "+" in text[q.start : q.end + 1]
    if floor and not re.match(r" ?(?:to|-|\u2013) ?\S*\d", text[q.end :]):
        wrong = [
            bool(_CEILING.search(a) or (_TOP.search(a) and re.search(r"\d[^.;\n]* (?:to|-|\u2013) $", a)))
            for a in around
        ]
    elif _CEILING.search(before):
        wrong = [
            bool(_FLOOR.search(a)) and not re.match(r" ?(?:to|-|\u2013) ?\S*\d", facts[k.end :])
            for a, k in zip(around, same, strict=True)
        ]
    else:
        return ""
    return facts[max(0, same[0].start - 16) : same[0].end].split("\n")[-1].strip() if wrong and all(wrong) else ""


def _equal_in_words(text: str, q: Quantity, sheet: Sheet) -> bool:
    """ "Under $1,500" of $1,499, "100% waterproof" of waterproof, "4.8/5" of "rated 4.8", "0% interest" of
    "interest-free"; and "on two wheels" counts nothing."""
    before = text[: q.start]
    if before.lower().endswith("on ") and _IDIOM.match(text[q.start - 3 :]):
        return True
    if q.dim in MONEY and not q.raw:
        return costs_nothing(q, sheet.facts)
    if q.dim in MONEY and re.search(r"\b(?:under|below|less than) $", before, re.I):
        prices = [k for k in sheet.quantities if k.dim == q.dim and not (q.period and k.period not in {"", q.period})]
        return any(0.6 * q.value <= k.value < q.value for k in prices)
    if q.dim == "pct" and q.raw == 100 and (wholly := _WHOLLY.match(text[q.end :])):
        said = re.sub(r"[- ]", "[- ]?", wholly[1].lower())
        return re.search(rf"(?<![\w-]){said}\b", affirmed(sheet.facts), re.I) is not None
    if q.dim == "pct" and q.raw == 0 and re.match(r" interest\b", text[q.end :], re.I):
        return re.search(r"\binterest[- ]free\b", affirmed(sheet.facts), re.I) is not None
    if q.raw == 5 and q.dim in {"", "star"} and (rated := _OUT_OF.search(before)):
        rating = replace(q, raw=float(rated[1]), value=float(rated[1]), dim="star")
        return any(equal(rating, k) for k in sheet.quantities)
    return False


def _counts(q: Quantity, sheet: Sheet, named: bool) -> bool:
    """Does the brief count what follows the number, or is it a thing whose number is always a claim?

    `named`: it is enough that the brief speaks of the thing, for it has this number of nothing else.
    """
    nouns = [n for n in q.nouns if n not in STOP][:2]
    counted = {stem(n) for k in sheet.quantities if not k.dim for n in k.nouns[:2]}
    return any(n in COUNTED or stem(n) in (counted | sheet.stems if named else counted) for n in nouns)


_MEASURES = frozenset(("time", "mm", "ml", "gram", "oz", "inch", "mile", "pct", "clock", "watt", "volt", "degree"))
_PACK = re.compile(
    r"\b(?:packs?|box(?:es)?|cases?|sets?|tins?|bags?|cartons?|crates?|jars?|bundles?|tubs?|trays?|groups?|"
    r"class(?:es)?|"
    r"teams?|parties|pouch(?:es)?|packets?|kits?|rolls?) (?:of|holds|has|contains?|with) $",
    re.I,
)
_TO_A_PACK = re.compile(
    r"(?:-| )packs?\b|(?: [a-z-]+)* (?:to|in|per|a|in each|to each|in every|in a) (?:an? )?(?:pack|box|case|set|"
    r"tin|bag|"
    r"carton|crate|jar|bundle|tub|tray|group|class|team|pouch|packet|kit|roll|bottle)\b",
    re.I,
)


def _packed(text: str, q: Quantity) -> bool:
    """ "A pack of eight", "eight to a box": what a pack holds is a claim however it is written."""
    return _PACK.search(text[: q.start]) is not None or _TO_A_PACK.match(text[q.end :]) is not None


_VERB = re.compile(r"([a-z]{3,}s) $", re.I)


def _done(text: str, q: Quantity, sheet: Sheet) -> bool:
    """ "Feeds four" of "feeds two": a number after a verb that the brief gives another number."""
    verb = _VERB.search(text[: q.start])
    return verb is not None and any(
        (own := _VERB.search(sheet.facts[: k.start])) is not None and own[1].lower() == verb[1].lower()
        for k in sheet.quantities
        if not k.dim
    )


def _same_thing(text: str, q: Quantity, same: list[Quantity], sheet: Sheet) -> bool:
    """A bare number is supported only for the things the brief counts: "9,000 users" is not "9,000 banks"."""
    things = {stem(n) for n in q.nouns if n not in STOP}
    if not things or q.nouns[0] in STOP:
        return True  # nothing is counted: "try it for 100"
    units = [UNIT[n] for n in q.nouns[1:] if n in UNIT]
    if any(k.dim == dim and math.isclose(k.value, q.raw * factor) for dim, factor in units for k in same):
        return True  # "40 tough minutes" of "40 minutes"
    if stem_date(q.nouns[0]) in {d[:3] for d in DAYS} and any(k.dim == "time" for k in same):
        return True  # "twelve Tuesdays" of a course of twelve weeks
    if any(things & k.near for k in same if k.dim not in _MEASURES) or persons(q, same) or at_hour(text, q, same):
        return True
    bare = [k for k in same if not k.dim]
    first = next(stem(n) for n in q.nouns if n not in STOP)
    if any(re.search(r"\bof (?:the|our|its|their) $", sheet.facts[: k.start]) for k in bare):
        return True  # "two of the three": the whole they are part of
    if any(k.nouns and stem(k.nouns[0]) == first for k in sheet.quantities if not k.dim):
        return False  # the brief counts these, and there are not so many: "8 rooms" of "5 rooms"
    counted = {stem(n) for n in q.nouns if n in COUNTED}
    return bool(bare) and (not counted or any(not k.nouns for k in bare) or bool(counted & sheet.stems))


_EACH = re.compile(
    r" (?:for )?(?:each\b|apiece\b|(?:per|an?|every) (?:person|piece|item|bottle|bar|pillow|shoe|glove|ticket)\b)", re.I
)
_LOT = re.compile(
    r" (?:an?|per|for an?|for) (?:pair|set|couple|dozen|pack|case|family|bundle|trio|two|three|four|six)\b", re.I
)


def _same_price(text: str, q: Quantity, sheet: Sheet) -> bool:
    """ "$149 for a couple" is wrong where the brief's couple pays $229."""
    if _EACH.match(text[q.end :]) and all(_LOT.match(sheet.facts[k.end :]) for k in sheet.quantities if equal(q, k)):
        return False
    who = re.match(r" for (?:a |an |one |two |the )?([a-z]{3,})", text[q.end :])
    if who is None:
        return True
    parts = [
        p
        for p in re.split(r"[,;.]\s|\n|\band\b(?! [$\u00a3\u20ac]\d)", sheet.facts)
        if re.search(rf"\b{re.escape(stem(who[1]))}", p)
    ]
    prices = [k for p in parts for k in quantities(p) if k.dim in MONEY]
    if not prices:
        wider = [p for p in re.split(r"[,;.]\s|\n", sheet.facts) if re.search(rf"\b{re.escape(stem(who[1]))}", p)]
        prices = [k for p in wider for k in quantities(p) if k.dim in MONEY]
    return not prices or any(equal(q, k) for k in prices)


def _codes(text: str, sheet: Sheet) -> list[Finding]:
    return [
        fault(text, s, e, "a code or version", "Remove it, or add it to the brief.")
        for code, s, e in codes(text)
        if code not in sheet.codes and code not in {"24/7", "#1"} and code.strip("#-") not in sheet.codes
    ]

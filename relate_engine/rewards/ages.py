"""The ages a text names, held against those of the brief: "ages two and over" of "ages 4 and over".

Why: an age is a promise of safety or of fitness, and its figure may well stand in the brief for another bound ("under-
2s sit free"). So bounds are compared with bounds: the least age with the least ages, the greatest with the greatest.
Leaves out: briefs that state no age, and ages of things ("aged 12 years in oak").
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from relate_engine.rewards.units import NUMBER_WORD, spoken_or_figure
from relate_engine.scorecard import Finding, finding

_N = rf"(?:\d{{1,2}}|{NUMBER_WORD})"
_UNIT = r"(?:[ -]?(?P<{0}>months?|years?|yrs?)(?: old)?(?:[- ]olds?)?)?"
_PEOPLE = r"children|kids|toddlers|babies|boys|girls|adults|players|pupils|students|guests|riders|teens|juniors|makers"
_RANGE = re.compile(
    rf"(?P<lead>\b(?:ages?|aged|(?:{_PEOPLE})(?: aged?)?(?: from)?|from|between|for|grades?) )?(?P<low>{_N})"
    + _UNIT.format("lowunit")
    + rf" ?(?:to|-|\u2013|and|up to|until|through) ?(?:age )?(?P<high>{_N})(?P<plural>s\b)?"
    + _UNIT.format("highunit")
    + r"(?P<olds>[- ]olds?)?(?![\w%])",
    re.I,
)
_LEAST = re.compile(
    rf"(?P<lead>\b(?:ages?|aged|from|over|kids|children) )?(?P<low>{_N})" + _UNIT.format("lowunit")
    + r"(?P<plus>\+| (?:and|or) (?:up|over|older|above)\b| (?:up|on|onwards?)\b)"
    rf"|\bovers?[- ](?P<overs>{_N})s\b|\bolder than (?P<older>{_N})\b",
    re.I,
)  # fmt: skip
_MOST = re.compile(
    rf"\bunders?[- ](?P<unders>{_N})s\b|\b(?:ages?|aged|kids|children) (?:up to |under )(?P<upto>{_N})\b"
    rf"|(?P<high>{_N})" + _UNIT.format("highunit") + r" (?:and|or) (?:under|younger)\b",
    re.I,
)  # fmt: skip
_AGED = re.compile(
    rf"\bage[sd]?\b|\b(?:{_PEOPLE})\b|year[- ]olds?|\bunders?-|\bovers?-\d|\d\+|older|younger|\bup\b", re.I
)
_ALL = re.compile(r"\b(?:of |for )?(?:all|any|every) ages?\b|\bany age\b|\bwhatever (?:your|their) age\b", re.I)
_YOUNG = re.compile(r"\b(?:for|and|or|with|suits?) (?:[a-z]+ )?(?:children|kids|teens|teenagers|toddlers|babies)\b|"
                    r"\b(?:for|suits?|of) (?:children|kids|teens|toddlers|babies) and\b", re.I)  # fmt: skip
_GROWN = re.compile(r"\badults?[- ]only\b|\bonly adults\b|\bfor adults\b", re.I)


@dataclass(frozen=True)
class Bounds:
    low: float | None
    high: float | None
    start: int
    end: int


def check_ages(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a bound of age that the brief does not set, where it sets one of that side."""
    told = ages(facts)
    lows = {b.low for b in told if b.low is not None} | ({216.0} if _GROWN.search(facts) else set())
    highs = {b.high for b in told if b.high is not None}
    if not lows | highs:
        return []
    found = [
        _finding(text, b.start, b.end)
        for b in ages(text)
        if (b.low is not None and b.low not in (lows or highs)) or (b.high is not None and b.high not in (highs | lows))
    ]
    if lows and min(lows) >= 216 and not _YOUNG.search(facts):
        found += [_finding(text, m.start(), m.end()) for m in _YOUNG.finditer(text)]
    if not _ALL.search(facts):
        found += [_finding(text, m.start(), m.end()) for m in _ALL.finditer(text)]
    return found


@lru_cache(maxsize=2048)
def ages(text: str) -> tuple[Bounds, ...]:
    """Every age or range of ages in a text, in months."""
    found: list[Bounds] = []
    for m in _RANGE.finditer(text):
        named = m["lead"] and re.match(rf"age|aged|{_PEOPLE}", m["lead"], re.I)
        loose = m["lead"] and not named and _AGED.search(text[max(0, m.start() - 40) : m.start()])
        if not (named or loose or m["plural"] or m["olds"] or _olds(m["highunit"], text, m)):
            continue
        unit = m["highunit"] or m["lowunit"]
        low, high = _months(m["low"], m["lowunit"] or unit), _months(m["high"], unit)
        if low is not None and high is not None and low < high:
            found.append(Bounds(low, high, *m.span()))
    taken = [(b.start, b.end) for b in found]
    for m in _LEAST.finditer(text):
        number = m["low"] or m["overs"] or m["older"]
        if any(s < m.end() and m.start() < e for s, e in taken) or (m["low"] and not _of_age(text, m)):
            continue
        if (low := _months(number, m["lowunit"])) is not None:
            found.append(Bounds(low, None, *m.span()))
    for m in _MOST.finditer(text):
        number = m["unders"] or m["upto"] or m["high"]
        if any(s < m.end() and m.start() < e for s, e in taken):
            continue
        if (high := _months(number, m["highunit"])) is not None:
            found.append(Bounds(None, high, *m.span()))
    return tuple(found)


def _of_age(text: str, m: re.Match[str]) -> bool:
    """ "4 and over", "18+": of persons, not of a spend or a size."""
    lead = (m["lead"] or "").strip().lower()
    if lead in {"age", "ages", "aged", "kids", "children"} or m["plus"] in {" and older", " or older"}:
        return True
    before = text[max(0, m.start() - 30) : m.start()]
    if m["plus"].strip() in {"on", "onwards", "onward", "up"}:
        return lead == "from" and (m["lowunit"] or "").lower().startswith(("month", "year"))
    return re.search(rf"\b(?:{_PEOPLE}|ages?|aged)\b[^.;$\u00a3\u20ac]*$", before, re.I) is not None


def _olds(unit: str | None, text: str, m: re.Match[str]) -> bool:
    """ "18 months to 4 years" beside a word for people."""
    around = text[max(0, m.start() - 40) : m.end() + 20]
    return bool(unit) and re.search(rf"\b(?:{_PEOPLE}|ages?|aged|olds?)\b", around, re.I) is not None


def _months(number: str, unit: str | None) -> float | None:
    value = spoken_or_figure(number.lower())
    if value is None:
        return None
    return value if unit and unit.lower().startswith("month") else value * 12


def _finding(text: str, start: int, end: int) -> Finding:
    return finding(
        "CLM-019", "correctness", "warn", f"'{text[start:end]}' is not an age of the brief.",
        fix="Use the ages of the brief.", start=start, end=end, source="brief",
    )  # fmt: skip

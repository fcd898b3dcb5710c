"""Numbers with their units, found in a text with exact spans, and the question whether two of them are equal.

Why: "20 litres" and "20-litre", "two days" and "48 hours", "50 %" and "half price", "$1,200" and "$1200"
state the same fact, while "12 weeks" is not supported by "12 ounces". So a number is read together with its
unit, brought to a base unit, and compared in its dimension only. Numbers in names ("W-2", "401(k)", "H13")
are codes, not amounts.
Leaves out: arithmetic over the brief (a total of two prices), currency conversion, fractions other than
half and quarter.
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from relate_engine.rewards.units import (
    MONEY,
    NUMBER_WORD,
    ONES,
    SCALE,
    TENS,
    UNIT,
    spoken_or_figure,
    spoken_value,
    unit_of,
)
from relate_engine.rewards.words import STOP, stem, words

# A bare number of the brief stands for one with a unit only beside a word that says so: "rated 4.7" and
# "4.7 stars", "aged 6 to 17" and "17 years", "washes at 40" and "40 degrees".
_SAYS = {
    dim: frozenset(stem(w) for w in names.split())
    for dim, names in {
        "star": "rated rating ratings star stars score scored scores",
        "month": "age aged ages old year years yr yrs teens teenagers",
        "degree": "degree degrees celsius fahrenheit temperature heat heats wash washes washable oven bakes",
        "times": "times",
    }.items()
}
# How often, in the words of the brief, and the numbers that say the same: number, value, dimension.
_OFTEN = [
    (r"fortnightly|(?:every|each) fortnight|every (?:other|second) week|bi-?weekly", [(2, 1209600, "time")]),
    (r"weekly|every week|each week|once a week", [(7, 604800, "time")]),
    (r"monthly|(?:every|each|once a) month", [(1, 1, "month"), (12, 12, "times")]),
    (r"quarterly|(?:every|each|once a) quarter|every (?:three|3) months", [(3, 3, "month"), (4, 4, "times")]),
    (r"four times a year|4 times a year|4x a year", [(3, 3, "month")]),
    (r"twice a year|half-yearly|every (?:six|6) months", [(6, 6, "month"), (2, 2, "times")]),
    (r"yearly|annually|(?:every|each|once a) year", [(1, 12, "month")]),
    (r"twice a (?:day|week|month)", [(2, 2, "times")]),
]
_RATED = "rated:"  # stands for a rating right before the number
_EVERY = frozenset(stem(w) for w in ("every", "each"))
_DAY = 86400

_ATOM = re.compile(
    r"(?P<cur>[$\u00a3\u20ac]\s?)?(?<![\w.,])(?P<num>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
    rf"|\b(?P<word>(?:(?:half )?a|{NUMBER_WORD}) dozen"
    rf"|(?:(?:{NUMBER_WORD}|(?:half |quarter of )?a) )(?:hundred|thousand|million|billion)\b"
    rf"(?: (?:and )?(?:{NUMBER_WORD})\b(?: hundred)?)*"
    rf"|{NUMBER_WORD}|dozens|hundreds|thousands|millions|half an hour|(?:a )?quarter of an hour"
    r"|an hour and a half|half(?= price| off|[- ]price| of (?:our|its|all|every) (?:profits?|proceeds|sales|"
    r"takings|income)))\b",
    re.I,
)
_UNIT_AFTER = re.compile(
    r"(?P<gap>\+?[ \u00a0]?-?[ \u00a0]?)(?P<unit>(?:sq\.?|square|fl\.?|fluid|business|working|per)[ -][a-z]+|miles "
    r"(?:an|per) hour|%|"
    r"\u00b0[CF]?|[a-z]+)\b|[ ]?%",
    re.I,
)
_HALF = re.compile(
    r"\b(?:an? )?(?P<part>half|quarter|three[- ]quarters)[ -](?:of )?(?:an? )?(?P<unit>(?!price|off)[a-z]+)\b", re.I
)
# "An hour and twenty minutes", "a month and a half", "two and a half hours".
_MIXED = re.compile(
    r"\b(?:(?P<a>an?)|(?P<n>[a-z]+|\d+)) (?P<unit>hours?|minutes?|days?|weeks?|months?|years?|pounds?|miles?|"
    r"kilos?|feet|"
    r"foot|gallons?)(?P<more> and (?:a |one )?(?:half|quarter)\b|(?: and|,)? (?P<k>[a-z-]+|"
    r"\d+) (?P<small>minutes?|seconds?|days?|"
    r"weeks?|months?|ounces?|inches)\b)"
    r"|\b(?P<m>[a-z]+|\d+) and (?:a |one )(?P<part>half|quarter)[ -](?P<of>[a-z]+)\b",
    re.I,
)
_WHOLE = re.compile(
    r"\b(?:an? (?:full|whole|entire) )(?P<unit>(?:second|minute|hour|day|week|month|year|quart|pint|gallon|litre|"
    r"liter|pound|ounce|mile|inch|foot|yard))\b|\b(?:an )?(?P<long>hour|minute|day|week|month|year)-long\b",
    re.I,
)
_CLOCK = re.compile(
    r"(?P<h>\d{1,2})(?:[:.](?P<m>\d\d))?\s?(?P<ap>[ap])\.?\s?m\b\.?|\b(?P<named>noon|midday|midnight)\b", re.I
)
_CLOCK_24 = re.compile(r"(?<![\d:])(?P<h>[01]?\d|2[0-3]):(?P<m>[0-5]\d)(?![\d:])(?!\s?[ap]\.?m)", re.I)
_CODE = re.compile(
    r"(?<![\w$\u00a3\u20ac])(?:(?!(?i:age|ages|under|over|pre|mid|up|to|for|by|of|in|"
    r"and)-)[A-Za-z]{1,4}-?\d+[A-Za-z]?"
    r"|(?:401|403|457|501|529)\(?[a-z]\)?(?:\(\d\))?(?!\w)|\d+/7|\d[GKD](?![\w])|#\d+)(?![\d,.]*\d)(?:s\b)?"
)
_RANGE = re.compile(r"^\s?(?:-|\u2013|\u2014|to|and|or|by|x|through|until|till)\s?$")
_PER = r"\s?(?:(?:a|an|per|each|every)\s|/\s?)"
_PERIOD = re.compile(
    rf"(?:{_PER}[a-z]{{3,8}}\b,?)?(?:{_PER}(day|week|month|mo|quarter|year|yr|night|stay|hour|hr)\b|\s(monthly|weekly|"
    rf"yearly|annually)\b)|{_PER}(?:person|head|guest|adult|child|visit|session|class|lesson|ticket|treatment|item)\b",
    re.I,
)
_PERIODS = {"mo": "month", "yr": "year", "hr": "hour", "monthly": "month", "weekly": "week"}


@dataclass(frozen=True)
class Quantity:
    raw: float  # the number as written
    value: float  # in the base unit of `dim`
    dim: str  # "" for a bare number or a count of things
    start: int
    end: int
    spoken: bool = False  # written as a word
    period: str = ""  # of a price or a time: month, year, or "piece": a person, a visit...
    nouns: tuple[str, ...] = ()  # the words that follow, lower case
    near: frozenset[str] = frozenset()  # stems of the words around


def codes(text: str) -> list[tuple[str, int, int]]:
    """Names with digits in them ("W-2", "401(k)", "24/7", "5G"): normalised, start, end."""
    found = []
    for match in _CODE.finditer(text):
        plain = re.sub(r"[^a-z0-9/#]", "", match[0].lower())
        found.append((plain, match.start(), match.end()))
    return found


def quantities(text: str, brief: bool = False) -> list[Quantity]:
    """Every quantity of a text, in order. For a `brief` also "one" and "within a day"."""
    return list(_quantities(text, brief))


@lru_cache(maxsize=4096)  # a text and its sentences are read by several checks
def _quantities(text: str, brief: bool) -> tuple[Quantity, ...]:
    taken = [(s, e) for _, s, e in codes(text)]
    found: list[Quantity] = []
    for pattern in (_CLOCK, _CLOCK_24):
        for m in pattern.finditer(text):
            if any(s < m.end() and m.start() < e for s, e in taken):
                continue
            groups = m.groupdict()
            if groups.get("named"):
                hour, minute = (0, 0) if m["named"].lower() == "midnight" else (12, 0)
            else:
                hour, minute = int(m["h"]), int(m["m"] or 0)
                if groups.get("ap"):
                    hour = hour % 12 + (12 if m["ap"].lower() == "p" else 0)
            taken.append((m.start(), m.end()))
            found.append(Quantity(float(m["h"] or hour), hour * 60 + minute, "clock", m.start(), m.end()))
    for m in _MIXED.finditer(text):
        if mixed := _mixed(m):
            taken.append(m.span())
            found.append(mixed)
    for m in _HALF.finditer(text):
        if any(s < m.end() and m.start() < e for s, e in taken):
            continue
        if unit := UNIT.get(m["unit"].lower()):
            part = {"h": 0.5, "q": 0.25, "t": 0.75}[m["part"][0].lower()]
            taken.append(m.span())
            found.append(Quantity(part, part * unit[1], unit[0], *m.span(), spoken=True))
    for m in _ATOM.finditer(text):
        if any(s < m.end() and m.start() < e for s, e in taken):
            continue
        if quantity := _atom(text, m, brief):
            found.append(quantity)
    if brief:
        found += [  # "91 cents of every dollar"
            replace(q, value=q.raw, dim="pct")
            for q in found
            if q.dim == "$" and re.match(r" (?:of|from|in|out of) (?:every|each|the) dollar", text[q.end :])
        ]
        for m in re.finditer(
            r"\b(?:(?:within|in|after|takes|under|for|lasts?|about) an?|(?:a )?full|"
            r"(?:the )?(?:whole|entire|first)|one) ([a-z]+)\b",
            text,
            re.I,
        ):
            if unit := UNIT.get(m[1].lower()):
                found.append(Quantity(1, unit[1], unit[0], m.start(), m.end()))
        for often, same in _OFTEN:
            for m in re.finditer(rf"(?<![\w-])(?:{often})\b", text, re.I):
                found += [Quantity(n, v, dim, m.start(), m.end(), period="every") for n, v, dim in same]
        found += [replace(q, value=q.raw, dim="\u00a3") for q in found if _pounds(text, q)]
        coins = {"dollar": "$", "pound": "\u00a3", "euro": "\u20ac"}
        for m in re.finditer(r"\ba (dollar|pound|euro)\b", text, re.I):
            found.append(Quantity(1, 1, coins[m[1].lower()], *m.span()))
    for m in _WHOLE.finditer(text):
        if not any(s < m.end() and m.start() < e for s, e in taken) and (
            unit := UNIT.get((m["unit"] or m["long"]).lower())
        ):
            found.append(Quantity(1, unit[1], unit[0], *m.span(), spoken=True))
    found.sort(key=lambda q: q.start)
    found = _ranges(text, found)
    return tuple(surroundings(text, q) for q in found)


def _mixed(m: re.Match[str]) -> Quantity | None:
    """A whole and a part of it in one quantity, or None where the words are no units of one dimension."""
    if m["of"]:
        count, unit = spoken_or_figure(m["m"]), UNIT.get(m["of"].lower())
        more = 0.5 if m["part"].lower() == "half" else 0.25
    else:
        count, unit = 1.0 if m["a"] else spoken_or_figure(m["n"]), UNIT.get(m["unit"].lower())
        more = 0.5 if "half" in m["more"].lower() else 0.25
    if unit is None or count is None:
        return None
    value = (count + more) * unit[1]
    if m["a"] and "," in m[0]:
        return None  # "once a week, ten minutes"
    if m["small"]:
        small, extra = UNIT[m["small"].lower()], spoken_or_figure(m["k"])
        if small[0] != unit[0] or small[1] >= unit[1] or extra is None:
            return None  # "24 hours, 7 days"
        rate = _PERIOD.match(m.string, m.end())
        if rate and ("," in m[0] or m["unit"].lower().startswith(rate[1] or "-")):
            return None  # "12 weeks, 3 days a week", but "1 hour 30 minutes a day"
        value = count * unit[1] + extra * small[1]
    return Quantity(value / unit[1], value, unit[0], *m.span(), spoken=True)


def _atom(text: str, m: re.Match[str], brief: bool) -> Quantity | None:
    spoken = m["word"] is not None
    end = m.end()
    if spoken:
        word = m["word"].lower()
        if word.endswith("s") and word in {"dozens", "hundreds", "thousands", "millions"}:
            return Quantity(-1, -1, word, m.start(), end, spoken=True)
        parts = word.split(" ")
        if len(parts) > 2 and parts[-1] not in ONES | TENS | SCALE and spoken_value(word) not in (6, 12, 30, 90, 15):
            end -= len(parts[-1]) + 1  # "two hundred reviews": the noun is not the number
        value = spoken_value(word)
        if value is None:
            return None
        if word.endswith("hour") or word.startswith("an hour"):
            return Quantity(value, value * 60, "time", m.start(), end, spoken=True)
        if word == "half":
            return Quantity(50, 50, "pct", m.start(), end, spoken=True)
    else:
        value = float(m["num"].replace(",", ""))
    start, currency = m.start(), (m["cur"] or "").strip()
    dim, factor = (currency, 1.0) if currency else ("", 1.0)
    rest = text[end:]
    if not spoken and (scale := re.match(r"(k|m|bn)\b|[ -](thousand|million|billion)\b", rest, re.I)):
        letter = (scale[1] or scale[2]).lower()
        if letter == "k" and not currency and value in (9, 10, 14, 18, 22, 24):
            return Quantity(value, value, "karat", start, end + 1)
        if currency or letter != "m":
            value *= {"k": 1e3, "m": 1e6, "bn": 1e9, "thousand": 1e3, "million": 1e6, "billion": 1e9}[letter]
            end += scale.end()
            rest = text[end:]
    if not dim and not spoken and (suffix := re.match(r"(?:st|nd|rd|th)\b|'?s\b", rest)):
        return Quantity(value, value, "", start, end + suffix.end())
    if not dim and (unit := _UNIT_AFTER.match(rest)):
        word = unit["unit"] or "%"
        got = unit_of(word, attached=not unit["gap"])
        if got is None and re.search(r"[ -]", word):
            got = UNIT.get(re.split(r"[ -]", word)[0].lower())
        if got:
            dim, factor = got
            end += unit.end()
    if spoken and value == 1 and not dim and not brief:
        return None  # "one" is a pronoun more often than a number
    if spoken and value == 1 and dim == "time" and factor == 86400 and not brief and "-" not in text[start:end]:
        return None  # "one day" is a turn of phrase
    period = ""
    if dim == "degree" and text[end - 1].upper() in "CF":
        period = text[end - 1].upper()
    if dim in {*MONEY, "time"} and (per := _PERIOD.match(text, end)):
        name = (per[1] or per[2] or "piece").lower()
        period = _PERIODS.get(name, "year" if name in {"yearly", "annually"} else name)
        if dim == "time" and period == "night":
            period = "day"  # "ten minutes a night" are ten minutes a day
    if dim in {"cent", "pence"}:
        return Quantity(value, value / 100, "$" if dim == "cent" else "\u00a3", start, end, spoken, period)
    return Quantity(value, value * factor, dim, start, end, spoken, period)


def _pounds(text: str, q: Quantity) -> bool:
    """Is it so many "pounds", which are money as well as a weight?"""
    return q.dim == "oz" and text[q.start : q.end].lower().endswith(("pound", "pounds"))


def _ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """The first number of "7 to 9 pm" or "$2,000 to 30,000" takes the unit of the other where it has none."""
    result = list(found)
    for i in range(len(found) - 1, 0, -1):
        left, right = result[i - 1], result[i]
        if not _RANGE.match(text[left.end : right.start]):
            continue
        if not left.dim and right.dim and right.raw > 0:
            if right.dim == "clock":
                hour, past = int(left.raw), round(left.raw % 1 * 100)  # "6.45 to 8.45 pm"
                half = right.value // 720 * 720 if right.raw < 12 else 0
                result[i - 1] = replace(left, value=hour * 60 + past + (half if hour <= right.raw else 0), dim="clock")
            elif right.dim not in MONEY:
                result[i - 1] = replace(left, value=left.raw * right.value / right.raw, dim=right.dim)
        elif left.dim in MONEY and not right.dim and re.search(r"-|\u2013|\bto\b", text[left.end : right.start]):
            result[i] = replace(right, dim=left.dim)
    return result


def surroundings(text: str, q: Quantity) -> Quantity:
    """The quantity with the words around it."""
    after = re.split(r"[.;:!?,]\s|[.!?]$|\n", text[q.end : q.end + 60])[0]
    nouns = [w.lower for w in words(after) if len(w.text) > 1][:5]
    following = [stem(w) for w in nouns]
    lead = re.split(r"[.;:!?]\s|\n", text[max(0, q.start - 45) : q.start])[-1]
    before = [stem(w.lower) for w in words(lead)][-5:]
    if re.match(r" ?/ ?\d| (?:out )?of (?:5|five|10|ten)\b", text[q.end :]) or re.search(
        r"\d ?/ ?$|\d out of $", text[: q.start]
    ):
        before.append(stem("rated"))
    if re.search(r"\b(?:rated|ratings?(?: of)?|scored?|scores) $", text[: q.start], re.I):
        before.append(_RATED)
    return replace(q, nouns=tuple(nouns[:3]), near=frozenset(following + before))


def equal(q: Quantity, known: Quantity) -> bool:
    """Does the brief's quantity `known` state what `q` states? Same value in the same dimension."""
    if known.period == "every":  # "fortnightly": a rhythm, no term
        rhythm = q.dim == "times" or bool(q.near & _EVERY)
        return rhythm and q.dim == known.dim and abs(q.value - known.value) < 1e-6
    if (
        not q.dim
        and _RATED in q.near
        and (not q.nouns or q.nouns[0] in STOP)
        and known.dim != "star"
        and not known.near & _SAYS["star"]
    ):
        return False  # "rated 5" of "5 devices"
    if {q.dim, known.dim} == {"time", "month"}:
        days, months = (q, known) if q.dim == "time" else (known, q)
        return 28 * months.value <= days.value / _DAY <= 31 * months.value
    if q.dim == known.dim:
        same = abs(q.value - known.value) <= 1e-6 * max(1.0, abs(q.value))
        return same and not (q.period and known.period and q.period != known.period)
    if abs(q.raw - known.raw) > 1e-9:
        return False
    if q.dim == "times" and not known.dim:
        return True
    if not q.dim:
        return True
    if q.dim == "month" and q.value != q.raw * 12:
        return False
    return not known.dim and bool(known.near & _SAYS.get(q.dim, frozenset()))

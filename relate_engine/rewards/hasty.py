"""What a hasty brief writes small or short, put right before a writer copies it into an ad.

Why: advertisers type "sundays in bristol, 12 ppl max, dont drive!!", a small policy repeats what it reads, and no
editor runs that. Only what has one right form is changed: days and months, places (assets/vocabulary/places.txt), "I",
apostrophes, a plus between words, common short forms and doubled marks. A name of the brand is kept as it is typed.
Leaves out: grammar, missing full stops, anything that a person's own line says (it gets its findings instead).
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from relate_engine.config import ASSETS
from relate_engine.rewards.calendar import DAY, MONTHS

_DATES = f"{DAY}s?|" + "|".join(m for m in MONTHS if m not in ("march", "may"))  # those two are other words too
_SHORT_DAY = r"(?:mon|tues?|weds?|thu(?:rs?)?|fri|sat|sun)"
_SHORT_MONTH = r"(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
_LONG = {
    "dont": "don't", "doesnt": "doesn't", "didnt": "didn't", "isnt": "isn't", "arent": "aren't", "wasnt": "wasn't",
    "havent": "haven't", "wouldnt": "wouldn't", "shouldnt": "shouldn't", "youre": "you're", "youll": "you'll",
    "theyre": "they're", "thats": "that's", "cant": "can't", "wont": "won't",
    "ppl": "people", "accts": "accounts", "acct": "account", "yrs": "years", "wks": "weeks",
    "wknd": "weekend", "wkends": "weekends", "wkdays": "weekdays", "abt": "about", "pls": "please", "appts":
    "appointments", "appt": "appointment", "xmas": "Christmas", "ipad": "iPad", "ipads": "iPads", "iphone": "iPhone",
    "iphones": "iPhones",
}  # fmt: skip
_UNITS = {
    "yr": "year",
    "hr": "hour",
    "hrs": "hours",
    "mth": "month",
    "mths": "months",
    "mins": "minutes",
    "pcs": "pieces",
}
_Change = Callable[[re.Match[str]], str]


@lru_cache(maxsize=1)
def _changes() -> tuple[tuple[re.Pattern[str], str | _Change], ...]:
    lines = (ASSETS / "vocabulary/places.txt").read_text("utf-8").splitlines()
    places = sorted((re.escape(line) for line in lines if line and not line.startswith("#")), key=len, reverse=True)

    def capitals(m: re.Match[str]) -> str:
        return re.sub(r"(?<!['\u2019])\b(?!(?:of|on|and|or|to)\b)[a-z]", lambda c: c[0].upper(), m[0])

    return (
        (re.compile(rf"(?<![\w.@/-])(?:{_DATES}|i(?:'(?:m|ll|ve|d))?|{'|'.join(places)})(?![\w@/-]|\.\w)"), capitals),
        # short ones only where they cannot be another word: beside another day, a number or a time
        (re.compile(rf"\b{_SHORT_DAY}(?:\s?(?:[-\u2013&+,]|to|and|or)\s?{_SHORT_DAY})+\b"), capitals),
        (re.compile(rf"\b{_SHORT_DAY}(?=\s\d{{1,2}}(?:[:.]\d\d)?\s?(?:am|pm|-))"), capitals),
        (re.compile(rf"\b{_SHORT_MONTH}(?=\s\d{{1,2}}\b)|(?<=\d\s){_SHORT_MONTH}\b"), capitals),
        (re.compile(rf"\b(?:{'|'.join(_LONG)})\b"), lambda m: _LONG[m[0]]),
        (re.compile(r"\bw/o\s"), "without "),
        (re.compile(r"\bw/\s?(?=\w)"), "with "),
        (re.compile(rf"(?<=\d )(?:{'|'.join(_UNITS)})\b|(?<=\ba )(?:yr|mth)\b"), lambda m: _UNITS[m[0]]),
        (re.compile(r"(?<=[a-z] )u(?= [a-z])"), "you"),
        (re.compile(r"(?<=[a-z] )w (?=[a-z])"), "with "),
        (re.compile(r"\bincl\b\.?(?= [a-z])"), "including"),
        (re.compile(r"(?<=[^\W\d_]) \+ (?=[^\W\d_])"), " and "),
        (re.compile(r"!{2,}"), "!"),
        (re.compile(r"\?{2,}"), "?"),
    )


def written_out(text: str, names: Sequence[str] = ()) -> str:
    """The text with what is hasty in it put right, but inside `names`; itself where nothing is."""
    typed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    parts = re.split(rf"\b({typed})\b", text) if typed else [text]
    for at in range(0, len(parts), 2):  # every other one is a name
        for pattern, right in _changes():
            parts[at] = pattern.sub(right, parts[at])
    return "".join(parts)

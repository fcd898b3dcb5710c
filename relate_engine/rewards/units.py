"""Units and number words: what a word stands for, as a number or as a dimension with its factor.

Why: reading quantities, clauses and conditions needs the same table.
Leaves out: where in a text they stand (quantities.py).
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

from relate_engine.rewards.words import word_set

_UNITS = [  # dimension, factor to its base unit, names
    ("time", 1, "second seconds sec secs"),
    ("time", 60, "minute minutes min mins"),
    ("time", 3600, "hour hours hr hrs"),
    ("time", 86400, "day days"),
    ("time", 604800, "week weeks wk wks"),
    ("time", 1209600, "fortnight fortnights"),
    ("month", 1, "month months mo"),
    ("month", 3, "quarter quarters"),
    ("month", 12, "year years yr yrs"),
    ("month", 120, "decade decades"),
    ("month", 1200, "century centuries"),
    ("bday", 1, "business-day business-days working-day working-days"),
    ("night", 1, "night nights"),
    ("gram", 0.001, "mg milligram milligrams"),
    ("gram", 1, "g gram grams"),
    ("gram", 1000, "kg kilo kilos kilogram kilograms"),
    ("oz", 1, "oz ounce ounces fl-oz fluid-ounces"),
    ("oz", 16, "lb lbs pound pounds"),
    ("ml", 1, "ml millilitre millilitres milliliter milliliters"),
    ("ml", 10, "cl"),
    ("ml", 1000, "l litre litres liter liters"),
    ("gallon", 1, "gallon gallons gal"),
    ("gallon", 0.25, "quart quarts"),
    ("gallon", 0.125, "pint pints"),
    ("mm", 1, "mm millimetre millimetres millimeter millimeters"),
    ("mm", 10, "cm centimetre centimetres centimeter centimeters"),
    ("mm", 1000, "metre metres meter meters"),
    ("mm", 1e6, "km kilometre kilometres kilometer kilometers"),
    ("inch", 1, "inch inches"),
    ("inch", 12, "ft foot feet"),
    ("inch", 36, "yard yards yd yds"),
    ("mile", 1, "mile miles mi"),
    ("area", 1, "sq-ft sq-feet sq-foot square-feet square-foot"),
    ("area m", 1, "sq-m sq-metres sq-meters sq-metre sq-meter square-metres square-meters square-metre square-meter"),
    ("acre", 1, "acre acres"),
    ("pct", 1, "% percent per-cent pct"),
    ("degree", 1, "\u00b0 \u00b0c \u00b0f degree degrees"),
    ("watt", 1, "w watt watts"),
    ("watt", 1000, "kw kilowatt kilowatts"),
    ("wh", 1, "wh"),
    ("wh", 1000, "kwh"),
    ("mah", 1, "mah"),
    ("volt", 1, "v volt volts"),
    ("byte", 1, "mb megabyte megabytes"),
    ("byte", 1024, "gb gigabyte gigabytes"),
    ("byte", 1024**2, "tb terabyte terabytes"),
    ("mbps", 1, "mbps"),
    ("hz", 1, "hz"),
    ("kcal", 1, "calorie calories kcal cal cals"),
    ("speed", 1, "mph miles-per-hour miles-an-hour"),
    ("star", 1, "star stars"),
    ("karat", 1, "karat karats carat-gold kt"),
    ("times", 1, "x times"),
    ("iu", 1, "iu"),
    ("decibel", 1, "db decibel decibels"),
    ("$", 1, "dollar dollars bucks usd"),
    ("\u00a3", 1, "quid gbp"),
    ("\u20ac", 1, "euro euros eur"),
    ("cent", 1, "cent cents"),
    ("pence", 1, "pence"),
]
UNIT = {name: (dim, float(factor)) for dim, factor, names in _UNITS for name in names.split()}
MONEY = word_set("$ \u00a3 \u20ac cent pence")
_UP_TO_NINETEEN = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
ONES = {word: number for number, word in enumerate(_UP_TO_NINETEEN.split(), 1)}
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = {word: 10 * number for number, word in enumerate(_TENS_WORDS.split(), 2)}
SCALE = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
NUMBER_WORDS = word_set("dozen half quarter double twice") | ONES.keys() | TENS.keys() | SCALE.keys()
NUMBER_WORD = "|".join(
    [rf"(?:{'|'.join(TENS)})(?:[- ](?:{'|'.join(list(ONES)[:9])}))?", *sorted(ONES, key=len, reverse=True)]
)


def spoken_value(text: str) -> float | None:
    fixed = {"half a dozen": 6, "a dozen": 12, "half": 50, "half an hour": 30, "an hour and a half": 90}
    text = text.lower()
    if text in fixed:
        return fixed[text]
    if text.endswith(" dozen"):
        return 12 * (spoken_value(text.removesuffix(" dozen")) or 0) or None
    for part, share in (("half a ", 0.5), ("quarter of a ", 0.25)):
        if text.startswith(part):
            return share * (spoken_value(text.removeprefix(part)) or 0) or None
    if text.endswith("quarter of an hour"):
        return 15
    total, current = 0.0, 0.0
    for part in re.split(r"[ -]", text):
        if part in SCALE:
            total += max(current, 1) * SCALE[part]
            current = 0
        elif part in ONES or part in TENS:
            current += ONES.get(part, TENS.get(part, 0))
    return total + current or None


_GROUPS = {"dozen": 12, "pair": 2, "couple": 2, "both": 2, "twice": 2, "trio": 3, "annual": 12}
_ORDINALS = dict(
    zip(
        ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"],
        range(1, 11),
        strict=True,
    )
)


def number_of(word: str) -> float | None:
    """The value of one figure or number word, ordinals included; None for any other word and for "one"."""
    if word[0].isdecimal():
        plain = word.replace(",", "")
        return float(plain) if re.fullmatch(r"\d+(?:\.\d+)?", plain) else None
    lower = word.lower()
    found = ONES.get(lower) or TENS.get(lower) or _ORDINALS.get(lower) or _GROUPS.get(lower)
    return float(found) if found and lower not in {"one", "first", "second"} else None


def unit_of(word: str, attached: bool) -> tuple[str, float] | None:
    name = re.sub(r"\.? |\.-|-", "-", word.lower()).rstrip(".")
    if name == "m" or (name == "in" and attached):
        return ("mm", 1000) if name == "m" else ("inch", 1)
    if name in {"w", "v", "x"} and not attached and word.islower():
        return None
    return UNIT.get(name)


def spoken_or_figure(word: str) -> float | None:
    return float(word) if word.isdecimal() else spoken_value(word)

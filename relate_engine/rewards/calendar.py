"""The names of the months and of the days of the week, once for everything that reads or writes dates.

Leaves out: short forms, which each reader takes as far as they are safe there (dates.py, hasty.py).
"""

from collections.abc import Sequence

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTH = f"(?:{'|'.join(MONTHS)})"  # as patterns, lower case
DAY = f"(?:{'|'.join(DAYS)})"


def name_of(names: Sequence[str]) -> str:
    """A pattern for any of these names, whole or cut short; its group is the first three letters."""
    return "(" + "|".join(rf"{n[:3]}(?={n[3:]}s?\b|s?\b|rs?\b|t\b)" for n in names) + r")[a-z]*\b"

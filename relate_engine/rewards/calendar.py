"""The names of the months and of the days of the week, once for everything that reads or writes dates.

Leaves out: short forms, which each reader takes as far as they are safe there (dates.py, hasty.py).
"""

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTH = f"(?:{'|'.join(MONTHS)})"  # as patterns, lower case
DAY = f"(?:{'|'.join(DAYS)})"

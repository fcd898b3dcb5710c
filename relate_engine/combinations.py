"""How the texts of an ad are put together where it is shown: Google's combinations with pins, and the fold.

A responsive search ad shows up to three headlines and two descriptions. A pinned text stands in its position and
nowhere else, and a position with pins shows only those; free texts take the open positions, each once. So every
combination can be counted and looked at. Leaves out which one a platform would choose, and pixels.
"""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product

from relate_engine.brief import width
from relate_engine.rewards.compliance import PINS


@dataclass(frozen=True)
class Line:
    """One text of an ad. `pin`: the position it may stand in, None where it likes."""

    slot: str
    text: str
    pin: int | None = None


@dataclass(frozen=True)
class Combination:
    """One way to show a search ad: indexes into its headlines and its descriptions, in the order shown."""

    headlines: tuple[int, ...]
    descriptions: tuple[int, ...]


def count(lines: Sequence[Line]) -> int:
    """In how many ways a search ad can show three headlines and two descriptions (or as many as fit)."""
    return len(_ways(_pins(lines, "headline"), PINS["headline"])) * len(
        _ways(_pins(lines, "description"), PINS["description"])
    )


def combination(lines: Sequence[Line], number: int) -> Combination:
    """The combination with this number, from 0; neighbours differ widely, and every one has one number."""
    headlines = _ways(_pins(lines, "headline"), PINS["headline"])
    descriptions = _ways(_pins(lines, "description"), PINS["description"])
    round_, place = divmod(number % (len(headlines) * len(descriptions)), len(headlines))
    return Combination(headlines[place], descriptions[(round_ + place) % len(descriptions)])


def fold(text: str, visible: int) -> tuple[str, str]:
    """What is seen of a text before the fold, and the rest ("" if all of it is seen).

    The cut is made at the last space if that keeps most of the line, and never inside a letter with its marks.
    """
    line = " ".join(text.split())
    if width(line) <= visible:
        return line, ""
    end = 0
    for at in range(1, len(line) + 1):
        if at < len(line) and (unicodedata.combining(line[at]) or line[at] in "\u200d\ufe0f"):
            continue
        if width(line[:at]) > visible:
            break
        end = at
    space = line.rfind(" ", 0, end + 1)
    end = space if space > 0.6 * end else end
    return line[:end].rstrip(), line[end:].lstrip()


def _pins(lines: Sequence[Line], slot: str) -> tuple[int | None, ...]:
    return tuple(line.pin for line in lines if line.slot == slot)


@lru_cache(maxsize=64)
def _ways(pins: tuple[int | None, ...], positions: int) -> tuple[tuple[int, ...], ...]:
    """Every way to fill the positions with texts that have these pins, shuffled; [()] if there is no text."""
    pinned = {p: [i for i, pin in enumerate(pins) if pin == p] for p in range(1, positions + 1)}
    free = [i for i, pin in enumerate(pins) if pin is None]
    open_ = [p for p in pinned if not pinned[p]][: len(free)]
    fixed = [p for p in pinned if pinned[p]]
    ways = []
    for held in product(*(pinned[p] for p in fixed)):
        for loose in permutations(free, len(open_)):
            at = dict(zip(fixed, held, strict=True)) | dict(zip(open_, loose, strict=True))
            ways.append(tuple(at[p] for p in sorted(at)))
    random.Random(len(ways)).shuffle(ways)
    return tuple(ways)

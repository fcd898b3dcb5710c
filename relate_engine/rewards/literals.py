"""Which of many patterns may match a text: those whose letters it has.

Why: a text is held against hundreds of patterns and hardly any matches, but each costs a look at every place of the
text. What a pattern cannot do without ("guarantee") is read from the pattern itself, so nobody keeps a second list, and
one walk through the text finds which are there. A pattern of which nothing can be told is always run, so what is found
does not change.
Leaves out: letters beyond ASCII, character classes and back references; they end a run of letters.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from typing import Any

_parser = import_module("re._parser")  # the reader behind re.compile; it has no public name
_START = 3  # letters by which a string is looked up; a shorter one by itself
_MOST = 16  # ways to spell a run of letters that are still written out
# All that ignoring case takes for an ASCII letter beside its own two forms (the tests try every character).
_LIKE_ASCII = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
Spellings = frozenset[str]
_EMPTY: Spellings = frozenset([""])


class Index:
    """Patterns by the first letters of what they need; what is no pattern (None) is always possible."""

    def __init__(self, patterns: Iterable[re.Pattern[str] | None]) -> None:
        self._always: set[int] = set()
        self._needs: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for number, pattern in enumerate(patterns):
            strings = needed(pattern.pattern, pattern.flags) if pattern else frozenset()
            for string in strings:
                self._needs[string[:_START]].append((string, number))
            if not strings:
                self._always.add(number)

    def possible(self, text: str) -> set[int]:
        """The numbers of the patterns that may match; no other does."""
        small = (text if text.isascii() else text.translate(_LIKE_ASCII)).lower()
        found = set(self._always)
        for size in range(1, _START + 1):
            for at in range(len(small) - size + 1):
                for string, number in self._needs.get(small[at : at + size], ()):
                    if small.startswith(string, at):
                        found.add(number)
        return found


@lru_cache(maxsize=1024)
def needed(expression: str, flags: int = 0) -> Spellings:
    """Strings in lower case of which every match of the expression has one; empty where nothing can be told."""
    _, found = _read(_parser.parse(expression, flags))
    return frozenset(s for s in found if not any(t != s and t in s for t in found))


def _read(tokens: Iterable[Any]) -> tuple[Spellings, Spellings]:
    """Every way to spell what the tokens match, and the strings of which each match has one; empty: not to be told."""
    best: Spellings = frozenset()
    run, whole = _EMPTY, True  # every way to spell what has been read since the last gap; no gap yet
    for op, argument in tokens:
        exact, inside = _token(str(op), argument)
        if exact and len(run) * len(exact) <= _MOST:
            run = frozenset(a + b for a in run for b in exact)
            continue
        best = max(best, run, inside, key=_worth)
        run, whole = exact or _EMPTY, False
    return (run if whole else frozenset()), max(best, run, key=_worth)


def _token(op: str, argument: Any) -> tuple[Spellings, Spellings]:
    """The same of one token."""
    none: Spellings = frozenset()
    if op == "LITERAL":
        return _letters([argument]), none
    if op == "IN" and all(str(kind) == "LITERAL" for kind, _ in argument):
        return _letters([code for _, code in argument]), none
    if op in ("AT", "ASSERT", "ASSERT_NOT"):
        return _EMPTY, none  # they take no character, so the letters around them stand side by side
    if op == "SUBPATTERN":
        return _read(argument[-1])
    if op == "BRANCH":
        ways = [_read(way) for way in argument[1]]
        return _either([exact for exact, _ in ways]), _either([inside for _, inside in ways])
    if op in _REPEATS:
        least, most, body = argument
        exact, inside = _read(body)
        if most == 1:
            return (exact | _EMPTY if exact and not least else exact), (inside if least else none)
        return none, (inside if least else none)
    return none, none


def _either(ways: list[Spellings]) -> Spellings:
    return frozenset[str]().union(*ways) if all(ways) else frozenset()


def _letters(codes: list[int]) -> Spellings:
    return frozenset(chr(c).lower() for c in codes) if all(c < 128 for c in codes) else frozenset()


def _worth(spellings: Spellings) -> tuple[int, int]:
    """Long strings rule out most, and few are soon looked for; an empty one rules out nothing."""
    return min(map(len, spellings), default=0), -len(spellings)

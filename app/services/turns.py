"""Whose turn it is: a line in which people take turns, not their wishes.

Next is who has had no turn while waiting, or had it longest ago, and among equals who has waited longest. So three
drafts of one person do not keep another waiting for all three. Plain data under the lock of whoever owns it
(writing.py), and nothing here knows what is waited for.
"""

import itertools
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Waiting(Generic[T]):
    number: int
    who: int
    what: T


class Line(Generic[T]):
    """What waits and what runs. `who` is a person's number."""

    def __init__(self) -> None:
        self.running: T | None = None
        self._runs_for = 0
        self._waiting: list[_Waiting[T]] = []
        self._numbers = itertools.count()
        self._last: dict[int, int] = {}  # the last turn of each person who has more to come
        self._taken = 0

    def enter(self, who: int, what: T) -> None:
        self._waiting.append(_Waiting(next(self._numbers), who, what))

    def take(self) -> T | None:
        """The next one, which then runs; None where nothing waits."""
        order = self._order()
        if not order:
            return None
        first = order[0]
        self._waiting.remove(first)
        self._taken += 1
        self.running, self._runs_for = first.what, first.who
        self._last[first.who] = self._taken
        return first.what

    def end(self) -> None:
        """What ran is done."""
        self.running, who = None, self._runs_for
        self._forget(who)

    def leave(self, what: T) -> None:
        """One that waits gives up its place; one that does not wait is let be."""
        for waiting in self._waiting:
            if waiting.what is what:
                self._waiting.remove(waiting)
                if self.running is None or self._runs_for != waiting.who:
                    self._forget(waiting.who)
                return

    def places(self) -> list[tuple[T, int]]:
        """What waits, next first, and how many come before each, the one that runs too."""
        ahead = 1 if self.running is not None else 0
        return [(waiting.what, place) for place, waiting in enumerate(self._order(), ahead)]

    def _order(self) -> list[_Waiting[T]]:
        """As it will go if nobody asks for more."""
        left, turns, order = list(self._waiting), dict(self._last), list[_Waiting[T]]()
        while left:
            first = min(left, key=lambda one: (turns.get(one.who, 0), one.number))
            turns[first.who] = self._taken + len(order) + 1
            order.append(first)
            left.remove(first)
        return order

    def _forget(self, who: int) -> None:
        """Who has nothing more in line comes as a new one next time."""
        if all(waiting.who != who for waiting in self._waiting):
            self._last.pop(who, None)

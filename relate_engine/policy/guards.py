"""Decoding guards: what a served text can never hold, kept by the sampler instead of hoped for.

Tokens that could only break a promise are masked out (markup, URLs, emoji, template slots, currency or
percent signs the brief does not use), and digits may only spell a number of the brief. What a mask cannot
see (width, spelling of names, number words) is checked when a text ends and the text is dropped, never cut.
Guards act when serving only; training and evaluation of the raw policy run without them.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from relate_engine.brief import Brief

NUMBER = re.compile(r"[0-9]+(?:[.,:][0-9]+)*")  # not \d: it takes the digits of every script
_NEVER = re.compile(r"[\n\r\t\[\]{}<>|\\^~@#*_=`]|https?|www|://|!!|\?\?|\.\.|--|[!?,;:]{2}|\s{2}")
_MARKED = frozenset("$%&+")  # ASCII that a text may hold only where the brief does


def broken(text: str, brief: Brief, *, exclamation: bool) -> str:
    """What the guards would not have let a finished text hold, in words, or "": for texts that were sampled without.

    It bites where a Guard does: characters, and numbers that the brief does not hold.
    """
    if _NEVER.search(text) or not text.isprintable():
        return "holds markup, a line break or doubled marks"
    if foreign := {c for c in text if not c.isascii() or c in _MARKED} - set(brief.facts):
        return f"holds a character that the brief does not: {min(foreign)}"
    if "!" in text and not exclamation:
        return "holds an exclamation mark, which this slot may not"
    if strange := numbers(text) - numbers(brief.facts):
        return f"holds a number that the brief does not: {min(strange)}"
    return ""


def numbers(text: str) -> frozenset[str]:
    """The digit runs of a text as written: "1,200", "4.8", "24"."""
    return frozenset(NUMBER.findall(text))


@dataclass(frozen=True)
class Vocabulary:
    """The tokenizer's tokens as strings, with what guards ask of them worked out once."""

    strings: tuple[str, ...]
    eos: int
    special: frozenset[int]

    @cached_property
    def never(self) -> torch.Tensor:
        """(V,) bool: tokens no served text may hold, whatever the brief."""
        return torch.tensor(
            [
                i != self.eos and (i in self.special or not s or bool(_NEVER.search(s)))
                for i, s in enumerate(self.strings)
            ]
        )

    @cached_property
    def foreign(self) -> tuple[tuple[int, frozenset[str]], ...]:
        """Tokens with characters beyond plain ASCII, or $ and %: (id, those characters)."""
        marked = ((i, frozenset(c for c in s if not c.isascii() or c in _MARKED)) for i, s in enumerate(self.strings))
        return tuple((i, chars) for i, chars in marked if chars)

    @cached_property
    def digits(self) -> tuple[tuple[int, str], ...]:
        return tuple((i, s) for i, s in enumerate(self.strings) if any(c.isdigit() for c in s))

    @cached_property
    def exclamations(self) -> torch.Tensor:
        return torch.tensor(["!" in s for s in self.strings])


def vocabulary(tokenizer: Any) -> Vocabulary:
    """The Vocabulary of a tokenizer."""
    size = len(tokenizer)
    strings = tuple(tokenizer.convert_tokens_to_string([t]) for t in tokenizer.convert_ids_to_tokens(list(range(size))))
    return Vocabulary(strings, tokenizer.eos_token_id, frozenset(tokenizer.all_special_ids))


class Guard:
    """The guard of one brief and slot. `mask` is static; `restrict` depends on the text so far.

    `worn`: tokens that no text may open with, because enough texts of the slot do already.
    """

    def __init__(
        self, words: Vocabulary, brief: Brief, *, exclamation: bool, worn: frozenset[int] = frozenset()
    ) -> None:
        self.worn = sorted(worn)
        self.words = words
        self.allowed = numbers(brief.facts)
        characters = frozenset(brief.facts)
        partial = any(not c.isascii() for c in characters)  # a rare character may need several byte tokens
        mask = words.never.clone()
        for i, chars in words.foreign:
            known = chars <= characters or (partial and "\ufffd" in words.strings[i])
            mask[i] = mask[i] or not known
        if not exclamation:
            mask |= words.exclamations
        self.digit_ids = torch.tensor([i for i, _ in words.digits], dtype=torch.long)
        if not self.allowed:
            mask[self.digit_ids] = True
        self.mask = mask  # (V,) bool, True = banned

    def restrict(self, text: str, logits: torch.Tensor) -> None:
        """Bans, in a (V,) row of logits, worn openings and digits that would leave the brief's numbers. In place."""
        if not text and self.worn:
            logits[self.worn] = float("-inf")
        if not self.allowed:
            return
        run = re.search(r"[0-9][0-9.,:]*$", text)
        so_far = run.group() if run else ""
        # "Top 3" may not become "Top 35": a digit must keep the run a beginning of an allowed number
        open_runs = [n for n in self.allowed if n.startswith(so_far)]
        closed = not so_far or so_far.rstrip(".,:") in self.allowed
        good = [i for i, s in self.words.digits if any(n.startswith(so_far + s.strip()) for n in open_runs)]
        if closed:  # may end here, or go on inside a longer number of the brief
            keep = logits[good].clone()
            logits[self.digit_ids] = float("-inf")
            logits[good] = keep
            return
        going_on = good + [
            i for i in self._separators if any(n.startswith(so_far + self.words.strings[i]) for n in open_runs)
        ]
        keep = logits[going_on].clone()
        logits[:] = float("-inf")
        logits[going_on] = keep

    @cached_property
    def _separators(self) -> list[int]:
        return [i for i, s in enumerate(self.words.strings) if s in {".", ",", ":"}]

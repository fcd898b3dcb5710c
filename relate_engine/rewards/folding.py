"""A text as the rules read it (`fold`), with the way back to its original code points (`Folded.span`).

Why: a word in full-width letters, or with a zero-width space inside, must not slip past a rule, and yet a
finding must mark exactly the characters the advertiser typed. So every folded character remembers the piece
of the original it came from. `mask` hides names, coupon codes and the names of Google's inserts from spelling
rules; it keeps the length, so no span moves.
Leaves out: look-alike letters of other scripts; a rule refuses words that mix scripts.
"""

import re
import unicodedata
from dataclasses import dataclass

from relate_engine.brief import INSERT

# Kept as they are: NFKC would turn them into letters that join the word before.
_KEEP = frozenset("™℠")
_PLAIN = str.maketrans({"\u2010": "-", "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u201c": '"', "\u201d": '"'})
_COUPON = re.compile(
    r"\b(?:(?i:codes?):?\s+[\"'(]?(?P<named>[A-Z0-9][A-Z0-9-]{2,19})"
    r"|(?i:use|enter|apply|with)\s+(?P<bare>(?=[A-Z-]*\d)[A-Z][A-Z0-9-]{3,19}))\b"
)


@dataclass(frozen=True)
class Folded:
    text: str
    pieces: tuple[tuple[int, int], ...] | None  # per folded character its original [start, end); None: same

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of folded [start, end), which must not be empty."""
        if self.pieces is None:
            return start, end
        return self.pieces[start][0], self.pieces[end - 1][1]


def invisible(char: str) -> bool:
    """Characters that show nothing: format and control characters, variation selectors."""
    return (unicodedata.category(char) in ("Cf", "Cc") and char not in "\n\t") or "\ufe00" <= char <= "\ufe0f"


def fold(text: str) -> Folded:
    """NFKC per base character and its marks, invisible characters out, quotes straight."""
    if text.isascii() and text.isprintable():
        return Folded(text, None)
    out: list[str] = []
    pieces: list[tuple[int, int]] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and (unicodedata.combining(text[end]) or invisible(text[end])):
            end += 1
        piece = "".join(c for c in text[at:end] if not invisible(c))
        folded = piece if piece in _KEEP else unicodedata.normalize("NFKC", piece).translate(_PLAIN)
        last = at + max((i for i, c in enumerate(text[at:end], 1) if not invisible(c)), default=0)
        out.append(folded)
        pieces.extend([(at, last)] * len(folded))
        at = end
    return Folded("".join(out), tuple(pieces))


def mask(text: str, names: tuple[str, ...]) -> str:
    """`text` with names (spelled exactly), coupon codes and the names of inserts in lower-case letters, each as long as
    before. What an insert shows by default stays: people read it."""
    for name in _with_parts(names):
        if name in text:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", lambda m: _hide(m[0]), text)
    text = INSERT.sub(lambda m: m[0].replace(m["name"], _hide(m["name"]), 1), text)
    return _COUPON.sub(_hide_code, text)


def _hide_code(match: re.Match[str]) -> str:
    code = match["named"] or match["bare"]
    return match[0].removesuffix(code) + _hide(code)


def _hide(text: str) -> str:
    """Letters in lower case, spaces as they are, all else 'x': one character for each."""
    return "".join(c if c.isspace() else _lower(c) for c in text)


def _lower(char: str) -> str:
    low = char.lower()
    return low if low.isalpha() and len(low) == 1 else "x"


def _with_parts(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, then their oddly spelled words ("PeakTRAIL"), unless a name is all capitals."""
    folded = [fold(n).text for n in names]
    parts = [
        word
        for name in folded
        if not name.isupper()
        for word in re.findall(r"[\w.&'+-]*\w", name)
        if not word.isupper() and word[1:] != word[1:].lower()
    ]
    return tuple(dict.fromkeys(n for n in (*folded, *parts) if n))

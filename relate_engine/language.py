"""Which language a brief is in, as far as it matters: only English is supported, others are refused by name.

Script first, then the share of common words. Short or mixed texts count as English: a false refusal is
worse than a late one. Leaves out: languages that share neither script nor these words.
"""

import re
import unicodedata

_STOPWORDS = {
    "Spanish": ["el", "la", "los", "las", "que", "para", "con", "una", "por", "más", "del", "son", "está"],
    "French": ["le", "les", "des", "une", "pour", "avec", "dans", "est", "vous", "nous", "votre", "sur", "et"],
    "German": ["der", "die", "das", "und", "für", "mit", "ist", "ein", "eine", "von", "den", "nicht", "auf"],
    "Italian": ["il", "che", "per", "con", "una", "della", "sono", "gli", "più", "nel", "di"],
    "Portuguese": ["o", "os", "que", "para", "com", "uma", "do", "da", "não", "mais", "em"],
    "Dutch": ["het", "een", "van", "voor", "met", "niet", "zijn", "op", "de", "en"],
}
_ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "for",
        "with",
        "of",
        "to",
        "in",
        "is",
        "that",
        "your",
        "you",
        "it",
        "on",
        "from",
        "are",
        "at",
        "by",
        "this",
        "we",
        "our",
    ]
)


def foreign_language(text: str) -> str | None:
    """A language other than English that the text is plainly in, or None. Script first, then stopwords."""
    letters = [c for c in text if c.isalpha()]
    if letters and sum("LATIN" in unicodedata.name(c, "") for c in letters) < len(letters) / 2:
        return "a script other than Latin"
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = sum(w in _ENGLISH for w in words)
    hits = {lang: sum(w in stop for w in words) for lang, stop in _STOPWORDS.items()}
    lang = max(hits, key=lambda k: hits[k])
    return lang if hits[lang] >= 4 and hits[lang] > 2 * english else None

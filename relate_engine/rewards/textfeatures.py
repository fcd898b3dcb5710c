"""Features of a text's surface: what the CTR head sees besides the sentence embedding.

`surface` counts length, punctuation, case and a few closed word classes; `Vocabulary` gives TF-IDF over word
1- and 2-grams. Plain Python and arrays, one code path for training and serving: they cannot disagree, and a
shipped head needs no pickled vectoriser.
Leaves out: the embedding (encoder.py) and what a feature is worth (ctrhead.py). Source: feature families of the
studies on the Upworthy archive (Robertson et al. 2023; Banerjee and Urminsky 2024).
"""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

_WORD = re.compile(r"[a-z0-9]+(?:['’][a-z]+)*")
_RAW_WORD = re.compile(r"[A-Za-z0-9]+(?:['’][A-Za-z]+)*")
_QUOTE = re.compile(r"[\"“”]|(?<!\w)['‘]|['’](?!\w)")
_BREAK = re.compile(r":|\s[-–—]+\s|—")
_SENTENCE = re.compile(r"[.!?…]+(?:\s|$)")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


CLASSES: dict[str, frozenset[str]] = {
    "this": _set("this these that those here here's heres there"),
    "question": _set("what why how who when where which whose what's who's how's why's"),
    "you": _set("you your you're you'll you've yours yourself you'd"),
    "i": _set("i me my i'm i've i'll i'd mine myself"),
    "we": _set("we us our we're we've we'll ours let's"),
    "she": _set("she her she's hers woman women girl girls mom mother daughter wife"),
    "he": _set("he him his he's man men guy guys boy boys dad father son husband"),
    "they": _set("they them their they're people folks everyone somebody someone"),
    "not": _set("no not never none nothing don't doesn't didn't isn't aren't wasn't won't can't couldn't without"),
    "superlative": _set("most best worst ever only first last biggest greatest every all always"),
    "certain": _set("exactly totally completely absolutely really actually literally just so very"),
    "hedge": _set("maybe might could may some kind sort probably almost seems"),
    "time": _set("now today then year years day days minute minutes seconds after before until while moment"),
    "negative": _set(
        "bad wrong hate hurt kill killed die died dead death fear afraid scary terrifying horrible "
        "awful shocking sad cry tears angry war rape abuse violence problem stupid racist sexist "
        "lie lies sick pain ugly insane"
    ),
    "positive": _set(
        "good great love beautiful amazing awesome happy hope perfect brilliant incredible funny "
        "hilarious smile laugh wonderful cool fun proud brave hero win wins better sweet"
    ),
    "see": _set("watch see look video photo photos picture pictures show shows hear listen read saw seen watching"),
    "join": _set("and but or because if then than though"),
    "be": _set("is are was were be been being am it's that's"),
    "article": _set("the a an"),
}
SURFACE = (
    "chars", "chars_squared", "log_words", "letters_a_word", "sentences", "question_mark", "exclamation_mark",
    "ellipsis", "quotes", "commas", "colon_or_dash", "parenthesis", "star_or_hash", "digit", "digit_first",
    "shouted_words", "capitalised_share", "ends_with_stop", "contractions", "short_last_sentence", *CLASSES,
)  # fmt: skip


def words(text: str) -> list[str]:
    """Lower-case words, apostrophes straight: "Don’t stop" → ["don't", "stop"]."""
    return [w.replace("’", "'") for w in _WORD.findall(text.lower())]


def terms(text: str) -> list[str]:
    """Word 1- and 2-grams."""
    single = words(text)
    return single + [f"{a} {b}" for a, b in pairwise(single)]


@lru_cache(maxsize=4096)  # the click head and the classifier read the same texts
def _surface_row(text: str) -> tuple[float, ...]:
    raw, low = _RAW_WORD.findall(text), words(text)
    sentences = [s for s in _SENTENCE.split(text) if s.strip()]
    return (
        len(text) / 100,
        (len(text) / 100) ** 2,
        math.log1p(len(low)),
        sum(map(len, low)) / max(1, len(low)),
        len(sentences),
        "?" in text,
        "!" in text,
        "..." in text or "…" in text,
        min(4, len(_QUOTE.findall(text))) / 2,
        text.count(","),
        bool(_BREAK.search(text)),
        "(" in text,
        "*" in text or "#" in text,
        any(c.isdigit() for c in text),
        text[:1].isdigit(),
        sum(len(w) > 2 and w.isupper() for w in raw),
        sum(w[0].isupper() for w in raw) / max(1, len(raw)),
        text.rstrip().endswith((".", "!", "?", "…")),
        sum("'" in w for w in low),
        len(sentences) > 1 and len(sentences[-1].split()) <= 4,
        *(min(3, sum(map(members.__contains__, low))) for members in CLASSES.values()),
    )


def surface(texts: Sequence[str]) -> np.ndarray:
    """(N, len(SURFACE)) float32, not scaled."""
    return np.array([_surface_row(t) for t in texts], np.float32).reshape(len(texts), len(SURFACE))


@dataclass(frozen=True)
class Vocabulary:
    """Terms of the training texts with their inverse document frequency, ln((1+N)/(1+df)) + 1."""

    index: dict[str, int]
    idf: np.ndarray  # (V,) float32
    documents: int  # N

    @classmethod
    def fit(cls, texts: Sequence[str], least: int = 2) -> "Vocabulary":
        """Terms that at least `least` of the texts hold, in alphabetical order."""
        seen = Counter(term for text in texts for term in set(terms(text)))
        kept = sorted(term for term, count in seen.items() if count >= least)
        idf = [math.log((1 + len(texts)) / (1 + seen[term])) + 1 for term in kept]
        return cls({term: k for k, term in enumerate(kept)}, np.array(idf, np.float32), len(texts))

    def row(self, text: str) -> tuple[list[int], np.ndarray]:
        """Columns and values of the text: (1 + ln tf) · idf, scaled to unit length."""
        counts = Counter(self.index[t] for t in terms(text) if t in self.index)
        columns = sorted(counts)
        values = np.array([(1 + math.log(counts[c])) * self.idf[c] for c in columns], np.float64)
        return columns, values / max(1e-12, float(np.linalg.norm(values)))

    def rarity(self, text: str) -> float:
        """Mean idf of the text's words; an unseen word has df = 0. High: strange words."""
        unseen = math.log(1 + self.documents) + 1
        single = words(text)
        known = (float(self.idf[self.index[w]]) if w in self.index else unseen for w in single)
        return sum(known) / len(single) if single else unseen

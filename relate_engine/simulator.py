"""A documented ground truth: how likely a person who sees an ad text clicks, and one who clicked buys.

Why: policies must be compared on something that answers for every text, and a reward model needs a truth to be
held against. Clicks reward curiosity and hype; conversions reward relevance, specificity and truth; so who
chases clicks alone loses sales. Everything here is invented, and whatever rests on it is marked `simulated`.

    p(click | shown)  = expit(logit base CTR(placement) + market(vertical, product) + CLICK · f + words + own)
    p(buy | clicked)  = expit(logit base CVR            + market(vertical, product) + BUY · f + words + own)

f: the features of `features`, all in [0, 1], less their mean over ordinary ads, so an ordinary text has effect 0.
words: hidden tastes for single words, the same for every brief. own: what no feature explains, a constant of
(text, product). Hidden numbers are drawn from sha256 of SEED and a key, so they never change. WORDS_SD and OWN_SD
were set so that texts of one brief and slot of the project's corpus differ in clicks with an sd of 0.28 log-odds,
as headlines of one Upworthy test do once sampling noise is removed (training/ctr.py `calibrate`); for purchases
an sd of 0.4 is assumed.

FROZEN: a test holds the sha256 of this file. No import from rewards/: a reward may not know the answers.
`--simulator FILE.py` puts another file with the same two functions in its place.
Leaves out: drawing counts (results/simulated.py), seasons, fatigue, auctions and audiences.
"""

import hashlib
import importlib.util
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import NormalDist

from relate_engine.brief import Brief, placement_of

SEED = 20261125
BASE_CTR = {"google_rsa": 0.05, "meta_feed": 0.012, "generic": 0.015}
BASE_CVR = 0.02
MARKET_SD = {"vertical": 0.20, "product": 0.10}  # log-odds, of clicks and of purchases
WORDS_SD = {"click": 0.20, "buy": 0.22}
OWN_SD = {"click": 0.09, "buy": 0.12}

# feature: its weight on a click, on a purchase, and its mean over the training briefs of the project's corpus
WEIGHTS = {
    "curiosity": ( 0.90, -0.70, 0.015),  # withholds: "the one trick", "what happens next"
    "hype":      ( 0.40, -0.70, 0.001),  # strong claims that the brief does not hold
    "untrue":    ( 0.10, -1.20, 0.000),  # numbers that the brief does not hold
    "relevant":  ( 0.15,  0.90, 0.883),  # share of its content words that the brief uses
    "specific":  ( 0.00,  0.40, 0.758),  # true numbers, and words of the description
    "benefit":   ( 0.10,  0.40, 0.612),  # how much of one benefit it states
    "reader":    ( 0.18,  0.05, 0.170),  # speaks to "you"
    "action":    ( 0.20,  0.10, 0.100),  # tells what to do
    "question":  ( 0.15, -0.15, 0.095),
    "price":     ( 0.25,  0.30, 0.194),  # money, savings, free trials
    "ease":      ( 0.20,  0.20, 0.113),  # quick, simple, without trouble
    "craft":     (-0.20,  0.15, 0.065),  # how and of what it is made
    "filled":    ( 0.10,  0.10, 0.831),  # uses the room of its slot
    "shouted":   (-0.25, -0.40, 0.008),  # capitals and exclamation marks
    "broken":    (-0.60, -0.80, 0.000),  # says a word twice, stops in mid-sentence, or says nothing
}  # fmt: skip


def _words(text: str) -> list[str]:
    return text.split()


_CURIOUS = re.compile(
    r"won['’]t believe|what (?:happen|came|everyone|they|he|she|nobody)|happens? next|\bsecrets?\b|\btricks?\b"
    r"|\b(?:see|find out|discover|learn|guess|know|here['’]s|that['’]s|is) (?:what|why|how|who|the (?:one|real))\b"
    r"|\b(?:nobody|no one|everyone|everybody|they)\b|the (?:real )?(?:reason|truth)|\bshock\w*|\binsane\b|\bweird\b"
    r"|chang(?:e|es|ed|ing) (?:everything|mornings|how)|can['’]t (?:stop|explain|believe|look)|\bstrange\b|\bodd\b"
    r"|\bsomething\b|never (?:knew|look|the same|again)|wait (?:until|till)|\bone (?:simple|weird|ordinary|little)"
    r"|still (?:talking|thinking|can['’]t|wondering)|\.\.\.|…|\bwhy\b|\bstaring\b|\bwish\b|\bmyster\w*|\bsurpris\w*"
    r"|\bmoment\b|\b(?:obsess|whisper|gasp|stun|wonder|jealous|breathless|speechless|swear by|froze|sudden)\w*"
    r"|\b(?:talking|buzzing)\b|\bregret\w*|losing it|\bsilence\b"
    r"|\b(?:are|is|was) missing\b|broke (?:the )?rules|says it all|(?:a|the) reason\b"
    r"|\btears\b|\bthis (?:thing|one|little|tiny|trick|app|product)\b|\b(?:about|by|at|to) this\b|\bincredible\b"
    r"|\bever the same",
    re.I,
)
_HYPE = re.compile(
    r"\b(?:best|guarantee\w*|award\w*|clinical\w*|doctors?|experts?|cures?|miracle\w*|instant(?:ly)?|unlimited|lifetime"
    r"|forever|cheapest|fastest|greatest|perfect|amazing|incredible|revolutionary|proven|certified|free|only|ever"
    r"|risk-free|unbeatable|ultimate|magic\w*|number one|world['’]s|always|millions?|thousands?)\b|#1|100\s?%",
    re.I,
)
_READER = re.compile(r"\byou(?:r|rs|['’]\w+)?\b", re.I)
_ACTION = re.compile(
    r"(?:^|[.!?:,]\s+|\band )(?:try|get|see|shop|book|start|order|choose|pick|find|plan|save|join|learn|call|ask|buy"
    r"|make|keep|take|build|sleep|eat|grow|send|track|skip|switch|meet|turn|give|put|stop|bring|wear|play|cook)\b",
    re.I,
)
_PRICE = re.compile(
    r"[$€£]\s?\d|\d\s?%|\b(?:save|saves|savings?|free|price|prices|cost|costs|trial|off|fees?|discount)\b", re.I
)
_EASE = re.compile(
    r"\b(?:easy|easily|simple|simply|quick\w*|fast|minutes?|seconds?|without|no|any time|anytime|ready)\b", re.I
)
_CRAFT = re.compile(
    r"\b(?:made|built|sewn|cut|hand\w*|wood\w*|steel|oak|cotton|wool|roast\w*|batch\w*|brewed|natural)\b", re.I
)
_CUT = re.compile(r"\b(?:a|an|the|and|or|but|of|your|our|my|their|its|every|than|because)\W*$", re.I)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[a-z][a-z'’-]+|\d[\d.,]*", re.I)
_SPELLED = {w: str(n) for n, w in enumerate(_words("one two three four five six seven eight nine ten"), 1)}
_PLAIN = frozenset(_words(
    "a an the and or but of to in on at by for from with as is are was be been it its this that these those your you"
    " our we us their they them he she his her i my me not no so than then too very can will just into out up off all"
    " any each every more most if when while who what why how which where has have had do does did here there"
))  # fmt: skip


def click_probability(text: str, brief: Brief) -> float:
    """P(click | one impression), in (0, 1)."""
    return _probability(text, brief, "click", BASE_CTR[brief.placement])


def conversion_probability(text: str, brief: Brief) -> float:
    """P(purchase | one click), in (0, 1)."""
    return _probability(text, brief, "buy", BASE_CVR)


def effect(text: str, brief: Brief, of: str) -> float:
    """The text's log-odds effect on "click" or "buy": what is left when base and market are taken away."""
    column = 0 if of == "click" else 1
    values = features(text, brief)
    seen = sum(WEIGHTS[name][column] * (value - WEIGHTS[name][2]) for name, value in values.items())
    stems = sorted(_content(text))
    # a mean would make long texts all alike, a sum would make them wild: the root keeps the sd at any length
    tastes = sum(_hidden("word", of, s) for s in stems) / max(1, len(stems)) ** 0.5
    own = _hidden("own", of, f"{brief.product}\n{text}")
    return seen + WORDS_SD[of] * tastes + OWN_SD[of] * own


def features(text: str, brief: Brief) -> dict[str, float]:
    """The features of WEIGHTS, each in [0, 1]."""
    facts, benefits = _known(brief)
    inside = _content(text)
    numbers, known_numbers = _numbers(text), _numbers(brief.facts)
    low = brief.facts.lower()
    hype = [m.group().lower() for m in _HYPE.finditer(text) if m.group().lower() not in low]
    letters = re.findall(r"[A-Za-z]{3,}", text)
    spoken = [w for w in map(_stem, letters) if w not in _PLAIN]
    repeats = len(spoken) - len(set(spoken))
    slots = [s.visible for s in placement_of(brief.placement).slots]
    room = min((v for v in slots if v >= len(text)), default=max(slots))
    return {
        "curiosity": min(1.0, len(_CURIOUS.findall(text)) / 2),
        "hype": min(1.0, len(hype) / 2),
        "untrue": min(1.0, float(len(numbers - known_numbers))),
        "relevant": len(inside & facts) / max(1, len(inside)),
        "specific": min(1.0, len(numbers & known_numbers) / 2 + len(inside & facts) / 8),
        "benefit": max((len(inside & b) / max(2, len(b)) for b in benefits), default=0.0),
        "reader": float(bool(_READER.search(text))),
        "action": float(bool(_ACTION.search(text))),
        "question": float("?" in text),
        "price": float(bool(_PRICE.search(text))),
        "ease": float(bool(_EASE.search(text))),
        "craft": float(bool(_CRAFT.search(text))),
        "filled": min(1.0, len(text) / room),
        "shouted": min(1.0, text.count("!") / 2 + sum(w.isupper() for w in letters) / max(1, len(letters))),
        "broken": float(not inside or bool(_CUT.search(text)) or repeats > max(1, len(spoken) // 4)),
    }


def _probability(text: str, brief: Brief, of: str, base: float) -> float:
    market = MARKET_SD["vertical"] * _hidden("vertical", of, brief.vertical.casefold())
    market += MARKET_SD["product"] * _hidden("product", of, brief.product.casefold())
    return 1 / (1 + math.exp(-(math.log(base / (1 - base)) + market + effect(text, brief, of))))


@lru_cache(maxsize=200_000)
def _hidden(kind: str, of: str, key: str) -> float:
    """A standard normal number that belongs to the key for good."""
    digest = hashlib.sha256(f"{SEED}\0{kind}\0{of}\0{key}".encode()).digest()
    return NormalDist().inv_cdf((int.from_bytes(digest[:7], "big") + 0.5) / 2**56)


def _stem(word: str) -> str:
    word = word.lower().replace("’", "'").removesuffix("'s")
    word = _SPELLED.get(word, word)
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def _content(text: str) -> set[str]:
    parts = (p for w in _WORD.findall(text) for p in w.lower().split("-"))
    return {_stem(p) for p in parts if p and p not in _PLAIN}


def _numbers(text: str) -> set[str]:
    return {n.strip(".,").replace(",", "") for n in _NUMBER.findall(text)} | {
        _SPELLED[w] for w in re.findall(r"[a-z]+", text.lower()) if w in _SPELLED
    }


@lru_cache(maxsize=1024)
def _known(brief: Brief) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
    return frozenset(_content(brief.facts)), tuple(frozenset(_content(b)) for b in brief.benefits)


@dataclass(frozen=True)
class Simulator:
    """A ground truth with its name and the sha256 of the file that holds it."""

    name: str
    sha256: str
    click: Callable[[str, Brief], float]
    conversion: Callable[[str, Brief], float]


def simulator_sha256() -> str:
    """Of this file: code and parameters are one."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def load_simulator(path: Path | None = None) -> Simulator:
    """The project's simulator, or an outsider's FILE.py with the same two functions.

    The file is run: give only one you trust. Raises ValueError in one sentence where it cannot be used.
    """
    if path is None:
        return Simulator("relate", simulator_sha256(), click_probability, conversion_probability)
    if not path.is_file():
        raise ValueError(f"There is no simulator {path}; give a Python file that defines the two functions.")
    spec = importlib.util.spec_from_file_location("outside_simulator", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} is no Python file; its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        click, conversion = module.click_probability, module.conversion_probability
    except Exception as error:  # an outsider's file may fail in any way
        raise ValueError(
            f"{path} cannot be used ({type(error).__name__}: {error}); it must define "
            "click_probability(text, brief) and conversion_probability(text, brief)."
        ) from error
    return Simulator(path.stem, hashlib.sha256(path.read_bytes()).hexdigest(), click, conversion)

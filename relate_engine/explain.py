"""Explanations of one scorecard, on demand: which words move the predicted clicks, and what would be better.

Nothing here is read out of a model's weights: every number comes from scoring a changed text. The click score is
what the card's predicted CTR takes the text to do (log-odds); where campaign results have taught nothing about that
CTR, it is the head's effect before shrinking. A word's effect is the text's click score minus that of the text
without the word, both less what a text that has run showed beyond its words: no word did that.
An alternative (a finding's own replacement, the flagged words left out, the brief's condition added, a bait opener
taken away, another draft of the slot) is scored like any text and shown only if its card is safer or stronger than
the text's. Alternatives are no findings and train nothing. Leaves out: new wording by the writer, and joint effects
of words far apart.
Paper: none; after Persado's and Jacquard's practice of showing prediction, risk and reason side by side.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Literal

from relate_engine.brief import Brief
from relate_engine.rewards.conditions import left_out
from relate_engine.rewards.readable import readable
from relate_engine.rewards.words import Word, content
from relate_engine.score import Rewards, Scope, score_texts, told_of
from relate_engine.scorecard import AdText, Finding, Scorecard

NOT_TRAINED = "Suggestions are no findings and are not used in training."
HEAD_SCORES = (
    "The click score is what public headline tests taught (0 is a typical headline there); rates trust it less for "
    "texts unlike those."
)
NOTICEABLE = 0.02  # log-odds of a click under which a change is called none
MOST = 4  # alternatives shown
Better = Literal["safer", "stronger", "safer and stronger"]
_BAIT = re.compile(
    r"^(?:you won['\u2019]t believe|this one (?:weird )?trick|shocking|hurry|act now|don['\u2019]t miss(?: out)?|"
    r"last chance|warning|stop scrolling|wait|guess what|attention|finally)\b[^.!?:\u2014]*[.!?:\u2014]+\s*",
    re.I,
)


@dataclass(frozen=True)
class WordEffect:
    """What a word or phrase does: `effect` = click score of the text minus that without it."""

    words: str
    start: int
    end: int
    effect: float
    without: str  # the text that was scored


@dataclass(frozen=True)
class Alternative:
    """A scored text that beats the explained one; `how` says where it comes from."""

    better: Better
    how: str
    card: Scorecard
    score: float  # its click score


@dataclass(frozen=True)
class Explanation:
    """`card`: the text's own card, scored alone; `score`: its click score, and `scores` says in words what that is;
    `tried`: how many alternatives were scored."""

    card: Scorecard
    score: float
    scores: str
    words: tuple[WordEffect, ...]
    alternatives: tuple[Alternative, ...]
    tried: int
    note: str = NOT_TRAINED

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict of every field."""
        return asdict(self)


def explain(
    rewards: Rewards, brief: Brief | Scope, ad: AdText, others: Sequence[str] = (), served: Sequence[str] = ()
) -> Explanation:
    """Explains `ad`. `others`: texts already drafted for the same brief and slot, shown or dropped.

    Scores about twice as many texts as `ad` has words, in two calls.
    """
    spans = _spans(ad.text)
    shorter = [_without(ad.text, start, end) for start, end in spans]
    known = readable(rewards.rules, brief) if isinstance(brief, Brief) else None
    card = score_texts(rewards, brief, [ad], served, mates=False)[0]
    rewritten = {text: how for text, how in _rewritten(card, known) if text.strip() and text != ad.text}
    for other in others:
        if other != ad.text:
            rewritten.setdefault(other, "another draft for this brief")
    ads = [replace(ad, text=text) for text in rewritten]
    cards = score_texts(rewards, brief, ads, served, mates=False) if ads else []
    score, told = _click_scores(rewards, brief, [ad.text, *(t for t in shorter if t), *rewritten])
    mine = score[ad.text]
    words = [
        WordEffect(ad.text[start:end], start, end, mine.words - score[text].words, text)
        for (start, end), text in zip(spans, shorter, strict=True)
        if text
    ]
    better = [
        Alternative(word, how, new, score[new.text].whole)
        for new, how in zip(cards, rewritten.values(), strict=True)
        if (word := _better(card, new, score[new.text].whole - mine.whole)) is not None
    ]
    better.sort(key=lambda a: ("safer" not in a.better, -a.card.rank))
    words.sort(key=lambda w: -abs(w.effect))
    return Explanation(card, mine.whole, told, tuple(words), tuple(better[:MOST]), len(cards))


@dataclass(frozen=True)
class _Score:
    """A click score: of the whole text, and of it the part that its words account for."""

    whole: float
    words: float


def _click_scores(rewards: Rewards, brief: Brief | Scope, texts: Sequence[str]) -> tuple[dict[str, _Score], str]:
    """The click score of each text, and in words what it is; the first is the one that is explained."""
    effects = rewards.head.effects(rewards.encoder, texts)
    told = [t.ctr for t in told_of(rewards, brief, texts, effects) if t]
    if not told or told[0].source == "prior":
        return {text: _Score(e.raw, e.raw) for text, e in zip(texts, effects, strict=True)}, HEAD_SCORES
    words = (
        "The click score is the text's part in the predicted CTR (0 is an average text): what this workspace's "
        f"campaign results ({told[0].source}) taught, added to what public headline tests say of ads."
    )
    if told[0].own:
        words += " This text has run: what it did beyond its words is in its score and counts for no single word."
    return {text: _Score(side.text, side.text - side.own) for text, side in zip(texts, told, strict=True)}, words


def risk_of(card: Scorecard) -> tuple[int, int]:
    """How many blocks and cautions a card holds."""
    found = [f.severity for f in card.findings if f.reward in ("compliance", "correctness", "structure")]
    return found.count("block"), found.count("warn")


def risk_words(card: Scorecard) -> str:
    """The same in words: "1 block and 2 cautions"."""
    blocks, cautions = risk_of(card)
    counted = ((blocks, "block", "blocks"), (cautions, "caution", "cautions"))
    return " and ".join(f"{n} {one if n == 1 else many}" for n, one, many in counted if n) or "no caution"


def _better(old: Scorecard, new: Scorecard, gain: float) -> Better | None:
    """The label that the two cards bear out, or None. Never a text that is blocked, less safe or over its limit.

    `gain`: by how much the new click score is higher."""
    broken = {f.rule_id for f in new.findings if f.reward in ("structure", "correctness") and f.severity != "note"}
    if broken - {f.rule_id for f in old.findings}:
        return None  # leaving words out broke the sentence
    if risk_of(new)[0] or risk_of(new) > risk_of(old) or (new.width > new.limit and old.width <= old.limit):
        return None
    safer = risk_of(new) < risk_of(old)
    stronger = gain > NOTICEABLE and new.beats_typical > old.beats_typical
    if safer:
        return "safer and stronger" if stronger else "safer"
    return "stronger" if stronger else None


def _spans(text: str) -> list[tuple[int, int]]:
    """Each content word, and each run of two or three that stand side by side."""
    inside = content(text)
    single = [(w.start, w.end) for w in inside]
    runs = [
        (part[0].start, part[-1].end)
        for size in (2, 3)
        for part in (inside[i : i + size] for i in range(len(inside) - size + 1))
        if _joined(text, part)
    ]
    return [*single, *runs] if len(inside) > 1 else []


def _joined(text: str, part: list[Word]) -> bool:
    return all(re.fullmatch(r"[ -]", text[a.end : b.start]) for a, b in pairwise(part))


def _without(text: str, start: int, end: int) -> str:
    """`text` without [start:end], its spaces and marks mended, its first letter as it was."""
    rest = f"{text[:start].rstrip()} {text[end:].lstrip()}" if text[end : end + 1] in " " else text[:start] + text[end:]
    rest = re.sub(r"\s+([,.;:!?])", r"\1", re.sub(r"\s{2,}", " ", rest)).strip(" ,;:-\u2013\u2014").lstrip("!?. ")
    return rest[0].upper() + rest[1:] if rest and text[:1].isupper() else rest


def _rewritten(card: Scorecard, brief: Brief | None) -> list[tuple[str, str]]:
    """Simple edits of the text, each with its origin in words."""
    text = card.text
    mends = [f for f in card.findings if f.replacement is not None and f.start is not None]
    found = [(_replaced(text, [f]), _mend(text, f)) for f in mends]
    if len(mends) > 1:
        found.append((_replaced(text, mends), "all mends of the findings"))
    grave = [
        (f.start, f.end)
        for f in card.findings
        if f.severity != "note"
        and f.reward != "structure"
        and f.start is not None
        and f.end is not None
        and re.search(r"\w", text[f.start : f.end])
    ]
    shorter = [(_left(text, [span]), f"leaves out \u201c{text[slice(*span)]}\u201d") for span in grave]
    if len(grave) > 1:
        shorter.append((_left(text, grave), "leaves out all that is flagged"))
    enough = max(2, 0.6 * len(content(text)))  # less is a torso
    found += [(new, how) for new, how in shorter if len(content(new)) >= enough]
    for _, end, condition in left_out(text, brief.facts) if brief else ():
        noun = re.match(r"(?: (?!(?:and|or|with|plus|but|on|for|in|at|to|from|when|if)\b)[\w'-]+){0,2}", text[end:])
        at = end + (noun.end() if noun else 0)
        found.append((f"{text[:at]} {condition}{text[at:]}", f"adds the brief's condition: {condition}"))
    bare = _BAIT.sub("", text)
    if bare and bare != text:
        found.append((bare[0].upper() + bare[1:], "without the bait at the start"))
    if "!" in text:
        found.append((re.sub(r"!+$", "", re.sub(r"!+(?=\s)", ".", text)), "without exclamation marks"))
    return found


_LEAD = re.compile(r"(?:,? (?:and|with|plus|or|for|at))?(?: (?:an?|the|our|your|its))?\s?$", re.I)


def _left(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """`text` without the spans; the "and a" before one that ends its clause goes with it."""
    for start, end in sorted(spans, reverse=True):
        lead = _LEAD.search(text[:start]) if re.match(r"\s*(?:[.,;:!?]|$)", text[end:]) else None
        text = _without(text, lead.start() if lead else start, end)
    return text


def _mend(text: str, f: Finding) -> str:
    """What a finding's own replacement does, in words."""
    old = text[f.start : f.end]
    return (
        f"writes \u201c{f.replacement}\u201d for \u201c{old}\u201d" if f.replacement else f"removes \u201c{old}\u201d"
    )


def _replaced(text: str, mends: Sequence[Finding]) -> str:
    taken = len(text) + 1
    for f in sorted(mends, key=lambda f: -(f.start or 0)):
        if f.start is not None and f.end is not None and f.end <= taken:
            text = text[: f.start] + (f.replacement or "") + text[f.end :]
            taken = f.start
    return re.sub(r" {2,}", " ", text).strip()

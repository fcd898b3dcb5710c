"""Why a text that the writer sampled is not shown, whatever its scores: faults that no advertiser would run.

A block; a fault of fact, spelling or form; the rest of a sentence; a word that is neither English nor the brief's
(a small model makes words up, and in Title Case they pass for names); a word of the prompt's own labels. People's own
lines are judged more kindly: they get findings and are shown.
Leaves out: promises that decoding keeps (policy/guards.py) and the choice among what may be shown (draft.py).
"""

import re
from collections.abc import Sequence

from relate_engine.brief import ANGLES, Brief
from relate_engine.denial import denies_more
from relate_engine.policy.selling import kind_word
from relate_engine.rewards.findings import text_findings
from relate_engine.rewards.rules import RuleSet
from relate_engine.rewards.sheet import sheet
from relate_engine.rewards.spelling import made_up
from relate_engine.rewards.words import STOP, sentences, spoken, stems, words
from relate_engine.scorecard import Finding

_LABEL = re.compile(rf"\b(curiosity|angle|point)\b|^({'|'.join(ANGLES.values())}|headline|description|about):", re.I)
_GLUED = re.compile(r"\w*[a-z\d][.!?](?=[A-Z])\w*|\b\d+[A-Z][a-z]{2,}")
_GOING_ON = re.compile(r"(?:then|and|but|or|nor|so|which|who|they|them|their|because|also)\b(?![^.!?]*\?)", re.I)
_ITEM = re.compile(r"[-\u2013\u2014\u2022*]\s")
_REST = re.compile(r"[.!?] +([a-z])")
_QUOTED = re.compile(r"[\"\u201c]([^\"\u201c\u201d]*)[\"\u201d]")
_FOR_WHOM = re.compile(r"^(?:(?:it is |its |just |only |made )?for )?(?:a |an |the )?")
_PERSONAL = re.compile(r"\b(?:I|me|my|mine)\b")


def refusal(rules: RuleSet, text: str, slot: str, brief: Brief) -> str:
    """Why a served text may not be shown, or ""."""
    found, _, _ = text_findings(rules, text, brief.placement, slot, brief.countries, brief)
    if worst := _worst(found):
        return f"{worst.rule_id}: {worst.message}"
    if slot == "path":
        return ""
    small = [0] * text[:1].islower() + [m.start(1) for m in _REST.finditer(text)]
    if any(not text.startswith(brief.names, at) for at in small):
        return "a sentence begins in lower case, like the rest of one"
    if (rest := _GOING_ON.match(text)) and not text.startswith(brief.names):
        return f"begins with '{rest[0]}', like what comes after something else"
    own = sheet(brief, brief.countries).words
    if (glued := _GLUED.search(text)) and glued[0] not in brief.facts:
        return f"'{glued[0]}' lacks a space"
    said = [spoken(sentence).replace(" ", "") for sentence in sentences(text)]  # "30g" is "30 g"
    if len(set(said)) < len(said):
        return "says the same sentence twice"
    spelled = [w.lower for w in words(text)]
    runs = list(zip(spelled, spelled[1:], spelled[2:], spelled[3:], strict=False))
    if len(set(runs)) < len(runs):
        return "says the same four words twice"
    if _ITEM.match(text):
        return "begins with a dash, like an item of a list"
    if invented := made_up(text, own):
        return f"'{invented[0]}' is no English word and not in the brief"
    if labels := [m for m in _LABEL.finditer(text) if m[2] or m[1].lower() not in own]:
        return f"'{labels[0][0]}' is a word of the prompt, not of the brief"
    if denies_more(text, brief.facts):
        return "denies something that the brief does not deny"
    if shouted := _shouted(text, brief):
        return f"'{shouted}' is not written so in the brief"
    if uneven := _uneven(text, brief):
        return f"'{uneven}' begins with a capital and other words do not"
    if _names_audience(text, brief):
        return "names only whom it is for"
    if echoed := _echoed(text, brief):
        return f"says '{echoed}' of the name before it again"
    return _borrowed(text, brief)


def _names_audience(text: str, brief: Brief) -> bool:
    """Does a text that asks nothing only say again whom the brief is for, in words that it uses for nothing else?"""
    named = _FOR_WHOM.sub("", spoken(text))
    said = spoken(" ".join([brief.product, brief.description, *brief.benefits]))
    return bool(named) and "?" not in text and f" {named} " in f" {spoken(brief.audience)} " and named not in said


def _echoed(text: str, brief: Brief) -> str:
    """The last word of a name where a text that stands under it says it again ("Oak Shed: a shed in pine"), or ""."""
    for name in brief.names:
        if text.startswith(f"{name}: "):
            kind = kind_word(name)
            return kind if kind and stems(kind) & stems(text.removeprefix(name)) else ""
    return ""


def _shouted(text: str, brief: Brief) -> str:
    """A word with capitals behind its first letter where the brief writes it otherwise ("XERO", "waIST"), or ""."""
    told = {w.text for w in words(f"{brief.facts} {' '.join(brief.keywords)}")}
    known = {word.lower() for word in told}
    loud = (w.text for w in words(text) if len(w.text) > 2 and w.text[1:] != w.text[1:].lower() and w.text not in told)
    return next((word for word in loud if word.lower() in known), "")


def _uneven(text: str, brief: Brief) -> str:
    """A word inside a sentence with a capital that the brief gives it nowhere, where other words have none ("Ramp Up to
    waist high tubs"), or "". A line in title case throughout is even."""
    told = {w.text for w in words(f"{brief.facts} {' '.join(brief.keywords)}")}
    inside = [w for sentence in re.split(r"[.!?:]\s", text) for w in words(sentence)[1:] if w.lower not in STOP]
    if not any(w.text[0].islower() for w in inside):
        return ""
    return next((w.text for w in inside if w.text[0].isupper() and w.text not in told and w.lower in told), "")


def _borrowed(text: str, brief: Brief) -> str:
    """Is something quoted that no customer said, or said in a customer's words as if they were the advertiser's?"""
    reviews = [f" {spoken(r)} " for r in brief.reviews]
    for quoted in _QUOTED.findall(text):
        if not any(f" {spoken(quoted)} " in r for r in reviews):
            return "quotes what no review of the brief says"
    plain = _QUOTED.sub("", text)
    for name in brief.names:  # "TideLock: my boat is dry" is its customer's sentence too
        plain = plain.removeprefix(f"{name}: ")
    own = [s for s in sentences(plain) if _PERSONAL.search(s)]
    if any(f" {spoken(s)} " in r for s in own for r in reviews):
        return "says a customer's words without quotation marks"
    return ""


def _worst(found: Sequence[Finding]) -> Finding | None:
    """The first block, else the first caution about facts, spelling or form."""
    blocks = [f for f in found if f.severity == "block"]
    faults = [f for f in found if f.severity == "warn" and f.reward in ("correctness", "structure")]
    return next(iter(blocks + faults), None)

"""The compliance reward: runs the rules over a text, a brief or a whole ad; findings have exact spans.

How a hit is weighed, in this order, where the rule allows: a denial of it clears it ("we never promise a cure",
'"Miracle"? No.'), an answer that goes on, a bare "no" before it or a quoted press voice lowers it by one step, because
"no X" may itself be the claim; a rule's exception lowers block to warn with the words "needs proof"; and only proof in
the brief (one claim that holds every content word of the hit) lowers it once more. So no magic word in a text clears a
claim the text makes. What is only a hint is weighed afterwards (hints.py).
Leaves out: limits of slots (structure.py), facts and spelling (correctness.py), and what text cannot show:
the image, the landing page, trademarks, stock and price history.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from relate_engine.brief import Brief, placement_of
from relate_engine.rewards.folding import Folded, fold, mask
from relate_engine.rewards.negation import stance
from relate_engine.rewards.rules import ELSEWHERE, Rule, RuleSet, country_packs
from relate_engine.rewards.words import STOP, spoken, stem, words
from relate_engine.scorecard import Finding, Severity, finding

PLATFORM_PACKS = {"google_rsa": "google", "meta_feed": "meta", "generic": "generic"}
PINS = {"headline": 3, "description": 2}  # positions a search ad shows, and so can pin
NEEDS_PROOF = "This needs proof: hold the evidence, and add it to the brief's claims."
PROOF_HELD = "The brief holds a claim for it; the text itself still has to name the source or condition."
_MOST_HITS = 12  # of one rule in one text: more say nothing new
_LOWER: dict[Severity, Severity | None] = {"block": "warn", "warn": None, "note": None}


def check_text(
    rules: RuleSet,
    text: str,
    placement: str,
    slot: str | None,
    countries: Sequence[str],
    brief: Brief | None,
) -> tuple[list[Finding], int, tuple[str, ...]]:
    """Findings by start, how many rules were applied, and the packs, such as ("google", "us")."""
    folded = fold(text)
    masked = mask(folded.text, brief.names if brief else ())
    possible = set[str]().union(*(rules.possible(seen) for seen in {text, folded.text, masked}))
    found: list[Finding] = []
    applied = 0
    for rule in rules.applicable(placement, slot, countries, brief.vertical if brief else ""):
        if "text" not in rule.subjects or rule.check in ELSEWHERE:
            continue
        applied += 1
        if rule.id not in possible:
            continue
        if rule.pattern is None:
            found += _never_say(rule, folded, brief)
        elif rule.fold:
            found += _hits(rule, folded, masked if rule.masks_names else folded.text, brief)
        else:
            found += _hits(rule, Folded(text, None), text, brief)
    found.sort(key=lambda f: (f.start or 0, f.end or 0, f.rule_id))
    return found, applied, (PLATFORM_PACKS[placement_of(placement).name], *country_packs(countries))


def _hits(rule: Rule, folded: Folded, seen: str, brief: Brief | None) -> Iterator[Finding]:
    """Findings of a pattern rule. `seen` is `folded.text` or its masked twin of the same length."""
    assert rule.pattern is not None
    excepted: bool | None = None
    for number, match in enumerate(rule.pattern.finditer(seen)):
        start, end = match.span()
        if start == end or number >= _MOST_HITS:
            continue
        if rule.brief_knows and brief and re.search(rf"\b{re.escape(match[0])}\b", brief.facts):
            continue
        if excepted is None:
            excepted = rule.unless is not None and rule.unless.search(folded.text) is not None
        severity, message = _weigh(rule, folded.text, start, end, excepted, brief)
        if severity is None:
            continue
        replacement = None
        if rule.replace is not None and seen[start:end] == folded.text[start:end]:
            replacement = match.expand(rule.replace)
        at, to = folded.span(start, end)
        yield finding(
            rule.id,
            rule.reward,
            severity,
            message,
            fix=rule.fix,
            replacement=replacement,
            start=at,
            end=to,
            source=rule.source,
        )


def _weigh(
    rule: Rule, text: str, start: int, end: int, excepted: bool, brief: Brief | None
) -> tuple[Severity | None, str]:
    """Severity of one hit (None: cleared) with its message, by the order in the docstring above."""
    severity: Severity | None = rule.severity
    if rule.negatable:
        how = stance(text, start, end)
        if how == "denied":
            return None, ""
        if how == "doubtful":
            severity = _LOWER[rule.severity]
    if severity is None or rule.unless is None:
        return severity, rule.message
    proven = brief is not None and _proven(text[start:end], brief)
    if proven and (excepted or severity == "warn"):
        return None, ""
    if excepted:
        return "warn" if severity == "block" else severity, f"{rule.message} {NEEDS_PROOF}"
    if proven:
        return "warn" if severity == "block" else severity, f"{rule.message} {PROOF_HELD}"
    return severity, rule.message


def _tokens(text: str) -> frozenset[str]:
    """Stems of content words, and numbers."""
    plain = {stem(w.lower) for w in words(text) if w.lower not in STOP}
    return frozenset(plain) | frozenset(re.findall(r"\d+(?:[.,]\d+)*", text))


def _proven(span: str, brief: Brief) -> bool:
    """True if one claim of the brief holds every content word and number of the span."""
    needed = _tokens(span)
    return bool(needed) and any(needed <= _tokens(fold(c.text).text) for c in brief.claims)


def _phrase(phrase: str) -> re.Pattern[str]:
    """A phrase in any case and spacing, as whole words."""
    parts = [re.escape(p) for p in fold(phrase).text.split()]
    spaced = r"\s+".join(parts) or "(?!)"
    return re.compile(rf"(?<!\w){spaced}(?!\w)", re.I)


def says(text: str, phrase: str) -> bool:
    """Does the text hold the phrase, in any case and spacing, as whole words?"""
    return _phrase(phrase).search(fold(text).text) is not None


def _never_say(rule: Rule, folded: Folded, brief: Brief | None) -> Iterator[Finding]:
    for phrase in brief.brand_kit.never_say if brief else ():
        for match in _phrase(phrase).finditer(folded.text):
            start, end = folded.span(*match.span())
            message = f"{rule.message} (“{phrase}”)"
            yield finding(
                rule.id,
                rule.reward,
                rule.severity,
                message,
                fix=rule.fix,
                start=start,
                end=end,
                source=rule.source,
            )


def check_brief(rules: RuleSet, brief: Brief) -> list[Finding]:
    """Not allowed in a brief: instructions to the writer, personal data. One per rule and field."""
    fields: dict[str, tuple[str, ...]] = {
        "product": (brief.product,),
        "description": (brief.description,),
        "benefits": brief.benefits,
        "audience": (brief.audience,),
        "vertical": (brief.vertical,),
        "tone": (brief.tone,),
        "keywords": brief.keywords,
        "reviews": brief.reviews,
        "claims": tuple(t for c in brief.claims for t in (c.text, c.evidence)),
        "brand kit": (*brief.brand_kit.names, *brief.brand_kit.must_say, *brief.brand_kit.never_say),
    }
    found = []
    for rule in rules.applicable(brief.placement, None, brief.countries, brief.vertical):
        if "brief" not in rule.subjects or rule.pattern is None:
            continue
        for name, texts in fields.items():
            hit = next((m for t in texts if (m := rule.pattern.search(fold(t).text))), None)
            if hit:
                message = f"Brief, {name}: {rule.message} (“{hit[0][:60]}”)"
                found.append(
                    finding(
                        rule.id,
                        rule.reward,
                        rule.severity,
                        message,
                        fix=rule.fix,
                        source=rule.source,
                        subject="brief",
                    )
                )
    return found


def check_ad(
    rules: RuleSet,
    placement: str,
    texts: Mapping[str, Sequence[str]],
    pins: Mapping[str, Sequence[int | None]] | None = None,
    must_say: Sequence[str] = (),
) -> list[Finding]:
    """Findings about a whole ad. `texts` by slot; `pins` by slot holds a position or None for each text."""
    placed = placement_of(placement)
    for name in texts:
        placed.slot(name)  # raises on a slot the placement does not have
    found = []
    for rule in rules.applicable(placement, None, (), ""):
        if rule.subjects != {"ad"}:
            continue
        details: list[str] = []
        for slot in placed.slots:
            count = len(texts.get(slot.name, ()))
            name = slot.label.lower()
            if rule.check == "ad_minimum" and count < slot.required:
                details.append(f"{name}: {count} of at least {slot.required}")
            elif rule.check == "ad_maximum" and count > slot.full_ad:
                details.append(f"{name}: {count}, at most {slot.full_ad}")
        if rule.check == "ad_duplicates":
            details = [f"“{a}” and “{b}”" for a, b in _duplicates(texts)]
        elif rule.check == "ad_pins":
            details = list(_bad_pins(texts, pins or {}))
        elif rule.check == "must_say":
            every = [t for group in texts.values() for t in group]
            details = [f"“{m}”" for m in must_say if not any(says(t, m) for t in every)]
        found += [
            finding(
                rule.id,
                rule.reward,
                rule.severity,
                f"{rule.message} ({detail})",
                fix=rule.fix,
                source=rule.source,
                subject="ad",
            )
            for detail in details
        ]
    return found


def _duplicates(texts: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Pairs of one slot that are equal or over 0.9 alike, and pairs of two slots that are equal."""
    flat = [(s, t, spoken(fold(t).text)) for s, ts in texts.items() for t in ts]
    for i, (slot, text, plain) in enumerate(flat):
        for other_slot, other, other_plain in flat[i + 1 :]:
            alike = plain == other_plain
            if not alike and slot == other_slot:
                match = SequenceMatcher(None, plain, other_plain, autojunk=False)
                alike = match.real_quick_ratio() > 0.9 and match.quick_ratio() > 0.9 and match.ratio() > 0.9
            if alike and plain:
                yield text, other


def _bad_pins(texts: Mapping[str, Sequence[str]], pins: Mapping[str, Sequence[int | None]]) -> Iterator[str]:
    """Pins to a position that does not exist, and pins that leave a shown position without a text."""
    for slot, positions in pins.items():
        last = PINS.get(slot, 0)
        group = texts.get(slot, ())
        for text, position in zip(group, positions, strict=False):
            if position is not None and not 1 <= position <= last:
                known = f"positions are 1 to {last}" if last else f"a {slot} cannot be pinned"
                yield f"“{text}” is pinned to {slot} position {position}; {known}"
        pinned = {p for p in positions if p is not None}
        free = len(group) - sum(p is not None for p in positions[: len(group)])
        empty = [p for p in range(1, last + 1) if p not in pinned]
        if pinned and len(empty) > free:
            yield f"{slot} position {empty[-1]} is left without a text"

"""How well an ad is put together: our own strength meter, in five words, with the next best thing to do.

It is not Google's Ad Strength and never feeds a platform. An ad below its minimum, with a blocked text or with a
finding that stops it, is Incomplete. Otherwise it earns points, of 100 × earned / possible:
    amount     45   share of each slot that is filled (weights in AMOUNT)
    variety    20   less 5 for every text that says what another one says
    angles     15   ideas it argues from, of four (or of those that the brief supports)
    keywords   10   keywords of the brief that a headline holds, of three; not counted if the brief has none
    freedom     5   search ads: less 10 × the share of pinned texts, so half pinned leaves nothing
    rules       5   less 2 for every text with a caution and every caution about the whole ad
Poor is below 50, Average below 70, Good below 85, Excellent from there. The weights are a judgement, not measured.
The next thing to do is the one that earns most by itself. Leaves out how the texts perform (their scorecards say that).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from relate_engine.brief import Angle, Brief, Placement, placement_of, supported_angles
from relate_engine.rewards.diversity import NEAR, jaccard
from relate_engine.rewards.words import stems
from relate_engine.scorecard import Finding, Level

StrengthLevel = Literal["Incomplete", "Poor", "Average", "Good", "Excellent"]
LEVELS: tuple[StrengthLevel, ...] = ("Incomplete", "Poor", "Average", "Good", "Excellent")
STEPS: tuple[tuple[float, StrengthLevel], ...] = ((85, "Excellent"), (70, "Good"), (50, "Average"), (0, "Poor"))
NOT_GOOGLES = "This meter is ours, not Google's Ad Strength, and feeds no platform."
AMOUNT: dict[str, dict[str, float]] = {
    "google_rsa": {"headline": 30, "description": 10, "path": 5},
    "meta_feed": {"primary_text": 20, "headline": 15, "description": 10},
    "generic": {"headline": 25, "body": 20},
}
VARIETY, ANGLES, KEYWORDS, FREEDOM, RULES = 20.0, 15.0, 10.0, 5.0, 5.0
REPEAT, IDEAS, WORDS, PINNED, CAUTION = 5.0, 4, 3, 10.0, 2.0
AT_ONCE = 3  # texts that one piece of advice asks for at most
FROM: dict[Angle, str] = {
    "benefit": "a benefit", "problem": "the problem it ends", "offer": "the offer", "how": "how it works",
    "audience": "who it is for", "proof": "proof", "curiosity": "curiosity",
}  # fmt: skip
_LETTERS = {"headline": "H", "description": "D", "path": "P", "primary_text": "T", "body": "B"}


@dataclass(frozen=True)
class Piece:
    """One text of an ad, in the order it stands there."""

    slot: str
    text: str
    angle: Angle | None = None
    pin: int | None = None
    level: Level | None = "clear"  # None: not scored


@dataclass(frozen=True)
class Part:
    """What one part earned of what it could, and in words why."""

    name: str
    earned: float
    possible: float
    words: str


@dataclass(frozen=True)
class Strength:
    """`actions`: what to do, what helps most first, what helps only with others last; empty only when nothing is left
    to gain.

    `stops`: those of them without which the ad cannot run.
    """

    level: StrengthLevel
    score: float  # 0 to 100; 0 where incomplete
    parts: tuple[Part, ...]
    actions: tuple[str, ...]
    stops: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Judged:
    part: Part
    actions: tuple[tuple[float, str], ...] = ()  # points it would earn, what to do


def names(pieces: Sequence[Piece]) -> list[str]:
    """A short name for each piece by slot and place: H1, H2, D1."""
    counts: dict[str, int] = {}
    found = []
    for piece in pieces:
        counts[piece.slot] = counts.get(piece.slot, 0) + 1
        found.append(f"{_LETTERS.get(piece.slot, piece.slot[:1].upper())}{counts[piece.slot]}")
    return found


def strength(brief: Brief, placement: str, pieces: Sequence[Piece], findings: Sequence[Finding] = ()) -> Strength:
    """Judges an ad. `findings` are those about the whole ad (check_ad)."""
    where = placement_of(placement)
    must = _incomplete(where, pieces, findings)
    judged = [_amount(brief, where, pieces), _variety(pieces), _angles(brief, where, pieces)]
    judged += [j for j in (_keywords(brief, pieces), _freedom(where, pieces)) if j is not None]
    judged.append(_rules(pieces, findings))
    parts = tuple(j.part for j in judged)
    advice = sorted((a for j in judged for a in j.actions), key=lambda a: -a[0])
    actions = (*must, *dict.fromkeys(words for _, words in advice))
    if must:
        return Strength("Incomplete", 0.0, parts, actions, tuple(must))
    score = 100 * sum(p.earned for p in parts) / sum(p.possible for p in parts)
    return Strength(next(level for least, level in STEPS if score >= least - 1e-9), score, parts, actions)


def _incomplete(where: Placement, pieces: Sequence[Piece], findings: Sequence[Finding]) -> list[str]:
    """What keeps the ad from running at all."""
    found = []
    for slot in where.slots:
        have = sum(p.slot == slot.name for p in pieces)
        if have < slot.required:
            found.append(f"Add {_some(slot.required - have, slot.label)}: the ad has {have} and needs {slot.required}.")
        if have > slot.full_ad:
            found.append(f"Take out {_some(have - slot.full_ad, slot.label)}: the ad takes at most {slot.full_ad}.")
    for name, piece in zip(names(pieces), pieces, strict=True):
        if piece.level == "blocked":
            found.append(f"Mend or replace {name}: it is blocked by a rule.")
        elif piece.level is None:
            found.append(f"Score {name}: it has no scorecard yet.")
    counted = ("FMT-004", "FMT-005", "FMT-008")  # too few and too many, told above
    found += [f"{f.message} {f.fix}".strip() for f in findings if f.severity == "block" and f.rule_id not in counted]
    return found


def _amount(brief: Brief, where: Placement, pieces: Sequence[Piece]) -> _Judged:
    weights = AMOUNT[where.name]
    earned, words, actions = 0.0, [], []
    for slot in where.slots:
        weight, have = weights[slot.name], sum(p.slot == slot.name for p in pieces)
        each = weight / slot.full_ad
        earned += each * min(have, slot.full_ad)
        words.append(f"{have} of {slot.full_ad} {slot.plural.lower()}")
        if missing := max(0, slot.full_ad - have):
            more = min(AT_ONCE, missing)
            actions.append((more * each, f"Add {_some(more, slot.label)}{_from(brief, pieces, slot.name, more)}."))
    return _Judged(Part("amount", earned, sum(weights.values()), ", ".join(words)), tuple(actions))


def _variety(pieces: Sequence[Piece]) -> _Judged:
    labels, pairs, repeats = names(pieces), [], set()
    for i, piece in enumerate(pieces):
        for k in range(i + 1, len(pieces)):
            other = pieces[k]
            alike = _plain(piece.text) == _plain(other.text)
            if alike or (piece.slot == other.slot != "path" and jaccard(piece.text, other.text) > NEAR):
                pairs.append((labels[i], labels[k]))
                repeats.add(k)
    cost = min(VARIETY, REPEAT * len(repeats))
    gain = cost - min(VARIETY, REPEAT * max(0, len(repeats) - 1))  # the cost is capped: one less may earn nothing
    words = f"{len(repeats)} say what another says" if repeats else "no two say the same"
    actions = tuple((gain, f"Replace one of {a} and {b}: they say the same.") for a, b in pairs)
    return _Judged(Part("variety", VARIETY - cost, VARIETY, words), actions)


def _angles(brief: Brief, where: Placement, pieces: Sequence[Piece]) -> _Judged:
    supported = supported_angles(brief)
    used = {p.angle for p in pieces if p.angle}
    wanted = min(IDEAS, len(supported))
    earned = ANGLES * min(1.0, len(used) / wanted)
    missing = [angle for angle in supported if angle not in used]
    actions: tuple[tuple[float, str], ...] = ()
    if len(used) < wanted and missing:
        slot = where.slots[0]
        full = sum(p.slot == slot.name for p in pieces) >= slot.full_ad
        do = f"Swap one {slot.label.lower()} for one that argues" if full else f"Add a {slot.label.lower()} that argues"
        actions = ((ANGLES / wanted, f"{do} from {FROM[missing[0]]}."),)
    told = ", ".join(FROM[a] for a in FROM if a in used) or "none named"
    return _Judged(Part("angles", earned, ANGLES, f"argues from {told}"), actions)


def _keywords(brief: Brief, pieces: Sequence[Piece]) -> _Judged | None:
    known = [k for k in brief.keywords if stems(k)]
    headlines = [stems(p.text) for p in pieces if p.slot == "headline"]
    if not known:
        return None
    said = [k for k in known if any(stems(k) <= words for words in headlines)]
    wanted = min(WORDS, len(known))
    earned = KEYWORDS * min(1.0, len(said) / wanted)
    actions: tuple[tuple[float, str], ...] = ()
    if len(said) < wanted:
        missing = next(k for k in known if k not in said)
        actions = (
            (KEYWORDS / wanted, f"Use the keyword “{missing}” in a headline; {len(said)} of {wanted} are there."),
        )
    return _Judged(Part("keywords", earned, KEYWORDS, f"{len(said)} of {len(known)} in headlines"), actions)


def _freedom(where: Placement, pieces: Sequence[Piece]) -> _Judged | None:
    if where.name != "google_rsa":
        return None
    mine = [p for p in pieces if p.slot in ("headline", "description")]
    pinned = sum(p.pin is not None for p in mine)
    earned = max(0.0, FREEDOM - PINNED * pinned / max(1, len(mine)))
    words = f"Unpin what may stand anywhere: {pinned} of {len(mine)} texts are pinned, so few combinations can run."
    actions = ((FREEDOM - earned, words),) if earned < FREEDOM / 2 else ()
    return _Judged(Part("freedom", earned, FREEDOM, f"{pinned} of {len(mine)} texts are pinned"), actions)


def _rules(pieces: Sequence[Piece], findings: Sequence[Finding]) -> _Judged:
    cautious = [name for name, p in zip(names(pieces), pieces, strict=True) if p.level == "caution"]
    about_ad = [f for f in findings if f.severity == "warn" and f.rule_id != "FMT-006"]  # variety tells of repeats
    count = len(cautious) + len(about_ad)
    cost = min(RULES, CAUTION * count)

    def gain(less: int) -> float:
        return cost - min(RULES, CAUTION * (count - less))

    actions = [(gain(1), f"{f.message} {f.fix}".strip()) for f in about_ad]
    if cautious:
        verb = "it carries a caution" if len(cautious) == 1 else "they carry cautions"
        actions.append((gain(len(cautious)), f"Look at {', '.join(cautious)} again: {verb} and may be refused."))
    words = f"{count} caution{'' if count == 1 else 's'}" if count else "no cautions"
    return _Judged(Part("rules", RULES - cost, RULES, words), tuple(actions))


def _from(brief: Brief, pieces: Sequence[Piece], slot: str, count: int) -> str:
    """What the new texts should argue from: the idea that the slot holds least of."""
    if slot == "path":
        return " with the word people look for"

    def used(angle: Angle) -> tuple[int, int]:
        mine = [p.slot for p in pieces if p.angle == angle]
        return mine.count(slot), len(mine)

    return f" that argue{'s' if count == 1 else ''} from {FROM[min(supported_angles(brief), key=used)]}"


def _some(count: int, label: str) -> str:
    plural = f"{label.removesuffix('y')}ies" if label.endswith("y") else f"{label}s"
    return f"{count} {(label if count == 1 else plural).lower()}"


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())

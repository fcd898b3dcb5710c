"""What is said about an ad as it stands on the builder: its strength, and how two of its versions differ.

Both work on what the page holds, saved or not, and store nothing. Leaves out the meter's formula
(relate_engine/strength.py) and what stops an export (exporting.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from app.services.ad_records import AdText, Place
from app.services.exporting import rules_of_today
from relate_engine.brief import Brief
from relate_engine.rewards.compliance import check_ad
from relate_engine.strength import Piece, Strength, names, strength

Mark = Literal["same", "added", "removed", "changed"]


@dataclass(frozen=True)
class Difference:
    """One text of two versions set side by side: `old` and `new` name its places ("H1"), "" where it is not."""

    mark: Mark
    old: str
    new: str
    old_text: AdText | None
    new_text: AdText | None
    words: str


def pieces_of(places: Sequence[Place], texts: Mapping[int, AdText]) -> list[Piece]:
    """The ad as the engine sees it, in its order."""
    found = []
    for place in places:
        text = texts[place.text_id].text
        level = text.card.compliance.level if text.card else None
        found.append(Piece(place.slot, text.text, text.angle, place.pin, level))
    return found


def assess(brief: Brief, placement: str, places: Sequence[Place], texts: Mapping[int, AdText]) -> Strength:
    """How strong the ad is by today's rules and brief."""
    pieces = pieces_of(places, texts)
    slots: dict[str, list[str]] = {}
    pins: dict[str, list[int | None]] = {}
    for piece in pieces:
        slots.setdefault(piece.slot, []).append(piece.text)
        pins.setdefault(piece.slot, []).append(piece.pin)
    findings = check_ad(rules_of_today(), placement, slots, pins, brief.brand_kit.must_say)
    return strength(brief, placement, pieces, findings)


def differences(old: Sequence[Place], new: Sequence[Place], texts: Mapping[int, AdText]) -> list[Difference]:
    """What became of each text, slot after slot: added, removed, changed (wording, pin or place) or the same.

    An edit of a text counts as the text in other words.
    """
    old_names = dict(zip((p.text_id for p in old), names(pieces_of(old, texts)), strict=True))
    new_names = dict(zip((p.text_id for p in new), names(pieces_of(new, texts)), strict=True))
    before = {place.text_id: place for place in old}
    gone = [place for place in old if place.text_id not in new_names]
    found: list[tuple[str, Difference]] = []
    for place in new:
        now, name = texts[place.text_id], new_names[place.text_id]
        was = before.get(place.text_id)
        if was is None:
            was = next((p for p in gone if _reworded(texts[p.text_id], now)), None)
            if was is not None:
                gone.remove(was)
        if was is None:
            found.append((place.slot, Difference("added", "", name, None, now, f"{name} was added")))
            continue
        then = old_names[was.text_id]
        words = _changes(was, place, then, name)
        mark: Mark = "changed" if words else "same"
        told = f"{name} {', '.join(words)}" if words else f"{name} is the same"
        found.append((place.slot, Difference(mark, then, name, texts[was.text_id], now, told)))
    for place in gone:
        then = old_names[place.text_id]
        found.append((place.slot, Difference("removed", then, "", texts[place.text_id], None, f"{then} was removed")))
    order = list(dict.fromkeys([*(p.slot for p in old), *(p.slot for p in new)]))
    return [difference for _, difference in sorted(found, key=lambda pair: order.index(pair[0]))]


def _reworded(old: AdText, new: AdText) -> bool:
    """Whether `new` is `old` in other words: an edit of it, or of the same text."""
    same_end = old.newer_id is not None and old.newer_id in (new.text.id, new.newer_id)
    return old.text.slot == new.text.slot and (new.newer_id == old.text.id or same_end)


def _changes(was: Place, now: Place, old_name: str, new_name: str) -> list[str]:
    words = []
    if was.text_id != now.text_id:
        words.append("was reworded")
    if old_name != new_name:
        words.append(f"was {old_name}")
    if was.pin != now.pin:
        before, after = (f"pinned to {p.pin}" if p.pin else "not pinned" for p in (was, now))
        words.append(f"is {after} (was {before})")
    return words

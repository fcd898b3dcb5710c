"""The structure reward: does a text fit its slot? Limit, visible fold, empty texts and the '/' in a path.

Why apart from the rules: it needs the numbers of `Slot`, not a pattern; its findings carry the ids the rules
document (FMT-001, 002, 003, 007). The span is what lies beyond the limit, so credit falls on it alone.
Leaves out: template slots and cut-off texts (rules FMT-009, FMT-010), and counts of a whole ad (check_ad).
"""

import unicodedata

from relate_engine.brief import Slot, placement_of, taken, width
from relate_engine.scorecard import Finding, finding

SOURCES = {
    "google_rsa": "https://support.google.com/google-ads/answer/7684791",
    "meta_feed": "https://adsuploader.com/blog/meta-ad-copy-specs",
    "generic": "",
}
_LIMIT_RULE = {"headline": "FMT-001", "description": "FMT-002", "path": "FMT-003"}


def structure(text: str, placement: str, slot: str) -> list[Finding]:
    """Findings of reward `structure` about one text. Raises BriefError for an unknown placement or slot."""
    placed = placement_of(placement)
    place = placed.slot(slot)
    rule, source = _LIMIT_RULE.get(slot, "FMT-002"), SOURCES[placement]
    if not text.strip():
        return [finding(rule, "structure", "block", "The text is empty.", fix="Write a text.", source=source)]
    found = []
    if slot == "path":
        found = [
            finding(
                "FMT-003",
                "structure",
                "block",
                "A display path holds no '/'; the platform adds it.",
                fix="Put each part in its own path field.",
                replacement="-",
                start=i,
                end=i + 1,
                source=source,
            )
            for i, char in enumerate(text)
            if char == "/"
        ]
    units = taken(text, placement)
    name = place.label.lower()
    if units > place.limit:
        assumed = " (assumed; the platform publishes none)" if place.assumed else ""
        message = f"{units:,} wide, but a {name} of a {placed.label} holds {place.limit:,}{assumed}."
        fix = f"Cut {units - place.limit:,}. Full-width characters count as two."
        found.append(
            finding(
                rule,
                "structure",
                "block",
                message,
                fix=fix,
                start=_cut(text, place.limit),
                end=len(text),
                source=source,
            )
        )
    elif units > place.visible:
        found.append(_beyond_fold(text, place, source))
    return found


def _beyond_fold(text: str, place: Slot, source: str) -> Finding:
    message = f"People see the first {place.visible}; the rest hides behind the fold."
    return finding(
        "FMT-007",
        "structure",
        "note",
        message,
        fix="Put the hook and the offer first.",
        start=_cut(text, place.visible),
        end=len(text),
        source=source,
    )


def _cut(text: str, units: int) -> int:
    """Index of the first character that no longer fits in `units`, inserts read as they are written; never between a
    letter and its mark."""
    used = 0
    for i, char in enumerate(text):
        used += width(char)
        if used > units and not unicodedata.combining(char):
            return i
    return len(text)

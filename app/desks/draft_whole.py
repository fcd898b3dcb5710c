"""What is said of a drafted ad as a whole on the Draft desk: words that no text holds, repeats, slots left short.

It is judged by the texts as they stand, so an edit that mends it takes the warning away: a fragment of its own, redrawn
with each card that changed. Leaves out the counts of an ad, which the export asks for (services/exporting.py): a view
holds more texts than an ad takes.
"""

from collections.abc import Sequence

import streamlit as st

from app.components.marks import SEVERITIES
from app.components.plain import plain
from app.desks.draft_state import state
from app.services.exporting import set_findings
from app.services.stored import StoredBrief, StoredGeneration, StoredText
from relate_engine.brief import placement_of


def whole_ad(stored: StoredBrief, sets: Sequence[StoredGeneration], undrawn: Sequence[StoredText]) -> None:
    """`sets` of the view, newest first; `undrawn`: its texts that have no card on the page."""
    if any(s.request.get("whole") for s in sets):
        texts = [text for text in (*state().texts.values(), *undrawn) if text.choice != "rejected"]
        for finding in set_findings(texts, sets[0].placement, stored.brief.brand_kit.must_say):
            word, icon = SEVERITIES[finding.severity]
            st.warning(f"{icon} **{word}** {plain(f'{finding.rule_id}: {finding.message} {finding.fix}')}")
    for slot in placement_of(sets[0].placement).slots if sets else ():
        if missing := still_short(sets, slot.name):
            st.warning(
                f"{missing} {(slot.label if missing == 1 else slot.plural).lower()} fewer than asked passed every "
                "check. Add facts to the brief, or draft more.",
                icon=":material/playlist_remove:",
            )


def still_short(sets: Sequence[StoredGeneration], slot: str) -> int:
    """How many texts of a slot are missing of those asked for, after what later sets have brought. `sets` as above."""
    missing = 0
    for one in reversed(sets):
        missing = max(0, missing - len(one.of_slot(slot))) + one.short.get(slot, 0)
    return missing

"""Colours the brief does not offer: "slate grey" of a kettle in sage green or cream.

Why: a colour is ordered by name, and every colour is an ordinary word. It counts where the brief offers colours and
the text uses it as one: in a choice, in a list, shaded ("pale blue"), or before a thing of the brief.
Leaves out: briefs without a colour, and colours of the scene ("blue skies").
Paper: the correctness part of RELATE's semantic quality reward.
"""

import re

from relate_engine.denial import denied_at
from relate_engine.rewards.lexicon import COLOURS
from relate_engine.rewards.words import own_stems, own_words, stem, word_set, words
from relate_engine.scorecard import Finding, finding

_PLAIN = word_set("white red blue green yellow pink purple brown grey gray black navy charcoal teal beige cream")
_COLOURS = COLOURS | _PLAIN
_SHADE = (
    r"(?:pale|light|dark|deep|soft|bright|warm|cool|rich|dusty|matt|matte|midnight|sky|ocean|royal|forest|mint|rose)"
)
_OFFERS = re.compile(
    rf"(?:\b(?:in|choose|pick|select|wear|colou?r)|,|\band|\bor)(?: an?)?(?: [\w-]+)? $|\b{_SHADE}[ -]$", re.I
)
_GOES_ON = re.compile(r"(?:,| or| and) (?:[a-z]+ )?(?P<next>[a-z]+)", re.I)


def check_colours(text: str, facts: str) -> list[Finding]:
    """CLM-019 for a colour of the product that the brief does not have."""
    offered = own_words(facts) & _COLOURS
    if len(offered) < 2 and not offered & _PLAIN:
        return []
    roots, strange = own_stems(facts), _COLOURS - offered
    found = []
    for w in words(text):
        if w.lower not in strange or stem(w.lower) in roots or denied_at(text, w.start, w.end):
            continue
        on = _GOES_ON.match(text[w.end :])
        listed = on is not None and on["next"].lower() in offered
        thing = re.match(r" ([a-z]+)", text[w.end :], re.I)
        of_brief = w.lower in _PLAIN and thing is not None and stem(thing[1].lower()) in roots
        choice = _OFFERS.search(text[: w.start]) is not None and (len(offered) >= 2 or w.lower in _PLAIN)
        if choice or listed or of_brief:
            found.append(
                finding(
                    "CLM-019", "correctness", "block", f"The brief offers no '{w.lower}'.",
                    fix="Use a colour of the brief.", start=w.start, end=w.end, source="brief",
                )
            )  # fmt: skip
    return found

"""Words that the whole ad has to hold (the brand kit's must-say), got into texts while they are written.

A small writer seldom says a name that no point of the brief holds, and never a fixed sentence such as "Capital at
risk". So some texts of a whole ad are asked to say one: a name, or a part of one, stands at the beginning and the
writer goes on from it; anything else becomes a last sentence of its own, for which the writer gets less room. Such a
text passes the same guards, rules and scores as any other. If the choice has left the words out of the ad, the best
text that holds them takes the place of the last of its slot (`let_in`).
Some headlines of a slot wide enough stand under the brand's name whether it must be said or not (`under_name`): a bare
"USB-C charging" could be anybody's, "Lowlight: USB-C charging" says whose.
Leaves out: whether an ad holds them (rewards/compliance.py, FMT-012).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from relate_engine.brief import Brief, width
from relate_engine.policy.points import is_narrow
from relate_engine.policy.prompt import TEMPLATES, one_line
from relate_engine.policy.selling import leads
from relate_engine.policy.writer import Wish, terms_of
from relate_engine.rewards.compliance import says
from relate_engine.rewards.diversity import jaccard
from relate_engine.rewards.mix import SAME
from relate_engine.scorecard import Scorecard

EVERY = 6  # one of so many texts is asked to say one of the phrases
LARGEST = 2 / 3  # of a slot's limit that a phrase may take, or nothing can be said beside it
NAMED = 3  # one of so many headlines stands under the brand's name
FACT = 24  # width that must be left beside it: with less, editors passed 30 of 100, with more 53


def under_name(brief: Brief, slot: str, wishes: Sequence[Wish], start: int) -> list[Wish]:
    """The slot's wishes; in a slot of one clause's width, or one that leads its ad, one in NAMED begins with the
    shortest name of the brand and a colon, where that leaves room for a fact. `start`: wishes of the slot before."""
    name = min(brief.names, key=width)
    room = terms_of(brief.placement, slot).limit - width(f"{name}: ")
    aim = TEMPLATES[brief.placement, slot].aim
    if room < FACT or not (is_narrow(aim) or leads(aim)):
        return list(wishes)
    own = [not any(one_line(r).rstrip(".") in w.point for r in brief.reviews) for w in wishes]  # no customer's words
    return [
        replace(w, say=f"{name}:") if i % NAMED == NAMED - 1 and says else w
        for says, (i, w) in zip(own, enumerate(wishes, start), strict=True)
    ]


def asked_to_say(brief: Brief, slot: str, wishes: Sequence[Wish], start: int) -> list[Wish]:
    """The slot's wishes, of which one in EVERY says the next of those phrases of the brief that fit the slot. `start`:
    wishes of the slot before."""
    most = LARGEST * terms_of(brief.placement, slot).limit
    phrases = [p for p in brief.brand_kit.must_say if width(p) <= most]
    if not phrases:
        return list(wishes)
    found = []
    for i, wish in enumerate(wishes, start):
        nth, rest = divmod(i, EVERY)
        found.append(wish if rest else replace(wish, say=phrases[nth % len(phrases)]))
    return found


def let_in(
    brief: Brief, shown: Mapping[str, list[Scorecard]], left: Mapping[str, Sequence[Scorecard]]
) -> list[tuple[Scorecard, Scorecard, str]]:
    """For each phrase that no text of the ad holds: puts the best of `left` that holds it in the place of the last of
    its slot that holds none. `shown` (best first, changed in place) and `left` are by slot. Returns what came in, what
    made room for it, and why. Where none holds the phrase, nothing is done."""
    phrases, changes = brief.brand_kit.must_say, []
    for phrase in phrases:
        if any(says(card.text, phrase) for cards in shown.values() for card in cards):
            continue
        holding = [c for cards in left.values() for c in cards if says(c.text, phrase)]
        for new in sorted(holding, key=lambda c: -c.rank):
            cards = shown[new.slot]
            out = _place_for(new, cards, phrases)
            if out is not None:
                cards[cards.index(out)] = replace(new, rank_words=f"Shown because it says “{phrase}”.")
                changes.append((new, out, f"made room for a text that says “{phrase}”"))
                break
    return changes


def _place_for(new: Scorecard, cards: Sequence[Scorecard], phrases: Sequence[str]) -> Scorecard | None:
    """The one that makes room: the text that `new` is too close to, else the last; never one that says a phrase."""
    near = [c for c in cards if jaccard(c.text, new.text) > SAME]
    if len(near) > 1:
        return None
    return next((c for c in near or reversed(cards) if not any(says(c.text, p) for p in phrases)), None)

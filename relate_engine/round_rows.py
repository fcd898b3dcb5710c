"""The training rows that a snapshot holds: what people's choices say of the texts they were shown.

    targets      texts that people chose to stand by: picked, copied, exported, or edited into
    pairs        inside one slot of one shown set only, since only there did a person see both:
                     edited wording over the one it replaced                       weight 1
                     picked over rejected, or over one a reviewer calls a violation  weight 1
                     picked over shown but not picked                                weight WEAK · seen
A text left alone is weak evidence: it may not have been read. Two accounts of that, and the smaller one counts:
    cascade    people read from the top, so down to the deepest text of the slot that anybody touched all were seen: 1;
               k places below it 1 / (1 + k) (a cascade model of clicks, Craswell et al. 2008)
    examined   how often this workspace chooses a text that chance has put there, beside the place where it chooses
               most, in the slot of one placement (`examined`; a position-based model: chosen = looked at · liked, and
               random texts are liked alike)
A text that is no target (snapshot.py) is in no row as the better one. Rows come from shown sets outside the held-out
products only. Leaves out: which step learns from which rows (round_lessons.py).
"""

from collections.abc import Iterable, Mapping

from relate_engine.brief import Brief, supported_angles
from relate_engine.snapshot import Pair, ShownSet, ShownText, Single, Snapshot, Wording, training_sets

WEAK = 0.25  # what a text that was merely not picked counts, beside one that was rejected
PLACED = 50  # random texts in a place, below which nothing is said of how often it is looked at
BLIND = 0.05  # least weight of a place
SHOWN = 30  # texts of a writer below which no share of them that people chose is told


def acceptance(snapshot: Snapshot) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """How many texts people stood by, of how many: by earlier writers, and by the one in use; None for few. Earlier is
    what was shown before the first text of the one in use: rivals and successors since then are no measure of it.
    Display paths are put together from the brief and nobody stands by them."""
    mine = f"policy:{snapshot.policy['version']}"
    sets = [[t for t in s.texts if t.author.startswith("policy:") and t.slot != "path"] for s in snapshot.sets]
    first = next((n for n, texts in enumerate(sets) if any(t.author == mine for t in texts)), len(sets))
    before = [t.stood_by for texts in sets[:first] for t in texts]
    since = [t.stood_by for texts in sets[first:] for t in texts if t.author == mine]
    if min(len(before), len(since)) < SHOWN:
        return None
    return (sum(before), len(before)), (sum(since), len(since))


def sft_targets(snapshot: Snapshot) -> list[tuple[Brief, list[Wording]]]:
    """By shown set: the texts that people stood by, in their newest wording; sets without any are left out."""
    found = []
    for shown in training_sets(snapshot):
        stood = [_newest(shown, t) for t in shown.texts if t.stood_by]
        if stood := list(dict.fromkeys(stood)):
            found.append((shown.brief, stood))
    return found


def preference_pairs(snapshot: Snapshot) -> list[tuple[Brief, list[Pair]]]:
    """By shown set: its pairs with their weights; sets without any are left out."""
    found = [(s.brief, _pairs(s, snapshot.examined.get(s.brief.placement, {}))) for s in training_sets(snapshot)]
    return [(brief, pairs) for brief, pairs in found if pairs]


def single_verdicts(snapshot: Snapshot) -> list[Single]:
    """What people chose or rejected in the slots of shown sets that make no pair; rejections as they were shown."""
    found = []
    for shown in training_sets(snapshot):
        paired = {p.better.slot for p in _pairs(shown, {})}
        for t in shown.texts:
            if t.slot in paired or t.slot == "path":
                continue
            if t.stood_by:
                found.append(Single(shown.brief, _newest(shown, t), True))
            elif (t.choice == "rejected" or t.verdict == "violation") and not t.edited:
                found.append(Single(shown.brief, _as_shown(shown, t), False))
    return found


def examined(places: Iterable[tuple[str, str, int, int, int]]) -> dict[str, dict[str, dict[int, float]]]:
    """By placement, how often a place is looked at beside the best place of its slot, in [BLIND, 1].

    `places`: (placement, slot, position, random texts shown there, of them chosen). Only places with PLACED texts say
    anything, and only where another place of the slot does too; what is missing counts 1."""
    rates: dict[tuple[str, str], dict[int, float]] = {}
    for placement, slot, position, shown, chosen in places:
        if shown >= PLACED:
            rates.setdefault((placement, slot), {})[position] = chosen / shown
    found: dict[str, dict[str, dict[int, float]]] = {}
    for (placement, slot), of in rates.items():
        if len(of) > 1 and (most := max(of.values())) > 0:
            looked = {at: round(max(BLIND, rate / most), 4) for at, rate in of.items()}
            found.setdefault(placement, {})[slot] = looked
    return found


def _pairs(shown: ShownSet, looked: Mapping[str, Mapping[int, float]]) -> list[Pair]:
    found: list[Pair] = []
    for slot in dict.fromkeys(t.slot for t in shown.texts):
        texts = [t for t in shown.texts if t.slot == slot]
        touched = [t.position for t in texts if t.choice or t.edited]
        for t in texts:
            if t.edited and t.stood_by:
                found.append(Pair(_newest(shown, t), _as_shown(shown, t), 1.0, "edited over original"))
            if t.edited or not t.stood_by:
                continue  # an edited wording was not shown beside the others
            for other in texts:
                if other.edited or other.text == t.text:
                    continue
                if other.choice == "rejected" or other.verdict == "violation":
                    weight, why = 1.0, "picked over rejected"
                elif other.choice == "":
                    cascade = 1 / (1 + max(0, other.position - max(touched)))
                    weight = WEAK * min(cascade, looked.get(slot, {}).get(other.position, 1.0))
                    why = "picked over not picked"
                else:
                    continue
                found.append(Pair(_as_shown(shown, t), _as_shown(shown, other), weight, why))
    return found


def _as_shown(shown: ShownSet, text: ShownText) -> Wording:
    return Wording(text.slot, text.angle or supported_angles(shown.brief)[0], text.text)


def _newest(shown: ShownSet, text: ShownText) -> Wording:
    return Wording(text.slot, text.angle or supported_angles(shown.brief)[0], text.edited or text.text)

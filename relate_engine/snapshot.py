"""What a round learns from: one workspace frozen at one moment, as plain data, and the training rows it holds.

    targets      texts that people chose to stand by: picked, copied, exported, or edited into
    pairs        inside one slot of one shown set only, since only there did a person see both:
                     edited wording over the one it replaced                       weight 1
                     picked over rejected, or over one a reviewer calls a violation  weight 1
                     picked over shown but not picked                                weight WEAK · seen
A text left alone is weak evidence: it may not have been read. Two accounts of that, and the smaller one counts:
    cascade    people read from the top, so down to the deepest text of the slot that anybody touched all were seen: 1;
               k places below it 1 / (1 + k) (a cascade model of clicks, Craswell et al. 2008)
    examined   how often this workspace chooses a text that chance has put there, beside the place where it chooses
               most (`examined`; a position-based model: chosen = looked at · liked, and random texts are liked alike)
A text with a violation verdict, or one blocked by its card, is never a target. What reviewers have taught the
classifier, and where it may block, is frozen beside the feedback: the round judges its texts by it, as the desks do.

Held-out briefs: a quarter of the products, drawn by the hash of product and round number, so they rotate; a
product's briefs stay together, and none of theirs is trained on in that round.
Leaves out: reading the tables (app/services/round_freeze.py) and training (rounds.py).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from relate_engine.brief import Angle, Brief, parse_brief, supported_angles
from relate_engine.rewards.reviewers import Call

WEAK = 0.25  # what a text that was merely not picked counts, beside one that was rejected
PLACED = 50  # random texts in a place, below which nothing is said of how often it is looked at
BLIND = 0.05  # least weight of a place
HELD_OUT = 0.25  # share of the products
SHOWN = 30  # texts of a writer below which no share of them that people chose is told


@dataclass(frozen=True)
class ShownText:
    """A text as it was first shown, and what became of it. `edited`: its newest wording, or ""."""

    id: int
    slot: str
    angle: Angle | None
    text: str
    position: int  # in its slot, 0 first
    author: str
    choice: Literal["picked", "rejected", ""] = ""  # of the newest wording; copied and exported count as picked
    did: tuple[str, ...] = ()  # everything people did with the newest wording, in order: pick, copy, export, …
    edited: str = ""
    verdict: str = ""  # of the newest wording: compliant, violation or none
    level: str = ""  # of the newest wording's card

    @property
    def fit(self) -> bool:
        """Whether its newest wording may be taught."""
        return self.verdict != "violation" and self.level != "blocked" and self.slot != "path"

    @property
    def stood_by(self) -> bool:
        return self.fit and (self.choice == "picked" or (bool(self.edited) and self.choice != "rejected"))


@dataclass(frozen=True)
class ShownSet:
    """Texts that were shown together, with the brief as it was then."""

    id: int
    brief: Brief
    texts: tuple[ShownText, ...]


@dataclass(frozen=True)
class Snapshot:
    """Everything of a workspace that a round uses. `policy`: version and sha256 of the adapter it starts from."""

    workspace: int
    round: int
    briefs: tuple[Brief, ...]
    sets: tuple[ShownSet, ...]
    served: tuple[str, ...]
    policy: dict[str, str]
    reward_version: str
    rule_version: str
    rule_overlay: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the workspace's own (overlay.py)
    examined: Mapping[str, Mapping[int, float]] = field(default_factory=dict)  # by slot and position; missing: 1
    calls: tuple[Call, ...] = ()  # what reviewers said of the classifier's findings
    blocking: tuple[str, ...] = ()  # categories in which they have confirmed it: there it blocks

    def to_json(self) -> dict[str, Any]:
        """JSON-ready; the inverse is `snapshot_from_json`."""
        whole = {k: getattr(self, k) for k in ("workspace", "round", "policy", "reward_version", "rule_version")}
        whole["rule_overlay"] = {part: dict(fields) for part, fields in self.rule_overlay.items()}
        return whole | {
            "briefs": [b.model_dump(mode="json") for b in self.briefs],
            "sets": [
                {"id": s.id, "brief": s.brief.model_dump(mode="json"), "texts": [asdict(t) for t in s.texts]}
                for s in self.sets
            ],
            "served": list(self.served),
            "examined": {slot: {str(at): w for at, w in of.items()} for slot, of in self.examined.items()},
            "calls": [asdict(c) for c in self.calls],
            "blocking": list(self.blocking),
        }


def snapshot_from_json(data: dict[str, Any]) -> Snapshot:
    """The inverse of `Snapshot.to_json`."""
    sets = tuple(
        ShownSet(s["id"], parse_brief(s["brief"]), tuple(_text_from_json(t) for t in s["texts"])) for s in data["sets"]
    )
    briefs = tuple(parse_brief(b) for b in data["briefs"])
    seen = {slot: {int(at): w for at, w in of.items()} for slot, of in data.get("examined", {}).items()}
    taught = {
        "calls": tuple(Call(**c) for c in data.get("calls", ())),
        "blocking": tuple(data.get("blocking", ())),
    }
    whole = {"briefs": briefs, "sets": sets, "served": tuple(data["served"]), "examined": seen} | taught
    return Snapshot(**data | whole)


def _text_from_json(data: dict[str, Any]) -> ShownText:
    return ShownText(**data | {"did": tuple(data["did"])})


def manifest(snapshot: Snapshot) -> dict[str, Any]:
    """sha256 of every part, how many there are, the versions, and which products were held out."""
    whole = snapshot.to_json()
    verdicts = [(t.id, t.verdict) for s in snapshot.sets for t in s.texts if t.verdict]
    parts = {name: whole[name] for name in ("briefs", "sets", "served", "policy", "calls", "blocking")}
    parts["verdicts"] = verdicts
    return {
        "workspace": snapshot.workspace,
        "round": snapshot.round,
        "sha256": {name: _hash(part) for name, part in parts.items()},
        "counts": {name: len(part) for name, part in parts.items() if name != "policy"},
        "policy": snapshot.policy,
        "reward_version": snapshot.reward_version,
        "rule_version": snapshot.rule_version,
        "examined": whole["examined"],
        "held_out": sorted(held_products(snapshot)),
    }


def _hash(part: object) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def product_of(brief: Brief) -> str:
    """What a brief is held out with."""
    return brief.product.casefold()


def held_products(snapshot: Snapshot) -> frozenset[str]:
    """Products whose briefs this round does not train on: a quarter, at least one; all others may be."""
    products = sorted({product_of(b) for b in snapshot.briefs})
    if len(products) < 2:
        return frozenset()
    products.sort(key=lambda p: hashlib.sha256(f"{snapshot.round}\0{p}".encode()).hexdigest())
    return frozenset(products[: max(1, int(len(products) * HELD_OUT))])


def held_briefs(snapshot: Snapshot) -> list[Brief]:
    held = held_products(snapshot)
    return [b for b in snapshot.briefs if product_of(b) in held]


def training_briefs(snapshot: Snapshot) -> list[Brief]:
    held = held_products(snapshot)
    return [b for b in snapshot.briefs if product_of(b) not in held]


def training_sets(snapshot: Snapshot) -> list[ShownSet]:
    held = held_products(snapshot)
    return [s for s in snapshot.sets if product_of(s.brief) not in held]


@dataclass(frozen=True)
class Wording:
    """One text to learn from, in the slot of its brief's placement."""

    slot: str
    angle: Angle
    text: str


@dataclass(frozen=True)
class Pair:
    """Of two texts of one slot of one shown set, the one people preferred."""

    better: Wording
    worse: Wording
    weight: float
    why: str


@dataclass(frozen=True)
class Single:
    """One text that people judged with nothing beside it in its slot to hold it against."""

    brief: Brief
    wording: Wording
    picked: bool


def acceptance(snapshot: Snapshot) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """How many texts people stood by, of how many: by earlier writers, and by the one in use; None for few."""
    by: dict[bool, list[bool]] = {False: [], True: []}
    for text in (t for s in snapshot.sets for t in s.texts if t.author.startswith("policy:")):
        by[text.author == f"policy:{snapshot.policy['version']}"].append(text.stood_by)
    if min(map(len, by.values())) < SHOWN:
        return None
    return (sum(by[False]), len(by[False])), (sum(by[True]), len(by[True]))


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
    found = [(s.brief, _pairs(s, snapshot.examined)) for s in training_sets(snapshot)]
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


def examined(places: Iterable[tuple[str, int, int, int]]) -> dict[str, dict[int, float]]:
    """How often a place is looked at beside the best place of its slot, in [BLIND, 1].

    `places`: (slot, position, random texts shown there, of them chosen). Only places with PLACED texts say anything,
    and only where another place of the slot does too; what is missing counts 1."""
    rates: dict[str, dict[int, float]] = {}
    for slot, position, shown, chosen in places:
        if shown >= PLACED:
            rates.setdefault(slot, {})[position] = chosen / shown
    return {
        slot: {at: round(max(BLIND, rate / max(of.values())), 4) for at, rate in of.items()}
        for slot, of in rates.items()
        if len(of) > 1 and max(of.values()) > 0
    }


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

"""What a round learns from: one workspace frozen at one moment, as plain data.

A text with a violation verdict, one blocked by its card, too wide for its slot or with a Google insert, which a writer
cannot fill, is never a target. What reviewers have taught the classifier, and where it may block, is frozen beside the
feedback: the round judges its texts by it, as the desks do.

Held-out briefs: a quarter of the products, drawn by the hash of product and round number, so they rotate; a
product's briefs stay together, and none of theirs is trained on in that round, whatever it was called when shown.
Leaves out: reading the tables (app/services/round_freeze.py), what its choices teach (round_rows.py) and training
(rounds.py).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from relate_engine.brief import INSERT, PLACEMENTS, Angle, Brief, BriefError, parse_brief
from relate_engine.rewards.reviewers import Call

HELD_OUT = 0.25  # share of the products


@dataclass(frozen=True)
class ShownText:
    """A text as it was first shown, and what became of it. `edited`: its newest wording, "" where that is the first."""

    id: int
    slot: str
    angle: Angle | None
    text: str
    position: int  # in its slot, 0 first
    author: str  # of the text as it was first shown, so that who edits it is not taken for who wrote it
    choice: Literal["picked", "rejected", ""] = ""  # of the newest wording; copied and exported count as picked
    did: tuple[str, ...] = ()  # everything people did with the newest wording, in order: pick, copy, export, …
    edited: str = ""
    verdict: str = ""  # of the newest wording: compliant, violation or none
    level: str = ""  # of the newest wording's card; blocked where it may not run for another reason

    @property
    def fit(self) -> bool:
        """Whether its newest wording may be taught."""
        if INSERT.search(self.edited or self.text):
            return False
        return self.verdict != "violation" and self.level != "blocked" and self.slot != "path"

    @property
    def stood_by(self) -> bool:
        return self.fit and (self.choice == "picked" or (bool(self.edited) and self.choice != "rejected"))


@dataclass(frozen=True)
class ShownSet:
    """Texts that were shown together, with the brief as it was then. `product`: the one its brief names today, as
    `product_of` tells it; "" if no other."""

    id: int
    brief: Brief
    texts: tuple[ShownText, ...]
    product: str = ""


@dataclass(frozen=True)
class Served:
    """What a brief has been given in one slot, newest first: what a new text for it must not repeat."""

    brief: int  # its number in the snapshot's briefs
    slot: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """Everything of a workspace that a round uses. `policy`: version and sha256 of the adapter it starts from."""

    workspace: int
    round: int
    briefs: tuple[Brief, ...]
    sets: tuple[ShownSet, ...]
    served: tuple[Served, ...]
    policy: dict[str, str]
    reward_version: str
    rule_version: str
    rule_overlay: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # the workspace's own (overlay.py)
    # by placement, slot and position, how often it is looked at (round_rows.py); missing: 1
    examined: Mapping[str, Mapping[str, Mapping[int, float]]] = field(default_factory=dict)
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
                | {"product": s.product}
                for s in self.sets
            ],
            "served": [asdict(s) for s in self.served],
            "examined": {
                placement: {slot: {str(at): w for at, w in of.items()} for slot, of in slots.items()}
                for placement, slots in self.examined.items()
            },
            "calls": [asdict(c) for c in self.calls],
            "blocking": list(self.blocking),
        }


def snapshot_from_json(data: dict[str, Any]) -> Snapshot:
    """The inverse of `Snapshot.to_json`. BriefError for one that an earlier release froze: what it learns from, and
    what it holds texts against, would be other things than a round's today."""
    examined = data.get("examined", {})  # earlier releases did not part it by placement
    if any("product" not in s for s in data["sets"]) or not examined.keys() <= PLACEMENTS.keys():
        raise BriefError(
            "What this round learns from was frozen by an earlier release and cannot be used by this one; start a new "
            "round, or remove its work folder."
        )
    whole = {
        "briefs": tuple(map(parse_brief, data["briefs"])),
        "sets": tuple(
            ShownSet(s["id"], parse_brief(s["brief"]), tuple(map(_text_from_json, s["texts"])), s["product"])
            for s in data["sets"]
        ),
        "served": tuple(Served(s["brief"], s["slot"], tuple(s["texts"])) for s in data["served"]),
        "examined": {
            placement: {slot: {int(at): w for at, w in of.items()} for slot, of in slots.items()}
            for placement, slots in examined.items()
        },
        "calls": tuple(Call(**c) for c in data.get("calls", ())),
        "blocking": tuple(data.get("blocking", ())),
    }
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
        "counts": {name: len(part) for name, part in parts.items() if name != "policy"}
        | {"served": sum(len(s.texts) for s in snapshot.served)},
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
    return [s for s in snapshot.sets if not held & {product_of(s.brief), s.product}]


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

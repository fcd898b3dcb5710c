"""Scorecards: everything that judges a text, loaded once and asked in batches.

One file a reward is in rewards/; here they are put together, each model called once for all texts.
Leaves out: writing (draft.py) and the order of texts (rewards/mix.py).
"""

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

from relate_engine.brief import Brief, PlacementName, placement_of, taken
from relate_engine.policy.weights import encoder_folder
from relate_engine.rewards.classifier import Classifier
from relate_engine.rewards.ctcvr import Told, beats_typical, rates
from relate_engine.rewards.ctrhead import Effect, Head
from relate_engine.rewards.diversity import diversity
from relate_engine.rewards.encoder import Encoder
from relate_engine.rewards.findings import in_order, text_findings
from relate_engine.rewards.hints import weighed
from relate_engine.rewards.learned import RewardModel
from relate_engine.rewards.mix import rank_of
from relate_engine.rewards.readable import readable
from relate_engine.rewards.relevance import relevance
from relate_engine.rewards.reviewers import Call, version_of
from relate_engine.rewards.rules import RuleSet, load_rules
from relate_engine.scorecard import AdText, Compliance, RewardName, Scorecard, level_of, value_of

_JUDGED: tuple[RewardName, ...] = ("structure", "correctness", "compliance", "diversity")


@dataclass(frozen=True)
class Rewards:
    """Everything that judges: loaded once, shared by drafting, scoring and checking."""

    encoder: Encoder
    rules: RuleSet
    classifier: Classifier
    head: Head
    base_ctr: Mapping[str, float] = field(default_factory=dict)
    base_cvr: Mapping[str, float] = field(default_factory=dict)
    level: float = 0.8
    learned: RewardModel | None = None  # what the workspace's campaign results have taught
    problem: str = ""  # why a reward model that should be here is not
    blocking: Set[str] = frozenset()  # categories in which reviewers have confirmed the classifier: there it blocks
    calls: tuple[Call, ...] = ()  # what the workspace's reviewers said of the classifier's findings

    @property
    def version(self) -> str:
        """Of everything learned: a card made by another is stale."""
        clicks = self.learned.version if self.learned else self.head.version
        calls = f" calls-{version_of(self.calls)}" if self.calls else ""
        return f"{clicks} {self.classifier.version}{self._blocks}{calls}"

    @property
    def _blocks(self) -> str:
        """ " blocks-1a2b3c" where the classifier blocks: a short hash, since a version has a place of fixed width."""
        words = " ".join(sorted(self.blocking))
        return f" blocks-{hashlib.sha256(words.encode()).hexdigest()[:6]}" if words else ""


def load_rewards(
    cache: Path,
    assets: Path,
    base_ctr: Mapping[str, float] | None = None,
    base_cvr: Mapping[str, float] | None = None,
    level: float = 0.8,
) -> Rewards:
    """The rewards from the weights in `cache` and the shipped `assets`. Raises WeightsError with a remedy."""
    encoder = Encoder(encoder_folder(cache))
    return Rewards(
        encoder,
        load_rules(assets / "rules"),
        Classifier.load(assets / "heads" / "compliance", encoder),
        Head.load(assets / "heads" / "ctr"),
        base_ctr or {},
        base_cvr or {},
        level,
    )


@dataclass(frozen=True)
class Scope:
    """Where a text without a brief is to run."""

    placement: PlacementName
    countries: tuple[str, ...] = ("us",)


def score_texts(
    rewards: Rewards,
    brief: Brief | Scope,
    texts: Sequence[AdText],
    served: Sequence[str] = (),
    path: str = "",
    mates: bool = True,
    limits: bool = True,
) -> list[Scorecard]:
    """A scorecard for each text, in order. Texts of one slot are each other's group for diversity.

    `mates` False: the texts are a list and no group, so none is held against another. `limits` False: their
    slot is not known, so only what holds in the whole placement is looked at, and there is no structure reward.
    With only a Scope there is no brief to hold facts and relevance against, so those rewards are left out.
    """
    placement, known = (
        placement_of(brief.placement),
        readable(rewards.rules, brief) if isinstance(brief, Brief) else None,
    )
    rewards.encoder.prepare([rewards.head.tower, rewards.classifier.tower], [t.text for t in texts])
    effects = rewards.head.effects(rewards.encoder, [t.text for t in texts])
    told = told_of(rewards, brief, [t.text for t in texts], effects)
    fits = relevance(rewards.encoder, [t.text for t in texts], known) if known else [(0.0, [])] * len(texts)
    judged = ["" if t.slot == "path" else t.text for t in texts]
    learned = rewards.classifier.findings(judged, rewards.blocking, rewards.calls)
    chances = rewards.classifier.chances(judged, rewards.calls)
    group: dict[str, list[str]] = {}
    for ad in texts if mates else ():
        group.setdefault(ad.slot, []).append(ad.text)
    notes = [t.note if t else "" for t in told]
    cards = []
    for i, (ad, effect, (fit, fit_findings)) in enumerate(zip(texts, effects, fits, strict=True)):
        slot = placement.slot(ad.slot)
        where = ad.slot if limits else None
        found, count, packs = text_findings(rewards.rules, ad.text, brief.placement, where, brief.countries, known)
        found = weighed(found, rewards.rules.hints, chances[i], rewards.classifier.doubt)
        found = in_order(found + learned[i])
        others = [t for t in group.get(ad.slot, ()) if t != ad.text]
        found += fit_findings + (diversity(ad.text, others, served) if ad.slot != "path" else [])
        values: dict[str, float] = {name: value_of(f for f in found if f.reward == name) for name in _JUDGED}
        if not limits:
            del values["structure"]
        ctr, cvr, ctcvr = rates(effect, brief.placement, rewards.base_ctr, rewards.base_cvr, rewards.level, told[i])
        chance, words = beats_typical(effect, told[i])
        values |= {"ctcvr": chance} | ({"relevance": fit} if known else {})
        cards.append(
            Scorecard(
                text=ad.text,
                slot=ad.slot,
                angle=ad.angle,
                author=ad.author,
                width=taken(ad.text, brief.placement),
                limit=slot.limit,
                visible=slot.visible,
                rewards=values,
                findings=tuple(found),
                compliance=Compliance(100 * values["compliance"], level_of(found), packs, count),
                ctr=ctr,
                cvr=cvr,
                ctcvr=ctcvr,
                ctr_effect=effect.raw,
                beats_typical=chance,
                beats_words=words,
                notes=tuple(n for n in (effect.note, notes[i], rewards.problem) if n),
                versions={
                    "policy": ad.author.removeprefix("policy:") if ad.author.startswith("policy:") else "",
                    "rewards": rewards.version,
                    "rules": rewards.rules.version,
                    "path": path,
                }
                | ({"blocking": " ".join(sorted(rewards.blocking))} if rewards.blocking else {}),
                rank=rank_of(values),
            )
        )
    return cards


def told_of(
    rewards: Rewards, brief: Brief | Scope, texts: Sequence[str], effects: Sequence[Effect]
) -> Sequence[Told | None]:
    """What results say about each text; None where nothing has been learned."""
    if rewards.learned is None:
        return [None] * len(texts)
    known = brief if isinstance(brief, Brief) else None
    return rewards.learned.told(
        rewards.encoder, effects, texts, brief.placement, known, rewards.base_ctr, rewards.base_cvr
    )

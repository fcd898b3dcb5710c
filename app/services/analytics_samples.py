"""The texts that a version's training sampled, with what each text and each of its words earned.

A finished version has them beside its adapter (training/samples.py). Credit is the one that the loss used, relative to
the group of texts that were sampled for the same task. Leaves out the numbers of each step (analytics_rounds.py) and
texts that people were shown (analytics_words.py).
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from app.services import versions
from app.services.analytics_words import Word
from app.services.people import Actor, require
from db.session import Database
from relate_engine.config import Settings
from relate_engine.training.samples import FILE, SampledGroup, SampledText, read_groups


def groups(db: Database, actor: Actor, config: Settings, version: str) -> list[SampledGroup]:
    """The groups that were kept of a version's training, last step first and in each the best text first; [] where
    none were, or where the version is shipped or not the workspace's."""
    require(actor, "analytics.read")
    if version not in {v.version for v in versions.versions(db, actor, config) if v.made_at}:
        return []
    found = read_groups(versions.policy_folder_of(config, actor.workspace_id, version) / FILE)
    return [_with(g, sorted(g.texts, key=lambda t: -t.advantage)) for g in reversed(found)]


def matching(found: Sequence[SampledGroup], slot: str, search: str) -> list[SampledGroup]:
    """Those of a slot ("" is every slot), with the texts that hold `search`; groups without one are left out."""
    wanted = search.strip().casefold()
    kept = [_with(g, [t for t in g.texts if wanted in t.text.casefold()]) for g in found if slot in ("", g.slot)]
    return [g for g in kept if g.texts]


def _with(group: SampledGroup, texts: Sequence[SampledText]) -> SampledGroup:
    return SampledGroup(**vars(group) | {"texts": tuple(texts)})


def words_of(text: SampledText) -> list[Word]:
    """The words of a sampled text with their credit."""
    return [Word(text.text[w.start : w.end], w.start, w.end, w.credit, w.why) for w in text.words]


def table(found: Sequence[SampledGroup]) -> pd.DataFrame:
    """One row for each text: its task, what it earned, and its group's mean and spread."""
    names = dict.fromkeys(name for g in found for t in g.texts for name in t.rewards)
    rows: list[dict[str, Any]] = [
        {"step": g.step, "product": g.product, "placement": g.placement, "slot": g.slot, "angle": g.angle,
         "text": t.text, "state": t.state, **{name: t.rewards.get(name) for name in names}, "reward": t.reward,
         "group mean": g.mean, "group standard deviation": g.std, "advantage": t.advantage,
         "lowest word credit": min((w.credit for w in t.words), default=None)}
        for g in found for t in g.texts
    ]  # fmt: skip
    return pd.DataFrame(rows)

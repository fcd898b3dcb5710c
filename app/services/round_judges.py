"""Whom a round is judged by: the workspace's reward models, retrained first, and evaluators that training never sees.

A sales judge counts only once it has proved itself on the workspace's own pairs. Leaves out the evaluators themselves
(relate_engine/evaluators) and running the round (rounds.py).
"""

import json
from collections.abc import Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING

from app.services import audit, learning, rulebook
from app.services.jobrun import JobContext
from app.services.people import Actor, may
from db import results
from db import versions as rows
from relate_engine.brief import Brief, BriefError
from relate_engine.config import ASSETS, Settings
from relate_engine.scorecard import Scorecard
from relate_engine.snapshot import Snapshot

if TYPE_CHECKING:  # at run time they bring torch with them
    from relate_engine.heldout import Judges
    from relate_engine.results.observation import Observation
    from relate_engine.score import Rewards
    from relate_engine.training.judge import Sampled, Score

SALES = "sales"  # folder of a sales judge in the work folder of a round

ORDINARY = 12  # every so manieth text of the corpus says where an evaluator's floor lies


def retrain_rewards(context: JobContext, actor: Actor) -> str:
    """Trains the reward model on and puts it in use where results have come, or gone, since the last fit read them.

    Returns what was done in a sentence. A version that somebody has undone is not brought back: only newer results
    are a reason. Verdicts are none: this model learns rates, verdicts reach the writer as targets and violations.
    An attempt that finds nothing to do tells what one before it has done, if that was killed before it froze."""
    from app.services.importing import observations

    done = _retrained(context, actor)
    if not may(actor, "rewards.train"):
        return done or "The reward model was not retrained: whoever started the round may not do so."
    with context.db.read() as session:
        last = learning.last_fit(session, context.workspace_id)
        changed = results.changed_at(session, context.workspace_id)
    if last is not None and (changed is None or changed <= learning.read_until(last)):
        return done or f"The reward model was not retrained: no results have come since {last.version} was made."
    seen = observations(context.db, actor, context.config.conversion_lag_days)
    if not seen:
        return done or "The reward model was not retrained: there are no campaign results."
    context.report(0.0, f"Retraining the reward model on {len(seen):,} counts")
    from relate_engine.training.rewardversion import make_version

    manifest = make_version(
        seen,
        learning.setting_of(context.config),
        learning.rewards_folder(context.config, context.workspace_id),
        ASSETS / "evaluators" / "ctr",
        "relate round start",
        lambda share, message: context.report(0.01 * share, message),
    )
    version = manifest["version"]
    words = (
        f"The reward model was retrained on {manifest['data']['rows']:,} counts of single texts: {version} is in use; "
        "`relate train rewards --undo` puts the one before back."
    )
    kept = {
        "changed": f"it had put the reward model {version} in use before, which the page Results can undo",
        "retrained": {"version": version, "words": words},
    }
    with context.write({**(context.last or {}), **kept}) as session:
        told = manifest | {learning.CHANGED_AT: changed and changed.isoformat()}
        rows.add_version(session, context.workspace_id, context.author_id, learning.KIND, version, told)
        audit.note(
            session, actor, "version.train", "reward", None, {"rewards": version}, version=version, round=context.job_id
        )
    return words


def _retrained(context: JobContext, actor: Actor) -> str:
    """What an attempt of this round before said of the reward model that it put in use, if that is in use still."""
    told = (context.last or {}).get("retrained", {})
    return told["words"] if told and told["version"] == learning.active_version(context.db, actor) else ""


def sales_judge(context: JobContext, actor: Actor, reward_version: str) -> tuple[bool, str]:
    """Writes the held-out evaluator of sales where the campaign results can teach one, and says why or why not.

    `reward_version`: the reward model in use, which may be older than the results: what it has learned is no judge."""
    from app.services.importing import observations
    from relate_engine.evaluators.clicks import Evaluator
    from relate_engine.evaluators.sales import sales_evaluator
    from relate_engine.training.families import split_off

    _, kept = split_off(observations(context.db, actor, context.config.conversion_lag_days))
    if reward_version:
        learned = learning.rewards_folder(context.config, context.workspace_id) / reward_version
        kept = unlearned(kept, learned_keys(learned))
    shipped = Evaluator.load(ASSETS / "evaluators" / "ctr")
    made, why = sales_evaluator(kept, shipped, context.folder / SALES, "relate round start")
    return made is not None, why


def learned_keys(folder: Path) -> set[str]:
    """The run keys of every text that a reward model was fitted on. BriefError where it cannot be read."""
    from relate_engine.rewards.learned import PLAIN

    try:
        own = json.loads((folder / PLAIN).read_text("utf-8"))["own"]
        return {key for texts in own.values() for key in texts}
    except (OSError, ValueError, KeyError) as error:
        raise BriefError(
            f"A round needs the reward model that is in use, and {folder.name} cannot be read; run `relate train "
            "rewards`."
        ) from error


def unlearned(kept: Sequence["Observation"], keys: Set[str]) -> list["Observation"]:
    """Without the families that hold a text of these run keys."""
    from relate_engine.rewards.learned import run_key
    from relate_engine.training.families import families

    named = list(zip(families(kept), kept, strict=True))
    known = {f for f, o in named if run_key(o.text, o.brief.product if o.brief else "") in keys}
    return [o for f, o in named if f not in known]


def against_served(rewards: "Rewards", snapshot: Snapshot) -> "Score":
    """The scorecard as reward, each text held against what its own brief has been given in its slot."""
    from relate_engine.training.scoring import scorer

    given: dict[tuple[Brief, str], list[str]] = {}
    for one in snapshot.served:
        given.setdefault((snapshot.briefs[one.brief], one.slot), []).extend(one.texts)  # a brief may be saved twice

    def score(asked: list["Sampled"]) -> list[Scorecard]:
        places: dict[tuple[Brief, str], list[int]] = {}
        for i, one in enumerate(asked):
            places.setdefault((one.brief, one.slot), []).append(i)
        cards: dict[int, Scorecard] = {}
        for place, members in places.items():
            found = scorer(rewards, given.get(place, ()))([asked[i] for i in members])
            cards |= dict(zip(members, found, strict=True))
        return [cards[i] for i in range(len(asked))]

    return score


def judges_of(config: Settings, snapshot: Snapshot, sales: Path | None, unsold: str = "") -> "Judges":
    """The workspace's rewards as frozen, and the judges that nothing has learned from. WeightsError with a remedy.

    `sales`: where the evaluator of sales lies; `unsold`: why there is none."""
    from app.services.judging import Judging
    from app.services.writing import Room
    from relate_engine.evaluators.clicks import Evaluator
    from relate_engine.evaluators.compliance import Evaluator as Compliance
    from relate_engine.heldout import Judges, excused_by, floor_of
    from relate_engine.training.corpus import read_corpus
    from relate_engine.training.rewardversion import EVALUATOR

    learned = learning.rewards_folder(config, snapshot.workspace) / snapshot.reward_version
    rules = rulebook.laid(snapshot.rule_overlay) if any(snapshot.rule_overlay.values()) else None
    own_model = learned if snapshot.reward_version else None
    rewards = Room(config).rewards_with(Judging(own_model, rules, frozenset(snapshot.blocking), snapshot.calls))
    if rewards.problem:
        raise BriefError(f"A round needs the reward model that is in use. {rewards.problem}")
    own = learned / EVALUATOR
    shipped = Evaluator.load(ASSETS / "evaluators" / "ctr")
    clicks = Evaluator.load(own) if snapshot.reward_version and own.exists() else shipped
    second = Compliance.load(ASSETS / "evaluators" / "compliance")
    seller = Evaluator.load(sales) if sales else None
    ordinary = [t.text for e in read_corpus(ASSETS / "corpus") for t in e.texts][::ORDINARY]
    floors = {"clicks": floor_of(clicks.score, ordinary)}
    floors |= {"sales": floor_of(seller.score, ordinary)} if seller else {}
    return Judges(
        against_served(rewards, snapshot),
        clicks.score,
        lambda texts: second.probabilities(texts) >= second.threshold,
        seller.score if seller else None,
        seller.version if seller else clicks.version,
        floors,
        unsold,
        shipped.version,
        excused_by(rewards.rules),
    )

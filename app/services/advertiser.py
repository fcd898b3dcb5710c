"""`relate evaluate advertiser`: a simulated advertiser judges drafts in a studio of its own, and a round learns.

The way of a real workspace: the writer drafts for training briefs, the drafts are stored and picked or rejected by
the hidden taste (relate_engine/advertiser.py), the feedback is frozen and a round runs on it. Its GRPO is off: the
scorecard's rewards know nothing of this person, so what is seen is what the verdicts alone teach. Then both writers
draft for the corpus's held-out briefs. Database, adapters and checkpoints lie in RELATE_HOME/work/advertiser.
Leaves out: the taste and the comparison, and the job around a round (rounds.py).
"""

import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.services import briefs as saved
from app.services import drafting, feedback, round_freeze, round_judges
from app.services.people import Actor, local_actor
from app.services.process import set_threads
from app.services.training import say
from db.session import Database, open_database
from relate_engine.brief import Brief, BriefError
from relate_engine.config import ASSETS, Settings

if TYPE_CHECKING:  # at run time they bring torch with them
    from relate_engine.advertiser import Taste
    from relate_engine.draft import Writer
    from relate_engine.rounds import RoundPlan
    from relate_engine.score import Rewards
    from relate_engine.scorecard import AdText

SHOWN = {"headline": 6, "description": 4}  # texts of a judged draft
ASKED = {"headline": 4, "description": 3}  # texts of a brief that nobody judged
VERDICTS, LEAST = 200, 20
FROZEN = "frozen.json"
NEW_SEED = 7_000_000  # new texts are sampled apart from the judged ones


def advertiser(config: Settings, verdicts: int = VERDICTS, seed: int = 0) -> dict[str, Any]:
    """The measurement on the corpus: verdicts on training briefs, new texts on held-out ones. Writes
    assets/reports/advertiser.json where nothing but the number of runs could differ (200 verdicts, seed 0).

    Raises BriefError for too few verdicts."""
    from relate_engine.heldout import HeldPlan
    from relate_engine.rounds import RoundPlan
    from relate_engine.training.corpus import read_corpus

    if verdicts < LEAST:
        raise BriefError(f"--verdicts is {verdicts}; a round learns from {LEAST} at least.")
    corpus = read_corpus(ASSETS / "corpus")
    train, fresh = ([_search(e.brief) for e in corpus if e.split == split] for split in ("train", "test"))
    found = {"command": f"relate evaluate advertiser --verdicts {verdicts} --seed {seed}"}
    found |= measured(config, train, fresh, verdicts, seed, RoundPlan(held=HeldPlan(texts=4)))
    if (verdicts, seed) == (VERDICTS, 0):
        (ASSETS / "reports" / "advertiser.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    return found


def measured(
    config: Settings, train: Sequence[Brief], fresh: Sequence[Brief], verdicts: int, seed: int, plan: "RoundPlan"
) -> dict[str, Any]:
    """Verdicts on drafts for some of the briefs `train`, a round on them, and new texts for `fresh`, judged."""
    from app.services.writing import Room
    from relate_engine.advertiser import compare, taste_of, told_of
    from relate_engine.draft import load_policy
    from relate_engine.policy.memory import release
    from relate_engine.policy.weights import policy_folder
    from relate_engine.rounds import run_round
    from relate_engine.scorecard import AdText
    from relate_engine.snapshot import snapshot_from_json

    set_threads(config)
    work = config.home / "work" / "advertiser" / str(seed)
    own = config.model_copy(update={"home": work, "database_url": ""})
    room, taste = Room(own), taste_of(seed)
    policy, rewards = room.policy(), room.rewards()
    work.mkdir(parents=True, exist_ok=True)
    kept, write = work / FROZEN, Drafts(work / "texts.jsonl", rewards, config.temperature)
    if not kept.exists():  # else an earlier attempt was stopped after this
        for old in work.glob("relate.db*"):
            old.unlink()
        db = open_database(own.database)
        actor = local_actor(db)
        chosen = random.Random(f"briefs {seed}").sample(list(train), len(train))
        told = judge(db, actor, policy, rewards, chosen, verdicts, taste, write)
        say(f"{told['picked']} of {told['verdicts']} texts picked")
        texts = new_texts(policy, fresh, seed, write, "before the round")
        found = {"judged": told, "before": [[asdict(t) for t in some] for some in texts]}
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(found | {"snapshot": round_freeze.freeze(db, actor, own, 1).to_json()}), "utf-8")
        part.replace(kept)
    found = json.loads(kept.read_text("utf-8"))
    told, snapshot = found["judged"], snapshot_from_json(found["snapshot"])
    if (snapshot.policy["version"], told["verdicts"]) != (policy.version, verdicts):
        raise BriefError(f"{work} holds the drafts of another writer or number of verdicts; remove it.")
    before = [[AdText(**t) for t in some] for some in found["before"]]

    began = time.monotonic()
    made = run_round(
        snapshot,
        policy_folder(config.base_model, config.cache),
        config.adapter,
        round_judges.judges_of(own, snapshot, None),
        work / "round",
        replace(plan, grpo=replace(plan.grpo, steps=0)),
        lambda share, message: say(f"{share:4.0%} {message}"),
    )
    minutes = (time.monotonic() - began) / 60
    if not made.adapter:
        raise BriefError("The round trained nothing: " + " ".join(s.words for s in made.steps))
    release()
    new = load_policy(config.base_model, config.cache, Path(made.adapter), ASSETS)
    after = new_texts(new, fresh, seed, write, "after it")
    return {
        "parent": policy.version,
        "version": made.version,
        "taste": told_of(taste),
        "judged": {k: v for k, v in told.items() if k != "texts"},
        "new": compare(taste, fresh, before, after, told["texts"]),
        "round": {
            "minutes": round(minutes, 1),
            "steps": [s.words for s in made.steps],
            "gate": list(made.decision.reasons),
            "alarms": list(made.alarms),
            "plan": {k: v for k, v in asdict(plan).items() if k in ("sft", "preferences", "kto")},
        },
    }


class Drafts:
    """What a writer drafts, written down text by text, so that a run that was stopped does not write it twice."""

    def __init__(self, path: Path, rewards: "Rewards", temperature: float) -> None:
        self.path, self.rewards, self.temperature = path, rewards, temperature
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        whole = [line for line in lines if line.endswith("}")]  # the last one may have been cut off
        self.known = {row["key"]: row["texts"] for row in map(json.loads, whole)}
        path.write_text("".join(f"{line}\n" for line in whole), "utf-8")

    def __call__(self, policy: "Writer", brief: Brief, counts: dict[str, int], seed: int) -> list["AdText"]:
        from relate_engine.advertiser import drafted
        from relate_engine.scorecard import AdText

        key = f"{policy.version} {seed} {brief.product} {counts}"
        if key not in self.known:
            found = drafted(policy, self.rewards.rules, brief, counts, seed, self.temperature)
            self.known[key] = [asdict(t) for t in found]
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "texts": self.known[key]}) + "\n")
        return [AdText(**t) for t in self.known[key]]


def judge(
    db: Database, actor: Actor, policy: "Writer", rewards: "Rewards", briefs: Sequence[Brief], verdicts: int,
    taste: "Taste", write: "Drafts",
) -> dict[str, Any]:  # fmt: skip
    """Drafts for one brief after another, stored and judged text by text, until there are `verdicts` of them."""
    from relate_engine.draft import Draft, versions_of
    from relate_engine.score import score_texts

    texts: list[str] = []
    picked = used = 0
    for number, brief in enumerate(briefs):
        if len(texts) == verdicts:
            break
        found = write(policy, brief, SHOWN, taste.seed * 1_000 + number)
        cards = score_texts(rewards, brief, found[: verdicts - len(texts)], path=policy.path)
        draft = Draft(tuple(cards), (), (), {"generate_s": 0.0}, versions_of(policy, rewards), {})
        row = saved.save_brief(db, actor, brief)
        used += 1
        for text in drafting.store_generation(db, actor, row.id, draft, seed=number).texts:
            likes = taste.verdict(brief.placement, text.slot, text.text)
            (feedback.pick if likes else feedback.reject)(db, actor, text.id)
            texts.append(text.text)
            picked += likes
        say(f"{len(texts)} of {verdicts} texts judged")
    return {"verdicts": len(texts), "picked": picked, "briefs": used, "texts": texts}


def new_texts(policy: "Writer", briefs: Sequence[Brief], seed: int, write: "Drafts", when: str) -> list[list["AdText"]]:
    """What a writer drafts for each brief."""
    found = []
    for number, brief in enumerate(briefs):
        found.append(write(policy, brief, ASKED, NEW_SEED + seed * 1_000 + number))
        if number % 10 == 9:
            say(f"new texts {when}: {number + 1} of {len(briefs)} briefs")
    return found


def _search(brief: Brief) -> Brief:
    return brief.model_copy(update={"placement": "google_rsa"})

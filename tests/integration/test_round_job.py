"""The job "round": what it freezes, who may start it, and a worker that is killed -9 three times inside one."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from app.services import briefs, drafting, feedback, jobs, reviewing, round_freeze, rounds, versions
from app.services.people import Actor, Forbidden, NotFound
from db import versions as rows
from db.models import Job
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.round_rows import preference_pairs, sft_targets
from tests.small_round import started
from tests.tiny_round import HEADLINES, PRODUCTS, write_policy
from tests.unit.studio import Draft, brief, card, person

PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    return write_policy(tmp_path_factory.mktemp("policy"))


@pytest.fixture
def config(tmp_path: Path, policy: tuple[str, Path]) -> Settings:
    return Settings(home=tmp_path, base_model=policy[0], adapter=policy[1], threads=1)


def workspace(db: Database, name: str) -> Actor:
    """One that people have worked in. Returns its analyst."""
    work_in(db, person(db, "admin", name))
    return person(db, "analyst", name)


def work_in(db: Database, writer: Actor) -> None:
    """Four products with two drafts each; two texts picked, one rejected, one edited."""
    for product in PRODUCTS:
        saved = briefs.save_brief(db, writer, brief(product))
        for _ in range(2):
            cards = tuple(card(text) for text in HEADLINES[:5])
            texts = drafting.store_generation(db, writer, saved.id, Draft(cards)).texts  # type: ignore[arg-type]
            feedback.pick(db, writer, texts[0].id)
            feedback.reject(db, writer, texts[1].id)
            feedback.edit(db, writer, texts[2].id, card("Made to last long"))
            feedback.copy(db, writer, texts[3].id)


def test_a_snapshot_holds_one_workspace_as_people_left_it(db: Database, config: Settings) -> None:
    ours, _ = workspace(db, "Ours"), workspace(db, "Theirs")
    now = round_freeze.freeze(db, ours, config, 1)
    assert len(now.briefs) == 4 and len(now.sets) == 8 and now.workspace == ours.workspace_id
    texts = now.sets[0].texts
    assert [(t.text, t.position, t.choice, t.edited) for t in texts] == [
        (HEADLINES[0], 0, "picked", ""),
        (HEADLINES[1], 1, "rejected", ""),
        (HEADLINES[2], 2, "", "Made to last long"),
        (HEADLINES[3], 3, "picked", ""),
        (HEADLINES[4], 4, "", ""),
    ]
    assert texts[3].did == ("copy",)
    assert sum(len(w) for _, w in sft_targets(now)) == 18  # three of each of the six sets that are not held out
    assert sum(len(p) for _, p in preference_pairs(now)) == 30
    judge = person(db, "reviewer", "Ours")
    reviewing.give_verdict(db, judge, texts[0].id, "violation", ["SAF-001"])
    later = round_freeze.freeze(db, ours, config, 1)
    assert later.sets[0].texts[0].verdict == "violation" and not later.sets[0].texts[0].stood_by
    headlines = {*HEADLINES[:5], "Made to last long"}
    assert [(s.brief, s.slot, set(s.texts)) for s in now.served] == [(n, "headline", headlines) for n in range(4)]


def test_who_may_start_a_round_and_one_at_a_time(db: Database) -> None:
    for role in ("advertiser", "reviewer"):
        with pytest.raises(Forbidden, match="may not run training rounds"):
            jobs.start(db, person(db, role), "round")
    ana = person(db, "analyst")
    first = jobs.start(db, ana, "round")
    with pytest.raises(BriefError, match=f"Job {first.id}"):
        jobs.start(db, ana, "round")
    for steps in (0, 1001, "many"):
        with pytest.raises(BriefError, match="1 to 1000 steps"):
            rounds.steps_of({"steps": steps})
    with pytest.raises(NotFound, match="No round of your workspace"):
        rounds.decision(db, ana, "relate-1")


@pytest.fixture
def start(tmp_path: Path, config: Settings) -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    made: list[subprocess.Popen[bytes]] = []

    def run() -> "subprocess.Popen[bytes]":
        made.append(started(config, tmp_path / f"process-{len(made)}.log"))
        return made[-1]

    yield run
    for process in made:
        process.kill()
        process.wait()


def row(db: Database, job_id: int) -> Job:
    with db.read() as session:
        return session.get_one(Job, job_id)


def until(db: Database, job_id: int, true: Callable[[Job], Any]) -> Job:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        job = row(db, job_id)
        if true(job):
            return job
        assert job.state in ("queued", "running"), job.message
        time.sleep(0.03)
    raise AssertionError(f"waited {PATIENCE_S:.0f} s; the job says: {job.state}, {job.message}")


def test_three_kills_change_nothing_of_the_adapter(
    db: Database,
    config: Settings,
    start: Callable[[], "subprocess.Popen[bytes]"],
) -> None:
    ours, theirs = workspace(db, "Ours"), workspace(db, "Theirs")
    killed = jobs.start(db, ours, "round").id
    seen = []
    for at in ("preferences: ", "grpo: step 3", "grpo: step 5"):
        worker = start()
        job = until(db, killed, lambda job, at=at: job.message.startswith(at))  # type: ignore[misc]
        worker.kill()
        worker.wait()
        seen.append(job.message)
    at_kill = row(db, killed)
    assert at_kill.state == "running" and at_kill.checkpoint is not None and at_kill.checkpoint["share"] > 0.5
    start()
    done = until(db, killed, lambda job: job.state == "done")
    whole = jobs.start(db, theirs, "round").id
    other = until(db, whole, lambda job: job.state == "done")

    assert done.result is not None and other.result is not None
    version = done.result["version"]
    assert version == other.result["version"] and "no sales evidence" in done.message
    folders = [versions.policy_folder_of(config, who.workspace_id, version) for who in (ours, theirs)]
    for name in ("adapter_model.safetensors", "manifest.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    assert [s["ran"] for s in done.result["round"]["steps"]] == [True, True, True]
    assert done.result["round"]["evidence"] == other.result["round"]["evidence"]
    with db.read() as session:
        stored = rows.named(session, ours.workspace_id, "policy", version)
        assert stored is not None and not stored.active and stored.parent is None
        assert stored.manifest["metrics"]["ended"] > 0
    assert not rounds.decision(db, ours, version).promote
    assert rounds.decision(db, ours, version).verdicts_needed == 100
    assert json.loads((folders[0] / "round.json").read_text("utf-8"))["manifest"]["counts"]["sets"] == 8
    with pytest.raises(BriefError, match=r"The gate says no .* give a reason to promote"):
        rounds.promote(db, ours, version, config)
    rounds.promote(db, ours, version, config, "to try it")  # it can be put in use
    assert versions.changes(db, ours)[0].reason == "Against the gate: to try it"
    assert versions.writers(db, ours, config) == (folders[0],)


def test_the_shell_tells_how_rounds_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from relate_engine.config import settings

    monkeypatch.setenv("RELATE_HOME", str(tmp_path))
    settings.cache_clear()
    try:
        assert main(["round", "status"]) == 0
        assert "No round has been run" in capsys.readouterr().out
        assert main(["round", "start", "--steps", "0"]) == 2
        assert "1 to 1000 steps" in capsys.readouterr().err
        assert main(["round", "status", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) is None  # nothing was put in the line
    finally:
        settings.cache_clear()

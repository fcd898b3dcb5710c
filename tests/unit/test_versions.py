"""Which writer drafts: promote and roll back with an audit, refused adapters, trials and how they are counted."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import select

from app.services import briefs, drafting, rounds, trials, versions
from app.services.drafting_page import Jobs
from app.services.people import Actor, Forbidden, NotFound
from app.services.writing import Room
from db import models
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.policy.decode import Sample
from relate_engine.policy.weights import WeightsError
from relate_engine.policy.writer import Wish
from tests.unit.studio import brief, card, person
from tests.unit.writers import add_version, write_adapter


def in_use(db: Database, actor: Actor, config: Settings) -> str:
    (found,) = [v.version for v in versions.versions(db, actor, config) if v.active]
    return found


CHANGES: dict[str, Callable[[Database, Actor, Settings], object]] = {
    "promote": lambda d, a, c: versions.promote(d, a, "rnd-1", c),
    "rollback": lambda d, a, c: versions.rollback(d, a, c),
    "start": lambda d, a, c: trials.start_trial(d, a, "rnd-1", c),
    "stop": lambda d, a, c: trials.stop_trial(d, a),
}


@pytest.mark.parametrize("change", CHANGES)
def test_only_analysts_and_admins_change_the_writer(db: Database, ann: Actor, config: Settings, change: str) -> None:
    add_version(db, ann, config, "rnd-1")
    for role in ("advertiser", "reviewer"):
        with pytest.raises(Forbidden, match="may not change which writer version drafts; ask an admin"):
            CHANGES[change](db, person(db, role), config)
    with pytest.raises(Forbidden, match="may not see the writer's versions"):
        versions.versions(db, person(db, "advertiser"), config)
    assert versions.changes(db, ann) == [] and in_use(db, ann, config) == "writer-1"


def test_promote_twice_and_back_to_the_shipped_writer(db: Database, ann: Actor, config: Settings) -> None:
    for name in ("rnd-1", "rnd-2"):
        add_version(db, ann, config, name)
        versions.promote(db, ann, name, config, f"  {name} reads better ")
    assert in_use(db, ann, config) == "rnd-2"
    (adapter,) = versions.writers(db, person(db, "advertiser"), config)
    assert json.loads((adapter / "manifest.json").read_text())["version"] == "rnd-2"

    assert versions.way_back(db, ann) == ("rnd-2", "rnd-1")
    assert versions.rollback(db, ann, config, "flat", "rnd-2") == "rnd-1"
    with pytest.raises(BriefError, match="rnd-2 is no longer in use"):  # a second tab's click
        versions.rollback(db, ann, config, "flat", "rnd-2")
    assert versions.rollback(db, ann, config) is None  # not to rnd-2, which was rolled back
    assert versions.writers(db, ann, config) == (config.adapter,) and in_use(db, ann, config) == "writer-1"
    with pytest.raises(BriefError, match="nothing to roll back to"):
        versions.rollback(db, ann, config)
    versions.promote(db, ann, "rnd-2", config)
    assert versions.rollback(db, ann, config) is None  # the way back forgets what was taken back

    told = [(c.kind, c.before, c.after, c.reason) for c in reversed(versions.changes(db, ann))]
    assert told[:4] == [
        ("promote", None, "rnd-1", "rnd-1 reads better"),
        ("promote", "rnd-1", "rnd-2", "rnd-2 reads better"),
        ("rollback", "rnd-2", "rnd-1", "flat"),
        ("rollback", "rnd-1", None, ""),
    ]
    assert {c.author_id for c in versions.changes(db, ann)} == {ann.user_id}


def test_a_version_that_came_in_use_since_the_gate_was_asked_stops_a_promotion(
    db: Database, ann: Actor, config: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("rnd-1", "rnd-2"):
        add_version(db, ann, config, name)

    def slow(*_: object) -> None:  # the gate answers, and meanwhile another analyst promotes
        versions.promote(db, ann, "rnd-2", config)
        raise NotFound("no round made it")

    monkeypatch.setattr(rounds, "decision", slow)
    with pytest.raises(BriefError, match="rnd-2 came in use meanwhile, so nothing was changed"):
        rounds.promote(db, ann, "rnd-1", config)
    assert in_use(db, ann, config) == "rnd-2"


def test_the_audit_cannot_be_rewritten(db: Database, ann: Actor, config: Settings) -> None:
    add_version(db, ann, config, "rnd-1")
    versions.promote(db, ann, "rnd-1", config, "honest")
    with pytest.raises(RuntimeError, match="append-only"), db.write() as session:
        session.scalars(select(models.VersionChange)).one().reason = "forged"
    assert versions.changes(db, ann)[0].reason == "honest"


def _tamper(folder: Path) -> None:
    with (folder / "adapter_model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\1\2\3\4")


def _says(folder: Path, **change: str) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (shutil.rmtree, "no adapter in"),
    "no weights": (lambda f: (f / "adapter_model.safetensors").unlink(), "adapter_model.safetensors is missing"),
    "no config": (lambda f: (f / "adapter_config.json").unlink(), "adapter_config.json is missing"),
    "tampered": (_tamper, "checksum differs"),
    "another base": (lambda f: _says(f, base_sha256="0" * 64), "trained on another base"),
    "another version": (lambda f: _says(f, version="rnd-9"), "holds another adapter, rnd-9"),
    "no manifest": (lambda f: (f / "manifest.json").write_text("[]"), "cannot be read"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_an_adapter_that_is_not_sound_is_refused(db: Database, ann: Actor, config: Settings, fault: str) -> None:
    damage, words = WRONG[fault]
    damage(add_version(db, ann, config, "rnd-1"))
    for change in ("promote", "start"):
        with pytest.raises(WeightsError, match=rf"^Writer version rnd-1 cannot be used: .*{words}.*; .*\.$"):
            CHANGES[change](db, ann, config)
    assert versions.changes(db, ann) == [] and in_use(db, ann, config) == "writer-1"


def test_a_base_swapped_under_an_adapter_is_refused(db: Database, ann: Actor, config: Settings) -> None:
    add_version(db, ann, config, "rnd-1")
    base = Path(config.base_model) / "model.safetensors"
    base.write_bytes(base.read_bytes()[:-4] + b"\1\2\3\4")
    with pytest.raises(WeightsError, match="trained on another base"):
        versions.promote(db, ann, "rnd-1", config)


def test_a_rollback_passes_over_what_is_damaged_and_says_so(db: Database, ann: Actor, config: Settings) -> None:
    for name in ("rnd-1", "rnd-2", "rnd-3"):
        folder = add_version(db, ann, config, name)
        versions.promote(db, ann, name, config)
        if name == "rnd-2":
            _tamper(folder)
    assert versions.rollback(db, ann, config, "worse") == "rnd-1"
    assert "worse Writer version rnd-2 cannot be used" in versions.changes(db, ann)[0].reason


def test_another_workspace_sees_and_changes_nothing(db: Database, ann: Actor, config: Settings) -> None:
    add_version(db, ann, config, "rnd-1")
    stranger = person(db, "admin", "Theirs")
    for change in ("promote", "start"):
        with pytest.raises(NotFound, match="no writer version rnd-1 in your workspace"):
            CHANGES[change](db, stranger, config)
    versions.promote(db, ann, "rnd-1", config)
    assert in_use(db, stranger, config) == "writer-1" and versions.changes(db, stranger) == []
    assert versions.writers(db, stranger, config) == (config.adapter,)
    with pytest.raises(BriefError, match="nothing to roll back to"):
        versions.rollback(db, stranger, config)
    assert in_use(db, ann, config) == "rnd-1"


def test_a_trial_starts_once_and_ends_with_a_promotion(db: Database, ann: Actor, config: Settings) -> None:
    for name in ("rnd-1", "rnd-2"):
        add_version(db, ann, config, name)
    with pytest.raises(BriefError, match="nothing to stop"):
        trials.stop_trial(db, ann)
    state = trials.start_trial(db, ann, "rnd-1", config)
    assert (state.version, state.old) == ("rnd-1", None) and len(versions.writers(db, ann, config)) == 2
    with pytest.raises(BriefError, match="A trial of rnd-1 is running"):
        trials.start_trial(db, ann, "rnd-2", config)
    trials.stop_trial(db, ann, "enough")
    assert trials.trial_state(db, ann) is None and len(versions.writers(db, ann, config)) == 1
    trials.start_trial(db, ann, "rnd-1", config)
    versions.promote(db, ann, "rnd-1", config)
    assert trials.trial_state(db, ann) is None and len(versions.writers(db, ann, config)) == 1
    with pytest.raises(BriefError, match="in use already"):
        trials.start_trial(db, ann, "rnd-1", config)
    assert trials.last_tried(db, ann) == "rnd-1"


def test_where_a_server_writes_nothing_is_promoted(db: Database, ann: Actor, config: Settings) -> None:
    add_version(db, ann, config, "rnd-1")
    remote = config.model_copy(update={"policy_url": "http://127.0.0.1:1"})
    for change in ("promote", "start"):
        with pytest.raises(BriefError, match="A server writes"):
            CHANGES[change](db, ann, remote)
    assert versions.writers(db, ann, remote) == ()


# ---- what drafts are written with


class FakePolicy:
    """The model's stand-in: two words of its own a text, so that no two texts are alike."""

    path = "fake"
    acceptance = SimpleNamespace(probability=lambda text, _: 0.6 + crc32(text.encode()) % 97 / 300)  # any order

    def __init__(self, version: str, problem: str = "") -> None:
        self.version, self.state, self.written = version, SimpleNamespace(problem=problem), 0

    def write(self, _brief: object, wishes: Sequence[Wish], *_: object, **__: object) -> Iterator[tuple[Wish, Sample]]:
        for wish in wishes:
            self.written += 1
            mark = "".join(chr(97 + int(digit)) for digit in f"{self.written:03}")
            text = f"{mark}{self.version[-1]} x{mark}{self.version[-1]}"
            yield wish, Sample(branch=0, text=text, ids=(self.written,), logprobs=(-1.0,), why="")


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the adapters as they are loaded; what judges texts is replaced too, so no weights are needed."""
    names: list[str] = []

    def load(_base: str, _cache: Path, adapter: Path, _assets: Path) -> FakePolicy:
        names.append(adapter.name)
        if adapter.name == "broken":
            return FakePolicy("untrained", "adapter broken is damaged (checksum differs); untrained writer")
        return FakePolicy(json.loads((adapter / "manifest.json").read_text())["version"])

    def scored(_rewards: object, _brief: object, ads: Sequence[Any], *_: object) -> list[Any]:
        return [card(ad.text, ad.slot, ad.angle, author=ad.author) for ad in ads]

    at = "relate_engine.draft"
    monkeypatch.setattr(f"{at}.load_policy", load)
    monkeypatch.setattr(f"{at}.score_texts", scored)
    monkeypatch.setattr(f"{at}.readable", lambda _, b: b)
    monkeypatch.setattr(f"{at}.refusal", lambda *_: "")
    monkeypatch.setattr(f"{at}.relevance", lambda _, texts, __: [(0.5, ())] * len(texts))
    monkeypatch.setattr(f"{at}.signals", lambda text, *_: text)
    rewards = SimpleNamespace(rules=SimpleNamespace(version="rules-1"), encoder=None, version="ctr-1")
    monkeypatch.setattr(Room, "rewards", lambda _: rewards)
    return names


def drafted_by(jobs: Jobs, ada: Actor, brief_id: int, count: int = 8) -> drafting.StoredGeneration:
    """Drafts headlines as the page does and returns the stored set."""
    job = jobs.start(ada, briefs.get_brief(jobs.db, ada, brief_id), {"headline": count})
    for _ in range(1000):
        if job.ended:
            break
        time.sleep(0.01)
    assert job.ended and job.error == "", job.error
    return drafting.list_generations(jobs.db, ada, brief_id)[0]


def authors(generation: drafting.StoredGeneration) -> set[str]:
    return {text.author for text in generation.texts}


def test_drafts_follow_the_version_in_use_without_a_restart(
    db: Database, ann: Actor, config: Settings, loaded: list[str]
) -> None:
    ada = person(db, "advertiser")
    number = briefs.save_brief(db, ada, brief()).id
    jobs = Jobs(db, Room(config))
    assert authors(drafted_by(jobs, ada, number)) == {"policy:writer-1"}
    add_version(db, ann, config, "rnd-2")
    versions.promote(db, ann, "rnd-2", config)
    for _ in range(2):
        generation = drafted_by(jobs, ada, number)
        assert authors(generation) == {"policy:rnd-2"} and generation.versions["policy"] == "rnd-2"
    versions.rollback(db, ann, config)
    assert authors(drafted_by(jobs, ada, number)) == {"policy:writer-1"}
    assert loaded == ["shipped", "rnd-2"]  # each once: both are still in memory


def test_a_studio_that_is_started_anew_each_day_shuffles_every_brief_its_own_way(
    db: Database, config: Settings, loaded: list[str]
) -> None:
    """The first set of a brief is the first draft of its process each time; in a trial chance must still mix places."""
    ada = person(db, "advertiser")
    numbers = [briefs.save_brief(db, ada, brief(f"Rack {i}")).id for i in range(6)]
    seeds = {drafted_by(Jobs(db, Room(config)), ada, number).seed for number in numbers}
    assert len(seeds) == 6


def test_at_most_two_writers_stay_in_memory(config: Settings, loaded: list[str], tmp_path: Path) -> None:
    room = Room(config)
    for name in ("a-1", "a-2", "a-3"):
        write_adapter(config, tmp_path / name, name, 1.0)
        assert room.policy(tmp_path / name).version == name
    room.policy(tmp_path / "a-2")
    room.policy(tmp_path / "a-1")
    assert loaded == ["a-1", "a-2", "a-3", "a-1"] and len(room._policies) == 2


def test_a_promoted_adapter_that_does_not_load_is_a_sentence_and_not_another_writer(
    config: Settings, loaded: list[str], tmp_path: Path
) -> None:
    with pytest.raises(WeightsError, match=r"Writer version broken does not load .*roll it back"):
        Room(config).policy(tmp_path / "broken")


def test_a_trial_mixes_both_writers_and_stores_who_wrote_what(
    db: Database, ann: Actor, config: Settings, loaded: list[str]
) -> None:
    ada = person(db, "advertiser")
    number = briefs.save_brief(db, ada, brief()).id
    add_version(db, ann, config, "rnd-2")
    trials.start_trial(db, ann, "rnd-2", config)
    jobs = Jobs(db, Room(config))
    first, second = (drafted_by(jobs, ada, number, 12) for _ in range(2))
    for generation in (first, second):
        assert authors(generation) == {"policy:writer-1", "policy:rnd-2"}
        assert generation.request["trial"] == {"old": "writer-1", "new": "rnd-2"}
        assert generation.request["shuffled"] == {"headline": list(range(12))}
    written = [policy.written for policy in jobs.room._policies.values()]  # type: ignore[attr-defined]
    assert written[0] == written[1] > 0  # half of the wishes each
    trials.stop_trial(db, ann)
    assert "trial" not in drafted_by(jobs, ada, number).request


def test_chance_says_which_writer_begins() -> None:
    """Of a text that both write the first one counts, and seeds of following drafts may all be even or all odd."""
    from relate_engine.draft import _written

    writers: Any = (FakePolicy("w-1"), FakePolicy("w-2"))
    wishes = [Wish("headline", "benefit")]
    for first in (0, 1):
        begins = [next(_written(writers, brief(), wishes, seed, 1.0, {}))[0] for seed in range(first, 400, 2)]
        assert 70 < begins.count("policy:w-1") < 130


# ---- counting a trial

"""Which writer drafts: promote and roll back with an audit, refused adapters, trials and how they are counted."""

import json
import math
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from sqlalchemy import select

from app.services import briefs, drafting, feedback, trials, versions
from app.services.drafting_page import Jobs
from app.services.exporting_table import plain_csv
from app.services.people import Actor, Forbidden, NotFound
from app.services.trials import TrialCounts
from app.services.writing import Room
from db import models
from db.session import Database
from relate_engine.brief import BriefError
from relate_engine.config import Settings
from relate_engine.policy.decode import Sample
from relate_engine.policy.weights import WeightsError
from relate_engine.policy.writer import Wish
from tests.unit.studio import Draft, brief, card, person
from tests.unit.writers import add_version, small_settings, write_adapter


@pytest.fixture
def config(tmp_path: Path) -> Settings:
    return small_settings(tmp_path)


@pytest.fixture
def ann(db: Database) -> Actor:
    return person(db, "analyst")


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
    acceptance = SimpleNamespace(probability=lambda text: 0.6 + crc32(text.encode()) % 97 / 300)  # any order

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


def mixed(db: Database, ada: Actor, old: int, new: int, name: str = "rnd-2") -> drafting.StoredGeneration:
    """A stored trial set with so many headlines of both."""
    cards = [card(f"old {i}", author="policy:writer-1") for i in range(old)]
    cards += [card(f"new {i}", author=f"policy:{name}") for i in range(new)]
    cards.append(card("One writer only", "description", author="policy:writer-1", limit=90))
    draft: Any = Draft(tuple(cards), versions={"policy": "writer-1", "rival": name})
    return drafting.store_generation(db, ada, briefs.save_brief(db, ada, brief()).id, draft, seed=3)


def test_choices_of_a_trial_are_counted_once_a_text_where_there_was_a_choice(db: Database, ann: Actor) -> None:
    ada = person(db, "advertiser")
    generation = mixed(db, ada, 4, 2)
    texts = {text.text: text for text in generation.texts}
    feedback.pick(db, ada, texts["new 0"].id)
    feedback.copy(db, ada, texts["new 0"].id)  # the same text again
    feedback.export(db, ada, [texts["old 1"].id], "editor")
    feedback.export(db, ada, [texts["old 2"].id], feedback.PLAIN)  # a table to look at
    feedback.edit(db, ada, texts["new 1"].id, card("new 1, better"))
    edited = next(t for t in drafting.list_generations(db, ada, generation.brief_id)[0].texts if t.parent_id)
    feedback.pick(db, ada, edited.id)  # the edit of a text is a choice of it
    feedback.pick(db, ada, texts["One writer only"].id)  # nothing to choose between in its slot
    feedback.pick(db, ada, texts["old 3"].id)
    feedback.unpick(db, ada, texts["old 3"].id)
    mixed(db, ada, 1, 1, "rnd-9")  # another trial
    assert trials.trial_counts(db, ann, "rnd-2") == TrialCounts("writer-1", "rnd-2", 4, 2, 1, 2, 1.0)
    assert trials.trial_counts(db, ann, "rnd-3") is None
    assert trials.trial_counts(db, person(db, "admin", "Theirs"), "rnd-2") is None


def shown_in_trial(db: Database, ada: Actor, number: int, counts: dict[str, tuple[int, int]]) -> Any:
    """A stored trial set with so many texts of the old and the new writer in each slot."""
    cards = [
        card(f"{slot} {name} {i}", slot, author=f"policy:{name}", limit=90)
        for slot, (old, new) in counts.items()
        for name, many in (("writer-1", old), ("rnd-2", new))
        for i in range(many)
    ]
    draft: Any = Draft(tuple(cards), versions={"policy": "writer-1", "rival": "rnd-2"})
    return drafting.store_generation(db, ada, number, draft, seed=3)


def test_what_nobody_chose_from_or_took_whole_does_not_tilt_a_trial(db: Database, ann: Actor) -> None:
    """The ranking shows 6 of 8 headlines by the new writer and 1 of 4 descriptions. Of 4 headlines 3 are its, as chance
    would have it; that the descriptions were left alone, or all taken, says nothing of either writer."""
    ada = person(db, "advertiser")
    number = briefs.save_brief(db, ada, brief()).id
    first, second = (shown_in_trial(db, ada, number, {"headline": (2, 6), "description": (3, 1)}) for _ in range(2))
    for generation in (first, second):
        heads = generation.of_slot("headline")
        mine = [t for t in heads if t.author == "policy:rnd-2"][:3]
        theirs = [t for t in heads if t.author == "policy:writer-1"][:1]
        feedback.export(db, ada, [t.id for t in (*mine, *theirs)], "editor")
    feedback.export(db, ada, [t.id for t in second.of_slot("description")], "editor")
    counts = trials.trial_counts(db, ann, "rnd-2")
    assert counts == TrialCounts("writer-1", "rnd-2", 10, 14, 2, 6, 6.0)
    assert counts.share == pytest.approx(0.5)  # 6 of 8, but 14 of 24 texts: by all that was shown it would be 68 %


def test_equal_writers_are_not_promoted_whatever_each_slot_shows() -> None:
    """People choose by lot: 3 of 8 headlines of which the new writer has 6, and all 4 descriptions, or none, or 1."""
    chance, promoted = np.random.default_rng(5), 0
    for _ in range(60):
        old = new = 0
        fair = 0.0
        while old + new < 400:
            for mine, theirs, taken in ((6, 2, 3), (1, 3, int(chance.integers(0, 2)))):
                hits = int(chance.hypergeometric(mine, theirs, taken)) if taken else 0
                old, new, fair = old + taken - hits, new + hits, fair + taken * mine / (mine + theirs)
            counts = TrialCounts("old", "new", 1, 1, old, new, fair)
            if not counts.needed and counts.interval[0] > 0.5:
                promoted += 1
                break
    assert promoted <= 4


def test_what_people_do_after_a_trial_has_named_its_writers_does_not_count(
    db: Database, ann: Actor, config: Settings
) -> None:
    ada = person(db, "advertiser")
    number = briefs.save_brief(db, ada, brief()).id
    add_version(db, ann, config, "rnd-2")
    trials.start_trial(db, ann, "rnd-2", config)
    generation = shown_in_trial(db, ada, number, {"headline": (4, 4)})
    ids = {t.text: t.id for t in generation.texts}
    feedback.pick(db, ada, ids["headline writer-1 0"])
    feedback.pick(db, ada, ids["headline rnd-2 0"])
    table = plain_csv(db, ada, list(ids.values())).decode()
    assert "rnd-2,2" not in table and "policy:" not in table and "one of the two writers on trial" in table
    trials.stop_trial(db, ann)
    under_way = shown_in_trial(db, ada, number, {"headline": (4, 4)})  # stored when the trial was over
    then = TrialCounts("writer-1", "rnd-2", 8, 8, 1, 1, 1.0)
    assert trials.trial_counts(db, ann, "rnd-2") == then
    feedback.unpick(db, ada, ids["headline writer-1 0"])
    feedback.edit(db, ada, ids["headline rnd-2 0"], card("headline rnd-2, mended"))
    for text in (*generation.texts, *under_way.texts):
        if text.author == "policy:rnd-2" and text.id != ids["headline rnd-2 0"]:
            feedback.pick(db, ada, text.id)
    assert trials.trial_counts(db, ann, "rnd-2") == then
    assert "policy:rnd-2" in plain_csv(db, ada, list(ids.values())).decode()
    trials.start_trial(db, ann, "rnd-2", config)  # again: what is drafted now is unlabelled
    again = shown_in_trial(db, ada, number, {"headline": (1, 1)})
    feedback.pick(db, ada, next(t.id for t in again.texts if t.author == "policy:rnd-2"))
    assert trials.trial_counts(db, ann, "rnd-2") == TrialCounts("writer-1", "rnd-2", 9, 9, 1, 2, 1.5)


def test_the_interval_of_a_trial_by_hand() -> None:
    """60 of 100 choices, as many shown: (0.4550, 0.7340), where B(70, 50) / B(10, 10) is 20 times p^60 (1 - p)^40."""
    mixed = math.factorial(69) * math.factorial(49) / math.factorial(119) * math.factorial(19) / math.factorial(9) ** 2
    even = TrialCounts("old", "new", 500, 500, 40, 60, 50.0)
    assert even.share == pytest.approx(0.6) and even.needed == 0
    assert even.interval == pytest.approx((0.4550, 0.7340), abs=1e-4)
    assert [mixed / (p**60 * (1 - p) ** 40) for p in even.interval] == pytest.approx([20, 20], rel=1e-6)
    # 400 shown against 600: the odds 60:40 are really 60/400 : 40/600 = 2.25 : 1
    fewer = TrialCounts("old", "new", 600, 400, 40, 60, 40.0)
    assert fewer.share == pytest.approx(2.25 / 3.25)
    low, high = (1.5 * p / (1 - p) for p in even.interval)
    assert fewer.interval == pytest.approx((low / (1 + low), high / (1 + high)), abs=1e-4)


def test_choices_of_one_set_go_together() -> None:
    """Two sets of four choices, all for one writer: off by 2 from the 2 expected in either, (4 + 4) / (4 · ¼ · 2)
    times 2 / 1. Where every set gives each writer what chance would, a choice is worth a choice."""
    sets = [trials._Choices(4, 4, 2.0), trials._Choices(4, 0, 2.0)]
    assert trials._together(sets) == pytest.approx(8)
    assert trials._together([trials._Choices(4, 2, 2.0)] * 9) == trials._together(sets[:1]) == 1
    # a set that showed three times as many of the new: its 3 of 4 are no surprise
    assert trials._together([trials._Choices(4, 3, 3.0), trials._Choices(4, 1, 1.0)]) == 1
    alone, tied = (TrialCounts("old", "new", 500, 500, 40, 60, 50.0, t) for t in (1.0, 2.0))
    half = TrialCounts("old", "new", 500, 500, 20, 30, 25.0)
    assert tied.share == alone.share and tied.interval == half.interval and tied.needed == 0


@pytest.mark.parametrize("apart", [0.0, 1.0, 1.5])
def test_an_equal_writer_is_not_promoted_where_sets_differ(apart: float) -> None:
    """Eight choices a set, of which the odds vary by a log-odds of this sd; read after every set. Taken one by one, 10
    and 17 trials in 100 would end in a promotion."""
    chance, promoted = np.random.default_rng(3), 0
    for _ in range(100):
        sets: list[trials._Choices] = []
        while len(sets) < 75:
            new = int(chance.binomial(8, 1 / (1 + math.exp(-chance.normal(0, apart)))))
            sets.append(trials._Choices(8, new, 4.0))
            count, mine = 8 * len(sets), sum(s.new for s in sets)
            counts = TrialCounts("old", "new", 1, 1, count - mine, mine, count / 2, trials._together(sets))
            if not counts.needed and 2 * mine > count and counts.interval[0] > 0.5:
                promoted += 1
                break
    assert promoted <= 5


def test_a_trial_says_how_many_choices_are_missing() -> None:
    none = TrialCounts("old", "new", 10, 10, 0, 0, 0.0)
    assert none.share is None and none.interval == (0.0, 1.0) and none.needed == 100
    assert TrialCounts("old", "new", 10, 10, 7, 5, 6.0).needed == 88
    assert TrialCounts("old", "new", 90, 90, 60, 60, 60.0).needed == 0
